//! What of `[announcements]` no mailing could go by.

use std::time::Duration;

use url::Url;

use super::found::Mistakes;
use crate::{config::Config, text::Bilingual};

/// What the relay puts off is tried again for so long (`announcements::dispatch`).
const LONGEST_RETRY: Duration = Duration::from_hours(24);

/// Each key that cannot mean what it says.
pub(super) fn find(config: &Config, mistakes: &mut Mistakes) {
    let announcements = &config.announcements;
    if announcements.retry > LONGEST_RETRY {
        mistakes.add(
            &["announcements.retry"],
            Bilingual::new(
                "announcements.retry is longer than a day, after which nothing is tried again",
                "announcements.retry dépasse un jour, après lequel plus rien n’est réessayé",
            ),
            Bilingual::new(
                "Give it minutes, such as \"1m\": each further pause is longer.",
                "Donnez des minutes, par exemple \"1m\"\u{a0}: chaque pause suivante est plus longue.",
            ),
        );
    }
    let link = &announcements.confirm_link;
    if !link.is_empty() && !is_confirmation(link) {
        mistakes.add(
            &["announcements.confirm_link"],
            Bilingual::new(
                format!("announcements.confirm_link \"{link}\" is no address of the page that confirms"),
                format!("announcements.confirm_link \"{link}\" n’est pas l’adresse de la page qui confirme"),
            ),
            Bilingual::new(
                "Give it as \"https://assistance.ac-lyon.fr/information/{reference}?code={code}\", with both, or leave it \
                 empty: the mail has the code.",
                "Donnez-la ainsi\u{a0}: \"https://assistance.ac-lyon.fr/information/{reference}?code={code}\", avec les deux, ou \
                 laissez-la vide\u{a0}: le courriel a le code.",
            ),
        );
    }
}

fn is_confirmation(link: &str) -> bool {
    let is_site = Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    is_site && ["{reference}", "{code}"].iter().all(|part| link.contains(part))
}
