//! What proves a sender: signatures with keys from a file and from DNS, and the relay's word.

use std::io::Write as _;

use jiff::Timestamp;
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter as _},
    dkim::DkimSigner,
};
use passerelle::{
    config,
    flow::{
        proof::Prover,
        screen::{self, Proof, Rules},
    },
};
use rstest::rstest;
use tempfile::NamedTempFile;

use crate::support::{
    dkim::Signer,
    dns::{Answer, Dns},
    received::received,
};

const DOMAIN: &str = "ac-dijon.fr";
const FIELDS: &[&str] = &["from", "to", "subject", "date", "message-id"];

fn mail() -> String {
    "From: Jeanne Martin <jeanne@ac-dijon.fr>\r\nTo: assistance1d@ac-dijon.fr\r\nSubject: LSU\r\n\
     Date: Tue, 3 Nov 2026 10:15:00 +0100\r\nMessage-ID: <1@ac-dijon.fr>\r\n\r\nBonjour,\r\n\r\nRien ne va.\r\n"
        .to_owned()
}

/// A file of these signers' keys.
fn keys(signers: &[&Signer]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    for signer in signers {
        file.write_all(signer.line().as_bytes()).unwrap();
    }
    file
}

/// What is known of the mail's sender, and whether the rule takes it.
async fn judge(settings: &[(&str, &str)], mail: &[u8]) -> (Proof, Result<(), String>) {
    let variables =
        settings.iter().map(|(key, value)| (format!("PASSERELLE_SENDER__{}", key.to_uppercase()), (*value).to_owned()));
    let config = config::load_from(None, variables).unwrap();
    let rules = Rules::new(&config).unwrap();
    let received = received(mail.to_vec(), Timestamp::now());
    let identified = screen::identify(received, &rules).unwrap();
    let proof = Prover::new(&config).unwrap().prove(identified.received(), &rules).await;
    let verdict =
        screen::prove(identified, &proof, &rules).map(drop).map_err(|(_, rejection)| format!("{rejection:?}"));
    (proof, verdict)
}

/// The same with keys from a file and without DNS.
async fn judge_offline(require: &str, signers: &[&Signer], mail: &[u8]) -> (Proof, Result<(), String>) {
    let file = keys(signers);
    let settings = [("require", require), ("dns", "off"), ("dkim_keys", file.path().to_str().unwrap())];
    judge(&settings, mail).await
}

#[tokio::test]
async fn a_signature_of_the_senders_domain_proves_it() {
    for signer in [Signer::rsa(DOMAIN), Signer::ed25519(DOMAIN), Signer::ed25519("smtp.ac-dijon.fr")] {
        let mail = signer.sign(mail().as_bytes(), FIELDS);
        let (proof, verdict) = judge_offline("aligned", &[&signer], &mail).await;
        assert!(matches!(&proof, Proof::Passed(_)) && verdict.is_ok(), "{proof}");
    }
}

#[tokio::test]
async fn a_relaxed_signature_holds_though_blanks_change() {
    let key = || Ed25519Key::from_pkcs8_maybe_unchecked_der(&PKCS8).unwrap();
    let record = format!("v=DKIM1; k=ed25519; p={}", data_encoding::BASE64.encode(&key().public_key()));
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "\"s._domainkey.{DOMAIN}\" = \"{record}\"").unwrap();
    let signature = DkimSigner::from_key(key())
        .domain(DOMAIN)
        .selector("s")
        .headers(["From", "Subject"])
        .sign(mail().as_bytes())
        .unwrap();
    let changed = mail().replace("Subject: LSU", "SUBJECT:  LSU ").replace("Rien ne", "Rien   ne");
    let mail = format!("{}{changed}", signature.to_header());
    let settings = [("require", "aligned"), ("dns", "off"), ("dkim_keys", file.path().to_str().unwrap())];
    let (proof, _) = judge(&settings, mail.as_bytes()).await;
    assert_eq!(proof.to_string(), "dkim=pass ac-dijon.fr");
}

/// A key of this test alone (the private key of RFC 8032 section 7.1, test 1, as PKCS #8).
static PKCS8: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    data_encoding::BASE64.decode(b"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g").unwrap()
});

#[rstest]
#[case::body_changed("Rien ne va", "Tout va", "body was changed")]
#[case::body_added("Rien ne va.\r\n", "Rien ne va.\r\nMême ça.\r\n", "body was changed")]
#[case::subject_changed("Subject: LSU", "Subject: ONDE", "signature is wrong")]
#[case::sender_changed("jeanne@", "paul@", "signature is wrong")]
#[case::a_second_subject("Subject: LSU", "Subject: ONDE\r\nSubject: LSU", "twice")]
#[case::a_second_subject_with_a_blank("Subject: LSU", "Subject : ONDE\r\nSubject: LSU", "malformed")]
#[case::another_content("Subject: LSU", "Content-Type: text/html\r\nContent-Type: text/plain\r\nSubject: LSU", "twice")]
#[case::no_field("Subject: LSU", "pas un champ\r\nSubject: LSU", "malformed")]
#[tokio::test]
async fn a_signed_mail_that_was_changed_is_not_proven(#[case] before: &str, #[case] after: &str, #[case] why: &str) {
    let signer = Signer::ed25519(DOMAIN);
    let signed = String::from_utf8(signer.sign(mail().as_bytes(), FIELDS)).unwrap();
    let changed = signed.replace(before, after);
    assert_ne!(signed, changed);
    let (proof, verdict) = judge_offline("pass", &[&signer], changed.as_bytes()).await;
    assert!(proof.to_string().to_lowercase().contains(why), "{proof}");
    assert!(verdict.unwrap_err().contains("UnprovenSender"));
}

#[rstest]
#[case::from_left_out(&["to", "subject"], "", "does not cover")]
#[case::subject_left_out(&["from", "to"], "", "does not cover")]
#[case::expired(FIELDS, "t=1; x=2; ", "expired")]
#[case::a_part_of_the_body(FIELDS, "l=10; ", "part of the body")]
#[case::all_of_the_body(FIELDS, "l=25; ", "part of the body")]
#[case::identity_elsewhere(FIELDS, "i=jeanne@evil.org; ", "auid")]
#[tokio::test]
async fn a_signature_that_says_too_little_proves_nothing(
    #[case] fields: &[&str],
    #[case] tags: &str,
    #[case] why: &str,
) {
    let signer = Signer::ed25519(DOMAIN);
    let (proof, verdict) = judge_offline("pass", &[&signer], &signer.sign_with(mail().as_bytes(), fields, tags)).await;
    assert!(matches!(&proof, Proof::NotProven(text) if text.for_log().to_lowercase().contains(why)), "{proof}");
    assert!(verdict.is_err());
}

#[tokio::test]
async fn another_domains_signature_is_a_pass_and_not_aligned() {
    let signer = Signer::ed25519("evil.org");
    let mail = signer.sign(mail().as_bytes(), FIELDS);
    assert!(judge_offline("pass", &[&signer], &mail).await.1.is_ok());
    let (proof, verdict) = judge_offline("aligned", &[&signer], &mail).await;
    assert!(
        matches!(&proof, Proof::NotProven(why) if why.for_log() == "its signatures are of other domains"),
        "{proof}"
    );
    assert!(verdict.is_err());
}

#[tokio::test]
async fn an_unsigned_mail_is_not_proven() {
    let (proof, _) = judge_offline("pass", &[&Signer::ed25519(DOMAIN)], mail().as_bytes()).await;
    assert!(matches!(&proof, Proof::NotProven(why) if why.for_log() == "it is not signed"), "{proof}");
}

#[tokio::test]
async fn keys_come_from_dns_and_those_of_the_file_win() {
    let (of_dns, of_file) = (Signer::rsa(DOMAIN), Signer::ed25519("smtp.ac-dijon.fr"));
    let other = Signer::ed25519("smtp.ac-dijon.fr");
    let dns =
        Dns::start(&[(of_dns.name(), Answer::Text(of_dns.record())), (other.name(), Answer::Text(other.record()))])
            .await;
    let file = keys(&[&of_file]);
    let settings =
        [("require", "aligned"), ("dns", dns.address.as_str()), ("dkim_keys", file.path().to_str().unwrap())];
    for signer in [&of_dns, &of_file] {
        let (proof, verdict) = judge(&settings, &signer.sign(mail().as_bytes(), FIELDS)).await;
        assert!(verdict.is_ok(), "{proof}");
    }
    assert!(judge(&settings, &other.sign(mail().as_bytes(), FIELDS)).await.1.is_err());
    assert_eq!(dns.asked(), [of_dns.name()]);
}

#[rstest]
#[case::no_such_key(None, "UnprovenSender")]
#[case::withdrawn(Some(Answer::Text("v=DKIM1; p=".into())), "UnprovenSender")]
#[case::for_tests(Some(Answer::Text("v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".into())), "UnprovenSender")]
#[case::failure(Some(Answer::Failure), "ProofUnknown")]
#[case::silence(Some(Answer::Silence), "ProofUnknown")]
#[tokio::test]
async fn a_missing_key_refuses_and_a_failure_of_dns_waits(#[case] answer: Option<Answer>, #[case] reason: &str) {
    let signer = Signer::ed25519(DOMAIN);
    let records: Vec<_> = answer.map(|answer| (signer.name(), answer)).into_iter().collect();
    let dns = Dns::start(&records).await;
    let settings = [("require", "aligned"), ("dns", dns.address.as_str()), ("dns_timeout", "300ms")];
    let (proof, verdict) = judge(&settings, &signer.sign(mail().as_bytes(), FIELDS)).await;
    assert!(verdict.unwrap_err().contains(reason), "{proof}");
}

#[tokio::test]
async fn a_failing_dns_server_of_somebody_else_keeps_no_mail_waiting() {
    let (ours, theirs) = (Signer::ed25519(DOMAIN), Signer::ed25519("evil.org"));
    let dns = Dns::start(&[(theirs.name(), Answer::Failure), (ours.name(), Answer::Text(ours.record()))]).await;
    let settings = [("require", "aligned"), ("dns", dns.address.as_str())];
    let forged = theirs.sign(mail().as_bytes(), FIELDS);
    assert!(judge(&settings, &forged).await.1.unwrap_err().contains("UnprovenSender"));
    assert!(dns.asked().is_empty());
    // Nor does it stand in the way of a right signature.
    let proven = ours.sign(&forged, FIELDS);
    assert!(judge(&settings, &proven).await.1.is_ok());
}

#[tokio::test]
async fn a_mail_of_many_signatures_costs_few_lookups() {
    let dns = Dns::start(&[]).await;
    let mut mail = mail().into_bytes();
    for number in 0..50 {
        mail = Signer::ed25519(&format!("d{number}.example")).sign(&mail, FIELDS);
    }
    let settings = [("require", "pass"), ("dns", dns.address.as_str())];
    assert!(judge(&settings, &mail).await.1.is_err());
    let mut asked = dns.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 5, "{asked:?}");
}

#[rstest]
#[case::dmarc("mx.ac-dijon.fr; dmarc=pass header.from=ac-dijon.fr", true, true)]
#[case::signed_elsewhere("mx.ac-dijon.fr; dkim=pass header.d=liste.example", true, false)]
#[case::longer("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr.evil.org", true, false)]
#[case::dmarc_fails(
    "mx.ac-dijon.fr; spf=pass smtp.mailfrom=x@ac-dijon.fr; dmarc=fail header.from=ac-dijon.fr",
    false,
    false
)]
#[case::another_server("mx.evil.org; dmarc=pass header.from=ac-dijon.fr", false, false)]
#[case::encoded("mx.ac-dijon.fr; spf=none (=?utf-8?Q?)=3B_dkim=3Dpass_header.d=3Dac-dijon.fr_(?=)", false, false)]
#[case::folded("mx.ac-dijon.fr;\r\n\tdmarc=pass\r\n\theader.from=ac-dijon.fr", true, true)]
#[case::none("mx.ac-dijon.fr; none", false, false)]
#[tokio::test]
async fn the_relay_is_believed_by_its_name(#[case] field: &str, #[case] passes: bool, #[case] is_aligned: bool) {
    let mail = format!("Authentication-Results: {field}\r\n{}", mail());
    for (require, expected) in [("pass", passes), ("aligned", is_aligned)] {
        let settings = [("require", require), ("dkim", "false"), ("authserv_ids", "MX.ac-dijon.fr")];
        let (proof, verdict) = judge(&settings, mail.as_bytes()).await;
        assert_eq!(verdict.is_ok(), expected, "{require}: {proof}");
    }
}

#[tokio::test]
async fn only_the_topmost_field_is_read() {
    let ours = |result: &str| format!("Authentication-Results: mx.ac-dijon.fr; {result} header.from=ac-dijon.fr\r\n");
    let theirs = "Authentication-Results: mx.evil.org; dmarc=pass header.from=ac-dijon.fr\r\n";
    let settings = [("require", "aligned"), ("dkim", "false"), ("authserv_ids", "mx.ac-dijon.fr")];
    for (fields, expected) in [
        (ours("dmarc=none") + &ours("dmarc=pass"), false),
        (theirs.to_owned() + &ours("dmarc=pass"), false),
        (ours("dmarc=pass") + theirs, true),
        (ours("dmarc=pass") + &ours("dmarc=fail"), true),
    ] {
        let (proof, verdict) = judge(&settings, (fields.clone() + &mail()).as_bytes()).await;
        assert_eq!(verdict.is_ok(), expected, "{fields}{proof}");
    }
}

#[tokio::test]
async fn a_field_too_long_to_be_read_is_not_read_in_part() {
    let field =
        format!("mx.ac-dijon.fr; dkim=pass header.d=ac-dijon.fr; spf=none ({}); dmarc=fail", "x".repeat(20_000));
    let settings = [("require", "pass"), ("dkim", "false"), ("authserv_ids", "mx.ac-dijon.fr")];
    let mail = format!("Authentication-Results: {field}\r\n{}", mail());
    assert!(judge(&settings, mail.as_bytes()).await.1.is_err());
}

#[tokio::test]
async fn signatures_are_checked_where_the_relay_does_not() {
    let signer = Signer::ed25519(DOMAIN);
    let file = keys(&[&signer]);
    let settings = [
        ("require", "aligned"),
        ("authserv_ids", "mx.ac-dijon.fr"),
        ("dns", "off"),
        ("dkim_keys", file.path().to_str().unwrap()),
    ];
    let with_signature = String::from_utf8(signer.sign(mail().as_bytes(), FIELDS)).unwrap();
    for (said, expected) in [
        ("spf=softfail smtp.mailfrom=x.fr", "Ok"),
        ("spf=temperror; dkim=temperror", "Ok"),
        ("dkim=fail header.d=ac-dijon.fr", "UnprovenSender"),
        ("dmarc=fail header.from=ac-dijon.fr", "UnprovenSender"),
    ] {
        let mail = format!("Authentication-Results: mx.ac-dijon.fr; {said}\r\n{with_signature}");
        let (proof, verdict) = judge(&settings, mail.as_bytes()).await;
        assert!(format!("{verdict:?}").contains(expected), "{said}: {proof}");
    }
    let unsigned = format!("Authentication-Results: mx.ac-dijon.fr; spf=temperror\r\n{}", mail());
    assert!(judge(&settings, unsigned.as_bytes()).await.1.unwrap_err().contains("ProofUnknown"));
}

#[rstest]
#[case::reply_elsewhere("Reply-To: jeanne@gmail.com\r\n", "")]
#[case::another_name("", "\"Recteur <recteur@ac-dijon.fr>\" ")]
#[case::second_from("From: jeanne@ac-dijon.fr\r\n", "")]
#[case::empty_second_from("From:\r\n", "")]
#[tokio::test]
async fn a_trick_is_refused_whatever_proves_the_sender(#[case] field: &str, #[case] name: &str) {
    let signer = Signer::ed25519(DOMAIN);
    let text = mail().replace("Jeanne Martin ", name);
    let signed = String::from_utf8(signer.sign(format!("{field}{text}").as_bytes(), FIELDS)).unwrap();
    let mail = format!("Authentication-Results: mx.ac-dijon.fr; dmarc=pass header.from=ac-dijon.fr\r\n{signed}");
    let settings = [("require", "aligned"), ("authserv_ids", "mx.ac-dijon.fr"), ("dkim", "false")];
    let (proof, verdict) = judge(&settings, mail.as_bytes()).await;
    assert!(matches!(proof, Proof::Passed(_)), "{proof}");
    assert!(verdict.unwrap_err().contains("UnprovenSender"));
}
