//! What all requests say: counted from GLPI, and shown to who may see it.

mod accounts;
mod answers;
mod believed;
pub(crate) mod brute;
mod cells;
pub(crate) mod generated;
mod kept;
mod letters;
mod masked;
mod once;
mod pure;
mod rises;
