//! Figures on many tickets, computed in the background from what GLPI says of them: nobody waits for them.
//!
//! How long the next request will probably take:
//!
//! | file | what it does |
//! |---|---|
//! | `quantiles` | the middle and the end of many durations |
//! | `samples` | how long tickets took, in working time |
//! | `expected` | how long an application's next request will probably take |
//!
//! What all requests say («pilotage»), kept in memory as numbers:
//!
//! | file | what it does |
//! |---|---|
//! | `facts`, `names` (`name_list`, `districts`), `title_words` | what is kept of a ticket |
//! | `origins`, `account_schools`, `reading` | from GLPI's rows to that |
//! | `period`, `choice` | what figures are asked for |
//! | `counting` | the figures, one pass over the tickets |
//! | `tables`, `drawing`, `spreadsheet` | figures as people and programs read them |
//! | `sudden_rise`, `rise_titles`, `watch` | more requests in an hour than usual, what they are called, and who is told |
//! | `report`, `article_proposals`, `monthly_post` (by `monthly_notes`) | what those in charge get once a month: the report, and the articles worth writing |
//! | `gauges` | the same for Prometheus |
//! | `book`, `keeping` | the tickets that are read, and how they are kept up to date |

mod account_schools;
mod article_proposals;
mod book;
mod choice;
mod counting;
mod districts;
mod drawing;
mod expected;
mod facts;
mod gauges;
mod keeping;
mod monthly_notes;
mod monthly_post;
mod name_list;
mod names;
mod origins;
mod period;
mod quantiles;
mod reading;
mod report;
mod rise_titles;
mod samples;
mod spreadsheet;
mod sudden_rise;
mod tables;
mod title_words;
mod watch;

pub use self::{
    article_proposals::{ArticleProposals, ProposedArticle},
    book::{ReadingProgress, TicketBook},
    choice::{FigureChoice, UNSAID, UnknownChoice},
    counting::{
        AGES, Compared, Escalated, FigureQuestion, FigureStep, Figures, OpenOnLevel, RisingWord, Share, Sight,
        TimeTaken, figures,
    },
    expected::{ExpectedDelay, ExpectedDelays},
    facts::{EscalatedBy, NEVER, NO_LEVEL, TicketFacts, WORDS, Way},
    keeping::TicketFigures,
    monthly_post::{MonthlyPost, Reported},
    name_list::{NameList, UNKNOWN},
    names::{FigureNames, SchoolPlace},
    period::{Days, Period},
    quantiles::Quantiles,
    reading::minutes,
    report::MonthlyReports,
    samples::{Sample, sample, worked},
    spreadsheet::{ODS, ods},
    sudden_rise::{SuddenRise, sudden_rises},
    tables::{FigureCell, FigureChart, FigureColumn, FigureTable, grouped},
    title_words::title_words,
    watch::RiseWatch,
};
