//! The truth value of a condition: yes, no, almost, not now, never. Knows no condition.

/// Kleene's logic: unknown is never treated as "no".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    /// It depends on a typing error: taken literally it is `exactly` this, as it was surely meant it may be the
    /// opposite.
    Almost {
        exactly: bool,
    },
    No,
    /// Undecidable at the moment.
    Unknown(String),
    /// Never decidable: a retry would change nothing.
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
            // A typing error also counts inside `not`: "relay everything that is not tagged" must not relay a mistyped
            // tag.
            Self::Almost { exactly } => Self::Almost { exactly: !exactly },
            unknown @ (Self::Unknown(_) | Self::Never(_)) => unknown,
        }
    }
}
