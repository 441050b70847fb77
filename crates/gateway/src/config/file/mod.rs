//! gateway.toml as written: serde structs, unknown keys refused. What the values mean is decided in
//! `checked`; nothing here opens a socket or a key.

mod ldap;
mod limits;
mod notify_times;
mod parse_errors;
mod partners;
mod problem;
mod signing;
mod smtp;
mod store;
mod tokens;
mod units;
mod web;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealpost_mail::{Direction, Term};
use sealpost_policy::RuleSpec;
use serde::Deserialize;
use toml::Spanned;

pub(crate) use ldap::{Ldap, LdapTls};
pub(crate) use limits::{Limits, Quota, Reports};
pub(crate) use notify_times::{MailRequests, Reminders, Senders};
pub(crate) use partners::{
    Crl, CrlSource, Harvest, LookupPlace, Ocsp, PartnerReplies, Partners, SignedDns, Unopened,
};
pub(crate) use problem::{Problem, Source};
pub(crate) use signing::Dkim;
pub(crate) use smtp::{
    Delivery, DeliveryMinimum, Hop, HopTls, Listener, ListenerTls, Login, TlsMinimum, WithoutProxy,
    XclientAgain,
};
pub(crate) use tokens::Token;
pub(crate) use units::Size;
pub(crate) use web::{Brand, NoticeReplies, Notices, Portal, Renewal, Reset, SecurityTxt};
pub(crate) use webhooks::Webhook;

pub(crate) use store::{Durability, Engine, Rows, S3};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    pub(crate) gateway: Gateway,
    #[serde(default)]
    pub(crate) store: Rows,
    #[serde(default, rename = "listener")]
    pub(crate) listeners: Vec<Listener>,
    #[serde(default, rename = "login")]
    pub(crate) logins: Vec<Login>,
    #[serde(default)]
    pub(crate) hops: BTreeMap<String, Hop>,
    pub(crate) delivery: Delivery,
    #[serde(default, rename = "delivery-minimum")]
    pub(crate) minimums: Vec<DeliveryMinimum>,
    pub(crate) policy: Policy,
    #[serde(default)]
    pub(crate) lists: BTreeMap<String, Spanned<PathBuf>>,
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<Spanned<RuleSpec>>,
    pub(crate) portal: Portal,
    pub(crate) notices: Notices,
    pub(crate) brand: Brand,
    #[serde(default)]
    pub(crate) partners: Partners,
    #[serde(default, rename = "token")]
    pub(crate) tokens: Vec<Token>,
    pub(crate) security_txt: Option<SecurityTxt>,
    #[serde(default)]
    pub(crate) dkim: Dkim,
    #[serde(default)]
    pub(crate) retention: Retention,
    #[serde(default)]
    pub(crate) reminders: Reminders,
    #[serde(default)]
    pub(crate) senders: Senders,
    #[serde(default, rename = "wishes")]
    pub(crate) mail_requests: MailRequests,
    #[serde(default, rename = "webhook")]
    pub(crate) webhooks: Vec<Webhook>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) log: Log,
    #[serde(default)]
    pub(crate) audit: Audit,
}

impl Config {
    /// The listeners for letters from outside.
    pub(crate) fn inbound(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(|listener| listener.direction() == Direction::Inbound)
    }
}

/// `[audit]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Audit {
    /// How long rows of the audit trail are kept.
    pub(crate) kept: Term,
}

impl Default for Audit {
    /// Claims expire three years after the end of the year they arose in (BGB §§ 195, 199): until then a
    /// dispute whether a letter arrived needs its rows.
    fn default() -> Self {
        Self { kept: Term::Years(4) }
    }
}

/// `[gateway]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Gateway {
    pub(crate) name: Spanned<sealpost_mail::Domain>,
    pub(crate) data: Spanned<PathBuf>,
    /// One key for everything, or ...
    pub(crate) server_key: Option<Spanned<String>>,
    /// ... a folder with a key file for each role.
    pub(crate) role_keys: Option<Spanned<String>>,
    #[serde(default = "default_zone")]
    pub(crate) time_zone: Spanned<String>,
    #[serde(default)]
    pub(crate) escrow: Escrow,
    /// With `escrow = "offline"`: the file with the public part.
    pub(crate) escrow_public: Option<Spanned<PathBuf>>,
    #[serde(default = "default_memory")]
    pub(crate) memory: Spanned<Size>,
    /// Left out: twice the largest letter, at least 128 MiB. "0 B": no minimum and no reserve.
    pub(crate) minimum_free: Option<Spanned<Size>>,
    #[serde(default = "default_lock_wait")]
    pub(crate) lock_wait: units::Span,
}

/// What a support reset may do (architecture, keys at rest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Escrow {
    /// The server key opens a mailbox after a support reset: messages are kept.
    #[default]
    Server,
    /// A key kept in a safe opens it, when it is provided.
    Offline,
    /// Nothing but the owner opens a mailbox: a support reset loses the messages.
    None,
}

/// `[policy]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Policy {
    pub(crate) default: Spanned<sealpost_policy::TreatmentSpec>,
    /// How replies to portal letters are treated that no rule names.
    #[serde(default)]
    pub(crate) replies: Replies,
    /// Which letters support may recall.
    #[serde(default)]
    pub(crate) recall: Recall,
    /// Percentage of its entries that a list may have lost when it is reloaded; if more, the old list is
    /// kept.
    #[serde(default = "half")]
    pub(crate) lists_may_lose: Spanned<u8>,
    /// Whether senders who ask for it (`Disposition-Notification-To`) are told that a letter was opened.
    #[serde(default)]
    pub(crate) receipts: Receipts,
}

fn half() -> Spanned<u8> {
    Spanned::new(0..0, 50)
}

/// Read receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Receipts {
    /// Never.
    #[default]
    Off,
    /// Once, to its sender, when it is opened for the first time.
    OnOpen,
}

/// Which letters may be recalled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Recall {
    /// Nothing.
    Never,
    /// Letters that have not been opened.
    #[default]
    Unread,
    /// Opened ones too, if that is requested explicitly.
    Always,
}

/// How replies to portal letters are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Replies {
    /// Into the portal, unless a rule says otherwise.
    #[default]
    Portal,
    /// As the rules and the default say.
    Rules,
}

/// `[retention]`: what the hourly job deletes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Retention {
    /// Counted from deposit, or from activation for letters that waited for it. Left out: until the owner
    /// deletes them.
    pub(crate) letters: Option<Spanned<Term>>,
    /// A mailbox that receives nothing and whose owner does not log in. Left out: it is kept.
    pub(crate) mailbox: Option<Spanned<Term>>,
    /// What a letter's sender may request with `Expires` or `Expiry-Date`. Left out: nothing.
    pub(crate) asked: Option<Spanned<RetentionBounds>>,
    /// How far the clock may be ahead of the jobs' last run; beyond that an operator must confirm it.
    pub(crate) clock_jump: units::Span,
}

impl Default for Retention {
    fn default() -> Self {
        Self { letters: None, mailbox: None, asked: None, clock_jump: units::Span::secs(3 * 24 * 60 * 60) }
    }
}

/// `[retention.asked]`: the bounds of a sender's request.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RetentionBounds {
    pub(crate) least: Term,
    pub(crate) most: Term,
}

/// `[log]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

fn default_zone() -> Spanned<String> {
    Spanned::new(0..0, "Europe/Berlin".to_owned())
}

fn default_lock_wait() -> units::Span {
    units::Span::secs(10)
}

fn default_memory() -> Spanned<Size> {
    Spanned::new(0..0, Size::mib(128))
}

/// Reads a configuration file. On failure: every problem found in its text.
pub(crate) fn read(file: &Path) -> Result<(Config, Source), Vec<Problem>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![Problem {
            file: file.to_owned(),
            line: None,
            wrong: format!("cannot be read: {error}"),
            hint: parse_errors::unreadable(error.kind()).to_owned(),
        }]
    })?;
    let mut source = Source::new(file, text);
    match toml::from_str::<Config>(&source.text) {
        Ok(config) => Ok((config, source)),
        Err(error) => {
            // toml's own Display quotes the source line, which may contain a secret: use its message only.
            let offset = error.span().map_or(0, |span| span.start);
            let (wrong, hint) =
                parse_errors::explain(error.message(), parse_errors::written(&source.text, error.span()));
            source.at(offset, wrong, hint);
            Err(source.problems)
        }
    }
}
