//! Nothing that a person wrote, and no secret, is in anything the program writes for others: its log at any level in
//! both formats, its figures, its Redis, its answers to others' mistakes. Each thing that is handed in holds a word that
//! stands nowhere else, and all of them are looked for.

mod rest;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    net::TcpListener,
    process::Stdio,
    time::Duration,
};

use data_encoding::BASE64;

use passerelle::{
    cli::demo::lmtp_client::deliver,
    intake::form::FIELDS,
    sandbox::{Failure, Options, Rule, Sandbox},
};
use reqwest::{Client, Method, RequestBuilder};
use rstest::rstest;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    config,
    support::{
        dovecot::{self, Dovecot},
        gateway::{AGENT, ASSISTANCE, DIRECTORS},
        oauth::{CLIENT_ID, CLIENT_SECRET, Provider, REFRESH_TOKEN},
        redis::Redis,
        signing,
        sink::{Moods, Sink},
        wait_until,
    },
};

/// The service account's token at the stand-in.
const GLPI_TOKEN: &str = "passerelleTOKEN0123456789abcdefghijklmnop";

/// Secrets of the configuration: their keys, and what they are set to.
const SECRETS: [(&str, &str); 11] = [
    ("glpi.app_token", "zqapptoken00000000000000000000000000000"),
    ("http.mail_tokens", "zqmailtoken0000000"),
    ("http.form_tokens", "zqformtoken0000000"),
    ("http.ticket_tokens", "zqtickettoken0000000"),
    ("http.portal_secrets", "zqportalsecret0000000"),
    ("http.webhook_secrets", "zqwebhooksecret0000000"),
    ("http.proxy_secret", "zqproxysecret0000000"),
    ("people.tokens", "operators:zqpeopletoken0000000"),
    ("redis.key_secret", "zqkeysecret0000000"),
    ("directory.ldap.password", "zqldappassword"),
    // What stands behind the mark is Base64.
    ("hooks.secrets", "whsec_enFob29rc2VjcmV0MDAwMDAwMDAwMDAwMDAw"),
];

/// Secrets that stand in addresses, and those of the mailbox's provider of tokens with the tokens it gives.
const IN_ADDRESSES: [(&str, &str); 6] = [
    ("imap.url", "zqmailboxpassword"),
    ("smtp.url", "zqrelaypassword"),
    ("hooks.secrets", "zqhooksecret0000"),
    ("imap.oauth.client_secret", CLIENT_SECRET),
    ("imap.oauth.refresh_token", REFRESH_TOKEN),
    ("an access token", "access-token-"),
];

/// The words of what people hand in: where each stands.
const WORDS: [(&str, &str); 24] = [
    ("the name of a mail's sender", "zqsendername"),
    ("a stranger's address", "zqstranger"),
    ("the subject", "zqsubject"),
    ("the text", "zqbodytext"),
    ("the text as HTML", "zqhtmltext"),
    ("a file's name", "zqfilename"),
    ("a file's contents", "zqcontents"),
    ("another header field", "zqheader"),
    ("the name of a recipient", "zqrecipient"),
    ("the Message-ID", "zqmessageid"),
    ("an envelope's sender", "zqenvelope"),
    ("an LMTP command that is none", "zqcommand"),
    ("a form's title", "zqtitle"),
    ("a form's description", "zqdescription"),
    ("a form's telephone", "0389716253"),
    ("a form's school", "zqschool"),
    ("a form's requester", "zqrequester"),
    ("an Idempotency-Key", "zqidempotency"),
    ("a token that is none", "zqwrongtoken"),
    ("a signature that is none", "zqwrongsignature"),
    ("a query", "zqquery"),
    ("who signed in at the proxy", "zqidentity"),
    ("a form's error message", "zqerrormessage"),
    ("a form's code of a school", "0219375X"),
];

/// A running gateway that says all it can.
struct Chatty {
    child: Child,
    log: std::path::PathBuf,
    http: String,
    lmtp: std::net::SocketAddr,
    client: Client,
}

fn free_address() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn key(key: &str) -> String {
    format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__"))
}

/// One of the program's commands, with all secrets and these settings.
fn program(command: &str, settings: &[(&str, &str)]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    program.arg(command).env_clear();
    program.envs(SECRETS.iter().chain(settings).map(|(name, value)| (key(name), *value)));
    program
}

impl Chatty {
    async fn start(folder: &std::path::Path, format: &str, settings: &[(&str, &str)]) -> Self {
        let (http, lmtp, log) = (free_address(), free_address(), folder.join(format));
        let child = program("serve", settings)
            .envs([("http.listen", http), ("lmtp.listen", lmtp)].map(|(name, value)| (key(name), value.to_string())))
            .env(key("log.format"), format)
            .env(
                key("log.filter"),
                "trace,hyper=trace,hyper::proto=trace,multer=trace,reqwest=trace,lettre=trace,redis=trace",
            )
            .stdin(Stdio::null())
            .stdout(File::options().create(true).append(true).open(&log).unwrap())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let this = Self { child, log, http: format!("http://{http}"), lmtp, client };
        wait_until("the gateway answers", async || this.call(Method::GET, "/healthz").send().await.is_ok()).await;
        this
    }

    fn call(&self, method: Method, address: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{address}", self.http))
    }

    /// What it answers, whatever that is.
    async fn said(call: RequestBuilder) -> String {
        let answer = call.send().await.unwrap();
        format!("{:?} {}", answer.headers().clone(), answer.text().await.unwrap())
    }

    async fn deposit(&self, form: &serde_json::Value, key: &str) -> String {
        self.signed("/v1/requests", form, key).await
    }

    /// What the portal is answered that posts this.
    async fn signed(&self, address: &str, form: &serde_json::Value, key: &str) -> String {
        let (body, timestamp) = (form.to_string(), jiff::Timestamp::now().as_second().to_string());
        let secret = "zqportalsecret0000000";
        let signature = signing::v3(secret, &timestamp, "POST", address, key, body.as_bytes());
        let call = self.call(Method::POST, address).header("X-Passerelle-Timestamp", timestamp);
        let call = call.header("X-Passerelle-Signature", format!("v3={signature}")).header("Idempotency-Key", key);
        Self::said(call.header("Content-Type", "application/json").body(body)).await
    }

    /// All it has written, once it has ended.
    async fn end(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().await.unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
        fs::read_to_string(&self.log).unwrap()
    }
}

/// A mail that holds a word wherever one can stand.
fn mail(from: &str, id: &str, subject: &str) -> Vec<u8> {
    format!(
        "Authentication-Results: relais.test; spf=pass smtp.mailfrom={from}\r\n\
         From: \"Zqsendername\" <{from}>\r\nTo: \"Zqrecipient\" <{ASSISTANCE}>, zqrecipient@ac-dijon.fr\r\n\
         Subject: {subject} zqsubject\r\nMessage-ID: <zqmessageid-{id}@ecole.test>\r\nX-School: zqheader\r\n\
         Date: Sat, 28 Nov 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
         --c\r\nContent-Type: text/plain\r\n\r\nzqbodytext\r\n\
         --c\r\nContent-Type: text/html\r\n\r\n<p onclick=\"zqhtmltext\">zqhtmltext <b>zqbodytext</p>\r\n--c--\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"zqfilename.txt\"\r\n\r\nzqcontents\r\n\
         --b\r\nContent-Type: application/x-msdownload\r\nContent-Disposition: attachment; filename=\"zqfilename.exe\"\r\n\r\n\
         MZzqcontents\r\n--b--\r\n"
    )
    .into_bytes()
}

/// Says this to the LMTP listener.
async fn say(lmtp: std::net::SocketAddr, lines: &[&str]) -> String {
    let mut stream = BufReader::new(TcpStream::connect(lmtp).await.unwrap());
    let mut said = String::new();
    stream.read_line(&mut said).await.unwrap();
    for line in lines {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        stream.read_line(&mut said).await.unwrap();
    }
    said
}

/// Hands everything in, in every way, right and wrong; gives what was answered to who proved nothing.
async fn hand_everything_in(gateway: &Chatty, glpi: &Sandbox) -> String {
    let mut said = String::new();
    for (number, from) in [DIRECTORS[0], AGENT, "zqstranger@example.org", "zqstranger@ac-dijon.fr"].iter().enumerate() {
        for subject in ["LSU", "Bonjour", "RE: [GLPI #0000001]", "RE: [GLPI #0009999]"] {
            let mail = mail(from, &format!("{number}-{}", subject.len()), subject);
            deliver(gateway.lmtp, "zqenvelope@ac-dijon.fr", &[ASSISTANCE], &mail).await.unwrap();
            let call = gateway.call(Method::POST, "/v1/mail").bearer_auth("zqmailtoken0000000");
            Chatty::said(call.header("Content-Type", "message/rfc822").body(mail)).await;
        }
    }
    let commands = ["ZQCOMMAND zqcommand", "MAIL FROM:<zqcommand", "RCPT TO:<zqcommand@ac-dijon.fr>", "LHLO zqcommand"];
    say(gateway.lmtp, &commands).await;

    let form = |requester: &str| {
        json!({"requester": requester, "application": "LSU", "type": "incident", "urgency": 3, "title": "zqtitle",
            "description": "zqdescription", "error_message": "zqerrormessage", "phone": "0389716253", "uai": "0219375X",
            "attachments": [{"name": "zqfilename.txt", "content": "enFjb250ZW50cw=="}]})
    };
    // All that a form has, but for a nature, which is one of the mappings'.
    let fields = serde_json::to_value(FIELDS).unwrap();
    let fields = fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
    let left: Vec<_> = fields.filter(|name| form("").get(name).is_none()).collect();
    assert_eq!(left, ["nature"]);
    let answer = gateway.deposit(&form(DIRECTORS[1]), "zqidempotency-1").await;
    assert!(answer.contains("\"created\""), "{answer}");
    gateway.deposit(&form("zqrequester@ac-dijon.fr"), "zqidempotency-2").await;
    gateway.deposit(&form("zqrequester"), "zqidempotency-3").await;
    gateway
        .deposit(
            &json!({"zqtitle": "zqdescription", "requester": 7, "phone": "zqschool", "school": "zqschool"}),
            "zqidempotency-4",
        )
        .await;
    let failures = [
        Failure::ServerError,
        Failure::Garbled,
        Failure::Maintenance,
        Failure::AnswerLost,
        Failure::SessionForgotten,
        Failure::Dies(1),
        Failure::Down,
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        glpi.set_failures(Rule::next(3, failure));
        gateway.deposit(&form(DIRECTORS[2]), &format!("zqidempotency-1{number}")).await;
        glpi.set_failures(passerelle::sandbox::Failures::none());
    }

    // Who proves nothing is told nothing of what others keep, and their words are not kept either.
    for address in
        ["/v1/requests?requester=zqquery@ac-dijon.fr&zqquery=1", "/zqquery", "/v1/requests/zqquery", "/portail/zqquery"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let call = gateway.call(method, address).bearer_auth("zqwrongtoken-of-some-length");
            let call =
                call.header("X-Passerelle-Timestamp", "1").header("X-Passerelle-Signature", "v3=zqwrongsignature");
            let call = call
                .header("X-Remote-Mail", "zqidentity@ac-dijon.fr")
                .header("X-Passerelle-Proxy-Secret", "zqwrongtoken");
            said.push_str(&Chatty::said(call.header("Content-Type", "application/json").body("{\"zqtitle\": ")).await);
        }
    }
    said
}

/// What somebody is answered who signed in at the proxy, and asks what cannot be done: while GLPI works, and while it
/// fails. Problems only.
async fn problems_of_the_signed_in(gateway: &Chatty, glpi: &Sandbox, who: &str) -> String {
    let mut said = String::new();
    for failure in [None, Some(Failure::Maintenance), Some(Failure::ServerError), Some(Failure::Garbled)] {
        glpi.set_failures(failure.map_or(passerelle::sandbox::Failures::none(), |it| Rule::always(it).into()));
        for (method, address, body) in [
            (Method::GET, "/v1/requests?limit=none", ""),
            (Method::GET, "/v1/requests", ""),
            (Method::GET, "/v1/requests/1", ""),
            (Method::GET, "/v1/requests/9999", ""),
            (Method::GET, "/v1/requests/none", ""),
            (Method::POST, "/v1/requests", "{"),
            (Method::POST, "/v1/requests", "{\"application\": 7}"),
            (Method::POST, "/v1/requests/1/followups", "{\"text\": \"Bonjour\"}"),
            (Method::POST, "/v1/requests/9999/approval", "{\"decision\": \"accept\"}"),
            (Method::DELETE, "/v1/requests/1", ""),
            (Method::GET, "/v1/figures", ""),
            (Method::POST, "/v1/announcements", "{}"),
        ] {
            let call = gateway.call(method, address).header("X-Remote-Mail", who);
            let call = call.header("X-Passerelle-Proxy-Secret", "zqproxysecret0000000");
            let answer = call.header("Content-Type", "application/json").body(body).send().await.unwrap();
            if answer.status().is_client_error() || answer.status().is_server_error() {
                write!(said, "{address} {} {:?} ", answer.status(), answer.headers()).unwrap();
                said.push_str(&answer.text().await.unwrap());
                said.push('\n');
            }
        }
    }
    glpi.set_failures(passerelle::sandbox::Failures::none());
    said
}

/// Where the program itself breaks, its words stay its own: here it is let open so few files that its runtime cannot be
/// had.
#[test]
fn the_program_says_where_it_broke_and_nothing_else() {
    let words = ["ingest", "--sender", "zqenvelope@ac-dijon.fr", "--recipient", "zqrecipient@ac-dijon.fr"];
    let mut broke = 0;
    // With fewer it does not begin, with more it does: how many it has open already depends on who starts it.
    for files in 3..=12 {
        let few = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        let mut program = std::process::Command::new("sh");
        program.args(["-c", &few, env!("CARGO_BIN_EXE_passerelle")]).args(words).env_clear().stdin(Stdio::null());
        let output = program.envs(SECRETS.iter().map(|(name, value)| (key(name), *value))).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("zq") && !said.contains("panicked"), "{said}");
        let Some(place) = said.strip_prefix("defect at ") else { continue };
        let line_number = place.trim_end().rsplit_once(':').map(|(_, number)| number);
        assert!(line_number.is_some_and(|number| number.parse::<u32>().is_ok()), "{said}");
        assert!(!said.contains("UnixStream") && !said.contains("open files"), "{said}");
        assert_eq!(output.status.code(), Some(75), "the relay keeps the mail");
        assert!(output.stdout.is_empty());
        broke += 1;
    }
    assert!(broke > 0, "it broke nowhere");
}

/// All that a Redis holds: names and values, as it would give them to another one, uncompressed.
fn dump(redis: &Redis) -> String {
    redis.run(&["CONFIG", "SET", "rdbcompression", "no"]);
    let keys = redis.keys();
    let values = keys.iter().map(|key| String::from_utf8_lossy(&redis.dump(key)).into_owned());
    keys.iter().cloned().chain(values).collect::<Vec<_>>().join("\n")
}

/// A secret as it is, and as it looks in Base64, wherever it begins there.
fn forms_of(secret: &str) -> impl Iterator<Item = String> + '_ {
    let encoded = (0..3).map(move |before| {
        let whole = BASE64.encode(&[&vec![b'x'; before][..], secret.as_bytes()].concat());
        // The first and the last letters depend on what stands around it.
        let (from, to) = ((before * 4).div_ceil(3), (before + secret.len()) * 8 / 6);
        whole[from..to].to_owned()
    });
    std::iter::once(secret.to_owned()).chain(encoded)
}

#[test]
fn a_secret_is_found_in_base64_wherever_it_stands() {
    for before in ["", "a", "ab", "user:", "\0user\0"] {
        for after in ["", "z", "zz"] {
            let text = BASE64.encode(format!("{before}zqmailboxpassword{after}").as_bytes());
            assert!(forms_of("zqmailboxpassword").any(|form| text.contains(&form)), "{before} {after}: {text}");
        }
    }
}

/// Each secret that the program knows is planted by one of the tests here.
#[test]
fn every_secret_of_the_configuration_is_planted() {
    let planted = SECRETS.iter().chain(&IN_ADDRESSES).chain(&rest::REFUSED).map(|(key, _)| *key);
    let planted: BTreeSet<_> = planted.chain(["glpi.user_token"]).filter(|key| key.contains('.')).collect();
    assert_eq!(planted, config::SECRETS.iter().map(|(key, _)| *key).collect());
}

fn held<'a>(text: &str, words: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let lower = text.to_lowercase();
    let found = words.into_iter().filter_map(|(what, word)| {
        let at = lower.find(&word.to_lowercase())?;
        let line = lower[..at].rfind('\n').map_or(0, |end| end + 1);
        Some(format!(
            "{what}: {}",
            lower[line..].lines().next().unwrap_or_default().chars().take(400).collect::<String>()
        ))
    });
    found.collect()
}

/// In both formats of the log, once with a mailbox that takes no password, once with one that wants tokens.
#[rstest]
#[case("text", false)]
#[case("json", true)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_handed_in_and_no_secret_is_written_anywhere(#[case] format: &str, #[case] by_token: bool) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let app_token = Some(SECRETS[0].1.to_owned());
    let glpi = Sandbox::start(Options { app_token, ..Options::default() }).await.unwrap();
    let provider = Provider::start("zqmailbox@ac-dijon.fr", Duration::from_hours(1)).await;
    let introspection_url = by_token.then(|| provider.introspection_url());
    let mailbox = Dovecot::start_with(dovecot::Options { introspection_url, ..dovecot::Options::default() });
    let (redis, relay) = (Redis::start(), Sink::start(Moods::default()).await);
    let folder = tempfile::tempdir().unwrap();
    let imap = format!("imap://zqmailbox%40ac-dijon.fr:zqmailboxpassword@127.0.0.1:{}?tls=off", mailbox.port());
    let (glpi_url, redis_url, token_url) = (glpi.url(), redis.url(), provider.token_url());
    let relay_url = relay.url().replace("smtp://", "smtp://zqrelay:zqrelaypassword@");
    // Nobody listens there.
    let hook = format!("http://127.0.0.1:{}/hooks", free_address().port());
    // One that nobody listens to, and asks for a password.
    let ldap = format!("ldap://127.0.0.1:{}", free_address().port());
    let listed = rest::directory(folder.path());
    let settings = [
        ("glpi.url", glpi_url.as_str()),
        ("glpi.user_token", GLPI_TOKEN),
        ("glpi.timeout", "3s"),
        ("glpi.aftermath", "0s"),
        ("glpi.breaker_failures", "0"),
        ("quota.backend", "redis"),
        ("redis.url", redis_url.as_str()),
        ("imap.url", imap.as_str()),
        ("smtp.url", relay_url.as_str()),
        ("directory.sources", "csv,glpi,ldap"),
        ("directory.csv", listed.as_str()),
        ("announcements.enabled", "true"),
        ("announcements.confirm_above", "1"),
        ("announcements.per_minute", "1000000"),
        ("people.operators", rest::SECOND),
        ("portal.when_down", "queue"),
        ("directory.ldap.url", ldap.as_str()),
        ("directory.ldap.base", "ou=personnes,dc=ac-dijon,dc=fr"),
        ("directory.ldap.bind_dn", "cn=passerelle,dc=ac-dijon,dc=fr"),
        ("sender.authserv_ids", "relais.test"),
        ("sender.dns", "off"),
        ("http.trusted_proxies", "127.0.0.1"),
        ("sweep.every", "1s"),
        ("hooks.url", hook.as_str()),
    ];
    let tokens = [
        ("imap.oauth.token_url", token_url.as_str()),
        ("imap.oauth.client_id", CLIENT_ID),
        ("imap.oauth.client_secret", CLIENT_SECRET),
        ("imap.oauth.refresh_token", REFRESH_TOKEN),
    ];
    let settings: Vec<_> = settings.into_iter().chain(tokens.into_iter().filter(|_| by_token)).collect();
    let gateway = Chatty::start(folder.path(), format, &settings).await;
    let said = hand_everything_in(&gateway, &glpi).await;
    rest::hand_in_the_rest(&gateway, &glpi, &relay).await;
    if by_token {
        rest::by_mailbox(&mailbox).await;
    }
    let problems = problems_of_the_signed_in(&gateway, &glpi, DIRECTORS[3]).await;
    wait_until("people were told", async || !relay.taken().is_empty()).await;
    wait_until("the mailbox was tried", async || {
        let tried = Chatty::said(gateway.call(Method::GET, "/metrics")).await;
        !tried.contains("passerelle_imap_failures_total{mailbox=\"zqmailbox@ac-dijon.fr@127.0.0.1")
            || by_token
            || tried.lines().any(|line| line.starts_with("passerelle_imap_failures_total") && !line.ends_with(" 0"))
    })
    .await;
    if by_token {
        wait_until("a token was given", async || provider.given() > 0).await;
    }
    let mut figures = String::new();
    wait_until("the tickets were looked at", async || {
        figures = Chatty::said(gateway.call(Method::GET, "/metrics")).await;
        figures.contains("passerelle_sweep_last_complete_seconds")
    })
    .await;
    let ready = Chatty::said(gateway.call(Method::GET, "/readyz")).await;
    let kept = dump(&redis);
    let log = gateway.end().await;

    // It was all there, and there was much to say of it.
    assert!(glpi.tickets().iter().any(|ticket| ticket.name.contains("zqsubject")));
    let made_of_form = glpi.tickets().into_iter().find(|ticket| ticket.name.contains("zqtitle")).unwrap();
    assert!(made_of_form.content.contains("zqerrormessage") && made_of_form.content.contains("0219375X"));
    assert!(log.lines().count() > 100 && kept.contains("request:") && figures.contains("passerelle_received_total"));
    assert!(log.contains("127.0.0.1"), "{log}");
    let secrets = SECRETS.map(|(key, secret)| (key, secret.rsplit([':', '_']).next().unwrap()));
    let secrets = secrets.into_iter().chain([("glpi.user_token", GLPI_TOKEN)]).chain(IN_ADDRESSES);
    let secrets: Vec<(&str, String)> =
        secrets.flat_map(|(key, secret)| forms_of(secret).map(move |form| (key, form))).collect();
    let secrets: Vec<_> = secrets.iter().map(|(key, secret)| (*key, secret.as_str())).collect();
    let addresses = DIRECTORS.iter().chain([&AGENT]).map(|address| ("an address", *address));
    for (place, text) in [("the log", &log), ("/metrics", &figures), ("/readyz", &ready), ("Redis", &kept)] {
        let all = WORDS.into_iter().chain(rest::WORDS).chain(secrets.iter().copied()).chain(addresses.clone());
        let held = held(text, all);
        assert!(held.is_empty(), "{place} holds\n{}", held.join("\n"));
    }
    let told = held(&said, secrets.iter().copied().chain(addresses).chain([WORDS[18], WORDS[19], WORDS[21]]));
    assert!(told.is_empty(), "strangers are told\n{}", told.join("\n"));
    // Who has signed in is told what is wrong, and of nobody else.
    assert!(problems.lines().count() > 30 && problems.contains("application/problem+json"), "{problems}");
    let of_others = DIRECTORS.iter().filter(|address| **address != DIRECTORS[3]).chain([&AGENT]);
    let all = secrets
        .iter()
        .copied()
        .chain(of_others.map(|address| ("an address", *address)))
        .chain(WORDS)
        .chain(rest::WORDS);
    let told = held(&problems, all);
    assert!(told.is_empty(), "who has signed in is told\n{}", told.join("\n"));
}
