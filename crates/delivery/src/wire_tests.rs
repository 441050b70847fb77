//! Replies as the client gets them, and servers that speak out of turn.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

fn tidied(raw: &[u8]) -> Vec<String> {
    let mut replies = Replies::default();
    for piece in raw.chunks(3) {
        replies.feed(piece);
    }
    let mut lines = Vec::new();
    loop {
        let mut space = [0_u8; 2000];
        let mut buf = ReadBuf::new(&mut space);
        if !replies.line_into(&mut buf) {
            return lines;
        }
        lines.push(String::from_utf8(buf.filled().to_vec()).unwrap());
    }
}

#[test]
fn replies_come_one_line_at_a_time_and_unchanged() {
    assert_eq!(tidied(b"250-a b\r\n250 ok\r\n354 go"), ["250-a b\r\n", "250 ok\r\n"]);
}

#[test]
fn what_the_parser_above_cannot_take_is_mended() {
    assert_eq!(tidied(b"250\r\n"), ["250 \r\n"]);
    assert_eq!(tidied(b"250\n"), ["250 \r\n"]);
    assert_eq!(tidied(b"250 gr\xfc\xdfe\n"), ["250 gr??e\r\n"]);
    // RFC 5321 §4.2.1: the first digit decides.
    assert_eq!(tidied(b"299 ok\r\n"), ["259 ok\r\n"]);
    assert_eq!(tidied(b"291-a 9\r\n299 ok\r\n"), ["251-a 9\r\n", "259 ok\r\n"]);
}

#[test]
fn a_code_is_known_as_it_was_given() {
    for given in [250, 299, 490, 571, 560] {
        let wire = Wire::scripted(
            format!("{given}-a 9\r\n{given} b\r\n354 go\r\n").as_bytes(),
            SocketAddr::from(([127, 0, 0, 1], 25)),
            Arc::new(|| true),
        );
        let mut space = [0_u8; 2000];
        for _line in 0..2 {
            let mut buf = ReadBuf::new(&mut space);
            assert!(wire.state().replies.line_into(&mut buf));
        }
        let parsed = std::str::from_utf8(&space[..3]).unwrap().parse().unwrap();
        assert_eq!(wire.code_as_given(parsed), given);
    }
}

#[test]
fn an_endless_line_costs_no_memory() {
    let mut raw = b"250 ".to_vec();
    raw.resize(1_000_000, b'x');
    let mut replies = Replies::default();
    replies.feed(&raw);
    assert_eq!(replies.bytes.len(), LINE);
    raw.extend(b"\r\n");
    assert_eq!(tidied(&raw).first().map(String::len), Some(LINE + 2));
}

const REFUSAL: &str = "552-5.3.4 it is\r\n552 5.3.4 too large for us\r\n";

/// A wire to a server that reads this many octets of a letter, says its line and then does as `after` says.
async fn to_server(octets: usize, says: &'static str, after: After) -> Wire {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.read_exact(&mut vec![0; octets]).await.unwrap();
        for piece in says.as_bytes().chunks(7) {
            tcp.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        match after {
            After::HangsUp => {}
            After::ReadsNoMore => std::future::pending().await,
            After::ReadsOn => {
                let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
            }
        }
    });
    let wire = Wire::scripted(b"", address, Arc::new(|| true));
    wire.carry_tcp(TcpStream::connect(address).await.unwrap());
    wire.begins_letter();
    wire
}

#[derive(Clone, Copy, Debug)]
enum After {
    HangsUp,
    ReadsNoMore,
    ReadsOn,
}

/// Writes a letter as the client does; far more than sockets hold.
async fn write_letter(wire: &mut Wire) -> io::Result<()> {
    for _ in 0..400 {
        wire.write_all(&[b'x'; GATHER]).await?;
    }
    wire.ends_letter();
    wire.write_all(b"\r\n.\r\n").await
}

async fn read_line(wire: &mut Wire) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut space = [0; 100];
        match wire.read(&mut space).await? {
            0 => break,
            length => line.extend_from_slice(&space[..length]),
        }
    }
    Ok(String::from_utf8(line).unwrap())
}

#[tokio::test]
async fn a_refusal_during_a_letter_is_the_reply_to_it() {
    for after in [After::HangsUp, After::ReadsNoMore, After::ReadsOn] {
        for says in [REFUSAL, "452 4.3.1 no space\r\n", "421 4.3.2 going down\r\n"] {
            let mut wire = to_server(200_000, says, after).await;
            write_letter(&mut wire).await.unwrap_or_else(|error| panic!("{after:?} {says}: {error}"));
            for line in says.split_inclusive('\n') {
                assert_eq!(read_line(&mut wire).await.unwrap(), line, "{after:?}");
            }
            let progress = wire.progress();
            assert!(!progress.all_out && progress.sent < 400 * 65_536, "{after:?} {says}");
            assert!(wire.is_spoiled() && !wire.may_have_ended_letter());
        }
    }
}

#[tokio::test]
async fn an_acceptance_during_a_letter_is_none() {
    for after in [After::HangsUp, After::ReadsNoMore, After::ReadsOn] {
        let mut wire = to_server(200_000, "250 2.0.0 taken\r\n", after).await;
        assert!(write_letter(&mut wire).await.is_err(), "{after:?}");
        assert!(read_line(&mut wire).await.is_err(), "{after:?}");
        assert!(wire.is_spoiled() && !wire.progress().all_out && !wire.may_have_ended_letter());
    }
}

#[tokio::test]
async fn a_letter_that_was_read_is_answered_as_ever() {
    let mut wire = to_server(400 * GATHER + 5, "250 2.0.0 taken\r\n", After::ReadsOn).await;
    write_letter(&mut wire).await.unwrap();
    assert_eq!(read_line(&mut wire).await.unwrap(), "250 2.0.0 taken\r\n");
    assert!(wire.may_have_ended_letter() && wire.progress().all_out && !wire.is_spoiled());
}
