//! What all requests say: counted from GLPI, and shown to who may see it.

mod answers;
mod brute;
pub(crate) mod generated;
mod letters;
mod pure;
mod rises;
