//! Whom the configuration names, as it names them.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::rights::{Rights, Role};
use crate::{
    config::{self, ConfigError},
    request::{Address, department_number},
    text::Bilingual,
};

/// Shorter tokens are refused, as those of `[http]` are; characters.
const SHORTEST_TOKEN: usize = 16;

/// Who somebody named is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Whoever has this address.
    Person(Address),
    /// The members of the group of GLPI with this full path, or the only one of this name.
    Group(String),
}

/// Everybody whom the configuration names, with what each is.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) people: Vec<(Role, Member)>,
    /// The applications whose référents are named, each as it is written, with its key.
    pub(super) applications: Vec<(String, String)>,
    tokens: Vec<(Role, SecretString)>,
}

impl Named {
    /// Reads `[people]`.
    ///
    /// # Errors
    ///
    /// Names the key that is no department, no address or no token.
    pub(super) fn read(config: &config::People) -> Result<Self, ConfigError> {
        let mut people = Vec::new();
        let mut add = |key: &str, role: &Role, names: &[String]| -> Result<(), ConfigError> {
            for name in names {
                people.push((role.clone(), member(key, name)?));
            }
            Ok(())
        };
        add("people.operators", &Role::Operator, &config.operators)?;
        for (department, names) in &config.correspondents {
            let key = format!("people.correspondents.{department}");
            add(&key, &correspondent(&key, department)?, names)?;
        }
        for (application, names) in &config.referents {
            add(&format!("people.referents.{application}"), &Role::referent(application), names)?;
        }
        let tokens = config.tokens.iter().enumerate().map(|(place, token)| self::token(place, token));
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
        let mut applications: Vec<_> =
            config.referents.keys().map(|name| ("people.referents".to_owned(), name.clone())).collect();
        for ((role, _), token) in tokens.iter().zip(&config.tokens) {
            if let (Role::Referent(_), Some((name, _))) = (role, token.expose_secret().split_once(':')) {
                applications.push(("people.tokens".to_owned(), name.trim().to_owned()));
            }
        }
        Ok(Self { people, applications, tokens })
    }

    /// Whether nobody is named at all.
    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty() && self.tokens.is_empty()
    }

    /// What whoever presents this token may see; `None` for a token that is none. All are compared, by digests: the time
    /// taken tells nothing.
    pub(super) fn token(&self, presented: &str) -> Option<Rights> {
        let presented = Sha256::digest(presented);
        let is_it = |token: &SecretString| bool::from(Sha256::digest(token.expose_secret()).ct_eq(&presented));
        let matching: Vec<bool> = self.tokens.iter().map(|(_, token)| is_it(token)).collect();
        let roles = self.tokens.iter().zip(matching).filter(|(_, is_it)| *is_it).map(|((role, _), _)| role.clone());
        Some(Rights::of(roles)).filter(|rights| !rights.is_none())
    }
}

fn member(key: &str, name: &str) -> Result<Member, ConfigError> {
    let name = name.trim();
    if !name.contains('@') {
        return match name {
            "" => Err(ConfigError::setting(
                Bilingual::new(format!("{key} has an empty name"), format!("{key} contient un nom vide")),
                Bilingual::new("Take it out of the list.", "Ôtez-le de la liste."),
            )
            .about(key)),
            name => Ok(Member::Group(name.to_owned())),
        };
    }
    let mistake = || {
        let message = Bilingual::new(
            format!("{key} has \"{name}\", which is no mail address"),
            format!("{key} contient \"{name}\", qui n’est pas une adresse de courriel"),
        );
        let remedy = Bilingual::new(
            "Give an address alone, such as ien.dijon@ac-dijon.fr, or the name of a group of GLPI.",
            "Donnez une adresse seule, par exemple ien.dijon@ac-dijon.fr, ou le nom d’un groupe de GLPI.",
        );
        ConfigError::setting(message, remedy).about(key)
    };
    Address::parse(name).map(Member::Person).ok_or_else(mistake)
}

fn correspondent(key: &str, department: &str) -> Result<Role, ConfigError> {
    let mistake = || {
        ConfigError::setting(
            Bilingual::new(
                format!("{key}: \"{department}\" is no department"),
                format!("{key}\u{a0}: \"{department}\" n’est pas un département"),
            ),
            Bilingual::new("Give its number, such as 021 or 02A.", "Donnez son numéro, par exemple 021 ou 02A."),
        )
        .about(key)
    };
    department_number(department).map(Role::Correspondent).ok_or_else(mistake)
}

/// `operators:SECRET`, `021:SECRET` or `LSU:SECRET`.
fn token(place: usize, token: &SecretString) -> Result<(Role, SecretString), ConfigError> {
    let mistake = |(english, french): (&str, &str)| {
        let place = place + 1;
        let message = Bilingual::new(
            format!("people.tokens: token {place} {english}"),
            format!("people.tokens : le jeton {place} {french}"),
        );
        let remedy = Bilingual::new(
            "Give it as operators:SECRET, 021:SECRET (a department) or LSU:SECRET (an application), with a secret of 16 \
             characters or more, as `openssl rand -hex 32` makes one.",
            "Donnez-le ainsi\u{a0}: operators:SECRET, 021:SECRET (un département) ou LSU:SECRET (une application), avec un \
             secret de 16 caractères au moins, comme en fait `openssl rand -hex 32`.",
        );
        ConfigError::setting(message, remedy).about("people.tokens")
    };
    let nobody_s = ("does not say whose it is", "ne dit pas à qui il est");
    let (whose, secret) = token.expose_secret().split_once(':').ok_or_else(|| mistake(nobody_s))?;
    if secret.chars().count() < SHORTEST_TOKEN {
        return Err(mistake(("is too short", "est trop court")));
    }
    let role = match whose.trim() {
        "" => return Err(mistake(nobody_s)),
        "operators" => Role::Operator,
        other => department_number(other).map_or_else(|| Role::referent(other), Role::Correspondent),
    };
    Ok((role, SecretString::from(secret)))
}

#[cfg(test)]
mod tests {
    use super::{Member, Named};
    use crate::{
        config::{self, load_from},
        people::{Rights, Role},
        request::Address,
    };

    fn people(variables: &[(&str, &str)]) -> config::People {
        let variables = variables.iter().map(|(key, value)| (format!("PASSERELLE_PEOPLE__{key}"), (*value).to_owned()));
        load_from(None, variables).unwrap().people
    }

    #[test]
    fn each_is_named_by_an_address_or_a_group() {
        let named = Named::read(&people(&[
            ("OPERATORS", "Chef@ac-dijon.fr, Pilotage"),
            ("CORRESPONDENTS__21", "ien.dijon@ac-dijon.fr"),
            ("CORRESPONDENTS__02A", "Correspondants > Corse"),
            ("REFERENTS__LSU", "Référents-LSU"),
        ]))
        .unwrap();
        let person = |address: &str| Member::Person(Address::parse(address).unwrap());
        let group = |name: &str| Member::Group(name.to_owned());
        let correspondent = |department: &str| Role::Correspondent(department.to_owned());
        for expected in [
            (Role::Operator, person("chef@ac-dijon.fr")),
            (Role::Operator, group("Pilotage")),
            (correspondent("021"), person("ien.dijon@ac-dijon.fr")),
            (correspondent("02A"), group("Correspondants > Corse")),
            (Role::referent("LSU"), group("Référents-LSU")),
        ] {
            assert!(named.people.contains(&expected), "{expected:?} in {:?}", named.people);
        }
        assert!(!named.is_empty() && Named::read(&people(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_token_has_the_rights_of_whose_it_is() {
        let secret = |letter: char| letter.to_string().repeat(16);
        let (operators, department, application) = (secret('a'), secret('b'), secret('c'));
        let tokens = format!("operators:{operators},021:{department},LSU:{application}");
        let named = Named::read(&people(&[("TOKENS", &tokens)])).unwrap();
        let of = |role| Some(Rights::of([role]));
        assert_eq!(named.token(&operators), of(Role::Operator));
        assert_eq!(named.token(&department), of(Role::Correspondent("021".to_owned())));
        assert_eq!(named.token(&application), of(Role::referent("lsu")));
        for wrong in ["", "operators", "aaaaaaaaaaaaaaa", &format!("021:{department}")] {
            assert_eq!(named.token(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (key, value, said) in [
            ("OPERATORS", "Jeanne <jeanne@ac-dijon.fr>", "people.operators"),
            ("CORRESPONDENTS__DIJON", "ien.dijon@ac-dijon.fr", "people.correspondents.dijon"),
            ("TOKENS", "0123456789abcdef", "people.tokens: token 1 does not say whose it is"),
            ("TOKENS", "operators:0123456789abcdef,021:short", "people.tokens: token 2 is too short"),
        ] {
            let error = Named::read(&people(&[(key, value)])).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("0123456789"), "{error}");
        }
    }
}
