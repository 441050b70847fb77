//! Exactly head ++ rest arrives, whatever the letter contains.

use crate::hop::{Hop, Script};
use crate::rig::{Fixture, post};

const HEAD: &[u8] = b"Subject: x\r\n\r\n";

/// The bytes of this letter on arrival.
async fn arrives(head: &[u8], rest: &[u8], script: Script) -> Vec<u8> {
    let hop = Hop::start(script).await;
    let fixture = Fixture::new(&hop);
    fixture.queue(crate::rig::Post { head: head.to_vec(), rest: rest.to_vec(), ..post("r@d.example") }).await;
    let running = fixture.start();
    let bytes = hop.letters(1).await.remove(0).bytes;
    fixture.until_empty().await;
    running.stop().await;
    bytes
}

async fn unchanged(head: &[u8], rest: &[u8]) {
    for offers in [vec![], vec!["PIPELINING", "8BITMIME"]] {
        let script = Script { offers, ..Script::default() };
        let arrived = arrives(head, rest, script).await;
        assert_eq!(String::from_utf8_lossy(&arrived), String::from_utf8_lossy(&[head, rest].concat()));
    }
}

#[tokio::test]
async fn a_body_that_ends_in_crlf() {
    unchanged(HEAD, b"text\r\n").await;
}

#[tokio::test]
async fn a_body_that_ends_in_an_empty_line() {
    unchanged(HEAD, b"text\r\n\r\n").await;
    unchanged(HEAD, b"\r\n\r\n\r\n").await;
}

#[tokio::test]
async fn an_empty_body() {
    unchanged(HEAD, b"").await;
    unchanged(b"Subject: only fields\r\n", b"").await;
    unchanged(b"\r\n", b"").await;
    unchanged(b"", b"").await;
}

/// DATA cannot transfer it otherwise (RFC 5321 §4.1.1.4): the CRLF before the dot belongs to the letter.
#[tokio::test]
async fn a_body_without_a_final_crlf_gains_one() {
    let arrived = arrives(HEAD, b"text", Script::default()).await;
    assert_eq!(arrived, [HEAD, b"text\r\n"].concat());
}

#[tokio::test]
async fn leading_dots() {
    unchanged(HEAD, b".\r\n..\r\n.text\r\nend.\r\n").await;
    unchanged(b".Field: x\r\n\r\n", b".\r\n").await;
}

#[tokio::test]
async fn a_large_letter_with_dots_at_every_boundary() {
    let mut rest = Vec::new();
    while rest.len() < 700_000 {
        let width = rest.len() % 71;
        rest.extend(std::iter::repeat_n(b'.', width));
        rest.extend_from_slice(b"\r\n.x\r\n");
    }
    unchanged(HEAD, &rest).await;
}

#[tokio::test]
async fn every_byte_value_that_a_letter_may_hold() {
    let rest: Vec<u8> =
        (1..=255_u8).filter(|byte| *byte != b'\r' && *byte != b'\n').chain(*b"\r\n").collect();
    let arrived = arrives(HEAD, &rest, Script::default()).await;
    assert_eq!(arrived, [HEAD, &rest].concat());
}
