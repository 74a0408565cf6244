//! Who a form is of: named by the form, by a signed query or by a trusted proxy.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use passerelle::{config, request::Outcome};
use reqwest::{RequestBuilder, header};
use rstest::rstest;
use serde_json::Value;
use url::form_urlencoded;

use super::{Api, FORM_TOKEN, PROXY_SECRET, SECRET, api, api_with, fields, problem, receipt, sign, sign_v2};

/// Who the form of these tests names.
const PERSON: &str = "ce.0210001a@ac-dijon.fr";
const OTHER: &str = "ce.0210002B@ac-dijon.fr";
const NAMED: &str = "/v1/requests?requester=ce.0210001A@ac-dijon.fr";
const OTHER_NAMED: &str = "/v1/requests?requester=ce.0210002B@ac-dijon.fr";

/// A form that says this of its requester, or nothing.
fn form(requester: Option<&str>) -> String {
    let mut form = fields();
    match requester {
        Some(requester) => form["requester"] = requester.into(),
        None => drop(form.as_object_mut().unwrap().remove("requester")),
    }
    form.to_string()
}

fn call(api: &Api, address: &str, body: &str) -> RequestBuilder {
    api.post(address).header(header::CONTENT_TYPE, "application/json").body(body.to_owned())
}

/// The same, by a proxy that proves itself and has signed this person in.
fn proxied(call: RequestBuilder, person: &str) -> RequestBuilder {
    call.header("X-Passerelle-Proxy-Secret", PROXY_SECRET).header("X-Remote-Mail", person)
}

/// The call with these signatures of now; `{v1}` and `{v2}` stand for the right ones.
fn signed(api: &Api, address: &str, body: &str, signatures: &str) -> RequestBuilder {
    let time = Timestamp::now().as_second().to_string();
    let v1 = sign(SECRET, &time, body.as_bytes());
    let v2 = sign_v2(SECRET, &time, "POST", address, body.as_bytes());
    let signatures = signatures.replace("{v1}", &v1).replace("{v2}", &v2);
    call(api, address, body).header("X-Passerelle-Timestamp", time).header("X-Passerelle-Signature", signatures)
}

/// An API that believes this machine as a proxy.
async fn behind_a_proxy(change: impl FnOnce(&mut config::Http)) -> Api {
    api_with(
        |http| {
            http.trusted_proxies.push(IpNet::from(IpAddr::from([127, 0, 0, 1])));
            change(http);
        },
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await
}

fn requester(api: &Api) -> String {
    api.seen.last_form().requester.unwrap().to_string()
}

fn nothing_came(api: &Api) -> bool {
    api.seen.forms.lock().unwrap().is_empty()
}

#[rstest]
#[case::named_in_both(NAMED, Some("CE.0210001a@ac-dijon.fr"))]
#[case::named_in_the_query(NAMED, None)]
#[case::blank_in_the_form(NAMED, Some("  "))]
#[case::named_in_the_form("/v1/requests", Some(PERSON))]
#[tokio::test]
async fn a_signature_v2_covers_who_a_form_is_of(
    #[case] address: &str,
    #[case] in_form: Option<&str>,
    #[values("v2={v2}", "v1={v1},v2={v2}", "v2={v2}, v1={v1}")] signatures: &str,
) {
    let api = api().await;
    let answer = signed(&api, address, &form(in_form), signatures).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(requester(&api), PERSON);
}

#[rstest]
#[case::other_in_the_form(NAMED, Some(OTHER), 403, "other-requester")]
#[case::other_in_the_query(OTHER_NAMED, Some(PERSON), 403, "other-requester")]
#[case::hidden_characters(NAMED, Some("ce.0210002B@ac-dijon.fr\u{200b}"), 403, "other-requester")]
#[case::no_address(NAMED, Some("Jeanne Martin"), 422, "invalid-fields")]
#[case::nobody("/v1/requests", None, 422, "invalid-fields")]
#[case::no_address_in_the_query("/v1/requests?requester=Jeanne", Some(PERSON), 400, "bad-requester")]
#[case::two_in_the_query("/v1/requests?requester=a@b.fr&requester=a@b.fr", None, 400, "bad-requester")]
#[tokio::test]
async fn a_signed_query_and_the_form_name_one_person(
    #[case] address: &str,
    #[case] in_form: Option<&str>,
    #[case] status: u16,
    #[case] reason: &str,
) {
    let api = api().await;
    problem(signed(&api, address, &form(in_form), "v2={v2}").send().await.unwrap(), status, reason).await;
    assert!(nothing_came(&api));
}

#[rstest]
#[case::v1_called_v2("v2={v1}")]
#[case::v2_called_v1("v1={v2}")]
#[case::each_called_the_other("v1={v2},v2={v1}")]
#[case::wrong_v2_beside_a_right_v1("v1={v1},v2=0000000000000000000000000000000000000000000000000000000000000000")]
#[tokio::test]
async fn a_signature_counts_as_its_own_version_only(
    #[case] signatures: &str,
    #[values("/v1/requests", NAMED)] address: &str,
) {
    let api = api().await;
    let answer = signed(&api, address, &form(Some(PERSON)), signatures).send().await.unwrap();
    problem(answer, 401, "bad-signature").await;
    assert!(nothing_came(&api));
}

#[tokio::test]
async fn a_signature_v2_is_for_one_address() {
    let api = api().await;
    let body = form(None);
    let request = signed(&api, NAMED, &body, "v2={v2}").build().unwrap();
    for address in [OTHER_NAMED, "/v1/requests"] {
        let call = call(&api, address, &body).headers(request.headers().clone());
        problem(call.send().await.unwrap(), 401, "bad-signature").await;
    }
    assert!(nothing_came(&api));
}

/// The query is not covered: it says nothing, as ever.
#[tokio::test]
async fn under_a_signature_v1_or_a_token_the_form_alone_names_somebody() {
    let api = behind_a_proxy(|_| {}).await;
    for address in ["/v1/requests", OTHER_NAMED, "/v1/requests?requester=Jeanne"] {
        let ways = |body: &str| {
            [signed(&api, address, body, "v1={v1}"), call(&api, address, body).bearer_auth(FORM_TOKEN)]
                .map(|call| proxied(call, OTHER).header("Sec-Fetch-Site", "cross-site"))
        };
        for way in ways(&form(Some(PERSON))) {
            assert_eq!(way.send().await.unwrap().status(), 201, "{address}");
            assert_eq!(requester(&api), PERSON);
        }
        for way in ways(&form(None)) {
            problem(way.send().await.unwrap(), 422, "invalid-fields").await;
        }
    }
}

#[rstest]
#[case::named_by_the_proxy("/v1/requests", None)]
#[case::named_in_the_form_too("/v1/requests", Some("CE.0210001a@ac-dijon.fr"))]
#[case::named_in_the_query_too(NAMED, None)]
#[tokio::test]
async fn a_form_by_a_trusted_proxy_is_of_who_is_signed_in(#[case] address: &str, #[case] in_form: Option<&str>) {
    let api = behind_a_proxy(|http| {
        http.form_tokens.clear();
        http.portal_secrets.clear();
    })
    .await;
    let by_proxy = || proxied(call(&api, address, &form(in_form)), "ce.0210001A@ac-dijon.fr");
    for own in [by_proxy(), by_proxy().header("Sec-Fetch-Site", "same-origin"), by_proxy().header("Origin", &api.url)] {
        assert_eq!(own.send().await.unwrap().status(), 201);
        assert_eq!(requester(&api), PERSON);
    }
    // A proxy's own token is none of the portal's.
    let with_other_token = by_proxy().bearer_auth("jeton-de-la-connexion");
    assert_eq!(with_other_token.send().await.unwrap().status(), 201);
}

#[rstest]
#[case::other_in_the_form("/v1/requests", Some(OTHER), &[], 403, "other-requester")]
#[case::other_in_the_query(OTHER_NAMED, None, &[], 403, "other-requester")]
#[case::another_site("/v1/requests", None, &[("Sec-Fetch-Site", "cross-site")], 403, "cross-site")]
#[case::another_origin("/v1/requests", None, &[("Origin", "https://ailleurs.example")], 403, "cross-site")]
#[case::two_people("/v1/requests", None, &[("X-Remote-Mail", OTHER)], 401, "bad-identity")]
#[tokio::test]
async fn a_form_by_a_trusted_proxy_is_of_nobody_else(
    #[case] address: &str,
    #[case] in_form: Option<&str>,
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
    #[case] reason: &str,
) {
    let api = behind_a_proxy(|_| {}).await;
    let by_proxy = proxied(call(&api, address, &form(in_form)), PERSON);
    let by_proxy = headers.iter().fold(by_proxy, |call, (name, value)| call.header(*name, *value));
    problem(by_proxy.send().await.unwrap(), status, reason).await;
    assert!(nothing_came(&api));
}

#[tokio::test]
async fn a_person_is_believed_of_a_trusted_proxy_alone() {
    let trusting = behind_a_proxy(|_| {}).await;
    let unnamed = call(&trusting, "/v1/requests", &form(Some(PERSON)));
    let unnamed = unnamed.header("X-Passerelle-Proxy-Secret", PROXY_SECRET).send().await.unwrap();
    problem(unnamed, 401, "missing-identity").await;

    let elsewhere = api_with(
        |http| {
            http.trusted_proxies.push(IpNet::from(IpAddr::from([10, 0, 0, 4])));
            http.form_tokens.clear();
            http.portal_secrets.clear();
        },
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let named = proxied(call(&elsewhere, "/v1/requests", &form(Some(PERSON))), PERSON);
    problem(named.send().await.unwrap(), 401, "missing-credentials").await;
    assert!(nothing_came(&trusting) && nothing_came(&elsewhere));
}

#[rstest]
#[case("127.0.0.1/32")]
#[case("::ffff:127.0.0.1/128")]
#[case("::ffff:127.0.0.0/104")]
#[case("127.0.0.0/8")]
#[tokio::test]
async fn a_proxy_is_known_however_its_address_is_written(#[case] network: &str) {
    let api = api_with(
        |http| http.trusted_proxies.push(network.parse().unwrap()),
        async |reference| Outcome::Created(receipt(reference)),
    )
    .await;
    let named = proxied(call(&api, "/v1/requests", &form(None)), PERSON);
    assert_eq!(named.send().await.unwrap().status(), 201);
    assert_eq!(requester(&api), PERSON.to_lowercase());
}

#[tokio::test]
async fn every_encoding_may_leave_the_requester_to_the_proxy() {
    let api = behind_a_proxy(|_| {}).await;
    let form: Value = serde_json::from_str(&form(None)).unwrap();
    let texts =
        || form.as_object().unwrap().iter().map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned()));
    let multipart = texts().fold(reqwest::multipart::Form::new(), |parts, (name, text)| parts.text(name, text));
    let urlencoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(texts()).finish();
    let urlencoded =
        api.post("/v1/requests").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(urlencoded);
    for call in [urlencoded, api.post("/v1/requests").multipart(multipart)] {
        assert_eq!(proxied(call, PERSON).send().await.unwrap().status(), 201);
        assert_eq!(requester(&api), PERSON);
    }
}
