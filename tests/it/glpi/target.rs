//! The GLPI under test: a sandbox of its own for each test, or the real one of the environment.

use passerelle::glpi::{Credentials, Glpi, Settings};
use passerelle::sandbox::{Limits, Options, Sandbox};
use url::Url;

pub(super) enum Target {
    Sandbox(Sandbox),
    Real { url: Url, credentials: Credentials },
}

impl Target {
    pub(super) async fn start() -> Self {
        let Ok(url) = std::env::var("GLPI_TEST_URL") else {
            return Self::Sandbox(Sandbox::start(stand_in()).await.unwrap());
        };
        let variable = |name| std::env::var(name).expect(name);
        Self::Real {
            url: url.parse().expect("GLPI_TEST_URL is a URL"),
            credentials: login(&variable("GLPI_TEST_LOGIN"), &variable("GLPI_TEST_PASSWORD")),
        }
    }

    pub(super) fn url(&self) -> Url {
        match self {
            Self::Sandbox(sandbox) => sandbox.url(),
            Self::Real { url, .. } => url.clone(),
        }
    }

    pub(super) fn client(&self) -> Glpi {
        let settings = match self {
            Self::Sandbox(sandbox) => settings(sandbox),
            Self::Real { url, credentials } => Settings::new(url.clone(), credentials.clone()),
        };
        Glpi::new(&settings).unwrap()
    }
}

/// The GLPI to stand in for: 10, or 11 where `GLPI_TEST_STAND_IN` says so.
fn stand_in() -> Options {
    match std::env::var("GLPI_TEST_STAND_IN").as_deref() {
        Ok("11") => Options { limits: Limits::default(), ..Options::eleven() },
        _ => Options::default(),
    }
}

impl Target {
    /// GLPI as its Super-Admin sees it.
    pub(super) fn super_admin(&self) -> Glpi {
        Glpi::new(&Settings::new(self.url(), login("glpi", "glpi"))).unwrap()
    }
}

/// The login and password of the account the tests were given, the sandbox's own without.
pub(super) fn account() -> (String, String) {
    let variable = |name, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    (variable("GLPI_TEST_LOGIN", "passerelle"), variable("GLPI_TEST_PASSWORD", "passerelle"))
}

/// What reaches a sandbox as its service account.
pub(super) fn settings(sandbox: &Sandbox) -> Settings {
    Settings::new(sandbox.url(), login("passerelle", "passerelle"))
}

pub(super) fn login(login: &str, password: &str) -> Credentials {
    Credentials::Login { login: login.to_owned(), password: password.into() }
}
