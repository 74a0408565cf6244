//! Figures of a GLPI of 20,000 tickets, asked for as people and programs do.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use passerelle::{
    figures::{FigureChoice, FigureQuestion, Period, Sight},
    people::{Rights, Role},
    sandbox::{Failure, Failures, Rule},
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{
    brute::check,
    cells::{check_csv, check_json, check_ods, check_page},
    generated::fill,
};
use crate::support::{
    dice::Dice,
    gateway::{ALWAYS_OPEN, DIRECTORS, Gateway, PROXY_SECRET, app, sandbox},
    helpdesk::Helpdesk,
    wait_until,
};

const OPERATORS_TOKEN: &str = "token-of-operators-for-tests";
const DEPARTMENT_TOKEN: &str = "token-of-021-for-tests";
const APPLICATION_TOKEN: &str = "token-of-lsu-for-tests";
const CORRESPONDENT: &str = "ien.dijon@ac-dijon.fr";
const PEOPLE: [(&str, &str); 4] = [
    ("people.operators", "chef@ac-dijon.fr"),
    ("people.correspondents.021", CORRESPONDENT),
    ("people.referents.lsu", "Référents-LSU"),
    ("people.tokens", "operators:token-of-operators-for-tests,021:token-of-021-for-tests,LSU:token-of-lsu-for-tests"),
];

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_twenty_thousand_tickets_are_what_counting_gives() {
    let sandbox = sandbox().await;
    let mut dice = Dice::thrown();
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    let truth = fill(&sandbox, &mut dice, 20_000, now).await;
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    let calls = sandbox.calls();
    let began = Instant::now();
    app.figures.read_anew().await.unwrap();
    let (reading, calls) = (began.elapsed(), sandbox.calls() - calls);
    // Twenty pages and what follows, as many of their writers, its session, escalations and refused solutions.
    assert!(calls <= 50, "{calls} calls");
    let progress = app.figures.progress();
    assert_eq!((progress.known, progress.is_whole, progress.percent()), (20_000, true, 100));

    let delays = app.portal.expected_delays();
    delays.refresh().await;
    let seconds = |delay: passerelle::figures::Quantiles| u32::try_from(delay.eightieth.as_secs()).unwrap();
    let expected: BTreeMap<_, _> = truth
        .names
        .applications
        .all()
        .filter_map(|(number, name)| {
            let delay = delays.of(name)?;
            Some((number, (delay.charge.map(seconds), delay.solution.map(seconds))))
        })
        .collect();
    assert_eq!(expected.len(), 4, "{expected:?}");

    let calls = sandbox.calls();
    let today = app.figures.today();
    let month = |back: i32| Period::month(today.first_of_month().saturating_sub(jiff::Span::new().months(back)));
    let mut longest = Duration::ZERO;
    for period in [Period::school_year(today), month(14)] {
        for (application, department, role) in [
            (None, None, Role::Operator),
            (Some("LSU"), None, Role::Operator),
            (None, Some("021"), Role::Correspondent("021".to_owned())),
            (None, None, Role::Correspondent("058".to_owned())),
            (None, Some("inconnu"), Role::Operator),
            (None, None, Role::referent("onde")),
        ] {
            let choice = FigureChoice {
                application: application.map(str::to_owned),
                department: department.map(str::to_owned),
                ..FigureChoice::of(period)
            };
            let began = Instant::now();
            let figures = app.figures.answer(&choice, &Rights::of([role.clone()]));
            longest = longest.max(began.elapsed());
            let names = &truth.names;
            let number = |name: &str, list: &passerelle::figures::NameList| list.find(name).unwrap_or(0);
            let some = |name: &str, list| BTreeSet::from([number(name, list)]);
            let sight = match &role {
                Role::Operator => Sight::Everything,
                Role::Correspondent(department) => {
                    Sight::Some { departments: some(department, &names.departments), applications: BTreeSet::new() }
                }
                Role::Referent(_) => {
                    Sight::Some { departments: BTreeSet::new(), applications: some("ONDE", &names.applications) }
                }
            };
            let question = FigureQuestion {
                period,
                application: application.map(|name| number(name, &names.applications)),
                department: department.map(|name| number(name, &names.departments)),
                circonscription: None,
                school: None,
                sight,
                expected: expected.clone(),
                today,
            };
            check(&figures, &truth.facts, names, &question);
        }
    }
    assert_eq!(sandbox.calls(), calls, "figures are answered from memory");
    eprintln!("20,000 tickets read in {reading:?}, answered in {longest:?} at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_counted_and_the_rest_is_not_read_again() {
    let sandbox = sandbox().await;
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    // Of long ago, so that only what follows is of this minute.
    let truth = fill(&sandbox, &mut Dice::new(7), 3000, now.saturating_sub(jiff::Span::new().days(3))).await;
    let app = app(sandbox.url().as_str(), &ALWAYS_OPEN);
    app.figures.read_anew().await.unwrap();
    let all = |figures: &passerelle::figures::TicketFigures| {
        let years =
            Period::between(figures.today().saturating_sub(jiff::Span::new().days(900)), figures.today()).unwrap();
        figures.answer(&FigureChoice::of(years), &Rights::of([Role::Operator]))
    };
    let before = all(&app.figures);
    assert_eq!(before.requests.now as usize, truth.facts.len());
    let staff = Helpdesk::sign_in(&sandbox.url(), "passerelle-admin", "passerelle").await;
    let made = staff.add("Ticket", serde_json::json!({"name": "Nouveau", "itilcategories_id": 3})).await;
    let calls = sandbox.calls();
    app.figures.refresh().await.unwrap();
    assert!(sandbox.calls() - calls <= 6, "{} calls", sandbox.calls() - calls);
    let calls = sandbox.calls();
    app.figures.refresh().await.unwrap();
    assert_eq!(sandbox.calls() - calls, 2, "nothing has changed");
    let open = |figures: &passerelle::figures::Figures| -> u32 { figures.open.iter().map(|open| open.by_age[0]).sum() };
    let after = all(&app.figures);
    assert_eq!((after.requests.now, open(&after)), (before.requests.now + 1, open(&before) + 1));
    staff.solve(made, "<p>Fait</p>").await;
    app.figures.refresh().await.unwrap();
    let solved = all(&app.figures);
    assert_eq!((solved.requests.now, open(&solved)), (after.requests.now, open(&before)));
    // What is deleted goes at the next look, whether into the bin or for good, and alone or while others come.
    staff.bin(made).await;
    app.figures.refresh().await.unwrap();
    assert_eq!(all(&app.figures).requests.now, before.requests.now);
    let others = [made - 1, made - 700, made - 2999];
    for (other, gone) in others.into_iter().zip(1..) {
        staff.call(Method::DELETE, &format!("Ticket/{other}?force_purge=true"), serde_json::json!({})).await;
        if gone == 2 {
            staff.add("Ticket", serde_json::json!({"name": "Encore un", "itilcategories_id": 3})).await;
        }
        app.figures.refresh().await.unwrap();
        app.figures.refresh().await.unwrap();
        let (expected, kept) = (before.requests.now - gone + u32::from(gone >= 2), all(&app.figures).requests.now);
        assert_eq!(kept, expected, "{other} is purged");
    }
    let calls = sandbox.calls();
    app.figures.refresh().await.unwrap();
    assert_eq!(sandbox.calls() - calls, 2, "nothing has changed any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_shown_and_an_outage_is_made_up_for() {
    let sandbox = sandbox().await;
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    fill(&sandbox, &mut Dice::new(11), 4500, now).await;
    let app = app(sandbox.url().as_str(), &[]);
    // One page fails: fewer tickets are asked for. Then nothing goes for a while.
    app.glpi.own_account().await.unwrap();
    sandbox.set_failures(Rule::next(1, Failure::ServerError));
    app.figures.read_anew().await.unwrap();
    assert_eq!(app.figures.progress().known, 4500);
    sandbox.set_failures(Rule::always(Failure::Down));
    assert!(app.figures.read_anew().await.is_err() && app.figures.refresh().await.is_err());
    assert_eq!(app.figures.progress().known, 4500, "what is known stays");
    sandbox.set_failures(Failures::none());
    app.figures.read_anew().await.unwrap();
    assert_eq!(app.figures.progress().known, 4500);
}

/// Calls of whoever may see figures and of others: what each is answered.
#[tokio::test(flavor = "multi_thread")]
async fn each_sees_their_own_figures_and_nobody_else_s() {
    let sandbox = sandbox().await;
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    fill(&sandbox, &mut Dice::new(3), 1500, now).await;
    let settings = [&PEOPLE[..], &[("http.trusted_proxies", "127.0.0.0/8"), ("figures.refresh", "1s")]].concat();
    let gateway = Gateway::start(&sandbox, &settings).await;
    let get = |address: &str, token: Option<&str>, person: Option<&str>| {
        let mut call = gateway.call(Method::GET, address);
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        if let Some(person) = person {
            call = call.header("X-Passerelle-Proxy-Secret", PROXY_SECRET).header("X-Remote-Mail", person);
        }
        async move { call.send().await.unwrap() }
    };
    gateway.has_counted(OPERATORS_TOKEN).await;
    let [operator, of_021, of_lsu] =
        [OPERATORS_TOKEN, DEPARTMENT_TOKEN, APPLICATION_TOKEN].map(|token| (Some(token), None));
    let person = |person| (None, Some(person));
    let table = [
        (operator, [200, 200, 200, 200]),
        (of_021, [200, 200, 403, 200]),
        (of_lsu, [200, 403, 403, 200]),
        (person("chef@ac-dijon.fr"), [200, 200, 200, 200]),
        (person(CORRESPONDENT), [200, 200, 403, 200]),
        // By their group.
        (person("tech1@ac-dijon.fr"), [200, 403, 403, 200]),
        (person(DIRECTORS[0]), [403, 403, 403, 403]),
        ((None, None), [401, 401, 401, 401]),
        ((Some("021:token-of-021-for-tests"), None), [401, 401, 401, 401]),
    ];
    let asked = ["", "department=021", "department=58", "application=LSU"];
    for ((token, person), expected) in table {
        for (query, expected) in asked.into_iter().zip(expected) {
            for path in ["/v1/figures", "/v1/figures/applications.csv"] {
                let answer = get(&format!("{path}?{query}"), token, person).await;
                assert_eq!(answer.status().as_u16(), expected, "{token:?}, {person:?}: {path}?{query}");
            }
            if token.is_none() && person.is_some() {
                let page = get(&format!("/pilotage?{query}"), token, person).await;
                assert_eq!(page.status().as_u16(), expected, "{person:?}: page, {query}");
            }
        }
    }
    // A place of another department is nobody's but theirs who see an application everywhere.
    for (query, expected) in [
        ("school=0580013N", 403),
        ("school=0210013N&circonscription=058+n%C2%B01", 403),
        ("circonscription=058+n%C2%B01", 403),
        ("circonscription=058/058+n%C2%B01", 403),
        ("department=021&circonscription=058+n%C2%B01", 403),
        ("application=ONDE&circonscription=058+n%C2%B01", 403),
        ("circonscription=021+N%C2%B01", 200),
        ("circonscription=021/021+n%C2%B01", 200),
    ] {
        for path in ["/v1/figures", "/v1/figures/applications.csv"] {
            for (token, person) in [of_021, person(CORRESPONDENT)] {
                let answer = get(&format!("{path}?{query}"), token, person).await;
                assert_eq!(answer.status().as_u16(), expected, "{token:?}, {person:?}: {path}?{query}");
            }
        }
        let page = get(&format!("/pilotage?{query}"), None, Some(CORRESPONDENT)).await;
        assert_eq!(page.status().as_u16(), expected, "page, {query}");
    }
    for (token, person) in [operator, of_lsu] {
        let answer = get("/v1/figures?circonscription=058+n%C2%B01", token, person).await;
        assert_eq!(answer.status().as_u16(), 200, "{token:?}");
    }
    // What is not asked for is left out, too.
    let of = async |(token, person): (Option<&str>, Option<&str>)| -> Value {
        get("/v1/figures?period=2020-01-01..2035-01-01", token, person).await.json().await.unwrap()
    };
    let names = |answer: &Value, id: &str| -> BTreeSet<String> {
        let tables = answer["tables"].as_array().unwrap();
        let rows = tables.iter().find(|table| table["id"] == id).unwrap()["rows"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let all = of(operator).await;
    assert_eq!(names(&all, "departments"), set(&["021", "058", "071", "089", "inconnu"]));
    assert_eq!(names(&of(of_021).await, "departments"), set(&["021"]));
    assert_eq!(names(&of(of_021).await, "applications"), set(&["APAE", "ECECA", "LSU", "ONDE"]));
    assert_eq!(names(&of(of_lsu).await, "applications"), set(&["LSU"]));
    assert_eq!(names(&of(person("tech1@ac-dijon.fr")).await, "applications"), set(&["LSU"]));
    let has_refusals =
        |answer: &Value| answer["tables"].as_array().unwrap().iter().any(|table| table["id"] == "refusals");
    assert!(
        has_refusals(&all) && !has_refusals(&of(of_021).await),
        "the gateway's own counters tell of all departments"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_files_and_a_page() {
    let sandbox = sandbox().await;
    let now = Timestamp::now().in_tz("Europe/Paris").unwrap().datetime();
    fill(&sandbox, &mut Dice::new(5), 600, now).await;
    let settings = [&PEOPLE[..], &[("http.trusted_proxies", "127.0.0.0/8"), ("figures.refresh", "1s")]].concat();
    let gateway = Gateway::start(&sandbox, &settings).await;
    let get = |address: &str| {
        let call = gateway.call(Method::GET, address).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
        let call = call.header("X-Remote-Mail", "chef@ac-dijon.fr");
        async move { call.send().await.unwrap() }
    };
    // While GLPI is being read, the page comes again, unless it is told to stay.
    let page = get("/pilotage").await;
    if page.headers().contains_key("refresh") {
        assert!(!get("/pilotage?fixe=oui").await.headers().contains_key("refresh"));
        assert!(page.text().await.unwrap().contains("<progress"));
    }
    wait_until("all tickets are counted", async || {
        !get("/pilotage").await.text().await.unwrap().contains("Lecture de GLPI en cours")
    })
    .await;
    let home = get("/portail").await.text().await.unwrap();
    assert!(home.contains("href=\"/pilotage\""), "the home leads there who is in charge");
    let year = "period=2020-01-01..2035-01-01";
    let page = get(&format!("/pilotage?{year}")).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.headers().contains_key("refresh"));
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = page.text().await.unwrap();
    assert!(!policy.contains("unsafe") && !page.contains(" style=") && !page.contains("<script"));
    for said in [
        "600\u{a0}demandes pour la période",
        "<svg class=\"chart\" role=\"img\"",
        "Par application",
        "inconnu",
        "Refus depuis le démarrage, par motif",
    ] {
        assert!(page.contains(said), "{said} in {page}");
    }
    // The page and each file say what another instance counts.
    let other = app(sandbox.url().as_str(), &[]);
    other.figures.read_anew().await.unwrap();
    let choice = FigureChoice::of(Period::parse("2020-01-01..2035-01-01").unwrap());
    let tables = other.figures.answer(&choice, &Rights::of([Role::Operator])).tables();
    check_page(&page, &tables);
    for table in &tables {
        for path in ["/pilotage/donnees", "/v1/figures"] {
            let file = async |format: &str| {
                let answer = get(&format!("{path}/{}.{format}?{year}", table.id)).await;
                assert_eq!(answer.status(), StatusCode::OK, "{path}/{}.{format}", table.id);
                answer.bytes().await.unwrap()
            };
            check_json(&serde_json::from_slice(&file("json").await).unwrap(), table);
            check_csv(std::str::from_utf8(&file("csv").await).unwrap(), table);
            check_ods(&file("ods").await, std::slice::from_ref(table));
        }
    }
    for (name, media_type, beginning) in [
        ("applications.csv", "text/csv; charset=utf-8", "\u{feff}Application;Demandes;Part;".as_bytes()),
        ("applications.json", "application/json", b"{"),
        ("all.json", "application/json", b"["),
        ("all.ods", "application/vnd.oasis.opendocument.spreadsheet", b"PK"),
    ] {
        for path in ["/pilotage/donnees", "/v1/figures"] {
            let file = get(&format!("{path}/{name}?{year}")).await;
            assert_eq!(file.status(), StatusCode::OK, "{path}/{name}");
            assert_eq!(file.headers()["content-type"], media_type);
            let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
            assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
            assert!(file.bytes().await.unwrap().starts_with(beginning), "{path}/{name}");
        }
    }
    for (address, status) in [
        ("/v1/figures/applications.xls", 404),
        ("/v1/figures/nothing.csv", 404),
        ("/v1/figures/all.csv", 404),
        ("/v1/figures?period=2026", 400),
        ("/v1/figures?department=Dijon", 400),
        ("/v1/figures?from=2026-11-03&to=2026-11-01", 400),
        ("/v1/figures?to=2026-10-01", 400),
        ("/v1/figures?period=days", 400),
        ("/v1/figures?period=2026-10&from=2026-10-01", 400),
        ("/v1/figures?period=2026-10&to=2026-10-01", 400),
        ("/v1/figures?period=days&from=2026-10-01&to=2026-10-02", 200),
        ("/v1/figures?from=2026-10-01", 200),
        ("/v1/figures?from=0001-01-01", 400),
        ("/v1/figures?period=0001-01-01..9999-12-31", 400),
        ("/pilotage?period=0001-01-01..9999-12-31", 400),
        ("/v1/figures?period=9999-12-31..9999-12-31", 400),
        ("/v1/figures?from=-000001-01-01&to=-000001-01-02", 400),
        ("/pilotage?period=days&from=9999-12-31&to=9999-12-31", 400),
        ("/pilotage?period=2026-2027&from=2026-11-05&to=2026-11-01", 400),
        ("/pilotage?period=2026-2027&from=2026-11-01&to=2026-11-05", 200),
        // A page's form gives all of its fields.
        ("/pilotage?period=2026-10&from=2026-10-01&to=&application=&department=&circonscription=&school=", 200),
        ("/pilotage?period=days&from=&to=2026-10-01", 400),
        ("/v1/figures?application=lsu", 200),
        ("/v1/figures?application=LSUU", 400),
        ("/v1/figures?department=021", 200),
        ("/v1/figures?department=999", 400),
        ("/v1/figures?circonscription=dijon-nowhere", 400),
        ("/v1/figures?school=9999999Z", 400),
        ("/v1/figures?application=inconnu&department=inconnu&circonscription=inconnu&school=inconnu", 200),
        ("/pilotage?school=9999999Z", 400),
        ("/v1/figures?period=2026-10&period=2026-11", 400),
        ("/pilotage?period=2026", 400),
        ("/pilotage/donnees/nothing.csv", 404),
    ] {
        assert_eq!(get(address).await.status().as_u16(), status, "{address}");
    }
    let said: Value = get("/v1/figures?application=LSUU").await.json().await.unwrap();
    let said = said["detail"].as_str().unwrap();
    assert_eq!(said.matches("«\u{a0}LSU\u{a0}»").count(), 1, "{said}");

    // Both days are what is meant where both are typed, whatever the list of periods says; what is typed stays.
    for (query, label, typed) in [
        (
            "period=2026-2027&from=2026-11-01&to=2026-11-05",
            "du 1er au 5\u{a0}novembre 2026",
            ["2026-11-01", "2026-11-05"],
        ),
        ("period=2026-10&from=2026-11-01&to=", "octobre 2026", ["2026-11-01", ""]),
        ("period=2026-10&from=&to=", "octobre 2026", ["", ""]),
    ] {
        let page = get(&format!("/pilotage?{query}&application=&department=&circonscription=&school=")).await;
        let page = page.text().await.unwrap();
        assert!(page.contains(&format!("<p class=\"lead\">{label}</p>")), "{query}: {page}");
        for (name, typed) in ["from", "to"].into_iter().zip(typed) {
            assert!(page.contains(&format!("name=\"{name}\" value=\"{typed}\"")), "{query}: {name} in {page}");
        }
    }
    for (query, said) in [
        (
            "period=2026-2027&from=2026-11-05&to=2026-11-01",
            "«\u{a0}Au\u{a0}» (Donnez un jour qui ne précède pas celui de «\u{a0}Du\u{a0}»)",
        ),
        ("period=days&from=1850-01-01&to=1850-01-02", "«\u{a0}Du\u{a0}» (Donnez un jour entre 1900 et 2100"),
        ("school=9999999Z", "«\u{a0}École\u{a0}» (ni une demande ni l’annuaire ne connaît"),
    ] {
        let page = get(&format!("/pilotage?{query}")).await.text().await.unwrap();
        assert!(page.contains(said) && page.contains("<a href=\"/pilotage\">Pilotage</a>"), "{query}: {page}");
    }
}

/// What nobody knows yet is not none: neither a page nor a call nor a file says «0».
#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_is_read_no_figure_is_given_and_the_reason_is() {
    let sandbox = sandbox().await;
    let settings = [&PEOPLE[..], &[("http.trusted_proxies", "127.0.0.0/8")]].concat();
    let gateway = Gateway::start(&sandbox, &settings).await;
    sandbox.set_failures(Rule::always(Failure::Down));
    let get = |address: &str| {
        let call = gateway.call(Method::GET, address).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
        let call = call.header("X-Remote-Mail", "chef@ac-dijon.fr");
        async move { call.send().await.unwrap() }
    };
    let files: Vec<String> = ["all.ods", "all.json", "applications.csv", "summary.ods"]
        .iter()
        .flat_map(|name| ["/pilotage/donnees", "/v1/figures"].map(|path| format!("{path}/{name}")))
        .collect();
    let calls = ["/v1/figures", "/v1/figures?application=LSUU"].map(str::to_owned);
    let is_put_off = async |address: &str, reason: &str| {
        let answer = get(address).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{address}");
        assert!(answer.headers().contains_key("retry-after"), "{address}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(reason), "{address}: {said}");
    };
    let page = get("/pilotage").await;
    if page.status() == StatusCode::OK {
        let page = page.text().await.unwrap();
        assert!(
            page.contains("Lecture de GLPI en cours&nbsp;: 0\u{a0}ticket lu.") && !page.contains("<table"),
            "{page}"
        );
    }
    for address in calls.iter().chain(&files) {
        is_put_off(address, "GLPI").await;
    }
    wait_until("it is known that GLPI is away", async || get("/pilotage").await.status() != StatusCode::OK).await;
    let page = get("/pilotage").await;
    assert!(!page.headers().contains_key("refresh"), "who waits for GLPI looks again when they like");
    let page = page.text().await.unwrap();
    for said in ["GLPI ne répond pas depuis le\u{a0}", "La lecture commence d’elle-même", "prévenez l’exploitation"]
    {
        assert!(page.contains(said), "{said} in {page}");
    }
    for address in calls.iter().chain(&files) {
        is_put_off(address, "GLPI ne répond pas depuis le").await;
    }
}

/// Who is told of a breakdown follows a link to the form of an announcement, which is filled in.
#[tokio::test(flavor = "multi_thread")]
async fn a_breakdown_s_link_fills_the_form_in() {
    let sandbox = sandbox().await;
    let more = [("http.trusted_proxies", "127.0.0.0/8"), ("announcements.enabled", "true")];
    let gateway = Gateway::start(&sandbox, &[&PEOPLE[..], &more].concat()).await;
    let link = "/information/nouvelle?application=LSU&subject=Incident+en+cours+sur+LSU%C2%A0%3A+%3Cerreur%3E";
    let call = gateway.call(Method::GET, link).header("X-Passerelle-Proxy-Secret", PROXY_SECRET);
    let page = call.header("X-Remote-Mail", "chef@ac-dijon.fr").send().await.unwrap().text().await.unwrap();
    let chosen = page.split("<option value=\"LSU\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(chosen.contains("selected"), "{page}");
    let subject = "value=\"Incident en cours sur LSU\u{a0}: &#60;erreur&#62;\"";
    assert!(page.contains(subject), "{subject} in {page}");
}
