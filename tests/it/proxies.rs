//! The proxies' configurations that come with the gateway, run as they are in a real nginx, Apache and Caddy: people
//! are who they signed in as, whatever they say of themselves, and stand before the page they asked for; what is nobody's
//! business stays inside, and files go through as they come.

mod sign_in;
mod streaming;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use passerelle::sandbox::Sandbox;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use rstest::rstest;
use tempfile::TempDir;
use url::Url;

use crate::support::{
    certificates::certificates,
    free_port,
    gateway::{DIRECTORS, Gateway, PROXY_SECRET, sandbox},
    wait_until,
};

const JEANNE: &str = DIRECTORS[0];
const PAUL: &str = DIRECTORS[1];
/// The most redirects that a sign-in takes.
const HOPS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Program {
    Nginx,
    Apache,
    Caddy,
}

/// A running proxy. Dropping it stops it.
struct Proxy {
    process: Child,
    folder: TempDir,
    url: String,
    client: Client,
    /// Where people sign in.
    provider: String,
    /// Jeanne's cookies, once she has signed in.
    session: String,
}

impl Proxy {
    /// This program with the configuration as it comes, but for names, places and ports: before a gateway that listens at
    /// this address, and at [`socket`] of the folder. Jeanne has signed in.
    async fn before(program: Program, http: SocketAddr, folder: TempDir) -> Self {
        let (port, path) = (free_port(), folder.path());
        certificates(path);
        let (provider, socket) = (sign_in::provider().await, socket(path));
        let oauth2_proxy = sign_in::oauth2_proxy(&provider).await;
        // In production the proxy is in the gateway's group.
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let shipped = shipped(program)
            .replace("/run/passerelle/identity.sock", socket.to_str().unwrap())
            .replace("127.0.0.1:8080", &http.to_string())
            .replace("127.0.0.1:4180", &oauth2_proxy.to_string())
            .replace("/etc/ssl/certs/assistance.ac-dijon.fr.pem", path.join("server.pem").to_str().unwrap())
            .replace("/etc/ssl/private/assistance.ac-dijon.fr.key", path.join("server.key").to_str().unwrap());
        let command = match program {
            Program::Nginx => nginx(path, &shipped.replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))),
            Program::Apache => apache(path, port, &shipped.replace("https://sso.ac-dijon.fr", &provider)),
            Program::Caddy => caddy(path, port, &shipped),
        };
        let mut proxy = Self::run(program, command, folder, port).await;
        proxy.provider = provider;
        proxy.session = proxy.sign_in(Method::GET, "/portail").await.1;
        proxy
    }

    async fn run(program: Program, mut command: Command, folder: TempDir, port: u16) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log = fs::File::create(folder.path().join("stderr")).unwrap();
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let process = process.unwrap_or_else(|error| panic!("{program:?}: {error}: tests/install.sh installs it"));
        let authority = fs::read(folder.path().join("ca.pem")).unwrap();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
            .build()
            .unwrap();
        let scheme = if program == Program::Caddy { "http" } else { "https" };
        let url = format!("{scheme}://127.0.0.1:{port}");
        let mut proxy = Self { process, folder, url, client, provider: String::new(), session: String::new() };
        wait_until("the proxy answers", async || {
            if let Some(status) = proxy.process.try_wait().unwrap() {
                let said = fs::read_to_string(proxy.folder.path().join("stderr")).unwrap();
                panic!("{program:?} ended, {status}: {said}");
            }
            proxy.client.get(&proxy.url).send().await.is_ok()
        })
        .await;
        proxy
    }

    /// A call of somebody who has not signed in, and says they are Paul in every way there is.
    fn stranger(&self, method: Method, path: &str) -> RequestBuilder {
        let call = self.client.request(method, format!("{}{path}", self.url));
        call.header("X-Remote-Mail", PAUL).header("x-remote-mail", PAUL).header("X-Auth-Request-Email", PAUL)
    }

    /// A call of Jeanne, who has signed in, and says that she is Paul.
    fn jeanne(&self, method: Method, path: &str) -> RequestBuilder {
        self.stranger(method, path).header(header::COOKIE, &self.session)
    }

    /// Goes where a browser is sent that has not signed in and makes this call, until it is sent back to that page; gives
    /// the address it is sent back to, and the cookies it has then.
    async fn sign_in(&self, method: Method, path: &str) -> (String, String) {
        let (mut cookies, mut trail) = (BTreeMap::new(), Vec::new());
        let mut call = self.stranger(method, path);
        let wanted = call.try_clone().unwrap().build().unwrap().url().clone();
        for _ in 0..HOPS {
            let answer = call.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FOUND, "{} after {trail:?}", answer.url());
            for cookie in answer.headers().get_all(header::SET_COOKIE) {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let to = answer.headers()[header::LOCATION].to_str().unwrap();
            let to: Url = answer.url().join(to).unwrap();
            let session: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let session = session.join("; ");
            if to.path() == wanted.path() {
                assert!(trail.iter().any(|hop: &Url| hop.as_str().starts_with(&self.provider)), "{trail:?}");
                return (to.into(), session);
            }
            call = self.client.get(to.clone()).header(header::COOKIE, session);
            trail.push(to);
        }
        panic!("signing in leads nowhere: {trail:?}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where a gateway listens for those who have signed in.
fn socket(folder: &Path) -> PathBuf {
    folder.join("identity.sock")
}

/// A proxy before a gateway. Dropping it stops both.
struct Site {
    proxy: Proxy,
    gateway: Gateway,
    _sandbox: Sandbox,
}

impl Site {
    async fn start(program: Program) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = format!("unix:{}", socket(folder.path()).display());
        let in_charge = [("people.operators", JEANNE), ("announcements.enabled", "true")];
        let (sandbox, gateway) =
            gateway(&[&[("http.identity_listen", identity.as_str())], &in_charge[..]].concat()).await;
        let proxy = Proxy::before(program, gateway.http, folder).await;
        Self { proxy, gateway, _sandbox: sandbox }
    }
}

async fn gateway(settings: &[(&str, &str)]) -> (Sandbox, Gateway) {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, settings).await;
    (sandbox, gateway)
}

fn shipped(program: Program) -> String {
    let name = match program {
        Program::Nginx => "nginx.conf",
        Program::Apache => "apache.conf",
        Program::Caddy => "Caddyfile",
    };
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/proxy").join(name)).unwrap()
}

/// One process, which ends as soon as it is told to.
fn nginx(folder: &Path, server: &str) -> Command {
    let whole = format!(
        "daemon off; master_process off; pid {0}/pid; error_log stderr; events {{}}\n\
         http {{ access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fcgi; \
         uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;\n{server}}}\n",
        folder.display()
    );
    fs::write(folder.join("nginx.conf"), whole).unwrap();
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(folder.join("nginx.conf"));
    command
}

fn apache(folder: &Path, port: u16, shipped: &str) -> Command {
    const MODULES: &str =
        "mpm_event authn_core authz_core authz_user auth_openidc alias headers proxy proxy_http ssl socache_shmcb";
    let passphrase = folder.join("oidc-passphrase");
    fs::write(&passphrase, "passphrase-for-tests").unwrap();
    let site = shipped
        .replace("/etc/passerelle/oidc-passphrase", passphrase.to_str().unwrap())
        .replace("https://assistance.ac-dijon.fr/", &format!("https://127.0.0.1:{port}/"))
        .replace("<VirtualHost *:443>", &format!("<VirtualHost 127.0.0.1:{port}>"));
    let modules = MODULES.split_whitespace().map(|name| format!("LoadModule {name}_module modules/mod_{name}.so\n"));
    let whole = format!(
        "ServerRoot /usr/lib/apache2\nListen 127.0.0.1:{port}\nPidFile {0}/pid\nDefaultRuntimeDir {0}\nErrorLog {0}/stderr\n\
         ServerName localhost\n{1}\n<IfModule !unixd_module>\nLoadModule unixd_module modules/mod_unixd.so\n</IfModule>\n\
         User nobody\nGroup nogroup\n{site}\n",
        folder.display(),
        modules.collect::<String>(),
    );
    fs::write(folder.join("apache.conf"), whole).unwrap();
    let mut command = Command::new("/usr/sbin/apache2");
    // Its module asks the provider itself.
    command.arg("-X").arg("-f").arg(folder.join("apache.conf")).env("no_proxy", "*");
    command
}

/// Without its own certificates: those take a name on the Internet.
fn caddy(folder: &Path, port: u16, shipped: &str) -> Command {
    let site = shipped.replace("assistance.ac-dijon.fr {", &format!("http://127.0.0.1:{port} {{"));
    fs::write(folder.join("Caddyfile"), format!("{{\n\tadmin off\n}}\n{site}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}

async fn text(answer: Response, status: u16) -> String {
    let (got, url) = (answer.status(), answer.url().clone());
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{url}: {text}");
    text
}

#[rstest]
#[case(Program::Nginx)]
#[case(Program::Apache)]
#[case(Program::Caddy)]
#[tokio::test(flavor = "multi_thread")]
async fn people_are_who_they_signed_in_as(#[case] program: Program) {
    let site = Site::start(program).await;
    let proxy = &site.proxy;
    // The portal, as whoever signed in.
    let own = text(proxy.jeanne(Method::GET, "/portail").send().await.unwrap(), 200).await;
    assert!(own.contains("Nouvelle demande") || own.contains("demande"), "{own}");
    for path in ["/pilotage", "/information", "/information/nouvelle"] {
        text(proxy.jeanne(Method::GET, path).send().await.unwrap(), 200).await;
    }
    for path in
        ["/portail", "/portail/demandes", "/portail/demandes/1", "/pilotage", "/information", "/information/nouvelle"]
    {
        let nobody = proxy.stranger(Method::GET, path).send().await.unwrap();
        assert_eq!(nobody.status(), 302, "{path}");
        let to = nobody.headers()[header::LOCATION].to_str().unwrap();
        assert!(to.starts_with(&proxy.provider), "{path}: {to}");
    }
    // The API: a person's name alone opens nothing, signed in or not, with the proxy's secret or not.
    let address = format!("/v1/requests?requester={PAUL}");
    for call in [proxy.stranger(Method::GET, &address), proxy.jeanne(Method::GET, "/v1/requests")] {
        for call in [call.try_clone().unwrap(), call.header("X-Passerelle-Proxy-Secret", PROXY_SECRET)] {
            text(call.send().await.unwrap(), 401).await;
        }
    }
    let signed = site.gateway.signed(Method::GET, &address, b"").build().unwrap();
    let call = proxy.client.get(format!("{}{address}", proxy.url)).headers(signed.headers().clone());
    let theirs = text(call.send().await.unwrap(), 200).await;
    assert!(theirs.starts_with('{') || theirs.starts_with('['), "{theirs}");
    let webhook = proxy.client.post(format!("{}/v1/glpi/webhook", proxy.url)).body("{}").send().await.unwrap();
    assert!(text(webhook, 403).await.contains("http.webhook_secrets"), "the gateway itself refuses");
    let page = text(proxy.client.get(format!("{}/docs", proxy.url)).send().await.unwrap(), 200).await;
    let script = page.split_once("<script src=\"").unwrap().1.split_once('"').unwrap().0;
    text(proxy.client.get(format!("{}{script}", proxy.url)).send().await.unwrap(), 200).await;
    // What is for who watches, and what is nobody's.
    for path in
        ["/metrics", "/healthz", "/readyz", "/admin", "/portail/../metrics", "/portail/%2e%2e/metrics", "//metrics"]
    {
        let answer = proxy.jeanne(Method::GET, path).send().await.unwrap();
        assert!([403, 404].contains(&answer.status().as_u16()), "{path}: {}", answer.status());
        assert!(!answer.text().await.unwrap().contains("passerelle_"), "{path}");
    }
}

/// The address is kept whole meanwhile, with what stands behind its first «&»; so it is where a form was sent by somebody
/// whose session had ended.
#[rstest]
#[case(Program::Nginx)]
#[case(Program::Apache)]
#[case(Program::Caddy)]
#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_the_page_that_was_asked_for(#[case] program: Program) {
    let site = Site::start(program).await;
    let proxy = &site.proxy;
    for path in
        ["/portail/demandes?etat=en-cours&q=l%C3%A9a%20%26%20rd%3Dx&rd=/docs", "/portail/faq?q=LSU%20%26%20rd&rd=/docs"]
    {
        for method in [Method::GET, Method::POST] {
            let (back, session) = proxy.sign_in(method.clone(), path).await;
            assert_eq!(back, format!("{}{path}", proxy.url), "{method}");
            let page = proxy.client.get(back).header(header::COOKIE, session);
            text(page.send().await.unwrap(), 200).await;
        }
    }
}

#[rstest]
#[case(Program::Nginx)]
#[case(Program::Apache)]
#[case(Program::Caddy)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_said_so(#[case] program: Program) {
    let site = Site::start(program).await;
    let large = vec![b'x'; 33 << 20];
    let call = site
        .proxy
        .jeanne(Method::POST, "/portail/nouvelle")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let refused = text(call.body(large).send().await.unwrap(), 413).await;
    assert!(refused.contains("trop volumineux"), "{refused}");
}

/// The obvious lines: the identity set for the pages, and forgotten for the API beside them. By address alone, whoever
/// calls the API would be whom they say.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_forgets_the_identity_lends_nobody_s() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let (_sandbox, gateway) = gateway(&[("http.trusted_proxies", "127.0.0.1")]).await;
    let server = format!(
        "server {{\n listen 127.0.0.1:{port} ssl;\n ssl_certificate {path}/server.pem;\n ssl_certificate_key {path}/server.key;\n\
         location /portail {{ proxy_set_header X-Remote-Mail {JEANNE}; \
         proxy_set_header X-Passerelle-Proxy-Secret {PROXY_SECRET}; proxy_pass http://{http}; }}\n\
         location /v1/ {{ proxy_pass http://{http}; }}\n}}\n",
        path = folder.path().display(),
        http = gateway.http,
    );
    let command = nginx(folder.path(), &server);
    let proxy = Proxy::run(Program::Nginx, command, folder, port).await;
    text(proxy.stranger(Method::GET, "/portail").send().await.unwrap(), 200).await;
    let borrowed = text(proxy.stranger(Method::GET, "/v1/requests").send().await.unwrap(), 401).await;
    assert!(borrowed.contains("unproven-proxy") && borrowed.contains("http.proxy_secret"), "{borrowed}");
}
