//! The texts of receipts and notices, in French, each as plain text and as HTML that says the same.
//!
//! Askama, because these templates are compiled in and checked with the code; what the academy edits is minijinja's.

use askama::Template;

use crate::request::{LeftOut, Origin, Page, Person, Reason, Receipt, Received, Refusal, TicketState};

/// The longest quotation of a subject, characters: a subject line stays readable.
const LONGEST_SUBJECT: usize = 120;
/// The longest of the other quotations.
const LONGEST_LINE: usize = 250;

/// A mail's subject and its two bodies.
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) plain: String,
    pub(crate) html: String,
}

/// What both kinds of mail say of their sender.
pub(super) struct Signature<'a> {
    /// Who signs: the display name of `smtp.from`.
    pub(super) name: &'a str,
    /// Whom to ask about a refusal.
    pub(super) contact: &'a str,
    /// Whether a reply to a receipt gets into its ticket.
    pub(super) takes_replies: bool,
}

struct ReceiptText {
    heading: String,
    ticket: u64,
    reference: String,
    link: Option<String>,
    application: String,
    category: String,
    group: String,
    /// `None` where nothing of the request is quoted: nothing proves who sent it.
    title: Option<String>,
    school: Option<String>,
    takes_replies: bool,
    left_out: Vec<LeftOut>,
    signature: String,
}

#[derive(Template)]
#[template(path = "receipt.txt")]
struct PlainReceipt<'a>(&'a ReceiptText);

#[derive(Template)]
#[template(path = "receipt.html")]
struct HtmlReceipt<'a>(&'a ReceiptText);

struct RefusalText {
    heading: &'static str,
    message: String,
    rule: &'static str,
    sentence: String,
    contact: String,
    reference: String,
    signature: String,
}

#[derive(Template)]
#[template(path = "refusal.txt")]
struct PlainRefusal<'a>(&'a RefusalText);

#[derive(Template)]
#[template(path = "refusal.html")]
struct HtmlRefusal<'a>(&'a RefusalText);

struct RedirectionText {
    heading: String,
    message: String,
    sentence: String,
    /// The ticket's number, where there is one, and the page that the reader can open.
    ticket: Option<(u64, Option<String>)>,
    /// How somebody who can open no page completes the ticket.
    is_without_page: bool,
    contact: String,
    reference: String,
    signature: String,
}

#[derive(Template)]
#[template(path = "redirection.txt")]
struct PlainRedirection<'a>(&'a RedirectionText);

#[derive(Template)]
#[template(path = "redirection.html")]
struct HtmlRedirection<'a>(&'a RedirectionText);

/// The receipt of a ticket that was made; its own subject begins with this one. Without one nothing of the request is
/// quoted, not even the names of files: the number and the reference tell which one it is.
pub(super) fn receipt(
    subject: Option<&str>,
    receipt: &Receipt,
    person: &Person,
    signature: &Signature<'_>,
) -> Result<Text, askama::Error> {
    let line = |text: &str| line(text, LONGEST_LINE);
    let school = match (&person.school, &person.uai) {
        (Some(school), Some(uai)) => Some(format!("{school} ({uai})")),
        (school, uai) => school.clone().or_else(|| uai.clone()),
    };
    let left_out = receipt.left_out.iter().map(|file| match subject {
        Some(_) => LeftOut { name: line(&file.name), why: line(&file.why) },
        None => LeftOut { name: "un fichier joint".to_owned(), why: line(&file.why) },
    });
    let text = ReceiptText {
        heading: format!("Votre demande est enregistrée sous le n°\u{a0}{}", receipt.ticket),
        ticket: receipt.ticket,
        reference: receipt.reference.to_string(),
        link: receipt.link.as_deref().map(line),
        application: line(&receipt.application),
        category: line(&receipt.category),
        group: line(&receipt.group),
        title: subject.map(|_| line(&receipt.title)),
        school: school.as_deref().map(line),
        takes_replies: signature.takes_replies,
        left_out: left_out.collect(),
        signature: line(signature.name),
    };
    Ok(Text {
        subject: format!(
            "{} — ticket n°\u{a0}{} ({})",
            line(subject.unwrap_or("Demande d'assistance")),
            text.ticket,
            text.reference
        ),
        plain: PlainReceipt(&text).render()?,
        html: HtmlReceipt(&text).render()?,
    })
}

/// The notice of a refusal. It quotes the subject at most, and of a mail whose sender is not proven nothing: who forges
/// a sender cannot have a text delivered.
pub(super) fn refusal(
    received: &Received,
    refusal: &Refusal,
    signature: &Signature<'_>,
) -> Result<Text, askama::Error> {
    let text = RefusalText {
        heading: "Votre demande n'est pas enregistrée",
        message: your_message(received),
        rule: rule(refusal.reason),
        sentence: sentence(received, refusal).trim().to_owned(),
        contact: signature.contact.trim().to_owned(),
        reference: received.reference.to_string(),
        signature: line(signature.name, LONGEST_LINE),
    };
    Ok(Text {
        subject: notice_subject(received, "demande non enregistrée"),
        plain: PlainRefusal(&text).render()?,
        html: HtmlRefusal(&text).render()?,
    })
}

/// The notice of a reply that was not added to its ticket. Of the ticket it tells the number and the page only.
pub(super) fn redirection(
    received: &Received,
    state: &TicketState,
    refusal: &Refusal,
    signature: &Signature<'_>,
) -> Result<Text, askama::Error> {
    let (ticket, page) = match state {
        TicketState::Missing => (None, None),
        TicketState::Found { ticket, page, .. } => (Some(*ticket), page.as_ref()),
    };
    let (heading, ending) = match (ticket, refusal.reason) {
        (None, _) => ("La demande est introuvable".to_owned(), "demande introuvable".to_owned()),
        (Some(number), Reason::TicketClosed) => {
            (format!("La demande n°\u{a0}{number} est close"), format!("demande n°\u{a0}{number} close"))
        }
        (Some(number), _) => {
            let place = match page {
                Some(Page::Glpi(_)) => " dans GLPI",
                Some(Page::Portal(_)) => " sur le portail",
                None => "",
            };
            (
                format!("Complétez la demande n°\u{a0}{number}{place}"),
                format!("demande n°\u{a0}{number} à compléter{place}"),
            )
        }
    };
    let link = page.map(|page| line(page.address(), LONGEST_LINE));
    let text = RedirectionText {
        heading,
        message: your_message(received),
        sentence: refusal.sentence.trim().to_owned(),
        is_without_page: link.is_none() && refusal.reason == Reason::ReplyToTicket,
        ticket: ticket.map(|number| (number, link)),
        contact: signature.contact.trim().to_owned(),
        reference: received.reference.to_string(),
        signature: line(signature.name, LONGEST_LINE),
    };
    Ok(Text {
        subject: notice_subject(received, &ending),
        plain: PlainRedirection(&text).render()?,
        html: HtmlRedirection(&text).render()?,
    })
}

/// What a rule is about, as the requester reads it.
fn rule(reason: Reason) -> &'static str {
    match reason {
        Reason::TooLarge => "taille de la demande",
        Reason::WrongRecipient => "adresse de destination",
        Reason::NoKeyword | Reason::UnknownApplication => "application concernée",
        Reason::NotADirector => "service réservé aux directrices et directeurs d'école",
        Reason::QuotaExceeded => "nombre de demandes par jour",
        _ => "conditions d'utilisation du service",
    }
}

/// How a notice names the message it is about.
fn your_message(received: &Received) -> String {
    if is_unproven(received) {
        return "Un message envoyé en votre nom".to_owned();
    }
    let message = format!("Votre message «\u{a0}{}\u{a0}»", quoted_subject(&received.subject));
    match (&received.forwarder, &received.requester) {
        (Some(_), Some(first)) => {
            format!("{message}, qui transmet la demande de {},", line(first.as_str(), LONGEST_LINE))
        }
        _ => message,
    }
}

/// What to do. The academy's own words stay; ours speak to who forwarded of the person whose request it is.
fn sentence<'a>(received: &Received, refusal: &'a Refusal) -> &'a str {
    let is_ours = refusal.sentence == refusal.reason.sentence();
    match refusal.reason {
        Reason::NotADirector if is_ours && received.forwarder.is_some() => {
            "Ce service est réservé aux directrices et directeurs d'école, et l'annuaire ne connaît pas cette personne comme telle. Si elle dirige une école, faites vérifier sa fiche auprès de sa circonscription."
        }
        Reason::QuotaExceeded if is_ours && received.forwarder.is_some() => {
            "Cette personne a atteint le nombre maximal de demandes pour aujourd'hui. Transmettez de nouveau sa demande demain, ou complétez une demande déjà ouverte."
        }
        _ => &refusal.sentence,
    }
}

/// The subject of a notice: a reply's, or of a mail whose sender is not proven one without its words.
fn notice_subject(received: &Received, ending: &str) -> String {
    if is_unproven(received) {
        format!("Votre message — {ending}")
    } else {
        format!("{} — {ending}", reply_subject(received))
    }
}

/// Whether nothing proves that who is written to is who wrote.
pub(crate) fn is_unproven(received: &Received) -> bool {
    matches!(&received.origin, Origin::Mail(mail) if mail.unproven)
}

/// `Re: …` for a mail; a form's title is no mail that could be replied to.
pub(super) fn reply_subject(received: &Received) -> String {
    let subject = quoted_subject(&received.subject);
    match received.origin {
        Origin::Mail(_) => format!("Re: {subject}"),
        Origin::Form(_) => subject,
    }
}

/// The subject without the marks of earlier replies.
fn quoted_subject(subject: &str) -> String {
    let subject = line(subject, usize::MAX);
    let mut rest = subject.as_str();
    while let Some((before, after)) = rest.split_once(':')
        && ["re", "ré", "rép"].contains(&before.trim().to_lowercase().as_str())
    {
        rest = after.trim_start();
    }
    if rest.is_empty() { "(sans objet)".to_owned() } else { line(rest, LONGEST_SUBJECT) }
}

/// One line without control characters and without those that turn the reading direction.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let turns =
        |c: char| matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let spaced: String = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{LONGEST_SUBJECT, Signature, Text, quoted_subject, receipt, redirection, refusal, reply_subject};
    use crate::{
        flow::screen::samples,
        request::{
            FormFields, LeftOut, Page, Person, Reason, Receipt, Received, Reference, Refusal, SenderRole, Stage,
            TicketState,
        },
    };

    const SIGNATURE: Signature<'_> =
        Signature { name: "Assistance 1er degré", contact: "Une question ? Appelez-nous.", takes_replies: false };

    fn made() -> Receipt {
        Receipt {
            ticket: 1234,
            reference: Reference::new("test", "", b""),
            link: Some("https://glpi.example.fr/front/ticket.form.php?id=1234".into()),
            application: "LSU".into(),
            category: "Scolarité > LSU".into(),
            group: "Référents-LSU".into(),
            title: "LSU : accès <impossible>".into(),
            left_out: vec![],
        }
    }

    fn about(subject: &str) -> Received {
        Received { subject: subject.into(), ..samples::mail(|_| {}) }
    }

    #[test]
    fn a_receipt_says_everything_in_both_bodies() {
        let mut made = made();
        made.left_out = vec![LeftOut { name: "virus.exe".into(), why: "type de fichier non accepté".into() }];
        let person =
            Person { school: Some("École Les Tilleuls".into()), uai: Some("0210001A".into()), ..Person::default() };
        let text = receipt(Some(&reply_subject(&about("LSU bloqué"))), &made, &person, &SIGNATURE).unwrap();
        assert_eq!(text.subject, format!("Re: LSU bloqué — ticket n°\u{a0}1234 ({})", made.reference));
        let plain_of_html = html2text::from_read(text.html.as_bytes(), 200).unwrap();
        for body in [&text.plain, &plain_of_html] {
            for part in [
                "1234",
                &made.reference.to_string(),
                "LSU : accès <impossible>",
                "Scolarité > LSU",
                "Référents-LSU",
                "École Les Tilleuls (0210001A)",
                "front/ticket.form.php?id=1234",
                "virus.exe",
                "type de fichier non accepté",
                "ajoutez un suivi",
                "Assistance 1er degré",
            ] {
                assert!(body.contains(part), "{part} in {body}");
            }
        }
    }

    #[test]
    fn a_receipt_without_school_and_files_speaks_of_neither() {
        let text = receipt(Some(&reply_subject(&about("LSU"))), &made(), &Person::default(), &SIGNATURE).unwrap();
        for body in [text.plain, text.html] {
            assert!(!body.contains("École") && !body.contains("fichiers"), "{body}");
        }
    }

    #[test]
    fn a_receipt_asks_for_replies_only_where_they_get_into_the_ticket() {
        for (takes_replies, has_page) in [(false, true), (false, false), (true, true), (true, false)] {
            let made = Receipt { link: made().link.filter(|_| has_page), ..made() };
            let signature = Signature { takes_replies, ..SIGNATURE };
            let text = receipt(Some(&reply_subject(&about("LSU"))), &made, &Person::default(), &signature).unwrap();
            let plain_of_html = html2text::from_read(text.html.as_bytes(), 1000).unwrap();
            for body in [&text.plain, &plain_of_html] {
                assert_eq!(body.contains("Répondez à ce message"), takes_replies, "{body}");
                assert_eq!(body.contains("merci de ne pas y répondre"), !takes_replies, "{body}");
                assert_eq!(body.contains("Inutile de répondre"), !takes_replies, "{body}");
                for of_page in ["front/ticket.form.php", "ci-dessus", "Suiv"] {
                    assert_eq!(body.contains(of_page), has_page, "{of_page}: {body}");
                }
                assert!(body.replace('\u{a0}', " ").contains("n° 1234") || body.contains("1234"), "{body}");
            }
        }
    }

    #[test]
    fn a_notice_names_the_rule_what_to_do_and_whom_to_ask() {
        let refused = Refusal {
            reason: Reason::NotADirector,
            sentence: "Ce service est réservé aux directrices et directeurs d'école. Écrivez depuis l'école.".into(),
        };
        let text = refusal(&about("RE: Re : ONDE"), &refused, &SIGNATURE).unwrap();
        assert_eq!(text.subject, "Re: ONDE — demande non enregistrée");
        let plain_of_html = html2text::from_read(text.html.as_bytes(), 200).unwrap();
        for body in [&text.plain, &plain_of_html] {
            for part in ["« ONDE »", "service réservé aux directrices", &refused.sentence, "Appelez-nous"] {
                assert!(body.replace('\u{a0}', " ").contains(part), "{part} in {body}");
            }
        }
    }

    fn redirected(reason: Reason, state: &TicketState) -> Text {
        let refused = Refusal { reason, sentence: "Ajoutez-y un suivi.".into() };
        redirection(&about("RE: suivi"), state, &refused, &SIGNATURE).unwrap()
    }

    fn found(page: Option<Page>) -> TicketState {
        TicketState::Found { ticket: 1234, title: String::new(), page, role: SenderRole::Actor, stage: Stage::Open }
    }

    fn in_glpi() -> Page {
        Page::Glpi("https://glpi.example.fr/front/ticket.form.php?id=1234".into())
    }

    #[test]
    fn a_redirection_says_the_same_in_both_bodies_and_fits_its_reason() {
        for (reason, state, subject, heading) in [
            (
                Reason::ReplyToTicket,
                found(Some(in_glpi())),
                "demande n° 1234 à compléter dans GLPI",
                "Complétez la demande n° 1234",
            ),
            (
                Reason::ReplyToTicket,
                found(Some(Page::Portal("https://portail.example.fr/demandes/1234".into()))),
                "demande n° 1234 à compléter sur le portail",
                "Complétez la demande n° 1234 sur le portail",
            ),
            (Reason::ReplyToTicket, found(None), "demande n° 1234 à compléter", "Complétez la demande n° 1234"),
            (Reason::TicketClosed, found(None), "demande n° 1234 close", "La demande n° 1234 est close"),
            (Reason::TicketClosed, found(Some(in_glpi())), "demande n° 1234 close", "La demande n° 1234 est close"),
            (Reason::TicketUnknown, TicketState::Missing, "demande introuvable", "La demande est introuvable"),
        ] {
            let text = redirected(reason, &state);
            assert_eq!(text.subject.replace('\u{a0}', " "), format!("Re: suivi — {subject}"));
            assert!(text.html.replace('\u{a0}', " ").contains(&format!("<title>{heading}")), "{}", text.html);
            let plain_of_html = html2text::from_read(text.html.as_bytes(), 200).unwrap();
            for body in [&text.plain, &plain_of_html] {
                let body = body.replace('\u{a0}', " ");
                for part in ["« suivi »", "Ajoutez-y un suivi.", "aucun ticket n'a été créé", "Appelez-nous"] {
                    assert!(body.contains(part), "{part} in {body}");
                }
                assert_eq!(body.contains("ticket.form.php?id=1234"), state == found(Some(in_glpi())), "{body}");
                assert_eq!(body.contains("https://portail"), subject.ends_with("portail"), "{body}");
                assert_eq!(body.contains("n° 1234"), state != TicketState::Missing, "{body}");
                let is_helped = state == found(None) && reason == Reason::ReplyToTicket;
                assert_eq!(body.contains("pas de compte"), is_helped, "{body}");
            }
        }
    }

    #[test]
    fn of_a_mail_whose_sender_is_not_proven_nothing_is_quoted() {
        let refused = Refusal { reason: Reason::NoKeyword, sentence: "Citez l'application.".into() };
        let mail = samples::mail(|mail| mail.unproven = true);
        let mail = Received { subject: "LSU http://pirate.example/ cliquez".into(), ..mail };
        for text in [
            refusal(&mail, &refused, &SIGNATURE).unwrap(),
            redirection(&mail, &found(Some(in_glpi())), &refused, &SIGNATURE).unwrap(),
        ] {
            for part in [&text.subject, &text.plain, &text.html] {
                assert!(!part.contains("pirate") && !part.contains("cliquez"), "{part}");
            }
            assert!(
                text.plain.contains("Un message envoyé en votre nom n'a été")
                    || text.plain.contains("en votre nom n'a pas été"),
                "{}",
                text.plain
            );
        }
    }

    #[test]
    fn a_receipt_that_may_go_to_somebody_who_never_wrote_quotes_nothing() {
        let mut made = made();
        made.title = "LSU http://pirate.example/ cliquez".into();
        made.left_out = vec![LeftOut { name: "cliquez.exe".into(), why: "type de fichier non accepté".into() }];
        let text = receipt(None, &made, &Person::default(), &SIGNATURE).unwrap();
        assert_eq!(text.subject, format!("Demande d'assistance — ticket n°\u{a0}1234 ({})", made.reference));
        let plain_of_html = html2text::from_read(text.html.as_bytes(), 200).unwrap();
        for body in [&text.plain, &plain_of_html] {
            assert!(!body.contains("pirate") && !body.contains("cliquez") && !body.contains("Objet"), "{body}");
            for part in ["1234", &made.reference.to_string(), "rien ne prouve", "un fichier joint", "non accepté"] {
                assert!(body.contains(part), "{part} in {body}");
            }
        }
    }

    #[test]
    fn html_is_accessible_and_loads_nothing() {
        let refused = Refusal { reason: Reason::NoKeyword, sentence: "Citez l'application.".into() };
        for html in [
            receipt(Some(&reply_subject(&about("LSU"))), &made(), &Person::default(), &SIGNATURE).unwrap().html,
            refusal(&about("LSU"), &refused, &SIGNATURE).unwrap().html,
            redirected(Reason::ReplyToTicket, &found(None)).html,
        ] {
            assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"fr\">") && html.contains("<title>"), "{html}");
            for part in ["<img", "<link", "<script", "url(", "src="] {
                assert!(!html.contains(part), "{part} in {html}");
            }
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_text_and_never_markup() {
        let hostile = "<b onclick=x>\"LSU\"</b>";
        let refused = Refusal { reason: Reason::NoKeyword, sentence: "Citez l'application.".into() };
        let html = refusal(&about(hostile), &refused, &SIGNATURE).unwrap().html;
        assert!(!html.contains("<b ") && html.contains("&#60;b onclick"), "{html}");
    }

    #[test]
    fn a_form_is_not_replied_to() {
        let form = samples::form(FormFields::default());
        let text = receipt(Some(&reply_subject(&form)), &made(), &Person::default(), &SIGNATURE).unwrap();
        assert!(text.subject.starts_with("LSU : accès impossible — ticket n°\u{a0}1234"), "{}", text.subject);
    }

    #[rstest]
    #[case("Re: RE : rép : LSU", "LSU")]
    #[case("LSU : accès", "LSU : accès")]
    #[case(" \r\n ", "(sans objet)")]
    #[case("LSU\r\nBcc: victime@example.org", "LSU Bcc: victime@example.org")]
    #[case("LSU \u{202e}fdp.exe", "LSU fdp.exe")]
    fn a_subject_is_quoted_as_one_plain_line(#[case] subject: &str, #[case] expected: &str) {
        assert_eq!(quoted_subject(subject), expected);
    }

    proptest! {
        #[test]
        fn no_subject_breaks_the_line_or_grows(subject in ".*") {
            let quoted = quoted_subject(&subject);
            prop_assert!(!quoted.is_empty() && quoted.chars().count() <= LONGEST_SUBJECT + 1);
            prop_assert!(!quoted.chars().any(char::is_control));
        }
    }
}
