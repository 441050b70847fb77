//! What the operator has set for arrivals: plain values, and what follows from them alone. Knows no store, no key, no
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

/// Where mail goes that is neither a notice nor a letter of a mailbox's owner.
#[derive(Clone, Debug)]
pub struct Routes {
    /// Mail that is relayed.
    pub relay: Route,
    /// Reports and what else the senders are told.
    pub reports: Route,
    /// Who reports are from.
    pub report_from: (String, Address),
    /// Languages of reports, one below the other.
    pub report_languages: Vec<Language>,
    /// How long delivery tries.
    pub give_up: Duration,
    /// Who may write for which domains; nobody: whoever may send may write for all.
    pub writers: Vec<Writer>,
}

/// Somebody of the operator's who may write for domains.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Which clients the rule is about.
    pub who: Who,
    /// The sender domains that they may use.
    pub domains: Vec<Domain>,
}

/// How they are known when they hand a letter in.
#[derive(Clone, Debug)]
pub enum Who {
    /// The client logged in with this name.
    Login(String),
    /// By their network, without a login.
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

/// Whether senders who ask for it hear that a letter was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipts {
    /// Receipts are not sent.
    #[default]
    Off,
    /// Once, when it is opened for the first time.
    OnOpen,
}

/// How long a recipient has before an unactivated letter is deleted, and how notices look.
#[derive(Clone, Debug)]
pub struct Announcer {
    /// Who notices are from.
    pub from: Address,
    /// Name, colour and logo of the operator.
    pub brand: Brand,
    /// The time zone of the dates in them.
    pub zone: String,
    /// Where links lead; without a slash at the end.
    pub public_url: String,
    /// Whether they show the subject.
    pub show_subject: bool,
    /// For recipients nobody knows and no entry of `languages` covers.
    pub language: Language,
    /// By the last labels of the recipient's domain; the longest match wins.
    pub languages: BTreeMap<String, Language>,
    /// Where reports on notices come back to (VERP), if anywhere.
    pub bounces: Option<Address>,
    /// Whether mail to `from` ends here, and its writer is told how to answer safely.
    pub replies_here: bool,
    /// Whether senders who ask for it hear that a letter was opened.
    pub receipts: Receipts,
    /// How it is proven that somebody wants by mail that their own mailbox be deleted; `None`: nobody can.
    pub requests: Option<Asking>,
    /// After so many notices that came back for good nothing more is sent to an address; 0: always.
    pub hard_bounces: u32,
    /// How often owners are told of new letters, unless they request otherwise.
    pub pace: Pace,
    /// The same where nobody has activated the mailbox.
    pub pending_pace: Pace,
    /// When letters and links go.
    pub retention: Retention,
    /// What a new mailbox opens with.
    pub activate_by: ActivateBy,
    /// The road that they take.
    pub route: Route,
    /// The least TLS a notice goes over.
    pub floor: TlsFloor,
}

/// Where letters of owners go, and to whom they may.
#[derive(Clone, Debug)]
pub struct Writing {
    /// The recipients that they may write to.
    pub rules: WriteRules,
    /// The road that notices take.
    pub route: Route,
    /// The least TLS they go over.
    pub floor: TlsFloor,
}

/// Letters that come in from the world, from partners among them.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The listeners they come in by.
    pub listeners: Vec<String>,
    /// The list of those whom strangers may write to, by the listener; of others all in its domains.
    pub recipients: HashMap<String, String>,
    /// Filters of the operator's that they come through: what comes from there is not all of one client.
    pub filters: Vec<IpNet>,
    /// Names of the operator's own servers in `Authentication-Results`: nobody from the world may write them
    /// (RFC 8601 §5).
    pub authserv_ids: Vec<String>,
    /// Servers of the operator's that letters come through, which write such fields themselves.
    pub authenticators: Vec<IpNet>,
    /// Where they go: the operator's own server.
    pub route: Route,
    /// What happens to an encrypted one that cannot be opened.
    pub unopened: Unopened,
    /// How long encrypted ones are kept as they came; `None`: not at all.
    pub originals: Option<Duration>,
    /// In front of the subject of a letter that was encrypted, and signed by a partner; ASCII.
    pub tag: Option<String>,
    /// DER of the authorities whose certificates are believed.
    pub roots: Vec<Vec<u8>>,
    /// Which signers' certificates are kept as offers.
    pub harvest: Harvest,
    /// What a chain to one of them needs of revocation lists.
    pub lists: Lists,
    /// The certificate revocation lists in files.
    pub crls: Arc<dyn RevocationLists>,
    /// Whether there are others.
    pub crl_source: CrlSource,
}

/// Where revocation lists come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrlSource {
    /// Files of the operator's.
    #[default]
    Files,
    /// Their authorities as well: a job asks them, by the addresses in certificates.
    Fetch,
}

/// DER of revocation lists as they are now: their files are written anew every few days.
pub trait RevocationLists: std::fmt::Debug + Send + Sync {
    /// The lists as they are now, in DER.
    fn now(&self) -> Arc<Vec<Vec<u8>>>;
}

/// What happens to an encrypted letter that cannot be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unopened {
    /// It goes on as it came, with a note in its head.
    #[default]
    Pass,
    /// It waits in the queue until an operator has looked.
    Hold,
}

impl Inbound {
    /// Which way letters go that come in by this listener; inbound ones are opened.
    #[must_use]
    pub fn direction(&self, listener: &str) -> Direction {
        match self.listeners.iter().any(|one| one == listener) {
            true => Direction::Inbound,
            false => Direction::Outbound,
        }
    }
}

/// What the operator allows; nothing said: no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas {
    /// Letters of one mailbox from the portal.
    pub writing: Option<UseLimits>,
    /// Letters of one reverse-path.
    pub sender: Option<UseLimits>,
    /// Letters of one login.
    pub login: Option<UseLimits>,
    /// Bytes of all letters in one mailbox.
    pub mailbox: Option<u64>,
    /// Reports to reverse-paths that somebody outside claims.
    pub reports: MostReports,
}

/// Reports within a day; `i64::MAX` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostReports {
    /// To one address, of letters; and of reports on each of these.
    pub address: i64,
    /// Number of reports to one domain.
    pub domain: i64,
    /// Number of reports to all domains together.
    pub all: i64,
}

impl Default for MostReports {
    fn default() -> Self {
        Self { address: 10, domain: 200, all: 2_000 }
    }
}

impl Announcer {
    /// The language for a recipient nobody knows yet.
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

    /// A page of the portal, as a mail names it.
    pub(crate) fn link(&self, path: &str) -> Secret<String> {
        Secret::new(format!("{}{path}", self.public_url))
    }

    /// The link an activation mail carries. Nothing of the address is in it.
    pub fn activation_link(&self, token: &Token) -> Secret<String> {
        self.link(&portal_links::activation(token.text().expose()))
    }

    /// The row of an activation token.
    pub fn new_token(&self, hash: TokenHash, now: Timestamp) -> NewToken {
        activation_token(hash, now, self.retention.link(now))
    }

    /// When a letter is deleted that waits for its mailbox to be activated, and the days until then.
    pub(crate) fn deadline(&self, going: Going, now: Timestamp) -> (Timestamp, u32) {
        let expires = going.at.unwrap_or_else(|| self.retention.link(now));
        (expires, self.retention.days(now, expires))
    }

    /// Whether mail to this address is for nobody, and its writer shall know.
    pub(crate) fn is_ours(&self, recipient: &Address) -> bool {
        self.replies_here && recipient.identity() == self.from.identity()
    }

    /// How often a mailbox's owner is told of new letters: as they request once there is an owner, else as the operator says.
    pub fn pace_of(&self, state: MailboxState, request: Option<Pace>) -> Pace {
        Paces { in_use: self.pace, pending: self.pending_pace }.of(state, request)
    }

    /// Whether so many notices came back that no further one is sent.
    pub(crate) fn is_unreachable(&self, bounces: u32) -> bool {
        self.hard_bounces > 0 && bounces >= self.hard_bounces
    }
}
