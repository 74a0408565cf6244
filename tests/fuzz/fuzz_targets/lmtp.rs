//! Whatever a relay says, in whatever pieces: the LMTP dialogue goes on, within its limits, the same way.
#![no_main]

use std::{sync::LazyLock, time::Duration};

use libfuzzer_sys::fuzz_target;
use passerelle::{
    intake::lmtp::{Session, Settings, Progress},
    request::Address,
};

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    hostname: "passerelle.test".to_owned(),
    recipients: Address::parse("aide@ecole.fr").into_iter().collect(),
    max_size: 64,
    max_connections: 1,
    max_recipients: 3,
    idle_timeout: Duration::MAX,
    total_timeout: Duration::MAX,
});

/// How far a dialogue has come when the fuzzer takes over.
const BEGINNINGS: [&[u8]; 3] = [b"", b"LHLO x\r\n", b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<aide@ecole.fr>\r\nDATA\r\n"];

/// All replies, and the mails with their real sizes.
type Dialogue = (Vec<u8>, Vec<(Vec<u8>, u64)>);

fn hold<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Dialogue {
    let (mut replies, mut mails) = (Vec::new(), Vec::new());
    let mut session = Session::new(&SETTINGS, &mut replies);
    for mut piece in pieces {
        loop {
            match session.advance(&mut piece, &mut replies) {
                Progress::NeedInput => break,
                Progress::Quit | Progress::TooManyFaults => return (replies, mails),
                Progress::Mail(envelope, content) => {
                    assert_eq!(content.len() as u64, envelope.size.min(SETTINGS.max_size));
                    assert!((1..=SETTINGS.max_recipients).contains(&envelope.recipients.len()));
                    assert!(envelope.recipients.iter().all(|address| SETTINGS.recipients.contains(address)));
                    mails.push((content.to_vec(), envelope.size));
                    for _ in envelope.recipients {
                        replies.extend_from_slice(b"250 2.0.0 taken\r\n");
                    }
                }
            }
        }
        assert!(piece.is_empty());
    }
    (replies, mails)
}

fuzz_target!(|input: &[u8]| {
    let [beginning, length, said @ ..] = input else { return };
    let said = [BEGINNINGS[usize::from(*beginning) % BEGINNINGS.len()], said].concat();

    let at_once = hold(std::iter::once(said.as_slice()));
    let (replies, _) = &at_once;
    assert!(replies.ends_with(b"\r\n"));
    for line in replies.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("a reply ends with CR LF");
        assert!(line.len() <= 512 && text.iter().all(|byte| (b' '..=b'~').contains(byte)));
    }
    for length in [1, usize::from(*length).max(2)] {
        assert_eq!(at_once, hold(said.chunks(length)), "in pieces of {length}");
    }
});
