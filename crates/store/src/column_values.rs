//! The values of enum columns: one enum each, one spelling each. Knows no SQL.

use crate::error::StoreError;

/// A value of an enum column.
pub(crate) trait ColumnWord: Copy + 'static {
    /// All values with their text.
    const ALL: &'static [(Self, &'static str)];

    /// Reads the column.
    fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text);
        found.map(|(value, _)| *value).ok_or(StoreError::Damaged { what: "a known word in a column" })
    }
}

/// Declares an enum together with the text of each variant in its column.
macro_rules! column_words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The text in the column.
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
    /// The folder of a deposit.
    Folder {
        /// Received.
        Inbox = "inbox",
        /// Written by the recipient and sent.
        Sent = "sent",
        /// Being written.
        Draft = "draft",
        /// Deleted, but can be restored for a while.
        Trash = "trash",
    }
}

column_words! {
    /// How a letter ended that was never opened.
    UnreadEnd {
        /// It expired.
        Expired = "expired",
        /// Its owner deleted it.
        Deleted = "deleted",
        /// Its mailbox was deleted on request and the letter with it.
        WithMailbox = "mailbox",
    }
}

column_words! {
    /// Why a session ended before it expired.
    Ended {
        /// The password was changed.
        PasswordChanged = "password",
        /// The security question was changed.
        QuestionChanged = "question",
        /// A forgotten password was reset.
        PasswordReset = "reset",
        /// Its owner logged out everywhere from another browser.
        Everywhere = "everywhere",
        /// Support ended it.
        Support = "support",
        /// The mailbox was deleted.
        Deleted = "deleted",
    }
}

impl Ended {
    /// Parses the text in the column.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::parse(word).ok()
    }
}

column_words! {
    /// State of a partner's key, as set by an operator or an authority. Expiry, and validity that has not
    /// begun, are checked when the key is used.
    PartnerKeyState {
        /// Seen but not confirmed: encrypts nothing, verifies nothing.
        Offered = "offered",
        /// Confirmed: letters are encrypted to it, its signatures count.
        Trusted = "trusted",
        /// Out of use until it is trusted again.
        Suspended = "suspended",
        /// Found to be expired.
        Expired = "expired",
        /// Never to be used again.
        Revoked = "revoked",
    }
}

column_words! {
    /// State of a key of ours.
    OwnKeyState {
        /// Signs, decrypts and is published.
        Current = "current",
        /// Decrypts what was encrypted to it earlier; signs nothing and is not published.
        Retired = "retired",
    }
}

column_words! {
    /// What became of a letter whose original is kept.
    OriginalState {
        /// It was opened and its content was passed on.
        Opened = "opened",
        /// It could not be opened.
        Closed = "closed",
    }
}

column_words! {
    /// What kind of mail a leg carries.
    LegPurpose {
        /// A relayed letter.
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
    /// State of a leg in the queue. A finished leg has no row.
    LegState {
        /// Waits for its due time.
        Queued = "queued",
        /// Held until an operator releases it.
        Frozen = "frozen",
    }
}

column_words! {
    /// What a mailbox's secret key is wrapped under.
    WrapKind {
        /// The activation link's secret; only while pending.
        Activation = "activation",
        /// Not a wrap but the activation link itself, sealed, so that a second letter's notice can carry it
        /// too; only while pending.
        Link = "link",
        /// The initial password that the recipient is told by telephone or letter; only while pending.
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
        /// Access to a mailbox whose password and answer are forgotten.
        Access = "access",
    }
}

column_words! {
    /// State of a request.
    RequestState {
        /// Not decided yet.
        Open = "open",
        /// Granted.
        Released = "released",
        /// Refused.
        Refused = "refused",
    }
}

column_words! {
    /// Events in a letter's life that the operator's own systems are told of.
    LetterEvent {
        /// It is in its mailbox.
        Deposited = "letter.deposited",
        /// A mail server has accepted its notice.
        Notified = "letter.notified",
        /// Its notice bounced or was refused.
        NoticeBounced = "letter.notice-bounced",
        /// Its mailbox was activated by its owner.
        Activated = "letter.activated",
        /// Its owner has opened it.
        Opened = "letter.opened",
        /// Its owner has replied to it.
        Answered = "letter.answered",
        /// It expired.
        Expired = "letter.expired",
        /// Its owner deleted it permanently, or it was deleted with its mailbox.
        Deleted = "letter.deleted",
        /// Its sender recalled it.
        Recalled = "letter.recalled",
    }
}

impl LetterEvent {
    /// All events.
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
