//! Routing: from a screened request and the mappings to what the ticket shall be. Pure but for reading
//! the mapping files at start and at reload.

mod content;
mod mapping;
mod mappings;
mod opening;

pub use mapping::{Level, Mapping, NamesInUse, Nature, Override};
pub use mappings::{MappingStore, Mappings};
pub use opening::{Opening, requester_of};

use crate::{
    flow::screen::Screened,
    request::{FormFields, Origin, Received, TicketKind},
};

/// A request that knows where it goes. Only [`route`] makes one.
#[derive(Clone, Debug)]
pub struct Routed {
    screened: Screened,
    target: Target,
    title: String,
    content: String,
}

/// Where a ticket goes and what it is, in GLPI's names; delivery turns the names into ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The application, as its mapping calls it.
    pub application: String,
    /// The category's full path, for instance «Scolarité > LSU».
    pub category: String,
    /// The assigned group.
    pub group: String,
    /// Groups that watch.
    pub observers: Vec<String>,
    /// Its entity.
    pub entity: TargetEntity,
    /// The location's full path.
    pub location: Option<String>,
    /// Incident or request.
    pub kind: TicketKind,
    /// GLPI's urgency, 1 to 5.
    pub urgency: u8,
}

/// The entity a ticket is to be in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetEntity {
    /// The service account's own.
    #[default]
    Own,
    /// The one with this full path.
    Entity(String),
    /// The requester's own.
    Requester {
        /// The full path of the one for who has none; the service account's own, without.
        otherwise: Option<String>,
    },
}

impl Routed {
    /// The request that is routed.
    pub fn screened(&self) -> &Screened {
        &self.screened
    }

    /// The request as it came.
    pub fn received(&self) -> &Received {
        self.screened.received()
    }

    /// Where it goes.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The ticket's title, one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The ticket's content, HTML: who asks, the reference, what was written.
    pub fn content(&self) -> &str {
        &self.content
    }
}

/// Decides where a screened request goes and writes the ticket's texts.
///
/// # Errors
///
/// When no mapping serves the application any more (the mappings were reloaded in between), or when a
/// template fails on this request: both name the file to mend.
pub fn route(screened: Screened, mappings: &Mappings) -> Result<Routed, RouteError> {
    let mapping = mappings
        .find(screened.application())
        .ok_or_else(|| RouteError::NoMapping(screened.application().to_owned()))?;
    let form = match &screened.received().origin {
        Origin::Form(fields) => fields.clone(),
        Origin::Mail(_) => FormFields::default(),
    };
    let target = mapping.target(&form, screened.department().as_deref());
    let (title, content) = content::render(mapping, &screened, &form, &target)?;
    Ok(Routed { screened, target, title, content })
}

/// Why a request cannot be routed now.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The mapping went away.
    #[error("no mapping serves the application {0}: its file was removed or renamed; put it back and send SIGHUP")]
    NoMapping(String),
    /// A template fails.
    #[error("the {template} of {file} fails: {source:#}; correct it and send SIGHUP")]
    Template {
        /// Which of the mapping's templates.
        template: &'static str,
        /// The mapping's file.
        file: String,
        /// What the template engine says.
        source: minijinja::Error,
    },
}
