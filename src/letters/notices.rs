//! Notices at the steps of a ticket: in French, each as plain text and as HTML that says the same. What they say to whom
//! is in `requesters` and `staff`.

mod quote;
mod requesters;
mod staff;

use askama::Template;
use lettre::Message;

pub(crate) use self::{
    requesters::{charge, closing, handover, question, solution},
    staff::{
        Moved, answer, approval, closed, escalation, group, refusal, reminder, watched_charge, watched_question,
        watched_solution,
    },
};
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
};

/// A ticket, as notices tell of it.
#[derive(Clone)]
pub(crate) struct Subject<'a> {
    /// GLPI's number.
    pub(crate) number: TicketId,
    pub(crate) title: &'a str,
    /// What it says, HTML.
    pub(crate) content: &'a str,
    pub(crate) reference: Reference,
    pub(crate) context: Context,
}

/// What a request is about, and where it comes from: what is not known is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) application: String,
    /// The school's name, else its code.
    pub(crate) school: Option<String>,
    /// The department's number in three characters.
    pub(crate) department: Option<String>,
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
    /// For those who work on many: what it is about, and of which school.
    context: Option<String>,
    link: Option<String>,
    signature: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Plain<'a>(&'a Notice);

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a>(&'a Notice);

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

impl Context {
    /// «LSU, École Voltaire (21)»
    fn shown(&self) -> Option<String> {
        let department = self.department.as_deref().map(|number| {
            let plain = number.strip_prefix('0').filter(|rest| rest.len() == 2);
            plain.unwrap_or(number)
        });
        let place = match (&self.school, department) {
            (Some(school), Some(department)) => Some(format!("{school} ({department})")),
            (Some(school), None) => Some(school.clone()),
            (None, Some(department)) => Some(format!("département {department}")),
            (None, None) => None,
        };
        let application = Some(&self.application).filter(|name| !name.is_empty());
        let parts: Vec<&str> = application.into_iter().chain(&place).map(String::as_str).collect();
        (!parts.is_empty()).then(|| line(&parts.join(", "), LONGEST_SUBJECT))
    }
}

impl About<'_> {
    /// A notice to requesters.
    fn notice(
        &self,
        heading: String,
        ending: &str,
        before: Vec<String>,
        quote: Vec<String>,
        after: Vec<String>,
    ) -> Result<Text, askama::Error> {
        self.made(None, ending, &Notice { before, quote, after, ..self.frame(heading) })
    }

    /// A notice to those who work on requests.
    fn staff_notice(
        &self,
        heading: String,
        ending: &str,
        before: Vec<String>,
        quote: Vec<String>,
        after: Vec<String>,
    ) -> Result<Text, askama::Error> {
        let context = self.ticket.context.shown();
        self.made(
            context.as_deref(),
            ending,
            &Notice { before, quote, after, context: context.clone(), ..self.frame(heading) },
        )
    }

    fn frame(&self, heading: String) -> Notice {
        Notice {
            heading,
            before: Vec::new(),
            quote: Vec::new(),
            after: Vec::new(),
            ticket: self.ticket.number,
            reference: self.ticket.reference.to_string(),
            title: short(self.ticket.title),
            context: None,
            link: self.link.as_deref().map(short),
            signature: short(self.signature),
        }
    }

    fn made(&self, context: Option<&str>, ending: &str, notice: &Notice) -> Result<Text, askama::Error> {
        let context = context.map(|context| format!(" — {context}")).unwrap_or_default();
        let title = line(self.ticket.title, LONGEST_SUBJECT);
        Ok(Text {
            subject: format!(
                "Demande n°\u{a0}{}\u{a0}: {ending}{context} — {title} ({})",
                notice.ticket, notice.reference
            ),
            plain: Plain(notice).render()?,
            html: Html(notice).render()?,
        })
    }
}

/// «X et Y ont pris la demande en charge.»
fn taken(names: &[String], what: &str, nobody: &str) -> String {
    let names: Vec<_> = names.iter().map(|name| short(name)).filter(|name| !name.is_empty()).collect();
    match names.as_slice() {
        [] => format!("{nobody} a pris {what} en charge."),
        [name] => format!("{name} a pris {what} en charge."),
        [others @ .., last] => format!("{} et {last} ont pris {what} en charge.", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::{super::samples::assert_letters, *};

    fn ticket() -> Subject<'static> {
        Subject {
            number: TicketId::new(1234),
            title: "LSU : bilans <bloqués>",
            content: "<p>Le bouton reste <b>gris</b>.</p><p>École Voltaire</p>",
            reference: Reference::new("test", "", b""),
            context: Context {
                application: "LSU".to_owned(),
                school: Some("École élémentaire Voltaire".to_owned()),
                department: Some("021".to_owned()),
            },
        }
    }

    fn about<'a>(ticket: Subject<'a>, link: Option<&str>) -> About<'a> {
        About { ticket, link: link.map(str::to_owned), signature: "Assistance 1er degré" }
    }

    /// The texts of every notice.
    fn all(about: &About<'_>, quoted: &str) -> Vec<Text> {
        let names = ["Tech Un".to_owned(), "Tech Deux".to_owned()];
        let moved = |is_return| Moved {
            from: if is_return { "DSI-BAI" } else { "Référents-LSU" },
            to: if is_return { "Référents-LSU" } else { "DSI-BAI" },
            asked: "Demandée par Jeanne Martin le 25/11/2026 à 09:30, par l’API.",
            reason: "Panne du serveur",
            is_return,
        };
        let texts = [
            group(about, "Référents-LSU"),
            reminder(about, "Référents-LSU", Duration::from_hours(8)),
            charge(about, &names),
            watched_charge(about, &names[..1]),
            question(about, "Tech Un", quoted, true),
            question(about, "", quoted, false),
            watched_question(about, "Tech Un", quoted),
            solution(about, quoted),
            watched_solution(about, "", quoted),
            handover(about, "le bureau de l’assistance", false),
            handover(about, "Référents-LSU", true),
            escalation(about, &moved(false)),
            escalation(about, &moved(true)),
            answer(about, "Jeanne Martin", quoted),
            refusal(about, "", quoted),
            approval(about, quoted),
            closing(about),
            closed(about),
        ];
        texts.into_iter().map(Result::unwrap).collect()
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
        assert_letters("notices", &all(&about, "<p>Quelle <a href=\"https://x.fr/fiche\">classe</a> ?</p>"));
    }

    #[test]
    fn the_two_halves_hold_the_same_words() {
        let ticket = ticket();
        for link in [Some("https://portail.example.fr/portail/demandes/1234"), None] {
            for text in all(&about(ticket.clone(), link), "<p>un</p><p>deux &amp; trois</p>") {
                let of_html = spaced(&html2text::from_read(text.html.as_bytes(), 1000).unwrap());
                for paragraph in
                    text.plain.lines().filter(|line| line.len() > 3 && !line.contains("Page de la demande"))
                {
                    let paragraph = spaced(paragraph);
                    assert!(of_html.contains(&paragraph), "{paragraph} in {of_html}");
                }
                assert_eq!(text.plain.contains("Page de la demande"), link.is_some());
            }
        }
    }

    #[test]
    fn who_works_on_many_reads_in_the_subject_which_one_it_is() {
        let ticket = ticket();
        let about = about(ticket, None);
        let staff = [group(&about, "Référents-LSU"), answer(&about, "", "<p>x</p>"), closed(&about)];
        for text in staff.map(Result::unwrap) {
            assert!(text.subject.contains("LSU, École élémentaire Voltaire (21)"), "{}", text.subject);
            assert!(text.plain.contains("LSU, École élémentaire Voltaire (21)"), "{}", text.plain);
        }
        assert!(!closing(&about).unwrap().subject.contains("Voltaire"));
    }

    #[rstest]
    #[case("LSU", Some("Voltaire"), Some("021"), Some("LSU, Voltaire (21)"))]
    #[case("LSU", Some("Voltaire"), Some("02A"), Some("LSU, Voltaire (2A)"))]
    #[case("LSU", Some("Voltaire"), Some("971"), Some("LSU, Voltaire (971)"))]
    #[case("LSU", Some("Voltaire"), None, Some("LSU, Voltaire"))]
    #[case("LSU", None, Some("058"), Some("LSU, département 58"))]
    #[case("LSU", None, None, Some("LSU"))]
    #[case("", None, None, None)]
    fn what_is_not_known_of_a_school_leaves_no_gap(
        #[case] application: &str,
        #[case] school: Option<&str>,
        #[case] department: Option<&str>,
        #[case] expected: Option<&str>,
    ) {
        let [school, department] = [school, department].map(|text| text.map(str::to_owned));
        let context = Context { application: application.to_owned(), school, department };
        assert_eq!(context.shown().as_deref(), expected);
    }

    #[test]
    fn what_people_wrote_is_text_and_no_markup() {
        let mut ticket = ticket();
        ticket.title = "</title><script>x()</script>\r\nBcc: a@b.fr \u{202e}x";
        ticket.context.school = Some("</title><script>\r\nBcc: a@b.fr \u{202e}x".to_owned());
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
        let links = "<a href=\"https://x.fr/\">ici</a>".repeat(100_000);
        for quoted in [&long, &breaks, &links] {
            for text in all(&about(ticket.clone(), None), quoted) {
                assert!(text.plain.chars().count() < 20_000, "{}", text.plain.len());
            }
            let text = solution(&about(ticket.clone(), None), quoted).unwrap();
            assert!(text.plain.contains("(texte abrégé)") && text.html.contains("(texte abrégé)"));
        }
    }
}
