//! Whether a condition holds: yes, no, almost, not now, never. Knows no condition.

/// Kleene's logic: what is unknown is never taken for "no".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    /// It depends on a slip: as it is written it is `exactly` this, as it was surely meant it may be the opposite.
    Almost {
        exactly: bool,
    },
    No,
    /// Nobody can say at the moment.
    Unknown(String),
    /// Nobody ever can: trying again would change nothing.
    Never(String),
}

impl Truth {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            // A slip is one also within `not`: "all but what is tagged goes out" must not send a mistyped tag out.
            Self::Almost { exactly } => Self::Almost { exactly: !exactly },
            unknown @ (Self::Unknown(_) | Self::Never(_)) => unknown,
        }
    }
}
