//! Scheduled jobs: expired data is deleted, owners and senders are reminded, expiring keys are reported.
//!
//! Ticks are UTC (decision 0009) and only check what is due; due times are in the store, so that missed runs are made
//! up for, and a lease there lets one of several processes run a job (decision 0031).
//!
//! Must never know: what a letter says, HTTP, the command line, how configuration is written. It holds no key that
//! opens a mailbox.

mod audit_trail;
mod authorities;
mod clock_check;
mod crl_fetch;
mod digests;
mod dry_run;
mod due_lists;
mod expiring_keys;
mod forget_preview;
mod job;
mod job_context;
mod kept_lists;
mod key_preview;
mod notify_times;
mod ocsp;
mod preview;
mod reminders;
mod retention;
mod revoked_certificates;
mod runner;
mod scheduler;
mod senders;
mod tls_preview;
mod tls_reports;
mod unreadable_rows;

pub use audit_trail::say_end;
pub use authorities::{Authorities, Ocsp};
pub use clock_check::{Belief, belief, days};
pub use dry_run::{DryRun, DryRunItem};
pub use job::{Job, Needs};
pub use job_context::{Counts, Failed, JobContext, PartnerWork};
pub use notify_times::{Hours, NotifyTimes};
pub use preview::foresee;
pub use runner::{Ran, Runner};
pub use scheduler::{JobError, Jobs, start};
