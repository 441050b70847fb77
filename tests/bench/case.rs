//! The measured cases: sizes, sessions and numbers of letters; and the measured systems.

/// One kind of traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Bytes of a letter's body.
    pub(crate) size: usize,
    /// Sessions at the same time.
    pub(crate) sessions: usize,
    /// Letters in all.
    pub(crate) letters: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

pub(crate) const CASES: &[Case] = &[
    Case { size: 10 * KIB, sessions: 1, letters: 1_000 },
    Case { size: 10 * KIB, sessions: 10, letters: 4_000 },
    Case { size: 10 * KIB, sessions: 50, letters: 8_000 },
    Case { size: MIB, sessions: 10, letters: 300 },
    Case { size: 20 * MIB, sessions: 4, letters: 24 },
];

impl Case {
    /// A tenth of the letters: to see that everything works, not to compare.
    pub(crate) fn quick(self) -> Self {
        Self { letters: (self.letters / 10).max(self.sessions), ..self }
    }

    pub(crate) fn title(&self) -> String {
        let size = if self.size < MIB {
            format!("{} KiB", self.size / KIB)
        } else {
            format!("{} MiB", self.size / MIB)
        };
        let sessions =
            if self.sessions == 1 { "1 session".to_owned() } else { format!("{} sessions", self.sessions) };
        format!("{size}, {sessions}, {} letters", self.letters)
    }
}

/// The measured system and its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Postfix as smarthost.
    Postfix,
    /// Sealpost relaying.
    Relay,
    /// Sealpost sealing into mailboxes that exist, each letter with its notice.
    Deposit,
    /// Sealpost sealing, with a new mailbox and its activation mail for every letter.
    NewMailbox,
}

impl Subject {
    pub(crate) const ALL: [Self; 4] = [Self::Postfix, Self::Relay, Self::Deposit, Self::NewMailbox];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Postfix => "Postfix, relay",
            Self::Relay => "Sealpost, relay",
            Self::Deposit => "Sealpost, sealed deposit and notice",
            Self::NewMailbox => "Sealpost, new mailbox and activation",
        }
    }
}
