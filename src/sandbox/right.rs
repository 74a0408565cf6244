//! The rights of a profile, as GLPI numbers them (`inc/define.php`).

pub(super) const READ: i64 = 1;
pub(super) const UPDATE: i64 = 2;
pub(super) const CREATE: i64 = 4;
pub(super) const DELETE: i64 = 8;
pub(super) const PURGE: i64 = 16;
/// On notes: one's own.
pub(super) const PERSONAL: i64 = 128;
/// On tickets: all of them, not only one's own.
pub(super) const READ_ALL: i64 = 1024;
/// On the knowledge base: every article, also one without readers.
pub(super) const ALL_ARTICLES: i64 = 1024;
/// On the knowledge base: writing into its FAQ part.
pub(super) const PUBLISH_FAQ: i64 = 4096;
/// On the knowledge base: its FAQ part.
pub(super) const READ_FAQ: i64 = 2048;
/// On tickets: giving them to somebody, taking them, working on one's own, changing their priority.
pub(super) const SOME_CHANGE: i64 = 8192 | 16384 | 32768 | 65536;
/// On follow-ups: those that requesters see, and the others.
pub(super) const SEE_PUBLIC: i64 = 1;
pub(super) const SEE_PRIVATE: i64 = 8192;
/// On follow-ups: to one's own tickets (as a creation), and to all.
pub(super) const ADD_ALL: i64 = 4096;
/// On follow-ups: to tickets of one's group, and to those one watches.
pub(super) const ADD_SOME: i64 = 2048 | 16384;
/// On follow-ups: changing everybody's, not only one's own.
pub(super) const UPDATE_ALL: i64 = 1024;
