//! Requests and rules for the tests of the screening rules.

use jiff::{Timestamp, tz::TimeZone};

use super::{Application, Applications, Rules};
use crate::request::{Address, Body, Channel, FormFields, Mail, Origin, Received, Reference};

pub(crate) fn rules(change: impl FnOnce(&mut crate::config::Screen)) -> Rules {
    configured(|config| change(&mut config.screen))
}

pub(crate) fn configured(change: impl FnOnce(&mut crate::config::Config)) -> Rules {
    let mut config = crate::config::load_from(None, []).unwrap();
    config.time_zone = TimeZone::UTC;
    change(&mut config);
    Rules::new(&config).unwrap()
}

pub(crate) fn applications() -> Applications {
    let application = |name: &str, keywords: &[&str]| Application {
        name: name.into(),
        keywords: keywords.iter().map(|&word| word.into()).collect(),
        form_names: vec![name.into()],
        natures: vec![format!("{name} : accès")],
    };
    Applications::new([application("LSU", &["LSU", "LSUN", "livret scolaire"]), application("ONDE", &["ONDE"])])
}

pub(crate) fn mail_about(subject: &str) -> Received {
    Received { subject: subject.into(), ..mail(|_| {}) }
}

pub(crate) fn mail(change: impl FnOnce(&mut Mail)) -> Received {
    let mut mail = Mail {
        envelope_sender: Some("ce.0210001a@ac-dijon.fr".into()),
        is_untried: false,
        envelope_recipients: vec![Address::parse("assistance1d@ac-dijon.fr").unwrap()],
        message_id: Some("<1@ac-dijon.fr>".into()),
        from: vec![Address::parse("ce.0210001A@ac-dijon.fr").unwrap()],
        ..Mail::default()
    };
    change(&mut mail);
    let requester = match mail.from.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    };
    received(requester, Origin::Mail(mail))
}

pub(crate) fn form(fields: FormFields) -> Received {
    received(Address::parse("ce.0210001A@ac-dijon.fr"), Origin::Form(fields))
}

fn received(requester: Option<Address>, origin: Origin) -> Received {
    Received {
        channel: Channel::Lmtp,
        reference: Reference::new("test", "", b""),
        aliases: vec![],
        arrived: Timestamp::UNIX_EPOCH,
        copies_since: Timestamp::UNIX_EPOCH,
        requester,
        forwarder: None,
        display_name: None,
        subject: "LSU : accès impossible".into(),
        body: Body::default(),
        attachments: vec![],
        cut: vec![],
        original: None,
        enclosed: vec![],
        size: 1000,
        origin,
    }
}
