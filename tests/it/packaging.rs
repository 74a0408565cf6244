//! What is shipped around the program: its unit, its first configuration, the image, the composition.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use passerelle::config::{self, Config, ConfigError};

const UNIT: &str = include_str!("../../packaging/passerelle.service");

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(project())
        .env_remove("GLPI_URL")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}; tests/install.sh installs it"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// What the unit says of a key.
fn of_unit(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    config::load_from(Some(&project().join(file)), environment)
}

#[test]
fn systemd_finds_the_unit_little_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("passerelle.service");
    std::fs::write(&unit, UNIT.replace("@bindir@", "/usr/bin")).unwrap();
    let output =
        run("systemd-analyze", &["security", "--offline=yes", "--no-pager", "--threshold=15", &unit.to_string_lossy()]);
    let said = text(&output);
    assert!(output.status.success() && said.contains("Overall exposure level"), "{said}");
    for doubt in ["Unknown key", "Failed to parse", "ignoring"] {
        assert!(!said.contains(doubt), "{said}");
    }
}

#[test]
fn the_unit_waits_for_the_gateway_and_tries_nothing_in_vain() {
    let grace = load("config/example.toml", &[]).unwrap().shutdown.grace;
    let seconds = |key| Duration::from_secs(of_unit(key)[0].parse().unwrap());
    assert!(seconds("TimeoutStopSec") > grace);
    // EX_USAGE and EX_CONFIG of sysexits.h, as `passerelle::cli::exit` has them.
    let [usage, configuration] = [passerelle::cli::exit::USAGE, passerelle::cli::exit::CONFIG];
    assert_eq!(of_unit("RestartPreventExitStatus"), [format!("{usage} {configuration}")]);
    assert_eq!(of_unit("Type"), ["notify"]);
    assert!(seconds("WatchdogSec") >= Duration::from_secs(30), "a machine under load is no gateway that hangs");
}

/// `check` looks for the folder of a socket: it is there before the first start, and after a stop.
#[test]
fn the_folder_of_sockets_is_there_while_the_gateway_is_not() {
    let [folder, mode, user, group] =
        ["RuntimeDirectory", "RuntimeDirectoryMode", "User", "Group"].map(|key| of_unit(key)[0]);
    let line = format!("d /run/{folder} {mode} {user} {group} -");
    assert!(include_str!("../../packaging/tmpfiles.conf").lines().any(|it| it == line), "no «{line}»");
    assert_eq!(of_unit("RuntimeDirectoryPreserve"), ["yes"]);
}

/// The memory of a gateway that dies holds requests and secrets: none of it is written to the disk.
#[test]
fn a_gateway_that_dies_leaves_no_memory_behind() {
    assert_eq!(of_unit("LimitCORE"), ["0"]);
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("passerelle.service");
    std::fs::write(&unit, UNIT.replace("@bindir@/passerelle", "/bin/true")).unwrap();
    let verified = run("systemd-analyze", &["verify", "--man=no", &unit.to_string_lossy()]);
    assert!(!text(&verified).contains("LimitCORE"), "{}", text(&verified));
}

#[test]
fn the_package_s_configuration_wants_glpi_and_nothing_else() {
    let file = "packaging/passerelle.toml";
    let shipped = load(file, &[]).unwrap();
    assert!(shipped.glpi.url.is_empty(), "nobody's GLPI is asked unless its address is given");
    assert_eq!(shipped.mappings.dir.as_deref(), Some(Path::new("/etc/passerelle/mappings")));
    // Every line that is there to be uncommented can be.
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret-of-the-service\n").unwrap();
    let variables = include_str!("../../packaging/environment").lines().filter_map(|line| line.strip_prefix('#'));
    let variables: Vec<_> = variables.filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let variables: Vec<_> = variables.into_iter().filter(|name| name.starts_with("PASSERELLE_")).collect();
    assert!(variables.len() >= 2, "{variables:?}");
    let path = secret.path().to_string_lossy();
    let environment: Vec<_> = variables.into_iter().map(|name| (name, path.as_ref())).collect();
    load(file, &environment).unwrap();
    let toml = include_str!("../../packaging/passerelle.toml");
    let setting = |line: &str| line.contains(" = ") || line.starts_with('[');
    let uncommented: Vec<_> = toml
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| setting(rest) && !rest.contains("  ")).unwrap_or(line))
        .collect();
    let whole = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(whole.path(), uncommented.join("\n")).unwrap();
    let whole = config::load_from(Some(whole.path()), []).unwrap();
    assert_eq!(
        (whole.glpi.url.as_str(), whole.screen.domains),
        ("https://glpi.example.fr", vec!["example.fr".to_owned()])
    );
}

#[test]
fn a_mounted_file_is_stronger_than_the_image_s_own_settings() {
    let dockerfile = include_str!("../../Dockerfile");
    let set: Vec<_> =
        dockerfile.split_whitespace().filter(|word| word.starts_with("PASSERELLE_") && word.contains('=')).collect();
    assert_eq!(
        set,
        ["PASSERELLE_COMMIT=", "PASSERELLE_CONFIG=/etc/passerelle/passerelle.toml"],
        "a variable wins over a file"
    );
    assert!(dockerfile.contains("packaging/image.sed config/default.toml"));
    let output = run("sed", &["--file", "packaging/image.sed", "config/default.toml"]);
    assert!(output.status.success(), "{}", text(&output));
    let defaults: toml::Table = include_str!("../../config/default.toml").parse().unwrap();
    let of_image: toml::Table = text(&output).parse().unwrap();
    let mut changed = Vec::new();
    for (section, values) in &of_image {
        if let (Some(values), Some(before)) = (values.as_table(), defaults[section].as_table()) {
            changed.extend(
                values
                    .iter()
                    .filter(|(key, value)| before[*key] != **value)
                    .map(|(key, value)| format!("{section}.{key} = {value}")),
            );
        }
    }
    changed.sort();
    assert_eq!(
        changed,
        [
            "http.listen = \"0.0.0.0:8080\"",
            "lmtp.listen = [\"0.0.0.0:2424\"]",
            "log.format = \"json\"",
            "mappings.dir = \"/etc/passerelle/mappings\"",
        ]
    );
    load("packaging/image.toml", &[]).unwrap();
}

#[test]
fn the_composition_is_one_and_sets_what_there_is() {
    for (asked, expected) in [
        ("--services", ["database", "glpi", "passerelle", "redis", "stand-in"].as_slice()),
        ("--profiles", &["glpi", "stand-in"]),
    ] {
        let output = run("docker-compose", &["--file", "compose.yaml", "config", asked]);
        assert!(output.status.success(), "{}", text(&output));
        let named = text(&output);
        let mut named: Vec<_> = named.lines().filter(|line| !line.is_empty()).collect();
        named.sort_unstable();
        assert_eq!(named, expected);
    }
    let output = run("docker-compose", &["--file", "compose.yaml", "--profile", "stand-in", "config"]);
    assert!(output.status.success(), "{}", text(&output));
    let settings = text(&output);
    let settings: Vec<_> = settings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("PASSERELLE_")?.split_once(": "))
        .filter(|(name, _)| *name != "COMMIT")
        .map(|(name, value)| (format!("PASSERELLE_{name}"), value.trim_matches('\'').to_owned()))
        .collect();
    assert!(settings.len() >= 5, "{settings:?}");
    let config = config::load_from(Some(&project().join("packaging/image.toml")), settings).unwrap();
    assert_eq!(config.glpi.url, "http://stand-in:8080/");
    let grace = config.shutdown.grace.as_secs();
    let compose = include_str!("../../compose.yaml");
    let waits = compose.lines().find_map(|line| line.trim().strip_prefix("stop_grace_period: ")?.strip_suffix('s'));
    assert!(waits.unwrap().parse::<u64>().unwrap() > grace);
}

#[test]
fn logcheck_is_told_of_what_is_wrong_and_of_nothing_else() {
    let line = |level: &str| {
        [
            format!(
                "Nov 28 06:44:02 relais passerelle[4242]: 2026-11-28T06:44:02.234910Z {level:>5} passerelle: LMTP address=127.0.0.1:2424"
            ),
            format!(
                "2026-11-28T06:44:02.247147+01:00 relais passerelle[4242]: {{\"timestamp\":\"2026-11-28T06:44:02.234910Z\",\"level\":\"{level}\",\"message\":\"LMTP\"}}"
            ),
        ]
    };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("syslog");
    for (level, is_quiet) in [("DEBUG", true), ("INFO", true), ("WARN", false), ("ERROR", false)] {
        std::fs::write(&log, line(level).join("\n") + "\n").unwrap();
        let path = log.to_string_lossy();
        let reported = run("grep", &["--extended-regexp", "--invert-match", "--file", "packaging/logcheck", &path]);
        let lines = text(&reported).lines().count();
        assert_eq!(lines, if is_quiet { 0 } else { 2 }, "{level}: {}", text(&reported));
    }
}
