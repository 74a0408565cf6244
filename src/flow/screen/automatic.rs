//! Loops, bounces and automatic mail are ignored: nobody waits for an answer (RFC 3834, RFC 3464, RFC 5546).

use super::{Rejection, Rules};
use crate::{
    request::{Address, Mail, Origin, Reason, Received, Reference, message_id, without_tags},
    text::fold::words,
};

/// How the subject of an absence mail begins, in the words of [`words`], as mail programs and servers write it. Nobody
/// else begins a subject so.
const ABSENCES: &[&str] = &[
    // French: Outlook, Exchange, Zimbra, Orange, SOGo, BlueMind
    "reponse automatique",
    "reponse automatique d absence",
    "reponse automatique en cas d absence",
    "reponse automatisee",
    "reponse auto",
    "rep auto",
    "auto reponse",
    "absence du bureau",
    "absence de bureau",
    "absent du bureau",
    "absente du bureau",
    "absent e du bureau",
    // English
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto reply",
    "auto response",
    "autoreply",
    "autoresponse",
    "autoresponder",
    "out of office",
    "out of the office",
    "out of office reply",
    "out of office autoreply",
    "out of office auto reply",
    "out of office automatic reply",
    "out of office response",
    "vacation reply",
    "vacation message",
    // German, Spanish, Italian, Portuguese, Dutch: programs that were never told of French
    "automatische antwort",
    "abwesend",
    "abwesenheit",
    "abwesenheitsnotiz",
    "abwesenheitsnachricht",
    "respuesta automatica",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "resposta automatica",
    "ausencia temporaria",
    "automatisch antwoord",
    "afwezig",
];

/// … and how it begins where people begin theirs so, too: schools write of their pupils' absences, of what they see
/// from outside the office, and of words cut short. These are believed with a further sign of an answer only. A request
/// that is passed over in silence harms a person; an absence mail that becomes a ticket costs a glance.
const MAYBE_ABSENCES: &[&str] = &[
    "reponse d absence",
    "message d absence",
    "message automatique",
    "message automatique d absence",
    "notification d absence",
    "avis d absence",
    "hors du bureau",
    "en dehors du bureau",
    "repondeur",
    "repondeur automatique",
    "absence",
    "absence temporaire",
    "absent",
    "absente",
    "absent e",
    "je suis absent",
    "je suis absente",
    "je suis absent du bureau",
    "je suis absente du bureau",
    "conge",
    "conges",
    "en conge",
    "en conges",
    "vacances",
    "en vacances",
    "auto",
    "ooo",
    "away",
    "vacation",
    "on vacation",
];

/// Outlook's message classes of what could not be delivered, lower case; `*` stands for a report's kind.
const NON_DELIVERIES: &[&str] = &["*.ndr", "ipm.microsoft mail.non-delivery"];

/// … and of other answers that programs write: receipts, absences, answers to invitations and recalls.
const PROGRAMS_ANSWERS: &[&str] = &[
    "report.",
    "ipm.microsoft mail.read receipt",
    "ipm.note.rules.",
    "ipm.schedule.meeting.resp",
    "ipm.microsoft schedule.mtgresp",
    "ipm.recall.report",
];

pub(super) fn check(received: &Received, rules: &Rules) -> Result<(), Rejection> {
    match &received.origin {
        Origin::Mail(mail) if rules.enabled("automatic") => match nature(mail, &received.subject, rules) {
            Some(reason) => Err(Rejection::Ignored(reason)),
            None => Ok(()),
        },
        Origin::Mail(_) | Origin::Form(_) => Ok(()),
    }
}

fn nature(mail: &Mail, subject: &str, rules: &Rules) -> Option<Reason> {
    let field = |name: &str| mail.fields.get(name).map(|value| value.trim().to_lowercase());
    let content_type = field("content-type").unwrap_or_default();
    let is_report = content_type.starts_with("multipart/report");

    if mail.message_id.as_deref().is_some_and(|id| message_id::is_own(id, &rules.own_domains)) {
        return Some(Reason::OwnMail);
    }
    let class = mail.message_class.as_deref().unwrap_or_default();
    if mail.envelope_sender.as_deref().is_some_and(is_nobody)
        || field("return-path").is_some_and(|path| !path.is_empty() && is_nobody(&path))
        || (is_report && content_type.contains("delivery-status"))
        || field("x-failed-recipients").is_some()
        || mail.from.iter().any(Address::is_daemon)
        || is_of(class, NON_DELIVERIES)
    {
        return Some(Reason::Bounce);
    }
    // RFC 3834 section 5: any value but "no" means automatic; parameters may follow.
    let auto_submitted =
        field("auto-submitted").is_some_and(|value| value.split(';').next().map(str::trim) != Some("no"));
    let precedence = field("precedence").unwrap_or_default();
    let says_auto = ["x-autoreply", "x-mail-autoreply", "x-autorespond"]
        .iter()
        .any(|name| field(name).is_some_and(|value| value != "no"));
    // A calendar answers by itself (RFC 5546 section 1.4); what a person asks of others goes on.
    let is_calendar_answer =
        mail.calendar_method.as_deref().is_some_and(|method| ["REPLY", "COUNTER", "DECLINECOUNTER"].contains(&method));
    // Lotus Notes, mailboxes' rules, and Exchange's absence assistant mark their own answers so.
    let marks = ["x-autogenerated", "x-autoreply-from"].iter().any(|name| field(name).is_some())
        || ["x-post-messageclass", "delivered-to"]
            .iter()
            .any(|name| field(name).is_some_and(|value| value.split(';').any(|word| word.trim() == "autoresponder")));
    let answers = ["in-reply-to", "references"].iter().any(|name| field(name).is_some_and(|ids| ids.contains('@')));
    let is_silent = field("x-auto-response-suppress").is_some();
    let is_answer = marks || is_absence(subject, answers, is_silent);
    if auto_submitted
        || says_auto
        || is_report
        || precedence == "auto_reply"
        || is_calendar_answer
        || is_answer
        || is_of(class, PROGRAMS_ANSWERS)
    {
        return Some(Reason::Automatic);
    }
    let in_bulk = ["bulk", "list", "junk"].contains(&precedence.as_str());
    if in_bulk || mail.fields.keys().any(|name| name.starts_with("list-")) {
        return Some(Reason::Bulk);
    }
    None
}

/// Whether this is the null sender: some delivery agents write it as an address of their own. `postmaster` is none:
/// forms on web sites send what people write from there.
fn is_nobody(sender: &str) -> bool {
    let bare = sender.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>')).to_lowercase();
    bare.is_empty() || bare.starts_with("mailer-daemon")
}

/// Whether Outlook's message class is one of these or below one (MS-OXCMSG section 2.2.1.3).
fn is_of(class: &str, classes: &[&str]) -> bool {
    let class = class.to_ascii_lowercase();
    classes.iter().any(|one| match one.strip_prefix('*') {
        Some(end) => class.starts_with("report.") && class.ends_with(end),
        None => class.starts_with(one),
    })
}

/// Whether a subject begins as an absence mail's, before a colon, a dash or its end, or in brackets. What a person
/// answers to such a mail («RE: Réponse automatique : …») does not, nor what only holds the words («LSU : réponse
/// automatique vide»).
///
/// `answers`: the mail says what it answers. `is_silent`: it asks for no automatic answers, as those of Exchange do;
/// then the words alone tell.
fn is_absence(subject: &str, answers: bool, is_silent: bool) -> bool {
    let tag = subject.trim().strip_prefix('[').and_then(|inner| inner.split_once(']')).map(|(tag, _)| tag);
    let subject = without_tags(subject);
    let heads = [Some(subject), subject.split_once(':').map(|(head, _)| head), dash(subject)];
    let is_one_of = |absences: &[&str], head: &str, behind: &str| {
        let head = words(head).join(" ");
        // «Absence du bureau Re: …»: what it answers stands without a colon of its own.
        let bare = head.strip_suffix(" re");
        let is_sure = absences == ABSENCES || answers || is_silent || bare.is_some();
        absences.contains(&bare.unwrap_or(&head)) && (is_sure || repeats(behind))
    };
    let is_one = |head: &str| is_one_of(ABSENCES, head, "") || is_one_of(MAYBE_ABSENCES, head, &subject[head.len()..]);
    if tag.is_some_and(|tag| is_one_of(ABSENCES, tag, "")) || heads.into_iter().flatten().any(is_one) {
        return true;
    }
    let begins = || {
        let subject = words(subject);
        ABSENCES.iter().any(|absence| {
            let absence: Vec<&str> = absence.split(' ').collect();
            subject.len() > absence.len() && subject[..absence.len()] == absence[..]
        })
    };
    is_silent && begins()
}

/// Whether behind the head of an absence mail's subject stands the subject of what it answers: «RE: …», the tag of
/// GLPI or the reference of the gateway; or who is away, in Lotus Notes's words.
fn repeats(behind: &str) -> bool {
    let behind = behind.trim_start_matches([' ', '\u{a0}', ':', '-', '–', '—']).to_lowercase();
    let begins = words(behind.split(':').next().unwrap_or_default()).join(" ");
    let says = words(&behind).join(" ");
    behind.contains(':') && ["re", "tr", "fw", "fwd"].contains(&begins.as_str())
        || behind.split('[').skip(1).any(|tag| tag.split(']').next().is_some_and(|tag| tag.contains('#')))
        || Reference::find_in_subject(&behind).is_some()
        || ["est absent du bureau", "est absente du bureau", "est absent e du bureau", "is out of the office"]
            .iter()
            .any(|absence| says.contains(absence))
}

/// What stands before a dash between blanks.
fn dash(subject: &str) -> Option<&str> {
    [" - ", " – ", " — "].iter().find_map(|dash| subject.split_once(dash)).map(|(head, _)| head)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{super::samples, Rejection, check};
    use crate::request::{Address, Mail, Reason};

    fn reason_of(change: impl FnOnce(&mut Mail)) -> Option<Reason> {
        match check(&samples::mail(change), &samples::rules(|_| {})) {
            Ok(()) => None,
            Err(Rejection::Ignored(reason)) => Some(reason),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn with(name: &str, value: &str) -> impl FnOnce(&mut Mail) {
        let (name, value) = (name.to_owned(), value.to_owned());
        move |mail| {
            mail.fields.insert(name, value);
        }
    }

    #[test]
    fn a_person_s_mail_passes() {
        assert_eq!(reason_of(|_| {}), None);
        assert_eq!(reason_of(with("auto-submitted", "No")), None);
        assert_eq!(reason_of(with("auto-submitted", "no; x=y")), None);
        assert_eq!(reason_of(with("precedence", "first-class")), None);
        assert_eq!(reason_of(|mail| mail.envelope_sender = None), None);
    }

    #[test]
    fn bounces_are_ignored() {
        assert_eq!(reason_of(|mail| mail.envelope_sender = Some(String::new())), Some(Reason::Bounce));
        assert_eq!(reason_of(with("return-path", "<>")), Some(Reason::Bounce));
        assert_eq!(
            reason_of(with("content-type", "multipart/report; report-type=delivery-status; boundary=x")),
            Some(Reason::Bounce)
        );
    }

    #[test]
    fn automatic_mail_is_ignored() {
        assert_eq!(reason_of(with("auto-submitted", "auto-replied")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("auto-submitted", "auto-generated; owner")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("precedence", "auto_reply")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("x-post-messageclass", "9; Autoresponder")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("delivered-to", "Autoresponder")), Some(Reason::Automatic));
        assert_eq!(reason_of(with("delivered-to", "assistance1d@ac-dijon.fr")), None);
        assert_eq!(
            reason_of(with("content-type", "multipart/report; report-type=disposition-notification")),
            Some(Reason::Automatic)
        );
    }

    #[rstest]
    #[case("Réponse automatique : LSU bilans", Some(Reason::Automatic))]
    #[case("Réponse automatique\u{a0}: [GLPI #0000042] Ticket résolu LSU", Some(Reason::Automatic))]
    #[case("REPONSE AUTOMATIQUE: LSU", Some(Reason::Automatic))]
    #[case("Réponse automatique", Some(Reason::Automatic))]
    #[case("[EXTERNE] Réponse automatique : LSU", Some(Reason::Automatic))]
    #[case("Re\u{301}ponse automatique : LSU", Some(Reason::Automatic))]
    #[case("Absence du bureau : LSU", Some(Reason::Automatic))]
    #[case("Absence du bureau Re: LSU", Some(Reason::Automatic))]
    #[case("Absente du bureau – LSU", Some(Reason::Automatic))]
    #[case("[Réponse automatique] RE: LSU", Some(Reason::Automatic))]
    #[case("Réponse auto : LSU", Some(Reason::Automatic))]
    #[case("Auto-réponse : LSU", Some(Reason::Automatic))]
    #[case("Réponse automatisée : LSU", Some(Reason::Automatic))]
    #[case("Absent(e) du bureau : LSU", Some(Reason::Automatic))]
    #[case("Absence de bureau : LSU", Some(Reason::Automatic))]
    #[case("Réponse d’absence : RE: LSU", Some(Reason::Automatic))]
    #[case("Notification d'absence Re: LSU", Some(Reason::Automatic))]
    #[case("Absente : Re : LSU", Some(Reason::Automatic))]
    #[case("Absence - [GLPI #0000042] Ticket résolu LSU", Some(Reason::Automatic))]
    #[case("OOO: Demande P-0000-0000-0000 enregistrée (LSU)", Some(Reason::Automatic))]
    #[case("Automatic reply: LSU", Some(Reason::Automatic))]
    #[case("Out of Office: LSU", Some(Reason::Automatic))]
    #[case("Out of Office AutoReply: LSU", Some(Reason::Automatic))]
    #[case("Out-of-Office: LSU", Some(Reason::Automatic))]
    #[case("AUTO: Jeanne Martin est absent(e) du bureau (retour 30/11/2026) LSU", Some(Reason::Automatic))]
    #[case("AUTO: Jeanne Martin is out of the office (LSU)", Some(Reason::Automatic))]
    #[case("Auto-Reply: LSU", Some(Reason::Automatic))]
    #[case("Automatische Antwort: LSU", Some(Reason::Automatic))]
    #[case("Abwesenheitsnotiz: LSU", Some(Reason::Automatic))]
    #[case("LSU : réponse automatique vide", None)]
    #[case("LSU : absence du bureau de vote", None)]
    #[case("RE: Réponse automatique : LSU", None)]
    #[case("TR: Réponse automatique : LSU", None)]
    #[case("Réponse automatique vide dans LSU", None)]
    #[case("Absence du bureau de la directrice, LSU bloqué", None)]
    #[case("Automatisme LSU : panne", None)]
    #[case("Auto-évaluation : LSU", None)]
    #[case("Absences : LSU ne les reprend pas", None)]
    #[case("Absence : LSU ne la reprend pas", None)]
    #[case("Réponse d’absence : LSU la perd", None)]
    #[case("Message d'absence : LSU n'envoie rien", None)]
    #[case("Notification d’absence – ONDE", None)]
    #[case("Avis d'absence", None)]
    #[case("Hors du bureau : LSU ne s’ouvre pas", None)]
    #[case("En dehors du bureau - LSU fermé", None)]
    #[case("Auto : LSU bloqué", None)]
    #[case("Auto – la fiche LSU est absente", None)]
    #[case("Congés : LSU fermé ?", None)]
    #[case("Absent : les élèves de CM2 [LSU]", None)]
    #[case("[] ", None)]
    #[case("[LSU", None)]
    fn an_absence_is_known_by_how_its_subject_begins(#[case] subject: &str, #[case] expected: Option<Reason>) {
        let mut mail = samples::mail(|_| {});
        mail.subject = subject.into();
        let ignored = match check(&mail, &samples::rules(|_| {})) {
            Ok(()) => None,
            Err(Rejection::Ignored(reason)) => Some(reason),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(ignored, expected);
    }

    #[rstest]
    #[case("in-reply-to", "Avis d'absence : LSU", Some(Reason::Automatic))]
    #[case("references", "Hors du bureau - LSU", Some(Reason::Automatic))]
    #[case("in-reply-to", "Auto: LSU", Some(Reason::Automatic))]
    #[case("in-reply-to", "Congés : LSU", Some(Reason::Automatic))]
    #[case("in-reply-to", "Avis d'absence vide dans LSU", None)]
    #[case("in-reply-to", "RE: Avis d'absence : LSU", None)]
    #[case("in-reply-to", "LSU", None)]
    #[case("x-auto-response-suppress", "Message d'absence : LSU", Some(Reason::Automatic))]
    #[case("x-auto-response-suppress", "Réponse automatique LSU", Some(Reason::Automatic))]
    #[case("x-auto-response-suppress", "Out of office LSU", Some(Reason::Automatic))]
    #[case("x-auto-response-suppress", "Auto école et LSU", None)]
    #[case("x-auto-response-suppress", "LSU : réponse automatique vide", None)]
    #[case("x-autoreply-from", "LSU", Some(Reason::Automatic))]
    #[case("x-autogenerated", "LSU", Some(Reason::Automatic))]
    #[case("x-mail-autoreply", "LSU", Some(Reason::Automatic))]
    fn fields_of_exchange_and_notes_help_to_know_an_absence(
        #[case] field: &str,
        #[case] subject: &str,
        #[case] expected: Option<Reason>,
    ) {
        let mut mail = samples::mail(with(field, "<all@ac-dijon.fr>"));
        mail.subject = subject.into();
        assert_eq!(check(&mail, &samples::rules(|_| {})).is_err(), expected.is_some(), "{subject}");
    }

    #[rstest]
    #[case("IPM.Microsoft Mail.Read Receipt", Some(Reason::Automatic))]
    #[case("REPORT.IPM.Note.IPNRN", Some(Reason::Automatic))]
    #[case("REPORT.IPM.Note.IPNNRN", Some(Reason::Automatic))]
    #[case("Report.IPM.Note.DR", Some(Reason::Automatic))]
    #[case("REPORT.IPM.Note.NDR", Some(Reason::Bounce))]
    #[case("IPM.Microsoft Mail.Non-Delivery", Some(Reason::Bounce))]
    #[case("IPM.Note.Rules.OofTemplate.Microsoft", Some(Reason::Automatic))]
    #[case("IPM.Schedule.Meeting.Resp.Pos", Some(Reason::Automatic))]
    #[case("IPM.Schedule.Meeting.Request", None)]
    #[case("IPM.Microsoft Mail.Note", None)]
    #[case("IPM.Note", None)]
    #[case("", None)]
    fn outlook_s_message_class_tells_who_wrote(#[case] class: &str, #[case] expected: Option<Reason>) {
        assert_eq!(reason_of(|mail| mail.message_class = Some(class.to_owned())), expected);
    }

    #[rstest]
    #[case("postmaster", None, Some(Reason::Bounce))]
    #[case("PostMaster", Some("<postmaster@ac-dijon.fr>"), Some(Reason::Bounce))]
    #[case("mail-daemon", None, Some(Reason::Bounce))]
    #[case("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e", None, Some(Reason::Bounce))]
    #[case("mailer-daemon-notifier", None, Some(Reason::Bounce))]
    #[case("jeanne", Some("<MAILER-DAEMON>"), Some(Reason::Bounce))]
    #[case("jeanne", Some("<MAILER-DAEMON@mx.ac-dijon.fr>"), Some(Reason::Bounce))]
    #[case("jeanne", Some("MAILER-DAEMON"), Some(Reason::Bounce))]
    #[case("jeanne", Some("< >"), Some(Reason::Bounce))]
    #[case("jeanne", Some(""), None)]
    #[case("jeanne", Some("<postmaster@formulaire.ac-dijon.fr>"), None)]
    #[case("jeanne", Some("<jeanne@ac-dijon.fr>"), None)]
    #[case("post.master", None, Some(Reason::Bounce))]
    #[case("maitre-de-poste", None, None)]
    fn a_mail_server_asks_for_nothing(
        #[case] local: &str,
        #[case] return_path: Option<&str>,
        #[case] expected: Option<Reason>,
    ) {
        let change = |mail: &mut Mail| {
            mail.envelope_sender = None;
            mail.from = Address::parse(&format!("{local}@ac-dijon.fr")).into_iter().collect();
            if let Some(path) = return_path {
                mail.fields.insert("return-path".into(), path.into());
            }
        };
        assert_eq!(reason_of(change), expected);
    }

    #[test]
    fn answers_of_calendars_are_ignored_and_invitations_are_not() {
        for (method, reason) in [
            ("REPLY", Some(Reason::Automatic)),
            ("COUNTER", Some(Reason::Automatic)),
            ("DECLINECOUNTER", Some(Reason::Automatic)),
            ("REQUEST", None),
            ("CANCEL", None),
            ("PUBLISH", None),
        ] {
            assert_eq!(reason_of(|mail| mail.calendar_method = Some(method.to_owned())), reason, "{method}");
        }
    }

    #[test]
    fn lists_and_bulk_are_ignored() {
        assert_eq!(reason_of(with("precedence", "Bulk")), Some(Reason::Bulk));
        assert_eq!(reason_of(with("list-id", "<directeurs.ac-dijon.fr>")), Some(Reason::Bulk));
    }

    #[test]
    fn the_gateway_s_own_mails_are_ignored_and_no_one_else_s() {
        let id = |id: &str| {
            let id = id.to_owned();
            move |mail: &mut Mail| mail.message_id = Some(id)
        };
        assert_eq!(reason_of(id("<42.passerelle@ac-dijon.fr>")), Some(Reason::OwnMail));
        assert_eq!(reason_of(id("<42.passerelle@example.org>")), None);
        assert_eq!(reason_of(id("<42@ac-dijon.fr>")), None);
    }

    #[test]
    fn the_rule_can_be_switched_off() {
        let rules = samples::rules(|config| config.disabled = vec!["automatic".into()]);
        let bounce = samples::mail(|mail| mail.envelope_sender = Some(String::new()));
        assert_eq!(check(&bounce, &rules), Ok(()));
    }
}
