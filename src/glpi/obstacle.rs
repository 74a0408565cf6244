//! What stands between the gateway and GLPI, told apart by what lies under a failed call, each with its remedy.

use std::{error::Error, fmt, iter, sync::Arc};

use super::{plain::plain, trouble::Trouble};
use crate::{
    hindrance::Hindrance,
    text::{Bilingual, Language},
};

/// A page where GLPI's API should have answered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the page «{0}»")]
pub(super) struct Page(pub(super) String);

/// What a call failed for, because of which others are held back.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) why: Trouble,
    /// What lies under it, where it is known.
    pub(super) under: Option<Arc<dyn Error + Send + Sync>>,
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl Error for Before {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.under.as_deref().map(|under| under as &(dyn Error + 'static))
    }
}

/// Names of the variables that lead calls through a proxy (as `reqwest` reads them).
const PROXY_VARIABLES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    Way(Hindrance),
    NoConnection,
    Status(u16, Option<String>),
    Maintenance(Option<String>),
    NotJson(Option<String>),
    /// Calls are paused, for what stood in the way before.
    Paused(Option<Box<Obstacle>>),
    Busy,
}

impl Obstacle {
    pub(super) fn of(why: Trouble, source: Option<&(dyn Error + 'static)>) -> Self {
        let page = || chain(source?).find_map(|error| error.downcast_ref::<Page>());
        let title = || page().map(|page| page.0.clone());
        match why {
            Trouble::Connection => source.map_or(Self::NoConnection, Self::under),
            Trouble::Timeout => Self::Way(Hindrance::Timeout),
            Trouble::Cut => match source.and_then(Hindrance::under) {
                Some(tls @ (Hindrance::NoTls | Hindrance::UnknownAuthority)) => Self::Way(tls),
                _ => Self::Way(Hindrance::Cut),
            },
            Trouble::Status(status) => Self::Status(status, title()),
            Trouble::Maintenance => Self::Maintenance(title()),
            Trouble::Unexpected => Self::NotJson(title()),
            Trouble::Paused => {
                let before = source.and_then(|source| chain(source).find_map(|error| error.downcast_ref::<Before>()));
                Self::Paused(before.map(|before| Box::new(Self::of(before.why, before.source()))))
            }
            Trouble::Busy => Self::Busy,
        }
    }

    /// What lies under a connection that was not made.
    fn under(source: &(dyn Error + 'static)) -> Self {
        Hindrance::under(source).map_or(Self::NoConnection, Self::Way)
    }

    pub(super) fn reason(&self) -> Bilingual {
        let titled = |title: &Option<String>, english: &str, french: &str| match title {
            Some(title) => Bilingual::new(
                format!("{english}, titled «{title}»"),
                format!("{french}, intitulée «\u{a0}{title}\u{a0}»"),
            ),
            None => Bilingual::new(english, french),
        };
        match self {
            Self::Way(Hindrance::NoTls) => Bilingual::new(
                "it does not speak TLS: plain HTTP behind an https address",
                "il ne parle pas TLS\u{a0}: du HTTP simple derrière une adresse https",
            ),
            Self::Way(hindrance) => hindrance.reason(),
            Self::NoConnection => Bilingual::new("no connection can be made", "aucune connexion n’est possible"),
            Self::Status(status, title) => {
                titled(title, &format!("HTTP status {status}"), &format!("statut HTTP {status}"))
            }
            Self::Maintenance(title) => titled(
                title,
                "it shows its maintenance or update page",
                "il montre sa page de maintenance ou de mise à jour",
            ),
            Self::NotJson(title @ Some(_)) => titled(
                title,
                "a page of HTML comes instead of the API’s answer",
                "une page HTML vient au lieu de la réponse de l’API",
            ),
            Self::NotJson(None) => {
                Bilingual::new("its answer is none of GLPI’s API", "sa réponse n’est pas celle de l’API de GLPI")
            }
            Self::Paused(Some(before)) => {
                before.reason().then("", &Bilingual::new("; ", "\u{a0}; ")).then("", &Self::Paused(None).reason())
            }
            Self::Paused(None) => Bilingual::new(
                "calls are paused after repeated failures",
                "les appels sont suspendus après des échecs répétés",
            ),
            Self::Busy => Bilingual::new("every session is busy", "toutes les sessions sont prises"),
        }
    }

    pub(super) fn remedy(&self) -> Bilingual {
        match self {
            Self::Way(Hindrance::Refused) => Bilingual::new(
                "check host and port of PASSERELLE_GLPI__URL, that the web server runs, and the firewall",
                "vérifiez l’hôte et le port de PASSERELLE_GLPI__URL, que le serveur web est en marche, et le pare-feu",
            ),
            Self::Way(Hindrance::UnknownHost) => Bilingual::new(
                "check the host of PASSERELLE_GLPI__URL, and this machine’s DNS (/etc/resolv.conf)",
                "vérifiez l’hôte de PASSERELLE_GLPI__URL, et le DNS de cette machine (/etc/resolv.conf)",
            ),
            Self::Way(Hindrance::UnknownAuthority) => Bilingual::new(
                "add the authority to the system’s store (Debian: into /usr/local/share/ca-certificates/NAME.crt, then \
                 update-ca-certificates), or name a file of authorities by SSL_CERT_FILE; a server must send its \
                 intermediate certificates, too (behind PASSERELLE_GLPI__URL)",
                "ajoutez l’autorité à celles du système (Debian\u{a0}: dans /usr/local/share/ca-certificates/NOM.crt, puis \
                 update-ca-certificates), ou nommez un fichier d’autorités par SSL_CERT_FILE\u{a0}; le serveur doit aussi \
                 envoyer ses certificats intermédiaires (derrière PASSERELLE_GLPI__URL)",
            ),
            Self::Way(Hindrance::OtherName) => Bilingual::new(
                "set PASSERELLE_GLPI__URL to the name in the certificate, or have one made for this name",
                "donnez à PASSERELLE_GLPI__URL le nom qui est dans le certificat, ou faites-en établir un pour ce nom",
            ),
            Self::Way(Hindrance::Expired) => Bilingual::new(
                "renew GLPI’s certificate, and check this machine’s clock",
                "renouvelez le certificat de GLPI, et vérifiez l’heure de cette machine",
            ),
            Self::Way(Hindrance::BadTls(_)) => Bilingual::new(
                "check the certificate of the server behind PASSERELLE_GLPI__URL and which versions of TLS it speaks (1.2, 1.3)",
                "vérifiez le certificat du serveur derrière PASSERELLE_GLPI__URL et ses versions de TLS (1.2, 1.3)",
            ),
            Self::Way(Hindrance::NoTls) => Bilingual::new(
                "give PASSERELLE_GLPI__URL the port that speaks TLS, or http:// on this very machine",
                "donnez à PASSERELLE_GLPI__URL le port qui parle TLS, ou http:// sur cette machine même",
            ),
            Self::Way(Hindrance::ProxyRefuses) => Bilingual::new(
                "name GLPI’s host in NO_PROXY, or allow it in the proxy",
                "nommez l’hôte de GLPI dans NO_PROXY, ou autorisez-le dans le serveur mandataire",
            ),
            Self::Way(Hindrance::NoRoute | Hindrance::NoSocket | Hindrance::Timeout | Hindrance::Cut)
            | Self::NoConnection => Bilingual::new(
                "check PASSERELLE_GLPI__URL, and that this machine reaches it (network, firewall, proxy)",
                "vérifiez PASSERELLE_GLPI__URL, et que cette machine l’atteint (réseau, pare-feu, mandataire)",
            ),
            Self::Status(..) => Bilingual::new(
                "see the log of GLPI’s web server and of what stands before it",
                "voyez le journal du serveur web de GLPI et de ce qui est placé devant",
            ),
            Self::Maintenance(_) => Bilingual::new(
                "end the maintenance or the update in GLPI: requests wait until then, nothing is lost",
                "terminez la maintenance ou la mise à jour de GLPI\u{a0}: les demandes attendent, rien n’est perdu",
            ),
            Self::NotJson(_) => Bilingual::new(
                "check that PASSERELLE_GLPI__URL is GLPI’s address, and that no sign-in page stands before /apirest.php",
                "vérifiez que PASSERELLE_GLPI__URL est l’adresse de GLPI, et qu’aucune page de connexion n’est placée devant /apirest.php",
            ),
            Self::Paused(Some(before)) => before.remedy(),
            Self::Paused(None) | Self::Busy => Bilingual::new("wait a moment", "attendez un moment"),
        }
    }
}

/// An error, and what lies under it.
fn chain<'a>(source: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(source), |error| (*error).source())
}

/// The title of a page of HTML, on one line, cut where it is long; `None` where there is none.
pub(super) fn title(body: &[u8]) -> Option<String> {
    /// Characters.
    const LONGEST: usize = 80;
    let body = String::from_utf8_lossy(body);
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let words = plain(&body[start..end]);
    Some(words.chars().take(LONGEST).collect::<String>()).filter(|title| !title.is_empty())
}

/// The proxy variables that are set.
pub(super) fn proxies() -> Vec<&'static str> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    PROXY_VARIABLES.into_iter().filter(is_set).collect()
}

/// What the log says more of a failure than its kind: what lies under it, and the remedy where it is no passing one.
pub(super) fn told(why: Trouble, source: Option<&(dyn Error + 'static)>) -> String {
    let Some(source) = source else { return String::new() };
    let obstacle = Obstacle::of(why, Some(source));
    if !matches!(why, Trouble::Connection | Trouble::Unexpected) || obstacle == Obstacle::NoConnection {
        return String::new();
    }
    format!(": {}; {}", obstacle.reason().text(Language::English), obstacle.remedy().text(Language::English))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::title;

    #[rstest]
    #[case("<html><TITLE lang=fr>\n Wartungs&amp;modus </title>", Some("Wartungs&modus"))]
    #[case("<title></title>", None)]
    #[case("<title>ouvert", None)]
    #[case("{}", None)]
    fn a_page_is_known_by_its_title(#[case] body: &str, #[case] expected: Option<&str>) {
        assert_eq!(title(body.as_bytes()).as_deref(), expected);
    }
}
