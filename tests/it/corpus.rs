//! The corpus: mails as schools, their programs and strangers write them, each beside what it becomes.
//!
//! `tests/mail/THEME/name.eml` is a mail, `name.toml` what is expected of it. The rules judge it as shipped;
//! its requester is assumed to be a director with a request left today.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;
use passerelle::{
    config,
    flow::{
        proof::Prover,
        route::Mappings,
        screen::{self, Passed, Rejection, Rules},
    },
    intake::mime,
    request::{Address, Attachment, Channel, Envelope, Origin, Reason, Received, Reference},
};

/// How many mails each theme has: none is skipped in silence.
const THEMES: [(&str, usize); 9] = [
    ("automatic", 37),
    ("encodings", 70),
    ("files", 34),
    ("headers", 69),
    ("history", 71),
    ("odd", 24),
    ("replies", 20),
    ("senders", 30),
    ("structures", 63),
];
const ALL: usize = 418;

/// What is expected of a mail.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// How it ends: a label of [`passerelle::request::Outcome`].
    outcome: String,
    /// The code that goes with it; a created ticket needs none.
    reason: Option<String>,
    /// The application a created ticket is for.
    application: Option<String>,
    /// What proof of the sender is asked for, `sender.require`, where it is not none; the relay is believed.
    require: Option<String>,

    /// What the relay says; the sender is who stands in `From` unless said otherwise, the recipients are
    /// those of the header.
    envelope_sender: Option<String>,
    #[serde(default)]
    envelope_recipients: Vec<String>,

    /// None: nobody.
    requester: Option<String>,
    display_name: Option<String>,
    /// Only where it is not the requester alone.
    from: Option<Vec<String>>,
    subject: String,
    message_id: Option<String>,
    arrived: Option<Timestamp>,
    copies_since: Option<Timestamp>,
    /// Pieces of the text that is seen; none: it is empty.
    #[serde(default)]
    visible: Vec<String>,
    /// Pieces that are not in it.
    #[serde(default)]
    hidden: Vec<String>,
    /// Pieces of what is folded; none: nothing is.
    #[serde(default)]
    folded: Vec<String>,
    #[serde(default)]
    html: Vec<String>,
    /// Pieces that are in no HTML, folded or not.
    #[serde(default)]
    not_html: Vec<String>,
    /// The names of all files, in order.
    attachments: Vec<String>,
    /// Their types, where the name does not tell.
    types: Option<Vec<String>>,
    /// Their sizes, where damage could change them.
    sizes: Option<Vec<usize>>,
    /// How many of them are shown inside the text.
    #[serde(default)]
    inline: usize,
    /// What neither text nor files hold.
    #[serde(default)]
    cut: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// What judges a mail.
struct Judge {
    rules: Rules,
    prover: Prover,
}

impl Judge {
    /// The rules as shipped, but for these settings of the sender's proof.
    fn with(settings: &[(&str, &str)]) -> Self {
        let variable = |&(key, value): &(&str, &str)| (format!("PASSERELLE_SENDER__{key}"), value.to_owned());
        let config = config::load_from(None, settings.iter().map(variable)).unwrap();
        let rules = Rules::new(&config).unwrap();
        Self { rules, prover: Prover::new(&config).unwrap() }
    }
}

/// The rules and mappings as shipped, and the same where the relay has to vouch for the sender.
struct Shipped {
    judge: Judge,
    strict: BTreeMap<&'static str, Judge>,
    mappings: Mappings,
}

impl Shipped {
    fn load() -> Self {
        let relay = [("DKIM", "false"), ("AUTHSERV_IDS", "relais.ac-dijon.fr")];
        let requiring = |require| (require, Judge::with(&[&relay[..], &[("REQUIRE", require)]].concat()));
        let strict = ["pass", "aligned"].map(requiring).into();
        Self { judge: Judge::with(&[]), strict, mappings: Mappings::load(None).unwrap() }
    }

    /// Outcome, reason and application of a director's request.
    async fn verdict(&self, received: Received, require: Option<&str>) -> (String, Option<String>, Option<String>) {
        let Judge { rules, prover } = require.map_or(&self.judge, |require| &self.strict[require]);
        let proven = match screen::identify(received, rules) {
            Ok(identified) => {
                let proof = prover.prove(identified.received(), rules).await;
                screen::prove(identified, &proof, rules)
            }
            Err(rejected) => Err(rejected),
        };
        let judged = proven.and_then(|proven| screen::by_itself(proven, rules, self.mappings.applications()));
        // None of the mails that one answers has a ticket.
        let judged = judged.and_then(|passed| match passed {
            Passed::Answer(answer) => answer.into_request().map(Passed::Request),
            passed => Ok(passed),
        });
        let (outcome, reason, application) = match judged {
            Ok(Passed::Request(candidate)) => ("created", None, Some(candidate.application().to_owned())),
            // As for a ticket that is there and open, with the default `mail.replies`.
            Ok(Passed::Reply(_) | Passed::Answer(_)) => ("refused", Some(Reason::ReplyToTicket), None),
            Err((_, Rejection::Refused(refusal))) => ("refused", Some(refusal.reason), None),
            Err((_, Rejection::Ignored(reason))) => ("ignored", Some(reason), None),
            Err((_, Rejection::Unknown { reason, .. })) => ("deferred", Some(reason), None),
        };
        (outcome.to_owned(), reason.map(|reason| reason.code().to_owned()), application)
    }
}

fn read(raw: Vec<u8>, expected: &Expected) -> Received {
    let recipients = expected.envelope_recipients.iter().map(|address| Address::parse(address).unwrap()).collect();
    let sender = expected.envelope_sender.clone();
    let envelope = Envelope {
        channel: Channel::Lmtp,
        sender,
        recipients,
        size: raw.len() as u64,
        stored: None,
        is_untried: false,
    };
    let mut received = mime::mail_blocking(&envelope, &Bytes::from(raw), "2026-11-10T12:00:00Z".parse().unwrap());
    if let Origin::Mail(mail) = &mut received.origin
        && mail.envelope_sender.is_none()
    {
        mail.envelope_sender = received.requester.as_ref().map(Address::to_string);
    }
    received
}

/// The HTML without tags and entities, well enough for finding pieces of text in it.
fn bare(html: &str) -> String {
    let pieces = html
        .split('<')
        .enumerate()
        .map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |it| it.1) });
    pieces.collect::<String>().replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What of a mail is not as expected.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn same<T: PartialEq + std::fmt::Debug + ?Sized>(&mut self, what: &str, is: &T, expected: &T) {
        if is != expected {
            self.0.push(format!("{what} is {is:?}, not {expected:?}"));
        }
    }

    fn has(&mut self, what: &str, text: &str, pieces: &[String]) {
        self.0.extend(
            pieces.iter().filter(|&piece| !text.contains(piece)).map(|it| format!("{it:?} is not in {what} {text:?}")),
        );
    }

    fn lacks(&mut self, what: &str, text: &str, pieces: &[String]) {
        self.0.extend(
            pieces.iter().filter(|&piece| text.contains(piece)).map(|it| format!("{it:?} is in {what} {text:?}")),
        );
    }
}

/// Compares a mail with what is expected of it; `name` is for the reader.
async fn check(name: &str, shipped: &Shipped, received: &Received, expected: &Expected) -> Vec<String> {
    let Origin::Mail(mail) = &received.origin else { panic!("{name}: not a mail") };
    let mut differences = Differences::default();
    let expected_verdict = (expected.outcome.clone(), expected.reason.clone(), expected.application.clone());
    let verdict = shipped.verdict(received.clone(), expected.require.as_deref()).await;
    differences.same("the outcome", &verdict, &expected_verdict);

    differences.same("the requester", &received.requester.as_ref().map(Address::to_string), &expected.requester);
    if expected.display_name.is_some() {
        differences.same("the name", &received.display_name, &expected.display_name);
    }
    let from: Vec<String> = mail.from.iter().map(Address::to_string).collect();
    let alone = || expected.requester.iter().cloned().collect();
    differences.same("From", &from, &expected.from.clone().unwrap_or_else(alone));
    differences.same("the subject", &received.subject, &expected.subject);
    if expected.message_id.is_some() {
        differences.same("the Message-ID", &mail.message_id, &expected.message_id);
    }
    if let Some(arrived) = expected.arrived {
        differences.same("the arrival", &received.arrived, &arrived);
    }
    if let Some(copies_since) = expected.copies_since {
        differences.same("the time of copies", &received.copies_since, &copies_since);
    }
    for (field, value) in &expected.fields {
        differences.same(field, &mail.fields.get(field), &Some(value));
    }

    let body = &received.body;
    let folded = body.folded_html.as_deref().unwrap_or_default();
    let html = format!("{}{folded}", body.html);
    differences.has("the text", &body.text, &expected.visible);
    if expected.visible.is_empty() {
        differences.same("the text", body.text.as_str(), "");
    }
    differences.lacks("the text", &body.text, &expected.hidden);
    differences.has("what is folded", &bare(folded), &expected.folded);
    if expected.folded.is_empty() {
        differences.same("what is folded", folded, "");
    }
    differences.has("the HTML", &body.html, &expected.html);
    differences.lacks("the HTML", &html, &expected.not_html);

    let files = &received.attachments;
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    differences.same("the list of files", &names, &expected.attachments);
    if let Some(expected) = &expected.types {
        let types: Vec<String> = files.iter().map(|file| file.content_type.clone()).collect();
        differences.same("the list of types", &types, expected);
    }
    if let Some(expected) = &expected.sizes {
        let sizes: Vec<usize> = files.iter().map(|file| file.content.len()).collect();
        differences.same("the list of sizes", &sizes, expected);
    }
    let tag = |file: &Attachment| file.inline_tag.clone();
    let tags: Vec<String> = files.iter().filter_map(tag).map(|tag| format!("<img id=\"{tag}\">")).collect();
    differences.same("the number of images shown", &tags.len(), &expected.inline);
    differences.has("the HTML", &html, &tags);
    differences.same("what is missing", &received.cut, &expected.cut);
    differences.0.into_iter().map(|difference| format!("{name}: {difference}")).collect()
}

/// A mail as it is kept, with LF and with CRLF; lone CR are the mail's own.
fn with_each_line_end(kept: Vec<u8>) -> Vec<(&'static str, Vec<u8>)> {
    let mut unix = Vec::with_capacity(kept.len());
    let mut before = 0;
    for (at, _) in kept.windows(2).enumerate().filter(|(_, pair)| pair == b"\r\n") {
        unix.extend_from_slice(&kept[before..at]);
        before = at + 1;
    }
    unix.extend_from_slice(&kept[before..]);
    let network = unix.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
    let mut variants = vec![("LF", unix), ("CRLF", network)];
    if variants.iter().all(|(_, variant)| *variant != kept) {
        variants.push(("line ends as kept", kept));
    }
    variants
}

/// The files of a folder with an extension, by their names without it.
fn stems(folder: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .map(|path| path.with_extension(""))
        .collect()
}

#[tokio::test]
async fn every_mail_becomes_what_it_should_with_either_line_end() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail");
    let shipped = Shipped::load();
    let mut references: BTreeMap<Reference, String> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut checked = Vec::new();
    for (theme, _) in THEMES {
        let mails = stems(&corpus.join(theme), "eml");
        assert_eq!(mails, stems(&corpus.join(theme), "toml"), "each mail of {theme} has its expectation");
        for mail in &mails {
            let name = format!("{theme}/{}", mail.file_name().unwrap().display());
            let expected = fs::read_to_string(mail.with_extension("toml")).unwrap();
            let expected: Expected = toml::from_str(&expected).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut first: Option<Received> = None;
            for (variant, raw) in with_each_line_end(fs::read(mail.with_extension("eml")).unwrap()) {
                let name = format!("{name} with {variant}");
                let received = read(raw, &expected);
                differences.extend(check(&name, &shipped, &received, &expected).await);
                let first = first.get_or_insert_with(|| received.clone());
                assert_eq!((first.reference, &first.body), (received.reference, &received.body), "{name}");
            }
            if let Some(other) = references.insert(first.unwrap().reference, name.clone()) {
                panic!("{name} and {other} have one reference");
            }
        }
        checked.push((theme, mails.len()));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((checked.as_slice(), references.len()), (&THEMES[..], ALL));
}

#[test]
fn every_mail_has_its_theme() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail");
    let is_visible = |name: &String| !name.starts_with('.');
    let entries = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let entries: BTreeSet<String> = entries.filter(is_visible).collect();
    assert_eq!(entries, THEMES.iter().map(|(theme, _)| (*theme).to_owned()).collect());
}
