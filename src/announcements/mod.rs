//! Announcements: what the academy tells the directors of its zones, by mail, on the portal, or both. Each is kept in
//! GLPI, as a public note; a *message* is what the portal shows of one.
//!
//! | file | what it does |
//! |---|---|
//! | `announcement`, `zones` | an announcement and whom it is for; how it stands in a note of GLPI's |
//! | `keeping` | reads and writes them |

mod announcement;
mod keeping;
mod zones;

pub use self::{
    announcement::{Announcement, LONGEST_BODY, LONGEST_SUBJECT, Recipients},
    keeping::{Keeping, KeepingError},
    zones::{Zone, Zones},
};
