//! What does not add up, and what to do about it, in both languages.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    flow::{deliver::TicketPart, deposit::Unopened},
    id::TicketId,
    request::Reference,
    text::Bilingual,
};

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// The request's name, where it is known.
    pub reference: Option<Reference>,
    /// The tickets it is about.
    pub tickets: Vec<TicketId>,
    /// Where the mail is, in the words of whoever has it.
    pub place: Option<Place>,
    /// Since when, as far as anybody says.
    pub since: Option<Timestamp>,
}

/// Where a mail is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a mailbox's folder, under this number.
    Mailbox {
        /// The mailbox, as the configuration names it.
        mailbox: String,
        /// The folder.
        folder: String,
        /// The message's number there.
        uid: u32,
    },
    /// In the relay's log.
    Relay {
        /// Postfix's name of it.
        queue: String,
        /// Its Message-ID, where the log tells.
        message_id: Option<String>,
    },
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A mail was accepted, and GLPI has nothing of it.
    NoTicket,
    /// A mail was accepted, and the ticket that the gateway named is no more.
    TicketGone,
    /// A mail was refused or ignored, and has a ticket.
    RefusedWithTicket,
    /// A request has several tickets.
    TicketTwice,
    /// A reply was added several times.
    FollowupTwice,
    /// A ticket lacks these parts.
    HalfMade(Vec<TicketPart>),
    /// A ticket, or a follow-up in it, lacks these files.
    FilesMissing(Vec<String>),
    /// A mail waits; the relay says why in these words.
    InHand(Option<String>),
    /// The relay has given a mail back to its sender, in these words.
    GivenBack(String),
    /// A mail that waited was taken out of the relay's queue.
    TakenOut,
    /// A mail waited, in these words, when mails were taken out of the relay's queue without their names.
    PerhapsTakenOut(String),
    /// A mail was put aside.
    Quarantined,
    /// A mailbox lists a message and does not give it out.
    Unreadable,
    /// A form that came back was accepted, and cannot be opened now to be looked for.
    Unopened(Unopened),
    /// A receipt is still to be sent.
    ReceiptDue,
}

impl FindingKind {
    /// Its name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTicket => "no-ticket",
            Self::TicketGone => "ticket-gone",
            Self::RefusedWithTicket => "refused-with-ticket",
            Self::TicketTwice => "ticket-twice",
            Self::FollowupTwice => "followup-twice",
            Self::HalfMade(_) => "half-made",
            Self::FilesMissing(_) => "files-missing",
            Self::InHand(_) => "in-hand",
            Self::GivenBack(_) => "given-back",
            Self::TakenOut => "taken-out",
            Self::PerhapsTakenOut(_) => "perhaps-taken-out",
            Self::Quarantined => "quarantined",
            Self::Unreadable => "unreadable",
            Self::Unopened(_) => "unopened",
            Self::ReceiptDue => "receipt-due",
        }
    }
}

impl Finding {
    /// One of this kind, about nothing yet.
    pub(super) fn new(kind: FindingKind) -> Self {
        Self { kind, reference: None, tickets: Vec::new(), place: None, since: None }
    }

    /// What is wrong, with what, where and since when.
    pub fn found(&self, zone: &TimeZone) -> Bilingual {
        let parts = [self.reference.map(Bilingual::same), self.of_tickets(), self.where_it_is(), self.since_when(zone)];
        let about = parts.into_iter().flatten().reduce(|all, next| all.then(", ", &next)).unwrap_or_default();
        about.saying(&self.what())
    }

    fn of_tickets(&self) -> Option<Bilingual> {
        let numbers: Vec<String> = self.tickets.iter().map(ToString::to_string).collect();
        match numbers.len() {
            0 => None,
            1 => Some(Bilingual::same(format!("ticket {}", numbers[0]))),
            _ => Some(Bilingual::same(format!("tickets {}", numbers.join(", ")))),
        }
    }

    fn where_it_is(&self) -> Option<Bilingual> {
        Some(match self.place.as_ref()? {
            Place::Mailbox { mailbox, folder, uid } => Bilingual::new(
                format!("message {uid} of the folder «{folder}» of {mailbox}"),
                format!("message {uid} du dossier «\u{a0}{folder}\u{a0}» de {mailbox}"),
            ),
            Place::Relay { queue, message_id } => {
                let id = message_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                Bilingual::new(format!("mail {queue}{id} of the relay"), format!("courriel {queue}{id} du relais"))
            }
        })
    }

    fn since_when(&self, zone: &TimeZone) -> Option<Bilingual> {
        let since = self.since?.to_zoned(zone.clone());
        Some(Bilingual::new(since.strftime("%Y-%m-%d %H:%M"), since.strftime("%d/%m/%Y %H:%M")))
    }

    fn what(&self) -> Bilingual {
        match &self.kind {
            FindingKind::NoTicket => Bilingual::new(
                "it was accepted, and GLPI has neither a ticket nor a follow-up of it",
                "accepté, et GLPI n’en a ni ticket ni suivi",
            ),
            FindingKind::TicketGone => Bilingual::new(
                "it was accepted, and its ticket is no more in GLPI",
                "accepté, et son ticket n’est plus dans GLPI",
            ),
            FindingKind::RefusedWithTicket => Bilingual::new(
                "it lies among what was not accepted, and has a ticket",
                "classé non accepté, et il a un ticket",
            ),
            FindingKind::TicketTwice => {
                Bilingual::new("one request has several tickets", "une seule demande a plusieurs tickets")
            }
            FindingKind::FollowupTwice => {
                Bilingual::new("one message was added several times", "un même message a été ajouté plusieurs fois")
            }
            FindingKind::HalfMade(parts) => {
                let lacking = parts.iter().map(|part| name_of(*part)).reduce(|all, next| all.then(", ", &next));
                Bilingual::new("half made, it lacks ", "fait à moitié, il manque ")
                    .then("", &lacking.unwrap_or_default())
            }
            FindingKind::FilesMissing(names) => {
                let names = names.join(", ");
                Bilingual::new(
                    format!("GLPI lacks files, and nothing there says so: {names}"),
                    format!("il manque des fichiers dans GLPI, sans que rien ne l’y dise\u{a0}: {names}"),
                )
            }
            FindingKind::InHand(None) => Bilingual::new("it still waits", "toujours en attente"),
            FindingKind::InHand(Some(words)) => Bilingual::new(
                format!("it still waits: {words}"),
                format!("toujours en attente\u{a0}: «\u{a0}{words}\u{a0}»"),
            ),
            FindingKind::GivenBack(words) => Bilingual::new(
                format!("the relay has given it back to its sender: {words}"),
                format!("le relais l’a rendu à son expéditeur\u{a0}: «\u{a0}{words}\u{a0}»"),
            ),
            FindingKind::TakenOut => Bilingual::new(
                "it waited, and somebody took it out of the relay’s queue",
                "il attendait, et quelqu’un l’a retiré de la file du relais",
            ),
            FindingKind::PerhapsTakenOut(words) => Bilingual::new(
                format!(
                    "it waited ({words}), and then somebody took mails out of the relay’s queue that the log does not name"
                ),
                format!(
                    "il attendait («\u{a0}{words}\u{a0}»), puis quelqu’un a retiré de la file du relais des courriels que le journal ne nomme pas"
                ),
            ),
            FindingKind::Quarantined => Bilingual::new("it was put aside", "mis à l’écart"),
            FindingKind::Unreadable => Bilingual::new(
                "the server lists it and does not give it out",
                "le serveur l’annonce et ne le donne pas",
            ),
            FindingKind::Unopened(why) => Bilingual::new(
                "a form of the portal that came back and was accepted, and it cannot be opened any more",
                "une demande du portail revenue et acceptée, et elle ne s’ouvre plus",
            )
            .saying(&why.said()),
            FindingKind::ReceiptDue => Bilingual::new("its receipt is still to be sent", "son accusé reste à envoyer"),
        }
    }

    /// What to do.
    pub fn remedy(&self) -> Bilingual {
        match &self.kind {
            FindingKind::NoTicket => Bilingual::new(
                "Unless somebody has dealt with it by hand, hand the mail in once more, as by moving it back into the folder \
                 that is read: its reference keeps it from becoming two tickets.",
                "Si personne ne l’a traité à la main, représentez le courriel, par exemple en le remettant dans le dossier lu\u{a0}: \
                 sa référence lui évite deux tickets.",
            ),
            FindingKind::TicketGone => Bilingual::new(
                "Ask who purged it; handed in once more, the mail becomes a new ticket.",
                "Demandez qui l’a purgé\u{a0}; représenté, le courriel devient un nouveau ticket.",
            ),
            FindingKind::RefusedWithTicket => Bilingual::new(
                "Look whether the requester was told that they have to write again.",
                "Voyez si le demandeur a été prié d’écrire à nouveau.",
            ),
            FindingKind::TicketTwice => Bilingual::new(
                "Merge them in GLPI, and send the gateway’s log of this reference to who maintains it.",
                "Fusionnez-les dans GLPI, et transmettez le journal de cette référence à qui maintient la passerelle.",
            ),
            FindingKind::FollowupTwice => Bilingual::new(
                "Delete one of them in GLPI, and send the gateway’s log of this reference to who maintains it.",
                "Supprimez-en un dans GLPI, et transmettez le journal de cette référence à qui maintient la passerelle.",
            ),
            FindingKind::HalfMade(_) => Bilingual::new(
                "If its mail or form is not tried again, add in GLPI what its first lines name.",
                "Si son courriel ou son formulaire n’est plus représenté, ajoutez dans GLPI ce que disent ses premières lignes.",
            ),
            FindingKind::FilesMissing(_) => Bilingual::new(
                "Unless somebody has taken them out, add them in GLPI from the mail.",
                "Si personne ne les a retirés, ajoutez-les dans GLPI depuis le courriel.",
            ),
            FindingKind::InHand(None) => Bilingual::new(
                "Look at the gateway’s log and at `passerelle check`; what waits is tried again by itself.",
                "Voyez le journal de la passerelle et `passerelle check`\u{a0}; ce qui attend est réessayé tout seul.",
            ),
            FindingKind::InHand(Some(_)) => Bilingual::new(
                "Look at the gateway’s log and at `passerelle check`; what waits is tried again by itself. If `postqueue -p` \
                 does not list it, it was deleted without its name (`postsuper -d ALL`): write to its sender, who knows \
                 nothing.",
                "Voyez le journal de la passerelle et `passerelle check`\u{a0}; ce qui attend est réessayé tout seul. Si \
                 `postqueue -p` ne l’annonce pas, il a été supprimé sans être nommé (`postsuper -d ALL`)\u{a0}: écrivez à son \
                 expéditeur, qui n’en sait rien.",
            ),
            FindingKind::GivenBack(_) => Bilingual::new(
                "Its sender knows; write to them if the address they wrote to should have been served (screen.recipients).",
                "Son expéditeur le sait\u{a0}; écrivez-lui si l’adresse devait être servie (screen.recipients).",
            ),
            FindingKind::TakenOut => Bilingual::new(
                "Write to its sender, who knows nothing.",
                "Écrivez à son expéditeur, qui n’en sait rien.",
            ),
            FindingKind::PerhapsTakenOut(_) => Bilingual::new(
                "If `postqueue -p` lists it, it is tried again by itself; if not, write to its sender, who knows nothing.",
                "Si `postqueue -p` l’annonce, il est réessayé tout seul\u{a0}; sinon, écrivez à son expéditeur, qui n’en sait rien.",
            ),
            FindingKind::Quarantined => Bilingual::new(
                "Look at it as the operators’ letter says, then take it out of the folder or hand it in once more.",
                "Regardez-le comme le dit la lettre à l’exploitation, puis sortez-le du dossier ou représentez-le.",
            ),
            FindingKind::Unreadable => Bilingual::new("Look at the mailbox’s server.", "Voyez le serveur de la boîte."),
            FindingKind::Unopened(_) => Bilingual::new(
                "Look in GLPI for the reference that its subject names. If redis.key_secret (without it, GLPI’s credentials) \
                 was changed since, audit with the one of then.",
                "Cherchez dans GLPI la référence que donne son objet. Si redis.key_secret (sans lui, les identifiants de GLPI) \
                 a changé depuis, auditez avec celui d’alors.",
            ),
            FindingKind::ReceiptDue => Bilingual::new(
                "Look whether the relay (smtp.url) takes mails, and whether the gateway sweeps; then it is sent by itself.",
                "Voyez si le relais (smtp.url) prend les courriels et si la passerelle balaie\u{a0}; il part alors tout seul.",
            ),
        }
    }
}

fn name_of(part: TicketPart) -> Bilingual {
    match part {
        TicketPart::Requester => Bilingual::new("its requester", "son demandeur"),
        TicketPart::Group => Bilingual::new("its group", "son groupe"),
        TicketPart::Category => Bilingual::new("its category", "sa catégorie"),
    }
}
