//! HTML in two: what lies in some stretches of it, and the rest, both well-formed.

use std::ops::Range;

use crate::text::tags::{self, Token, Tokens};

/// One of the two while it is written; elements open and close around what is put into it, and
/// those that stay empty do not appear.
#[derive(Default)]
struct Side {
    html: String,
    open: Vec<(usize, String)>,
}

impl Side {
    /// Opens and closes elements until those open are the ones of `stack`.
    fn meet(&mut self, stack: &[Element]) {
        let common = self.common(stack);
        for (_, name) in self.open.drain(common..).rev().filter(|(_, name)| !name.is_empty()) {
            self.html.extend(["</", &name, ">"]);
        }
        for element in &stack[common..] {
            self.html.push_str(&element.tag);
            self.open.push((element.id, name(&element.tag).to_owned()));
        }
    }

    /// How many of the elements of `stack` are open here.
    fn common(&self, stack: &[Element]) -> usize {
        self.open.iter().zip(stack).take_while(|((id, _), element)| *id == element.id).count()
    }

    fn finish(mut self) -> String {
        self.meet(&[]);
        self.html.trim().to_owned()
    }
}

struct Element {
    id: usize,
    tag: String,
}

/// The name of the element that a tag opens; an element without a tag is none.
fn name(tag: &str) -> &str {
    tag.get(1..).and_then(|tag| tag.split([' ', '>']).next()).unwrap_or_default()
}

/// What lies outside of `ranges` and what lies in them. Each opening tag passes through `tag_as`, which may
/// change the element or leave it out, but not what stands in it.
pub(super) fn part(html: &str, ranges: &[Range<usize>], tag_as: impl Fn(&str) -> String) -> (String, String) {
    let (mut outside, mut inside) = (Side::default(), Side::default());
    let mut stack: Vec<Element> = Vec::new();
    let mut ranges = ranges.iter().peekable();
    for (at, token) in Tokens::new(html) {
        while ranges.next_if(|range| range.end <= at).is_some() {}
        let is_inside = ranges.peek().is_some_and(|range| range.contains(&at));
        let side = if is_inside { &mut inside } else { &mut outside };
        match token {
            Token::Open { name, tag } if tags::is_void(name) => {
                side.meet(&stack);
                side.html.push_str(&tag_as(tag));
            }
            Token::Open { name, tag } => {
                stack.push(Element { id: at, tag: tag_as(tag) });
                // An empty cell still takes its place in the row.
                if matches!(name, "td" | "th") {
                    side.meet(&stack);
                }
            }
            Token::Close { .. } => {
                stack.pop();
            }
            // Blanks stay between words, but no element is opened for them.
            Token::Text(text) if text.trim_ascii().is_empty() => {
                let open = side.common(&stack);
                side.meet(&stack[..open]);
                side.html.push_str(text);
            }
            // In preformatted text a stretch may begin or end within.
            Token::Text(text) => {
                let (mut from, end) = (at, at + text.len());
                while from < end {
                    while ranges.next_if(|range| range.end <= from).is_some() {}
                    let next = ranges.peek().map_or(end..end, |range| (*range).clone());
                    let is_inside = next.contains(&from);
                    let until = if is_inside { next.end } else { next.start }.min(end);
                    let side = if is_inside { &mut inside } else { &mut outside };
                    side.meet(&stack);
                    side.html.push_str(&html[from..until]);
                    from = until;
                }
            }
            Token::Hidden => {}
        }
    }
    (outside.finish(), inside.finish())
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn both_parts_are_well_formed() {
        let html = "<div><b>un</b> <i>et</i><i> </i><b><br>deux</b> <table><tr><td></td><td>x</td></tr></table></div><p></p>fin";
        let at = |text: &str| html.find(text).unwrap();
        let stretch = at("deux")..at("x</td>") + 1;
        let (outside, inside) = part(html, std::slice::from_ref(&stretch), str::to_owned);
        assert_eq!(outside, "<div><b>un</b> <i>et</i> <b><br></b></div>fin");
        assert_eq!(inside, "<div><b>deux</b> <table><tr><td></td><td>x</td></tr></table></div>");
        assert_eq!(part(html, &[], |_| "<i>".to_owned()).1, "");
        let changed = |tag: &str| if tag == "<b>" { String::new() } else { tag.replace("<i>", "<u>") };
        assert_eq!(part("<p><b>un</b> <i>et</i></p>", &[], changed).0, "<p>un <u>et</u></p>");
        let lines = "<pre>un\ndeux\ntrois</pre>";
        let middle = lines.find("deux").unwrap()..lines.find("trois").unwrap();
        let (outside, inside) = part(lines, std::slice::from_ref(&middle), str::to_owned);
        assert_eq!((outside.as_str(), inside.as_str()), ("<pre>un\ntrois</pre>", "<pre>deux\n</pre>"));
    }
}
