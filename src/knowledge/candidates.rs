//! Which questions come again and again, so that an article is worth writing: requests that are alike, by their titles
//! or by what solved them.

use std::collections::BTreeSet;

use super::words::Words;
use crate::id::TicketId;

/// Fewer requests are no habit.
const AT_LEAST: usize = 3;
/// So much of the words of two titles, or of two solutions, must be the same: the share of those that either has.
const TITLES_ALIKE: f32 = 0.5;
const SOLUTIONS_ALIKE: f32 = 0.7;
/// A solution of fewer words, such as «C’est fait», says nothing of its question.
const TELLING: usize = 5;
/// Words of a text that are looked at.
const MOST_WORDS: usize = 200;

/// A request that was solved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolvedRequest {
    /// Its ticket.
    pub ticket: TicketId,
    /// Its application's name.
    pub application: String,
    /// What the gateway wrote before what was asked, as HTML.
    pub opening: String,
    /// Its title.
    pub title: String,
    /// What solved it, as plain text; empty where that is not known.
    pub solution: String,
}

/// A question that came several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleCandidate {
    /// The application.
    pub application: String,
    /// The title that has most in common with the others.
    pub title: String,
    /// Its tickets, the newest first.
    pub tickets: Vec<TicketId>,
    /// What solved the one with that title.
    pub solution: String,
    /// What the gateway wrote before what was asked there, as HTML: whom title and solution may name.
    pub opening: String,
}

struct Stems {
    title: BTreeSet<String>,
    solution: BTreeSet<String>,
}

impl Stems {
    fn is_like(&self, other: &Self) -> bool {
        let are_telling = self.solution.len().min(other.solution.len()) >= TELLING;
        alike(&self.title, &other.title) >= TITLES_ALIKE
            || are_telling && alike(&self.solution, &other.solution) >= SOLUTIONS_ALIKE
    }
}

/// The questions that came at least three times, the most frequent first. What an application is called says nothing of
/// a question: `called` gives all its names. Takes its time for thousands.
pub fn candidates<'a>(solved: &[SolvedRequest], called: impl Fn(&str) -> Option<&'a str>) -> Vec<ArticleCandidate> {
    let words = Words::new();
    let stems_of = |text: &str| words.of(text).take(MOST_WORDS).map(|word| word.stem).collect::<BTreeSet<_>>();
    let stems = |request: &SolvedRequest| {
        let names = stems_of(called(&request.application).unwrap_or(&request.application));
        let title = stems_of(&request.title).difference(&names).cloned().collect();
        Stems { title, solution: stems_of(&request.solution) }
    };
    let all: Vec<Stems> = solved.iter().map(stems).collect();
    // Each joins the first group whose first request it is like: what is like one of a group only by way of others is
    // another question.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, request) in solved.iter().enumerate() {
        let is_its = |group: &&mut Vec<usize>| {
            let first = group[0];
            solved[first].application == request.application && all[first].is_like(&all[place])
        };
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.retain(|group| group.len() >= AT_LEAST);
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups.iter().map(|group| candidate(group, solved, &all)).collect()
}

fn candidate(group: &[usize], solved: &[SolvedRequest], all: &[Stems]) -> ArticleCandidate {
    let shared = |one: usize| group.iter().map(|other| alike(&all[one].title, &all[*other].title)).sum::<f32>();
    // Of equals the first.
    let best =
        group.iter().rev().copied().max_by(|one, other| shared(*one).total_cmp(&shared(*other))).unwrap_or(group[0]);
    let mut tickets: Vec<TicketId> = group.iter().map(|place| solved[*place].ticket).collect();
    tickets.sort_by_key(|ticket| std::cmp::Reverse(*ticket));
    let SolvedRequest { application, opening, title, solution, .. } = solved[best].clone();
    ArticleCandidate { application, title, tickets, solution, opening }
}

/// The share that two sets have in common of all that either has (Jaccard), 0 to 1; 0 where one is empty.
fn alike(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f32 {
    let common = one.intersection(other).count();
    let all = one.len() + other.len() - common;
    #[expect(clippy::cast_precision_loss, reason = "some hundred words")]
    if common == 0 { 0.0 } else { common as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use super::{ArticleCandidate, SolvedRequest, candidates};
    use crate::id::TicketId;

    fn solved(application: &str, rows: &[(&str, &str)]) -> Vec<SolvedRequest> {
        let request = |(number, (title, solution)): (u64, &(&str, &str))| SolvedRequest {
            ticket: TicketId::new(number),
            application: application.to_owned(),
            opening: String::new(),
            title: (*title).to_owned(),
            solution: (*solution).to_owned(),
        };
        (1..).zip(rows).map(request).collect()
    }

    fn found(requests: &[SolvedRequest]) -> Vec<(String, Vec<u64>)> {
        let shown = |it: ArticleCandidate| (it.title, it.tickets.iter().map(|ticket| ticket.get()).collect());
        candidates(requests, |_| None).into_iter().map(shown).collect()
    }

    #[test]
    fn titles_that_say_the_same_are_one_question() {
        let rows = [
            ("LSU : bilan grisé", ""),
            ("LSU : le bilan est grisé !", ""),
            ("LSU bilans grisés de CM2", ""),
            ("LSU : import des élèves", ""),
            ("LSU : mot de passe", ""),
        ];
        assert_eq!(found(&solved("LSU", &rows)), [("LSU : bilan grisé".to_owned(), vec![3, 2, 1])]);
    }

    #[test]
    fn one_solution_for_three_is_one_question_and_a_word_of_politeness_is_none() {
        let clear = "Videz le cache du navigateur puis reconnectez-vous au portail.";
        let rows = [("Page blanche", clear), ("Écran vide", clear), ("Plus rien ne s’affiche", clear)];
        assert_eq!(found(&solved("ONDE", &rows)).len(), 1);
        let rows = [("Page blanche", "C’est fait."), ("Écran vide", "C’est fait."), ("Rien", "C’est fait.")];
        assert_eq!(found(&solved("ONDE", &rows)), []);
    }

    #[test]
    fn two_are_no_habit_nor_are_those_of_several_applications() {
        let mut all = solved("LSU", &[("Bilan grisé", ""), ("Bilan grisé", "")]);
        all.extend(solved("ONDE", &[("Bilan grisé", "")]));
        assert_eq!(found(&all), []);
    }

    #[test]
    fn what_an_application_is_called_is_no_question() {
        let rows =
            [("Livret scolaire unique", ""), ("Livret scolaire : élève absent", ""), ("LSU livret scolaire", "")];
        let requests = solved("LSU", &rows);
        assert_eq!(candidates(&requests, |_| Some("LSU livret scolaire unique")), []);
    }
}
