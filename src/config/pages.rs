//! Where people follow a ticket: on the portal or in GLPI, and only where they can open the page.

use super::Config;
use crate::id::TicketId;
use crate::request::Page;

/// The pages of tickets. `{id}` stands for a ticket's number.
#[derive(Clone, Debug)]
pub struct TicketPages {
    glpi: String,
    portal: String,
}

impl TicketPages {
    /// As `glpi.ticket_link` and `notify.portal_link` say.
    pub fn new(config: &Config) -> Self {
        Self { glpi: config.glpi.ticket_page(), portal: config.notify.portal_link.clone() }
    }

    /// The page for a requester: the portal's where there is one, else GLPI's for who has an account there.
    pub fn of_requester(&self, ticket: TicketId, has_account: bool) -> Option<Page> {
        match self.portal.as_str() {
            "" => self.of_another(ticket, has_account),
            portal => Some(Page::Portal(numbered(portal, ticket))),
        }
    }

    /// The page for anybody else: the portal shows a request to its requesters only.
    pub fn of_another(&self, ticket: TicketId, has_account: bool) -> Option<Page> {
        has_account.then(|| Page::Glpi(numbered(&self.glpi, ticket)))
    }

    /// The addresses that a letter about this ticket may hold.
    pub(crate) fn all(&self, ticket: TicketId) -> impl Iterator<Item = String> {
        [&self.glpi, &self.portal].into_iter().filter(|link| !link.is_empty()).map(move |link| numbered(link, ticket))
    }
}

fn numbered(link: &str, ticket: TicketId) -> String {
    link.replace("{id}", &ticket.to_string())
}

/// The address of the page that writes announcements, as far as the configuration tells where people find the gateway's
/// pages: by that of the page that confirms one, or by those of requests.
pub(crate) fn announcing_page(config: &Config) -> Option<String> {
    let links = [
        (&config.announcements.confirm_link, "/information/{reference}"),
        (&config.notify.portal_link, "/portail/demandes/{id}"),
    ];
    let site = links.into_iter().find_map(|(link, page)| link.split_once(page).map(|(site, _)| site))?;
    Some(format!("{site}/information/nouvelle"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{TicketPages, announcing_page};
    use crate::config::load_from;
    use crate::id::TicketId;

    #[rstest]
    #[case(
        "https://a.fr/information/{reference}?code={code}",
        "https://p.fr/portail/demandes/{id}",
        Some("https://a.fr/information/nouvelle")
    )]
    #[case("", "https://p.fr/aide/portail/demandes/{id}", Some("https://p.fr/aide/information/nouvelle"))]
    #[case("https://a.fr/confirmer/{reference}/{code}", "https://p.fr/demandes/{id}", None)]
    #[case("", "", None)]
    fn the_page_of_announcements_is_beside_those_that_are_known(
        #[case] confirm: &str,
        #[case] portal: &str,
        #[case] expected: Option<&str>,
    ) {
        let mut config = load_from(None, []).unwrap();
        config.announcements.confirm_link = confirm.into();
        config.notify.portal_link = portal.into();
        assert_eq!(announcing_page(&config).as_deref(), expected);
    }

    #[test]
    fn nobody_is_led_to_a_page_they_cannot_open() {
        let address = |page: Option<crate::request::Page>| page.map(|page| page.address().to_owned());
        let (portal, glpi) = ("https://p.fr/demandes/7", "https://glpi.fr/front/ticket.form.php?id=7");
        for (set, of_requester, without) in
            [("https://p.fr/demandes/{id}", Some(portal), Some(portal)), ("", Some(glpi), None)]
        {
            let mut config = load_from(None, []).unwrap();
            config.glpi.url = "https://glpi.fr".into();
            config.notify.portal_link = set.into();
            let pages = TicketPages::new(&config);
            assert_eq!(address(pages.of_requester(TicketId::new(7), true)).as_deref(), of_requester);
            assert_eq!(address(pages.of_requester(TicketId::new(7), false)).as_deref(), without);
            assert_eq!(address(pages.of_another(TicketId::new(7), true)).as_deref(), Some(glpi));
            assert_eq!(address(pages.of_another(TicketId::new(7), false)), None);
        }
    }

    #[test]
    fn a_ticket_s_page_is_beside_the_api_unless_configured() {
        let page = |url: &str, link: &str| {
            let mut config = load_from(None, []).unwrap();
            config.glpi.url = url.into();
            config.glpi.ticket_link = link.into();
            TicketPages::new(&config).of_another(TicketId::new(42), true).unwrap().address().to_owned()
        };
        let expected = "https://glpi.example.fr/front/ticket.form.php?id=42";
        for url in
            ["https://glpi.example.fr", "https://glpi.example.fr/apirest.php", "https://glpi.example.fr/api.php/v1/"]
        {
            assert_eq!(page(url, ""), expected);
        }
        assert_eq!(page("https://a.fr", "https://portail.fr/t/{id}/suivi"), "https://portail.fr/t/42/suivi");
    }
}
