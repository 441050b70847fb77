//! An OpenPGP message of very many packets: the library checks the grammar of all packets again for each, so the number has a limit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_seal::{Kind, NotOpened, Profile};

use crate::gnupg::{armour, as_letter};
use crate::lab::{closed, crlf, open, own};

/// A symmetric-key encrypted session key packet (RFC 9580 §5.3): version 4, AES-256, simple S2K with SHA-256.
const SKESK: &[u8] = &[0xc3, 4, 4, 9, 0, 8];

#[test]
fn a_message_of_very_many_packets_stays_closed() {
    let pgp = own(Kind::OpenPgpCurve25519);
    let letter = b"From: mail@insurer.example\r\nSubject: x\r\n\r\nsecret\r\n";
    let to = std::slice::from_ref(pgp.public());
    let sent = String::from_utf8(crlf(armour(&closed(letter, Some(pgp), to, Profile::default())))).unwrap();
    let (_, digits) = sent.split_once("\r\n\r\n").unwrap();
    let lines = digits.lines().take_while(|line| !line.starts_with(['=', '-']));
    let message = STANDARD.decode(lines.collect::<String>()).unwrap();
    let opened = |packets: usize| {
        let bytes = [SKESK.repeat(packets), message.clone()].concat();
        let (begin, end) = ("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----");
        let armoured = format!("{begin}\r\n\r\n{}\r\n{end}\r\n", STANDARD.encode(bytes));
        open(&as_letter(armoured.as_bytes()), &[pgp], &[]).0
    };
    assert!(opened(100).was_decrypted());
    assert_eq!(opened(3000).still_closed(), Some(NotOpened::Malformed));
}
