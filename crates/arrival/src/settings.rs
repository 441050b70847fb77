//! The operator's settings for arrivals: plain values, and what follows from them alone. Knows no store, no key, no
//! letter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use sealpost_delivery::Route;
use sealpost_mail::{ActivateBy, Address, Brand, Direction, Domain, Origin, Secret, Timestamp, TlsFloor};
use sealpost_mailbox::{Going, Paces, Retention, WriteRules, activation_token, portal_links};
use sealpost_notice::Language;
use sealpost_seal::{Harvest, Lists};
use sealpost_store::{MailboxState, NewToken, Pace, UseLimits};
use sealpost_vault::{Token, TokenHash};

use crate::authentication::Asking;

/// Routes of mail that is neither a notice nor a letter from a mailbox's owner.
#[derive(Clone, Debug)]
pub struct Routes {
    /// Relayed mail.
    pub relay: Route,
    /// Reports and other mails to senders.
    pub reports: Route,
    /// Name and address that reports are from.
    pub report_from: (String, Address),
    /// Languages of reports, one below the other.
    pub report_languages: Vec<Language>,
    /// How long delivery tries.
    pub give_up: Duration,
    /// Who may write for which domains; empty: every permitted client may write for all.
    pub writers: Vec<Writer>,
}

/// A client of the operator's that may write for domains.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The client.
    pub who: Who,
    /// The sender domains that it may use.
    pub domains: Vec<Domain>,
}

/// How a client is identified.
#[derive(Clone, Debug)]
pub enum Who {
    /// The client logged in with this name.
    Login(String),
    /// By its network, without a login.
    Network(IpNet),
}

impl Routes {
    /// Whether what came from there may be signed for this domain.
    #[must_use]
    pub fn may_write(&self, origin: &Origin, domain: &Domain) -> bool {
        let is_it = |who: &Who| match (who, &origin.login) {
            (Who::Login(name), Some(login)) => name == login,
            (Who::Network(network), None) => network.contains(&origin.peer),
            (Who::Login(_), None) | (Who::Network(_), Some(_)) => false,
        };
        self.writers.is_empty()
            || self.writers.iter().any(|writer| is_it(&writer.who) && writer.domains.contains(domain))
    }
}

/// Read receipts to senders who request them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// Receipts are not sent.
    #[default]
    Off,
    /// Once, when it is opened for the first time.
    OnOpen,
}

/// How notices look and where they go, and the deadlines they state.
#[derive(Clone, Debug)]
pub struct Announcer {
    /// The notices' sender address.
    pub from: Address,
    /// Name, colour and logo of the operator.
    pub brand: Brand,
    /// The time zone of the dates in them.
    pub zone: String,
    /// Base URL of links, without a trailing slash.
    pub public_url: String,
    /// Whether they show the subject.
    pub show_subject: bool,
    /// For unknown recipients that no entry of `languages` covers.
    pub language: Language,
    /// By the last labels of the recipient's domain; the longest match wins.
    pub languages: BTreeMap<String, Language>,
    /// The bounce address of notices (VERP), if any.
    pub bounces: Option<Address>,
    /// Whether mail to `from` ends here, and its author is told how to reply safely.
    pub replies_here: bool,
    /// Whether read receipts are sent.
    pub receipts: Receipts,
    /// How requests by mail to delete one's own mailbox are authenticated; `None`: not accepted.
    pub requests: Option<Asking>,
    /// After this many permanent bounces nothing more is sent to an address; 0: always send.
    pub hard_bounces: u32,
    /// How often owners get notices of new letters, unless they choose otherwise.
    pub pace: Pace,
    /// The same for mailboxes that are not activated.
    pub pending_pace: Pace,
    /// When letters and links expire.
    pub retention: Retention,
    /// What activates a new mailbox.
    pub activate_by: ActivateBy,
    /// The route of notices.
    pub route: Route,
    /// The minimum TLS for a notice.
    pub floor: TlsFloor,
}

/// Settings for letters from owners.
#[derive(Clone, Debug)]
pub struct Writing {
    /// The permitted recipients.
    pub rules: WriteRules,
    /// Their route.
    pub route: Route,
    /// The minimum TLS for them.
    pub floor: TlsFloor,
}

/// Settings for letters from outside, including partners.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The listeners they arrive at.
    pub listeners: Vec<String>,
    /// By listener, the list of existing recipients; without an entry all addresses in its domains exist.
    pub recipients: HashMap<String, String>,
    /// The operator's filters in front: what comes from there is not all from one client.
    pub filters: Vec<IpNet>,
    /// Names of the operator's own servers in `Authentication-Results`: outsiders may not use them (RFC 8601 §5).
    pub authserv_ids: Vec<String>,
    /// The operator's servers in front, which write such fields themselves.
    pub authenticators: Vec<IpNet>,
    /// Their route: to the operator's own server.
    pub route: Route,
    /// What happens to an encrypted one that cannot be decrypted.
    pub unopened: Unopened,
    /// How long originals of encrypted ones are kept; `None`: not at all.
    pub originals: Option<Duration>,
    /// Put before the subject of a letter that was encrypted, and signed by a partner; ASCII.
    pub tag: Option<String>,
    /// Trusted root certificates, DER.
    pub roots: Vec<Vec<u8>>,
    /// Which signers' certificates are kept as offers.
    pub harvest: Harvest,
    /// How far revocation lists are required for a chain to one of the roots.
    pub lists: Lists,
    /// The revocation lists in files.
    pub crls: Arc<dyn RevocationLists>,
    /// Whether lists are also fetched.
    pub crl_source: CrlSource,
}

/// Sources of revocation lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrlSource {
    /// The operator's files.
    #[default]
    Files,
    /// Also fetched by a job from the addresses in certificates.
    Fetch,
}

/// The current revocation lists, DER: their files are replaced every few days.
pub trait RevocationLists: std::fmt::Debug + Send + Sync {
    /// The current lists, DER.
    fn now(&self) -> Arc<Vec<Vec<u8>>>;
}

/// What happens to an encrypted letter that cannot be decrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unopened {
    /// It is passed on unchanged, with a note in its head.
    #[default]
    Pass,
    /// It waits in the queue until an operator has looked.
    Hold,
}

impl Inbound {
    /// The direction of letters that arrive at this listener; inbound ones are decrypted.
    #[must_use]
    pub fn direction(&self, listener: &str) -> Direction {
        match self.listeners.iter().any(|one| one == listener) {
            true => Direction::Inbound,
            false => Direction::Outbound,
        }
    }
}

/// The operator's limits; by default there are none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas {
    /// Letters from the portal, per mailbox.
    pub writing: Option<UseLimits>,
    /// Letters per reverse-path.
    pub sender: Option<UseLimits>,
    /// Letters per login.
    pub login: Option<UseLimits>,
    /// Maximum size of all letters in one mailbox, in bytes.
    pub mailbox: Option<u64>,
    /// Reports to reverse-paths claimed by outsiders.
    pub reports: MostReports,
}

/// Reports per day; `i64::MAX` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostReports {
    /// To one address, about different letters; and about each of these.
    pub address: i64,
    /// To one domain.
    pub domain: i64,
    /// To all domains together.
    pub all: i64,
}

impl Default for MostReports {
    fn default() -> Self {
        Self { address: 10, domain: 200, all: 2_000 }
    }
}

impl Announcer {
    /// The language for an unknown recipient.
    pub fn language(&self, address: &Address) -> Language {
        let mut rest = address.domain().as_str();
        loop {
            if let Some(language) = self.languages.get(rest) {
                return *language;
            }
            match rest.split_once('.') {
                Some((_label, parent)) => rest = parent,
                None => return self.language,
            }
        }
    }

    /// The URL of a page of the portal, for mails.
    pub(crate) fn link(&self, path: &str) -> Secret<String> {
        Secret::new(format!("{}{path}", self.public_url))
    }

    /// The link in an activation mail. It contains nothing of the address.
    pub fn activation_link(&self, token: &Token) -> Secret<String> {
        self.link(&portal_links::activation(token.text().expose()))
    }

    /// The row of an activation token.
    pub fn new_token(&self, hash: TokenHash, now: Timestamp) -> NewToken {
        activation_token(hash, now, self.retention.link(now))
    }

    /// When a letter expires that waits for its mailbox to be activated, and the days until then.
    pub(crate) fn deadline(&self, going: Going, now: Timestamp) -> (Timestamp, u32) {
        let expires = going.at.unwrap_or_else(|| self.retention.link(now));
        (expires, self.retention.days(now, expires))
    }

    /// Whether mail to this address ends here, and its author is to be told.
    pub(crate) fn is_ours(&self, recipient: &Address) -> bool {
        self.replies_here && recipient.identity() == self.from.identity()
    }

    /// How often a mailbox's owner gets notices: the owner's choice if it is active, otherwise the operator's setting.
    pub fn pace_of(&self, state: MailboxState, request: Option<Pace>) -> Pace {
        Paces { in_use: self.pace, pending: self.pending_pace }.of(state, request)
    }

    /// Whether too many notices bounced to send another one.
    pub(crate) fn is_unreachable(&self, bounces: u32) -> bool {
        self.hard_bounces > 0 && bounces >= self.hard_bounces
    }
}
