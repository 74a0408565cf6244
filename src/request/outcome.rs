//! How a request can end, and the codes and sentences that say so.

use std::time::Duration;

use crate::id::{SolutionId, TicketId};

use jiff::{Timestamp, Zoned};

use super::{Channel, CurrentMessage, Enclosure, LeftOut, Reference, Suggestion, TicketKind};

/// The one end of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// GLPI has confirmed a new ticket.
    Created(Receipt),
    /// A ticket for this very request was there already.
    Duplicate(Receipt),
    /// A reply to a notification of GLPI was added to its ticket, now or by an earlier copy.
    Followup(Addition),
    /// A form that the helpdesk cannot take now went to the academy's own relay or mailbox, which brings it back.
    Queued(Reference),
    /// A rule said no; the person may get a notice.
    Refused(Refusal),
    /// Nobody waits for an answer: a bounce, an automatic reply, a mail of the gateway itself.
    Ignored(Reason),
    /// It cannot be decided or delivered now; whoever sent it keeps it and tries again.
    Deferred(Deferral),
    /// It failed again and again on its own account: the operators have been told, and nobody tries again.
    Quarantined(Reason),
}

impl Outcome {
    /// The name in logs, metrics and reports.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Duplicate(_) => "duplicate",
            Self::Followup(_) => "followup",
            Self::Queued(_) => "queued",
            Self::Refused(_) => "refused",
            Self::Ignored(_) => "ignored",
            Self::Deferred(_) => "deferred",
            Self::Quarantined(_) => "quarantined",
        }
    }

    /// Each way in which a request can end that came in so: the label and the reason. For figures that are there before
    /// anything has ended.
    pub fn all_of(channel: Channel) -> impl Iterator<Item = (&'static str, Reason)> {
        Reason::ALL.iter().flat_map(move |&reason| Self::labels_of(reason, channel).iter().map(move |&it| (it, reason)))
    }

    /// How a request can end for this reason that came in so.
    fn labels_of(reason: Reason, channel: Channel) -> &'static [&'static str] {
        let is_mail = channel != Channel::Form;
        match (reason.kind(), reason) {
            (ReasonKind::Done, Reason::Created) => &["created"],
            (ReasonKind::Done, Reason::Duplicate) => &["duplicate"],
            (ReasonKind::Done, _) => &["followup"],
            (ReasonKind::Sender | ReasonKind::Rule, _) => &["refused"],
            (ReasonKind::Reply, _) if is_mail => &["refused"],
            (ReasonKind::Portal, _) if matches!(channel, Channel::Form | Channel::Returned) => &["refused"],
            (ReasonKind::Machine, _) if is_mail => &["ignored"],
            // Only a form is put by: what came by mail has somebody who keeps it.
            (ReasonKind::Outage, Reason::Queued) if is_mail => &[],
            (ReasonKind::Outage, Reason::Queued) => &["queued"],
            (ReasonKind::Failure, _) | (ReasonKind::Outage, Reason::GlpiUnavailable) if is_mail => {
                &["deferred", "quarantined"]
            }
            (ReasonKind::Outage | ReasonKind::Failure, _) => &["deferred"],
            (ReasonKind::Reply | ReasonKind::Portal | ReasonKind::Machine, _) => &[],
        }
    }

    /// Why it ended so.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Created(_) => Reason::Created,
            Self::Duplicate(_) => Reason::Duplicate,
            Self::Followup(_) => Reason::Followup,
            Self::Queued(_) => Reason::Queued,
            Self::Refused(refusal) => refusal.reason,
            Self::Ignored(reason) | Self::Quarantined(reason) => *reason,
            Self::Deferred(deferral) => deferral.reason,
        }
    }
}

/// What the requester is told of a ticket; the same for the first copy and for every later one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Receipt {
    /// GLPI's number.
    pub ticket: TicketId,
    /// The request's reference.
    pub reference: Reference,
    /// The page where the requester follows it: `None` where they can open none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The application's name, as its mapping gives it.
    pub application: String,
    /// The category's full path.
    pub category: String,
    /// The assigned group.
    pub group: String,
    /// The ticket's title.
    pub title: String,
    /// What else it was understood to be.
    #[serde(skip)]
    pub details: ReceiptDetails,
    /// The files that are not in the ticket. A later copy's receipt does not name those that GLPI dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// What a request was understood to be, beside what it is about; `None` where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptDetails {
    /// Incident or request.
    pub kind: Option<TicketKind>,
    /// GLPI's urgency, 1 to 5.
    pub urgency: Option<u8>,
    /// The school, as people read it.
    pub school: Option<String>,
    /// Where to call back.
    pub phone: Option<String>,
    /// When it was deposited.
    pub deposited: Option<Zoned>,
    /// Articles that perhaps answer it.
    pub suggestions: Vec<Suggestion>,
    /// What the academy says at the moment that concerns it.
    pub messages: Vec<CurrentMessage>,
}

/// The address of a page where a person follows a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// In GLPI.
    Glpi(String),
    /// On the portal.
    Portal(String),
}

impl Page {
    /// Its address.
    pub fn address(&self) -> &str {
        match self {
            Self::Glpi(address) | Self::Portal(address) => address,
        }
    }

    /// Its address, alone.
    pub fn into_address(self) -> String {
        match self {
            Self::Glpi(address) | Self::Portal(address) => address,
        }
    }
}

/// A reply that is in its ticket now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// GLPI's number.
    pub ticket: TicketId,
    /// The reply's own reference, written into the follow-up.
    pub reference: Reference,
    /// Whether it was added now: an earlier copy of it may be there.
    pub is_new: bool,
    /// The files that are not in the ticket. A later copy's answer does not name those that GLPI dropped.
    pub left_out: Vec<LeftOut>,
}

/// What a requester decides on the solution of their request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is accepted: the request is closed.
    Accept,
    /// It is refused, for this reason in plain text: the request is open again.
    Refuse(String),
}

/// A requester's decision and what they saw when they took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What they decide.
    pub decision: Decision,
    /// GLPI's number of the solution they decide on; without, the one that waits.
    pub solution: Option<SolutionId>,
    /// What they give along with a refusal.
    pub enclosure: Enclosure,
    /// The signed call it came in; `None` where nobody else can have seen it, or where a page of ours asked for it.
    pub signed: Option<SignedCall>,
}

/// A call that bears a signature: who sees it on its way can send it once more while its time is plausible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCall {
    /// When it was signed, by the portal's clock.
    pub at: Timestamp,
    /// All that was signed, whichever secret and version signed it.
    pub what: String,
    /// How long its time may be plausible.
    pub life: Duration,
}

/// A rule's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub reason: Reason,
    /// The sentence for the requester: what is wrong and what to do instead, in French.
    pub sentence: String,
}

/// Why not now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// What was not available.
    pub reason: Reason,
    /// For the log and the relay: which server said what. Holds nobody's address or text.
    pub cause: String,
    /// When another try makes sense.
    pub retry_after: Duration,
    /// Whether GLPI was asked for this very request and failed at it, as it may do each time.
    pub own: bool,
}

/// What a reason says of a request. From this follows what each way in answers, and whether anybody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonKind {
    /// It is in GLPI.
    Done,
    /// A rule on who wrote: not of the academy, or not surely.
    Sender,
    /// A rule on what somebody of the academy sent.
    Rule,
    /// A mail that answers a ticket cannot go into it.
    Reply,
    /// What the portal was asked to do with a request cannot be done.
    Portal,
    /// No person wrote.
    Machine,
    /// Something that many requests need is not to be had now.
    Outage,
    /// It failed, perhaps because of what this very request is.
    Failure,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident: $kind:ident = $code:literal, $sentence:literal;)*) => {
        /// Why a request ended as it did: a stable code, and the French sentence that goes with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, for documentation and for checking configured sentences.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code in logs, metrics, problem+json and `try --json`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it says of the request.
            pub fn kind(self) -> ReasonKind {
                match self { $(Self::$name => ReasonKind::$kind,)* }
            }

            /// What the requester reads where the configuration gives no other sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

reasons! {
    /// A ticket was made.
    Created: Done = "created", "Votre demande a été enregistrée.";
    /// The ticket was there already.
    Duplicate: Done = "duplicate", "Votre demande avait déjà été enregistrée.";
    /// A reply was added to its ticket.
    Followup: Done = "followup", "Votre message a été ajouté à la demande.";

    /// Larger than the academy takes.
    TooLarge: Rule = "too-large",
        "Votre demande est trop volumineuse pour être prise en charge. Renvoyez-la avec des pièces jointes plus légères ou moins nombreuses.";
    /// No usable sender.
    NoSender: Sender = "no-sender", "L’expéditeur de ce message n’est pas identifiable.";
    /// Not of the academy's domains.
    ForeignSender: Sender = "foreign-sender",
        "Seules les adresses académiques sont acceptées. Écrivez depuis la boîte de l’école ou depuis votre adresse académique nominative.";
    /// Nothing proves that the sender named wrote it.
    UnprovenSender: Sender = "unproven-sender",
        "Rien ne prouve que ce message vient bien de l’adresse indiquée comme expéditeur. Écrivez depuis la messagerie académique, sans adresse de réponse extérieure.";
    /// Sent to another address.
    WrongRecipient: Rule = "wrong-recipient",
        "Cette adresse ne traite pas les demandes d’assistance. Écrivez à l’adresse d’assistance du premier degré de l’académie.";
    /// It answers an announcement, which nobody reads answers of as requests.
    ReplyToAnnouncement: Rule = "reply-to-announcement",
        "Votre message répond à une information envoyée à toutes les écoles concernées\u{a0}: il n’ouvre pas de demande. Si vous avez besoin d’aide, écrivez un nouveau message, sans répondre à un ancien, dont l’objet nomme l’application (par exemple\u{a0}: LSU, ONDE, ECECA, APAE).";
    /// No application named in the subject.
    NoKeyword: Rule = "no-keyword",
        "L’objet de votre message ne nomme aucune application prise en charge. Renvoyez votre demande en citant l’application dans l’objet (par exemple\u{a0}: LSU, ONDE, ECECA, APAE).";
    /// A form for an application no mapping serves.
    UnknownApplication: Rule = "unknown-application",
        "L’application ou la nature choisie n’est pas prise en charge. Choisissez-en une dans la liste proposée par le formulaire.";
    /// Not a school director.
    NotADirector: Rule = "not-a-director",
        "Ce service est réservé aux directrices et directeurs d’école. Si vous dirigez une école, écrivez depuis la boîte de l’école ou faites vérifier votre fiche auprès de votre circonscription.";
    /// Over the daily number.
    QuotaExceeded: Rule = "quota-exceeded",
        "Vous avez atteint le nombre maximal de demandes pour aujourd’hui. Renvoyez cette demande demain ou complétez une demande déjà ouverte.";

    // Replies: `{ticket}` and `{link}` stand for the number and the page of the ticket.

    /// A reply, where follow-ups are written in GLPI or the sender has no part in the ticket.
    ReplyToTicket: Reply = "reply-to-ticket",
        "Votre message n’a pas été ajouté à la demande n°\u{a0}{ticket}\u{a0}: les compléments s’écrivent dans GLPI. Ouvrez la demande à l’adresse {link}, puis ajoutez-y un suivi (bouton «\u{a0}Répondre\u{a0}») avec votre texte et vos pièces jointes.";
    /// A reply to a closed ticket.
    TicketClosed: Reply = "ticket-closed",
        "La demande n°\u{a0}{ticket} est close\u{a0}: votre message n’y a pas été ajouté. Si vous avez encore besoin d’aide, écrivez un nouveau message, sans répondre à un ancien, dont l’objet nomme l’application (par exemple\u{a0}: LSU, ONDE, ECECA, APAE), et rappelez-y le numéro {ticket}.";
    /// A reply to a ticket that GLPI does not have, or not any more.
    TicketUnknown: Reply = "ticket-unknown",
        "La demande à laquelle répond votre message n’existe pas, ou plus, dans l’assistance. Vérifiez le numéro indiqué dans l’objet, ou écrivez un nouveau message, sans répondre à un ancien, dont l’objet nomme l’application (par exemple\u{a0}: LSU, ONDE, ECECA, APAE).";

    // On the portal: `{ticket}` stands for the number of the request.

    /// No request of this number is this requester's.
    RequestUnknown: Portal = "request-unknown",
        "Vous n’avez aucune demande de ce numéro. Vérifiez-le dans la liste de vos demandes.";
    /// Something to be added to a request that is over.
    RequestClosed: Portal = "request-closed",
        "La demande n°\u{a0}{ticket} est clôturée\u{a0}: votre complément n’y a pas été ajouté. Si vous avez encore besoin d’aide, déposez une nouvelle demande et rappelez-y le numéro {ticket}.";
    /// An approval or its refusal, of a request that waits for none.
    NothingToApprove: Portal = "nothing-to-approve",
        "La demande n°\u{a0}{ticket} n’attend pas votre approbation\u{a0}: aucune solution n’y est proposée, la clôture est déjà décidée, ou une autre solution a été proposée depuis. Rechargez la demande pour voir où elle en est.";
    /// An approval or its refusal that was signed for an earlier solution.
    NewerSolution: Portal = "newer-solution",
        "La solution proposée à la demande n°\u{a0}{ticket} est plus récente que votre décision, qui n’a donc pas été enregistrée. Rechargez la demande, lisez cette solution, puis décidez.";

    /// A request that is withdrawn while a solution waits for its requester's word.
    SolutionWaiting: Portal = "solution-waiting",
        "Une solution est proposée à la demande n°\u{a0}{ticket}, qui n’a donc pas été retirée. Lisez cette solution, puis approuvez-la\u{a0}: la demande sera close.";

    /// What comes as a form that was put by, and is not as this gateway sealed it.
    ForgedDeposit: Sender = "forged-deposit",
        "Ce message se présente comme une demande du portail mise en attente, mais son sceau n’est pas celui de ce service\u{a0}: aucune suite.";
    /// A form that was put by, and comes back too late.
    OldDeposit: Sender = "old-deposit",
        "Cette demande du portail a été mise en attente il y a trop longtemps\u{a0}: elle n’est plus prise en charge. Déposez-la à nouveau.";

    /// A delivery report or a null sender.
    Bounce: Machine = "bounce", "Avis de non-remise : aucune suite.";
    /// What could not be delivered is an announcement.
    AnnouncementBounce: Machine = "announcement-bounce", "Avis de non-remise d’une information\u{a0}: aucune suite.";
    /// An automatic answer (RFC 3834).
    Automatic: Machine = "automatic", "Message automatique : aucune suite.";
    /// A mailing list or bulk mail.
    Bulk: Machine = "bulk", "Message de liste de diffusion\u{a0}: aucune suite.";
    /// A mail of the gateway itself.
    OwnMail: Machine = "own-mail", "Message émis par la passerelle elle-même\u{a0}: aucune suite.";

    // What follows is read over HTTP only, with a 503: nobody but its sender keeps such a request, so no
    // sentence may promise that it will be handled; but for what is queued, which the academy's own relay keeps.

    /// No directory could say who this is.
    DirectoryUnknown: Outage = "directory-unknown",
        "L’annuaire ne répond pas pour le moment. Votre demande n’est pas encore enregistrée\u{a0}: renvoyez-la dans quelques minutes.";
    /// The sender could not be checked: DNS does not answer.
    ProofUnknown: Outage = "proof-unknown",
        "L’adresse de l’expéditeur ne peut pas être vérifiée pour le moment. Votre demande n’est pas encore enregistrée\u{a0}: renvoyez-la dans quelques minutes.";
    /// GLPI cannot answer.
    GlpiUnavailable: Outage = "glpi-unavailable",
        "L’assistance ne répond pas pour le moment. Votre demande n’est pas encore enregistrée\u{a0}: renvoyez-la dans quelques minutes.";
    /// GLPI is not set up for the gateway.
    GlpiDenied: Outage = "glpi-denied",
        "L’assistance refuse pour le moment les demandes de ce service. Votre demande n’est pas enregistrée\u{a0}: renvoyez-la plus tard ou adressez-vous directement à l’assistance.";
    /// GLPI refuses this very ticket.
    GlpiRejected: Failure = "glpi-rejected",
        "L’assistance n’accepte pas cette demande en l’état. Votre demande n’est pas enregistrée\u{a0}: renvoyez-la plus tard ou adressez-vous directement à l’assistance.";
    /// Another copy is being handled right now.
    Busy: Outage = "busy",
        "Cette même demande est encore en cours d’enregistrement et son issue n’est pas connue. Renvoyez-la à l’identique dans quelques minutes\u{a0}: elle ne sera pas enregistrée deux fois.";
    /// The cache is away and the configuration wants to wait for it.
    CacheUnavailable: Outage = "cache-unavailable",
        "Une partie du service ne répond pas pour le moment. Votre demande n’est pas encore enregistrée\u{a0}: renvoyez-la dans quelques minutes.";
    /// GLPI cannot answer, and the relay or the mailbox takes no mail of that size.
    TooLargeToQueue: Outage = "too-large-to-queue",
        "L’assistance ne répond pas pour le moment, et votre demande est trop volumineuse pour être mise en attente. Elle n’est pas enregistrée\u{a0}: renvoyez-la dans quelques minutes, ou dès maintenant avec des pièces jointes plus légères.";
    /// GLPI cannot answer: the relay or the mailbox keeps it meanwhile.
    Queued: Outage = "queued",
        "L’assistance ne répond pas pour le moment. Votre demande est mise en attente\u{a0}: elle sera enregistrée d’elle-même dès que l’assistance répondra, sous cette référence. Il est inutile de la renvoyer.";
    /// The gateway itself failed.
    Internal: Failure = "internal",
        "Le service a rencontré une erreur et ne peut pas dire si votre demande est enregistrée. Renvoyez-la à l’identique dans quelques minutes.";
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn what_is_put_off_is_promised_to_nobody_and_to_be_sent_again() {
        for reason in [
            Reason::DirectoryUnknown,
            Reason::ProofUnknown,
            Reason::GlpiUnavailable,
            Reason::GlpiDenied,
            Reason::GlpiRejected,
            Reason::Busy,
            Reason::CacheUnavailable,
            Reason::TooLargeToQueue,
            Reason::Internal,
        ] {
            let sentence = reason.sentence().to_lowercase();
            assert!(sentence.contains("renvoyez-la"), "{sentence}");
            assert!(!sentence.contains("sera traitée") && !sentence.contains("prévenue"), "{sentence}");
        }
    }
}
