//! One application's mapping, as its file gives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;

use super::{Target, TargetEntity};
use crate::{
    config::carried,
    request::{FormFields, TicketKind},
    text::{Bilingual, fold::words},
};

/// What `entity` says for a ticket in the requester's own entity.
pub(super) const REQUESTER: &str = "requester";

/// What a file `mappings/<application>.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The file it came from, for messages.
    #[serde(skip)]
    pub file: String,
    /// What receipts, logs and reports call the application.
    pub name: String,
    /// The words that name it in a mail's subject; case and accents do not matter.
    pub keywords: Vec<String>,
    /// The values of a form's `application` that mean it.
    #[serde(default)]
    pub form_names: Vec<String>,
    /// The natures of request a form offers for it.
    #[serde(default, rename = "nature")]
    pub natures: Vec<Nature>,
    /// The heading under which the portal's home has it, for instance «Logicielle».
    pub rubric: Option<String>,
    /// What one may ask of it, a sentence for the portal's pages.
    pub help: Option<String>,
    /// GLPI category, full path.
    pub category: String,
    /// GLPI group that is assigned.
    pub group: String,
    /// What requesters are told of the groups of level 0; the group's own name, without.
    pub label: Option<String>,
    /// GLPI groups that watch.
    #[serde(default)]
    pub observers: Vec<String>,
    /// Incident or request.
    #[serde(rename = "type")]
    pub kind: TicketKind,
    /// GLPI urgency, 1 to 5, where the request gives none.
    #[serde(deserialize_with = "urgency")]
    pub urgency: u8,
    /// GLPI entity, full path, or `requester`: the requester's own; the service account's own where there is none.
    pub entity: Option<String>,
    /// GLPI entity, full path, for a requester who has none of their own.
    pub entity_otherwise: Option<String>,
    /// GLPI location, full path.
    pub location: Option<String>,
    /// The ticket's title, a minijinja template.
    pub title: Option<String>,
    /// The ticket's content after who asks, a minijinja template giving HTML.
    pub content: Option<String>,
    /// Where its tickets go on to, level 1 first; level 0 is whom they go to at their creation.
    #[serde(default, rename = "escalation", deserialize_with = "levels")]
    pub levels: Vec<Level>,
    /// What differs for a department, by its number.
    #[serde(default, rename = "department")]
    pub departments: BTreeMap<String, Override>,
}

/// A nature of request, and what differs for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nature {
    /// As the form shows it.
    pub name: String,
    /// GLPI category, full path.
    pub category: Option<String>,
    /// GLPI group that is assigned.
    pub group: Option<String>,
    /// Incident or request.
    #[serde(rename = "type")]
    pub kind: Option<TicketKind>,
    /// GLPI urgency, 1 to 5.
    #[serde(default, deserialize_with = "optional_urgency")]
    pub urgency: Option<u8>,
}

/// What differs for the schools of one department.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// GLPI category, full path.
    pub category: Option<String>,
    /// GLPI group that is assigned.
    pub group: Option<String>,
    /// GLPI groups that watch.
    pub observers: Option<Vec<String>>,
    /// GLPI urgency, 1 to 5.
    #[serde(default, deserialize_with = "optional_urgency")]
    pub urgency: Option<u8>,
    /// GLPI entity, full path, or `requester`: the requester's own.
    pub entity: Option<String>,
    /// GLPI location, full path.
    pub location: Option<String>,
}

/// A level of escalation above the groups of the mapping itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// GLPI group that is assigned at this level.
    pub group: String,
    /// What requesters are told of it, to whom its name says nothing.
    pub label: Option<String>,
    /// The working time after which the groups of the level below are reminded of a ticket that nobody there has
    /// taken in charge; never, without.
    #[serde(default, deserialize_with = "working_time")]
    pub remind_after: Option<Duration>,
    /// The working time after which such a ticket goes on to this level by itself; never, without.
    #[serde(default, deserialize_with = "working_time")]
    pub after: Option<Duration>,
}

impl Mapping {
    /// The groups of level 0, the mapping's own first, each once: whom a ticket can go to at its creation.
    pub fn first_groups(&self) -> Vec<&str> {
        let of_natures = self.natures.iter().filter_map(|nature| nature.group.as_deref());
        let of_departments = self.departments.values().filter_map(|department| department.group.as_deref());
        let mut groups = vec![self.group.as_str()];
        for group in of_natures.chain(of_departments) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The target for a request with these form fields (empty for a mail) from this department. What the
    /// person chose wins over the nature, the nature over the department, the department over the mapping.
    pub fn target(&self, form: &FormFields, department: Option<&str>) -> Target {
        let none = Override::default();
        let here = department.and_then(|number| self.departments.get(number)).unwrap_or(&none);
        let nature = form.nature.as_deref().and_then(|name| self.nature(name));
        let pick = |of_nature: Option<&String>, of_department: &Option<String>, own: &String| {
            of_nature.or(of_department.as_ref()).unwrap_or(own).clone()
        };
        Target {
            application: self.name.clone(),
            category: pick(nature.and_then(|n| n.category.as_ref()), &here.category, &self.category),
            group: pick(nature.and_then(|n| n.group.as_ref()), &here.group, &self.group),
            observers: here.observers.as_ref().unwrap_or(&self.observers).clone(),
            entity: self.place_of(Some(here)),
            location: here.location.as_ref().or(self.location.as_ref()).cloned(),
            kind: form.kind.or(nature.and_then(|n| n.kind)).unwrap_or(self.kind),
            urgency: form.urgency.or(nature.and_then(|n| n.urgency)).or(here.urgency).unwrap_or(self.urgency),
        }
    }

    /// What requesters are told of one of its groups, in words that they know: the group's own name, which may be a mere
    /// abbreviation, never stands alone but for whom their tickets first go to.
    pub fn public_name(&self, group: &str) -> String {
        match self.levels.iter().find(|level| level.group == group) {
            Some(Level { label: Some(label), .. }) => label.clone(),
            Some(Level { group, label: None, .. }) => format!("l’équipe qui assiste {} ({group})", self.group),
            None => self.label.clone().filter(|_| self.group == group).unwrap_or_else(|| group.to_owned()),
        }
    }

    /// The entity of its tickets, where no department says another.
    pub fn place(&self) -> TargetEntity {
        self.place_of(None)
    }

    /// The entity in which the groups of its levels of escalation are meant: one for all its tickets.
    pub fn place_of_levels(&self) -> TargetEntity {
        match self.place() {
            TargetEntity::Requester { otherwise: Some(path) } => TargetEntity::Entity(path),
            TargetEntity::Requester { otherwise: None } => TargetEntity::Own,
            fixed @ (TargetEntity::Own | TargetEntity::Entity(_)) => fixed,
        }
    }

    fn place_of(&self, here: Option<&Override>) -> TargetEntity {
        match here.and_then(|it| it.entity.as_deref()).or(self.entity.as_deref()) {
            None => TargetEntity::Own,
            Some(REQUESTER) => TargetEntity::Requester { otherwise: self.entity_otherwise.clone() },
            Some(path) => TargetEntity::Entity(path.to_owned()),
        }
    }

    /// The categories of its tickets, full paths, each once.
    pub fn categories(&self) -> Vec<String> {
        let of_natures = self.natures.iter().filter_map(|nature| nature.category.as_ref());
        let of_departments = self.departments.values().filter_map(|department| department.category.as_ref());
        let mut categories = vec![self.category.clone()];
        for category in of_natures.chain(of_departments) {
            if !categories.contains(category) {
                categories.push(category.clone());
            }
        }
        categories
    }

    /// Case, accents and spacing do not matter, as where screening finds the application.
    fn nature(&self, name: &str) -> Option<&Nature> {
        let wanted = words(name);
        self.natures.iter().find(|nature| words(&nature.name) == wanted)
    }

    /// Every GLPI group, category and location the mapping names, by the entity in which it is meant: a name may be
    /// another thing in each.
    pub fn names(&self) -> Vec<NamesInUse<'_>> {
        let mut all: Vec<NamesInUse<'_>> = Vec::new();
        add_names(&mut all, self.place(), |names| self.add_names_for(None, names));
        for here in self.departments.values() {
            add_names(&mut all, self.place_of(Some(here)), |names| self.add_names_for(Some(here), names));
        }
        add_names(&mut all, self.place_of_levels(), |names| {
            names.levels.extend(self.levels.iter().map(|level| level.group.as_str()));
        });
        all
    }

    fn add_names_for<'a>(&'a self, here: Option<&'a Override>, names: &mut NamesInUse<'a>) {
        names.first_groups.extend(here.and_then(|it| it.group.as_deref()).or(Some(&self.group)));
        names.first_groups.extend(self.natures.iter().filter_map(|nature| nature.group.as_deref()));
        let observers = here.and_then(|it| it.observers.as_ref()).unwrap_or(&self.observers);
        names.observers.extend(observers.iter().map(String::as_str));
        names.categories.extend(here.and_then(|it| it.category.as_deref()).or(Some(&self.category)));
        names.categories.extend(self.natures.iter().filter_map(|nature| nature.category.as_deref()));
        names.locations.extend(here.and_then(|it| it.location.as_deref()).or(self.location.as_deref()));
    }
}

/// Lets `add` add to the names of a place.
fn add_names<'a>(all: &mut Vec<NamesInUse<'a>>, place: TargetEntity, add: impl FnOnce(&mut NamesInUse<'a>)) {
    if let Some(names) = all.iter_mut().find(|names| names.place == place) {
        add(names);
    } else {
        let mut names = NamesInUse { place, ..NamesInUse::default() };
        add(&mut names);
        all.push(names);
    }
}

/// The GLPI names a mapping uses in one entity.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "the fields are what they are called")]
pub struct NamesInUse<'a> {
    pub place: TargetEntity,
    pub first_groups: BTreeSet<&'a str>,
    pub levels: BTreeSet<&'a str>,
    pub observers: BTreeSet<&'a str>,
    pub categories: BTreeSet<&'a str>,
    pub locations: BTreeSet<&'a str>,
}

fn urgency<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let value = i64::deserialize(deserializer)?;
    u8::try_from(value).ok().filter(|urgency| (1..=5).contains(urgency)).ok_or_else(|| {
        serde::de::Error::custom(carried(&Bilingual::new(
            format!("urgency {value} is not between 1 (very low) and 5 (very high)"),
            format!("l’urgence {value} n’est pas entre 1 (très basse) et 5 (très haute)"),
        )))
    })
}

fn optional_urgency<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    urgency(deserializer).map(Some)
}

/// Says what takes the place of the key's earlier form, the name of one group.
fn levels<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Level>, D::Error> {
    struct Levels;

    impl<'de> serde::de::Visitor<'de> for Levels {
        type Value = Vec<Level>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(&carried(&Bilingual::new(
                "one section [[escalation]] for each level, with group = \"…\" in it",
                "une section [[escalation]] pour chaque niveau, avec group = \"…\" dedans",
            )))
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, levels: A) -> Result<Self::Value, A::Error> {
            Deserialize::deserialize(serde::de::value::SeqAccessDeserializer::new(levels))
        }
    }

    deserializer.deserialize_seq(Levels)
}

/// Hours and minutes only: how many working hours a day or a week has is the calendar's to say.
fn working_time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let in_hours = text
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(|unit| !unit.is_empty())
        .all(|unit| ["h", "hour", "hours", "m", "min", "minute", "minutes"].contains(&unit));
    let parsed = in_hours.then(|| humantime_serde::re::humantime::parse_duration(&text).ok()).flatten();
    parsed.filter(|delay| !delay.is_zero()).map(Some).ok_or_else(|| {
        serde::de::Error::custom(carried(&Bilingual::new(
            format!("\"{text}\" is no working time in hours and minutes, such as \"8h\" or \"3h 30m\""),
            format!("\"{text}\" n’est pas un temps ouvré en heures et minutes, comme \"8h\" ou \"3h 30m\""),
        )))
    })
}
