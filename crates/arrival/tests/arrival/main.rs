//! A letter from the listener to its rows, on a real store: what each verdict leaves, who is told what, and
//! what is not there if something fails.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod again;
mod bounces;
mod initial_passwords;
mod limits;
mod login_trail;
mod logins_in_the_trail;
mod notices;
mod odd_letters;
mod outbox_mails;
mod partners;
mod portal_replies;
mod receipts;
mod refused_recipients;
mod reminders;
mod revocation_lists;
mod rig;
mod several;
mod threads;
mod tls_reports;
mod to_ourselves;
mod trail;
mod treatments;
mod undelivered_words;
mod verdicts;
