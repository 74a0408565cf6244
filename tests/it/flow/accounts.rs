//! Who asks, as GLPI knows them: an account that it would not write to is none.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{
    gateway::{DIRECTORS, Gateway, app, form, mail, sandbox, titled},
    helpdesk::Helpdesk,
    unreliable::Unreliable,
};
use passerelle::id::UserId;

/// The account of the first director, and its address.
const ACCOUNT: u64 = 7;
const ADDRESS: &str = "ce.0210001a@ac-dijon.fr";

/// Takes the first director's profile away, or gives it in this entity instead.
async fn regrant(staff: &Helpdesk, grant: Option<(u64, u8)>) {
    let rows = staff.get(&format!("User/{ACCOUNT}/Profile_User")).await;
    for row in rows.as_array().unwrap() {
        staff.call(Method::DELETE, &format!("Profile_User/{}", row["id"]), json!({})).await;
    }
    if let Some((entity, recursive)) = grant {
        let input = json!({"users_id": ACCOUNT, "profiles_id": 1, "entities_id": entity, "is_recursive": recursive});
        staff.add("Profile_User", input).await;
    }
}

/// The entities «Côte-d'Or» (its id) below the root and «Dijon» below that.
async fn entities(staff: &Helpdesk) -> (u64, u64) {
    let cote_dor = staff.add("Entity", json!({"name": "Côte-d'Or", "entities_id": 0})).await;
    let dijon = staff.add("Entity", json!({"name": "Dijon", "entities_id": cote_dor})).await;
    (cote_dor, dijon)
}

/// A folder with the shipped mapping of LSU and these lines in it.
fn mapping(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../../mappings/lsu.toml").replacen("urgency =", &format!("{lines}\nurgency ="), 1);
    std::fs::write(folder.path().join("lsu.toml"), text).unwrap();
    folder
}

/// Who asked for the only ticket: the account, or 0, and the address of who has none.
async fn asked(staff: &Helpdesk, gateway: &Gateway) -> (u64, String, Value) {
    let answer: Value = gateway.post_form(&form(DIRECTORS[0], "Qui demande"), None).await.json().await.unwrap();
    let rows = staff.get(&format!("Ticket/{}/Ticket_User", answer["ticket"])).await;
    let requester = rows.as_array().unwrap().iter().find(|row| row["type"] == 1).unwrap().clone();
    let email = requester["alternative_email"].as_str().unwrap_or_default().to_owned();
    (requester["users_id"].as_u64().unwrap(), email, answer)
}

#[rstest]
#[case::over("end_date", "2020-01-01 00:00:00", true)]
#[case::not_begun("begin_date", "2999-01-01 00:00:00", true)]
#[case::not_over("end_date", "2999-01-01 00:00:00", false)]
#[case::begun("begin_date", "2020-01-01 00:00:00", false)]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_outside_its_dates_is_none(#[case] field: &str, #[case] date: &str, #[case] bare: bool) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    staff.call(Method::PUT, &format!("User/{ACCOUNT}"), json!({ field: date })).await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let (user, email, _) = asked(&staff, &gateway).await;
    let expected = if bare { (0, ADDRESS) } else { (ACCOUNT, "") };
    assert_eq!((user, email.as_str()), expected);

    // The receipt promises the page of the ticket to who can sign in only.
    let outbox = gateway.outbox.clone();
    gateway.finish().await;
    let [receipt] = outbox.mails().try_into().unwrap();
    let message = mail_parser::MessageParser::default().parse(&receipt.message).unwrap();
    let text = message.body_text(0).unwrap();
    assert_eq!(text.contains("Complétez-la sur sa page"), !bare, "{text}");
}

/// The root is 0; the place of the grant is «Côte-d'Or» or the root, the mapping's the root, «Côte-d'Or» or «Dijon».
#[rstest]
#[case::no_profile("", None, true)]
#[case::in_another_entity("", Some((false, 0)), true)]
#[case::at_the_root_alone("", Some((true, 0)), false)]
#[case::at_the_root_alone_and_a_ticket_below("Entité racine > Côte-d'Or", Some((true, 0)), true)]
#[case::in_the_entity("Entité racine > Côte-d'Or", Some((false, 0)), false)]
#[case::above_and_recursive("Entité racine > Côte-d'Or > Dijon", Some((false, 1)), false)]
#[case::above_and_not("Entité racine > Côte-d'Or > Dijon", Some((false, 0)), true)]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_profile_in_the_ticket_s_entity_is_none(
    #[case] entity: &str,
    #[case] grant: Option<(bool, u8)>,
    #[case] bare: bool,
) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let (cote_dor, _) = entities(&staff).await;
    regrant(&staff, grant.map(|(root, recursive)| (if root { 0 } else { cote_dor }, recursive))).await;
    let folder = mapping(&if entity.is_empty() { String::new() } else { format!("entity = \"{entity}\"") });
    let gateway = Gateway::start(&sandbox, &[("mappings.dir", folder.path().to_str().unwrap())]).await;
    let (user, email, _) = asked(&staff, &gateway).await;
    let expected = if bare { (0, ADDRESS) } else { (ACCOUNT, "") };
    assert_eq!((user, email.as_str()), expected);
}

#[rstest]
#[case::its_profile_s(Some((false, 0)), None, "Entité racine > Côte-d'Or")]
#[case::its_own_below_the_profile_s(Some((false, 1)), Some(true), "Entité racine > Côte-d'Or > Dijon")]
#[case::its_own_without_rights_there(Some((false, 0)), Some(true), "Entité racine > Côte-d'Or")]
#[case::without_a_profile(None, Some(true), "Entité racine > Repli")]
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_goes_into_its_requester_s_own_entity(
    #[case] grant: Option<(bool, u8)>,
    #[case] lives_in_dijon: Option<bool>,
    #[case] expected: &str,
) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    let (cote_dor, dijon) = entities(&staff).await;
    staff.add("Entity", json!({"name": "Repli", "entities_id": 0})).await;
    regrant(&staff, grant.map(|(_, recursive)| (cote_dor, recursive))).await;
    if lives_in_dijon.is_some() {
        staff.call(Method::PUT, &format!("User/{ACCOUNT}"), json!({"entities_id": dijon})).await;
    }
    let folder = mapping("entity = \"requester\"\nentity_otherwise = \"Entité racine > Repli\"");
    let gateway = Gateway::start(&sandbox, &[("mappings.dir", folder.path().to_str().unwrap())]).await;
    let (user, ..) = asked(&staff, &gateway).await;
    let [ticket] = titled(&sandbox, "Qui demande").try_into().unwrap();
    assert_eq!(ticket.entity.as_deref(), Some(expected));
    assert_eq!(user, if grant.is_some() { ACCOUNT } else { 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_may_is_asked_once() {
    let sandbox = sandbox().await;
    let proxy = Unreliable::counting(sandbox.url()).await;
    let gateway = Gateway::in_front_of(proxy.url.as_str(), &[]).await;
    let send = async |id: &str| {
        let reply = gateway.deliver(DIRECTORS[0], &mail(DIRECTORS[0], id, "LSU : accès", "Bonjour")).await;
        assert!(reply.starts_with("250 2.0.0 created"), "{reply}");
        proxy.calls().into_iter().filter(|call| call.contains("/User") || call.contains("/Entity")).collect::<Vec<_>>()
    };
    let first = send("one").await;
    assert_eq!(first.iter().filter(|call| call.ends_with("/Profile_User")).count(), 1, "{first:?}");
    assert_eq!(first.iter().filter(|call| call.contains("/Entity")).count(), 0, "{first:?}");
    assert_eq!(send("two").await, ["GET /apirest.php/search/User"], "whether it is still there");
    assert_eq!(send("three").await, Vec::<String>::new());
}

#[rstest]
#[case::over("end_date", "2020-01-01 00:00:00", None)]
#[case::not_begun("begin_date", "2999-01-01 00:00:00", None)]
#[case::not_over("end_date", "2999-01-01 00:00:00", Some("ce.0210001A@ac-dijon.fr"))]
#[case::begun("begin_date", "2020-01-01 00:00:00", Some("ce.0210001A@ac-dijon.fr"))]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_written_to_outside_an_account_s_dates(
    #[case] field: &str,
    #[case] date: &str,
    #[case] expected: Option<&str>,
) {
    let sandbox = sandbox().await;
    let staff = Helpdesk::sign_in(&sandbox.url(), "glpi", "glpi").await;
    staff.call(Method::PUT, &format!("User/{ACCOUNT}"), json!({ field: date })).await;
    let glpi = app(sandbox.url().as_str(), &[]).glpi;
    let account = UserId::new(ACCOUNT);
    let addresses = glpi.addresses_of_users(&[account], jiff::Zoned::now().datetime()).await.unwrap();
    assert_eq!(addresses.get(&account).map(|it| it.to_lowercase()), expected.map(str::to_lowercase));
}
