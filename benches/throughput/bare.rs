//! GLPI's REST API without a gateway: what it can do at best.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use passerelle::sandbox::Machine;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{glpi::Target, support::gateway::DIRECTORS, table::per_second};

/// A session, and the ids that a ticket of a director needs.
#[derive(Clone)]
struct Session {
    client: Client,
    address: String,
    token: String,
    ids: Arc<Ids>,
}

struct Ids {
    director: u64,
    group: u64,
    category: u64,
}

impl Session {
    async fn open(target: &Target) -> Self {
        let (client, base) = (Client::new(), target.url());
        let address = format!("{}/apirest.php", base.as_str().trim_end_matches('/'));
        let (login, password) = target.account();
        let opened: Value = client
            .get(format!("{address}/initSession"))
            .basic_auth(login, Some(password))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let token = opened["session_token"].as_str().expect("a session").to_owned();
        let ids = Ids { director: 0, group: 0, category: 0 };
        let mut session = Self { client, address, token, ids: Arc::new(ids) };
        let director = session.first(&format!("UserEmail?searchText[email]={}", DIRECTORS[0]), "users_id").await;
        let group = session.first("Group?searchText[name]=Référents-LSU", "id").await;
        let category = session.first("ITILCategory?searchText[name]=LSU", "id").await;
        session.ids = Arc::new(Ids { director, group, category });
        session
    }

    async fn first(&self, query: &str, field: &str) -> u64 {
        let request = self.client.get(format!("{}/{query}", self.address)).header("Session-Token", &self.token);
        let rows: Value = request.send().await.unwrap().json().await.unwrap();
        rows[0][field].as_u64().unwrap_or_else(|| panic!("{query}: {rows}"))
    }

    /// The input of a ticket like those the gateway makes.
    fn input(&self, at: usize) -> Value {
        let text = "Le livret de Zoé ne s’ouvre pas depuis lundi. ".repeat(6);
        json!({
            "name": format!("LSU : direct {at}"),
            "content": format!("<p>Référence : D-{at}</p><p>Établissement : École</p><hr><p>Bonjour,</p><p>{text}</p>"),
            "type": 1,
            "urgency": 3,
            "itilcategories_id": self.ids.category,
            "requesttypes_id": 2,
            "_groups_id_assign": [self.ids.group],
            "_users_id_requester": self.ids.director,
            "_do_not_compute_takeintoaccount": 1,
        })
    }

    async fn post(&self, input: &Value) {
        let request = self.client.post(format!("{}/Ticket", self.address)).header("Session-Token", &self.token);
        let answer = request.json(&json!({ "input": input })).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
    }
}

/// Tickets a second of `total`, so many in each call, in so many sessions.
pub(crate) async fn rate(target: &Target, together: usize, sessions: usize, total: usize) -> f64 {
    let opened = Session::open(target).await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut working = tokio::task::JoinSet::new();
    let mut all = vec![opened];
    while all.len() < sessions {
        all.push(Session::open(target).await);
    }
    let began = Instant::now();
    for session in all {
        let next = Arc::clone(&next);
        working.spawn(async move {
            loop {
                let from = next.fetch_add(together, Ordering::Relaxed);
                if from >= total {
                    return;
                }
                let inputs: Vec<Value> = (from..total.min(from + together)).map(|at| session.input(at)).collect();
                let input = if together == 1 { inputs[0].clone() } else { Value::Array(inputs) };
                session.post(&input).await;
            }
        });
    }
    working.join_all().await;
    per_second(total, began.elapsed())
}

/// Fills the stand-in with open tickets, which takes it no time.
pub(crate) async fn fill(target: &Target, tickets: usize) {
    let Target::StandIn(sandbox) = target else { return };
    sandbox.set_machine(None);
    rate(target, 250, 4, tickets).await;
    sandbox.set_machine(Some(Machine::usual()));
}

/// How long single creations take, one after the other, the shortest first.
pub(crate) async fn latencies(target: &Target, count: usize) -> Vec<Duration> {
    let session = Session::open(target).await;
    let mut times = Vec::with_capacity(count);
    for at in 0..count {
        let began = Instant::now();
        session.post(&session.input(at)).await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times
}
