//! Events of letters for the operator's own systems, by HTTPS: the content of a message, its signature, sending and
//! retrying. Only this crate and delivery, which fetches what partners publish, name hyper.
//!
//! Events are rows, written in the transaction that they are about; a row is deleted when its receiver has answered
//! 2xx. So nothing is lost, and a message that is repeated after a crash or a lost answer has the same `webhook-id`.
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
