//! The lifecycle of a partner's key: which step leads to which state. Knows no row.

use sealpost_store::PartnerKeyState as State;
use thiserror::Error;

/// A step in a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An operator has compared the fingerprint.
    Trust,
    /// An operator suspends it.
    Suspend,
    /// It was found expired.
    Expire,
    /// Its owner or an operator has revoked it.
    Revoke,
}

/// Why a step is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// It is in that state already.
    #[error("it is in this state already")]
    Already,
    /// It has expired.
    #[error("it has expired: ask the partner for its new one and add that")]
    Expired,
    /// It is revoked.
    #[error("it is revoked for good: ask the partner for another one and add that")]
    Revoked,
}

/// The state after a step.
pub fn after(state: State, step: Step) -> Result<State, TransitionError> {
    match (state, step) {
        (State::Offered | State::Suspended, Step::Trust) => Ok(State::Trusted),
        (State::Offered | State::Trusted, Step::Suspend) => Ok(State::Suspended),
        (State::Offered | State::Trusted | State::Suspended, Step::Expire) => Ok(State::Expired),
        (State::Offered | State::Trusted | State::Suspended | State::Expired, Step::Revoke) => {
            Ok(State::Revoked)
        }
        (State::Trusted, Step::Trust)
        | (State::Suspended, Step::Suspend)
        | (State::Expired, Step::Expire)
        | (State::Revoked, Step::Revoke) => Err(TransitionError::Already),
        (State::Expired, Step::Trust | Step::Suspend) => Err(TransitionError::Expired),
        (State::Revoked, Step::Trust | Step::Suspend | Step::Expire) => Err(TransitionError::Revoked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_back_from_the_end() {
        let steps = [Step::Trust, Step::Suspend, Step::Expire, Step::Revoke];
        for step in steps {
            assert!(after(State::Revoked, step).is_err());
        }
        for step in [Step::Trust, Step::Suspend, Step::Expire] {
            assert!(after(State::Expired, step).is_err());
        }
        assert_eq!(after(State::Offered, Step::Trust), Ok(State::Trusted));
        assert_eq!(after(State::Suspended, Step::Trust), Ok(State::Trusted));
        assert_eq!(after(State::Trusted, Step::Trust), Err(TransitionError::Already));
    }
}
