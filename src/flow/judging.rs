//! The order in which a request is judged by what it says and what proves its sender: one for the gateway and for
//! `passerelle try`.

use crate::{
    flow::{
        proof::Prover,
        screen::{self, Applications, Passed, Proof, ProofGap, Proven, Rejected, Rules},
    },
    request::Received,
};

/// What was found about a request.
pub struct Judged {
    /// What stands behind its sender; `None` where it was rejected before that was looked at.
    pub proof: Option<Proof>,
    /// Why the sender is not proven, where that is required.
    pub doubt: Option<ProofGap>,
    /// What it is, or why it goes no further.
    pub verdict: Result<Passed, Rejected>,
}

/// Judges who asks, whether it is them, and what else the request alone decides. `with_facts` adds what GLPI says of a
/// mail beside its text, where that decides what it is.
///
/// # Errors
///
/// Those of `with_facts`.
pub async fn judge<E, A: Future<Output = Result<Proven, E>>>(
    received: Received,
    prover: &Prover,
    rules: &Rules,
    applications: &Applications,
    with_facts: impl FnOnce(Proven) -> A,
) -> Result<Judged, E> {
    let identified = match screen::identify(received, rules) {
        Ok(identified) => identified,
        Err(rejected) => return Ok(Judged { proof: None, doubt: None, verdict: Err(rejected) }),
    };
    let proof = prover.prove(identified.received(), rules).await;
    let doubt = screen::proof_gap(identified.received(), &proof, rules);
    let verdict = match screen::prove(identified, &proof, rules) {
        Ok(request) => screen::by_itself(with_facts(request).await?, rules, applications),
        Err(rejected) => Err(rejected),
    };
    Ok(Judged { proof: Some(proof), doubt, verdict })
}
