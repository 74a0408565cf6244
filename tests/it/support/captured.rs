//! What the gateway logs, kept for a test to read.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
};

/// What is logged, as far as it is the gateway's own.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// Captures what this thread logs from now on.
    pub(crate) fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let this = self.clone();
        let lines = fmt::layer().with_ansi(false).with_writer(move || this.clone());
        let all = tracing_subscriber::registry()
            .with(Targets::new().with_target("passerelle", LevelFilter::DEBUG))
            .with(lines);
        tracing::subscriber::set_default(all)
    }

    /// The lines that hold this.
    pub(crate) fn lines(&self, said: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(said)).map(str::to_owned).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
