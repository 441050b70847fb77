//! The text of an explanation for a condition that holds or does not: no content, no subject, no address.
//! Examines no letter.

use std::borrow::Cow;

use crate::condition::Condition;

impl Condition {
    /// The text if it holds.
    pub(crate) fn words_if_held(&self) -> String {
        let (what, held, _) = self.words();
        format!("{what} {held}")
    }

    /// The text if it does not hold.
    pub(crate) fn words_if_not(&self) -> String {
        let (what, _, not) = self.words();
        format!("{what} {not}")
    }

    /// The subject of the condition, and the texts for both results.
    fn words(&self) -> (Cow<'static, str>, &'static str, &'static str) {
        let (what, held, not) = match self {
            Self::ReversePath(_) => ("the reverse-path", "is one of those named", "is none of those named"),
            Self::From(_) => ("the From address", "is one of those named", "is none of those named"),
            Self::Recipient(_) => ("the recipient", "is one of those named", "is none of those named"),
            Self::SubjectTag(_) => ("the subject", "carries the tag", "does not carry the tag"),
            Self::SubjectPattern(_) => ("the subject", "matches the pattern", "does not match the pattern"),
            Self::Header(_) => ("the header field", "is as described", "is not as described"),
            Self::Sensitivity(_) => ("the Sensitivity field", "is as named", "is missing or different"),
            Self::Label(_) => ("the sensitivity label", "is set", "is not set"),
            Self::SizeAtLeast(_) => ("the size", "reaches the lower bound", "is below the lower bound"),
            Self::SizeAtMost(_) => ("the size", "is within the upper bound", "is over the upper bound"),
            Self::AttachmentName(_) => ("an attachment's name", "matches", "that matches is not there"),
            Self::AttachmentType(_) => ("an attachment's type", "matches", "that matches is not there"),
            Self::TextPattern(_) => ("the text", "matches the pattern", "does not match the pattern"),
            Self::Encrypted(true) => ("the letter", "is encrypted already", "is not encrypted"),
            Self::Encrypted(false) => ("the letter", "is not encrypted", "is encrypted already"),
            Self::Signed(true) => ("the letter", "is signed already", "is not signed"),
            Self::Signed(false) => ("the letter", "is not signed", "is signed already"),
            Self::Reply(true) => {
                ("the letter", "answers one of the portal's", "answers none of the portal's")
            }
            Self::Reply(false) => {
                ("the letter", "answers none of the portal's", "answers one of the portal's")
            }
            Self::ReplyToClosed(true) => {
                ("the letter", "answers one that came in encrypted", "answers none that came in encrypted")
            }
            Self::ReplyToClosed(false) => {
                ("the letter", "answers none that came in encrypted", "answers one that came in encrypted")
            }
            Self::FromPartner(true) => (
                "the letter",
                "is signed by the partner it is from",
                "is signed by no partner that it is from",
            ),
            Self::FromPartner(false) => (
                "the letter",
                "is signed by no partner that it is from",
                "is signed by the partner it is from",
            ),
            Self::Unopened(true) => (
                "the letter",
                "came encrypted and is not opened for certain",
                "did not come encrypted, or is opened for certain",
            ),
            Self::Unopened(false) => (
                "the letter",
                "did not come encrypted, or is opened for certain",
                "came encrypted and is not opened for certain",
            ),
            Self::Client(_) => ("the client", "is in the network", "is not in the network"),
            Self::Login(_) => ("the client", "has the login", "does not have the login"),
            Self::Listener(_) => ("the letter", "came in by the listener", "came in by another listener"),
            Self::Not(tests) => {
                let fields: Vec<&str> = tests.iter().map(|test| test.field).collect();
                let what = format!("what stands in `not` ({})", fields.join(", "));
                return (Cow::Owned(what), "does not hold", "holds");
            }
        };
        (Cow::Borrowed(what), held, not)
    }
}
