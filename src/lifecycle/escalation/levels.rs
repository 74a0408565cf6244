//! The levels of an application: on which one a ticket is, and where it goes from there.

use crate::id::GroupId;

/// An application's groups by level, as GLPI's ids: level 0 has those that tickets go to at their creation, each
/// further level one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The mapping's own group.
    own: GroupId,
    /// The groups of level 0 that natures and departments name.
    others: Vec<GroupId>,
    /// The groups of levels 1, 2, …
    above: Vec<GroupId>,
}

/// A move of a ticket from one level to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The level the ticket is on.
    pub from: usize,
    /// The level it goes to.
    pub to: usize,
    /// The group that is assigned there.
    pub group: GroupId,
}

/// Why a ticket cannot go to another level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Immovable {
    /// None of the application's groups is assigned.
    #[error("no group of the application's levels is assigned")]
    Elsewhere,
    /// It cannot be escalated.
    #[error("the ticket is on the application's highest level")]
    Highest,
    /// It cannot be returned.
    #[error("the ticket is on the application's lowest level")]
    Lowest,
}

impl Levels {
    /// The levels of a mapping: its own group, the other groups of level 0, the groups of levels 1, 2, … in their
    /// order.
    pub fn new(own: GroupId, others: Vec<GroupId>, above: Vec<GroupId>) -> Self {
        Self { own, others, above }
    }

    /// Whether the group is one of the application's, on whichever level.
    pub fn contain(&self, group: GroupId) -> bool {
        self.is_first(group) || self.above.contains(&group)
    }

    /// The level of a ticket with these assigned groups: the lowest that has one of them. While a ticket is moved up,
    /// two groups are assigned, and it is still on the lower level; so a move that was interrupted leads to the same
    /// place when it begins again.
    pub fn of(&self, assigned: &[GroupId]) -> Option<usize> {
        if assigned.iter().any(|group| self.is_first(*group)) {
            return Some(0);
        }
        self.above.iter().position(|group| assigned.contains(group)).map(|index| index + 1)
    }

    /// The assigned groups that make a ticket be on this level.
    pub fn groups_on(&self, level: usize, assigned: &[GroupId]) -> Vec<GroupId> {
        assigned.iter().copied().filter(|group| self.of(&[*group]) == Some(level)).collect()
    }

    /// Where a ticket with these assigned groups is escalated to.
    pub fn up(&self, assigned: &[GroupId]) -> Result<Move, Immovable> {
        let from = self.of(assigned).ok_or(Immovable::Elsewhere)?;
        // The groups above level 0 are counted from level 1.
        let group = *self.above.get(from).ok_or(Immovable::Highest)?;
        Ok(Move { from, to: from + 1, group })
    }

    /// Where a ticket with these assigned groups is returned to. On level 0 that is the group that watches it, as an
    /// escalation leaves it; `observers` are in the order in which they came to watch, and of several the last one
    /// counts. Without one it is the mapping's own group.
    pub fn down(&self, assigned: &[GroupId], observers: &[GroupId]) -> Result<Move, Immovable> {
        let from = self.of(assigned).ok_or(Immovable::Elsewhere)?;
        let to = from.checked_sub(1).ok_or(Immovable::Lowest)?;
        let group = match to.checked_sub(1) {
            Some(index) => self.above.get(index).copied(),
            None => observers.iter().copied().rfind(|group| self.is_first(*group)),
        };
        Ok(Move { from, to, group: group.unwrap_or(self.own) })
    }

    fn is_first(&self, group: GroupId) -> bool {
        group == self.own || self.others.contains(&group)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{
        Immovable::{self, Elsewhere, Highest, Lowest},
        Levels, Move,
    };
    use crate::id::GroupId;

    const OWN: GroupId = GroupId::new(10);
    const NIEVRE: GroupId = GroupId::new(11);
    const BAI: GroupId = GroupId::new(20);
    const STUDIES: GroupId = GroupId::new(30);
    const OTHER: GroupId = GroupId::new(99);

    fn levels() -> Levels {
        Levels::new(OWN, vec![NIEVRE], vec![BAI, STUDIES])
    }

    #[rstest]
    #[case(&[OWN], Some(0))]
    #[case(&[NIEVRE], Some(0))]
    #[case(&[BAI], Some(1))]
    #[case(&[OTHER, STUDIES], Some(2))]
    #[case::half_way_up(&[BAI, OWN], Some(0))]
    #[case::half_way_up_again(&[STUDIES, BAI], Some(1))]
    #[case(&[OTHER], None)]
    #[case(&[], None)]
    fn a_ticket_is_on_the_lowest_level_that_has_it(#[case] assigned: &[GroupId], #[case] expected: Option<usize>) {
        assert_eq!(levels().of(assigned), expected);
    }

    #[rstest]
    #[case(&[OWN], Ok((0, 1, BAI)))]
    #[case(&[NIEVRE, OTHER], Ok((0, 1, BAI)))]
    #[case::half_way_up(&[OWN, BAI], Ok((0, 1, BAI)))]
    #[case(&[BAI], Ok((1, 2, STUDIES)))]
    #[case(&[STUDIES], Err(Highest))]
    #[case(&[OTHER], Err(Elsewhere))]
    fn it_is_escalated_to_the_next_level(
        #[case] assigned: &[GroupId],
        #[case] expected: Result<(usize, usize, GroupId), Immovable>,
    ) {
        assert_eq!(levels().up(assigned), expected.map(|(from, to, group)| Move { from, to, group }));
    }

    #[rstest]
    #[case(&[STUDIES], &[OWN, BAI], Ok((2, 1, BAI)))]
    #[case(&[STUDIES], &[], Ok((2, 1, BAI)))]
    #[case::to_who_had_it(&[BAI], &[OTHER, NIEVRE], Ok((1, 0, NIEVRE)))]
    #[case::to_who_had_it_last(&[BAI], &[OWN, NIEVRE, OTHER], Ok((1, 0, NIEVRE)))]
    #[case::to_the_mapping_s_own(&[BAI], &[OTHER], Ok((1, 0, OWN)))]
    #[case(&[OWN], &[BAI], Err(Lowest))]
    #[case(&[OTHER], &[OWN], Err(Elsewhere))]
    fn it_is_returned_to_the_level_below(
        #[case] assigned: &[GroupId],
        #[case] observers: &[GroupId],
        #[case] expected: Result<(usize, usize, GroupId), Immovable>,
    ) {
        assert_eq!(levels().down(assigned, observers), expected.map(|(from, to, group)| Move { from, to, group }));
    }

    #[test]
    fn an_application_without_escalation_has_one_level() {
        let flat = Levels::new(OWN, vec![], vec![]);
        assert_eq!(flat.up(&[OWN]), Err(Highest));
        assert_eq!(flat.down(&[OWN], &[]), Err(Lowest));
    }

    #[test]
    fn every_group_of_the_application_is_known() {
        for group in [OWN, NIEVRE, BAI, STUDIES] {
            assert!(levels().contain(group));
        }
        assert!(!levels().contain(OTHER));
        assert_eq!(levels().groups_on(0, &[BAI, NIEVRE, OTHER, OWN]), [NIEVRE, OWN]);
        assert_eq!(levels().groups_on(2, &[BAI]), [OWN; 0]);
    }
}
