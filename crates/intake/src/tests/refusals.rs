//! Every refusal with its reply code.

use sealpost_mail::Domain;

use super::rig::{Refuse, rig};
use crate::access::{Access, ClientCertificates};

/// RFC 5321 §3.6.2: "SMTP servers MAY decline to act as mail relays"; §7.9 for whom.
#[tokio::test]
async fn a_stranger_may_not_relay() {
    let rig = rig().from("203.0.113.9");
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example>", "250 2.1.0").await;
    client.ask("RCPT TO:<c@d.example>", "550 5.7.1").await;
    client.ask("RCPT TO:<@gw.example:c@d.example>", "550 5.7.1").await;
    client.ask("RCPT TO:<c%d.example@gw.example>", "550 5.7.1").await;
    client.ask("RCPT TO:<postmaster>", "550 5.7.1").await;
    client.ask("DATA", "503 5.5.1").await;
    assert_eq!(rig.count(|memory| &memory.begun), 0);
}

#[tokio::test]
async fn a_stranger_reaches_our_domains_and_postmaster() {
    let rig = rig().from("203.0.113.9").context(|context| {
        context.access.domains = vec![Domain::parse("insurer.example").unwrap()];
        context.access.auth = true;
    });
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example>", "250 2.1.0").await;
    client.ask("RCPT TO:<c@insurer.example>", "250 2.1.5").await;
    client.ask("RCPT TO:<Postmaster>", "250 2.1.5").await;
    client.ask("RCPT TO:<c@d.example>", "550 5.7.1").await;
}

/// RFC 4954 §6: "530 5.7.0 Authentication required".
#[tokio::test]
async fn who_could_log_in_is_told_to() {
    let access = Access { auth: true, ..Access::default() };
    let clear = rig().from("203.0.113.9").context(|context| {
        context.access = access.clone();
        context.starttls = true;
    });
    clear.client().await.ask("MAIL FROM:<a@b.example>", "530 5.7.0 say STARTTLS").await;
    let tls = rig().from("203.0.113.9").over_tls(None).context(|context| context.access = access);
    tls.client().await.ask("MAIL FROM:<a@b.example>", "530 5.7.0 log in").await;
}

#[tokio::test]
async fn a_certificate_is_a_right_where_certificates_count() {
    let certificates = ClientCertificates { pins: vec![[7; 32]], ca: None };
    let access = Access { certificates, ..Access::default() };
    let with =
        rig().from("203.0.113.9").over_tls(Some("07")).context(|context| context.access = access.clone());
    with.with_letter().await;
    let without = rig().from("203.0.113.9").over_tls(None).context(|context| context.access = access);
    without.client().await.ask("MAIL FROM:<a@b.example>", "530 5.7.0").await;
}

/// RFC 3207 §4: "530 5.7.0 Must issue a STARTTLS command first".
#[tokio::test]
async fn where_tls_is_required_nothing_goes_without() {
    let rig = rig().context(|context| {
        context.tls_required = true;
        context.starttls = true;
    });
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example>", "530 5.7.0").await;
    client.ask("NOOP", "250 2.0.0").await;
}

/// RFC 1870 §6.1 (5): "552 message size exceeds fixed maximum message size".
#[tokio::test]
async fn a_letter_announced_too_big_is_refused_at_mail() {
    let rig = rig().limits(|limits| limits.max_size = 1000);
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example> SIZE=1001", "552 5.3.4").await;
    client.ask("MAIL FROM:<a@b.example> SIZE=1000", "250 2.1.0").await;
}

/// RFC 1870 §6.3: a letter that grows too big is read to its end and refused there.
#[tokio::test]
async fn a_letter_that_grows_too_big_is_refused_at_its_end() {
    let rig = rig().limits(|limits| limits.max_size = 1000);
    let mut client = rig.in_data().await;
    client.send(b"0123456789\r\n".repeat(100)).await;
    client.ask(".", "552 5.3.4").await;
    client.ask("MAIL FROM:<a@b.example>", "250 2.1.0").await;
    assert_eq!(rig.count(|memory| &memory.aborted), 1);
    assert!(rig.letters().is_empty());
}

#[tokio::test]
async fn a_letter_far_beyond_is_not_read_to_its_end() {
    let rig = rig().limits(|limits| limits.max_size = 1000);
    let mut client = rig.in_data().await;
    let flood = b"0123456789\r\n".repeat(150_000);
    let (mut read, mut write) = tokio::io::split(client.stream);
    let writer = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = write.write_all(&flood).await;
        write
    });
    let mut reply = vec![0; 64];
    let octets = tokio::io::AsyncReadExt::read(&mut read, &mut reply).await.unwrap();
    reply.truncate(octets);
    assert!(reply.starts_with(b"552 5.3.4"));
    client.stream = read.unsplit(writer.await.unwrap());
    client.expect_end().await;
}

/// RFC 5321 §4.5.3.1.10: "452 Too many recipients"; those before stay.
#[tokio::test]
async fn too_many_recipients_are_put_off() {
    let rig = rig().limits(|limits| limits.max_recipients = 2);
    let mut client = rig.with_letter().await;
    client.ask("RCPT TO:<2@d.example>", "250 2.1.5").await;
    client.ask("RCPT TO:<3@d.example>", "452 4.5.3").await;
    client.ask("DATA", "354").await;
    client.ask("Subject: x\r\n\r\ny\r\n.", "250 2.0.0 letter1").await;
    assert_eq!(rig.memory.letters.lock().unwrap().first().unwrap().envelope.recipients.len(), 2);
}

/// RFC 5321 §4.5.3.1.6: a text line has 1000 octets at most; our limit is configurable.
#[tokio::test]
async fn a_line_of_the_letter_may_be_too_long() {
    let rig = rig().limits(|limits| limits.text_line = 100);
    let mut client = rig.in_data().await;
    client.say(&"x".repeat(100)).await;
    client.ask(".", "250 2.0.0").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.ask("DATA", "354").await;
    client.say(&"x".repeat(101)).await;
    client.ask(".", "554 5.6.0").await;
    client.ask("NOOP", "250").await;
}

/// RFC 5321 §4.5.3.1.9: "500 Line too long."
#[tokio::test]
async fn a_command_line_may_be_too_long() {
    let rig = rig();
    let mut client = rig.client().await;
    client.ask(&format!("NOOP {}", "x".repeat(600)), "500 5.5.6").await;
    client.ask(&format!("MAIL FROM:<a@b.example> ENVID={}", "x".repeat(5000)), "500 5.5.6").await;
    client.ask("NOOP", "250").await;
    let mut client = rig.client().await;
    client.send("x".repeat(80_000)).await;
    client.expect("500 5.5.6").await;
    client.expect_end().await;
}

/// RFC 5321 §4.1.4: "503 … commands out of sequence".
#[tokio::test]
async fn commands_have_an_order() {
    let rig = rig();
    let mut client = rig.call();
    client.expect("220").await;
    for line in ["MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "STARTTLS"] {
        let code = if line == "STARTTLS" { "502 5.5.1" } else { "503 5.5.1" };
        client.ask(line, code).await;
    }
    client.ask("EHLO x", "250-gw.example").await;
    client.ask("RCPT TO:<c@d.example>", "503 5.5.1").await;
    client.ask("DATA", "503 5.5.1").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    client.ask("DATA", "503 5.5.1").await;
    client.ask("MAIL FROM:<a@b.example>", "503 5.5.1").await;
    client.ask("RCPT TO:<c@d.example>", "250").await;
    client.ask("MAIL FROM:<a@b.example>", "503 5.5.1").await;
    client.ask("RSET", "250 2.0.0").await;
    client.ask("DATA", "503 5.5.1").await;
}

/// RFC 5321 §4.1.4: "An EHLO command MAY be issued by a client later in the session … clear all buffers".
#[tokio::test]
async fn a_second_ehlo_clears_the_letter() {
    let mut client = rig().with_letter().await;
    client.ask("EHLO x", "250-gw.example").await;
    client.ask("DATA", "503 5.5.1").await;
}

#[tokio::test]
async fn too_many_errors_end_the_session() {
    let mut client = rig().limits(|limits| limits.max_errors = 3).client().await;
    for _ in 0..4 {
        client.ask("FOO", "500 5.5.1").await;
    }
    client.expect("421 4.7.0").await;
    client.expect_end().await;
}

#[tokio::test]
async fn a_refused_letter_is_no_error_of_the_client() {
    let rig = rig().limits(|limits| limits.max_errors = 1).refusing(Refuse::Finish);
    let mut client = rig.client().await;
    for _ in 0..5 {
        client.ask("MAIL FROM:<a@b.example>", "250").await;
        client.ask("RCPT TO:<c@d.example>", "250").await;
        client.ask("DATA", "354").await;
        client.ask("x\r\n.", "451 4.3.0 come back later\r\n").await;
    }
}

#[tokio::test]
async fn what_the_reception_says_is_said_at_the_right_moment() {
    let begin = rig().refusing(Refuse::Begin);
    let mut client = begin.with_letter().await;
    client.ask("DATA", "451 4.3.0").await;
    client.ask("NOOP", "250").await;

    let chunk = rig().refusing(Refuse::Chunk);
    let mut client = chunk.in_data().await;
    client.say("one\r\ntwo").await;
    client.ask("RSET\r\nQUIT\r\n.", "451 4.3.0").await;
    client.ask("NOOP", "250").await;
    assert_eq!(chunk.count(|memory| &memory.aborted), 1);

    let finish = rig().refusing(Refuse::Finish);
    let mut client = finish.in_data().await;
    client.ask("one\r\n.", "451 4.3.0").await;
    client.ask("DATA", "503").await;
    assert!(finish.letters().is_empty());
}

/// The data after a refused DATA may be a letter; it must not be read as commands.
#[tokio::test]
async fn a_letter_behind_a_refused_data_is_not_read_as_commands() {
    let rig = rig().refusing(Refuse::Begin);
    let mut client = rig.with_letter().await;
    client.send("DATA\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<c@d.example>\r\n.\r\n").await;
    client.expect("451 4.3.0").await;
    client.expect("503 5.5.1").await;
    client.expect_end().await;
}

/// RFC 2920 §3.2 (9): "MUST NOT flush or otherwise lose the contents of the TCP input buffer". No letter was
/// in progress, so the data cannot be one.
#[tokio::test]
async fn commands_behind_a_data_out_of_order_are_read() {
    let mut client = rig().client().await;
    client.send("FOO\r\nNOOP\r\nDATA\r\nNOOP\r\n").await;
    for reply in ["500", "250", "503", "250"] {
        client.expect(reply).await;
    }
}

#[tokio::test]
async fn another_protocol_is_shown_the_door() {
    let mut client = rig().call();
    client.expect("220").await;
    client.send("POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\n").await;
    client.expect("500 5.5.1").await;
    client.expect_end().await;
}

/// RFC 1870 §6.1: the size at MAIL lets a server refuse before the letter is sent.
#[tokio::test]
async fn a_letter_for_which_there_is_no_room_is_put_off_at_mail() {
    let rig = rig().refusing(Refuse::Mail(5000));
    let mut client = rig.client().await;
    client.ask("MAIL FROM:<a@b.example> SIZE=5000", "451 4.3.0").await;
    client.ask("RCPT TO:<c@d.example>", "503 5.5.1").await;
    client.ask("MAIL FROM:<a@b.example> SIZE=100", "250 2.1.0").await;
    assert_eq!(rig.count(|memory| &memory.begun), 0);
}
