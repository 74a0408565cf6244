//! Sends an announcement while somebody looks on: a bar that shows how far, until all that can be sent is, or somebody
//! interrupts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::shown::Screen;
use crate::{
    announcements::{MailingProgress, MailingState, SendingError},
    app::App,
    cli::exit,
    request::Reference,
    text::{Bilingual, Language},
};

/// How often a mailing that another instance sends is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Sends what is to be sent, and says how that ended.
pub(super) async fn follow(app: &App, screen: &Screen, reference: Reference, json: bool) -> u8 {
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    let listening = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let ended =
        sent(app, screen, reference, &stop, if json { ProgressBar::hidden() } else { bar(screen.language) }).await;
    listening.abort();
    match ended {
        Ok(progress) if stop.is_cancelled() && progress.mailing.state == MailingState::Going => {
            screen.report(app, &progress, json);
            screen.complain(&Bilingual::new(
                format!("interrupted; a running gateway goes on, or `passerelle inform resume {reference}`"),
                format!(
                    "interrompu\u{a0}; une passerelle qui tourne continue, ou `passerelle inform resume {reference}`"
                ),
            ));
            exit::TEMPFAIL
        }
        Ok(progress) => screen.report(app, &progress, json),
        Err(why) => {
            screen.complain(&why.then("", &Bilingual::new("; ", " ; ")).then(
                "",
                &Bilingual::new(
                    format!("nothing is lost: `passerelle inform resume {reference}` goes on"),
                    format!("rien n’est perdu\u{a0}: `passerelle inform resume {reference}` continue"),
                ),
            ));
            exit::TEMPFAIL
        }
    }
}

fn bar(language: Language) -> ProgressBar {
    let template = match language {
        Language::English => "{bar:40} {human_pos} / {human_len} addresses, {eta}",
        Language::French => "{bar:40} {pos} / {len} adresses, encore {eta}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

async fn sent(
    app: &App,
    screen: &Screen,
    reference: Reference,
    stop: &CancellationToken,
    bar: ProgressBar,
) -> Result<MailingProgress, Bilingual> {
    let show = |progress: &MailingProgress| {
        bar.set_length(progress.mailing.addresses as u64);
        bar.set_position(progress.done() as u64);
    };
    let progress = async || app.informer.progress(reference).await.map_err(|error| error.said());
    let ended = loop {
        let pause = match app.informer.send(reference, stop, show).await {
            Ok(sending) => match sending.again {
                Some(again) if !stop.is_cancelled() => {
                    if let Some(why) = &sending.why {
                        let again = Bilingual::new("; tried again", "\u{a0}; nouvel essai");
                        bar.println(why.clone().then("", &again).text(screen.language));
                    }
                    Duration::try_from(again.duration_since(Timestamp::now())).unwrap_or_default()
                }
                _ => break Ok(sending.progress),
            },
            Err(SendingError::Elsewhere) => match progress().await {
                Ok(progress) if progress.mailing.state == MailingState::Going => {
                    show(&progress);
                    LOOK_EVERY
                }
                ended => break ended,
            },
            Err(error) => break Err(error.said()),
        };
        if stop.is_cancelled() {
            break progress().await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause.min(LOOK_EVERY)) => {}
            () = stop.cancelled() => {}
        }
    };
    bar.finish_and_clear();
    ended
}
