//! What a mail repeats: quoted history and signatures, told from what the person wrote this time.
//!
//! Works on sanitised HTML, plain text having been made such before, so that there is one way for both. `repeated`
//! finds the stretches that are folded away.

use std::ops::Range;

use super::{marked::merged, marks::without_marks, repeated::Search, split_html};
use crate::text::html_text;

/// A text in two: what was written, and what was repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parted {
    pub(super) visible: String,
    /// What a reader sees of `visible`.
    pub(super) text: String,
    pub(super) folded: Option<String>,
}

/// What a mail is to others, as far as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It answers one, which it may repeat.
    Reply,
    /// It hands one on, to be seen.
    Forward,
    /// It answers none: what looks like history was put there to be seen.
    Own,
}

/// Parts history and signature from the rest. When nothing would remain to be seen, everything remains.
///
/// `was_html`: the text was written as HTML, where programs quote in elements; a line with `>` alone is the person's.
pub(super) fn fold(html: &str, kind: Kind, was_html: bool) -> Parted {
    if kind == Kind::Forward {
        return keep(html);
    }
    let lines = html_text::lines(html);
    let search = Search::new(html, &lines, kind == Kind::Reply, was_html);
    let (histories, asides) = search.ranges();
    let answered = search.answered();
    let left: Vec<Range<usize>> = histories.iter().cloned().flat_map(|history| answered.folded(history)).collect();
    // What is seen of a history keeps its colours: they may tell who says what.
    let shows_colours = left != histories;
    let ranges = merged(left.into_iter().chain(asides).collect());
    let (visible, folded) = split_html::part(html, &ranges, |tag| without_marks(tag, shows_colours));
    let text = if visible == html { html_text::joined(&lines) } else { html_text::from_html(&visible) };
    if !shows(&visible, &text) {
        return keep(html);
    }
    let folded = Some(folded).filter(|folded| !ranges.is_empty() && shows(folded, &html_text::from_html(folded)));
    Parted { visible, text, folded }
}

/// Everything is to be seen: a forwarded mail is what the person wants to show.
pub(super) fn keep(html: &str) -> Parted {
    let (visible, _) = split_html::part(html, &[], |tag| without_marks(tag, false));
    Parted { text: html_text::from_html(&visible), visible, folded: None }
}

/// Whether there is anything to see in HTML with this text.
fn shows(html: &str, text: &str) -> bool {
    html.contains("<img ") || text.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        html::sanitise,
        samples::{expect, texts},
    };
    use super::{Kind, Parted, fold, html_text, keep};

    fn expect_text(text: &str, visible: &str, folded: Option<&str>) {
        expect(&html_text::to_html(text), visible, folded);
    }

    #[test]
    fn plain_text_history_is_folded() {
        expect_text(
            "Merci.\n\nLe mar. 3 nov. 2026 à 10:15, Jeanne Martin\n<jeanne@ac-dijon.fr> a écrit :\n\n> Bonjour\n> encore\n\nEt la suite.",
            "Merci.\n\nEt la suite.",
            Some("Le mar. 3 nov. 2026 à 10:15, Jeanne Martin\n<jeanne@ac-dijon.fr> a écrit :\n\n> Bonjour\n> encore"),
        );
        expect_text(
            "Merci.\n\n-----Message d'origine-----\nDe : X\nObjet : Y\n\nBonjour",
            "Merci.",
            Some("-----Message d'origine-----\nDe : X\nObjet : Y\n\nBonjour"),
        );
        expect_text(
            "Merci.\n________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi\nÀ : Z\nObjet : RE: LSU\n\nBonjour",
            "Merci.",
            Some(
                "________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi\nÀ : Z\nObjet : RE: LSU\n\nBonjour",
            ),
        );
        expect_text(
            "On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            "On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            None,
        );
        expect_text(
            "b\nOn Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a",
            "b",
            Some("On Tue, Nov 3, 2026 at 10:15 AM X <x@y.fr> wrote:\n> a"),
        );
    }

    #[test]
    fn a_quote_full_of_attributions_is_gone_through_once() {
        let many = 20_000;
        let html =
            html_text::to_html(&format!("Bonjour\n{}\nEt la suite.", "> Le 1/1/2026, Paul a écrit :\n".repeat(many)));
        let Parted { visible, folded, .. } = fold(&html, Kind::Reply, false);
        assert_eq!(html_text::from_html(&visible), "Bonjour\nEt la suite.");
        assert_eq!(folded.unwrap().matches("Paul a écrit").count(), many);

        let quotes = "<div>Le 1/1/2026, Paul a écrit :</div><blockquote>Q</blockquote>".repeat(many / 2);
        let Parted { visible, folded, .. } =
            fold(&format!("<div>Bonjour</div>{quotes}<div>fin</div>"), Kind::Reply, false);
        assert_eq!(html_text::from_html(&visible).split_whitespace().collect::<Vec<_>>(), ["Bonjour", "fin"]);
        assert_eq!(folded.unwrap().matches(">Q<").count(), many / 2);
    }

    #[test]
    fn a_quote_with_an_answer_below_it_stays() {
        let cite = |text: &str| format!("<blockquote type=cite><p>{text}</p></blockquote>");
        let prefix = "<div class=moz-cite-prefix>Le 03/11/2026 à 10:15, X a écrit :</div>";
        expect(
            &format!("{prefix}{}<p>Un.</p>{}<p>Deux.</p>{}", cite("A ?"), cite("B ?"), cite("C")),
            "Un.\n\nB ?\n\nDeux.",
            Some("Le 03/11/2026 à 10:15, X a écrit :\nA ?\n\nC"),
        );
        expect(&format!("<p>Un.</p>{}", cite("A ?")), "Un.", Some("A ?"));
        expect(
            &format!("<p>Un.</p>{}<div class=moz-signature>Jeanne</div>", cite("A ?")),
            "Un.",
            Some("A ?\n\nJeanne"),
        );
        expect(
            &format!("{}<p>Un.</p>", cite("Le 3 nov. 2026 à 10:15, X a écrit :<br>A ?")),
            "Un.",
            Some("Le 3 nov. 2026 à 10:15, X a écrit :\nA ?"),
        );
        expect_text("Un.\n> A ?\n-- \nJeanne", "Un.", Some("> A ?\n--\nJeanne"));
        let picture = sanitise("<p>Un.</p><blockquote type=cite><img src=cid:a></blockquote><p>Deux.</p>").unwrap();
        let Parted { visible, folded, .. } = fold(&picture, Kind::Reply, false);
        assert!(!visible.contains("<img") && folded.unwrap().contains("<img"), "{visible}");
    }

    #[test]
    fn signatures_are_folded() {
        expect_text("Bonjour\n-- \nJeanne Martin\nDirectrice", "Bonjour", Some("--\nJeanne Martin\nDirectrice"));
        expect_text(
            "Bonjour\n\nEnvoyé de mon iPhone\n\nPS : merci",
            "Bonjour\n\nPS : merci",
            Some("Envoyé de mon iPhone"),
        );
        expect_text("Bonjour\n\nEnvoyé avec Proton Mail", "Bonjour", Some("Envoyé avec Proton Mail"));
        expect("<p>a</p><div class='moz-signature'>-- <br>b</div><p>c</p>", "a\n\nc", Some("--\nb"));
    }

    #[test]
    fn a_line_with_a_bracket_in_html_is_the_person_s() {
        let html = sanitise("<div>Merci.</div><div>&gt; 5 élèves manquent</div>").unwrap();
        assert_eq!(fold(&html, Kind::Reply, true).folded, None);
        assert_eq!(html_text::from_html(&fold(&html, Kind::Reply, false).visible), "Merci.");
        let quoted = sanitise("<div>A</div><div>Le 3/11/2026 à 10:15, X a écrit :</div><div>&gt; Q</div>").unwrap();
        assert_eq!(html_text::from_html(&fold(&quoted, Kind::Reply, true).visible), "A");
    }

    #[test]
    fn what_is_typed_in_a_marked_signature_is_seen() {
        let typed = "Le livret du CM2 reste vide.";
        for signature in [
            format!("<div id=AppleMailSignature>{typed}<br><br>Envoyé de mon iPhone</div>"),
            format!("<div id=Signature><div>Anne Voisin<br>Directrice</div><div>{typed}</div></div>"),
            format!("<div id=ms-outlook-mobile-signature><p>{typed}</p>Obtenez Outlook pour Android</div>"),
            format!("<div class=gmail_signature data-smartmail=gmail_signature>-- <br>Anne<div>{typed}</div></div>"),
            format!("<pre class=moz-signature>-- \nAnne Voisin\n{typed}</pre>"),
            format!("<div data-marker=__SIG_PRE__>Anne<br>{typed}</div>"),
        ] {
            let quote = "<div class=gmail_quote>Le 3/11/2026 à 10:15, X a écrit :<blockquote>Q</blockquote></div>";
            let (visible, folded) = texts(&format!("<div>A</div>{signature}{quote}"));
            assert_eq!(visible.split_whitespace().collect::<Vec<_>>().join(" "), format!("A {typed}"), "{signature}");
            assert!(folded.unwrap().ends_with('Q'), "{signature}");
        }
    }

    #[test]
    fn a_mail_that_answers_none_repeats_none() {
        let own = |html: &str| {
            let Parted { visible, folded, .. } = fold(&sanitise(html).unwrap(), Kind::Own, true);
            (html_text::from_html(&visible), folded.map(|folded| html_text::from_html(&folded)))
        };
        for quoted in [
            "<blockquote type=cite>Erreur 500</blockquote>",
            "<blockquote class=gmail_quote>Erreur 500</blockquote>",
            "<hr id=zwchr><div data-marker=__QUOTED_TEXT__>Erreur 500</div>",
            "<div id=divRplyFwdMsg>De : X<br>Envoyé : 3/11/2026 10:15<br>Objet : Y</div>Erreur 500",
            "<div class=yahoo_quoted>Erreur 500</div>",
            "<p>&gt; Nolan<br>&gt; Erreur 500</p>",
            "<p>Le 3/11/2026 à 10:15, X &lt;x@y.fr&gt; a écrit :</p>Erreur 500",
        ] {
            let (visible, folded) = own(&format!("<p>L'écran dit :</p>{quoted}"));
            assert!(visible.ends_with("Erreur 500"), "{quoted}");
            assert_eq!(folded, None, "{quoted}");
        }
        assert_eq!(own("<p>A</p><div id=Signature>Anne</div><p>B</p>"), ("A\n\nB".to_owned(), Some("Anne".to_owned())));
        assert_eq!(own("<p>A<br>-- <br>Anne</p>"), ("A".to_owned(), Some("--\nAnne".to_owned())));
    }

    #[test]
    fn what_only_looks_like_history_is_kept() {
        for text in [
            "Le parent m'a écrit :\nvoici son message",
            "Le 3 novembre, un parent m'a écrit :\nson fils n’est pas dans LSU.\n\nPouvez-vous vérifier ?",
            "Le 3 novembre 2026 à 10:15, la mairie nous a écrit :\nplus de réseau.",
            "Le 3 novembre, un parent a écrit :\nson fils n’est pas dans LSU.",
            "La maman (m@x.fr) m'a écrit :\nrien ne marche",
            "Le 12/10, la mairie a écrit :\nplus de réseau.",
            "Envoyé via ONDE le 3 novembre, toujours refusé.",
            "De : la mairie\nÀ : l'école\nObjet : travaux\n\nVoilà ce que j'ai saisi.",
            "Message du directeur :\nDe : 9 h à 10 h",
            "De : 9 h\nà : 10 h, rien ne marche",
            "Bonjour\n--x\nfin",
            "Je cite - - message d'origine",
            "Comme Paul Remond a écrit :\n> Quelle classe ?\nLe CM2.",
            "Hier Paul Remond a écrit :\n> Quelle classe ?\nLe CM2.",
            "Et Claire Petit a écrit :\n> Quelle classe ?\nLe CM2.",
            "Lundi, Claire Petit a écrit :\n> Quelle classe ?\nLe CM2.",
            "The Helpdesk wrote:\n> Quelle classe ?\nLe CM2.",
            "Voir ci-dessous.\n\n-------- Message transféré --------\nDe : X\nDate : mardi\nObjet : LSU\n\nBonjour",
            "Début du message transféré :\n\nDe: X\nObjet: Y\nDate: Z\n\nBonjour",
        ] {
            expect_text(text, text, None);
        }
    }

    #[test]
    fn never_is_everything_folded() {
        for text in ["> a\n> b", "-- \nJeanne", "De : X\nEnvoyé : Y\nObjet : Z\n\nBonjour"] {
            assert_eq!(texts(&html_text::to_html(text)).1, None, "{text}");
        }
        expect("<div class=yahoo_quoted>a</div>", "a", None);
    }

    #[test]
    fn each_client_writes_its_history_in_its_own_way() {
        let header = |subject: &str| {
            format!("<b>De :</b> X<br><b>Envoyé :</b> mardi 3<br><b>À :</b> Y<br><b>Objet :</b> {subject}")
        };
        let word = format!("<div><p>A</p><div style='border-top:solid'><p>{}</p></div><p>Q</p></div>", header("LSU"));
        let owa = format!(
            "<div>A</div><div id='appendonsend'></div><hr tabindex='-1'><div id='divRplyFwdMsg'>{}</div><div>Q</div>",
            header("x")
        );
        let html: [(&str, &str); 16] = [
            ("Outlook, classic", &word),
            ("Outlook on the web", &owa),
            ("Outlook, new", "<div>A</div><div id='mail-editor-reference-message-container'><div>De : X</div>Q</div>"),
            (
                "Outlook, mobile",
                "<div>A</div><div class='ms-outlook-mobile-reference-message skipProofing'>De: X<br>Q</div>",
            ),
            (
                "Thunderbird",
                "A<div class='moz-cite-prefix'>Le 03/11/2026 à 10:15, X a écrit :</div><blockquote type='cite'>Q</blockquote>",
            ),
            ("Zimbra", "<div>A</div><hr id='zwchr'><div><b>De: </b>X<br><b>Objet: </b>LSU</div><div>Q</div>"),
            (
                "Gmail",
                "<div dir='ltr'>A</div><br><div class='gmail_quote gmail_quote_container'><div class='gmail_attr'>Le mar. 3 nov. 2026 à 10:15, X a écrit :</div><blockquote class='gmail_quote'>Q</blockquote></div>",
            ),
            (
                "Gmail, older",
                "A<div class='gmail_extra'><br><div class='gmail_quote'>On Nov 3, 2026 10:15 AM, \"X\" &lt;x@y.fr&gt; wrote:<br><blockquote class='gmail_quote'>Q</blockquote></div></div>",
            ),
            (
                "Apple Mail",
                "<div>A</div><div><blockquote type='cite'><div>Le 3 nov. 2026 à 10:15, X &lt;x@y.fr&gt; a écrit :</div>Q</blockquote></div>",
            ),
            (
                "iPhone",
                "A<br><div dir='ltr'>Envoyé de mon iPhone</div><div dir='ltr'><br><blockquote type='cite'>Le 3 nov. 2026 à 10:15, X a écrit :<br>Q</blockquote></div>",
            ),
            (
                "Roundcube",
                "<p>A</p><p id='reply-intro'>Le 2026-11-03 10:15, X a écrit :</p><blockquote type='cite'>Q</blockquote>",
            ),
            ("Roundcube's signature", "<p>A</p><div id='_rc_sig'>-- <br>Q</div>"),
            (
                "SOGo",
                "A<br><br>Le Mardi 3 Novembre 2026 10:15 CET, X &lt;x@y.fr&gt; a écrit:<br>&nbsp;<blockquote type='cite'>Q</blockquote>",
            ),
            (
                "Yahoo",
                "<div>A</div><div id='ydp1a2byahoo_quoted_1' class='ydp1a2byahoo_quoted'><div>Le mardi 3, X a écrit :</div>Q</div>",
            ),
            (
                "BlueMind",
                "<div>A</div><div>Le mardi 3 novembre 2026 à 10:15, X a écrit :</div><blockquote>Q</blockquote>",
            ),
            (
                "Orange",
                "<p>A</p><blockquote><p>&gt; Message du 03/11/26 10:15<br>&gt; De : \"X\" &lt;x@y.fr&gt;<br>&gt; A : y@z.fr<br>&gt; Copie à : <br>&gt; Objet : LSU<br>&gt; <br>&gt; Q</p></blockquote>",
            ),
        ];
        let plain: [(&str, &str); 18] = [
            (
                "Outlook",
                "A\n\n________________________________\nDe : X <x@y.fr>\nEnvoyé : mardi 3\nÀ : Y\nObjet : RE: LSU\n\nQ",
            ),
            ("Outlook in English", "A\n\nFrom: X <x@y.fr>\nSent: Tuesday\nTo: Y\nSubject: RE: LSU\n\nQ"),
            ("Outlook, older", "A\n\n-----Message d'origine-----\nDe : X [mailto:x@y.fr]\nEnvoyé : mardi\nQ"),
            (
                "Outlook, mobile",
                "A\n\nTélécharger Outlook pour iOS\n________________________________\nDe : X\nEnvoyé : mardi 3 novembre 2026 10:15\nObjet : LSU\nQ",
            ),
            (
                "Courrier",
                "A\n\nEnvoyé à partir de Courrier pour Windows\n\nDe: X\nEnvoyé le :mardi\nÀ: Y\nObjet :LSU\nQ",
            ),
            ("Thunderbird", "A\n\nLe 03/11/2026 à 10:15, X a écrit :\n> Q"),
            ("Thunderbird in English", "A\n\nOn 03/11/2026 10:15, X wrote:\n> Q"),
            (
                "Zimbra",
                "A\n\n----- Mail original -----\nDe: \"X\" <x@y.fr>\nÀ: \"Y\"\nEnvoyé: Mardi 3\nObjet: LSU\n\nQ",
            ),
            ("Gmail", "A\n\nLe mar. 3 nov. 2026 à 10:15, Jeanne Martin <\njeanne.martin@ac-dijon.fr> a écrit :\n\n> Q"),
            (
                "Samsung",
                "A\n\n-------- Message d'origine --------\nDe : X\nDate : 03/11/2026 10:15 (GMT+01:00)\nÀ : Y\nObjet : LSU\nQ",
            ),
            ("Horde", "A\n\nJeanne Martin <x@y.fr> a écrit :\n\n> Q"),
            ("Horde in English", "A\n\nQuoting Jeanne Martin <x@y.fr>:\n\n> Q"),
            (
                "La Poste",
                "A\n\n> Message du 03/11/26 10:15\n> De : \"X\" <x@y.fr>\n> A : y@z.fr\n> Objet : LSU\n>\n> Q",
            ),
            (
                "SFR, with a rule",
                "A\n\n==========\n\nMessage du : 03/11/2026 10:15\nDe : \"X\" <x@y.fr>\nA : y@z.fr\nSujet : LSU\n\nQ",
            ),
            ("Orange", "A\n\nenvoyé : 3 novembre 2026 à 10:15\nde : X <x@y.fr>\nà : y\nobjet : LSU\n\nQ"),
            ("Yahoo", "A\n\n  Le lun., nov. 9, 2026 à 17:12, X<x@y.fr> a écrit :   Q"),
            ("SFR", "A\n\nDe : X\nA : Y\nEnvoyé: mardi 3\nObjet : LSU\n\nQ"),
            ("GLPI", "A\n\n=-=-=-= Pour répondre par courriel, écrivez au-dessus de cette ligne =-=-=-=\n\nQ"),
        ];
        let plain = plain.map(|(client, text)| (client, html_text::to_html(text)));
        let html = html.map(|(client, html)| (client, html.to_owned()));
        for (client, html) in html.into_iter().chain(plain) {
            let (visible, folded) = texts(&html);
            assert_eq!(visible, "A", "{client}");
            assert!(folded.unwrap_or_default().ends_with('Q'), "{client}");
        }
    }

    #[test]
    fn both_sides_are_well_formed_and_without_marks() {
        let html = sanitise("<div><b>un<br>-- <br>deux</b><table><tr><td></td><td>x</td></tr></table></div>").unwrap();
        let folded = fold(&html, Kind::Reply, false);
        assert_eq!(folded.visible, "<div><b>un<br></b></div>");
        assert!(folded.folded.unwrap().starts_with("<div><b>-- <br>deux</b><table>"));
        let kept = keep(&sanitise("<div class='gmail_quote' id=zwchr>a</div>").unwrap());
        assert_eq!(kept, Parted { visible: "<div>a</div>".to_owned(), text: "a".to_owned(), folded: None });
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_sanitising_again_changes_nothing(pieces in prop::collection::vec(prop::sample::select(vec![
            "<div>", "</div>", "<p>", "</p>", "<b>", "</b>", "<br>", "<hr id=zwchr>", "<blockquote type=cite>",
            "</blockquote>", "<div class=gmail_quote>", "a", "b c", "&amp;", "\n", "-- ", "> d",
            "Le 3 nov. 2026, X a écrit :", "De : x<br>Date : y<br>Objet : z<br>", "<table><tr><td>", "</table>",
            "Envoyé de mon iPhone", "<li>", "<a href='https://x.fr/'>", "</a>",
            "<div id=divRplyFwdMsg>", "<div class=elementToProof>", "<div class=BodyFragment>", "<div class=yahoo_quoted>",
            "<div data-setdir=false>", "<div id=yiv12>", "<div id=Signature>", "<span style='color:red'>", "</span>",
            "<font color=blue>", "</font>", "=> e", "Mes réponses ci-dessous",
        ]), 0..25)) {
            let html = sanitise(&pieces.concat()).unwrap();
            let Parted { visible, text, folded } = fold(&html, Kind::Reply, false);
            prop_assert_eq!(text, html_text::from_html(&visible));
            let letters = |html: &str| {
                let mut letters: Vec<char> = html_text::from_html(html).chars().filter(|c| c.is_alphanumeric()).collect();
                letters.sort_unstable();
                letters
            };
            let mut parted = letters(&visible);
            parted.extend(letters(folded.as_deref().unwrap_or_default()));
            parted.sort_unstable();
            prop_assert_eq!(parted, letters(&html));
            prop_assert_eq!(html_text::from_html(&sanitise(&visible).unwrap()), html_text::from_html(&visible));
            let is_marked = |side: &str| {
                ["q", "s", "t", "d", "c", "p", "r", "i", "y", "l", "k"].iter().any(|mark| side.contains(&format!("=\"{mark}\"")))
            };
            prop_assert!(!is_marked(&visible) && !folded.is_some_and(|folded| is_marked(&folded)), "{}", visible);
        }
    }
}
