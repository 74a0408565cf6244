//! Which school a request is about: the one the person chose, whatever else the directory knows.

use rstest::rstest;
use serde_json::json;

use crate::support::gateway::{ASSISTANCE, Gateway, mail, sandbox, titled};

const PERSON: &str = "jeanne.martin@ac-dijon.fr";

/// Two schools of one person, and a school's mailbox.
const LIST: &str = "email;name;uai;school;circonscription\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;0210002B;École Voltaire;Dijon Nord\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;0580004D;École Zola;Nevers\n\
    ce.0580004d@ac-dijon.fr;Jeanne Martin;0210002B;École Voltaire;Dijon Nord\n\
    ce.0580004d@ac-dijon.fr;Jeanne Martin;0580004D;École Zola;Nevers\n";

/// A gateway with this directory; the Nièvre and the Saône-et-Loire have référents of their own.
async fn gateway(sandbox: &passerelle::sandbox::Sandbox, folder: &tempfile::TempDir) -> Gateway {
    let csv = folder.path().join("directory.csv");
    std::fs::write(&csv, LIST).unwrap();
    let mappings = folder.path().join("mappings");
    std::fs::create_dir(&mappings).unwrap();
    let onde = include_str!("../../../mappings/onde.toml");
    let departments = "\n[department.058]\ngroup = \"Référents-ECECA\"\n[department.071]\ngroup = \"Référents-APAE\"\n";
    std::fs::write(mappings.join("onde.toml"), format!("{onde}{departments}")).unwrap();
    let settings = [("directory.csv", csv.to_str().unwrap()), ("mappings.dir", mappings.to_str().unwrap())];
    Gateway::start(sandbox, &settings).await
}

#[rstest]
#[case::none_chosen(None, "École Voltaire (0210002B)", "021", "Référents-ONDE", "École Zola (0580004D)")]
#[case::the_second(Some("0580004D"), "École Zola (0580004D)", "058", "Référents-ECECA", "École Voltaire (0210002B)")]
#[case::one_the_directory_does_not_know(
    Some("0710003C"),
    " 0710003C <small>(selon le formulaire)</small>",
    "071",
    "Référents-APAE",
    "École Voltaire (0210002B), École Zola (0580004D)"
)]
#[tokio::test(flavor = "multi_thread")]
async fn the_school_chosen_in_the_form_counts(
    #[case] chosen: Option<&str>,
    #[case] school: &str,
    #[case] department: &str,
    #[case] group: &str,
    #[case] others: &str,
) {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let gateway = gateway(&sandbox, &folder).await;
    let mut fields = json!({"requester": PERSON, "application": "ONDE", "title": "Choix", "description": "Bonjour"});
    if let Some(uai) = chosen {
        fields["uai"] = json!(uai);
    }
    assert_eq!(gateway.post_form(&fields, None).await.status(), 201);
    let [ticket] = titled(&sandbox, "Choix").try_into().unwrap();
    for part in [
        format!("<strong>École\u{a0}:</strong> {}<br>", school.trim_start()),
        format!("<strong>Département\u{a0}:</strong> {department}<br>"),
        format!("Autre école selon l’annuaire\u{a0}:</strong> {others}<br>"),
    ] {
        assert!(ticket.content.replace("  ", " ").contains(&part), "{part} in {}", ticket.content);
    }
    assert_eq!(ticket.assigned_groups, [group]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_from_a_school_s_mailbox_writes_of_that_school() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let gateway = gateway(&sandbox, &folder).await;
    let from = "ce.0580004D@ac-dijon.fr";
    let replies = gateway.deliver_to(&[ASSISTANCE], from, &mail(from, "s1", "ONDE : Zola", "Bonjour")).await;
    assert!(replies[0].starts_with("250 2.0.0 created"), "{replies:?}");
    let [ticket] = titled(&sandbox, "Zola").try_into().unwrap();
    assert!(ticket.content.contains("<strong>École\u{a0}:</strong> École Zola (0580004D)<br>"), "{}", ticket.content);
    assert_eq!(ticket.assigned_groups, ["Référents-ECECA"]);
}
