//! Bodies: whole, in pieces, by range; and everything that can be done to one without its key.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use sealpost_mail::SequenceRandom;
use sealpost_vault::{
    CHUNK, ChunkPosition, MessageKey, Part, StreamOpener, StreamSealer, VaultError, open_all, plain_len,
    sealed_chunk, sealed_len,
};

const HEADER: usize = StreamOpener::header_len();
const SEALED: usize = StreamOpener::sealed_chunk_len();

fn body(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn key() -> (MessageKey, SequenceRandom) {
    let random = SequenceRandom::default();
    (MessageKey::generate(&random), random)
}

fn seal_in(pieces: &[&[u8]], key: &MessageKey, random: &SequenceRandom) -> Vec<u8> {
    let mut sealer = StreamSealer::new(key, random);
    let mut sealed = Vec::new();
    for piece in pieces {
        sealer.push(piece, &mut sealed);
    }
    let len = sealer.finish(&mut sealed);
    assert_eq!(len, pieces.iter().map(|piece| piece.len() as u64).sum::<u64>());
    sealed
}

fn damaged(key: &MessageKey, sealed: &[u8]) {
    match open_all(key, sealed) {
        Err(VaultError::Damaged(_) | VaultError::Format(_)) => {}
        other => panic!("opened, or failed strangely: {:?}", other.map(|plain| plain.len())),
    }
}

#[test]
fn every_length_around_the_chunks_comes_back() {
    let (key, random) = key();
    for len in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 17] {
        let plain = body(len);
        let sealed = seal_in(&[&plain], &key, &random);
        assert_eq!(sealed.len() as u64, sealed_len(len as u64), "{len}");
        assert_eq!(plain_len(sealed.len() as u64), Some(len as u64), "{len}");
        assert!(open_all(&key, &sealed).unwrap() == plain, "{len}");
    }
}

#[test]
fn nothing_is_written_before_something_must_be() {
    let (key, random) = key();
    let mut sealer = StreamSealer::new(&key, &random);
    let mut sealed = Vec::new();
    sealer.push(&body(CHUNK), &mut sealed);
    assert!(sealed.is_empty(), "the last chunk is not known yet");
    sealer.push(b"x", &mut sealed);
    assert_eq!(sealed.len(), HEADER + SEALED);
}

#[test]
fn any_chunk_opens_without_the_others() {
    let (key, random) = key();
    let plain = body(2 * CHUNK + 100);
    let sealed = seal_in(&[&plain], &key, &random);
    let opener = StreamOpener::new(&key, &sealed[..HEADER]).unwrap();
    for index in [2, 0, 1] {
        let place = sealed_chunk(sealed.len() as u64, index).unwrap();
        let (start, len) = (usize::try_from(place.start).unwrap(), usize::try_from(place.len).unwrap());
        let mut out = b"before".to_vec();
        opener.open_chunk(index, place.position, &sealed[start..start + len], &mut out).unwrap();
        let from = usize::try_from(index).unwrap() * CHUNK;
        assert!(out[6..] == plain[from..(from + CHUNK).min(plain.len())]);
    }
    assert_eq!(sealed_chunk(sealed.len() as u64, 3), None);
}

#[test]
fn a_body_cut_anywhere_does_not_open() {
    let (key, random) = key();
    let sealed = seal_in(&[&body(2 * CHUNK + 100)], &key, &random);
    // At chunk borders, where every remaining seal is valid, and around them.
    for cut in [0, 4, HEADER - 1, HEADER, HEADER + 16, HEADER + SEALED, HEADER + 2 * SEALED, sealed.len() - 1]
    {
        damaged(&key, &sealed[..cut]);
        damaged(&key, &sealed[..cut.saturating_sub(1)]);
        if cut + 1 < sealed.len() {
            damaged(&key, &sealed[..=cut]);
        }
    }
}

#[test]
fn a_body_cut_at_a_border_does_not_open_even_if_its_reader_is_told_so() {
    let (key, random) = key();
    let sealed = seal_in(&[&body(2 * CHUNK)], &key, &random);
    let opener = StreamOpener::new(&key, &sealed).unwrap();
    let first = &sealed[HEADER..HEADER + SEALED];
    let mut out = Vec::new();
    assert!(opener.open_chunk(0, ChunkPosition::Last, first, &mut out).is_err(), "it is not the last");
    assert!(
        opener.open_chunk(1, ChunkPosition::Inner, &sealed[HEADER + SEALED..], &mut out).is_err(),
        "it is the last"
    );
    assert!(out.is_empty(), "nothing unproven is handed out");
}

#[test]
fn a_body_that_was_extended_does_not_open() {
    let (key, random) = key();
    for len in [0, 100, CHUNK, CHUNK + 100] {
        let sealed = seal_in(&[&body(len)], &key, &random);
        for more in [1, 15, 16, 17, SEALED] {
            let mut extended = sealed.clone();
            extended.extend_from_slice(&vec![0; more]);
            damaged(&key, &extended);
        }
        // A whole genuine chunk, once more.
        let mut doubled = sealed.clone();
        doubled.extend_from_slice(&sealed[HEADER..]);
        damaged(&key, &doubled);
    }
}

#[test]
fn an_empty_last_chunk_behind_full_ones_does_not_open() {
    let (key, random) = key();
    let sealed = seal_in(&[&body(CHUNK)], &key, &random);
    let opener = StreamOpener::new(&key, &sealed).unwrap();
    assert!(opener.open_chunk(1, ChunkPosition::Last, &[0; 16], &mut Vec::new()).is_err());
    assert_eq!(plain_len((HEADER + SEALED + 16) as u64), None);
}

#[test]
fn reordered_and_repeated_chunks_do_not_open() {
    let (key, random) = key();
    let sealed = seal_in(&[&body(3 * CHUNK)], &key, &random);
    let chunk = |index: usize| &sealed[HEADER + index * SEALED..HEADER + (index + 1) * SEALED];
    for order in [[1, 0, 2], [0, 0, 2], [2, 1, 0], [0, 2, 1], [1, 1, 2]] {
        let mut moved = sealed[..HEADER].to_vec();
        order.iter().for_each(|index| moved.extend_from_slice(chunk(*index)));
        damaged(&key, &moved);
    }
}

#[test]
fn chunks_and_headers_of_other_bodies_do_not_fit_even_under_the_same_key() {
    let (key, random) = key();
    let one = seal_in(&[&body(2 * CHUNK)], &key, &random);
    let two = seal_in(&[&body(2 * CHUNK)], &key, &random);
    assert!(one != two, "two seals of one body under one key have nothing in common");
    let swapped = [&one[..HEADER + SEALED], &two[HEADER + SEALED..]].concat();
    damaged(&key, &swapped);
    let headed = [&two[..HEADER], &one[HEADER..]].concat();
    damaged(&key, &headed);
    damaged(&MessageKey::generate(&random), &one);
}

#[test]
fn every_changed_byte_of_header_and_tags_is_noticed() {
    let (key, random) = key();
    let sealed = seal_in(&[&body(40)], &key, &random);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        damaged(&key, &changed);
    }
}

#[test]
fn a_part_and_a_body_under_one_key_are_different_things() {
    let (key, random) = key();
    let part = key.seal_part(Part::Head("b1"), b"Subject: x\r\n\r\n", &random);
    damaged(&key, &part);
    let sealed = seal_in(&[b"body"], &key, &random);
    assert!(key.open_part(Part::Head("b1"), &sealed).is_err());
    // The same bytes with the other's magic: the derived keys differ too.
    let mut dressed = sealed;
    dressed[..4].copy_from_slice(b"SPPT");
    assert!(key.open_part(Part::Head("b1"), &dressed).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_a_body_arrives_does_not_matter(lens in prop::collection::vec(0_usize..100_000, 0..6)) {
        let (key, random) = key();
        let pieces: Vec<Vec<u8>> = lens.into_iter().map(body).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let sealed = seal_in(&pieces, &key, &random);
        prop_assert!(open_all(&key, &sealed).unwrap() == pieces.concat());
    }

    #[test]
    fn lengths_agree(len in 0_u64..(1 << 48)) {
        prop_assert_eq!(plain_len(sealed_len(len)), Some(len));
        let chunks = len.div_ceil(CHUNK as u64).max(1);
        let last = sealed_chunk(sealed_len(len), chunks - 1).unwrap();
        prop_assert_eq!(last.position, ChunkPosition::Last);
        prop_assert_eq!(last.start + last.len, sealed_len(len));
        prop_assert_eq!(sealed_chunk(sealed_len(len), chunks), None);
    }

    #[test]
    fn a_length_that_no_body_has_is_known(len in any::<u64>()) {
        if let Some(plain) = plain_len(len) {
            prop_assert_eq!(sealed_len(plain), len);
        }
        let _ = sealed_chunk(len, len);
    }

    #[test]
    fn arbitrary_bytes_do_not_open(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (key, _) = key();
        prop_assert!(open_all(&key, &bytes).is_err());
        let dressed = [b"SPST\x01\x10".as_slice(), &bytes].concat();
        prop_assert!(open_all(&key, &dressed).is_err());
        if let Ok(opener) = StreamOpener::new(&key, &dressed) {
            prop_assert!(opener.open_chunk(u64::MAX, ChunkPosition::Last, &bytes, &mut Vec::new()).is_err());
            prop_assert!(opener.open_chunk(0, ChunkPosition::Last, &bytes, &mut Vec::new()).is_err());
        }
    }
}
