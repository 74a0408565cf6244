//! The sample requests, each with what must become of it.

use lettre::{
    Message,
    message::{Attachment, MultiPart, SinglePart, header::ContentType},
};
use serde_json::{Value, json};

use crate::text::Bilingual;

/// The address the samples write to.
pub(super) const ASSISTANCE: &str = "assistance1d@ac-dijon.fr";

/// A request and what must become of it.
pub(super) struct Sample {
    /// What it is, for the table: in English and in French.
    pub about: (&'static str, &'static str),
    pub way: Way,
    pub expected: Expected,
}

/// How a sample is sent.
pub(super) enum Way {
    Mail {
        sender: &'static str,
        mail: Vec<u8>,
    },
    Form(Value),
    /// The ticket of this title is to go to the next level.
    Escalation {
        title: &'static str,
        order: Value,
    },
}

/// What must become of a sample.
pub(super) struct Expected {
    pub outcome: &'static str,
    pub reason: &'static str,
    /// Category and assigned group of its ticket.
    pub ticket: Option<(&'static str, &'static str)>,
}

impl Way {
    pub(super) fn name(&self) -> Bilingual {
        match self {
            Self::Mail { .. } => Bilingual::new("mail", "courriel"),
            Self::Form(_) => Bilingual::new("form", "formulaire"),
            Self::Escalation { .. } => Bilingual::new("escalation", "escalade"),
        }
    }
}

const LSU: (&str, &str) = ("Scolarité > LSU", "Référents-LSU");
const ONDE: (&str, &str) = ("Scolarité > ONDE", "Référents-ONDE");
const ECECA: (&str, &str) = ("Scolarité > ECECA", "Référents-ECECA");
const APAE: (&str, &str) = ("Scolarité > APAE", "Référents-APAE");

const VOLTAIRE: &str = "ce.0210001A@ac-dijon.fr";
const HUGO: &str = "ce.0210002B@ac-dijon.fr";
pub(super) const ZOLA: &str = "ce.0210003C@ac-dijon.fr";
/// Two of the samples are theirs.
pub(super) const SAND: &str = "ce.0580004D@ac-dijon.fr";
const LAMARTINE: &str = "ce.0710005E@ac-dijon.fr";
const AGENT: &str = "agent.simple@ac-dijon.fr";

/// An envelope of a server outside the academy.
const ELSEWHERE: &str = "someone@example.org";
/// A director's places of a day: half of them are left to whoever looks at the portal.
pub(super) const PER_DAY: u32 = 16;

/// The form that is escalated.
pub(super) const URGENT: &str = "Résultats impossibles à saisir";

/// The samples, in the order they are sent.
pub(super) fn all() -> Vec<Sample> {
    let mut samples = vec![
        created(
            ("LSU, with an attached file", "LSU, avec une pièce jointe"),
            with_file(VOLTAIRE, "1", "LSUN : erreur 500 à l'ouverture du livret"),
            LSU,
        ),
        created(("ONDE, in HTML", "ONDE, en HTML"), html(HUGO, "2", "Problème ONDE : élève en double"), ONDE),
        created(
            ("LSU, keyword in small letters, a quoted answer", "LSU, mot-clé en minuscules et réponse citée"),
            text(SAND, "3", "RE: question lsu", QUOTED),
            LSU,
        ),
        Sample {
            about: ("ECECA, an urgent form with a screenshot", "ECECA, formulaire urgent avec capture"),
            way: Way::Form(json!({
                "requester": SAND, "application": "ECECA", "type": "incident", "urgency": 5,
                "title": URGENT, "description": "Le bouton « Valider » reste grisé.",
                "error_message": "ECE-042", "phone": "03 86 00 00 00",
                "attachments": [{"name": "capture.txt", "content_type": "text/plain", "content": "w6ljcmFu"}],
            })),
            expected: made(ECECA),
        },
        Sample {
            about: ("… handed on to the DSI by the référent", "… transmis par le référent à la DSI"),
            way: Way::Escalation {
                title: URGENT,
                order: json!({"reason": "Toute la circonscription est touchée", "by": "Paul Durand"}),
            },
            expected: Expected { outcome: "escalated", reason: "escalated", ticket: Some((ECECA.0, "DSI-BAI")) },
        },
        Sample {
            about: ("APAE, a question by form", "APAE, demande d’information par formulaire"),
            way: Way::Form(json!({
                "requester": LAMARTINE, "nature": "APAE : demande d'information",
                "title": "Calendrier de la campagne", "description": "Quand la campagne ouvre-t-elle ?",
            })),
            expected: made(APAE),
        },
        Sample {
            about: ("the first mail, received a second time", "le premier courriel, reçu une deuxième fois"),
            way: Way::Mail {
                sender: VOLTAIRE,
                mail: with_file(VOLTAIRE, "1", "LSUN : erreur 500 à l'ouverture du livret"),
            },
            expected: Expected { outcome: "duplicate", reason: "duplicate", ticket: Some(LSU) },
        },
        refused(
            ("a sender outside the academy", "expéditeur hors de l’académie"),
            ELSEWHERE,
            text("dir@gmail.com", "4", "LSU", "Bonjour"),
            "foreign-sender",
        ),
        refused(
            ("a domain that looks like the academy's", "domaine qui ressemble à celui de l’académie"),
            ELSEWHERE,
            text("x@ac-dijon.fr.example.org", "5", "LSU", "Bonjour"),
            "foreign-sender",
        ),
        refused(
            ("no application in the subject", "aucune application dans l’objet"),
            HUGO,
            text(HUGO, "6", "Besoin d'aide", "Bonjour"),
            "no-keyword",
        ),
        refused(
            ("somebody who directs no school", "agent qui ne dirige pas d’école"),
            AGENT,
            text(AGENT, "7", "LSU : accès", "Bonjour"),
            "not-a-director",
        ),
        refused(
            ("a mail that is too large", "courriel trop volumineux"),
            HUGO,
            text(HUGO, "8", "LSU", &"une ligne de plus\r\n".repeat(20_000)),
            "too-large",
        ),
        ignored(
            ("an automatic answer", "réponse automatique d’absence"),
            with_header(HUGO, "9", "Auto-Submitted", "auto-replied"),
            HUGO,
            "automatic",
        ),
        ignored(
            ("a bounce", "avis de non-remise"),
            text("MAILER-DAEMON@ac-dijon.fr", "10", "Undelivered: LSU", "…"),
            "",
            "bounce",
        ),
        ignored(
            ("a mailing list", "liste de diffusion"),
            with_header(HUGO, "11", "List-Id", "<infos.ac-dijon.fr>"),
            HUGO,
            "bulk",
        ),
        ignored(("a mail of the gateway itself", "courriel de la passerelle elle-même"), own(HUGO), HUGO, "own-mail"),
        refused(("two senders", "deux expéditeurs"), ELSEWHERE, two_senders(), "no-sender"),
        Sample {
            about: ("an incomplete form", "formulaire incomplet"),
            way: Way::Form(json!({"requester": SAND, "application": "PRONOTE", "urgency": 9})),
            expected: Expected { outcome: "refused", reason: "invalid-fields", ticket: None },
        },
    ];
    for number in 1..=PER_DAY {
        let mail = text(ZOLA, &format!("jour-{number}"), &format!("LSU : question {number}"), "Bonjour");
        samples.push(created(("requests of one day, from 1 to 16", "demandes d’un même jour, de 1 à 16"), mail, LSU));
    }
    let more = text(ZOLA, "jour-17", "LSU : question 17", "Bonjour");
    samples.push(refused(("… and the seventeenth", "… et la dix-septième"), ZOLA, more, "quota-exceeded"));
    samples
}

fn made(ticket: (&'static str, &'static str)) -> Expected {
    Expected { outcome: "created", reason: "created", ticket: Some(ticket) }
}

fn created(about: (&'static str, &'static str), mail: Vec<u8>, ticket: (&'static str, &'static str)) -> Sample {
    Sample { about, way: Way::Mail { sender: VOLTAIRE, mail }, expected: made(ticket) }
}

/// `sender`: the envelope's; a mail that comes from elsewhere than it says gets no notice.
fn refused(about: (&'static str, &'static str), sender: &'static str, mail: Vec<u8>, reason: &'static str) -> Sample {
    Sample { about, way: Way::Mail { sender, mail }, expected: Expected { outcome: "refused", reason, ticket: None } }
}

fn ignored(about: (&'static str, &'static str), mail: Vec<u8>, sender: &'static str, reason: &'static str) -> Sample {
    Sample { about, way: Way::Mail { sender, mail }, expected: Expected { outcome: "ignored", reason, ticket: None } }
}

const QUOTED: &str = "Bonjour,\r\n\r\nJe ne trouve pas le bilan de CP.\r\n\r\n-- \r\nMme Sand, directrice\r\n\r\n\
    Le lun. 16 nov. 2026 à 09:12, Assistance <assistance1d@ac-dijon.fr> a écrit :\r\n> Bonjour,\r\n> Quel bilan ?\r\n";

/// A mail's bytes; a sample that cannot be built is empty, and the demonstration says what became of that.
fn build(from: &str, id: &str, subject: &str, body: MultiPart) -> Vec<u8> {
    let message = (|| {
        let from = format!("École <{from}>").parse().ok()?;
        let to = ASSISTANCE.parse().ok()?;
        let id = format!("<demo-{id}@ecole.example>");
        Message::builder().from(from).to(to).message_id(Some(id)).subject(subject).multipart(body).ok()
    })();
    message.map(|message| message.formatted()).unwrap_or_default()
}

fn text(from: &str, id: &str, subject: &str, text: &str) -> Vec<u8> {
    build(from, id, subject, MultiPart::mixed().singlepart(SinglePart::plain(text.to_owned())))
}

fn html(from: &str, id: &str, subject: &str) -> Vec<u8> {
    let plain = "Bonjour,\r\nLe même élève apparaît deux fois.";
    let html = "<p>Bonjour,</p><p>Le <b>même élève</b> apparaît deux fois.</p><script>alert(1)</script>";
    build(from, id, subject, MultiPart::alternative_plain_html(plain.to_owned(), html.to_owned()))
}

fn with_file(from: &str, id: &str, subject: &str) -> Vec<u8> {
    let text = SinglePart::plain("Bonjour,\r\nVoir le message d'erreur ci-joint.".to_owned());
    let file =
        Attachment::new("message d'erreur.txt".to_owned()).body("Erreur 500".to_owned(), ContentType::TEXT_PLAIN);
    build(from, id, subject, MultiPart::mixed().singlepart(text).singlepart(file))
}

fn own(from: &str) -> Vec<u8> {
    let mail = String::from_utf8_lossy(&text(from, "own", "LSU : accusé", "Votre demande…")).into_owned();
    mail.replace("<demo-own@ecole.example>", "<demo.passerelle@ac-dijon.fr>").into_bytes()
}

fn two_senders() -> Vec<u8> {
    let mut mail = format!("From: {ZOLA}\r\n").into_bytes();
    mail.extend(text(HUGO, "two", "LSU", "Bonjour"));
    mail
}

fn with_header(from: &str, id: &str, name: &str, value: &str) -> Vec<u8> {
    let mut mail = format!("{name}: {value}\r\n").into_bytes();
    mail.extend(text(from, id, "LSU : absence", "Je suis absente."));
    mail
}
