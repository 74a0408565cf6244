//! Receipts: in French, as plain text and as HTML that says the same.

use askama::Template;

use super::text::{Signature, Text, short};
use crate::id::TicketId;
use crate::request::{CurrentMessage, LeftOut, Person, Receipt, Suggestion, TicketKind};
use crate::text::{Bilingual, french};

/// GLPI's urgencies, from 1, as people read them.
const URGENCIES: [&str; 5] = ["Très basse", "Basse", "Moyenne", "Haute", "Très haute"];

struct ReceiptText {
    heading: String,
    ticket: TicketId,
    reference: String,
    link: Option<String>,
    application: String,
    category: String,
    group: String,
    /// `None` where nothing of the request is quoted: nothing proves who sent it.
    title: Option<String>,
    school: Option<String>,
    kind: Option<&'static str>,
    urgency: Option<&'static str>,
    deposited: Option<String>,
    phone: Option<String>,
    takes_replies: bool,
    left_out: Vec<LeftOut>,
    suggestions: Vec<Suggestion>,
    messages: Vec<CurrentMessage>,
    signature: String,
}

#[derive(Template)]
#[template(path = "receipt.txt")]
struct PlainReceipt<'a>(&'a ReceiptText);

#[derive(Template)]
#[template(path = "receipt.html")]
struct HtmlReceipt<'a>(&'a ReceiptText);

/// The receipt of a ticket that was made; its own subject begins with this one. Without one nothing of the request is
/// quoted, not even the names of files: the number and the reference tell which one it is.
pub(super) fn receipt(
    subject: Option<&str>,
    receipt: &Receipt,
    person: &Person,
    signature: &Signature<'_>,
) -> Result<Text, askama::Error> {
    let school = match (&person.school, &person.uai) {
        (Some(school), Some(uai)) => Some(format!("{school} ({uai})")),
        (school, uai) => school.clone().or_else(|| uai.clone()),
    };
    let details = &receipt.details;
    let school = school.or_else(|| details.school.clone());
    let left_out = receipt.left_out.iter().map(|file| match subject {
        Some(_) => LeftOut { name: short(&file.name), why: Bilingual::same(short(file.french())) },
        None => LeftOut { name: "un fichier joint".to_owned(), why: Bilingual::same(short(file.french())) },
    });
    let suggestions = details
        .suggestions
        .iter()
        .map(|article| Suggestion { title: short(&article.title), link: short(&article.link) });
    let messages = details
        .messages
        .iter()
        .map(|message| CurrentMessage { title: french::set(&short(&message.title)), text: french::set(&message.text) });
    let text = ReceiptText {
        heading: format!("Votre demande est enregistrée sous le n°\u{a0}{}", receipt.ticket),
        ticket: receipt.ticket,
        reference: receipt.reference.to_string(),
        link: receipt.link.as_deref().map(short),
        application: short(&receipt.application),
        category: short(&receipt.category),
        group: short(&receipt.group),
        title: subject.map(|_| short(&receipt.title)),
        school: school.as_deref().map(short),
        kind: details.kind.map(|kind| if kind == TicketKind::Request { "Demande" } else { "Incident" }),
        urgency: details.urgency.and_then(|urgency| URGENCIES.get(usize::from(urgency).checked_sub(1)?)).copied(),
        deposited: details.deposited.as_ref().map(french::moment),
        phone: details.phone.as_deref().filter(|_| subject.is_some()).map(short),
        takes_replies: signature.takes_replies,
        left_out: left_out.collect(),
        // What they are about says what was asked.
        suggestions: if subject.is_some() { suggestions.collect() } else { Vec::new() },
        // Nor is somebody who never wrote told what goes on elsewhere.
        messages: if subject.is_some() { messages.collect() } else { Vec::new() },
        signature: short(signature.name),
    };
    Ok(Text {
        subject: format!(
            "{} — demande n°\u{a0}{} ({})",
            short(subject.unwrap_or("Demande d’assistance")),
            text.ticket,
            text.reference
        ),
        plain: PlainReceipt(&text).render()?,
        html: HtmlReceipt(&text).render()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            samples::{SIGNATURE, assert_accessible, assert_letters},
            subject::reply_subject,
        },
        Signature, receipt,
    };
    use crate::{
        flow::screen::samples,
        request::{
            CurrentMessage, FormFields, LeftOut, Person, Receipt, ReceiptDetails, Reference, Suggestion, TicketKind,
        },
    };
    use crate::{id::TicketId, text::Bilingual};

    fn made() -> Receipt {
        Receipt {
            ticket: TicketId::new(1234),
            reference: Reference::new("test", "", b""),
            link: Some("https://glpi.example.fr/front/ticket.form.php?id=1234".into()),
            application: "LSU".into(),
            category: "Scolarité > LSU".into(),
            group: "Référents-LSU".into(),
            title: "LSU : accès <impossible>".into(),
            details: ReceiptDetails {
                kind: Some(TicketKind::Incident),
                urgency: Some(4),
                school: Some("0210001A".into()),
                phone: Some("03 80 00 00 00".into()),
                deposited: Some("2026-11-24T09:12:00+01:00[Europe/Paris]".parse().unwrap()),
                suggestions: vec![],
                messages: vec![],
            },
            left_out: vec![],
        }
    }

    #[test]
    fn a_receipt_says_everything_in_both_bodies() {
        let mut made = made();
        made.left_out =
            vec![LeftOut { name: "virus.exe".into(), why: Bilingual::same("type de fichier non accepté") }];
        let person =
            Person { school: Some("École Les Tilleuls".into()), uai: Some("0210001A".into()), ..Person::default() };
        let text =
            receipt(Some(&reply_subject(&samples::mail_about("LSU bloqué"))), &made, &person, &SIGNATURE).unwrap();
        assert_letters("receipt", [&text]);
    }

    #[test]
    fn a_receipt_names_the_articles_that_perhaps_answer() {
        let mut made = made();
        let link = "https://assistance.example/portail/faq/5".to_owned();
        made.details.suggestions = vec![Suggestion { title: "Valider <un> bilan".into(), link: link.clone() }];
        for subject in [Some("LSU"), None] {
            let text = receipt(subject, &made, &Person::default(), &SIGNATURE).unwrap();
            let plain_of_html = html2text::from_read(text.html.as_bytes(), 1000).unwrap();
            assert_accessible(&text.html);
            for body in [&text.plain, &plain_of_html] {
                let names = body.contains("Valider <un> bilan") && body.contains(&link);
                assert_eq!(names, subject.is_some(), "{body}");
                assert_eq!(body.contains("peut-être à votre question"), subject.is_some(), "{body}");
            }
        }
    }

    #[test]
    fn a_receipt_says_what_goes_on_with_its_application() {
        let mut made = made();
        let message =
            |title: &str| CurrentMessage { title: title.into(), text: "Panne nationale : <b> nous agissons !".into() };
        made.details.messages = vec![message("Incident en cours sur LSU"), message("LSU : maintenance")];
        for subject in [Some("LSU"), None] {
            let text = receipt(subject, &made, &Person::default(), &SIGNATURE).unwrap();
            let plain_of_html = html2text::from_read(text.html.as_bytes(), 1000).unwrap();
            assert_accessible(&text.html);
            for body in [&text.plain, &plain_of_html] {
                for part in
                    ["En ce moment", "Incident en cours sur LSU", "LSU\u{a0}: maintenance", "<b> nous agissons\u{a0}!"]
                {
                    assert_eq!(body.contains(part), subject.is_some(), "{part} in {body}");
                }
            }
        }
    }

    #[test]
    fn a_receipt_without_school_and_files_speaks_of_neither() {
        let made = Receipt { details: ReceiptDetails::default(), ..made() };
        let text =
            receipt(Some(&reply_subject(&samples::mail_about("LSU"))), &made, &Person::default(), &SIGNATURE).unwrap();
        for body in [text.plain, text.html] {
            assert!(!body.contains("École") && !body.contains("fichiers"), "{body}");
        }
    }

    #[test]
    fn a_receipt_asks_for_replies_only_where_they_get_into_the_ticket() {
        for (takes_replies, has_page) in [(false, true), (false, false), (true, true), (true, false)] {
            let made = Receipt { link: made().link.filter(|_| has_page), ..made() };
            let signature = Signature { takes_replies, ..SIGNATURE };
            let text =
                receipt(Some(&reply_subject(&samples::mail_about("LSU"))), &made, &Person::default(), &signature)
                    .unwrap();
            let plain_of_html = html2text::from_read(text.html.as_bytes(), 1000).unwrap();
            for body in [&text.plain, &plain_of_html] {
                assert_eq!(body.contains("Répondez à ce message"), takes_replies, "{body}");
                assert_eq!(body.contains("merci de ne pas y répondre"), !takes_replies, "{body}");
                assert_eq!(body.contains("Inutile de répondre"), !takes_replies, "{body}");
                for of_page in ["front/ticket.form.php", "ci-dessus", "Page de la demande"] {
                    assert_eq!(body.contains(of_page), has_page, "{of_page}: {body}");
                }
                assert!(body.contains("1234"), "{body}");
                // Who sent a form wrote from no address.
                assert!(!body.contains("depuis laquelle"), "{body}");
                assert_eq!(body.contains("où vous recevez ce message"), !has_page, "{body}");
            }
        }
    }

    #[test]
    fn a_receipt_that_may_go_to_somebody_who_never_wrote_quotes_nothing() {
        let mut made = made();
        made.title = "LSU http://pirate.example/ cliquez".into();
        made.left_out =
            vec![LeftOut { name: "cliquez.exe".into(), why: Bilingual::same("type de fichier non accepté") }];
        let text = receipt(None, &made, &Person::default(), &SIGNATURE).unwrap();
        for body in [&text.plain, &text.html] {
            assert!(!body.contains("pirate") && !body.contains("cliquez") && !body.contains("Objet"), "{body}");
        }
        assert_letters("receipt_of_an_unproven_request", [&text]);
    }

    #[test]
    fn a_form_is_not_replied_to() {
        let form = samples::form(FormFields::default());
        let text = receipt(Some(&reply_subject(&form)), &made(), &Person::default(), &SIGNATURE).unwrap();
        assert!(text.subject.starts_with("LSU : accès impossible — demande n°\u{a0}1234"), "{}", text.subject);
    }

    #[test]
    fn html_is_accessible_and_loads_nothing() {
        let subject = reply_subject(&samples::mail_about("LSU"));
        assert_accessible(&receipt(Some(&subject), &made(), &Person::default(), &SIGNATURE).unwrap().html);
    }
}
