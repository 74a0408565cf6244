//! What setup is asked to make: options, then questions on the terminal; nothing of any academy by default.

use std::{
    net::{IpAddr, ToSocketAddrs as _, UdpSocket},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use url::Url;

use super::{
    faults,
    outcome::Failed,
    secrets, terminal,
    wanted::{ToldBy, Wanted},
};
use crate::{
    config,
    glpi::Credentials,
    text::{Bilingual, Language},
};

/// Sets GLPI up for the gateway and writes the gateway's configuration: from GLPI's address and a Super-Admin's login,
/// given once and never kept. Shows what it would make; `--apply` makes it. Run again, it changes nothing that is
/// right; the configuration follows the options of each run, unless you changed it: then it is kept. Exit codes: 0 all is there (or, without `--apply`, can be made), 1
/// something is left for a person, 64 an option cannot be meant: then nothing was begun.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
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
    pub http: Option<String>,
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
    pub webhook: Option<String>,
    /// Who tells the requester of a new ticket, where GLPI and the gateway both would: the other one is silenced. Without it
    /// nothing is changed, and both tell
    #[arg(long, value_name = "WHO")]
    pub receipts: Option<ToldBy>,
    /// Switches announcements on: information to all directors of a zone; takes `--operator`
    #[arg(long)]
    pub announcements: bool,
    /// Who sees all figures and may write to all directors: an address, or a group of GLPI; more than one: several times
    #[arg(long = "operator", value_name = "WHO")]
    pub operators: Vec<String>,
    /// Gives the service account the rights to write drafts of articles (`#fiche`)
    #[arg(long)]
    pub drafts: bool,
    /// A folder of mappings; without it, `mappings` in --into where that is there, else those in the program
    #[arg(long, value_name = "FOLDER")]
    pub mappings: Option<PathBuf>,
    /// The folder of the configuration and, below it, of the secrets
    #[arg(long, value_name = "FOLDER", default_value = "/etc/passerelle")]
    pub into: PathBuf,
    /// The gateway's address as GLPI sees it; more than one: several times [default: this machine's towards GLPI]
    #[arg(long, value_name = "IP")]
    pub gateway: Vec<String>,
    /// The name of the API client; those of further gateways are numbered
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

impl Args {
    /// Asks for what is missing, where somebody can be asked; gives the Super-Admin's login apart.
    ///
    /// # Errors
    ///
    /// Everything that is missing, or cannot be meant.
    pub(super) fn complete(self, language: Language) -> Result<(Wanted, Credentials), Vec<Failed>> {
        let mut asking = Asking { language, faults: Vec::new(), missing: Vec::new() };
        let url = asking.one(self.url, "--url", &Bilingual::new("GLPI’s address", "Adresse de GLPI"));
        let login =
            asking.one(self.login, "--login", &Bilingual::new("Super-Admin’s login", "Identifiant d’un Super-Admin"));
        let login = asking.filled(login, "--login");
        let password = asking.password(self.password_file);
        let domains = asking.several(
            self.domains,
            "--domain",
            &Bilingual::new("Domain of the senders’ addresses", "Domaine des adresses des expéditeurs"),
        );
        let recipients = asking.several(
            self.recipients,
            "--recipient",
            &Bilingual::new("Address that takes requests", "Adresse qui reçoit les demandes"),
        );
        let academy = asking.one(self.academy, "--academy", &Bilingual::new("The academy’s name", "Nom de l’académie"));
        let Asking { faults: mut found, missing, .. } = asking;
        let mut take = |fault: Failed| found.push(fault);
        let address = url.as_deref().and_then(|url| faults::site(url, "--url").map_err(&mut take).ok());
        let gateway: Vec<IpAddr> = match (self.gateway.is_empty(), &address) {
            (false, _) => {
                self.gateway.iter().filter_map(|text| faults::machine(text).map_err(&mut take).ok()).collect()
            }
            (true, Some(address)) => towards(address).map_err(&mut take).into_iter().collect(),
            (true, None) => Vec::new(),
        };
        let webhook = self.webhook.and_then(|url| faults::site(&url, "--webhook").map_err(&mut take).ok());
        let webhook = webhook.map(|mut url| {
            if url.path() == "/" {
                url.set_path("/v1/glpi/webhook");
            }
            url
        });
        let into = absolute(self.into);
        let given = faults::Given { from: self.from.is_some(), missing: &missing };
        let wanted = Wanted {
            url: match address.or_else(|| Url::parse("http://localhost").ok()) {
                Some(url) => url,
                None => return Err(found),
            },
            from: self.from.or_else(|| recipients.first().cloned()).unwrap_or_default(),
            domains,
            recipients,
            academy: academy.unwrap_or_default(),
            lmtp: self.lmtp.or_else(|| self.imap.is_none().then(|| "127.0.0.1:2424".to_owned())),
            imap: self.imap,
            http: self.http,
            smtp: self.smtp,
            directors: self.directors.map(absolute),
            directors_group: self.directors_group,
            webhook,
            receipts: self.receipts,
            announcements: self.announcements,
            operators: self.operators,
            drafts: self.drafts,
            names_mappings: self.mappings.is_some(),
            mappings: self
                .mappings
                .map(absolute)
                .or_else(|| Some(into.join("mappings")).filter(|folder| folder.is_dir())),
            into,
            gateway,
            client: self.client,
            profile: self.profile,
            account: self.account,
            language: self.account_lang,
            comments: language,
            time_zone: self.time_zone,
            new_token: self.new_token,
        };
        found.extend(faults::find(&wanted, given));
        match (login, password) {
            (Some(login), Some(password)) if found.is_empty() => {
                Ok((wanted, Credentials::Login { login, password: SecretString::from(password) }))
            }
            _ => Err(found),
        }
    }
}

/// The same place wherever the gateway is started.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Asks on the terminal for what no option gave, and notes what is missing.
struct Asking {
    language: Language,
    faults: Vec<Failed>,
    /// The options that neither the command line nor an answer gave.
    missing: Vec<&'static str>,
}

impl Asking {
    fn one(&mut self, given: Option<String>, option: &'static str, question: &Bilingual) -> Option<String> {
        let found = given.or_else(|| self.answer(question));
        if found.is_none() {
            self.note_missing(option);
        }
        found
    }

    fn several(&mut self, given: Vec<String>, option: &'static str, question: &Bilingual) -> Vec<String> {
        if !given.is_empty() {
            return given;
        }
        let line = self.answer(question).unwrap_or_default();
        let found: Vec<_> = line.split([',', ' ']).filter(|it| !it.is_empty()).map(str::to_owned).collect();
        if found.is_empty() {
            self.note_missing(option);
        }
        found
    }

    fn answer(&self, question: &Bilingual) -> Option<String> {
        terminal::is_there().then(|| terminal::ask(question, self.language)).flatten()
    }

    /// What was given, where it is not empty: GLPI would take that for none, and blame the web server.
    fn filled(&mut self, given: Option<String>, option: &str) -> Option<String> {
        if given.as_deref().is_some_and(|given| given.trim().is_empty()) {
            self.faults.push(Failed::new(
                &Bilingual::new(format!("{option} is empty"), format!("{option} est vide")),
                &Bilingual::new(
                    "give a Super-Admin’s login and password, or leave both out: on a terminal setup asks for them",
                    "donnez l’identifiant et le mot de passe d’un Super-Admin, ou omettez-les\u{a0}: dans un terminal, setup les demande",
                ),
            ));
            return None;
        }
        given
    }

    fn note_missing(&mut self, option: &'static str) {
        self.faults.push(missing(option));
        self.missing.push(option);
    }

    fn password(&mut self, file: Option<PathBuf>) -> Option<String> {
        let option = "--password-file";
        let found = match (file, std::env::var("GLPI_ADMIN_PASSWORD")) {
            (Some(file), _) => match of_file(&file) {
                Ok(None) => return self.filled(Some(String::new()), &format!("{option} {}", file.display())),
                Ok(password) => password,
                Err(fault) => {
                    self.faults.push(fault);
                    return None;
                }
            },
            (None, Ok(password)) => return self.filled(Some(password), "GLPI_ADMIN_PASSWORD"),
            (None, Err(_)) if terminal::is_there() => {
                let question = Bilingual::new("Its password (not shown)", "Son mot de passe (non affiché)");
                terminal::ask_in_secret(&question, self.language)
            }
            (None, Err(_)) => None,
        };
        if found.is_none() {
            self.note_missing(option);
        }
        found
    }
}

fn of_file(file: &Path) -> Result<Option<String>, Failed> {
    let unreadable = Bilingual::new(
        format!("--password-file {} cannot be read", file.display()),
        format!("--password-file {} ne peut pas être lu", file.display()),
    );
    let remedy = Bilingual::new(
        "name a file that holds the password alone, and that you may read",
        "nommez un fichier qui contient le mot de passe seul, et que vous pouvez lire",
    );
    match secrets::read(file) {
        Ok(None) if !file.exists() => Err(Failed::new(&unreadable, &remedy)),
        Ok(password) => Ok(password),
        Err(_) => Err(Failed::new(&unreadable, &remedy)),
    }
}

fn missing(option: &str) -> Failed {
    Failed::new(
        &Bilingual::new(format!("{option} is not given"), format!("{option} n’est pas donné")),
        &Bilingual::new("give it, or run setup on a terminal", "donnez-le, ou lancez setup dans un terminal"),
    )
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
                format!("this machine’s address towards {url} is not known"),
                format!("l’adresse de cette machine vers {url} n’est pas connue"),
            )
            .saying(&config::of_error(&error)),
            &Bilingual::new("check --url and DNS, or give --gateway", "vérifiez --url et le DNS, ou donnez --gateway"),
        )
    })
}
