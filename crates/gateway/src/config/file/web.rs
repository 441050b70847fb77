//! The recipients' side of gateway.toml: portal, notices, brand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use sealpost_mail::{ActivateBy, Address, Colour, Term, TlsFloor};
use serde::Deserialize;
use toml::Spanned;

use super::limits::Quota;
use super::smtp::{Floor, WithoutProxy};
use super::units::{Size, Span};

/// `[portal]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Portal {
    pub(crate) addresses: Spanned<Vec<SocketAddr>>,
    pub(crate) public_url: Spanned<String>,
    pub(crate) certificate: Option<Spanned<PathBuf>>,
    pub(crate) key: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<Spanned<String>>,
    /// Proxies that report the client's address with the PROXY protocol.
    #[serde(default)]
    pub(crate) proxy_protocol: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) without_proxy: WithoutProxy,
    #[serde(default = "session_idle")]
    pub(crate) session_idle: Spanned<Span>,
    #[serde(default = "session_total")]
    pub(crate) session_total: Span,
    /// How recipients activate their mailboxes.
    #[serde(default)]
    pub(crate) activation: ActivateBy,
    /// How long letters in a mailbox that is not activated are kept.
    #[serde(default = "activation_within")]
    pub(crate) activation_within: Term,
    /// Whether the subject is shown on the activation page; left out: as in notices.
    #[serde(default)]
    pub(crate) show_subject: Switch,
    #[serde(default)]
    pub(crate) reset: Reset,
    #[serde(default)]
    pub(crate) activation_renewal: Renewal,
    #[serde(default = "lock_after")]
    pub(crate) lock_after: u32,
    #[serde(default = "lock_for")]
    pub(crate) lock_for: Span,
    #[serde(default = "answer_attempts")]
    pub(crate) answer_attempts: u32,
    #[serde(default)]
    pub(crate) write: Write,
    #[serde(default)]
    pub(crate) password: Password,
    /// How long deleted letters can be restored.
    #[serde(default = "trash")]
    pub(crate) trash: Term,
    #[serde(default)]
    pub(crate) export: Export,
    #[serde(default)]
    pub(crate) limits: RequestLimits,
    /// Maximum size of all letters in one mailbox; "0 B": no limit.
    #[serde(default = "mailbox_size")]
    pub(crate) mailbox_size: Spanned<Size>,
}

/// `[portal.limits]`: how often requests are allowed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RequestLimits {
    pub(crate) network_per_second: NonZeroU32,
    pub(crate) network_burst: NonZeroU32,
    pub(crate) session_per_second: NonZeroU32,
    pub(crate) session_burst: NonZeroU32,
    pub(crate) attempts_per_minute: NonZeroU32,
    pub(crate) attempts_burst: NonZeroU32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        let rules = sealpost_portal::RequestLimits::default();
        Self {
            network_per_second: rules.network,
            network_burst: rules.network_burst,
            session_per_second: rules.session,
            session_burst: rules.session_burst,
            attempts_per_minute: rules.attempts,
            attempts_burst: rules.attempts_burst,
        }
    }
}

/// What happens when a link has expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Renewal {
    #[default]
    AtOnce,
    Request,
}

/// What resetting a forgotten password requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reset {
    #[default]
    LinkAndAnswer,
    Answer,
}

/// `[portal.write]`: to whom mailbox owners may write. Empty: to no address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Write {
    /// `insurer.example`, or `*.insurer.example` for everything below it.
    pub(crate) domains: Vec<Spanned<String>>,
    pub(crate) addresses: Vec<Address>,
    /// Maximum size of all files of one letter together.
    pub(crate) max_size: Size,
    /// Limits per mailbox.
    pub(crate) quota: Quota,
    /// Next hop; left out: that of reports.
    pub(crate) hop: Option<Spanned<String>>,
    pub(crate) floor: TlsFloor,
}

impl Default for Write {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            addresses: Vec::new(),
            max_size: Size::mib(20),
            quota: Quota::default(),
            hop: None,
            floor: TlsFloor::Verified,
        }
    }
}

/// `[portal.export]`: limits for generating a PDF.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Export {
    /// Left out: `sealpost-pdf` beside `sealpost`.
    pub(crate) pdf_worker: Option<Spanned<PathBuf>>,
    pub(crate) pdf_at_once: usize,
    pub(crate) pdf_memory: Size,
    pub(crate) pdf_time: Span,
}

impl Default for Export {
    fn default() -> Self {
        Self { pdf_worker: None, pdf_at_once: 2, pdf_memory: Size::mib(1024), pdf_time: Span::secs(90) }
    }
}

/// `[portal.password]`: requirements for passwords.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Password {
    /// Left out: 8, or 12 if no kinds of characters are required.
    pub(crate) minimum_length: Option<usize>,
    pub(crate) digit: bool,
    pub(crate) upper: bool,
    pub(crate) special: bool,
}

impl Default for Password {
    fn default() -> Self {
        Self { minimum_length: None, digit: true, upper: true, special: true }
    }
}

/// A setting whose risk `check` reports, at its position.
pub(crate) type Switch = Option<Spanned<bool>>;

/// `[notices]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Notices {
    pub(crate) from: Address,
    /// Shows the letter's subject in the notice and on the activation page. A subject is often confidential itself.
    #[serde(default)]
    pub(crate) show_subject: Switch,
    #[serde(default)]
    pub(crate) language: Language,
    #[serde(default)]
    pub(crate) languages: BTreeMap<String, Language>,
    /// Languages of delivery reports to senders, one below the other; empty: `language` and English.
    #[serde(default)]
    pub(crate) report_languages: Vec<Language>,
    pub(crate) bounces: Option<Address>,
    /// A PEM file with the private key and the S/MIME certificate that sign notices; left out: they are not signed.
    pub(crate) signing_key: Option<Spanned<PathBuf>>,
    /// Next hop for notices; left out: the delivery route.
    pub(crate) hop: Option<Spanned<String>>,
    /// The minimum TLS for a notice: it carries the activation link.
    #[serde(default)]
    pub(crate) floor: Floor,
    /// How mail sent to `from` is treated.
    #[serde(default)]
    pub(crate) replies: NoticeReplies,
    /// How often owners get notices of new letters, unless they choose otherwise.
    #[serde(default)]
    pub(crate) pace: Pace,
    /// The same for mailboxes that are not activated, after the first mail.
    #[serde(default = "Pace::pending")]
    pub(crate) pending_pace: Pace,
}

/// How often notices of new letters are sent at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pace {
    /// One per letter.
    #[default]
    AtOnce,
    Hourly,
    Daily,
}

impl Pace {
    fn pending() -> Self {
        Self::Hourly
    }
}

impl From<Pace> for sealpost_store::Pace {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::AtOnce => Self::AtOnce,
            Pace::Hourly => Self::Hourly,
            Pace::Daily => Self::Daily,
        }
    }
}

/// How mail sent to the address of the notices is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoticeReplies {
    /// By the rules: it is read by a person.
    #[default]
    Rules,
    /// It ends here, and its sender is told how to reply safely.
    Here,
}

/// A language in which everything people see is available: a folder with its tag under `locales` of notices and of
/// pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Language {
    pub(crate) notices: sealpost_notice::Language,
    pub(crate) pages: sealpost_portal::Language,
}

impl Default for Language {
    fn default() -> Self {
        Self { notices: sealpost_notice::Language::De, pages: sealpost_portal::Language::german() }
    }
}

/// There is no such language.
#[derive(Debug, thiserror::Error)]
#[error("there is no language {0:?}")]
pub(crate) struct LanguageError(String);

impl LanguageError {
    /// What to write instead.
    pub(super) fn hint() -> String {
        let all: Vec<&str> = sealpost_notice::Language::all().map(|language| language.tag()).collect();
        format!("there are {}", all.join(", "))
    }
}

impl TryFrom<String> for Language {
    type Error = LanguageError;

    fn try_from(tag: String) -> Result<Self, LanguageError> {
        let found = sealpost_notice::Language::parse(&tag).zip(sealpost_portal::Language::parse(&tag));
        found.map(|(notices, pages)| Self { notices, pages }).ok_or(LanguageError(tag))
    }
}

/// `[security-txt]`: whom to tell of a vulnerability (RFC 9116).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SecurityTxt {
    /// `mailto:`, `https:` or `tel:`, preferred first.
    pub(crate) contact: Spanned<Vec<String>>,
    /// A day within a year, by which an operator must check that it is still true.
    pub(crate) expires: Spanned<toml::value::Datetime>,
    pub(crate) policy: Option<Spanned<String>>,
    pub(crate) acknowledgments: Option<Spanned<String>>,
}

/// `[brand]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Brand {
    pub(crate) name: String,
    pub(crate) sentence_name: Option<String>,
    pub(crate) phone: Option<String>,
    #[serde(default = "portal_name")]
    pub(crate) portal_name: String,
    #[serde(default = "colour")]
    pub(crate) colour: Colour,
    pub(crate) contact: Spanned<Address>,
    pub(crate) imprint: Option<String>,
    pub(crate) privacy: Option<String>,
    pub(crate) logo: Option<Spanned<PathBuf>>,
}

fn session_idle() -> Spanned<Span> {
    Spanned::new(0..0, Span::secs(20 * 60))
}
fn session_total() -> Span {
    Span::secs(12 * 3600)
}
fn activation_within() -> Term {
    Term::Days(40)
}
fn lock_after() -> u32 {
    10
}
fn lock_for() -> Span {
    Span::secs(15 * 60)
}
fn answer_attempts() -> u32 {
    5
}
fn mailbox_size() -> Spanned<Size> {
    Spanned::new(0..0, Size::mib(2048))
}
fn trash() -> Term {
    Term::Days(14)
}
fn portal_name() -> String {
    "SecureMail".to_owned()
}
fn colour() -> Colour {
    Colour { red: 0x0b, green: 0x5c, blue: 0x74 }
}
