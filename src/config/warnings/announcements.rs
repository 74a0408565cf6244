//! What of `[announcements]` works less well than it seems to.

use url::Url;

use crate::{config::Config, text::Bilingual};

/// A warning, with the key it is about.
type Found = (&'static str, Bilingual, Bilingual);

/// Where the pages of announcements are.
const PAGES: &str = "/information/";

/// Everything that a mailing would run into, where announcements are on.
pub(super) fn find(config: &Config) -> Vec<Found> {
    if !config.announcements.enabled {
        return Vec::new();
    }
    let mut found = Vec::new();
    files(config, &mut found);
    portal(config, &mut found);
    let people = &config.people;
    if people.operators.is_empty()
        && people.tokens.is_empty()
        && people.correspondents.is_empty()
        && people.referents.is_empty()
    {
        found.push((
            "announcements.enabled",
            Bilingual::new(
                "announcements are on, and [people] names nobody: only `passerelle inform` on this machine writes them",
                "les informations sont activées, et [people] ne nomme personne\u{a0}: seule `passerelle inform`, sur cette machine, en écrit",
            ),
            Bilingual::new(
                "Name those in charge in people.operators, people.correspondents or people.referents.",
                "Nommez les responsables dans people.operators, people.correspondents ou people.referents.",
            ),
        ));
    }
    found
}

/// What of files cannot come in, or go.
fn files(config: &Config, found: &mut Vec<Found>) {
    let (most, files, http) = (config.announcements.max_size, &config.attachments, &config.http);
    let by_files = files.max_file_size.saturating_mul(files.max_files as u64);
    if most == 0 {
        found.push((
            "announcements.max_size",
            Bilingual::new(
                "announcements.max_size is 0: no announcement may carry a file",
                "announcements.max_size vaut 0\u{a0}: aucune information ne peut porter de fichier",
            ),
            Bilingual::new("Give it more, unless that is meant.", "Donnez plus, sauf si c’est voulu."),
        ));
    } else if by_files < most {
        found.push((
            "announcements.max_size",
            Bilingual::new(
                format!(
                    "announcements.max_size is {most} bytes, and attachments.max_files and attachments.max_file_size let {by_files} pass"
                ),
                format!(
                    "announcements.max_size vaut {most} octets, et attachments.max_files et attachments.max_file_size en laissent passer {by_files}"
                ),
            ),
            Bilingual::new(
                "Give attachments.max_file_size more, or announcements.max_size less.",
                "Donnez plus à attachments.max_file_size, ou moins à announcements.max_size.",
            ),
        ));
    }
    // Files come in as Base64: four letters for three bytes.
    let as_letters = most.div_ceil(3).saturating_mul(4);
    if http.is_served() && (http.max_size as u64) < as_letters {
        found.push((
            "announcements.max_size",
            Bilingual::new(
                format!(
                    "announcements.max_size is {most} bytes, {as_letters} as Base64, and http.max_size is {}: POST /v1/announcements with so many files is refused whole",
                    http.max_size
                ),
                format!(
                    "announcements.max_size vaut {most} octets, {as_letters} en Base64, et http.max_size vaut {}\u{a0}: POST /v1/announcements avec autant de fichiers est refusé en entier",
                    http.max_size
                ),
            ),
            Bilingual::new(
                "Give http.max_size more, or announcements.max_size less.",
                "Donnez plus à http.max_size, ou moins à announcements.max_size.",
            ),
        ));
    }
}

/// What leads to pages that nobody serves.
fn portal(config: &Config, found: &mut Vec<Found>) {
    let http = &config.http;
    if http.believes_a_proxy() {
        return;
    }
    let link = &config.announcements.confirm_link;
    if Url::parse(link).is_ok_and(|url| url.path().starts_with(PAGES)) {
        found.push((
            "announcements.confirm_link",
            Bilingual::new(
                "announcements.confirm_link leads to the pages, which are off: http.trusted_proxies and http.identity_listen are empty",
                "announcements.confirm_link mène aux pages, qui sont désactivées\u{a0}: http.trusted_proxies et http.identity_listen sont vides",
            ),
            Bilingual::new(
                "Switch the pages on, or leave announcements.confirm_link empty: the code confirms by `passerelle inform confirm`.",
                "Activez les pages, ou laissez announcements.confirm_link vide\u{a0}: le code confirme par `passerelle inform confirm`.",
            ),
        ));
    }
    if http.listen.is_none() || http.portal_secrets.is_empty() && http.form_tokens.is_empty() {
        found.push((
            "announcements.enabled",
            Bilingual::new(
                "no portal shows what is announced there: the pages are off, and no portal may call (http.listen with http.portal_secrets or http.form_tokens)",
                "aucun portail ne montre ce qui y est annoncé\u{a0}: les pages sont désactivées, et aucun portail ne peut appeler (http.listen avec http.portal_secrets ou http.form_tokens)",
            ),
            Bilingual::new(
                "Nothing to do where announcements go by mail alone; else set up the portal or the pages.",
                "Rien à faire si les informations ne partent que par courriel\u{a0}; sinon, configurez le portail ou les pages.",
            ),
        ));
    }
}
