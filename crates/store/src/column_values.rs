//! The words that stand in columns: one enum each, one spelling each. Knows no SQL.

use crate::error::StoreError;

/// A word that stands in a column.
pub(crate) trait ColumnWord: Copy + 'static {
    /// Every word there is.
    const ALL: &'static [(Self, &'static str)];

    /// Reads the column.
    fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text);
        found.map(|(value, _)| *value).ok_or(StoreError::Damaged { what: "a known word in a column" })
    }
}

/// Declares an enum together with the text it has in its column.
macro_rules! column_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The word in the column.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl ColumnWord for $name {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)+];
        }
    };
}

pub(crate) use column_words;

column_words! {
    /// Where in its mailbox a deposit lies.
    Folder {
        /// Received.
        Inbox = "inbox",
        /// Written by the recipient and sent.
        Sent = "sent",
        /// Being written.
        Draft = "draft",
        /// Deleted, still to be had for a while.
        Trash = "trash",
    }
}

column_words! {
    /// How a letter went that nobody had opened.
    UnreadEnd {
        /// Its time was over.
        Expired = "expired",
        /// Its owner deleted it.
        Deleted = "deleted",
        /// Its mailbox was deleted by hand, and it was in it.
        WithMailbox = "mailbox",
    }
}

column_words! {
    /// What ended a session that had not run out.
    Ended {
        /// Another password.
        PasswordChanged = "password",
        /// Another question.
        QuestionChanged = "question",
        /// A new password instead of a forgotten one.
        PasswordReset = "reset",
        /// Its owner, in another browser: all at once.
        Everywhere = "everywhere",
        /// Support.
        Support = "support",
        /// The end of the mailbox.
        Deleted = "deleted",
    }
}

impl Ended {
    /// The reason with that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::parse(word).ok()
    }
}

column_words! {
    /// How a partner's key stands, as an operator or an authority has said. What time alone does to it (not valid yet,
    /// run out) is seen when it is used.
    PartnerKeyState {
        /// Seen, and not confirmed by anybody: encrypts nothing, proves nothing.
        Offered = "offered",
        /// Confirmed: letters are encrypted to it, its signatures count.
        Trusted = "trusted",
        /// Out of use until somebody says otherwise.
        Suspended = "suspended",
        /// Found run out.
        Expired = "expired",
        /// Never to be used again.
        Revoked = "revoked",
    }
}

column_words! {
    /// How a key of ours stands.
    OwnKeyState {
        /// Signs, is published, decrypts.
        Current = "current",
        /// Decrypts what was encrypted to it before; signs nothing, is not published.
        Retired = "retired",
    }
}

column_words! {
    /// What became of a letter that is kept as it came.
    OriginalState {
        /// It was opened, and what was in it was handed on.
        Opened = "opened",
        /// Nobody could open it.
        Closed = "closed",
    }
}

column_words! {
    /// What a leg carries.
    LegPurpose {
        /// A letter passed on.
        Relay = "relay",
        /// A mail about a letter in the portal.
        Notice = "notice",
        /// A delivery status notification (RFC 3464).
        Report = "report",
        /// A recipient's letter from the portal to the operator.
        PortalReply = "answer",
    }
}

column_words! {
    /// How a leg stands in the queue. A finished leg has no row.
    LegState {
        /// Due when its time comes.
        Queued = "queued",
        /// Held until an operator lets it go.
        Frozen = "frozen",
    }
}

column_words! {
    /// Under what a mailbox's secret key is wrapped.
    WrapKind {
        /// The activation link's secret; while pending only.
        Activation = "activation",
        /// No wrap but the activation link itself, sealed, so that a second letter's notice can carry it
        /// too; while pending only.
        Link = "link",
        /// The initial password that the recipient is told by telephone or letter; while pending only.
        Initial = "initial",
        /// The owner's password.
        Password = "password",
        /// The answer to the owner's question.
        Answer = "answer",
        /// The operator's escrow key.
        Escrow = "escrow",
    }
}

column_words! {
    /// What a token permits.
    TokenPurpose {
        /// Activating a pending mailbox.
        Activation = "activation",
        /// Choosing a new password.
        Reset = "reset",
        /// Deleting a mailbox.
        Deletion = "deletion",
    }
}

column_words! {
    /// What a recipient asks of support.
    RequestKind {
        /// A new activation link.
        Renewal = "renewal",
        /// The way back in, with password and answer forgotten.
        Access = "access",
    }
}

column_words! {
    /// How a request stands.
    RequestState {
        /// Not decided.
        Open = "open",
        /// Decided for the recipient.
        Released = "released",
        /// Decided against.
        Refused = "refused",
    }
}

column_words! {
    /// What happens to a letter, as the operator's own systems are told.
    LetterEvent {
        /// It is in its mailbox.
        Deposited = "letter.deposited",
        /// A mail server has taken the notice of it.
        Notified = "letter.notified",
        /// The notice came back, or was refused.
        NoticeBounced = "letter.notice-bounced",
        /// Its mailbox is its owner's now.
        Activated = "letter.activated",
        /// Its owner has opened it.
        Opened = "letter.opened",
        /// Its owner has answered it.
        Answered = "letter.answered",
        /// It went when its time was over.
        Expired = "letter.expired",
        /// Its owner deleted it for good, or its mailbox was deleted with it.
        Deleted = "letter.deleted",
        /// It was taken back.
        Recalled = "letter.recalled",
    }
}

impl LetterEvent {
    /// Every one there is.
    pub const EVERY: [Self; 9] = [
        Self::Deposited,
        Self::Notified,
        Self::NoticeBounced,
        Self::Activated,
        Self::Opened,
        Self::Answered,
        Self::Expired,
        Self::Deleted,
        Self::Recalled,
    ];
}
