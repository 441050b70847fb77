//! What a module's answers mean: what a new connection may mend, what it never will. Knows no letter.

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The token or the way to it is gone; another connection may find it.
    Lost(String),
    /// It does not take the PIN.
    Pin(String),
    /// It has no such key.
    NoKey,
    /// It cannot do that.
    Unable(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::Pkcs11(code, function) => Self::of(code, function, said),
            Error::LibraryLoading(_) | Error::MissingSymbol(_) => {
                Self::Lost(format!("its module cannot be loaded: {said}"))
            }
            Error::NullFunctionPointer | Error::NotSupported => Self::Unable(said),
            Error::TryFromInt(_)
            | Error::TryFromSlice(_)
            | Error::ParseInt(_)
            | Error::Utf8(_)
            | Error::NulError(_)
            | Error::InvalidValue
            | Error::PinNotSet => Self::Lost(said),
        }
    }
}

impl Failure {
    fn of(code: RvError, function: Function, said: String) -> Self {
        match code {
            RvError::PinIncorrect => Self::Pin("the PIN is wrong".to_owned()),
            RvError::PinLocked => Self::Pin(
                "the PIN is locked after wrong ones; the token's security officer unlocks it".to_owned(),
            ),
            RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::UserPinNotInitialized => Self::Pin(said),
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::KeyTypeInconsistent
            | RvError::KeyFunctionNotPermitted
            | RvError::KeySizeRange
            | RvError::CurveNotSupported
            | RvError::DomainParamsInvalid
            | RvError::AttributeValueInvalid
            | RvError::AttributeTypeInvalid
            | RvError::AttributeSensitive
            | RvError::TemplateIncomplete
            | RvError::TemplateInconsistent
            | RvError::TokenWriteProtected
            | RvError::FunctionNotSupported => Self::Unable(said),
            // What SoftHSM says of parameters that it does not know; about data it is a matter of the data.
            RvError::ArgumentsBad if is_beginning(function) => Self::Unable(said),
            // Whatever else there is, makers' own codes included: another connection may help, and costs little.
            _ => Self::Lost(said),
        }
    }
}

/// Whether an operation was only being prepared: nothing of the data was looked at.
fn is_beginning(function: Function) -> bool {
    matches!(function, Function::DecryptInit | Function::SignInit | Function::DeriveKey)
}

/// Whether a decryption that failed so is a matter of what was to be decrypted, or may be one.
///
/// SECURITY: what is not surely the connection's counts as the data's. A letter that is put off because of its padding would
/// tell its sender of it.
pub(crate) fn is_about_data(error: &Error) -> bool {
    let Error::Pkcs11(code, Function::Decrypt | Function::DeriveKey) = error else { return false };
    !is_of_connection(*code)
}

/// Whether a mechanism was refused when it was named, and not because the connection is gone: makers have many words for it.
pub(crate) fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(code, Function::DecryptInit) if !is_of_connection(*code))
}

fn is_of_connection(code: RvError) -> bool {
    matches!(
        code,
        RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::SlotIdInvalid
            | RvError::SessionClosed
            | RvError::SessionHandleInvalid
            | RvError::CryptokiNotInitialized
            | RvError::UserNotLoggedIn
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::OperationNotInitialized
            | RvError::FunctionCanceled
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padding_that_is_wrong_is_never_told_from_any_other_trouble_with_the_data() {
        for code in [
            RvError::EncryptedDataInvalid,
            RvError::EncryptedDataLenRange,
            RvError::DataInvalid,
            RvError::GeneralError,
            RvError::FunctionFailed,
            RvError::DeviceError,
            RvError::VendorDefined(0x8000_0001),
        ] {
            assert!(is_about_data(&Error::Pkcs11(code, Function::Decrypt)), "{code:?}");
        }
        for code in [RvError::SessionHandleInvalid, RvError::DeviceRemoved, RvError::UserNotLoggedIn] {
            assert!(!is_about_data(&Error::Pkcs11(code, Function::Decrypt)), "{code:?}");
        }
        assert!(!is_about_data(&Error::Pkcs11(RvError::GeneralError, Function::DecryptInit)));
        let unknown = Error::Pkcs11(RvError::ArgumentsBad, Function::DecryptInit);
        assert!(matches!(Failure::from(unknown), Failure::Unable(_)));
        let wrong = Error::Pkcs11(RvError::PinIncorrect, Function::Login);
        assert!(matches!(Failure::from(wrong), Failure::Pin(_)));
    }
}
