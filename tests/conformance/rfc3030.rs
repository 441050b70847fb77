//! RFC 3030: SMTP Service Extensions for Transmission of Large and Binary MIME Messages (CHUNKING).

use rig::letters;

use crate::reference::{both, ours};

/// §2: "Once the receiver-SMTP receives the specified number of octets, it will return a 250 reply code." and "A
/// 250 response MUST be sent to each successful BDAT data block within a mail transaction."
#[test]
fn a_letter_in_chunks_arrives_whole() {
    both(|server| {
        assert!(server.greeted().ehlo().offers("CHUNKING"));
        let letter = letters::plain("chunks", ".\n..\nno dots are doubled here\n.");
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["chunks@web.example"]);
        for chunk in letter.chunks(7) {
            client.bytes(format!("BDAT {}\r\n", chunk.len()).as_bytes()).bytes(chunk);
            client.reply().expect("250 *");
        }
        client.say("BDAT 0 LAST").expect("250 *");
        let got = server.hop.wait_to("chunks@web.example");
        assert!(got.bytes.ends_with(&letter), "{}", got.text());
    });
}

/// §2: "The last BDAT command MAY have a byte-count of zero indicating there is no additional data to be sent."
#[test]
fn the_last_chunk_may_carry_everything_or_nothing() {
    both(|server| {
        let letter = letters::sized("one chunk", 100_000);
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["onechunk@web.example"]);
        client.bytes(format!("BDAT {} LAST\r\n", letter.len()).as_bytes()).bytes(&letter);
        client.reply().expect("250 *");
        assert!(server.hop.wait_to("onechunk@web.example").bytes.ends_with(&letter));
    });
}

/// §2: "Any BDAT command sent after the BDAT LAST is illegal and MUST be replied to with a 503 "Bad sequence of
/// commands" reply code."
#[test]
fn bdat_after_last_is_a_bad_sequence() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["after@web.example"]);
        client.bytes(b"BDAT 14 LAST\r\nSubject: x\r\n\r\n");
        client.reply().expect("250 *");
        client.bytes(b"BDAT 3 LAST\r\nabc");
        client.reply().expect("503 *");
    });
}

/// §2: "If a DATA statement is issued after a BDAT for the current transaction, a 503 "Bad sequence of commands"
/// MUST be issued."
#[test]
fn data_after_bdat_is_a_bad_sequence() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["mixed@web.example"]);
        client.bytes(b"BDAT 14\r\nSubject: x\r\n\r\n");
        client.reply().expect("250 *");
        client.say("DATA").expect("503 *");
    });
}

/// §2: "The RSET command, when issued after the first BDAT and before the BDAT LAST, clears all segments sent
/// during that transaction and resets the session."
#[test]
fn rset_between_chunks_clears_them() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["cleared@web.example"]);
        client.bytes(b"BDAT 14\r\nSubject: x\r\n\r\n");
        client.reply().expect("250 *");
        client.say("RSET").expect("250 *");
        let letter = letters::plain("after rset", "x");
        client.envelope("a@insurer.example", &["fresh@web.example"]);
        client.bytes(format!("BDAT {} LAST\r\n", letter.len()).as_bytes()).bytes(&letter);
        client.reply().expect("250 *");
        assert!(server.hop.wait_to("fresh@web.example").bytes.ends_with(&letter));
        assert!(server.hop.delivered().iter().all(|d| !d.to().contains(&"cleared@web.example")));
    });
}

/// §2: "If a failure occurs after a BDAT command is received, the receiver-SMTP MUST accept and discard the
/// associated message data before sending the appropriate 5XX or 4XX code."
#[test]
fn the_data_of_a_refused_chunk_is_discarded() {
    both(|server| {
        let mut client = server.smtp();
        // No transaction: refused, and the six octets are no commands.
        client.bytes(b"BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n");
        let reply = client.reply();
        assert!(reply.code >= 500, "{reply}");
        client.reply().expect("250 *");
        client.say("QUIT").expect("221 *");
    });
}

/// §2: "the receiver SMTP MUST be prepared to accept and discard additional BDAT chunks already in the pipeline
/// after the failed BDAT."
#[test]
fn chunks_after_a_failed_one_are_discarded_too() {
    ours(|server| {
        let mut client = server.smtp();
        client.bytes(b"BDAT 6\r\nNOOP\r\nBDAT 6\r\nNOOP\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n");
        for _ in 0..3 {
            client.reply().expect("503 *");
        }
        client.reply().expect("250 *");
    });
}

/// §2: "text messages sent with the BDAT command MUST be sent in the canonical MIME format with lines delimited
/// with a <CR><LF>." We do not offer BINARYMIME, so bare CR and LF are as wrong here as in DATA.
#[test]
fn bare_line_ends_in_a_chunk_are_refused() {
    ours(|server| {
        for poison in ["a\nb", "a\rb", "a\0b"] {
            let mut client = server.smtp();
            client.envelope("a@insurer.example", &["poison@web.example"]);
            let letter = format!("Subject: x\r\n\r\n{poison}\r\n");
            client.bytes(format!("BDAT {} LAST\r\n{letter}", letter.len()).as_bytes());
            client.reply().expect("550 5.6.11 *");
        }
        assert!(server.hop.delivered().iter().all(|d| !d.to().contains(&"poison@web.example")));
    });
}

/// §2: "chunk-size ::= 1*DIGIT", "end-marker ::= "LAST""
#[test]
fn a_malformed_bdat_is_a_syntax_error() {
    both(|server| {
        for command in ["BDAT", "BDAT x", "BDAT 1 FIRST", "BDAT -1"] {
            let mut client = server.smtp();
            client.envelope("a@insurer.example", &["k@web.example"]);
            let reply = client.say(command);
            // Postfix says 521 and hangs up.
            assert!((500..504).contains(&reply.code) || reply.code == 521, "{command}: {reply}");
        }
    });
}
