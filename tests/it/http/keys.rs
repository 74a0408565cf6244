//! The Idempotency-Key and the signature: what is changed of a signed call on its way makes nothing.

use jiff::Timestamp;
use reqwest::{Response, header};
use rstest::rstest;

use super::{Api, SECRET, api, fields, problem, sign, sign_v2, sign_v3};

const ADDRESS: &str = "/v1/requests?requester=ce.0210001A@ac-dijon.fr";

/// A call as the portal signed it.
#[derive(Clone)]
struct Call {
    time: String,
    address: String,
    body: Vec<u8>,
    key: Option<String>,
    signatures: String,
}

impl Call {
    /// One of now with this key; `{v1}`, `{v2}` and `{v3}` stand for the right signatures.
    fn signed(key: Option<&str>, signatures: &str) -> Self {
        let (time, body) = (Timestamp::now().as_second().to_string(), fields().to_string().into_bytes());
        let signatures = signatures
            .replace("{v1}", &sign(SECRET, &time, &body))
            .replace("{v2}", &sign_v2(SECRET, &time, "POST", ADDRESS, &body))
            .replace("{v3}", &sign_v3(SECRET, &time, "POST", ADDRESS, key.unwrap_or_default(), &body));
        Self { time, address: ADDRESS.to_owned(), body, key: key.map(str::to_owned), signatures }
    }

    async fn send(&self, api: &Api) -> Response {
        let call = api
            .post(&self.address)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Passerelle-Timestamp", &self.time)
            .header("X-Passerelle-Signature", &self.signatures)
            .body(self.body.clone());
        self.key.iter().fold(call, |call, key| call.header("Idempotency-Key", key)).send().await.unwrap()
    }
}

#[rstest]
#[case::key_changed(Some("k1"), |call: &mut Call| call.key = Some("k2".to_owned()), true)]
#[case::key_removed(Some("k1"), |call: &mut Call| call.key = None, true)]
#[case::key_added(None, |call: &mut Call| call.key = Some("k1".to_owned()), true)]
#[case::body_changed(Some("k1"), |call: &mut Call| call.body.push(b' '), false)]
#[case::time_changed(Some("k1"), |call: &mut Call| call.time.push('0'), false)]
#[case::later(Some("k1"), |call: &mut Call| call.time = (call.time.parse::<i64>().unwrap() + 1).to_string(), false)]
#[tokio::test]
async fn what_is_changed_of_a_signed_call_makes_nothing(
    #[case] key: Option<&str>,
    #[case] change: fn(&mut Call),
    #[case] is_of_the_key: bool,
    #[values("v1={v1}", "v2={v2}", "v3={v3}")] signatures: &str,
) {
    let api = api().await;
    let call = Call::signed(key, signatures);
    // As it is, it may come again.
    for _ in 0..2 {
        assert_eq!(call.send(&api).await.status(), 201);
    }
    let mut changed = call.clone();
    change(&mut changed);
    let is_reused = is_of_the_key && !signatures.starts_with("v3");
    let mut reason = if is_reused { "signature-reused" } else { "bad-signature" };
    if changed.time.len() > call.time.len() {
        reason = "stale-timestamp";
    }
    problem(changed.send(&api).await, 401, reason).await;
    // … and may still, when it was not taken over by who changed it.
    assert_eq!(call.send(&api).await.status(), 201);
    let forms = api.seen.forms.lock().unwrap();
    assert_eq!(forms.len(), 3);
    assert!(forms.iter().all(|form| key.is_none() || form.reference == forms[0].reference), "one request");
}

#[rstest]
#[case("v2={v2}", false)]
#[case("v3={v3}", false)]
// v1 does not cover it, and nothing is believed that it says.
#[case("v1={v1}", true)]
#[tokio::test]
async fn another_address_is_another_call(#[case] signatures: &str, #[case] is_the_same: bool) {
    let api = api().await;
    let call = Call::signed(Some("k1"), signatures);
    assert_eq!(call.send(&api).await.status(), 201);
    let other = Call { address: "/v1/requests?requester=ce.0210002B@ac-dijon.fr".to_owned(), ..call.clone() };
    let answer = other.send(&api).await;
    if is_the_same {
        assert_eq!(answer.status(), 201);
        let forms = api.seen.forms.lock().unwrap();
        assert_eq!((forms[1].reference, &forms[1].requester), (forms[0].reference, &forms[0].requester));
    } else {
        problem(answer, 401, "bad-signature").await;
    }
}

/// Whoever takes the better signature away from a call gets nothing by the other ones.
#[rstest]
#[case("v2={v2},v3={v3}", "v2")]
#[case("v1={v1},v3={v3}", "v1")]
#[case("v3={v3},v2={v2},v1={v1}", "v1")]
#[case("v1={v1},v2={v2}", "v1")]
#[case("v1={v1},v2={v2}", "v2")]
#[tokio::test]
async fn a_signature_that_came_beside_a_better_one_goes_with_its_key_too(#[case] all: &str, #[case] left: &str) {
    let api = api().await;
    let call = Call::signed(Some("k1"), all);
    assert_eq!(call.send(&api).await.status(), 201);
    let left = call.signatures.split(',').find(|signature| signature.starts_with(left)).unwrap().to_owned();
    let stripped = Call { signatures: left, ..call };
    assert_eq!(stripped.send(&api).await.status(), 201, "with its own key");
    let other = Call { key: Some("k2".to_owned()), ..stripped };
    problem(other.send(&api).await, 401, "signature-reused").await;
    assert_eq!(api.seen.forms.lock().unwrap().len(), 2);
}

/// The same body, sent twice in a second under two keys, has the same lower signatures: v3 says which key is right.
#[rstest]
#[case("v1={v1},v3={v3}", "v1={v1}")]
#[case("v2={v2},v3={v3}", "v2={v2}")]
#[case("v1={v1},v2={v2},v3={v3}", "v2={v2}")]
#[tokio::test]
async fn a_right_v3_is_refused_for_no_lower_signature(#[case] all: &str, #[case] lower: &str) {
    let api = api().await;
    let first = Call::signed(Some("k1"), all);
    let again = |key: &str, signatures: &str| {
        let (time, body) = (&first.time, &first.body);
        let signatures = signatures
            .replace("{v1}", &sign(SECRET, time, body))
            .replace("{v2}", &sign_v2(SECRET, time, "POST", ADDRESS, body))
            .replace("{v3}", &sign_v3(SECRET, time, "POST", ADDRESS, key, body));
        Call { key: Some(key.to_owned()), signatures, ..first.clone() }
    };
    assert_eq!(first.send(&api).await.status(), 201);
    assert_eq!(again("k2", all).send(&api).await.status(), 201, "another request, as v3 says");
    // A copy without v3 is still of the first key alone.
    problem(again("k2", lower).send(&api).await, 401, "signature-reused").await;
    problem(again("k3", lower).send(&api).await, 401, "signature-reused").await;
    assert_eq!(again("k1", lower).send(&api).await.status(), 201);
}

#[rstest]
#[case("v1=00,v3={v3}", "v1={v1}")]
#[case("v2=00,v3={v3}", "v2={v2}")]
#[case("v1=00,v2={v2}", "v1={v1}")]
#[tokio::test]
async fn a_wrong_signature_beside_a_right_one_binds_nothing(#[case] with_wrong: &str, #[case] right: &str) {
    let api = api().await;
    let first = Call::signed(Some("k1"), with_wrong);
    assert_eq!(first.send(&api).await.status(), 201);
    let right = right
        .replace("{v1}", &sign(SECRET, &first.time, &first.body))
        .replace("{v2}", &sign_v2(SECRET, &first.time, "POST", ADDRESS, &first.body));
    let other = Call { key: Some("k2".to_owned()), signatures: right, ..first };
    assert_eq!(other.send(&api).await.status(), 201, "it came with no key yet");
}

#[tokio::test]
async fn the_highest_version_decides() {
    let api = api().await;
    for (signatures, reason) in [
        ("v3=00,v2={v2}", "bad-signature"),
        ("v3={v2}", "bad-signature"),
        ("v2={v3}", "bad-signature"),
        ("v1={v3}", "bad-signature"),
    ] {
        problem(Call::signed(Some("k1"), signatures).send(&api).await, 401, reason).await;
    }
    assert_eq!(Call::signed(Some("k1"), "v3={v3},v2=00,v1=00").send(&api).await.status(), 201);
    let bad = Call { key: Some("é".to_owned()), ..Call::signed(None, "v3={v3}") };
    problem(bad.send(&api).await, 400, "bad-idempotency-key").await;
}
