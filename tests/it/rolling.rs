//! Two instances are restarted one after the other under load, and nobody notices: the portal, which calls through a
//! real nginx and tries nothing twice, and a real Postfix.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use passerelle::sandbox::Sandbox;
use reqwest::{Client, Method};
use tokio::{task::block_in_place, time::sleep};

use crate::support::{
    free_port,
    gateway::{ASSISTANCE, DIRECTORS, PORTAL_SECRET, form, mail, sandbox},
    postfix::Postfix,
    redis::Redis,
    served::Served,
    signing, wait_until,
};

/// People at the portal at once.
const CLIENTS: usize = 6;
/// How often both are restarted.
const ROUNDS: usize = 2;

/// A real nginx that shares calls out to two gateways. Dropping it stops it.
struct Balancer {
    process: Child,
    url: String,
}

/// What a load balancer before two gateways needs to know. What a gateway that stops does not take any more, the other
/// one is asked for: an Idempotency-Key makes that harmless for what is posted, too.
fn configuration(folder: &Path, port: u16, gateways: &[Served]) -> String {
    let servers: Vec<_> = gateways.iter().map(|it| format!("server {} max_fails=0;", it.http)).collect();
    let servers = servers.join(" ");
    format!(
        "daemon off; master_process off; pid {0}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fcgi;\n\
         uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;\n\
         upstream passerelle {{ {servers} keepalive 8; }}\n\
         server {{ listen 127.0.0.1:{port}; location / {{\n\
         proxy_pass http://passerelle; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_next_upstream error timeout non_idempotent; proxy_connect_timeout 2s; proxy_read_timeout 120s; }} }} }}\n",
        folder.display()
    )
}

impl Balancer {
    async fn start(folder: &Path, gateways: &[Served]) -> Self {
        let port = free_port();
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(folder, port, gateways)).unwrap();
        let log = fs::File::create(folder.join("nginx.log")).unwrap();
        let process = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(folder)
            .args(["-e", "stderr", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("tests/install.sh installs nginx");
        let this = Self { process, url: format!("http://127.0.0.1:{port}") };
        let client = Client::builder().no_proxy().build().unwrap();
        wait_until("nginx answers", async || {
            client.get(format!("{}/healthz", this.url)).send().await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        this
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Posts one form after the other until it is over, each once; `failed` gets what was answered otherwise than it should.
async fn post_forms(person: usize, url: &str, over: &AtomicBool, posted: &AtomicUsize, failed: &Mutex<Vec<String>>) {
    // Its connections to nginx stay: those behind are nginx's business.
    let client = Client::builder().no_proxy().build().unwrap();
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let title = format!("LSU portail {person}-{number}.");
        let body = form(DIRECTORS[person % DIRECTORS.len()], &title).to_string();
        let timestamp = jiff::Timestamp::now().as_second().to_string();
        let key = format!("portail-{person}-{number}");
        let signature =
            signing::v3(PORTAL_SECRET, &timestamp, Method::POST.as_str(), "/v1/requests", &key, body.as_bytes());
        let call = client.post(format!("{url}/v1/requests")).header("Content-Type", "application/json");
        let call = call.header("X-Passerelle-Timestamp", timestamp).header("Idempotency-Key", &key);
        let call = call.header("X-Passerelle-Signature", format!("v3={signature}"));
        match call.body(body).send().await {
            Ok(answer) if answer.status() == 201 => drop(posted.fetch_add(1, Ordering::Relaxed)),
            Ok(answer) => {
                let said = format!("{title}: {} {}", answer.status(), answer.text().await.unwrap_or_default());
                failed.lock().unwrap().push(said);
            }
            Err(error) => failed.lock().unwrap().push(format!("{title}: {error:?}")),
        }
    }
}

/// Submits one mail after the other until it is over; how many.
async fn submit_mails(postfix: &Postfix, over: &AtomicBool) -> usize {
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        let from = DIRECTORS[number % DIRECTORS.len()];
        let title = format!("LSU relais {number}.");
        postfix.submit(from, &[ASSISTANCE], &mail(from, &title.replace(' ', "-"), &title, "Bonjour")).await;
        number += 1;
        sleep(Duration::from_millis(40)).await;
    }
    number
}

async fn start_two(folder: &Path, glpi: &Sandbox, redis: &Redis) -> Vec<Served> {
    let (url, redis) = (glpi.url().to_string(), redis.url());
    let settings = [
        ("glpi.url", url.as_str()),
        ("glpi.login", "passerelle"),
        ("glpi.password", "passerelle"),
        ("quota.backend", "redis"),
        ("quota.per_day", "1000000"),
        ("redis.url", &redis),
        ("http.portal_secrets", PORTAL_SECRET),
        ("sender.authserv_ids", "relais.test"),
        ("figures.every", "0s"),
        ("knowledge.every", "0s"),
        ("log.filter", "warn"),
    ];
    vec![Served::start(folder, &settings).await, Served::start(folder, &settings).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_are_restarted_in_turn_under_load_and_no_request_fails() {
    let (glpi, redis, folder) = (sandbox().await, Redis::start(), tempfile::tempdir().unwrap());
    let mut gateways = start_two(folder.path(), &glpi, &redis).await;
    let balancer = Balancer::start(folder.path(), &gateways).await;
    let hops: Vec<_> = gateways.iter().map(|it| it.lmtp.to_string()).collect();
    let postfix = Postfix::start(&format!("inet:{}", hops.join(", ")));
    let (over, posted, failed) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Vec::new()));

    let restarting = async {
        let mut ends = Vec::new();
        for round in 0..ROUNDS {
            for (at, gateway) in gateways.iter_mut().enumerate() {
                // Each is at work when it is stopped.
                let before = posted.load(Ordering::Relaxed);
                wait_until("forms are posted", async || {
                    assert_eq!(*failed.lock().unwrap(), [""; 0], "{}", gateway.log());
                    posted.load(Ordering::Relaxed) >= before + 10
                })
                .await;
                let received = gateway.figures().await.sum("passerelle_received_total", &[]);
                wait_until("it gets requests", async || {
                    gateway.figures().await.sum("passerelle_received_total", &[]) > received
                })
                .await;
                ends.push((round, at, gateway.stop().await.success()));
                gateway.launch();
                gateway.answers().await;
            }
        }
        over.store(true, Ordering::Relaxed);
        ends
    };
    let clients = join_all((0..CLIENTS).map(|person| post_forms(person, &balancer.url, &over, &posted, &failed)));
    let (ends, _, mails) = tokio::join!(restarting, clients, submit_mails(&postfix, &over));
    let logs: Vec<_> = gateways.iter().map(Served::log).collect();
    assert_eq!(*failed.lock().unwrap(), [""; 0], "{}", logs.join("\n"));
    assert!(ends.iter().all(|(_, _, is_well)| *is_well) && ends.len() == 2 * ROUNDS, "{ends:?}");

    wait_until("the relay has handed everything over", async || block_in_place(|| postfix.queue_len()) == 0).await;
    let mut tickets = BTreeMap::<String, usize>::new();
    for ticket in glpi.tickets() {
        *tickets.entry(ticket.name).or_default() += 1;
    }
    assert!(tickets.values().all(|count| *count == 1), "{tickets:?}");
    let of = |what: &str| tickets.keys().filter(|title| title.contains(what)).count();
    assert_eq!((of("portail"), of("relais")), (posted.load(Ordering::Relaxed), mails));
    // Postfix was never told of a failure that its sender would hear of.
    assert!(!postfix.log().contains("status=bounced"), "{}", postfix.log());
}
