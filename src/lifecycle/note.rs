//! The notes the gateway writes into a ticket: a move before it is made and after, reminders, drafts of articles, refusals.
//!
//! They are for the people who read the ticket, in French, and for the gateway itself, which keeps nothing
//! elsewhere: each ends with a line it reads again. A note counts only where it is of the gateway's own account
//! and word for word what the gateway writes; what people write, also through the gateway, is never one.

use std::fmt::Write as _;

use crate::id::{ArticleId, FollowupId, GroupId};
use crate::request::Direction;
use crate::text::french::typed;

/// Beyond this a reason is cut, characters; and a name.
const LONGEST_REASON: usize = 1000;
const LONGEST_NAME: usize = 200;

/// What stands in the note of a move that is under way, and of one of a ticket that nobody had taken in charge: by these
/// GLPI is searched for them.
pub(super) const UNDER_WAY: &str = "en cours\u{a0}:";
/// The same in notes of earlier versions, which had plain spaces and apostrophes.
pub(super) const TYPED_UNDER_WAY: &str = "en cours :";
pub(super) const UNTAKEN: &str = "non pris en charge";

const NO_BREAK: char = '\u{a0}';

/// A note in a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A move, under way or done.
    Move(MoveNote),
    /// The groups of a level were reminded.
    Reminder(Reminder),
    /// A command was not obeyed.
    Refusal(RefusalNote),
    /// An article was drafted from the ticket.
    Draft(DraftNote),
    /// None was, though a follow-up asked for it.
    NoDraft(NoDraftNote),
}

/// A move: written before its first step, and again after its last or when it is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveNote {
    /// Up or down.
    pub direction: Direction,
    /// Whether its last step is done.
    pub done: bool,
    /// Why it was given up before its last step, a sentence.
    pub given_up: Option<String>,
    /// The group that had the ticket; several are parted by commas.
    pub from: String,
    /// The group that gets it.
    pub to: String,
    /// Its id.
    pub target: GroupId,
    /// Who asked and when, a sentence.
    pub asked: String,
    /// Why.
    pub reason: String,
    /// What asked for it.
    pub cause: Cause,
    /// Whether nobody had taken the ticket in charge before.
    pub untaken: bool,
}

/// What asked for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A call of the HTTP API.
    Api,
    /// `passerelle escalate`.
    CommandLine,
    /// The follow-up with this id.
    Followup(FollowupId),
    /// A delay that has passed.
    Rule,
    /// A page of the gateway, for people in charge.
    Page,
}

/// A reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// The groups that are reminded, parted by commas.
    pub to: String,
    /// The level they are on.
    pub level: usize,
    /// Since when and how long the ticket waits and what comes next, sentences.
    pub waits: String,
}

/// A command that was not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalNote {
    /// What it asked for.
    pub direction: Direction,
    /// The follow-up it stands in.
    pub followup: FollowupId,
    /// Why not, sentences.
    pub why: String,
}

/// An article that was drafted from the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftNote {
    /// The article.
    pub article: ArticleId,
    /// Whether it is new, and not an earlier draft written again.
    pub is_new: bool,
    /// Who asked for it, and where it is, sentences.
    pub place: String,
    /// What was masked in it, a sentence.
    pub masked: String,
    /// What asked for it.
    pub cause: Cause,
}

/// No article was drafted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDraftNote {
    /// The follow-up that asked for it.
    pub followup: FollowupId,
    /// Why not, sentences.
    pub why: String,
}

impl Cause {
    /// For logs and counters.
    pub fn label(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::CommandLine => "command-line",
            Self::Followup(_) => "followup",
            Self::Rule => "rule",
            Self::Page => "page",
        }
    }

    fn words(self) -> String {
        match self {
            Self::Api => "demande par l’API".to_owned(),
            Self::CommandLine => "demande en ligne de commande".to_owned(),
            Self::Followup(id) => format!("suivi n°\u{a0}{id}"),
            Self::Rule => "règle de délai".to_owned(),
            Self::Page => "demande sur une page de la passerelle".to_owned(),
        }
    }

    fn parse(words: &str) -> Option<Self> {
        let mut plain = [Self::Api, Self::CommandLine, Self::Rule, Self::Page].into_iter();
        let plain = plain.find(|cause| typed(&cause.words()) == words);
        plain.or_else(|| Some(Self::Followup(words.strip_prefix("suivi n° ")?.parse().ok()?)))
    }
}

impl Note {
    /// The note as it stands in GLPI, HTML.
    pub fn html(&self) -> String {
        let (title, body, mark) = match self {
            Self::Move(note) => (note.title(), note.body(), note.mark()),
            Self::Reminder(reminder) => (reminder.title(), vec![reminder.waits.clone()], reminder.mark()),
            Self::Refusal(refusal) => (refusal.title().to_owned(), vec![refusal.why.clone()], refusal.mark()),
            Self::Draft(note) => (note.title().to_owned(), vec![note.place.clone(), note.masked.clone()], note.mark()),
            Self::NoDraft(note) => (NO_DRAFT.to_owned(), vec![note.why.clone()], answer_to(note.followup)),
        };
        let mut html = format!("<p><strong>{}</strong></p>", escape(&title));
        for paragraph in body {
            let _ = write!(html, "<p>{}</p>", escape(&paragraph));
        }
        let _ = write!(html, "<p><em>Passerelle\u{a0}: {}.</em></p>", escape(&mark));
        html
    }

    /// The note that this is, if it is one, word for word: as it is printed, or with plain spaces and apostrophes.
    pub fn parse(html: &str) -> Option<Self> {
        let (title, rest) = html.strip_prefix("<p><strong>")?.split_once("</strong></p>")?;
        let rest = rest.strip_suffix(".</em></p>")?;
        let marks = ["<p><em>Passerelle\u{a0}: ", "<p><em>Passerelle : "];
        let (body, mark) = marks.iter().find_map(|before| rest.rsplit_once(before))?;
        let body: Vec<String> =
            body.strip_prefix("<p>")?.strip_suffix("</p>")?.split("</p><p>").map(unescape).collect();
        let (title, mark) = (unescape(title), typed(&unescape(mark)));
        let note = MoveNote::parse(&title, &body, &mark)
            .map(Self::Move)
            .or_else(|| NoDraftNote::parse(&title, &body, &mark).map(Self::NoDraft))
            .or_else(|| DraftNote::parse(&title, &body, &mark).map(Self::Draft))
            .or_else(|| Reminder::parse(&title, &body, &mark).map(Self::Reminder))
            .or_else(|| RefusalNote::parse(&title, &body, &mark).map(Self::Refusal))?;
        (typed(&note.html()) == typed(html)).then_some(note)
    }
}

impl MoveNote {
    /// As [`MoveNote`], with texts of people made fit for a note.
    pub(super) fn fit(mut self) -> Self {
        self.reason = fit_reason(&self.reason);
        self.asked = fit_reason(&self.asked);
        self.from = fit_name(&self.from);
        self.to = fit_name(&self.to);
        self
    }

    /// Whether it is to be taken to its end.
    pub fn is_open(&self) -> bool {
        !self.done && self.given_up.is_none()
    }

    fn title(&self) -> String {
        let what = match (self.direction, self.done, &self.given_up) {
            (Direction::Up, true, _) => "Escalade effectuée",
            (Direction::Up, false, None) => "Escalade en cours",
            (Direction::Up, false, Some(_)) => "Escalade interrompue",
            (Direction::Down, true, _) => "Retour effectué",
            (Direction::Down, false, None) => "Retour en cours",
            (Direction::Down, false, Some(_)) => "Retour interrompu",
        };
        format!("{what}\u{a0}: {} → {}", self.from, self.to)
    }

    fn body(&self) -> Vec<String> {
        let paragraphs = [self.asked.clone(), reason(&self.reason)];
        paragraphs.into_iter().chain(self.given_up.clone()).collect()
    }

    fn mark(&self) -> String {
        let what = match self.direction {
            Direction::Up => "escalade",
            Direction::Down => "retour",
        };
        let untaken = if self.untaken { format!("\u{a0}; ticket {UNTAKEN}") } else { String::new() };
        format!("{what} vers le groupe n°\u{a0}{}\u{a0}; {}{untaken}", self.target, self.cause.words())
    }

    fn parse(title: &str, body: &[String], mark: &str) -> Option<Self> {
        let (asked, why, given_up) = match body {
            [asked, why] => (asked, why, None),
            [asked, why, given_up] => (asked, why, Some(given_up.clone())),
            _ => return None,
        };
        let (what, groups) = title.split_once("\u{a0}: ").or_else(|| title.split_once(" : "))?;
        let (from, to) = groups.split_once(" → ")?;
        let (direction, mark) = match mark.split_once(" vers le groupe n° ")? {
            ("escalade", rest) => (Direction::Up, rest),
            ("retour", rest) => (Direction::Down, rest),
            _ => return None,
        };
        let mut parts = mark.split(" ; ");
        let (target, cause, untaken) = (parts.next()?.parse().ok()?, Cause::parse(parts.next()?)?, parts.next());
        Some(Self {
            direction,
            done: what.starts_with("Escalade effectuée") || what.starts_with("Retour effectué"),
            given_up,
            from: from.to_owned(),
            to: to.to_owned(),
            target,
            asked: asked.clone(),
            reason: ["Motif\u{a0}: ", "Motif : "].iter().find_map(|before| why.strip_prefix(before))?.to_owned(),
            cause,
            untaken: untaken.is_some(),
        })
    }
}

impl Reminder {
    fn title(&self) -> String {
        format!("Rappel\u{a0}: ce ticket attend d’être pris en charge par {}", self.to)
    }

    fn mark(&self) -> String {
        format!("rappel au niveau {}", self.level)
    }

    fn parse(title: &str, body: &[String], mark: &str) -> Option<Self> {
        let [waits] = body else { return None };
        Some(Self {
            to: title.split_once(" pris en charge par ")?.1.to_owned(),
            level: mark.strip_prefix("rappel au niveau ")?.parse().ok()?,
            waits: waits.clone(),
        })
    }
}

impl RefusalNote {
    fn title(&self) -> &'static str {
        match self.direction {
            Direction::Up => "Escalade non effectuée",
            Direction::Down => "Retour non effectué",
        }
    }

    fn mark(&self) -> String {
        answer_to(self.followup)
    }

    fn parse(title: &str, body: &[String], mark: &str) -> Option<Self> {
        let [why] = body else { return None };
        Some(Self {
            direction: if title.starts_with("Escalade") { Direction::Up } else { Direction::Down },
            followup: answered(mark)?,
            why: why.clone(),
        })
    }
}

const NO_DRAFT: &str = "Brouillon de fiche non préparé";

impl DraftNote {
    /// As [`DraftNote`], with texts of people made fit for a note.
    pub(super) fn fit(mut self) -> Self {
        self.place = fit_reason(&self.place);
        self.masked = fit_reason(&self.masked);
        self
    }

    fn title(&self) -> &'static str {
        if self.is_new { "Brouillon de fiche préparé" } else { "Brouillon de fiche mis à jour" }
    }

    fn mark(&self) -> String {
        format!("brouillon de la fiche n°\u{a0}{}\u{a0}; {}", self.article, self.cause.words())
    }

    fn parse(title: &str, body: &[String], mark: &str) -> Option<Self> {
        let [place, masked] = body else { return None };
        let (article, cause) = mark.strip_prefix("brouillon de la fiche n° ")?.split_once(" ; ")?;
        Some(Self {
            article: article.parse().ok()?,
            is_new: title == "Brouillon de fiche préparé",
            place: place.clone(),
            masked: masked.clone(),
            cause: Cause::parse(cause)?,
        })
    }
}

impl NoDraftNote {
    fn parse(title: &str, body: &[String], mark: &str) -> Option<Self> {
        let [why] = body else { return None };
        (title == NO_DRAFT).then_some(Self { followup: answered(mark)?, why: why.clone() })
    }
}

/// That a note answers a follow-up.
fn answer_to(followup: FollowupId) -> String {
    format!("réponse au suivi n°\u{a0}{followup}")
}

fn answered(mark: &str) -> Option<FollowupId> {
    mark.strip_prefix("réponse au suivi n° ")?.parse().ok()
}

fn reason(text: &str) -> String {
    format!("Motif\u{a0}: {text}")
}

/// A reason, or another sentence, as a note has it.
pub(super) fn fit_reason(text: &str) -> String {
    fit(text, LONGEST_REASON)
}

/// A name as a note has it.
pub(super) fn fit_name(text: &str) -> String {
    fit(text, LONGEST_NAME)
}

/// One line of at most so many characters, of such that every GLPI gives back as they are: GLPI 9.5 does not tell
/// an encoded angle bracket from a bare one, and older databases end a text at a character beyond the first plane.
fn fit(text: &str, longest: usize) -> String {
    let mut line = String::new();
    // A space that holds two words together does.
    let parts = |c: char| (c.is_whitespace() && c != NO_BREAK) || c.is_control();
    for word in text.split(parts).map(|word| word.trim_matches(NO_BREAK)).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| match c {
            '<' => '‹',
            '>' => '›',
            c if u32::from(c) > 0xffff => '\u{fffd}',
            c => c,
        }));
    }
    match line.char_indices().nth(longest) {
        None => line,
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
}

fn unescape(text: &str) -> String {
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{
        Cause, Direction, DraftNote, MoveNote, NoDraftNote, Note, RefusalNote, Reminder, TYPED_UNDER_WAY, UNDER_WAY,
        UNTAKEN, fit, typed,
    };
    use crate::id::{ArticleId, FollowupId, GroupId};

    fn escalation() -> MoveNote {
        MoveNote {
            direction: Direction::Up,
            done: false,
            given_up: None,
            from: "Référents-LSU".to_owned(),
            to: "DSI-BAI".to_owned(),
            target: GroupId::new(2),
            asked: "Demandée par Jeanne Martin le 25/11/2026 à 09:30.".to_owned(),
            reason: "Panne du serveur".to_owned(),
            cause: Cause::Followup(FollowupId::new(345)),
            untaken: true,
        }
    }

    fn draft() -> DraftNote {
        DraftNote {
            article: ArticleId::new(5),
            is_new: true,
            place: "Demandé par Jeanne Martin : https://glpi.example/front/knowbaseitem.form.php?id=5".to_owned(),
            masked: "Masqué : 2 noms & 1 adresse.".to_owned(),
            cause: Cause::Followup(FollowupId::new(345)),
        }
    }

    #[test]
    fn a_move_says_who_when_why_from_where_to_where_and_what_asked_for_it() {
        let html = Note::Move(escalation()).html();
        assert_eq!(
            html,
            "<p><strong>Escalade en cours\u{a0}: Référents-LSU → DSI-BAI</strong></p>\
             <p>Demandée par Jeanne Martin le 25/11/2026 à 09:30.</p><p>Motif\u{a0}: Panne du serveur</p>\
             <p><em>Passerelle\u{a0}: escalade vers le groupe n°\u{a0}2\u{a0}; suivi n°\u{a0}345\u{a0}; ticket non pris en charge.</em></p>"
        );
    }

    #[rstest]
    #[case(Note::Move(escalation()))]
    #[case(Note::Move(MoveNote { done: true, untaken: false, cause: Cause::Rule, ..escalation() }))]
    #[case(Note::Move(MoveNote { direction: Direction::Down, cause: Cause::Api, ..escalation() }))]
    #[case(Note::Move(MoveNote { direction: Direction::Down, done: true, cause: Cause::CommandLine, ..escalation() }))]
    #[case(Note::Move(MoveNote { given_up: Some("Ticket résolu.".to_owned()), ..escalation() }))]
    #[case(Note::Move(MoveNote { given_up: Some("x".to_owned()), direction: Direction::Down, ..escalation() }))]
    #[case(Note::Reminder(Reminder { to: "A & B".to_owned(), level: 0, waits: "Il attend.".to_owned() }))]
    #[case(Note::Refusal(RefusalNote { direction: Direction::Up, followup: FollowupId::new(7), why: "Non.".to_owned() }))]
    #[case(Note::Refusal(RefusalNote { direction: Direction::Down, followup: FollowupId::new(7), why: "Non.".to_owned() }))]
    #[case(Note::Draft(draft()))]
    #[case(Note::Draft(DraftNote { is_new: false, cause: Cause::Api, ..draft() }))]
    #[case(Note::Draft(DraftNote { cause: Cause::Page, ..draft() }))]
    #[case(Note::NoDraft(NoDraftNote { followup: FollowupId::new(7), why: "Non.".to_owned() }))]
    fn every_note_is_read_again(#[case] note: Note) {
        let html = note.html();
        let as_before = typed(&html);
        assert_ne!(html, as_before);
        assert_eq!(Note::parse(&html).as_ref(), Some(&note));
        assert_eq!(Note::parse(&as_before), Some(note), "a note of an earlier version");
    }

    #[rstest]
    fn a_note_is_found_by_what_it_says(
        #[values(Direction::Up, Direction::Down)] direction: Direction,
        #[values(false, true)] done: bool,
        #[values(false, true)] untaken: bool,
    ) {
        let html = Note::Move(MoveNote { direction, done, untaken, ..escalation() }).html();
        assert_eq!((html.contains(UNDER_WAY), html.contains(UNTAKEN)), (!done, untaken), "{html}");
        let as_before = typed(&html);
        assert_eq!((as_before.contains(TYPED_UNDER_WAY), as_before.contains(UNTAKEN)), (!done, untaken), "{as_before}");
    }

    #[test]
    fn what_is_not_word_for_word_a_note_is_none() {
        let html = Note::Move(escalation()).html();
        for other in [
            html.replace("<strong>", "<b>"),
            html.replace("en cours", "en cours !"),
            html.replace("en cours", "interrompue"),
            html.replace("effectuée", "x").replace("groupe n°", "groupe "),
            format!("<p>Bonjour</p>{html}"),
            format!("{html}<p>Merci</p>"),
            html.replace("n°\u{a0}2\u{a0};", "n°\u{a0}02\u{a0};"),
            html.replace("non pris", "pris"),
            html.replace("Panne", "<b>Panne</b>").replace("escalade", "retour"),
            format!("<p><em>Réponse par courriel de x@y.fr</em></p>{html}"),
            String::new(),
        ] {
            assert_eq!(Note::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_and_lines_become_one() {
        let note = MoveNote { reason: format!("a\r\n\u{a0} <b>{}", "é".repeat(5000)), ..escalation() }.fit();
        assert!(note.reason.starts_with("a ‹b›é") && note.reason.ends_with('…'), "{}", note.reason);
        assert_eq!(note.reason.chars().count(), 1001);
        assert_eq!(fit(" \n ", 10), "");
    }

    proptest! {
        #[test]
        fn whatever_people_write_the_note_is_read_again(
            reason in any::<String>(), from in "[^→]{0,300}", to in "[^→]{0,300}", asked in any::<String>(), id in any::<u64>(),
        ) {
            let note = MoveNote { reason, from: from.replace(" : ", "").replace("\u{a0}: ", ""), to, asked, cause: Cause::Followup(id.into()), ..escalation() }.fit();
            prop_assert_eq!(Note::parse(&Note::Move(note.clone()).html()), Some(Note::Move(note)));
        }

        #[test]
        fn strange_html_is_read_without_harm(html in any::<String>()) {
            prop_assert_eq!(Note::parse(&html), None);
        }
    }
}
