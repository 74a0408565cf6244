//! The form of an announcement: what was typed, read again, shown as it will be seen, and sent.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
    response::Response,
};
use data_encoding::{BASE64, HEXLOWER};
use jiff::{Timestamp, ToSpan as _};
use sha2::{Digest as _, Sha256};

use super::{
    frame::{Frame, Section, page, parameter, see_other},
    informing::{self, address_of, moment, typed_moment},
    mistakes::Mistakes,
    posted::Posted,
    state::{PageState, STALE, Visitor},
};
use crate::{
    announcements::{
        Announcement, Excess, ExcessPart, InformError, LONGEST_LIST, LONGEST_SUBJECT, Message, NoList, RecipientList,
        Recipients, Stranger, StrangerKind, Zone, Zones, department_name, says_nothing,
    },
    config,
    http::{in_charge, problem::Problem},
    intake::form,
    people::Rights,
    request::{Address, Attachment, Enclosure, Reference},
    text::{Language, french},
};

const SENT: &str = "oui";
/// At this hour what is written today ends tomorrow, unless its writer says else.
const EVENING: i8 = 18;
/// Of the addresses that are none so many are named.
const MOST_NAMED: usize = 20;
/// Characters of the name that a page gives its form.
const LONGEST_NAME: usize = 40;

#[derive(Template)]
#[template(path = "composing.html")]
struct ComposingPage<'a> {
    frame: Frame<'a>,
    token: String,
    /// By this the same form, sent twice, is one announcement.
    name: String,
    mistakes: Mistakes,
    /// Why it is not sent, or not shown as it will be.
    refusal: Option<String>,
    typed: Typed,
    departments: Vec<String>,
    applications: Vec<String>,
    /// Whether they may write to everybody, and to a list.
    is_everything: bool,
    messages: Vec<Message>,
    preview: Option<Preview>,
    /// Somebody would have sent what no preview showed them.
    is_unseen: bool,
    longest_subject: usize,
    longest_list: usize,
    max_files: usize,
    max_file_size: String,
    max_total_size: String,
}

/// What the person typed.
#[derive(Default)]
struct Typed {
    subject: String,
    text: String,
    is_for_all: bool,
    departments: Vec<String>,
    circonscriptions: String,
    application: String,
    is_on_portal: bool,
    begins: String,
    ends: String,
    by_mail: String,
    list: String,
    files: Vec<KeptFile>,
}

/// A file that was chosen: it stays in the form, since a browser forgets it.
struct KeptFile {
    told: String,
    name: String,
    media_type: String,
    base64: String,
}

/// How it will be seen, and by whom.
struct Preview {
    mail: Option<MailPreview>,
    /// Who gets it, by department, then by circonscription.
    zones: Vec<ZonePreview>,
    total: usize,
    /// Whom it is for, the application it is about, and when the portal shows it.
    audience: String,
    application: Option<String>,
    portal: Option<String>,
    /// Whether a second person has to confirm it.
    must_confirm: bool,
    /// What it shows: sent is that, and nothing else.
    shown: Shown,
}

/// What says which announcement a preview showed, and to whom it would go.
struct Shown {
    content: String,
    recipients: String,
}

struct MailPreview {
    subject: String,
    reply_to: Option<String>,
    html: String,
    plain: String,
}

struct ZonePreview {
    label: String,
    count: usize,
    circonscriptions: Vec<(String, Vec<String>)>,
}

/// An announcement as a form means it, and the list that comes with it.
struct Meant {
    announcement: Announcement,
    list: Vec<Address>,
}

impl ComposingPage<'_> {
    fn is_chosen(&self, department: &str) -> bool {
        self.typed.departments.iter().any(|chosen| chosen == department)
    }

    fn ways(&self) -> Vec<(&'static str, &'static str)> {
        let ways = [
            ("", "Pas d’envoi par courriel"),
            (Recipients::Directors.code(), "Aux directeurs des zones choisies"),
            (Recipients::LastRequesters.code(), "Aux derniers demandeurs de l’application choisie, dans ces zones"),
            (Recipients::List.code(), "À la liste d’adresses ci-dessous"),
        ];
        // A list is nobody's zone.
        ways.into_iter().filter(|(code, _)| self.is_everything || *code != Recipients::List.code()).collect()
    }
}

/// `GET /information/nouvelle`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let rights = in_charge::of_person(&state.services, &person).await?;
    let informer = informing::informer(&state)?;
    let now = Timestamp::now().to_zoned(state.services.time_zone.clone());
    let tomorrow = now.date().saturating_add(1.days()).at(EVENING, 0, 0, 0);
    let departments: Vec<String> = rights.departments().map(str::to_owned).collect();
    // Who is told of a breakdown follows a link that says what it is about.
    let given = |name: &str| parameter(query.as_deref(), name).unwrap_or_default();
    let typed = Typed {
        subject: given("subject"),
        application: given("application"),
        is_on_portal: true,
        ends: typed_moment(tomorrow),
        // Whoever has one department writes to that one.
        departments: if departments.len() == 1 { departments } else { Vec::new() },
        ..Typed::default()
    };
    let name = now.timestamp().as_nanosecond().to_string();
    page(StatusCode::OK, &composing(&state, (&person, informer.limits()), &rights, name, typed))
}

/// `POST /information/nouvelle`
pub(super) async fn hand_in(State(state): State<Arc<PageState>>, request: Request) -> Response {
    state
        .services
        .answered(request, async |_, parts, body, _| {
            let posted = state.posted(parts, body).await?;
            take(&state, posted).await
        })
        .await
}

async fn take(state: &Arc<PageState>, posted: Posted) -> Result<Response, Problem> {
    let person = posted.person.clone();
    let rights = in_charge::of_person(&state.services, &person).await?;
    let informer = informing::informer(state)?;
    let name: String = posted.one("nom").chars().take(LONGEST_NAME).collect();
    let mut read = meant(state, &posted, &name).await?;
    let enclosure = form::enclosure(chosen_files(&posted), posted.size).await;
    let mut form = composing(state, (&person, informer.limits()), &rights, name, Typed::of(&posted, &enclosure));
    if let Err(InformError::Files(files)) = informer.files(&enclosure).await {
        let mut mistakes = read.err().unwrap_or_default();
        for file in files {
            mistakes.add(
                "fichiers",
                "Fichiers",
                format!("«\u{a0}{}\u{a0}» ne peut pas être joint\u{a0}: {}.", file.name, file.french()),
            );
        }
        read = Err(mistakes);
    }
    if !posted.is_from_our_page {
        form.refusal = Some(STALE.to_owned());
        return page(StatusCode::FORBIDDEN, &form.marked());
    }
    let Meant { announcement, list } = match read {
        Ok(meant) => meant,
        Err(mistakes) => {
            return page(StatusCode::UNPROCESSABLE_ENTITY, &ComposingPage { mistakes, ..form }.marked());
        }
    };
    let content = form.typed.digest();
    let is_to_be_sent = posted.one("envoyer") == SENT;
    form.is_unseen = is_to_be_sent && posted.one("vu") != content;
    let result = if is_to_be_sent && !form.is_unseen {
        let seen = Some(posted.one("destinataires-vus"));
        match informer.inform_as_seen(announcement.clone(), (&list, &enclosure), &rights, seen).await {
            Ok(sent) => {
                state.services.portal.refresh_messages().await;
                return see_other(&address_of(sent.announcement.reference));
            }
            Err(InformError::OtherRecipients) => {
                form.is_unseen = true;
                informer.recipients(&announcement, &list, &rights).await
            }
            Err(error) => Err(error),
        }
    } else {
        informer.recipients(&announcement, &list, &rights).await
    };
    match result {
        Ok(recipients) => {
            let must_confirm = recipients.len() > informer.confirm_above();
            let shown = Shown { content, recipients: recipients.digest() };
            form.messages = Message::of(&announcement, &state.services.time_zone)
                .filter(|_| announcement.on_portal)
                .into_iter()
                .collect();
            form.preview = Some(preview(state, &announcement, &recipients, (must_confirm, shown))?);
            "Aperçu de l’information".clone_into(&mut form.frame.title);
            page(if form.is_unseen { StatusCode::CONFLICT } else { StatusCode::OK }, &form)
        }
        Err(InformError::NoList(NoList::Strangers(strangers))) => {
            name_strangers(&mut form.mistakes, &strangers);
            page(StatusCode::UNPROCESSABLE_ENTITY, &form.marked())
        }
        Err(error) => {
            let problem = informing::problem(&error, informing::Doing::Writing);
            let Some(sentence) = refusal(&error, &problem) else { return Err(problem) };
            form.refusal = Some(french::set(&sentence));
            page(problem.status(), &form.marked())
        }
    }
}

/// What is said above the form, which keeps what was typed; `None` where another page says it.
fn refusal(error: &InformError, problem: &Problem) -> Option<String> {
    problem.to_tell().filter(|_| !matches!(error, InformError::Off)).map(str::to_owned)
}

impl ComposingPage<'_> {
    /// The same, whose title says that something is to be done.
    fn marked(mut self) -> Self {
        "Erreur\u{a0}: nouvelle information".clone_into(&mut self.frame.title);
        self
    }
}

impl Typed {
    fn of(posted: &Posted, enclosure: &Enclosure) -> Self {
        let one = |name: &str| posted.one(name).to_owned();
        Self {
            subject: one("sujet"),
            text: one("texte"),
            is_for_all: one("portee") == "academie",
            departments: posted.all("departement").map(str::to_owned).collect(),
            circonscriptions: one("circonscriptions"),
            application: one("application"),
            is_on_portal: one("portail") == SENT,
            begins: one("debut"),
            ends: one("fin"),
            by_mail: one("courriel"),
            list: one("liste"),
            files: enclosure.attachments.iter().map(KeptFile::of).collect(),
        }
    }
}

impl Typed {
    /// What says what was typed and chosen, however a browser breaks lines and in whatever order it sends choices.
    fn digest(&self) -> String {
        let Self { subject, text, is_for_all, departments, circonscriptions, application, .. } = self;
        let Self { is_on_portal, begins, ends, by_mail, list, files, .. } = self;
        let mut departments: Vec<&str> = departments.iter().map(String::as_str).collect();
        departments.sort_unstable();
        let (departments, chosen) = (departments.join(","), format!("{is_for_all} {is_on_portal}"));
        let typed = [subject, text, &departments, circonscriptions, application, begins, ends, by_mail, list, &chosen];
        let files = files.iter().flat_map(|file| [&file.name, &file.base64]);
        let mut hash = Sha256::new();
        for part in typed.into_iter().chain(files) {
            let part = part.replace("\r\n", "\n");
            let part = part.trim();
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        HEXLOWER.encode(&hash.finalize())
    }
}

impl KeptFile {
    fn of(file: &Attachment) -> Self {
        Self {
            told: format!("{} ({})", file.name, french::size(file.content.len() as u64)),
            name: file.name.clone(),
            media_type: file.content_type.clone(),
            base64: BASE64.encode(&file.content),
        }
    }
}

/// The files of the form: those that it had before and that stay, and those that were chosen now.
fn chosen_files(posted: &Posted) -> Vec<form::File> {
    let kept = posted.all("piece").zip(posted.all("piece-nom")).zip(posted.all("piece-type")).enumerate();
    let kept = kept.filter(|(place, _)| posted.all("garder").any(|kept| kept == place.to_string()));
    let kept = kept.filter_map(|(_, ((base64, name), media_type))| {
        let content = BASE64.decode(base64.as_bytes()).ok()?.into();
        Some(form::File { name: Some(name.to_owned()), content_type: Some(media_type.to_owned()), content })
    });
    kept.chain(posted.files.iter().cloned()).collect()
}

fn composing<'a>(
    state: &'a PageState,
    (person, limits): (&'a Address, &config::Attachments),
    rights: &Rights,
    name: String,
    typed: Typed,
) -> ComposingPage<'a> {
    let services = &state.services;
    let applications = services.mappings.now().all().iter().map(|mapping| mapping.name.clone()).collect();
    ComposingPage {
        frame: state.pages.frame("Nouvelle information", Some(person), Section::None),
        token: state.pages.tokens.token(person, Timestamp::now()),
        name,
        mistakes: Mistakes::default(),
        refusal: None,
        departments: departments(state, rights, &typed.departments),
        applications,
        is_everything: rights.is_everything(),
        messages: Vec::new(),
        preview: None,
        is_unseen: false,
        longest_subject: LONGEST_SUBJECT,
        longest_list: LONGEST_LIST,
        max_files: limits.max_files,
        max_file_size: french::size(limits.max_file_size.min(limits.max_total_size)),
        max_total_size: french::size(limits.max_total_size),
        typed,
    }
}

/// The departments that somebody may choose: their own; for an operator those of the correspondents and of the schools
/// that have asked for help.
fn departments(state: &PageState, rights: &Rights, chosen: &[String]) -> Vec<String> {
    let mut departments: Vec<String> = rights.departments().map(str::to_owned).collect();
    if let Ok(oversight) = state.services.oversight()
        && rights.is_everything()
    {
        departments.extend(oversight.people.departments());
        let [_, of_requests, _] = oversight.figures.choices(rights);
        departments.extend(of_requests);
        departments.extend(chosen.iter().filter_map(|code| Zone::parse(code)).map(|zone| zone.department().to_owned()));
    }
    departments.sort();
    departments.dedup();
    departments
}

/// What a form says, or what is wrong with it.
async fn meant(state: &PageState, posted: &Posted, name: &str) -> Result<Result<Meant, Mistakes>, Problem> {
    let mut mistakes = Mistakes::default();
    let subject = posted.one("sujet").trim();
    if subject.is_empty() {
        mistakes.add("sujet", "Objet", "Indiquez l’objet en une ligne.");
    } else if subject.chars().count() > LONGEST_SUBJECT {
        let length = subject.chars().count();
        let message = format!("Raccourcissez l’objet\u{a0}: {LONGEST_SUBJECT} caractères au plus, il en a {length}.");
        mistakes.add("sujet", "Objet", message);
    }
    let text = posted.one("texte");
    if says_nothing(text) {
        mistakes.add("texte", "Texte", "Écrivez le texte de l’information.");
    }
    let application = Some(posted.one("application").trim()).filter(|name| !name.is_empty()).map(str::to_owned);
    let on_portal = posted.one("portail") == SENT;
    let by_mail = Recipients::parse(posted.one("courriel"));
    if by_mail.is_none() && !posted.one("courriel").is_empty() {
        mistakes.add("courriel", "Par courriel", "Choisissez un envoi de la liste.");
    }
    if !on_portal && by_mail.is_none() {
        mistakes.add("portail", "Diffusion", "Choisissez le portail, le courriel, ou les deux.");
    }
    let needs = match (by_mail, on_portal) {
        (Some(Recipients::List), false) => ZonesNeeded::None,
        (Some(Recipients::List), true) => ZonesNeeded::ForPortal,
        _ => ZonesNeeded::Always,
    };
    let zones = zones(state, posted, needs, &mut mistakes).await?;
    if by_mail == Some(Recipients::LastRequesters) && application.is_none() {
        mistakes.add(
            "application",
            "Application",
            "Choisissez l’application dont les derniers demandeurs sont prévenus.",
        );
    }
    let now = Timestamp::now();
    let mut moment = |field: &str, label: &str| {
        let read = moment(state, posted.one(field));
        if read.is_err() {
            mistakes.add(field, label, "Donnez la date et l’heure, par exemple 2026-11-28T18:00.");
        }
        read.ok().flatten()
    };
    let (begins, ends) = (moment("debut", "Affichée à partir de"), moment("fin", "Affichée jusqu’à"));
    let begins = begins.unwrap_or(now);
    if on_portal && mistakes.at("fin").is_none() && ends.is_none_or(|ends| ends <= begins.max(now)) {
        let message = "Indiquez jusqu’à quand le portail l’affiche, après le début et après maintenant.";
        mistakes.add("fin", "Affichée jusqu’à", message);
    }
    let list = match by_mail {
        Some(Recipients::List) => addresses(posted.one("liste"), &mut mistakes),
        Some(Recipients::Directors | Recipients::LastRequesters) | None => {
            if !posted.one("liste").trim().is_empty() {
                let message = "Vous avez donné des adresses, et choisi un autre envoi par courriel\u{a0}: retirez-les, ou choisissez «\u{a0}À la liste d’adresses ci-dessous\u{a0}».";
                mistakes.add("liste", "Liste d’adresses", message);
            }
            Vec::new()
        }
    };
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    let author = posted.person.as_str();
    let announcement = Announcement {
        id: None,
        // Sent twice from one page, it is one announcement.
        reference: Reference::new("announcement", author, name.as_bytes()),
        subject: subject.to_owned(),
        markdown: text.to_owned(),
        zones,
        application,
        by_mail,
        on_portal,
        is_held: false,
        begins,
        ends: ends.filter(|_| on_portal),
        files: Vec::new(),
        written_by: author.to_owned(),
        written_at: now,
    };
    if let Err(excess) = announcement.fits() {
        let (place, label) = match excess {
            Excess::Characters { part: ExcessPart::Subject, .. } | Excess::Letter(ExcessPart::Subject, _) => {
                ("sujet", "Objet")
            }
            Excess::Characters { .. } | Excess::Letter(..) => ("application", "Application"),
            Excess::Text { .. } => ("texte", "Texte"),
            Excess::Addresses { .. } => ("liste", "Liste d’adresses"),
        };
        mistakes.add(place, label, french::sentence(excess.said().text(Language::French)));
        return Ok(Err(mistakes));
    }
    Ok(Ok(Meant { announcement: announcement.fit(), list }))
}

/// What zones are there for.
#[derive(Clone, Copy)]
enum ZonesNeeded {
    /// For all of it.
    Always,
    /// A list says who gets the mail; they say for whom the portal shows it.
    ForPortal,
    /// A list says all.
    None,
}

async fn zones(
    state: &PageState,
    posted: &Posted,
    needed: ZonesNeeded,
    mistakes: &mut Mistakes,
) -> Result<Zones, Problem> {
    let lines = posted.one("circonscriptions").lines().map(str::trim).filter(|line| !line.is_empty());
    let typed: Vec<&str> = posted.all("departement").chain(lines).collect();
    if posted.one("portee") == "academie" {
        if !typed.is_empty() {
            let message = "Vous avez choisi toute l’académie, et aussi des départements ou des circonscriptions\u{a0}: retirez-les, ou choisissez «\u{a0}Les zones choisies ici\u{a0}».";
            mistakes.add("portee", "Destinataires", message);
        }
        return Ok(Zones::Academy);
    }
    match needed {
        ZonesNeeded::None if typed.is_empty() => return Ok(Zones::Academy),
        ZonesNeeded::None => {
            let message = "La liste dit elle-même à qui le courriel va, et rien n’est affiché sur le portail\u{a0}: retirez les départements et les circonscriptions.";
            mistakes.add("portee", "Destinataires", message);
        }
        ZonesNeeded::ForPortal if typed.is_empty() => {
            let message = "La liste ne vaut que pour le courriel\u{a0}: choisissez aussi pour qui le portail affiche l’information, au moins un département ou une circonscription, ou toute l’académie. Sinon, ne l’affichez pas sur le portail.";
            mistakes.add("portee", "Destinataires", message);
        }
        ZonesNeeded::Always if typed.is_empty() => {
            mistakes.add("portee", "Destinataires", "Choisissez au moins un département ou une circonscription.");
        }
        ZonesNeeded::Always | ZonesNeeded::ForPortal => {}
    }
    match Zones::parse(typed) {
        Ok(zones) => Ok(zones),
        Err(unread) => {
            name_strangers(mistakes, &informing::informer(state)?.misread(&unread).await);
            Ok(Zones::Academy)
        }
    }
}

/// Marks the fields that name recipients and find nobody.
fn name_strangers(mistakes: &mut Mistakes, strangers: &[Stranger]) {
    let (applications, zones): (Vec<Stranger>, Vec<Stranger>) =
        strangers.iter().cloned().partition(|stranger| stranger.kind == StrangerKind::Application);
    for (place, label, strangers) in
        [("circonscriptions", "Départements et circonscriptions", zones), ("application", "Application", applications)]
    {
        if !strangers.is_empty() {
            mistakes.add(place, label, Stranger::told(&strangers));
        }
    }
}

fn addresses(text: &str, mistakes: &mut Mistakes) -> Vec<Address> {
    let (mut addresses, mut unread) = (Vec::new(), Vec::new());
    for word in text.split([',', ';', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()) {
        match Address::parse(word) {
            Some(address) => addresses.push(address),
            None => unread.push(format!("«\u{a0}{word}\u{a0}»")),
        }
    }
    unread.truncate(MOST_NAMED);
    if !unread.is_empty() {
        let message = format!(
            "Ce n’est pas une adresse\u{a0}: {}. Écrivez par exemple ce.0210001A@ac-dijon.fr, une par ligne.",
            unread.join(", ")
        );
        mistakes.add("liste", "Liste d’adresses", message);
    }
    if addresses.is_empty() {
        mistakes.add("liste", "Liste d’adresses", "Donnez les adresses, une par ligne.");
    }
    if let Some(excess) = Excess::of_list(addresses.len()) {
        mistakes.add("liste", "Liste d’adresses", french::sentence(excess.said().text(Language::French)));
    }
    addresses
}

fn preview(
    state: &PageState,
    announcement: &Announcement,
    recipients: &RecipientList,
    (must_confirm, shown): (bool, Shown),
) -> Result<Preview, Problem> {
    let informer = informing::informer(state)?;
    let broken = |error| {
        tracing::error!(%error, "an announcement's mail cannot be made");
        Problem::internal()
    };
    let mail = match announcement.by_mail {
        None => None,
        Some(_) => Some(MailPreview {
            subject: announcement.subject.clone(),
            reply_to: informer.letters().reply_to().map(str::to_owned),
            html: informer.letters().body(&announcement.markdown),
            plain: informer.letters().plain(&announcement.markdown).map_err(broken)?,
        }),
    };
    let told = |moment| informing::told(moment, &state.services.time_zone);
    let portal = announcement.ends.filter(|_| announcement.on_portal).map(|ends| {
        let from = if announcement.begins > Timestamp::now() {
            format!("à partir du {}, ", told(announcement.begins))
        } else if must_confirm {
            "dès la confirmation, ".to_owned()
        } else {
            "dès maintenant, ".to_owned()
        };
        format!("{from}jusqu’au {}", told(ends))
    });
    let audience = announcement.audience();
    let application = announcement.application.clone();
    Ok(Preview {
        mail,
        zones: by_zone(recipients),
        total: recipients.len(),
        audience,
        application,
        portal,
        must_confirm,
        shown,
    })
}

/// Who gets it: by department, then by circonscription, the unknown ones last.
fn by_zone(recipients: &RecipientList) -> Vec<ZonePreview> {
    let mut zones = BTreeMap::<(bool, String), BTreeMap<(bool, String), Vec<String>>>::new();
    let named = |name: &Option<String>| (name.is_none(), name.clone().unwrap_or_default());
    for (address, school) in recipients.people() {
        let circonscriptions = zones.entry(named(&school.department)).or_default();
        circonscriptions.entry(named(&school.circonscription)).or_default().push(address.to_string());
    }
    let shown = |(is_unknown, name): (bool, String), kind: &str, unknown: &str| {
        if is_unknown { format!("{kind} {unknown}") } else { format!("{kind} {name}") }
    };
    let zone = |(department, circonscriptions): (_, BTreeMap<(bool, String), Vec<String>>)| {
        let (is_unknown, code): (bool, String) = department;
        ZonePreview {
            label: shown((is_unknown, department_name(&code).to_owned()), "Département", "inconnu"),
            count: circonscriptions.values().map(Vec::len).sum(),
            circonscriptions: circonscriptions
                .into_iter()
                .map(|(name, addresses)| (shown(name, "Circonscription", "inconnue"), addresses))
                .collect(),
        }
    };
    zones.into_iter().map(zone).collect()
}
