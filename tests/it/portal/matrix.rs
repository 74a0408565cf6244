//! Who may do what: every way to call, over every route and object.

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::Scene;
use crate::support::{
    gateway::{DIRECTORS, Gateway, MAIL_TOKEN, PROXY_SECRET},
    helpdesk::Helpdesk,
    wait_until,
};

const FORM_TOKEN: &str = "form-token-for-tests";
const OPERATORS: &str = "operators-token-for-tests";
const OWNER: &str = DIRECTORS[0];
const OTHER: &str = DIRECTORS[1];
/// A référent by their group, with an account, who works on the ticket and did not ask.
const REFERENT: &str = "tech1@ac-dijon.fr";

/// Declares the ways to call once, and lists them all.
macro_rules! ways_to_call {
    ($($name:ident,)*) => {
        /// Ways to call, and what each may at most: nothing with this status, or what this person may.
        #[derive(Clone, Copy, Debug)]
        enum Who { $($name,)* }

        use Who::{$($name,)*};

        const EVERYBODY: &[Who] = &[$($name,)*];
    };
}

ways_to_call! {
    NoCredentials,
    RequesterOnly,
    FormToken,
    MailToken,
    V1Signature,
    V1AsV2,
    NoSignature,
    WrongSecret,
    StaleTimestamp,
    OtherMethodSigned,
    OtherPathSigned,
    OtherQuerySigned,
    OtherBodySigned,
    SignedWithoutRequester,
    SignedByOwner,
    SignedByOther,
    SignedByReferent,
    UntrustedPeersHeader,
    ProxyWithoutPerson,
    ProxyWithoutSecret,
    ProxyWithTwoPeople,
    ProxyWithoutAddress,
    ProxyOwner,
    ProxyOther,
    ProxyOwnerNamingOther,
    ProxyOwnerFromAnotherSite,
    ProxyOwnerFromAnotherOrigin,
    ProxyOwnerFromOwnPage,
    OperatorsToken,
    CorrespondentsToken,
    ProxyOperator,
    ProxyCorrespondent,
    ReferentsToken,
    ProxyReferent,
    ProxyReferentOfGroup,
}

/// Whose rights a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// None: this status.
    None(u16),
    /// Those of a caller who names nobody.
    Caller,
    /// The owner's.
    Owner,
    /// Somebody else's.
    Stranger,
    /// An operator's, by a token or as a person, who otherwise is somebody else.
    Operator { is_person: bool },
    /// A correspondent's of the department 021, in the same way.
    Correspondent { is_person: bool },
    /// A référent's of LSU, in the same way.
    Referent { is_person: bool },
}

/// What a way to call gives, for a call that only reads, or one that changes something.
fn rights(who: Who, reads: bool) -> Rights {
    match who {
        NoCredentials | RequesterOnly | MailToken | V1Signature | V1AsV2 | NoSignature | WrongSecret
        | StaleTimestamp | OtherMethodSigned | OtherPathSigned | OtherQuerySigned | OtherBodySigned
        | UntrustedPeersHeader | ProxyWithoutPerson | ProxyWithoutSecret | ProxyWithTwoPeople | ProxyWithoutAddress => {
            Rights::None(401)
        }
        FormToken | SignedWithoutRequester => Rights::Caller,
        SignedByOwner | ProxyOwner | ProxyOwnerFromOwnPage => Rights::Owner,
        SignedByOther | ProxyOther => Rights::Stranger,
        OperatorsToken => Rights::Operator { is_person: false },
        ProxyOperator => Rights::Operator { is_person: true },
        CorrespondentsToken => Rights::Correspondent { is_person: false },
        ProxyCorrespondent => Rights::Correspondent { is_person: true },
        ReferentsToken => Rights::Referent { is_person: false },
        SignedByReferent | ProxyReferent | ProxyReferentOfGroup => Rights::Referent { is_person: true },
        ProxyOwnerFromAnotherSite | ProxyOwnerFromAnotherOrigin if reads => Rights::Owner,
        ProxyOwnerNamingOther | ProxyOwnerFromAnotherSite | ProxyOwnerFromAnotherOrigin => Rights::None(403),
    }
}

/// What is called, and how it answers its owner.
struct What {
    name: &'static str,
    method: Method,
    path: String,
    body: &'static str,
    /// The status for the owner.
    owner: u16,
    /// The status for somebody who is known and has no part in it.
    stranger: u16,
    /// The status for a caller who names nobody.
    caller: u16,
    /// The statuses for an operator, a correspondent and a référent, where one of them may more than anybody.
    in_charge: Option<[u16; 3]>,
}

fn reading(name: &'static str, path: String, owner: u16, stranger: u16) -> What {
    What { name, method: Method::GET, path, body: "", owner, stranger, caller: 401, in_charge: None }
}

fn saying(name: &'static str, path: String, body: &'static str, owner: u16) -> What {
    What { name, method: Method::POST, path, body, owner, stranger: 404, caller: 401, in_charge: None }
}

/// What a caller may read who names nobody.
fn open(name: &'static str, path: &str) -> What {
    What { caller: 200, ..reading(name, path.to_owned(), 200, 200) }
}

/// What people in charge see.
fn overseeing(name: &'static str, path: &str, in_charge: [u16; 3]) -> What {
    What { in_charge: Some(in_charge), ..reading(name, path.to_owned(), 403, 403) }
}

/// What people in charge say.
fn telling(name: &'static str, path: String, body: &'static str, in_charge: [u16; 3]) -> What {
    What { in_charge: Some(in_charge), stranger: 403, ..saying(name, path, body, 403) }
}

/// A form, which a portal may be trusted with by its token or signature alone.
fn handing_in(name: &'static str, body: &'static str, stranger: u16, caller: u16) -> What {
    What { stranger, caller, ..saying(name, FORMS.to_owned(), body, 201) }
}

const FORMS: &str = "/v1/requests";
const OWNERS_FORM: &str =
    "{\"requester\":\"ce.0210001A@ac-dijon.fr\",\"application\":\"LSU\",\"title\":\"Matrice\",\"description\":\"a\"}";
const FORM: &str = "{\"application\":\"LSU\",\"title\":\"Matrice\",\"description\":\"b\"}";
const FOLLOWUP: &str = "{\"description\":\"Les CM2\"}";
const ACCEPT: &str = "{\"decision\":\"accept\"}";
const ANNOUNCEMENTS: &str = "/v1/announcements";
/// For the portal alone, of LSU and of department 021: it is each one's in charge.
const TELL: &str = "{\"subject\":\"LSU\",\"text\":\"a\",\"zones\":[\"021\"],\"application\":\"LSU\",\
                    \"recipients\":\"none\",\"on_portal\":true,\"ends\":\"2037-01-01T00:00:00Z\",\"by\":\"x\"}";
/// The same of ONDE, for everybody: an operator's.
const TELL_ALL: &str = "{\"subject\":\"ONDE\",\"text\":\"a\",\"application\":\"ONDE\",\
                        \"recipients\":\"none\",\"on_portal\":true,\"ends\":\"2037-01-01T00:00:00Z\",\"by\":\"x\"}";
const WHOEVER: &str = "{\"by\":\"x\"}";
const CODE: &str = "{\"code\":\"X\",\"by\":\"x\"}";
const SENT: &str = "{\"decision\":\"sent\",\"by\":\"x\"}";
const ARTICLE: &str = "{\"article\":1}";
const REFUSE: &str = "{\"decision\":\"refuse\",\"reason\":\"Non\"}";

/// The objects, made anew for each caller, since some calls change them.
async fn everything(scene: &Scene) -> Vec<What> {
    let admin = Helpdesk::sign_in(&scene.sandbox.url(), "passerelle-admin", "passerelle").await;
    let deposit = async |requester: &str| {
        let content = json!([{"name": "a.txt", "content": "YQ=="}]);
        scene.deposit(requester, json!({"attachments": content})).await
    };
    let [own, pending, solved, refused, closed, binned] = [
        deposit(OWNER).await,
        deposit(OWNER).await,
        deposit(OWNER).await,
        deposit(OWNER).await,
        deposit(OWNER).await,
        deposit(OWNER).await,
    ];
    let to_withdraw = deposit(OWNER).await;
    let others = deposit(DIRECTORS[2]).await;
    let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
    let article = json!({"name": "Bilans", "answer": "<p>Ici.</p>", "is_faq": 1, "_visibility": readers});
    assert_eq!(admin.add("KnowbaseItem", article).await, 1);
    wait_until("the article is known", async || {
        let faq = scene.gateway.signed(Method::GET, "/v1/faq", b"").send().await.unwrap();
        faq.text().await.unwrap().contains("Bilans")
    })
    .await;
    scene.staff.add("Ticket_User", json!({"tickets_id": own, "users_id": 15, "type": 2})).await;
    let note =
        |private: u8| json!({"itemtype": "Ticket", "items_id": own, "content": "<p>x</p>", "is_private": private});
    let document_of = |followup: u64| {
        let staff = &scene.staff;
        async move {
            let links = staff.get(&format!("ITILFollowup/{followup}/Document_Item")).await;
            links[0]["documents_id"].as_u64().unwrap()
        }
    };
    let public = scene.staff.add_with_file("ITILFollowup", note(0), "public.txt", b"public").await;
    let private = scene.staff.add_with_file("ITILFollowup", note(1), "private.txt", b"private").await;
    let (public, private) = (document_of(public).await, document_of(private).await);
    let in_other = scene.staff.get(&format!("Ticket/{others}/Document_Item")).await;
    let in_other = in_other[0]["documents_id"].as_u64().unwrap();
    scene.staff.set_status(pending, 4).await;
    scene.staff.solve(solved, "<p>Fait.</p>").await;
    scene.staff.solve(refused, "<p>Fait.</p>").await;
    scene.staff.set_status(closed, 6).await;
    admin.bin(binned).await;
    let request = |number: u64| format!("/v1/requests/{number}");
    let document = |number: u64, document: u64| format!("/v1/requests/{number}/documents/{document}");
    let followups = |number: u64| format!("/v1/requests/{number}/followups");
    let approval = |number: u64| format!("/v1/requests/{number}/approval");
    let (theirs, anothers) = (tell(scene, TELL).await, tell(scene, TELL_ALL).await);
    let told = |reference: &str| format!("{ANNOUNCEMENTS}/{reference}");
    let deed = |reference: &str, deed: &str| format!("{ANNOUNCEMENTS}/{reference}/{deed}");
    let message = message_with_file(scene, DIRECTORS[0], "021").await;
    let elsewhere = message_with_file(scene, DIRECTORS[3], "058").await;
    vec![
        reading("the list", "/v1/requests".to_owned(), 200, 200),
        reading("a request", request(own), 200, 404),
        reading("a solved request", request(solved), 200, 404),
        reading("a closed request", request(closed), 200, 404),
        reading("a binned request", request(binned), 404, 404),
        reading("another's request", request(others), 404, 404),
        reading("no request", request(4_000_000_000), 404, 404),
        reading("a file of a public follow-up", document(own, public), 200, 404),
        reading("a file of a private follow-up", document(own, private), 404, 404),
        reading("another request's file", document(pending, public), 404, 404),
        reading("another's file", document(others, in_other), 404, 404),
        reading("a file of a binned request", document(binned, public), 404, 404),
        saying("add to a request", followups(own), FOLLOWUP, 201),
        saying("add to a pending request", followups(pending), FOLLOWUP, 201),
        saying("add to a solved request", followups(solved), FOLLOWUP, 201),
        saying("add to a closed request", followups(closed), FOLLOWUP, 409),
        saying("add to a binned request", followups(binned), FOLLOWUP, 404),
        saying("add to another's request", followups(others), FOLLOWUP, 404),
        saying("accept a solution", approval(solved), ACCEPT, 200),
        saying("refuse a solution", approval(refused), REFUSE, 200),
        saying("accept where nothing is solved", approval(own), ACCEPT, 409),
        saying("accept what is closed", approval(closed), ACCEPT, 409),
        saying("accept another's", approval(others), ACCEPT, 404),
        saying("withdraw a request", request(to_withdraw) + "/withdrawal", ARTICLE, 200),
        saying("withdraw a closed request", request(closed) + "/withdrawal", ARTICLE, 409),
        saying("withdraw another's", request(others) + "/withdrawal", ARTICLE, 404),
        What { stranger: 200, ..saying("say that an article helped", "/v1/faq/1/helped".to_owned(), "", 200) },
        open("the natures", "/v1/natures"),
        open("the FAQ", "/v1/faq"),
        open("the FAQ as Atom", "/v1/faq/feed.atom"),
        open("the FAQ as JSON Feed", "/v1/faq/feed.json"),
        What { caller: 404, ..reading("no article's picture", format!("/v1/faq/1/documents/{public}"), 404, 404) },
        overseeing("figures", "/v1/figures", [200, 200, 200]),
        overseeing("a department's figures", "/v1/figures?department=021", [200, 200, 403]),
        overseeing("a file of a department's figures", "/v1/figures/applications.csv?department=021", [200, 200, 403]),
        overseeing("another department's figures", "/v1/figures?department=058", [200, 403, 403]),
        overseeing("an application's figures", "/v1/figures?application=LSU", [200, 200, 200]),
        overseeing("another application's figures", "/v1/figures?application=ONDE", [200, 200, 403]),
        overseeing("the announcements", ANNOUNCEMENTS, [200, 200, 200]),
        overseeing("an announcement of theirs", &told(&theirs), [200, 200, 200]),
        overseeing("another's announcement", &told(&anothers), [200, 404, 404]),
        overseeing("no announcement", &told("P-7K3M-Q2XV-9D4T"), [404, 404, 404]),
        telling("tell theirs", ANNOUNCEMENTS.to_owned(), TELL, [202, 202, 202]),
        telling("tell all", ANNOUNCEMENTS.to_owned(), TELL_ALL, [202, 403, 403]),
        telling("confirm theirs", deed(&theirs, "confirmation"), CODE, [409, 403, 403]),
        telling("confirm another's", deed(&anothers, "confirmation"), CODE, [409, 404, 404]),
        telling("stop theirs", deed(&theirs, "stop"), WHOEVER, [409, 409, 409]),
        telling("stop another's", deed(&anothers, "stop"), WHOEVER, [409, 404, 404]),
        telling("send theirs again", deed(&theirs, "again"), WHOEVER, [409, 409, 409]),
        telling("send another's again", deed(&anothers, "again"), WHOEVER, [409, 404, 404]),
        telling("end theirs", deed(&theirs, "end"), WHOEVER, [200, 200, 200]),
        telling("end another's", deed(&anothers, "end"), WHOEVER, [200, 404, 404]),
        telling("decide theirs", deed(&theirs, "doubts"), SENT, [409, 403, 403]),
        telling("decide another's", deed(&anothers, "doubts"), SENT, [409, 404, 404]),
        reading("the messages", "/v1/messages".to_owned(), 200, 200),
        reading("a message's file", format!("/v1/messages/{message}/files/1"), 200, 200),
        reading("no file of a message", format!("/v1/messages/{message}/files/2"), 404, 404),
        reading("a file of another zone's message", format!("/v1/messages/{elsewhere}/files/1"), 404, 404),
        handing_in("hand in the owner's form", OWNERS_FORM, 403, 201),
        handing_in("hand in a form of nobody", FORM, 201, 422),
    ]
}

/// The rooms whose calls depend on whom they are made for.
const TAGS: [&str; 3] = ["portal", "announcements", "figures"];

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, found)| part.starts_with('{') || part == found)
}

/// A new call is nobody's before somebody has said here whose it is.
fn lacking(description: &Value, all: &[What]) -> Vec<String> {
    let mut lacking = Vec::new();
    let paths = description["paths"].as_object().unwrap();
    for (path, calls) in paths {
        for (method, call) in calls.as_object().unwrap() {
            let is_here = call["tags"].as_array().is_some_and(|tags| TAGS.iter().any(|tag| tags.contains(&json!(tag))));
            let is_it = |what: &What| {
                let asked = what.path.split('?').next().unwrap();
                // An address that is spelled out is no other one's.
                let is_spelled = asked != path && paths.contains_key(asked);
                what.method.as_str().eq_ignore_ascii_case(method) && !is_spelled && fits(path, asked)
            };
            if is_here && !all.iter().any(is_it) {
                lacking.push(format!("{method} {path}"));
            }
        }
    }
    lacking
}

/// Has an operator tell this; gives its name.
async fn tell(scene: &Scene, body: &str) -> String {
    let call = scene.gateway.call(Method::POST, ANNOUNCEMENTS).bearer_auth(OPERATORS);
    let answer = call.header("Content-Type", "application/json").body(body.to_owned()).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["reference"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// A message with a file for everybody of this department, as this director sees it; its number.
async fn message_with_file(scene: &Scene, director: &str, department: &str) -> u64 {
    let body = json!({
        "subject": "Fichier", "text": department, "zones": [department], "recipients": "none", "on_portal": true,
        "ends": "2037-01-01T00:00:00Z", "by": "x", "attachments": [{"name": "a.txt", "content": "YQ=="}],
    });
    tell(scene, &body.to_string()).await;
    let found = async || {
        let messages: Value = scene.get_as(director, "/v1/messages", "").await.json().await.unwrap();
        let messages = messages["messages"].as_array().unwrap().clone();
        messages.iter().find(|message| message["title"] == "Fichier").and_then(|message| message["id"].as_u64())
    };
    wait_until("the message is shown", async || found().await.is_some()).await;
    found().await.unwrap()
}

fn expected(who: Who, what: &What) -> u16 {
    let reads = what.method == Method::GET;
    match rights(who, reads) {
        // It covers a form's body, and is good for nothing else.
        Rights::None(_) if matches!(who, V1Signature) && !reads && what.path == FORMS => what.caller,
        Rights::None(status) => status,
        Rights::Caller => what.caller,
        Rights::Owner => what.owner,
        // A form of their own, but they direct no school.
        Rights::Operator { is_person: true }
        | Rights::Correspondent { is_person: true }
        | Rights::Referent { is_person: true }
            if what.body == FORM =>
        {
            422
        }
        Rights::Stranger => what.stranger,
        Rights::Operator { is_person } => in_charge(what, 0, is_person),
        Rights::Correspondent { is_person } => in_charge(what, 1, is_person),
        Rights::Referent { is_person } => in_charge(what, 2, is_person),
    }
}

/// What somebody in charge gets, by their place among these.
fn in_charge(what: &What, place: usize, is_person: bool) -> u16 {
    match (what.in_charge, is_person) {
        (Some(each), _) => each[place],
        // They see what they direct: nothing of these schools' messages.
        (None, true) if what.name == "a message's file" => 404,
        (None, true) => what.stranger,
        // Their token is for nothing else.
        (None, false) => 401,
    }
}

/// Makes the call of this way; `gateway` trusts this machine as a proxy where the way needs it.
fn call(who: Who, gateway: &Gateway, what: &What) -> RequestBuilder {
    let joined = if what.path.contains('?') { '&' } else { '?' };
    let named = |requester: &str| format!("{}{joined}requester={requester}", what.path);
    // Whoever calls as a person names nobody else.
    let spoken = match rights(who, false) {
        Rights::Operator { is_person: true }
        | Rights::Correspondent { is_person: true }
        | Rights::Referent { is_person: true } => what.body.replace(",\"by\":\"x\"", "").replace("\"by\":\"x\"", ""),
        _ => what.body.to_owned(),
    };
    let (method, body) = (what.method.clone(), spoken.as_bytes());
    let plain = |address: &str| gateway.call(method.clone(), address).body(spoken.clone());
    let proven = |call: RequestBuilder| call.header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
    let by_proxy = |person: &str| proven(plain(&what.path)).header("X-Remote-Mail", person);
    let signed = |requester: &str| gateway.signed(method.clone(), &named(requester), body);
    let of_other_call = |method: Method, address: &str, body: &[u8]| {
        let signed = gateway.signed(method, address, body).build().unwrap();
        let header = |name: &str| signed.headers()[name].clone();
        let call = plain(&named(OWNER)).header("X-Passerelle-Timestamp", header("X-Passerelle-Timestamp"));
        call.header("X-Passerelle-Signature", header("X-Passerelle-Signature"))
    };
    match who {
        NoCredentials => plain(&what.path),
        ProxyWithoutPerson => proven(plain(&what.path)),
        ProxyWithoutSecret => plain(&what.path).header("X-Remote-Mail", OWNER),
        RequesterOnly => plain(&named(OWNER)),
        FormToken => plain(&named(OWNER)).bearer_auth(FORM_TOKEN),
        MailToken => plain(&named(OWNER)).bearer_auth(MAIL_TOKEN),
        V1Signature => {
            let (time, signature) = Gateway::signature_v1(body);
            plain(&named(OWNER)).header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", signature)
        }
        V1AsV2 => {
            let (time, signature) = Gateway::signature_v1(body);
            let call = plain(&named(OWNER)).header("X-Passerelle-Timestamp", time);
            call.header("X-Passerelle-Signature", signature.replace("v1=", "v2="))
        }
        NoSignature => plain(&named(OWNER)).header("X-Passerelle-Timestamp", Timestamp::now().as_second().to_string()),
        WrongSecret => {
            let call = plain(&named(OWNER)).header("X-Passerelle-Timestamp", Timestamp::now().as_second().to_string());
            call.header("X-Passerelle-Signature", format!("v2={}", "0".repeat(64)))
        }
        StaleTimestamp => {
            let time = (Timestamp::now().as_second() - 310).to_string();
            gateway.signed_at(&time, method, &named(OWNER), body)
        }
        OtherMethodSigned => of_other_call(Method::PUT, &named(OWNER), body),
        OtherPathSigned => of_other_call(method.clone(), &format!("/v1/autre?requester={OWNER}"), body),
        OtherQuerySigned => of_other_call(method.clone(), &named(OTHER), body),
        OtherBodySigned => of_other_call(method.clone(), &named(OWNER), b"{}"),
        SignedWithoutRequester => gateway.signed(method, &what.path, body),
        SignedByOwner => signed(OWNER),
        SignedByOther => signed(OTHER),
        SignedByReferent => signed(REFERENT),
        UntrustedPeersHeader | ProxyOwner => by_proxy(OWNER),
        ProxyWithTwoPeople => by_proxy(OWNER).header("X-Remote-Mail", OTHER),
        ProxyWithoutAddress => by_proxy("Jeanne Martin"),
        ProxyOther => by_proxy(OTHER),
        ProxyOwnerNamingOther => proven(plain(&named(OTHER))).header("X-Remote-Mail", OWNER),
        ProxyOwnerFromAnotherSite => by_proxy(OWNER).header("Sec-Fetch-Site", "same-site"),
        ProxyOwnerFromAnotherOrigin => by_proxy(OWNER).header("Origin", "https://ailleurs.example"),
        ProxyOwnerFromOwnPage => by_proxy(OWNER).header("Sec-Fetch-Site", "same-origin"),
        OperatorsToken => plain(&what.path).bearer_auth(OPERATORS),
        CorrespondentsToken => plain(&what.path).bearer_auth("correspondents-token"),
        ProxyOperator => by_proxy("chef@ac-dijon.fr"),
        ProxyCorrespondent => by_proxy("ien.dijon@ac-dijon.fr"),
        ReferentsToken => plain(&what.path).bearer_auth("referents-token-for-tests"),
        ProxyReferent => by_proxy("referent.lsu@ac-dijon.fr"),
        ProxyReferentOfGroup => by_proxy(REFERENT),
    }
}

/// Whether the gateway shall trust this machine as a proxy.
fn is_proxied(who: Who) -> bool {
    matches!(
        who,
        ProxyWithoutPerson
            | ProxyWithoutSecret
            | ProxyWithTwoPeople
            | ProxyWithoutAddress
            | ProxyOwner
            | ProxyOther
            | ProxyOwnerNamingOther
            | ProxyOwnerFromAnotherSite
            | ProxyOwnerFromAnotherOrigin
            | ProxyOwnerFromOwnPage
            | ProxyOperator
            | ProxyCorrespondent
            | ProxyReferent
            | ProxyReferentOfGroup
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_gets_what_its_caller_may_and_nothing_else() {
    let (mut cells, mut wrong) = (0, Vec::new());
    let tokens = format!("operators:{OPERATORS},021:correspondents-token,LSU:referents-token-for-tests");
    for &who in EVERYBODY {
        let proxies = if is_proxied(who) { "127.0.0.0/8" } else { "10.0.0.0/8" };
        let settings = [
            ("http.trusted_proxies", proxies),
            ("http.form_tokens", FORM_TOKEN),
            ("quota.per_day", "1000"),
            ("people.operators", "chef@ac-dijon.fr"),
            ("people.correspondents.021", "ien.dijon@ac-dijon.fr"),
            ("people.referents.lsu", "Référents-LSU,referent.lsu@ac-dijon.fr"),
            ("people.tokens", tokens.as_str()),
            ("figures.refresh", "100ms"),
            ("announcements.enabled", "true"),
            ("announcements.refresh", "20ms"),
            ("knowledge.every", "50ms"),
        ];
        let scene = Scene::with(&settings).await;
        // A department is known by a request from there.
        for director in [DIRECTORS[1], DIRECTORS[3]] {
            scene.deposit(director, json!({})).await;
        }
        for department in ["021", "058"] {
            let address = format!("/v1/figures/applications.csv?department={department}");
            wait_until("a department is known", async || {
                let asked = scene.gateway.call(Method::GET, &address).bearer_auth(OPERATORS);
                asked.send().await.unwrap().status() == 200
            })
            .await;
        }
        let all = everything(&scene).await;
        let description: Value = serde_json::from_str(&scene.gateway.get("/openapi.json").await.1).unwrap();
        assert_eq!(lacking(&description, &all), [""; 0], "calls without a row");
        for what in all {
            let call = call(who, &scene.gateway, &what).header("Content-Type", "application/json");
            let answer = call.send().await.unwrap();
            let status = answer.status().as_u16();
            let is_problem = answer.headers()["content-type"] == "application/problem+json";
            if status != expected(who, &what) || is_problem != (status >= 400) {
                let body = answer.text().await.unwrap();
                wrong.push(format!("{who:?}, {}: {status} instead of {}: {body}", what.name, expected(who, &what)));
            }
            cells += 1;
        }
        // Whoever may not has changed nothing.
        if rights(who, false) != Rights::Owner {
            let changed = scene
                .sandbox
                .tickets()
                .into_iter()
                .find(|ticket| ticket.followups.iter().any(|followup| followup.content.contains("portail")));
            assert!(changed.is_none(), "{who:?}: {changed:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cells, 35 * 60);
}
