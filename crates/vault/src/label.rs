//! Labels of sealed records and parts: the word bound into a seal, so that none opens in another's place. One
//! list, checked against docs/formats.md by a test. Knows no key and no row.

use std::borrow::Cow;

/// Declares the labels of records with their words, and the list of them for the test.
macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident = $word:literal,)*) => {
        /// The kind of a record sealed under one of the server's keys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Label {
            $($(#[$doc])* $label,)*
        }

        impl Label {
            /// The word bound into the seal. Never change one: stored data could no longer be opened.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$label => $word,)*
                }
            }

            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$label,)*];
        }
    };
}

labels! {
    /// Envelope and key of a queued leg.
    Ticket = "ticket",
    /// The same of a held leg: delivery cannot open it, whatever its row says.
    TicketHeld = "ticket-held",
    /// Who recalled a letter.
    Withdrawn = "withdrawn",
    /// A mailbox's address.
    Address = "address",
    /// The security question.
    Question = "question",
    /// Name and time zone of a mailbox's owner.
    Profile = "profile",
    /// The browser of a session.
    Device = "device",
    /// The token of a pending mailbox's link.
    ActivationLink = "activation-link",
    /// A partner.
    Partner = "partner",
    /// A partner's key.
    PartnerKey = "partner-key",
    /// The public part of a key of ours for partners.
    OwnKey = "own-key",
    /// Its private part.
    OwnKeySecret = "own-key-secret",
    /// The cached result of looking up a partner's keys.
    KeyLookup = "key-lookup",
    /// An MTA-STS policy.
    StsPolicy = "sts-policy",
    /// The counted result of TLS sessions with servers of one domain.
    TlsSessions = "tls-sessions",
    /// A queued TLS report for a domain.
    TlsReport = "tls-report",
    /// The original of an encrypted letter from outside.
    Original = "original",
    /// Whom to inform if a notice bounces.
    NoticeMemo = "notice",
    /// Whom to inform if a reply from the portal bounces.
    ReplyMemo = "answer",
    /// Leads to the question of an address, in a link.
    AnswerPass = "answer-pass",
    /// How support can reach the author of a request.
    Request = "request",
    /// Support's note on a decision.
    RequestDecision = "request-decision",
}

/// The kind of a part sealed under a message's own key, and its letter, draft or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The head of a letter.
    Head(&'a str),
    /// The head of a letter from a former version: not bound to a letter's id.
    FormerHead,
    /// What a list shows of a letter.
    Listing(&'a str),
    /// The words of a letter, for searching.
    Words(&'a str),
    /// The name of an owner's folder.
    Folder(&'a str),
    /// A draft's text, or name and type of a file of it.
    Draft(&'a str),
    /// The key of one piece of an unfinished upload.
    Piece {
        /// The file.
        file: &'a str,
        /// Offset of the piece in the file.
        offset: u64,
    },
}

impl Part<'_> {
    /// The text bound into the seal.
    pub(crate) fn bound(self) -> Cow<'static, str> {
        match self {
            Self::Head(letter) => format!("head:{letter}").into(),
            Self::FormerHead => "head".into(),
            Self::Listing(letter) => format!("listing:{letter}").into(),
            Self::Words(letter) => format!("words:{letter}").into(),
            Self::Folder(id) => format!("folder:{id}").into(),
            Self::Draft(id) => format!("draft:{id}").into(),
            Self::Piece { file, offset } => format!("piece:{file}:{offset}").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: &str = include_str!("../../../docs/formats.md");

    /// The first column of the table of labels.
    fn documented() -> Vec<&'static str> {
        let (_, table) = FORMATS.split_once("| label | key | id | what |").unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| row.trim_start_matches("| `").split('`').next().unwrap()).collect()
    }

    /// An independent reader must be able to open a store with that page alone.
    #[test]
    fn the_formats_have_each_label_and_no_other() {
        let parts = [
            Part::Head("1"),
            Part::FormerHead,
            Part::Listing("1"),
            Part::Words("1"),
            Part::Folder("1"),
            Part::Draft("1"),
            Part::Piece { file: "1", offset: 1 },
        ];
        let words = parts.map(|part| {
            part.bound().split_once('1').map_or_else(|| part.bound().into(), |(word, _)| word.to_owned())
        });
        let mut ours: Vec<&str> = Label::ALL.iter().map(|label| label.as_str()).collect();
        ours.extend(words.iter().map(String::as_str));
        let mut documented = documented();
        ours.sort_unstable();
        documented.sort_unstable();
        assert_eq!(ours, documented);
        ours.dedup();
        assert_eq!(ours.len(), documented.len(), "one label, one thing");
    }
}
