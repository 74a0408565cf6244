//! What is to name recipients and finds nobody: a zone, an application; with those known ones that are near. Somebody who
//! mistypes one of several would else believe that all of them are told.

use std::collections::BTreeSet;

use super::zones::{Zone, Zones};
use crate::text::{
    Bilingual, Language,
    fold::phrase,
    french,
    near::{ALIKE, near},
};

/// Known ones that are named at most.
const NEAR: usize = 3;

/// What was to name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrangerKind {
    /// No zone is written so.
    NoZone,
    /// A department, or a circonscription, of which the directory has nobody.
    Zone,
    /// An application that no mapping has.
    Application,
}

/// What names recipients, and finds nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// What it was to be.
    pub kind: StrangerKind,
    /// As it was given.
    pub given: String,
    /// Known ones that are near, the nearest first.
    pub near: Vec<String>,
}

impl Stranger {
    /// What is wrong, and what helps.
    pub fn said(&self) -> Bilingual {
        let given = &self.given;
        let why = match self.kind {
            StrangerKind::NoZone => Bilingual::new(
                format!(
                    "\"{given}\" is no zone; give each department (021) or circonscription (021/Dijon Nord) by itself"
                ),
                format!(
                    "«\u{a0}{given}\u{a0}» n’est pas une zone\u{a0}; donnez un par un les départements (021) et les circonscriptions (021/Dijon Nord)"
                ),
            ),
            StrangerKind::Zone if given.contains('/') => Bilingual::new(
                format!("the directory has nobody in circonscription \"{given}\"; correct it, or leave it out"),
                format!(
                    "l’annuaire n’a personne de la circonscription «\u{a0}{given}\u{a0}»\u{a0}; corrigez-la, ou retirez-la"
                ),
            ),
            StrangerKind::Zone => Bilingual::new(
                format!("the directory has nobody in department {given}; correct it, or leave it out"),
                format!("l’annuaire n’a personne du département {given}\u{a0}; corrigez-le, ou retirez-le"),
            ),
            StrangerKind::Application => Bilingual::new(
                format!("no mapping has the application \"{given}\"; correct it, or leave it out"),
                format!("aucune application ne s’appelle «\u{a0}{given}\u{a0}»\u{a0}; corrigez-la, ou retirez-la"),
            ),
        };
        if self.near.is_empty() {
            return why;
        }
        let near = Bilingual::same(self.near.join(", "));
        why.then(". ", &Bilingual::new("Known and near", "Connues et proches").saying(&near))
    }

    /// Several, as people read them: French sentences.
    pub fn told(strangers: &[Self]) -> String {
        let sentences: Vec<String> =
            strangers.iter().map(|stranger| french::sentence(stranger.said().text(Language::French))).collect();
        sentences.join(" ")
    }
}

/// Several in one line.
pub(super) fn all_said(strangers: &[Stranger]) -> Bilingual {
    let mut said = strangers.iter().map(Stranger::said);
    let first = said.next().unwrap_or_default();
    said.fold(first, |all, next| all.then("", &Bilingual::new("; ", " ; ")).then("", &next))
}

/// Texts that are no zone, with the known zones that are near.
pub(super) fn misread(given: &[String], known: &BTreeSet<Zone>) -> Vec<Stranger> {
    let stranger = |given: &String| Stranger {
        kind: StrangerKind::NoZone,
        given: given.trim().to_owned(),
        near: first_near(given, known.iter().map(Zone::code)),
    };
    given.iter().map(stranger).collect()
}

/// Those of the zones of which nobody is known.
pub(super) fn empty_zones(zones: &Zones, known: &BTreeSet<Zone>) -> Vec<Stranger> {
    let names = |one: &Zone| known.iter().any(|other| is_same(one, other));
    let empty = zones.each().filter(|zone| !names(zone));
    empty
        .map(|zone| Stranger {
            kind: StrangerKind::Zone,
            given: zone.code(),
            near: first_near(&zone.code(), known.iter().filter(|other| is_like(zone, other)).map(Zone::code)),
        })
        .collect()
}

/// The application where none of these is it.
pub(super) fn unknown_application<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Stranger> {
    let known: Vec<&str> = known.collect();
    let is_known = known.iter().any(|other| phrase(other) == phrase(name));
    let stranger = || Stranger {
        kind: StrangerKind::Application,
        given: name.to_owned(),
        near: first_near(name, known.iter().map(ToString::to_string)),
    };
    (!is_known).then(stranger)
}

fn is_same(one: &Zone, other: &Zone) -> bool {
    match (one, other) {
        (Zone::Circonscription { department, name }, Zone::Circonscription { department: of, name: other }) => {
            department == of && phrase(name) == phrase(other)
        }
        (one, other) => one == other,
    }
}

/// Whether both are departments, or both circonscriptions.
fn is_like(one: &Zone, other: &Zone) -> bool {
    matches!(one, Zone::Department(_)) == matches!(other, Zone::Department(_))
}

/// The first of the names that are like this one.
fn first_near(given: &str, known: impl Iterator<Item = String>) -> Vec<String> {
    near(given, known, ALIKE).into_iter().take(NEAR).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::{Stranger, empty_zones, misread, unknown_application};
    use crate::announcements::{Zone, Zones};

    fn known() -> BTreeSet<Zone> {
        ["021", "058", "021/Dijon Nord", "021/Dijon Sud", "058/Nevers"].map(|code| Zone::parse(code).unwrap()).into()
    }

    fn named(strangers: &[Stranger]) -> Vec<String> {
        strangers.iter().map(|it| format!("{}: {}", it.given, it.near.join(", "))).collect()
    }

    #[rstest]
    #[case::known(&["21", "021/DIJON  NORD"], &[])]
    #[case::another_department(&["021", "028"], &["028: 021, 058"])]
    #[case::another_circonscription(&["021/Dijon Nrod"], &["021/Dijon Nrod: 021/Dijon Nord, 021/Dijon Sud"])]
    #[case::of_another_department(&["058/Dijon Nord"], &["058/Dijon Nord: 021/Dijon Nord, 021/Dijon Sud"])]
    #[case::far_from_all(&["971"], &["971: "])]
    fn a_zone_of_nobody_is_named_with_those_near(#[case] zones: &[&str], #[case] expected: &[&str]) {
        let zones = Zones::of(zones.iter().map(|code| Zone::parse(code).unwrap()));
        assert_eq!(named(&empty_zones(&zones, &known())), expected);
    }

    #[test]
    fn what_is_no_zone_is_near_what_it_is_like() {
        let given = ["0Z1", "dijon nord", "?"].map(str::to_owned);
        let expected = ["0Z1: 021", "dijon nord: 021/Dijon Nord, 021/Dijon Sud", "?: "];
        assert_eq!(named(&misread(&given, &known())), expected);
    }

    #[test]
    fn an_application_is_known_whatever_its_case() {
        assert_eq!(unknown_application("lsu", ["LSU", "ONDE"].into_iter()), None);
        assert_eq!(unknown_application("LSUU", ["LSU", "ONDE"].into_iter()).unwrap().near, ["LSU"]);
    }
}
