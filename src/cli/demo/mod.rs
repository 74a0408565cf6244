//! `passerelle demo`: a GLPI stand-in and the gateway on this machine, and a dozen sample requests through
//! them, by the ways real ones come; then the portal, as a director sees it.

pub mod lmtp_client;
mod samples;
mod sign_in;

use std::{collections::BTreeSet, io::Write as _, net::SocketAddr};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use miette::{IntoDiagnostic as _, Result};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use self::{
    samples::{Expected, Sample, Way},
    sign_in::{ANY_PORT, SignIn},
};
use super::exit;
use crate::{
    app::App,
    config,
    sandbox::{Options, Sandbox, TicketView},
    smtp::Mailer,
    telemetry,
};

/// Shows the gateway at work: starts a GLPI stand-in and the gateway on free ports of this machine, sends
/// sample mails and forms, escalates one, prints what became of each, and stays up to be looked at, with the portal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stops after the samples; the exit code is not 0 if any outcome was not the expected one.
    #[arg(long)]
    pub exit: bool,
}

/// A request's size limit small enough to be exceeded by a sample.
const MAX_SIZE: u64 = 200_000;
/// The portal's secret, for whoever wants to try the form by hand.
const PORTAL_SECRET: &str = "secret-de-demonstration";

/// The token that escalates, for whoever wants to do so by hand.
const TICKET_TOKEN: &str = "jeton-de-demonstration";
/// Whom the portal's visitors are signed in as.
const DIRECTOR: &str = samples::SAND;

/// What became of a sample.
struct Became {
    outcome: String,
    reason: String,
    ticket: Option<TicketView>,
}

/// Runs the demonstration; gives the exit code.
pub async fn run(args: Args) -> Result<u8> {
    let sandbox = Sandbox::start(Options::default()).await.into_diagnostic()?;
    let settings = [
        ("PASSERELLE_GLPI__URL", sandbox.url().to_string()),
        ("PASSERELLE_GLPI__LOGIN", "passerelle".to_owned()),
        ("PASSERELLE_GLPI__PASSWORD", "passerelle".to_owned()),
        // There was no gateway before this one.
        ("PASSERELLE_GLPI__AFTERMATH", "0s".to_owned()),
        ("PASSERELLE_LMTP__LISTEN", ANY_PORT.to_owned()),
        ("PASSERELLE_HTTP__LISTEN", ANY_PORT.to_owned()),
        ("PASSERELLE_HTTP__PORTAL_SECRETS", PORTAL_SECRET.to_owned()),
        ("PASSERELLE_HTTP__TICKET_TOKENS", TICKET_TOKEN.to_owned()),
        ("PASSERELLE_HTTP__IDENTITY_LISTEN", ANY_PORT.to_owned()),
        ("PASSERELLE_HTTP__IDENTITY_HEADER", sign_in::IDENTITY_HEADER.to_owned()),
        ("PASSERELLE_SCREEN__MAX_SIZE", MAX_SIZE.to_string()),
    ];
    let config = config::load_from(None, settings.map(|(name, value)| (name.to_owned(), value)))?;
    let (mailer, outbox) = Mailer::memory();
    let server = App::build_with(config, mailer)?.bind(telemetry::metrics()).await?;
    let lmtp = server.lmtp_addresses().first().and_then(|address| address.parse().ok());
    let (Some(http), Some(for_sign_in), Some(lmtp)) = (server.http_address(), server.identity_address(), lmtp) else {
        return Err(miette::miette!("the demonstration has no address to send to"));
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.run(stop.clone()));

    let sign_in = SignIn::start(for_sign_in, DIRECTOR).await.into_diagnostic()?;
    let portal = format!("http://{}/portail", sign_in.address);

    let client = reqwest::Client::new();
    let mut unexpected = 0;
    say(format_args!("{}", row("", "voie", "demande", "issue", "motif", "ticket", "catégorie", "groupe")));
    for sample in samples::all() {
        let became = send(&sample, lmtp, http, &client, &sandbox).await?;
        let as_expected = is_expected(&became, &sample.expected);
        unexpected += usize::from(!as_expected);
        let ticket = became.ticket.as_ref();
        say(format_args!(
            "{}",
            row(
                if as_expected { "✓" } else { "✗" },
                sample.way.name(),
                sample.about,
                &became.outcome,
                &became.reason,
                &ticket.map_or(String::new(), |ticket| ticket.id.to_string()),
                ticket.and_then(|ticket| ticket.category.as_deref()).unwrap_or_default(),
                &ticket.map_or(String::new(), |ticket| ticket.assigned_groups.join(", ")),
            )
        ));
    }
    let shown = listed(&client, &portal).await.into_diagnostic()?;
    let theirs = theirs(&sandbox.tickets());
    let as_expected = !theirs.is_empty() && shown == theirs;
    unexpected += usize::from(!as_expected);
    let shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
    say(format_args!(
        "{}",
        row(
            if as_expected { "✓" } else { "✗" },
            "portail",
            &format!("demandes de {DIRECTOR}"),
            "shown",
            "shown",
            &shown.join(", "),
            "",
            ""
        )
    ));
    say(format_args!(
        "\n{} tickets dans GLPI, {} courriels aux demandeurs, {unexpected} résultat(s) inattendu(s).",
        sandbox.tickets().len(),
        outbox.mails().len(),
    ));

    if !args.exit {
        say(format_args!(
            "\nPortail  {portal}  (connexion factice\u{a0}: {DIRECTOR})\nGLPI (bac à sable)  {}\nAPI de la passerelle  http://{http}/openapi.json\nMesures  http://{http}/metrics\n\
             LMTP  {lmtp}\nSecret du portail  {PORTAL_SECRET}\nJeton d’escalade  {TICKET_TOKEN}\n\nCtrl-C pour arrêter.",
            sandbox.url()
        ));
        tokio::signal::ctrl_c().await.into_diagnostic()?;
    }
    stop.cancel();
    running.await.into_diagnostic()?;
    Ok(if unexpected == 0 { exit::OK } else { exit::FAILED })
}

fn is_expected(became: &Became, expected: &Expected) -> bool {
    let found = became
        .ticket
        .as_ref()
        .and_then(|ticket| Some((ticket.category.as_deref()?, ticket.assigned_groups.first().map(String::as_str)?)));
    became.outcome == expected.outcome && became.reason == expected.reason && found == expected.ticket
}

async fn send(
    sample: &Sample,
    lmtp: SocketAddr,
    http: SocketAddr,
    client: &reqwest::Client,
    sandbox: &Sandbox,
) -> Result<Became> {
    let (outcome, reason, id) = match &sample.way {
        Way::Mail { sender, mail } => {
            let to = [samples::ASSISTANCE];
            let replies = lmtp_client::deliver(lmtp, sender, &to, mail).await.into_diagnostic()?;
            understand_reply(replies.first().map_or("", String::as_str))
        }
        Way::Form(fields) => post_form(client, http, fields).await.into_diagnostic()?,
        Way::Escalation { title, order } => {
            let ticket = sandbox.tickets().into_iter().find(|ticket| ticket.name == *title);
            let ticket = ticket.ok_or_else(|| miette::miette!("no ticket «{title}» to escalate"))?;
            escalate(client, http, ticket.id, order).await.into_diagnostic()?
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

/// Posts a form as the portal does, signed; gives outcome, reason and ticket.
async fn post_form(
    client: &reqwest::Client,
    http: SocketAddr,
    fields: &serde_json::Value,
) -> reqwest::Result<(String, String, Option<i64>)> {
    let body = fields.to_string();
    let timestamp = Timestamp::now().as_second().to_string();
    let answer = client
        .post(format!("http://{http}/v1/requests"))
        .header("Content-Type", "application/json")
        .header("X-Passerelle-Signature", format!("v1={}", signature(&timestamp, &body)))
        .header("X-Passerelle-Timestamp", timestamp)
        .body(body)
        .send()
        .await?;
    let status = answer.status();
    let answer: serde_json::Value = answer.json().await?;
    let ticket = answer["ticket"].as_i64();
    let (outcome, reason) = match status.as_u16() {
        201 => ("created", "created"),
        200 => ("duplicate", "duplicate"),
        503 => ("deferred", answer["reason"].as_str().unwrap_or_default()),
        _ => ("refused", answer["reason"].as_str().unwrap_or_default()),
    };
    Ok((outcome.to_owned(), reason.to_owned(), ticket))
}

/// Sends a ticket to its next level; gives outcome, reason and ticket.
async fn escalate(
    client: &reqwest::Client,
    http: SocketAddr,
    ticket: i64,
    order: &serde_json::Value,
) -> reqwest::Result<(String, String, Option<i64>)> {
    let address = format!("http://{http}/v1/tickets/{ticket}/escalate");
    let answer = client.post(address).bearer_auth(TICKET_TOKEN).json(order).send().await?;
    let gone = answer.status().is_success();
    let answer: serde_json::Value = answer.json().await?;
    let (outcome, reason) =
        if gone { ("escalated", "escalated") } else { ("refused", answer["reason"].as_str().unwrap_or_default()) };
    Ok((outcome.to_owned(), reason.to_owned(), Some(ticket)))
}

/// The numbers of the requests that the portal lists for whoever is signed in, in rising order. The visitor claims
/// to be somebody else, which the sign-in must not pass on.
async fn listed(client: &reqwest::Client, portal: &str) -> reqwest::Result<BTreeSet<i64>> {
    let call = client.get(format!("{portal}/demandes")).header(sign_in::IDENTITY_HEADER, samples::ZOLA);
    let page = call.send().await?.error_for_status()?.text().await?;
    let links = page.split("/portail/demandes/").skip(1);
    Ok(links.filter_map(|link| link.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect())
}

/// The numbers of all requests of the director, who sent the urgent one.
fn theirs(tickets: &[TicketView]) -> BTreeSet<i64> {
    let urgent = tickets.iter().find(|ticket| ticket.name == samples::URGENT);
    let are_theirs = |ticket: &&TicketView| urgent.is_some_and(|urgent| urgent.requesters == ticket.requesters);
    tickets.iter().filter(are_theirs).map(|ticket| ticket.id).collect()
}

fn signature(timestamp: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(PORTAL_SECRET.as_bytes()) else { return String::new() };
    mac.update(format!("{timestamp}.{body}").as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
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

fn say(line: std::fmt::Arguments<'_>) {
    // Whoever read the output may have gone, as `head` does.
    let _ = writeln!(std::io::stdout(), "{line}");
}
