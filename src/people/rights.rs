//! What somebody may see, by what they are.

use std::collections::BTreeSet;

use crate::text::fold::words;

/// What somebody is to the assistance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks after the gateway: sees everything.
    Operator,
    /// Follows a department, by its number in three characters.
    Correspondent(String),
    /// Works on an application's requests, by its name, folded.
    Referent(String),
}

impl Role {
    /// The référent of an application of this name; case, accents and spacing do not matter.
    pub fn referent(application: &str) -> Self {
        Self::Referent(words(application).join(" "))
    }
}

/// What somebody may see: all of it, or what is of some departments or of some applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights(BTreeSet<Role>);

impl Rights {
    /// Those of somebody who is all of this.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// Whether there is nothing that they may see.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they may see everything.
    pub fn is_everything(&self) -> bool {
        self.0.contains(&Role::Operator)
    }

    /// The departments they follow.
    pub fn departments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|role| match role {
            Role::Correspondent(department) => Some(department.as_str()),
            Role::Operator | Role::Referent(_) => None,
        })
    }

    /// Whether they work on the requests of an application.
    pub fn is_referent(&self) -> bool {
        self.0.iter().any(|role| matches!(role, Role::Referent(_)))
    }

    /// Whether they may see what is of this department and this application; what is of none is an operator's alone.
    pub fn cover(&self, department: Option<&str>, application: Option<&str>) -> bool {
        let is_theirs = |role: Option<Role>| role.is_some_and(|role| self.0.contains(&role));
        self.is_everything()
            || is_theirs(department.map(|department| Role::Correspondent(department.to_owned())))
            || is_theirs(application.map(Role::referent))
    }

    /// These rights and those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Rights, Role};

    fn correspondent(department: &str) -> Role {
        Role::Correspondent(department.to_owned())
    }

    #[rstest]
    #[case::an_operator_all(vec![Role::Operator], Some("058"), Some("LSU"), true)]
    #[case::an_operator_the_unknown(vec![Role::Operator], None, None, true)]
    #[case::their_department(vec![correspondent("021")], Some("021"), Some("LSU"), true)]
    #[case::another_department(vec![correspondent("021")], Some("058"), Some("LSU"), false)]
    #[case::no_department(vec![correspondent("021")], None, Some("LSU"), false)]
    #[case::their_application(vec![Role::referent("lsu")], Some("058"), Some("LSU"), true)]
    #[case::another_application(vec![Role::referent("LSU")], Some("058"), Some("ONDE"), false)]
    #[case::no_application(vec![Role::referent("LSU")], Some("058"), None, false)]
    #[case::both(vec![Role::referent("LSU"), correspondent("021")], Some("021"), Some("ONDE"), true)]
    #[case::nobody(vec![], Some("021"), Some("LSU"), false)]
    fn each_sees_their_own(
        #[case] roles: Vec<Role>,
        #[case] department: Option<&str>,
        #[case] application: Option<&str>,
        #[case] expected: bool,
    ) {
        assert_eq!(Rights::of(roles).cover(department, application), expected);
    }

    #[test]
    fn rights_add_up() {
        let rights = Rights::of([correspondent("021")]).and(Rights::of([correspondent("058")]));
        assert_eq!(rights.departments().collect::<Vec<_>>(), ["021", "058"]);
        assert!(!rights.is_none() && !rights.is_everything() && Rights::default().is_none());
        assert!(!rights.is_referent() && rights.and(Rights::of([Role::referent("LSU")])).is_referent());
    }
}
