//! `passerelle demo`: a GLPI stand-in and the gateway on this machine, and some forty sample requests through them, by
//! the ways real ones come; then the portal, as a director sees it, and the mails that people would get.
//!
//! `addresses` says where each server listens, `samples` what is sent, `announced` what is said to everybody, `staged` what the director's requests come to and
//! `staff` how; `calls` asks the gateway, `lmtp_client` hands mails over, `sign_in` stands before the portal, `mailbox`
//! shows the mails.

mod addresses;
mod announced;
mod calls;
pub mod lmtp_client;
mod mailbox;
mod samples;
mod sign_in;
mod staff;
mod staged;
mod year;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use miette::{IntoDiagnostic as _, Result};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use self::{
    addresses::Addresses,
    calls::{Calls, Listed, PORTAL_SECRET, TICKET_TOKEN},
    mailbox::{Letter, Mailbox},
    samples::{Expected, Sample, Way},
    sign_in::SignIn,
    staff::Staff,
    staged::{Seen, Staged},
};
use super::{exit, say::say};
use crate::{
    app::App,
    config,
    sandbox::{Options, Sandbox, TicketView},
    smtp::{Mailer, Outbox},
    telemetry,
    text::{Bilingual, Language},
};

/// Shows the gateway at work: starts a GLPI stand-in and the gateway on this machine, sends sample mails and forms,
/// has a director's requests in every state, prints what became of each, and stays up to be looked at, with the portal
/// and the mails.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stops after the samples; the exit code is not 0 if any outcome was not the expected one.
    #[arg(long)]
    pub exit: bool,

    /// Where the portal is; the mails, GLPI, the API and LMTP have the four ports behind it. With port 0, any free ones.
    /// 127.0.0.1:8400 without it, and any free ports with --exit.
    #[arg(long)]
    pub listen: Option<SocketAddr>,

    /// Tells this address of each step of a request, as `hooks.url` does: https, or http on this machine. What signs the
    /// calls is printed.
    #[arg(long, value_name = "URL")]
    pub hooks: Option<String>,

    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    /// Requests, pages and mails are French.
    #[arg(long)]
    pub lang: Option<Language>,
}

/// What signs the calls to the address of `--hooks`.
const HOOKS_SECRET: &str = "whsec_c2VjcmV0LWRlLWRlbW9uc3RyYXRpb24tMjAyNg==";

/// A request's size limit small enough to be exceeded by a sample.
const MAX_SIZE: u64 = 200_000;
/// Whom the portal's visitors are signed in as.
const DIRECTOR: &str = samples::SAND;
/// How long the mails may take, which the sweep sends.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What became of a sample.
struct Became {
    outcome: String,
    reason: String,
    ticket: Option<TicketView>,
}

/// Runs the demonstration; gives the exit code. It has settings of its own: `ignored` are those that are given beside them,
/// which it says at its start.
///
/// # Errors
///
/// Where it cannot listen, or a setting is none.
pub async fn run(args: Args, ignored: &[String]) -> Result<u8> {
    let language = Language::chosen(args.lang);
    if !ignored.is_empty() {
        let ignored = ignored.join(", ");
        let line = Bilingual::new(
            format!(
                "The demonstration has settings of its own: {ignored} count for nothing in it. What can be chosen: --listen, \
                 --hooks (passerelle demo --help).\n"
            ),
            format!(
                "La démonstration a ses propres réglages\u{a0}: elle ne tient pas compte de {ignored}. Ce qui s’y \
                 choisit\u{a0}: --listen, --hooks (passerelle demo --help).\n"
            ),
        );
        say(line.text(language));
    }
    let first = args.listen.unwrap_or(if args.exit { addresses::ANY } else { addresses::USUAL });
    let Addresses { portal, mails, glpi, api, lmtp } = Addresses::take(first).await?;
    let sandbox = Sandbox::start(Options { listen: glpi, ..Options::default() }).await.into_diagnostic()?;
    if !args.exit {
        year::fill(&sandbox.url(), jiff::Zoned::now().datetime()).await.into_diagnostic()?;
        // Or people would be told today of what was done with them in a year.
        sandbox.age_tickets();
    }
    // Loopback is never behind the system's proxy.
    let client = reqwest::Client::builder().no_proxy().build().into_diagnostic()?;
    let staff = Staff::prepare(&sandbox.url(), &client).await?;
    let (mailer, outbox) = Mailer::memory();
    let portal_address = portal.local_addr().into_diagnostic()?;
    let config = config::load_from(None, settings(&sandbox, portal_address, api, lmtp, args.hooks.as_deref()))?;
    let app = App::build_with(config, mailer)?;
    announced::say(&app.informer).await?;
    let server = app.bind(telemetry::metrics()).await.map_err(|not| not.error)?;
    let lmtp = server.lmtp_addresses().first().and_then(|address| address.parse().ok());
    let (Some(api), Some(for_sign_in), Some(lmtp)) = (server.http_address(), server.identity_address(), lmtp) else {
        return Err(miette::miette!("the demonstration has no address to send to"));
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));

    let sign_in = SignIn::start(portal, for_sign_in, DIRECTOR).into_diagnostic()?;
    let mailbox = Mailbox::open(mails, outbox.clone()).into_diagnostic()?;
    let calls = Calls { client, api, for_sign_in, portal: format!("http://{}/portail", sign_in.address) };

    let mut unexpected = 0;
    say(match language {
        Language::English => row("", "way", "request", "outcome", "reason", "ticket", "category", "group"),
        Language::French => row("", "voie", "demande", "issue", "motif", "ticket", "catégorie", "groupe"),
    });
    for sample in samples::all() {
        let became = send(&sample, lmtp, &calls, &sandbox).await?;
        let as_expected = is_expected(&became, &sample.expected);
        unexpected += usize::from(!as_expected);
        let ticket = became.ticket.as_ref();
        say(format_args!(
            "{}",
            row(
                mark(as_expected),
                sample.way.name().text(language),
                Bilingual::new(sample.about.0, sample.about.1).text(language),
                &became.outcome,
                &became.reason,
                &ticket.map_or(String::new(), |ticket| ticket.id.to_string()),
                ticket.and_then(|ticket| ticket.category.as_deref()).unwrap_or_default(),
                &ticket.map_or(String::new(), |ticket| ticket.assigned_groups.join(", ")),
            )
        ));
    }
    for staged in staged::all() {
        play(&staged, &calls, &staff).await?;
    }
    unexpected += show_states(&calls, &sandbox, &outbox, language).await?;
    let (tickets, written) = (sandbox.tickets().len(), outbox.mails().len());
    let sum = Bilingual::new(
        format!("\n{tickets} tickets in GLPI, {written} mails written, {unexpected} unexpected result(s)."),
        format!("\n{tickets} tickets dans GLPI, {written} courriels écrits, {unexpected} résultat(s) inattendu(s)."),
    );
    say(sum.text(language));

    if !args.exit {
        let (portal, sandbox) = (&calls.portal, sandbox.url());
        let (figures, information) =
            (portal.replace("/portail", "/pilotage"), portal.replace("/portail", "/information"));
        let places = [
            (("Portal", "Portail"), portal.clone()),
            (("Figures", "Pilotage"), figures),
            (("Information", "Information"), information),
            (("Mails", "Courriels"), format!("http://{}/", mailbox.address)),
            (("GLPI (sandbox)", "GLPI (bac à sable)"), sandbox.to_string()),
            (("The gateway's API", "API de la passerelle"), format!("http://{api}/docs")),
            (("The API's description", "Description de l’API"), format!("http://{api}/openapi.json")),
            (("Metrics", "Mesures"), format!("http://{api}/metrics")),
            (("LMTP", "LMTP"), lmtp.to_string()),
            (("The portal's secret", "Secret du portail"), PORTAL_SECRET.to_owned()),
            (("Token for escalations", "Jeton d’escalade"), TICKET_TOKEN.to_owned()),
        ];
        say("");
        for ((english, french), place) in places {
            let place = if place == *portal {
                let signed_in = Bilingual::new("nobody signs in", "connexion factice");
                let signed_in = signed_in.saying(&Bilingual::same(DIRECTOR));
                format!("{place}  ({})", signed_in.text(language))
            } else {
                place
            };
            say(format_args!("{}  {place}", Bilingual::new(english, french).text(language)));
        }
        if let Some(url) = &args.hooks {
            let steps = Bilingual::new("Steps go to", "Annonces vers");
            let secret = Bilingual::same("hooks.secrets").saying(&Bilingual::same(HOOKS_SECRET));
            say(format_args!("{}  {url}  ({})", steps.text(language), secret.text(language)));
        }
        say(Bilingual::new("\nCtrl-C to end.", "\nCtrl-C pour arrêter.").text(language));
        tokio::signal::ctrl_c().await.into_diagnostic()?;
    }
    stop.cancel();
    running.await.into_diagnostic()?;
    Ok(if unexpected == 0 { exit::OK } else { exit::FAILED })
}

/// The gateway's settings: every step is told by it, in mails that lead to the portal.
fn settings(
    sandbox: &Sandbox,
    portal: SocketAddr,
    api: SocketAddr,
    lmtp: SocketAddr,
    hooks: Option<&str>,
) -> Vec<(String, String)> {
    let own = [
        ("GLPI__URL", sandbox.url().to_string()),
        ("GLPI__LOGIN", "passerelle".to_owned()),
        ("GLPI__PASSWORD", "passerelle".to_owned()),
        // There was no gateway before this one.
        ("GLPI__AFTERMATH", "0s".to_owned()),
        ("LMTP__LISTEN", lmtp.to_string()),
        ("HTTP__LISTEN", api.to_string()),
        ("HTTP__PORTAL_SECRETS", PORTAL_SECRET.to_owned()),
        ("HTTP__TICKET_TOKENS", TICKET_TOKEN.to_owned()),
        ("HTTP__IDENTITY_LISTEN", addresses::ANY.to_string()),
        ("HTTP__IDENTITY_HEADER", sign_in::IDENTITY_HEADER.to_owned()),
        ("PEOPLE__OPERATORS", DIRECTOR.to_owned()),
        ("ANNOUNCEMENTS__ENABLED", "true".to_owned()),
        ("SCREEN__MAX_SIZE", MAX_SIZE.to_string()),
        ("QUOTA__PER_DAY", samples::PER_DAY.to_string()),
        ("SWEEP__EVERY", "1s".to_owned()),
        ("NOTIFY__PORTAL_LINK", format!("http://{portal}/portail/demandes/{{id}}")),
    ];
    let steps = [
        "GROUP",
        "CHARGE",
        "QUESTION",
        "SOLUTION",
        "CLOSING",
        "HANDOVER",
        "ESCALATION",
        "ANSWER",
        "REFUSAL",
        "APPROVAL",
        "REMINDER",
    ];
    let told = steps.map(|step| (format!("PASSERELLE_NOTIFY__{step}"), "passerelle".to_owned()));
    let hooks = hooks.map(|url| [("HOOKS__URL", url.to_owned()), ("HOOKS__SECRETS", HOOKS_SECRET.to_owned())]);
    let own = own.into_iter().chain(hooks.into_iter().flatten());
    own.map(|(name, value)| (format!("PASSERELLE_{name}"), value)).chain(told).collect()
}

/// Makes a request and brings it to its state.
async fn play(staged: &Staged, calls: &Calls, staff: &Staff) -> Result<()> {
    let form = json!({
        "requester": DIRECTOR, "application": staged.application, "title": staged.seen.title,
        "description": staged.description,
    });
    let (outcome, reason, ticket) = calls.post_form(&form).await.into_diagnostic()?;
    let missing = || miette::miette!("no ticket of «{}»: {outcome}, {reason}", staged.seen.title);
    let ticket = ticket.ok_or_else(missing)?;
    for act in staged.acts {
        staff.act(ticket, *act).await?;
    }
    if staged.is_approved {
        calls.approve(DIRECTOR, ticket).await.into_diagnostic()?;
    }
    Ok(())
}

/// Says how the portal shows the director's requests, and whether people are written to, once that is as it must be or
/// has taken too long; gives how much is not as expected.
async fn show_states(calls: &Calls, sandbox: &Sandbox, outbox: &Outbox, language: Language) -> Result<usize> {
    let staged = staged::all().map(|staged| staged.seen);
    let seen: Vec<_> = staged.into_iter().chain([staged::ESCALATED]).collect();
    let until = Instant::now() + LONGEST_WAIT;
    let (requests, letters) = loop {
        let requests = calls.requests_of(DIRECTOR).await.into_diagnostic()?;
        let letters = mailbox::letters(outbox);
        let is_done = seen.iter().all(|seen| found(&requests, seen).is_some_and(|it| is_told(&letters, it, seen)));
        if is_done || Instant::now() > until {
            break (requests, letters);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let mut unexpected = 0;
    let head = Bilingual::new(
        format!("\nThe requests of {DIRECTOR} on the portal"),
        format!("\nLes demandes de {DIRECTOR} sur le portail"),
    );
    say(head.text(language));
    for seen in &seen {
        let request = found(&requests, seen);
        let as_expected = request.is_some_and(|request| is_told(&letters, request, seen));
        unexpected += usize::from(!as_expected);
        let (ticket, state, detail) =
            request.map_or((0, "", ""), |it| (it.number, it.state.as_str(), it.detail.as_str()));
        let line = format!("{} {ticket:>6}  {:52} {state:12} {detail}", mark(as_expected), seen.title);
        say(format_args!("{}", line.trim_end()));
    }
    let shown = calls.listed().await.into_diagnostic()?;
    let theirs = theirs(&sandbox.tickets());
    let as_expected = !theirs.is_empty() && shown == theirs;
    unexpected += usize::from(!as_expected);
    let shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    let page = Bilingual::new(
        format!("the page of {DIRECTOR} shows the requests {shown}"),
        format!("la page de {DIRECTOR} montre les demandes {shown}"),
    );
    say(format_args!("{} {}", mark(as_expected), page.text(language)));
    Ok(unexpected)
}

/// The request that must be seen so, where it is listed in that state.
fn found<'a>(requests: &'a [Listed], seen: &Seen) -> Option<&'a Listed> {
    let is_so = |it: &&Listed| it.title == seen.title && it.state == seen.state && it.detail == seen.detail;
    requests.iter().find(is_so)
}

/// Whether everybody was written to who has to be.
fn is_told(letters: &[Letter], request: &Listed, seen: &Seen) -> bool {
    let number = format!("n°\u{a0}{}", request.number);
    let is_written = |(recipient, words): &(&str, &str)| {
        letters.iter().any(|letter| {
            letter.recipient.eq_ignore_ascii_case(recipient)
                && letter.subject.contains(words)
                && letter.subject.contains(&number)
        })
    };
    seen.mails.iter().all(is_written)
}

fn is_expected(became: &Became, expected: &Expected) -> bool {
    let found = became
        .ticket
        .as_ref()
        .and_then(|ticket| Some((ticket.category.as_deref()?, ticket.assigned_groups.first().map(String::as_str)?)));
    became.outcome == expected.outcome && became.reason == expected.reason && found == expected.ticket
}

async fn send(sample: &Sample, lmtp: SocketAddr, calls: &Calls, sandbox: &Sandbox) -> Result<Became> {
    let (outcome, reason, id) = match &sample.way {
        Way::Mail { sender, mail } => {
            let to = [samples::ASSISTANCE];
            let replies = lmtp_client::deliver(lmtp, sender, &to, mail).await.into_diagnostic()?;
            understand_reply(replies.first().map_or("", String::as_str))
        }
        Way::Form(fields) => calls.post_form(fields).await.into_diagnostic()?,
        Way::Escalation { title, order } => {
            let ticket = sandbox.tickets().into_iter().find(|ticket| ticket.name == *title);
            let ticket = ticket.ok_or_else(|| miette::miette!("no ticket «{title}» to escalate"))?;
            calls.escalate(ticket.id, order).await.into_diagnostic()?
        }
    };
    let ticket = id.and_then(|id| sandbox.tickets().into_iter().find(|ticket| ticket.id == id));
    Ok(Became { outcome, reason, ticket })
}

/// Outcome, reason and ticket of an LMTP reply such as `250 2.0.0 created, ticket 12, reference P-…`.
fn understand_reply(reply: &str) -> (String, String, Option<i64>) {
    let text = reply.splitn(3, ' ').nth(2).unwrap_or(reply);
    let mut parts = text.split(", ").map(|part| part.split(':').next().unwrap_or(part));
    let outcome = parts.next().unwrap_or_default().to_owned();
    let next = parts.next().unwrap_or_default();
    match next.strip_prefix("ticket ").and_then(|number| number.parse().ok()) {
        Some(ticket) => (outcome.clone(), outcome, Some(ticket)),
        None => (outcome, next.to_owned(), None),
    }
}

/// The numbers of all requests of the director, who sent the urgent one.
fn theirs(tickets: &[TicketView]) -> BTreeSet<i64> {
    let urgent = tickets.iter().find(|ticket| ticket.name == samples::URGENT);
    let are_theirs = |ticket: &&TicketView| urgent.is_some_and(|urgent| urgent.requesters == ticket.requesters);
    tickets.iter().filter(are_theirs).map(|ticket| ticket.id).collect()
}

fn mark(as_expected: bool) -> &'static str {
    if as_expected { "✓" } else { "✗" }
}

#[expect(clippy::too_many_arguments, reason = "one for each column")]
fn row(
    mark: &str,
    way: &str,
    about: &str,
    outcome: &str,
    reason: &str,
    ticket: &str,
    category: &str,
    group: &str,
) -> String {
    let line = format!("{mark:1} {way:10} {about:52} {outcome:9} {reason:18} {ticket:>6}  {category:18} {group}");
    line.trim_end().to_owned()
}
