//! Announcements: what the academy tells the directors of its zones, by mail, on the portal, or both. Each is kept in
//! GLPI, as a public note; a *message* is what the portal shows of one, a *mailing* is how it goes by mail.
//!
//! | file | what it does |
//! |---|---|
//! | `announcement`, `body`, `zones`, `one_line`, `excess` | an announcement and whom it is for; how it stands in a note of GLPI's, which keeps no more than so much |
//! | `keeping`, `files` | reads and writes them, with the files that go along |
//! | `recipients`, `strangers` | who gets one by mail; what names recipients and finds nobody |
//! | `journal`, `progress` | the frozen list of a mailing and what was handed over, as they stand in GLPI; how far it is |
//! | `record` | reads and writes those |
//! | `dispatch`, `patience` | sends a mailing, batch by batch, each address once; for how long the relay is asked |
//! | `turns` | those that go at the same time, a batch of each in turn |
//! | `informer`, `refusal` | what pages, API and command line ask for; why it is not done |
//! | `board` | what the portal shows of them now |

mod announcement;
mod board;
mod body;
mod dispatch;
mod excess;
mod files;
mod informer;
mod journal;
mod keeping;
mod one_line;
mod patience;
mod progress;
mod recipients;
mod record;
mod refusal;
mod strangers;
mod turns;
mod zones;

pub use self::{
    announcement::{Announcement, Recipients},
    board::{Board, Message},
    body::says_nothing,
    dispatch::{Sending, SendingError},
    excess::{Excess, ExcessPart, LONGEST_BODY, LONGEST_LIST},
    files::AnnouncementFile,
    informer::{DoubtDecision, Informed, Informer, may_have_written},
    journal::{Mailing, MailingOutcome, MailingState, RelayWait},
    keeping::{Keeping, KeepingError},
    one_line::LONGEST_SUBJECT,
    progress::{Doubt, MailingProgress, RelayPause},
    recipients::{NO_ZONE, NoList, RecipientList},
    record::NotFrozen,
    refusal::{InformError, Lack, Unfrozen},
    strangers::{Stranger, StrangerKind},
    zones::{Zone, Zones, department_name},
};
