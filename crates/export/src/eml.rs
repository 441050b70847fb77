//! `.eml`: the letter's own bytes. Adds nothing, repairs nothing: signatures in it must stay valid.

use sealpost_mail::Head;

/// Head and rest unchanged. To stream a large letter, send `head.as_bytes()` and then the rest.
#[must_use]
pub fn eml(head: &Head, rest: &[u8]) -> Vec<u8> {
    [head.as_bytes(), rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_for_byte() {
        let letter = b"Subject:  odd   spacing \r\nX: y\r\n\r\nbody\r\n.\r\n\xff";
        let end = Head::split(letter).unwrap();
        let head = Head::new(letter[..end].to_vec()).unwrap();
        assert_eq!(eml(&head, &letter[end..]), letter);
    }
}
