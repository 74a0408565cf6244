//! A new request: the form, and what becomes of it.

use std::{sync::Arc, time::Instant};

use askama::Template;
use axum::{
    extract::{RawQuery, Request, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use jiff::Timestamp;

use super::{
    frame::{Frame, REQUESTS, Section, page, parameter, see_other},
    mistakes::Mistakes,
    problem::Scripted,
    queued,
    schools::SchoolChoice,
    state::{Filled, OLD_KEY, PageState, SENT, STALE, TOKEN, Visitor, sent},
    texts::Place,
};
use crate::{
    announcements::Message,
    flow::route::{Mapping, Mappings},
    http::{body::Incoming, problem::Problem, values::glpi_number},
    id::TicketId,
    intake::form::{self, FieldError, Submission},
    request::{Address, Outcome, Prospect, Reason, Reference},
    text::french::{set as french, size},
};

/// What the form says it is about.
const CHOICE: &str = "choix";
/// The form's fields that are none of the request.
const ASIDE: &[&str] = &[TOKEN, SENT, OLD_KEY, CHOICE];

/// The parameter with the number of the request that is over and goes on in this one.
const FOLLOWED: &str = "suite";

/// Each field of the request that the form has: its name, its place in the page, and what the page calls it.
const FIELDS: [(&str, &str, &str); 10] = [
    ("application", "choix", "Application et nature"),
    ("nature", "choix", "Application et nature"),
    ("type", "type", "Type"),
    ("urgency", "urgence", "Urgence"),
    ("title", "titre", "Titre"),
    ("description", "description", "Description"),
    ("error_message", "message-erreur", "Message d’erreur"),
    ("uai", "ecole", "École"),
    ("phone", "telephone", "Téléphone"),
    ("attachments", "fichiers", "Fichiers"),
];

#[derive(Template)]
#[template(path = "deposit.html")]
struct DepositPage<'a> {
    frame: Frame<'a>,
    token: String,
    /// When it was first sent, where nobody knows what became of it; else empty.
    sent: String,
    /// What became of what was sent, where that is known and its fields are right.
    again: Again,
    mistakes: Mistakes,
    /// What the academy says now, of the application it is for where that is decided.
    messages: Vec<Message>,
    applications: Vec<Choices>,
    /// The application it is for, where that is decided, and what it is for.
    chosen: Option<(String, Option<String>)>,
    /// What is said of the delays of each application of which something is known.
    expected: Vec<(String, String)>,
    typed: Typed,
    school: SchoolChoice,
    /// Why nothing would be taken today; then there is no form.
    foreseen: Option<String>,
    /// How many more requests the person may make today; `None` where none, too.
    left: Option<u32>,
    /// What is said where they may make none.
    full_day: Option<String>,
    data_notice: &'a str,
    personal_data: Option<&'a Place>,
    max_files: usize,
    max_file_size: String,
    max_total_size: String,
}

/// Why a form is shown again.
#[derive(Default)]
enum Again {
    /// It is shown for the first time, or its fields are wrong.
    #[default]
    No,
    /// It was refused, or cannot be taken now.
    Refused(String),
    /// Nobody knows yet whether the request of this name is recorded.
    Unknown(Reference),
}

/// An application, and what may be asked about it: the value and the label of each.
struct Choices {
    application: String,
    help: Option<String>,
    natures: Vec<(String, String)>,
}

/// What the person typed, to be kept when the form is shown again.
#[derive(Default)]
struct Typed {
    choice: String,
    kind: String,
    urgency: String,
    title: String,
    description: String,
    error_message: String,
    phone: String,
    uai: String,
    /// Browsers forget the files of a form that is shown again.
    files: Vec<String>,
}

impl DepositPage<'_> {
    fn is_unknown(&self) -> bool {
        matches!(self.again, Again::Unknown(..))
    }

    /// Value, label, and whether it was chosen.
    fn urgencies(&self) -> Vec<(String, &'static str, bool)> {
        let usual = (String::new(), "Habituelle pour ce type de demande");
        let own = form::URGENCIES.iter().map(|(value, label)| (value.to_string(), *label));
        let all = std::iter::once(usual).chain(own);
        all.map(|(value, label)| {
            let is_chosen = value == self.typed.urgency;
            (value, label, is_chosen)
        })
        .collect()
    }
}

/// `GET /portail/nouvelle`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let prospect = state.prospect(&person).await;
    let phone = prospect.person.as_ref().and_then(|person| person.phone.clone()).unwrap_or_default();
    let description = parameter(query.as_deref(), FOLLOWED).and_then(|number| glpi_number::<TicketId>(&number));
    let description =
        description.map(|number| format!("Suite de la demande n°\u{a0}{number}.\n\n")).unwrap_or_default();
    let typed = Typed { description, phone, ..Typed::default() };
    let mut form = form_page(&state, &person, prospect, typed);
    form.narrow_to(parameter(query.as_deref(), "application").as_deref());
    let application = form.chosen.as_ref().map(|(application, _)| application.as_str());
    form.messages = state.messages(&person, application).await;
    form_shown(StatusCode::OK, &form)
}

/// `POST /portail/nouvelle`
pub(super) async fn hand_in(State(state): State<Arc<PageState>>, request: Request) -> Response {
    state.services.answered(request, async |_, parts, body, deadline| take(&state, parts, body, deadline).await).await
}

async fn take(state: &PageState, parts: &Parts, body: &mut Incoming, deadline: Instant) -> Result<Response, Problem> {
    let services = &state.services;
    let mut filled = state.filled(parts, body, ASIDE).await?;
    filled.submission.set_requester(&filled.person);
    let mappings = state.services.mappings.now();
    let mut application = None;
    if let Some((mapping, nature)) = meant(&mappings, filled.submission.aside(CHOICE)) {
        application = Some(mapping.name.as_str());
        filled.submission.set_subject(&mapping.name, nature);
    }
    let (typed, first_sent) = (Typed::of(&filled.submission), filled.first_sent());
    let Filled { person, submission, is_from_our_page, size, room, .. } = filled;
    let prospect = state.prospect(&person).await;
    // The form stays, with what was typed; whether it is taken is decided once it is right.
    let full_day = prospect.refusal.as_ref().filter(|refusal| refusal.reason == Reason::QuotaExceeded);
    let full_day = full_day.map(|refusal| french(&refusal.sentence));
    let mut form = form_page(state, &person, Prospect { refusal: None, ..prospect }, typed);
    form.messages = state.messages(&person, application).await;
    if !is_from_our_page {
        return form_shown(StatusCode::FORBIDDEN, &form.again(Again::Refused(STALE.to_owned())));
    }
    let received = form::receive(submission, size, None, mappings.applications(), first_sent).await;
    let mut mistakes = mistakes(received.as_ref().err().cloned().unwrap_or_default());
    if form.school.is_missing() {
        mistakes.add("ecole", "École", "Choisissez l’école que votre demande concerne.");
    }
    let received = match received {
        Ok(received) if mistakes.is_empty() => received,
        _ => return form_shown(StatusCode::UNPROCESSABLE_ENTITY, &DepositPage { full_day, ..form.with(mistakes) }),
    };
    let reference = received.reference;
    let handling = services.gateway().form(received, state.until(deadline));
    match state.finish(handling, room, deadline).await? {
        Outcome::Created(receipt) | Outcome::Duplicate(receipt) => {
            see_other(&format!("{REQUESTS}/{}/recapitulatif", receipt.ticket))
        }
        Outcome::Queued(reference) => queued::of_request(state, &person, reference),
        Outcome::Deferred(deferral) if deferral.reason == Reason::Busy => {
            let problem = Problem::of(Outcome::Deferred(deferral));
            form_shown(problem.status(), &form.sent_first(first_sent).again(Again::Unknown(reference)))
        }
        other => {
            let problem = Problem::of(other);
            let Some(sentence) = problem.to_tell().map(french) else { return Err(problem) };
            form_shown(problem.status(), &form.sent_first(first_sent).again(Again::Refused(sentence)))
        }
    }
}

impl DepositPage<'_> {
    /// The form for one application alone, where there is one of this name.
    fn narrow_to(&mut self, application: Option<&str>) {
        let Some(at) = self.applications.iter().position(|known| Some(known.application.as_str()) == application)
        else {
            return;
        };
        let only = self.applications.swap_remove(at);
        self.chosen = Some((only.application.clone(), only.help.clone()));
        self.applications = vec![only];
    }

    fn with(self, mistakes: Mistakes) -> Self {
        Self { mistakes, ..self }.marked()
    }

    /// Sent again, it is the same.
    fn sent_first(self, moment: Timestamp) -> Self {
        Self { sent: sent(moment), ..self }
    }

    fn again(self, again: Again) -> Self {
        Self { again, ..self }.marked()
    }

    /// The same, whose title says that something is to be done.
    fn marked(mut self) -> Self {
        "Erreur\u{a0}: nouvelle demande".clone_into(&mut self.frame.title);
        self
    }
}

/// The form, with the script that proposes articles while its title is typed.
fn form_shown(status: StatusCode, form: &DepositPage<'_>) -> Result<Response, Problem> {
    let mut response = page(status, form)?;
    response.extensions_mut().insert(Scripted);
    Ok(response)
}

fn form_page<'a>(state: &'a PageState, person: &'a Address, prospect: Prospect, typed: Typed) -> DepositPage<'a> {
    let limits = &state.pages.limits;
    let mappings = state.services.mappings.now();
    let portal = &state.services.portal;
    let expected = mappings.all().iter().filter_map(|mapping| {
        Some((mapping.name.clone(), super::expected::sentence(&portal.expected_delay(&mapping.name)?)))
    });
    DepositPage {
        frame: state.pages.frame("Nouvelle demande", Some(person), Section::Deposit),
        token: state.pages.tokens.token(person, Timestamp::now()),
        sent: String::new(),
        again: Again::No,
        mistakes: Mistakes::default(),
        messages: Vec::new(),
        applications: mappings.all().iter().map(choices).collect(),
        chosen: None,
        school: SchoolChoice::of(person, prospect.person.as_ref(), &typed.uai),
        foreseen: prospect.refusal.map(|refusal| french(&refusal.sentence)),
        left: prospect.left.filter(|left| *left > 0),
        full_day: None,
        data_notice: &state.pages.data_notice,
        personal_data: state.pages.texts.personal_data.as_ref(),
        expected: expected.collect(),
        typed,
        max_files: limits.max_files,
        max_file_size: size(limits.max_file_size),
        max_total_size: size(limits.max_total_size),
    }
}

fn choices(mapping: &Mapping) -> Choices {
    let own = (mapping.name.clone(), format!("{}\u{a0}: autre demande", mapping.name));
    let natures = mapping.natures.iter().map(|nature| (value(mapping, &nature.name), french(&nature.name)));
    Choices {
        application: mapping.name.clone(),
        help: mapping.help.as_deref().map(french),
        natures: natures.chain([own]).collect(),
    }
}

/// What the list's entry for a nature stands for: natures of two applications may have the same name.
fn value(mapping: &Mapping, nature: &str) -> String {
    format!("{} › {nature}", mapping.name)
}

/// The application, and the nature if it is one, that an entry of the list stands for.
pub(super) fn meant<'a>(mappings: &'a Mappings, choice: &str) -> Option<(&'a Mapping, Option<&'a str>)> {
    mappings.all().iter().find_map(|mapping| {
        if mapping.name == choice {
            return Some((mapping, None));
        }
        let nature = mapping.natures.iter().find(|nature| value(mapping, &nature.name) == choice)?;
        Some((mapping, Some(nature.name.as_str())))
    })
}

/// In the order of the page's fields, one for each.
fn mistakes(mut errors: Vec<FieldError>) -> Mistakes {
    let place = |error: &FieldError| FIELDS.iter().position(|(name, ..)| error.field.split('[').next() == Some(name));
    errors.sort_by_key(|error| place(error).unwrap_or(FIELDS.len()));
    let mut mistakes = Mistakes::default();
    for error in &errors {
        let Some(at) = place(error) else {
            mistakes.add("contenu", &error.field, french(&error.message));
            continue;
        };
        let (_, place, label) = FIELDS[at];
        match (place, error.code) {
            ("choix", _) => {
                mistakes.add(place, label, "Choisissez dans la liste l’application et la nature de votre demande.");
            }
            ("titre", "missing") => mistakes.add(place, label, "Dites en quelques mots de quoi il s’agit."),
            ("description", "missing") => {
                mistakes.add(place, label, "Décrivez ce qui se passe ou ce dont vous avez besoin.");
            }
            _ => mistakes.add(place, label, french(&error.message)),
        }
    }
    mistakes
}

impl Typed {
    fn of(submission: &Submission) -> Self {
        let text = |name: &str| submission.fields().get(name).to_owned();
        Self {
            choice: submission.aside(CHOICE).to_owned(),
            kind: text("type"),
            urgency: text("urgency"),
            title: text("title"),
            description: text("description"),
            error_message: text("error_message"),
            phone: text("phone"),
            uai: text("uai"),
            files: submission.file_names().map(str::to_owned).collect(),
        }
    }
}
