//! What a sealed record or part is: the word that is bound into its seal, so that none opens in another's place. One list,
//! held to docs/formats.md by a test. Knows no key and no row.

use std::borrow::Cow;

/// Declares the labels of records, each with its word, and their list for the test.
macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident = $word:literal,)*) => {
        /// What a record under one of the server's keys is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Label {
            $($(#[$doc])* $label,)*
        }

        impl Label {
            /// The word that is bound into the seal. Never change one: what is stored would not open any more.
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
    /// Envelope and key of a leg that may go.
    Ticket = "ticket",
    /// The same of a leg that may not: delivery opens none of these, whatever its row says.
    TicketHeld = "ticket-held",
    /// Who took a letter back.
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
    /// The public side of a key of ours for partners.
    OwnKey = "own-key",
    /// Its private side.
    OwnKeySecret = "own-key-secret",
    /// What was found where a partner's keys are looked for.
    KeyLookup = "key-lookup",
    /// An MTA-STS policy.
    StsPolicy = "sts-policy",
    /// How sessions with servers of one domain went under TLS, counted.
    TlsSessions = "tls-sessions",
    /// A report on that for its domain, on its way.
    TlsReport = "tls-report",
    /// A letter from the world as it came, kept to be opened again.
    Original = "original",
    /// Whom to tell if a notice comes back.
    NoticeMemo = "notice",
    /// Whom to tell if a reply from the portal comes back.
    ReplyMemo = "answer",
    /// Leads to the question of an address, in a link.
    AnswerPass = "answer-pass",
    /// How support reaches somebody who asked for help.
    Request = "request",
    /// What support noted when it decided.
    RequestDecision = "request-decision",
}

/// What a part under a message's own key is, and of which letter, draft or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The head of a letter.
    Head(&'a str),
    /// The head of a letter of a former version: of whichever letter the key is.
    FormerHead,
    /// What the list shows of a letter.
    Listing(&'a str),
    /// The words of a letter, for searching.
    Words(&'a str),
    /// The name of a folder that an owner made.
    Folder(&'a str),
    /// A draft's text, or name and type of a file of it.
    Draft(&'a str),
    /// The key of one piece of a file that is still coming.
    Piece {
        /// The file.
        file: &'a str,
        /// Where in the file the piece begins.
        offset: u64,
    },
}

impl Part<'_> {
    /// What is bound into the seal.
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

    /// An independent reader opens a store with that page and nothing else.
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
