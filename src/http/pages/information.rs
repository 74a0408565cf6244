//! `/information`: what was announced, how far it is, and what people in charge do with it.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, RawQuery, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    frame::{Frame, Section, page, parameter, see_other, unknown},
    informing::{Doing, address_of, in_time, informer, moment, problem, told, typed_moment},
    posted::Posted,
    state::{PageState, Visitor},
};
use crate::{
    announcements::{
        Announcement, DoubtDecision, InformError, Lack, Mailing, MailingProgress, MailingState, Unfrozen,
        may_have_written,
    },
    http::{in_charge, problem::Problem},
    people::Rights,
    request::{Address, Reference},
    text::{Language, french},
};

/// Announcements of the list.
const MOST: usize = 100;
/// While a mailing goes, its page comes again by itself after so many seconds, unless it is told to stay.
const COMES_AGAIN: &str = "5";
const STAYS: &str = "fixe";

#[derive(Template)]
#[template(path = "information.html")]
struct InformationPage<'a> {
    frame: Frame<'a>,
    entries: Vec<Entry>,
}

/// An announcement of the list.
struct Entry {
    address: String,
    subject: String,
    audience: String,
    application: Option<String>,
    portal: Option<Standing>,
    mail: Option<String>,
    /// What the relay keeps back of it.
    pause: Option<String>,
    /// To so many addresses it is not known whether it went.
    in_doubt: usize,
    /// It is to go by mail, and has no list: nobody got it.
    is_unfrozen: bool,
    /// The names of its files.
    files: Vec<String>,
    written: String,
}

/// What the portal does with a message.
struct Standing {
    label: String,
    /// Whether it is shown now, or will be.
    is_open: bool,
    /// Whether it was never shown.
    is_unshown: bool,
    /// Whether it never was, and never will be.
    is_given_up: bool,
}

#[derive(Template)]
#[template(path = "informed.html")]
struct AnnouncementPage<'a> {
    frame: Frame<'a>,
    token: String,
    here: String,
    announcement: &'a Announcement,
    audience: String,
    written: String,
    portal: Option<Standing>,
    /// When it ends, as a field has it.
    ends: String,
    html: String,
    mailing: Option<MailingProgress>,
    /// It is to go by mail, and has no list, for this reason.
    unfrozen: Option<Unfrozen>,
    /// What a second person confirms by, where they come with it.
    code: Option<String>,
    comes_again: bool,
    zone: TimeZone,
    is_operator: bool,
    /// Who looks at it.
    person: &'a Address,
    /// Whether they may end, prolong and stop it, and not only see it.
    may_change: bool,
    /// What is wrong with what was sent.
    mistake: Option<String>,
}

impl AnnouncementPage<'_> {
    /// What the relay keeps back.
    fn pause(&self, progress: &MailingProgress) -> Option<String> {
        progress.relay.map(|pause| french::sentence(pause.said(|at| self.moment(&at)).text(Language::French)))
    }

    fn percent(&self) -> usize {
        let Some(progress) = &self.mailing else { return 0 };
        (progress.done() * 100).checked_div(progress.mailing.addresses).unwrap_or(100)
    }

    /// Whether whoever looks wrote it, as far as is known: then somebody else confirms it.
    fn is_writer(&self) -> bool {
        may_have_written(&self.announcement.written_by, self.person.as_str())
    }

    fn is_to_confirm(&self) -> bool {
        self.mailing.as_ref().is_some_and(|progress| progress.mailing.state == MailingState::ToConfirm)
    }

    fn may_stop(&self) -> bool {
        let is_open = |progress: &MailingProgress| !progress.mailing.state.is_closed();
        self.may_change && self.mailing.as_ref().is_some_and(is_open)
    }

    fn may_send_again(&self) -> bool {
        let has_ended = |progress: &MailingProgress| progress.mailing.state == MailingState::Ended;
        self.may_change && self.mailing.as_ref().is_some_and(|it| has_ended(it) && !it.refused.is_empty())
    }

    fn may_resume(&self) -> bool {
        self.may_change && self.unfrozen == Some(Unfrozen::Interrupted)
    }

    fn is_without_addresses(&self) -> bool {
        self.unfrozen == Some(Unfrozen::WithoutAddresses)
    }

    fn moment(&self, at: &Timestamp) -> String {
        told(*at, &self.zone)
    }
}

/// How many of its addresses are where.
fn counted(progress: &MailingProgress) -> String {
    progress.counted().text(Language::French).to_owned()
}

/// `GET /information`
pub(super) async fn list(State(state): State<Arc<PageState>>, Visitor(person): Visitor) -> Result<Response, Problem> {
    let rights = in_charge::of_person(&state.services, &person).await?;
    let informer = informer(&state)?;
    let asked = async {
        let (announcements, mailings) =
            tokio::try_join!(async { Ok(informer.keeping().all().await?) }, informer.mailings())?;
        let under_way = informer.under_way(&mailings).await?;
        Ok((announcements, mailings, under_way))
    };
    let (announcements, mailings, under_way) = in_time(&state, Doing::Reading, asked).await?;
    let mailings: BTreeMap<&str, &Mailing> =
        mailings.iter().map(|mailing| (mailing.reference.as_str(), mailing)).collect();
    let entry = |announcement: &Announcement| {
        let reference = announcement.reference.to_string();
        let mailing = mailings.get(reference.as_str());
        let mail =
            announcement.by_mail.map(|recipients| match mailing.map(|mailing| (mailing.state, mailing.outcome)) {
                Some((state, Some(outcome))) => {
                    format!("{}, envoi {}\u{a0}: {}", recipients.shown(), state.label(), outcome.told())
                }
                Some((state, None)) => format!("{}, envoi {}", recipients.shown(), state.label()),
                None => recipients.shown().to_owned(),
            });
        Entry {
            address: address_of(announcement.reference),
            subject: announcement.subject.clone(),
            audience: announcement.audience(),
            application: announcement.application.clone(),
            portal: standing(&state, announcement, mailing.copied()),
            pause: under_way.get(&reference).and_then(|progress| progress.relay).map(|pause| {
                let told = |moment| told(moment, &state.services.time_zone);
                french::sentence(pause.said(told).text(Language::French))
            }),
            in_doubt: under_way.get(&reference).map(MailingProgress::in_doubt).unwrap_or_default(),
            is_unfrozen: mail.is_some() && mailing.is_none(),
            mail,
            files: announcement.files.iter().map(|file| file.name.clone()).collect(),
            written: written(&state, announcement),
        }
    };
    let own = announcements.iter().filter(|announcement| announcement.is_seen_by(&rights));
    let entries = own.take(MOST).map(entry).collect();
    let frame = state.pages.frame("Information", Some(&person), Section::None);
    page(StatusCode::OK, &InformationPage { frame, entries })
}

/// `GET /information/{reference}`
pub(super) async fn show(
    State(state): State<Arc<PageState>>,
    Visitor(person): Visitor,
    Path(reference): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let rights = in_charge::of_person(&state.services, &person).await?;
    let announcement = visible(&state, &rights, &reference, Doing::Reading).await?;
    let code = parameter(query.as_deref(), "code");
    let stays = parameter(query.as_deref(), STAYS).is_some();
    shown(&state, &person, &rights, &announcement, Extra { code, stays, ..Extra::default() }).await
}

/// What a call adds to the page.
#[derive(Default)]
struct Extra {
    code: Option<String>,
    stays: bool,
    mistake: Option<(StatusCode, String)>,
}

async fn shown(
    state: &Arc<PageState>,
    person: &Address,
    rights: &Rights,
    announcement: &Announcement,
    extra: Extra,
) -> Result<Response, Problem> {
    let informer = informer(state)?;
    let (mailing, unfrozen) = if announcement.by_mail.is_none() {
        (None, None)
    } else {
        let asked = async {
            match informer.progress(announcement.reference).await {
                Ok(progress) => Ok((Some(progress), None)),
                // Its list was never frozen: it says so.
                Err(InformError::Unfrozen(why)) => Ok((None, Some(why))),
                Err(error) => Err(error),
            }
        };
        in_time(state, Doing::Reading, asked).await?
    };
    let zone = &state.services.time_zone;
    let is_going = mailing.as_ref().is_some_and(|progress| {
        let waits = progress.doubts.iter().any(|doubt| !doubt.is_ripe());
        progress.mailing.state == MailingState::Going && (progress.pending + progress.under_way > 0 || waits)
    });
    let comes_again = is_going && !extra.stays && extra.mistake.is_none();
    let ends = announcement.ends.map(|ends| typed_moment(ends.to_zoned(zone.clone()).datetime()));
    let (status, mistake) = extra.mistake.map_or((StatusCode::OK, None), |(status, told)| (status, Some(told)));
    let title = format!("Information\u{a0}: {}", announcement.subject);
    let answer = AnnouncementPage {
        frame: state.pages.frame(title, Some(person), Section::None),
        token: state.pages.tokens.token(person, Timestamp::now()),
        here: address_of(announcement.reference),
        announcement,
        audience: announcement.audience(),
        written: written(state, announcement),
        portal: standing(state, announcement, mailing.as_ref().map(|progress| &progress.mailing)),
        ends: ends.unwrap_or_default(),
        html: informer.letters().body(&announcement.markdown),
        mailing,
        unfrozen,
        code: extra.code,
        comes_again,
        zone: zone.clone(),
        is_operator: rights.is_everything(),
        person,
        may_change: announcement.is_within(rights),
        mistake,
    };
    let mut answer = page(status, &answer)?;
    if comes_again {
        // Not in the page itself: whoever reads it can have it stay.
        answer.headers_mut().insert(header::REFRESH, HeaderValue::from_static(COMES_AGAIN));
    }
    Ok(answer)
}

/// `POST /information/{reference}/{deed}`: `fin`, `prolongation`, `reprise`, `arret`, `renvoi`, `confirmation`, `doutes`.
pub(super) async fn act(
    State(state): State<Arc<PageState>>,
    Path((reference, deed)): Path<(String, String)>,
    request: Request,
) -> Response {
    state
        .services
        .answered(request, async |_, parts, body, _| {
            let posted = state.posted(parts, body).await?.of_our_page()?;
            let rights = in_charge::of_person(&state.services, &posted.person).await?;
            let announcement = own(&state, &rights, &reference).await?;
            let told = match deed.as_str() {
                "fin" => end(&state, announcement.clone(), None).await,
                "prolongation" => prolong(&state, announcement.clone(), &posted).await,
                "reprise" => resume(&state, announcement.reference).await,
                "arret" => done(informer(&state)?.stop(announcement.reference, posted.person.as_str()).await),
                "renvoi" => done(informer(&state)?.again(announcement.reference, posted.person.as_str()).await),
                "confirmation" => confirm(&state, &announcement, &rights, &posted).await,
                "doutes" => decide(&state, &announcement, &rights, &posted).await,
                _ => return Err(unknown()),
            };
            match told {
                Ok(()) => see_other(&address_of(announcement.reference)),
                Err(problem) if problem.is_passing() || problem.status() == StatusCode::NOT_FOUND => Err(problem),
                Err(problem) => {
                    let mistake = Some((problem.status(), french::set(problem.to_tell().unwrap_or_default())));
                    let code = Some(posted.one("code").to_owned()).filter(|code| !code.is_empty());
                    let extra = Extra { code, mistake, ..Extra::default() };
                    shown(&state, &posted.person, &rights, &announcement, extra).await
                }
            }
        })
        .await
}

/// Has the portal show a message until this moment; no longer where none is named.
async fn end(state: &PageState, announcement: Announcement, until: Option<Timestamp>) -> Result<(), Problem> {
    in_time(state, Doing::Changing, informer(state)?.show_until(announcement, until)).await?;
    state.services.portal.refresh_messages().await;
    Ok(())
}

async fn prolong(state: &PageState, announcement: Announcement, posted: &Posted) -> Result<(), Problem> {
    let no_end = || problem(&InformError::Missing(Lack::End), Doing::Changing);
    let until = moment(state, posted.one("fin")).ok().flatten().ok_or_else(no_end)?;
    if until > Timestamp::now() && until <= announcement.begins {
        let begins = told(announcement.begins, &state.services.time_zone);
        let detail = format!("Le portail ne l’affiche qu’à partir du {begins}\u{a0}: indiquez une fin plus tardive.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail));
    }
    end(state, announcement, Some(until)).await
}

/// Goes on with a mailing whose writer was interrupted; of one that is stopped nothing goes any more.
async fn resume(state: &PageState, reference: Reference) -> Result<(), Problem> {
    let progress = informer(state)?.resume(reference).await.map_err(|error| problem(&error, Doing::Changing))?;
    match progress.mailing.state {
        stopped @ MailingState::Stopped => Err(problem(&InformError::NotNow(stopped), Doing::Changing)),
        MailingState::ToConfirm | MailingState::Going | MailingState::Ended => Ok(()),
    }
}

/// Lets a mailing go, as the second person.
async fn confirm(
    state: &PageState,
    announcement: &Announcement,
    rights: &Rights,
    posted: &Posted,
) -> Result<(), Problem> {
    in_charge::operators_only(rights)?;
    let by = posted.person.as_str();
    let confirmed = done(informer(state)?.confirm(announcement.reference, posted.one("code"), by).await);
    // The portal may show it from now on.
    state.services.portal.refresh_messages().await;
    confirmed
}

/// Decides on what is in doubt.
async fn decide(
    state: &PageState,
    announcement: &Announcement,
    rights: &Rights,
    posted: &Posted,
) -> Result<(), Problem> {
    in_charge::operators_only(rights)?;
    let decision = match posted.one("decision") {
        "partis" => DoubtDecision::Sent,
        "renvoyer" => DoubtDecision::Send,
        _ => {
            let detail = "Dites si le relais a ces envois ou s’il faut les refaire.";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail));
        }
    };
    // One that is no number is not all of them.
    let batch = posted.all("lot").next().map(|number| number.parse().map_err(|_| unread_batch())).transpose()?;
    done(informer(state)?.decide(announcement.reference, batch, decision, posted.person.as_str()).await)
}

fn unread_batch() -> Problem {
    let detail = "Ce lot n’existe pas. Décidez d’un lot de cette page.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail)
}

fn done(result: Result<MailingProgress, InformError>) -> Result<(), Problem> {
    result.map(drop).map_err(|error| problem(&error, Doing::Changing))
}

/// The announcement of this name, where somebody with these rights may change it.
async fn own(state: &PageState, rights: &Rights, reference: &str) -> Result<Announcement, Problem> {
    let announcement = visible(state, rights, reference, Doing::Changing).await?;
    if announcement.is_within(rights) {
        Ok(announcement)
    } else {
        Err(problem(&InformError::NotYours, Doing::Changing))
    }
}

/// The announcement of this name, where somebody with these rights may see it.
pub(super) async fn visible(
    state: &PageState,
    rights: &Rights,
    reference: &str,
    doing: Doing,
) -> Result<Announcement, Problem> {
    let reference = Reference::parse(reference).ok_or_else(unknown)?;
    let informer = informer(state)?;
    let found = in_time(state, doing, async { Ok(informer.keeping().of_reference(reference).await?) }).await?;
    // The same words, whether there is none or it is somebody else's.
    found.filter(|announcement| announcement.is_seen_by(rights)).ok_or_else(unknown)
}

fn standing(state: &PageState, announcement: &Announcement, mailing: Option<&Mailing>) -> Option<Standing> {
    if !announcement.on_portal {
        return None;
    }
    let now = Timestamp::now();
    let told = |moment: Timestamp| told(moment, &state.services.time_zone);
    if announcement.is_held && mailing.is_some_and(|mailing| mailing.state == MailingState::Stopped) {
        let label = "jamais affichée\u{a0}: son envoi a été arrêté avant d’être confirmé".to_owned();
        return Some(Standing { label, is_open: false, is_unshown: true, is_given_up: true });
    }
    let (label, is_open) = match announcement.ends {
        Some(ends) if announcement.is_held && ends > now => {
            (format!("pas affichée\u{a0}: elle attend la confirmation de son envoi (jusqu’au {})", told(ends)), true)
        }
        None => ("sans fin\u{a0}: le portail ne l’affiche pas".to_owned(), false),
        Some(ends) if ends <= now && ends < announcement.begins => {
            (format!("annulée le {}, avant d’être affichée", told(ends)), false)
        }
        Some(ends) if ends <= now => (format!("terminée le {}", told(ends)), false),
        Some(ends) if announcement.begins > now => {
            (format!("à venir, du {} au {}", told(announcement.begins), told(ends)), true)
        }
        Some(ends) => (format!("affichée jusqu’au {}", told(ends)), true),
    };
    let is_unshown = announcement.ends.is_some_and(|ends| ends < announcement.begins);
    Some(Standing { label, is_open, is_unshown, is_given_up: false })
}

fn written(state: &PageState, announcement: &Announcement) -> String {
    format!("le {}, par {}", told(announcement.written_at, &state.services.time_zone), announcement.written_by)
}
