//! A session with a token, logged in. Knows no key.

use std::sync::{Mutex, PoisonError};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use sealpost_mail::Secret;

use crate::failure::Failure;
use crate::settings::{TokenPlace, TokenSettings};

/// A token's PIN in its file, and the one that was refused: a token locks itself after a few wrong ones, so none is
/// tried twice.
#[derive(Debug, Default)]
pub(crate) struct Pin {
    refused: Mutex<Option<Secret<String>>>,
}

/// The purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Using keys.
    Use,
    /// Generating keys.
    Make,
}

/// Opens a session and logs in.
pub(crate) fn open(
    module: &Pkcs11,
    settings: &TokenSettings,
    pin: &Pin,
    purpose: Purpose,
) -> Result<Session, Failure> {
    let slot = slot(module, &settings.place)?;
    let session = match purpose {
        Purpose::Use => module.open_ro_session(slot)?,
        Purpose::Make => module.open_rw_session(slot)?,
    };
    pin.log_in(&session, settings)?;
    Ok(session)
}

fn slot(module: &Pkcs11, place: &TokenPlace) -> Result<Slot, Failure> {
    let mut found = Vec::new();
    for slot in module.get_slots_with_token()? {
        // Another slot that cannot be queried does not matter.
        let Ok(token) = module.get_token_info(slot) else { continue };
        let is_meant = match place {
            TokenPlace::Label(label) => token.label() == label,
            TokenPlace::Serial(serial) => token.serial_number() == serial,
            TokenPlace::Slot(number) => slot.id() == *number,
        };
        if is_meant {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(Failure::Lost(format!("there is no token {place}"))),
        [_, _, ..] => {
            Err(Failure::Unable(format!("there are several tokens {place}; name its serial number")))
        }
    }
}

impl Pin {
    fn log_in(&self, session: &Session, settings: &TokenSettings) -> Result<(), Failure> {
        let file = settings.pin_file.display();
        let text = sealpost_keyfile::read(&settings.pin_file)
            .map_err(|error| Failure::Pin(format!("{file}: {error}")))?;
        let pin = text.expose().trim_end_matches(['\r', '\n']);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref().is_some_and(|refused| refused.expose() == pin) {
            return Err(Failure::Pin(format!(
                "the PIN in {file} was refused; it is not tried again, so that the token does not lock itself: correct it"
            )));
        }
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            // All sessions of a process share one log-in.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                *refused = None;
                Ok(())
            }
            Err(error) => {
                if is_wrong(&error) {
                    *refused = Some(Secret::new(pin.to_owned()));
                }
                Err(match Failure::from(error) {
                    Failure::Pin(why) => Failure::Pin(format!("{why} ({file})")),
                    other => other,
                })
            }
        }
    }
}

/// Whether the PIN itself is wrong. A locked or expired one may be valid again after maintenance.
fn is_wrong(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _))
}
