//! The draft of an article: what it says, and how it is known again.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::masks::Masks;
use crate::{
    id::TicketId,
    text::{
        fold::words,
        headings, html_text,
        sanitise::shown,
        tags::{Token, Tokens},
    },
};

/// GLPI keeps 255 characters of a title.
const LONGEST_TITLE: usize = 250;
/// Bytes of a fingerprint: two texts that differ have another one.
const FINGERPRINT: usize = 8;
/// Before the number of a draft's ticket, and before its fingerprint.
const OF_TICKET: &str = "Passerelle : brouillon du ticket n° ";
const FINGERPRINTED: &str = ", empreinte ";

/// What a draft is made from.
pub(super) struct Sources<'a> {
    pub(super) ticket: TicketId,
    /// The ticket's title.
    pub(super) title: &'a str,
    /// What was asked, HTML without the gateway's own lines.
    pub(super) question: &'a str,
    /// The solution, HTML.
    pub(super) solution: &'a str,
}

/// An article to be read and published by somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) html: String,
    /// What was masked, in words; `None` where nothing was.
    pub(super) masked: Option<String>,
}

/// What an article of the knowledge base is to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its draft, as it was written.
    AsWritten,
    /// Its draft, which somebody has worked on since.
    Changed,
    /// Not known as its draft.
    Another,
}

impl Draft {
    /// The draft of an article that answers the ticket's question by its solution. `None` where one of the texts costs too
    /// much to be read.
    pub(super) fn new(sources: &Sources<'_>, mut masks: Masks) -> Option<Self> {
        let [question, solution] = [sources.question, sources.solution].map(fit);
        let bodies = [question?, solution?].map(|html| headings::from_level(&html, 3));
        let title = sources.title.trim();
        masks.learn(title, &bodies);
        let title: String = masks.text(title).chars().take(LONGEST_TITLE).collect();
        let mut body = String::new();
        for (heading, html) in ["Question", "Réponse"].into_iter().zip(&bodies) {
            let html = masks.html(html);
            if !html_text::from_html(&html).trim().is_empty() {
                let _ = write!(body, "<h2>{heading}</h2>{html}");
            }
        }
        let masked = masks.said();
        let what = masked
            .as_deref()
            .map_or_else(|| "Rien n’a été masqué.".to_owned(), |what| format!("Masqué\u{a0}: {what}."));
        let print = fingerprint(&title, &html_text::from_html(&body));
        let html = format!(
            "<p><em>Brouillon à relire avant de publier. {what} Vérifiez qu’il ne reste rien qui désigne une personne ou \
             une école, puis supprimez ce paragraphe. {}{}{FINGERPRINTED}{print}.</em></p>{body}",
            OF_TICKET.replace(" :", "\u{a0}:").replace("° ", "°\u{a0}"),
            sources.ticket,
        );
        Some(Self { title, html, masked })
    }
}

/// What an article of this title and text is to a ticket. GLPI writes HTML in its own way: words count.
pub(super) fn state(ticket: TicketId, title: &str, html: &str) -> State {
    let text = html_text::from_html(html);
    let Some(notice) = text.lines().find(|line| line.contains(OF_TICKET)) else { return State::Another };
    let said = notice.split_once(OF_TICKET).and_then(|(_, said)| said.split_once(FINGERPRINTED));
    match said {
        Some((of, print)) if of.parse() == Ok(ticket) => {
            let body: Vec<&str> = text.lines().filter(|line| *line != notice).collect();
            let is_same = print.trim_end_matches('.') == fingerprint(title, &body.join("\n"));
            if is_same { State::AsWritten } else { State::Changed }
        }
        _ => State::Another,
    }
}

/// Whether two drafts say the same, each given as its title and text.
pub(super) fn are_same(one: (&str, &str), other: (&str, &str)) -> bool {
    let said = |(title, html): (&str, &str)| fingerprint(title, &html_text::from_html(html));
    said(one) == said(other)
}

fn fingerprint(title: &str, text: &str) -> String {
    let all = words(title).into_iter().chain(words(text)).collect::<Vec<_>>().join(" ");
    HEXLOWER.encode(&Sha256::digest(all)[..FINGERPRINT])
}

/// A text fit for an article: without pictures, which belong to the ticket, and without links that lead into GLPI or to a
/// mailbox.
fn fit(html: &str) -> Option<String> {
    let without = |element: &str, value: &str| {
        (element == "a" && ["http://", "https://"].iter().any(|scheme| value.starts_with(scheme)))
            .then(|| value.to_owned())
    };
    let html = shown(html, without)?;
    let mut kept = String::with_capacity(html.len());
    let mut tokens = Tokens::new(&html).peekable();
    while let Some((at, token)) = tokens.next() {
        let end = tokens.peek().map_or(html.len(), |(next, _)| *next);
        if !matches!(token, Token::Open { name, .. } if name.eq_ignore_ascii_case("img")) {
            kept.push_str(&html[at..end]);
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Draft, Sources, State, fit, state};
    use crate::{id::TicketId, lifecycle::drafts::masks::Masks};

    const TICKET: TicketId = TicketId::new(42);

    fn draft(question: &str, solution: &str) -> Draft {
        let sources = Sources { ticket: TICKET, title: "Bilan de Mme Martin grisé", question, solution };
        Draft::new(&sources, Masks::new(["Jeanne Martin"], [], [])).unwrap()
    }

    #[test]
    fn a_draft_has_question_and_answer_and_says_what_was_masked() {
        let draft = draft("<p>Signé Jeanne Martin, 03 80 12 34 56</p>", "<h1>Ici</h1><p>Remplissez <b>tout</b>.</p>");
        assert_eq!(draft.title, "Bilan de Mme [nom] grisé");
        assert_eq!(draft.masked.as_deref(), Some("2\u{a0}noms, 1\u{a0}téléphone"));
        assert!(draft.html.contains("Masqué\u{a0}: 2\u{a0}noms, 1\u{a0}téléphone."), "{}", draft.html);
        assert!(draft.html.ends_with(
            "<h2>Question</h2><p>Signé [nom], [téléphone]</p><h2>Réponse</h2><h3>Ici</h3><p>Remplissez <b>tout</b>.</p>"
        ), "{}", draft.html);
    }

    /// A name that one place of a ticket tells is masked in its title, its question and its solution.
    #[rstest]
    #[case::of_a_pupil(
        "LSU : Import de Kévin Dupont",
        "<p>L’élève Kévin Dupont n’apparaît pas. Kévin Dupont est en CM2. DUPONT Kévin aussi.</p>",
        "<p>Kévin Dupont est revenu ; l’élève Dupont figure dans la liste.</p>",
        [
            "LSU : Import de [élève]",
            "<p>L’élève [élève] n’apparaît pas. [élève] est en CM2. [élève] aussi.</p>",
            "<p>[élève] est revenu ; l’élève [élève] figure dans la liste.</p>",
        ]
    )]
    #[case::in_the_solution_alone(
        "Kévin absent",
        "<p>Où est dupont ? Et kevin ? KÉVIN, KEVIN DUPONT, kevin dupont</p>",
        "<p>L’élève Kévin Dupont est là.</p>",
        ["[élève] absent", "<p>Où est [élève] ? Et [élève] ? [élève], [élève], [élève]</p>", "<p>L’élève [élève] est là.</p>"]
    )]
    #[case::with_marks_and_other_letters(
        "Ke\u{301}vin et 𝐊é𝐯𝐢𝐧",
        "<p><b>K</b>évin <i>Du</i>pont, Du\u{ad}pont, k<b>é</b>vin&nbsp;dupont</p>",
        "<p>Élève : Kévin Dupont</p>",
        ["[élève] et [élève]", "<p><b>[élève]</b><i></i>, [élève], [élève]<b></b></p>", "<p>Élève : [élève]</p>"]
    )]
    #[case::of_a_colleague(
        "Accès de Nadia Benali",
        "<p>Nadia n’a pas accès. Merci de l’aider.</p><p>Cordialement,<br>Nadia Benali</p>",
        "<p>Vu avec Mme Benali ; benali a son accès.</p>",
        [
            "Accès de [nom]",
            "<p>[nom] n’a pas accès. Merci de l’aider.</p><p>Cordialement,<br>[nom]</p>",
            "<p>Vu avec Mme [nom] ; [nom] a son accès.</p>",
        ]
    )]
    #[case::by_its_capitals(
        "Chloé introuvable",
        "<p>Pour BERNARD Chloé. Chloé Bernard est là.</p>",
        "<p>Bernard, ligne 3</p>",
        ["[nom] introuvable", "<p>Pour [nom]. [nom] est là.</p>", "<p>[nom], ligne 3</p>"]
    )]
    #[case::which_is_a_word_as_well(
        "La pierre de Pierre Blanc",
        "<p>Élève Pierre Blanc : Pierre voit une page blanche, un fond blanc, une pierre, à Saint-Pierre.</p>",
        "<p>pierre blanc et BLANC Pierre sont un seul élève. Rose reste rose.</p>",
        [
            "La pierre de [élève]",
            "<p>Élève [élève] : [élève] voit une page blanche, un fond blanc, une pierre, à Saint-Pierre.</p>",
            "<p>[élève] et [élève] sont un seul élève. Rose reste rose.</p>",
        ]
    )]
    #[case::with_words_within(
        "Anne de la Tour",
        "<p>Élève Anne de la Tour, Ly Léa</p>",
        "<p>L’élève Léa Ly ; Tour Anne ; la tour ; Léa.</p>",
        ["[élève]", "<p>Élève [élève], [élève]</p>", "<p>L’élève [élève] ; [élève] ; la tour ; [élève].</p>"]
    )]
    #[case::of_a_family(
        "Les Dupont",
        "<p>L’élève Kévin Dupont, et sa sœur : Hugo Dupont.</p>",
        "<p>Vu pour Hugo.</p>",
        ["Les [élève]", "<p>L’élève [élève], et sa sœur : [élève].</p>", "<p>Vu pour [élève].</p>"]
    )]
    #[case::which_is_no_name(
        "Import impossible",
        "<p>Élève : Import LSU grisé. PAGE Blanche, la page blanche.</p>",
        "<p>Refaites l’import, puis Import. Les bilans, la page blanche. Madame souhaite une page.</p><p>Elle souhaite.</p>",
        [
            "Import impossible",
            "<p>Élève : [élève] LSU grisé. [nom], la page blanche.</p>",
            "<p>Refaites l’import, puis Import. Les bilans, la page blanche. Madame [nom] une page.</p><p>Elle souhaite.</p>",
        ]
    )]
    fn a_name_told_once_is_masked_everywhere(
        #[case] title: &str,
        #[case] question: &str,
        #[case] solution: &str,
        #[case] expected: [&str; 3],
    ) {
        let sources = Sources { ticket: TICKET, title, question, solution };
        let draft = Draft::new(&sources, Masks::new([], [], ["LSU"])).unwrap();
        let body = draft.html.split_once("</p>").unwrap().1;
        let body = body.replace("\u{a0}", " ").replace("&nbsp;", " ");
        let expected_body = format!("<h2>Question</h2>{}<h2>Réponse</h2>{}", expected[1], expected[2]);
        assert_eq!((draft.title.as_str(), body), (expected[0], expected_body));
    }

    proptest! {
        /// However it is written elsewhere, of whichever text it is told.
        #[test]
        fn no_part_of_a_pupil_s_name_is_left(
            first in "[A-Z][a-z]{3,8}o", last in "[A-Z][a-z]{3,8}k", told in 0_usize..3, order in any::<bool>(),
            written in 0_usize..4, alone in any::<bool>(),
        ) {
            let (one, two) = if order { (&first, &last) } else { (&last, &first) };
            let name = if alone { one.clone() } else { format!("{one} {two}") };
            let name = match written {
                0 => name,
                1 => name.to_uppercase(),
                2 => name.to_lowercase(),
                _ => name.replace('o', "o\u{302}"),
            };
            let mut texts = [(); 3].map(|()| format!("Il manque {name} dans la liste, puis {name}."));
            texts[told] = format!("L’élève {first} {last} manque. {name} !");
            let [title, question, solution] = texts;
            let sources = Sources { ticket: TICKET, title: &title, question: &question, solution: &solution };
            let draft = Draft::new(&sources, Masks::default()).unwrap();
            let all = crate::text::fold::folded(&format!("{} {}", draft.title, draft.html));
            for part in [&first, &last] {
                let is_left = all.split(|c: char| !c.is_alphanumeric()).any(|word| word == part.to_lowercase());
                prop_assert!(!is_left, "{part}: {all}");
            }
        }
    }

    #[test]
    fn a_draft_is_known_again_until_somebody_changes_it() {
        let draft = draft("<p>Pourquoi ?</p>", "<p>Parce que.</p>");
        assert_eq!(state(TICKET, &draft.title, &draft.html), State::AsWritten);
        let rewritten = draft.html.replace("<p>", "<p>\r\n").replace("é", "&eacute;");
        assert_eq!(state(TICKET, &draft.title, &rewritten), State::AsWritten);
        for (title, html) in [
            ("Un autre titre", draft.html.clone()),
            (&draft.title, draft.html.replace("Parce que", "Puisque")),
            (&draft.title, format!("{}<p>En plus.</p>", draft.html)),
        ] {
            assert_eq!(state(TICKET, title, &html), State::Changed, "{html}");
        }
        assert_eq!(state(TicketId::new(43), &draft.title, &draft.html), State::Another);
        assert_eq!(state(TICKET, &draft.title, "<p>Parce que.</p>"), State::Another);
    }

    #[rstest]
    #[case("<p>a<img src=\"/front/document.send.php?docid=7\">b</p>", "<p>ab</p>")]
    #[case("<a href=\"mailto:j.martin@ac-dijon.fr\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>")]
    #[case("<a href=\"/front/ticket.form.php?id=2\">a</a>", "<a rel=\"noopener noreferrer nofollow\">a</a>")]
    fn pictures_and_inner_links_stay_with_the_ticket(#[case] html: &str, #[case] expected: &str) {
        assert_eq!(fit(html).unwrap(), expected);
    }
}
