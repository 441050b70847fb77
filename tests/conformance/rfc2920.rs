//! RFC 2920: SMTP Service Extension for Command Pipelining.

use rig::letters;

use crate::reference::both;

/// §3.2 (1): "MUST respond to commands in the order they are received from the client."
#[test]
fn a_whole_dialogue_in_one_packet_is_answered_in_order() {
    both(|server| {
        let mut client = server.smtp();
        client.bytes(
            b"MAIL FROM:<a@insurer.example>\r\nRCPT TO:<one@web.example>\r\nNOOP\r\nRCPT TO:<>\r\n\
            RCPT TO:<two@web.example>\r\nDATA\r\n",
        );
        client.reply().expect("250 2.1.0 *");
        client.reply().expect("250 2.1.5 *");
        client.reply().expect("250 2.0.0 *");
        let reply = client.reply();
        assert!(reply.code >= 500, "{reply}");
        client.reply().expect("250 2.1.5 *");
        client.reply().expect("354 *");
        client.bytes(b"Subject: x\r\n\r\nx\r\n.\r\n");
        client.reply().expect("250 *");
    });
}

/// §3.1: "a RSET/MAIL FROM sequence used to initiate a new message transaction can be placed in the same group as
/// the final transfer of the headers and body of the previous message."
#[test]
fn the_next_transaction_may_follow_the_body_in_one_packet() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["pipe1@web.example"]);
        client.say("DATA").expect("354 *");
        client.bytes(
            b"Subject: one\r\n\r\none\r\n.\r\nRSET\r\nMAIL FROM:<b@insurer.example>\r\n\
            RCPT TO:<pipe2@web.example>\r\nDATA\r\n",
        );
        for shape in ["250 *", "250 *", "250 *", "250 *", "354 *"] {
            client.reply().expect(shape);
        }
        client.bytes(b"Subject: two\r\n\r\ntwo\r\n.\r\nQUIT\r\n");
        client.reply().expect("250 *");
        client.reply().expect("221 *");
        let _ = (server.hop.wait_to("pipe1@web.example"), server.hop.wait_to("pipe2@web.example"));
    });
}

/// §3.2 (3): "SHOULD issue a positive response to the DATA command if and only if one or more valid RCPT TO
/// addresses have been previously received."
#[test]
fn data_depends_on_any_recipient_and_not_on_the_last() {
    both(|server| {
        let mut client = server.smtp();
        client.bytes(b"MAIL FROM:<a@insurer.example>\r\nRCPT TO:<>\r\nRCPT TO:<broken\r\nDATA\r\n");
        client.reply().expect("250 *");
        for _ in 0..2 {
            let reply = client.reply();
            assert!(reply.code >= 500, "{reply}");
        }
        let reply = client.reply();
        assert!(reply.code >= 500, "{reply}");
        client.bytes(
            b"RSET\r\nMAIL FROM:<a@insurer.example>\r\nRCPT TO:<last@web.example>\r\nRCPT TO:<>\r\nDATA\r\n",
        );
        for shape in ["250 *", "250 *", "250 *"] {
            client.reply().expect(shape);
        }
        assert!(client.reply().code >= 500);
        client.reply().expect("354 *");
        client.bytes(b"Subject: x\r\n\r\nx\r\n.\r\n");
        client.reply().expect("250 *");
    });
}

/// §3.2 (9): "MUST NOT flush or otherwise lose the contents of the TCP input buffer under any circumstances
/// whatsoever."
#[test]
fn nothing_is_lost_after_an_error() {
    both(|server| {
        let mut client = server.smtp();
        client.bytes(b"XYZZY\r\nNOOP\r\nMAIL FROM:<broken\r\nNOOP\r\nDATA\r\nNOOP\r\n");
        for good in [false, true, false, true, false, true] {
            let reply = client.reply();
            assert_eq!(reply.code == 250, good, "{reply}");
        }
    });
}

/// §3.2 (7): "MUST send all pending responses immediately whenever the local TCP input buffer is emptied."
#[test]
fn replies_come_without_another_command() {
    both(|server| {
        let mut client = server.smtp();
        for byte in b"MAIL FROM:<a@insurer.example>\r\nRCPT TO:<slow@web.example>\r\n" {
            client.bytes(&[*byte]);
        }
        client.reply().expect("250 *");
        client.reply().expect("250 *");
        client.data(&letters::plain("x", "x")).expect("250 *");
    });
}
