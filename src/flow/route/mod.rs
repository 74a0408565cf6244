//! Routing: from a screened request and the mappings to what the ticket shall be. Pure but for reading
//! the mapping files at start and at reload.

mod content;
mod error;
mod mapping;
mod mappings;
mod opening;
mod target;

pub use error::RouteError;
pub use mapping::{Level, Mapping, NamesInUse, Nature, Override};
pub use mappings::{MappingStore, Mappings};
pub use opening::{Opening, requester_of};
pub use target::{Target, TargetEntity};

use crate::{
    flow::screen::Screened,
    request::{FormFields, Origin, Received},
};

/// A request that knows where it goes. Only [`route`] makes one.
#[derive(Clone, Debug)]
pub struct Routed {
    screened: Screened,
    target: Target,
    title: String,
    content: String,
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
