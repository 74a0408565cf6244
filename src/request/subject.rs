//! The subject of a mail: what stands before what the person wrote there.

/// A subject without what gateways and lists put before it: «[EXTERNE] », «***SPAM*** ».
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

/// Whether a subject is a forwarded mail's, in the forms of French and English mail programs. A keyword may stand in
/// front of the prefix, as people put it there: «LSU - TR: …», «\[LSU\] Fwd: …», «LSU : TR: …».
pub fn is_forward(subject: &str) -> bool {
    const FORWARDS: &[&str] = &["tr", "fw", "fwd", "trans", "transf"];
    const REPLIES: &[&str] = &["re", "ré", "rép", "rep", "aw"];
    const MAX_KEYWORD_WORDS: usize = 4;
    let mut rest = subject;
    // One prefix, or the keyword and one.
    for _ in 0..2 {
        let Some((begin, behind)) = rest.split_once(':') else { return false };
        let words: Vec<String> = begin
            .split(|c: char| {
                c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '-' | '–' | '—' | '|' | '/' | '_')
            })
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
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
    use super::is_forward;

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
}
