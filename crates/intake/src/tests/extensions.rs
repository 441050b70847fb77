//! What EHLO offers, and that it is honoured.

use sealpost_mail::{BodyType, Notify, Orcpt, Ret, ReversePath};

use super::rig::rig;

/// RFC 5321 §4.1.1.1, and each keyword's RFC.
#[tokio::test]
async fn ehlo_offers_what_we_do() {
    let mut client = rig().limits(|limits| limits.max_size = 12345).call();
    client.expect("220 gw.example").await;
    client.say("EHLO mill.example").await;
    let offer = client.reply().await;
    let words: Vec<&str> = offer.lines().filter_map(|line| line.get(4..)).collect();
    assert_eq!(
        words,
        [
            "gw.example",
            "PIPELINING",
            "SIZE 12345",
            "8BITMIME",
            "SMTPUTF8",
            "CHUNKING",
            "DSN",
            "ENHANCEDSTATUSCODES"
        ]
    );
}

/// RFC 3207 §4.2: STARTTLS is not offered inside TLS. RFC 4954 §4: PLAIN only where it is protected.
#[tokio::test]
async fn starttls_is_offered_in_clear_and_auth_in_tls() {
    let offer = |tls: bool| async move {
        let mut rig = rig().context(|context| {
            context.starttls = true;
            context.access.auth = true;
        });
        if tls {
            rig = rig.over_tls(None);
        }
        let mut client = rig.call();
        client.expect("220").await;
        client.say("EHLO x").await;
        client.reply().await
    };
    let (clear, secure) = (offer(false).await, offer(true).await);
    assert!(clear.contains("250-STARTTLS\r\n") && !clear.contains("AUTH"));
    assert!(!secure.contains("STARTTLS") && secure.contains("250-AUTH PLAIN LOGIN\r\n"));
}

#[tokio::test]
async fn helo_offers_nothing_and_works() {
    let rig = rig();
    let mut client = rig.call();
    client.expect("220").await;
    client.ask("HELO old.example", "250 gw.example\r\n").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<postmaster>", "250").await;
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    let letters = rig.memory.letters.lock().unwrap();
    let letter = letters.first().unwrap();
    assert!(!letter.origin.extended);
    assert_eq!(letter.origin.helo, "old.example");
    assert_eq!(letter.envelope.reverse_path, ReversePath::Null);
    assert_eq!(letter.envelope.recipients.first().unwrap().address.to_path(), "postmaster@gw.example");
}

/// RFC 3461, 1870, 6152, 6531: every parameter is passed on with the letter.
#[tokio::test]
async fn every_parameter_travels() {
    let rig = rig();
    let mut client = rig.client().await;
    client
        .ask("MAIL FROM:<j\u{fc}rgen@b.example> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=QQ+2B1", "250")
        .await;
    client.ask("RCPT TO:<\"c d\"@e.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;f@g.example", "250").await;
    client.ask("RCPT TO:<h@[IPv6:2001:db8::1]> NOTIFY=NEVER", "250").await;
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    let letters = rig.memory.letters.lock().unwrap();
    let envelope = &letters.first().unwrap().envelope;
    assert_eq!(envelope.reverse_path.to_path(), "jürgen@b.example");
    assert_eq!(envelope.announced_size, Some(9));
    assert_eq!(envelope.body, BodyType::EightBitMime);
    assert_eq!(
        (envelope.smtputf8, envelope.ret, envelope.envid.as_deref()),
        (true, Some(Ret::Full), Some("QQ+1"))
    );
    let [first, second] = envelope.recipients.as_slice() else { panic!("two recipients") };
    assert_eq!(first.address.to_path(), "\"c d\"@e.example");
    assert_eq!(first.notify, Notify::On { success: true, failure: true, delay: false });
    assert_eq!(first.orcpt, Some(Orcpt { kind: "rfc822".into(), address: "f@g.example".into() }));
    assert_eq!((second.address.to_path().as_str(), second.notify), ("h@[ipv6:2001:db8::1]", Notify::Never));
}

/// RFC 6531 §3.5: 553 5.6.7 without SMTPUTF8.
#[tokio::test]
async fn a_recipient_beyond_ascii_needs_smtputf8() {
    let mut client = rig().with_letter().await;
    client.ask("RCPT TO:<j\u{fc}rgen@b.example>", "553 5.6.7").await;
    client.ask("RSET", "250").await;
    client.ask("MAIL FROM:<a@b.example> SMTPUTF8", "250").await;
    client.ask("RCPT TO:<j\u{fc}rgen@b.example>", "250").await;
}

/// RFC 3030 §3: BINARYMIME is not offered, so it is not accepted.
#[tokio::test]
async fn binarymime_is_refused() {
    rig().client().await.ask("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4").await;
}

/// RFC 2920 §3.1: commands in one group, replies in the same order.
#[tokio::test]
async fn commands_may_come_in_one_group() {
    let rig = rig();
    let mut client = rig.client().await;
    client
        .send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<bad>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n")
        .await;
    for reply in ["250 2.1.0", "250 2.1.5", "501 5.1.3", "250 2.1.5", "354"] {
        client.expect(reply).await;
    }
    client.send("one\r\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n").await;
    for reply in ["250 2.0.0 letter1", "250 2.1.0", "250 2.1.5", "221 2.0.0"] {
        client.expect(reply).await;
    }
    client.expect_end().await;
}

/// RFC 5321 §4.1.1: the commands besides a letter. §3.5.3: 252 for VRFY.
#[tokio::test]
async fn the_small_commands_work_at_any_time() {
    let mut client = rig().with_letter().await;
    client.ask("NOOP whatever", "250 2.0.0").await;
    client.ask("VRFY someone", "252 2.5.2").await;
    client.ask("HELP", "214 2.0.0").await;
    client.ask("EXPN list", "502 5.5.1").await;
    client.ask("FOO", "500 5.5.1").await;
    client.ask("DATA", "354").await;
    client.ask("x\r\n.", "250").await;
    client.ask("QUIT", "221 2.0.0").await;
    client.expect_end().await;
}

#[tokio::test]
async fn a_large_letter_arrives_whole_in_blocks() {
    let rig = rig();
    let mut client = rig.in_data().await;
    let letter: Vec<u8> =
        (0..40_000).flat_map(|n| format!("line {n} of a large letter\r\n").into_bytes()).collect();
    let (read, mut write) = tokio::io::split(client.stream);
    let sent = letter.clone();
    let writer = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        write.write_all(&sent).await.unwrap();
        write.write_all(b".\r\n").await.unwrap();
        write
    });
    client.stream = read.unsplit(writer.await.unwrap());
    client.expect("250 2.0.0").await;
    assert!(rig.letters() == [letter]);
    assert!(rig.count(|memory| &memory.largest_chunk) <= 64 * 1024);
}
