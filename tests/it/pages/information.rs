//! `/information`: written, previewed, sent, confirmed, ended and prolonged by people in charge, each within what is theirs.

use std::time::Duration;

use passerelle::sandbox::{Failure, Rule};
use reqwest::{Method, StatusCode, multipart::Form};
use rstest::rstest;

use super::{Page, Portal, TRUSTED, file, page};
use crate::support::{
    gateway::Gateway,
    sink::{Moods, Sink},
    wait_until,
};

const OPERATOR: &str = "chef@ac-dijon.fr";
const SECOND: &str = "adjointe@ac-dijon.fr";
/// The correspondent of department 21.
const IEN: &str = "ien.dijon@ac-dijon.fr";
/// The référent of LSU.
const REFERENT: &str = "referent.lsu@ac-dijon.fr";
const JEANNE: &str = "jeanne.martin@ac-dijon.fr";
const PAUL: &str = "paul.petit@ac-dijon.fr";
const LIST: &str = "email;name;role;uai;school;circonscription\n\
    jeanne.martin@ac-dijon.fr;Jeanne Martin;directrice;0210002B;École Voltaire;Dijon Nord\n\
    anne.blanc@ac-dijon.fr;Anne Blanc;directrice;0210003C;École Zola;Dijon Sud\n\
    paul.petit@ac-dijon.fr;Paul Petit;directeur;0580004D;École Jaurès;Nevers\n";

struct Scene {
    portal: Portal,
    folder: tempfile::TempDir,
}

/// Hidden fields of the pages' forms.
const HIDDEN: [&str; 6] = ["jeton", "nom", "vu", "destinataires-vus", "code", "lot"];

type Fields<'a> = Vec<(&'a str, &'a str)>;

/// A message for department 21, by mail and on the portal.
fn usual() -> Fields<'static> {
    vec![
        ("sujet", "Incident en cours sur LSU"),
        ("texte", "Les **bilans** ne s’ouvrent pas.\n\nNous y travaillons."),
        ("portee", "zones"),
        ("departement", "021"),
        ("application", "LSU"),
        ("portail", "oui"),
        ("fin", "2037-06-01T18:00"),
        ("courriel", "directors"),
    ]
}

/// The same, but for these fields.
fn changed<'a>(changes: &[(&'a str, &'a str)]) -> Fields<'a> {
    let kept = usual().into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied()).filter(|(_, value)| !value.is_empty()).collect()
}

/// A form without files, as a browser sends it.
fn post(
    portal: &Portal,
    to: &str,
    person: &str,
    fields: &[(impl AsRef<str>, impl AsRef<str>)],
) -> reqwest::RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let call = portal.call(Method::POST, to, person);
    call.header("Content-Type", "application/x-www-form-urlencoded").body(body)
}

/// The settings of a scene with this directory.
fn own_settings(csv: &str) -> [(&str, &str); 7] {
    [
        TRUSTED,
        ("directory.csv", csv),
        ("directory.sources", "csv"),
        ("announcements.enabled", "true"),
        ("people.operators", "chef@ac-dijon.fr,adjointe@ac-dijon.fr"),
        ("people.correspondents.021", IEN),
        ("people.referents.lsu", REFERENT),
    ]
}

impl Scene {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("directory.csv");
        std::fs::write(&csv, LIST).unwrap();
        let own = own_settings(csv.to_str().unwrap());
        let portal = Portal::with(&[&own[..], settings].concat()).await;
        Self { portal, folder }
    }

    /// The same, whose mails go to the relay of `smtp.url`.
    async fn sending(settings: &[(&str, &str)]) -> Self {
        let mut scene = Self::start(&[]).await;
        let csv = scene.folder.path().join("directory.csv");
        let own = [&own_settings(csv.to_str().unwrap())[..], settings].concat();
        let gateway = Gateway::sending(scene.portal.sandbox.url().as_str(), &own).await;
        scene.portal.gateway = gateway;
        scene
    }

    /// Sends a form of the page at `of`, with that page's hidden fields, and these.
    async fn send(&self, of: &str, to: &str, person: &str, fields: &[(&str, &str)]) -> Page {
        let shown = self.portal.get(of, person).await;
        self.send_as_shown(&shown, to, person, fields).await
    }

    async fn send_as_shown(&self, shown: &Page, to: &str, person: &str, fields: &[(&str, &str)]) -> Page {
        let hidden: Vec<(&str, String)> =
            HIDDEN.into_iter().filter_map(|name| Some((name, shown.hidden(name)?))).collect();
        let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<(&str, &str)> = hidden.chain(fields.iter().copied()).collect();
        page(post(&self.portal, to, person, &fields).send().await.unwrap()).await
    }

    /// Has it shown as it will be, or sends it, as it was shown.
    async fn compose(&self, person: &str, fields: &[(&str, &str)], button: &'static str) -> Page {
        let with = |button| fields.iter().copied().chain([(button, "oui")]).collect::<Vec<_>>();
        let preview = self.send("/information/nouvelle", "/information/nouvelle", person, &with("apercu")).await;
        if button == "apercu" || preview.status != StatusCode::OK {
            return preview;
        }
        self.send_as_shown(&preview, "/information/nouvelle", person, &with(button)).await
    }

    /// Writes an announcement that must be taken; gives its page's address.
    async fn announce(&self, person: &str, fields: &[(&str, &str)]) -> String {
        let sent = self.compose(person, fields, "envoyer").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
        sent.location().to_owned()
    }

    /// The page at this address, once it says this.
    async fn until(&self, address: &str, person: &str, said: &str) -> Page {
        let looked = async {
            loop {
                let page = self.portal.get(address, person).await;
                if page.has(said) {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looked).await.unwrap_or_else(|_| panic!("«{said}» at {address}"))
    }

    /// Whom the mails so far went to.
    fn told(&self) -> Vec<String> {
        let mut told: Vec<_> = self.portal.gateway.outbox.mails().into_iter().map(|mail| mail.recipient).collect();
        told.sort();
        told
    }
}

#[tokio::test]
async fn an_announcement_is_previewed_sent_to_each_once_and_shown_until_it_is_ended() {
    let scene = Scene::start(&[]).await;
    let empty = scene.portal.get("/information", OPERATOR).await;
    assert!(empty.has("Aucune information pour le moment"), "{}", empty.html);
    let preview = scene.compose(OPERATOR, &usual(), "apercu").await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.html);
    for said in [
        "Rien n’est encore parti",
        "<dt>Pour</dt><dd>département 21</dd>",
        "dès maintenant, jusqu’au 1er\u{a0}juin 2037 à\u{a0}18\u{a0}h",
        "ira à 2\u{a0}adresses",
        "Les <strong>bilans</strong> ne s’ouvrent pas.",
        "Le même en texte seul",
        "<h3>Département 21\u{a0}: 2</h3>",
        "<summary>Circonscription Dijon Nord\u{a0}: 1</summary>",
        "<li>jeanne.martin@ac-dijon.fr</li>",
        "<li>anne.blanc@ac-dijon.fr</li>",
        "value=\"2037-06-01T18:00\"",
        "name=\"envoyer\"",
    ] {
        assert!(preview.has(said), "{said} in {}", preview.html);
    }
    assert!(!preview.has("paul.petit") && !preview.has("épartement 021"), "{}", preview.html);
    assert!(scene.told().is_empty() && !scene.portal.get("/portail", JEANNE).await.has("Incident en cours"));
    // Sent from the preview, and by a double click once more, it is one announcement.
    let fields = changed(&[("envoyer", "oui")]);
    let sent = scene.send_as_shown(&preview, "/information/nouvelle", OPERATOR, &fields).await;
    let again = scene.send_as_shown(&preview, "/information/nouvelle", OPERATOR, &fields).await;
    assert_eq!((sent.status, again.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", again.html);
    let address = sent.location().to_owned();
    assert_eq!(again.location(), address);
    let done = scene.until(&address, OPERATOR, "Par courriel\u{a0}: envoi terminé").await;
    assert!(
        done.has("2\u{a0}remises au relais, 0\u{a0}refusée par le relais, 0 à venir.") && done.has("100\u{a0}%"),
        "{}",
        done.html
    );
    assert_eq!(scene.told(), ["anne.blanc@ac-dijon.fr", "jeanne.martin@ac-dijon.fr"]);
    let list = scene.portal.get("/information", OPERATOR).await;
    assert_eq!(list.html.matches("Incident en cours sur LSU</a>").count(), 1, "{}", list.html);
    assert!(list.has("affichée jusqu’au 1er\u{a0}juin 2037 à\u{a0}18\u{a0}h"), "{}", list.html);
    // Who has written it sees it at once, and so do its readers.
    assert!(scene.portal.get("/portail", JEANNE).await.has("Incident en cours sur LSU</h2>"));
    assert!(!scene.portal.get("/portail", PAUL).await.has("Incident en cours"));
    let ended = scene.send(&address, &format!("{address}/fin"), OPERATOR, &[]).await;
    assert_eq!(ended.location(), address, "{}", ended.html);
    assert!(!scene.portal.get("/portail", JEANNE).await.has("Incident en cours"));
    assert!(scene.portal.get(&address, OPERATOR).await.has("terminée le"));
    let prolong = format!("{address}/prolongation");
    let longer = scene.send(&address, &prolong, OPERATOR, &[("fin", "2037-07-14T08:30")]).await;
    assert_eq!(longer.status, StatusCode::SEE_OTHER, "{}", longer.html);
    assert!(scene.portal.get("/portail", JEANNE).await.has("Incident en cours"));
    for wrong in ["2020-01-01T00:00", "demain", "", "2040-01-01T00:00"] {
        let refused = scene.send(&address, &prolong, OPERATOR, &[("fin", wrong)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {}", refused.html);
        assert!(refused.has("une date et une heure à venir") && refused.has("2037-07-14T08:30"), "{}", refused.html);
    }
    assert_eq!(scene.told().len(), 2, "nobody gets it twice");
}

/// Who may write what: operators everything, correspondents to their department, référents about their application.
#[rstest]
#[case::an_operator(OPERATOR, &[("portee", "academie"), ("departement", "")], true)]
#[case::an_operator_a_list(OPERATOR, &[("courriel", "list"), ("liste", "a@ac-dijon.fr b@ac-dijon.fr")], true)]
#[case::their_department(IEN, &[], true)]
#[case::their_circonscription(IEN, &[("departement", ""), ("circonscriptions", "21/Dijon Nord")], true)]
#[case::another_department(IEN, &[("departement", "058")], false)]
#[case::another_beside_theirs(IEN, &[("circonscriptions", "58/Nevers")], false)]
#[case::the_academy(IEN, &[("portee", "academie"), ("departement", ""), ("courriel", "")], false)]
#[case::a_list(IEN, &[("courriel", "list"), ("liste", "a@ac-dijon.fr")], false)]
#[case::their_application(REFERENT, &[("portee", "academie"), ("departement", ""), ("courriel", "")], true)]
#[case::another_application(REFERENT, &[("application", "ONDE"), ("courriel", "")], false)]
#[case::all_directors(REFERENT, &[], false)]
#[tokio::test]
async fn each_writes_their_own(
    #[case] person: &str,
    #[case] changes: &[(&'static str, &'static str)],
    #[case] is_theirs: bool,
) {
    let scene = Scene::start(&[]).await;
    for button in ["apercu", "envoyer"] {
        let answer = scene.compose(person, &changed(changes), button).await;
        let expected = match (is_theirs, button) {
            (false, _) => StatusCode::FORBIDDEN,
            (true, "apercu") => StatusCode::OK,
            (true, _) => StatusCode::SEE_OTHER,
        };
        assert_eq!(answer.status, expected, "{button}: {}", answer.html);
        if !is_theirs {
            assert!(answer.has("ne sont pas tous les vôtres") && answer.has("Nous y travaillons."), "{}", answer.html);
        }
    }
    let count = scene.portal.get("/information", OPERATOR).await.html.matches("Incident en cours").count();
    assert_eq!(count, usize::from(is_theirs));
}

/// A list says itself who gets the mail; whom the portal tells, zones say, and nothing else. What is previewed for whom;
/// nothing of what is refused.
#[rstest]
#[case::by_mail_alone(&[("portail", ""), ("departement", "")], Ok("<dt>Pour</dt><dd>une liste d’adresses</dd>"))]
#[case::the_academy_means_nothing(
    &[("portail", ""), ("departement", ""), ("portee", "academie")],
    Ok("<dt>Pour</dt><dd>une liste d’adresses</dd>"),
)]
#[case::zones_beside_it(&[("portail", "")], Err("retirez les départements et les circonscriptions"))]
#[case::a_circonscription_beside_it(
    &[("portail", ""), ("departement", ""), ("circonscriptions", "21/Dijon Nord")],
    Err("retirez les départements et les circonscriptions"),
)]
#[case::on_the_portal_for_nobody(&[("departement", "")], Err("choisissez aussi pour qui le portail affiche"))]
#[case::on_the_portal_too(&[], Ok("<dt>Pour</dt><dd>département 21</dd>"))]
#[case::on_the_portal_for_all(
    &[("departement", ""), ("portee", "academie")],
    Ok("<dt>Pour</dt><dd>académie</dd>"),
)]
#[tokio::test]
async fn a_list_is_nobody_s_zone(
    #[case] changes: &[(&'static str, &'static str)],
    #[case] expected: Result<&str, &str>,
) {
    let scene = Scene::start(&[]).await;
    let list = [("application", ""), ("courriel", "list"), ("liste", "a@ac-dijon.fr\nb@ac-dijon.fr")];
    let fields = changed(&[&list[..], changes].concat());
    let preview = scene.compose(OPERATOR, &fields, "apercu").await;
    let status = if expected.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    assert_eq!(preview.status, status, "{}", preview.html);
    let (Ok(said) | Err(said)) = expected;
    assert!(preview.has(said), "{said} in {}", preview.html);
    if let Ok(said) = expected {
        let address = scene.announce(OPERATOR, &fields).await;
        let shown = scene.portal.get(&address, OPERATOR).await;
        assert!(shown.has(said), "{said} in {}", shown.html);
        assert!(scene.portal.get("/information", OPERATOR).await.has(said));
    }
}

/// A list has so many addresses at most, on the page as over the API.
#[tokio::test]
async fn a_list_that_is_too_long_is_refused_in_words() {
    let scene = Scene::start(&[]).await;
    let list = (0..20_001).map(|number| format!("a{number}@b.fr")).collect::<Vec<_>>().join("\n");
    let fields = changed(&[("courriel", "list"), ("liste", &list), ("portail", ""), ("departement", "")]);
    let wrong = scene.compose(OPERATOR, &fields, "apercu").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("La liste a 20001 adresses, et 20000 au plus partent à la fois"), "{:.9000}", wrong.html);
}

/// Of an announcement to department 21's directors about LSU: who sees it, and who may end it.
#[rstest]
#[case::an_operator(OPERATOR, Some((true, true)))]
#[case::the_correspondent(IEN, Some((true, true)))]
#[case::the_correspondent_of_another("ien.nevers@ac-dijon.fr", Some((false, false)))]
#[case::the_referent_of_its_application(REFERENT, Some((true, false)))]
#[case::the_referent_of_another("referent.onde@ac-dijon.fr", Some((false, false)))]
#[case::a_director(JEANNE, None)]
#[tokio::test]
async fn each_sees_and_ends_their_own(#[case] person: &str, #[case] rights: Option<(bool, bool)>) {
    let others = [
        ("people.correspondents.058", "ien.nevers@ac-dijon.fr"),
        ("people.referents.onde", "referent.onde@ac-dijon.fr"),
    ];
    let scene = Scene::start(&others).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    let list = scene.portal.get("/information", person).await;
    let Some((is_seen, is_theirs)) = rights else {
        for path in ["/information", "/information/nouvelle", address.as_str()] {
            let refused = scene.portal.get(path, person).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
            assert!(refused.has("Page réservée") && !refused.has("Incident en cours"), "{}", refused.html);
        }
        let home = scene.portal.get("/portail", person).await;
        assert!(!home.has("href=\"/information\""), "{}", home.html);
        let token = [("jeton", home.hidden("jeton").unwrap_or_default())];
        let call = post(&scene.portal, &format!("{address}/fin"), person, &token);
        assert_eq!(call.send().await.unwrap().status(), StatusCode::FORBIDDEN);
        return;
    };
    assert_eq!(list.has("Incident en cours"), is_seen, "{}", list.html);
    let shown = scene.portal.get(&address, person).await;
    assert_eq!(shown.status == StatusCode::OK, is_seen, "{}", shown.html);
    let offers = ["Terminer maintenant", "Changer la fin"];
    assert!(offers.iter().all(|offer| shown.has(offer) == is_theirs), "{}", shown.html);
    // Each has a page with their own token.
    let own = scene.portal.get("/information/nouvelle", person).await;
    let expected = match (is_seen, is_theirs) {
        (_, true) => StatusCode::SEE_OTHER,
        (true, false) => StatusCode::FORBIDDEN,
        (false, false) => StatusCode::NOT_FOUND,
    };
    let ended = scene.send_as_shown(&own, &format!("{address}/fin"), person, &[]).await;
    assert_eq!(ended.status, expected, "{}", ended.html);
    for deed in ["prolongation", "arret"] {
        let done =
            scene.send_as_shown(&own, &format!("{address}/{deed}"), person, &[("fin", "2037-07-14T08:30")]).await;
        let is_done = done.status == expected || (is_theirs && deed == "arret");
        assert!(is_done, "{deed}: {} {}", done.status, done.html);
    }
    let is_shown = scene.portal.get("/portail", JEANNE).await.has("Incident en cours");
    // Prolonged again by whoever may.
    assert!(is_shown);
}

#[tokio::test]
async fn a_form_of_another_site_or_of_somebody_else_does_nothing() {
    let scene = Scene::start(&[]).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    let others = scene.portal.get("/information/nouvelle", SECOND).await.hidden("jeton").unwrap();
    for token in [None, Some(others.as_str()), Some("00")] {
        let with = |fields: Fields<'static>| {
            let token = token.map(|token| ("jeton".to_owned(), token.to_owned()));
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            fields.chain(token).collect::<Vec<_>>()
        };
        let again = with(changed(&[("sujet", "Contrefaçon"), ("envoyer", "oui")]));
        let call = post(&scene.portal, "/information/nouvelle", OPERATOR, &again);
        let refused = page(call.send().await.unwrap()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.html);
        assert!(refused.has("Ce formulaire n’est plus valable") && refused.has("Contrefaçon"), "{}", refused.html);
        for deed in ["fin", "prolongation", "arret", "confirmation", "doutes"] {
            let fields = with(vec![("fin", "2037-01-01T00:00"), ("decision", "renvoyer")]);
            let call = post(&scene.portal, &format!("{address}/{deed}"), OPERATOR, &fields);
            assert_eq!(call.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{deed}");
        }
    }
    let list = scene.portal.get("/information", OPERATOR).await;
    assert!(!list.has("Contrefaçon") && list.has("affichée jusqu’au 1er\u{a0}juin 2037"), "{}", list.html);
    let json = scene.portal.call(Method::POST, "/information/nouvelle", OPERATOR).json(&serde_json::json!({}));
    assert_eq!(json.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_and_what_was_typed_stays() {
    let scene = Scene::start(&[]).await;
    let fields = [
        ("texte", "  "),
        ("portee", "zones"),
        ("circonscriptions", "Dijon Nord"),
        ("courriel", "last-requesters"),
        ("portail", "oui"),
        ("debut", "jamais"),
        ("fin", "2020-01-01T00:00"),
    ];
    let wrong = scene.compose(OPERATOR, &fields, "envoyer").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.html);
    for said in [
        "6 champs sont à corriger",
        "Indiquez l’objet en une ligne.",
        "Écrivez le texte",
        "«\u{a0}Dijon Nord\u{a0}» n’est pas une zone",
        "Connues et proches\u{a0}: 021/Dijon Nord, 021/Dijon Sud",
        "Choisissez l’application dont",
        "Donnez la date et l’heure",
        "Indiquez jusqu’à quand",
        "value=\"2020-01-01T00:00\"",
        "<title>Erreur\u{a0}: nouvelle information",
    ] {
        assert!(wrong.has(said), "{said} in {}", wrong.html);
    }
    for (changes, said) in [
        (&[("departement", "")][..], "Choisissez au moins un département"),
        (&[("portail", ""), ("courriel", "")], "Choisissez le portail, le courriel, ou les deux."),
        (
            &[("courriel", "list"), ("liste", "a@ac-dijon.fr, personne")],
            "n’est pas une adresse\u{a0}: «\u{a0}personne\u{a0}»",
        ),
        (&[("departement", "071")], "L’annuaire n’a personne du département 071"),
        (&[("departement", "021"), ("circonscriptions", "21/Dijon Nrod")], "021/Dijon Nord"),
        (&[("portee", "academie")], "Vous avez choisi toute l’académie, et aussi des départements"),
        (&[("liste", "a@ac-dijon.fr")], "Vous avez donné des adresses, et choisi un autre envoi"),
        (&[("departement", "021,0Z1")], "«\u{a0}021,0Z1\u{a0}» n’est pas une zone"),
        (&[("application", "LSUU")], "Aucune application ne s’appelle «\u{a0}LSUU\u{a0}»"),
        // What shows nothing is as blank as a blank.
        (&[("texte", "<!-- à écrire -->")], "Écrivez le texte"),
        (&[("texte", "<script>x()</script>")], "Écrivez le texte"),
        (&[("texte", "![Capture](https://ac-dijon.fr/p.png)")], "Écrivez le texte"),
        (&[("courriel", "last-requesters")], "n’a demandé d’aide pour cette application"),
        // A way that there is not is not «no mail».
        (&[("courriel", "directeurs")], "Choisissez un envoi de la liste."),
    ] {
        let wrong = scene.compose(OPERATOR, &changed(changes), "envoyer").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.html);
        assert!(wrong.has(said), "{said} in {}", wrong.html);
    }
    assert!(scene.portal.get("/information", OPERATOR).await.has("Aucune information"));
}

#[tokio::test]
async fn above_the_threshold_a_second_person_confirms_by_the_link_they_were_sent() {
    let link = "https://assistance.test/information/{reference}?code={code}";
    let scene = Scene::start(&[("announcements.confirm_above", "1"), ("announcements.confirm_link", link)]).await;
    assert!(scene.compose(IEN, &usual(), "apercu").await.has("Une seconde personne devra confirmer"));
    let address = scene.announce(OPERATOR, &usual()).await;
    let waiting = scene.portal.get(&address, OPERATOR).await;
    assert!(waiting.has("envoi à confirmer") && !waiting.has("/confirmation"), "{}", waiting.html);
    assert!(waiting.has("pas affichée\u{a0}: elle attend la confirmation"), "{}", waiting.html);
    assert!(!scene.portal.get("/portail", JEANNE).await.has("Incident en cours"));
    let asked = async {
        loop {
            if let Some(mail) = scene.portal.gateway.outbox.mails().into_iter().next() {
                return mail;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
    assert_eq!(asked.recipient, SECOND);
    let text = mail_parser::MessageParser::default().parse(&asked.message).unwrap().body_text(0).unwrap().into_owned();
    let code = text.split_once("?code=").unwrap().1.split_whitespace().next().unwrap();
    let with_code = format!("{address}?code={code}");
    let confirm = format!("{address}/confirmation");
    // Not whoever wrote it, not somebody without the code, no correspondent.
    // Each is told so before they try.
    for (person, said) in [
        (OPERATOR, "Vous avez écrit cette information\u{a0}: une autre personne de l’exploitation doit la confirmer"),
        (IEN, "seule l’exploitation le fait"),
    ] {
        let shown = scene.portal.get(&with_code, person).await;
        assert!(shown.has(said) && !shown.has("Confirmer l’envoi"), "{}", shown.html);
    }
    assert!(scene.portal.get(&with_code, SECOND).await.has("Confirmer l’envoi"));
    let own = scene.send(&with_code, &confirm, OPERATOR, &[("code", code)]).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN);
    assert!(own.has("Qui a écrit l’information ne la confirme pas"), "{}", own.html);
    let guessed = scene.send(&format!("{address}?code=AAAA"), &confirm, SECOND, &[]).await;
    assert!(guessed.has("Ce code ne confirme pas cet envoi"), "{}", guessed.html);
    assert!(!scene.portal.get(&with_code, IEN).await.has("Confirmer l’envoi"));
    assert_eq!(scene.told(), [SECOND]);
    let confirmed = scene.send(&with_code, &confirm, SECOND, &[]).await;
    assert_eq!(confirmed.status, StatusCode::SEE_OTHER, "{}", confirmed.html);
    assert!(scene.portal.get("/portail", JEANNE).await.has("Incident en cours sur LSU</h2>"));
    let done = scene.until(&address, OPERATOR, "envoi terminé").await;
    assert!(done.has(&format!("Confirmé par {SECOND}")), "{}", done.html);
    assert_eq!(scene.told(), [SECOND, "anne.blanc@ac-dijon.fr", JEANNE]);
    // Nobody was refused.
    assert!(!done.has("/renvoi"), "{}", done.html);
    let again = scene.send(&address, &format!("{address}/renvoi"), OPERATOR, &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.html);
    // What has ended is not stopped.
    let stopped = scene.send(&address, &format!("{address}/arret"), OPERATOR, &[]).await;
    assert_eq!(stopped.status, StatusCode::CONFLICT, "{}", stopped.html);
}

#[tokio::test]
async fn a_mailing_that_is_not_confirmed_is_stopped() {
    let scene = Scene::start(&[("announcements.confirm_above", "1")]).await;
    let address = scene.announce(IEN, &usual()).await;
    // Stopped, it has no form any more.
    let before = scene.portal.get(&address, OPERATOR).await;
    let theirs = scene.portal.get(&address, IEN).await;
    let stopped = scene.send(&address, &format!("{address}/arret"), IEN, &[]).await;
    assert_eq!(stopped.status, StatusCode::SEE_OTHER, "{}", stopped.html);
    let shown = scene.portal.get(&address, IEN).await;
    assert!(shown.has("envoi arrêté") && shown.has("2 restent sans le courriel"), "{}", shown.html);
    // It is not resumed, and that is said.
    let resumed = scene.send_as_shown(&theirs, &format!("{address}/reprise"), IEN, &[]).await;
    assert_eq!(resumed.status, StatusCode::CONFLICT, "{}", resumed.html);
    assert!(resumed.has("L’envoi est arrêté\u{a0}: ce n’est plus possible."), "{}", resumed.html);
    // It waits for nothing any more, and nothing brings it onto the portal.
    for page in [&shown, &scene.portal.get("/information", IEN).await] {
        let never = "jamais affichée\u{a0}: son envoi a été arrêté avant d’être confirmé";
        assert!(page.has(never) && !page.has("attend la confirmation"), "{}", page.html);
    }
    assert!(shown.has("Écrivez-en une nouvelle"), "{}", shown.html);
    for deed in ["Changer la fin", "Afficher à nouveau", "Terminer maintenant"] {
        assert!(!shown.has(deed), "{deed} in {}", shown.html);
    }
    assert!(!scene.portal.get("/portail", JEANNE).await.has("Incident en cours"));
    let decided = format!("{address}/doutes");
    // What is no number of a batch is a mistake, and not all batches.
    for batch in ["-1", "0", "", " ", "1,2", "tous", "9", "99999999999999999999"] {
        let fields = [("decision", "partis"), ("lot", batch)];
        let forged = scene.send_as_shown(&before, &decided, OPERATOR, &fields).await;
        assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY, "{batch}: {}", forged.html);
        assert!(forged.has("Rien n’a changé"), "{batch}: {}", forged.html);
    }
    let nothing = scene.send_as_shown(&before, &decided, OPERATOR, &[("decision", "renvoyer")]).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT, "{}", nothing.html);
    assert!(nothing.has("Aucun envoi n’est en doute"), "{}", nothing.html);
    let theirs = scene.send_as_shown(&theirs, &decided, IEN, &[("decision", "renvoyer")]).await;
    assert_eq!(theirs.status, StatusCode::FORBIDDEN, "{}", theirs.html);
}

/// One that is ended before it begins was never shown; shown after all, it begins when its writer said, and not at once.
#[tokio::test]
async fn one_that_is_cancelled_keeps_its_beginning() {
    let scene = Scene::start(&[]).await;
    let later = changed(&[("debut", "2036-12-10T08:00"), ("fin", "2036-12-12T18:00"), ("courriel", "")]);
    let address = scene.announce(OPERATOR, &later).await;
    let coming =
        "à venir, du 10\u{a0}décembre 2036 à\u{a0}8\u{a0}h\u{a0}00 au 12\u{a0}décembre 2036 à\u{a0}18\u{a0}h\u{a0}00";
    assert!(scene.portal.get(&address, OPERATOR).await.has(coming));
    let ended = scene.send(&address, &format!("{address}/fin"), OPERATOR, &[]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.html);
    let cancelled = scene.portal.get(&address, OPERATOR).await;
    for said in ["avant d’être affichée", "L’afficher après tout"] {
        assert!(cancelled.has(said), "{said} in {}", cancelled.html);
    }
    assert!(!cancelled.has("terminée le") && !cancelled.has("Afficher à nouveau"), "{}", cancelled.html);
    let prolong = format!("{address}/prolongation");
    let early = scene.send(&address, &prolong, OPERATOR, &[("fin", "2036-12-09T18:00")]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", early.html);
    assert!(early.has("qu’à partir du 10\u{a0}décembre 2036 à\u{a0}8\u{a0}h"), "{}", early.html);
    let again = scene.send(&address, &prolong, OPERATOR, &[("fin", "2036-12-12T18:00")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.html);
    assert!(scene.portal.get(&address, OPERATOR).await.has(coming));
    assert!(!scene.portal.get("/portail", JEANNE).await.has("Incident en cours"), "it has not begun");
}

#[tokio::test]
async fn where_announcements_are_off_the_pages_say_so() {
    let scene = Scene::start(&[("announcements.enabled", "false")]).await;
    for path in ["/information", "/information/nouvelle", "/information/P-0000-0000-0000"] {
        let off = scene.portal.get(path, OPERATOR).await;
        assert_eq!(off.status, StatusCode::FORBIDDEN, "{path}");
        assert!(off.has("announcements.enabled = true"), "{}", off.html);
    }
    assert!(!scene.portal.get("/portail", OPERATOR).await.has("href=\"/information\""));
    let unsigned = scene.portal.client.get(format!("http://{}/information", scene.portal.gateway.http));
    assert_eq!(page(unsigned.send().await.unwrap()).await.status, StatusCode::UNAUTHORIZED);
}

/// Files of a form, as a browser sends it: without a script, those of the preview are in the form that it shows.
#[tokio::test]
async fn files_stay_in_the_form_go_along_and_are_for_their_zones_alone() {
    let scene = Scene::start(&[("announcements.refresh", "20ms")]).await;
    let content = "nom;ville\r\né;Nevers\r\n";
    let form = |shown: &Page, fields: &[(&'static str, &'static str)], files: Vec<(&str, &str)>| {
        let mut form = Form::new();
        for name in HIDDEN {
            if let Some(value) = shown.hidden(name) {
                form = form.text(name, value);
            }
        }
        for (name, value) in fields {
            form = form.text(*name, *value);
        }
        files.into_iter().fold(form, |form, (name, content)| form.part("fichiers", file(name, content)))
    };
    let kept = |form: Form, shown: &Page, kept: &[usize]| {
        let mut form = form;
        for name in ["piece-nom", "piece-type", "piece"] {
            for part in shown.html.split(&format!("name=\"{name}\" value=\"")).skip(1) {
                form = form.text(name, part.split_once('"').unwrap().0.replace("&#38;", "&"));
            }
        }
        kept.iter().fold(form, |form, place| form.text("garder", place.to_string()))
    };
    let send = async |form: Form| {
        page(scene.portal.call(Method::POST, "/information/nouvelle", OPERATOR).multipart(form).send().await.unwrap())
            .await
    };
    let empty = scene.portal.get("/information/nouvelle", OPERATOR).await;
    // What cannot go is said at once, beside the other mistakes, and what can stays.
    let fields = changed(&[("sujet", " ")]);
    let wrong = send(form(&empty, &fields, vec![("liste & co.csv", content), ("a.exe", "MZ")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.html);
    for said in ["«\u{a0}a.exe\u{a0}» ne peut pas être joint", "Indiquez l’objet", "Fichiers déjà joints"] {
        assert!(wrong.has(said), "{said} in {}", wrong.html);
    }
    let preview = send(kept(form(&wrong, &usual(), vec![("deux.csv", "a;b")]), &wrong, &[0])).await;
    // Another choice of files than the one that was shown is shown first.
    let sending = form(&preview, &usual(), Vec::new()).text("envoyer", "oui");
    let again = send(kept(sending, &preview, &[0])).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.html);
    assert!(again.has("ne sont pas ceux du dernier aperçu") && scene.told().is_empty(), "{}", again.html);
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.html);
    assert!(preview.has("Fichiers joints\u{a0}: ") && preview.has("deux.csv (3\u{a0}octets)"), "{}", preview.html);
    assert!(!preview.has("a.exe") && scene.told().is_empty(), "{}", preview.html);
    let sending = form(&again, &usual(), Vec::new()).text("envoyer", "oui");
    let taken = send(kept(sending, &again, &[0])).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.html);
    let address = taken.location().to_owned();
    let done = scene.until(&address, OPERATOR, "envoi terminé").await;
    assert!(done.has("Fichiers joints") && done.has("liste &#38; co.csv") && !done.has("deux.csv"), "{}", done.html);
    assert!(scene.portal.get("/information", OPERATOR).await.has("liste &#38; co.csv"));
    let mails = scene.portal.gateway.outbox.mails();
    assert_eq!(mails.len(), 2);
    let parsed = mail_parser::MessageParser::default().parse(&mails[0].message).unwrap();
    assert_eq!(parsed.attachment(0).unwrap().contents(), content.as_bytes());
    // Each of its zone reads it on the portal, those in charge on its own page; nobody else.
    let home = scene.portal.get("/portail", JEANNE).await;
    let link = home.html.split("href=\"").find(|part| part.starts_with("/portail/messages/")).unwrap();
    let link = link.split_once('"').unwrap().0.to_owned();
    let own = format!("{address}/fichiers/1");
    for (person, path, is_theirs) in [
        (JEANNE, &link, true),
        (PAUL, &link, false),
        (OPERATOR, &own, true),
        (IEN, &own, true),
        (REFERENT, &own, true),
        (JEANNE, &own, false),
        (JEANNE, &link.replace("fichiers/1", "fichiers/2"), false),
        (JEANNE, &link.replace("fichiers/1", "fichiers/0"), false),
        (OPERATOR, &own.replace("fichiers/1", "fichiers/2"), false),
    ] {
        let given = scene.portal.get(path, person).await;
        assert_eq!(given.status == StatusCode::OK, is_theirs, "{person} {path}: {}", given.status);
        if is_theirs {
            assert!(given.html.starts_with("nom;ville\r\né"), "{}", given.html);
            assert_eq!(given.headers["x-content-type-options"], "nosniff");
            assert_eq!(given.headers["content-security-policy"], "sandbox; default-src 'none'");
            assert_eq!(given.headers["cache-control"], "private, no-store");
            assert!(given.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));
        }
    }
    let stranger =
        reqwest::Client::new().get(format!("http://{}{link}", scene.portal.gateway.http)).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    // Programs name it, and ask for it in the name of whom it is for.
    let listed = scene.portal.gateway.signed(Method::GET, &format!("/v1/messages?requester={JEANNE}"), b"");
    let listed: serde_json::Value = listed.send().await.unwrap().json().await.unwrap();
    let message = &listed["messages"][0];
    assert_eq!(message["files"][0]["name"], "liste & co.csv", "{listed}");
    for (person, is_theirs) in [(JEANNE, true), (PAUL, false)] {
        let path = format!("/v1/messages/{}/files/1?requester={person}", message["id"]);
        let given = scene.portal.gateway.signed(Method::GET, &path, b"").send().await.unwrap();
        assert_eq!(given.status(), if is_theirs { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{person}");
    }
    // Ended, it is nobody's any more.
    scene.send(&address, &format!("{address}/fin"), OPERATOR, &[]).await;
    assert_eq!(scene.portal.get(&link, JEANNE).await.status, StatusCode::NOT_FOUND);
}

/// Only what was shown is sent: whatever is changed after the preview is shown again first, and says so.
#[rstest]
#[case::without_a_preview(&[], true)]
#[case::the_text(&[("texte", "Autre texte.")], false)]
#[case::the_subject(&[("sujet", "Autre objet")], false)]
#[case::a_zone_more(&[("circonscriptions", "58/Nevers")], false)]
#[case::everybody(&[("portee", "academie"), ("departement", "")], false)]
#[case::another_way(&[("courriel", "")], false)]
#[case::not_on_the_portal(&[("portail", "")], false)]
#[case::another_application(&[("application", "ONDE")], false)]
#[case::a_later_end(&[("fin", "2037-06-02T18:00")], false)]
#[tokio::test]
async fn what_was_not_shown_is_shown_first(#[case] changes: &[(&'static str, &'static str)], #[case] is_first: bool) {
    let scene = Scene::start(&[]).await;
    let shown = if is_first {
        scene.portal.get("/information/nouvelle", OPERATOR).await
    } else {
        scene.compose(OPERATOR, &usual(), "apercu").await
    };
    let fields: Fields<'_> = changed(changes).into_iter().chain([("envoyer", "oui")]).collect();
    let again = scene.send_as_shown(&shown, "/information/nouvelle", OPERATOR, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.html);
    for said in ["Rien n’est encore parti", "ne sont pas ceux du dernier aperçu", "name=\"envoyer\""] {
        assert!(again.has(said), "{said} in {}", again.html);
    }
    assert!(scene.portal.get("/information", OPERATOR).await.has("Aucune information") && scene.told().is_empty());
    let sent = scene.send_as_shown(&again, "/information/nouvelle", OPERATOR, &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
}

/// What turns the reading direction is taken out of what people read.
#[tokio::test]
async fn nothing_typed_turns_what_is_read() {
    let scene = Scene::start(&[]).await;
    let fields = changed(&[("sujet", "Panne \u{202e}USL\u{2066} LSU"), ("texte", "Lisez \u{202e}fdp.exe")]);
    let preview = scene.compose(OPERATOR, &fields, "apercu").await;
    let shown = preview.html.split("<form").next().unwrap();
    assert!(shown.contains("Panne USL LSU") && !shown.contains(['\u{202e}', '\u{2066}']), "{shown}");
    let address = scene.announce(OPERATOR, &fields).await;
    for (path, person) in [("/information", OPERATOR), (address.as_str(), OPERATOR), ("/portail", JEANNE)] {
        let page = scene.portal.get(path, person).await;
        assert!(page.has("Panne USL LSU") && !page.html.contains(['\u{202e}', '\u{2066}']), "{path}: {}", page.html);
    }
}

/// One address is no list of them.
#[tokio::test]
async fn one_address_is_spoken_of_as_one() {
    let scene = Scene::start(&[]).await;
    let fields = changed(&[("departement", ""), ("circonscriptions", "58/Nevers")]);
    let preview = scene.compose(OPERATOR, &fields, "apercu").await;
    assert!(preview.has("Le courriel ira à une seule adresse."), "{}", preview.html);
    assert!(!preview.has("une seule fois") && !preview.has("les autres"), "{}", preview.html);
}

/// Nor does it go to others than those who were shown, though the form is the same.
#[tokio::test]
async fn recipients_who_came_after_the_preview_are_shown_first() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("growing.csv");
    std::fs::write(&csv, LIST).unwrap();
    let scene = Scene::start(&[("directory.csv", csv.to_str().unwrap())]).await;
    let preview = scene.compose(OPERATOR, &usual(), "apercu").await;
    let more = format!("{LIST}luc.noir@ac-dijon.fr;Luc Noir;directeur;0210009Z;École Hugo;Dijon Sud\n");
    std::fs::write(&csv, more).unwrap();
    let fields = changed(&[("envoyer", "oui")]);
    // The directory's file is read again once it has changed.
    let looked = async {
        while !scene.compose(OPERATOR, &usual(), "apercu").await.has("ira à 3\u{a0}adresses") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looked).await.expect("the directory is read again");
    let again = scene.send_as_shown(&preview, "/information/nouvelle", OPERATOR, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.html);
    assert!(again.has("ira à 3\u{a0}adresses") && again.has("luc.noir@ac-dijon.fr"), "{}", again.html);
    assert!(scene.told().is_empty());
    let sent = scene.send_as_shown(&again, "/information/nouvelle", OPERATOR, &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
}

/// What is longer than GLPI keeps is said, and stays as it was typed.
#[rstest]
#[case::a_subject("sujet", "é".repeat(151), "150 caractères au plus, il en a 151")]
#[case::a_letter("sujet", "Panne 😀".to_owned(), "que GLPI ne garde pas")]
#[case::a_text("texte", "é".repeat(7501), "15000 octets au plus")]
#[case::a_text_of_signs("texte", format!("a{}", "&<>".repeat(4000)), "n’en garderait que")]
#[tokio::test]
async fn nobody_s_words_are_cut(#[case] field: &'static str, #[case] typed: String, #[case] said: &str) {
    let scene = Scene::start(&[]).await;
    let wrong = scene.compose(OPERATOR, &changed(&[(field, &typed)]), "envoyer").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.html);
    let kept = typed.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    assert!(wrong.has(said) && wrong.has(&kept), "{said} in {}", wrong.html);
    assert!(!wrong.has("maxlength=\"150\""), "a browser cuts what is pasted without a word");
}

/// One whose list was never written is marked, in the list and on its page, with what helps.
#[rstest]
#[case::resumed(true)]
#[case::stopped(false)]
#[tokio::test]
async fn one_without_a_list_is_marked_and_resumed_or_stopped(#[case] is_resumed: bool) {
    use passerelle::{announcements::Keeping, glpi};
    let scene = Scene::start(&[]).await;
    let login = glpi::Credentials::Login { login: "passerelle".to_owned(), password: "passerelle".into() };
    let client = glpi::Glpi::new(&glpi::Settings::new(scene.portal.sandbox.url(), login)).unwrap();
    let keeping = Keeping::new(client, jiff::tz::TimeZone::get("Europe/Paris").unwrap());
    // So far its writer came.
    let kept = keeping.keep(crate::announcements::announcement("killed", &["021"]), &[]).await.unwrap();
    let address = format!("/information/{}", kept.reference);
    let list = scene.portal.get("/information", IEN).await;
    assert!(list.has("pas parti\u{a0}: la liste des destinataires n’est pas écrite"), "{}", list.html);
    let shown = scene.portal.get(&address, IEN).await;
    for said in ["envoi pas commencé", "personne n’a reçu ce courriel", "Reprendre l’envoi", "Arrêter l’envoi"]
    {
        assert!(shown.has(said), "{said} in {}", shown.html);
    }
    let deed = if is_resumed { "reprise" } else { "arret" };
    let done = scene.send(&address, &format!("{address}/{deed}"), IEN, &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    scene.until(&address, IEN, if is_resumed { "envoi terminé" } else { "envoi arrêté" }).await;
    assert_eq!(scene.told().len(), if is_resumed { 2 } else { 0 });
    assert!(!scene.portal.get("/information", IEN).await.has("pas parti"));
}

/// What the relay refuses, for an address or for all, ends the mailing, and is counted.
#[rstest]
#[case::all(
    Moods { words: [("DATA", 554)].into(), ..Moods::default() },
    ["0\u{a0}remise au relais, 2\u{a0}refusées par le relais", "0 à venir", "jeanne.martin@ac-dijon.fr (554)"],
    "envoi terminé\u{a0}: 0\u{a0}adresse remise au relais, 2\u{a0}refusées",
)]
#[case::one(
    Moods { recipients: [(JEANNE.to_owned(), 550)].into(), ..Moods::default() },
    ["1\u{a0}remise au relais, 1\u{a0}refusée par le relais", "0 à venir", "jeanne.martin@ac-dijon.fr (550)"],
    "envoi terminé\u{a0}: 1\u{a0}adresse remise au relais, 1\u{a0}refusée",
)]
#[tokio::test]
async fn what_the_relay_refuses_is_shown_as_refused(
    #[case] moods: Moods,
    #[case] shown: [&str; 3],
    #[case] listed: &str,
) {
    let sink = Sink::start(moods).await;
    let (relay, settings) = (sink.url(), [("announcements.retry", "1ms"), ("smtp.timeout", "2s")]);
    let scene = Scene::sending(&[&[("smtp.url", relay.as_str())], &settings[..]].concat()).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    let done = scene.until(&address, OPERATOR, "envoi terminé").await;
    for said in shown {
        assert!(done.has(said), "{said} in {}", done.html);
    }
    let list = scene.portal.get("/information", OPERATOR).await;
    assert!(list.has(listed), "{}", list.html);
}

/// While GLPI is away, each page says what is not done: nothing is shown, or nothing is changed for certain; only of what
/// is handed in it is said that it does not go twice.
#[tokio::test]
async fn while_glpi_is_away_it_is_said_what_is_not_done() {
    let scene = Scene::start(&[("glpi.timeout", "2s")]).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    scene.until(&address, OPERATOR, "envoi terminé").await;
    let own = scene.portal.get(&address, OPERATOR).await;
    scene.portal.sandbox.set_failures(Rule::always(Failure::Maintenance));
    let (unread, unchanged) = ("ne peuvent pas être montrées", "ne le tenez pas pour fait");
    let mut answers = Vec::new();
    for path in ["/information", address.as_str()] {
        answers.push((unread, scene.portal.get(path, OPERATOR).await));
    }
    for deed in ["fin", "arret", "prolongation"] {
        let fields = [("fin", "2037-07-14T08:30")];
        answers.push((unchanged, scene.send_as_shown(&own, &format!("{address}/{deed}"), OPERATOR, &fields).await));
    }
    for (said, answer) in answers {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.html);
        assert!(answer.has(said) && !answer.has("ne part pas deux fois"), "{said} in {}", answer.html);
    }
}

/// While the relay puts mails off, the page, the list and the API say so, and that it is tried again.
#[tokio::test]
async fn what_the_relay_puts_off_is_shown_as_put_off() {
    let sink = Sink::start(Moods { words: [("MAIL FROM", 451)].into(), ..Moods::default() }).await;
    let relay = sink.url();
    let settings = [
        ("smtp.url", relay.as_str()),
        ("announcements.retry", "3s"),
        ("smtp.timeout", "2s"),
        ("people.tokens", "operators:operators-token-for-tests"),
    ];
    let scene = Scene::sending(&settings).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    let said = "u dernier essai, le relais de messagerie n’a rien pris (451), et rien depuis le";
    scene.until(&address, OPERATOR, said).await;
    scene.until("/information", OPERATOR, said).await;
    let path = address.replace("/information/", "/v1/announcements/");
    wait_until("the API says it", async || {
        let call = scene.portal.gateway.call(Method::GET, &path).bearer_auth("operators-token-for-tests");
        let answer: serde_json::Value = call.send().await.unwrap().json().await.unwrap();
        answer["relay"]["code"] == 451 && answer["relay"]["since"].is_string() && answer["relay"]["again"].is_string()
    })
    .await;
    sink.moods.lock().unwrap().words.clear();
    let done = scene.until(&address, OPERATOR, "envoi terminé").await;
    assert!(!done.has("dernier essai"), "{}", done.html);
}

/// What is in doubt is shown so at once, with what happens now.
#[tokio::test]
async fn what_is_in_doubt_is_shown_so_at_once() {
    let sink = Sink::start(Moods { thinks: vec![Duration::from_secs(5)], ..Moods::default() }).await;
    let (relay, settings) = (sink.url(), [("announcements.retry", "1ms"), ("smtp.timeout", "500ms")]);
    let scene = Scene::sending(&[&[("smtp.url", relay.as_str())], &settings[..]].concat()).await;
    let address = scene.announce(OPERATOR, &usual()).await;
    let doubtful = scene.until(&address, OPERATOR, "envoi en doute").await;
    for said in ["2 en doute", "La décision est possible à partir du", "le relais peut encore le prendre"] {
        assert!(doubtful.has(said), "{said} in {}", doubtful.html);
    }
    assert!(!doubtful.has("renvoyer</button>"), "{}", doubtful.html);
    assert!(scene.portal.get("/information", OPERATOR).await.has("2\u{a0}adresses en doute"));
    assert!(scene.portal.get(&address, IEN).await.has("L’exploitation le cherche dans son journal"));
}
