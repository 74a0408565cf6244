//! The steps to a gateway that works, in their order: what each looks at, makes, and rests on.

use std::{collections::BTreeSet, path::Path};

use super::{
    account, client, configuration,
    context::Setup,
    directors, files,
    names::{self, Kind},
    operators,
    outcome::{Failed, State},
    profile, receipts, recipients,
    recipients::Told,
    secrets, webhooks,
    webhooks::Event,
};
use crate::{config::DirectorySource, text::Bilingual};

/// One thing that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// GLPI's API takes tokens.
    LoginByToken,
    /// An API client that admits the gateway's address.
    Client,
    /// The profile of least rights.
    Profile,
    /// The service account.
    Account,
    /// Its token, in a file.
    Token,
    /// A group, category, entity or location, by its full path.
    Name(Kind, String),
    /// A recipient of GLPI's notifications.
    Recipient(Told),
    /// Who tells the requester of a new ticket.
    Receipts,
    /// A group that `--operator` names.
    Operators(String),
    /// The secret of the webhooks, in a file.
    WebhookSecret,
    /// A webhook of GLPI 11.
    Webhook(Event),
    /// The mailbox's password, in a file.
    MailboxPassword,
    /// The gateway's configuration.
    Configuration,
    /// The file of directors.
    Directors,
    /// That the service may read all of it.
    Files,
}

/// All steps, each after what it rests on.
pub(super) fn steps(setup: &Setup) -> Vec<Step> {
    let mut steps = vec![Step::LoginByToken, Step::Client, Step::Profile, Step::Account, Step::Token];
    let mut names = BTreeSet::new();
    for mapping in setup.mappings.all() {
        for here in mapping.names() {
            let groups = here.first_groups.iter().chain(&here.observers).chain(&here.levels);
            names.extend(groups.map(|group| (Kind::Group, (*group).to_owned())));
            names.extend(here.categories.iter().map(|category| (Kind::Category, (*category).to_owned())));
            names.extend(here.locations.iter().map(|location| (Kind::Location, (*location).to_owned())));
        }
        let entities = [&mapping.entity, &mapping.entity_otherwise];
        let of_departments = mapping.departments.values().map(|here| &here.entity);
        let entities = entities.into_iter().chain(of_departments).flatten().filter(|entity| *entity != "requester");
        names.extend(entities.map(|entity| (Kind::Entity, entity.clone())));
    }
    let directory = &setup.config.directory;
    if directory.sources.contains(&DirectorySource::Glpi) && !directory.glpi_group.is_empty() {
        names.insert((Kind::Group, directory.glpi_group.clone()));
    }
    for (kind, path) in names {
        for step in kind.levels(&path).into_iter().map(|path| Step::Name(kind, path)) {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
    }
    if setup.mails() {
        steps.extend(recipients::left_to_glpi(&setup.config).map(Step::Recipient));
    }
    if receipts::may_be_told_twice(setup) {
        steps.push(Step::Receipts);
    }
    steps.extend(operators::groups(setup).map(|group| Step::Operators(group.to_owned())));
    if setup.webhook().is_some() {
        steps.push(Step::WebhookSecret);
        steps.extend(webhooks::EVENTS.iter().map(|event| Step::Webhook(*event)));
    }
    if setup.wanted.imap.is_some() {
        steps.push(Step::MailboxPassword);
    }
    steps.push(Step::Configuration);
    if directors::file(setup).is_some() {
        steps.push(Step::Directors);
    }
    steps.push(Step::Files);
    steps
}

impl Step {
    /// What it is called.
    pub(super) fn name(&self, setup: &Setup) -> Bilingual {
        let wanted = &setup.wanted;
        match self {
            Self::LoginByToken => Bilingual::new("API, sign-in by token", "API, connexion par jeton"),
            Self::Client => Bilingual::new("API client", "client de l’API"),
            Self::Profile => Bilingual::new(
                format!("profile «{}»", wanted.profile),
                format!("profil «\u{a0}{}\u{a0}»", wanted.profile),
            ),
            Self::Account => Bilingual::new(
                format!("account «{}»", wanted.account),
                format!("compte «\u{a0}{}\u{a0}»", wanted.account),
            ),
            Self::Token => Bilingual::new(
                format!("token of the account, {}", wanted.token_file().display()),
                format!("jeton du compte, {}", wanted.token_file().display()),
            ),
            Self::Name(kind, path) => kind.named(path),
            Self::Recipient(told) => told.name(),
            Self::Receipts => Bilingual::new("receipt of a new ticket", "accusé de réception d’un nouveau ticket"),
            Self::Operators(group) => Kind::Group.named(group).then("", &Bilingual::same(", --operator")),
            Self::WebhookSecret => Bilingual::new(
                format!("secret of the webhooks, {}", wanted.webhook_file().display()),
                format!("secret des webhooks, {}", wanted.webhook_file().display()),
            ),
            Self::Webhook(event) => {
                let name = event.name();
                Bilingual::new(format!("webhook «{name}»"), format!("webhook «\u{a0}{name}\u{a0}»"))
            }
            Self::MailboxPassword => Bilingual::new(
                format!("password of the mailbox, {}", wanted.imap_file().display()),
                format!("mot de passe de la boîte, {}", wanted.imap_file().display()),
            ),
            Self::Configuration => Bilingual::new(
                format!("configuration {}", wanted.configuration_file().display()),
                format!("configuration {}", wanted.configuration_file().display()),
            ),
            Self::Directors => {
                let file = directors::file(setup).unwrap_or_else(|| Path::new(""));
                Bilingual::new(format!("directors, {}", file.display()), format!("directeurs, {}", file.display()))
            }
            Self::Files => Bilingual::new("files, for the service", "fichiers, pour le service"),
        }
    }

    /// How it stands now; changes nothing.
    pub(super) async fn look(&self, setup: &Setup) -> Result<State, Failed> {
        match self {
            Self::LoginByToken => Ok(client::by_token(setup)),
            Self::Client => client::look(setup).await,
            Self::Profile => profile::look(setup).await,
            Self::Account => account::look(setup).await,
            Self::Token => account::look_at_token(setup).await,
            Self::Name(kind, path) => names::look(setup, *kind, path).await,
            Self::Recipient(told) => recipients::look(setup, *told).await,
            Self::Receipts => receipts::look(setup).await,
            Self::Operators(group) => operators::look(setup, group).await,
            Self::WebhookSecret => webhooks::look_at_secret(setup).await,
            Self::Webhook(event) => webhooks::look(setup, *event).await,
            Self::MailboxPassword => secrets::look_at_mailbox(&setup.wanted.imap_file()),
            Self::Configuration => configuration::look(setup),
            Self::Directors => directors::look(setup).await,
            Self::Files => Ok(files::look(setup).await),
        }
    }

    /// Makes it, and looks how it stands then.
    pub(super) async fn make_and_look(&self, setup: &Setup) -> Result<State, Failed> {
        match self {
            // These are told, and done by a person.
            Self::LoginByToken | Self::MailboxPassword | Self::Operators(_) | Self::Directors | Self::Files => {}
            Self::Client => client::make(setup).await?,
            Self::Profile => profile::make(setup).await?,
            Self::Account => account::make(setup).await?,
            Self::Token => account::make_token(setup).await?,
            Self::Name(kind, path) => names::make(setup, *kind, path).await?,
            Self::Recipient(told) => recipients::make(setup, *told).await?,
            Self::Receipts => receipts::make(setup).await?,
            Self::WebhookSecret => {
                secrets::make(&setup.wanted.webhook_file(), secrets::LONG)?;
                secrets::share(&setup.wanted.webhook_file(), &setup.wanted.secrets_folder())?;
            }
            Self::Webhook(event) => webhooks::make(setup, *event).await?,
            Self::Configuration => configuration::make(setup)?,
        }
        match self.look(setup).await? {
            state if !state.is_to_make() => Ok(state),
            _ => Err(Failed::new(
                &Bilingual::new("GLPI took it, and does not have it", "GLPI l’a accepté, et ne l’a pas"),
                &Bilingual::new(
                    "look at GLPI’s log files/_log/php-errors.log: a plugin may stand in the way",
                    "voyez le journal de GLPI files/_log/php-errors.log\u{a0}: un greffon peut s’y opposer",
                ),
            )),
        }
    }

    /// Whether it cannot be made before `other` is there.
    pub(super) fn rests_on(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Account, Self::Profile)
            | (Self::Token, Self::Account | Self::LoginByToken)
            | (Self::Configuration, Self::Token)
            | (Self::Webhook(_), Self::WebhookSecret) => true,
            (Self::Name(kind, path), Self::Name(of, above)) => {
                kind == of && path.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with(" > "))
            }
            _ => false,
        }
    }
}
