//! Commands that do not advance a letter are free for a while, but not without limit.

use super::rig::rig;

/// Repeats a command until the client is disconnected; how often it was answered.
async fn patience(line: &str) -> usize {
    let rig = rig().limits(|limits| (limits.max_junk, limits.max_errors) = (10, 3));
    let mut client = rig.client().await;
    for answered in 0..50 {
        client.say(line).await;
        if client.reply().await.starts_with("421 4.7.0") {
            client.expect_end().await;
            return answered;
        }
    }
    panic!("{line} has no end");
}

#[tokio::test]
async fn every_kind_of_it_has_an_end() {
    // EHLO was the first.
    for line in ["NOOP", "RSET", "VRFY k", "HELP", "EHLO x", "HELO x"] {
        assert_eq!(patience(line).await, 13, "{line}");
    }
    for line in ["NONSENSE", "", "EXPN k", "MAIL FROM:<a@b.example> X=1"] {
        assert_eq!(patience(line).await, 4, "{line}");
    }
}

#[tokio::test]
async fn a_list_twice_as_long_as_allowed_is_put_off_and_no_junk() {
    let rig = rig().limits(|limits| (limits.max_recipients, limits.max_junk, limits.max_errors) = (5, 3, 1));
    let mut client = rig.with_letter().await;
    for _ in 0..4 {
        client.ask("RCPT TO:<c@d.example>", "250").await;
    }
    for _ in 0..5 {
        client.ask("RCPT TO:<c@d.example>", "452 4.5.3").await;
    }
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    client.ask("MAIL FROM:<a@b.example>", "250").await;
    for _ in 0..5 {
        client.ask("RCPT TO:<c@d.example>", "250").await;
    }
    let mut put_off = 0;
    loop {
        client.say("RCPT TO:<c@d.example>").await;
        let reply = client.reply().await;
        if reply.starts_with("421 4.7.0") {
            break;
        }
        assert!(reply.starts_with("452 4.5.3"), "{reply}");
        put_off += 1;
    }
    assert_eq!(put_off, 10);
}

#[tokio::test]
async fn a_letter_that_was_taken_forgives_all_of_it() {
    let rig = rig().limits(|limits| (limits.max_junk, limits.max_errors) = (10, 3));
    let mut client = rig.client().await;
    for _ in 0..5 {
        for _ in 0..9 {
            client.ask("NOOP", "250").await;
        }
        for _ in 0..3 {
            client.ask("NONSENSE", "500").await;
        }
        client.ask("MAIL FROM:<a@b.example>", "250").await;
        client.ask("RCPT TO:<c@d.example>", "250").await;
        client.ask("DATA", "354").await;
        client.ask("x\r\n.", "250").await;
    }
}
