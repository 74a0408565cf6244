//! The academy's LDAP directory: one connection, kept open and opened again, asked by one or two searches.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, SearchResult,
    adapters::{Adapter, EntriesOnly, PagedResults},
    ldap_escape, parse_filter,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::{
    error::DirectoryError,
    person::{Entry, filled},
    state::SourceState,
};
use crate::{
    config::{self, ConfigError, LdapAttributes},
    request::{Address, Person, School},
    text::{Bilingual, chain},
};

/// What stands for the address in the configured filter.
const MAIL: &str = "{mail}";
/// Asks for no attribute at all (RFC 4511 section 4.5.1.8).
const NO_ATTRIBUTES: &str = "1.1";
/// Entries of a page of the whole list (RFC 2696): servers give no more than 1000 at once.
const PAGE: i32 = 500;
/// After a connection has failed, how long nobody tries again: those who wait meanwhile share the failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Who is a director by an LDAP server.
pub(super) struct LdapDirectory {
    url: Url,
    start_tls: bool,
    bind: Option<(String, SecretString)>,
    base: String,
    person_filter: String,
    director_filter: String,
    list_filter: String,
    attributes: LdapAttributes,
    timeout: Duration,
    link: Mutex<Link>,
}

enum Link {
    Closed,
    Open(Ldap),
    Failed { at: Instant, cause: DirectoryError },
}

impl LdapDirectory {
    /// Checks the settings; connects to nothing yet.
    pub(super) fn new(config: &config::Ldap) -> Result<Self, ConfigError> {
        let url = Url::parse(&config.url).ok().filter(|url| {
            matches!(url.scheme(), "ldap" | "ldaps" | "ldapi") && url.host_str().is_some_and(|host| !host.is_empty())
        });
        let url = url.ok_or_else(|| {
            ConfigError::setting(
                Bilingual::new(
                    "directory.ldap.url is no LDAP address",
                    "directory.ldap.url n’est pas une adresse LDAP",
                ),
                Bilingual::new(
                    "Give it as ldaps://annuaire.example.fr or ldap://annuaire.example.fr:389.",
                    "Donnez-la ainsi : ldaps://annuaire.example.fr ou ldap://annuaire.example.fr:389.",
                ),
            )
            .about("directory.ldap.url")
        })?;
        if !config.filter.contains(MAIL) {
            return Err(ConfigError::setting(
                Bilingual::new(
                    "directory.ldap.filter does not hold {mail}: it would find everybody",
                    "directory.ldap.filter ne contient pas {mail} : il trouverait tout le monde",
                ),
                Bilingual::new("Give it as \"(mail={mail})\".", "Donnez-le ainsi : \"(mail={mail})\"."),
            )
            .about("directory.ldap.filter"));
        }
        let person_filter = parenthesised(&config.filter);
        let director_filter = parenthesised(&config.director_filter);
        let list_filter = match config.list_filter.as_str() {
            "" => format!("(&{}{director_filter})", person_filter.replace(MAIL, "*")),
            filter => parenthesised(filter),
        };
        for (key, filter) in [
            ("filter", person_filter.replace(MAIL, "a@b.fr")),
            ("director_filter", director_filter.clone()),
            ("list_filter", list_filter.clone()),
        ] {
            if !filter.is_empty() && parse_filter(&filter).is_err() {
                return Err(ConfigError::setting(
                    Bilingual::new(
                        format!("directory.ldap.{key} is no LDAP filter: {filter}"),
                        format!("directory.ldap.{key} n’est pas un filtre LDAP\u{a0}: {filter}"),
                    ),
                    Bilingual::new(
                        "Write it by RFC 4515, e.g. (title=DIR*) or (&(mail={mail})(objectClass=person)).",
                        "Écrivez-le selon la RFC 4515, par exemple (title=DIR*) ou (&(mail={mail})(objectClass=person)).",
                    ),
                )
                .about(&format!("directory.ldap.{key}")));
            }
        }
        let bind = match (config.bind_dn.as_str(), &config.password) {
            ("", _) => None,
            (dn, Some(password)) => Some((dn.to_owned(), password.clone())),
            // A server takes a name without a password for nobody at all (RFC 4513 section 5.1.2).
            (_, None) => {
                return Err(ConfigError::setting(
                    Bilingual::new(
                        "directory.ldap.bind_dn is given without directory.ldap.password",
                        "directory.ldap.bind_dn est donné sans directory.ldap.password",
                    ),
                    Bilingual::new(
                        "Give PASSERELLE_DIRECTORY__LDAP__PASSWORD, or leave both empty for an anonymous search.",
                        "Donnez PASSERELLE_DIRECTORY__LDAP__PASSWORD, ou laissez les deux vides pour une recherche anonyme.",
                    ),
                )
                .about("directory.ldap.bind_dn")
                .about("directory.ldap.password"));
            }
        };
        Ok(Self {
            url,
            start_tls: config.start_tls,
            bind,
            base: config.base.clone(),
            person_filter,
            director_filter,
            list_filter,
            attributes: config.attributes.clone(),
            timeout: config.timeout,
            link: Mutex::new(Link::Closed),
        })
    }

    /// What the server says of a person.
    ///
    /// A director is found by one search; only somebody who is none costs a second.
    pub(super) async fn find(&self, requester: &Address) -> Result<Option<Entry>, DirectoryError> {
        let person = self.person_filter.replace(MAIL, &ldap_escape(requester.as_str()));
        if let Some(entry) = self.search(&format!("(&{person}{})", self.director_filter)).await? {
            return Ok(Some(Entry { is_director: true, person: self.person(&entry) }));
        }
        if self.director_filter.is_empty() {
            return Ok(None);
        }
        let entry = self.search(&person).await?;
        Ok(entry.map(|entry| Entry { is_director: false, person: self.person(&entry) }))
    }

    /// All directors, page by page; those without an address are left out.
    pub(super) async fn directors(&self) -> Result<Vec<(Address, Person)>, DirectoryError> {
        let mail = self.attributes.mail.as_str();
        if mail.is_empty() {
            return Err(DirectoryError::NoMailAttribute);
        }
        let mut wanted = self.wanted();
        wanted.retain(|attribute| *attribute != NO_ATTRIBUTES);
        wanted.push(mail);
        let found = self.pages(&wanted).await.map_err(|error| self.explain(error))?;
        let address = |entry: &SearchEntry| {
            let mails = entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(mail))?.1;
            mails.iter().find_map(|mail| Address::parse(mail))
        };
        Ok(found.iter().filter_map(|entry| Some((address(entry)?, self.person(entry)))).collect())
    }

    /// A connection of its own: the paged search holds it for a while.
    async fn pages(&self, wanted: &[&str]) -> Result<Vec<SearchEntry>, LdapError> {
        let mut ldap = self.connect().await?;
        let adapters: Vec<Box<dyn Adapter<_, _>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
        let (base, filter) = (self.base.as_str(), self.list_filter.as_str());
        let mut search = ldap
            .with_timeout(self.timeout)
            .streaming_search_with(adapters, base, Scope::Subtree, filter, wanted.to_vec())
            .await?;
        let mut found = Vec::new();
        while let Some(entry) = search.next().await? {
            found.push(SearchEntry::construct(entry));
        }
        search.finish().await.success()?;
        ldap.unbind().await?;
        Ok(found)
    }

    /// Whether the server lets this account search below the base, and whether the filters find any director; the
    /// cause when it does not let it.
    pub(super) async fn probe(&self) -> Result<SourceState, DirectoryError> {
        /// RFC 4511 section 4.1.9: there is more than was asked for.
        const SIZE_LIMIT_EXCEEDED: u32 = 4;
        let filter = format!("(&{}{})", self.person_filter.replace(MAIL, "*"), self.director_filter);
        let mut ldap = self.connection().await?;
        let search = ldap.with_timeout(self.timeout).with_search_options(SearchOptions::new().sizelimit(1));
        let found = search.search(&self.base, Scope::Subtree, &filter, vec![NO_ATTRIBUTES]).await;
        let SearchResult(entries, result) = found.map_err(|error| self.explain(error))?;
        let has_directors = match result.rc {
            SIZE_LIMIT_EXCEEDED => true,
            0 => !entries.is_empty(),
            _ => return Err(self.explain(LdapError::LdapResult { result })),
        };
        let found = if has_directors {
            Bilingual::new("connected, finds directors", "connecté, trouve des directeurs")
        } else {
            let base = &self.base;
            Bilingual::new(
                format!("connected, and finds no director: 0 entries below {base} for {filter}"),
                format!("connecté, et ne trouve aucun directeur\u{a0}: 0 entrée sous {base} pour {filter}"),
            )
        };
        let remedy = Bilingual::new(
            "Correct directory.ldap.base, directory.ldap.filter and directory.ldap.director_filter: the three together find \
             nobody. Or the account may not see the entries: give it the right to.",
            "Corrigez directory.ldap.base, directory.ldap.filter et directory.ldap.director_filter\u{a0}: les trois ensemble ne \
             trouvent personne. Ou bien le compte ne voit pas les entrées\u{a0}: donnez-lui ce droit.",
        );
        Ok(SourceState { found, has_directors, remedy, left_out: Vec::new(), directors: Vec::new() })
    }

    /// The first entry a filter finds. A connection that turns out to be closed is opened again, once.
    async fn search(&self, filter: &str) -> Result<Option<SearchEntry>, DirectoryError> {
        let wanted = self.wanted();
        let mut last_try = false;
        loop {
            let mut ldap = self.connection().await?;
            let found = ldap
                .with_timeout(self.timeout)
                .search(&self.base, Scope::Subtree, filter, wanted.as_slice())
                .await
                .and_then(SearchResult::non_error);
            match found {
                Ok((entries, _)) => return Ok(entries.into_iter().next().map(SearchEntry::construct)),
                Err(error @ LdapError::LdapResult { .. }) => return Err(self.explain(error)),
                Err(error) => {
                    *self.link.lock().await = Link::Closed;
                    if last_try || matches!(error, LdapError::Timeout { .. }) {
                        return Err(self.explain(error));
                    }
                    last_try = true;
                }
            }
        }
    }

    /// The open connection, or a new one. Whoever comes while one is being opened waits for it.
    async fn connection(&self) -> Result<Ldap, DirectoryError> {
        let mut link = self.link.lock().await;
        match &mut *link {
            Link::Open(ldap) => {
                if !ldap.is_closed() {
                    return Ok(ldap.clone());
                }
            }
            Link::Failed { at, cause } if at.elapsed() < PAUSE => return Err(cause.clone()),
            Link::Closed | Link::Failed { .. } => {}
        }
        match self.connect().await {
            Ok(ldap) => {
                *link = Link::Open(ldap.clone());
                Ok(ldap)
            }
            Err(error) => {
                let cause = self.explain(error);
                *link = Link::Failed { at: Instant::now(), cause: cause.clone() };
                Err(cause)
            }
        }
    }

    async fn connect(&self) -> Result<Ldap, LdapError> {
        let settings = LdapConnSettings::new().set_conn_timeout(self.timeout).set_starttls(self.start_tls);
        let (connection, mut ldap) = LdapConnAsync::from_url_with_settings(settings, &self.url).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to the LDAP directory has ended");
            }
        });
        if let Some((dn, password)) = &self.bind {
            ldap.with_timeout(self.timeout).simple_bind(dn, password.expose_secret()).await?.success()?;
        }
        Ok(ldap)
    }

    /// The attributes to ask for.
    fn wanted(&self) -> Vec<&str> {
        let LdapAttributes { mail: _, name, role, uai, school, circonscription, department, phone } = &self.attributes;
        let mut wanted: Vec<&str> = [name, role, uai, school, circonscription, department, phone]
            .into_iter()
            .map(String::as_str)
            .filter(|attribute| !attribute.is_empty())
            .collect();
        if wanted.is_empty() {
            wanted.push(NO_ATTRIBUTES);
        }
        wanted
    }

    fn person(&self, entry: &SearchEntry) -> Person {
        // Attribute names have no case, and a server may answer with its own.
        let values = |wanted: &str| {
            let attribute = entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            attribute.into_iter().flat_map(|(_, values)| values).filter_map(|value| filled(value))
        };
        let value = |wanted: &str| values(wanted).next();
        let further = |uai| School { uai: Some(uai), ..School::default() };
        Person {
            name: value(&self.attributes.name),
            role: value(&self.attributes.role),
            uai: value(&self.attributes.uai),
            school: value(&self.attributes.school),
            circonscription: value(&self.attributes.circonscription),
            department: value(&self.attributes.department),
            phone: value(&self.attributes.phone),
            other_schools: values(&self.attributes.uai).skip(1).map(further).collect(),
        }
    }

    /// What failed and what to look at.
    fn explain(&self, error: LdapError) -> DirectoryError {
        let (english, french) = match &error {
            LdapError::LdapResult { result } => match result.rc {
                48 | 49 => (
                    "check directory.ldap.bind_dn and directory.ldap.password",
                    "vérifiez directory.ldap.bind_dn et directory.ldap.password",
                ),
                32 | 34 => ("check directory.ldap.base", "vérifiez directory.ldap.base"),
                8 | 13 => (
                    "the server wants TLS: use ldaps:// or start_tls = true",
                    "le serveur veut TLS : employez ldaps:// ou start_tls = true",
                ),
                50 => (
                    "the account may not search there: give it the right to",
                    "le compte ne peut pas y chercher : donnez-lui ce droit",
                ),
                1 | 2 | 52 | 53 if self.start_tls && self.url.scheme() == "ldap" => (
                    "see the server's log; where it offers no STARTTLS use ldaps:// or start_tls = false",
                    "voyez le journal du serveur\u{a0}; s’il n’offre pas STARTTLS, employez ldaps:// ou start_tls = false",
                ),
                _ => ("see the server's log", "voyez le journal du serveur"),
            },
            _ if chain(&error).contains("certificate") => (
                "the server's certificate is not trusted: add its authority to this system, or name it by SSL_CERT_FILE",
                "le certificat du serveur n’est pas reconnu\u{a0}: ajoutez son autorité à ce système, ou nommez-la par SSL_CERT_FILE",
            ),
            LdapError::Timeout { .. } => (
                "check that the server is up, or give directory.ldap.timeout more",
                "vérifiez que le serveur est en marche, ou augmentez directory.ldap.timeout",
            ),
            _ => (
                "check directory.ldap.url and that the server is up",
                "vérifiez directory.ldap.url et que le serveur est en marche",
            ),
        };
        let remedy = Bilingual::new(english, french);
        DirectoryError::Ldap { source: Arc::new(error), remedy }
    }
}

/// A filter with the outer parentheses people leave out.
fn parenthesised(filter: &str) -> String {
    let filter = filter.trim();
    if filter.is_empty() || filter.starts_with('(') { filter.to_owned() } else { format!("({filter})") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::LdapDirectory;
    use crate::config;

    fn settings(change: impl FnOnce(&mut config::Ldap)) -> config::Ldap {
        let mut ldap = config::load_from(None, []).unwrap().directory.ldap;
        ldap.url = "ldaps://annuaire.example.fr".into();
        change(&mut ldap);
        ldap
    }

    #[test]
    fn the_defaults_with_an_address_are_enough() {
        LdapDirectory::new(&settings(|_| {})).unwrap();
        LdapDirectory::new(&settings(|ldap| ldap.director_filter = "title=DIR*".into())).unwrap();
        LdapDirectory::new(&settings(|ldap| ldap.director_filter.clear())).unwrap();
    }

    #[rstest]
    #[case("directory.ldap.url", |ldap: &mut config::Ldap| ldap.url = "annuaire.example.fr".into())]
    #[case("directory.ldap.url", |ldap: &mut config::Ldap| ldap.url = "ldap:///".into())]
    #[case("{mail}", |ldap: &mut config::Ldap| ldap.filter = "(mail=*)".into())]
    #[case("directory.ldap.filter", |ldap: &mut config::Ldap| ldap.filter = "(mail={mail}".into())]
    #[case("directory.ldap.director_filter", |ldap: &mut config::Ldap| ldap.director_filter = "(title=".into())]
    #[case("directory.ldap.list_filter", |ldap: &mut config::Ldap| ldap.list_filter = "(title=".into())]
    #[case("directory.ldap.password", |ldap: &mut config::Ldap| ldap.bind_dn = "cn=passerelle".into())]
    fn a_wrong_setting_is_named(#[case] key: &str, #[case] change: fn(&mut config::Ldap)) {
        let error = LdapDirectory::new(&settings(change)).err().expect("this setting is wrong");
        assert!(error.to_string().contains(key), "{error}");
    }
}
