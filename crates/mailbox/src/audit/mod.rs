//! The audit trail: what is recorded, by whom and from where, and how it is proven. Must never know: content,
//! addresses, how a row is written.

pub mod actions;
mod chain;
mod event;
mod event_codes;
mod verify;
mod verify_trail;

pub use chain::{Chain, event_holds, event_proof, fact_holds, fact_proof};
pub use event::{
    Actor, Arrived, Credentials, DkimKeyChange, Event, Failure, HopReply, JobOutcome, KeyChange, LetterGone,
    MailboxGone, OwnKeyChange, OwnKeyUse, PartnerChange, ReleasedLetters, ReloadEnd, SessionEnd, StoreMove,
    counted, logged_in, network,
};
pub use verify::{AnchorWord, Finding, Verified, Verifier};
pub use verify_trail::verify_trail;
