//! Which of GLPI's rights a configuration needs: what `check` asks for is what `setup` gives.

use crate::{
    config::Config,
    flow::route::{Mapping, Mappings, TargetEntity},
    glpi::{Needed, Right},
};

/// What decides which rights are needed.
pub(super) struct Needs<'a> {
    pub(super) config: &'a Config,
    pub(super) mappings: &'a Mappings,
    pub(super) is_eleven: bool,
}

/// How much a right is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    Error,
    Warning,
    /// It may be granted.
    Option,
    /// Said elsewhere, or of no use here.
    Nothing,
}

impl Needs<'_> {
    /// What it means that the account has not this right.
    pub(super) fn lack(&self, right: &Right) -> Lack {
        let names = || self.mappings.all().iter().flat_map(Mapping::names);
        let if_needed = |is_needed: bool, lack| if is_needed { lack } else { Lack::Nothing };
        match right.needed {
            Needed::Always => Lack::Error,
            Needed::FileTypes if self.is_eleven => Lack::Error,
            Needed::FileTypes | Needed::History => Lack::Warning,
            Needed::Faq if self.config.http.is_served() => Lack::Warning,
            Needed::Faq | Needed::Drafts | Needed::Optional => Lack::Option,
            Needed::Announcements => if_needed(self.config.announcements.enabled, Lack::Error),
            Needed::MonthlyReport => if_needed(self.config.figures.report, Lack::Error),
            Needed::Entities => if_needed(names().any(|names| names.place != TargetEntity::Own), Lack::Error),
            // `check` says which locations are missing, and what of notifications cannot be read.
            Needed::Locations | Needed::Notifications => Lack::Nothing,
        }
    }

    /// Whether a mapping names a location.
    pub(super) fn has_locations(&self) -> bool {
        self.mappings.all().iter().flat_map(Mapping::names).any(|names| !names.locations.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Lack, Needed, Needs};
    use crate::{config, flow::route::MappingStore, glpi::RIGHTS};

    /// Whoever shows the FAQ has to be able to read it, by whichever listener it is asked for.
    #[rstest]
    #[case(&[], Lack::Option)]
    #[case(&[("PASSERELLE_HTTP__LISTEN", "127.0.0.1:8080")], Lack::Warning)]
    #[case(&[("PASSERELLE_HTTP__IDENTITY_LISTEN", "unix:/run/passerelle/identity.sock")], Lack::Warning)]
    #[case(&[("PASSERELLE_HTTP__ADMIN_LISTEN", "127.0.0.1:8082")], Lack::Option)]
    fn the_faq_is_missed_where_a_portal_is_served(#[case] settings: &[(&str, &str)], #[case] expected: Lack) {
        let glpi = [("PASSERELLE_GLPI__URL", "https://glpi.ac-lyon.fr"), ("PASSERELLE_GLPI__USER_TOKEN", "token")];
        let variables = glpi.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let config = config::load_from(None, variables).unwrap();
        let mappings = MappingStore::load(None).unwrap().now();
        let needs = Needs { config: &config, mappings: &mappings, is_eleven: true };
        let faq: Vec<_> = RIGHTS.iter().filter(|right| right.needed == Needed::Faq).collect();
        assert!(!faq.is_empty());
        assert!(faq.iter().all(|right| needs.lack(right) == expected));
    }
}
