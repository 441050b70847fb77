//! Sealed bytes that are changed, truncated, moved or invented: they open as what was sealed, or not at all.

use sealpost_mail::{Secret, SequenceRandom};
use sealpost_vault::{
    Label, MailboxKeys, MailboxPublic, MailboxSecret, MessageKey, Part, ServerKey, StreamSealer, Token,
    open_all, plain_len, sealed_chunk, sealed_len,
};

pub(crate) fn check(input: &[u8]) {
    made_up(input);
    changed(input);
}

/// Nothing that we did not seal opens, and nothing panics over it.
fn made_up(bytes: &[u8]) {
    let random = SequenceRandom::default();
    let keys = ServerKey::from_bytes(Secret::new([7; 32])).keys();
    let key = MessageKey::generate(&random);
    let (_, secret) = MailboxKeys::generate(&random);
    assert!(keys.spool.open(Label::Ticket, "id", bytes).is_err());
    assert!(keys.rows.open(Label::Ticket, "id", bytes).is_err());
    assert!(key.open_part(Part::Head("id"), bytes).is_err());
    assert!(open_all(&key, bytes).is_err());
    assert!(secret.open_key("mailbox", "message", bytes).is_err());
    assert!(MailboxSecret::unwrap_escrow(bytes, "mailbox", &keys.escrow).is_err());
    let _ = MailboxPublic::from_bytes(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (Token::parse(text), ServerKey::parse(text));
    }
    let length = u64::try_from(bytes.len()).unwrap();
    assert_eq!(plain_len(sealed_len(length)), Some(length));
}

/// A body in pieces of any size is the body; with one bit changed, or cut, or longer, it is nothing.
fn changed(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else { return };
    let random = SequenceRandom::default();
    let key = MessageKey::generate(&random);
    let mut sealer = StreamSealer::new(&key, &random);
    let mut sealed = Vec::new();
    for piece in body.chunks(usize::from(*choice) + 1) {
        sealer.push(piece, &mut sealed);
    }
    assert_eq!(sealer.finish(&mut sealed), u64::try_from(body.len()).unwrap());
    assert_eq!(sealed_len(u64::try_from(body.len()).unwrap()), u64::try_from(sealed.len()).unwrap());
    assert_eq!(open_all(&key, &sealed).unwrap(), body);
    assert!(sealed_chunk(u64::try_from(sealed.len()).unwrap(), 0).is_some());

    let at = (usize::from(*choice) * 257 + body.len()) % sealed.len();
    let mut bad = sealed.clone();
    bad[at] ^= 1 << (choice % 8);
    assert!(open_all(&key, &bad).is_err(), "one bit changed at {at} of {}", sealed.len());
    assert!(open_all(&key, &sealed[..at]).is_err(), "cut at {at} of {}", sealed.len());
    sealed.push(*choice);
    assert!(open_all(&key, &sealed).is_err(), "one octet longer");

    let (public, secret) = MailboxKeys::generate(&random);
    let wrapped = public.seal_key("mailbox", "message", &key, &random).unwrap();
    assert!(secret.open_key("mailbox", "message", &wrapped).is_ok());
    assert!(secret.open_key("another", "message", &wrapped).is_err(), "moved to another mailbox");
    assert!(secret.open_key("mailbox", "another", &wrapped).is_err(), "moved to another message");
}
