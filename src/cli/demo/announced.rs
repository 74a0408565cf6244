//! What the academy of the demonstration says to its directors: one message, on the portal and in receipts.

use jiff::{SignedDuration, Timestamp};
use miette::{IntoDiagnostic as _, Result};

use super::samples::SAND;
use crate::{
    announcements::{Announcement, Informer, Zones},
    people::{Rights, Role},
    request::{Enclosure, Reference},
};

const SUBJECT: &str = "Incident en cours sur ECECA\u{a0}: la saisie des résultats est lente";
const TEXT: &str = "Le service national ECECA répond **lentement** depuis ce matin\u{a0}; ses équipes y travaillent.\n\n\
     - Les résultats déjà saisis sont enregistrés.\n- Il est inutile de le signaler\u{a0}: ce message sera retiré au \
     rétablissement.";
/// The demonstration is looked at today.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Has the portal show it.
///
/// # Errors
///
/// Where the stand-in does not keep it.
pub(super) async fn say(informer: &Informer) -> Result<()> {
    let now = Timestamp::now();
    let announcement = Announcement {
        id: None,
        reference: Reference::new("announcement", SAND, SUBJECT.as_bytes()),
        subject: SUBJECT.to_owned(),
        markdown: TEXT.to_owned(),
        zones: Zones::Academy,
        application: Some("ECECA".to_owned()),
        by_mail: None,
        on_portal: true,
        is_held: false,
        files: Vec::new(),
        begins: now,
        ends: Some(now + SHOWN_FOR),
        written_by: SAND.to_owned(),
        written_at: now,
    };
    informer
        .inform(announcement, (&[], &Enclosure::default()), &Rights::of([Role::Operator]))
        .await
        .into_diagnostic()?;
    Ok(())
}
