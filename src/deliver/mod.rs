//! Delivery: one GLPI call makes the ticket, its files and its actors, from a routed request; another adds a
//! reply to the ticket it is about.

mod attachments;
mod filed;
mod followup;
mod inspect;
mod missing;
mod names;
mod pictures;
mod uuid;

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::{
    clients::glpi::{Effect, FileOutcome, Glpi, GlpiError, Kind, NewFollowup, NewTicket, Requester, Trouble},
    config,
    request::{LeftOut, Origin, Reason, Receipt, Reference, TicketKind},
    route::{Routed, Target},
};

use attachments::Chosen;
use filed::Filed;
pub use followup::Proposed;
pub use names::{Missing, Names, What};
use uuid::Uuid;

/// GLPI's source of request «E-Mail» and «Helpdesk», as every installation is born with them.
const BY_MAIL: u64 = 2;
const BY_FORM: u64 = 1;
/// How many timeouts of one call a creation may take, repeats and the wait for a session included: then its
/// answer counts as lost.
pub const LONGEST_CREATION_CALLS: u32 = 3;
/// How often, and after which pauses, GLPI is searched for a ticket whose answer was lost.
const SETTLE_PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Makes tickets and follow-ups.
pub struct Deliverer {
    glpi: Glpi,
    names: Names,
    limits: config::Attachments,
    original: config::Original,
    link: String,
    longest_creation: Duration,
    filed: Filed,
    uuid: Uuid,
}

/// A request whose ticket GLPI has confirmed. Only [`Deliverer::deliver`] makes one.
#[derive(Debug)]
pub struct Delivered {
    receipt: Receipt,
}

impl Delivered {
    /// What the requester is told.
    pub fn into_receipt(self) -> Receipt {
        self.receipt
    }
}

/// A ticket that is ready to be made. Only [`Deliverer::prepare`] makes one.
pub struct Prepared {
    people: People,
    ids: names::Ids,
    chosen: Chosen,
}

/// PHP's own word for a script that broke. Servers before GLPI have others when they cannot reach it.
const BROKEN: Trouble = Trouble::Status(500);

/// The answer to a creation that nobody got.
struct Lost {
    why: String,
    /// GLPI broke on it.
    broken: bool,
}

/// The people of a ticket.
struct People {
    requester: Requester,
    /// Where GLPI writes to the requester's account, if not to its default address.
    answer_to: Option<String>,
    observers: Vec<Requester>,
}

/// What is to be made in GLPI.
enum New {
    Ticket(Box<NewTicket>),
    Followup(NewFollowup),
}

/// Why there is no confirmed ticket.
#[derive(Debug)]
pub enum Undelivered {
    /// Surely none was made.
    NotMade {
        /// What stood in the way.
        reason: Reason,
        /// For the log and the relay.
        cause: String,
        /// When GLPI wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// One may have been made: GLPI's answer was lost and a search found nothing yet.
    Unclear {
        /// For the log and the relay.
        cause: String,
    },
    /// The same, and GLPI itself broke on this very creation: it may do so each time.
    Broken {
        /// For the log and the relay.
        cause: String,
    },
}

impl Deliverer {
    /// A deliverer over `glpi`.
    pub fn new(
        glpi: Glpi,
        glpi_config: &config::Glpi,
        limits: config::Attachments,
        original: config::Original,
        time_zone: TimeZone,
    ) -> Self {
        Self {
            names: Names::new(glpi.clone(), time_zone),
            glpi,
            limits,
            original,
            link: link(glpi_config),
            longest_creation: glpi_config.timeout * LONGEST_CREATION_CALLS,
            filed: Filed::default(),
            uuid: Uuid::default(),
        }
    }

    /// The ids of GLPI's names, for checking the mappings at start.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The page of a ticket.
    pub fn link(&self, ticket: u64) -> String {
        self.link.replace("{id}", &ticket.to_string())
    }

    /// What the requester is told of a ticket: everything in it comes from the request, the mapping and the
    /// ticket's number, so that it reads the same for a later copy of the request.
    fn receipt(&self, ticket: u64, routed: &Routed, has_account: bool, left_out: Vec<LeftOut>) -> Receipt {
        let target = routed.target();
        Receipt {
            ticket,
            reference: routed.received().reference,
            link: self.link(ticket),
            application: target.application.clone(),
            category: target.category.clone(),
            group: target.group.clone(),
            title: routed.title().to_owned(),
            has_account,
            left_out,
        }
    }

    /// What the requester of a ticket that is there already is told: as for a new one, with the
    /// files that did not go because of their number, size or type.
    pub async fn receipt_of(&self, ticket: u64, reference: Reference, routed: &Routed) -> Receipt {
        let types = self.names.document_types().await;
        let chosen = attachments::choose(routed.received(), &self.limits, self.original, types.as_deref());
        // Where GLPI cannot say now, the receipt promises less.
        let has_account = self.names.may_sign_in(routed.screened().requester()).await.unwrap_or(false);
        Receipt { reference, ..self.receipt(ticket, routed, has_account, chosen.left_out) }
    }

    /// Looks up in GLPI whatever the ticket of a routed request needs, and chooses its files.
    ///
    /// # Errors
    ///
    /// No ticket was made: GLPI cannot answer, or lacks a name of the mapping.
    pub async fn prepare(&self, routed: &Routed) -> Result<Prepared, Undelivered> {
        let address = routed.screened().requester();
        let types = self.names.document_types().await;
        let ids = self.names.of(routed.target(), address).await.map_err(|missing| match missing {
            Missing::Unavailable(error) => not_made(&error),
            missing @ (Missing::Unknown { .. } | Missing::Ambiguous { .. }) => {
                Undelivered::NotMade { reason: Reason::GlpiDenied, cause: missing.to_string(), retry_after: None }
            }
        })?;
        let people = self.people(routed, ids.entity).await.map_err(|error| not_made(&error))?;
        let chosen = attachments::choose(routed.received(), &self.limits, self.original, types.as_deref());
        Ok(Prepared { people, ids, chosen })
    }

    /// Makes the ticket of a routed request.
    ///
    /// # Errors
    ///
    /// Says whether a ticket may exist: the caller must not try again before that is settled.
    pub async fn deliver(&self, routed: &Routed, prepared: Prepared) -> Result<Delivered, Undelivered> {
        let Prepared { people, ids, mut chosen } = prepared;
        let make = |chosen: &Chosen| New::Ticket(Box::new(ticket(routed, &people, &ids, chosen)));
        let (id, files) = self.make(routed.received().reference, &mut chosen, make).await?;
        self.filed.made(id, routed.received(), &routed.target().application);
        let dropped = missing::named(&files);
        self.tell_of_dropped(id, &dropped).await;
        chosen.left_out.extend(dropped);
        let has_account = matches!(people.requester, Requester::User(_));
        Ok(Delivered { receipt: self.receipt(id, routed, has_account, chosen.left_out) })
    }

    /// Who asks and who watches, in a ticket of this entity: of who the mail was copied to, nobody is the requester by
    /// another address.
    async fn people(&self, routed: &Routed, entity: Option<u64>) -> Result<People, GlpiError> {
        let address = routed.screened().requester();
        let requester = self.names.requester(address, entity).await?;
        let answer_to = self.names.answer_to(address, &requester).await?;
        let mut observers = Vec::new();
        for address in &routed.screened().copies().observers {
            let observer = self.names.requester(address, entity).await?;
            if observer != requester && !observers.contains(&observer) {
                observers.push(observer);
            }
        }
        Ok(People { requester, answer_to, observers })
    }

    /// Makes an item with the chosen files, or without any where GLPI does not take so large a call; finds it
    /// again by its reference where GLPI's answer is lost.
    async fn make(
        &self,
        reference: Reference,
        chosen: &mut Chosen,
        new: impl Fn(&Chosen) -> New,
    ) -> Result<(u64, Vec<FileOutcome>), Undelivered> {
        let deadline = tokio::time::Instant::now() + self.longest_creation;
        loop {
            let new = new(chosen);
            let creation = async {
                match &new {
                    New::Ticket(ticket) => self.glpi.create_ticket(ticket, &chosen.uploads).await,
                    New::Followup(followup) => self.glpi.add_followup(followup, &chosen.uploads).await,
                }
            };
            let lost = match tokio::time::timeout_at(deadline, creation).await {
                Ok(Ok(created)) => return Ok((created.id, created.files)),
                Ok(Err(GlpiError::AnswerLost { why })) => Lost { broken: why == BROKEN, why: why.to_string() },
                // Nothing was written, and the text matters more than the files.
                Ok(Err(GlpiError::TooLarge)) if !chosen.uploads.is_empty() => {
                    chosen.leave_all_out();
                    continue;
                }
                Ok(Err(error)) => return Err(not_made(&error)),
                Err(_) => Lost { why: "no end of the creation in time".to_owned(), broken: false },
            };
            let id = self.settle(reference, &new, &lost).await?;
            let files = match &new {
                New::Ticket(_) => self.glpi.ticket_files(id, &chosen.uploads).await,
                New::Followup(_) => self.glpi.followup_files(id, &chosen.uploads).await,
            };
            return Ok((id, files));
        }
    }

    /// Finds the item of a creation whose answer was lost.
    async fn settle(&self, reference: Reference, new: &New, lost: &Lost) -> Result<u64, Undelivered> {
        let why = &lost.why;
        for pause in SETTLE_PAUSES {
            tokio::time::sleep(pause).await;
            let found = match new {
                New::Ticket(_) => self.ticket_of(reference, 1).await,
                New::Followup(followup) => self.followup_of(followup.ticket, reference).await,
            };
            match found {
                Ok(Some(id)) => {
                    tracing::info!(%reference, id, "GLPI's answer was lost; what it was to make is there");
                    return Ok(id);
                }
                Ok(None) => {}
                Err(error) => {
                    return Err(Undelivered::Unclear { cause: format!("answer lost ({why}), then: {error}") });
                }
            }
        }
        let cause = format!("answer lost ({why}), nothing found yet");
        Err(if lost.broken { Undelivered::Broken { cause } } else { Undelivered::Unclear { cause } })
    }

    /// The ticket of the request with this reference, opened in the last `days`.
    async fn ticket_of(&self, reference: Reference, days: u32) -> Result<Option<u64>, GlpiError> {
        let found = self.glpi.tickets_containing(&[&reference.to_string()], days).await?;
        let own = found.iter().filter(|ticket| Reference::find(&ticket.content) == Some(reference));
        Ok(own.map(|ticket| ticket.id).min())
    }

    /// Names in the ticket the files that GLPI dropped although it made the ticket.
    async fn tell_of_dropped(&self, ticket: u64, dropped: &[LeftOut]) {
        if dropped.is_empty() {
            return;
        }
        let followup = NewFollowup {
            ticket,
            content_html: missing::list(dropped),
            author: None,
            private: false,
            request_type: None,
            effect: Effect::None,
        };
        if let Err(error) = self.glpi.add_followup(&followup, &[]).await {
            tracing::warn!(ticket, %error, files = dropped.len(), "files GLPI dropped could not be named in the ticket");
        }
    }
}

/// A ticket's page, with `{id}` for its number.
pub fn link(config: &config::Glpi) -> String {
    match config.ticket_link.as_str() {
        "" => {
            format!("{}/front/ticket.form.php?id={{id}}", site(config))
        }
        link => link.to_owned(),
    }
}

/// Where GLPI's pages are, beside its API.
pub fn site(config: &config::Glpi) -> &str {
    let url = config.url.trim_end_matches('/');
    ["/apirest.php", "/api.php/v1"].iter().find_map(|api| url.strip_suffix(api)).unwrap_or(url)
}

fn ticket(routed: &Routed, people: &People, ids: &names::Ids, chosen: &Chosen) -> NewTicket {
    let target = routed.target();
    let (request_type, head) = match &routed.received().origin {
        Origin::Mail(mail) => (BY_MAIL, Some(mail.head.clone())),
        Origin::Form(_) => (BY_FORM, None),
    };
    NewTicket {
        name: routed.title().to_owned(),
        content_html: format!(
            "{}{}{}",
            chosen.content(routed.content()),
            missing::cut(&chosen.cut, chosen.holds_original()),
            missing::list(&chosen.left_out)
        ),
        kind: match target.kind {
            TicketKind::Incident => Kind::Incident,
            TicketKind::Request => Kind::Request,
        },
        urgency: target.urgency,
        category: Some(ids.category),
        entity: ids.entity,
        location: ids.location,
        request_type: Some(request_type),
        assigned_groups: vec![ids.group],
        observer_groups: ids.observers.clone(),
        requester: people.requester.clone(),
        answer_to: people.answer_to.clone(),
        observers: people.observers.clone(),
        head,
    }
}

fn not_made(error: &GlpiError) -> Undelivered {
    let (reason, retry_after) = match error {
        GlpiError::Unavailable { retry_after, .. } => (Reason::GlpiUnavailable, *retry_after),
        GlpiError::Denied { .. } => (Reason::GlpiDenied, None),
        GlpiError::AnswerLost { .. } | GlpiError::NotFound | GlpiError::TooLarge | GlpiError::Rejected { .. } => {
            (Reason::GlpiRejected, None)
        }
    };
    Undelivered::NotMade { reason, cause: error.to_string(), retry_after }
}

#[cfg(test)]
mod tests {
    use super::{Deliverer, Glpi};
    use crate::clients::glpi::{Credentials, Settings};

    #[test]
    fn a_ticket_s_page_is_beside_the_api_unless_configured() {
        let page = |url: &str, link: &str| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let mut config = crate::config::load_from(None, []).unwrap();
            config.glpi.url = url.into();
            config.glpi.ticket_link = link.into();
            let settings = Settings::new(
                url::Url::parse(url).unwrap(),
                Credentials::Login { login: "x".into(), password: "x".into() },
            );
            let glpi = Glpi::new(&settings).unwrap();
            Deliverer::new(glpi, &config.glpi, config.attachments, config.mail.original, config.time_zone).link(42)
        };
        let expected = "https://glpi.example.fr/front/ticket.form.php?id=42";
        for url in
            ["https://glpi.example.fr", "https://glpi.example.fr/apirest.php", "https://glpi.example.fr/api.php/v1/"]
        {
            assert_eq!(page(url, ""), expected);
        }
        assert_eq!(page("https://a.fr", "https://portail.fr/t/{id}/suivi"), "https://portail.fr/t/42/suivi");
    }
}
