//! BDAT (RFC 3030).

use super::rig::{Refuse, rig};

#[tokio::test]
async fn a_letter_in_chunks_is_one_letter() {
    let rig = rig();
    let mut client = rig.with_letter().await;
    client.send("BDAT 6\r\none\r\n\r").await;
    client.expect("250 2.0.0 6 octets").await;
    client.send("BDAT 11 LAST\r\n\n.\r\n..two\r\n").await;
    client.expect("250 2.0.0 letter1").await;
    assert_eq!(rig.letters(), [b"one\r\n\r\n.\r\n..two\r\n".to_vec()]);
}

/// RFC 3030 §2: "BDAT 0 LAST" ends a letter.
#[tokio::test]
async fn an_empty_last_chunk_ends_the_letter() {
    let rig = rig();
    let mut client = rig.with_letter().await;
    client.send("BDAT 5\r\none\r\nBDAT 0 LAST\r\n").await;
    client.expect("250 2.0.0 5 octets").await;
    client.expect("250 2.0.0 letter1").await;
    assert_eq!(rig.letters(), [b"one\r\n".to_vec()]);
}

#[tokio::test]
async fn a_last_line_without_its_end_gets_one() {
    let rig = rig();
    let mut client = rig.with_letter().await;
    client.send("BDAT 3 LAST\r\none").await;
    client.expect("250 2.0.0 letter1").await;
    assert_eq!(rig.letters(), [b"one\r\n".to_vec()]);
}

/// RFC 3030 §2: "DATA and BDAT commands cannot be used in the same transaction … 503".
#[tokio::test]
async fn data_and_bdat_do_not_mix() {
    let rig = rig();
    let mut client = rig.with_letter().await;
    client.send("BDAT 5\r\none\r\n").await;
    client.expect("250").await;
    for command in ["DATA", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>"] {
        client.ask(command, "503 5.5.1").await;
    }
    client.ask("RSET", "250").await;
    assert_eq!(rig.count(|memory| &memory.aborted), 1);
    client.ask("MAIL FROM:<a@b.example>", "250").await;
}

/// RFC 3030 §2: "the receiver-SMTP MUST accept and discard the associated message data before sending the
/// appropriate 5XX or 4XX code."
#[tokio::test]
async fn a_refused_chunk_is_read_all_the_same() {
    let rig = rig();
    let mut client = rig.client().await;
    client.send("BDAT 6\r\nQUIT\r\n").await;
    client.expect("503 5.5.1").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.send("BDAT 6 LAST\r\nQUIT\r\n").await;
    client.expect("503 5.5.1").await;
    client.ask("NOOP", "250 2.0.0").await;

    let rig = rig.refusing(Refuse::Begin);
    let mut client = rig.with_letter().await;
    client.send("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n").await;
    client.expect("451 4.3.0").await;
    client.expect("503 5.5.1").await;
    client.ask("NOOP", "250 2.0.0").await;

    let rig = rig.refusing(Refuse::Chunk);
    let mut client = rig.with_letter().await;
    client.send("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n").await;
    client.expect("451 4.3.0").await;
    client.expect("503 5.5.1").await;
    client.ask("NOOP", "250 2.0.0").await;
}

#[tokio::test]
async fn a_bare_octet_in_a_chunk_is_refused() {
    for (letter, octets) in [("a\nb\r\n", 5), ("a\rb\r\n", 5), ("a\0b\r\n", 5), ("a\r\nb\r", 5)] {
        let rig = rig();
        let mut client = rig.with_letter().await;
        client.send(format!("BDAT {octets} LAST\r\n{letter}")).await;
        client.expect("550 5.6.11").await;
        client.ask("NOOP", "250").await;
        assert!(rig.letters().is_empty());
    }
}

#[tokio::test]
async fn a_chunk_whose_length_nobody_knows_ends_the_session() {
    let mut client = rig().with_letter().await;
    client.send("BDAT many\r\nMAIL FROM:<evil@b.example>\r\n").await;
    client.expect("501 5.5.4").await;
    client.expect_end().await;
}

#[tokio::test]
async fn chunks_have_the_size_limit_of_a_letter() {
    let rig = rig().limits(|limits| limits.max_size = 10);
    let mut client = rig.with_letter().await;
    client.send("BDAT 7\r\n01234\r\n").await;
    client.expect("250").await;
    client.send("BDAT 7 LAST\r\n01234\r\n").await;
    client.expect("552 5.3.4").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.say("BDAT 18446744073709551615").await;
    client.expect("552 5.3.4").await;
    client.expect_end().await;
}
