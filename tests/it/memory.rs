//! How much memory the program itself takes at most, whatever is thrown at it. Mails are smaller here than in life: what
//! it may take grows with their largest size alone.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use data_encoding::{BASE64, BASE64_MIME};
use futures_util::future::join_all;
use passerelle::sandbox::Sandbox;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::support::{
    free_port,
    gateway::{DIRECTORS, PORTAL_SECRET, sandbox},
    helpdesk::Helpdesk,
    signing, wait_until,
};

/// The largest mail, bytes.
const LARGEST: usize = 6 << 20;

/// The program, serving.
struct Serving {
    child: Child,
    lmtp: String,
    http: String,
}

impl Serving {
    async fn start(sandbox: &Sandbox, more: &[(&str, &str)]) -> Self {
        let (lmtp, http) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let (url, largest) = (sandbox.url().to_string(), LARGEST.to_string());
        let settings = [
            ("glpi.url", url.as_str()),
            ("glpi.login", "passerelle"),
            ("glpi.password", "passerelle"),
            ("glpi.timeout", "2m"),
            ("quota.per_day", "1000"),
            ("lmtp.listen", &lmtp),
            ("http.listen", &http),
            ("http.portal_secrets", PORTAL_SECRET),
            ("screen.max_size", &largest),
            ("lmtp.max_size", &largest),
            ("http.max_size", &largest),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        command.arg("serve").env_clear().stdin(Stdio::null()).stderr(Stdio::null());
        // As the Dockerfile and the package's unit set them.
        for allocator in ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"] {
            command.env(allocator, "131072");
        }
        command.env("MALLOC_ARENA_MAX", "2");
        for (key, value) in settings.iter().chain(more) {
            command.env(format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), value);
        }
        let child = command.spawn().unwrap();
        wait_until("serving", async || TcpStream::connect(&http).await.is_ok()).await;
        Self { child, lmtp, http }
    }

    /// A figure of its memory, bytes: proc(5), `status`.
    fn memory(&self, figure: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{figure}:"))).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// What it takes now and has taken at most since.
    fn resting(&self) -> usize {
        // The peak begins anew: proc(5), `clear_refs`.
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.memory("VmRSS")
    }

    /// What it takes beside the pages of its own file, of which more are read with whatever is done for the first time.
    fn anonymous(&self) -> usize {
        self.memory("RssAnon")
    }

    fn peak(&self) -> usize {
        self.memory("VmHWM")
    }

    /// Comes down again to what it took, but for less than any one of them as it came: the allocator keeps some pieces
    /// that lie between others, up to 3.4 MB of a hundred.
    async fn rests(&self, anonymous: usize) {
        let allowed = anonymous + LARGEST * 3 / 4;
        wait_until("its memory is given back", async || self.anonymous() < allowed).await;
    }

    /// Delivers a mail and gives the answer to its content.
    async fn deliver(&self, sender: &str, mail: &[u8]) -> String {
        let mut stream = BufReader::new(TcpStream::connect(&self.lmtp).await.unwrap());
        let mut last = String::new();
        let envelope = format!(
            "LHLO x\r\nMAIL FROM:<{sender}> SIZE={}\r\nRCPT TO:<assistance1d@ac-dijon.fr>\r\nDATA\r\n",
            mail.len()
        );
        stream.write_all(envelope.as_bytes()).await.unwrap();
        while !last.starts_with("354") {
            last.clear();
            assert!(stream.read_line(&mut last).await.unwrap() > 0, "closed");
        }
        stream.write_all(mail).await.unwrap();
        stream.write_all(b"\r\n.\r\n").await.unwrap();
        last.clear();
        stream.read_line(&mut last).await.unwrap();
        last
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many words of no meaning.
fn noise(words: usize) -> Vec<u8> {
    let words = u32::try_from(words).unwrap();
    (0..words).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

/// A mail nearly as large as one may be, with a file.
fn large(sender: &str, id: &str) -> Vec<u8> {
    let file = noise(LARGEST / 4 * 71 / 100);
    let mut mail = format!(
        "From: {sender}\r\nTo: assistance1d@ac-dijon.fr\r\nSubject: LSU {id}\r\nMessage-ID: <{id}@ecole.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
         Bonjour\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    .into_bytes();
    mail.extend(BASE64_MIME.encode(&[b"%PDF-1.4\n".as_slice(), &file].concat()).into_bytes());
    mail.extend(b"\r\n--b--\r\n");
    assert!(mail.len() < LARGEST && mail.len() > LARGEST * 9 / 10, "{}", mail.len());
    mail
}

#[tokio::test(flavor = "multi_thread")]
async fn large_mails_that_come_all_at_once_take_the_memory_of_a_few() {
    let sandbox = sandbox().await;
    let gateway = Serving::start(&sandbox, &[]).await;
    gateway.deliver(DIRECTORS[0], &large(DIRECTORS[0], "warm")).await;
    let (resting, anonymous) = (gateway.resting(), gateway.anonymous());
    for round in 0..2 {
        let answers = (0..12).map(|number| {
            let sender = DIRECTORS[number % DIRECTORS.len()];
            let (gateway, mail) = (&gateway, large(sender, &format!("{round}-{number}")));
            async move { gateway.deliver(sender, &mail).await }
        });
        for answer in join_all(answers).await {
            assert!(answer.starts_with("250 2.0.0 created"), "{answer}");
        }
    }
    // Three at a time, each as it came, decoded, and on its way to GLPI, and what the heaps keep of that.
    let grown = gateway.peak() - resting;
    assert!(grown < 10 * LARGEST, "{} of {}", grown, gateway.peak());
    gateway.rests(anonymous).await;
}

/// A form nearly as large as one may be: its content type and its body.
fn large_form(encoding: &str, requester: &str) -> (&'static str, Vec<u8>) {
    let texts = [("requester", requester), ("title", "LSU"), ("description", "Bonjour"), ("application", "LSU")];
    let file = |bytes: usize| [b"%PDF-1.4\n".as_slice(), &noise(bytes / 4)].concat();
    let (content_type, body) = match encoding {
        "multipart" => {
            let field = |(name, value): (&str, &str)| {
                format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            let mut body = format!(
                "{}--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"\r\n\
                 Content-Type: application/pdf\r\n\r\n",
                texts.map(field).concat()
            )
            .into_bytes();
            body.extend(file(LARGEST * 95 / 100));
            body.extend(b"\r\n--b--\r\n");
            ("multipart/form-data; boundary=b", body)
        }
        "JSON as PHP writes it" => {
            let mut form: serde_json::Map<_, _> =
                texts.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            let content = BASE64.encode(&file(LARGEST * 70 / 100));
            form.insert("files".to_owned(), json!([{"name": "a.pdf", "content": content}]));
            ("application/json", json!(form).to_string().replace('/', "\\/").into_bytes())
        }
        other => panic!("{other}"),
    };
    assert!(body.len() < LARGEST && body.len() > LARGEST * 9 / 10, "{}", body.len());
    (content_type, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn large_forms_that_come_all_at_once_take_the_memory_of_a_few() {
    const FORM_TOKEN: &str = "jeton-du-portail-de-seize-lettres";
    let _ = rustls::crypto::ring::default_provider().install_default();
    for encoding in ["multipart", "JSON as PHP writes it"] {
        let sandbox = sandbox().await;
        let gateway = Serving::start(&sandbox, &[("http.form_tokens", FORM_TOKEN)]).await;
        let send = async |requester: &str, key: &str| {
            let (content_type, body) = large_form(encoding, requester);
            // By a token: the place of a caller who proves nothing may go to another while this machine is slow.
            let call = reqwest::Client::new().post(format!("http://{}/v1/requests", gateway.http)).body(body);
            let call = call.header("Content-Type", content_type).header("Idempotency-Key", key);
            call.bearer_auth(FORM_TOKEN).send().await.unwrap().status().as_u16()
        };
        assert_eq!(send(DIRECTORS[0], "premier").await, 201, "{encoding}");
        let (resting, anonymous) = (gateway.resting(), gateway.anonymous());
        for round in 0..2 {
            let keys: Vec<String> = (0..12).map(|number| format!("envoi-{round}-{number}")).collect();
            let answers = keys.iter().enumerate().map(|(number, key)| send(DIRECTORS[number % DIRECTORS.len()], key));
            assert_eq!(join_all(answers).await, [201; 12], "{encoding}");
        }
        let grown = gateway.peak() - resting;
        assert!(grown < 10 * LARGEST, "{encoding}: {grown} of {}", gateway.peak());
        gateway.rests(anonymous).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_large_tickets_take_the_memory_of_small_ones() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "tech1", "tech1").await;
    let requester = json!({"use_notification": [0], "alternative_email": ["inconnue@ac-dijon.fr"]});
    for number in 0..30 {
        let content = format!("<p>{number} {}</p>", "très long ".repeat(100_000));
        let ticket = json!({"name": format!("Grand {number}"), "content": content, "_users_id_requester": 0,
            "_users_id_requester_notif": requester});
        staff.add("Ticket", ticket).await;
    }
    let gateway = Serving::start(&sandbox, &[]).await;
    let list = async || {
        let address = "/v1/requests?requester=inconnue@ac-dijon.fr";
        let time = jiff::Timestamp::now().as_second().to_string();
        let signature = signing::v2(PORTAL_SECRET, &time, "GET", address, b"");
        let client = reqwest::Client::builder().timeout(Duration::from_mins(2)).build().unwrap();
        let call = client.get(format!("http://{}{address}", gateway.http));
        let call =
            call.header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", format!("v2={signature}"));
        call.send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    let resting = gateway.resting();
    for answer in join_all((0..4).map(|_| list())).await {
        assert_eq!(answer["total"], 30, "{answer}");
    }
    // The contents of one list are 33 MB.
    let grown = gateway.peak() - resting;
    assert!(grown < 16 << 20, "{grown} of {}", gateway.peak());
}
