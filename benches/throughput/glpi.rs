//! The GLPI that is measured: the stand-in at a real one's pace, or a real one.

use passerelle::sandbox::{Machine, Options, Sandbox};
use url::Url;

pub(crate) enum Target {
    StandIn(Box<Sandbox>),
    Real { url: Url, login: String, password: String },
}

impl Target {
    pub(crate) async fn start() -> Self {
        let Ok(url) = std::env::var("BENCH_GLPI_URL") else {
            let options = Options { machine: Some(Machine::usual()), set_up: true, ..Options::default() };
            return Self::StandIn(Box::new(Sandbox::start(options).await.unwrap()));
        };
        let variable = |name: &str| std::env::var(name).expect(name);
        Self::Real {
            url: url.parse().expect("BENCH_GLPI_URL is a URL"),
            login: variable("BENCH_GLPI_LOGIN"),
            password: variable("BENCH_GLPI_PASSWORD"),
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::StandIn(_) => format!("the stand-in, as {:?}", Machine::usual()),
            Self::Real { url, .. } => url.to_string(),
        }
    }

    pub(crate) fn is_stand_in(&self) -> bool {
        matches!(self, Self::StandIn(_))
    }

    pub(crate) fn url(&self) -> Url {
        match self {
            Self::StandIn(sandbox) => sandbox.url(),
            Self::Real { url, .. } => url.clone(),
        }
    }

    /// The service account.
    pub(crate) fn account(&self) -> (&str, &str) {
        match self {
            Self::StandIn(_) => ("passerelle", "passerelle"),
            Self::Real { login, password, .. } => (login, password),
        }
    }

    /// How many calls it has had, where that is known.
    pub(crate) fn calls(&self) -> Option<usize> {
        match self {
            Self::StandIn(sandbox) => Some(sandbox.calls()),
            Self::Real { .. } => None,
        }
    }
}
