//! All mappings: read from a folder, checked against each other, replaced as a whole at reload.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;

use super::{Mapping, Opening, content, mapping::REQUESTER};
use crate::{
    config::{self, ConfigError},
    flow::screen::{Application, Applications},
    text::{
        Bilingual,
        fold::words,
        near::{ALIKE, near},
    },
};

/// The mappings that are shipped, used where no folder is configured.
const SHIPPED: &[(&str, &str)] = &[
    ("mappings/lsu.toml", include_str!("../../../mappings/lsu.toml")),
    ("mappings/onde.toml", include_str!("../../../mappings/onde.toml")),
    ("mappings/ececa.toml", include_str!("../../../mappings/ececa.toml")),
    ("mappings/apae.toml", include_str!("../../../mappings/apae.toml")),
];

/// A checked set of mappings.
#[derive(Debug)]
pub struct Mappings {
    all: Vec<Mapping>,
    applications: Arc<Applications>,
}

impl Mappings {
    /// Reads every `*.toml` of `dir`, or the shipped mappings where there is no folder.
    pub fn load(dir: Option<&Path>) -> Result<Self, ConfigError> {
        match dir {
            None => Self::parse(SHIPPED.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))),
            Some(dir) => read(dir).and_then(Self::parse).map_err(|mistake| mistake.about("mappings.dir")),
        }
    }

    pub(super) fn parse(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut all: Vec<Mapping> = Vec::new();
        for (file, text) in files {
            let mut mapping: Mapping = toml::from_str(&text).map_err(|error| {
                ConfigError::in_file(&file, &text, error.span(), config::said(error.message()), None)
            })?;
            mapping.file = file;
            check(&mapping, &text, &all)?;
            all.push(mapping);
        }
        let applications = Arc::new(Applications::new(all.iter().map(|mapping| Application {
            name: mapping.name.clone(),
            keywords: mapping.keywords.clone(),
            form_names: mapping.form_names.clone(),
            natures: mapping.natures.iter().map(|nature| nature.name.clone()).collect(),
        })));
        Ok(Self { all, applications })
    }

    /// What screening needs to know of them.
    pub fn applications(&self) -> &Arc<Applications> {
        &self.applications
    }

    /// The name of an application that is most like this one; `None` where none is.
    pub fn nearest(&self, application: &str) -> Option<&str> {
        near(application, self.all.iter().map(|it| it.name.as_str()), ALIKE).into_iter().next()
    }

    /// The mapping of an application, by its name.
    pub fn find(&self, application: &str) -> Option<&Mapping> {
        self.all.iter().find(|mapping| mapping.name == application)
    }

    /// The mapping of an application as people name it: neither case nor accents matter.
    pub fn meant(&self, application: &str) -> Option<&Mapping> {
        let folded = words(application);
        self.find(application).or_else(|| self.all.iter().find(|mapping| words(&mapping.name) == folded))
    }

    /// The opening of a ticket's content, whose application is one of these; see [`Opening::read`].
    pub fn opening(&self, content: &str) -> Option<Opening> {
        Opening::read(content, |name| self.find(name).is_some())
    }

    /// Whether another application's tickets may have one of the categories of this one's, which then does not tell whose a
    /// ticket is.
    pub fn shares_a_category(&self, mapping: &Mapping) -> bool {
        let categories = mapping.categories();
        let others = self.all.iter().filter(|other| other.name != mapping.name);
        others.flat_map(Mapping::categories).any(|path| categories.contains(&path))
    }

    /// The mapping whose tickets have this category, a full path; none where several share it.
    pub fn of_category(&self, category: &str) -> Option<&Mapping> {
        let mut of_it = self.all.iter().filter(|mapping| mapping.categories().iter().any(|path| path == category));
        let first = of_it.next()?;
        of_it.next().is_none().then_some(first)
    }

    /// What requesters are told of a group of this application, as [`Mapping::public_name`]; where that is not known, of
    /// any that has the group as a level.
    pub fn public_name(&self, application: Option<&str>, group: &str) -> String {
        let has = |mapping: &&Mapping| mapping.levels.iter().any(|level| level.group == group);
        let mapping = application.and_then(|name| self.find(name)).or_else(|| self.all.iter().find(has));
        mapping.map_or_else(|| group.to_owned(), |mapping| mapping.public_name(group))
    }

    /// All of them, in the order of their files' names.
    pub fn all(&self) -> &[Mapping] {
        &self.all
    }
}

/// The mappings in force, replaced at SIGHUP; requests under way keep the ones they began with.
#[derive(Clone, Debug)]
pub struct MappingStore {
    dir: Option<PathBuf>,
    current: Arc<ArcSwap<Mappings>>,
}

impl MappingStore {
    /// Loads the mappings for the first time.
    pub fn load(dir: Option<&Path>) -> Result<Self, ConfigError> {
        let current = Arc::new(ArcSwap::from_pointee(Mappings::load(dir)?));
        Ok(Self { dir: dir.map(Path::to_owned), current })
    }

    /// The mappings now.
    pub fn now(&self) -> Arc<Mappings> {
        self.current.load_full()
    }

    /// Reads the files again; a mistake leaves the old mappings in force and is returned.
    pub fn reload(&self) -> Result<(), ConfigError> {
        self.current.store(Arc::new(Mappings::load(self.dir.as_deref())?));
        Ok(())
    }
}

fn read(dir: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| ConfigError::unreadable(dir, error))? {
        let path = entry.map_err(|error| ConfigError::unreadable(dir, error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(ConfigError::setting(
            Bilingual::new(
                format!("no mapping in {}: without one, no request can become a ticket", dir.display()),
                format!(
                    "aucun mapping dans {}\u{a0}: sans mapping, aucune demande ne peut devenir un ticket",
                    dir.display()
                ),
            ),
            Bilingual::new(
                "Copy the shipped mappings/*.toml there, or leave mappings.dir empty to use them as they are.",
                "Copiez-y les mappings/*.toml livrés, ou laissez mappings.dir vide pour les prendre tels quels.",
            ),
        ));
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::unreadable(&path, error))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

/// What the types do not show: empty names, departments that match nothing, templates that fail, a keyword or
/// name used twice.
fn check(mapping: &Mapping, text: &str, others: &[Mapping]) -> Result<(), ConfigError> {
    let mistake = |key: &str, message: Bilingual, help: Bilingual| {
        Err(ConfigError::in_file(&mapping.file, text, place_of(text, key), message, Some(help)))
    };
    for (key, value) in [("name", &mapping.name), ("category", &mapping.category), ("group", &mapping.group)] {
        if value.trim().is_empty() {
            return mistake(key, empty(key), a_name());
        }
    }
    if mapping.keywords.is_empty() && mapping.form_names.is_empty() {
        return mistake(
            "keywords",
            Bilingual::new("neither keywords nor form_names", "ni keywords ni form_names"),
            Bilingual::new(
                "Without one of them nothing can reach this application.",
                "Sans l’un des deux, rien ne peut arriver à cette application.",
            ),
        );
    }
    for keyword in &mapping.keywords {
        if words(keyword).is_empty() {
            return mistake(
                "keywords",
                Bilingual::new(
                    format!("the keyword \"{keyword}\" has no letter or digit"),
                    format!("le mot-clé \"{keyword}\" n’a ni lettre ni chiffre"),
                ),
                Bilingual::new("A keyword is one word or a few.", "Un mot-clé est un mot, ou quelques-uns."),
            );
        }
    }
    for other in others {
        if same(&other.name, &mapping.name) {
            return mistake(
                "name",
                Bilingual::new(
                    format!("{} has the same name, \"{}\"", other.file, mapping.name),
                    format!("{} a le même nom, \"{}\"", other.file, mapping.name),
                ),
                Bilingual::new("Give each application its own name.", "Donnez à chaque application son propre nom."),
            );
        }
        if let Some(word) =
            mapping.keywords.iter().find(|word| other.keywords.iter().any(|theirs| words(theirs) == words(word)))
        {
            return mistake(
                "keywords",
                Bilingual::new(
                    format!("{} has the same keyword, \"{word}\"", other.file),
                    format!("{} a le même mot-clé, \"{word}\"", other.file),
                ),
                Bilingual::new("A keyword names one application.", "Un mot-clé nomme une seule application."),
            );
        }
        let own_names = || mapping.form_names.iter().chain([&mapping.name]);
        let their_names = || other.form_names.iter().chain([&other.name]);
        if let Some(name) = own_names().find(|name| their_names().any(|theirs| same(theirs, name))) {
            return mistake(
                if mapping.form_names.contains(name) { "form_names" } else { "name" },
                Bilingual::new(
                    format!("{} has the same form name, \"{name}\"", other.file),
                    format!("{} a le même nom de formulaire, \"{name}\"", other.file),
                ),
                Bilingual::new(
                    "A form name names one application.",
                    "Un nom de formulaire nomme une seule application.",
                ),
            );
        }
        if let Some(nature) =
            mapping.natures.iter().find(|nature| other.natures.iter().any(|theirs| same(&theirs.name, &nature.name)))
        {
            return mistake(
                "nature",
                Bilingual::new(
                    format!("{} has the same nature, \"{}\"", other.file, nature.name),
                    format!("{} a la même nature, \"{}\"", other.file, nature.name),
                ),
                Bilingual::new("A nature belongs to one application.", "Une nature est d’une seule application."),
            );
        }
    }
    for (index, nature) in mapping.natures.iter().enumerate() {
        if mapping.natures[..index].iter().any(|before| same(&before.name, &nature.name)) {
            return mistake(
                "nature",
                Bilingual::new(
                    format!("the nature \"{}\" is there twice", nature.name),
                    format!("la nature \"{}\" est là deux fois", nature.name),
                ),
                Bilingual::new("Give it once.", "Donnez-la une fois."),
            );
        }
    }
    if mapping.entity_otherwise.is_some()
        && !departments_and_own(mapping).any(|entity| entity.is_some_and(|entity| entity == REQUESTER))
    {
        return mistake(
            "entity_otherwise",
            Bilingual::new(
                "entity_otherwise without entity = \"requester\": nothing would use it",
                "entity_otherwise sans entity = \"requester\"\u{a0}: rien ne s’en servirait",
            ),
            Bilingual::new(
                "It is for requesters who have no entity of their own.",
                "Elle est pour les demandeurs qui n’ont pas d’entité à eux.",
            ),
        );
    }
    for number in mapping.departments.keys() {
        if !is_department(number) {
            return mistake(
                "department",
                Bilingual::new(
                    format!("[department.{number}] matches no school: \"{number}\" is no department's number"),
                    format!(
                        "[department.{number}] ne correspond à aucune école\u{a0}: \"{number}\" n’est pas un numéro de département"
                    ),
                ),
                Bilingual::new(
                    "Give it in three characters: 021 for Côte-d'Or, 02A for Corse-du-Sud, 971 for Guadeloupe.",
                    "Donnez-le en trois caractères\u{a0}: 021 pour la Côte-d’Or, 02A pour la Corse-du-Sud, 971 pour la Guadeloupe.",
                ),
            );
        }
    }
    check_levels(mapping, text)?;
    match content::check(mapping) {
        Ok(()) => Ok(()),
        Err((key, reason)) => {
            let help = Bilingual::new(
                "docs/en/mappings-and-escalation.md lists the names a template may use. What may be unknown is asked for \
                 first: {% if school %}…{% endif %}.",
                "docs/fr/mappings-et-escalade.md donne les noms qu’un modèle peut employer. Ce qui peut être inconnu se \
                 demande d’abord\u{a0}: {% if school %}…{% endif %}.",
            );
            mistake(key, Bilingual::new("the template fails ", "le modèle échoue ").then("", &reason), help)
        }
    }
}

fn empty(key: &str) -> Bilingual {
    Bilingual::new(format!("{key} is empty"), format!("{key} est vide"))
}

fn a_name() -> Bilingual {
    Bilingual::new("Give it a name.", "Donnez-lui un nom.")
}

/// What the mapping and its departments say of the entity.
fn departments_and_own(mapping: &Mapping) -> impl Iterator<Item = Option<&String>> {
    [mapping.entity.as_ref()].into_iter().chain(mapping.departments.values().map(|here| here.entity.as_ref()))
}

/// Whether screening would take two names for one.
fn same(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// Whether each level of escalation leads to another group, and its delays follow each other.
fn check_levels(mapping: &Mapping, text: &str) -> Result<(), ConfigError> {
    let mut below = mapping.first_groups();
    for (index, level) in mapping.levels.iter().enumerate() {
        let mistake = |key: &str, message: Bilingual, help: Bilingual| {
            let place = place_in_level(text, index, key);
            Err(ConfigError::in_file(&mapping.file, text, place, message, Some(help)))
        };
        if level.group.trim().is_empty() {
            let message = Bilingual::new("the group of an escalation is empty", "le groupe d’une escalade est vide");
            return mistake("group", message, a_name());
        }
        if below.contains(&level.group.as_str()) {
            return mistake(
                "group",
                Bilingual::new(
                    format!("the group \"{}\" is on a level below already", level.group),
                    format!("le groupe \"{}\" est déjà à un niveau inférieur", level.group),
                ),
                Bilingual::new(
                    "A group has one level of an application: its own, its natures' and departments' groups are the lowest.",
                    "Un groupe a un seul niveau d’une application\u{a0}; le sien et ceux de ses natures et départements sont au plus bas.",
                ),
            );
        }
        if let (Some(remind), Some(escalate)) = (level.remind_after, level.after)
            && remind >= escalate
        {
            return mistake(
                "remind_after",
                Bilingual::new(
                    "remind_after is not below after: the ticket would be gone before anybody is reminded",
                    "remind_after n’est pas inférieur à after\u{a0}: le ticket serait parti avant tout rappel",
                ),
                Bilingual::new(
                    "Remind earlier, escalate later, or leave one of them out.",
                    "Rappelez plus tôt, escaladez plus tard, ou omettez l’un des deux.",
                ),
            );
        }
        below.push(&level.group);
    }
    Ok(())
}

/// Whether a department's key is the number that its schools have.
fn is_department(number: &str) -> bool {
    crate::request::department_number(number).is_some_and(|written| written == number)
}

/// Where a top-level key stands in the file.
fn place_of(text: &str, key: &str) -> Option<std::ops::Range<usize>> {
    let parsed = toml::de::DeTable::parse(text).ok()?;
    let (_, value) = parsed.get_ref().get_key_value(key)?;
    Some(value.span())
}

/// Where a key of an `[[escalation]]` stands in the file, these counted from 0.
fn place_in_level(text: &str, index: usize, key: &str) -> Option<std::ops::Range<usize>> {
    let parsed = toml::de::DeTable::parse(text).ok()?;
    let levels = parsed.get_ref().get("escalation")?.get_ref().as_array()?;
    let level = levels.get(index)?.get_ref().as_table()?;
    level.get(key).map(toml::Spanned::span)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::Mappings;
    use crate::{
        flow::route::{Level, TargetEntity},
        request::{FormFields, TicketKind},
    };

    const BASE: &str = "name = \"LSU\"\nkeywords = [\"LSU\"]\ncategory = \"Scolarité > LSU\"\ngroup = \"Référents-LSU\"\ntype = \"incident\"\nurgency = 3\n";

    fn one(extra: &str) -> Result<Mappings, crate::config::ConfigError> {
        Mappings::parse([("lsu.toml".to_owned(), format!("{BASE}{extra}"))])
    }

    fn shown(result: Result<Mappings, crate::config::ConfigError>) -> String {
        format!("{:?}", miette::Report::new(result.unwrap_err()))
    }

    #[test]
    fn the_shipped_mappings_are_valid() {
        let mappings = Mappings::load(None).unwrap();
        let names: Vec<_> = mappings.all().iter().map(|mapping| mapping.name.as_str()).collect();
        assert_eq!(names, ["LSU", "ONDE", "ECECA", "APAE"]);
        assert_eq!(mappings.find("LSU").unwrap().category, "Scolarité > LSU");
        for mapping in mappings.all() {
            assert_eq!(mapping.levels.iter().map(|level| level.group.as_str()).collect::<Vec<_>>(), ["DSI-BAI"]);
        }
    }

    #[test]
    fn a_template_may_use_every_name_there_is_and_no_other() {
        one("title = \"[{{ application }}] {{ subject }}{% if uai %} ({{ uai }}){% endif %}\"").unwrap();
        let text = shown(one("title = \"{{ sujet }}\""));
        for part in ["the template fails", "lsu.toml:7:", "docs/en/mappings-and-escalation.md"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_template_is_tried_with_what_requests_bring_and_with_people_nobody_knows() {
        for title in ["{{ department|int }}", "{{ uai[:3] }}", "{% if school %}{{ school|length }}{% endif %}"] {
            one(&format!("title = \"{title}\"")).unwrap();
        }
        let text = shown(one("title = \"{{ school|length }}\""));
        for part in ["lsu.toml:7:", "title", "where nothing optional is known", "{% if school %}"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_department_is_given_as_school_codes_give_it() {
        for number in ["021", "971", "02A", "02B"] {
            one(&format!("[department.{number}]\nurgency = 4\n")).unwrap();
        }
        for number in ["21", "2A", "02a", "620", "0210", "'02é'", "cote-dor"] {
            let text = shown(one(&format!("[department.{number}]\nurgency = 4\n")));
            assert!(text.contains("matches no school") && text.contains("021"), "{text}");
        }
    }

    #[test]
    fn a_department_and_a_nature_change_the_target() {
        let mappings = one("[department.058]\ngroup = \"Référents-LSU-58\"\nurgency = 4\n\n[[nature]]\nname = \"Question\"\ntype = \"demande\"\n").unwrap();
        let mapping = mappings.find("LSU").unwrap();
        let plain = mapping.target(&FormFields::default(), None);
        assert_eq!((plain.group.as_str(), plain.urgency, plain.kind), ("Référents-LSU", 3, TicketKind::Incident));
        let form = FormFields { nature: Some("Question".into()), ..FormFields::default() };
        let target = mapping.target(&form, Some("058"));
        assert_eq!((target.group.as_str(), target.urgency, target.kind), ("Référents-LSU-58", 4, TicketKind::Request));
        let form = FormFields { urgency: Some(1), kind: Some(TicketKind::Incident), ..form };
        let chosen = mapping.target(&form, Some("058"));
        assert_eq!((chosen.urgency, chosen.kind), (1, TicketKind::Incident));
    }

    #[test]
    fn levels_of_escalation_come_in_the_order_of_the_file() {
        let mappings = one(concat!(
            "[[escalation]]\ngroup = \"DSI-BAI\"\nremind_after = \"8h\"\nafter = \"15h 30m\"\n\n",
            "[[escalation]]\ngroup = \"DSI-Études\"\n\n",
            "[[nature]]\nname = \"Accès\"\ngroup = \"Référents-Accès\"\n\n",
            "[department.058]\ngroup = \"Référents-LSU-58\"\n\n[department.089]\ngroup = \"Référents-LSU\"\n",
        ))
        .unwrap();
        let mapping = mappings.find("LSU").unwrap();
        let (hours, minutes) = (Duration::from_hours, Duration::from_mins);
        assert_eq!(
            mapping.levels,
            [
                Level {
                    group: "DSI-BAI".to_owned(),
                    label: None,
                    remind_after: Some(hours(8)),
                    after: Some(hours(15) + minutes(30))
                },
                Level { group: "DSI-Études".to_owned(), label: None, remind_after: None, after: None },
            ]
        );
        assert_eq!(mapping.first_groups(), ["Référents-LSU", "Référents-Accès", "Référents-LSU-58"]);
        let names = mapping.names();
        for group in ["Référents-LSU", "DSI-BAI", "DSI-Études", "Référents-Accès", "Référents-LSU-58"] {
            let mut groups = names.iter().flat_map(|names| names.first_groups.iter().chain(&names.levels));
            assert!(groups.any(|name| *name == group), "{group} in {names:?}");
        }
    }

    #[rstest]
    #[case::the_earlier_form("escalation = \"DSI-BAI\"", 7, "[[escalation]]")]
    #[case::no_group("[[escalation]]\nafter = \"8h\"", 7, "missing field `group`")]
    #[case::an_empty_group("[[escalation]]\ngroup = \" \"", 8, "is empty")]
    #[case::the_mapping_s_own_group("[[escalation]]\ngroup = \"Référents-LSU\"", 8, "on a level below already")]
    #[case::a_nature_s_group(
        "[[escalation]]\ngroup = \"B\"\n[[nature]]\nname = \"N\"\ngroup = \"B\"",
        8,
        "on a level below already"
    )]
    #[case::a_department_s_group(
        "[[escalation]]\ngroup = \"B\"\n[department.021]\ngroup = \"B\"",
        8,
        "on a level below already"
    )]
    #[case::twice("[[escalation]]\ngroup = \"B\"\n[[escalation]]\ngroup = \"B\"", 10, "on a level below already")]
    #[case::no_time_to_act(
        "[[escalation]]\ngroup = \"A\"\n[[escalation]]\ngroup = \"B\"\nremind_after = \"8h\"\nafter = \"8h\"",
        11,
        "not below after"
    )]
    #[case::days("[[escalation]]\ngroup = \"B\"\nafter = \"2d\"", 9, "\"8h\"")]
    #[case::weeks("[[escalation]]\ngroup = \"B\"\nremind_after = \"1week 2h\"", 9, "\"8h\"")]
    #[case::at_once("[[escalation]]\ngroup = \"B\"\nafter = \"0h\"", 9, "\"8h\"")]
    #[case::no_unit("[[escalation]]\ngroup = \"B\"\nafter = \"16\"", 9, "\"8h\"")]
    #[case::an_unknown_key("[[escalation]]\ngroup = \"B\"\nrelance = \"8h\"", 9, "`remind_after`")]
    fn a_wrong_level_is_shown_at_its_line(#[case] extra: &str, #[case] line: usize, #[case] message: &str) {
        let text = shown(one(extra));
        for part in [message, &format!("lsu.toml:{line}:")] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[rstest]
    #[case::a_form_name("form_names = [\"Livret Scolaire\"]", "form_names = [\"livret  scolaire\"]", "same form name")]
    #[case::a_name_as_form_name("", "form_names = [\"Lsu\"]", "same form name")]
    #[case::a_name("", "", "same name")]
    #[case::a_nature("[[nature]]\nname = \"Accès\"", "[[nature]]\nname = \"ACCES\"", "same nature")]
    fn names_that_screening_takes_for_one_belong_to_one_application(
        #[case] of_one: &str,
        #[case] of_other: &str,
        #[case] message: &str,
    ) {
        let name = if message == "same name" { "name = \"lsu\"" } else { "name = \"X\"" };
        let other = BASE.replace("name = \"LSU\"", name).replace("[\"LSU\"]", "[\"X\"]");
        let files = [("a.toml".into(), format!("{BASE}{of_one}")), ("b.toml".into(), format!("{other}{of_other}"))];
        let text = shown(Mappings::parse(files));
        assert!(text.contains(message) && text.contains("b.toml"), "{text}");
    }

    #[test]
    fn requesters_are_told_of_a_level_in_words_that_they_know() {
        let names = |extra: &str| {
            let mappings = one(extra).unwrap();
            assert_eq!(mappings.public_name(None, "DSI-BAI"), mappings.public_name(Some("LSU"), "DSI-BAI"));
            ["Référents-LSU", "DSI-BAI", "DSI-Études"].map(|group| mappings.public_name(Some("LSU"), group))
        };
        let levels = "[[escalation]]\ngroup = \"DSI-BAI\"\n[[escalation]]\ngroup = \"DSI-Études\"\nlabel = \"les concepteurs\"\n";
        let assisting = "l’équipe qui assiste Référents-LSU (DSI-BAI)";
        assert_eq!(names(levels), ["Référents-LSU", assisting, "les concepteurs"]);
        let own = format!("label = \"les référents LSU\"\n{levels}");
        assert_eq!(names(&own)[..2], ["les référents LSU", assisting]);
    }

    #[test]
    fn a_nature_is_found_as_screening_finds_it() {
        let mappings = one("[[nature]]\nname = \"Accès : import\"\ngroup = \"Référents-Accès\"").unwrap();
        let form = FormFields { nature: Some("ACCES import".into()), ..FormFields::default() };
        assert_eq!(mappings.find("LSU").unwrap().target(&form, None).group, "Référents-Accès");
        let twice = "[[nature]]\nname = \"Accès\"\n\n[[nature]]\nname = \"acces\"";
        assert!(shown(one(twice)).contains("there twice"));
    }

    #[test]
    fn tickets_may_go_into_their_requesters_own_entities() {
        let own = TargetEntity::Requester { otherwise: Some("Racine > Repli".into()) };
        let lines =
            "entity = \"requester\"\nentity_otherwise = \"Racine > Repli\"\n[department.058]\nentity = \"Racine > 58\"";
        let mappings = one(lines).unwrap();
        let mapping = mappings.find("LSU").unwrap();
        let place = |department| mapping.target(&FormFields::default(), department).entity;
        assert_eq!((place(None), place(Some("058"))), (own, TargetEntity::Entity("Racine > 58".into())));
        assert_eq!(mapping.place_of_levels(), TargetEntity::Entity("Racine > Repli".into()));
        assert!(shown(one("entity_otherwise = \"Racine\"")).contains("nothing would use it"));
    }

    #[test]
    fn an_unknown_key_is_shown_at_its_line_with_the_valid_ones() {
        let text = shown(one("groupe = \"x\"\n"));
        for part in ["unknown field `groupe`", "lsu.toml:7:", "`group`", "`escalation`"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let wrong_type = BASE.replace("\"incident\"", "\"panne\"");
        let text = shown(Mappings::parse([("a.toml".into(), wrong_type)]));
        assert!(text.contains("a.toml:5:") && text.contains("demande"), "{text}");
        let wrong_urgency = BASE.replace("urgency = 3", "urgency = 9");
        assert!(shown(Mappings::parse([("a.toml".into(), wrong_urgency)])).contains("between 1"));
        assert!(shown(one("title = \"{{ sujet }}\"\n")).contains("lsu.toml:7:"));
        assert!(shown(one("content = \"{% if %}\"\n")).contains("lsu.toml:7:"));
        let twice =
            [("a.toml".into(), BASE.to_owned()), ("b.toml".into(), BASE.replace("name = \"LSU\"", "name = \"X\""))];
        assert!(shown(Mappings::parse(twice)).contains("same keyword"));
    }
}
