//! Where a message of LDAP ends (RFC 4511 §5.1) and what kind it is, read from its first octets: before any of it is kept, and
//! before a library reads it.

use crate::error::LdapError;

/// A SEQUENCE (X.690 §8.9), as every message is.
const SEQUENCE: u8 = 0x30;
/// An INTEGER, as every message's number is.
const INTEGER: u8 = 0x02;

/// The kinds of answers that a question can have: bindResponse, searchResEntry, searchResDone, searchResRef, extendedResp.
/// Anything else is for servers, and for other questions.
const ANSWERS: [u8; 5] = [0x61, 0x64, 0x65, 0x73, 0x78];

/// How long the message is whose beginning this is; `None`: that comes with the next octets.
///
/// # Errors
/// No message begins so.
pub(crate) fn length(begun: &[u8]) -> Result<Option<usize>, LdapError> {
    match begun {
        [] | [SEQUENCE] => Ok(None),
        [SEQUENCE, short @ 0..=0x7f, ..] => Ok(Some(2 + usize::from(*short))),
        // Four octets are more than enough; servers of some makers write all four always.
        [SEQUENCE, long @ 0x81..=0x84, rest @ ..] => {
            let octets = usize::from(long & 0x7f);
            let Some(digits) = rest.get(..octets) else { return Ok(None) };
            let length = digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
            Ok(Some(2 + octets + length))
        }
        // RFC 4511 §5.1: "Only the definite form of length encoding is used."
        [..] => Err(LdapError::Garbled),
    }
}

/// Whether a whole message is an answer.
pub(crate) fn is_response(message: &[u8]) -> bool {
    let content = match message {
        [_, long @ 0x80..=0xff, rest @ ..] => rest.get(usize::from(long & 0x7f)..),
        [_, _, rest @ ..] => Some(rest),
        [] | [_] => None,
    };
    match content {
        Some([INTEGER, octets @ 1..=4, rest @ ..]) => {
            rest.get(usize::from(*octets)).is_some_and(|kind| ANSWERS.contains(kind))
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_it_says() {
        assert!(matches!(length(&[]), Ok(None)));
        assert!(matches!(length(&[0x30]), Ok(None)));
        assert!(matches!(length(&[0x30, 0x0c]), Ok(Some(14))));
        assert!(matches!(length(&[0x30, 0x82, 0x01]), Ok(None)));
        assert!(matches!(length(&[0x30, 0x82, 0x01, 0x02, 9]), Ok(Some(262))));
        assert!(matches!(length(&[0x30, 0x84, 0, 0, 0, 5]), Ok(Some(11))));
        assert!(matches!(length(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Ok(Some(_))));
        for odd in [&[0x30, 0x80][..], &[0x30, 0x85], &b"HTTP/1.1"[..], &[0x16, 3, 1]] {
            assert!(length(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn only_answers_are_answers() {
        let message = |kind: u8| [0x30, 0x05, 0x02, 0x01, 0x01, kind, 0x00];
        for kind in 0..=u8::MAX {
            assert_eq!(
                is_response(&message(kind)),
                [0x61, 0x64, 0x65, 0x73, 0x78].contains(&kind),
                "{kind:x}"
            );
        }
        assert!(is_response(&[0x30, 0x84, 0, 0, 0, 5, 0x02, 0x01, 0x01, 0x65, 0x00]));
        for odd in
            [&[][..], &[0x30], &[0x30, 0], &[0x30, 0x84, 0], &[0x30, 3, 0x02, 0x81, 1], &[0x30, 2, 0x04, 0]]
        {
            assert!(!is_response(odd), "{odd:?}");
        }
    }
}
