//! The policy's verdict on one recipient: treatment, edits, minimum TLS. Carried out elsewhere; `#[must_use]` so that
//! it cannot be ignored.

use serde::{Deserialize, Serialize};

use crate::calendar_term::Term;
use crate::reply::Reply;

/// What a connection must prove at least before a letter is sent over it. Ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFloor {
    /// TLS if offered, clear text otherwise (opportunistic).
    #[default]
    None,
    /// TLS required; any certificate.
    Encrypted,
    /// TLS with a certificate valid for the host.
    Verified,
}

/// What happens to one recipient's copy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Treatment {
    /// Relayed unchanged, over at least this TLS.
    Relay {
        /// The minimum TLS.
        tls: TlsFloor,
        /// Whether it is signed by us on the way.
        sign: Signing,
    },
    /// Stored encrypted in the recipient's mailbox.
    Portal,
    /// Encrypted for the partner and sent there.
    Domain {
        /// The partner's name; `None`: whichever partner the recipient belongs to.
        partner: Option<String>,
        /// What happens if there is no usable key.
        otherwise: Otherwise,
    },
    /// Refused.
    Refuse(Refusal),
    /// Kept encrypted in the queue until an operator decides; once released, it is sent over at least this TLS.
    Hold {
        /// The minimum TLS.
        tls: TlsFloor,
    },
}

/// A refusal of one recipient: the reply to the client, and the grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reply to the client.
    pub reply: Reply,
    /// The grounds. Notices to people are worded from these, never from the reply, which is in English.
    pub grounds: Grounds,
}

/// Why the policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// By a rule, with the operator's own text as the reply.
    Written,
    /// By a rule that has no text of its own.
    Unworded,
    /// A rule could not be evaluated for this letter.
    Undecided,
}

/// Whether a relayed letter is signed on the way (S/MIME), for the domain in its From.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// Not signed.
    #[default]
    Off,
    /// Signed if we have a key for it; otherwise sent unsigned.
    WhenPossible,
    /// Not sent unless signed.
    Required,
}

/// What happens to a copy that cannot be encrypted for a partner. No variant sends it in clear text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Otherwise {
    /// Stored in the recipient's mailbox.
    Portal,
    /// Kept until an operator decides; once released, it is sent over at least this TLS.
    Hold {
        /// The minimum TLS.
        tls: TlsFloor,
    },
    /// Refused, with this reply or (`None`) with the reason why it cannot be encrypted.
    Refuse(Option<Reply>),
}

/// A change that a rule requests; there is no other kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Cut everything that looks like this text out of the Subject.
    CutFromSubject(String),
}

/// The rule that decided, in words an administrator understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's name, or `default`.
    pub rule: String,
    /// One sentence: which conditions were met. No content, no subject, no full address.
    pub sentence: String,
}

/// The policy's answer for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Judgement {
    /// What to do.
    pub treatment: Treatment,
    /// What to change on the way.
    pub edits: Vec<Edit>,
    /// Retention in the mailbox; `None`: the default.
    pub keep: Option<Term>,
    /// Why this was decided.
    pub reason: Reason,
}
