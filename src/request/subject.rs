//! The subject of a mail: what stands before what the person wrote there.

use super::Reference;

/// A subject without what gateways and lists put before it: «\[EXTERNE\] », «***SPAM*** ».
pub fn without_tags(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((_, after)) = [('[', "]"), ('{', "}"), ('*', "* ")]
        .iter()
        .find_map(|(open, close)| rest.strip_prefix(*open).and_then(|inner| inner.split_once(close)))
    {
        rest = after.trim_start();
    }
    rest
}

/// How mail programs begin the subject of a reply, before the colon.
const REPLIES: &[&str] = &["re", "ré", "rép", "rep", "réf", "réponse", "aw", "antw", "sv"];

/// The words of what stands before a subject's colon, lower case.
fn prefix_words(begin: &str) -> Vec<String> {
    let separates =
        |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '-' | '–' | '—' | '|' | '/' | '_' | '.');
    begin.split(separates).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether a subject is a reply's: by its prefix, also behind a keyword or as «RE\[2\]:», or because it is that of a mail
/// of GLPI («\[GLPI #0001234\] …») or of the gateway, which bears a reference.
pub fn is_reply(subject: &str) -> bool {
    let is_prefix = |begin: &str| {
        let words = prefix_words(begin);
        let last = words.iter().rfind(|word| !word.bytes().all(|byte| byte.is_ascii_digit()));
        last.is_some_and(|last| REPLIES.contains(&last.as_str()))
    };
    let is_number = |tag: &str| {
        let number = tag.split(']').next().and_then(|tag| tag.rsplit_once('#')).map(|(_, number)| number.trim());
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let begins: Vec<&str> = subject.split(':').collect();
    begins.split_last().is_some_and(|(_, begins)| begins.iter().take(2).any(|begin| is_prefix(begin)))
        || subject.split('[').skip(1).any(is_number)
        || Reference::find_in_subject(subject).is_some()
}

/// Whether a subject is a forwarded mail's, in the forms of French and English mail programs. A keyword may stand in
/// front of the prefix, as people put it there: «LSU - TR: …», «\[LSU\] Fwd: …», «LSU : TR: …».
pub fn is_forward(subject: &str) -> bool {
    const FORWARDS: &[&str] = &["tr", "fw", "fwd", "trans", "transf"];
    const MAX_KEYWORD_WORDS: usize = 4;
    let mut rest = subject;
    // One prefix, or the keyword and one.
    for _ in 0..2 {
        let Some((begin, behind)) = rest.split_once(':') else { return false };
        let words = prefix_words(begin);
        let Some(prefix) = words.last() else { return false };
        // «[GLPI #0001234] TR: …» is a notification's subject.
        if words.len() > 1 + MAX_KEYWORD_WORDS
            || words.iter().any(|word| word.contains('#') || REPLIES.contains(&word.as_str()))
        {
            return false;
        }
        if FORWARDS.contains(&prefix.as_str()) {
            return true;
        }
        rest = behind;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{is_forward, is_reply};

    #[test]
    fn forwards_are_told_by_their_subject() {
        for subject in [
            "TR: LSU",
            "Tr : LSU",
            "Fwd: LSU",
            "FW: RE: LSU",
            "LSU - TR: plus de livrets",
            "[LSU] Fwd: plus de livrets",
            "LSU : TR : plus de livrets",
            "URGENT LSU Fwd: RE: livrets",
        ] {
            assert!(is_forward(subject), "{subject}");
        }
        for subject in [
            "RE: TR: LSU",
            "LSU - RE: TR: livrets",
            "LSU : problème",
            "LSU : problème : TR: x",
            "[GLPI #0001234] TR: LSU",
            "transfert",
            "Un livret qui ne part pas avec le TR: x",
            ":",
            "",
        ] {
            assert!(!is_forward(subject), "{subject}");
        }
    }

    #[test]
    fn replies_are_told_by_their_subject() {
        for subject in [
            "RE: LSU",
            "Re : LSU",
            "Rép. : LSU",
            "RE[2]: LSU",
            "LSU - RE: bilans",
            "LSU : Re: bilans",
            "[GLPI #0001234] Ticket LSU",
            "AW: LSU",
            "Votre demande P-0000-0000-0000 LSU",
        ] {
            assert!(is_reply(subject), "{subject}");
        }
        for subject in ["LSU : problème", "LSU", "TR: LSU", "Le livre : tome 2 : LSU", "Classe [CM2 #B] LSU", ":", ""]
        {
            assert!(!is_reply(subject), "{subject}");
        }
    }
}
