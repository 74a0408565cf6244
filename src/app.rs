//! Builds the clients, starts what is configured, and shuts it down in order.

mod gateway;
mod listening;
mod mistakes;
mod parts;
mod reload;
mod service_manager;

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{signal::unix::Signal, sync::Semaphore, time::Instant};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

pub(crate) use self::mistakes::with_any_glpi;
use self::{
    gateway::Gateway,
    parts::{SEAL, deposits, derived, pages},
};
pub use self::{listening::NotListening, parts::glpi};
use crate::{
    announcements::{Board, Informer},
    config::{Backend, Config, ConfigError, TicketPages, announcing_page},
    figures::{ArticleProposals, MonthlyPost, MonthlyReports, RiseWatch, TicketFigures},
    flow::{
        deliver::{Deliverer, LONGEST_CREATION_CALLS},
        deposit::Deposits,
        directory::Directory,
        ledger::Ledger,
        pipeline::Pipeline,
        proof::Prover,
        quarantine::Quarantine,
        receipts::Receipts,
        route::MappingStore,
        screen::Rules,
        suggester::Suggester,
    },
    glpi::Glpi,
    http,
    intake::{Room, imap, lmtp},
    knowledge::Knowledge,
    letters::{Acknowledger, AnnouncementLetters, Correspondence, Operators, ReportLetters, RiseLetters},
    lifecycle::{
        escalation::{self, Escalator},
        notices::{Announcer, Notifier},
        sweep::{self, Sweep},
    },
    listener::Listener,
    people::People,
    portal::Portal,
    smtp::Mailer,
    text::Bilingual,
    working_time::Calendar,
};

/// How many timeouts of one call after its beginning a creation surely has ended in GLPI: only then may an
/// open claim be taken over. One more than the gateway itself waits for it.
const GIVE_UP_CALLS: u32 = LONGEST_CREATION_CALLS + 1;

/// A relay that hangs holds up a stop no longer than this: letters are a courtesy.
const LONGEST_WAIT_FOR_LETTERS: Duration = Duration::from_secs(25);

/// The gateway, built from a configuration, not yet listening.
pub struct App {
    /// The way of a request.
    pub pipeline: Arc<Pipeline>,
    /// The helpdesk.
    pub glpi: Glpi,
    /// Moves tickets between levels.
    pub escalator: Arc<Escalator>,
    /// Tells people of the steps of their tickets.
    pub notifier: Arc<Notifier>,
    /// Tells the portal of them.
    announcer: Arc<Announcer>,
    /// When the academy works.
    pub calendar: Arc<Calendar>,
    /// What requesters see.
    pub portal: Arc<Portal>,
    /// GLPI's FAQ, kept in memory.
    pub knowledge: Arc<Knowledge>,
    /// What the portal shows of announcements.
    pub board: Arc<Board>,
    /// Who is in charge.
    pub people: Arc<People>,
    /// What all requests say, to people in charge.
    pub figures: Arc<TicketFigures>,
    /// Tells operators of sudden rises.
    pub rises: Arc<RiseWatch>,
    /// Sends correspondents their monthly report.
    pub reports: Arc<MonthlyReports>,
    /// The monthly lists of articles worth writing.
    pub proposals: Arc<ArticleProposals>,
    /// Information to all directors of a zone.
    pub informer: Arc<Informer>,
    /// The reference portal's pages, where they are served.
    pages: Option<http::Pages>,
    /// Letters on their way to people.
    letters: TaskTracker,
    /// The configuration it was built from.
    pub config: Config,
}

impl App {
    /// Builds every part. Nothing is connected yet: a server that is away now may come back.
    ///
    /// # Errors
    ///
    /// Names every setting and file that cannot be used, and what to do.
    pub fn build(config: Config) -> Result<Self, ConfigError> {
        let kept = config.clone();
        Mailer::new(&config.smtp)
            .and_then(|mailer| Self::build_with(config, mailer))
            .map_err(|first| ConfigError::all(mistakes::of(&kept)).unwrap_or(first))
    }

    /// Every setting and file of these that no part can use, without building the gateway.
    pub fn mistakes(config: &Config) -> Vec<ConfigError> {
        mistakes::of(config)
    }

    /// Builds every part around a given way to send mail.
    ///
    /// # Errors
    ///
    /// As [`App::build`].
    pub fn build_with(config: Config, mailer: Mailer) -> Result<Self, ConfigError> {
        let glpi = glpi(&config)?;
        let (tasks, letters) = (TaskTracker::new(), TaskTracker::new());
        let give_up = config.glpi.timeout * GIVE_UP_CALLS;
        let correspondence = Correspondence::new(&config, mailer)?;
        let operators = Operators::new(&config, correspondence.clone())?;
        let quarantine = Quarantine::new(&config.quarantine, operators, letters.clone());
        let deposits = deposits(&config, correspondence.clone())?;
        let acknowledger = Acknowledger::new(&config, correspondence.clone(), letters.clone());
        let mappings = MappingStore::load(config.mappings.dir.as_deref())?;
        let knowledge = Arc::new(Knowledge::new(&config, glpi.clone(), mappings.clone()));
        let board = Arc::new(Board::new(&config, &glpi));
        let receipts =
            Receipts::new(&config, glpi.clone(), acknowledger.clone(), Arc::clone(&knowledge), Arc::clone(&board));
        let receipts = Arc::new(receipts);
        let ledger = Arc::new(Ledger::new(&config, glpi.clone(), derived(&config, "passerelle cache keys"), give_up)?);
        let deliverer = deliverer(&config, glpi.clone());
        let names = deliverer.names().clone();
        let calendar = Arc::new(Calendar::new(&config.calendar, config.time_zone.clone())?);
        let rise_letters = RiseLetters::new(
            correspondence.clone(),
            config.announcements.enabled,
            announcing_page(&config),
            config.quota.backend == Backend::Redis,
        );
        let report_letters = ReportLetters::new(correspondence.clone());
        let announcement_letters = AnnouncementLetters::new(&config, correspondence.clone())?;
        let notifier = Arc::new(Notifier::new(&config, &glpi, correspondence, Arc::clone(&ledger), mappings.clone()));
        let announcer = Arc::new(Announcer::new(&config, &glpi, Arc::clone(&ledger))?);
        escalation::describe_metrics();
        sweep::describe_metrics();
        lmtp::describe_metrics();
        let escalator = Escalator::new(
            &config,
            glpi.clone(),
            Arc::clone(&ledger),
            mappings.clone(),
            names,
            Arc::clone(&notifier),
            Arc::clone(&calendar),
        );
        let directory = Arc::new(Directory::new(&config.directory, Some(glpi.clone()))?);
        let suggester = Suggester::new(&config, &glpi, Arc::clone(&knowledge), letters.clone());
        let pipeline = Pipeline {
            rules: Rules::new(&config)?,
            prover: Prover::new(&config)?,
            mappings,
            directory: Arc::clone(&directory),
            ledger,
            deliverer,
            acknowledger,
            receipts,
            suggester,
            quarantine,
            deposits: Arc::new(deposits),
            tasks,
            places: Semaphore::new(in_hand_at_most(&config)),
        };
        let portal = Portal::new(
            &config,
            glpi.clone(),
            pipeline.mappings.clone(),
            Arc::clone(&calendar),
            Arc::clone(&directory),
            Arc::clone(&knowledge),
            Arc::clone(&board),
        );
        let people = Arc::new(People::new(&config.people, glpi.clone())?);
        let figures = Arc::new(TicketFigures::new(
            &glpi,
            pipeline.mappings.clone(),
            Arc::clone(&calendar),
            config.time_zone.clone(),
            portal.expected_delays(),
            Arc::clone(&directory),
            config.figures.tickets,
        ));
        let rises = Arc::new(RiseWatch::new(
            Arc::clone(&figures),
            Arc::clone(&people),
            Arc::clone(&pipeline.ledger),
            rise_letters,
            config.time_zone.clone(),
        ));
        let ledger = Arc::clone(&pipeline.ledger);
        let monthly = Arc::new(MonthlyPost::new(&glpi, Arc::clone(&people), ledger, report_letters));
        let reports = Arc::new(MonthlyReports::new(
            Arc::clone(&figures),
            Arc::clone(&monthly),
            people.departments(),
            config.time_zone.clone(),
        ));
        let proposals = Arc::new(ArticleProposals::new(
            &glpi,
            (pipeline.mappings.clone(), Arc::clone(&knowledge)),
            monthly,
            people.roles(),
            (&config.glpi.ticket_page(), &config.knowledge.draft_link),
            config.time_zone.clone(),
        ));
        let informer = Arc::new(Informer::new(
            &config,
            &glpi,
            (directory, pipeline.mappings.clone()),
            (Arc::clone(&people), Arc::clone(&pipeline.ledger)),
            announcement_letters,
            derived(&config, "passerelle announcements"),
        ));
        let (pipeline, escalator, portal) = (Arc::new(pipeline), Arc::new(escalator), Arc::new(portal));
        let pages = config.http.believes_a_proxy().then(|| pages(&config)).transpose()?;
        Ok(Self {
            pipeline,
            glpi,
            escalator,
            notifier,
            announcer,
            calendar,
            portal,
            knowledge,
            board,
            people,
            figures,
            rises,
            reports,
            proposals,
            informer,
            pages,
            letters,
            config,
        })
    }

    /// A sweep over the tickets that ends, once `stop` is cancelled, after the ticket it is at.
    pub fn sweep(&self, stop: CancellationToken) -> Sweep {
        let ledger = Arc::clone(&self.pipeline.ledger);
        let escalator = self.escalator.in_background();
        let tellers = (Arc::clone(&self.notifier), Arc::clone(&self.announcer));
        let receipts = Arc::clone(&self.pipeline.receipts);
        Sweep::new(&self.config, self.glpi.in_background(), ledger, escalator, tellers, receipts, stop)
    }

    /// Binds every configured listener, so that a port that is taken is said before anything starts.
    ///
    /// # Errors
    ///
    /// Names the address, the reason and the remedy.
    pub async fn bind(self, metrics: PrometheusHandle) -> Result<Server, NotListening> {
        let lmtp = lmtp::bind(&self.config.lmtp.listen).await?;
        let http = http::Doors::bind(&self.config.http).await?;
        let imap = imap::Settings::new(&self.config, self.pipeline.rules.recipients().to_vec())?;
        if http.is_empty() && lmtp.is_empty() && imap.accounts().is_empty() {
            return Err(ConfigError::setting(
                Bilingual::new(
                    "no way in is configured: lmtp.listen, imap.url and http.listen are all empty",
                    "aucune entrée n’est configurée\u{a0}: lmtp.listen, imap.url et http.listen sont tous vides",
                ),
                Bilingual::new(
                    "Set PASSERELLE_LMTP__LISTEN=127.0.0.1:2424, PASSERELLE_IMAP__URL=imaps://user:password@host or \
                 PASSERELLE_HTTP__LISTEN=127.0.0.1:8080.",
                    "Donnez PASSERELLE_LMTP__LISTEN=127.0.0.1:2424, PASSERELLE_IMAP__URL=imaps://user:password@host ou \
                 PASSERELLE_HTTP__LISTEN=127.0.0.1:8080.",
                ),
            )
            .about("lmtp.listen")
            .about("imap.url")
            .about("http.listen")
            .into());
        }
        Ok(Server { app: self, lmtp, imap, http, metrics, hang_up: None })
    }

    /// Waits for what is under way, and for a while for the letters, then closes the sessions in GLPI.
    pub async fn finish(&self, deadline: Instant) {
        self.pipeline.tasks.close();
        if tokio::time::timeout_at(deadline, self.pipeline.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.pipeline.tasks.len(), "stopped with work under way; its senders will try again");
        }
        self.letters.close();
        let of_letters = deadline.min(Instant::now() + LONGEST_WAIT_FOR_LETTERS);
        if tokio::time::timeout_at(of_letters, self.letters.wait()).await.is_err() {
            tracing::warn!(left = self.letters.len(), "stopped with letters that the mail relay has not taken");
        }
        self.glpi.close().await;
    }
}

/// The gateway with its listeners bound.
pub struct Server {
    app: App,
    lmtp: Vec<Listener>,
    imap: imap::Settings,
    http: http::Doors,
    metrics: PrometheusHandle,
    hang_up: Option<Signal>,
}

impl Server {
    /// Reads the mappings, the DKIM keys and the directory's file again whenever this signal comes, or has come since
    /// it is listened for.
    #[must_use]
    pub fn reloading_on(self, hang_up: Option<Signal>) -> Self {
        Self { hang_up, ..self }
    }

    /// Where the API listens.
    pub fn http_address(&self) -> Option<std::net::SocketAddr> {
        self.http.everybody()
    }

    /// Where the API believes the proxy that signs people in, where that is no Unix socket.
    pub fn identity_address(&self) -> Option<std::net::SocketAddr> {
        self.http.proxy()
    }

    /// Where health and metrics are, apart from the API.
    pub fn admin_address(&self) -> Option<std::net::SocketAddr> {
        self.http.operators()
    }

    /// Where LMTP listens.
    pub fn lmtp_addresses(&self) -> Vec<String> {
        self.lmtp.iter().map(ToString::to_string).collect()
    }

    /// The gateway behind the listeners.
    pub fn pipeline(&self) -> &Arc<Pipeline> {
        &self.app.pipeline
    }

    /// What it serves, in a line.
    fn status(&self) -> String {
        let lmtp = self.lmtp.iter().map(|listener| format!("LMTP on {listener}"));
        let mailboxes = self.imap.accounts().len();
        let mailboxes = (mailboxes > 0).then(|| format!("{mailboxes} mailbox(es)"));
        let http = self.http.listeners().map(|listener| format!("HTTP on {listener}"));
        lmtp.chain(mailboxes).chain(http).collect::<Vec<_>>().join(", ")
    }

    /// Serves until `stop`, then lets requests under way end, for as long as `shutdown.grace`.
    pub async fn run(self, stop: CancellationToken) {
        let status = self.status();
        let Self { mut app, lmtp, imap, http, metrics, hang_up } = self;
        let listeners = TaskTracker::new();
        let pipeline = &app.pipeline;
        let (hints, hinted) = sweep::hints();
        let room = room(&app.config);
        if !lmtp.is_empty() {
            let settings = lmtp::Settings::new(&app.config.lmtp, pipeline.rules.recipients().to_vec());
            listeners.spawn(lmtp::serve(lmtp, Arc::new(settings), room.clone(), pipeline.clone(), stop.clone()));
        }
        if !imap.accounts().is_empty() {
            listeners.spawn(imap::serve(imap.within(room.clone()), Arc::clone(pipeline), stop.clone()));
        }
        let texts = app.pages.as_ref().map(http::Pages::texts).filter(|texts| texts.count() > 0);
        if !http.is_empty() {
            let (escalator, glpi) = (Arc::clone(&app.escalator), app.glpi.clone());
            let notifier = Arc::clone(&app.notifier);
            let gateway = Gateway { pipeline: Arc::clone(pipeline), escalator, notifier, glpi, hints };
            let services = http::Services::new(
                app.config.http.clone(),
                app.config.time_zone.clone(),
                pipeline.mappings.clone(),
                Arc::clone(&app.portal),
                metrics,
                Arc::new(gateway),
                stop.clone(),
            );
            let oversight = http::Oversight {
                people: Arc::clone(&app.people),
                figures: Arc::clone(&app.figures),
                informer: Arc::clone(&app.informer),
            };
            listeners.spawn(http::serve(http, services.within(room).with(oversight), app.pages.take()));
        }
        listeners.spawn(app.sweep(stop.clone()).run(hinted));
        listeners.spawn(stop.clone().run_until_cancelled_owned(reload::keep_rules(
            Arc::clone(pipeline),
            app.glpi.clone(),
            texts,
            hang_up,
        )));
        let keeping = Arc::clone(pipeline);
        listeners.spawn(stop.clone().run_until_cancelled_owned(async move { keeping.ledger.keep().await }));
        if app.config.http.is_served() {
            let (expected, every) = (app.portal.expected_delays(), app.config.figures.every);
            listeners.spawn(stop.clone().run_until_cancelled_owned(async move { expected.keep(every).await }));
        }
        let (knowledge, every) = (Arc::clone(&app.knowledge), app.config.knowledge.every);
        listeners.spawn(stop.clone().run_until_cancelled_owned(async move { knowledge.keep(every).await }));
        let (board, every) = (Arc::clone(&app.board), app.config.announcements.refresh);
        listeners.spawn(stop.clone().run_until_cancelled_owned(async move { board.keep(every).await }));
        if !app.people.are_nobody() {
            let (figures, every) = (Arc::clone(&app.figures), app.config.figures.refresh);
            listeners.spawn(stop.clone().run_until_cancelled_owned(async move { figures.keep(every).await }));
            let rises = Arc::clone(&app.rises);
            listeners.spawn(stop.clone().run_until_cancelled_owned(async move { rises.keep().await }));
            if app.config.figures.report {
                let reports = Arc::clone(&app.reports);
                listeners.spawn(stop.clone().run_until_cancelled_owned(async move { reports.keep().await }));
                let proposals = Arc::clone(&app.proposals);
                listeners.spawn(stop.clone().run_until_cancelled_owned(async move { proposals.keep().await }));
            }
        }
        if app.informer.is_on() {
            let (informer, stop) = (Arc::clone(&app.informer), stop.clone());
            listeners.spawn(async move { informer.keep(&stop).await });
        }
        listeners.close();
        service_manager::ready(&status);
        let _alive = AbortOnDropHandle::new(tokio::spawn(service_manager::keep_alive()));
        stop.cancelled().await;
        tracing::info!("stopping");
        service_manager::stopping();
        let deadline = Instant::now() + app.config.shutdown.grace;
        if tokio::time::timeout_at(deadline, listeners.wait()).await.is_err() {
            tracing::warn!("a connection did not end in time");
        }
        app.finish(deadline).await;
    }
}

/// The memory for requests, over all ways in.
fn room(config: &Config) -> Room {
    Room::for_requests(config.screen.max_size.max(config.lmtp.max_size).max(config.http.max_size as u64))
}

/// How many requests are in hand at a time: as many as may wait for their answer, and of those that came over
/// connections as many again, whose senders did not wait.
fn in_hand_at_most(config: &Config) -> usize {
    let over_connections = 2 * (config.http.max_connections + config.lmtp.max_connections);
    let of_mailboxes = if config.imap.url.is_empty() { 0 } else { imap::MOST_AT_ONCE };
    over_connections + of_mailboxes
}

/// What opens forms that were put by, as configured.
pub(crate) fn taking_back(config: &Config) -> Deposits {
    Deposits::taking_back(derived(config, SEAL))
}

/// What makes tickets, as configured.
pub(crate) fn deliverer(config: &Config, glpi: Glpi) -> Deliverer {
    let (limits, pages) = (config.attachments.clone(), TicketPages::new(config));
    Deliverer::new(glpi, &config.glpi, limits, config.mail.original, config.time_zone.clone(), pages)
}
