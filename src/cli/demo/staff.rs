//! The helpdesk's people of the demonstration: they work in the stand-in over GLPI's own REST API.

use miette::{IntoDiagnostic as _, Result, miette};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

/// The technician of the stand-in: account and login.
const TECHNICIAN: i64 = 15;
const TECHNICIAN_LOGIN: &str = "tech1";
/// The account that may change everything.
const ADMINISTRATOR_LOGIN: &str = "glpi";
/// The account of the portal's visitor, and the group that requests are handed on to.
const DIRECTOR: i64 = 10;
const BAI: i64 = 2;
/// GLPI's profile «Technician».
const TECHNICIANS: i64 = 6;
/// GLPI's role of who is assigned.
const ASSIGNED: i64 = 2;

/// What the FAQ answers already.
const ARTICLES: [(&str, &str); 3] = [
    (
        "Comment valider les bilans dans LSU\u{a0}?",
        "<p>Ouvrez le menu <b>Bilans</b>, choisissez la période, puis «\u{a0}Valider\u{a0}». Un bouton grisé signale un \
         bilan incomplet\u{a0}: la colonne de droite dit lequel.</p>",
    ),
    (
        "Où trouver la clé OTP pour ONDE\u{a0}?",
        "<p>La clé est remise par votre circonscription. Perdue ou expirée, elle se remplace sur demande\u{a0}: choisissez \
         «\u{a0}ONDE\u{a0}: accès et clé OTP\u{a0}».</p>",
    ),
    (
        "Quand saisir les résultats des élections (ECECA)\u{a0}?",
        "<p>Le jour même, dès le dépouillement, et au plus tard le lendemain à midi.</p>",
    ),
];

/// Something that the helpdesk does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// The technician takes it in charge.
    Take,
    /// The technician asks its requester something, and waits.
    Ask(&'static str),
    /// The technician waits for the editor.
    Hold,
    /// The technician proposes a solution.
    Solve(&'static str),
}

/// The technician, and what they work with.
pub(super) struct Staff {
    technician: Session,
    /// GLPI's reasons to wait for the requester, and for the editor.
    for_requester: i64,
    for_editor: i64,
}

impl Staff {
    /// Sets the helpdesk up: names, a colleague in the group that requests are handed on to, reasons to wait, articles.
    ///
    /// # Errors
    ///
    /// Where the stand-in refuses.
    pub(super) async fn prepare(glpi: &Url, client: &Client) -> Result<Self> {
        let admin = Session::open(glpi, client, ADMINISTRATOR_LOGIN).await?;
        for (account, first, last) in [(TECHNICIAN, "Claude", "Morel"), (DIRECTOR, "Aurore", "Sand")] {
            let name = json!({"firstname": first, "realname": last});
            admin.send(Method::PUT, &format!("User/{account}"), &name).await?;
        }
        let colleague = json!({"name": "abernard", "firstname": "Alice", "realname": "Bernard", "language": "fr_FR"});
        let colleague = admin.add("User", &colleague).await?;
        let address = json!({"users_id": colleague, "email": "alice.bernard@ac-dijon.fr", "is_default": 1});
        admin.add("UserEmail", &address).await?;
        let profile = json!({"users_id": colleague, "profiles_id": TECHNICIANS, "entities_id": 0, "is_recursive": 1});
        admin.add("Profile_User", &profile).await?;
        admin.add("Group_User", &json!({"users_id": colleague, "groups_id": BAI})).await?;
        for (question, answer) in ARTICLES {
            let readers = json!({"_type": "Entity", "entities_id": 0, "is_recursive": 1});
            let article = json!({"name": question, "answer": answer, "is_faq": 1, "_visibility": readers});
            admin.add("KnowbaseItem", &article).await?;
        }
        let for_requester = admin.add("PendingReason", &json!({"name": "Attente du demandeur"})).await?;
        let for_editor = admin.add("PendingReason", &json!({"name": "Attente de l’éditeur"})).await?;
        let technician = Session::open(glpi, client, TECHNICIAN_LOGIN).await?;
        Ok(Self { technician, for_requester, for_editor })
    }

    /// Does something with a ticket.
    ///
    /// # Errors
    ///
    /// Where the stand-in refuses.
    pub(super) async fn act(&self, ticket: i64, act: Act) -> Result<()> {
        let staff = &self.technician;
        match act {
            Act::Take => {
                let link = json!({"tickets_id": ticket, "users_id": TECHNICIAN, "type": ASSIGNED});
                staff.add("Ticket_User", &link).await?;
            }
            Act::Ask(question) => {
                let word = json!({
                    "itemtype": "Ticket", "items_id": ticket, "content": format!("<p>{question}</p>"),
                    "pending": 1, "pendingreasons_id": self.for_requester,
                });
                staff.add("ITILFollowup", &word).await?;
            }
            Act::Hold => {
                let word = json!({
                    "itemtype": "Ticket", "items_id": ticket, "content": "<p>Signalé à l’éditeur.</p>", "is_private": 1,
                    "pending": 1, "pendingreasons_id": self.for_editor,
                });
                staff.add("ITILFollowup", &word).await?;
            }
            Act::Solve(solution) => {
                let solution =
                    json!({"itemtype": "Ticket", "items_id": ticket, "content": format!("<p>{solution}</p>")});
                staff.add("ITILSolution", &solution).await?;
            }
        }
        Ok(())
    }
}

/// Somebody signed in at the stand-in.
struct Session {
    client: Client,
    api: String,
    token: String,
}

impl Session {
    /// Signs an account in, whose password is its login.
    async fn open(glpi: &Url, client: &Client, login: &str) -> Result<Self> {
        let api = format!("{glpi}apirest.php");
        let call = client.get(format!("{api}/initSession")).basic_auth(login, Some(login));
        let answer: Value = call.send().await.into_diagnostic()?.json().await.into_diagnostic()?;
        let token = answer["session_token"].as_str().ok_or_else(|| miette!("{login} is not let in: {answer}"))?;
        Ok(Self { client: client.clone(), api, token: token.to_owned() })
    }

    async fn send(&self, method: Method, path: &str, input: &Value) -> Result<Value> {
        let call = self.client.request(method, format!("{}/{path}", self.api)).header("Session-Token", &self.token);
        let answer = call.json(&json!({ "input": input })).send().await.into_diagnostic()?;
        let status = answer.status();
        let answer: Value = answer.json().await.into_diagnostic()?;
        if status.is_success() { Ok(answer) } else { Err(miette!("the stand-in refuses {path}: {status} {answer}")) }
    }

    /// Makes an item; gives its number.
    async fn add(&self, kind: &str, input: &Value) -> Result<i64> {
        let answer = self.send(Method::POST, kind, input).await?;
        answer["id"].as_i64().ok_or_else(|| miette!("the stand-in made no {kind}: {answer}"))
    }
}
