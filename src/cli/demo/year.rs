//! A year of made-up requests, so that the figures show something: the same each time, but for today.

use jiff::{Span, civil::DateTime};
use reqwest::{Client, Url};
use serde_json::{Value, json};

/// Days before today, and requests of one call.
const DAYS: i32 = 450;
const AT_ONCE: usize = 500;
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

/// Makes them in the stand-in at this address.
///
/// # Errors
///
/// Where it does not take them.
pub(super) async fn fill(sandbox: &Url, now: DateTime) -> reqwest::Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let api = format!("{sandbox}apirest.php");
    let session = client.get(format!("{api}/initSession")).basic_auth("passerelle-admin", Some("passerelle"));
    let session: Value = session.send().await?.error_for_status()?.json().await?;
    let token = session["session_token"].as_str().unwrap_or_default();
    for some in requests(now).chunks(AT_ONCE) {
        let call = client.post(format!("{api}/Ticket")).header("Session-Token", token);
        call.json(&json!({ "input": some })).send().await?.error_for_status()?;
    }
    Ok(())
}

fn requests(now: DateTime) -> Vec<Value> {
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
) -> Option<Value> {
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
    let mut input = json!({
        "name": format!("{application} : {subject}"), "content": content, "itilcategories_id": category,
        "date": text(opened), "date_mod": text(opened), "status": 2, "takeintoaccount_delay_stat": taken_after,
        "takeintoaccountdate": text(opened), "_groups_id_assign": group, "_do_not_compute_takeintoaccount": 1,
    });
    if is_over {
        input["status"] = 6.into();
        input["solvedate"] = text(opened.saturating_add(Span::new().seconds(solved_after))).into();
    }
    Some(input)
}
