//! Notices that a request was refused, or that a reply was not added to its ticket: in French, each as plain text and
//! as HTML that says the same.

use askama::Template;

use super::{
    subject::{notice_subject, your_message},
    text::{Signature, Text, short},
};
use crate::id::TicketId;
use crate::request::{Page, Reason, Received, Refusal, TicketState};

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
    ticket: Option<(TicketId, Option<String>)>,
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

/// The notice of a refusal. It quotes the subject at most, and of a mail whose sender is not proven nothing: who forges
/// a sender cannot have a text delivered.
pub(super) fn refusal(
    received: &Received,
    refusal: &Refusal,
    signature: &Signature<'_>,
) -> Result<Text, askama::Error> {
    let text = RefusalText {
        heading: "Votre demande n’est pas enregistrée",
        message: your_message(received),
        rule: rule(refusal.reason),
        sentence: sentence(received, refusal).trim().to_owned(),
        contact: signature.contact.trim().to_owned(),
        reference: received.reference.to_string(),
        signature: short(signature.name),
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
    let link = page.map(|page| short(page.address()));
    let text = RedirectionText {
        heading,
        message: your_message(received),
        sentence: refusal.sentence.trim().to_owned(),
        is_without_page: link.is_none() && refusal.reason == Reason::ReplyToTicket,
        ticket: ticket.map(|number| (number, link)),
        contact: signature.contact.trim().to_owned(),
        reference: received.reference.to_string(),
        signature: short(signature.name),
    };
    Ok(Text {
        subject: notice_subject(received, &ending),
        plain: PlainRedirection(&text).render()?,
        html: HtmlRedirection(&text).render()?,
    })
}

/// What to do. The academy's own words stay; ours speak to who forwarded of the person whose request it is.
fn sentence<'a>(received: &Received, refusal: &'a Refusal) -> &'a str {
    let is_ours = refusal.sentence == refusal.reason.sentence();
    match refusal.reason {
        Reason::NotADirector if is_ours && received.forwarder.is_some() => {
            "Ce service est réservé aux directrices et directeurs d’école, et l’annuaire ne connaît pas cette personne comme telle. Si elle dirige une école, faites vérifier sa fiche auprès de sa circonscription."
        }
        Reason::QuotaExceeded if is_ours && received.forwarder.is_some() => {
            "Cette personne a atteint le nombre maximal de demandes pour aujourd’hui. Transmettez de nouveau sa demande demain, ou complétez une demande déjà ouverte."
        }
        _ => &refusal.sentence,
    }
}

/// What a rule is about that has no words of its own.
const ANY_RULE: &str = "conditions d'utilisation du service";

/// What a rule is about, as the requester reads it.
fn rule(reason: Reason) -> &'static str {
    match reason {
        Reason::TooLarge => "taille de la demande",
        Reason::WrongRecipient => "adresse de destination",
        Reason::NoKeyword | Reason::UnknownApplication => "application concernée",
        Reason::ReplyToAnnouncement => "réponse à une information",
        Reason::NotADirector => "service réservé aux directrices et directeurs d’école",
        Reason::QuotaExceeded => "nombre de demandes par jour",
        Reason::RequestUnknown | Reason::RequestClosed => "demande que votre message complète",
        _ => ANY_RULE,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::samples::{SIGNATURE, assert_accessible, assert_letters},
        ANY_RULE, Text, redirection, refusal, rule,
    };
    use crate::id::TicketId;
    use crate::{
        flow::screen::samples,
        request::{Page, Reason, ReasonKind, Received, Refusal, SenderRole, Stage, TicketState},
    };

    #[test]
    fn a_notice_names_the_rule_what_to_do_and_whom_to_ask() {
        let refused = Refusal {
            reason: Reason::NotADirector,
            sentence: "Ce service est réservé aux directrices et directeurs d'école. Écrivez depuis l'école.".into(),
        };
        let text = refusal(&samples::mail_about("RE: Re : ONDE"), &refused, &SIGNATURE).unwrap();
        assert_letters("refusal", [&text]);
    }

    #[test]
    fn every_rule_that_is_written_about_is_named() {
        let rules = Reason::ALL.iter().filter(|reason| reason.kind() == ReasonKind::Rule);
        let nameless: Vec<_> = rules.filter(|reason| rule(**reason) == ANY_RULE).collect();
        assert!(nameless.is_empty(), "{nameless:?}");
    }

    fn redirected(reason: Reason, state: &TicketState) -> Text {
        let refused = Refusal { reason, sentence: "Ajoutez-y un suivi.".into() };
        redirection(&samples::mail_about("RE: suivi"), state, &refused, &SIGNATURE).unwrap()
    }

    fn found(page: Option<Page>) -> TicketState {
        TicketState::Found {
            ticket: TicketId::new(1234),
            title: String::new(),
            page,
            role: SenderRole::Actor,
            stage: Stage::Open,
        }
    }

    fn in_glpi() -> Page {
        Page::Glpi("https://glpi.example.fr/front/ticket.form.php?id=1234".into())
    }

    #[test]
    fn a_redirection_says_the_same_in_both_bodies_and_fits_its_reason() {
        let on_portal = Page::Portal("https://portail.example.fr/demandes/1234".into());
        let all = [
            (Reason::ReplyToTicket, found(Some(in_glpi()))),
            (Reason::ReplyToTicket, found(Some(on_portal))),
            (Reason::ReplyToTicket, found(None)),
            (Reason::TicketClosed, found(None)),
            (Reason::TicketClosed, found(Some(in_glpi()))),
            (Reason::TicketUnknown, TicketState::Missing),
        ];
        assert_letters("redirections", &all.map(|(reason, state)| redirected(reason, &state)));
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
                text.plain.contains("Un message envoyé en votre nom n’a été")
                    || text.plain.contains("en votre nom n’a pas été"),
                "{}",
                text.plain
            );
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_text_and_never_markup() {
        let hostile = "<b onclick=x>\"LSU\"</b>";
        let refused = Refusal { reason: Reason::NoKeyword, sentence: "Citez l'application.".into() };
        let html = refusal(&samples::mail_about(hostile), &refused, &SIGNATURE).unwrap().html;
        assert!(!html.contains("<b ") && html.contains("&#60;b onclick"), "{html}");
    }

    #[test]
    fn html_is_accessible_and_loads_nothing() {
        let refused = Refusal { reason: Reason::NoKeyword, sentence: "Citez l'application.".into() };
        for html in [
            refusal(&samples::mail_about("LSU"), &refused, &SIGNATURE).unwrap().html,
            redirected(Reason::ReplyToTicket, &found(None)).html,
        ] {
            assert_accessible(&html);
        }
    }
}
