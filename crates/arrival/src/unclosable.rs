//! Why a copy that had to be encrypted or signed is not sent: the client's reply (SMTP replies are English),
//! and the reason given in a report in its own languages. Knows no rows and encrypts nothing.

use sealpost_mail::Reply;
use sealpost_notice::{KeyProblem, RefusalReason};
use sealpost_partner::Why;
use sealpost_seal::{Method, Objection};

/// Why a copy cannot be encrypted or signed.
pub enum Unclosable {
    /// The rule has its own text for it.
    Written(Reply),
    /// It had to be encrypted, and no key may be used.
    NotEncrypted(Why),
    /// It had to be signed, and no key of ours may sign it.
    NotSigned(Why),
}

impl Unclosable {
    /// The reply to the client.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let (what, why) = match self {
            Self::Written(reply) => return reply.clone(),
            Self::NotEncrypted(why) => ("encrypted", why),
            Self::NotSigned(why) => ("signed", why),
        };
        let text = format!("This message must be {what} and cannot be: {why}; it was not sent");
        Reply::refuse(550, 7, 5, &text).because(why)
    }

    /// The reason given in a report.
    pub(crate) fn in_report(&self) -> RefusalReason<'_> {
        match self {
            Self::Written(reply) => RefusalReason::Written(reply.text()),
            Self::NotEncrypted(why) => RefusalReason::NotEncrypted(problem(why)),
            Self::NotSigned(why) => RefusalReason::NotSigned(problem(why)),
        }
    }
}

fn problem(why: &Why) -> KeyProblem {
    match why {
        Why::NoPartner => KeyProblem::NoPartner,
        Why::OtherPartner => KeyProblem::OtherPartner,
        Why::PartnerSuspended => KeyProblem::PartnerSuspended,
        Why::Untested => KeyProblem::Untested,
        Why::NoKey => KeyProblem::NoKey,
        Why::NotTrusted => KeyProblem::NotConfirmed,
        Why::Suspended => KeyProblem::Suspended,
        Why::Expired | Why::Objection(Objection::Expired) => KeyProblem::Expired,
        Why::Revoked | Why::Objection(Objection::Revoked) => KeyProblem::Revoked,
        Why::Objection(Objection::NotYetValid) => KeyProblem::NotYetValid,
        Why::Objection(Objection::WeakKey) => KeyProblem::WeakKey,
        Why::Objection(Objection::WeakHash) => KeyProblem::WeakHash,
        Why::Objection(Objection::WrongUsage) => KeyProblem::WrongUsage,
        Why::Objection(Objection::Authority) => KeyProblem::Authority,
        Why::OtherAddress | Why::Objection(Objection::AddressMismatch | Objection::DomainMismatch) => {
            KeyProblem::OtherAddress
        }
        Why::Objection(Objection::UnreadableName) => KeyProblem::UnreadableName,
        Why::NotVouchedFor => KeyProblem::NotVouchedFor,
        Why::NoSender => KeyProblem::NoSender,
        Why::OtherSender => KeyProblem::OtherSender,
        Why::NotTheirs => KeyProblem::NotTheirs,
        Why::FromWorld => KeyProblem::FromWorld,
        Why::NoOwnKey(Method::Smime) => KeyProblem::NoOwnKey("S/MIME"),
        Why::NoOwnKey(Method::OpenPgp) => KeyProblem::NoOwnKey("OpenPGP"),
    }
}
