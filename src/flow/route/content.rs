//! The texts of a ticket: its title, and its content, which always opens with who asks and the reference.
//!
//! Minijinja, because the academy edits these templates while the gateway runs; all others are askama's.

use std::{collections::BTreeMap, sync::LazyLock};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::{Mapping, RouteError, Target, opening};
use crate::{
    flow::screen::Screened,
    request::{Address, Channel, FormFields, Origin, School},
    text::Bilingual,
};

/// The content where a mapping gives no template.
const CONTENT: &str = include_str!("content.html");
const TITLE: &str = "{{ subject }}";

/// Bounds the work of a template an academy wrote: about 50,000 instructions.
const FUEL: u64 = 50_000;
/// GLPI keeps 255 characters of a title.
const TITLE_LENGTH: usize = 250;

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    // What is not known of a person is nothing to read, not the word «None».
    engine.set_formatter(
        |out, state, value| {
            if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
        },
    );
    engine.set_auto_escape_callback(|name| if name == "title" { AutoEscape::None } else { AutoEscape::Html });
    engine
});

/// The title and content of the ticket of a screened request.
pub(super) fn render(
    mapping: &Mapping,
    screened: &Screened,
    form: &FormFields,
    target: &Target,
) -> Result<(String, String), RouteError> {
    let values = values(screened, form, target);
    let fails = |template| {
        move |source: minijinja::Error| RouteError::Template { template, file: mapping.file.clone(), source }
    };
    let title = evaluate("title", mapping.title.as_deref().unwrap_or(TITLE), &values).map_err(fails("title"))?;
    let fingerprint = match &screened.received().origin {
        Origin::Mail(mail) => mail.fingerprint.map(|fingerprint| fingerprint.to_string()),
        Origin::Form(_) => None,
    };
    let school_by_form = screened.is_school_by_form_alone();
    let opened = context! { fingerprint, school_by_form, ..values.clone() };
    let opening = evaluate("opening", opening::TEMPLATE, &opened).map_err(fails("opening"))?;
    let content =
        evaluate("content", mapping.content.as_deref().unwrap_or(CONTENT), &values).map_err(fails("content"))?;
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = if title.is_empty() { format!("{} : demande sans objet", target.application) } else { title };
    Ok((title.chars().take(TITLE_LENGTH).collect(), format!("{opening}{content}")))
}

/// Whether every request brings a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Always,
    Sometimes,
}

/// The names of [`values`], each with a value as requests bring it.
const SAMPLE: &[(&str, Given, &str)] = &[
    ("subject", Given::Always, "LSU\u{a0}: accès impossible"),
    ("email", Given::Always, "ce.0210001a@ac-dijon.fr"),
    ("name", Given::Sometimes, "Jeanne Martin"),
    ("role", Given::Sometimes, "directrice"),
    ("school", Given::Sometimes, "École élémentaire Voltaire"),
    ("uai", Given::Sometimes, "0210001A"),
    ("other_schools", Given::Sometimes, "École Jean Moulin (0210002B)"),
    ("circonscription", Given::Sometimes, "Dijon Nord"),
    ("department", Given::Sometimes, "021"),
    ("phone", Given::Sometimes, "03 80 00 00 00"),
    ("copies", Given::Sometimes, "ien.dijon@ac-dijon.fr"),
    ("forwarder", Given::Sometimes, "ien.dijon@ac-dijon.fr"),
    ("application", Given::Always, "LSU"),
    ("nature", Given::Sometimes, "LSU : import et export"),
    ("error_message", Given::Sometimes, "Erreur 500"),
    ("reference", Given::Always, "P-7K3M-Q2XV-9D4T"),
    ("day_mark", Given::Always, "J-7K3M-Q2XV"),
    ("channel", Given::Always, "courriel"),
    ("arrived", Given::Always, "03/11/2026 à 10:15"),
    ("body", Given::Always, "<p>Bonjour</p>"),
    ("folded", Given::Sometimes, "<p>-- <br>Jeanne Martin</p>"),
    ("text", Given::Always, "Bonjour"),
    ("category", Given::Always, "Scolarité > LSU"),
    ("group", Given::Always, "Référents-LSU"),
];

/// Tries a mapping's templates with every name they may use, first with all that a request can bring, then
/// with no more than each brings; gives the key of the one that fails, and when and why.
pub(super) fn check(mapping: &Mapping) -> Result<(), (&'static str, Bilingual)> {
    let whole = sample(|_| true);
    let bare = sample(|given| given == Given::Always);
    for (key, template) in [("title", &mapping.title), ("content", &mapping.content)] {
        let Some(template) = template else { continue };
        for (english, french, values) in [
            ("where everything is known", "quand tout est connu", &whole),
            ("where nothing optional is known", "quand rien de facultatif n’est connu", &bare),
        ] {
            evaluate(key, template, values).map_err(|error| {
                (key, Bilingual::new(format!("{english}: {error:#}"), format!("{french} : « {error:#} »")))
            })?;
        }
    }
    Ok(())
}

/// The sample, without the values that are not `known`, as [`values`] leaves them out.
fn sample(known: impl Fn(Given) -> bool) -> Value {
    let value = |given, text: &&'static str| known(given).then_some(*text);
    SAMPLE.iter().map(|(name, given, text)| (*name, value(*given, text))).collect::<BTreeMap<_, _>>().into()
}

fn evaluate(name: &str, template: &str, values: &Value) -> Result<String, minijinja::Error> {
    ENGINE.render_named_str(name, template, values)
}

/// What a template may use; docs/en/mappings-and-escalation.md lists it for the academy.
fn values(screened: &Screened, form: &FormFields, target: &Target) -> Value {
    let received = screened.received();
    let person = screened.person();
    context! {
        subject => received.subject.clone(),
        email => screened.requester().as_str(),
        name => person.name.as_ref().or(received.display_name.as_ref()),
        role => person.role.clone(),
        school => person.school.clone(),
        uai => screened.uai(),
        other_schools => (!person.other_schools.is_empty())
            .then(|| person.other_schools.iter().map(School::shown).collect::<Vec<_>>().join(", ")),
        circonscription => person.circonscription.clone(),
        department => screened.department(),
        phone => form.phone.as_ref().or(person.phone.as_ref()),
        copies => screened.copies().named(),
        forwarder => screened.copies().forwarder.as_ref().map(Address::as_str),
        application => target.application.clone(),
        nature => form.nature.clone(),
        error_message => form.error_message.clone(),
        reference => received.reference.to_string(),
        day_mark => screened.day_mark().to_string(),
        channel => match received.channel {
            Channel::Form | Channel::Returned => "formulaire",
            Channel::Lmtp | Channel::Imap | Channel::HttpMail | Channel::Stdin => "courriel",
        },
        arrived => Value::from_safe_string(screened.arrived().strftime("%d/%m/%Y à %H:%M").to_string()),
        // Sanitised by intake, so not escaped again.
        body => Value::from_safe_string(received.body.html.clone()),
        folded => received.body.folded_html.clone().map(Value::from_safe_string),
        text => received.body.text.clone(),
        category => target.category.clone(),
        group => target.group.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mappings, Opening, RouteError, Target, requester_of, route};
    use crate::{
        flow::screen::{self, DayPlace, samples},
        request::{Body, DirectoryAnswer, FormFields, Person},
    };

    fn screened(change: impl FnOnce(&mut crate::request::Received)) -> screen::Screened {
        let rules = samples::rules(|_| {});
        let mut received = samples::mail(|_| {});
        change(&mut received);
        let identified = screen::identify(received, &rules).unwrap();
        let proven =
            screen::prove(identified, &screen::Proof::NotProven(crate::text::Bilingual::default()), &rules).unwrap();
        let Ok(screen::Passed::Request(candidate)) = screen::by_itself(proven, &rules, &samples::applications()) else {
            panic!("no request")
        };
        let person = Person {
            name: Some("Jeanne <b>Martin</b>".into()),
            school: Some("École élémentaire Voltaire".into()),
            circonscription: Some("Dijon Nord".into()),
            ..Person::default()
        };
        let director = screen::director(DirectoryAnswer::Director(person), &rules).unwrap();
        screen::admit(candidate, director, screen::quota(&DayPlace::Reserved, &rules).unwrap())
    }

    #[test]
    fn a_ticket_opens_with_who_asks_and_the_reference() {
        let screened = screened(|received| {
            received.body = Body {
                html: "<p>Bonjour <b>!</b></p>".into(),
                folded_html: Some("<p>-- </p>".into()),
                text: "Bonjour !".into(),
            };
        });
        let reference = screened.received().reference.to_string();
        let day_mark = screened.day_mark().to_string();
        let routed = route(screened, &Mappings::load(None).unwrap()).unwrap();
        assert_eq!(routed.title(), "LSU : accès impossible");
        for part in [
            "Jeanne &lt;b&gt;Martin",
            "ce.0210001a@ac-dijon.fr",
            "École élémentaire Voltaire",
            "(0210001A)",
            "Département\u{a0}:</strong> 021",
            &reference,
            &day_mark,
            "courriel du 01/01/1970 à 00:00",
            "<p>Bonjour <b>!</b></p>",
            "<details><summary>Signature et messages précédents</summary><p>-- </p></details>",
        ] {
            assert!(routed.content().contains(part), "{part} in {}", routed.content());
        }
        assert_eq!(routed.target().group, "Référents-LSU");
    }

    #[test]
    fn an_opening_is_read_back_whatever_the_requester_is_called() {
        let is_application = |name: &str| ["LSU", "LSU (livret)"].contains(&name);
        for (application, nature) in [
            ("LSU", None),
            ("LSU", Some("LSU : import & export")),
            ("LSU", Some("Saisie (bilans)")),
            ("LSU (livret)", None),
            ("LSU (livret)", Some("Accès / \"habilitations\"")),
            ("ONDE", Some("ONDE : accès")),
        ] {
            let screened = screened(|received| {
                received.display_name = Some("Application : ONDE (x)<hr>".into());
                received.body.html = "<p>Application : APAE</p><hr>".into();
            });
            let reference = screened.received().reference;
            let form = FormFields { nature: nature.map(str::to_owned), ..FormFields::default() };
            let mappings = Mappings::load(None).unwrap();
            let mapping = mappings.find("LSU").unwrap();
            let target = Target { application: application.to_owned(), ..mapping.target(&form, None) };
            let (_, content) = super::render(mapping, &screened, &form, &target).unwrap();
            let opening = Opening::read(&content, is_application).unwrap();
            assert_eq!(opening.reference, reference);
            let school = (opening.school_name(), opening.department.as_deref());
            assert_eq!(school, (Some("École élémentaire Voltaire"), Some("021")), "{content}");
            assert_eq!((opening.circonscription.as_deref(), opening.is_form), (Some("Dijon Nord"), false), "{content}");
            let by_form = content.replacen("(courriel du ", "(formulaire du ", 1);
            assert!(Opening::read(&by_form, is_application).unwrap().is_form, "{by_form}");
            assert_eq!(requester_of(&content).as_ref(), Some(screened.requester()), "{content}");
            assert_eq!((opening.application.as_str(), opening.nature.as_deref()), (application, nature), "{content}");
            assert!(content[opening.end..].trim_start().starts_with("<p>Application : APAE</p>"), "{content}");
        }
        for other in ["", "<p>Bonjour</p>", "<p>Application : LSU</p><hr>", "<hr>"] {
            assert_eq!(Opening::read(other, is_application), None, "{other}");
        }
    }

    #[test]
    fn a_subject_can_neither_break_the_title_nor_be_too_long() {
        let routed = route(
            screened(|received| received.subject = format!("LSU {} fin", "très ".repeat(100))),
            &Mappings::load(None).unwrap(),
        )
        .unwrap();
        assert_eq!(routed.title().chars().count(), 250);
    }

    #[test]
    fn what_is_not_known_leaves_no_word_in_a_template() {
        let lsu = include_str!("../../../mappings/lsu.toml")
            .replace("urgency = 3", "urgency = 3\ntitle = '{{ subject }} ({{ role }}{{ name }})'");
        let mappings = Mappings::parse([("lsu.toml".into(), lsu)]).unwrap();
        let routed = route(screened(|_| {}), &mappings).unwrap();
        assert_eq!(routed.title(), "LSU : accès impossible (Jeanne <b>Martin</b>)");
    }

    #[test]
    fn a_mapping_that_went_away_is_named() {
        let only_onde =
            Mappings::parse([("onde.toml".into(), include_str!("../../../mappings/onde.toml").into())]).unwrap();
        let error = route(screened(|_| {}), &only_onde).unwrap_err();
        assert!(matches!(error, RouteError::NoMapping(name) if name == "LSU"));
    }
}
