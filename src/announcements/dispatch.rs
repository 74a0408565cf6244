//! Sends a mailing, batch by batch, each address once.
//!
//! The order for a batch: the relay takes its recipients and waits for the mail; GLPI is told that the batch goes, under
//! a key that it keeps single; the relay gets the mail and says that it has it; GLPI is told so. Whoever is killed before
//! the first note has sent nothing; after the second one all is known; in between the batch is in doubt, and is sent
//! again only when somebody says so. So any instance goes on where another one ended, and two at the same moment do no
//! harm; that one at a time sends is a courtesy to the relay.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    files::{self, NoFiles},
    journal::{Batch, Departure, DepartureState, Journal, MailingOutcome, MailingState, Standing},
    patience::Patience,
    progress::{MailingProgress, RelayPause, Settled},
    record::Records,
};
use crate::{
    flow::ledger::{Ledger, instance_token},
    glpi::{Glpi, GlpiError},
    id::ReminderId,
    letters::{AnnouncementLetters, AnnouncementMail, ComposeError},
    smtp::{NotHandedOver, SendError},
    text::{Bilingual, Language},
};

/// One instance at a time sends.
const LEASE: &str = "announcements";
/// The lease is asked for again so often: it lasts three times as long.
const ASSERT_EVERY: Duration = Duration::from_secs(5);
/// After more tries the pause before the next one grows no more.
const LONGEST_PAUSE: u32 = 15;
/// How long a stop waits for GLPI to take what became of a batch.
const LAST_WORD: Duration = Duration::from_secs(20);
/// The code of what was given up without any answer of the relay's: it is not available (RFC 5321 section 4.2.3).
const NO_ANSWER: u16 = 421;
/// The code of an address that no relay would take.
const NO_ADDRESS: u16 = 553;

/// Addresses of announcements, by what became of them.
const MAILS: &str = "passerelle_announcement_mails_total";
/// What becomes of an address.
const HANDED: &str = "handed";
const DOUBTFUL: &str = "doubtful";
const REFUSED: &str = "refused";
const PUT_OFF: &str = "put-off";

/// Why a mailing is not sent now.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.said().text(Language::English))]
pub enum SendingError {
    /// There is none of this name.
    Unknown,
    /// Another instance is at it.
    Elsewhere,
    /// Notes of its list, or its files, are missing in GLPI, or changed.
    Damaged,
    /// GLPI cannot, or may not.
    Glpi(#[from] GlpiError),
    /// The mail cannot be made.
    Mail(#[from] ComposeError),
}

impl SendingError {
    /// Why, for who runs a command.
    pub fn said(&self) -> Bilingual {
        match self {
            Self::Unknown => Bilingual::new("there is no mailing of this name", "aucun envoi par courriel n’a ce nom"),
            Self::Elsewhere => {
                Bilingual::new("another instance is sending it", "une autre passerelle est en train de l’envoyer")
            }
            Self::Damaged => Bilingual::new(
                "its list, its journal or its files were changed in GLPI, and nothing more is sent; restore the notes \
                 «Passerelle, envoi …» and the documents of its public note, or stop it",
                "sa liste, son journal ou ses fichiers ont été changés dans GLPI, et plus rien ne part\u{a0}; rétablissez les \
                 notes «\u{a0}Passerelle, envoi …\u{a0}» et les documents de sa note publique, ou arrêtez-la",
            ),
            Self::Glpi(why) => why.line(),
            Self::Mail(why) => Bilingual::new("the mail cannot be made", "le courriel ne peut pas être écrit")
                .saying(&Bilingual::quoted(why)),
        }
    }
}

/// How a round of sending ended.
#[derive(Clone, Debug)]
pub struct Sending {
    /// How far it is.
    pub progress: MailingProgress,
    /// When there is something to do again; `None` where there is nothing.
    pub again: Option<Timestamp>,
    /// Why not now.
    pub why: Option<Bilingual>,
}

/// A mailing while it is sent.
pub(super) struct UnderWay {
    journal: Journal,
    /// What is sent, once it is made.
    mail: Option<Vec<u8>>,
    /// Why it does not go on now.
    why: Option<Bilingual>,
}

impl UnderWay {
    /// Its name.
    pub(super) fn reference(&self) -> &str {
        &self.journal.mailing.reference
    }
}

/// When the next batch may go, of whatever mailing.
pub(super) struct Pace {
    next: Instant,
}

impl Pace {
    /// The first one at once.
    pub(super) fn begin() -> Self {
        Self { next: Instant::now() }
    }
}

/// What became of a batch.
enum Step {
    /// All is written down.
    Done,
    /// The relay takes none now.
    NotNow(SendError),
    /// Another one has it.
    Another,
    /// Somebody has stopped it.
    Stopped,
}

/// Sends mailings.
pub(super) struct Dispatcher {
    records: Records,
    glpi: Glpi,
    ledger: Arc<Ledger>,
    letters: AnnouncementLetters,
    /// Recipients a minute.
    per_minute: u32,
    /// The pause before the second try; the third waits twice as long.
    retry: SignedDuration,
    patience: Patience,
    /// A sender that stood still for longer than this between its note and the mail does not send it.
    standstill: Duration,
    settled: Settled,
    /// Somebody looks again so often what can be sent.
    look_every: Duration,
    /// What the relay said when this process could not go on with a mailing, and when that is tried again.
    pauses: Mutex<BTreeMap<String, RelayPause>>,
    /// Who writes departures here.
    me: String,
}

impl Dispatcher {
    pub(super) fn new(
        (records, glpi): (Records, Glpi),
        ledger: Arc<Ledger>,
        letters: AnnouncementLetters,
        (per_minute, retry): (u32, Duration),
        (relay, answer): (Duration, Duration),
        look_every: Duration,
    ) -> Self {
        metrics::describe_counter!(MAILS, "Addresses of announcements, by what became of them.");
        for outcome in [HANDED, DOUBTFUL, REFUSED, PUT_OFF] {
            metrics::counter!(MAILS, "outcome" => outcome).increment(0);
        }
        let settled = SignedDuration::try_from((relay + answer) * 2).unwrap_or(SignedDuration::MAX);
        Self {
            records,
            glpi,
            ledger,
            letters,
            per_minute: per_minute.max(1),
            retry: SignedDuration::try_from(retry).unwrap_or(SignedDuration::ZERO),
            patience: Patience::of(retry.saturating_mul(LONGEST_PAUSE)),
            standstill: relay,
            settled: Settled(settled),
            look_every,
            pauses: Mutex::default(),
            me: instance_token(),
        }
    }

    /// After how long a departure that nobody rewrote is in doubt.
    pub(super) fn settled(&self) -> Settled {
        self.settled
    }

    /// How far a mailing is that is being sent.
    pub(super) fn progress_of(&self, under_way: &UnderWay) -> MailingProgress {
        self.progress(&under_way.journal)
    }

    /// How far a mailing is, with what this process knows of the relay.
    pub(super) fn progress(&self, journal: &Journal) -> MailingProgress {
        let now = Timestamp::now();
        let mut progress = journal.progress(self.settled, now);
        if let Some(pause) = &mut progress.relay {
            let known = self.pauses().get(&journal.mailing.reference).copied().filter(|known| known.again > Some(now));
            pause.code = pause.code.or(known.and_then(|known| known.code));
            let due = self.next(journal).map(|(_, due)| due).filter(|due| *due > now);
            pause.again = due.or(known.and_then(|known| known.again));
        }
        progress
    }

    /// Forgets what the relay said of mailings that are not open.
    pub(super) fn forget_but(&self, is_open: impl Fn(&str) -> bool) {
        self.pauses().retain(|reference, _| is_open(reference));
    }

    fn pauses(&self) -> MutexGuard<'_, BTreeMap<String, RelayPause>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a mailing, to send it batch by batch.
    pub(super) async fn take_up(&self, reference: &str) -> Result<UnderWay, SendingError> {
        let under_way = UnderWay { journal: self.read(reference).await?, mail: None, why: None };
        let is_to_go = under_way.journal.mailing.state == MailingState::Going;
        if is_to_go && !under_way.journal.is_whole() { Err(SendingError::Damaged) } else { Ok(under_way) }
    }

    async fn read(&self, reference: &str) -> Result<Journal, SendingError> {
        self.records.read(reference).await?.ok_or(SendingError::Unknown)
    }

    /// Sends the next batch of a mailing; how that ended where nothing more can be sent now.
    pub(super) async fn go_on(
        &self,
        under_way: &mut UnderWay,
        pace: &mut Pace,
        stop: &CancellationToken,
    ) -> Result<Option<Sending>, SendingError> {
        let UnderWay { journal, mail, why } = under_way;
        let ended = |journal: &Journal| Some(Sending { progress: self.progress(journal), again: None, why: None });
        if journal.mailing.state != MailingState::Going {
            return Ok(ended(journal));
        }
        let Some((batch, due)) = self.next(journal) else {
            self.end(journal).await?;
            return Ok(ended(journal));
        };
        if due > Timestamp::now() || why.is_some() || stop.is_cancelled() {
            let again = if why.is_some() { due.max(self.later(1)) } else { due };
            return Ok(Some(Sending { progress: self.progress(journal), again: Some(again), why: why.take() }));
        }
        if !self.wait_until(pace.next, stop).await? {
            return Ok(None);
        }
        let mail = match mail {
            Some(mail) => mail,
            None => mail.insert(self.mail(journal).await?),
        };
        let reference = journal.mailing.reference.clone();
        let size = u32::try_from(batch.addresses.len()).unwrap_or(u32::MAX);
        let standing = journal.standing(&batch);
        match self.depart(journal, &batch, &standing, mail, stop).await? {
            Step::Done => pace.next += Duration::from_mins(1) * size / self.per_minute,
            Step::NotNow(error) => {
                tracing::warn!(%error, reference, batch = batch.number, "an announcement waits for the mail relay");
                let again = Timestamp::now().checked_add(self.look_every).ok().min(Some(self.later(1)));
                let pause = RelayPause { is_of_all: true, code: error.code(), since: None, again };
                self.pauses().insert(reference, pause);
                *why = Some(error.reason());
            }
            Step::Another => {
                *journal = self.read(&reference).await?;
                if !journal.is_whole() {
                    return Err(SendingError::Damaged);
                }
            }
            Step::Stopped => {
                tracing::info!(reference, "an announcement was stopped while it was sent");
                journal.mailing.state = MailingState::Stopped;
            }
        }
        Ok(None)
    }

    /// Lets another instance send.
    pub(super) async fn rest(&self) {
        self.ledger.hand_back(LEASE).await;
    }

    /// Waits until this instance may send, or `stop`.
    pub(super) async fn await_lease(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() && self.ledger.lease(LEASE).await.is_none() {
            tokio::select! {
                () = sleep(ASSERT_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// The mail, the same for every batch and every instance; its files are read from GLPI, once.
    async fn mail(&self, journal: &Journal) -> Result<Vec<u8>, SendingError> {
        let mailing = &journal.mailing;
        let files = match files::read(&self.glpi, mailing.kept_as, &mailing.files).await {
            Ok(files) => files,
            Err(NoFiles::Damaged) => return Err(SendingError::Damaged),
            Err(NoFiles::Glpi(error)) => return Err(error.into()),
        };
        let mail = AnnouncementMail {
            reference: mailing.name().ok_or(SendingError::Unknown)?,
            subject: mailing.subject.clone(),
            markdown: mailing.markdown.clone(),
            written_at: mailing.written_at,
            files,
        };
        Ok(self.letters.compose(&mail)?)
    }

    /// The batch that is due first, and when.
    fn next(&self, journal: &Journal) -> Option<(Batch, Timestamp)> {
        let waiting = journal.batches.values().filter_map(|batch| {
            let standing = journal.standing(batch);
            if standing.doubtful.is_some() || standing.pending.is_empty() {
                return None;
            }
            let pauses = u32::try_from(standing.tries).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
            let due = standing.last.map_or(Timestamp::UNIX_EPOCH, |last| {
                let pause = self.retry.checked_mul(i32::try_from(pauses).unwrap_or(1));
                last.checked_add(pause.unwrap_or(SignedDuration::ZERO)).unwrap_or(last)
            });
            Some((batch, due))
        });
        waiting.min_by_key(|(batch, due)| (*due, batch.number)).map(|(batch, due)| (batch.clone(), due))
    }

    fn later(&self, pauses: i32) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.retry.checked_mul(pauses).unwrap_or(self.retry)).unwrap_or(now)
    }

    /// Waits for the throttle, as the one sender; false once `stop` is cancelled.
    async fn wait_until(&self, moment: Instant, stop: &CancellationToken) -> Result<bool, SendingError> {
        loop {
            if self.ledger.lease(LEASE).await.is_none() {
                return Err(SendingError::Elsewhere);
            }
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            tokio::select! {
                () = sleep(left.min(ASSERT_EVERY)) => {}
                () = stop.cancelled() => return Ok(false),
            }
        }
    }

    /// Writes that those whom the relay refused get it once more; nothing where another one writes so at this moment.
    pub(super) async fn begin_again(&self, journal: &Journal, by: &str) -> Result<(), GlpiError> {
        for batch in journal.batches.values() {
            let standing = journal.standing(batch);
            if standing.refused.is_empty() {
                continue;
            }
            let again = Departure {
                to: standing.refused.iter().map(|(address, _)| address.to_string()).collect(),
                decided_by: Some(by.to_owned()),
                ..self.departure(journal, batch, &standing, DepartureState::Again)
            };
            self.records.depart(&journal.mailing.reference, &again).await?;
        }
        Ok(())
    }

    /// The next departure of a batch, by this instance and at this moment, of nobody yet.
    fn departure(&self, journal: &Journal, batch: &Batch, standing: &Standing, state: DepartureState) -> Departure {
        Departure {
            batch: batch.number,
            attempt: standing.next_attempt,
            state,
            at: Timestamp::now(),
            by: self.me.clone(),
            to: Vec::new(),
            refused: Vec::new(),
            put_off: Vec::new(),
            decided_by: None,
            is_lost: false,
            before: journal.departures.len(),
        }
    }

    /// Sends what is left of a batch.
    async fn depart(
        &self,
        journal: &mut Journal,
        batch: &Batch,
        standing: &Standing,
        mail: &[u8],
        stop: &CancellationToken,
    ) -> Result<Step, SendingError> {
        let reference = journal.mailing.reference.clone();
        let mut to = Vec::new();
        let mut refused = Vec::new();
        for address in &standing.pending {
            match address.as_str().parse::<lettre::Address>() {
                Ok(parsed) => to.push(parsed),
                Err(_) => refused.push((address.to_string(), NO_ADDRESS)),
            }
        }
        let open = match self.letters.open_batch(&to).await {
            Ok(open) => open,
            Err(error) if self.patience.is_over_without_relay(journal, standing, Timestamp::now()) => {
                tracing::error!(%error, reference, batch = batch.number, "the mail relay took no announcement for a day: it is given up");
                let code = error.code().unwrap_or(NO_ANSWER);
                refused.extend(to.iter().map(|address| (address.to_string(), code)));
                return self.give_up(journal, batch, standing, refused).await;
            }
            Err(error) => {
                self.wait(journal).await;
                return Ok(Step::NotNow(error));
            }
        };
        let is_given_up = self.patience.is_over(journal, standing, Timestamp::now());
        if journal.mailing.waits.take().is_some() {
            self.records.rewrite_head(journal).await?;
        }
        let coded = |each: &[(lettre::Address, u16)]| -> Vec<(String, u16)> {
            each.iter().map(|(address, code)| (address.to_string(), *code)).collect()
        };
        if self.is_stopped(&reference).await? {
            return Ok(Step::Stopped);
        }
        let recipients = open.recipients();
        refused.extend(coded(&recipients.refused));
        let mut put_off = coded(&recipients.put_off);
        if is_given_up {
            refused.append(&mut put_off);
        }
        let nobody = recipients.taken.is_empty();
        let state = if nobody { DepartureState::Handed } else { DepartureState::Going };
        let mut departure = Departure {
            to: recipients.taken.iter().map(ToString::to_string).collect(),
            refused,
            put_off,
            ..self.departure(journal, batch, standing, state)
        };
        let began = Instant::now();
        // Where GLPI cannot tell, the transaction is given up, and nothing was sent. A note that comes all the same is in
        // doubt, though nothing is: an operator finds nothing in the relay's log.
        let Some(mut id) = self.records.depart(&reference, &departure).await? else { return Ok(Step::Another) };
        let mut not_now = None;
        if !nobody {
            departure.state = if began.elapsed() > self.standstill {
                DepartureState::NotSent
            } else {
                match open.finish(mail).await {
                    Ok(()) => DepartureState::Handed,
                    Err(NotHandedOver::Refused(error)) => {
                        let given_up = is_given_up.then(|| error.code().unwrap_or(NO_ANSWER));
                        if let Some(code) = error.for_good().or(given_up) {
                            // The same again gets the same answer, or was tried for a day.
                            tracing::error!(%error, reference, batch = batch.number, "the mail relay refuses an announcement");
                            departure.refused.extend(departure.to.drain(..).map(|address| (address, code)));
                            DepartureState::Handed
                        } else {
                            not_now = Some(error);
                            DepartureState::NotSent
                        }
                    }
                    Err(NotHandedOver::InDoubt(error)) => {
                        tracing::error!(%error, reference, batch = batch.number, "whether the mail relay has this batch is in doubt");
                        not_now = Some(error);
                        departure.is_lost = true;
                        DepartureState::Going
                    }
                }
            };
            id = self.arrive(&reference, id, &departure, stop).await?;
        }
        count(&departure);
        journal.departures.insert((departure.batch, departure.attempt), (id, departure));
        Ok(not_now.map_or(Step::Done, Step::NotNow))
    }

    /// Writes down that the relay takes nothing at this moment, so that whoever sends next knows for how long. Where GLPI
    /// does not take that, it is tried for longer.
    async fn wait(&self, journal: &mut Journal) {
        let Some(waits) = self.patience.noted(journal.mailing.waits, Timestamp::now()) else { return };
        journal.mailing.waits = Some(waits);
        if let Err(error) = self.records.rewrite_head(journal).await {
            let reference = &journal.mailing.reference;
            tracing::warn!(%error, reference, "GLPI was not told that an announcement waits for the mail relay");
        }
    }

    /// Whether somebody stopped it, in whatever process: GLPI is asked, as late as can be.
    async fn is_stopped(&self, reference: &str) -> Result<bool, SendingError> {
        match self.records.state(reference).await? {
            Some(state) => Ok(state == MailingState::Stopped),
            // Its head is gone, or somebody has changed it.
            None => Err(SendingError::Damaged),
        }
    }

    /// Writes down that what is left of a batch was tried for long enough.
    async fn give_up(
        &self,
        journal: &mut Journal,
        batch: &Batch,
        standing: &Standing,
        refused: Vec<(String, u16)>,
    ) -> Result<Step, SendingError> {
        let reference = journal.mailing.reference.clone();
        if self.is_stopped(&reference).await? {
            return Ok(Step::Stopped);
        }
        let departure = Departure { refused, ..self.departure(journal, batch, standing, DepartureState::Handed) };
        let Some(id) = self.records.depart(&reference, &departure).await? else { return Ok(Step::Another) };
        count(&departure);
        journal.departures.insert((departure.batch, departure.attempt), (id, departure));
        Ok(Step::Done)
    }

    /// Tells GLPI what became of a batch; again and again, since else it is in doubt. Where somebody has purged the note
    /// meanwhile, another one says it: else the batch would go once more. Gives the note that does.
    async fn arrive(
        &self,
        reference: &str,
        id: ReminderId,
        departure: &Departure,
        stop: &CancellationToken,
    ) -> Result<ReminderId, SendingError> {
        let mut pause = Duration::from_millis(200);
        let mut stopped_at = None;
        loop {
            let error = match self.records.arrive(reference, id, departure).await {
                Ok(()) => return Ok(id),
                Err(GlpiError::NotFound) => match self.records.depart(reference, departure).await {
                    Ok(anew) => return anew.ok_or(SendingError::Damaged),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            tracing::warn!(%error, batch = departure.batch, "GLPI was not told what became of a batch");
            if stop.is_cancelled() && *stopped_at.get_or_insert_with(Instant::now) + LAST_WORD < Instant::now() {
                return Err(error.into());
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Writes down that nothing is left, where nothing is in doubt.
    async fn end(&self, journal: &mut Journal) -> Result<(), GlpiError> {
        let progress = journal.progress(self.settled, Timestamp::now());
        if !progress.doubts.is_empty() || progress.under_way > 0 {
            return Ok(());
        }
        journal.mailing.state = MailingState::Ended;
        journal.mailing.outcome = Some(MailingOutcome { handed: progress.handed, refused: progress.refused.len() });
        self.records.rewrite_head(journal).await?;
        if journal.mailing.state == MailingState::Stopped {
            return Ok(());
        }
        tracing::info!(
            reference = journal.mailing.reference,
            handed = progress.handed,
            refused = progress.refused.len(),
            "an announcement is sent"
        );
        Ok(())
    }
}

fn count(departure: &Departure) {
    let add = |outcome: &'static str, count: usize| {
        metrics::counter!(MAILS, "outcome" => outcome).increment(count as u64);
    };
    match departure.state {
        DepartureState::Handed => add(HANDED, departure.to.len()),
        DepartureState::Going => add(DOUBTFUL, departure.to.len()),
        DepartureState::NotSent | DepartureState::Again => return,
    }
    add(REFUSED, departure.refused.len());
    add(PUT_OFF, departure.put_off.len());
}
