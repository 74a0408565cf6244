//! The portal's API: a requester's requests, what they add to them, what may be asked.
//!
//! Each answer is one person's: it is stored nowhere on its way.

mod answered;
mod approval;
mod call;
mod catalogue;
mod documents;
mod feeds;
mod followups;
mod listing;
mod messages;
mod view;

pub(super) use self::{
    call::{in_time, personal, requester},
    documents::file,
};
use super::calls::Calls;

/// Tells of each call.
pub(super) fn calls<C: Calls>(calls: C) -> C {
    calls
        .call(listing::__path_list, listing::list)
        .call(view::__path_show, view::show)
        .call(documents::__path_send, documents::send)
        .call(followups::__path_add, followups::add)
        .call(approval::__path_decide, approval::decide)
        .call(answered::__path_withdraw, answered::withdraw)
        .call(answered::__path_helped, answered::helped)
        .call(catalogue::__path_natures, catalogue::natures)
        .call(catalogue::__path_faq, catalogue::faq)
        .call(catalogue::__path_faq_document, catalogue::faq_document)
        .call(messages::__path_list, messages::list)
        .call(messages::__path_send, messages::send)
        .call(feeds::__path_atom, feeds::atom)
        .call(feeds::__path_json, feeds::json)
}
