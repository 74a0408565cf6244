//! What went wrong and when, so that a letter that came twice or never is held against what happened while it was under
//! way.

use std::{collections::BTreeMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

/// How exactly the moments of several processes can be told from each other.
const ABOUT: SignedDuration = SignedDuration::from_millis(500);

/// How long a gateway waits for Redis here.
pub(super) const REDIS_PATIENCE: SignedDuration = SignedDuration::from_millis(500);

/// One thing that went wrong.
#[derive(Clone, Debug)]
struct Fault {
    what: String,
    from: Timestamp,
    to: Timestamp,
}

/// Everything that went wrong so far.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

/// Something goes wrong until this is dropped.
pub(super) struct Lasting<'a> {
    faults: &'a Faults,
    what: String,
    from: Timestamp,
}

impl Drop for Lasting<'_> {
    fn drop(&mut self) {
        let fault = Fault { what: std::mem::take(&mut self.what), from: self.from, to: Timestamp::now() };
        self.faults.0.lock().unwrap().push(fault);
    }
}

impl Faults {
    /// From now on this goes wrong, a server's name first.
    pub(super) fn begin(&self, what: &str) -> Lasting<'_> {
        Lasting { faults: self, what: what.to_owned(), from: Timestamp::now() }
    }

    /// Adds that Redis kept a gateway waiting for too long, as the logs say it: a busy machine does that by itself.
    pub(super) fn add_slow_redis(&self, logs: &[String]) {
        let waits = logs
            .iter()
            .flat_map(|log| log.lines())
            .filter(|line| line.contains(" WARN ") && line.contains("Redis") && line.contains("error=timed out"));
        let ends = waits.filter_map(|line| line.split(' ').next()?.parse::<Timestamp>().ok());
        let slow = ends.map(|to| Fault { what: "redis slow".to_owned(), from: to - REDIS_PATIENCE, to });
        self.0.lock().unwrap().extend(slow);
    }

    /// Each, and how often.
    pub(super) fn counted(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for fault in self.0.lock().unwrap().iter() {
            *counted.entry(fault.what.clone()).or_default() += 1;
        }
        counted
    }

    /// Whether anything went wrong with one of these between the two moments.
    pub(super) fn any_of(&self, servers: &[&str], from: Timestamp, to: Timestamp) -> bool {
        let (from, to) = (from - ABOUT, to + ABOUT);
        let is_of = |fault: &Fault| servers.iter().any(|server| fault.what.starts_with(server));
        self.0.lock().unwrap().iter().any(|fault| is_of(fault) && fault.from <= to && fault.to >= from)
    }
}
