//! What a typical mail costs on one core: read, judged, and made the text of a ticket; with the allocations.
//! `make microbench`.

#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot begin says why by panicking")]

use std::fmt;

use bytes::Bytes;
use data_encoding::BASE64_MIME;
use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use jiff::Timestamp;
use passerelle::{
    config,
    flow::{
        route::{self, Mappings},
        screen::{self, Candidate, Passed, Proof, Rules, WithinQuota},
    },
    id::TicketId,
    intake::mime,
    request::{Channel, DirectoryAnswer, Envelope, Person, Received},
};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Mails as schools write them.
#[derive(Clone, Copy)]
enum Typical {
    /// Some lines of plain text.
    Plain,
    /// Text and HTML as Outlook writes it, with a signature.
    Outlook,
    /// The same, answering a mail that is quoted below.
    Answer,
    /// Plain text with a screenshot of 60 kB.
    Screenshot,
}

const TYPICAL: [Typical; 4] = [Typical::Plain, Typical::Outlook, Typical::Answer, Typical::Screenshot];

impl fmt::Display for Typical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Outlook => "outlook",
            Self::Answer => "answer",
            Self::Screenshot => "screenshot",
        })
    }
}

const HEAD: &str = "Return-Path: <ce.0210001a@ac-dijon.fr>\r\n\
    Received: from smtp.ac-dijon.fr (smtp.ac-dijon.fr [192.0.2.7])\r\n\tby relais.ac-dijon.fr (Postfix) with ESMTPS id 4Xy\r\n\
    \tfor <assistance1d@ac-dijon.fr>; Tue, 10 Nov 2026 08:31:14 +0100 (CET)\r\n\
    Message-ID: <5f0c7f7e-6c0b-4f1e-8a31-1b2f3c4d5e6f@ac-dijon.fr>\r\nDate: Tue, 10 Nov 2026 08:31:12 +0100\r\n\
    MIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\nContent-Language: fr\r\n\
    From: =?UTF-8?Q?=C3=89cole_primaire_Jean_Mac=C3=A9?= <ce.0210001a@ac-dijon.fr>\r\n\
    To: Assistance 1D <assistance1d@ac-dijon.fr>\r\nSubject: =?UTF-8?Q?LSU_:_livret_scolaire_bloqu=C3=A9?=\r\n";
const TEXT: &str = "Bonjour,\r\n\r\nLe bouton « Valider » du livret scolaire (LSU) reste grisé pour tous les élèves de\r\n\
    CM2 depuis hier matin. J'ai essayé avec Firefox et avec Edge, sur deux postes de l'école,\r\n\
    après avoir vidé le cache. Les bilans sont pourtant complets, et les collègues les ont\r\n\
    relus. Pouvez-vous nous dire comment les transmettre avant vendredi ?\r\n\r\nCordialement,\r\n\
    Jeanne Martin\r\nDirectrice de l'école Jean Macé, Dijon\r\n03 80 00 00 00\r\n";

/// Outlook's way to write a text.
fn html(quoted: bool) -> String {
    let line = |text: &str| -> String {
        format!(
            "<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;color:black\">{text}<o:p></o:p></span></p>\r\n"
        )
    };
    let lines: String = TEXT.lines().map(line).collect();
    let style = "p.MsoNormal {margin:0cm; font-size:11.0pt; font-family:\"Calibri\",sans-serif;}\r\n".repeat(20);
    let history = if quoted {
        format!(
            "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p class=\"MsoNormal\"><b>De :</b> Assistance 1D &lt;assistance1d@ac-dijon.fr&gt;<br><b>Envoyé :</b> lundi 9 novembre 2026 10:02<br><b>À :</b> ce.0210001a@ac-dijon.fr<br><b>Objet :</b> RE: bilans</p></div>{lines}"
        )
    } else {
        String::new()
    };
    format!(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style><!--\r\n{style}--></style></head>\
         <body lang=\"FR\" link=\"#0563C1\"><div class=\"WordSection1\">{lines}{history}</div></body></html>\r\n"
    )
}

impl Typical {
    fn raw(self) -> Bytes {
        let plain = "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
        let alternative = |quoted| {
            let html = html(quoted);
            format!(
                "{HEAD}Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n--b1\r\n{plain}{TEXT}\r\n--b1\r\n\
                 Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{html}\r\n--b1--\r\n"
            )
        };
        match self {
            Self::Plain => format!("{HEAD}{plain}{TEXT}"),
            Self::Outlook => alternative(false),
            Self::Answer => alternative(true),
            Self::Screenshot => {
                let picture: Vec<u8> = b"\x89PNG\r\n\x1a\n".iter().copied().chain((0..60_000).map(noise)).collect();
                let picture = BASE64_MIME.encode(&picture);
                format!(
                    "{HEAD}Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\n{plain}{TEXT}\r\n--b1\r\n\
                     Content-Type: image/png; name=\"capture.png\"\r\nContent-Transfer-Encoding: base64\r\n\
                     Content-Disposition: attachment; filename=\"capture.png\"\r\n\r\n{picture}\r\n--b1--\r\n"
                )
            }
        }
        .into()
    }
}

/// What a compressed picture looks like.
fn noise(at: u32) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 24) as u8
}

/// What the gateway is set to.
struct Setting {
    rules: Rules,
    mappings: Mappings,
}

impl Setting {
    fn shipped() -> Self {
        let settings = [
            ("PASSERELLE_GLPI__URL", "http://127.0.0.1/"),
            ("PASSERELLE_GLPI__LOGIN", "passerelle"),
            ("PASSERELLE_GLPI__PASSWORD", "passerelle"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = config::load_from(None, settings).expect("the shipped settings");
        Self { rules: Rules::new(&config).expect("the rules"), mappings: Mappings::load(None).expect("the mappings") }
    }

    fn judged(&self, received: Received) -> Candidate {
        let identified = screen::identify(received, &self.rules).expect("somebody of the academy");
        let proof = Proof::NotProven(passerelle::text::Bilingual::default());
        let proven = screen::prove(identified, &proof, &self.rules).expect("a proven sender");
        match screen::by_itself(proven, &self.rules, self.mappings.applications()).expect("a request") {
            Passed::Request(candidate) => candidate,
            Passed::Answer(_) | Passed::Reply(_) => panic!("no request of its own"),
        }
    }
}

fn received(raw: &Bytes) -> Received {
    let envelope = Envelope {
        channel: Channel::Lmtp,
        sender: Some("ce.0210001a@ac-dijon.fr".to_owned()),
        recipients: Vec::new(),
        size: raw.len() as u64,
        stored: None,
        is_untried: false,
    };
    mime::mail_blocking(&envelope, raw, Timestamp::UNIX_EPOCH)
}

/// Bytes become a request.
#[divan::bench(args = TYPICAL)]
fn read(bencher: Bencher<'_, '_>, mail: Typical) {
    let raw = mail.raw();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| received(&raw));
}

/// Bytes become a request that passed the rules.
#[divan::bench(args = TYPICAL)]
fn read_and_judge(bencher: Bencher<'_, '_>, mail: Typical) {
    let (raw, setting) = (mail.raw(), Setting::shipped());
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| setting.judged(received(&raw)));
}

/// A request becomes title and text of a ticket.
#[divan::bench(args = TYPICAL)]
fn write(bencher: Bencher<'_, '_>, mail: Typical) {
    let setting = Setting::shipped();
    let candidate = setting.judged(received(&mail.raw()));
    let admitted = || {
        let director =
            screen::director(DirectoryAnswer::Director(Person::default()), &setting.rules).expect("a director");
        screen::admit(candidate.clone(), director, WithinQuota::by_its_ticket(TicketId::new(1)))
    };
    bencher
        .counter(ItemsCount::new(1_u32))
        .with_inputs(admitted)
        .bench_local_values(|screened| route::route(screened, &setting.mappings).expect("a mapping"));
}
