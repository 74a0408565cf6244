//! The service account and its token.

use jiff::Zoned;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    context::Setup,
    outcome::{Failed, State},
    profile, secrets,
};
use crate::{
    glpi::{Administrator, Credentials, GlpiError, ItemRow, Settings, number},
    text::Bilingual,
};

/// Characters of the token, as many as GLPI's own have.
const TOKEN: usize = 40;

async fn find(setup: &Setup) -> Result<Option<ItemRow>, Failed> {
    Ok(setup.admin.with("User", "name", &setup.wanted.account).await?.into_iter().next())
}

/// A field of the account, or GLPI's own value where it has none.
fn effective<'a>(setup: &'a Setup, account: &'a ItemRow, field: &str) -> &'a str {
    let of = |row: &'a ItemRow| row.get(field).and_then(Value::as_str).filter(|value| !value.is_empty());
    of(account).or_else(|| of(&setup.glpi)).unwrap_or_default()
}

/// The fields that decide in which language and time GLPI answers the account.
fn wishes(setup: &Setup) -> [(&'static str, &str); 2] {
    [("language", &setup.wanted.language), ("timezone", &setup.wanted.time_zone)]
}

fn other(reason: &Bilingual) -> State {
    State::named(
        reason,
        &Bilingual::new(
            "give another name by --account, or change it in GLPI, Administration > Users",
            "donnez un autre nom par --account, ou changez-le dans GLPI, Administration > Utilisateurs",
        ),
    )
}

pub(super) async fn look(setup: &Setup) -> Result<State, Failed> {
    let Some(account) = find(setup).await? else { return Ok(State::create()) };
    if number(&account, "is_active") == 0 || number(&account, "is_deleted") == 1 {
        return Ok(other(&Bilingual::new("it is switched off or in the bin", "il est désactivé ou dans la corbeille")));
    }
    let set = |field: &str| account.get(field).and_then(Value::as_str).is_some_and(|value| !value.is_empty());
    let differing = |(field, wish): &(&str, &str)| effective(setup, &account, field) != *wish;
    for (field, _) in wishes(setup).iter().filter(|wish| differing(wish)) {
        if set(field) {
            let value = effective(setup, &account, field);
            return Ok(other(&Bilingual::same(format!("{field} = {value}"))));
        }
    }
    let profile = profile::id(setup).await?;
    let links = setup.admin.all(&format!("User/{}/Profile_User", number(&account, "id"))).await?;
    if links.iter().any(|link| Some(number(link, "profiles_id")) != profile) {
        return Ok(other(&Bilingual::new("it has another profile, too", "il a aussi un autre profil")));
    }
    let is_whole = |link: &ItemRow| number(link, "entities_id") == 0 && number(link, "is_recursive") == 1;
    Ok(if !links.iter().any(is_whole) {
        State::change(
            (
                "it lacks the profile on the root entity, recursive",
                "il lui manque le profil sur l’entité racine, récursif",
            ),
            (
                "it has the profile on the root entity now, recursive",
                "il a désormais le profil sur l’entité racine, récursif",
            ),
        )
    } else if wishes(setup).iter().any(differing) {
        State::change(
            ("it lacks its language and time zone", "il lui manque sa langue et son fuseau horaire"),
            ("its language and time zone were set", "sa langue et son fuseau horaire ont été réglés"),
        )
    } else {
        State::there()
    })
}

/// Its password is random and nobody's: the token is its way in.
pub(super) async fn make(setup: &Setup) -> Result<(), Failed> {
    let profile = profile::id(setup).await?;
    let wanted = &setup.wanted;
    let Some(account) = find(setup).await? else {
        let password = secrets::password()?;
        let input = json!({
            "name": wanted.account, "realname": "Passerelle", "comment": "Passerelle", "is_active": 1,
            "password": password, "password2": password, "language": wanted.language, "timezone": wanted.time_zone,
            "_profiles_id": profile, "_entities_id": 0, "_is_recursive": 1, "profiles_id": profile,
        });
        setup.admin.add("User", &input).await?;
        return Ok(());
    };
    let id = number(&account, "id");
    let links = setup.admin.all(&format!("User/{id}/Profile_User")).await?;
    match links.iter().find(|link| number(link, "entities_id") == 0) {
        Some(link) if number(link, "is_recursive") == 1 => {}
        Some(link) => {
            let input = json!({ "id": number(link, "id"), "is_recursive": 1 });
            setup.admin.change("Profile_User", &[input]).await?;
        }
        None => {
            let input = json!({ "users_id": id, "profiles_id": profile, "entities_id": 0, "is_recursive": 1 });
            setup.admin.add("Profile_User", &input).await?;
        }
    }
    let lacking = wishes(setup).into_iter().filter(|(field, wish)| effective(setup, &account, field) != *wish);
    let mut input: ItemRow = lacking.map(|(field, wish)| (field.to_owned(), Value::from(wish))).collect();
    if !input.is_empty() {
        input.insert("id".to_owned(), id.into());
        setup.admin.change("User", &[Value::Object(input)]).await?;
    }
    Ok(())
}

/// Whether the token of the file opens a session of the account.
async fn opens(setup: &Setup, token: String) -> Result<bool, Failed> {
    let credentials = Credentials::UserToken(SecretString::from(token));
    let settings = Settings::new(setup.wanted.url.clone(), credentials);
    let Ok(client) = Administrator::new(&settings) else { return Ok(false) };
    let login = client.login().await;
    client.sign_out().await;
    match login {
        Ok(login) => Ok(login == setup.wanted.account),
        Err(GlpiError::Denied { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// GLPI shows no token, only since when there is one.
pub(super) async fn look_at_token(setup: &Setup) -> Result<State, Failed> {
    let path = setup.wanted.token_file();
    let stored = secrets::read(&path)?;
    if let Some(token) = &stored
        && opens(setup, token.clone()).await?
    {
        return Ok(secrets::state_of_mode(&path));
    }
    let account = find(setup).await?;
    let since = account.as_ref().and_then(|it| it.get("api_token_date")?.as_str().map(str::to_owned));
    Ok(match (since, stored) {
        (Some(since), _) if !setup.wanted.new_token => State::named(
            &Bilingual::new(
                format!("the account has another token, since {since}, and GLPI does not show it"),
                format!("le compte a un autre jeton, depuis {since}, que GLPI ne montre pas"),
            ),
            &Bilingual::new(
                "put that one into the file, or give --new-token: the old one then opens nothing any more",
                "mettez celui-là dans le fichier, ou donnez --new-token\u{a0}: l’ancien n’ouvrira plus rien",
            ),
        ),
        (_, Some(_)) => State::change(
            ("the account does not have it yet", "le compte ne l’a pas encore"),
            ("it was given to the account", "il a été donné au compte"),
        ),
        (_, None) => State::create(),
    })
}

/// The file first: a run that is interrupted leaves a token that can still be given to the account.
pub(super) async fn make_token(setup: &Setup) -> Result<(), Failed> {
    let path = setup.wanted.token_file();
    if secrets::read(&path)?.is_none() {
        secrets::make(&path, TOKEN)?;
    }
    secrets::restrict(&path)?;
    secrets::share(&path, &setup.wanted.secrets_folder())?;
    let token = secrets::read(&path)?.unwrap_or_default();
    if opens(setup, token.clone()).await? {
        return Ok(());
    }
    let Some(account) = find(setup).await? else { return Ok(()) };
    let now = Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    // `_reset_api_token` makes one that nobody is told; one's own is taken.
    let input = json!({ "id": number(&account, "id"), "api_token": token, "api_token_date": now });
    setup.admin.change("User", &[input]).await?;
    Ok(())
}
