//! Figures on many tickets, computed in the background from what GLPI says of them: nobody waits for them.
//!
//! | file | what it does |
//! |---|---|
//! | `quantiles` | the middle and the end of many durations |
//! | `samples` | how long tickets took, in working time |
//! | `expected` | how long an application's next request will probably take |

mod expected;
mod quantiles;
mod samples;

pub use self::{
    expected::{ExpectedDelay, ExpectedDelays},
    quantiles::Quantiles,
    samples::{Sample, sample, worked},
};
