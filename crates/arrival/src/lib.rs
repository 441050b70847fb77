//! The story of an arrival: spool, decide, rows, commit, receipt; what owners write; and what comes back.
//!
//! A letter streams in and is sealed as it comes (`spool`); the policy says what happens to each recipient's copy
//! (`decide`); that becomes rows (`rows`); one commit makes all of it durable (`admit`); only then does the caller get
//! the receipt that becomes `250`. Replies from the portal (`reply`) and the product's own mail (`enqueue`) end in the
//! same rows and the same commit.
//!
//! Must never know: HTTP, the command line, how configuration is written. Clock and randomness are values it is given.

#![deny(clippy::wildcard_enum_match_arm)]

mod admit;
mod audit_hook;
mod authentication;
mod bounce_status;
mod commit;
mod configured_logins;
mod context;
pub mod crl_files;
mod decide;
mod decided;
mod deletion_keyword;
mod edited_head;
pub mod enqueue;
mod event;
mod failure;
mod flush_schedule;
mod key_trail;
mod key_warning;
mod known_lists;
mod known_recipients;
mod listing;
mod live_fingerprints;
mod login_trail;
mod memo;
mod notice_signer;
mod notice_ticket;
pub mod originals;
mod outbox;
pub mod owner_mail;
mod partners;
mod quota;
mod receipt;
mod reception;
pub mod reminder;
mod reply;
mod report_limit;
pub mod revocation_state;
mod rows;
mod settings;
mod spool;
mod thread;
mod tls_report;
mod unclosable;
mod undelivered;
mod undelivered_hook;
pub mod unnotified_letters;
mod verp;

pub use admit::MAX_RECEIVED;
pub use audit_hook::NoticesNoted;
pub use authentication::{Asking, Upstream};
pub use configured_logins::ConfiguredLogins;
pub use context::{Context, Making, Shared, Tenant};
pub use decide::{each, look, name, names_letters, refuse_whole};
pub use decided::{Copy, Decided, Way};
pub use event::{EventFacts, EventSaid, event_said, notice_facts};
pub use key_trail::KeyTrail;
pub use key_warning::tell_of_keys;
pub use known_lists::{MAX_FETCHED, all_lists, is_ours, list_proof};
pub use login_trail::LoginTrail;
pub use notice_signer::NoticeSigner;
pub use notice_ticket::NoticeWriter;
pub use outbox::PortalOutbox;
pub use partners::{Chosen, Pace, Partners, TestLetter, choose, choose_for_test, speaks_for};
pub use reception::ArrivalReception;
pub use report_limit::LimitedReports;
pub use settings::{
    Announcer, CrlSource, Inbound, MostReports, Quotas, Receipts, RevocationLists, Routes, Unopened, Who,
    Writer, Writing,
};
pub use tls_report::send_tls_report;
pub use unclosable::Unclosable;
pub use undelivered_hook::ToMailbox;
