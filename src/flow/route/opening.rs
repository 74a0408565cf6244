//! What every ticket opens with: how it is written, and how it is read back.

use crate::{
    request::{Address, Reference, is_uai},
    text::html_text,
};

/// What is written, whatever the mapping's own template: delivery finds a ticket again by the reference, and recounts a
/// day by the day's mark.
pub(super) const TEMPLATE: &str = include_str!("opening.html");

/// The opening ends with a rule; it is never so long without one.
const END: &str = "<hr";
const LONGEST: usize = 16 * 1024;
const APPLICATION: &str = "Application";
const SCHOOL: &str = "École";
const PHONE: &str = "Téléphone";
/// Behind a school that only the person says is theirs.
const BY_FORM: &str = " (selon le formulaire)";
const DEPARTMENT: &str = "Département";
const CIRCONSCRIPTION: &str = "Circonscription";
/// How the first line tells of a form.
const FORM: &str = "(formulaire du ";
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
    /// The school, as people read it.
    pub school: Option<String>,
    /// The school's code, where it is more than what the person said in a form.
    pub uai: Option<String>,
    /// Where to call back.
    pub phone: Option<String>,
    /// The department's number in three characters; `None` where nobody knew it.
    pub department: Option<String>,
    /// The district of primary education the school belongs to; `None` where nobody knew it.
    pub circonscription: Option<String>,
    /// Whether the request came by the portal's form; otherwise by mail.
    pub is_form: bool,
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
        let first = lines.next().filter(|line| line.starts_with("Référence"))?;
        let (reference, is_form) = (Reference::find(first)?, first.contains(FORM));
        // Tickets of earlier versions have a plain space before the colon.
        let said = |label: &str| lines.clone().find_map(|line| value_of(line, label));
        let named = said(APPLICATION)?;
        let (school, phone) = (said(SCHOOL), said(PHONE).map(str::to_owned));
        let (by_form, school) = match school.and_then(|school| school.strip_suffix(BY_FORM)) {
            Some(school) => (true, Some(school)),
            None => (false, school),
        };
        let uai = school.filter(|_| !by_form).and_then(code_of).map(str::to_owned);
        let (school, department) = (school.map(str::to_owned), said(DEPARTMENT).map(str::to_owned));
        let circonscription = said(CIRCONSCRIPTION).map(str::to_owned);
        let (application, nature) = match named.strip_suffix(')') {
            Some(both) if !is_application(named) => {
                let parts = both.rmatch_indices(" (").map(|(at, between)| (&both[..at], &both[at + between.len()..]));
                let known = parts.clone().find(|(application, _)| is_application(application));
                known.or_else(|| parts.last()).map(|(application, nature)| (application, Some(nature)))?
            }
            _ => (named, None),
        };
        let (application, nature) = (application.to_owned(), nature.map(str::to_owned));
        Some(Self { reference, application, nature, school, uai, phone, department, circonscription, is_form, end })
    }
}

impl Opening {
    /// The school's name, else its code: without the code behind the name.
    pub fn school_name(&self) -> Option<&str> {
        let school = self.school.as_deref()?;
        Some(match school.strip_suffix(')').and_then(|both| both.rsplit_once(" (")) {
            Some((name, code)) if is_uai(code) => name,
            _ => school,
        })
    }
}

/// The code at the end of a school's name, or that stands for it.
fn code_of(school: &str) -> Option<&str> {
    let last = school.rsplit('(').next()?.trim_end_matches(')');
    is_uai(last).then_some(last)
}

/// What stands behind a label and its colon.
fn value_of<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    Some(line.trim().strip_prefix(label)?.trim_start().strip_prefix(':')?.trim())
}

/// Whose request a ticket's opening says it is.
pub fn requester_of(content: &str) -> Option<Address> {
    let opening = &content[..content[..content.floor_char_boundary(LONGEST)].find(END)?];
    let (_, after) = opening.split_once(REQUESTER)?;
    let (address, _) = after.split_once('"')?;
    Address::parse(address)
}
