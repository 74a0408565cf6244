//! Who is a school director: the configured sources, asked in their order.
//!
//! The first source that knows a director decides. A source that cannot be asked leaves the question open:
//! then nobody is told that they are none, the answer is [`DirectoryAnswer::Unknown`] and the request waits.

mod csv_file;
mod csv_rows;
mod error;
mod glpi;
mod ldap;
mod person;
mod state;

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::DateTime;

use self::{csv_file::CsvFile, glpi::GlpiGroup, ldap::LdapDirectory, person::Entry};
pub use self::{error::DirectoryError, state::SourceState};
use crate::{
    config::{self, ConfigError, DirectorySource},
    glpi::Glpi,
    remembered::Remembered,
    request::{Address, DirectoryAnswer, Person, School},
    text::{Bilingual, Language, fold::phrase},
};

/// Answers kept at most: more people than write in the time an answer is believed.
const ANSWERS_KEPT: u64 = 50_000;

/// The configured sources, and their answers for a while.
pub struct Directory {
    sources: Vec<Source>,
    answers: Remembered<Address, DirectoryAnswer, Arc<Vec<DirectoryError>>>,
}

/// A cause, as the log says it and as who runs a command reads it.
fn said(cause: &DirectoryError) -> Bilingual {
    Bilingual::new(cause, cause.reason().text(Language::French))
}

/// A place that knows people.
enum Source {
    Csv(CsvFile),
    Glpi(GlpiGroup),
    Ldap(Box<LdapDirectory>),
}

impl Directory {
    /// Reads the file and checks the settings of the sources that are set up; the others are passed over.
    pub fn new(config: &config::Directory, mut glpi: Option<Glpi>) -> Result<Self, ConfigError> {
        let mut sources = Vec::new();
        for kind in &config.sources {
            sources.extend(match kind {
                DirectorySource::Csv => match &config.csv {
                    Some(path) => {
                        let roles = config.director_roles.iter().map(|role| phrase(role)).collect();
                        Some(Source::Csv(CsvFile::open(path, roles).map_err(|mistake| mistake.about("directory.csv"))?))
                    }
                    None => None,
                },
                DirectorySource::Glpi => glpi.take().map(|glpi| Source::Glpi(GlpiGroup::new(glpi, &config.glpi_group))),
                DirectorySource::Ldap if config.ldap.url.is_empty() => None,
                DirectorySource::Ldap => Some(Source::Ldap(Box::new(LdapDirectory::new(&config.ldap)?))),
            });
        }
        let answers = Remembered::new(ANSWERS_KEPT, config.cache);
        Ok(Self { sources, answers })
    }

    /// Whether this person is a director; a recent answer is believed, but never a recent failure.
    ///
    /// Lookups of one address at the same time ask the sources once.
    pub async fn find(&self, requester: &Address) -> DirectoryAnswer {
        for source in &self.sources {
            if let Source::Csv(file) = source
                && file.refresh().await
            {
                self.answers.forget_all();
            }
        }
        let ask = async { self.ask(requester).await.map_err(Arc::new) };
        self.answers.or_ask(requester.clone(), ask).await.unwrap_or_else(|causes| DirectoryAnswer::Unknown {
            cause: causes.iter().map(said).reduce(|all, next| all.then("; ", &next)).unwrap_or_default(),
        })
    }

    /// Asks the sources; `Err` holds the causes of [`DirectoryAnswer::Unknown`].
    async fn ask(&self, requester: &Address) -> Result<DirectoryAnswer, Vec<DirectoryError>> {
        let mut known = None;
        let mut causes = Vec::new();
        for source in &self.sources {
            match source.find(requester).await {
                Ok(Some(Entry { is_director: true, person })) => {
                    return Ok(DirectoryAnswer::Director(person::completed(person)));
                }
                Ok(entry) => known = known.or(entry.map(|entry| entry.person)),
                Err(cause) => causes.push(cause),
            }
        }
        if self.sources.is_empty() {
            causes.push(DirectoryError::NotSetUp);
        }
        if !causes.is_empty() {
            return Err(causes);
        }
        Ok(DirectoryAnswer::Other(known.map(person::completed)))
    }

    /// All directors, each address once: what the first source says of it counts.
    ///
    /// # Errors
    ///
    /// Where a source cannot be asked: a list without its directors would be none. `now` is in GLPI's time zone.
    pub async fn directors(&self, now: DateTime) -> Result<BTreeMap<Address, Person>, DirectoryError> {
        if self.sources.is_empty() {
            return Err(DirectoryError::NotSetUp);
        }
        let mut all = BTreeMap::new();
        for source in &self.sources {
            let found = match source {
                Source::Csv(file) => {
                    file.refresh().await;
                    file.directors()
                }
                Source::Glpi(group) => group.directors(now).await?,
                Source::Ldap(ldap) => ldap.directors().await?,
            };
            for (address, person) in found {
                all.entry(address).or_insert_with(|| person::completed(person));
            }
        }
        Ok(all)
    }

    /// The schools of the directors that the file holds; GLPI's group and LDAP are asked of one person at a time.
    pub fn schools(&self) -> Vec<School> {
        let of_file = |source: &Source| match source {
            Source::Csv(file) => file.schools(),
            Source::Glpi(_) | Source::Ldap(_) => Vec::new(),
        };
        self.sources.iter().flat_map(of_file).collect()
    }

    /// The school of somebody with this address, whatever they are there; `None` where no source tells one. GLPI's group
    /// tells of no school, and is not asked.
    ///
    /// # Errors
    ///
    /// Where a source cannot be asked now.
    pub async fn school_of(&self, address: &Address) -> Result<Option<School>, DirectoryError> {
        for source in &self.sources {
            let found = match source {
                Source::Csv(file) => file.find(address),
                Source::Ldap(ldap) => ldap.find(address).await?,
                Source::Glpi(_) => None,
            };
            let school = found.map(|entry| person::completed(entry.person).own_school());
            if let Some(school) = school.filter(|school| *school != School::default()) {
                return Ok(Some(school));
            }
        }
        Ok(None)
    }

    /// Forgets every answer and reads the file again. A file that cannot be used leaves the list as it was.
    pub async fn reload(&self) -> Result<(), ConfigError> {
        let mut result = Ok(());
        for source in &self.sources {
            if let Source::Csv(file) = source {
                result = file.reload().await;
            }
        }
        self.answers.forget_all();
        result
    }

    /// Asks each source whether it can answer at all, and whether it knows any director: its name, and what it says or
    /// what is wrong with it.
    pub async fn probe(&self) -> Vec<(&'static str, Result<SourceState, DirectoryError>)> {
        let mut answers = Vec::new();
        for source in &self.sources {
            answers.push((source.name(), source.probe().await));
        }
        answers
    }

    /// What each source says of a person, fresh.
    pub async fn each(&self, requester: &Address) -> Vec<(&'static str, Result<Option<KnownPerson>, DirectoryError>)> {
        let mut answers = Vec::new();
        for source in &self.sources {
            let found = source.find(requester).await.map(|entry| {
                entry.map(|entry| KnownPerson {
                    is_director: entry.is_director,
                    person: person::completed(entry.person),
                })
            });
            answers.push((source.name(), found));
        }
        answers
    }
}

/// What a source says of somebody.
#[derive(Debug, Clone)]
pub struct KnownPerson {
    /// Whether it says that they are a director.
    pub is_director: bool,
    /// What it knows of them.
    pub person: Person,
}

impl Source {
    fn name(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Glpi(_) => "glpi",
            Self::Ldap(_) => "ldap",
        }
    }

    async fn find(&self, requester: &Address) -> Result<Option<Entry>, DirectoryError> {
        match self {
            Self::Csv(file) => Ok(file.find(requester)),
            Self::Glpi(group) => group.find(requester).await,
            Self::Ldap(ldap) => ldap.find(requester).await,
        }
    }

    async fn probe(&self) -> Result<SourceState, DirectoryError> {
        match self {
            Self::Csv(file) => Ok(file.state()),
            Self::Glpi(group) => group.probe().await,
            Self::Ldap(ldap) => ldap.probe().await,
        }
    }
}
