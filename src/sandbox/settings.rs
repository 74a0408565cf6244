//! Which GLPI the stand-in is, and what its PHP allows.

use std::time::Duration;

/// Sizes that PHP allows, in bytes, and how many files.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One file (`upload_max_filesize`): over it the ticket is made without the file.
    pub file: usize,
    /// The whole request (`post_max_size`): over it the call is refused.
    pub request: usize,
    /// Files of one request (`max_file_uploads`): those beyond are dropped without a word.
    pub files: usize,
}

impl Default for Limits {
    /// 20 and 60 MiB as a usual GLPI has them, and PHP's own 20 files.
    fn default() -> Self {
        Self { file: 20 << 20, request: 60 << 20, files: 20 }
    }
}

impl Limits {
    /// PHP's own 2 and 8 MiB, as a GLPI 11 has them that nobody has set up for large files.
    pub fn stock() -> Self {
        Self { file: 2 << 20, request: 8 << 20, ..Self::default() }
    }
}

/// Which GLPI the stand-in answers as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 10.0.14.
    #[default]
    Ten,
    /// 11.0.6: a file that it refuses ends the call in the middle, accounts without rights on the ticket's entity
    /// are dropped from it in silence, and texts come back as they are.
    Eleven,
}

/// How much work GLPI is to a machine: so long each call and each item that it makes take a core.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Its cores.
    pub cores: usize,
    /// What a call takes, whatever it does.
    pub call: Duration,
    /// What each item takes that it makes.
    pub item: Duration,
}

impl Machine {
    /// Two cores, and what GLPI 10 takes on them.
    pub fn usual() -> Self {
        Self { cores: 2, call: Duration::from_millis(16), item: Duration::from_millis(26) }
    }
}
