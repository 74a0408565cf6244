//! Who tells of each step of a ticket: what is set here, beside what GLPI's notifications do.

use super::report::Report;
use crate::{
    config::{Acknowledge, Config, Note, Teller},
    glpi::{Glpi, Recipient},
    text::Bilingual,
};

/// A step, as it is set here and as GLPI's own notifications tell of it.
struct Step {
    /// In English and in French.
    name: (&'static str, &'static str),
    key: &'static str,
    teller: Teller,
    recipient: Recipient,
    /// GLPI's events, any of which is enough, as its API and as its pages name them in English and in French.
    events: &'static [Event],
}

type Event = (&'static str, &'static str, &'static str);

const FOLLOWUP: Event = ("add_followup", "New followup", "Nouveau suivi");
const CLOSED: Event = ("closed", "Closing of the ticket", "Clôture du ticket");
const NEW: Event = ("new", "New ticket", "Nouveau ticket");
const NEW_GROUP: Event = ("assign_group", "New group in assignees", "Nouveau groupe responsable");

/// The steps in a ticket's order. GLPI has no event for a ticket that nobody takes in charge, only the follow-up
/// that the reminder is written as.
fn steps(config: &Config) -> [Step; 14] {
    use Recipient::{AssignedGroup, Requester, Working};
    let deposit = match config.receipts() {
        Acknowledge::Passerelle => Teller::Passerelle,
        Acknowledge::Glpi => Teller::Glpi,
        Acknowledge::Off => Teller::Off,
    };
    let notify = &config.notify;
    let step = |name, key, teller, recipient, events| Step { name, key, teller, recipient, events };
    let charge = &[
        ("assign_user", "New user in assignees", "Nouvel utilisateur responsable"),
        ("update", "Update of a ticket", "Mise à jour d’un ticket"),
    ];
    [
        step(("receipts", "accusés"), "notify.deposit", deposit, Requester, &[NEW]),
        step(("new tickets", "nouveaux tickets"), "notify.group", notify.group, AssignedGroup, &[NEW]),
        step(("charge", "prise en charge"), "notify.charge", notify.charge, Requester, charge),
        step(("questions", "questions"), "notify.question", notify.question, Requester, &[FOLLOWUP]),
        step(("answers", "réponses"), "notify.answer", notify.answer, Working, &[FOLLOWUP]),
        step(
            ("solutions", "solutions"),
            "notify.solution",
            notify.solution,
            Requester,
            &[("solved", "Ticket solved", "Ticket résolu")],
        ),
        step(
            ("refusals", "refus"),
            "notify.refusal",
            notify.refusal,
            Working,
            &[FOLLOWUP, ("rejectsolution", "Solution rejected", "Solution rejetée")],
        ),
        step(("approvals", "approbations"), "notify.approval", notify.approval, Working, &[CLOSED, FOLLOWUP]),
        step(("closings", "clôtures"), "notify.closing", notify.closing, Requester, &[CLOSED]),
        step(("closings for staff", "clôtures, aux agents"), "notify.closing", notify.closing, Working, &[CLOSED]),
        step(("reminders", "rappels"), "notify.reminder", notify.reminder, AssignedGroup, &[FOLLOWUP]),
        step(("escalations", "escalades"), "notify.escalation", notify.escalation, AssignedGroup, &[NEW_GROUP]),
        step(("handovers", "transferts"), "notify.handover", notify.handover, Requester, &[NEW_GROUP]),
        step(
            ("handovers in public notes", "transferts, en notes publiques"),
            "notify.handover",
            public_notes(config),
            Requester,
            &[UPDATED_FOLLOWUP],
        ),
    ]
}

const UPDATED_FOLLOWUP: Event = ("update_followup", "Update of a followup", "Mise à jour d’un suivi");

/// Where the notes of moves are public, requesters read them, and GLPI may tell of them.
fn public_notes(config: &Config) -> Teller {
    let is_public = config.escalation.note == Note::Public && config.notify.handover == Teller::Passerelle;
    if is_public { Teller::Passerelle } else { Teller::Off }
}

impl Step {
    fn name(&self) -> Bilingual {
        Bilingual::new(self.name.0, self.name.1)
    }

    /// The recipient, as GLPI's pages name it.
    fn recipient(&self) -> Bilingual {
        match self.recipient {
            Recipient::Requester => Bilingual::new("«Requester»", "«\u{a0}Demandeur\u{a0}»"),
            Recipient::AssignedGroup => {
                Bilingual::new("«Group in charge of the ticket»", "«\u{a0}Groupe chargé du ticket\u{a0}»")
            }
            Recipient::Working => Bilingual::new(
                "«Technician in charge of the ticket» or «Group in charge of the ticket»",
                "«\u{a0}Technicien chargé du ticket\u{a0}» ou «\u{a0}Groupe chargé du ticket\u{a0}»",
            ),
        }
    }

    fn whom(&self) -> Bilingual {
        match self.recipient {
            Recipient::Requester => Bilingual::new("the requester", "au demandeur"),
            Recipient::AssignedGroup => {
                Bilingual::new("the members of the assigned group", "aux membres du groupe attribué")
            }
            Recipient::Working => Bilingual::new(
                "the technician or the members of the assigned group",
                "au technicien ou aux membres du groupe attribué",
            ),
        }
    }

    fn labels(&self) -> Bilingual {
        let labels = self
            .events
            .iter()
            .map(|(_, english, french)| Bilingual::new(format!("«{english}»"), format!("«\u{a0}{french}\u{a0}»")));
        labels.reduce(|all, next| all.then("", &Bilingual::new(" or ", " ou ")).then("", &next)).unwrap_or_default()
    }

    /// Whether GLPI's mail is the gateway's to stop: it asks GLPI to tell nobody of a group that it adds.
    fn silences_glpi(&self) -> bool {
        self.events == [NEW_GROUP]
    }
}

fn glpi_notifications() -> Bilingual {
    Bilingual::new("GLPI notifications", "notifications de GLPI")
}

/// Says of each step whether nobody tells of it, or two do. `mails` is whether GLPI sends any.
pub(super) async fn check(report: &mut Report, glpi: &Glpi, config: &Config, mails: bool) {
    let steps = steps(config);
    let by_glpi = || steps.iter().filter(|step| step.teller == Teller::Glpi);
    if !mails {
        let Some(silent) = by_glpi().map(Step::name).reduce(|all, next| all.then(", ", &next)) else { return };
        report.warning(
            &glpi_notifications(),
            &Bilingual::new(
                "GLPI sends no mail: nobody is told of ",
                "GLPI n’envoie aucun courriel\u{a0}: personne n’est prévenu pour ",
            )
            .then("", &silent),
            &Bilingual::new(
                "Under «Setup > Notifications», set «Enable followup» and «Enable followups via email» to yes, or set \"passerelle\" in [notify].",
                "Sous «\u{a0}Configuration > Notifications\u{a0}», mettez «\u{a0}Activer le suivi\u{a0}» et «\u{a0}Activer les notifications par courriel\u{a0}» à oui, ou \"passerelle\" dans [notify].",
            ),
        );
        return;
    }
    let events: Vec<_> = steps.iter().flat_map(|step| step.events).map(|(event, ..)| *event).collect();
    let notices = match glpi.ticket_notices(&events).await {
        Ok(Some(notices)) => notices,
        Ok(None) => {
            let all = by_glpi()
                .map(wanted)
                .reduce(|all, next| all.then("", &Bilingual::new("; ", "\u{a0}; ")).then("", &next))
                .unwrap_or_default();
            report.warning(
                &glpi_notifications(),
                &Bilingual::new(
                    "the account may not read them, so whom GLPI tells is not known",
                    "le compte ne peut pas les lire\u{a0}: qui GLPI prévient n’est pas connu",
                ),
                &Bilingual::new(
                    "Give its profile «Setup > Notifications: Read» for the time of this check, or look yourself: ",
                    "Donnez à son profil «\u{a0}Configuration > Notifications\u{a0}: Lecture\u{a0}» le temps de cette vérification, ou voyez vous-même\u{a0}: ",
                )
                .then("", &all)
                .then("", &Bilingual::same(".")),
            );
            return;
        }
        Err(error) => return report.glpi_error(&glpi_notifications(), &error),
    };
    for step in &steps {
        let told = step.events.iter().any(|(event, ..)| notices.tells(event, step.recipient));
        let tells = |english: &str, french: &str| Bilingual::new(english, french).then("", &step.whom());
        match (step.teller, told) {
            (Teller::Glpi, true) => report.ok(&step.name(), &tells("GLPI tells ", "GLPI écrit ")),
            (Teller::Glpi, false) => report.warning(
                &step.name(),
                &tells("GLPI does not tell ", "GLPI n’écrit pas "),
                &Bilingual::new(
                    "Under «Setup > Notifications», add the recipient ",
                    "Sous «\u{a0}Configuration > Notifications\u{a0}», ajoutez le destinataire ",
                )
                .then("", &step.recipient())
                .then("", &Bilingual::new(" to ", " à "))
                .then("", &step.labels())
                .then(
                    "",
                    &Bilingual::new(
                        format!(", active, or set {} = \"passerelle\".", step.key),
                        format!(", active, ou réglez {} = \"passerelle\".", step.key),
                    ),
                ),
            ),
            (Teller::Passerelle, true) if !step.silences_glpi() => report.warning(
                &step.name(),
                &tells("GLPI and Passerelle both write to ", "GLPI et Passerelle écrivent tous deux "),
                &Bilingual::new(
                    format!("Set {} = \"glpi\", or take the recipient ", step.key),
                    format!("Réglez {} = \"glpi\", ou ôtez le destinataire ", step.key),
                )
                .then("", &step.recipient())
                .then("", &Bilingual::new(" off ", " de "))
                .then("", &step.labels())
                .then(
                    "",
                    &Bilingual::new(
                        " under «Setup > Notifications».",
                        " sous «\u{a0}Configuration > Notifications\u{a0}».",
                    ),
                ),
            ),
            (Teller::Passerelle, _) => report.ok(&step.name(), &tells("Passerelle tells ", "Passerelle écrit ")),
            (Teller::Off, _) => {}
        }
    }
}

/// What GLPI must be set to for a step.
fn wanted(step: &Step) -> Bilingual {
    step.labels().then("", &Bilingual::new(" needs the recipient ", " : destinataire ")).then("", &step.recipient())
}
