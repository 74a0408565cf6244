//! The levels of all applications with GLPI's ids, and which application a ticket is of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{Delays, Levels};
use crate::{
    flow::{
        deliver::{Missing, Names},
        route::{Mapping, MappingStore, Mappings, TargetEntity},
    },
    glpi::{GlpiError, TicketSummary},
    id::{CategoryId, GroupId},
};

/// How long names that GLPI did not have, or had, are believed.
const BELIEVED: Duration = Duration::from_mins(10);

/// An application and its levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationLevels {
    /// The application's name.
    pub application: String,
    /// Its levels.
    pub levels: Levels,
    /// The delays before a ticket of level 0, 1, … goes to the next one.
    delays: Vec<Delays>,
    /// Its groups: id and name.
    groups: BTreeMap<GroupId, String>,
    /// Its categories: id and full path.
    categories: BTreeMap<CategoryId, String>,
}

/// The levels of all applications whose groups GLPI has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllLevels(Vec<ApplicationLevels>);

/// The levels of the mappings in force, looked up again when those change and from time to time.
pub(super) struct Resolver {
    mappings: MappingStore,
    names: Names,
    known: Mutex<Option<Resolved>>,
}

struct Resolved {
    of: Arc<Mappings>,
    since: Instant,
    all_levels: Arc<AllLevels>,
}

impl ApplicationLevels {
    /// The delays before a ticket of this level goes to the next one; none above the last.
    pub fn delays(&self, level: usize) -> Delays {
        self.delays.get(level).copied().unwrap_or_default()
    }

    /// What a group is called; its number where it is of no level.
    pub fn name(&self, group: GroupId) -> String {
        self.groups.get(&group).cloned().unwrap_or_else(|| format!("n°\u{a0}{group}"))
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<GroupId> {
        self.groups.iter().find(|(_, known)| known.as_str() == name).map(|(id, _)| *id)
    }

    /// The groups of all its levels.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.groups.keys().copied()
    }

    /// The groups of the levels that a rule is set for.
    pub fn groups_with_rules(&self) -> impl Iterator<Item = GroupId> {
        self.groups().filter(|group| {
            let delays = self.levels.of(&[*group]).map(|level| self.delays(level)).unwrap_or_default();
            delays.remind_after.or(delays.after).is_some()
        })
    }

    /// The shortest delay of any level; `None` where no rule is set.
    pub fn shortest_delay(&self) -> Option<Duration> {
        self.delays.iter().flat_map(|delays| [delays.remind_after, delays.after]).flatten().min()
    }

    /// Whether one of its categories has this full path.
    pub fn has_category(&self, path: &str) -> bool {
        self.categories.values().any(|known| known == path)
    }

    async fn of(mapping: &Mapping, names: &Names) -> Result<Option<Self>, GlpiError> {
        let mut groups = BTreeMap::new();
        let mut in_place = async |name: &str, place: &TargetEntity| match names.groups(name, place).await {
            Ok(ids) => {
                groups.extend(ids.iter().map(|id| (*id, name.to_owned())));
                Ok(ids)
            }
            Err(missing) => unless_away(missing),
        };
        let place = mapping.place_of_levels();
        let mut first = Vec::new();
        let mut categories = BTreeMap::new();
        for of_place in mapping.names() {
            for name in of_place.first_groups {
                first.extend(in_place(name, &of_place.place).await?);
            }
            for path in of_place.categories {
                let ids = match names.categories(path, &of_place.place).await {
                    Ok(ids) => ids,
                    Err(missing) => unless_away(missing)?,
                };
                categories.extend(ids.into_iter().map(|id| (id, path.to_owned())));
            }
        }
        let mut above = Vec::new();
        for level in &mapping.levels {
            let Some(id) = in_place(&level.group, &place).await?.first().copied() else { return Ok(None) };
            above.push(id);
        }
        let own = in_place(&mapping.group, &place).await?.first().or(first.first()).copied();
        let Some(own) = own else { return Ok(None) };
        first.retain(|id| *id != own);
        Ok(Some(Self {
            application: mapping.name.clone(),
            levels: Levels::new(own, first, above),
            delays: mapping.levels.iter().map(Delays::from).collect(),
            groups,
            categories,
        }))
    }
}

/// A name GLPI does not have is said at start and by `check`; here it only is not there.
fn unless_away<I>(missing: Missing) -> Result<Vec<I>, GlpiError> {
    match missing {
        Missing::Unknown { .. } | Missing::Ambiguous { .. } | Missing::Hidden { .. } => Ok(Vec::new()),
        Missing::Unavailable(error) => Err(error),
    }
}

impl AllLevels {
    /// The application of a ticket: by its category; else, or where several have the category, the one that most of
    /// the assigned groups are of, of such the one that most of the watching ones are of, for a move leaves them so.
    /// `None` where two are equal.
    pub fn of(&self, category: CategoryId, assigned: &[GroupId], observers: &[GroupId]) -> Option<&ApplicationLevels> {
        let by_category: Vec<&ApplicationLevels> =
            self.0.iter().filter(|application_levels| application_levels.categories.contains_key(&category)).collect();
        if let [only] = by_category.as_slice() {
            return Some(only);
        }
        let candidates = if by_category.is_empty() { self.0.iter().collect() } else { by_category };
        let count = |application_levels: &ApplicationLevels, groups: &[GroupId]| {
            groups.iter().filter(|group| application_levels.levels.contain(**group)).count()
        };
        let mut ranked: Vec<_> = candidates
            .into_iter()
            .map(|application_levels| {
                ((count(application_levels, assigned), count(application_levels, observers)), application_levels)
            })
            .filter(|((assigned, _), _)| *assigned > 0)
            .collect();
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        match ranked.as_slice() {
            [(first, _), (second, _), ..] if first == second => None,
            ranked => ranked.first().map(|(_, application_levels)| *application_levels),
        }
    }

    /// Whether a ticket that a search shows may be of an application, by its category or its groups.
    pub fn concern(&self, ticket: &TicketSummary) -> bool {
        self.0.iter().any(|application_levels| application_levels.has_category(&ticket.category))
            || ticket.groups.iter().any(|path| !self.named(path).is_empty())
    }

    /// The groups of any level that a full path may mean.
    pub fn named(&self, path: &str) -> BTreeSet<GroupId> {
        let is_name =
            |name: &str| path.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with(" > "));
        let groups = self.0.iter().flat_map(|application_levels| &application_levels.groups);
        groups.filter(|(_, name)| is_name(name)).map(|(id, _)| *id).collect()
    }

    /// The groups of all their levels, each once.
    pub fn groups(&self) -> Vec<GroupId> {
        let groups: BTreeSet<GroupId> = self.0.iter().flat_map(ApplicationLevels::groups).collect();
        groups.into_iter().collect()
    }

    /// All of them.
    pub fn all(&self) -> &[ApplicationLevels] {
        &self.0
    }
}

impl Resolver {
    pub(super) fn new(mappings: MappingStore, names: Names) -> Self {
        Self { mappings, names, known: Mutex::new(None) }
    }

    /// The levels now; as long as they are the same, the same `Arc`.
    pub(super) async fn all_levels(&self) -> Result<Arc<AllLevels>, GlpiError> {
        let mappings = self.mappings.now();
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref()
            && Arc::ptr_eq(&known.of, &mappings)
            && known.since.elapsed() < BELIEVED
        {
            return Ok(Arc::clone(&known.all_levels));
        }
        let (mut groups, mut categories) = (BTreeSet::new(), BTreeSet::new());
        for names in mappings.all().iter().flat_map(Mapping::names) {
            groups.extend(names.first_groups.iter().chain(&names.levels).map(|name| (*name).to_owned()));
            categories.extend(names.categories.iter().map(|path| (*path).to_owned()));
        }
        self.names.learn(&groups, &categories).await?;
        let mut all_levels = Vec::new();
        for mapping in mappings.all() {
            all_levels.extend(ApplicationLevels::of(mapping, &self.names).await?);
        }
        // Who holds the same ones can tell that nothing has changed.
        let before = known.as_ref().map(|known| &known.all_levels).filter(|before| before.0 == all_levels);
        let all_levels = before.map_or_else(|| Arc::new(AllLevels(all_levels)), Arc::clone);
        *known = Some(Resolved { of: mappings, since: Instant::now(), all_levels: Arc::clone(&all_levels) });
        Ok(all_levels)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::{AllLevels, ApplicationLevels};
    use crate::{id::GroupId, lifecycle::escalation::Levels};

    /// LSU and ONDE share DSI-BAI (20) and the category 3.
    fn all_levels() -> AllLevels {
        let application_levels = |application: &str, own: u64, category: u64| ApplicationLevels {
            application: application.to_owned(),
            levels: Levels::new(own.into(), vec![], vec![GroupId::new(20)]),
            delays: vec![],
            groups: BTreeMap::from(
                [(own, format!("Référents-{application}")), (20, "DSI-BAI".to_owned())]
                    .map(|(id, name)| (id.into(), name)),
            ),
            categories: [category, 3].map(|id| (id.into(), format!("Catégorie {id}"))).into(),
        };
        AllLevels(vec![application_levels("LSU", 10, 1), application_levels("ONDE", 11, 2)])
    }

    #[rstest]
    #[case::by_category(1, &[20], &[], Some("LSU"))]
    #[case::by_category_whatever_the_group(2, &[10], &[], Some("ONDE"))]
    #[case::by_category_without_group(2, &[], &[], Some("ONDE"))]
    #[case::by_group(0, &[11], &[], Some("ONDE"))]
    #[case::by_the_one_group_that_tells(99, &[99, 10], &[], Some("LSU"))]
    #[case::half_way_up(0, &[20, 10], &[], Some("LSU"))]
    #[case::by_who_had_it(0, &[20], &[10, 99], Some("LSU"))]
    #[case::watching_alone_tells_nothing(0, &[99], &[10], None)]
    #[case::a_shared_group(0, &[20], &[], None)]
    #[case::a_shared_category(3, &[20], &[], None)]
    #[case::a_shared_category_and_a_group(3, &[11], &[], Some("ONDE"))]
    #[case::two_at_once(0, &[10, 11], &[], None)]
    #[case::nothing_of_ours(99, &[99], &[], None)]
    fn a_ticket_is_of_one_application(
        #[case] category: u64,
        #[case] assigned: &[u64],
        #[case] observers: &[u64],
        #[case] expected: Option<&str>,
    ) {
        let all_levels = all_levels();
        let groups = |ids: &[u64]| -> Vec<GroupId> { ids.iter().copied().map(GroupId::new).collect() };
        let found = all_levels.of(category.into(), &groups(assigned), &groups(observers));
        assert_eq!(found.map(|application_levels| application_levels.application.as_str()), expected);
    }
}
