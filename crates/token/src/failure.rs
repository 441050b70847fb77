//! Interprets a module's errors: which ones a new connection may fix, and which never. Knows no letter.

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The token or the connection to it is lost; a new connection may help.
    Lost(String),
    /// It rejected the PIN.
    Pin(String),
    /// It has no such key.
    NoKey,
    /// It does not support the operation.
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
            // SoftHSM's error for unknown parameters; about data it concerns the data.
            RvError::ArgumentsBad if is_beginning(function) => Self::Unable(said),
            // Anything else, including vendor codes: a new connection may help, and costs little.
            _ => Self::Lost(said),
        }
    }
}

/// Whether an operation was only being prepared: no data was examined.
fn is_beginning(function: Function) -> bool {
    matches!(function, Function::DecryptInit | Function::SignInit | Function::DeriveKey)
}

/// Whether a failed decryption concerns the data to be decrypted, or may concern it.
///
/// SECURITY: what does not certainly concern the connection counts as concerning the data. A letter that is deferred because of its
/// padding would disclose that to its sender.
pub(crate) fn is_about_data(error: &Error) -> bool {
    let Error::Pkcs11(code, Function::Decrypt | Function::DeriveKey) = error else { return false };
    !is_of_connection(*code)
}

/// Whether a mechanism was refused as such, and not because the connection is lost: vendors use many codes for it.
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
