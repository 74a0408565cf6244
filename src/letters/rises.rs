//! Letters to the operators of a sudden rise: more requests of an application in an hour than usual.

use jiff::Timestamp;
use url::form_urlencoded;

use super::{ComposeError, Correspondence, text::line};
use crate::{
    request::{Address, message_id},
    smtp::SendError,
    text::french,
};

/// The longest name of an application in a subject, and the longest title that is told, characters.
const LONGEST_NAME: usize = 60;
const LONGEST_TITLE: usize = 120;

/// What came in an hour.
#[derive(Clone, Debug, PartialEq)]
pub struct RiseNews {
    /// The application's name.
    pub application: String,
    /// When the hour began, as people read it: «le 24 novembre 2026, entre 9 h et 10 h».
    pub when: String,
    /// How many requests came so far.
    pub requests: u32,
    /// How many usually come in that hour of that day.
    pub usual: f64,
    /// The titles that came more than once, each with how often.
    pub titles: Vec<(String, u32)>,
    /// The words that most of their titles have, each with in how many.
    pub words: Vec<(String, u32)>,
}

/// Writes them.
#[derive(Clone)]
pub struct RiseLetters {
    letters: Correspondence,
    /// Whether announcements can be written.
    may_announce: bool,
    /// The address of the page where that is done, as far as the configuration tells it.
    page: Option<String>,
    /// Whether a gateway that begins anew knows whom it has told.
    remembers: bool,
}

impl RiseLetters {
    /// Letters of this sender, which propose an announcement to all directors where that can be written (on this page, where
    /// its address is known), and say that they may come again after a restart where nothing remembers them.
    pub fn new(letters: Correspondence, may_announce: bool, page: Option<String>, remembers: bool) -> Self {
        Self { letters, may_announce, page, remembers }
    }

    /// Whether a relay is configured.
    pub fn are_on(&self) -> bool {
        self.letters.is_on()
    }

    /// Tells somebody.
    ///
    /// # Errors
    ///
    /// Where the letter cannot be made, or the relay does not take it.
    pub async fn tell(&self, to: &Address, news: &RiseNews) -> Result<(), SendError> {
        let RiseNews { application, when, requests, usual, titles, words } = news;
        let usual = format!("{usual:.1}").replace('.', ",");
        let told = |these: &[(String, u32)]| -> String {
            let each = these.iter().map(|(what, count)| {
                let what = line(what, LONGEST_TITLE);
                format!("«\u{a0}{what}\u{a0}» ({})", french::count(*count as usize, "fois", "fois"))
            });
            each.collect::<Vec<_>>().join(", ")
        };
        let mut about = Vec::new();
        if !titles.is_empty() {
            about.push(format!("Objets qui reviennent\u{a0}: {}.", told(titles)));
        }
        about.push(match words.as_slice() {
            [] => "Aucun mot ne revient dans leurs titres.".to_owned(),
            words => format!("Ce qui revient dans leurs titres\u{a0}: {}.", told(words)),
        });
        let about = about.join("\n\n");
        let page = self.page.as_ref().map_or_else(
            || "la page «\u{a0}/information\u{a0}»".to_owned(),
            |page| format!("la page {}", prefilled(page, application, titles)),
        );
        let how = if self.may_announce {
            format!(
                "\u{a0}: {page} en fait un message sur le portail et au-dessus du formulaire de {application}, et l’envoie \
                 par courriel à qui vous voulez (ou «\u{a0}passerelle inform\u{a0}»)."
            )
        } else {
            ".".to_owned()
        };
        let again = if self.remembers { "" } else { ", sauf si la passerelle redémarre entre-temps" };
        let text = format!(
            "Bonjour,\n\nL’application {application} a reçu {} {when}\u{a0}; d’habitude, {usual} à cette heure-là ce \
             jour-là.\n\n{about}\n\nUne panne commence souvent ainsi. Si c’en est une, prévenez les directeurs avant qu’ils \
             n’écrivent tous{how} Sinon, il n’y a rien à faire\u{a0}: ce message n’est envoyé qu’une fois pour cette heure{again}.\n\n\
             {}\n",
            french::count(*requests as usize, "demande", "demandes"),
            self.letters.name(),
        );
        let subject = format!("{}\u{a0}: afflux de demandes", line(application, LONGEST_NAME));
        // Each time another one, or a mailbox that drops copies would drop it.
        let id = message_id::of_letter_to_people(
            &format!("afflux-{}", Timestamp::now().as_microsecond()),
            self.letters.domain(),
        );
        let to: lettre::Address = to.as_str().parse().map_err(ComposeError::from)?;
        let letter = self.letters.head(lettre::message::Mailbox::new(None, to.clone()), &subject, id, "auto-generated");
        let letter = letter.body(text).map_err(ComposeError::from)?;
        self.letters.send(to, &letter).await
    }
}

/// The address of the page that writes an announcement, with what it is about.
fn prefilled(page: &str, application: &str, titles: &[(String, u32)]) -> String {
    let subject = match titles.first() {
        // A title may begin with the application's name, as the gateway's do.
        Some((title, _)) => {
            format!("Incident en cours sur {application}\u{a0}: {}", line(without(application, title), LONGEST_TITLE))
        }
        None => format!("Incident en cours sur {application}"),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("application", application).append_pair("subject", &subject);
    format!("{page}?{}", query.finish())
}

/// A title without the name of its application before it.
fn without<'t>(application: &str, title: &'t str) -> &'t str {
    let rest = title.strip_prefix(application).map(str::trim_start).and_then(|rest| rest.strip_prefix(':'));
    rest.map_or(title, str::trim_start)
}
