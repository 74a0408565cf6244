//! The dialogue of one connection (RFC 2033 on RFC 5321), without the connection: bytes in, replies out.

use bytes::Bytes;

use super::{
    command::{self, Command},
    data::DataReader,
    line::{LineFault, LineReader},
    reply::say,
    settings::Settings,
};
use crate::request::{Address, Channel, Envelope};

/// Recipients that were refused because they are not served here.
pub(super) const REJECTED_RECIPIENTS: &str = "passerelle_lmtp_rejected_recipients_total";

/// So many faults, and the other side is no mail relay.
const MAX_FAULTS: u32 = 10;

/// One side of a dialogue. The replies it writes are in the order of the commands, whatever the pieces in
/// which these came (RFC 2920).
#[derive(Debug)]
pub struct Session<'settings> {
    settings: &'settings Settings,
    lines: LineReader,
    phase: Phase,
    faults: u32,
}

/// What [`Session::advance`] has come to.
#[derive(Debug)]
pub enum Progress {
    /// All input is used up.
    NeedInput,
    /// A mail is complete. The caller owes one reply for each of the envelope's recipients (RFC 2033
    /// section 4.2) before it goes on.
    Mail(Envelope, Bytes),
    /// The relay has said QUIT and has its answer.
    Quit,
    /// There were too many faults; the reply says so.
    TooManyFaults,
}

/// Where in the dialogue the session is.
#[derive(Debug)]
enum Phase {
    /// Before LHLO.
    Stranger,
    /// Between mails.
    Ready,
    /// After MAIL.
    Envelope(Transaction),
    /// After DATA.
    Data(Transaction, DataReader),
}

#[derive(Debug)]
struct Transaction {
    sender: String,
    recipients: Vec<Address>,
    /// The size the relay announces (RFC 1870), bytes.
    announced: Option<u64>,
}

impl<'settings> Session<'settings> {
    /// A session that has just begun, and the greeting.
    pub fn new(settings: &'settings Settings, replies: &mut Vec<u8>) -> Self {
        say(replies, &format!("220 {} LMTP Passerelle", settings.hostname));
        Self { settings, lines: LineReader::default(), phase: Phase::Stranger, faults: 0 }
    }

    /// Whether a mail is on its way: the relay has named its sender.
    pub(super) fn is_in_transaction(&self) -> bool {
        matches!(self.phase, Phase::Envelope(_) | Phase::Data(..))
    }

    /// Whether a mail's content is just coming in.
    pub fn receives_mail(&self) -> bool {
        matches!(self.phase, Phase::Data(..))
    }

    /// How many bytes are kept of the mail that is coming in.
    pub(super) fn kept(&self) -> usize {
        match &self.phase {
            Phase::Data(_, data) => data.kept(),
            Phase::Stranger | Phase::Ready | Phase::Envelope(_) => 0,
        }
    }

    /// Makes place for the rest of the mail that is coming in, and says how many bytes it may have: as many as the relay
    /// announces, else as many as are kept at most.
    pub(super) fn expect_rest(&mut self) -> u64 {
        let Phase::Data(transaction, data) = &mut self.phase else { return 0 };
        let most = transaction.announced.map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX));
        data.expect(most) as u64
    }

    /// Works through `input` up to its end, or to something the caller has to do, and appends the replies.
    pub fn advance(&mut self, input: &mut &[u8], replies: &mut Vec<u8>) -> Progress {
        loop {
            if let Phase::Data(_, reader) = &mut self.phase {
                if !reader.read(input) {
                    return Progress::NeedInput;
                }
                if let Phase::Data(transaction, reader) = std::mem::replace(&mut self.phase, Phase::Ready) {
                    return complete(transaction, reader);
                }
            }
            let Some(line) = self.lines.read(input) else { return Progress::NeedInput };
            let command = line.map_err(line_refusal).and_then(|line| command::parse(&line));
            match command.and_then(|command| self.carry_out(command, replies)) {
                Ok(Some(step)) => return step,
                Ok(None) => {}
                Err(refusal) => {
                    self.faults += 1;
                    if self.faults == MAX_FAULTS {
                        say(replies, &format!("421 4.7.0 {} too many faults, closing", self.settings.hostname));
                        return Progress::TooManyFaults;
                    }
                    say(replies, refusal);
                }
            }
        }
    }

    /// Carries out a command and replies; a command that is out of place is an error: the reply to it.
    fn carry_out(&mut self, command: Command, replies: &mut Vec<u8>) -> Result<Option<Progress>, &'static str> {
        match command {
            Command::Lhlo => {
                self.phase = Phase::Ready;
                let Settings { hostname, max_size, .. } = self.settings;
                for line in [hostname.as_str(), "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
                    say(replies, &format!("250-{line}"));
                }
                say(replies, &format!("250 SIZE {max_size}"));
            }
            Command::Mail { sender, size } => match self.phase {
                Phase::Ready if size > self.settings.max_size => {
                    say(replies, &format!("552 5.3.4 larger than {} bytes", self.settings.max_size));
                }
                Phase::Ready => {
                    let announced = (size > 0).then_some(size);
                    self.phase = Phase::Envelope(Transaction { sender, recipients: Vec::new(), announced });
                    say(replies, "250 2.1.0 sender ok");
                }
                Phase::Stranger => return Err("503 5.5.1 say LHLO first"),
                Phase::Envelope(_) | Phase::Data(..) => return Err("503 5.5.1 MAIL within a mail"),
            },
            Command::Rcpt { recipient } => {
                let Phase::Envelope(transaction) = &mut self.phase else { return Err("503 5.5.1 say MAIL first") };
                let served = Address::parse(&recipient).filter(|address| self.settings.recipients.contains(address));
                match served {
                    None => {
                        metrics::counter!(REJECTED_RECIPIENTS).increment(1);
                        say(replies, "550 5.1.1 no such recipient here");
                    }
                    Some(_) if transaction.recipients.len() >= self.settings.max_recipients => {
                        say(replies, "452 4.5.3 too many recipients");
                    }
                    Some(address) => {
                        transaction.recipients.push(address);
                        say(replies, "250 2.1.5 recipient ok");
                    }
                }
            }
            Command::Data => match std::mem::replace(&mut self.phase, Phase::Ready) {
                Phase::Envelope(transaction) if !transaction.recipients.is_empty() => {
                    let limit = usize::try_from(self.settings.max_size).unwrap_or(usize::MAX);
                    self.phase = Phase::Data(transaction, DataReader::new(limit));
                    say(replies, "354 send the mail, end with CR LF . CR LF");
                }
                // RFC 2033 section 4.2: 503, not 554, so that nobody sends the content.
                other => {
                    self.phase = other;
                    return Err("503 5.5.1 no valid recipients");
                }
            },
            Command::Rset => {
                if !matches!(self.phase, Phase::Stranger) {
                    self.phase = Phase::Ready;
                }
                say(replies, "250 2.0.0 ok");
            }
            Command::Noop => say(replies, "250 2.0.0 ok"),
            Command::Vrfy => say(replies, "252 2.0.0 send a mail to find out"),
            Command::Quit => {
                say(replies, &format!("221 2.0.0 {} closing", self.settings.hostname));
                return Ok(Some(Progress::Quit));
            }
        }
        Ok(None)
    }
}

fn complete(transaction: Transaction, reader: DataReader) -> Progress {
    let (content, size) = reader.finish();
    let Transaction { sender, recipients, .. } = transaction;
    Progress::Mail(
        Envelope { channel: Channel::Lmtp, sender: Some(sender), recipients, size, stored: None, is_untried: false },
        content.into(),
    )
}

fn line_refusal(fault: LineFault) -> &'static str {
    match fault {
        LineFault::TooLong => "500 5.5.2 line too long",
        LineFault::BareLineEnd => "500 5.5.2 lines end with CR LF, and hold no other CR or LF",
    }
}
