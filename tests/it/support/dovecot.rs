//! A real Dovecot 2.3 of one test (Debian: dovecot-imapd) with a mailbox for any user. It needs no root: started
//! by root, it runs as nobody, because Dovecot opens no mailbox as root.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{PATIENCE, certificates::certificates, free_port, imap_client::ImapClient, my_user};

/// Every user's password until [`Dovecot::change_password`].
pub(crate) const PASSWORD: &str = "mailbox-password-for-tests";

const NOBODY: u32 = 65534;
const REMEDY: &str = "tests/install.sh installs the Debian package dovecot-imapd";

/// What Dovecot 2.3 announces to a user by default.
const CAPABILITIES: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY \
    THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN \
    NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN \
    CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE \
    LITERAL+ NOTIFY";

/// How a server differs from the usual one.
#[derive(Default)]
pub(crate) struct Options {
    /// Capabilities it does not announce, though it would obey: `MOVE`, `UIDPLUS`, `IDLE`, …
    pub(crate) hidden: &'static [&'static str],
    /// Folders are named as Courier names them: `INBOX.Traités`.
    pub(crate) below_inbox: bool,
    /// How many messages an account holds. Beyond, APPEND and COPY fail; a MOVE adds nothing and succeeds.
    pub(crate) account_limit: Option<u32>,
    /// How many messages the folders below `Archives/` (`INBOX.Archives.`) hold; they have a quota of their
    /// own, so that beyond it a MOVE into them fails as well.
    pub(crate) archives_limit: Option<u32>,
    /// Every message is a file of its own, so that one can be damaged.
    pub(crate) file_for_each: bool,
    /// It answers NO where it cannot give out a message, after those that it can; Dovecot's default is to hang up.
    pub(crate) says_no: bool,
    /// How often a client in IDLE hears that the server is still there; Dovecot's default is two minutes.
    pub(crate) idle_notify: Option<Duration>,
    /// Where it asks about OAuth tokens (RFC 7662); it offers XOAUTH2 and OAUTHBEARER only with this.
    pub(crate) introspection_url: Option<String>,
}

/// A message as the server keeps it.
#[derive(Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) uid: u32,
    /// Without `\Recent`, which depends on who asks.
    pub(crate) flags: Vec<String>,
    /// With CRLF, however its lines ended when it was stored.
    pub(crate) raw: Vec<u8>,
}

/// A running Dovecot. Dropping it stops it.
pub(crate) struct Dovecot {
    folder: TempDir,
    options: Options,
    password: String,
    port: u16,
    tls_port: u16,
    process: Option<Child>,
}

impl Dovecot {
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        certificates(path);
        fs::write(path.join("log"), "").unwrap();
        if my_user() == 0 {
            for path in [path, &path.join("server.key"), &path.join("log")] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let password = PASSWORD.to_owned();
        let mut server = Self { folder, options, password, port: 0, tls_port: 0, process: None };
        server.write_password();
        let started = (0..5).any(|_| {
            (server.port, server.tls_port) = (free_port(), free_port());
            server.run()
        });
        assert!(started, "Dovecot does not start; its configuration is that of version 2.3");
        server
    }

    /// The port on 127.0.0.1 that speaks plain IMAP and offers STARTTLS.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The port on 127.0.0.1 that speaks TLS from the start.
    pub(crate) fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The authority that certified localhost and 127.0.0.1, as PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A plain connection after the greeting.
    pub(crate) fn connect(&self) -> ImapClient {
        let mut client = ImapClient::connect(self.port).unwrap();
        client.line().expect("the server greets");
        client
    }

    /// A plain connection of `user`, signed in.
    pub(crate) fn sign_in(&self, user: &str) -> ImapClient {
        let mut client = self.connect();
        client.succeed(&format!("LOGIN {user} {}", self.password));
        client
    }

    /// Gives every user another password. Its length must differ from the last one's: Dovecot sees by its
    /// time, in seconds, and its size whether a file has changed.
    pub(crate) fn change_password(&mut self, password: &str) {
        assert_ne!(self.password.len(), password.len(), "Dovecot might not notice");
        password.clone_into(&mut self.password);
        self.write_password();
    }

    /// Puts messages into a folder, all at once, with UIDs in their order; clients in IDLE are told.
    pub(crate) fn store(&self, user: &str, folder: &str, messages: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let mut client = self.sign_in(user);
        // MULTIAPPEND (RFC 3502) with LITERAL+ (RFC 7888): nothing to wait for between two messages.
        let mut append = format!("a APPEND {}", self.quoted(folder)).into_bytes();
        for message in messages {
            let message = message.as_ref();
            append.extend(format!(" {{{}+}}\r\n", message.len()).into_bytes());
            append.extend(message);
        }
        append.extend(b"\r\n");
        client.send(append);
        let reply = client.reply();
        assert!(reply.status.starts_with("OK"), "{}", reply.status);
    }

    /// The messages in a folder, by UID. Looking changes nothing.
    pub(crate) fn messages(&self, user: &str, folder: &str) -> Vec<Stored> {
        let mut client = self.sign_in(user);
        client.succeed(&format!("EXAMINE {}", self.quoted(folder)));
        let reply = client.succeed("UID FETCH 1:* (UID FLAGS BODY.PEEK[])");
        let between = |text: &str, start: &str, end: &[char]| {
            text.split_once(start).and_then(|(_, rest)| rest.split(end).next()).unwrap_or_default().to_owned()
        };
        let mut lines = reply.lines;
        // What another client changes meanwhile is told by lines of flags alone, without a UID (RFC 3501, 7.4.2).
        lines.retain(|line| line.text.contains(" FETCH (") && line.text.contains("BODY[]"));
        lines
            .into_iter()
            .map(|mut line| Stored {
                uid: between(&line.text, "UID ", &[' ', ')']).parse().unwrap(),
                flags: between(&line.text, "FLAGS (", &[')'])
                    .split_ascii_whitespace()
                    .filter(|flag| *flag != "\\Recent")
                    .map(str::to_owned)
                    .collect(),
                raw: line.literals.pop().unwrap_or_default(),
            })
            .collect()
    }

    /// The user's folders, sorted.
    pub(crate) fn folders(&self, user: &str) -> Vec<String> {
        let mut folders: Vec<_> = self.doveadm(&["mailbox", "list", "-u", user]).lines().map(str::to_owned).collect();
        folders.sort();
        folders
    }

    pub(crate) fn create_folder(&self, user: &str, folder: &str) {
        self.doveadm(&["mailbox", "create", "-u", user, folder]);
    }

    /// Deletes a folder with its messages, under whoever has it open.
    pub(crate) fn delete_folder(&self, user: &str, folder: &str) {
        self.doveadm(&["mailbox", "delete", "-u", user, folder]);
    }

    pub(crate) fn rename_folder(&self, user: &str, from: &str, to: &str) {
        self.doveadm(&["mailbox", "rename", "-u", user, from, to]);
    }

    /// Sets a flag or a keyword on a message.
    pub(crate) fn set_flag(&self, user: &str, folder: &str, uid: u32, flag: &str) {
        self.doveadm(&["flags", "add", "-u", user, flag, "mailbox", folder, "uid", &uid.to_string()]);
    }

    pub(crate) fn uid_validity(&self, user: &str, folder: &str) -> u32 {
        let status = self.doveadm(&["mailbox", "status", "-u", user, "uidvalidity", folder]);
        status.trim_end().rsplit_once("uidvalidity=").unwrap().1.parse().unwrap()
    }

    /// Changes the UIDVALIDITY, as a server does whose folder was restored from a backup.
    pub(crate) fn set_uid_validity(&self, user: &str, folder: &str, value: u32) {
        self.doveadm(&["mailbox", "update", "-u", user, "--uid-validity", &value.to_string(), folder]);
    }

    /// Damages the file of a message, as [`Options::file_for_each`] has it, so that the server lists the message and
    /// cannot give it out.
    pub(crate) fn make_unreadable(&self, user: &str, folder: &str, uid: u32) {
        let file = format!("users/{user}/mail/mailboxes/{folder}/dbox-Mails/u.{uid}");
        fs::set_permissions(self.folder.path().join(file), fs::Permissions::from_mode(0o000)).unwrap();
    }

    /// Ends every connection: those in TLS without a word, as a broken network does, the plain ones with BYE.
    /// A command that has begun is carried out, answered or not.
    pub(crate) fn cut_connections(&self) {
        let named = |name| {
            self.processes().into_iter().filter(move |process| {
                fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|comm| comm.trim_end() == name)
            })
        };
        // The processes for sign-in go on as the client's end of TLS. To kill a session itself might double
        // or lose what it was moving.
        signal("KILL", named("imap-login"));
        signal("TERM", named("imap"));
    }

    /// Stops it as an administrator does: it says BYE to everybody.
    pub(crate) fn stop(&mut self) {
        if self.process.is_some() {
            // Left to their master alone, sessions would stay for some ten seconds.
            signal("TERM", self.processes());
        }
        if let Some(mut process) = self.process.take() {
            process.wait().unwrap();
        }
    }

    /// Starts it on the same ports with the same mail, and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        let began = Instant::now();
        while !self.run() {
            assert!(began.elapsed() < PATIENCE, "Dovecot does not start again");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts it and waits until it answers. Says whether it runs.
    fn run(&mut self) -> bool {
        let path = self.folder.path();
        fs::write(path.join("dovecot.conf"), self.configuration()).unwrap();
        let log = OpenOptions::new().append(true).open(path.join("log")).unwrap();
        let process = self
            .as_owner("/usr/sbin/dovecot")
            .args(["-F", "-c", "dovecot.conf"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("dovecot cannot be run: {error}; {REMEDY}"));
        let process = self.process.insert(process);
        let began = Instant::now();
        while !answers(self.port, path) {
            if process.try_wait().unwrap().is_some() {
                self.process = None;
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "Dovecot does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    fn configuration(&self) -> String {
        let Options {
            hidden,
            below_inbox,
            account_limit,
            archives_limit,
            file_for_each,
            says_no,
            idle_notify,
            introspection_url,
        } = &self.options;
        let here = self.folder.path().display();
        let (user, group) = (self.said_by("id", &["-un"]), self.said_by("id", &["-gn"]));
        let (user, group) = (user.trim_end(), group.trim_end());
        let (prefix, separator) = if *below_inbox { ("INBOX.", ".") } else { ("", "/") };
        // mdbox packs messages into few files: ext4 makes thousands slowly once as many were deleted.
        let mut settings = format!(
            "protocols = imap\n\
             listen = 127.0.0.1\n\
             base_dir = {here}/run\n\
             state_dir = {here}/run\n\
             log_path = {here}/log\n\
             login_greeting = {greeting}\n\
             default_internal_user = {user}\n\
             default_internal_group = {group}\n\
             default_login_user = {user}\n\
             first_valid_uid = 1\n\
             ssl_cert = <{here}/server.pem\n\
             ssl_key = <{here}/server.key\n\
             auth_failure_delay = 0\n\
             auth_verbose = yes\n\
             mail_home = {here}/users/%u\n\
             mail_location = {format}:~/mail:UTF-8\n\
             mail_fsync = never\n\
             mail_max_userip_connections = 0\n\
             mail_plugins = quota\n\
             namespace inbox {{\n inbox = yes\n prefix = {prefix}\n separator = {separator}\n}}\n\
             passdb {{\n driver = passwd-file\n mechanisms = plain login\n \
             args = username_format=anyone {here}/passwords\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} allow_all_users=yes\n}}\n\
             service anvil {{\n chroot =\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\n\
             service imap-login {{\n chroot =\n service_count = 0\n \
             inet_listener imap {{\n port = {port}\n }}\n \
             inet_listener imaps {{\n port = {tls_port}\n ssl = yes\n }}\n}}\n",
            format = if *file_for_each { "sdbox" } else { "mdbox" },
            greeting = greeting(self.folder.path()),
            port = self.port,
            tls_port = self.tls_port,
        );
        if !hidden.is_empty() {
            let shown: Vec<_> = CAPABILITIES.split(' ').filter(|capability| !hidden.contains(capability)).collect();
            let _ = writeln!(settings, "imap_capability = {}", shown.join(" "));
        }
        if let Some(limit) = account_limit {
            let _ = write!(
                settings,
                "plugin {{\n quota = count:Compte:ns={prefix}\n quota_rule = *:messages={limit}\n}}\n"
            );
        }
        if let Some(limit) = archives_limit {
            // Dovecot looks for quotas by number, up to the first that is missing.
            if account_limit.is_none() {
                let _ = write!(settings, "plugin {{\n quota = count:Compte:ns={prefix}\n}}\n");
            }
            let archives = format!("{prefix}Archives{separator}");
            let _ = write!(
                settings,
                "namespace archives {{\n prefix = {archives}\n separator = {separator}\n \
                 location = mdbox:~/archives:UTF-8\n}}\n\
                 plugin {{\n quota2 = count:Archives:ns={archives}\n quota2_rule = *:messages={limit}\n}}\n"
            );
        }
        if account_limit.or(*archives_limit).is_some() {
            settings.push_str("plugin {\n quota_vsizes = yes\n}\n");
        }
        if *says_no {
            settings.push_str("imap_fetch_failure = no-after\n");
        }
        if let Some(interval) = idle_notify {
            let _ = writeln!(settings, "imap_idle_notify_interval = {} secs", interval.as_secs());
        }
        let mut mechanisms = "plain login".to_owned();
        if let Some(url) = introspection_url {
            mechanisms.push_str(" xoauth2 oauthbearer");
            let oauth = format!(
                "introspection_url = {url}\nintrospection_mode = post\nusername_attribute = username\n\
                 active_attribute = active\nactive_value = true\n"
            );
            fs::write(self.folder.path().join("oauth.conf"), oauth).unwrap();
            let _ = write!(
                settings,
                "passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = {here}/oauth.conf\n}}\n"
            );
        }
        let _ = writeln!(settings, "auth_mechanisms = {mechanisms}");
        settings
    }

    fn write_password(&self) {
        let line = format!("anyone:{{PLAIN}}{}\n", self.password);
        fs::write(self.folder.path().join("passwords"), line).unwrap();
    }

    /// A folder's name as IMAP wants it (RFC 3501, 5.1.3).
    fn quoted(&self, folder: &str) -> String {
        format!("\"{}\"", self.doveadm(&["mailbox", "mutf7", folder]).trim_end())
    }

    fn doveadm(&self, arguments: &[&str]) -> String {
        self.said_by("/usr/bin/doveadm", &[&["-c", "dovecot.conf"], arguments].concat())
    }

    /// The output of a program that must succeed.
    fn said_by(&self, program: &str, arguments: &[&str]) -> String {
        let output = self
            .as_owner(program)
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program} cannot be run: {error}; {REMEDY}"));
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A command in its folder, as the user that owns the mail.
    fn as_owner(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        if my_user() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Its master process and those it has started.
    fn processes(&self) -> Vec<u32> {
        let Some(process) = &self.process else { return Vec::new() };
        let master = process.id();
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
        std::iter::once(master).chain(children.split_ascii_whitespace().map(|id| id.parse().unwrap())).collect()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Dovecot's log:\n{}", self.log());
        }
        self.stop();
    }
}

/// What this server and no other says first.
fn greeting(folder: &Path) -> String {
    folder.display().to_string()
}

/// Whether it is the server of this folder that listens on the port.
fn answers(port: u16, folder: &Path) -> bool {
    let said = ImapClient::connect(port).ok().and_then(|mut client| client.line());
    said.is_some_and(|line| line.text.contains(&greeting(folder)))
}

/// Sends a signal to processes of which some may have ended.
fn signal(name: &str, processes: impl IntoIterator<Item = u32>) {
    for process in processes {
        Command::new("kill").args(["-s", name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
    }
}
