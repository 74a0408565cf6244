//! A GLPI of many tickets that were made up, and what is to be counted of each, from the same dice.

use std::{fmt::Write as _, iter};

use jiff::{Span, civil::DateTime, tz::TimeZone};
use passerelle::{
    figures::{EscalatedBy, FigureNames, NEVER, TicketFacts, UNKNOWN, Way, minutes, title_words},
    sandbox::Sandbox,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{dice::Dice, helpdesk::Helpdesk};

/// Tickets of one call.
const AT_ONCE: usize = 500;
/// Each with GLPI's numbers of its category and its group, and the group's name.
const APPLICATIONS: [(&str, u64, u64, &str); 4] = [
    ("LSU", 2, 1, "Référents-LSU"),
    ("ONDE", 3, 4, "Référents-ONDE"),
    ("ECECA", 4, 5, "Référents-ECECA"),
    ("APAE", 5, 6, "Référents-APAE"),
];
const DEPARTMENTS: [&str; 4] = ["021", "058", "071", "089"];
const SUBJECTS: [&str; 6] = [
    "Impossible de valider les bilans",
    "Accès refusé",
    "Import des élèves en erreur",
    "Mot de passe perdu",
    "Page blanche après connexion",
    "Demande d'information",
];

/// Of these are the names that titles bear, of pupils, teachers and schools: tens of thousands among many tickets.
const SYLLABLES: [&str; 19] = [
    "ba", "char", "del", "fon", "gui", "jou", "ker", "lam", "mar", "nau", "pel", "quin", "ros", "sau", "ther", "val",
    "vau", "yven", "zel",
];

/// What is to be counted of all tickets.
#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) facts: Vec<TicketFacts>,
    pub(crate) names: FigureNames,
}

/// Makes so many tickets, opened in the 800 days before `now`, and gives what is to be counted of them.
pub(crate) async fn fill(sandbox: &Sandbox, dice: &mut Dice, many: usize, now: DateTime) -> Truth {
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let gateway = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    let mut truth = Truth::default();
    let (mut escalated, mut refused) = (Vec::new(), Vec::new());
    let mut first = 0;
    while first < many {
        let size = AT_ONCE.min(many - first);
        let (inputs, told): (Vec<Value>, Vec<Told>) = (0..size).map(|_| ticket(dice, &mut truth.names, now)).unzip();
        // What the gateway has made opens as its tickets do; whoever else writes that only says so.
        let (own, others): (Vec<_>, Vec<_>) =
            inputs.into_iter().zip(told).partition(|(_, told)| told.facts.way != Way::Other);
        for (writer, some) in [(&gateway, own), (&staff, others)] {
            let (inputs, told): (Vec<Value>, Vec<Told>) = some.into_iter().unzip();
            let made = writer.call(Method::POST, "Ticket", Value::from(inputs)).await;
            for (made, told) in made.as_array().unwrap().iter().zip(told) {
                let id = made["id"].as_u64().unwrap();
                escalated.extend(told.facts.escalated_by.map(|by| note(id, by, told.group)));
                if let Some(end) = told.end {
                    refused.push((id, end));
                }
                truth.facts.push(told.facts);
            }
        }
        first += size;
    }
    for notes in escalated.chunks(AT_ONCE) {
        gateway.call(Method::POST, "ITILFollowup", Value::from(notes.to_vec())).await;
    }
    for some in refused.chunks(AT_ONCE) {
        let each =
            |input: &dyn Fn(u64) -> Value| Value::from(some.iter().map(|(id, _)| input(*id)).collect::<Vec<_>>());
        let said = |id: u64, more: Value| {
            let mut input = json!({"itemtype": "Ticket", "items_id": id, "content": "<p>Non</p>"});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        staff.call(Method::POST, "ITILSolution", each(&|id| said(id, json!({})))).await;
        staff.call(Method::POST, "ITILFollowup", each(&|id| said(id, json!({"add_reopen": 1})))).await;
        // What that changed of the ticket is as it was to be: first its status, which changes dates.
        for fields in [
            &["status"][..],
            &["solvedate", "solve_delay_stat", "takeintoaccount_delay_stat", "takeintoaccountdate", "waiting_duration"],
        ] {
            let set = some.iter().map(|(id, end)| {
                let of_end = fields.iter().map(|field| ((*field).to_owned(), end[*field].clone()));
                Value::Object(of_end.chain([("id".to_owned(), json!(id))]).collect())
            });
            staff.call(Method::PUT, "Ticket", Value::from(set.collect::<Vec<_>>())).await;
        }
    }
    truth
}

/// A subject as people write it: with or without accents, in capitals, and most often with a name or two.
pub(crate) fn subject(dice: &mut Dice) -> String {
    let subject = dice.pick(&SUBJECTS);
    let written = match dice.below(4) {
        0 => subject.to_uppercase(),
        1 => subject.replace(['é', 'è'], "e"),
        _ => subject.to_owned(),
    };
    let names = (0..dice.below(3)).map(|_| name(dice));
    iter::once(written).chain(names).collect::<Vec<_>>().join(" ")
}

fn name(dice: &mut Dice) -> String {
    let parts = dice.pick(&[3, 4, 4, 4]);
    let name: String = (0..parts).map(|_| dice.pick(&SYLLABLES)).collect();
    if dice.one_in(2) { name.to_uppercase() } else { format!("{}{}", name[..1].to_uppercase(), &name[1..]) }
}

struct Told {
    facts: TicketFacts,
    group: &'static str,
    /// Of one whose solution is refused: how it is afterwards.
    end: Option<Value>,
}

/// What the gateway writes into a ticket that it has escalated.
pub(crate) fn note(ticket: u64, by: EscalatedBy, group: &str) -> Value {
    let cause = match by {
        EscalatedBy::Api => "demande par l'API",
        EscalatedBy::CommandLine => "demande en ligne de commande",
        EscalatedBy::Referent => "suivi n°\u{a0}12",
        EscalatedBy::Rule => "règle de délai",
    };
    let content = format!(
        "<p><strong>Escalade effectuée : {group} → DSI-BAI</strong></p><p>Demandée par Jeanne le 3 novembre.</p>\
         <p>Motif : Le serveur ne répond plus</p><p><em>Passerelle : escalade vers le groupe n°\u{a0}2 ; {cause}.</em></p>"
    );
    json!({"itemtype": "Ticket", "items_id": ticket, "content": content, "is_private": 1,
        "_do_not_compute_takeintoaccount": 1})
}

/// A ticket as GLPI gets it, and what is to be counted of it.
fn ticket(dice: &mut Dice, names: &mut FigureNames, now: DateTime) -> (Value, Told) {
    let opened = now - Span::new().minutes(i64::try_from(dice.below(800 * 1440)).unwrap());
    let opened = opened.with().second(0).subsec_nanosecond(0).build().unwrap();
    let (application, category, assigned, group) = dice.pick(&APPLICATIONS);
    let nature = format!("{application} : {}", dice.pick(&["accès", "saisie", "import et export"]));
    let department = dice.pick(&DEPARTMENTS);
    let school = dice.below(60);
    let uai = format!("{department}{school:04}{}", char::from(b'A' + u8::try_from(school % 23).unwrap()));
    let circonscription = format!("{department} n°{}", school % 5);
    let title = format!("{application} : {}", subject(dice));
    let way = dice.pick(&[Way::Mail, Way::Mail, Way::Form, Way::Other]);
    let is_unsaid = way == Way::Other && dice.one_in(2);
    let content = match way {
        Way::Other if dice.one_in(4) => opening("formulaire", "Fausse (0990001A)", "Fausse", "099", "FAUX", "FAUX"),
        Way::Other => "<p>Bonjour</p>".to_owned(),
        Way::Mail | Way::Form => {
            let channel = if way == Way::Form { "formulaire" } else { "courriel" };
            opening(channel, &format!("École {uai} ({uai})"), &circonscription, department, application, &nature)
        }
    };
    let is_over = dice.below(10) < 8;
    let (taken_after, waited) = (dice.below(200_000), dice.below(4) * 3600);
    let solved_after = 4 * 3600 + i64::try_from(dice.below(20 * 86_400)).unwrap();
    let solved = opened + Span::new().seconds(solved_after);
    let took = u64::try_from(clock(opened, solved)).unwrap();
    // A GLPI counts by the clock, or by a calendar of its own, as other seconds, and says when since 10.0.4.
    let counts = if dice.one_in(3) { 2 } else { 1 };
    let taken = (taken_after > 0 && (counts > 1 || dice.one_in(2)))
        .then(|| opened + Span::new().seconds(i64::try_from(taken_after).unwrap()));
    let charge = taken.map_or(taken_after, |taken| u64::try_from(clock(opened, taken)).unwrap());
    let is_escalated = dice.one_in(12);
    let escalated_by = is_escalated
        .then(|| dice.pick(&[EscalatedBy::Referent, EscalatedBy::Rule, EscalatedBy::Api, EscalatedBy::CommandLine]));
    let refusals = u8::from(dice.one_in(30));
    let mut input = json!({
        "name": title, "content": content, "date": text(opened), "date_mod": text(opened), "itilcategories_id": category,
        "status": if is_over { 5 + dice.below(2) } else { 1 + dice.below(4) },
        "takeintoaccount_delay_stat": counts * taken_after, "takeintoaccountdate": taken.map(text),
        "waiting_duration": counts * waited, "solve_delay_stat": 0,
        "_groups_id_assign": if is_escalated { 2 } else { assigned },
        "_do_not_compute_takeintoaccount": 1,
    });
    if is_over {
        input["solvedate"] = text(solved).into();
        input["solve_delay_stat"] = (counts * took.saturating_sub(waited)).into();
    }
    let end = (refusals > 0).then(|| input.clone());
    if refusals > 0 {
        input["status"] = 2.into();
    }
    let (mut place, mut asked) =
        ((UNKNOWN, UNKNOWN, UNKNOWN), names.natures.number(&passerelle::text::french::printed(&nature)));
    match way {
        Way::Mail | Way::Form => {
            let its = names.departments.number(department);
            place = (names.schools.number(&uai), its, names.circonscriptions.number(&circonscription, its));
            names.note_school(place.0, &format!("École {uai} ({uai})"), place.1, place.2);
        }
        Way::Other => {
            // Without an opening, the category says what it is about…
            asked = names.natures.number(application);
            if !is_unsaid {
                // … and the address whose it is.
                let address = format!("ce.{uai}@ac-dijon.fr");
                input["_users_id_requester"] = json!([0]);
                input["_users_id_requester_notif"] = json!({"use_notification": [1], "alternative_email": [address]});
                place = (names.schools.number(&uai), names.departments.number(department), UNKNOWN);
                names.note_school(place.0, "", place.1, UNKNOWN);
            }
        }
    }
    let mut words = [UNKNOWN; passerelle::figures::WORDS];
    for (place, word) in words.iter_mut().zip(title_words(&title)) {
        *place = names.note_word(&word);
    }
    let facts = TicketFacts {
        opened: minutes(opened),
        charge: if taken_after == 0 { NEVER } else { u32::try_from(charge).unwrap() },
        solution: if is_over { u32::try_from(took.saturating_sub(waited)).unwrap() } else { NEVER },
        words,
        school: place.0,
        department: place.1,
        circonscription: place.2,
        application: names.applications.number(application),
        nature: asked,
        escalated_from: if is_escalated { names.groups.number(group) } else { UNKNOWN },
        escalated_by,
        refusals,
        // GLPI's own rule gives each ticket of LSU to its référents, too: the lowest level counts.
        level: u8::from(is_escalated && application != "LSU"),
        way,
        is_open: !is_over,
    };
    (input, Told { facts, group, end })
}

fn opening(
    channel: &str,
    school: &str,
    circonscription: &str,
    department: &str,
    application: &str,
    nature: &str,
) -> String {
    let mut html = format!(
        "<p><strong>Référence :</strong> P-7K3M-Q2XV-9D4T <small>({channel} du 03/11/2026 à 10:15)</small></p>\
         <p><strong>Demandeur :</strong> Jeanne Martin, <a href=\"mailto:jeanne.martin@ac-dijon.fr\">x</a><br>"
    );
    let _ = write!(
        html,
        "<strong>École :</strong> {school}<br><strong>Circonscription :</strong> {circonscription}<br>\
         <strong>Département :</strong> {department}<br><strong>Application :</strong> {application} ({nature})</p><hr>\
         <p>Bonjour</p>"
    );
    html
}

fn text(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Seconds between two moments on Paris' clocks.
pub(crate) fn clock(from: DateTime, to: DateTime) -> i64 {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let [from, to] = [from, to].map(|moment| zone.to_ambiguous_timestamp(moment).compatible().unwrap());
    to.duration_since(from).as_secs()
}
