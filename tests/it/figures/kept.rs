//! What changes is known, whatever dates GLPI bears, and in few calls.

use std::{sync::Arc, time::Duration};

use jiff::{Span, Timestamp, civil::DateTime};
use passerelle::{
    app::App,
    figures::{EscalatedBy, FigureChoice, Figures, Period},
    intake::TakesMail as _,
    people::{Rights, Role},
    sandbox::Sandbox,
};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::generated::note;
use crate::support::{
    gateway::{DIRECTORS, app, mail, piped, sandbox},
    helpdesk::Helpdesk,
};

async fn start() -> (Sandbox, App, Helpdesk, Helpdesk) {
    let sandbox = sandbox().await;
    let app = app(sandbox.url().as_str(), &[]);
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let own = Helpdesk::sign_in(&sandbox.url(), "passerelle", "passerelle").await;
    (sandbox, app, staff, own)
}

fn now() -> DateTime {
    Timestamp::now().in_tz("Europe/Paris").unwrap().datetime()
}

/// A moment that is so long ago, as GLPI writes it; one that is yet to come, where that is negative.
fn ago(span: Span) -> String {
    now().saturating_sub(span).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn ticket() -> Value {
    json!({"name": "LSU : lent", "itilcategories_id": 2, "date": ago(Span::new().days(2))})
}

async fn add(staff: &Helpdesk) -> i64 {
    i64::try_from(staff.add("Ticket", ticket()).await).unwrap()
}

/// The figures of all tickets of the last days.
fn figures(app: &App) -> Figures {
    let today = app.figures.today();
    let days = Period::between(today.saturating_sub(Span::new().days(30)), today).unwrap();
    app.figures.answer(&FigureChoice::of(days), &Rights::of([Role::Operator]))
}

/// A web server whose clock is ahead, and a date that somebody wrote.
#[rstest]
#[case::of_another_clock(Span::new().minutes(30))]
#[case::written(Span::new().years(70))]
#[tokio::test]
async fn a_date_that_is_yet_to_come_hides_no_change(#[case] ahead: Span) {
    let (sandbox, app, staff, _) = start().await;
    let first = add(&staff).await;
    sandbox.date_change(first, &ago(-ahead));
    app.figures.read_anew().await.unwrap();
    for number in 2..4 {
        add(&staff).await;
        app.figures.refresh().await.unwrap();
        assert_eq!(figures(&app).requests.now, number);
    }
    // The next look finds the same, and no more.
    let calls = sandbox.calls();
    app.figures.refresh().await.unwrap();
    assert_eq!(sandbox.calls() - calls, 2, "nothing has changed");
}

/// Written past GLPI's rules, or shown to the account only now.
#[tokio::test]
async fn a_ticket_that_no_change_tells_of_is_missed_by_its_number_alone() {
    let (sandbox, app, staff, _) = start().await;
    for _ in 0..3 {
        add(&staff).await;
    }
    app.figures.read_anew().await.unwrap();
    let silent = add(&staff).await;
    sandbox.date_change(silent, &ago(Span::new().days(1)));
    app.figures.refresh().await.unwrap();
    assert_eq!(figures(&app).requests.now, 3, "it may have come while GLPI was asked");
    app.figures.refresh().await.unwrap();
    assert_eq!(figures(&app).requests.now, 4);
    let calls = sandbox.calls();
    app.figures.refresh().await.unwrap();
    assert!(sandbox.calls() - calls <= 5, "all is not read again");
}

/// Of thousands of escalations and refused solutions, only those that are new are read.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_of_many_escalations_and_refusals_is_read_alone() {
    const MANY: usize = 2100;
    let (sandbox, app, staff, own) = start().await;
    let tickets: Vec<Value> = (0..MANY).map(|_| ticket()).collect();
    let made = staff.call(Method::POST, "Ticket", tickets.into()).await;
    let made: Vec<u64> = made.as_array().unwrap().iter().map(|made| made["id"].as_u64().unwrap()).collect();
    let dated = |mut note: Value| {
        for date in ["date", "date_creation", "date_mod"] {
            note[date] = ago(Span::new().days(1)).into();
        }
        note
    };
    let notes: Vec<Value> = made.iter().map(|id| dated(note(*id, EscalatedBy::Rule, "Référents-LSU"))).collect();
    own.call(Method::POST, "ITILFollowup", notes.into()).await;
    sandbox.age_tickets();
    // Something was changed since.
    add(&staff).await;
    app.figures.read_anew().await.unwrap();
    assert_eq!(figures(&app).escalated.requests as usize, MANY);

    // One move that is under way, and one solution that is not refused yet.
    let (moved, solved) = (staff.add("Ticket", ticket()).await, staff.add("Ticket", ticket()).await);
    let mut under_way = note(moved, EscalatedBy::Referent, "Référents-LSU");
    let done = under_way["content"].clone();
    under_way["content"] = json!(done.as_str().unwrap().replace("Escalade effectuée", "Escalade en cours"));
    let moving = own.add("ITILFollowup", under_way).await;
    staff.solve(solved, "<p>Fait</p>").await;
    let refresh = async || {
        let calls = sandbox.calls();
        app.figures.refresh().await.unwrap();
        let calls = sandbox.calls() - calls;
        assert!(calls <= 5, "{calls} calls");
        let figures = figures(&app);
        (figures.escalated.requests as usize, figures.refused)
    };
    assert_eq!(refresh().await, (MANY, 0));
    // GLPI's dates have seconds: what changes once more within one is seen with the next change.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    own.call(Method::PUT, &format!("ITILFollowup/{moving}"), json!({ "content": done })).await;
    let no = json!({"itemtype": "Ticket", "items_id": solved, "content": "<p>Non</p>", "add_reopen": 1});
    staff.add("ITILFollowup", no).await;
    staff.solve(solved, "<p>Cette fois</p>").await;
    assert_eq!(refresh().await, (MANY + 1, 1));
    // The same again counts once.
    staff.follow_up(solved, "<p>Merci</p>", false).await;
    assert_eq!(refresh().await, (MANY + 1, 1));
}

/// Whoever writes does not wait behind the figures, although these asked GLPI before.
#[tokio::test]
async fn a_mail_goes_before_figures_that_came_first() {
    let sandbox = sandbox().await;
    let app = app(sandbox.url().as_str(), &[("glpi.sessions", "1"), ("quota.per_day", "100")]);
    let deliver = |number: usize| {
        let raw = mail(DIRECTORS[0], &format!("devant-{number}"), "LSU : grisé", "Bonjour");
        tokio::spawn(Arc::clone(&app.pipeline).mail(piped(&raw), raw.into()))
    };
    deliver(0).await.unwrap();
    app.glpi.own_account().await.unwrap();
    // What waits very long has its turn, and a machine may be that slow: once in so many is enough, where first come were
    // first served it would be never.
    for number in 1..=20 {
        let held = app.glpi.in_turn().await.unwrap();
        let figures = Arc::clone(&app.figures);
        let reading = tokio::spawn(async move { figures.read_anew().await });
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let delivering = deliver(number);
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(held);
        reading.await.unwrap().unwrap();
        delivering.await.unwrap();
        if app.figures.progress().known == number + 1 {
            return;
        }
    }
    panic!("the mail always went behind the figures");
}
