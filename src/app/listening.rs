//! Why an address cannot be listened on, as whoever starts the gateway reads it, and whether it is worth another start.

use std::io::ErrorKind;

use crate::{
    config::{self, ConfigError},
    hindrance::Hindrance,
    listener::ListenError,
    text::Bilingual,
};

/// Why the gateway does not listen.
#[derive(Debug)]
pub struct NotListening {
    /// The setting, the reason and the remedy.
    pub error: ConfigError,
    /// Whether the same configuration may do later.
    pub may_pass: bool,
}

impl From<ConfigError> for NotListening {
    fn from(error: ConfigError) -> Self {
        Self { error, may_pass: false }
    }
}

impl From<ListenError> for NotListening {
    fn from(error: ListenError) -> Self {
        let may_pass = is_unknown_name(&error.source)
            // A network that comes up later, a process that ends.
            || matches!(error.source.kind(), ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse);
        Self { error: mistake(error), may_pass }
    }
}

/// Whether DNS does not know the name, or not yet.
fn is_unknown_name(source: &std::io::Error) -> bool {
    Hindrance::under(source) == Some(Hindrance::UnknownHost)
}

/// The mistake of the setting that has the address.
fn mistake(error: ListenError) -> ConfigError {
    let ListenError { key, address, source } = error;
    let message = Bilingual::new(
        format!("{key}: cannot listen on {address}"),
        format!("{key}\u{a0}: impossible d’écouter sur {address}"),
    );
    let kind = source.kind();
    let reason = match kind {
        ErrorKind::InvalidInput => Bilingual::new(&source, "ce n’est pas une adresse où écouter"),
        ErrorKind::AlreadyExists => Bilingual::new(&source, "un fichier de ce nom est là, qui n’est pas une socket"),
        ErrorKind::AddrInUse => Bilingual::new(&source, "elle est déjà prise"),
        ErrorKind::AddrNotAvailable => Bilingual::new(&source, "elle n’est pas de cette machine"),
        ErrorKind::NotFound => Bilingual::new(&source, "son dossier n’existe pas"),
        _ => Hindrance::under(&source).map_or_else(|| config::of_error(&source), |hindrance| hindrance.reason()),
    };
    let remedy = if is_unknown_name(&source) {
        Bilingual::new(
            format!("Check the name in {key}, and that this machine’s resolver knows it; an address needs neither."),
            format!(
                "Vérifiez le nom dans {key}, et que le résolveur de cette machine le connaît\u{a0}; une adresse s’en passe."
            ),
        )
    } else {
        remedy(key, kind, address.starts_with("unix:"))
    };
    ConfigError::setting(message.saying(&reason), remedy).about(key)
}

fn remedy(key: &str, kind: ErrorKind, is_unix: bool) -> Bilingual {
    match kind {
        ErrorKind::AddrInUse => {
            let seen = if is_unix { "ss -lxp" } else { "ss -ltnp" };
            Bilingual::new(
                format!("Another process listens there (`{seen}` shows it): stop it, or change {key}."),
                format!("Un autre processus y écoute (`{seen}` le montre)\u{a0}: arrêtez-le, ou changez {key}."),
            )
        }
        ErrorKind::AddrNotAvailable => Bilingual::new(
            format!("{key} must name an address of this machine: 127.0.0.1 where who connects is on it, too."),
            format!("{key} doit nommer une adresse de cette machine\u{a0}: 127.0.0.1 si qui se connecte y est aussi."),
        ),
        ErrorKind::PermissionDenied if is_unix => Bilingual::new(
            "Let the user that runs Passerelle write in that folder.",
            "Laissez l’utilisateur qui fait tourner Passerelle écrire dans ce dossier.",
        ),
        ErrorKind::PermissionDenied => Bilingual::new(
            "Ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one.",
            "Les ports sous 1024 demandent CAP_NET_BIND_SERVICE\u{a0}: prenez-en un plus haut.",
        ),
        ErrorKind::NotFound if is_unix => Bilingual::new(
            "Create the folder, writable for the user that runs Passerelle.",
            "Créez le dossier, où l’utilisateur qui fait tourner Passerelle peut écrire.",
        ),
        ErrorKind::AlreadyExists => Bilingual::new(
            format!("Move that file away, or change {key}."),
            format!("Déplacez ce fichier, ou changez {key}."),
        ),
        _ => Bilingual::new(
            format!(
                "{key} takes an address with a port, such as \"127.0.0.1:2424\", or a socket's absolute path of at most \
                 107 bytes, such as \"unix:/run/passerelle/lmtp.sock\"."
            ),
            format!(
                "{key} prend une adresse avec un port, comme \"127.0.0.1:2424\", ou le chemin absolu d’une socket, de 107 \
                 octets au plus, comme \"unix:/run/passerelle/lmtp.sock\"."
            ),
        ),
    }
}
