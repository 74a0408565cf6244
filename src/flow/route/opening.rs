//! What every ticket opens with: how it is written, and how it is read back.

use crate::{
    request::{Address, Reference},
    text::html_text,
};

/// What is written, whatever the mapping's own template: delivery finds a ticket again by the reference, and recounts a
/// day by the day's mark.
pub(super) const TEMPLATE: &str = include_str!("opening.html");

/// The opening ends with a rule; it is never so long without one.
const END: &str = "<hr";
const LONGEST: usize = 16 * 1024;
const APPLICATION: &str = "Application :";
const SCHOOL: &str = "École :";
const DEPARTMENT: &str = "Département :";
/// The length of a school's code.
const UAI: usize = 8;
/// Before the requester's address; no name can hold it, whose quotes are encoded.
const REQUESTER: &str = "href=\"mailto:";

/// What stands in the opening of a ticket that the gateway made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The request's reference.
    pub reference: Reference,
    /// The application, as its mapping called it.
    pub application: String,
    /// The nature of the request, where it had one.
    pub nature: Option<String>,
    /// The school's name, else its code; `None` where nobody knew it.
    pub school: Option<String>,
    /// The department's number in three characters; `None` where nobody knew it.
    pub department: Option<String>,
    /// Where what was written begins in the content, bytes.
    pub end: usize,
}

impl Opening {
    /// Reads the opening of a ticket's content. `is_application` knows the mappings' names: one may have parentheses
    /// of its own.
    ///
    /// `None` where the gateway did not make the ticket, or somebody rewrote its beginning.
    pub fn read(content: &str, is_application: impl Fn(&str) -> bool) -> Option<Self> {
        let rule = content[..content.floor_char_boundary(LONGEST)].find(END)?;
        let end = rule + content[rule..].find('>')? + 1;
        let text = html_text::from_html(&content[..rule]);
        let mut lines = text.lines();
        let reference = lines.next().filter(|line| line.starts_with("Référence")).and_then(Reference::find)?;
        let lines: Vec<&str> = lines.map(str::trim).collect();
        let after = |label: &str| lines.iter().find_map(|line| line.strip_prefix(label)).map(str::trim);
        let named = after(APPLICATION)?;
        let school =
            after(SCHOOL).map(|school| match school.strip_suffix(')').and_then(|both| both.rsplit_once(" (")) {
                Some((name, code)) if code.len() == UAI => name,
                _ => school,
            });
        let (application, nature) = match named.strip_suffix(')') {
            Some(both) if !is_application(named) => {
                let parts = both.rmatch_indices(" (").map(|(at, between)| (&both[..at], &both[at + between.len()..]));
                let known = parts.clone().find(|(application, _)| is_application(application));
                known.or_else(|| parts.last()).map(|(application, nature)| (application, Some(nature)))?
            }
            _ => (named, None),
        };
        let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (school, department, nature) = (owned(school), owned(after(DEPARTMENT)), owned(nature));
        Some(Self { reference, application: application.to_owned(), nature, school, department, end })
    }
}

/// Whose request a ticket's opening says it is.
pub fn requester_of(content: &str) -> Option<Address> {
    let opening = &content[..content[..content.floor_char_boundary(LONGEST)].find(END)?];
    let (_, after) = opening.split_once(REQUESTER)?;
    let (address, _) = after.split_once('"')?;
    Address::parse(address)
}
