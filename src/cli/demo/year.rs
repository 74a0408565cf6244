//! A year of made-up requests, so that the figures show something: the same each time, but for today.

use jiff::{Span, civil::DateTime};
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};

use crate::{
    id::{FollowupId, GroupId},
    lifecycle::note::{Cause, MoveNote, Note},
    request::Direction,
};

/// Days before today, and requests of one call.
const DAYS: i32 = 450;
const AT_ONCE: usize = 500;
/// The gateway's account, who made these requests, and one that works on them; each is its own password, or as told.
const GATEWAY: (&str, &str) = ("passerelle", "passerelle");
const STAFF: (&str, &str) = ("passerelle-admin", "passerelle");
/// The group that requests are handed on to, and one in so many that is; one in so many whose solution is refused, and
/// that waited for its requester.
const ABOVE: (u64, &str) = (2, "DSI-BAI");
const ONE_ESCALATED: u64 = 25;
const ONE_REFUSED: u64 = 40;
const ONE_WAITED: u64 = 4;
/// Each with its numbers of category and group in the stand-in, its requests of a busy day, and what they are about.
const APPLICATIONS: [(&str, u64, u64, u64, [&str; 4]); 4] = [
    (
        "LSU",
        2,
        1,
        9,
        ["Impossible de valider les bilans", "Import des élèves en erreur", "Accès refusé", "Livret d’un élève parti"],
    ),
    ("ONDE", 3, 4, 6, ["Élève à radier", "Passage d’année bloqué", "Accès refusé", "Base élèves incomplète"]),
    ("ECECA", 4, 5, 3, ["Liste électorale à corriger", "Saisie des résultats", "Page blanche", "Accès refusé"]),
    ("APAE", 5, 6, 2, ["Projet d’accompagnement à clore", "Pièce jointe refusée", "Accès refusé", "Page blanche"]),
];
const DEPARTMENTS: [(&str, [&str; 3]); 4] = [
    ("021", ["Dijon Nord", "Dijon Sud", "Beaune"]),
    ("058", ["Nevers", "Clamecy", "Cosne"]),
    ("071", ["Mâcon", "Autun", "Chalon"]),
    ("089", ["Auxerre", "Sens", "Avallon"]),
];
/// Working hours of the stand-in's day at which requests come.
const HOURS: [u64; 9] = [8, 9, 9, 10, 10, 11, 14, 15, 16];

/// What the gateway would write.
const CONTENT: &str = include_str!("request.html");

/// Numbers that look like chance and are the same each time (xorshift64*, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % end
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or_default()).copied()
    }
}

/// A request, and what became of it.
struct Made {
    input: Value,
    /// Who asked that it goes on, and the group it was with.
    escalated: Option<(Cause, String)>,
    /// Whether its requester refused a solution.
    is_refused: bool,
}

/// Somebody signed in at the stand-in.
struct Session {
    client: Client,
    api: String,
    token: String,
}

impl Session {
    async fn open(client: &Client, sandbox: &Url, (login, password): (&str, &str)) -> reqwest::Result<Self> {
        let api = format!("{sandbox}apirest.php");
        let call = client.get(format!("{api}/initSession")).basic_auth(login, Some(password));
        let answer: Value = call.send().await?.error_for_status()?.json().await?;
        let token = answer["session_token"].as_str().unwrap_or_default().to_owned();
        Ok(Self { client: client.clone(), api, token })
    }

    /// Sends these items, in as many calls as they take.
    async fn send(&self, method: &Method, kind: &str, inputs: &[Value]) -> reqwest::Result<Vec<u64>> {
        let mut ids = Vec::new();
        for some in inputs.chunks(AT_ONCE) {
            let call = self.client.request(method.clone(), format!("{}/{kind}", self.api));
            let call = call.header("Session-Token", &self.token).json(&json!({ "input": some }));
            let answer: Value = call.send().await?.error_for_status()?.json().await?;
            ids.extend(answer.as_array().into_iter().flatten().filter_map(|made| made["id"].as_u64()));
        }
        Ok(ids)
    }
}

/// Makes them in the stand-in at this address: of what says where a request is from, only what the gateway wrote is
/// believed, so they are its account's.
///
/// # Errors
///
/// Where it does not take them.
pub(super) async fn fill(sandbox: &Url, now: DateTime) -> reqwest::Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let gateway = Session::open(&client, sandbox, GATEWAY).await?;
    let staff = Session::open(&client, sandbox, STAFF).await?;
    let all = requests(now);
    let inputs: Vec<Value> = all.iter().map(Made::created).collect();
    let ids = gateway.send(&Method::POST, "Ticket", &inputs).await?;
    let made = || ids.iter().zip(&all);
    let notes: Vec<Value> = made().filter_map(|(id, made)| made.note(*id)).collect();
    gateway.send(&Method::POST, "ITILFollowup", &notes).await?;
    // A solution is refused by a word after it; what that changes of the ticket is set back.
    let refused = || made().filter(|(_, made)| made.is_refused);
    let solutions: Vec<Value> = refused().map(|(id, made)| made.word(*id, "C’est fait.", false)).collect();
    staff.send(&Method::POST, "ITILSolution", &solutions).await?;
    let refusals: Vec<Value> =
        refused().map(|(id, made)| made.word(*id, "Cela ne marche toujours pas.", true)).collect();
    staff.send(&Method::POST, "ITILFollowup", &refusals).await?;
    for fields in [&["status"][..], &["solvedate", "takeintoaccount_delay_stat", "takeintoaccountdate"]] {
        let set: Vec<Value> = refused().map(|(id, made)| made.end(*id, fields)).collect();
        staff.send(&Method::PUT, "Ticket", &set).await?;
    }
    Ok(())
}

impl Made {
    /// What it is made from: a solution can be given, and refused, only while it has none.
    fn created(&self) -> Value {
        let mut input = self.input.clone();
        if self.is_refused {
            input["status"] = 2.into();
        }
        input
    }

    /// The gateway's note of its escalation.
    fn note(&self, ticket: u64) -> Option<Value> {
        let (cause, from) = self.escalated.as_ref()?;
        let note = Note::Move(MoveNote {
            direction: Direction::Up,
            done: true,
            given_up: None,
            from: from.clone(),
            to: ABOVE.1.to_owned(),
            target: GroupId::new(ABOVE.0),
            asked: "Demandée par Claude Morel.".to_owned(),
            reason: "Le service national ne répond pas.".to_owned(),
            cause: *cause,
            untaken: false,
        });
        Some(json!({
            "itemtype": "Ticket", "items_id": ticket, "content": note.html(), "is_private": 1,
            "date": self.input["date"], "_do_not_compute_takeintoaccount": 1,
        }))
    }

    /// A word in its ticket, of the time it was opened.
    fn word(&self, ticket: u64, text: &str, reopens: bool) -> Value {
        let mut word = json!({
            "itemtype": "Ticket", "items_id": ticket, "content": format!("<p>{text}</p>"), "date": self.input["date"],
            "date_creation": self.input["date"], "_do_not_compute_takeintoaccount": 1,
        });
        if reopens {
            word["add_reopen"] = 1.into();
        }
        word
    }

    fn end(&self, ticket: u64, fields: &[&str]) -> Value {
        let of_end = fields.iter().map(|field| ((*field).to_owned(), self.input[*field].clone()));
        let more = [("id".to_owned(), json!(ticket)), ("_do_not_compute_takeintoaccount".to_owned(), json!(1))];
        Value::Object(of_end.chain(more).collect())
    }
}

fn requests(now: DateTime) -> Vec<Made> {
    let mut dice = Dice(2026);
    let mut all = Vec::new();
    for back in (1..=DAYS).rev() {
        let day = now.date().saturating_sub(Span::new().days(back));
        // Nobody writes at weekends and in summer, and less on Wednesdays; September is full.
        let percent = match (day.month(), day.weekday().to_monday_zero_offset()) {
            (_, 5 | 6) | (8, _) => 0,
            (9, _) => 160,
            (7, _) => 30,
            (_, 2) => 40,
            _ => 100,
        };
        for (application, category, group, busy, subjects) in APPLICATIONS {
            for _ in 0..(busy * percent / 100 + dice.below(3)) * u64::from(percent > 0) {
                let asked = request(&mut dice, day, (application, category, group), &subjects, back > 2);
                all.extend(asked);
            }
        }
    }
    all
}

fn request(
    dice: &mut Dice,
    day: jiff::civil::Date,
    (application, category, group): (&str, u64, u64),
    subjects: &[&str],
    is_over: bool,
) -> Option<Made> {
    let (department, circonscriptions) = dice.pick(&DEPARTMENTS)?;
    // Some schools ask often, many seldom.
    let school = dice.below(40).min(dice.below(40));
    let uai = format!("{department}{:04}A", 100 + school);
    let circonscription = dice.pick(&circonscriptions)?;
    let subject = dice.pick(subjects)?;
    let channel = dice.pick(&["courriel", "courriel", "formulaire"])?;
    let hour = i8::try_from(dice.pick(&HOURS)?).ok()?;
    let opened = day.at(hour, i8::try_from(dice.below(60)).ok()?, 0, 0);
    let taken_after = 600 + dice.below(30_000);
    let solved_after = i64::try_from(taken_after + 3600 + dice.below(400_000)).ok()?;
    let nature = subject.split(' ').next().unwrap_or_default().to_lowercase();
    let (day, school) = (opened.strftime("%d/%m/%Y").to_string(), school.to_string());
    let values = [
        ("channel", channel),
        ("day", &day),
        ("uai", &uai),
        ("school", &school),
        ("circonscription", circonscription),
        ("department", department),
        ("application", application),
        ("nature", &nature),
        ("subject", subject),
    ];
    let content =
        values.iter().fold(CONTENT.to_owned(), |content, (name, value)| content.replace(&format!("%{name}%"), value));
    let text = |moment: DateTime| moment.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let waited = if dice.below(ONE_WAITED) == 0 { 3600 + dice.below(taken_after) } else { 0 };
    let escalated = (is_over && dice.below(ONE_ESCALATED) == 0)
        .then_some(())
        .and_then(|()| dice.pick(&[Cause::Rule, Cause::Rule, Cause::Api, Cause::Followup(FollowupId::new(1))]))
        .map(|cause| (cause, format!("Référents-{application}")));
    let is_refused = is_over && escalated.is_none() && dice.below(ONE_REFUSED) == 0;
    let mut input = json!({
        "name": format!("{application} : {subject}"), "content": content, "itilcategories_id": category,
        "date": text(opened), "date_mod": text(opened), "status": 2, "takeintoaccount_delay_stat": taken_after,
        "takeintoaccountdate": text(opened.saturating_add(Span::new().seconds(i64::try_from(taken_after).ok()?))),
        "waiting_duration": waited, "_do_not_compute_takeintoaccount": 1,
        "_groups_id_assign": if escalated.is_some() { ABOVE.0 } else { group },
    });
    if is_over {
        input["status"] = 6.into();
        input["solvedate"] = text(opened.saturating_add(Span::new().seconds(solved_after))).into();
    }
    Some(Made { input, escalated, is_refused })
}
