//! From an account to a signed-in session: TCP, TLS, greeting, LOGIN or AUTHENTICATE.

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use async_imap::{Authenticator, Client};
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;

use super::{
    account::{MailboxAccount, Protection},
    error::ImapError,
    session::{Session, Stream},
    token::Tokens,
};
use crate::{config::ConfigError, text::Bilingual};

/// How long one of a server's addresses may take to answer before the next one is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What every connection needs.
pub(super) struct Connector {
    tls: TlsConnector,
    tokens: Option<Tokens>,
    timeout: Duration,
}

impl Connector {
    /// Trusts whom the system trusts, and the certificate authorities in the file `ca`.
    pub(super) fn new(ca: Option<&Path>, tokens: Option<Tokens>, timeout: Duration) -> Result<Self, ConfigError> {
        let unusable = |path: &Path, reason: &Bilingual| {
            ConfigError::setting(
                Bilingual::new(
                    format!("imap.ca: {} cannot be used: ", path.display()),
                    format!("imap.ca : {} ne peut pas servir : ", path.display()),
                )
                .then("", reason),
                Bilingual::new(
                    "Give a PEM file with the certificate of the authority that signed the server's.",
                    "Donnez un fichier PEM avec le certificat de l’autorité qui a signé celui du serveur.",
                ),
            )
            .about("imap.ca")
        };
        let mut authorities = Vec::new();
        if let Some(path) = ca {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            authorities = read.map_err(|error| unusable(path, &Bilingual::quoted(error)))?;
            if authorities.is_empty() {
                return Err(unusable(
                    path,
                    &Bilingual::new("it holds no certificate", "il ne contient aucun certificat"),
                ));
            }
        }
        let broken = |error: rustls::Error| {
            ConfigError::because(
                Bilingual::new("imap: no TLS", "imap : pas de TLS"),
                error,
                Bilingual::new(
                    "Check imap.ca, and that this machine has certificate authorities (Debian: ca-certificates).",
                    "Vérifiez imap.ca, et que cette machine a des autorités de certification (Debian\u{a0}: ca-certificates).",
                ),
            )
            .about("imap.ca")
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(authorities, provider.clone()).map_err(broken)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .dangerous() // only in name: the verifier is the system's
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), tokens, timeout })
    }

    /// Signs in.
    pub(super) async fn connect(&self, account: &MailboxAccount) -> Result<Session, ImapError> {
        match self.bounded(self.sign_in(account, false)).await {
            // A token may have been withdrawn before its time.
            Err(ImapError::SignIn(_)) if self.tokens.is_some() => self.bounded(self.sign_in(account, true)).await,
            signed_in => signed_in,
        }
    }

    async fn bounded<T>(&self, attempt: impl Future<Output = Result<T, ImapError>>) -> Result<T, ImapError> {
        tokio::time::timeout(self.timeout, attempt).await.unwrap_or(Err(ImapError::Silent(self.timeout)))
    }

    async fn sign_in(&self, account: &MailboxAccount, fresh_token: bool) -> Result<Session, ImapError> {
        let token = match &self.tokens {
            Some(tokens) => Some(tokens.get(fresh_token).await?),
            None => None,
        };
        let client = self.greeted(account).await?;
        let user = account.user.as_str();
        let signed_in = match (&token, &account.password) {
            (Some(token), _) => {
                let answer = format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret());
                client.authenticate("XOAUTH2", Once(Some(answer.into()))).await
            }
            // LOGIN takes 7 bits (RFC 3501 section 9, `astring`), PLAIN takes UTF-8 (RFC 4616).
            (None, Some(password)) if !password.expose_secret().is_ascii() || !user.is_ascii() => {
                let answer = format!("\0{user}\0{}", password.expose_secret());
                client.authenticate("PLAIN", Once(Some(answer.into()))).await
            }
            (None, password) => client.login(user, password.as_ref().map_or("", SecretString::expose_secret)).await,
        };
        let session = signed_in.map_err(|(error, _)| ImapError::from(error))?;
        Session::open(session, self.timeout).await
    }

    /// A connection, protected as the account wants it, whose greeting has been read.
    async fn greeted(&self, account: &MailboxAccount) -> Result<Client<Stream>, ImapError> {
        let cannot = |error: Box<dyn Error + Send + Sync>| {
            let MailboxAccount { host, port, .. } = account;
            let words = Bilingual::new(
                format!("cannot connect to {host}:{port}"),
                format!("connexion impossible à {host}:{port}"),
            );
            ImapError::because(words, error)
        };
        let tcp = open_tcp(&account.host, account.port).await.map_err(|error| cannot(error.into()))?;
        let to_tls = async |tcp: TcpStream| {
            let name = ServerName::try_from(account.host.clone()).map_err(|error| cannot(error.into()))?;
            self.tls.connect(name, tcp).await.map_err(|error| cannot(error.into()))
        };
        match account.protection {
            Protection::Implicit => {
                let mut client = Client::new(Either::Right(to_tls(tcp).await?));
                read_greeting(&mut client).await?;
                Ok(client)
            }
            Protection::StartTls => {
                let mut client = Client::new(tcp);
                read_greeting(&mut client).await?;
                let refused = |error| match ImapError::from(error) {
                    ImapError::SignIn(text) => cannot(format!("no STARTTLS: {text}").into()),
                    other => other,
                };
                client.run_command_and_check_ok("STARTTLS", None).await.map_err(refused)?;
                // What was sent in the clear behind the answer goes with the old client's buffer.
                Ok(Client::new(Either::Right(to_tls(client.into_inner()).await?)))
            }
            Protection::Off => {
                let mut client = Client::new(Either::Left(tcp));
                read_greeting(&mut client).await?;
                Ok(client)
            }
        }
    }
}

/// Connects to the first address that answers, and has the system notice when the other side is gone.
async fn open_tcp(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut last = None;
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        match tokio::time::timeout(CONNECT_TIMEOUT, socket.connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Some(error),
            Err(_) => last = Some(std::io::ErrorKind::TimedOut.into()),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::NotFound.into()))
}

async fn read_greeting<T>(client: &mut Client<T>) -> Result<(), ImapError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + std::fmt::Debug + Send,
{
    use imap_proto::{Response, Status};
    let greeting = client.read_response().await?.ok_or_else(ImapError::lost)?;
    match greeting.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        Response::Data { outcome, .. } => Err(ImapError::bye(outcome.information.as_deref())),
        _ => Err(ImapError::connection(Bilingual::new("this is no IMAP server", "ce n’est pas un serveur IMAP"))),
    }
}

/// Answers the first challenge. A second one is the server's reason for saying no: it is answered empty,
/// else the exchange never ends.
struct Once(Option<SecretString>);

impl Authenticator for Once {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().map_or_else(String::new, |answer| answer.expose_secret().to_owned())
    }
}
