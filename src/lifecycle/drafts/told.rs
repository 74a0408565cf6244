//! What a ticket's opening tells of its people, and what is masked by that alone.

use super::masks::Masks;
use crate::{
    flow::route::{Mappings, Opening, requester_of},
    text::html_text,
};

/// Before the requester's name in a ticket's opening.
const REQUESTER: &str = "Demandeur";

/// A ticket's title and its solution, both plain text, without personal data; `opening` is what the gateway wrote before
/// the request, as HTML.
pub fn without_personal_data(mappings: &Mappings, opening: &str, title: &str, solution: &str) -> (String, String) {
    let (people, read) = (people(opening), mappings.opening(opening));
    let school = read.as_ref().and_then(Opening::school_name);
    let mut masks = Masks::new(people.iter().map(String::as_str), school, acronyms(mappings));
    let mut html = String::new();
    html_text::escape(&mut html, solution);
    masks.learn(title, &[html]);
    (masks.text(title), masks.text(solution))
}

/// What an opening says its requester is called.
pub(super) fn people(opening: &str) -> Vec<String> {
    let by_address = requester_of(opening).map(|address| local_part(address.as_str()));
    by_address.into_iter().chain(requester_name(opening)).collect()
}

/// The mappings' words, which are no names although they may be in capitals.
pub(super) fn acronyms(mappings: &Mappings) -> impl Iterator<Item = &str> {
    let words = mappings.all().iter().flat_map(|mapping| std::iter::once(&mapping.name).chain(&mapping.keywords));
    words.map(String::as_str)
}

/// What an address says of its owner's name.
pub(super) fn local_part(address: &str) -> String {
    address.split('@').next().unwrap_or_default().to_owned()
}

/// The requester's name in a ticket's opening, where the directory knew it.
fn requester_name(opening: &str) -> Option<String> {
    let text = html_text::from_html(opening);
    let named = text.lines().find_map(|line| line.trim().strip_prefix(REQUESTER)?.trim_start().strip_prefix(':'))?;
    let name = named.split(',').next()?.trim();
    (!name.starts_with('(')).then(|| name.to_owned())
}
