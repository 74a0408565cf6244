//! What an audit finds in the GLPI under test.

use std::{collections::BTreeMap, io::Cursor, sync::Arc, time::Duration};

use jiff::{Timestamp, ToSpan as _};
use passerelle::{
    app::App,
    audit::{AuditPeriod, Auditor, Finding},
    glpi::{NewTicket, Requester},
    id::TicketId,
    intake::TakesMail as _,
    request::{Outcome, Receipt, Reference},
};
use reqwest::Method;
use serde_json::json;

use super::{
    target::{Target, account},
    ticket,
};
use crate::support::{
    gateway::{DIRECTORS, app, mail, piped},
    helpdesk::Helpdesk,
};

/// Makes a ticket of a mail with this name, as the gateway does.
async fn made(app: &App, name: &str) -> Receipt {
    let raw = mail(DIRECTORS[0], name, &format!("LSU {name}"), "Bonjour");
    match Arc::clone(&app.pipeline).mail(piped(&raw), raw.into()).await {
        Outcome::Created(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

/// What an audit of the last hour finds, with a relay that says so of these mails; by the kind's name.
async fn findings(app: &App, told: &[(TicketId, Reference)]) -> BTreeMap<&'static str, Vec<Finding>> {
    let now = Timestamp::now();
    let line = |(at, (ticket, reference)): (usize, &(TicketId, Reference))| {
        format!(
            "{now} relais postfix/lmtp[1]: Q{at}: to=<assistance1d@ac-dijon.fr>, relay=x, dsn=2.0.0, status=sent \
             (250 2.0.0 created, ticket {ticket}, reference {reference})\n"
        )
    };
    let log: String = told.iter().enumerate().map(line).collect();
    let auditor = Auditor {
        config: &app.config,
        recipients: app.pipeline.rules.recipients(),
        glpi: app.glpi.in_background(),
        deliverer: &app.pipeline.deliverer,
        deposits: &app.pipeline.deposits,
        receipts: &app.pipeline.receipts,
    };
    let period = AuditPeriod { since: now - 1.hour(), patience: Duration::ZERO };
    let report = auditor.audit(period, vec![("journal".to_owned(), Ok(Box::new(Cursor::new(log))))]).await.unwrap();
    assert!(report.unread.is_empty(), "{report:?}");
    let mut findings = BTreeMap::<_, Vec<Finding>>::new();
    for finding in report.findings {
        findings.entry(finding.kind.code()).or_default().push(finding);
    }
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_finds_what_glpi_has_of_mails_and_what_it_lacks() {
    let target = Target::start().await;
    let (login, password) = account();
    let settings = [("glpi.login", login.as_str()), ("glpi.password", &password), ("quota.per_day", "1000000")];
    let app = app(target.url().as_str(), &settings);
    let glpi = target.client();
    let name = format!("audit-{}", super::marker());
    let mut receipts = Vec::new();
    for at in 0..5 {
        receipts.push(made(&app, &format!("{name}-{at}")).await);
    }
    let [whole, twice, half, binned, purged] = receipts.try_into().unwrap();
    let all = [&whole, &twice, &half, &binned, &purged].map(|it: &Receipt| (it.ticket, it.reference));
    // Nothing of these is odd.
    let of = |found: &BTreeMap<&'static str, Vec<Finding>>, kind: &str, ticket: TicketId| {
        found.get(kind).is_some_and(|all| all.iter().any(|finding| finding.tickets.contains(&ticket)))
    };
    let found = findings(&app, &all).await;
    for (ticket, _) in all {
        for kind in ["ticket-gone", "ticket-twice", "half-made", "no-ticket", "receipt-due"] {
            assert!(!of(&found, kind, ticket), "{kind} {ticket}: {found:?}");
        }
    }

    let staff = Helpdesk::sign_in(&target.url(), "glpi", "glpi").await;
    staff.bin(binned.ticket.get()).await;
    staff.call(Method::DELETE, &format!("Ticket/{}?force_purge=true", purged.ticket), json!({})).await;
    let again = |content: String| NewTicket {
        requester: Requester::Email("inconnu@ac-dijon.fr".to_owned()),
        ..ticket(&name, &content)
    };
    let content = glpi.ticket(twice.ticket).await.unwrap().content;
    let double = glpi.create_ticket(&again(content), &[]).await.unwrap().id;
    // As a creation that was broken off: no group, no category.
    let content = glpi.ticket(half.ticket).await.unwrap().content;
    let other = Reference::new("test", "", name.as_bytes());
    let content = content.replace(&half.reference.to_string(), &other.to_string());
    let broken = glpi.create_ticket(&again(content), &[]).await.unwrap().id;

    let found = findings(&app, &all).await;
    assert!(of(&found, "ticket-gone", purged.ticket), "{found:?}");
    assert!(of(&found, "ticket-twice", twice.ticket) && of(&found, "ticket-twice", double), "{found:?}");
    assert!(of(&found, "half-made", broken), "{found:?}");
    // One in the bin is in people's hands, and the others are as they were.
    for (kind, ticket) in [
        ("ticket-gone", binned.ticket),
        ("ticket-gone", whole.ticket),
        ("half-made", whole.ticket),
        ("half-made", half.ticket),
        ("ticket-twice", whole.ticket),
    ] {
        assert!(!of(&found, kind, ticket), "{kind} {ticket}: {found:?}");
    }
}
