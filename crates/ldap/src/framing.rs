//! Length and kind of an LDAP message (RFC 4511 §5.1), from its first octets: before any of it is stored, and before a
//! library parses it.

use crate::error::LdapError;

/// A SEQUENCE (X.690 §8.9), which every message is.
const SEQUENCE: u8 = 0x30;
/// An INTEGER, the type of message numbers.
const INTEGER: u8 = 0x02;

/// The possible responses to our requests: bindResponse, searchResEntry, searchResDone, searchResRef, extendedResp.
/// Anything else is for servers, or for other requests.
const ANSWERS: [u8; 5] = [0x61, 0x64, 0x65, 0x73, 0x78];

/// The length of the message that begins like this; `None`: more octets are needed.
///
/// # Errors
/// It is not the beginning of a message.
pub(crate) fn length(begun: &[u8]) -> Result<Option<usize>, LdapError> {
    match begun {
        [] | [SEQUENCE] => Ok(None),
        [SEQUENCE, short @ 0..=0x7f, ..] => Ok(Some(2 + usize::from(*short))),
        // Four octets are more than enough; some servers always write all four.
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

/// Whether a whole message is a response.
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
