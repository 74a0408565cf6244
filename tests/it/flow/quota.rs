//! Ten requests per requester and day, mail and form together.

use futures_util::future::join_all;

use crate::support::gateway::{DIRECTORS, Gateway, form, mail, sandbox, titled};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_forms_of_one_requester_at_once_make_exactly_ten_tickets() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    let forms: Vec<_> = (0..100).map(|number| form(DIRECTORS[0], &format!("Demande {number}"))).collect();
    let answers = join_all(forms.iter().map(|fields| gateway.post_form(fields, None))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((count(201), count(429)), (10, 90));
    assert!(answers.iter().filter(|answer| answer.status() == 429).all(|it| it.headers().contains_key("retry-after")));
    assert_eq!(sandbox.tickets().len(), 10);
    // Another requester's day is another one.
    assert_eq!(gateway.post_form(&form(DIRECTORS[1], "Autre"), None).await.status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_and_forms_count_together_and_a_restart_forgets_nothing() {
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[]).await;
    for number in 0..5 {
        assert_eq!(gateway.post_form(&form(DIRECTORS[0], &format!("Form {number}")), None).await.status(), 201);
        let mail = mail(DIRECTORS[0], &format!("m{number}"), &format!("LSU mail {number}"), "Bonjour");
        assert!(gateway.deliver(DIRECTORS[0], &mail).await.contains("created"));
    }
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Onzième"), None).await.status(), 429);
    gateway.finish().await;

    let gateway = Gateway::start(&sandbox, &[]).await;
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Onzième encore"), None).await.status(), 429);
    assert_eq!(titled(&sandbox, "Onzième").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_given_back_when_no_ticket_was_made() {
    use passerelle::sandbox::{Failure, Failures, Rule};
    let sandbox = sandbox().await;
    let gateway = Gateway::start(&sandbox, &[("quota.per_day", "1")]).await;
    sandbox.set_failures(Rule::always(Failure::Maintenance));
    for number in 0..3 {
        let answer = gateway.post_form(&form(DIRECTORS[0], &format!("Panne {number}")), None).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    sandbox.set_failures(Failures::none());
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Revenu"), None).await.status(), 201);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Trop"), None).await.status(), 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_that_glpi_lost_do_not_use_up_the_day() {
    use passerelle::sandbox::{Failure, Rule};
    let sandbox = sandbox().await;
    // Each alone: two failures are two requests.
    let settings = [("quota.per_day", "2"), ("glpi.timeout", "1s"), ("glpi.tickets_per_call", "1")];
    let gateway = Gateway::start(&sandbox, &settings).await;
    sandbox.set_failures(Rule::next(2, Failure::BadGateway).on_new_tickets());
    let lost = (0..2).map(|number| form(DIRECTORS[0], &format!("Perdue {number}"))).collect::<Vec<_>>();
    for answer in join_all(lost.iter().map(|fields| gateway.post_form(fields, None))).await {
        assert_eq!(answer.status(), 503);
    }
    // Nobody can know yet that nothing was made: it waits until that is sure, and is not refused.
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Une"), None).await.status(), 201);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Deux"), None).await.status(), 201);
    assert_eq!(gateway.post_form(&form(DIRECTORS[0], "Trois"), None).await.status(), 429);
    assert_eq!(sandbox.tickets().len(), 2);
}
