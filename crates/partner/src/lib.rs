//! Partners: companies that letters are exchanged with in encrypted form. Who one is, which of its keys counts for an
//! address at a moment and why not, our own keys for it, and all of that in rows that nobody can plant.
//!
//! Must never know: HTTP, SMTP, the rules, and how a letter is encrypted (that is `seal`). It holds no key of the
//! server; every function takes the keys it needs. Clock and randomness are arguments.

mod book;
mod choice;
mod error;
mod own;
mod place;
mod rotate;
mod state;
mod window;

pub use book::{Book, Found, Partner, PartnerKey, Reach, Standing};
pub use choice::{Choice, KeyVerdict, Why, choose, judge};
pub use error::PartnerError;
pub use own::{Own, OwnKeys, PublicKeys, Published};
pub use place::Place;
pub use rotate::{PartnerSeals, Resealed};
pub use sealpost_seal::Method;
pub use state::{Refused, Step, after};
pub use window::{Shown, Window};
