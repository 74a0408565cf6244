//! `passerelle inform`: tells all directors of a zone, by mail and on the portal; follows, resumes and ends that.

mod arguments;
mod followed;
mod shown;
mod typed;
mod written;

pub use self::arguments::Args;
use self::{
    arguments::Subcommand,
    followed::follow,
    shown::Screen,
    typed::{Unable, confirmer, person},
    written::Written,
};
use super::exit;
use crate::{
    announcements::{Announcement, InformError, Informed, MailingState},
    app::App,
    config::{Config, ConfigError},
    people::{Rights, Role},
    text::{Bilingual, Language},
};

/// Does what is asked; gives the exit code: 0 done, 1 it cannot be done or something is in doubt, 64 the text or the
/// arguments cannot be used, 75 not now, or interrupted.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let app = App::build(config)?;
    let screen = Screen { language: Language::chosen(args.lang), zone: app.config.time_zone.clone() };
    let code = match Box::pin(obey(&app, &screen, args)).await {
        Ok(code) => code,
        Err(why) => {
            why.said().iter().for_each(|said| screen.complain(said));
            why.code()
        }
    };
    app.glpi.close().await;
    Ok(code)
}

async fn obey(app: &App, screen: &Screen, args: Args) -> Result<u8, Unable> {
    let informer = &app.informer;
    match args.command {
        None => Box::pin(inform(app, screen, args)).await,
        Some(Subcommand::List { json }) => {
            let mailings = informer.mailings().await?;
            let unfrozen = informer.unfrozen(&mailings).await?;
            let all = informer.keeping().all().await.map_err(InformError::from)?;
            screen.list_unfrozen(&unfrozen, json);
            screen.list(&mailings, &informer.under_way(&mailings).await?, json);
            let on_portal: Vec<_> = all.into_iter().filter(|announcement| announcement.by_mail.is_none()).collect();
            screen.list_portal(&on_portal, json);
            Ok(exit::OK)
        }
        Some(Subcommand::Show { reference, json }) => {
            Ok(screen.report(app, &informer.progress(reference).await?, json))
        }
        Some(Subcommand::Resume { reference, doubtful, batch, by, json }) => {
            let by = person(&by)?;
            if let Some(decision) = doubtful {
                informer.decide(reference, batch, decision, &by).await?;
            }
            let progress = informer.resume(reference).await?;
            if progress.mailing.state == MailingState::ToConfirm {
                return Ok(screen.waiting(app, &progress, json));
            }
            Ok(follow(app, screen, reference, json).await)
        }
        Some(Subcommand::Confirm { reference, code, by }) => {
            informer.confirm(reference, typed::code(&code)?, &confirmer(&by)?).await?;
            screen.say(&Bilingual::new(
                "confirmed: a running gateway sends it, or `passerelle inform resume`",
                "confirmée\u{a0}: une passerelle qui tourne l’envoie, ou `passerelle inform resume`",
            ));
            Ok(exit::OK)
        }
        Some(Subcommand::Stop { reference, by }) => {
            Ok(screen.report(app, &informer.stop(reference, &person(&by)?).await?, false))
        }
        Some(Subcommand::Again { reference, by, json }) => {
            informer.again(reference, &person(&by)?).await?;
            Ok(follow(app, screen, reference, json).await)
        }
        Some(Subcommand::End { reference }) => {
            let kept = informer.keeping().of_reference(reference).await.map_err(InformError::from)?;
            let kept = kept.ok_or(InformError::Unknown)?;
            informer.show_until(kept, None).await?;
            screen.say(&Bilingual::new("the portal does not show it any more", "le portail ne la montre plus"));
            Ok(exit::OK)
        }
    }
}

async fn inform(app: &App, screen: &Screen, args: Args) -> Result<u8, Unable> {
    let Written { announcement, list, enclosure } = Written::of(app, &args).await?;
    let rights = Rights::of([Role::Operator]);
    if args.dry_run {
        let recipients = app.informer.recipients(&announcement, &list, &rights).await?;
        let (files, _) = app.informer.files(&enclosure).await?;
        screen.preview(app, &Announcement { files, ..announcement }, &recipients, &args);
        return Ok(exit::OK);
    }
    let Informed { announcement, mailing } = app.informer.inform(announcement, (&list, &enclosure), &rights).await?;
    let reference = announcement.reference;
    let Some(mailing) = mailing else {
        let until = announcement.ends.map(|ends| screen.moment(ends, "%Y-%m-%d %H:%M")).unwrap_or_default();
        screen.say(&Bilingual::new(
            format!("{reference} is kept for the portal, until {until}"),
            format!("{reference} est gardée pour le portail, jusqu’au {until}"),
        ));
        return Ok(exit::OK);
    };
    if mailing.mailing.state == MailingState::ToConfirm {
        return Ok(screen.waiting(app, &mailing, args.json));
    }
    Ok(follow(app, screen, reference, args.json).await)
}
