//! What is said of a configuration, all of it at once: mistakes with their places, warnings, and what is in force.

use std::{
    path::Path,
    process::{Command, Output},
};

use passerelle::{
    app::App,
    config::{self, Config, ConfigError, Origin, Reading},
    flow::{deliver::LONGEST_CREATION_CALLS, route::Mappings},
    text::Language,
};
use rstest::rstest;
use secrecy::ExposeSecret as _;

use crate::support::bilingual::{each, is_in_both, is_said_in_both};

/// Every secret, each with a value that it takes, which no other text holds.
pub(crate) const SECRETS: [(&str, &str); 21] = [
    ("glpi.app_token", "marque-app-token-0"),
    ("glpi.user_token", "marque-user-token-0"),
    ("glpi.password", "marque-password-0"),
    ("redis.url", "redis://:marque-redis-url@localhost:6379/0"),
    ("redis.sentinels", "redis://:marque-sentinel@localhost:26379"),
    ("redis.key_secret", "marque-key-secret-0"),
    ("imap.url", "imaps://boite:marque-imap-url@localhost"),
    ("imap.password", "marque-imap-password-0"),
    ("imap.oauth.client_secret", "marque-client-secret-0"),
    ("imap.oauth.refresh_token", "marque-refresh-token-0"),
    ("http.mail_tokens", "marque-mail-tokens-0"),
    ("http.form_tokens", "marque-form-tokens-0"),
    ("http.ticket_tokens", "marque-ticket-tokens-0"),
    ("http.portal_secrets", "marque-portal-secrets-0"),
    ("http.webhook_secrets", "marque-webhook-secrets-0"),
    ("http.proxy_secret", "marque-proxy-secret-0"),
    ("people.tokens", "operators:marque-people-tokens-0"),
    ("smtp.url", "smtp://boite:marque-smtp-url@localhost:25"),
    ("hooks.secrets", "whsec_bWFycXVlLW1hcnF1ZS1tYXJxdWUtbWFycXVl"),
    ("directory.ldap.password", "marque-ldap-password-0"),
    // Contradicts redis.url: for itself.
    ("redis.cluster", "redis://:marque-cluster@localhost:6379"),
];

/// What an academy has to give.
const OWN: &str = "screen.domains = [\"ac-lyon.fr\"]\nscreen.recipients = [\"assistance@ac-lyon.fr\"]\n\
                   smtp.from = \"Assistance <assistance@ac-lyon.fr>\"\nportal.academy = \"Lyon\"\n\
                   directory.school_mailbox = \"\"\n";

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Reading, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passerelle.toml");
    std::fs::write(&path, file).unwrap();
    config::read_from(Some(&path), environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn loaded(file: &str, environment: &[(&str, &str)]) -> Config {
    read(file, environment).unwrap().sound().unwrap()
}

/// The mistakes as a person sees them, if there are any.
fn mistakes(reading: Result<Reading, ConfigError>) -> String {
    let error = reading.and_then(|reading| reading.to_serve().sound().map(|_| ())).err();
    error.map_or_else(String::new, shown)
}

fn shown(error: ConfigError) -> String {
    let mut text = String::new();
    let report = miette::Report::new(error);
    miette::NarratableReportHandler::new().render_report(&mut text, &*report).unwrap();
    text
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings().iter().map(ToString::to_string).collect()
}

/// The keys that these lines set.
fn keys_of(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key))
}

/// What `serve` cannot start with, or what loses mail.
#[rstest]
#[case("screen.domains = [\"@ac-dijon.fr\"]", "every sender would be a stranger", "Write \"ac-dijon.fr\"")]
#[case("screen.domains = [\"*.ac-dijon.fr\"]", "a pattern", "\"ac-dijon.fr\" in screen.subdomains")]
#[case("screen.domains = [\"ac-dijon.fr.\"]", "ends with a point", "Write \"ac-dijon.fr\"")]
#[case("screen.domains = [\"\"]", "is no domain", "ac-lyon.fr")]
#[case("screen.domains = [\"ac-dijon\"]", "is no domain", "Write")]
#[case("screen.domains = [\"ac-dijon.fr, ac-lyon.fr\"]", "is no domain", "Write")]
#[case("screen.domains = [\"https://ac-dijon.fr\"]", "is no domain", "Write")]
#[case("screen.subdomains = [\"*.ac-dijon.fr\"]", "a pattern", "Write \"ac-dijon.fr\"")]
#[case("screen.own_domains = [\"@ac-dijon.fr\"]", "has an @", "Write \"ac-dijon.fr\"")]
#[case("screen.domains = []", "every request would be refused, without a notice", "screen.domains")]
#[case("screen.recipients = []", "sent back to who wrote it", "screen.recipients")]
#[case("screen.recipients = [\"assistance\"]", "is no mail address", "each address alone")]
#[case("lmtp.listen = [\"127.0.0.1\"]", "lmtp.listen: \"127.0.0.1\" has no port", "Write \"127.0.0.1:2424\"")]
#[case("lmtp.listen = [\"2424\"]", "lmtp.listen: \"2424\" is a port alone", "Write \"127.0.0.1:2424\"")]
#[case("lmtp.listen = [\"unix:lmtp.sock\"]", "no absolute path", "unix:/run/passerelle/lmtp.sock")]
#[case("lmtp.listen = [\"unix:/nowhere/at/all/lmtp.sock\"]", "the folder /nowhere/at/all", "systemd-tmpfiles")]
#[case("http.identity_listen = \"unix:/nowhere/at/all/i.sock\"", "http.identity_listen: the folder", "Create /nowhere")]
#[case("lmtp.listen = [\"inet:127.0.0.1:24\"]", "as Postfix does", "Write \"127.0.0.1:24\" here")]
#[case("lmtp.listen = [\"lmtp:unix:/run/a.sock\"]", "as Postfix does", "Write \"unix:/run/a.sock\" here")]
#[case("lmtp.listen = [\"/run/a.sock\"]", "is a path", "Write \"unix:/run/a.sock\"")]
#[case("http.identity_listen = \"inet:127.0.0.1:81\"", "http.identity_listen: \"inet:", "Write \"127.0.0.1:81\"")]
#[case(
    "lmtp.listen = [\"127.0.0.1:24\"]\nhttp.listen = \"127.0.0.1:24\"",
    "http.listen is \"127.0.0.1:24\"",
    "a port of its own"
)]
#[case("lmtp.listen = [\"127.0.0.1:24\", \"0.0.0.0:24\"]", "lmtp.listen has", "a port of its own")]
#[case("http.listen = \"0.0.0.0:81\"\nhttp.admin_listen = \"127.0.0.1:81\"", "http.admin_listen", "a port of its own")]
#[case(
    "http.identity_listen = \"127.0.0.1:81\"\nhttp.admin_listen = \"127.0.0.1:81\"",
    "http.admin_listen",
    "a port of its own"
)]
#[case("glpi.timeout = \"0s\"", "glpi.timeout is 0", "Give it a duration")]
#[case("glpi.connect_timeout = \"0s\"", "glpi.connect_timeout is 0", "Give it a duration")]
#[case("glpi.sessions = 0", "glpi.sessions is 0", "1 or more")]
#[case("glpi.tickets_per_call = 0", "glpi.tickets_per_call is 0", "1 or more")]
#[case("redis.timeout = \"0s\"", "redis.timeout is 0", "Give it a duration")]
#[case("quota.per_day = 0", "quota.per_day is 0", "1 or more")]
#[case("lmtp.idle_timeout = \"0s\"", "lmtp.idle_timeout is 0", "Give it a duration")]
#[case("lmtp.total_timeout = \"0s\"", "lmtp.total_timeout is 0", "Give it a duration")]
#[case("lmtp.max_connections = 0", "lmtp.max_connections is 0", "1 or more")]
#[case("lmtp.max_recipients = 0", "lmtp.max_recipients is 0", "1 or more")]
#[case("imap.poll = \"0s\"", "imap.poll is 0", "Give it a duration")]
#[case("imap.timeout = \"0s\"", "imap.timeout is 0", "Give it a duration")]
#[case("quarantine.attempts = 0", "quarantine.attempts is 0", "1 or more")]
#[case("quarantine.first_delay = \"0s\"", "quarantine.first_delay is 0", "Give it a duration")]
#[case("quarantine.longest_delay = \"0s\"", "quarantine.longest_delay is 0", "Give it a duration")]
#[case("http.timeout = \"0s\"", "http.timeout is 0", "Give it a duration")]
#[case("http.clock_skew = \"0s\"", "http.clock_skew is 0", "Give it a duration")]
#[case("http.max_connections = 0", "http.max_connections is 0", "1 or more")]
#[case("portal.wait = \"0s\"", "portal.wait is 0", "Give it a duration")]
#[case("figures.refresh = \"0s\"", "figures.refresh is 0", "Give it a duration")]
#[case("figures.tickets = 0", "figures.tickets is 0", "1 or more")]
#[case("announcements.batch = 0", "announcements.batch is 0", "1 or more")]
#[case("announcements.batch = 501", "announcements.batch is 501", "RFC 5321")]
#[case("announcements.per_minute = 0", "announcements.per_minute is 0", "1 or more")]
#[case("announcements.refresh = \"0s\"", "announcements.refresh is 0", "Give it a duration")]
#[case("announcements.retry = \"0s\"", "announcements.retry is 0", "Give it a duration")]
#[case("announcements.retry = \"25h\"", "announcements.retry is longer than a day", "Give it minutes")]
#[case("announcements.confirm_link = \"/information\"", "is no address of the page", "?code={code}")]
#[case("announcements.confirm_link = \"https://a.fr/{reference}\"", "is no address of the page", "?code={code}")]
#[case("announcements.confirm_link = \"javascript:{reference}{code}\"", "is no address of the page", "?code={code}")]
#[case("smtp.timeout = \"0s\"", "smtp.timeout is 0", "Give it a duration")]
#[case("hooks.timeout = \"0s\"", "hooks.timeout is 0", "5s")]
#[case("directory.ldap.timeout = \"0s\"", "directory.ldap.timeout is 0", "Give it a duration")]
#[case("sender.dns_timeout = \"0s\"", "sender.dns_timeout is 0", "Give it a duration")]
#[case("sweep.every = \"0s\"", "sweep.every is below a second", "1s")]
#[case("sweep.look_back = \"0s\"", "sweep.look_back is below a second", "1s")]
#[case("http.form_tokens = [\"court\"]", "http.form_tokens has fewer than 16 characters", "openssl rand")]
#[case(
    "http.mail_tokens = [\"0123456789abcdef\", \"court\"]",
    "number 2 of http.mail_tokens has fewer",
    "openssl rand"
)]
#[case("portal.when_down = \"queue\"", "neither a relay nor a mailbox", "PASSERELLE_SMTP__URL")]
#[case("portal.when_down = \"wait\"", "is none of queue, retry", "portal.when_down")]
#[case("http.max_size = 0", "http.max_size is 0", "1 or more")]
#[case("http.clock_skew = \"301s\"", "longer than five minutes", "NTP")]
#[case("hooks.timeout = \"11s\"", "longer than 10 s", "5s")]
#[case("figures.requests = 4", "figures.requests is 4", "from 5 to 1000")]
#[case("escalation.urgency.3 = 0", "escalation.urgency.3 is 0", "100 leaves the delays")]
#[case("notify.portal_link = \"/demandes\"", "is no address of a request's page", "{id}")]
#[case("directory.school_mailbox = \"ecole@ac-lyon.fr\"", "every director would see", "{uai}")]
#[case("portal.name = \" \"", "portal.name is empty", "Assistance du premier degré")]
#[case("smtp.from = \"assistance\"\nacknowledge = \"passerelle\"", "smtp.from is no mail address", "Assistance")]
#[case("mail.forwarders = [\"a@ac-lyon.fr\"]\nsender.require = \"none\"", "in a director's name", "aligned")]
#[case("mail.replies = \"followup\"\nsender.require = \"none\"", "nothing proves who wrote", "redirect")]
#[case("mail.replies_of_staff = \"followup\"\nsender.require = \"none\"", "nothing proves who wrote", "redirect")]
#[case("quota.backend = \"redis\"\nredis.url = \"\"", "redis.url is empty", "PASSERELLE_REDIS__URL")]
#[case("redis.cluster = [\"redis://a\"]\nredis.url = \"redis://b\"", "redis.cluster is set", "for a cluster")]
#[case("lmtp.max_size = 5\nlmtp.listen = [\"127.0.0.1:24\"]", "is below screen.max_size", "at least the value")]
#[case(
    "http.identity_header = \"X Mail\"\nhttp.identity_listen = \"127.0.0.1:81\"",
    "is no name of an HTTP header",
    "X-Remote-Mail"
)]
#[case("http.identity_listen = \"0.0.0.0:81\"", "whoever reaches it", "http.proxy_secret")]
#[case("http.identity_listen = \"proxy.ac-lyon.fr:81\"", "whoever reaches it", "or a port of 127.0.0.1")]
#[case("http.trusted_proxies = [\"127.0.0.1\"]", "nothing proves that it is the proxy", "http.proxy_secret")]
#[case("hooks.url = \"portail\"", "hooks.url \"portail\" is no address", "https")]
#[case("hooks.url = \"http://a.fr/\"", "could be read on the way", "https")]
#[case("hooks.url = \"https://a.fr/\"\nhooks.secrets = [\"whsec_a\"]", "hooks.secrets has none", "openssl")]
#[case("hooks.steps = [\"gone\"]", "\"gone\" is no step", "Steps: created")]
#[case("sender.dns = [\"off\", \"192.0.2.53\"]", "beside other resolvers", "alone")]
#[case("sender.require = \"pass\"\nsender.dkim = false", "nothing proves a sender", "sender.authserv_ids")]
#[case("sender.require = \"pass\"\nsender.dns = [\"off\"]", "no DKIM key can be had", "sender.dkim_keys")]
#[case("screen.disabled = [\"size\"]", "\"size\" is no rule", "Rules: ")]
#[case("screen.sentences.because = \"Non\"", "\"because\" is no reason code", "Codes: ")]
#[case("glpi.usr_token = \"x\"", "unknown key \"usr_token\" in [glpi]", "Did you mean \"user_token\"?")]
fn what_loses_mail_or_cannot_work_is_refused(#[case] line: &str, #[case] what: &str, #[case] remedy: &str) {
    let text = mistakes(read(line, &[]));
    assert!(text.contains(what) && text.contains(remedy), "{text}");
    let place = line.lines().count();
    assert!(text.contains("passerelle.toml"), "no file in {text}");
    assert!(text.contains("line 1") || text.contains("passerelle.toml:1") || place > 1, "no line in {text}");
    assert!(!text.contains("court"), "a secret in {text}");
    let error = read(line, &[]).and_then(|reading| reading.to_serve().sound().map(|_| ())).unwrap_err();
    let found = each(error);
    found.iter().for_each(is_said_in_both);
    for mistake in &found {
        assert!(keys_of(line).any(|key| mistake.is_about(key)), "{mistake} is about {:?}", mistake.keys());
    }
}

/// What only the parts that use a setting find.
#[rstest]
#[case("glpi.url", "glpi.url = \"glpi\"")]
#[case("smtp.url", "smtp.url = \"relais.ac-lyon.fr\"")]
#[case("smtp.from", "smtp.from = \"assistance\"")]
#[case("imap.url", "imap.url = [\"pop://a:b@imap.ac-lyon.fr\"]")]
#[case("imap.url", "imap.url = [\"imaps://a:b@imap.ac-lyon.fr?tls=off\"]")]
#[case("imap.url", "imap.url = [\"imap://a:b@imap.ac-lyon.fr?tls=on\"]")]
#[case("imap.url", "imap.url = [\"imaps://:b@imap.ac-lyon.fr\"]")]
#[case("imap.url", "imap.url = [\"imaps://a:b%01@imap.ac-lyon.fr\"]")]
#[case("imap.password", "imap.url = [\"imaps://a@imap.ac-lyon.fr\"]")]
#[case("imap.ca", "imap.ca = \"/nowhere/ca.pem\"\nimap.url = [\"imaps://a:b@imap.ac-lyon.fr\"]")]
#[case("imap.folders.handled", "imap.folders.handled = \"\"\nimap.url = [\"imaps://a:b@imap.ac-lyon.fr\"]")]
#[case("imap.oauth.token_url", "imap.oauth.token_url = \"jetons\"\nimap.url = [\"imaps://a:b@imap.ac-lyon.fr\"]")]
#[case("mappings.dir", "mappings.dir = \"/nowhere/mappings\"")]
#[case("calendar.closed", "calendar.closed = \"/nowhere/calendar.toml\"")]
#[case("calendar", "[calendar]\nmonday = \"\"\ntuesday = \"\"\nwednesday = \"\"\nthursday = \"\"\nfriday = \"\"")]
#[case("directory.csv", "directory.sources = [\"csv\"]\ndirectory.csv = \"/nowhere/directors.csv\"")]
#[case("directory.ldap.url", "directory.sources = [\"ldap\"]\ndirectory.ldap.url = \"annuaire\"")]
#[case(
    "directory.ldap.filter",
    "directory.sources = [\"ldap\"]\n[directory.ldap]\nurl = \"ldaps://a\"\nfilter = \"(mail=*)\""
)]
#[case(
    "directory.ldap.director_filter",
    "directory.sources = [\"ldap\"]\n[directory.ldap]\nurl = \"ldaps://a\"\ndirector_filter = \"((\""
)]
#[case(
    "directory.ldap.password",
    "directory.sources = [\"ldap\"]\n[directory.ldap]\nurl = \"ldaps://a\"\nbind_dn = \"cn=a\""
)]
#[case("sender.dns", "sender.dns = [\"resolver\"]\nsender.require = \"pass\"")]
#[case("sender.dkim_keys", "sender.dkim_keys = \"/nowhere/keys.toml\"\nsender.require = \"pass\"")]
#[case("people.operators", "people.operators = [\"a@\"]")]
#[case("people.operators", "people.operators = [\"\"]")]
#[case("people.tokens", "people.tokens = [\"operators:court\"]")]
#[case("people.tokens", "people.tokens = [\"0123456789abcdef\"]")]
#[case("people.correspondents.dijon", "[people.correspondents]\ndijon = [\"ien@ac-dijon.fr\"]")]
#[case("quarantine.operators", "quarantine.operators = \"exploitation\"")]
#[case("announcements.reply_to", "announcements.reply_to = \"assistance\"")]
#[case("portal.dsfr", "portal.theme = \"dsfr\"\nhttp.identity_listen = \"unix:/tmp/i.sock\"")]
#[case(
    "portal.dsfr",
    "portal.theme = \"dsfr\"\nportal.dsfr = \"/nowhere\"\nhttp.identity_listen = \"unix:/tmp/i.sock\""
)]
#[case("portal.sign_out", "portal.sign_out = \"sortie\"\nhttp.identity_listen = \"unix:/tmp/i.sock\"")]
#[case("portal.pages.conformity", "portal.pages.conformity = \"presque\"\nhttp.identity_listen = \"unix:/tmp/i.sock\"")]
#[case("portal.pages.legal", "portal.pages.legal = \"/nowhere/legal.md\"\nhttp.identity_listen = \"unix:/tmp/i.sock\"")]
#[case("redis.url", "quota.backend = \"redis\"\nredis.url = \"http://redis\"")]
fn what_a_part_cannot_use_is_said_in_both_languages(#[case] key: &str, #[case] lines: &str) {
    let glpi = if lines.contains("glpi.url") { "" } else { "glpi.url = \"https://glpi.ac-lyon.fr\"\n" };
    // A table ends what is at the top.
    let own = OWN.lines().filter(|line| !lines.contains(line.split(" = ").next().unwrap()));
    let own: Vec<_> = own.collect();
    let whole = format!("{}\n{glpi}glpi.login = \"a\"\nglpi.password = \"b\"\n{lines}", own.join("\n"));
    let reading = read(&whole, &[]);
    let mut found = match reading {
        Ok(reading) => {
            let of_parts = App::mistakes(reading.config());
            reading.with(of_parts).to_serve().sound().err().map(each).unwrap_or_default()
        }
        Err(error) => each(error),
    };
    found.retain(|mistake| !mistake.is_about("http.identity_listen"));
    assert!(!found.is_empty(), "{lines} is no mistake");
    assert!(found.iter().all(|mistake| mistake.is_about(key)), "{found:?}");
    found.iter().for_each(is_said_in_both);
}

/// What an application's file may say wrongly.
#[rstest]
#[case("", "keywords = [\"LSU\"]")]
#[case("group = \" \"", "")]
#[case("keywords = []", "")]
#[case("keywords = [\"--\"]", "")]
#[case("urgency = 9", "")]
#[case("urgency = \"haute\"", "")]
#[case("type = \"panne\"", "")]
#[case("titre = \"x\"", "")]
#[case("title = \"{{ sujet }}\"", "")]
#[case("title = \"{{ school|length }}\"", "")]
#[case("entity_otherwise = \"Académie\"", "")]
#[case("", "[department.21]\nurgency = 4")]
#[case("", "[[escalation]]\ngroup = \"Référents-LSU\"")]
#[case("", "[[escalation]]\ngroup = \"A\"\nafter = \"2d\"")]
#[case("", "[[escalation]]\ngroup = \"A\"\nafter = \"2h\"\nremind_after = \"3h\"")]
#[case("", "[[escalation]]\nafter = \"2h\"")]
#[case("escalation = \"DSI\"", "")]
#[case("", "[[nature]]\nname = \"A\"\n[[nature]]\nname = \"A\"")]
fn a_mapping_s_mistake_is_said_in_both_languages(#[case] top: &str, #[case] below: &str) {
    let folder = tempfile::tempdir().unwrap();
    let key = top.split(" = ").next().unwrap();
    let base = "name = \"LSU\"\nkeywords = [\"LSU\"]\ncategory = \"Scolarité > LSU\"\ngroup = \"Référents-LSU\"\n\
                type = \"incident\"\nurgency = 3\n";
    let base: Vec<_> = base.lines().filter(|line| key.is_empty() || !line.starts_with(&format!("{key} ="))).collect();
    std::fs::write(folder.path().join("lsu.toml"), format!("{}\n{top}\n{below}\n", base.join("\n"))).unwrap();
    let found = each(Mappings::load(Some(folder.path())).unwrap_err());
    assert!(found.iter().all(|mistake| mistake.is_about("mappings.dir")), "{found:?}");
    found.iter().for_each(is_said_in_both);
}

#[test]
fn check_shows_mistakes_in_french_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passerelle.toml");
    std::fs::write(&path, "glpi.timeout = \"0s\"\nlmtp.listen = [\"127.0.0.1\"]\n").unwrap();
    let command = |arguments: &[&str], lang: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
        let command = command.args(["--config", path.to_str().unwrap()]).args(arguments);
        let output = command.env_clear().env("LANG", lang).env("NO_COLOR", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(78));
        String::from_utf8(output.stderr).unwrap()
    };
    for (arguments, lang) in [(["check", "--lang", "fr"].as_slice(), "C"), (&["check"], "fr_FR.UTF-8")] {
        let said = command(arguments, lang);
        for part in [
            "erreurs dans la configuration",
            "Erreur\u{a0}: ",
            "glpi.timeout vaut 0\u{a0}: aucun appel de GLPI ne finirait à temps",
            "remède\u{a0}: Écrivez \"127.0.0.1:2424\", avec le port.",
            "passerelle.toml:1:",
            "ici",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        for english in ["help", "Error", "here", "mistakes", " is "] {
            assert!(!said.contains(english), "{english} in {said}");
        }
    }
    // Whoever starts `serve` is an operator, too.
    assert!(command(&["serve"], "fr_FR.UTF-8").contains("glpi.timeout vaut 0"));
    assert!(command(&["serve"], "C").contains("glpi.timeout is 0"));
}

/// What works and is risky, or does nothing.
#[rstest]
#[case("glpi.url = \"http://glpi.ac-lyon.fr\"", "glpi.url", "in clear")]
#[case("lmtp.listen = [\"0.0.0.0:24\"]", "lmtp.listen", "every network")]
#[case("lmtp.listen = [\"[::]:24\"]", "lmtp.listen", "every network")]
#[case(
    "[http]\ntrusted_proxies = [\"0.0.0.0/0\"]\nproxy_secret = \"0123456789abcdef\"",
    "http.trusted_proxies",
    "everybody"
)]
#[case(
    "[http]\ntrusted_proxies = [\"::/0\"]\nproxy_secret = \"0123456789abcdef\"",
    "http.trusted_proxies",
    "everybody"
)]
#[case("http.proxy_secret = \"0123456789abcdef\"", "http.proxy_secret", "nobody is believed")]
#[case("http.listen = \"127.0.0.1:80\"\nhttp.timeout = \"20s\"", "http.timeout", "although its ticket is made")]
#[case("http.listen = \"127.0.0.1:80\"\nglpi.timeout = \"31s\"", "http.timeout", "1m 33s")]
#[case("http.listen = \"127.0.0.1:80\"\nhttp.max_size = 1000", "http.max_size", "refused whole")]
#[case("sender.authserv_ids = [\"mx.ac-lyon.fr\"]", "sender.authserv_ids", "not looked at")]
#[case("sender.dkim_keys = \"keys.toml\"", "sender.dkim_keys", "not looked at")]
#[case("smtp.url = \"smtp://a:b@relais.ac-lyon.fr\"", "smtp.url", "in clear")]
#[case("imap.url = [\"imap://a:b@imap.ac-lyon.fr?tls=off\"]", "imap.url", "in clear")]
#[case("redis.url = \"redis://:b@redis.ac-lyon.fr\"", "redis.url", "in clear")]
#[case(
    "[directory.ldap]\nurl = \"ldap://a.ac-lyon.fr\"\nstart_tls = false\npassword = \"x\"",
    "directory.ldap.start_tls",
    "in clear"
)]
#[case("attachments.max_files = 0", "attachments.max_files", "no file")]
#[case("attachments.max_file_size = 99999999999", "attachments.max_file_size", "the limit then")]
#[case("quarantine.first_delay = \"2h\"", "quarantine.first_delay", "longest_delay")]
#[case("glpi.connect_timeout = \"40s\"", "glpi.connect_timeout", "ends each call")]
#[case(
    "portal.when_down = \"queue\"\nsmtp.url = \"smtp://127.0.0.1\"\nredis.key_secret = \"s\"\nquarantine.operators = \"a@ac-lyon.fr\"",
    "portal.when_down",
    "may never come back"
)]
#[case(
    "portal.when_down = \"queue\"\nsmtp.url = \"smtp://127.0.0.1\"\nquarantine.operators = \"a@ac-lyon.fr\"\nlmtp.listen = [\"127.0.0.1:24\"]",
    "redis.key_secret",
    "refused as forged"
)]
#[case(
    "portal.when_down = \"queue\"\nsmtp.url = \"smtp://127.0.0.1\"\nredis.key_secret = \"s\"\nlmtp.listen = [\"127.0.0.1:24\"]",
    "quarantine.operators",
    "nobody hears"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\n[announcements]\nenabled = true\nmax_size = 0",
    "announcements.max_size",
    "may carry a file"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\n[announcements]\nenabled = true\nmax_size = 25000000\n[attachments]\nmax_file_size = 1000000",
    "announcements.max_size",
    "let 20000000 pass"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\nmax_size = 40000000\n[announcements]\nenabled = true\nmax_size = 31000000",
    "announcements.max_size",
    "refused whole"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\n[announcements]\nenabled = true\nconfirm_link = \"https://a.fr/information/{reference}?code={code}\"",
    "announcements.confirm_link",
    "leads to the pages, which are off"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[announcements]\nenabled = true",
    "announcements.enabled",
    "no portal shows"
)]
#[case(
    "[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\n[announcements]\nenabled = true",
    "announcements.enabled",
    "[people] names nobody"
)]
fn what_is_risky_is_warned_of(#[case] lines: &str, #[case] key: &str, #[case] what: &str) {
    let config = loaded(&format!("{OWN}{lines}"), &[]);
    let found: Vec<_> = warnings(&config);
    assert!(found.iter().any(|text| text.starts_with(key) && text.contains(what)), "{found:?}");
    assert_eq!(found.len(), 1, "{found:?}");
    for warning in config.warnings() {
        is_in_both(&warning.message);
        is_in_both(&warning.remedy);
    }
}

#[rstest]
#[case("")]
#[case("glpi.url = \"http://127.0.0.1:8080\"")]
#[case("glpi.url = \"http://localhost/glpi\"")]
#[case("glpi.url = \"http://[::1]/glpi\"")]
#[case("glpi.url = \"https://glpi.ac-lyon.fr\"")]
#[case("smtp.url = \"smtp://a:b@relais.ac-lyon.fr?tls=required\"")]
#[case("smtp.url = \"smtp://relais.ac-lyon.fr\"")]
#[case("redis.url = \"rediss://:b@redis.ac-lyon.fr\"")]
#[case("redis.url = \"redis://:b@127.0.0.1\"")]
#[case("lmtp.listen = [\"127.0.0.1:24\", \"unix:/tmp/lmtp.sock\"]")]
#[case("[http]\ntrusted_proxies = [\"10.0.0.0/8\"]\nproxy_secret = \"0123456789abcdef\"")]
#[case("[http]\nidentity_listen = \"0.0.0.0:81\"\nproxy_secret = \"0123456789abcdef\"")]
#[case("[http]\nidentity_listen = \"127.0.0.1:81\"")]
#[case(
    "portal.when_down = \"queue\"\nsmtp.url = \"smtp://127.0.0.1\"\nredis.key_secret = \"s\"\nquarantine.operators = \"a@ac-lyon.fr\"\nlmtp.listen = [\"127.0.0.1:24\"]"
)]
#[case(
    "[people]\noperators = [\"a@ac-lyon.fr\"]\n[http]\nlisten = \"127.0.0.1:80\"\nform_tokens = [\"0123456789abcdef\"]\n[announcements]\nenabled = true"
)]
#[case("[announcements]\nmax_size = 0")]
fn what_is_sound_is_not_warned_of(#[case] lines: &str) {
    let config = loaded(&format!("{OWN}{lines}"), &[]);
    assert_eq!(warnings(&config), [""; 0]);
}

#[test]
fn the_time_a_form_has_is_that_of_a_creation() {
    let file = format!("{OWN}http.listen = \"127.0.0.1:80\"\nglpi.timeout = \"10s\"\n");
    for (seconds, said) in [(LONGEST_CREATION_CALLS * 10, 0), (LONGEST_CREATION_CALLS * 10 - 1, 1)] {
        let config = loaded(&format!("{file}http.timeout = \"{seconds}s\"\n"), &[]);
        assert_eq!(warnings(&config).len(), said, "{seconds}");
    }
}

#[test]
fn an_academy_that_gives_no_domain_of_its_own_is_told() {
    let found = warnings(&loaded("", &[]));
    assert!(found[0].contains("screen.domains, screen.recipients are not set"), "{found:?}");
    assert!(found[0].contains("académie de Dijon"), "{found:?}");
    let portal = "smtp.url = \"smtp://localhost\"\nhttp.identity_listen = \"unix:/tmp/identity.sock\"";
    let found = warnings(&loaded(portal, &[("PASSERELLE_SCREEN__DOMAINS", "ac-lyon.fr")]));
    assert!(
        found[0].contains("screen.recipients, smtp.from, portal.academy, directory.school_mailbox are not set"),
        "{found:?}"
    );
    // Dijon itself gives its own, and is not told.
    let dijon = include_str!("../../config/example.toml");
    assert!(!warnings(&loaded(dijon, &[])).iter().any(|text| text.contains("not set")));
}

#[test]
fn all_mistakes_are_named_at_once_each_with_its_place() {
    let file = "acknowledge = \"mail\"\n[glpi]\ntimeout = \"soon\"\nusertoken = \"geheim\"\n[quota]\nper_day = -1\n\
                [http]\nform_tokens = [\"court\"]\nlisten = \"8080\"\n[screen]\ndomains = [\"@a.fr\"]\nmax_size = true\n\
                [lmtp]\nlisten = [\"inet:127.0.0.1:24\"]\nmax_connections = [3]\n[people]\nreferents = 3\n";
    let environment = [
        ("PASSERELLE_TIME_ZONE", "Europe/Dijon"),
        ("PASSERELLE_SWEEP__EVERY", "0s"),
        ("PASSERELLE_GLPI__APP_TOKEN_FILE", "/nowhere/token"),
        ("PASSERELLE_SMTP__URL", "smtp://x"),
        ("PASSERELLE_SMTP__URL_FILE", "/nowhere/url"),
    ];
    let error = read(file, &environment).unwrap().sound().unwrap_err();
    let ConfigError::Several { mistakes } = error else { panic!("{error}") };
    mistakes.iter().for_each(is_said_in_both);
    let texts: Vec<String> = mistakes.into_iter().map(shown).collect();
    for (parts, line) in [
        (["acknowledge", "none of passerelle"], Some(1)),
        (["glpi.timeout", "soon"], Some(3)),
        (["unknown key \"usertoken\"", "\"user_token\"?"], Some(4)),
        (["quota.per_day", "-1"], Some(6)),
        (["http.form_tokens has fewer", "openssl"], Some(8)),
        (["http.listen", "8080"], Some(9)),
        (["screen.domains", "@a.fr"], Some(11)),
        (["screen.max_size", "must be a number"], Some(12)),
        (["lmtp.listen", "Postfix"], Some(14)),
        (["lmtp.max_connections", "a single value"], Some(15)),
        (["people.referents", "a section"], Some(17)),
        (["PASSERELLE_TIME_ZONE", "Europe/Paris"], None),
        (["PASSERELLE_SWEEP__EVERY", "below a second"], None),
        (["PASSERELLE_GLPI__APP_TOKEN_FILE", "/nowhere/token"], None),
        (["PASSERELLE_SMTP__URL and PASSERELLE_SMTP__URL_FILE", "smtp.url"], None),
    ] {
        let named: Vec<_> = texts.iter().filter(|text| parts.iter().all(|part| text.contains(part))).collect();
        assert_eq!(named.len(), 1, "{parts:?} in {texts:#?}");
        if let Some(line) = line {
            assert!(named[0].contains(&format!("line {line}")), "{line} in {}", named[0]);
        }
    }
    assert_eq!(texts.len(), 15, "{texts:#?}");
    // What is behind a mistyped key may be a secret.
    assert!(!texts.concat().contains("geheim"), "{texts:#?}");
}

#[test]
fn a_mistake_of_several_settings_says_where_each_was_set() {
    let text = mistakes(read(
        "lmtp.max_size = 5\nlmtp.listen = [\"127.0.0.1:24\"]\n",
        &[("PASSERELLE_SCREEN__MAX_SIZE", "6")],
    ));
    for part in
        ["lmtp.max_size is below screen.max_size", "passerelle.toml:1", "screen.max_size: PASSERELLE_SCREEN__MAX_SIZE"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn no_secret_is_shown_beside_a_mistake() {
    let around = "[glpi]\nuser_token = \"geheim-1\"\nurl = [\"x\"]\npassword = \"geheim-2\"\n[http]\nform_tokens = [\"geheim-3\"]\n";
    let text = mistakes(read(around, &[]));
    assert!(text.contains("glpi.url must be a single value") && !text.contains("geheim"), "{text}");
    let inline = "glpi = { user_token = \"geheim-1\", url = [\"x\"] }\n";
    let text = mistakes(read(inline, &[]));
    assert!(text.contains("glpi.url must be a single value") && !text.contains("geheim"), "{text}");
    for broken in [
        "[glpi]\nuser_token = geheim\n",
        "[glpi]\npassword = \"geheim\nurl = \"\"\n",
        "[http]\nform_tokens = [\"geheim\",\n  geheim ]\n",
    ] {
        let text = mistakes(read(broken, &[]));
        assert!(text.contains("passerelle.toml") && !text.contains("geheim"), "{text}");
    }
    for wrong in [
        "[glpi]\nuser_token = [\"geheim\"]\n",
        "[http]\nform_tokens = \"geheim\"\n",
        "http.form_tokens = [{ a = \"geheim\" }]\n",
    ] {
        let text = mistakes(read(wrong, &[]));
        assert!(text.contains("passerelle.toml") && !text.contains("geheim"), "{text}");
    }
}

/// The keys of a section.
fn all_keys(section: &toml::Table, before: &str) -> Vec<String> {
    let of = |(key, value): (&String, &toml::Value)| match value.as_table() {
        Some(inner) => all_keys(inner, &format!("{before}{key}.")),
        None => vec![format!("{before}{key}")],
    };
    section.iter().flat_map(of).collect()
}

#[test]
fn every_secret_is_known_here() {
    let may_be_in_a_file =
        |key: &String| mistakes(read(&format!("{key}_file = \"/nowhere\"\n"), &[])).contains("cannot read");
    let all = all_keys(&config::DEFAULTS.parse().unwrap(), "");
    let mut secrets: Vec<_> = all.into_iter().filter(may_be_in_a_file).collect();
    secrets.sort();
    let mut known = SECRETS.map(|(key, _)| key);
    known.sort_unstable();
    assert_eq!(secrets, known);
}

#[test]
fn every_secret_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = SECRETS.len() - 1;
    for (key, value) in SECRETS {
        let path = folder.path().join(key);
        std::fs::write(&path, format!("\u{feff}{value} \r\n")).unwrap();
        let file = format!("{key}_file = \"{}\"\n", path.display());
        let config = loaded(&file, &[]);
        assert!(matches!(config.settings.origin(key), Origin::File { line: 1, .. }), "{key}");
        // The variable says the same, and wins over both keys of the file.
        let variable = format!("PASSERELLE_{}_FILE", key.to_uppercase().replace('.', "__"));
        let other = format!("{key}_file = \"/nowhere\"\n");
        let by_variable = loaded(&other, &[(&variable, path.to_str().unwrap())]);
        assert_eq!(by_variable.settings.origin(key), Origin::Variable(variable));
        assert_eq!(config::effective(&config, Language::English), config::effective(&by_variable, Language::English));
        for (content, why) in [(None, "cannot read"), (Some(" \n"), "is empty")] {
            match content {
                None => std::fs::remove_file(&path).unwrap(),
                Some(content) => std::fs::write(&path, content).unwrap(),
            }
            let text = mistakes(read(&file, &[]));
            assert!(text.contains(key) && text.contains(why) && text.contains("passerelle.toml"), "{text}");
        }
    }
    assert!(SECRETS[cluster].0 == "redis.cluster");
    let token = folder.path().join("token");
    std::fs::write(&token, "00123\n").unwrap();
    let token = format!("glpi.user_token_file = \"{}\"\n", token.display());
    assert_eq!(loaded(&token, &[]).glpi.user_token.unwrap().expose_secret(), "00123");
    let both = mistakes(read(&format!("{token}glpi.user_token = \"geheim\"\n"), &[]));
    assert!(
        both.contains("glpi.user_token and glpi.user_token_file are both set") && !both.contains("geheim"),
        "{both}"
    );
    let beside_empty = loaded(&format!("{token}glpi.user_token = \"\"\n"), &[]);
    assert_eq!(beside_empty.glpi.user_token.unwrap().expose_secret(), "00123");
    let two = folder.path().join("two");
    std::fs::write(&two, "0123456789abcdef\nfedcba9876543210,\n\n").unwrap();
    let two = loaded(&format!("http.form_tokens_file = \"{}\"\n", two.display()), &[]);
    assert_eq!(two.http.form_tokens.len(), 2);
    // Of what is no secret there is no such key.
    let text = mistakes(read("glpi.url_file = \"/x\"\n", &[]));
    assert!(text.contains("unknown key \"url_file\""), "{text}");
}

#[test]
fn what_is_in_force_is_shown_without_any_secret() {
    let folder = tempfile::tempdir().unwrap();
    let in_file = folder.path().join("secret");
    std::fs::write(&in_file, "marque-in-a-file-0").unwrap();
    let mut file = "[glpi]\nurl = \"https://glpi.ac-lyon.fr\"\n[people.referents]\nLSU = [\"Référents\"]\n\
                    [screen.sentences]\nno-keyword = \"Citez \\\"LSU\\\".\"\n"
        .to_owned();
    file = format!(
        "{file}[portal]\nacademy = \"Académie\\nde Lyon\"\n[imap]\npassword_file = \"{}\"\n",
        in_file.display()
    );
    let variables: Vec<(String, &str)> = SECRETS
        .iter()
        .filter(|(key, _)| !["redis.cluster", "imap.password"].contains(key))
        .map(|(key, value)| (format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__")), *value))
        .chain([
            ("PASSERELLE_QUOTA__PER_DAY".to_owned(), "7"),
            ("PASSERELLE_SCREEN__SUBDOMAINS".to_owned(), "a.fr,b.fr"),
        ])
        .collect();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let config = loaded(&file, &variables);
    let (listing, effective) =
        (config::listing(&config, Language::English), config::effective(&config, Language::English));
    for text in [&listing, &effective, &format!("{config:?}"), &format!("{:?}", warnings(&config))] {
        for mark in ["marque", "bWFycXVl"] {
            assert!(!text.contains(mark), "{mark} in {text}");
        }
    }
    let line = |key: &str| listing.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
    for (key, value, origin) in [
        ("glpi.url", "\"https://glpi.ac-lyon.fr\"", "passerelle.toml:2"),
        ("glpi.user_token", "(hidden)", "PASSERELLE_GLPI__USER_TOKEN"),
        ("glpi.sessions", "4", "# default"),
        ("quota.per_day", "7", "PASSERELLE_QUOTA__PER_DAY"),
        ("screen.subdomains", "[\"a.fr\", \"b.fr\"]", "PASSERELLE_SCREEN__SUBDOMAINS"),
        ("imap.password", "(hidden, in", "passerelle.toml"),
        ("people.referents.LSU", "[\"Référents\"]", "passerelle.toml:4"),
    ] {
        let line = line(key);
        assert!(line.contains(value) && line.contains(origin), "{line}");
    }
    // As long a secret as any other is shown the same.
    let token =
        |value: &str| config::listing(&loaded("", &[("PASSERELLE_GLPI__USER_TOKEN", value)]), Language::English);
    assert_eq!(token("x"), token("a much longer one"));
    // The printed file says the same, where the variables still are.
    let again = loaded(&effective, &variables);
    assert_eq!(config::effective(&again, Language::English), effective);
    assert_eq!(format!("{:?}", again.screen), format!("{:?}", config.screen));
    assert_eq!(again.portal.academy, "Académie\nde Lyon");
    assert_eq!(again.imap.password.unwrap().expose_secret(), "marque-in-a-file-0");
}

#[test]
fn the_defaults_in_force_are_the_defaults() {
    let effective: toml::Table = config::effective(&loaded("", &[]), Language::English).parse().unwrap();
    assert_eq!(effective, config::DEFAULTS.parse().unwrap());
}

fn passerelle(arguments: &[&str], file: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerelle"));
    command.arg("--config").arg(file).args(arguments).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn serve_and_check_refuse_the_same_and_name_all_of_it() {
    const STRANGER: &str = "did you mean PASSERELLE_GLPI__URL?";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    let text = "[lmtp]\nlisten = [\"unix:/nowhere/at/all/lmtp.sock\", \"inet:127.0.0.1:24\"]\n[directory]\ncsv = \"/nowhere/d.csv\"\n[http]\n\
                form_tokens = [\"court\"]\n[mappings]\ndir = \"/nowhere/mappings\"\n[people]\noperators = [\"a@b@c\"]\n\
                [imap]\nurl = [\"imaps://imap.ac-lyon.fr\"]\n[sweep]\nevery = \"0s\"\n[log]\nfilter = \"passerelle=laut\"\n";
    std::fs::write(&file, text).unwrap();
    let said = |command: &str| {
        let output = passerelle(&[command], &file, &[("PASSERELLE_GLPI_URL", "https://glpi.ac-lyon.fr")]);
        assert_eq!(output.status.code(), Some(78), "{command}");
        [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap())
    };
    let [_, of_serve] = said("serve");
    for part in [
        STRANGER,
        "/nowhere/at/all",
        "is written as Postfix does",
        "/nowhere/d.csv",
        "http.form_tokens has fewer than 16",
        "/nowhere/mappings",
        "a@b@c",
        "imap.url",
        "sweep.every",
        "log.filter",
        "glpi.url is not given",
        "service account is missing",
    ] {
        assert!(of_serve.contains(part), "{part} in {of_serve}");
    }
    // What `check` warns of is in its report.
    let [report, of_check] = said("check");
    assert!(!of_check.contains(STRANGER) && of_serve.ends_with(&of_check), "{of_serve} {of_check}");
    assert!(report.contains(STRANGER) && report.contains("not looked at: mappings, GLPI, "), "{report}");
    // Mended but for its parts, it still says all of those.
    std::fs::write(&file, "directory.csv = \"/nowhere/d.csv\"\nmappings.dir = \"/nowhere/mappings\"\n").unwrap();
    let [_, of_serve] = said("serve");
    for part in ["/nowhere/d.csv", "/nowhere/mappings", "glpi.url", "service account"] {
        assert!(of_serve.contains(part), "{part} in {of_serve}");
    }
    let [_, of_check] = said("check");
    // Before that it logs what it warns of.
    assert!(of_serve.ends_with(&of_check) && of_serve.contains("WARN"), "{of_serve} {of_check}");
}

#[test]
fn the_command_prints_the_defaults_what_is_in_force_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    std::fs::write(&file, "quota.per_day = 3\n").unwrap();
    let token = [("PASSERELLE_GLPI__USER_TOKEN", "marque-user-token-0"), ("PASSERELLE_PORT", "tcp://10.0.0.1:80")];
    let printed = |arguments: &[&str]| {
        let output = passerelle(arguments, &file, &token);
        let error = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), error)
    };
    assert_eq!(printed(&["config", "--defaults"]), (Some(0), config::DEFAULTS.to_owned(), String::new()));
    let (code, listing, error) = printed(&["config"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(listing.contains("quota.per_day = 3") && listing.contains("passerelle.toml:1"), "{listing}");
    assert!(listing.contains("glpi.user_token = (hidden)") && !listing.contains("marque"), "{listing}");
    let (code, effective, _) = printed(&["config", "--effective"]);
    assert!(code == Some(0) && effective.contains("\n[quota]\n") && !effective.contains("marque"), "{effective}");
    std::fs::write(&file, "quota.per_day = \"viele\"\nsweep.every = \"0s\"\n").unwrap();
    let (code, listing, error) = printed(&["config"]);
    assert!(code == Some(78) && listing.contains("glpi.sessions"), "{listing}");
    assert!(error.contains("quota.per_day") && error.contains("sweep.every"), "{error}");
}

/// What is printed for people is in their language, and says the same to a program.
#[test]
fn under_a_french_locale_the_command_prints_french_throughout() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.toml");
    let secret = folder.path().join("glpi-password");
    std::fs::write(&secret, "marque-password-0\n").unwrap();
    std::fs::write(&file, format!("glpi.password_file = \"{}\"\n", secret.display())).unwrap();
    let variables = [("LC_ALL", "fr_FR.UTF-8"), ("PASSERELLE_GLPI__USER_TOKEN", "marque-user-token-0")];
    let printed = |arguments: &[&str]| String::from_utf8(passerelle(arguments, &file, &variables).stdout).unwrap();
    let defaults = printed(&["config", "--defaults"]);
    assert_eq!(defaults.parse::<toml::Table>().unwrap(), config::DEFAULTS.parse().unwrap());
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
    let said = words(&defaults);
    let french: toml::Table = include_str!("../../config/comments.fr.toml").parse().unwrap();
    for (name, sentence) in &french {
        assert!(said.contains(&words(sentence.as_str().unwrap())), "{name}: {sentence} is not in {defaults}");
    }
    for (line, english) in
        config::DEFAULTS.lines().filter(|line| line.contains("# ")).map(|line| (line, line.split_once("# ").unwrap().1))
    {
        let is_a_sentence = english.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).count() > 3;
        assert!(!is_a_sentence || !defaults.contains(english), "{line} is English");
    }
    let comments = defaults.lines().filter(|line| line.trim_start().starts_with('#'));
    assert!(comments.clone().count() > 100 && comments.clone().all(|line| line.chars().count() <= 120), "{defaults}");
    let (listing, effective) = (printed(&["config"]), printed(&["config", "--effective"]));
    for (text, part) in [
        (&listing, "glpi.user_token = (masqué)"),
        (&listing, &format!("(masqué, dans {})", secret.display())),
        (&listing, "# défaut"),
        (
            &effective,
            "# user_token est un secret, qui n’est pas affiché\u{a0}; il a été réglé par PASSERELLE_GLPI__USER_TOKEN",
        ),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !listing.contains("hidden") && !listing.contains("default\n") && !effective.contains("secret and"),
        "{listing}"
    );
}
