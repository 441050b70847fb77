//! SMTP smuggling: nothing but `<CRLF>.<CRLF>` ends a letter, and a client that tries is disconnected. The
//! vectors are those published in December 2023 and the ones that found faults in other listeners.

use super::rig::rig;

const SECOND: &str = "MAIL FROM:<admin@bank.example>\r\nRCPT TO:<victim@d.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nevil\r\n.\r\n";

async fn refused_and_put_out(end: &str) {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.send(format!("Subject: one\r\n\r\nhi{end}{SECOND}")).await;
    client.expect("550 5.6.11").await;
    client.expect_end().await;
    assert!(rig.letters().is_empty(), "{end:?}");
    assert_eq!(rig.count(|memory| &memory.begun), 1, "{end:?}");
    assert_eq!(rig.count(|memory| &memory.aborted), 1, "{end:?}");
}

/// RFC 5321 §4.1.1.4: "The custom of accepting lines ending only in <LF> … has proven to cause more
/// interoperability problems than it solves, and SMTP server systems MUST NOT do this".
#[tokio::test(start_paused = true)]
async fn no_other_end_ends_a_letter() {
    for end in [
        "\r\n.\n",
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r.\r\n",
        "\r\n.\r\r\n",
        "\r\n.\r",
        "\n.\r",
        "\r.\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\n\n.\r\n",
        "\r\r\n.\r\n",
        "\r\n\n.\r\n",
    ] {
        refused_and_put_out(end).await;
    }
}

/// RFC 5321 §2.3.8: "SMTP client implementations MUST NOT transmit these characters except when they are
/// intended as line terminators and then MUST … transmit them only as a <CRLF> sequence."
#[tokio::test(start_paused = true)]
async fn a_bare_octet_anywhere_in_a_letter_is_refused() {
    for octet in ["after\rbare CR", "bare\nLF", "a\0NUL"] {
        refused_and_put_out(octet).await;
    }
}

/// A client that sends its whole letter before it reads still gets the reply, not a reset.
#[tokio::test(start_paused = true)]
async fn the_refusal_waits_for_a_client_that_is_still_sending() {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.send("bare\nLF\r\n").await;
    for _ in 0..100 {
        client.send("more text\r\n".repeat(1000)).await;
    }
    client.say(".").await;
    client.expect("550 5.6.11").await;
    client.expect_end().await;
}

#[tokio::test(start_paused = true)]
async fn a_bare_octet_in_a_command_ends_the_session() {
    for command in ["NOOP\n", "NO\rOP\r\n", "NOOP\0\r\n", "MAIL FROM:<a@b.example\r>\r\n"] {
        let mut client = rig().client().await;
        client.send(command).await;
        client.expect("500 5.5.2").await;
        client.expect_end().await;
    }
}

/// RFC 5321 §4.5.2, and the reader must not be confused by blocks: every octet a write of its own.
#[tokio::test(start_paused = true)]
async fn a_letter_in_single_octets_is_the_same_letter() {
    let rig = rig();
    let mut client = rig.in_data().await;
    for octet in b"..one\r\n.two\r\n\r\nthree.\r\n.\r\n" {
        client.send([*octet]).await;
        tokio::task::yield_now().await;
    }
    client.expect("250 2.0.0").await;
    assert_eq!(rig.letters(), [b".one\r\ntwo\r\n\r\nthree.\r\n".to_vec()]);
}

/// The first line counts as one after a CRLF: RFC 5321 §4.1.1.4, an empty letter.
#[tokio::test]
async fn an_empty_letter_ends_at_once() {
    let rig = rig();
    let mut client = rig.in_data().await;
    client.ask(".", "250 2.0.0").await;
    assert_eq!(rig.letters(), [b"".to_vec()]);
}

/// RFC 3207 §6: text pipelined after STARTTLS was sent by a party that could not see the handshake.
#[tokio::test]
async fn text_behind_starttls_ends_the_session() {
    let rig = rig().context(|context| context.starttls = true);
    let mut client = rig.client().await;
    client.send("STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n").await;
    client.expect("503 5.5.1").await;
    client.expect_end().await;
    assert!(!client.close().await, "the connection must not become TLS");
}
