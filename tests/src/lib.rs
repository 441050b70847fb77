//! The rig: starts the real `sealpost` binary and simulates its environment: the insurer's mail server (raw
//! SMTP or a real Postfix), the recipients' mail servers, the recipient's browser.
//!
//! Must never know: the product's internals. It links no product crate; everything it knows comes from
//! sockets, files, output and exit codes, as for an operator.
//!
//! A scenario reads like a script, so everything here blocks and panics: a failed expectation ends the test
//! with the dialogue so far. Waiting is always for an event, with a deadline.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "tests"
)]

pub mod browser;
pub mod canary;
pub mod config;
pub mod devtools;
pub mod dkim;
pub mod dns;
pub mod erased;
pub mod gateway;
pub mod gpg;
pub mod haproxy;
pub mod hop;
mod hop_session;
pub mod http;
pub mod ill_clock;
pub mod ill_disk;
pub mod ill_end;
pub mod letters;
pub mod lost_answer;
pub mod openssl;
pub mod patient;
pub mod pattern;
pub mod pgbouncer;
pub mod ports;
pub mod postfix;
pub mod postgres;
pub mod postgres_pair;
pub mod process;
pub mod proxy_header;
pub mod psql;
pub mod reader;
pub mod readers;
pub mod receiver;
pub mod routes;
pub mod s3;
pub mod signed_zones;
pub mod sink;
pub mod slapd;
pub mod smime_authority;
pub mod smtp;
pub mod softhsm;
pub mod tap;
pub mod tls;
pub mod trail;
pub mod trap;
pub mod watch;
pub mod web_file;
pub mod web_folder;
pub mod world;

pub use browser::Browser;
pub use canary::Canary;
pub use config::Config;
pub use devtools::Screen;
pub use gateway::{Demo, Gateway};
pub use hop::{Answer, Delivered, Hop, QUEUED, Stage};
pub use http::Web;
pub use postfix::Postfix;
pub use sink::Sink;
pub use smtp::{Reply, Smtp};
pub use tls::Authority;
pub use trap::Trap;
pub use world::World;

/// The longest any single event may take on a busy two-core machine.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
