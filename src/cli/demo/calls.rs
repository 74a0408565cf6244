//! What the demonstration asks of the gateway over HTTP: as the portal, as the référents' tool, and as the director.

use std::{collections::BTreeSet, net::SocketAddr};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::{Client, Result};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{samples, sign_in::IDENTITY_HEADER};

/// The portal's secret, for whoever wants to try the form by hand.
pub(super) const PORTAL_SECRET: &str = "secret-de-demonstration";
/// The token that escalates, for whoever wants to do so by hand.
pub(super) const TICKET_TOKEN: &str = "jeton-de-demonstration";

/// The gateway as its callers see it.
pub(super) struct Calls {
    pub(super) client: Client,
    pub(super) api: SocketAddr,
    /// Where the sign-in calls, and only it.
    pub(super) for_sign_in: SocketAddr,
    /// The portal's address, behind the sign-in.
    pub(super) portal: String,
}

/// Outcome, reason and ticket.
pub(super) type Ending = (String, String, Option<i64>);

/// A request as the portal lists it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) detail: String,
}

impl Calls {
    /// Posts a form as the portal does, signed.
    pub(super) async fn post_form(&self, fields: &Value) -> Result<Ending> {
        let body = fields.to_string();
        let timestamp = Timestamp::now().as_second().to_string();
        let answer = self
            .client
            .post(format!("http://{}/v1/requests", self.api))
            .header("Content-Type", "application/json")
            .header("X-Passerelle-Signature", format!("v1={}", signature(&timestamp, &body)))
            .header("X-Passerelle-Timestamp", timestamp)
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        let answer: Value = answer.json().await?;
        let ticket = answer["ticket"].as_i64();
        let (outcome, reason) = match status.as_u16() {
            201 => ("created", "created"),
            200 => ("duplicate", "duplicate"),
            503 => ("deferred", answer["reason"].as_str().unwrap_or_default()),
            _ => ("refused", answer["reason"].as_str().unwrap_or_default()),
        };
        Ok((outcome.to_owned(), reason.to_owned(), ticket))
    }

    /// Sends a ticket to its next level.
    pub(super) async fn escalate(&self, ticket: i64, order: &Value) -> Result<Ending> {
        let address = format!("http://{}/v1/tickets/{ticket}/escalate", self.api);
        let answer = self.client.post(address).bearer_auth(TICKET_TOKEN).json(order).send().await?;
        let gone = answer.status().is_success();
        let answer: Value = answer.json().await?;
        let (outcome, reason) =
            if gone { ("escalated", "escalated") } else { ("refused", answer["reason"].as_str().unwrap_or_default()) };
        Ok((outcome.to_owned(), reason.to_owned(), Some(ticket)))
    }

    /// Approves the solution of a request in the director's name.
    pub(super) async fn approve(&self, director: &str, ticket: i64) -> Result<()> {
        let address = format!("http://{}/v1/requests/{ticket}/approval", self.for_sign_in);
        let call = self.client.post(address).header(IDENTITY_HEADER, director).json(&json!({"decision": "accept"}));
        call.send().await?.error_for_status().map(drop)
    }

    /// The director's requests and their states, as the portal says them.
    pub(super) async fn requests_of(&self, director: &str) -> Result<Vec<Listed>> {
        let address = format!("http://{}/v1/requests?per_page=100", self.for_sign_in);
        let call = self.client.get(address).header(IDENTITY_HEADER, director);
        let answer: Value = call.send().await?.error_for_status()?.json().await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = answer["requests"].as_array().into_iter().flatten().map(|row| Listed {
            number: row["number"].as_i64().unwrap_or_default(),
            title: text(&row["title"]),
            state: text(&row["state_label"]),
            detail: text(&row["state_detail"]),
        });
        Ok(rows.collect())
    }

    /// The numbers of the requests that the portal's page lists for whoever is signed in, in rising order. The visitor
    /// claims to be somebody else, which the sign-in must not pass on.
    pub(super) async fn listed(&self) -> Result<BTreeSet<i64>> {
        let call = self.client.get(format!("{}/demandes", self.portal)).header(IDENTITY_HEADER, samples::ZOLA);
        let page = call.send().await?.error_for_status()?.text().await?;
        let links = page.split("/portail/demandes/").skip(1);
        Ok(links.filter_map(|link| link.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect())
    }
}

fn signature(timestamp: &str, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(PORTAL_SECRET.as_bytes()) else { return String::new() };
    mac.update(format!("{timestamp}.{body}").as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}
