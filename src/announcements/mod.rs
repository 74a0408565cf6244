//! Announcements: what the academy tells the directors of its zones, by mail, on the portal, or both. Each is kept in
//! GLPI, as a public note; a *message* is what the portal shows of one, a *mailing* is how it goes by mail.
//!
//! | file | what it does |
//! |---|---|
//! | `announcement`, `zones` | an announcement and whom it is for; how it stands in a note of GLPI's |
//! | `keeping` | reads and writes them |
//! | `recipients` | who gets one by mail |
//! | `journal`, `progress` | the frozen list of a mailing and what was handed over, as they stand in GLPI; how far it is |
//! | `record` | reads and writes those |
//! | `dispatch` | sends a mailing, batch by batch, each address once |
//! | `informer` | what pages, API and command line ask for |
//! | `board` | what the portal shows of them now |

mod announcement;
mod board;
mod dispatch;
mod informer;
mod journal;
mod keeping;
mod progress;
mod recipients;
mod record;
mod zones;

pub use self::{
    announcement::{Announcement, LONGEST_BODY, LONGEST_SUBJECT, Recipients},
    board::{Board, Message},
    dispatch::{Sending, SendingError},
    informer::{DoubtDecision, InformError, Informed, Informer},
    journal::{Mailing, MailingState},
    keeping::{Keeping, KeepingError},
    progress::{Doubt, MailingProgress},
    recipients::{NO_ZONE, NoList, RecipientList},
    record::NotFrozen,
    zones::{Zone, Zones},
};
