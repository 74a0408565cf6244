//! `passerelle export articles`: GLPI's FAQ as files, for other sites and for whoever keeps it.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use super::{applications::unknown, exit, say::complain};
use crate::{
    app::App,
    config::{self, Config, ConfigError},
    knowledge::{Article, Places},
    text::{Bilingual, Language, fold, html_text::escaped},
};

/// Characters of a title in a file's name.
const LONGEST_NAME: usize = 60;

/// Writes what GLPI holds for everybody into files or to the standard output.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// The language of the output; without it, that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English.
    #[arg(long, global = true)]
    pub lang: Option<Language>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The articles of the FAQ that are published to the service account's entity.
    Articles {
        /// How they are written.
        #[arg(long, value_enum, default_value_t = Format::Markdown)]
        format: Format,
        /// Those of this application alone.
        #[arg(long)]
        application: Option<String>,
        /// A folder that gets a file for each article; without, they go to the standard output.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

/// How articles are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Markdown,
    Html,
    /// One object a line.
    Json,
}

/// Writes the articles; gives the exit code: 0 done, 64 no mapping has the application, 75 GLPI cannot answer, 1 a file cannot be written.
///
/// # Errors
///
/// When the configuration cannot be used.
pub async fn run(config: Config, args: Args) -> Result<u8, ConfigError> {
    let language = Language::chosen(args.lang);
    let What::Articles { format, application, to } = args.what;
    let places = Places::new(&config);
    let app = App::build(config)?;
    let shelf = app.knowledge.shelf().await;
    app.glpi.close().await;
    let shelf = match shelf {
        Ok(shelf) => shelf,
        Err(error) => {
            let what = Bilingual::new("the articles cannot be read", "les articles ne peuvent pas être lus");
            complain(&what.saying(&error.line()), language);
            return Ok(exit::TEMPFAIL);
        }
    };
    let articles = shelf.of_application(application.as_deref(), app.knowledge.now());
    // An article may be of an application that has no mapping.
    if articles.is_empty()
        && let Some(said) = application.as_ref().and_then(|name| unknown(&app.pipeline.mappings.now(), name, &[]))
    {
        complain(&said, language);
        return Ok(exit::USAGE);
    }
    Ok(match write(&articles, format, to.as_ref(), &places) {
        Ok(()) => {
            let folder = to.as_deref();
            let old =
                folder.map_or_else(Vec::new, |folder| of_before(folder, &articles, format, application.is_none()));
            if let (Some(folder), [_, ..]) = (folder, old.as_slice()) {
                complain(&still_there(folder, &old), language);
            }
            exit::OK
        }
        Err(error) => {
            complain(&unwritten(to.as_deref(), &error), language);
            exit::FAILED
        }
    })
}

/// The files in a folder that an earlier export wrote and this one did not: an article's under its earlier title, and
/// where these are `all` articles there are, those of articles that are published no more.
fn of_before(folder: &Path, articles: &[Arc<Article>], format: Format, all: bool) -> Vec<String> {
    let written: BTreeSet<String> = articles.iter().map(|article| format.name(article)).collect();
    let is_old = |name: &String| {
        let Some((number, _)) = name.strip_suffix(format.extension()).and_then(|name| name.split_once('-')) else {
            return false;
        };
        let is_of = |number: u64| all || articles.iter().any(|article| article.id.get() == number);
        !written.contains(name) && number.parse().is_ok_and(is_of)
    };
    // Where it cannot be read, nothing is known of it.
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut old: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).filter(is_old).collect();
    old.sort();
    old
}

/// What an earlier export left, and what to do.
fn still_there(folder: &Path, old: &[String]) -> Bilingual {
    let (folder, names) = (folder.display(), old.join(", "));
    Bilingual::new(
        format!(
            "{folder} has files of an earlier export, of articles that were renamed or are published no more: {names}; remove them"
        ),
        format!(
            "{folder} contient des fichiers d’un export précédent, d’articles renommés ou qui ne sont plus publiés\u{a0}: {names}\u{a0}; supprimez-les"
        ),
    )
}

/// Where the articles cannot be written, why, and what to do.
fn unwritten(to: Option<&Path>, error: &std::io::Error) -> Bilingual {
    let what = Bilingual::new("the articles cannot be written to ", "les articles ne peuvent pas être écrits ");
    let Some(folder) = to.map(Path::display) else {
        let place = Bilingual::new("the standard output", "sur la sortie standard");
        return what.then("", &place).saying(&config::of_error(error));
    };
    let remedy = Bilingual::new(
        "; give --to a folder that you may write to",
        "\u{a0}; donnez à --to un dossier où vous pouvez écrire",
    );
    what.then("", &Bilingual::new(&folder, format!("dans {folder}"))).saying(&config::of_error(error)).then("", &remedy)
}

fn write(articles: &[Arc<Article>], format: Format, to: Option<&PathBuf>, places: &Places) -> std::io::Result<()> {
    let Some(folder) = to else {
        let mut out = std::io::stdout().lock();
        for article in articles {
            out.write_all(format.text(article, places).as_bytes())?;
        }
        return out.flush();
    };
    std::fs::create_dir_all(folder)?;
    for article in articles {
        std::fs::write(folder.join(format.name(article)), format.text(article, places))?;
    }
    Ok(())
}

impl Format {
    /// The name of an article's file: its number, which stays, and its title, for people.
    fn name(self, article: &Article) -> String {
        let title = fold::words(&article.title).join("-");
        let title: String = title.chars().filter(char::is_ascii).take(LONGEST_NAME).collect();
        format!("{}-{}{}", article.id, title.trim_matches('-'), self.extension())
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Markdown => ".md",
            Self::Html => ".html",
            Self::Json => ".json",
        }
    }

    fn text(self, article: &Article, places: &Places) -> String {
        let link = places.page(article);
        let updated = article.updated.as_ref().map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        match self {
            Self::Json => {
                let object = json!({
                    "id": article.id, "title": article.title, "html": places.html(article),
                    "application": article.application, "categories": article.categories, "updated": updated, "link": link,
                });
                format!("{object}\n")
            }
            Self::Html => {
                let (title, html) = (escaped(&article.title), places.html(article));
                format!(
                    "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
                     <link rel=\"canonical\" href=\"{}\">\n</head>\n<body>\n<h1>{title}</h1>\n{html}\n</body>\n</html>\n",
                    escaped(&link),
                )
            }
            Self::Markdown => {
                // YAML takes JSON's strings and lists.
                let filed = json!(article.categories);
                format!(
                    "---\ntitle: {}\nid: {}\napplication: {}\ncategories: {filed}\nupdated: {}\nlink: {}\n---\n\n{}\n",
                    json!(article.title),
                    article.id,
                    json!(article.application),
                    json!(updated),
                    json!(link),
                    places.markdown(article),
                )
            }
        }
    }
}
