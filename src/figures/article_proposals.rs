//! The monthly list of questions that come again and again, to the référents of their application: articles worth writing.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use super::{
    monthly_post::{Mailing, MonthlyPost, Reported},
    period::Period,
    tables::{FigureCell, FigureColumn, FigureTable},
};
use crate::{
    flow::route::{MappingStore, Mappings},
    glpi::{Glpi, GlpiError},
    id::TicketId,
    knowledge::{ArticleCandidate, Knowledge, repeated_questions},
    letters::{Report, ReportFile, ReportPart, ReportRow},
    lifecycle::drafts::without_personal_data,
    people::Role,
    request::Address,
    text::french,
};

/// How often it is looked whether a list is due.
const EVERY: Duration = Duration::from_mins(30);
/// Questions that a mail shows; its file has all.
const MOST_ROWS: usize = 15;
/// Tickets that are named of each.
const EXAMPLES: usize = 3;
/// Characters of a solution that the file shows.
const LONGEST_SOLUTION: usize = 500;

/// A question that came several times, without personal data, and the article that perhaps answers it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedArticle {
    /// The question.
    pub candidate: ArticleCandidate,
    /// The title of that article.
    pub known: Option<String>,
}

/// Proposes articles.
pub struct ArticleProposals {
    glpi: Glpi,
    mappings: MappingStore,
    /// The mappings by which it was looked last whether there is anything to tell.
    seen: Mutex<Arc<Mappings>>,
    knowledge: Arc<Knowledge>,
    post: Arc<MonthlyPost>,
    /// The applications that have référents, and their role.
    roles: Vec<Role>,
    /// Where a ticket leads, with `{id}` for its number.
    link: String,
    /// Whether that is the gateway's own page, which drafts an article from it.
    drafts: bool,
    zone: TimeZone,
}

impl ArticleProposals {
    /// Lists for those who have these roles. Their tickets lead to `ticket_page`, GLPI's own, unless there is an address of
    /// the page that drafts articles from them; each with `{id}` for the number.
    pub fn new(
        glpi: &Glpi,
        (mappings, knowledge): (MappingStore, Arc<Knowledge>),
        post: Arc<MonthlyPost>,
        roles: BTreeSet<Role>,
        (ticket_page, draft_link): (&str, &str),
        zone: TimeZone,
    ) -> Self {
        let drafts = !draft_link.is_empty();
        let link = if drafts { draft_link } else { ticket_page }.to_owned();
        let roles = roles.into_iter().filter(|role| matches!(role, Role::Referent(_))).collect();
        let (glpi, seen) = (glpi.in_background(), Mutex::new(mappings.now()));
        Self { glpi, mappings, seen, knowledge, post, roles, link, drafts, zone }
    }

    fn seen(&self) -> MutexGuard<'_, Arc<Mappings>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is due, again and again; never ends.
    pub async fn keep(&self) {
        loop {
            self.send_due(&Timestamp::now().to_zoned(self.zone.clone())).await;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Sends the lists of the month before that are due at this moment, and were not sent by whatever instance.
    pub async fn send_due(&self, now: &Zoned) {
        let month = Period::month(now.date().first_of_month().yesterday().unwrap_or(Date::MIN));
        if !self.post.is_time(now) {
            return;
        }
        let mappings = self.mappings.now();
        if !Arc::ptr_eq(&mappings, &self.seen()) {
            *self.seen() = mappings;
            self.post.forget_nothing();
        }
        // All applications' are read at once, when the first needs them.
        let mut read = None;
        for role in &self.roles {
            let Role::Referent(of) = role else { continue };
            let name = name(of, month);
            if !self.post.is_due(&name, now) {
                continue;
            }
            match self.send_read(role, month, now, &mut read).await {
                Ok(reported) => self.post.settle(&name, &format!("people.referents.{of}"), &reported, now),
                Err(error) => tracing::warn!(%error, "the list of articles to write cannot be sent now"),
            }
        }
    }

    async fn send_read(
        &self,
        role: &Role,
        month: Period,
        now: &Zoned,
        read: &mut Option<Vec<ProposedArticle>>,
    ) -> Result<Reported, GlpiError> {
        let Some(application) = self.application(role) else { return Ok(Reported::Nothing) };
        let name = name(&application, month);
        let report = async || {
            let all = match read {
                Some(all) => all,
                None => read.insert(self.of_month(month).await?),
            };
            Ok(self.report(&application, month, all))
        };
        self.post.send(Mailing::Articles, &name, role, now, report).await
    }

    /// Sends the référents of an application the list of a month, but those who have it.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn send(&self, application: &str, month: Period, now: &Zoned) -> Result<Reported, GlpiError> {
        self.send_read(&Role::referent(application), month, now, &mut None).await
    }

    /// Has those get it by the next [`ArticleProposals::send`] whom it may not have reached.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot be asked or told now.
    pub async fn decide_not_sent(&self, application: &str, month: Period, now: &Zoned) -> Result<(), GlpiError> {
        self.post.decide_not_sent(&name(application, month), &Role::referent(application), now).await
    }

    /// Who gets the list of an application.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot say now who is in a group.
    pub async fn recipients(&self, application: &str, now: &Zoned) -> Result<BTreeSet<Address>, GlpiError> {
        self.post.recipients(&Role::referent(application), now).await
    }

    /// The questions that came again and again among the requests solved in a month, of all applications: those that no
    /// article answers first.
    ///
    /// # Errors
    ///
    /// Where GLPI cannot answer now.
    pub async fn of_month(&self, month: Period) -> Result<Vec<ProposedArticle>, GlpiError> {
        let days = month.days();
        let moments = (days.from.at(0, 0, 0, 0), days.to.at(0, 0, 0, 0));
        let mappings = self.mappings.now();
        let questions = repeated_questions(&self.glpi, &mappings, moments).await?;
        let (articles, now) = (self.knowledge.shelf().await?, self.knowledge.now());
        let proposed = questions.into_iter().map(|mut candidate| {
            let known = articles.suggested(&candidate.title, Some(&candidate.application), now);
            let known = known.first().map(|article| article.title.clone());
            // The list leaves GLPI by mail.
            (candidate.title, candidate.solution) =
                without_personal_data(&mappings, &candidate.opening, &candidate.title, &candidate.solution);
            ProposedArticle { candidate, known }
        });
        let mut proposed: Vec<_> = proposed.collect();
        proposed.sort_by_key(|it| it.known.is_some());
        Ok(proposed)
    }

    /// The list of an application; `None` where nothing came again and again.
    pub fn report(&self, application: &str, month: Period, all: &[ProposedArticle]) -> Option<Report> {
        let its: Vec<&ProposedArticle> = all.iter().filter(|it| it.candidate.application == application).collect();
        let most = its.iter().map(|it| it.candidate.tickets.len()).max()?;
        let row = |it: &&ProposedArticle| {
            let count = it.candidate.tickets.len();
            ReportRow {
                cells: vec![it.candidate.title.clone(), count.to_string(), shown(it), self.examples(it)],
                bar: u32::try_from(count * 100 / most).ok(),
            }
        };
        let questions = french::count(its.len(), "question revient", "questions reviennent");
        let how = if self.drafts {
            "suivez le lien de l’un de ces tickets et choisissez «\u{a0}Rédiger la fiche\u{a0}», ou écrivez «\u{a0}#fiche\u{a0}» dans \
             un suivi privé"
        } else {
            "écrivez «\u{a0}#fiche\u{a0}» dans un suivi privé de l’un de ces tickets"
        };
        Some(Report {
            name: format!("fiches-{application}-{}", month.code()),
            title: format!("Fiches à écrire\u{a0}: {application}, {}", month.label()),
            about: format!(
                "Parmi les demandes sur {application} résolues en {}, {questions}. Une fiche de la base de connaissances y \
                 répondrait une fois pour toutes\u{a0}: {how}, et son brouillon se fait tout seul.",
                month.label()
            ),
            parts: vec![ReportPart {
                title: "Questions qui reviennent".to_owned(),
                says: "Celles auxquelles aucune fiche ne semble répondre viennent d’abord. Toutes sont dans le fichier joint.".to_owned(),
                head: ["Question", "Demandes", "Fiche", "Tickets"].map(str::to_owned).to_vec(),
                rows: its.iter().take(MOST_ROWS).map(row).collect(),
            }],
            files: vec![ReportFile {
                name: format!("fiches-a-ecrire-{}.csv", month.code()),
                media_type: "text/csv; charset=utf-8",
                content: format!("\u{feff}{}", self.table(application, all).csv()).into_bytes(),
            }],
        })
    }

    fn examples(&self, it: &ProposedArticle) -> String {
        let link = |ticket: &TicketId| self.link.replace("{id}", &ticket.to_string());
        it.candidate.tickets.iter().take(EXAMPLES).map(link).collect::<Vec<_>>().join(" ")
    }

    /// The whole list of an application as a table.
    pub fn table(&self, application: &str, all: &[ProposedArticle]) -> FigureTable {
        let row = |it: &ProposedArticle| {
            let solution = it.candidate.solution.chars().take(LONGEST_SOLUTION).collect();
            vec![
                FigureCell::Text(it.candidate.title.clone()),
                FigureCell::Count(u32::try_from(it.candidate.tickets.len()).unwrap_or(u32::MAX)),
                FigureCell::Text(it.known.clone().unwrap_or_default()),
                FigureCell::Text(self.examples(it)),
                FigureCell::Text(solution),
            ]
        };
        let column = |(key, label)| FigureColumn { key, label };
        let columns = [
            ("question", "Question"),
            ("requests", "Demandes"),
            ("article", "Fiche"),
            ("tickets", "Tickets"),
            ("solution", "Solution"),
        ];
        let rows: Vec<_> = all.iter().filter(|it| it.candidate.application == application).map(row).collect();
        FigureTable {
            id: "articles",
            title: "Fiches à écrire",
            says: match rows.len() {
                0 => "Aucune question ne revient.".to_owned(),
                count => format!("{}.", french::count(count, "question revient", "questions reviennent")),
            },
            columns: columns.map(column).into(),
            rows,
            chart: None,
        }
    }

    /// The name of the application of these référents; `None` where no mapping has it.
    fn application(&self, role: &Role) -> Option<String> {
        let mappings = self.mappings.now();
        let names = mappings.all().iter().map(|mapping| mapping.name.clone());
        names.into_iter().find(|name| Role::referent(name) == *role)
    }
}

/// What tells an application's list of a month from all others.
fn name(application: &str, month: Period) -> String {
    format!("fiches à écrire {application} {}", month.code())
}

fn shown(it: &ProposedArticle) -> String {
    it.known.as_ref().map_or_else(|| "aucune".to_owned(), |title| format!("peut-être\u{a0}: {title}"))
}
