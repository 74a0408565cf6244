//! Who gets an announcement by mail: from the academy's directory, from an application's last requesters, or from a list;
//! each address once, with the zone it is of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    announcement::{Announcement, Recipients},
    journal::digest,
    strangers::{self, Stranger},
    zones::{Zone, Zones},
};
use crate::{
    flow::{
        directory::{Directory, DirectoryError},
        route::MappingStore,
    },
    glpi::{Glpi, GlpiError},
    id::UserId,
    people::Rights,
    request::{Address, Person, School},
    text::{Bilingual, Language, fold::phrase},
};

/// «Lately», where an application's last requesters are meant.
const LATELY: Duration = Duration::from_hours(24 * 90);
/// What stands for a zone that nobody knows.
pub const NO_ZONE: &str = "inconnu";

/// The list of an announcement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientList {
    /// Each address with the school it is of, as far as that is known.
    people: BTreeMap<Address, School>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said().text(Language::English))]
pub enum NoList {
    /// The directory cannot tell all directors now.
    Directory(#[from] DirectoryError),
    /// GLPI cannot tell an application's last requesters now.
    Glpi(#[from] GlpiError),
    /// What names them finds nobody.
    Strangers(Vec<Stranger>),
}

impl NoList {
    /// Why, for who runs a command.
    pub fn said(&self) -> Bilingual {
        match self {
            Self::Directory(why) => why.reason(),
            Self::Glpi(why) => why.line(),
            Self::Strangers(strangers) => strangers::all_said(strangers),
        }
    }
}

/// Where recipients come from.
pub(super) struct RecipientSources {
    directory: Arc<Directory>,
    glpi: Glpi,
    mappings: MappingStore,
    zone: TimeZone,
}

impl RecipientList {
    /// A list of these.
    pub fn of(people: impl IntoIterator<Item = (Address, School)>) -> Self {
        Self { people: people.into_iter().collect() }
    }

    /// The addresses, in their order.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.people.keys()
    }

    /// The addresses with the schools they are of.
    pub fn people(&self) -> impl Iterator<Item = (&Address, &School)> {
        self.people.iter()
    }

    /// What says which they are.
    pub fn digest(&self) -> String {
        digest(self.addresses())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// How many there are of each department and, within it, of each circonscription; the unknown ones last.
    pub fn by_zone(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut zones = BTreeMap::<String, BTreeMap<String, usize>>::new();
        let named = |name: &Option<String>| name.clone().unwrap_or_else(|| NO_ZONE.to_owned());
        for school in self.people.values() {
            let circonscriptions = zones.entry(named(&school.department)).or_default();
            *circonscriptions.entry(named(&school.circonscription)).or_default() += 1;
        }
        zones
    }

    /// How many there are of each department.
    pub fn by_department(&self) -> Vec<(String, usize)> {
        self.by_zone().into_iter().map(|(department, each)| (department, each.values().sum())).collect()
    }

    /// Whether all of them are somebody's with these rights: an operator's, or a correspondent's whose department it is.
    pub fn is_within(&self, rights: &Rights) -> bool {
        let is_theirs = |school: &School| rights.cover(school.department.as_deref(), None);
        rights.is_everything() || self.people.values().all(is_theirs)
    }
}

impl RecipientSources {
    /// The academy's directory, and the tickets of this GLPI, which counts in this time zone.
    pub(super) fn new(directory: Arc<Directory>, glpi: &Glpi, mappings: MappingStore, zone: TimeZone) -> Self {
        Self { directory, glpi: glpi.in_background(), mappings, zone }
    }

    /// Who gets this announcement by mail; nobody where it is none. `list` counts where it is for a list.
    ///
    /// # Errors
    ///
    /// Where a source cannot tell: a list that lacks somebody would be believed.
    pub(super) async fn of(&self, announcement: &Announcement, list: &[Address]) -> Result<RecipientList, NoList> {
        let now = Timestamp::now();
        let civil = now.to_zoned(self.zone.clone()).datetime();
        let directors = match announcement.by_mail {
            Some(Recipients::Directors) => Some(self.directory.directors(civil).await?),
            None if announcement.zones == Zones::Academy => None,
            Some(Recipients::LastRequesters | Recipients::List) | None => self.known().await,
        };
        self.nobody_strange(announcement, directors.as_ref())?;
        let directors = directors.unwrap_or_default();
        let wanted = match announcement.by_mail {
            None => return Ok(RecipientList::default()),
            Some(Recipients::Directors) => None,
            Some(Recipients::LastRequesters) => {
                let application = announcement.application.as_deref().unwrap_or_default();
                Some(self.last_requesters(application, now).await?)
            }
            Some(Recipients::List) => Some(list.iter().cloned().collect()),
        };
        let is_list = announcement.by_mail == Some(Recipients::List);
        let zones = if is_list { &Zones::Academy } else { &announcement.zones };
        Ok(chosen(directors, wanted, zones))
    }

    /// Looks whether its application and each of its zones is one; of zones where the directory tells any.
    fn nobody_strange(
        &self,
        announcement: &Announcement,
        directors: Option<&BTreeMap<Address, Person>>,
    ) -> Result<(), NoList> {
        let mappings = self.mappings.now();
        let names = mappings.all().iter().map(|mapping| mapping.name.as_str());
        let application = announcement.application.as_deref();
        let mut strangers: Vec<Stranger> =
            application.and_then(|name| strangers::unknown_application(name, names)).into_iter().collect();
        let zones = directors.map(zones_of).unwrap_or_default();
        if !zones.is_empty() || announcement.by_mail == Some(Recipients::Directors) {
            strangers.extend(strangers::empty_zones(&announcement.zones, &zones));
        }
        if strangers.is_empty() { Ok(()) } else { Err(NoList::Strangers(strangers)) }
    }

    /// What is to be said of texts that are no zones.
    pub(super) async fn misread(&self, given: &[String]) -> Vec<Stranger> {
        if given.is_empty() {
            return Vec::new();
        }
        strangers::misread(given, &self.known().await.map(|directors| zones_of(&directors)).unwrap_or_default())
    }

    /// What the directory knows of directors; nothing where it cannot be asked: whom a list names gets the mail all the
    /// same.
    async fn known(&self) -> Option<BTreeMap<Address, Person>> {
        let now = Timestamp::now().to_zoned(self.zone.clone()).datetime();
        let asked = self.directory.directors(now).await.inspect_err(|error| {
            tracing::warn!(%error, "the zones of an announcement's recipients are not known");
        });
        asked.ok()
    }

    async fn last_requesters(&self, application: &str, now: Timestamp) -> Result<BTreeSet<Address>, NoList> {
        let mappings = self.mappings.now();
        let is_it = |name: &str| phrase(name) == phrase(application);
        let mapping = mappings.all().iter().find(|mapping| is_it(&mapping.name));
        // One that is none was said before.
        let Some(mapping) = mapping else { return Ok(BTreeSet::new()) };
        let categories = mapping.categories();
        let civil = |moment: Timestamp| moment.to_zoned(self.zone.clone()).datetime();
        let lately = SignedDuration::try_from(LATELY).unwrap_or(SignedDuration::ZERO);
        let since = now.checked_sub(lately).unwrap_or(now);
        // Where a category is not this application's alone, it says of no ticket whose it is: the opening does, where the
        // gateway wrote it. What was made otherwise is of no application, as in the figures.
        let is_its = |content: &str| {
            let opening = mappings.opening(content);
            opening.is_some_and(|opening| opening.application == mapping.name)
        };
        let (accounts, addresses) = if mappings.shares_a_category(mapping) {
            self.glpi.requesters_by_us_since(&categories, civil(since), is_its).await?
        } else {
            self.glpi.requesters_since(&categories, civil(since)).await?
        };
        let accounts: Vec<UserId> = accounts.into_iter().collect();
        let written_to = self.glpi.addresses_of_users(&accounts, civil(now)).await?;
        let all = written_to.values().chain(&addresses);
        Ok(all.filter_map(|address| Address::parse(address)).collect())
    }
}

/// Those of these zones; of whom a list names, only those on it, whether or not they are known as directors.
fn chosen(mut directors: BTreeMap<Address, Person>, wanted: Option<BTreeSet<Address>>, zones: &Zones) -> RecipientList {
    if let Some(wanted) = wanted {
        directors = wanted
            .into_iter()
            .map(|address| {
                let person = directors.remove(&address).unwrap_or_default();
                (address, person)
            })
            .collect();
    }
    let located = directors.into_iter().filter_map(|(address, person)| {
        let schools = person.places_of(&address);
        // A person with several schools counts where the zones have them.
        let own = schools.iter().find(|school| zones.reach(std::slice::from_ref(*school)));
        match (own, zones) {
            (Some(school), _) => Some((address, school.clone())),
            (None, Zones::Academy) => Some((address, School::default())),
            (None, Zones::Some(_)) => None,
        }
    });
    RecipientList::of(located)
}

/// The departments and circonscriptions of which somebody is known.
fn zones_of(directors: &BTreeMap<Address, Person>) -> BTreeSet<Zone> {
    let mut zones = BTreeSet::new();
    for school in directors.iter().flat_map(|(address, person)| person.places_of(address)) {
        let Some(department) = school.department else { continue };
        if let Some(name) = school.circonscription {
            zones.insert(Zone::Circonscription { department: department.clone(), name });
        }
        zones.insert(Zone::Department(department));
    }
    zones
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rstest::rstest;

    use super::{RecipientList, chosen};
    use crate::{
        announcements::{Zone, Zones},
        people::{Rights, Role},
        request::{Address, Person, School},
    };

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn person(department: Option<&str>, circonscription: Option<&str>) -> Person {
        Person {
            department: department.map(str::to_owned),
            circonscription: circonscription.map(str::to_owned),
            school: Some("École".to_owned()),
            ..Person::default()
        }
    }

    /// Directors as the sources tell them.
    fn directors() -> BTreeMap<Address, Person> {
        let two = Person {
            other_schools: vec![School {
                name: Some("Autre".into()),
                department: Some("058".into()),
                ..School::default()
            }],
            ..person(Some("021"), Some("Dijon Nord"))
        };
        BTreeMap::from([
            (address("a@ac-dijon.fr"), person(Some("021"), Some("Dijon Nord"))),
            (address("b@ac-dijon.fr"), person(Some("021"), Some("Dijon Sud"))),
            (address("c@ac-dijon.fr"), person(Some("058"), None)),
            (address("ce.0710005E@ac-dijon.fr"), Person::default()),
            (address("nobody.knows@ac-dijon.fr"), Person::default()),
            (address("two@ac-dijon.fr"), two),
        ])
    }

    fn names(list: &RecipientList) -> Vec<String> {
        list.addresses().map(|address| address.local().to_owned()).collect()
    }

    #[rstest]
    #[case(&[], &["a", "b", "c", "ce.0710005e", "nobody.knows", "two"])]
    #[case(&["021"], &["a", "b", "two"])]
    #[case(&["021/dijon nord"], &["a", "two"])]
    #[case(&["058", "071"], &["c", "ce.0710005e", "two"])]
    fn each_address_of_a_zone_is_there_once(#[case] zones: &[&str], #[case] expected: &[&str]) {
        let zones = Zones::of(zones.iter().map(|zone| Zone::parse(zone).unwrap()));
        assert_eq!(names(&chosen(directors(), None, &zones)), expected);
    }

    #[test]
    fn whom_a_list_names_is_there_whether_known_or_not() {
        let wanted = BTreeSet::from([address("C@AC-Dijon.fr"), address("stranger@ac-dijon.fr")]);
        let list = chosen(directors(), Some(wanted), &Zones::Academy);
        assert_eq!(names(&list), ["c", "stranger"]);
        assert_eq!(list.by_department(), [("058".to_owned(), 1), ("inconnu".to_owned(), 1)]);
    }

    #[test]
    fn a_list_is_counted_by_zone_and_is_whose_department_it_is() {
        let list = chosen(directors(), None, &Zones::of([Zone::parse("021").unwrap()]));
        let counts = BTreeMap::from([("Dijon Nord".to_owned(), 2), ("Dijon Sud".to_owned(), 1)]);
        assert_eq!(list.by_zone(), BTreeMap::from([("021".to_owned(), counts)]));
        let of = |department: &str| Rights::of([Role::Correspondent(department.to_owned())]);
        assert!(list.is_within(&of("021")) && !list.is_within(&of("058")));
        assert!(list.is_within(&Rights::of([Role::Operator])));
        assert!(!chosen(directors(), None, &Zones::Academy).is_within(&of("021")));
    }
}
