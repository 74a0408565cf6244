//! What systemd is told of the gateway (`Type=notify`, `WatchdogSec=`): ready, reading its files again, stopping, alive.
//! Without a service manager that listens nothing is said.

use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;

/// Every listener is served; `status` is what `systemctl status` shows.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The files are being read again; [`read_again`] ends that.
pub(super) fn reading_again() {
    // systemd tells by this clock which of several signals the reading answers.
    let now = NotifyState::monotonic_usec_now();
    let mut state = vec![NotifyState::Reloading];
    state.extend(now.ok());
    tell(&state);
}

/// The files have been read again.
pub(super) fn read_again() {
    tell(&[NotifyState::Ready]);
}

/// No new request is taken; those under way end.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells the watchdog, where there is one, that the gateway is alive: three times in the time it allows, each time
/// only after the runtime has done some work. Never ends where there is a watchdog.
pub(super) async fn keep_alive() {
    let Some(allowed) = sd_notify::watchdog_enabled().filter(|allowed| !allowed.is_zero()) else { return };
    let mut beats = tokio::time::interval(allowed / 3);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        make_progress().await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Returns once the runtime has run a new task, and a thread for work that blocks has done some: a gateway that hangs in
/// either answers nobody, while a thread of its own would go on saying that all is well.
async fn make_progress() {
    let task = tokio::spawn(async { tokio::task::spawn_blocking(|| ()).await });
    let _ = task.await;
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::make_progress;

    #[test]
    fn a_runtime_whose_blocking_threads_all_hang_makes_no_progress() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            make_progress().await;
            let (release, held) = mpsc::channel::<()>();
            let hanging = tokio::task::spawn_blocking(move || held.recv());
            let progress = tokio::spawn(make_progress());
            assert!(tokio::time::timeout(Duration::from_millis(200), make_progress()).await.is_err());
            assert!(!progress.is_finished());
            drop(release);
            hanging.await.unwrap().unwrap_err();
            progress.await.unwrap();
        });
    }

    #[test]
    fn a_runtime_whose_worker_hangs_makes_no_progress() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let hanging = runtime.spawn(async move {
            begun.send(()).unwrap();
            held.recv()
        });
        begins.recv().unwrap();
        let progress = runtime.spawn(make_progress());
        std::thread::sleep(Duration::from_millis(100));
        assert!(!progress.is_finished());
        drop(release);
        runtime.block_on(async {
            hanging.await.unwrap().unwrap_err();
            progress.await.unwrap();
        });
    }
}
