//! Events of letters to the operator's own systems, by HTTPS: what a message says, how it is signed, sent and sent again.
//! Only this crate and delivery, which fetches what partners publish, name hyper.
//!
//! Events are rows, written by whoever does what they tell of; a row goes when its receiver has answered 2xx. So nothing is
//! lost, and what is sent again after a crash or a lost answer has the same `webhook-id`.
//!
//! Must never know: SQL, rules, content and subjects, how configuration is written.

mod dispatch;
mod message;
mod post;
mod schedule;

pub use dispatch::{Dispatcher, OpenedEvent, Opener, run};
pub use message::{About, Addresses};
pub use post::{Receiver, ReceiverError};
pub use sealpost_tls::Trust;
