//! The files of a mail in its ticket: which go, and what is said of the others.

use std::{fs, path::Path};

use passerelle::sandbox::{Sandbox, TicketView};
use rstest::rstest;

use crate::support::gateway::{DIRECTORS, Gateway, sandbox};

const EXECUTABLE: &str = "fichier exécutable ou script";
const ENCRYPTED: &str = "fichier chiffré\u{a0}: envoyez-le sans mot de passe";

/// The ticket of a mail of the corpus, written by a director.
async fn ticket(sandbox: &Sandbox, name: &str) -> TicketView {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail").join(name).with_extension("eml");
    let mail = fs::read_to_string(path).unwrap();
    let written = ["ce.0210345K@ac-dijon.fr", "p.n@ac-dijon.fr", "ce.0890231B@ac-dijon.fr"]
        .iter()
        .fold(mail, |mail, sender| mail.replace(sender, DIRECTORS[0]))
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    let gateway = Gateway::start(sandbox, &[]).await;
    let reply = gateway.deliver(DIRECTORS[0], written.as_bytes()).await;
    assert!(reply.starts_with("250 2.0.0 created, ticket "), "{reply}");
    gateway.finish().await;
    let [ticket] = sandbox.tickets().try_into().unwrap();
    ticket
}

fn documents(ticket: &TicketView) -> Vec<&str> {
    ticket.documents.iter().map(|file| file.filename.as_str()).collect()
}

#[rstest]
#[case::program("executable-deguise", &[], &[("livret.pdf", EXECUTABLE)])]
#[case::shortcut_and_script("raccourci-et-script", &[], &[("LSU.lnk", EXECUTABLE), ("a.js", EXECUTABLE)])]
#[case::two_extensions("nom-a-double-extension", &["livret.docx.pdf"], &[("bilan.pdf.exe", EXECUTABLE)])]
#[case::written_backwards("nom-avec-bidi", &[], &[("facturefdp.exe", EXECUTABLE)])]
#[case::zip_with_password("zip-avec-mot-de-passe", &[], &[("notes.zip", ENCRYPTED)])]
#[case::pdf_that_is_encrypted("pdf-chiffre", &["confidentiel.pdf"], &[])]
#[case::empty("fichier-vide", &[], &[("vide.pdf", "fichier vide")])]
#[case::pages("svg-et-html", &["plan.svg", "page.html"], &[])]
#[case::one_name("noms-identiques", &["image.png", "image (2).png", "image (3).png", "image (4).png"], &[])]
#[case::one_name_but_for_case("noms-doubles", &["Capture.png", "capture (2).PNG"], &[])]
#[tokio::test(flavor = "multi_thread")]
async fn each_file_goes_or_is_named_with_its_reason(
    #[case] mail: &str,
    #[case] sent: &[&str],
    #[case] left_out: &[(&str, &str)],
) {
    let sandbox = sandbox().await;
    let ticket = ticket(&sandbox, &format!("files/{mail}")).await;
    assert_eq!(documents(&ticket), sent, "{:?} {:?}", ticket.content, ticket.followups);
    assert_eq!(ticket.content.matches("<li>").count(), left_out.len(), "{}", ticket.content);
    for (name, why) in left_out {
        assert!(ticket.content.contains(&format!("<li>{name}\u{a0}: {why}</li>")), "{name} in {}", ticket.content);
    }
    assert!(!ticket.content.contains("petite image") && ticket.followups.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_with_macros_is_no_type_that_glpi_takes() {
    let sandbox = sandbox().await;
    let ticket = ticket(&sandbox, "files/macro").await;
    assert!(ticket.documents.is_empty());
    let [followup] = ticket.followups.as_slice() else { panic!("{:?}", ticket.followups) };
    assert!(followup.content.contains("<li>livret.docm\u{a0}: "), "{}", followup.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_one_call_takes_are_named() {
    let sandbox = sandbox().await;
    let ticket = ticket(&sandbox, "files/vingt-cinq-photos").await;
    assert_eq!(ticket.documents.len(), 20);
    assert_eq!(ticket.content.matches("\u{a0}: plus de 20 fichiers</li>").count(), 5);
    assert!(ticket.content.contains("IMG_0024.JPG\u{a0}: plus de 20 fichiers"), "{}", ticket.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_a_signature_are_counted_and_the_original_goes_along() {
    let sandbox = sandbox().await;
    let ticket = ticket(&sandbox, "structures/images-de-signature").await;
    // The logo that repeats stays once, for no mark says that a signature begins.
    assert_eq!(documents(&ticket), ["logo-academie.png", "message-original.eml.txt"]);
    let said = "Non repris dans ce ticket\u{a0}: 2 petites images (signature, copie). Le message d’origine est joint.";
    assert!(ticket.content.contains(said), "{}", ticket.content);
}
