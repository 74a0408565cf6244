//! Two pages to look at the tickets in a browser; what strangers wrote is shown harmless.

use askama::Template;
use axum::http::StatusCode;

use super::answer::Answer;
use super::settings::Version;
use super::view::{Person, TicketView};

/// Nothing runs and nothing is fetched from elsewhere, in the page as in the frames of contents.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src 'self'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;\
    padding:0 1rem;color:#1d2733;background:#f6f7f9}table{border-collapse:collapse;width:100%;\
    background:#fff}th,td{text-align:left;padding:.5rem .7rem;border-bottom:1px solid #dde2e8;\
    vertical-align:top}th{font-weight:600}a{color:#1a5fb4}dl{display:grid;\
    grid-template-columns:max-content 1fr;gap:.3rem 1rem}dt{font-weight:600}dd{margin:0}\
    iframe{width:100%;height:24rem;border:1px solid #dde2e8;background:#fff}\
    iframe.short{height:9rem}";

/// GLPI's page in maintenance: in English up to 10, in GLPI's language from 11 on.
pub(super) fn maintenance(version: Version) -> String {
    let title = match version {
        Version::Ten => "MAINTENANCE MODE",
        Version::Eleven => "MODE MAINTENANCE",
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"fr\"><head>\n   <title>{title} - GLPI</title>\n   \
         <meta property=\"glpi:csrf_token\" content=\"0\" />\n</head>\
         <body class=\"welcome-anonymous\"><p>Le service est en maintenance.</p></body></html>"
    )
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Tickets – GLPI de démonstration</title>
<style>{{ style|safe }}</style></head><body>
<h1>Tickets</h1>
{% if tickets.is_empty() %}<p>Aucun ticket pour l’instant.</p>{% else %}
<table><thead><tr><th>N°</th><th>Titre</th><th>Catégorie</th><th>Groupe</th><th>Demandeur</th>
<th>État</th><th>Ouvert le</th></tr></thead><tbody>
{% for ticket in tickets %}<tr>
<td>{{ ticket.id }}</td>
<td><a href="/front/ticket.form.php?id={{ ticket.id }}">{{ ticket.name }}</a></td>
<td>{{ ticket.category.as_deref().unwrap_or("–") }}</td>
<td>{{ ticket.assigned_groups.join(", ") }}</td>
<td>{{ ticket.requester_names() }}</td>
<td>{{ ticket.status_name() }}</td>
<td>{{ ticket.opened }}</td>
</tr>{% endfor %}</tbody></table>{% endif %}
</body></html>
"#
)]
struct ListPage<'a> {
    style: &'a str,
    tickets: &'a [TicketView],
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Ticket {{ ticket.id }}</title>
<style>{{ style|safe }}</style></head><body>
<p><a href="/">Tous les tickets</a></p>
<h1>{{ ticket.name }}</h1>
<dl>
<dt>Numéro</dt><dd>{{ ticket.id }}</dd>
<dt>Type</dt><dd>{% if ticket.kind == 2 %}Demande{% else %}Incident{% endif %}</dd>
<dt>État</dt><dd>{{ ticket.status_name() }}</dd>
<dt>Urgence</dt><dd>{{ ticket.urgency_name() }}</dd>
<dt>Catégorie</dt><dd>{{ ticket.category.as_deref().unwrap_or("–") }}</dd>
<dt>Groupe en charge</dt><dd>{{ ticket.assigned_groups.join(", ") }}</dd>
<dt>Observateurs</dt><dd>{{ ticket.observer_names() }}</dd>
<dt>Demandeur</dt><dd>{{ ticket.requester_names() }}</dd>
<dt>Ouvert le</dt><dd>{{ ticket.opened }}</dd>
<dt>Documents</dt><dd>{% for document in ticket.documents %}<a href="/front/document.send.php?docid={{ document.id }}">{{ document.filename }}</a><br>{% endfor %}</dd>
</dl>
<iframe sandbox title="Description" srcdoc="{{ ticket.content }}"></iframe>
{% for followup in ticket.followups %}
<h2>Suivi de {{ followup.author_name }}, le {{ followup.date }}</h2>
<iframe class="short" sandbox title="Suivi" srcdoc="{{ followup.content }}"></iframe>
<p>{% for document in followup.documents %}<a href="/front/document.send.php?docid={{ document.id }}">{{ document.filename }}</a><br>{% endfor %}</p>
{% endfor %}
</body></html>
"#
)]
struct TicketPage<'a> {
    style: &'a str,
    ticket: &'a TicketView,
}

/// All tickets, newest first.
pub(super) fn list(mut tickets: Vec<TicketView>) -> Answer {
    tickets.reverse();
    let page = ListPage { style: STYLE, tickets: &tickets };
    render(&page)
}

/// One ticket.
pub(super) fn ticket(ticket: &TicketView) -> Answer {
    let page = TicketPage { style: STYLE, ticket };
    render(&page)
}

/// A page that is not there.
pub(super) fn not_found() -> Answer {
    let page = "<!DOCTYPE html><html lang=\"fr\"><meta charset=\"utf-8\"><title>Introuvable</title>\
        <p>Cette page n’existe pas. <a href=\"/\">Tous les tickets</a></p></html>";
    Answer::html(StatusCode::NOT_FOUND, page)
}

fn render(page: &impl Template) -> Answer {
    match page.render() {
        Ok(page) => Answer::html(StatusCode::OK, page)
            .with("content-security-policy", POLICY)
            .with("x-content-type-options", "nosniff"),
        Err(_) => Answer::html(StatusCode::INTERNAL_SERVER_ERROR, ""),
    }
}

impl TicketView {
    fn requester_names(&self) -> String {
        names(&self.requesters)
    }

    fn observer_names(&self) -> String {
        let mut all = self.observer_groups.clone();
        all.push(names(&self.observers));
        all.retain(|name| !name.is_empty());
        all.join(", ")
    }

    fn status_name(&self) -> &'static str {
        match self.status {
            1 => "Nouveau",
            2 => "En cours (attribué)",
            3 => "En cours (planifié)",
            4 => "En attente",
            5 => "Résolu",
            6 => "Clos",
            10 => "Validation",
            _ => "Inconnu",
        }
    }

    fn urgency_name(&self) -> &'static str {
        match self.urgency {
            1 => "Très basse",
            2 => "Basse",
            3 => "Moyenne",
            4 => "Haute",
            5 => "Très haute",
            _ => "Inconnue",
        }
    }
}

fn names(people: &[Person]) -> String {
    let name = |person: &Person| match person.name.as_str() {
        "" => person.email.clone(),
        name => name.to_owned(),
    };
    people.iter().map(name).collect::<Vec<_>>().join(", ")
}
