//! Arguments of `passerelle inform` that cannot be used: each is refused with its name, the reason and the remedy, in the
//! language of the output, and nothing is kept or sent.

use std::fs;

use passerelle::{
    announcements::{
        Excess, ExcessPart, InformError, KeepingError, Lack, MailingState, NoList, NotFrozen, Recipients, SendingError,
        Stranger, StrangerKind, Unfrozen,
    },
    request::{LeftOut, Reference},
    text::{Bilingual, Language},
};
use rstest::rstest;

use super::{
    commands::Desk,
    sink::{Moods, Sink},
};
use crate::support::{bilingual::is_in_both, gateway::sandbox};

const CONFIRMED: [(&str, &str); 2] =
    [("ANNOUNCEMENTS__CONFIRM_ABOVE", "30"), ("PEOPLE__OPERATORS", "chef@ac-dijon.fr,autre@ac-dijon.fr")];

/// The arguments behind `inform`, with `@` before a name of a file; the exit code; what is said in English and in French.
type Row = (&'static [&'static str], i32, &'static str, &'static str);

/// Of an announcement.
const WRITTEN: [Row; 23] = [
    (&["@absent.md"], 64, "absent.md cannot be read", "absent.md ne se lit pas"),
    (&["@folder"], 64, "cannot be read", "ne se lit pas"),
    (&["@latin.md"], 64, "in UTF-8", "en UTF-8"),
    (&["@empty.md"], 64, "it has no subject", "elle n’a pas d’objet"),
    (&["@plain.md"], 64, "--subject, or `# …`", "--subject, ou `# …`"),
    (&["@comment.md"], 64, "it has no text", "elle n’a pas de texte"),
    (&["@title.md"], 64, "it has no text", "elle n’a pas de texte"),
    (&["@lsu.md", "--subject", " "], 64, "it has no subject", "elle n’a pas d’objet"),
    (&["@long.md"], 64, "151 characters, and 150 at most", "151 caractères, et 150 au plus"),
    (&["@lsu.md", "--zone", ""], 64, "\"\" is no zone", "n’est pas une zone"),
    (&["@lsu.md", "--zone", "021,058"], 64, "\"021,058\" is no zone", "«\u{a0}021,058\u{a0}» n’est pas une zone"),
    (&["@lsu.md", "--application", " "], 64, "--application is empty", "--application est vide"),
    (&["@lsu.md", "--by", ""], 64, "--by is empty", "--by est vide"),
    (&["@lsu.md", "--list", "@absent.txt"], 64, "absent.txt cannot be read", "absent.txt ne se lit pas"),
    (&["@lsu.md", "--list", "@many.txt"], 64, "20001 addresses, and 20000 at most", "20001 adresses, et 20000 au plus"),
    (&["@lsu.md", "--list", "@empty.md"], 64, "has no address", "n’a aucune adresse"),
    (&["@lsu.md", "--attach", "@folder"], 64, "cannot be read", "ne se lit pas"),
    (&["@lsu.md", "--portal", "--until", "2020-01-01"], 64, "--until is over", "--until est passé"),
    (&["@lsu.md", "--portal-only", "--until", "2020-01-01T18:00+05:00"], 64, "--until is over", "--until est passé"),
    (&["@lsu.md", "--portal", "--until", "9999-12-31"], 64, "later than GLPI keeps", "plus tard que ce que GLPI garde"),
    // To so many addresses somebody else has to confirm it, whoever that is not.
    (&["@lsu.md"], 64, "give --by ADDRESS", "donnez --by ADRESSE"),
    (&["@lsu.md", "--by", "Le chef"], 64, "give --by ADDRESS", "donnez --by ADRESSE"),
    (&["@lsu.md", "--until", "2036-01-01"], 64, "add --portal", "ajoutez --portal"),
];

/// Of one that waits to be confirmed, `P` for its name and `C` for its code.
const OF_ONE: [Row; 15] = [
    (&["confirm", "P", "--code", "C", "--by", ""], 64, "--by is empty", "--by est vide"),
    (&["confirm", "P", "--code", "C", "--by", " \u{a0} "], 64, "--by is empty", "--by est vide"),
    (&["confirm", "P", "--code", "C", "--by", "autre"], 64, "\"autre\" is no mail address", "n’est pas une adresse"),
    (
        &["confirm", "P", "--code", "C", "--by", "chef@ac-dijon.fr"],
        1,
        "a second person does",
        "une seconde personne le fait",
    ),
    (
        &["confirm", "P", "--code", "C", "--by", " CHEF@ac-dijon.fr "],
        1,
        "a second person does",
        "une seconde personne le fait",
    ),
    (
        &["confirm", "P", "--code", "C", "--by", "ce.0001@ac-dijon.fr"],
        1,
        "is no operator",
        "n’est pas de l’exploitation",
    ),
    (&["confirm", "P", "--code", "", "--by", "autre@ac-dijon.fr"], 64, "--code is empty", "--code est vide"),
    (&["confirm", "P", "--code", "AAAA", "--by", "autre@ac-dijon.fr"], 1, "does not confirm it", "ne la confirme pas"),
    (
        &["confirm", "P-7K3M-Q2XV-9D4T", "--code", "C", "--by", "autre@ac-dijon.fr"],
        1,
        "no announcement of this name",
        "aucune information n’a ce nom",
    ),
    (&["show", "P-7K3M-Q2XV-9D4T"], 1, "no announcement of this name", "aucune information n’a ce nom"),
    (&["stop", "P", "--by", ""], 64, "--by is empty", "--by est vide"),
    (&["resume", "P", "--by", ""], 64, "--by is empty", "--by est vide"),
    (&["resume", "P", "--doubtful", "send", "--batch", "0"], 64, "there is no batch 0", "il n’y a pas de lot 0"),
    (&["resume", "P", "--doubtful", "sent", "--batch", "9"], 64, "numbered from 1 to 2", "numérotés de 1 à 2"),
    (&["end", "P"], 64, "is not on the portal", "n’est pas sur le portail"),
];

/// What the parser of arguments refuses itself.
const UNREAD: [&[&str]; 9] = [
    &["show", "12"],
    &["show", ""],
    &["resume", "P-7K3M-Q2XV-9D4T", "--doubtful", "perhaps"],
    &["resume", "P-7K3M-Q2XV-9D4T", "--batch", "1"],
    &["resume", "P-7K3M-Q2XV-9D4T", "--doubtful", "send", "--batch", "-1"],
    &["confirm", "P-7K3M-Q2XV-9D4T", "--code", "X"],
    &["lsu.md", "--until", "demain"],
    &["lsu.md", "--last-requesters"],
    &["lsu.md", "--lang", "de"],
];

#[rstest]
#[case::in_english(Language::English)]
#[case::in_french(Language::French)]
#[tokio::test(flavor = "multi_thread")]
async fn each_is_refused_and_says_why(#[case] language: Language) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let desk = Desk::new(&sandbox, &sink.url(), &CONFIRMED);
    fs::create_dir(desk.path("folder")).unwrap();
    let long = format!("# {}\n\nBonjour", "é".repeat(151));
    let many = (0..20_001).map(|number| format!("a{number}@b.fr")).collect::<Vec<_>>().join("\n");
    for (name, content) in [
        ("latin.md", &b"# \xe9t\xe9\n\nBonjour"[..]),
        ("empty.md", b""),
        ("plain.md", b"Bonjour"),
        ("title.md", "# Été\n".as_bytes()),
        ("comment.md", "# Été\n\n<!-- à écrire -->\n".as_bytes()),
        ("long.md", long.as_bytes()),
        ("many.txt", many.as_bytes()),
    ] {
        fs::write(desk.path(name), content).unwrap();
    }
    let name = if language == Language::French { "fr" } else { "en" };
    let spelled = |arguments: &[&str]| -> Vec<String> {
        arguments.iter().map(|it| it.strip_prefix('@').map_or_else(|| (*it).to_owned(), |it| desk.path(it))).collect()
    };
    let is_said = async |arguments: Vec<String>, (_, expected, english, french): Row| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--lang", name]).collect();
        let (said, code) = desk.said(&arguments).await;
        let wanted = if language == Language::French { french } else { english };
        assert!(code == Some(expected) && said.contains(wanted), "{arguments:?}: {code:?} {said}");
    };
    for row in WRITTEN {
        is_said(spelled(row.0), row).await;
    }
    // What would be refused for want of an address says so before it is tried.
    let both = [
        ("Le chef", "give --by ADDRESS", "donnez --by ADRESSE"),
        ("chef@ac-dijon.fr", "a second person would have to confirm it", "une seconde personne devrait la confirmer"),
    ];
    for (by, english, french) in both {
        let wanted = if language == Language::French { french } else { english };
        let (said, code) = desk.said(&[&desk.path("lsu.md"), "--by", by, "--dry-run", "--lang", name]).await;
        assert!(code == Some(0) && said.contains(wanted), "{by}: {code:?} {said}");
    }
    for arguments in UNREAD {
        let (said, code) = desk.said(arguments).await;
        assert!(code == Some(64) && said.contains("error:"), "{arguments:?}: {code:?} {said}");
    }
    assert!(desk.run(&["list"]).await.stdout.is_empty() && sink.taken().is_empty());
    let (said, code) = desk.said(&[&desk.path("lsu.md"), "--by", "chef@ac-dijon.fr"]).await;
    assert_eq!(code, Some(0), "{said}");
    let reference = super::commands::only(&desk).await;
    let text = sink.taken()[0].mail.replace("=\r\n", "");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    for row in OF_ONE {
        let arguments = row.0.iter().map(|it| match *it {
            "P" => reference.clone(),
            "C" => code.clone(),
            other => other.to_owned(),
        });
        is_said(arguments.collect(), row).await;
    }
    assert_eq!(sink.taken().len(), 1, "nothing goes");
}

/// Everything that can be said of an announcement is said in both languages.
#[test]
fn each_reason_is_said_in_both_languages() {
    let strangers = [(StrangerKind::NoZone, "0Z1"), (StrangerKind::Zone, "088"), (StrangerKind::Zone, "021/Norf")];
    let strangers = strangers.into_iter().chain([(StrangerKind::Application, "LSUU")]).map(|(kind, given)| Stranger {
        kind,
        given: given.to_owned(),
        near: vec!["021".to_owned()],
    });
    let refused = |why: &str| KeepingError::FileRefused { name: "a.csv".into(), size: 3, why: why.into() };
    let large = KeepingError::TooLarge { name: "a.csv".into(), size: 3, setting: "post_max_size" };
    let mut errors = vec![
        InformError::Off,
        InformError::NoRelay,
        InformError::NotYours,
        InformError::Nobody(Recipients::Directors),
        InformError::Nobody(Recipients::LastRequesters),
        InformError::Nobody(Recipients::List),
        InformError::NobodyElse(30),
        InformError::Files(vec![LeftOut {
            name: "jeu".into(),
            why: Bilingual::new("type not allowed", "type non autorisé"),
        }]),
        InformError::SaysSomethingElse(Reference::new("announcement", "a", b"1")),
        InformError::NoList(NoList::Strangers(strangers.collect())),
        InformError::NotFrozen(NotFrozen::InPart),
        InformError::Keeping(refused("introuvable")),
        InformError::Keeping(refused("")),
        InformError::Keeping(large),
        InformError::Keeping(KeepingError::Unknown),
        InformError::Unknown,
        InformError::WrongCode,
        InformError::SamePerson,
        InformError::NotAnOperator("autre".into()),
        InformError::OtherRecipients,
        InformError::PortalOnly,
        InformError::NoBatch { batch: 9, of: 2 },
        InformError::NothingInDoubt(5),
        InformError::TooMuch(Excess::Text { kept: 15_000, of: 16_000 }),
        InformError::TooMuch(Excess::Addresses { of: 50_000 }),
    ];
    errors.extend([Lack::Subject, Lack::Text, Lack::Way, Lack::End, Lack::Application].map(InformError::Missing));
    errors.extend([Unfrozen::Interrupted, Unfrozen::WithoutAddresses, Unfrozen::Stale].map(InformError::Unfrozen));
    errors.extend([MailingState::ToConfirm, MailingState::Going, MailingState::Stopped].map(InformError::NotNow));
    for part in [ExcessPart::Subject, ExcessPart::Application, ExcessPart::Author] {
        errors.push(InformError::TooMuch(Excess::Characters { part, length: 151, most: 150 }));
        errors.push(InformError::TooMuch(Excess::Letter(part, '😀')));
    }
    for error in errors {
        is_in_both(&error.said());
        assert_eq!(error.to_string(), error.said().text(Language::English));
    }
    for error in [SendingError::Unknown, SendingError::Elsewhere, SendingError::Damaged] {
        is_in_both(&error.said());
    }
}
