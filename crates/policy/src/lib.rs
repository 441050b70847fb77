//! Facts and rules in, judgement and reason out.
//!
//! SECURITY: pure. No I/O, no clock, no idea how a verdict is carried out. Rules stand in order, the first
//! that holds decides, none means the configured default. A question that cannot be answered is answered
//! "later" (4yz), or refused for good where the letter itself is the reason (5yz), and never with "no": no
//! rule behind it is reached, so a failing look-up cannot turn a confidential letter into an ordinary one.
//!
//! # The shape in the configuration
//!
//! ```toml
//! [[rule]]
//! name = "accident department"                      # unique; shown in log and `explain`
//! when = { reverse-path = ["*@unfall.insurer.example"], not = { recipient = "*@insurer.example" } }
//! then = { relay = { tls = "verified" } }
//! ```
//!
//! All conditions in `when` must hold; a list inside one condition means *any of these*; `not` holds when
//! not all of its conditions hold (`not = [{…}, {…}]`: none of these groups). See [`When`] for every
//! condition and [`TreatmentSpec`] for `then` (`"relay"`, `"portal"`, `"hold"`, `{ relay = { tls = … } }`, `{ hold = { tls = … } }`,
//! `{ domain = { partner = … } }`, `{ refuse = { text = … } }`). The default is written the same way.
//!
//! # Address patterns
//!
//! | written | means |
//! |---|---|
//! | `max@web.example` | this address; upper and lower case are the same |
//! | `web.example`, `*@web.example` | every address of exactly this domain |
//! | `*.web.example`, `*@*.web.example` | every address of the domains below it, not its own |
//! | `claims-*@web.example` | `*` matches any run of characters before the @ |
//! | `*` | every address |
//! | `<>` | the null reverse-path (`reverse-path` only); no other pattern matches it |
//!
//! Domains may be written with umlauts. A list file holds one such pattern per line; `#` starts a comment.

#![deny(clippy::wildcard_enum_match_arm)]

mod address;
mod compile;
mod condition;
mod condition_words;
mod file_name;
mod file_pattern;
mod letter_facts;
mod media_type;
mod memo;
mod near_miss;
mod odd_values;
mod pattern;
#[cfg(test)]
mod price_tests;
#[cfg(test)]
mod releasing_tests;
mod reply_prefix;
mod rule_coverage;
mod rules;
mod sensitivity_label;
mod shape_error;
#[cfg(test)]
mod sign_tests;
mod size;
mod spec;
mod subject_tag;
mod tag_in_capitals;
mod tag_in_words;
mod trial;
mod truth;
mod wildcard;

pub use address::list_entries;
pub use compile::RuleError;
pub use letter_facts::{Deep, Facts, HeadsWithin, Known};
pub use odd_values::doubtful;
pub use rule_coverage::Always;
pub use rules::{Held, Needs, Rules, Step};
pub use shape_error::shape_hint;
pub use size::Size;
pub use spec::{HeaderSpec, Near, OtherwiseSpec, RuleSpec, TreatmentSpec, When};
pub use trial::{Entrance, Harm, TrialFinding, Which, try_out};
