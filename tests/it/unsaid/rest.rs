//! What else is handed in: what is added to requests and decided on them, orders and hints about tickets, announcements,
//! what the directory knows, a form that was put by and comes back, a mail of the mailbox; and secrets that servers refuse.

use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use tokio::{io::AsyncReadExt as _, task::block_in_place};

use super::*;

/// The words of it.
pub(super) const WORDS: [(&str, &str); 13] = [
    ("a complement", "zqcomplement"),
    ("the reason of a refused solution", "zqrefusal"),
    ("the reason of an escalation", "zqescalation"),
    ("who gives an order", "zqordergiver"),
    ("what a webhook says", "zqwebhookbody"),
    ("an announcement's subject", "zqannouncesubject"),
    ("an announcement's text", "zqannouncetext"),
    ("the name of an announcement's file", "zqannouncefile"),
    ("who gets an announcement", "zqlisted"),
    ("who confirms an announcement", "zqsecondperson"),
    ("a name of the directory", "zqdirectoryname"),
    ("a school of the directory", "zqdirectoryschool"),
    ("an address of the directory", "zqdirectoryaddress"),
];

const MAILBOX: &str = "zqmailbox@ac-dijon.fr";

/// Who confirms announcements, sends them again and stops them.
pub(super) const SECOND: &str = "zqsecondperson@ac-dijon.fr";

/// A directory's file; its path.
pub(super) fn directory(folder: &Path) -> String {
    let file = folder.join("directors.csv");
    let row = "zqdirectoryaddress@ac-dijon.fr;Zqdirectoryname;directrice;0210001A;Zqdirectoryschool;021";
    fs::write(&file, format!("email;name;role;uai;school;department\n{row}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Waits for the mailbox's reader to settle a mail.
pub(super) async fn by_mailbox(mailbox: &Dovecot) {
    block_in_place(|| mailbox.store(MAILBOX, "INBOX", [mail(DIRECTORS[0], "imap", "LSU")]));
    wait_until("the mail is read", async || block_in_place(|| mailbox.messages(MAILBOX, "INBOX")).is_empty()).await;
}

/// Somebody of the helpdesk proposes a solution.
async fn solve(glpi: &Sandbox, ticket: i64) {
    let (client, api) = (Client::builder().no_proxy().build().unwrap(), format!("{}apirest.php", glpi.url()));
    let signing_in = client.get(format!("{api}/initSession")).header("App-Token", SECRETS[0].1);
    let answer: Value = signing_in.basic_auth("glpi", Some("glpi")).send().await.unwrap().json().await.unwrap();
    let call = client.post(format!("{api}/ITILSolution")).header("App-Token", SECRETS[0].1);
    let call = call.header("Session-Token", answer["session_token"].as_str().unwrap());
    let solution = json!({"input": {"itemtype": "Ticket", "items_id": ticket, "content": "<p>Essayez encore.</p>"}});
    assert!(call.json(&solution).send().await.unwrap().status().is_success());
}

/// Says this as GLPI's webhook does.
async fn hint(gateway: &Chatty, secret: &str, body: String) {
    let timestamp = jiff::Timestamp::now().as_second().to_string();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(&body).chain_update(&timestamp).finalize().into_bytes();
    let call = gateway.call(Method::POST, "/v1/glpi/webhook").header("X-GLPI-timestamp", timestamp);
    Chatty::said(call.header("X-GLPI-signature", data_encoding::HEXLOWER.encode(&mac)).body(body)).await;
}

/// Hands in the rest, while GLPI works and while it does not.
pub(super) async fn hand_in_the_rest(gateway: &Chatty, glpi: &Sandbox, relay: &Sink) {
    // The first form's, whose requester is this one.
    let deposited = glpi.tickets().into_iter().filter(|it| it.name.contains("zqtitle"));
    let ticket = deposited.map(|it| it.id).min().unwrap();
    solve(glpi, ticket).await;
    let of_it = |what: &str| format!("/v1/requests/{ticket}/{what}?requester={}", DIRECTORS[1]);
    let program = async |address: &str, token: &str, body: &Value| {
        let call = gateway.call(Method::POST, address).bearer_auth(token).header("Content-Type", "application/json");
        Chatty::said(call.body(body.to_string())).await
    };
    let file = json!([{"name": "zqannouncefile.txt", "content_type": "text/plain", "content": "enFjb250ZW50cw=="}]);
    let announcement = json!({"subject": "zqannouncesubject", "text": "zqannouncetext", "by": "zqordergiver@ac-dijon.fr",
        "recipients": "list", "list": [DIRECTORS[0], "zqlisted@ac-dijon.fr"], "attachments": file});
    let refused = "550 5.1.1 <zqlisted@ac-dijon.fr>: zqlisted is not here";
    relay.moods.lock().unwrap().lasting.insert("zqlisted@ac-dijon.fr".to_owned(), refused.to_owned());
    for (round, failure) in [Some(Failure::Maintenance), Some(Failure::ServerError), None].into_iter().enumerate() {
        glpi.set_failures(failure.map_or(passerelle::sandbox::Failures::none(), |it| Rule::always(it).into()));
        let refusal = json!({"decision": "refuse", "reason": "zqrefusal"});
        gateway.signed(&of_it("approval"), &refusal, &format!("zqidempotency-a{round}")).await;
        let complement = json!({"description": "zqcomplement", "attachments": file});
        gateway.signed(&of_it("followups"), &complement, &format!("zqidempotency-c{round}")).await;
        let order = json!({"reason": "zqescalation", "by": "Zqordergiver"});
        for what in ["escalate", "return", "article"] {
            program(&format!("/v1/tickets/{ticket}/{what}"), "zqtickettoken0000000", &order).await;
        }
        let event = json!({"item": {"id": 34, "itemtype": "Ticket", "items_id": ticket, "content": "zqwebhookbody"}});
        for body in [event.to_string(), "{\"item\": \"zqwebhookbody".to_owned()] {
            hint(gateway, "zqwebhooksecret0000000", body.clone()).await;
            hint(gateway, "zqwrongsignature", body).await;
        }
        program("/v1/announcements", "zqpeopletoken0000000", &announcement).await;
        program("/v1/announcements", "zqpeopletoken0000000", &json!({"subject": ["zqannouncesubject"]})).await;
        let director = mail("zqdirectoryaddress@ac-dijon.fr", &format!("directory-{round}"), "LSU");
        deliver(gateway.lmtp, "zqenvelope@ac-dijon.fr", &[ASSISTANCE], &director).await.unwrap();
        // What was put by comes back, as it was sealed and otherwise.
        for put_by in relay.taken().iter().filter(|taken| taken.to == [ASSISTANCE]) {
            for mail in [put_by.mail.clone(), put_by.mail.replace("name=", "name =").replace('A', "B")] {
                deliver(gateway.lmtp, &put_by.from, &[ASSISTANCE], mail.as_bytes()).await.unwrap();
            }
        }
    }
    // All of it was taken in the end.
    let taken = glpi.tickets();
    let made = taken.iter().find(|it| it.id == ticket).unwrap();
    for word in ["zqcomplement", "zqrefusal"] {
        assert!(made.followups.iter().any(|it| it.content.contains(word)), "{word}: {made:?}");
    }
    assert!(taken.iter().any(|it| it.content.contains("zqdirectoryaddress")));
    assert!(relay.taken().iter().any(|it| it.to == [ASSISTANCE]));
    take_to_its_end(gateway, relay, announcement).await;
}

/// A second person confirms an announcement, whom the relay refused gets it again, and another one is stopped.
async fn take_to_its_end(gateway: &Chatty, relay: &Sink, mut announcement: Value) {
    let call = async |method: Method, address: String, body: Value| -> Value {
        let call = gateway.call(method, &address).bearer_auth("zqpeopletoken0000000");
        let call = call.header("Content-Type", "application/json");
        let answer = call.body(body.to_string()).send().await.unwrap();
        let (status, said) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{address}: {status} {said}");
        serde_json::from_str(&said).unwrap()
    };
    let hand_in = async |announcement: &Value| {
        let told = call(Method::POST, "/v1/announcements".to_owned(), announcement.clone()).await;
        assert_eq!(told["state"], "to-confirm", "{told}");
        format!("/v1/announcements/{}", told["reference"].as_str().unwrap())
    };
    let reaches = |address: &str| relay.taken().into_iter().find(|taken| taken.to.iter().any(|to| to == address));

    let one = hand_in(&announcement).await;
    wait_until("a second person is asked", async || reaches(SECOND).is_some()).await;
    let asked = reaches(SECOND).unwrap().mail.replace("=\r\n", "");
    let code: String = asked.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    call(Method::POST, format!("{one}/confirmation"), json!({"code": code, "by": SECOND})).await;
    let has_ended = async || call(Method::GET, one.clone(), Value::Null).await["state"] == "ended";
    wait_until("the announcement is sent", has_ended).await;
    relay.moods.lock().unwrap().lasting.clear();
    call(Method::POST, format!("{one}/again"), json!({"by": SECOND})).await;
    wait_until("it is sent again", async || reaches("zqlisted@ac-dijon.fr").is_some()).await;

    announcement["text"] = "zqannouncetext zqannouncetext".into();
    let other = hand_in(&announcement).await;
    call(Method::POST, format!("{other}/stop"), json!({"by": SECOND})).await;
}

/// A Redis that takes nobody's password.
async fn refusing_redis() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    let refusal = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n";
                    stream.write_all(refusal).await.unwrap();
                }
            });
        }
    });
    address
}

/// Secrets that servers refuse, each of its setting.
pub(super) const REFUSED: [(&str, &str); 5] = [
    ("glpi.password", "zqglpipassword"),
    ("redis.url", "zqredispassword"),
    ("redis.sentinels", "zqsentinelpassword"),
    ("redis.cluster", "zqclusterpassword"),
    ("imap.password", "zqimappassword"),
];

/// Each of GLPI, Redis and the mailbox refuses its own, or knows none; Redis in each way in which it may be reached.
#[rstest]
#[case(&[("redis.url", "redis://personne:zqredispassword@HERE/")])]
#[case(&[("redis.url", "redis://:zqredispassword@maitre/0"), ("redis.sentinels", "redis://personne:zqsentinelpassword@HERE")])]
#[case(&[("redis.cluster", "redis://personne:zqclusterpassword@HERE")])]
#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_servers_refuse_are_not_said(#[case] of_redis: &[(&str, &str)]) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let app_token = Some(SECRETS[0].1.to_owned());
    let glpi = Sandbox::start(Options { app_token, ..Options::default() }).await.unwrap();
    let (mailbox, redis, folder) = (Dovecot::start(), refusing_redis().await, tempfile::tempdir().unwrap());
    let glpi_url = glpi.url();
    let of_redis: Vec<_> =
        of_redis.iter().map(|(key, value)| (*key, value.replace("HERE", &redis.to_string()))).collect();
    let listed = directory(folder.path());
    let imap = format!("imap://zqmailbox%40ac-dijon.fr@127.0.0.1:{}?tls=off", mailbox.port());
    let settings = [
        ("glpi.url", glpi_url.as_str()),
        ("glpi.login", "passerelle"),
        ("glpi.password", "zqglpipassword"),
        ("quota.backend", "redis"),
        ("imap.url", &imap),
        ("imap.password", "zqimappassword"),
        ("sweep.every", "1s"),
        ("directory.sources", "csv"),
        ("directory.csv", &listed),
        ("sender.authserv_ids", "relais.test"),
        ("sender.dns", "off"),
    ];
    let of_redis = of_redis.iter().map(|(key, value)| (*key, value.as_str()));
    let settings: Vec<_> = settings.into_iter().chain(of_redis).collect();
    let gateway = Chatty::start(folder.path(), "text", &settings).await;
    let director = "zqdirectoryaddress@ac-dijon.fr";
    deliver(gateway.lmtp, director, &[ASSISTANCE], &mail(director, "refused", "LSU")).await.unwrap();
    let ready = Chatty::said(gateway.call(Method::GET, "/readyz")).await;
    assert!(ready.contains("glpi.password"), "{ready}");
    let mut figures = String::new();
    for counter in ["passerelle_imap_failures_total", "passerelle_redis_failures_total"] {
        wait_until("it was refused", async || {
            figures = Chatty::said(gateway.call(Method::GET, "/metrics")).await;
            figures.lines().any(|line| line.starts_with(counter) && !line.ends_with(" 0"))
        })
        .await;
    }
    let mut said = vec![("the log", gateway.end().await), ("/readyz", ready), ("/metrics", figures)];
    for command in ["check", "config"] {
        let output = program(command, &settings).output().await.unwrap();
        said.push((command, String::from_utf8([output.stdout, output.stderr].concat()).unwrap()));
    }
    assert!(said[3].1.contains("glpi.password") && said[4].1.contains("glpi.password"), "{said:?}");
    for (place, text) in &said {
        for (key, secret) in REFUSED.iter().chain(&SECRETS) {
            let secret = secret.rsplit([':', '_']).next().unwrap();
            let found: Vec<_> = forms_of(secret).filter(|form| text.contains(form.as_str())).collect();
            assert!(found.is_empty(), "{place} holds {key}");
        }
    }
}
