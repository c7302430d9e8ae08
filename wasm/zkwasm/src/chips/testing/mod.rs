//! Checks tables against their constraints and buses without a proof.

mod needed;
mod results;
mod runs;
mod target;
mod truth;

pub(crate) use crate::check::complaint;
pub use needed::{Truth, not_needed, results_are_true};
pub use results::{EDGES, REQUESTS_WIDTH, eval_requests, events, mutate, mutate_pairs, tables};
pub use runs::{ACCESS_LIES, Case, essential, refuses, run_holds};
pub use target::{Said, Target, Tuple};
pub use truth::accepted;
