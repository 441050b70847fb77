//! What the policy says of one recipient: treatment, edits, TLS floor. Carried out elsewhere; `#[must_use]` so that nobody forgets.

use serde::{Deserialize, Serialize};

use crate::calendar_term::Term;
use crate::reply::Reply;

/// The least that a connection must prove before a letter goes over it. Ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFloor {
    /// TLS if offered, clear otherwise (opportunistic).
    #[default]
    None,
    /// TLS or nothing; any certificate.
    Encrypted,
    /// TLS with a certificate valid for the host.
    Verified,
}

/// What happens to one recipient's copy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Treatment {
    /// Relayed on, untouched, over at least this TLS.
    Relay {
        /// The floor.
        tls: TlsFloor,
        /// Whether it leaves with a signature of ours around it.
        sign: Signing,
    },
    /// Deposited, sealed, in the recipient's mailbox.
    Portal,
    /// Encrypted for the partner and sent there.
    Domain {
        /// The partner's name; `None`: whichever partner the recipient belongs to.
        partner: Option<String>,
        /// What happens where there is no key that may be used.
        otherwise: Otherwise,
    },
    /// Refused.
    Refuse(Refusal),
    /// Kept sealed in the queue, frozen, until an operator decides; released, it goes over at least this TLS.
    Hold {
        /// The floor.
        tls: TlsFloor,
    },
}

/// A refusal of one recipient: what the client is told, and on what grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the client is told.
    pub reply: Reply,
    /// On what grounds. Whoever writes to people about it later words this, and never the reply: that one is English.
    pub grounds: Grounds,
}

/// Why the policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// A rule does, and the reply's text is the operator's own.
    Written,
    /// A rule does, and gives no words of its own.
    Unworded,
    /// A rule could not be answered for this letter.
    Undecided,
}

/// Whether a letter that is relayed is signed on the way (S/MIME), for the domain in its From.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// It goes as it is.
    #[default]
    Off,
    /// Where there is a key of ours that may sign it; else it goes as it is.
    WhenPossible,
    /// Or it does not go.
    Required,
}

/// What happens to a copy that cannot be encrypted for a partner. No variant sends it in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Otherwise {
    /// Into the recipient's mailbox.
    Portal,
    /// Kept until an operator decides; released, it goes over at least this TLS.
    Hold {
        /// The floor.
        tls: TlsFloor,
    },
    /// Refused, with this reply or (`None`) with the reason why it cannot be encrypted.
    Refuse(Option<Reply>),
}

/// A change a rule asks for, and the only kind of change there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Cut everything that looks like this text out of the Subject.
    CutFromSubject(String),
}

/// Which rule decided, in words an administrator understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's name, or `default`.
    pub rule: String,
    /// One sentence: which conditions held. No content, no subject, no full address.
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
    /// How long a mailbox keeps it, where that is this letter's own.
    pub keep: Option<Term>,
    /// Why.
    pub reason: Reason,
}
