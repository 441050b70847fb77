//! Errors in the shape of a rule, and what to write instead. A parser passes on only the text, so the hint is
//! found by it. Does not know what rules mean.

use thiserror::Error;

/// The notation of treatments.
pub(crate) const TREATMENTS: &str = "\"relay\", \"sign\", [\"sign\", \"relay\"], \"portal\", \"hold\", \"refuse\", { relay = { tls = \"verified\" } }, \
                          { hold = { tls = \"verified\" } }, { refuse = { text = \"…\" } }, \"domain\", { domain = { partner = \"…\" } } or \
                          [\"domain\", \"portal\"]";

/// Why something is not a rule at all.
#[derive(Clone, Debug, Error)]
pub(crate) enum ShapeError {
    #[error("there is no treatment `{0}`")]
    NoTreatment(String),
    #[error("a treatment is missing")]
    TreatmentMissing,
    #[error("`portal` takes nothing")]
    PortalTakesNothing,
    #[error("`{0}` and `{1}` cannot both happen")]
    TwoTreatments(String, String),
    #[error("a third treatment would never be used: the second one is always possible")]
    ThirdTreatment,
    #[error("what cannot be encrypted would leave in clear")]
    WouldLeaveInClear,
    #[error("`domain` is listed twice")]
    DomainTwice,
    #[error("only `domain` and `sign` can fail")]
    OnlyDomainFails,
    #[error("an empty list is no treatment")]
    NoTreatmentInList,
    #[error("an empty list matches nothing")]
    EmptyList,
}

impl ShapeError {
    /// One of each, with the parts of a rule that are in `message`.
    fn all(message: &str) -> [Self; 10] {
        let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_owned);
        let (first, second) = (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default());
        [
            Self::NoTreatment(first.clone()),
            Self::TreatmentMissing,
            Self::PortalTakesNothing,
            Self::TwoTreatments(first, second),
            Self::ThirdTreatment,
            Self::WouldLeaveInClear,
            Self::DomainTwice,
            Self::OnlyDomainFails,
            Self::NoTreatmentInList,
            Self::EmptyList,
        ]
    }

    fn hint(&self) -> String {
        let words = match self {
            Self::NoTreatment(_) | Self::TreatmentMissing | Self::NoTreatmentInList => {
                return format!("write {TREATMENTS}");
            }
            Self::PortalTakesNothing => "write \"portal\"",
            Self::TwoTreatments(..) => "leave one, and make two rules if need be",
            Self::ThirdTreatment => "leave it out",
            Self::WouldLeaveInClear | Self::DomainTwice => "write \"portal\", \"hold\" or \"refuse\"",
            Self::OnlyDomainFails => {
                "in a list they stand first, as in [\"domain\", \"portal\"] and [\"sign\", \"relay\"]"
            }
            Self::EmptyList => "name at least one, or leave it out",
        };
        words.to_owned()
    }
}

/// What to write instead, if `message` is about the shape of a rule.
#[must_use]
pub fn shape_hint(message: &str) -> Option<String> {
    ShapeError::all(message).iter().find(|error| error.to_string() == message).map(ShapeError::hint)
}
