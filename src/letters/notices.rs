//! Notices at the steps of a ticket: in French, each as plain text and as HTML that says the same.

use std::time::Duration;

use askama::Template;
use lettre::Message;

pub(crate) use super::text::Text;
use super::{
    Correspondence,
    text::{LONGEST_SUBJECT, line, short},
};
use crate::{
    id::TicketId,
    request::{
        Reason, Reference,
        message_id::{Letter, of_letter},
    },
    text::html_text,
};

/// The longest quotation of what somebody wrote, and of a new ticket's description, characters.
const LONGEST_QUOTE: usize = 4000;
const LONGEST_EXCERPT: usize = 1500;
/// HTML is read so far, bytes: enough for the longest quotation, and a bound on what reading it costs.
const MOST_HTML: usize = 256 * 1024;

/// A ticket, as notices tell of it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// GLPI's number.
    pub(crate) number: TicketId,
    pub(crate) title: &'a str,
    /// What it says, HTML.
    pub(crate) content: &'a str,
    pub(crate) reference: Reference,
}

/// What every notice says of its ticket.
pub(crate) struct About<'a> {
    pub(crate) ticket: Subject<'a>,
    /// The page where this recipient sees it, if there is one.
    pub(crate) link: Option<String>,
    /// Who signs.
    pub(crate) signature: &'a str,
}

struct Notice {
    heading: String,
    before: Vec<String>,
    quote: Vec<String>,
    after: Vec<String>,
    ticket: TicketId,
    reference: String,
    title: String,
    link: Option<String>,
    signature: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Plain<'a>(&'a Notice);

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a>(&'a Notice);

/// A ticket that was made for a group.
pub(crate) fn group(about: &About<'_>, group: &str) -> Result<Text, askama::Error> {
    about.notice(
        format!("Nouvelle demande n°\u{a0}{}", about.ticket.number),
        "nouvelle demande",
        vec![format!("Une demande est assignée au groupe «\u{a0}{}\u{a0}»\u{a0}:", short(group))],
        quote(about.ticket.content, LONGEST_EXCERPT),
        vec!["Pour la prendre en charge, attribuez-vous la demande dans GLPI.".to_owned()],
    )
}

/// A ticket that nobody has taken in charge for so much working time.
pub(crate) fn reminder(about: &About<'_>, group: &str, waited: Duration) -> Result<Text, askama::Error> {
    about.notice(
        format!("Rappel\u{a0}: demande n°\u{a0}{} sans prise en charge", about.ticket.number),
        "rappel, sans prise en charge",
        vec![format!(
            "Personne n'a pris cette demande en charge depuis {}. Elle est assignée au groupe «\u{a0}{}\u{a0}».",
            working_time(waited),
            short(group)
        )],
        quote(about.ticket.content, LONGEST_EXCERPT),
        vec!["Pour la prendre en charge, attribuez-vous la demande dans GLPI.".to_owned()],
    )
}

/// A ticket that these people took in charge.
pub(crate) fn charge(about: &About<'_>, names: &[String]) -> Result<Text, askama::Error> {
    let names: Vec<_> = names.iter().map(|name| short(name)).filter(|name| !name.is_empty()).collect();
    let sentence = match names.as_slice() {
        [] => "L'assistance a pris votre demande en charge.".to_owned(),
        [name] => format!("{name} a pris votre demande en charge."),
        [others @ .., last] => format!("{} et {last} ont pris votre demande en charge.", others.join(", ")),
    };
    let after = "Vous n'avez rien à faire pour l'instant.".to_owned();
    about.notice(
        format!("Votre demande n°\u{a0}{} est prise en charge", about.ticket.number),
        "prise en charge",
        vec![sentence],
        Vec::new(),
        vec![after],
    )
}

/// What somebody wrote to the requester; `pending` is whether the ticket waits for the answer.
pub(crate) fn question(about: &About<'_>, author: &str, html: &str, pending: bool) -> Result<Text, askama::Error> {
    let author = short(author);
    let author = if author.is_empty() { "L'assistance" } else { &author };
    let number = about.ticket.number;
    let (heading, ending) = if pending {
        (format!("À compléter\u{a0}: votre demande n°\u{a0}{number}"), "à compléter")
    } else {
        (format!("Un message sur votre demande n°\u{a0}{number}"), "nouveau message")
    };
    let mut after = Vec::new();
    if pending {
        after.push("Votre demande est en attente de votre réponse.".to_owned());
    }
    after.push(match about.link {
        Some(_) => "Pour répondre, ouvrez la page de la demande, ci-dessous, et ajoutez-y un suivi.".to_owned(),
        None => to_the_group("Pour répondre"),
    });
    about.notice(heading, ending, vec![format!("{author} vous écrit\u{a0}:")], quote(html, LONGEST_QUOTE), after)
}

/// A solution that the requester may approve or refuse.
pub(crate) fn solution(about: &About<'_>, html: &str) -> Result<Text, askama::Error> {
    let after = match about.link {
        Some(_) => "Si elle vous convient, approuvez-la sur la page de la demande, ci-dessous. Sinon, refusez-la en \
                    disant pourquoi\u{a0}: la demande est alors rouverte."
            .to_owned(),
        None => to_the_group("Si elle ne vous convient pas"),
    };
    about.notice(
        format!("Une solution est proposée à votre demande n°\u{a0}{}", about.ticket.number),
        "solution proposée",
        vec!["Voici la solution proposée\u{a0}:".to_owned()],
        quote(html, LONGEST_QUOTE),
        vec![after],
    )
}

/// A ticket that is closed.
pub(crate) fn closing(about: &About<'_>) -> Result<Text, askama::Error> {
    let after = "Si le problème revient, faites une nouvelle demande en citant le numéro de celle-ci.".to_owned();
    about.notice(
        format!("Votre demande n°\u{a0}{} est close", about.ticket.number),
        "close",
        vec!["Le traitement de votre demande est terminé.".to_owned()],
        Vec::new(),
        vec![after],
    )
}

/// How somebody who sees no page of the request answers.
fn to_the_group(purpose: &str) -> String {
    format!(
        "{purpose}, adressez-vous au groupe qui traite la demande, en citant son numéro et sa référence\u{a0}: vous n'avez \
         pas de compte dans l'assistance."
    )
}

/// A notice as a mail. The same one always has the same Message-ID, so that a mail that had to be sent twice is
/// recognised. `name` tells it from the other notices of its request.
pub(crate) fn letter(
    letters: &Correspondence,
    to: lettre::Address,
    reference: Reference,
    name: &str,
    text: Text,
) -> Result<Message, lettre::error::Error> {
    let id = of_letter(reference, Letter::Notice(name), letters.domain());
    // Where GLPI acknowledged, this mail is not there, and a reader begins the thread with the notice.
    let receipt = of_letter(reference, Letter::Outcome(Reason::Created), letters.domain());
    let head = letters.head(to, &text.subject, id, "auto-generated").in_reply_to(receipt.clone()).references(receipt);
    text.into_body(head)
}

impl About<'_> {
    fn notice(
        &self,
        heading: String,
        ending: &str,
        before: Vec<String>,
        quote: Vec<String>,
        after: Vec<String>,
    ) -> Result<Text, askama::Error> {
        let notice = Notice {
            heading,
            before,
            quote,
            after,
            ticket: self.ticket.number,
            reference: self.ticket.reference.to_string(),
            title: short(self.ticket.title),
            link: self.link.as_deref().map(short),
            signature: short(self.signature),
        };
        let title = line(self.ticket.title, LONGEST_SUBJECT);
        Ok(Text {
            subject: format!("Demande n°\u{a0}{}\u{a0}: {ending} — {title} ({})", notice.ticket, notice.reference),
            plain: Plain(&notice).render()?,
            html: Html(&notice).render()?,
        })
    }
}

/// The text of HTML, in lines, as far as `longest` characters.
fn quote(html: &str, longest: usize) -> Vec<String> {
    let text = html_text::from_html(&html[..html.floor_char_boundary(MOST_HTML)]);
    let mut left = longest;
    let mut lines = Vec::new();
    for text in text.lines() {
        let text = line(text, usize::MAX);
        let length = text.chars().count();
        if length > left {
            lines.push(line(&text, left));
            lines.push("(texte abrégé)".to_owned());
            break;
        }
        // An empty line costs too: a text of nothing else is bounded as well.
        left -= length.max(1).min(left);
        lines.push(text);
    }
    lines
}

/// `8 heures ouvrées`, `1 h 30 ouvrées`.
fn working_time(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}\u{a0}minutes ouvrées"),
        (1, 0) => "une heure ouvrée".to_owned(),
        (hours, 0) => format!("{hours}\u{a0}heures ouvrées"),
        (hours, minutes) => format!("{hours}\u{a0}h\u{a0}{minutes:02} ouvrées"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples::assert_letters, *};

    fn ticket() -> Subject<'static> {
        Subject {
            number: TicketId::new(1234),
            title: "LSU : bilans <bloqués>",
            content: "<p>Le bouton reste <b>gris</b>.</p><p>École Voltaire</p>",
            reference: Reference::new("test", "", b""),
        }
    }

    fn about<'a>(ticket: Subject<'a>, link: Option<&str>) -> About<'a> {
        About { ticket, link: link.map(str::to_owned), signature: "Assistance 1er degré" }
    }

    /// The texts of every notice.
    fn all(about: &About<'_>, quoted: &str) -> [Text; 7] {
        let names = ["Tech Un".to_owned(), "Tech Deux".to_owned()];
        let texts = [
            group(about, "Référents-LSU"),
            reminder(about, "Référents-LSU", Duration::from_hours(8)),
            charge(about, &names),
            question(about, "Tech Un", quoted, true),
            question(about, "", quoted, false),
            solution(about, quoted),
            closing(about),
        ];
        texts.map(Result::unwrap)
    }

    fn spaced(text: &str) -> String {
        text.replace('>', " ")
            .split(|c: char| c.is_whitespace())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn both_halves_say_everything_and_that_nobody_shall_answer() {
        let ticket = ticket();
        let link = "https://glpi.example.fr/front/ticket.form.php?id=1234";
        let about = about(ticket, Some(link));
        assert_letters("notices", &all(&about, "<p>Quelle <i>classe</i> ?</p>"));
    }

    #[test]
    fn the_two_halves_hold_the_same_words() {
        let ticket = ticket();
        for link in [Some("https://portail.example.fr/portail/demandes/1234"), None] {
            for text in all(&about(ticket, link), "<p>un</p><p>deux &amp; trois</p>") {
                let of_html = spaced(&html2text::from_read(text.html.as_bytes(), 1000).unwrap());
                for paragraph in
                    text.plain.lines().filter(|line| line.len() > 3 && !line.contains("Page de la demande :"))
                {
                    let paragraph = spaced(paragraph);
                    assert!(of_html.contains(&paragraph), "{paragraph} in {of_html}");
                }
                assert_eq!(text.plain.contains("Page de la demande"), link.is_some());
            }
        }
    }

    #[test]
    fn what_people_wrote_is_text_and_no_markup() {
        let mut ticket = ticket();
        ticket.title = "</title><script>x()</script>\r\nBcc: a@b.fr \u{202e}x";
        let quoted =
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p><img src=x onerror=alert(2)><a href=\"javascript:x\">ici</a>";
        let about = about(ticket, Some("https://x.fr/\"><b>"));
        for text in all(&about, quoted) {
            let html = text.html.to_lowercase();
            for mark in ["<script", "onerror", "<img", "javascript:", "\"><b>"] {
                assert!(!html.contains(mark), "{mark} in {html}");
            }
            assert!(!text.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", text.subject);
        }
    }

    #[test]
    fn quotations_are_bounded() {
        let content = "<p>x y </p>".repeat(200_000);
        let ticket = Subject { content: &content, ..ticket() };
        let long = "<p>".to_owned() + &"é ".repeat(1_000_000);
        let breaks = "<br>x".repeat(1_000_000);
        for quoted in [&long, &breaks] {
            for text in all(&about(ticket, None), quoted) {
                assert!(text.plain.chars().count() < 20_000, "{}", text.plain.len());
            }
            let text = solution(&about(ticket, None), quoted).unwrap();
            assert!(text.plain.contains("(texte abrégé)") && text.html.contains("(texte abrégé)"));
        }
    }

    #[rstest]
    #[case(30, "30\u{a0}minutes ouvrées")]
    #[case(60, "une heure ouvrée")]
    #[case(90, "1\u{a0}h\u{a0}30 ouvrées")]
    #[case(485, "8\u{a0}h\u{a0}05 ouvrées")]
    #[case(480, "8\u{a0}heures ouvrées")]
    fn working_time_is_told_in_hours(#[case] minutes: u64, #[case] expected: &str) {
        assert_eq!(working_time(Duration::from_mins(minutes)), expected);
    }
}
