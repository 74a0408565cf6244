//! What is wrong with values that can be read: all of it at once.

mod addresses;
mod announcements;
mod found;
mod listeners;
mod numbers;
mod together;

pub(super) use self::found::{Mistake, Mistakes};
pub use self::numbers::LARGEST_BATCH;
use super::Config;

/// Everything that no single value shows when it is read.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    numbers::find(config, mistakes);
    addresses::find(config, mistakes);
    announcements::find(config, mistakes);
    listeners::find(config, mistakes);
    together::find(config, mistakes);
}

/// What keeps `serve` from listening on this machine as it is now.
pub(super) fn find_to_serve(config: &Config, mistakes: &mut Mistakes) {
    listeners::find_folders(config, mistakes);
}
