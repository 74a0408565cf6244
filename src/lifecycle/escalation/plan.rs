//! The steps of a move: what must still be done until a ticket is with its new group.
//!
//! A plan is made from what the ticket is now, never from what was done before. So a move that was interrupted goes
//! on where it stopped, and of two at once each finds done what the other did: all end in the same state.

use super::Levels;
use crate::glpi::{ActorRole, TicketGroup};
use crate::id::{GroupId, GroupLinkId, UserLinkId};

/// A row of `Ticket_User`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The row's id.
    pub row: UserLinkId,
    /// What the person is to the ticket.
    pub role: ActorRole,
    /// Whether the person is a member of the group the ticket goes to. An assignee who is only a mail address is not.
    pub in_target: bool,
}

/// One call to GLPI. Adding what is there and removing what is gone are done already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Adds these groups in these roles with one `POST Group_Ticket`, so that the ticket never has no group.
    AddGroups(Vec<(GroupId, ActorRole)>),
    /// Removes this row of `Ticket_User`.
    RemoveUser(UserLinkId),
    /// Removes this row of `Group_Ticket`.
    RemoveGroup(GroupLinkId),
}

/// What must be done, in this order, until `target` is the only group of the application's levels that is assigned:
/// it is added as assigned and the groups that had the ticket as observers; assigned persons who are not its members
/// leave; the groups that had it leave the assignees. Every other actor stays. Nothing, where all is so.
pub fn steps(groups: &[TicketGroup], users: &[UserRow], target: GroupId, levels: &Levels) -> Vec<Step> {
    let has = |group: GroupId, role: ActorRole| groups.iter().any(|row| row.group == group && row.role == role);
    let leaving: Vec<&TicketGroup> = groups
        .iter()
        .filter(|row| row.role == ActorRole::Assigned && row.group != target && levels.contain(row.group))
        .collect();

    let mut missing: Vec<(GroupId, ActorRole)> = Vec::new();
    let wanted = leaving.iter().map(|row| (row.group, ActorRole::Observer));
    for actor in [(target, ActorRole::Assigned)].into_iter().chain(wanted) {
        if !has(actor.0, actor.1) && !missing.contains(&actor) {
            missing.push(actor);
        }
    }
    let adding = (!missing.is_empty()).then_some(Step::AddGroups(missing));
    let technicians = users.iter().filter(|row| row.role == ActorRole::Assigned && !row.in_target);

    let removing =
        technicians.map(|row| Step::RemoveUser(row.row)).chain(leaving.iter().map(|row| Step::RemoveGroup(row.row)));
    adding.into_iter().chain(removing).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{ActorRole, Levels, Step, TicketGroup, UserRow, steps};
    use crate::id::GroupId;

    const REFERENTS: GroupId = GroupId::new(10);
    const BAI: GroupId = GroupId::new(20);
    const STUDIES: GroupId = GroupId::new(30);
    /// A group of no level.
    const OTHER: GroupId = GroupId::new(99);

    fn levels() -> Levels {
        Levels::new(REFERENTS, vec![GroupId::new(11)], vec![BAI, STUDIES])
    }

    /// A ticket in GLPI, as far as its actors go. Each user has a number, and whether the target has them.
    #[derive(Clone, Debug)]
    struct Ticket {
        groups: Vec<TicketGroup>,
        users: Vec<(u64, UserRow)>,
        next_row: u64,
    }

    /// Who is what on a ticket, whatever the rows' numbers: groups, users.
    type Actors = (BTreeSet<(GroupId, ActorRole)>, BTreeSet<(u64, ActorRole)>);

    impl Ticket {
        fn new(groups: &[(GroupId, ActorRole)], users: &[(u64, ActorRole, bool)]) -> Self {
            let mut ticket = Self { groups: vec![], users: vec![], next_row: 1 };
            ticket.apply(&Step::AddGroups(groups.to_vec()));
            for (user, role, in_target) in users {
                if ticket.users.iter().all(|(other, row)| (*other, row.role) != (*user, *role)) {
                    let row = ticket.row();
                    ticket.users.push((*user, UserRow { row: row.into(), role: *role, in_target: *in_target }));
                }
            }
            ticket
        }

        fn row(&mut self) -> u64 {
            self.next_row += 1;
            self.next_row
        }

        /// Does what GLPI does: an actor has a role once, a row that is gone stays gone.
        fn apply(&mut self, step: &Step) {
            match step {
                Step::AddGroups(actors) => {
                    for (group, role) in actors.iter().copied() {
                        if self.groups.iter().all(|row| (row.group, row.role) != (group, role)) {
                            let row = self.row();
                            self.groups.push(TicketGroup { row: row.into(), group, role });
                        }
                    }
                }
                Step::RemoveUser(row) => self.users.retain(|(_, user)| user.row != *row),
                Step::RemoveGroup(row) => self.groups.retain(|group| group.row != *row),
            }
        }

        fn plan(&self, target: GroupId) -> Vec<Step> {
            let users: Vec<_> = self.users.iter().map(|(_, row)| *row).collect();
            steps(&self.groups, &users, target, &levels())
        }

        /// The plan as GLPI carries it out: one call adds its groups one by one, and may be cut between two.
        fn plan_in_pieces(&self, target: GroupId) -> Vec<Step> {
            let pieces = self.plan(target).into_iter().flat_map(|step| match step {
                Step::AddGroups(actors) => actors.into_iter().map(|actor| Step::AddGroups(vec![actor])).collect(),
                other => vec![other],
            });
            pieces.collect()
        }

        fn moved(mut self, target: GroupId) -> Self {
            for step in self.plan(target) {
                self.apply(&step);
            }
            self
        }

        fn actors(&self) -> Actors {
            (
                self.groups.iter().map(|row| (row.group, row.role)).collect(),
                self.users.iter().map(|(user, row)| (*user, row.role)).collect(),
            )
        }
    }

    /// A ticket the référents have, one of whom works on it, with people around it.
    fn at_the_referents() -> Ticket {
        use ActorRole::{Assigned, Observer, Requester};
        Ticket::new(
            &[(REFERENTS, Assigned), (OTHER, Assigned), (OTHER, Requester), (GroupId::new(40), Observer)],
            &[(1, Requester, false), (2, Assigned, false), (3, Assigned, true), (4, Observer, false)],
        )
    }

    #[test]
    fn the_new_group_comes_before_anybody_leaves() {
        let ticket = at_the_referents();
        let row = |group: GroupId| ticket.groups.iter().find(|row| row.group == group).unwrap().row;
        let technician = ticket.users.iter().find(|(user, _)| *user == 2).unwrap().1.row;
        assert_eq!(
            ticket.plan(BAI),
            [
                Step::AddGroups(vec![(BAI, ActorRole::Assigned), (REFERENTS, ActorRole::Observer)]),
                Step::RemoveUser(technician),
                Step::RemoveGroup(row(REFERENTS)),
            ]
        );
    }

    #[test]
    fn the_old_group_watches_the_technician_leaves_and_everybody_else_stays() {
        use ActorRole::{Assigned, Observer, Requester};
        let (groups, users) = at_the_referents().moved(BAI).actors();
        let expected = [
            (BAI, Assigned),
            (REFERENTS, Observer),
            (OTHER, Assigned),
            (OTHER, Requester),
            (GroupId::new(40), Observer),
        ];
        assert_eq!(groups, expected.into());
        assert_eq!(users, [(1, Requester), (3, Assigned), (4, Observer)].into());
    }

    #[test]
    fn a_return_gives_the_ticket_back() {
        let (groups, _) = at_the_referents().moved(BAI).moved(REFERENTS).actors();
        let assigned: Vec<_> =
            groups.iter().filter(|(_, role)| *role == ActorRole::Assigned).map(|(id, _)| *id).collect();
        assert_eq!(assigned, [REFERENTS, OTHER]);
        assert!(groups.contains(&(BAI, ActorRole::Observer)));
    }

    #[test]
    fn nothing_is_planned_where_all_is_done() {
        assert_eq!(at_the_referents().moved(BAI).plan(BAI), []);
    }

    #[test]
    fn a_move_interrupted_after_any_step_ends_as_if_it_had_not_been() {
        let whole = at_the_referents().moved(BAI).actors();
        let plan = at_the_referents().plan_in_pieces(BAI);
        for done in 0..=plan.len() {
            let mut ticket = at_the_referents();
            plan[..done].iter().for_each(|step| ticket.apply(step));
            assert_eq!(ticket.moved(BAI).actors(), whole, "after {done} steps");
        }
    }

    fn roles() -> impl Strategy<Value = ActorRole> {
        prop::sample::select(vec![ActorRole::Requester, ActorRole::Assigned, ActorRole::Observer])
    }

    /// Any ticket, with any groups of the application and others in any roles.
    fn tickets() -> impl Strategy<Value = Ticket> {
        let group = prop::sample::select(vec![REFERENTS, GroupId::new(11), BAI, STUDIES, GroupId::new(40), OTHER]);
        let groups = prop::collection::vec((group, roles()), 0..8);
        let users = prop::collection::vec((1..5_u64, roles()), 0..8);
        // Users 3 and 4 are the target's.
        (groups, users).prop_map(|(groups, users)| {
            let users: Vec<_> = users.into_iter().map(|(user, role)| (user, role, user > 2)).collect();
            Ticket::new(&groups, &users)
        })
    }

    fn targets() -> impl Strategy<Value = GroupId> {
        prop::sample::select(vec![REFERENTS, BAI, STUDIES])
    }

    proptest! {
        #[test]
        fn only_the_target_has_the_ticket_and_every_other_actor_stays(ticket in tickets(), target in targets()) {
            let (groups_before, users_before) = ticket.actors();
            let (groups, users) = ticket.moved(target).actors();
            for (group, role) in &groups {
                let has_it = *role == ActorRole::Assigned && levels().contain(*group);
                prop_assert!(!has_it || *group == target);
            }
            prop_assert!(groups.contains(&(target, ActorRole::Assigned)));
            for actor in groups_before {
                let left = actor.1 == ActorRole::Assigned && actor.0 != target && levels().contain(actor.0);
                let expected = if left { (actor.0, ActorRole::Observer) } else { actor };
                prop_assert!(groups.contains(&expected));
            }
            let staying: BTreeSet<_> =
                users_before.into_iter().filter(|(user, role)| *role != ActorRole::Assigned || *user > 2).collect();
            prop_assert_eq!(users, staying);
        }

        #[test]
        fn a_move_converges_from_every_interruption(ticket in tickets(), target in targets()) {
            let whole = ticket.clone().moved(target);
            prop_assert_eq!(whole.plan(target), vec![]);
            let plan = ticket.plan_in_pieces(target);
            for done in 0..=plan.len() {
                let mut ticket = ticket.clone();
                plan[..done].iter().for_each(|step| ticket.apply(step));
                prop_assert_eq!(ticket.moved(target).actors(), whole.actors());
            }
        }

        #[test]
        fn two_moves_at_once_end_as_one(
            mut ticket in tickets(), target in targets(), begun in 0..6_usize, turns in prop::collection::vec(prop::bool::ANY, 16),
        ) {
            let whole = ticket.clone().moved(target).actors();
            let mut first = ticket.plan_in_pieces(target).into_iter();
            first.by_ref().take(begun).for_each(|step| ticket.apply(&step));
            let mut second = ticket.plan_in_pieces(target).into_iter();
            for turn in turns {
                if let Some(step) = if turn { first.next() } else { second.next() } {
                    ticket.apply(&step);
                }
            }
            first.chain(second).for_each(|step| ticket.apply(&step));
            prop_assert_eq!(ticket.actors(), whole);
        }
    }
}
