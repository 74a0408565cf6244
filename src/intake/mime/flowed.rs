//! Text whose paragraphs were wrapped for the journey (RFC 3676), unwrapped again.

/// Joins the lines that end in a space with the next; only lines of the same quote depth belong together,
/// and neither the signature's `-- ` nor a rule is
/// such a line.
pub(super) fn unwrap(text: &str, delete_space: bool) -> String {
    let mut unwrapped = String::with_capacity(text.len());
    let mut goes_on = None;
    for line in text.split('\n') {
        let depth = line.bytes().take_while(|&byte| byte == b'>').count();
        let content = &line[depth..];
        // Space-stuffing, RFC 3676 section 4.4.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        if goes_on != Some(depth) || is_signature {
            if !unwrapped.is_empty() {
                unwrapped.push('\n');
            }
            unwrapped.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                unwrapped.push(' ');
            }
        }
        let is_wrapped = content.ends_with(' ') && !is_signature && !is_rule(content);
        unwrapped.push_str(if is_wrapped && delete_space { &content[..content.len() - 1] } else { content });
        goes_on = is_wrapped.then_some(depth);
    }
    unwrapped
}

/// «-----Message d'origine----- »: Windows Live Mail and Outlook Express leave a space behind their rules, which are
/// lines of their own.
fn is_rule(content: &str) -> bool {
    let content = content.trim_end();
    content.starts_with("--") && content.ends_with("--")
        || content.len() >= 5 && content.bytes().all(|byte| byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::unwrap;

    #[test]
    fn wrapped_paragraphs_are_one_line_again() {
        for (text, delete_space, expected) in [
            ("Bonjour, \nje n'ai \nplus accès.\n\nMerci.", false, "Bonjour, je n'ai plus accès.\n\nMerci."),
            ("ininterrom \npu", true, "ininterrompu"),
            ("> un \n> deux\n>> trois \nquatre", false, "> un deux\n>> trois \nquatre"),
            ("fin \n-- \nJeanne", false, "fin \n-- \nJeanne"),
            (" > pas une citation\n De rien", false, "> pas une citation\nDe rien"),
            (
                "fin\n-----Message d'origine----- \nFrom: Paul\n____________ \nDe : X",
                false,
                "fin\n-----Message d'origine----- \nFrom: Paul\n____________ \nDe : X",
            ),
            ("", false, ""),
        ] {
            assert_eq!(unwrap(text, delete_space), expected, "{text:?}");
        }
    }
}
