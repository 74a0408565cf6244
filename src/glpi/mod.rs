//! GLPI's REST API, version 1 (`apirest.php`), as GLPI 9.5, 10.0 and 11.0 speak it.
//!
//! This client knows REST, sessions and what a failure means for the caller ([`GlpiError`]); it knows none of our rules.
//! From the top to the bottom, a file knows only what stands below it:
//!
//! - `directory`: accounts, groups, categories and entities, kept for some minutes in `kept_answers`.
//! - The calls, by what they are about. Tickets: `creation` makes them, `amendment` changes them, `tickets`, `overview`,
//!   `search`, `counted` (both by `pages`), `origins`, `recent`, `last_requesters` and `links` read them, `history` what became of them (`changes`);
//!   `followups`, `actors`; files go with `sent_files` and come with
//!   `documents` and `download` (`pieces` bounds what is read ahead). People: `owners`, `users`, `names`. GLPI itself: `account`, `notices`, `knowledge`, `drafts`,
//!   `announcements`, `own_notes` (`note_seal` says which are); `administrator` sets it up.
//! - `client`: what all calls stand on.
//! - What goes to GLPI together: tickets in `group_commit` (how many, says `pace`), questions in `joint_read`, which are
//!   `markers`, `requesters` and `shown_accounts`; both wait in `gather`.
//! - `connection`: a call in a session, tried again where that is harmless; `session` is the pool, `turns` says whose
//!   turn it is, `breaker` makes the pause after repeated failures.
//! - `exchange`: one HTTP exchange; `excerpt` shortens its answer, `verdict` says what it means; `obstacle` tells
//!   apart what stands in the way, `remedy` why a call is refused, `rights` which right each needs.
//! - The words of all these: `settings`, `error`, `trouble`, `plain`, `status`, `accounts`, `server`, `own_session`, `item`, `upload`,
//!   `criteria` (of searches), `lists` (their parameters), `read_until` (since when what changed is read), `wire` (how GLPI writes numbers, texts and dates).

mod account;
mod accounts;
mod accounts_at;
mod actors;
mod administrator;
mod amendment;
mod announcements;
mod breaker;
mod changes;
mod client;
mod connection;
mod counted;
mod creation;
mod criteria;
mod directory;
mod documents;
mod download;
mod drafts;
mod error;
mod excerpt;
mod exchange;
mod followups;
mod gather;
mod grants;
mod group_commit;
mod history;
mod item;
mod joint_read;
mod kept_answers;
mod knowledge;
mod last_requesters;
mod links;
mod lists;
mod markers;
mod names;
mod note_seal;
mod notices;
mod obstacle;
mod origins;
mod overview;
mod own_notes;
mod own_session;
mod owners;
mod pace;
mod pages;
mod pieces;
mod plain;
mod read_until;
mod recent;
mod remedy;
mod requesters;
mod rights;
mod search;
mod sent_files;
mod server;
mod session;
mod settings;
mod shown_accounts;
mod status;
mod tickets;
mod trouble;
mod turns;
mod upload;
mod users;
mod verdict;
mod wire;

pub use self::accounts::{Account, AccountState, Grant, Owner};
pub use self::administrator::{Administrator, ItemRow, Telling, number};
pub use self::amendment::{Amendment, TakenInCharge};
pub use self::announcements::{NewPublicNote, PublicNote};
pub use self::changes::{Happening, TicketChange};
pub use self::client::Glpi;
pub use self::counted::CountedTicket;
pub use self::creation::{NewTicket, Requester, TicketType};
pub use self::criteria::Criterion;
pub use self::directory::GlpiDirectory;
pub use self::documents::{Document, DocumentHolder};
pub use self::download::Download;
pub use self::drafts::NewDraft;
pub use self::error::{GlpiError, Trouble, Underlying};
pub use self::exchange::SetupError;
pub use self::followups::{Effect, NewFollowup};
pub use self::group_commit::Among;
pub use self::item::{Item, ItemKind, nearest};
pub use self::knowledge::{FaqArticle, StoredArticle};
pub use self::links::LONGEST_MERGE;
pub use self::markers::FoundTicket;
pub use self::notices::{Recipient, TicketNotices};
pub use self::origins::{OriginOrder, TicketOrigin};
pub use self::overview::TicketOverview;
pub use self::own_notes::{NewNote, OwnNote};
pub use self::pages::{FoundPage, LARGE_PAGE};
pub use self::read_until::ReadUntil;
pub use self::recent::Said;
pub use self::remedy::Remedy;
pub use self::rights::{Action, Needed, RIGHTS, Right};
pub use self::search::{Sorting, TicketSummary};
pub use self::sent_files::{Created, FileFate, FileOutcome};
pub use self::server::{DocumentTypes, Profile, ServerInfo};
pub use self::settings::{Credentials, Settings};
pub use self::status::{ActorRole, SolutionStatus, TicketStatus};
pub use self::tickets::{Followup, GroupChange, Solution, Ticket, TicketGroup, TicketUser};
pub use self::upload::Upload;
