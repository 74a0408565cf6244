//! GLPI's sentences and titles as plain text.

/// The longest sentence of GLPI that is passed on, characters.
pub(super) const LONGEST_SENTENCE: usize = 200;

/// GLPI's sentence as one short line of plain text: it shows these in a page, with markup and line breaks.
pub(super) fn plain(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let opens = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(end) = tag.find('>').filter(|_| opens) else {
            text.push_str(&rest[..=start]);
            rest = tag;
            continue;
        };
        text.push_str(&rest[..start]);
        text.push(' ');
        rest = &tag[end + 1..];
    }
    text.push_str(rest);
    for (entity, letter) in
        [("&nbsp;", " "), ("&#160;", " "), ("&lt;", "<"), ("&#60;", "<"), ("&gt;", ">"), ("&#62;", ">")]
            .into_iter()
            .chain([("&quot;", "\""), ("&#34;", "\""), ("&#039;", "'"), ("&#39;", "'"), ("&#38;", "&"), ("&amp;", "&")])
    {
        text = text.replace(entity, letter);
    }
    let is_separator = |c: char| c.is_whitespace() || c.is_control();
    let line = text.split(is_separator).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_SENTENCE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
