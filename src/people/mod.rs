//! Who may see and do what is not one requester's: operators, correspondents of a department, référents of an
//! application. Each is named by an address or by a group of GLPI; a program by a token.
//!
//! | file | what it does |
//! |---|---|
//! | `rights` | what somebody may see |
//! | `named` | whom the configuration names |
//! | `members` | whom that means: an address alone, or the members of a group |

mod members;
mod named;
mod rights;

pub use self::{
    members::{GroupTrouble, People},
    rights::{Rights, Role},
};
