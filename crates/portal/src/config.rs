//! What the operator decides about the portal. Reads no file itself and knows no default host.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use sealpost_mail::{ActivateBy, Brand, Colour, Term, Timestamp, Zone};
use sealpost_mailbox::{LockRules, Retention, WriteRules};
use sealpost_proxied::Proxies;
use sealpost_store::Unread;
use thiserror::Error;

use crate::http::origin::PublicOrigin;
use crate::http::tls::TlsFileError;

/// Why the portal does not start. The text names the setting and how to fix it.
#[derive(Debug, Error)]
pub enum PortalError {
    /// `public-url` is not an absolute web address.
    #[error("public-url must be an absolute address without a path")]
    PublicUrl,
    /// Cookies and letters would travel in clear.
    #[error("public-url is plain http, which is allowed on this machine only (127.0.0.1, ::1, localhost)")]
    PlainHttp,
    /// Nothing to listen on.
    #[error("there is no address to listen on")]
    NoAddress,
    /// A language without translation.
    #[error("there is no translation for the language {0:?}")]
    Language(String),
    /// An unknown time zone.
    #[error("the time zone {0:?} is unknown")]
    TimeZone(String),
    /// A socket could not be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address of the socket.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// A certificate or key file.
    #[error("TLS file {path}: {why}")]
    Tls {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Embedded assets or templates do not match: a fault of the build.
    #[error("the portal's own files are damaged: {0}")]
    Assets(String),
    /// The web server stopped on its own.
    #[error("the web server stopped: {0}")]
    Server(#[from] std::io::Error),
}

impl From<TlsFileError> for PortalError {
    fn from(TlsFileError { path, why }: TlsFileError) -> Self {
        Self::Tls { path, why }
    }
}

impl PortalError {
    /// How to fix it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::PublicUrl => "write it like \"https://mail.insurer.example\"",
            Self::PlainHttp => "use https",
            Self::NoAddress => "give one, like \"0.0.0.0:443\"",
            Self::TimeZone(_) => "write it like Europe/Berlin",
            Self::Language(_) => "each language offered needs a folder in webmail-ui/locales",
            Self::Bind { .. } | Self::Tls { .. } | Self::Assets(_) | Self::Server(_) => {
                "gateway.toml in the documentation explains every key"
            }
        }
    }
}

/// Where TLS ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortalTls {
    /// At a proxy in front, or plain http on this machine.
    Off,
    /// Here, with these PEM files; [`crate::Portal::reloader`] reloads them.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Ends after this long without a request.
    pub idle: Duration,
    /// Ends after this long in any case.
    pub absolute: Duration,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { idle: Duration::from_secs(20 * 60), absolute: Duration::from_secs(12 * 3600) }
    }
}

/// What resetting a forgotten password requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetBy {
    /// Control of the mail address, by a link in a mail, and the answer.
    #[default]
    LinkAndAnswer,
    /// The answer alone. Weaker.
    Answer,
}

/// What happens when an expired activation link is to be renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Renewal {
    /// A new one is mailed at once.
    #[default]
    AtOnce,
    /// The owner must ask support.
    Request,
}

/// Rate limits: a burst, then a steady rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Requests per second from one network without a session.
    pub network: NonZeroU32,
    /// Burst of requests from one network.
    pub network_burst: NonZeroU32,
    /// Requests per second of one session, from anywhere.
    pub session: NonZeroU32,
    /// Burst of requests of one session.
    pub session_burst: NonZeroU32,
    /// Passwords, answers and links per minute from one network; correct ones do not count.
    pub attempts: NonZeroU32,
    /// Burst of attempts.
    pub attempts_burst: NonZeroU32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        fn of(number: u32) -> NonZeroU32 {
            NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
        }
        Self {
            network: of(20),
            network_burst: of(400),
            session: of(20),
            session_burst: of(400),
            attempts: of(20),
            attempts_burst: of(40),
        }
    }
}

/// Limits for exporting letters.
#[derive(Clone, Debug)]
pub struct ExportRules {
    /// The program that makes PDFs; `None`: `sealpost-pdf` beside the running program.
    pub pdf_worker: Option<PathBuf>,
    /// PDFs made at once.
    pub pdf_at_once: usize,
    /// Bytes of memory per PDF.
    pub pdf_memory: u64,
    /// Time limit for each PDF.
    pub pdf_time: Duration,
}

impl Default for ExportRules {
    fn default() -> Self {
        Self { pdf_worker: None, pdf_at_once: 2, pdf_memory: 1 << 30, pdf_time: Duration::from_secs(90) }
    }
}

/// Requirements for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Minimum length, never below 8; `None`: 8, or 12 if no kinds of characters are required.
    pub minimum_length: Option<usize>,
    /// A password needs a digit.
    pub digit: bool,
    /// A password needs an upper-case letter.
    pub upper: bool,
    /// A password needs a character that is neither letter nor digit.
    pub special: bool,
    /// The minimum zxcvbn score (0 to 4).
    pub minimum_strength: u8,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { minimum_length: None, digit: true, upper: true, special: true, minimum_strength: 2 }
    }
}

/// Whom to tell of a vulnerability (RFC 9116).
#[derive(Clone, Debug)]
pub struct SecurityContact {
    /// `mailto:`, `https:` or `tel:`, preferred first.
    pub contacts: Vec<String>,
    /// Not to be used after that.
    pub expires: Timestamp,
    /// How reports are handled, an absolute URL.
    pub policy: Option<String>,
    /// Acknowledgements of reporters, an absolute URL.
    pub acknowledgments: Option<String>,
}

/// All settings of the portal.
#[derive(Clone, Debug)]
pub struct PortalConfig {
    /// The addresses to listen on.
    pub addresses: Vec<SocketAddr>,
    /// Where TLS ends.
    pub tls: PortalTls,
    /// The public address: `https://mail.example.org`.
    pub public_url: String,
    /// Name, colours and logo of the operator.
    pub brand: Brand,
    /// The languages offered, preferred first; each must have a folder in `webmail-ui/locales`.
    pub languages: Vec<String>,
    /// IANA name of the time zone, for dates.
    pub time_zone: String,
    /// How long sessions last.
    pub session: SessionRules,
    /// What a password must contain.
    pub password: PasswordRules,
    /// What resetting a forgotten password requires.
    pub reset: ResetBy,
    /// How recipients activate their mailboxes.
    pub activate_by: ActivateBy,
    /// What happens when an activation link has expired.
    pub renewal: Renewal,
    /// How long letters and activation links are kept.
    pub retention: Retention,
    /// What happens to unopened letters when their owner deletes them, or the mailbox.
    pub unread: Unread,
    /// What follows failed passwords.
    pub locks: LockRules,
    /// Rate limits.
    pub limits: RequestLimits,
    /// Security questions offered instead of the built-in ones, per language; may be empty.
    pub questions: Vec<(String, Vec<String>)>,
    /// How letters are exported.
    pub export: ExportRules,
    /// To whom, and how much, owners may write.
    pub write: WriteRules,
    /// Whether the activation page shows the subject of the waiting letter.
    pub show_subject: bool,
    /// Networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<sealpost_mail::Network>,
    /// Proxies that report the client's address with the PROXY protocol.
    pub proxies: Proxies,
    /// How often owners get notices of new letters if they have not chosen.
    pub pace: sealpost_store::Pace,
    /// Maximum memory for all opened letters, in bytes.
    pub memory: usize,
    /// Whether our keys for partners are published, at `/partner` and in a Web Key Directory.
    pub partner_page: bool,
    /// Whom to tell of a vulnerability.
    pub security: Option<SecurityContact>,
}

impl PortalConfig {
    /// Values for a demo or a test.
    #[must_use]
    pub fn sample(address: SocketAddr, public_url: &str) -> Self {
        Self {
            addresses: vec![address],
            tls: PortalTls::Off,
            public_url: public_url.to_owned(),
            brand: Brand {
                name: "Insurer".into(),
                sentence_name: None,
                portal_url: public_url.to_owned(),
                portal_name: "SecureMail".into(),
                colour: Colour { red: 0x0b, green: 0x5c, blue: 0x74 },
                logo: None,
                phone: None,
                contact: Some("securemail@insurer.example".into()),
                imprint: None,
                privacy: None,
            },
            languages: vec!["de".into(), "en".into()],
            time_zone: "Europe/Berlin".into(),
            session: SessionRules::default(),
            password: PasswordRules::default(),
            reset: ResetBy::default(),
            activate_by: ActivateBy::default(),
            renewal: Renewal::default(),
            retention: Retention {
                zone: Zone::utc(),
                unactivated: Term::Days(40),
                letters: None,
                mailbox: None,
                trash: Term::Days(14),
                asked: None,
            },
            unread: Unread::Forgotten,
            locks: LockRules::default(),
            limits: RequestLimits::default(),
            questions: Vec::new(),
            export: ExportRules::default(),
            write: WriteRules {
                domains: vec!["insurer.example".into(), "*.insurer.example".into()],
                ..WriteRules::default()
            },
            show_subject: true,
            trusted_proxies: Vec::new(),
            proxies: Proxies::default(),
            pace: sealpost_store::Pace::AtOnce,
            memory: 128 * 1024 * 1024,
            partner_page: true,
            security: None,
        }
    }

    /// Checks the settings without opening a socket.
    pub fn check(&self) -> Result<(), PortalError> {
        self.origin()?;
        if self.addresses.is_empty() {
            return Err(PortalError::NoAddress);
        }
        for tag in &self.languages {
            crate::language::Language::parse(tag).ok_or_else(|| PortalError::Language(tag.clone()))?;
        }
        jiff::tz::TimeZone::get(&self.time_zone)
            .map_err(|_unknown| PortalError::TimeZone(self.time_zone.clone()))?;
        Ok(())
    }

    /// Scheme, host and port of the public address.
    pub(crate) fn origin(&self) -> Result<PublicOrigin, PortalError> {
        let url = self.public_url.trim_end_matches('/');
        let (https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(PortalError::PublicUrl),
        };
        let clean = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        if rest.is_empty() || !rest.chars().all(clean) {
            return Err(PortalError::PublicUrl);
        }
        let here = ["127.0.0.1", "[::1]", "localhost"]
            .iter()
            .any(|host| rest.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':')));
        if !https && !here {
            return Err(PortalError::PlainHttp);
        }
        Ok(PublicOrigin { https, text: url.to_ascii_lowercase() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> Result<String, String> {
        let mut config = PortalConfig::sample(([127, 0, 0, 1], 0).into(), url);
        config.public_url = url.to_owned();
        config.origin().map(|o| o.text).map_err(|e| e.hint().to_owned())
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(with_url("http://127.0.0.1:8080").is_ok());
        assert!(with_url("http://localhost").is_ok());
        assert!(with_url("https://mail.example.org/").is_ok());
        assert!(with_url("http://mail.example.org").is_err_and(|e| e.contains("https")));
        assert!(with_url("http://localhost.evil.example").is_err());
        assert!(with_url("https://a/b").is_err());
        assert!(with_url("mail.example.org").is_err());
    }

    #[test]
    fn a_bad_setting_is_named() {
        let mut config = PortalConfig::sample(([127, 0, 0, 1], 0).into(), "http://localhost");
        assert!(config.check().is_ok());
        config.time_zone = "Mars/Olympus".into();
        assert!(config.check().is_err_and(|e| e.to_string().contains("Mars/Olympus")));
    }
}
