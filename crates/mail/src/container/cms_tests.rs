//! CMS in all the forms that encoders produce.

use super::*;

fn read(bytes: &[u8]) -> Option<Cms> {
    super::read(bytes, usize::MAX)
}
use base64::Engine as _;
use proptest::prelude::*;
use std::io::Write as _;

fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        short @ 0..=127 => out.push(u8::try_from(short).unwrap()),
        long => {
            out.push(0x84);
            out.extend(u32::try_from(long).unwrap().to_be_bytes());
        }
    }
    out.extend(body);
    out
}

fn ber(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], body, &[0, 0]].concat()
}

type Make = fn(u8, &[u8]) -> Vec<u8>;

fn oid(base: &[u8], last: u8) -> Vec<u8> {
    der(6, &[base, &[last]].concat())
}

fn wrap(make: Make, kind: Vec<u8>, algorithms: &[u8], content: Option<Vec<u8>>) -> Vec<u8> {
    let content = content.map(|octets| make(0xa0, &octets)).unwrap_or_default();
    let encapsulated = make(0x30, &[oid(PKCS_7, 1), content].concat());
    let rest = der(0x31, &[]);
    let data = make(0x30, &[der(2, &[1]), algorithms.to_vec(), encapsulated, rest].concat());
    make(0x30, &[kind, make(0xa0, &data)].concat())
}

fn signed(make: Make, content: Option<Vec<u8>>) -> Vec<u8> {
    let algorithm = make(0x30, &oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2], 1));
    wrap(make, oid(PKCS_7, 2), &make(0x31, &algorithm), content)
}

const LETTER: &[u8] = b"Content-Type: text/plain\r\n\r\nvertraulich";

#[test]
fn what_is_signed_is_read_in_every_form() {
    let whole = der(4, LETTER);
    let (first, second) = LETTER.split_at(7);
    let pieces = der(0x24, &[der(4, first), der(4, second)].concat());
    let nested = ber(0x24, &[ber(0x24, &der(4, first)), der(4, second)].concat());
    for make in [der as Make, ber as Make] {
        for content in [&whole, &pieces, &nested] {
            let bytes = signed(make, Some(content.clone()));
            assert!(is_cms(&bytes));
            assert_eq!(read(&bytes), Some(Cms::Open { content: LETTER.to_vec() }));
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            assert_eq!(read(text.as_bytes()), read(&bytes));
            let pem = format!("-----BEGIN PKCS7-----\n{text}\n-----END PKCS7-----\n");
            assert_eq!(read(pem.as_bytes()), read(&bytes));
        }
        assert_eq!(read(&signed(make, None)), Some(Cms::Detached));
    }
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(content).unwrap();
    let algorithm = der(0x30, &oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 3], 8));
    wrap(ber, oid(SMIME_CT, 9), &algorithm, Some(der(4, &zlib.finish().unwrap())))
}

#[test]
fn what_is_compressed_is_read_and_a_bomb_is_not() {
    assert_eq!(read(&packed(LETTER)), Some(Cms::Open { content: LETTER.to_vec() }));
    assert_eq!(read(&packed(&vec![0; 20 * MIN_ROOM])), None);
}

#[test]
fn what_is_encrypted_or_damaged_is_told_apart() {
    let enveloped = |base: &[u8], last| der(0x30, &[oid(base, last), der(0xa0, &der(0x30, &[]))].concat());
    assert_eq!(read(&enveloped(PKCS_7, 3)), Some(Cms::Encrypted));
    assert_eq!(read(&enveloped(SMIME_CT, 23)), Some(Cms::Encrypted));
    assert_eq!(read(&enveloped(PKCS_7, 77)), None);
    assert_eq!(read(b"vertraulich"), None);
    let whole = signed(ber, Some(der(4, LETTER)));
    for end in 0..whole.len() {
        assert_eq!(read(&whole[..end]), None, "{end}");
    }
}

#[test]
fn the_beginning_says_what_it_would_be() {
    let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let enveloped = |base: &[u8], last| der(0x30, &[oid(base, last), der(0xa0, &[7; 500])].concat());
    for (whole, is) in [
        (signed(ber, Some(der(4, LETTER))), Beginning::Open),
        (signed(der, Some(der(4, &[7; 500]))), Beginning::Open),
        (packed(LETTER), Beginning::Open),
        (enveloped(PKCS_7, 3), Beginning::Encrypted),
        (enveloped(SMIME_CT, 23), Beginning::Encrypted),
        (enveloped(PKCS_7, 77), Beginning::Unknown),
        (b"vertraulich".to_vec(), Beginning::Unknown),
        (Vec::new(), Beginning::Unknown),
    ] {
        let cut = whole.get(..whole.len() / 2).unwrap();
        for bytes in [&whole[..], cut] {
            let lines = format!("\r\n{}*\r\n", text(bytes));
            let pem = format!("-----BEGIN PKCS7-----\r\n{}", text(bytes));
            assert_eq!(beginning(bytes), is, "{bytes:x?}");
            if is != Beginning::Unknown {
                assert_eq!((beginning(lines.as_bytes()), beginning(pem.as_bytes())), (is, is), "{lines}");
            }
        }
    }
}

#[test]
fn nesting_without_end_costs_nothing() {
    assert_eq!(read(&[0x30, 0x80].repeat(200_000)), None);
    let deep = (0..100).fold(der(4, b"x"), |inner, _| der(0x24, &inner));
    assert_eq!(read(&signed(der, Some(deep))), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = (read(&bytes), is_cms(&bytes), beginning(&bytes));
    }

    #[test]
    fn a_signature_broken_anywhere_never_panics(at in 0_usize..100, byte in any::<u8>()) {
        let mut bytes = signed(ber, Some(der(4, LETTER)));
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = read(&bytes);
    }
}

#[test]
fn what_is_compressed_takes_no_more_than_there_is_room_for() {
    let bytes = packed(&vec![b'x'; 8 * 1024 * 1024]);
    assert!(bytes.len() < 64 * 1024);
    assert_eq!(read(&bytes), None, "no mail program compresses so well");
    let letter = packed(&LETTER.repeat(100));
    assert_eq!(super::read(&letter, LETTER.len() * 100 - 1), None);
    assert!(super::read(&letter, LETTER.len() * 100).is_some());
}
