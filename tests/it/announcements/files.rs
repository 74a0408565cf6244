//! Files that go with an announcement: each as it was given, to everybody, or to nobody.

use bytes::Bytes;
use data_encoding::BASE64;
use mail_parser::{MessageParser, MimeHeaders as _};
use passerelle::{
    announcements::{Announcement, InformError, KeepingError, MailingState, SendingError},
    app::App,
    intake::form::{self, File},
    request::{Enclosure, LeftOut},
    sandbox::{Limits, Options, Sandbox},
    text::Language,
};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    directory,
    sending::{announcement, app, operator, send},
    sink::{Moods, Sink},
};
use crate::support::{
    bilingual::is_in_both,
    gateway::{Gateway, sandbox},
    helpdesk::Helpdesk,
};

/// A text whose lines end in every way, with a line that is a dot, and what no mail may hold as it is.
const TEXT: &[u8] = b"nom;ville\r\n.\r\nN\xc3\xa9vers;x\n\n..\ra\0b\xff\nFrom x\n";

fn picture() -> Vec<u8> {
    let noise = (0..70_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[1]);
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0".iter().copied().chain(noise).collect()
}

async fn enclosure(files: &[(&str, &str, Vec<u8>)]) -> Enclosure {
    let files = files.iter().map(|(name, media_type, content)| File {
        name: Some((*name).to_owned()),
        content_type: Some((*media_type).to_owned()),
        content: Bytes::from(content.clone()),
    });
    form::enclosure(files.collect(), 0).await
}

async fn usual() -> Enclosure {
    enclosure(&[("Écoles & villes (1).csv", "text/csv", TEXT.to_vec()), ("plan.png", "image/png", picture())]).await
}

/// What a mail's files are called, and their bytes.
fn files_of(mail: &str) -> Vec<(String, String, Vec<u8>)> {
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let files = parsed.attachments().map(|part| {
        let kind = part.content_type().unwrap();
        let media_type = format!("{}/{}", kind.ctype(), kind.subtype().unwrap());
        // Not as a text, which the parser would decode.
        let body = &parsed.raw_message[part.raw_body_offset() as usize..part.raw_end_offset() as usize];
        let body: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        (part.attachment_name().unwrap().to_owned(), media_type, BASE64.decode(&body).unwrap())
    });
    files.collect()
}

fn gateway(sandbox: &Sandbox, sink: &Sink, settings: &[(&str, &str)]) -> (App, tempfile::TempDir) {
    let (folder, csv) = directory(40);
    (app(sandbox.url().as_str(), sink, csv.to_str().unwrap(), settings), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gets_the_files_byte_for_byte_and_another_instance_sends_the_very_same_mail() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (one, _folder) = gateway(&sandbox, &sink, &[]);
    let informed = one.informer.inform(announcement("f1", &[]), (&[], &usual().await), &operator()).await.unwrap();
    let named: Vec<_> = informed.announcement.files.iter().map(|file| (file.name.as_str(), file.size)).collect();
    assert_eq!(named, [("Écoles & villes (1).csv", TEXT.len() as u64), ("plan.png", picture().len() as u64)]);
    let reference = informed.announcement.reference;
    // One instance sends a batch and is stopped, another one goes on.
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    one.informer
        .send(reference, &stop, |progress| {
            if progress.handed > 0 {
                stopping.cancel();
            }
        })
        .await
        .unwrap();
    let first = sink.taken().len();
    assert!((1..4).contains(&first), "{first}");
    let (other, _folder) = gateway(&sandbox, &sink, &[]);
    let before = sandbox.calls_by_endpoint();
    let progress = send(&other, reference).await;
    assert_eq!((progress.mailing.state, progress.handed), (MailingState::Ended, 40));
    let taken = sink.taken();
    assert!(taken.len() == 4 && taken.iter().all(|other| other.mail == taken[0].mail));
    let expected = [
        ("Écoles & villes (1).csv".to_owned(), "text/csv".to_owned(), TEXT.to_vec()),
        ("plan.png".to_owned(), "image/png".to_owned(), picture()),
    ];
    assert!(files_of(&taken[0].mail) == expected, "they are not what was given");
    let parsed = MessageParser::default().parse(taken[0].mail.as_bytes()).unwrap();
    assert_eq!(parsed.content_type().unwrap().subtype(), Some("mixed"));
    assert!(parsed.body_text(0).unwrap().contains("ne répond pas") && parsed.body_html(0).is_some());
    // Read once for all batches: the note's documents, and each of them.
    let read = |endpoint: &str| {
        let count = |calls: &std::collections::BTreeMap<String, usize>| {
            calls.iter().filter(|(name, _)| name.starts_with(endpoint)).map(|(_, count)| count).sum::<usize>()
        };
        count(&sandbox.calls_by_endpoint()) - count(&before)
    };
    assert_eq!(read("GET Document"), 2, "{:?}", sandbox.calls_by_endpoint());
}

#[derive(Clone, Copy)]
enum Harm {
    Purged,
    Unlinked,
    Another,
}

#[rstest]
#[case::purged(Harm::Purged)]
#[case::unlinked(Harm::Unlinked)]
#[case::another_in_its_place(Harm::Another)]
#[tokio::test(flavor = "multi_thread")]
async fn without_its_file_nothing_goes(#[case] harm: Harm) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (app, _folder) = gateway(&sandbox, &sink, &[]);
    let informed = app.informer.inform(announcement("f2", &[]), (&[], &usual().await), &operator()).await.unwrap();
    let (reference, note) = (informed.announcement.reference, informed.announcement.id.unwrap());
    let admin = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let links = own.get(&format!("Reminder/{note}/Document_Item")).await;
    let (link, document) = (&links[0]["id"], &links[0]["documents_id"]);
    match harm {
        Harm::Purged => {
            admin.call(Method::DELETE, &format!("Document/{document}?force_purge=true"), json!({})).await;
        }
        Harm::Unlinked => {
            admin.call(Method::DELETE, &format!("Document_Item/{link}?force_purge=true"), json!({})).await;
        }
        Harm::Another => {
            admin.call(Method::DELETE, &format!("Document_Item/{link}?force_purge=true"), json!({})).await;
            let input = json!({ "itemtype": "Reminder", "items_id": note });
            admin.add_with_file("Document", input, "Écoles & villes (1).csv", b"autre").await;
        }
    }
    let stop = CancellationToken::new();
    let error = app.informer.send(reference, &stop, |_| {}).await.unwrap_err();
    assert!(matches!(error, SendingError::Damaged), "{error:?}");
    let progress = app.informer.progress(reference).await.unwrap();
    assert!(!progress.is_whole && progress.handed == 0 && sink.taken().is_empty(), "{progress:?}");
    // Restored, it goes.
    let input = json!({ "itemtype": "Reminder", "items_id": note });
    let csv = usual().await.attachments[0].content.to_vec();
    admin.add_with_file("Document", input, "autre-nom.csv", &csv).await;
    assert!(app.informer.progress(reference).await.unwrap().is_whole);
    assert_eq!(send(&app, reference).await.handed, 40);
    assert_eq!(files_of(&sink.taken()[0].mail)[0].0, "Écoles & villes (1).csv", "the name is the frozen one");
}

/// What may not go is said at once, of every file, and nothing is kept or sent.
#[rstest]
#[case::a_program(&[("a.exe", 10)], &[], &["a.exe"])]
#[case::an_empty_one(&[("a.csv", 0)], &[], &["a.csv"])]
#[case::a_large_one(&[("a.csv", 11), ("b.csv", 10)], &[("attachments.max_file_size", "10")], &["a.csv"])]
#[case::too_much_in_all(&[("a.csv", 10), ("b.csv", 11)], &[("announcements.max_size", "20")], &["b.csv"])]
#[case::too_many(&[("a.csv", 10), ("b.csv", 11), ("c.csv", 12)], &[("attachments.max_files", "2")], &["c.csv"])]
#[case::several(&[("a.exe", 10), ("b.csv", 10), ("c.bat", 10)], &[], &["a.exe", "c.bat"])]
#[case::within_limits(&[("a.csv", 10), ("b.csv", 10)], &[("announcements.max_size", "20"), ("attachments.max_files", "2")], &[])]
#[tokio::test(flavor = "multi_thread")]
async fn limits_are_those_of_requests_and_said_at_once(
    #[case] files: &[(&str, usize)],
    #[case] settings: &[(&str, &str)],
    #[case] refused: &[&str],
) {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (app, _folder) = gateway(&sandbox, &sink, settings);
    let files: Vec<_> = files.iter().map(|(name, size)| (*name, "text/csv", vec![b'a'; *size])).collect();
    let enclosure = enclosure(&files).await;
    let informed = app.informer.inform(announcement("f3", &[]), (&[], &enclosure), &operator()).await;
    if refused.is_empty() {
        assert_eq!(send(&app, informed.unwrap().announcement.reference).await.handed, 40);
        return;
    }
    let error = informed.unwrap_err();
    let InformError::Files(named) = &error else { panic!("{error:?}") };
    assert_eq!(named.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), refused);
    assert!(named.iter().all(|LeftOut { name, why }| {
        let (english, french) = (why.text(Language::English), why.text(Language::French));
        let said = |language| error.said().text(language).to_owned();
        english != french
            && said(Language::English).contains(&format!("{name}: {english}"))
            && said(Language::French).contains(&format!("{name}\u{a0}: {french}"))
    }));
    let Err(InformError::Files(previewed)) = app.informer.files(&enclosure).await else {
        panic!("a dry run says it too")
    };
    assert_eq!(&previewed, named);
    assert!(app.informer.keeping().all().await.unwrap().is_empty());
    assert!(app.informer.mailings().await.unwrap().is_empty() && sink.taken().is_empty());
}

/// A type that the account cannot know GLPI to refuse, and a file that is too large for its PHP.
#[rstest]
#[case::too_large(Options::default(), "plan.png", picture())]
#[case::too_large_for_eleven(Options::eleven(), "plan.png", picture())]
#[case::a_type(Options::default(), "a.inconnu", TEXT.to_vec())]
#[case::a_type_of_eleven(Options::eleven(), "a.inconnu", TEXT.to_vec())]
#[tokio::test(flavor = "multi_thread")]
async fn what_glpi_does_not_take_after_all_is_nobody_s_announcement(
    #[case] options: Options,
    #[case] refused: &str,
    #[case] content: Vec<u8>,
) {
    let limits = Limits { file: 1000, ..Limits::default() };
    let (sandbox, sink) =
        (Sandbox::start(Options { limits, ..options }).await.unwrap(), Sink::start(Moods::default()).await);
    let (app, _folder) = gateway(&sandbox, &sink, &[]);
    let shown = Announcement {
        on_portal: true,
        ends: Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)),
        ..announcement("f4", &[])
    };
    let files = enclosure(&[("a.csv", "text/csv", TEXT.to_vec()), (refused, "", content)]).await;
    let error = app.informer.inform(shown, (&[], &files), &operator()).await.unwrap_err();
    let InformError::Keeping(why @ KeepingError::FileRefused { name, .. }) = &error else { panic!("{error:?}") };
    assert_eq!(name, refused);
    // GLPI says of neither why: both causes are named, each with what helps.
    is_in_both(&why.said());
    assert!(
        error.to_string().contains("upload_max_filesize") && error.to_string().contains("Document types"),
        "{error}"
    );
    let keeping = app.informer.keeping();
    assert!(
        keeping.all().await.unwrap().is_empty() && keeping.messages(jiff::Timestamp::now()).await.unwrap().is_empty()
    );
    assert!(app.informer.mailings().await.unwrap().is_empty() && sink.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn given_up_after_any_call_it_goes_on_with_all_files() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let (app, _folder) = gateway(&sandbox, &sink, &[]);
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let (files, rights) = (usual().await, operator());
    let before = sandbox.calls();
    app.informer.inform(announcement("f5", &[]), (&[], &files), &rights).await.unwrap();
    let all = sandbox.calls() - before;
    assert!(all > 6, "the note, its files, its text, its list: {all}");
    for calls in 1..=all {
        let name = format!("f5 {calls}");
        let until = sandbox.calls() + calls;
        let informing = app.informer.inform(announcement(&name, &[]), (&[], &files), &rights);
        tokio::select! {
            biased;
            () = async { while sandbox.calls() < until { tokio::task::yield_now().await } } => {}
            _ = informing => {}
        }
        let informed = app.informer.inform(announcement(&name, &[]), (&[], &files), &rights).await.unwrap();
        let (reference, note) = (informed.announcement.reference, informed.announcement.id.unwrap());
        let links = own.get(&format!("Reminder/{note}/Document_Item")).await;
        assert!(links.as_array().unwrap().len() >= 2, "{name}: {links}");
        let all = app.informer.keeping().all().await.unwrap();
        assert_eq!(all.iter().filter(|kept| kept.reference == reference).count(), 1, "{name}");
        let before = sink.taken().len();
        assert_eq!(send(&app, reference).await.handed, 40, "{name}");
        assert!(sink.taken()[before..].iter().all(|taken| files_of(&taken.mail).len() == 2), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_person_reads_which_files_and_confirms_those_alone() {
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods::default()).await);
    let settings = [("announcements.confirm_above", "30"), ("people.operators", "chef@ac-dijon.fr,autre@ac-dijon.fr")];
    let (app, _folder) = gateway(&sandbox, &sink, &settings);
    let informed = app.informer.inform(announcement("f6", &[]), (&[], &usual().await), &operator()).await.unwrap();
    let asked = sink.taken().pop().unwrap();
    let text = MessageParser::default().parse(asked.mail.as_bytes()).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("Fichiers joints\u{a0}: Écoles & villes (1).csv"), "{text}");
    let code: String = text.split("--code ").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    // The code of the same announcement without the files is another one.
    let without = Announcement { subject: "LSU indisponible".to_owned(), ..announcement("f7", &[]) };
    app.informer.inform(without, (&[], &Enclosure::default()), &operator()).await.unwrap();
    let other = sink.taken().pop().unwrap();
    let other = MessageParser::default().parse(other.mail.as_bytes()).unwrap().body_text(0).unwrap().into_owned();
    assert!(!other.contains(&code) && !other.contains("Fichiers joints"), "{other}");
    let reference = informed.announcement.reference;
    app.informer.confirm(reference, &code, "autre@ac-dijon.fr").await.unwrap();
    assert_eq!(send(&app, reference).await.handed, 40);
    assert_eq!(files_of(&sink.taken().pop().unwrap().mail).len(), 2);
}

/// A call that is larger than PHP takes names that limit, and the file, everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_php_takes_in_a_call_is_named_with_its_limit() {
    let limits = Limits { request: 100_000, ..Limits::default() };
    let (sandbox, sink) =
        (Sandbox::start(Options { limits, ..Options::default() }).await.unwrap(), Sink::start(Moods::default()).await);
    let (app, _folder) = gateway(&sandbox, &sink, &[]);
    let files = enclosure(&[("grand.csv", "text/csv", vec![b'a'; 200_000])]).await;
    let error = app.informer.inform(announcement("f8", &[]), (&[], &files), &operator()).await.unwrap_err();
    let InformError::Keeping(why @ KeepingError::TooLarge { name, setting, .. }) = &error else { panic!("{error:?}") };
    assert_eq!((name.as_str(), *setting), ("grand.csv", "post_max_size"));
    is_in_both(&why.said());
    assert!(app.informer.keeping().all().await.unwrap().is_empty() && sink.taken().is_empty());
    let (_folder, csv) = directory(8);
    let own = [
        ("people.tokens", "operators:token-of-operators-for-tests"),
        ("announcements.enabled", "true"),
        ("directory.csv", csv.to_str().unwrap()),
        ("directory.sources", "csv"),
    ];
    let gateway = Gateway::start(&sandbox, &own).await;
    let file = json!({"name": "grand.csv", "content": BASE64.encode(&vec![b'a'; 200_000])});
    let body = json!({"subject": "LSU", "text": "Bonjour", "by": "ien", "attachments": [file]});
    let call = gateway.call(Method::POST, "/v1/announcements").bearer_auth("token-of-operators-for-tests");
    let answer = call.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: serde_json::Value = answer.json().await.unwrap();
    let message = problem["errors"][0]["message"].as_str().unwrap();
    for said in ["«\u{a0}grand.csv\u{a0}»", "post_max_size", "php.ini"] {
        assert!(message.contains(said), "{said} in {message}");
    }
    gateway.finish().await;
}
