//! The recipients' webmail as users see it: a real Chromium, both languages, phone and desktop, light and
//! dark mode, with scripts and without, friendly letters and hostile ones.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::panic,
    reason = "tests"
)]

mod axe;
mod broker;
mod conversations;
mod crawl;
mod everywhere;
mod features;
mod figures;
mod filters;
mod first;
mod first_screen;
mod full_mailbox;
mod growing;
mod hostile;
mod inner_text;
mod keyboard;
mod late;
mod long_day;
mod looks;
mod office;
mod own_folders;
mod pages;
mod places;
mod print;
mod reading;
mod targets;
mod uploads;
mod vectors;
mod walk;
mod watch;
mod weight;
