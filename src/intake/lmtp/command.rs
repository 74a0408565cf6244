//! What a command line says: smtp-proto's grammar, and what is refused beyond it.

use std::borrow::Cow;

use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

/// A command that LMTP has (RFC 2033 section 4.1), with what the session needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Lhlo,
    Mail {
        /// Empty for the null reverse-path.
        sender: String,
        /// The announced size, bytes; 0 where none was (RFC 1870).
        size: u64,
    },
    Rcpt {
        recipient: String,
    },
    Data,
    Rset,
    Noop,
    Vrfy,
    Quit,
}

const SYNTAX: &str = "501 5.5.2 syntax error";
const PARAMETER: &str = "555 5.5.4 parameter not offered";

/// Reads a line that came without its CR LF; the error is the reply.
///
/// smtp-proto reads on into the next line when this one ends too early, skips every CR, takes control
/// characters inside quotes, and knows more extensions than are offered here: so it sees one checked line
/// at a time, and what it makes of it is checked again.
pub(super) fn parse(line: &[u8]) -> Result<Command, &'static str> {
    let text = str::from_utf8(line).map_err(|_| "501 5.5.2 not UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err("500 5.5.2 control character in a command");
    }
    let ended = [line, b"\r\n"].concat();
    let request = Request::parse(&mut ended.iter()).map_err(|error| refusal(&error))?;
    match request {
        Request::Lhlo { .. } => Ok(Command::Lhlo),
        Request::Mail { from } => mail(from, text),
        Request::Rcpt { to } => rcpt(to),
        Request::Noop { .. } => Ok(Command::Noop),
        Request::Vrfy { .. } => Ok(Command::Vrfy),
        Request::Data | Request::Rset | Request::Quit if text.trim().contains(' ') => {
            Err("501 5.5.4 this command takes no parameter")
        }
        Request::Data => Ok(Command::Data),
        Request::Rset => Ok(Command::Rset),
        Request::Quit => Ok(Command::Quit),
        // RFC 2033 section 4.1: they must not be answered positively.
        Request::Ehlo { .. } | Request::Helo { .. } => Err("500 5.5.1 this is LMTP, say LHLO"),
        Request::Auth { .. }
        | Request::StartTls
        | Request::Bdat { .. }
        | Request::Burl { .. }
        | Request::Etrn { .. }
        | Request::Atrn { .. }
        | Request::Expn { .. }
        | Request::Help { .. } => Err("502 5.5.1 command not offered"),
    }
}

fn mail(from: MailFrom<Cow<'_, str>>, line: &str) -> Result<Command, &'static str> {
    let offered = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8;
    let MailFrom { address, flags, size, trans_id, by, env_id, solicit, mtrk, auth, hold_for, hold_until, mt_priority } =
        from;
    let text_given = [trans_id, env_id, solicit, auth].iter().any(Option::is_some) || mtrk.is_some();
    let number_given = hold_for != 0 || hold_until != 0 || by != 0 || mt_priority != 0;
    if flags & !offered != 0 || text_given || number_given {
        return Err(PARAMETER);
    }
    // smtp-proto also gives the empty address for <postmaster>, which is no null reverse-path.
    let null_path = line.find('<').is_some_and(|at| line[at..].starts_with("<>"));
    if address.is_empty() && !null_path {
        return Err("501 5.1.7 the sender needs a domain");
    }
    Ok(Command::Mail { sender: address.into_owned(), size: size as u64 })
}

fn rcpt(to: RcptTo<Cow<'_, str>>) -> Result<Command, &'static str> {
    let RcptTo { address, orcpt, rrvs, flags } = to;
    if orcpt.is_some() || rrvs != 0 || flags != 0 {
        return Err(PARAMETER);
    }
    Ok(Command::Rcpt { recipient: address.into_owned() })
}

fn refusal(error: &Error) -> &'static str {
    match error {
        Error::UnknownCommand => "500 5.5.1 unknown command",
        Error::InvalidSenderAddress => "501 5.1.7 no mail address",
        Error::InvalidRecipientAddress => "501 5.1.3 no mail address",
        Error::InvalidParameter { param: "SIZE" | "BODY" } => "501 5.5.4 no such value",
        Error::InvalidParameter { .. } | Error::UnsupportedParameter { .. } => PARAMETER,
        Error::SyntaxError { .. }
        | Error::NeedsMoreData { .. }
        | Error::ResponseTooLong
        | Error::InvalidResponse { .. } => SYNTAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Command, parse};

    fn mail(sender: &str, size: u64) -> Command {
        Command::Mail { sender: sender.to_owned(), size }
    }

    #[rstest]
    #[case("LHLO relay.ac-dijon.fr", Command::Lhlo)]
    #[case("lhlo [127.0.0.1]", Command::Lhlo)]
    #[case("MAIL FROM:<a@b.fr>", mail("a@b.fr", 0))]
    #[case("mail from: <a@b.fr> size=12 body=8bitmime SMTPUTF8 ", mail("a@b.fr", 12))]
    #[case("MAIL FROM:<>", mail("", 0))]
    #[case("MAIL FROM:<> BODY=7BIT SIZE=0", mail("", 0))]
    #[case("MAIL FROM:<élodie@b.fr> SMTPUTF8", mail("élodie@b.fr", 0))]
    #[case("RCPT TO:<A@b.fr>", Command::Rcpt { recipient: "A@b.fr".into() })]
    #[case("DATA", Command::Data)]
    #[case("data  ", Command::Data)]
    #[case("RSET", Command::Rset)]
    #[case("NOOP of any kind", Command::Noop)]
    #[case("VRFY a@b.fr", Command::Vrfy)]
    #[case("QUIT", Command::Quit)]
    fn commands_are_understood(#[case] line: &str, #[case] command: Command) {
        assert_eq!(parse(line.as_bytes()), Ok(command));
    }

    #[rstest]
    #[case("", "500")]
    #[case("HALLO", "500")]
    #[case("DATAX", "500")]
    #[case("STARTTLSX", "500")]
    #[case("EHLO relay", "500 5.5.1")]
    #[case("HELO relay", "500 5.5.1")]
    #[case("NO\tOP", "500 5.5.2")]
    #[case("NO\rOP", "500 5.5.2")]
    #[case("NOOP\0", "500 5.5.2")]
    #[case("MAIL FROM:<\"a\u{1}b\"@c.fr>", "500 5.5.2")]
    #[case("LHLO", "501")]
    #[case("DATA now", "501 5.5.4")]
    #[case("QUIT it", "501 5.5.4")]
    #[case("RSET it", "501 5.5.4")]
    #[case("MAIL", "501")]
    #[case("MAIL FROM", "501")]
    #[case("MAIL FROM:", "501")]
    #[case("MAIL FROM:a@b.fr", "501")]
    #[case("MAIL FROM:<a@b.fr", "501")]
    #[case("MAIL FROM:<a@b@c.fr>", "501 5.1.7")]
    #[case("MAIL FROM:<postmaster>", "501 5.1.7")]
    #[case("MAIL FROM:<a@b.fr> SIZE=many", "501 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> SIZE=99999999999999999999", "501 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> BODY=9BIT", "501 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> BODY=BINARYMIME", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> RET=FULL", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> RET=SOME", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> ENVID=x", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> AUTH=<>", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> BY=9;R", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> REQUIRETLS", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> HOLDFOR=60", "555 5.5.4")]
    #[case("MAIL FROM:<a@b.fr> XFOO=1", "555 5.5.4")]
    #[case("RCPT", "501")]
    #[case("RCPT TO", "501")]
    #[case("RCPT TO:<a>", "501 5.1.3")]
    #[case("RCPT TO:<a@b.fr> NOTIFY=NEVER", "555 5.5.4")]
    #[case("RCPT TO:<a@b.fr> ORCPT=rfc822;a@b.fr", "555 5.5.4")]
    #[case("BDAT 12 LAST", "502 5.5.1")]
    #[case("STARTTLS", "502 5.5.1")]
    #[case("AUTH PLAIN AA==", "502 5.5.1")]
    #[case("EXPN list", "502 5.5.1")]
    fn the_rest_is_refused(#[case] line: &str, #[case] reply: &str) {
        let refusal = parse(line.as_bytes()).unwrap_err();
        assert!(refusal.starts_with(reply), "{line:?}: {refusal}");
    }

    #[test]
    fn an_address_that_is_not_utf_8_is_refused() {
        assert!(parse(b"MAIL FROM:<\xe9lodie@b.fr>").is_err());
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_fail(line: Vec<u8>) {
            let _ = parse(&line);
        }

        #[test]
        fn no_argument_makes_the_parser_fail(verb in "MAIL FROM:<|RCPT TO:<|MAIL FROM:<a@b.fr> |VRFY |AUTH |BDAT ", rest in ".*") {
            let _ = parse(format!("{verb}{rest}").as_bytes());
        }
    }
}
