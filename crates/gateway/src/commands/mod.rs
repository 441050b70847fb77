//! The commands, one file each.

mod adopt;
mod audit;
mod check;
mod check_bucket;
mod check_database;
mod check_dnssec;
mod check_findings;
mod check_partners;
mod check_tokens;
mod demo;
mod dkim;
mod dns;
mod domain_key;
mod evidence;
mod explain;
mod explain_intake;
mod explain_partner;
mod fetched_lists;
mod hash_password;
mod init;
mod jobs;
mod key;
mod key_status;
mod letter;
mod mailbox;
mod memory_guard;
mod migrate;
mod nodes;
mod original;
mod output;
mod partner;
mod queue;
mod queue_waiting;
mod request;
mod rotate;
mod rotate_escrow;
mod serve;
mod store_move;
mod token_key;
mod untrusted_text;
mod verify_portal;
mod webhook;
mod with_store;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use sealpost_mail::Timestamp;

use output::{OutputFormat, complain, complain_all, fail, say};
use with_store::{
    desk, load_to_note, looking, migrated, open_store, prover, runtime, with_store, with_support,
};

use crate::roles::Roles;

/// Sealpost: a secure mail gateway with an attached webmail.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs the whole product on embedded defaults, with sample letters and nothing to configure.
    Demo {
        /// Folder for everything the demo writes; a fresh one in the temporary folder if left out.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Prints only the line of JSON on standard output.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Runs the product.
    Serve {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Which parts run in this process: intake, portal, delivery, jobs (all if left out).
        #[arg(long)]
        role: Option<Roles>,
    },
    /// Checks a configuration completely and reports problems with file, line and hint.
    Check {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Whose keys to check: intake, portal, delivery, jobs (all if left out).
        #[arg(long)]
        role: Option<Roles>,
        /// Also checks the store for inconsistencies.
        #[arg(long)]
        store: bool,
        /// Does not look up host names.
        #[arg(long)]
        offline: bool,
    },
    /// Shows for every recipient of a mail which rule decides, and why. Sends nothing.
    Explain {
        /// The mail (RFC 5322), as a file.
        mail: PathBuf,
        /// The reverse-path; empty for the null reverse-path.
        #[arg(long)]
        from: String,
        /// A recipient; may be given several times.
        #[arg(long, required = true)]
        to: Vec<String>,
        /// The client's address.
        #[arg(long, default_value = "127.0.0.1")]
        client: std::net::IpAddr,
        /// The client's login.
        #[arg(long)]
        login: Option<String>,
        /// The listener; left out: the first that lets this client send.
        #[arg(long)]
        listener: Option<String>,
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
    },
    /// Lists, retries, freezes, thaws and removes queued mail.
    Queue {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: queue::QueueCommand,
    },
    /// Webhook events that are no longer tried: lists, retries and drops them.
    Webhook {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: webhook::WebhookCommand,
    },
    /// Recipients' requests to support: lists, shows, releases and refuses them.
    Request {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: request::RequestCommand,
    },
    /// Shows scheduled jobs, and runs them.
    Jobs {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: jobs::JobsCommand,
    },
    /// Shows which processes serve over one database, and what each has leased.
    Nodes {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Prints one JSON object per line.
        #[arg(long = "json", action = ArgAction::SetTrue, value_parser = OutputFormat::flag())]
        format: OutputFormat,
    },
    /// Shows mailboxes, locks, unlocks and deletes them, and puts them under a hold.
    Mailbox {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: mailbox::MailboxCommand,
    },
    /// Shows a letter, and recalls it.
    Letter {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: letter::LetterCommand,
    },
    /// Lists rows of a store made by a version that proved none, and with --yes vouches for them. Only for stores that
    /// nobody else could write to.
    Adopt {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Vouches for what is listed; without it nothing is changed.
        #[arg(long)]
        yes: bool,
        /// When the last node of a former version stopped: rows made before may be its own. Left out: when the store
        /// was migrated.
        #[arg(long, value_parser = audit::since)]
        old_until: Option<Timestamp>,
    },
    /// Shows whether the audit trail is complete and unchanged, what it contains, and where it ends.
    Audit {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: audit::AuditCommand,
    },
    /// Migrates the store's schema before new processes start; older ones keep working.
    Migrate {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
    },
    /// Moves the whole store to another engine, another place for large letters, or both.
    Store {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: store_move::What,
    },
    /// Creates a configuration, a server key and the data folder.
    Init {
        /// Folder for gateway.toml and server.key.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// Also creates a key file for each role, for processes under users of their own.
        #[arg(long)]
        roles: bool,
    },
    /// Companies that letters are exchanged with in encrypted form: adds, confirms, suspends and removes their keys.
    Partner {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: partner::PartnerCommand,
    },
    /// Encrypted letters received from outside, in their original form: lists them, and decrypts them again.
    Original {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: original::OriginalCommand,
    },
    /// Our own keys for partners: creates, imports, certifies, shows and retires them.
    DomainKey {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: domain_key::DomainKeyCommand,
    },
    /// Keys that sign what the gateway writes and changes (DKIM): creates, uses and rolls them over.
    Dkim {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG", global = true)]
        config: PathBuf,
        #[command(subcommand)]
        what: dkim::DkimCommand,
    },
    /// Prints every record to publish in the DNS, as a zone file.
    Dns {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
        /// Compares with what is published; fails if something is missing or differs.
        #[arg(long)]
        check: bool,
        /// The name server to ask, with its port (9.9.9.9:53); the system's if left out.
        #[arg(long, requires = "check")]
        resolver: Option<std::net::SocketAddr>,
        /// Only records of this name or below it, such as _dmarc.insurer.example; several may be given.
        names: Vec<String>,
    },
    /// Makes key files, changes keys, and shows what is sealed with which key.
    Key {
        #[command(subcommand)]
        what: key::KeyCommand,
    },
    /// Prints the public key that verifies letters from the portal: a DNS record, also for verify-portal.
    PortalKey {
        /// The configuration file.
        #[arg(long, default_value = "gateway.toml", env = "SEALPOST_CONFIG")]
        config: PathBuf,
    },
    /// Says whether a mail was written by a logged-in user of the portal. Needs no configuration and no secret.
    VerifyPortal {
        /// The mail (RFC 5322), as a file; "-" is standard input.
        mail: PathBuf,
        /// The output of portal-key, as a file.
        #[arg(long)]
        key: PathBuf,
    },
    /// Reads a password from standard input and prints its Argon2id hash for a [[login]].
    HashPassword,
}

/// Runs the command line.
pub(crate) fn run(cli: Cli) -> ExitCode {
    // Before anything is read.
    memory_guard::shut();
    match cli.verb {
        Verb::Demo { data, format } => demo::run(data, format),
        Verb::Serve { config, role } => serve::run(&config, role.unwrap_or(Roles::ALL)),
        Verb::Check { config, role, store, offline } => {
            check::run(&config, role.unwrap_or(Roles::ALL), store, offline)
        }
        Verb::Explain { mail, from, to, client, login, listener, config } => {
            explain::run(&explain::Question { mail, from, to, client, login, listener, config })
        }
        Verb::Queue { config, what } => queue::run(&config, &what),
        Verb::Webhook { config, what } => webhook::run(&config, &what),
        Verb::Request { config, what } => request::run(&config, &what),
        Verb::Jobs { config, what } => jobs::run(&config, &what),
        Verb::Nodes { config, format } => nodes::run(&config, format),
        Verb::Mailbox { config, what } => mailbox::run(&config, &what),
        Verb::Letter { config, what } => letter::run(&config, &what),
        Verb::Partner { config, what } => partner::run(&config, &what),
        Verb::Original { config, what } => original::run(&config, &what),
        Verb::DomainKey { config, what } => domain_key::run(&config, &what),
        Verb::Audit { config, what } => audit::run(&config, &what),
        Verb::Dkim { config, what } => dkim::run(&config, &what),
        Verb::Dns { config, check, resolver, names } => {
            let purpose = if check { dns::Purpose::Compare } else { dns::Purpose::Print };
            dns::run(&config, purpose, resolver, &names)
        }
        Verb::Adopt { config, yes, old_until } => {
            let request = if yes { adopt::Request::Vouch } else { adopt::Request::List };
            adopt::run(&config, request, old_until)
        }
        Verb::Migrate { config } => migrate::run(&config),
        Verb::Store { config, what } => store_move::run(&config, &what),
        Verb::Init { folder, roles } => {
            let keys = if roles { init::KeyFiles::PerRole } else { init::KeyFiles::One };
            init::run(&folder, keys)
        }
        Verb::Key { what } => key::run(&what),
        Verb::PortalKey { config } => verify_portal::key(&config),
        Verb::VerifyPortal { mail, key } => verify_portal::run(&mail, &key),
        Verb::HashPassword => hash_password::run(),
    }
}
