//! Files: what GLPI takes, and that what it does not take is named.

use bytes::Bytes;
use passerelle::glpi::{ActorRole, Amendment, FileFate, GlpiError, NewTicket, Requester, TicketStatus, Upload};

use super::target::Target;
use super::{fates, marker, text_file, ticket};

/// A red pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0,
    0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test]
async fn files_become_documents_under_their_names() {
    let target = Target::start().await;
    let glpi = target.client();
    let marker = marker();
    let files = [
        text_file("résumé é.txt", &format!("un {marker}")),
        text_file("l'élève & <moi> 100%.csv", &format!("deux {marker}")),
        text_file(&format!("{}.txt", "long ".repeat(60)), &format!("trois {marker}")),
        text_file("chemin/vers\\un \"fichier\".txt", &format!("quatre {marker}")),
    ];
    let created = glpi.create_ticket(&ticket("Fichiers", "<p>x</p>"), &files).await.unwrap();
    assert!(fates(&created).iter().all(|(_, taken)| *taken), "{created:?}");

    let documents = glpi.ticket_documents(created.id).await.unwrap();
    let names: Vec<&str> = documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names[..2], ["résumé é.txt", "l'élève & <moi> 100%.csv"]);
    assert!(names[2].starts_with("long long") && names[2].ends_with("l.txt"));
    assert!(names[3].ends_with("un _fichier_.txt"), "{}", names[3]);
    assert_eq!(documents[0].mime, "text/plain");
}

#[tokio::test]
async fn equal_files_are_one_document_and_none_is_missing() {
    let target = Target::start().await;
    let glpi = target.client();
    let marker = marker();
    let files = [text_file("a.txt", &marker), text_file("b.txt", &marker)];
    let created = glpi.create_ticket(&ticket("Deux fois le même", "<p>x</p>"), &files).await.unwrap();
    assert_eq!(fates(&created), [("a.txt", true), ("b.txt", true)]);
    assert_eq!(glpi.ticket_documents(created.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_inline_image_is_linked_in_the_content() {
    let target = Target::start().await;
    let glpi = target.client();
    // twice: a signature's logo comes with every mail, and GLPI keeps one document for them all
    for tag in ["3f2504e0-4f8911d3-9a0c0305.00023914", "3f2504e0-4f8911d3-9a0c0305.00023915"] {
        let content = format!("<p>voir <img id=\"{tag}\" width=\"4\" height=\"4\"></p>");
        let files = [
            text_file("avant.txt", &marker()),
            Upload::new(
                "capture.png".to_owned(),
                "image/png".to_owned(),
                Bytes::from_static(PNG),
                Some(tag.to_owned()),
            ),
        ];
        let created = glpi.create_ticket(&ticket("Image", &content), &files).await.unwrap();
        assert_eq!(fates(&created), [("avant.txt", true), ("capture.png", true)]);
        let documents = glpi.ticket_documents(created.id).await.unwrap();
        let image = documents.iter().find(|document| document.mime == "image/png");
        let link = format!("docid={}", image.unwrap().id);
        let read = glpi.ticket(created.id).await.unwrap();
        assert!(read.content.contains(&link), "{}", read.content);
    }
}

#[tokio::test]
async fn a_file_that_glpi_refuses_is_named_wherever_it_stands() {
    let target = Target::start().await;
    let glpi = target.client();
    let marker = marker();
    let good = |name| text_file(name, &format!("{name} {marker}"));
    let files = [good("virus.exe"), good("a.txt"), good("virus.bat"), good("b.txt")];
    let created = glpi.create_ticket(&ticket("Fichier interdit", &format!("<p>{marker}</p>")), &files).await;
    if super::breaks_off(&glpi).await {
        assert!(matches!(created, Err(GlpiError::AnswerLost { .. })), "{created:?}");
        let [half] = glpi.tickets_containing(&[&marker], 1).await.unwrap().try_into().unwrap();
        assert_eq!(glpi.ticket_documents(half.id).await.unwrap(), []);
        assert_eq!(glpi.ticket_users(half.id).await.unwrap(), []);
        return;
    }
    let created = created.unwrap();
    let expected = [("virus.exe", false), ("a.txt", true), ("virus.bat", false), ("b.txt", true)];
    assert_eq!(fates(&created), expected);
    // GLPI gives its reason for the first file only
    assert!(matches!(&created.files[0].fate, FileFate::NotTaken(why) if !why.is_empty()));
}

#[tokio::test]
async fn files_beyond_phps_limit_are_named() {
    let target = Target::start().await;
    let glpi = target.client();
    let marker = marker();
    let files: Vec<Upload> = (0..25).map(|n| text_file(&format!("{n}.txt"), &format!("{n} {marker}"))).collect();
    let created = glpi.create_ticket(&ticket("Vingt-cinq fichiers", "<p>x</p>"), &files).await.unwrap();
    let taken = fates(&created).iter().filter(|(_, taken)| *taken).count();
    assert_eq!(taken, glpi.ticket_documents(created.id).await.unwrap().len());
    // max_file_uploads is 20 by default
    assert_eq!(taken, 20);
    assert!(fates(&created)[..20].iter().all(|(_, taken)| *taken));
}

#[tokio::test]
async fn what_a_ticket_lacks_is_added_to_it() {
    let target = Target::start().await;
    let glpi = target.client();
    let marker = marker();
    let nobody = NewTicket { requester: Requester::Email(String::new()), ..ticket("Incomplet", "<p>x</p>") };
    let id = glpi.create_ticket(&nobody, &[]).await.unwrap().id;
    let entity = glpi.ticket(id).await.unwrap().entity;
    assert!(glpi.ticket_users(id).await.unwrap().iter().all(|user| user.role != ActorRole::Requester));

    let taken = text_file("notes.txt", &format!("notes {marker}"));
    assert_eq!(glpi.attach(id.into(), entity, &taken).await, Ok(FileFate::Taken));
    let refused = glpi.attach(id.into(), entity, &text_file("outil.xyz", &marker)).await;
    assert!(matches!(refused, Ok(FileFate::NotTaken(_))), "{refused:?}");
    let documents = glpi.ticket_documents(id).await.unwrap();
    assert_eq!(documents.iter().map(|document| document.sha1.clone()).collect::<Vec<_>>(), [taken.sha1()]);

    let address = Requester::Email("inconnu@ac-dijon.fr".to_owned());
    glpi.add_user(id, &address, ActorRole::Requester).await.unwrap();
    let again = glpi.add_user(id, &address, ActorRole::Requester).await;
    assert!(matches!(again, Err(GlpiError::Rejected { .. } | GlpiError::AnswerLost { .. })), "{again:?}");
    let users = glpi.ticket_users(id).await.unwrap();
    assert_eq!(users.iter().filter(|user| user.role == ActorRole::Requester && user.who == address).count(), 1);

    glpi.untake(id).await.unwrap();
    let changes = Amendment {
        content_html: Some("<p>y &amp; z</p>".to_owned()),
        status: Some(TicketStatus::Assigned),
        ..Amendment::default()
    };
    glpi.amend_ticket(id, &changes).await.unwrap();
    let read = glpi.ticket(id).await.unwrap();
    assert_eq!(
        (read.content.as_str(), read.status, read.taken_into_account),
        ("<p>y &amp; z</p>", TicketStatus::Assigned, None)
    );
}
