//! Why GLPI, or a server in front of it, refuses a call, and what an administrator does about it.

use std::fmt;

use super::rights::{Action, Right};
use crate::text::{Bilingual, Language};

/// Why a call is refused for good, until somebody has acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The API is switched off.
    EnableApi,
    /// No active API client covers this address.
    ApiClient,
    /// The application token is wrong, or missing.
    AppToken,
    /// Login with a password is switched off.
    EnablePassword,
    /// GLPI does not know login and password.
    Login,
    /// GLPI does not know the user token, or takes none: it says the same of both.
    UserToken,
    /// The web server keeps the credentials from PHP.
    PassAuthorization,
    /// The profile lacks this right.
    Right(&'static Right),
    /// The profile lacks a right for this kind of item.
    UnnamedRight(Action, String),
    /// Several items have the name.
    Ambiguous,
    /// The server redirects, to this address.
    Redirect(Option<String>),
    /// No API answers there, but perhaps a page of this title.
    Address(Option<String>),
    /// A server in front of GLPI refuses, perhaps with a page of this title.
    ServerInFront(Option<String>),
}

impl Remedy {
    /// The right that this call to this item needs.
    pub(super) fn of_call(item: &str, action: Action) -> Self {
        Right::of_call(item, action).map_or_else(|| Self::UnnamedRight(action, item.to_owned()), Self::Right)
    }

    /// What is wrong, in a few words.
    pub fn reason(&self) -> Bilingual {
        let titled = |title: &Option<String>| match title {
            Some(title) => {
                Bilingual::new(format!(", with the page «{title}»"), format!(", par la page «\u{a0}{title}\u{a0}»"))
            }
            None => Bilingual::default(),
        };
        match self {
            Self::EnableApi => Bilingual::new("GLPI’s REST API is switched off", "l’API REST de GLPI est désactivée"),
            Self::ApiClient => Bilingual::new(
                "no active API client of GLPI covers this machine’s address",
                "aucun client de l’API actif de GLPI n’admet l’adresse de cette machine",
            ),
            Self::AppToken => Bilingual::new(
                "GLPI does not take glpi.app_token, or asks for one",
                "GLPI n’accepte pas glpi.app_token, ou en demande un",
            ),
            Self::EnablePassword => Bilingual::new(
                "GLPI’s API takes no login with a password",
                "l’API de GLPI n’accepte pas la connexion avec identifiants",
            ),
            Self::Login => Bilingual::new(
                "GLPI does not take glpi.login and glpi.password",
                "GLPI n’accepte pas glpi.login et glpi.password",
            ),
            Self::UserToken => {
                Bilingual::new("GLPI does not take glpi.user_token", "GLPI n’accepte pas glpi.user_token")
            }
            Self::PassAuthorization => Bilingual::new("GLPI saw no credentials", "GLPI n’a pas vu d’identifiants"),
            Self::Right(right) => Bilingual::new("the profile lacks ", "il manque au profil ").then("", &right.label()),
            Self::UnnamedRight(action, item) => {
                let (english, french) = match action {
                    Action::Read => ("read", "lire"),
                    Action::Create => ("create", "créer"),
                    Action::Change => ("change", "modifier"),
                };
                Bilingual::new(
                    format!("the profile lacks the right to {english} «{item}»"),
                    format!("il manque au profil le droit de {french} «\u{a0}{item}\u{a0}»"),
                )
            }
            Self::Ambiguous => {
                Bilingual::new("several items of GLPI have this name", "plusieurs éléments de GLPI portent ce nom")
            }
            Self::Redirect(Some(target)) => {
                Bilingual::new(format!("the server redirects to {target}"), format!("le serveur renvoie vers {target}"))
            }
            Self::Redirect(None) => Bilingual::new("the server redirects elsewhere", "le serveur renvoie ailleurs"),
            Self::Address(title) => {
                Bilingual::new("no REST API answers there", "aucune API REST n’y répond").then("", &titled(title))
            }
            Self::ServerInFront(title) => Bilingual::new(
                "a server in front of GLPI refuses this call",
                "un serveur placé devant GLPI refuse cet appel",
            )
            .then("", &titled(title)),
        }
    }

    /// What an administrator does.
    pub fn line(&self) -> Bilingual {
        match self {
            Self::EnableApi => Bilingual::new(
                "enable the REST API in GLPI: Setup > General > API, «Enable Rest API» (GLPI 11: «Enable Legacy REST API»)",
                "activez-la dans GLPI\u{a0}: Configuration > Générale > API, «\u{a0}Activer l’API Rest\u{a0}» (GLPI 11\u{a0}: «\u{a0}Activer l’API REST legacy\u{a0}»)",
            ),
            Self::ApiClient => Bilingual::new(
                "allow this address in an active API client of GLPI: Setup > General > API, its range of IPv4 addresses",
                "admettez cette adresse dans un client de l’API actif de GLPI\u{a0}: Configuration > Générale > API, sa plage d’adresses IPv4",
            ),
            Self::AppToken => Bilingual::new(
                "give the app_token of the API client that covers this address: Setup > General > API",
                "donnez l’app_token du client de l’API qui admet cette adresse\u{a0}: Configuration > Générale > API",
            ),
            Self::EnablePassword => Bilingual::new(
                "use a user_token, or enable «Enable login with credentials» in GLPI: Setup > General > API",
                "employez un user_token, ou «\u{a0}Activer la connexion avec identifiants\u{a0}» dans GLPI\u{a0}: Configuration > Générale > API",
            ),
            Self::Login => Bilingual::new(
                "check login and password, and that the account is active and has a profile",
                "vérifiez l’identifiant et le mot de passe, que le compte est actif et a un profil",
            ),
            Self::UserToken => Bilingual::new(
                "check the user_token (API token in the account's settings), that the account is active, and that «Enable login with external token» is on: Setup > General > API",
                "vérifiez le user_token («\u{a0}Jeton d’API\u{a0}» dans les préférences du compte), que le compte est actif, et que «\u{a0}Activer la connexion avec un jeton externe\u{a0}» est à oui\u{a0}: Configuration > Générale > API",
            ),
            Self::PassAuthorization => Bilingual::new(
                "the web server must pass the Authorization header on to PHP (Apache: «CGIPassAuth On»)",
                "le serveur web doit transmettre l’en-tête Authorization à PHP (Apache\u{a0}: «\u{a0}CGIPassAuth On\u{a0}»)",
            ),
            Self::Right(right) => Bilingual::new("give the service account's profile ", "donnez au profil du compte de service ")
                .then("", &right.label()),
            Self::UnnamedRight(..) => Bilingual::new(
                "give the service account's profile this right: Administration > Profiles",
                "donnez ce droit au profil du compte de service\u{a0}: Administration > Profils",
            ),
            Self::Ambiguous => Bilingual::new(
                "rename one of them in GLPI, or give the full path",
                "renommez-en un dans GLPI, ou donnez le chemin complet",
            ),
            Self::Redirect(target) => Bilingual::new(
                "set glpi.url to GLPI's own address; where that is a sign-in page, let /apirest.php pass without it",
                "donnez à glpi.url l’adresse de GLPI même\u{a0}; si c’est une page de connexion, exemptez-en /apirest.php",
            )
            .then("", &target.as_ref().map_or_else(Bilingual::default, |target| {
                Bilingual::new(format!(" (redirected to {target})"), format!(" (renvoyé vers {target})"))
            })),
            Self::Address(_) => Bilingual::new(
                "set glpi.url to the address at which GLPI’s pages are seen, its folder included: https://glpi.example.fr/glpi",
                "donnez à glpi.url l’adresse où se voient les pages de GLPI, dossier compris\u{a0}: https://glpi.example.fr/glpi",
            ),
            Self::ServerInFront(_) => Bilingual::new(
                "let this machine’s calls to /apirest.php pass in that server’s configuration (proxy, firewall)",
                "laissez passer les appels de cette machine à /apirest.php dans la configuration de ce serveur (mandataire, pare-feu)",
            ),
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line().text(Language::English))
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Remedy};
    use crate::text::Language;

    #[test]
    fn what_to_do_is_more_than_what_is_wrong() {
        let all = [
            Remedy::EnableApi,
            Remedy::ApiClient,
            Remedy::AppToken,
            Remedy::EnablePassword,
            Remedy::Login,
            Remedy::UserToken,
            Remedy::PassAuthorization,
            Remedy::of_call("Ticket", Action::Create),
            Remedy::UnnamedRight(Action::Read, "Ticket".to_owned()),
            Remedy::Ambiguous,
            Remedy::Redirect(None),
            Remedy::Address(None),
            Remedy::ServerInFront(None),
        ];
        for remedy in all {
            for language in [Language::English, Language::French] {
                let (reason, line) = (remedy.reason(), remedy.line());
                let (reason, line) = (reason.text(language), line.text(language));
                assert!(!line.contains(reason), "«{line}» says «{reason}» again");
            }
        }
    }
}
