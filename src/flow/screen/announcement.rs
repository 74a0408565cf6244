//! What comes back to an announcement. An answer to it is no request: a hundred schools that answer «merci» to «LSU
//! indisponible» name LSU, too. What says that somebody did not get it is told from other bounces.

use super::{Rejection, Rules, thread::ids};
use crate::request::{Mail, Origin, Reason, Received, Reference, is_reply, message_id};

/// Refuses a mail that answers an announcement of the gateway. Who only uses it again, to have the address, gives it a
/// subject of its own.
pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    let Origin::Mail(mail) = &received.origin else { return Ok(()) };
    let is_announcement = |id: &str| message_id::announcement(id, &rules.own_domains).is_some();
    if rules.enabled("reply-to-announcement") && is_reply(&received.subject) && ids(mail).any(is_announcement) {
        return Err(rules.refuse(Reason::ReplyToAnnouncement));
    }
    Ok(())
}

/// The announcement that a mail gives back, or answers: of a bounce, the one that somebody did not get. Anybody can write
/// such a mail, so it is counted and named, and changes nothing.
pub(super) fn given_back(mail: &Mail, rules: &Rules) -> Option<Reference> {
    let mut all = mail.returned.as_deref().into_iter().chain(ids(mail));
    all.find_map(|id| message_id::announcement(id, &rules.own_domains))
}

/// The announcement that this mail says somebody did not get.
pub fn undelivered(received: &Received, rules: &Rules) -> Option<Reference> {
    match &received.origin {
        Origin::Mail(mail) => given_back(mail, rules),
        Origin::Form(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples, Rejection, check};
    use crate::request::{Origin, Reason};

    const ANNOUNCEMENT: &str = "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-dijon.fr>";

    #[rstest]
    #[case::an_answer("RE: LSU indisponible", "in-reply-to", ANNOUNCEMENT, true)]
    #[case::further_down("Re : LSU indisponible", "references", &format!("{ANNOUNCEMENT} <1@ac-dijon.fr>"), true)]
    #[case::a_subject_of_its_own("LSU : accès", "in-reply-to", ANNOUNCEMENT, false)]
    #[case::handed_on("TR: LSU indisponible", "in-reply-to", ANNOUNCEMENT, false)]
    #[case::another_mail("RE: LSU indisponible", "in-reply-to", "<1@ac-dijon.fr>", false)]
    #[case::of_another_gateway("RE: LSU", "in-reply-to", "<P-7K3M-Q2XV-9D4T.information.passerelle@ac-lyon.fr>", false)]
    fn an_answer_to_an_announcement_is_no_request(
        #[case] subject: &str,
        #[case] field: &str,
        #[case] ids: &str,
        #[case] expected: bool,
    ) {
        let mut received = samples::mail_about(subject);
        if let Origin::Mail(mail) = &mut received.origin {
            mail.fields.insert(field.to_owned(), ids.to_owned());
        }
        match check(&received, &samples::rules(|_| {})) {
            Ok(()) => assert!(!expected, "{subject}"),
            Err(Rejection::Refused(refusal)) => {
                assert!(expected && refusal.reason == Reason::ReplyToAnnouncement, "{subject}");
            }
            Err(other) => panic!("{other:?}"),
        }
        let off = samples::rules(|config| config.disabled = vec!["reply-to-announcement".into()]);
        assert!(check(&received, &off).is_ok());
    }
}
