//! What setup is asked to make: options, then questions on the terminal; nothing of any academy by default.

use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs as _, UdpSocket},
    path::PathBuf,
};

use secrecy::SecretString;
use url::Url;

use super::{outcome::Failed, secrets, terminal};
use crate::{
    glpi::Credentials,
    text::{Bilingual, Language},
};

/// Sets GLPI up for the gateway and writes the gateway's configuration: from GLPI's address and a Super-Admin's login,
/// given once and never kept. Shows what it would make; `--apply` makes it. Run again, it changes nothing that is
/// right. Exit code 1 if something is left for a person.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Makes what is missing
    #[arg(long)]
    pub apply: bool,
    /// Only shows what would be made, which is the default
    #[arg(long, conflicts_with = "apply")]
    pub dry_run: bool,
    /// The language of the output; without it, that of the locale, else English
    #[arg(long)]
    pub lang: Option<Language>,
    /// GLPI's address, <https://glpi.example.fr>; asked for on a terminal
    #[arg(long)]
    pub url: Option<String>,
    /// A Super-Admin's login, for this run alone; asked for on a terminal
    #[arg(long, env = "GLPI_ADMIN_LOGIN")]
    pub login: Option<String>,
    /// A file with the Super-Admin's password; without it the variable `GLPI_ADMIN_PASSWORD`, else it is asked for on the
    /// terminal, which does not show it
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The domain of the senders' addresses, «ac-example.fr»; more than one: several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// The address that takes requests; more than one: several times
    #[arg(long = "recipient", value_name = "ADDRESS")]
    pub recipients: Vec<String>,
    /// The academy as its pages name it, «Académie de Nancy-Metz»
    #[arg(long)]
    pub academy: Option<String>,
    /// A mailbox to read, <imaps://assistance%40ac-example.fr@imap.ac-example.fr>, without its password
    #[arg(long, value_name = "URL", conflicts_with = "lmtp")]
    pub imap: Option<String>,
    /// Where the mail relay hands mails over [default without --imap: 127.0.0.1:2424]
    #[arg(long, value_name = "ADDRESS")]
    pub lmtp: Option<String>,
    /// Where the portal calls, behind a reverse proxy: 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// The relay that takes the gateway's own mails, <smtp://127.0.0.1:25>
    #[arg(long, value_name = "URL")]
    pub smtp: Option<String>,
    /// The sender of the gateway's own mails [default: the first --recipient]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// A CSV file of directors; without it, they are the members of a GLPI group
    #[arg(long, value_name = "FILE")]
    pub directors: Option<PathBuf>,
    /// That group
    #[arg(long, value_name = "GROUP", default_value = "Directeurs d'école")]
    pub directors_group: String,
    /// For GLPI 11, the gateway's public address: its webhooks go to <https://passerelle.example.fr/v1/glpi/webhook>
    #[arg(long, value_name = "URL")]
    pub webhook: Option<Url>,
    /// A folder of mappings; without it, `mappings` in --into where that is there, else those in the program
    #[arg(long, value_name = "FOLDER")]
    pub mappings: Option<PathBuf>,
    /// The folder of the configuration and, below it, of the secrets
    #[arg(long, value_name = "FOLDER", default_value = "/etc/passerelle")]
    pub into: PathBuf,
    /// The gateway's address as GLPI sees it; more than one: several times [default: this machine's towards GLPI]
    #[arg(long, value_name = "IP")]
    pub gateway: Vec<IpAddr>,
    /// The name of the API client
    #[arg(long, default_value = "Passerelle")]
    pub client: String,
    /// The name of the profile
    #[arg(long, default_value = "Passerelle")]
    pub profile: String,
    /// The login of the service account
    #[arg(long, default_value = "passerelle")]
    pub account: String,
    /// The language of the service account
    #[arg(long, default_value = "fr_FR")]
    pub account_lang: String,
    /// The academy's time zone, also that of the service account
    #[arg(long, default_value = "Europe/Paris")]
    pub time_zone: String,
    /// Gives the account a new token where it has one that is not in the file: the old one then opens nothing any more
    #[arg(long)]
    pub new_token: bool,
}

/// Everything that is to be.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) url: Url,
    pub(super) domains: Vec<String>,
    pub(super) recipients: Vec<String>,
    pub(super) academy: String,
    pub(super) imap: Option<String>,
    pub(super) lmtp: Option<String>,
    pub(super) http: Option<SocketAddr>,
    pub(super) smtp: Option<String>,
    pub(super) from: String,
    pub(super) directors: Option<PathBuf>,
    pub(super) directors_group: String,
    /// The whole address of the webhooks.
    pub(super) webhook: Option<Url>,
    pub(super) mappings: Option<PathBuf>,
    pub(super) into: PathBuf,
    pub(super) gateway: Vec<IpAddr>,
    pub(super) client: String,
    pub(super) profile: String,
    pub(super) account: String,
    pub(super) language: String,
    pub(super) time_zone: String,
    pub(super) new_token: bool,
}

impl Wanted {
    pub(super) fn configuration_file(&self) -> PathBuf {
        self.into.join("passerelle.toml")
    }

    pub(super) fn secrets_folder(&self) -> PathBuf {
        self.into.join("secrets")
    }

    pub(super) fn token_file(&self) -> PathBuf {
        self.secrets_folder().join("glpi-token")
    }

    pub(super) fn webhook_file(&self) -> PathBuf {
        self.secrets_folder().join("webhook-secret")
    }

    pub(super) fn imap_file(&self) -> PathBuf {
        self.secrets_folder().join("imap-password")
    }
}

impl Args {
    /// Asks for what is missing, where somebody can be asked; gives the Super-Admin's login apart.
    pub(super) fn complete(self, language: Language) -> Result<(Wanted, Credentials), Failed> {
        let asked = |given: Option<String>, option: &str, question: Bilingual| match given {
            Some(given) => Ok(given),
            None if terminal::is_there() => terminal::ask(&question, language).ok_or_else(|| missing(option)),
            None => Err(missing(option)),
        };
        let several = |given: Vec<String>, option: &str, question: Bilingual| match given.as_slice() {
            [] => asked(None, option, question)
                .map(|line| line.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect()),
            _ => Ok(given),
        };
        let url = asked(self.url, "--url", Bilingual::new("GLPI’s address", "Adresse de GLPI"))?;
        let url = address(&url, "--url")?;
        let login =
            asked(self.login, "--login", Bilingual::new("Super-Admin’s login", "Identifiant d’un Super-Admin"))?;
        let password = match (self.password_file, std::env::var("GLPI_ADMIN_PASSWORD")) {
            (Some(file), _) => secrets::read(&file)?.ok_or_else(|| missing("--password-file"))?,
            (None, Ok(password)) => password,
            (None, Err(_)) if terminal::is_there() => {
                let question = Bilingual::new("Its password (not shown)", "Son mot de passe (non affiché)");
                terminal::ask_in_secret(&question, language).ok_or_else(|| missing("--password-file"))?
            }
            (None, Err(_)) => return Err(missing("--password-file")),
        };
        let domains = several(
            self.domains,
            "--domain",
            Bilingual::new("Domain of the senders’ addresses", "Domaine des adresses des expéditeurs"),
        )?;
        let recipients = several(
            self.recipients,
            "--recipient",
            Bilingual::new("Address that takes requests", "Adresse qui reçoit les demandes"),
        )?;
        let academy = asked(self.academy, "--academy", Bilingual::new("The academy’s name", "Nom de l’académie"))?;
        let has_password = |address: &str| Url::parse(address).is_ok_and(|url| url.password().is_some());
        for (option, given) in [("--imap", &self.imap), ("--smtp", &self.smtp)] {
            if given.as_deref().is_some_and(has_password) {
                return Err(Failed::new(
                    &Bilingual::new(
                        format!("{option} holds a password, which others see on a command line"),
                        format!("{option} contient un mot de passe, que d’autres voient sur une ligne de commande"),
                    ),
                    &Bilingual::new(
                        "give it without; the mailbox’s goes into secrets/imap-password, a relay’s with its address into the file that PASSERELLE_SMTP__URL_FILE names",
                        "donnez-le sans\u{a0}; celui de la boîte va dans secrets/imap-password, celui d’un relais, avec son adresse, dans le fichier que nomme PASSERELLE_SMTP__URL_FILE",
                    ),
                ));
            }
        }
        let lmtp = self.lmtp.or_else(|| self.imap.is_none().then(|| "127.0.0.1:2424".to_owned()));
        let webhook = self.webhook.map(|mut url| {
            if url.path() == "/" {
                url.set_path("/v1/glpi/webhook");
            }
            url
        });
        let gateway = if self.gateway.is_empty() { vec![towards(&url)?] } else { self.gateway };
        let from = self.from.or_else(|| recipients.first().cloned()).unwrap_or_default();
        let into = std::path::absolute(&self.into).unwrap_or(self.into);
        let mappings = self.mappings.or_else(|| Some(into.join("mappings")).filter(|folder| folder.is_dir()));
        let wanted = Wanted {
            url,
            domains,
            recipients,
            academy,
            imap: self.imap,
            lmtp,
            http: self.http,
            smtp: self.smtp,
            from,
            directors: self.directors,
            directors_group: self.directors_group,
            webhook,
            mappings,
            into,
            gateway,
            client: self.client,
            profile: self.profile,
            account: self.account,
            language: self.account_lang,
            time_zone: self.time_zone,
            new_token: self.new_token,
        };
        Ok((wanted, Credentials::Login { login, password: SecretString::from(password) }))
    }
}

fn missing(option: &str) -> Failed {
    Failed::new(
        &Bilingual::new(format!("{option} is not given"), format!("{option} n’est pas donné")),
        &Bilingual::new("give it, or run setup on a terminal", "donnez-le, ou lancez setup dans un terminal"),
    )
}

fn address(text: &str, option: &str) -> Result<Url, Failed> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        Failed::new(
            &Bilingual::new(format!("{option} {text} is no address"), format!("{option} {text} n’est pas une adresse")),
            &Bilingual::same("https://glpi.example.fr"),
        )
    })
}

/// The address from which this machine calls GLPI; nothing is sent to learn it.
fn towards(url: &Url) -> Result<IpAddr, Failed> {
    let of_system = || -> std::io::Result<IpAddr> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(443);
        let mut found = (host, port).to_socket_addrs()?;
        let there = found.next().ok_or(std::io::ErrorKind::NotFound)?;
        let any = if there.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        socket.connect(there)?;
        Ok(socket.local_addr()?.ip())
    };
    of_system().map_err(|error| {
        Failed::new(
            &Bilingual::new(
                format!("this machine’s address towards {url} is not known: {error}"),
                format!("l’adresse de cette machine vers {url} n’est pas connue\u{a0}: {error}"),
            ),
            &Bilingual::new("check --url and DNS, or give --gateway", "vérifiez --url et le DNS, ou donnez --gateway"),
        )
    })
}
