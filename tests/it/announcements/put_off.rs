//! Whom the relay puts off costs nobody else their mail.

use passerelle::{
    app::App,
    request::{Enclosure, Reference},
};
use rstest::rstest;
use tokio_util::sync::CancellationToken;

use super::{
    directory,
    sending::{announcement, app, operator},
    sink::{Moods, Sink},
};
use crate::support::{gateway::sandbox, wait_until};

async fn once(app: &App, reference: Reference) -> passerelle::announcements::Sending {
    app.informer.send(reference, &CancellationToken::new(), |_| {}).await.unwrap()
}

/// One address that the relay puts off costs no other one its mail, wherever it stands; and where the relay does not say
/// that it means this address alone, the others get it with the next try. The sizes of the mails that it takes.
#[rstest]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 0, &[9])]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 4, &[9])]
#[case::a_full_mailbox("452 4.2.2 mailbox full", 9, &[9])]
#[case::a_full_disk("452 4.3.1 insufficient storage", 4, &[9])]
#[case::without_a_word("452 full", 0, &[9])]
#[case::without_a_word("452 full", 4, &[4, 5])]
#[case::without_a_word("452 full", 9, &[9])]
#[case::without_its_status("452 5 mailboxes are full", 0, &[9])]
#[case::without_its_status("452 4.2 full", 4, &[4, 5])]
#[case::many("452 4.5.3 too many recipients", 4, &[4])]
#[case::another_code("450 4.2.1 busy", 0, &[9])]
#[case::another_code("450 4.5.3 busy", 4, &[9])]
#[case::another_code("451 4.7.1 greylisted", 4, &[9])]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_put_off_costs_nobody_else_their_mail(
    #[case] answer: &str,
    #[case] place: usize,
    #[case] sizes: &[usize],
) {
    let lasting = [(format!("ce.{place:04}@ac-dijon.fr"), answer.to_owned())].into();
    let (sandbox, sink) = (sandbox().await, Sink::start(Moods { lasting, ..Moods::default() }).await);
    let (_folder, csv) = directory(10);
    let app = app(sandbox.url().as_str(), &sink, csv.to_str().unwrap(), &[]);
    let informed = app.informer.inform(announcement("full", &[]), (&[], &Enclosure::default()), &operator()).await;
    let reference = informed.unwrap().announcement.reference;
    let wanted: usize = sizes.iter().sum();
    wait_until("so many have it", async || once(&app, reference).await.progress.handed >= wanted).await;
    let mut all: Vec<usize> = sink.taken().iter().map(|taken| taken.to.len()).collect();
    all.truncate(sizes.len());
    assert_eq!(all, sizes);
    assert!(sink.copies().values().all(|copies| *copies == 1));
    assert!(app.informer.progress(reference).await.unwrap().refused.is_empty());
}
