//! A real Postfix of one test (Debian: postfix). It hands the assistance addresses to an LMTP listener, tries
//! again each second, and keeps what it gets for the academy's other addresses.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor, address::Envelope};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::block_in_place};

use super::{free_port, my_user};

const NOBODY: u32 = 65534;

const SERVICES: &str = "\
pickup   unix       n  -  n  60 1  pickup
flush    unix       n  -  n  -  0  flush
cleanup  unix       n  -  n  -  0  cleanup
qmgr     unix       n  -  n  1  1  qmgr
rewrite  unix       -  -  n  -  -  trivial-rewrite
proxymap unix       -  -  n  -  -  proxymap
bounce   unix       -  -  n  -  0  bounce
defer    unix       -  -  n  -  0  bounce
trace    unix       -  -  n  -  0  bounce
showq    unix       n  -  n  -  -  showq
error    unix       -  -  n  -  -  error
retry    unix       -  -  n  -  -  error
virtual  unix       -  n  n  -  -  virtual
lmtp     unix       -  -  n  -  -  lmtp
smtp     unix       -  -  n  -  -  smtp
anvil    unix       -  -  n  -  1  anvil
postlog  unix-dgram n  -  n  -  1  postlogd
";

/// A running Postfix with a queue of its own. Dropping it stops it.
pub(crate) struct Postfix {
    folder: TempDir,
    port: u16,
    /// Whoever submits a mail waits for one of these: of more than Postfix's processes take, the kernel gives up some.
    connections: Semaphore,
}

/// Mails that are submitted at a time: half as many as Postfix has processes for.
const CONNECTIONS: u32 = 50;

impl Postfix {
    /// Starts a relay in front of the LMTP listener `next_hop`: `inet:127.0.0.1:2424` or `unix:/run/lmtp.sock`.
    pub(crate) fn start(next_hop: &str) -> Self {
        Self::through(&format!("lmtp:{next_hop}"), "")
    }

    /// Starts a relay that runs `command` for each mail, as nobody where this process is root, by pipe(8).
    pub(crate) fn piping(command: &str) -> Self {
        let user = if my_user() == 0 { "nobody".to_owned() } else { my_user_name() };
        Self::through("gateway:", &format!("gateway unix - n n - - pipe user={user} argv={command}\n"))
    }

    /// Starts a relay that hands mails over by this transport, a service of its own or one of these.
    fn through(transport: &str, services_of_its_own: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        // Postfix's own user passes through here.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["etc", "queue"] {
            fs::create_dir(path.join(folder)).unwrap();
        }
        let me = my_user();
        let reader = if me == 0 { NOBODY } else { me };
        as_root("install", ["-d".as_ref(), "-o".as_ref(), "postfix".as_ref(), path.join("data").as_os_str()]);
        as_root("install", ["-d", "-o", &reader.to_string(), &path.join("mail").to_string_lossy()]);
        fs::write(path.join("etc/main.cf"), main_cf(path, transport, reader)).unwrap();
        let mut server = Self { folder, port: 0, connections: Semaphore::new(CONNECTIONS as usize) };
        // Another test may take a port between its choice and its use.
        let mut said = String::new();
        let started = (0..5).any(|_| {
            server.port = free_port();
            let services = format!("127.0.0.1:{} inet n - n - - smtpd\n{SERVICES}{services_of_its_own}", server.port);
            fs::write(server.folder.path().join("etc/master.cf"), services).unwrap();
            let output = server.run("postfix", &["start"]);
            let _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
            output.status.success()
        });
        assert!(started, "Postfix does not start: {said}\n{}", server.log());
        server
    }

    /// Where it takes mail by SMTP, on the loopback interface.
    pub(crate) fn smtp_port(&self) -> u16 {
        self.port
    }

    /// Submits a mail by SMTP; an empty `sender` is the null sender.
    pub(crate) async fn submit(&self, sender: &str, recipients: &[&str], mail: &[u8]) {
        let _connection = self.connections.acquire().await.unwrap();
        let sender = (!sender.is_empty()).then(|| sender.parse().unwrap());
        let recipients = recipients.iter().map(|recipient| recipient.parse().unwrap()).collect();
        let client = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(self.port)
            // As patient as a mail program (RFC 5321 section 4.5.3.2).
            .timeout(Some(Duration::from_mins(5)))
            .build();
        client.send_raw(&Envelope::new(sender, recipients).unwrap(), mail).await.unwrap();
    }

    /// Stops and starts again after this time. Who submits a mail is answered before or comes afterwards.
    pub(crate) async fn go_away_for(&self, time: Duration) {
        let _nobody_submits = self.connections.acquire_many(CONNECTIONS).await.unwrap();
        let run = |order: &str| {
            let done = block_in_place(|| self.run("postfix", &[order]));
            assert!(done.status.success(), "{order}: {}\n{}", String::from_utf8_lossy(&done.stderr), self.log());
        };
        run("stop");
        tokio::time::sleep(time).await;
        run("start");
    }

    /// How many mails it still has to deliver.
    pub(crate) fn queue_len(&self) -> usize {
        // What goes from one of its queues to the next while it looks may be seen in neither.
        (0..2).map(|_| self.seen_in_queues()).max().unwrap_or_default()
    }

    fn seen_in_queues(&self) -> usize {
        let queue = self.run("postqueue", &["-j"]);
        assert!(queue.status.success(), "{}", String::from_utf8_lossy(&queue.stderr));
        String::from_utf8_lossy(&queue.stdout).lines().count()
    }

    /// Has it try the mails in its queue now.
    pub(crate) fn flush(&self) {
        let flushed = self.run("postqueue", &["-f"]);
        assert!(flushed.status.success(), "{}", String::from_utf8_lossy(&flushed.stderr));
    }

    /// Takes a mail out of its queue, or `ALL`, as an administrator does; on hold before, it is not tried meanwhile.
    pub(crate) fn take_out(&self, queue_id: &str) {
        for step in ["-h", "-d"] {
            let done = self.run("postsuper", &[step, queue_id]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The mails an address of the academy has got, oldest first.
    pub(crate) fn inbox(&self, recipient: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("mail/inbox/new")) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let delivered_to = format!("Delivered-To: {recipient}");
        paths
            .into_iter()
            .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
            .filter(|mail| {
                mail.lines().take_while(|line| !line.is_empty()).any(|line| line.eq_ignore_ascii_case(&delivered_to))
            })
            .collect()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let folder = self.folder.path().join("etc");
        privileged(&format!("/usr/sbin/{program}")).arg("-c").arg(folder).args(arguments).output().unwrap_or_else(
            |error| panic!("{program} cannot be run: {error}; tests/install.sh installs the Debian package postfix"),
        )
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Postfix's log:\n{}", self.log());
        }
        self.run("postfix", &["stop"]);
        // What Postfix's own user wrote is not this process's to remove.
        as_root("rm", ["-rf".as_ref(), self.folder.path().as_os_str()]);
    }
}

fn main_cf(folder: &Path, transport: &str, reader: u32) -> String {
    let here = folder.display();
    format!(
        "compatibility_level = 2\n\
         queue_directory = {here}/queue\n\
         data_directory = {here}/data\n\
         maillog_file = {here}/log\n\
         maillog_file_prefixes = {here}\n\
         myhostname = relais.test\n\
         mydestination =\n\
         alias_maps =\n\
         mynetworks = 127.0.0.0/8\n\
         inet_interfaces = loopback-only\n\
         inet_protocols = ipv4\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         transport_maps = inline:{{ {{assistance1d@ac-dijon.fr={transport}}}, \
         {{assistance.1erdegre@ac-dijon.fr={transport}}} }}\n\
         virtual_mailbox_domains = ac-dijon.fr\n\
         virtual_mailbox_base = {here}/mail\n\
         virtual_mailbox_maps = static:inbox/\n\
         virtual_mailbox_limit = 0\n\
         virtual_minimum_uid = 1\n\
         virtual_uid_maps = static:{reader}\n\
         virtual_gid_maps = static:{NOBODY}\n\
         message_size_limit = 41943040\n\
         in_flow_delay = 0\n\
         queue_run_delay = 1s\n\
         minimal_backoff_time = 1s\n\
         maximal_backoff_time = 1s\n\
         transport_retry_time = 1s\n"
    )
}

fn my_user_name() -> String {
    let output = Command::new("id").arg("--name").arg("--user").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Postfix starts as root only: another user needs sudo, which `make test` has asked for its password.
fn privileged(program: &str) -> Command {
    if my_user() == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("--non-interactive").arg(program);
    command
}

fn as_root(program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) {
    let output = privileged(program).args(arguments).output();
    let remedy = "Postfix starts as root only: run the tests as root, or `sudo -v` before them";
    match output {
        Ok(output) => assert!(output.status.success(), "{}: {remedy}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => panic!("{error}: {remedy}"),
    }
}
