//! RFC 1870: SMTP Service Extension for Message Size Declaration.

use rig::letters;

use crate::reference::{both, ours};

const LIMIT: usize = 10 << 20;

/// §4: "If a numeric parameter follows the SIZE keyword value of the EHLO response, it indicates the size of the
/// largest message that the server is willing to accept."
#[test]
fn the_limit_is_announced() {
    both(|server| {
        assert!(server.greeted().ehlo().offers(&format!("SIZE {LIMIT}")));
    });
}

/// §6.1: "If the indicated size is larger than the server's fixed maximum message size, the server responds with
/// code "552 message size exceeds fixed maximium message size"."
#[test]
fn a_larger_message_is_refused_before_it_is_sent() {
    both(|server| {
        let mut client = server.smtp();
        client.say(&format!("MAIL FROM:<a@insurer.example> SIZE={}", LIMIT + 1)).expect("552 *");
        client.say("MAIL FROM:<a@insurer.example> SIZE=99999999999999999999").expect("552 *");
        client.say(&format!("MAIL FROM:<a@insurer.example> SIZE={LIMIT}")).expect("250 *");
    });
}

/// §3: "size-value ::= 1*20DIGIT"
#[test]
fn what_is_no_number_is_a_syntax_error() {
    both(|server| {
        server.smtp().say("MAIL FROM:<a@insurer.example> SIZE=big").expect("501 *");
    });
}

/// §6: "NOTE: Servers MUST NOT use the SIZE parameter to determine end of content in the DATA command."
#[test]
fn a_wrong_size_does_not_end_the_message() {
    both(|server| {
        let letter = letters::sized("size", 5000);
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example> SIZE=10").expect("250 *");
        client.say("RCPT TO:<size@web.example>").expect("250 *");
        client.data(&letter).expect("250 *");
        assert!(server.hop.wait_to("size@web.example").bytes.ends_with(&letter));
    });
}

/// §4: "Any attempt by a client to transfer a message which is larger than this limit will be rejected with a
/// permanent failure (552) reply code."
#[test]
fn a_message_larger_than_the_limit_is_552_after_data() {
    both(|server| {
        let letter = letters::sized("too big", LIMIT + 1000);
        server.smtp().letter("a@insurer.example", &["toobig@web.example"], &letter).expect("552 *");
    });
}

/// §5: "The message size is defined as the number of octets, including CR-LF pairs, but not the SMTP DATA
/// command's terminating dot or doubled quoting dots".
#[test]
fn doubled_dots_do_not_count() {
    ours(|server| {
        // Exactly the limit when unstuffed, over it on the wire.
        let head = letters::plain("dots", "");
        let mut letter = head[..head.len() - 2].to_vec();
        while letter.len() + 4 <= LIMIT - 4 {
            letter.extend_from_slice(b"..\r\n");
        }
        letter.resize(LIMIT - 2, b'x');
        letter.extend_from_slice(b"\r\n");
        assert_eq!(letter.len(), LIMIT);
        server.smtp().letter("a@insurer.example", &["exact@web.example"], &letter).expect("250 *");
        assert!(letters::without_trace(&server.hop.wait_to("exact@web.example").bytes) == letter);
    });
}
