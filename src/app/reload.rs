//! Keeps the mappings, the DKIM keys, the directory's file and the academy's pages as they are on disk, and their names known in GLPI.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::signal::unix::Signal;

use super::service_manager;
use crate::{flow::pipeline::Pipeline, glpi::Glpi, http::PageTexts};

/// After how long the mappings' names are looked up again where GLPI could not say.
const RESOLVE_AGAIN: Duration = Duration::from_secs(30);

/// Resolves the mappings' names in GLPI at start, again until it can say, and after each reload of the mappings, the
/// DKIM keys, the directory's file and the pages' `texts` at `hang_up`. A mistake in a file keeps what was in force.
pub(super) async fn keep_rules(
    pipeline: Arc<Pipeline>,
    glpi: Glpi,
    texts: Option<Arc<PageTexts>>,
    mut hang_up: Option<Signal>,
) {
    let is_introduced = Arc::new(AtomicBool::new(false));
    loop {
        let (names_of, asked, introduced) = (Arc::clone(&pipeline), glpi.clone(), Arc::clone(&is_introduced));
        let resolve = move || {
            let (pipeline, glpi, is_introduced) = (Arc::clone(&names_of), asked.clone(), Arc::clone(&introduced));
            async move {
                let resolved = resolve_names(&pipeline).await;
                if resolved && !is_introduced.swap(true, Ordering::Relaxed) {
                    introduce(&glpi).await;
                }
                resolved
            }
        };
        if !until_hung_up(&mut hang_up, resolve).await {
            return;
        }
        service_manager::reading_again();
        match pipeline.mappings.reload() {
            Ok(()) => tracing::info!(applications = pipeline.mappings.now().all().len(), "mappings reloaded"),
            Err(error) => tracing::error!("mappings not reloaded, the old ones stay: {:?}", miette::Report::new(error)),
        }
        match pipeline.prover.reload() {
            Ok(()) => tracing::info!("DKIM keys reloaded"),
            Err(error) => {
                tracing::error!("DKIM keys not reloaded, the old ones stay: {:?}", miette::Report::new(error));
            }
        }
        match pipeline.directory.reload().await {
            Ok(()) => tracing::info!("directory reloaded"),
            Err(error) => {
                tracing::error!("directory not reloaded, the old one stays: {:?}", miette::Report::new(error));
            }
        }
        match texts.as_ref().map(|texts| texts.reload()) {
            Some(Ok(())) => tracing::info!("pages reloaded"),
            Some(Err(error)) => {
                tracing::error!("pages not reloaded, the old ones stay: {:?}", miette::Report::new(error));
            }
            None => {}
        }
        service_manager::read_again();
    }
}

/// Says which GLPI it is.
async fn introduce(glpi: &Glpi) {
    match glpi.directory().server().await {
        Ok(server) => tracing::info!(version = server.version, "GLPI answers"),
        Err(error) => tracing::warn!(%error, "GLPI answers, but does not tell its version"),
    }
}

/// Resolves names, again after a while until that succeeds, and waits for `hang_up`; gives whether there can be one.
async fn until_hung_up<R: Future<Output = bool>>(hang_up: &mut Option<Signal>, resolve: impl Fn() -> R) -> bool {
    loop {
        let resolved = resolve().await;
        let reload = async {
            match hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            asked = reload => return asked.is_some(),
            () = tokio::time::sleep(RESOLVE_AGAIN), if !resolved => {}
        }
    }
}

/// Says which names GLPI does not have before a request meets one; those it has are remembered. Gives whether GLPI
/// could say.
async fn resolve_names(pipeline: &Pipeline) -> bool {
    for mapping in pipeline.mappings.now().all() {
        match pipeline.deliverer.names().missing_of(mapping).await {
            Ok(missing) => {
                for name in missing {
                    tracing::error!(file = mapping.file, "requests of this mapping will wait: {name}");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the mappings' names could not be looked up in GLPI yet");
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use rstest::rstest;

    use super::until_hung_up;

    /// How often names are looked up in ninety-nine seconds: at once, then each half minute until GLPI can say.
    #[rstest]
    #[case::at_once(1, 1)]
    #[case::by_the_third_try(3, 3)]
    #[case::never(99, 4)]
    #[tokio::test(start_paused = true)]
    async fn names_that_could_not_be_looked_up_are_looked_up_again(#[case] succeeds: u32, #[case] expected: u32) {
        let tries = Cell::new(0);
        let resolve = || {
            tries.set(tries.get() + 1);
            std::future::ready(tries.get() >= succeeds)
        };
        let mut no_signal = None;
        let waiting = tokio::time::timeout(Duration::from_secs(99), until_hung_up(&mut no_signal, resolve));
        assert!(waiting.await.is_err(), "without a signal it goes on");
        assert_eq!(tries.get(), expected);
    }
}
