//! RFC 5321: Simple Mail Transfer Protocol.

use rig::letters::{self, field};
use rig::{Answer, Config, Gateway, Hop, Stage};

use crate::reference::{both, ours};

/// §2.3.7: "Conforming implementations MUST NOT recognize or generate any other character or character
/// sequence as a line terminator."
#[test]
fn a_line_feed_alone_does_not_end_a_command() {
    ours(|server| {
        let mut client = server.smtp();
        client.bytes(b"NOOP\nNOOP\r\n");
        let reply = client.reply();
        assert!(reply.code >= 500, "{reply}");
    });
}

/// §2.4: "The local-part of a mailbox MUST BE treated as case sensitive. Therefore, SMTP implementations MUST
/// take care to preserve the case of mailbox local-parts."
#[test]
fn the_case_of_local_parts_is_preserved() {
    both(|server| {
        server
            .smtp()
            .letter("Erika.MUSTER@insurer.example", &["Max.KUNDE@web.example"], &letters::plain("x", "x"))
            .expect("250 *");
        let got = server.hop.wait_to("Max.KUNDE@web.example");
        assert_eq!(got.from(), "Erika.MUSTER@insurer.example");
    });
}

/// §2.4: "Verbs and argument values (e.g., "TO:" or "to:" in the RCPT command and extension name keywords) are
/// not case sensitive".
#[test]
fn verbs_and_keywords_know_no_case() {
    both(|server| {
        let mut client = server.greeted();
        client.say("eHlO client.example").expect("250 *");
        client.say("mAiL fRoM:<a@insurer.example> sIzE=100").expect("250 *");
        client.say("rcpt to:<k@web.example>").expect("250 *");
        client.say("rSeT").expect("250 *");
        client.say("quit").expect("221 *");
    });
}

/// §2.2.1: "servers MUST support the EHLO command even if they do not implement any specific extensions".
/// §4.1.1.1: "servers MUST support the HELO command and reply properly to it."
#[test]
fn ehlo_and_helo_are_answered() {
    both(|server| {
        let reply = server.greeted().say("EHLO client.example");
        reply.expect("250 *");
        assert!(reply.lines.len() > 1, "{reply}");
        let reply = server.greeted().say("HELO client.example");
        reply.expect("250 *");
        assert_eq!(reply.lines.len(), 1, "HELO has no extensions: {reply}");
    });
}

/// §4.1.4: "If it is issued after the session begins and the EHLO command is acceptable to the SMTP server, the
/// SMTP server MUST clear all buffers and reset the state exactly as if a RSET command had been issued."
#[test]
fn a_second_ehlo_forgets_the_transaction() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["k@web.example"]);
        client.ehlo();
        client.say("RCPT TO:<k@web.example>").expect("503 *");
    });
}

/// §4.1.4: "SMTP servers SHOULD process these normally (that is, not return a 503 code) even if no EHLO command
/// has yet been received".
#[test]
fn noop_help_rset_and_quit_need_no_ehlo() {
    both(|server| {
        let mut client = server.greeted();
        client.say("NOOP").expect("250 *");
        client.say("RSET").expect("250 *");
        client.say("QUIT").expect("221 *");
    });
}

/// §3.3: "If a RCPT command appears without a previous MAIL command, the server MUST return a 503 "Bad sequence
/// of commands" response."
#[test]
fn rcpt_before_mail_is_a_bad_sequence() {
    both(|server| {
        server.smtp().say("RCPT TO:<k@web.example>").expect("503 *");
    });
}

/// §4.1.4: "If the commands in a transaction are out of order to the degree that they cannot be processed by the
/// server, a 503 failure reply MUST be returned and the SMTP server MUST stay in the same state."
#[test]
fn commands_out_of_order_leave_the_state_alone() {
    both(|server| {
        let mut client = server.smtp();
        client.say("DATA").expect("503 *");
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say("MAIL FROM:<b@insurer.example>").expect("503 *");
        client.say("RCPT TO:<state@web.example>").expect("250 *");
        client.data(&letters::plain("x", "x")).expect("250 *");
        assert_eq!(server.hop.wait_to("state@web.example").from(), "a@insurer.example");
    });
}

/// §3.3: "If there was no MAIL, or no RCPT, command, or all such commands were rejected, the server MAY return a
/// "command out of sequence" (503) or "no valid recipients" (554) reply in response to the DATA command."
#[test]
fn data_without_a_recipient_is_refused() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        let reply = client.say("DATA");
        assert!(reply.code == 503 || reply.code == 554, "{reply}");
    });
}

/// §4.1.1.5: "The receiver MUST send a "250 OK" reply to a RSET command with no arguments." and "An SMTP server
/// MUST NOT close the connection as the result of receiving a RSET".
#[test]
fn rset_clears_and_the_session_goes_on() {
    both(|server| {
        let mut client = server.smtp();
        client.envelope("a@insurer.example", &["k@web.example"]);
        client.say("RSET").expect("250 *");
        client.say("DATA").expect("503 *");
        client.letter("a@insurer.example", &["rset@web.example"], &letters::plain("x", "x")).expect("250 *");
        let _ = server.hop.wait_to("rset@web.example");
    });
}

/// §4.1.1.10: "This command specifies that the receiver MUST send a "221 OK" reply, and then close the
/// transmission channel."
#[test]
fn quit_is_answered_and_then_the_channel_closed() {
    both(|server| {
        let mut client = server.smtp();
        client.say("QUIT").expect("221 *");
        client.expect_closed();
    });
}

/// §4.1.1.9: "If a parameter string is specified, servers SHOULD ignore it."
#[test]
fn noop_ignores_its_argument() {
    both(|server| {
        server.smtp().say("NOOP whatever").expect("250 *");
    });
}

/// §4.3.2: "commands that are specified in this document as not accepting arguments (DATA, RSET, QUIT) SHOULD
/// return a 501 message if arguments are supplied".
#[test]
fn arguments_where_none_belong_are_an_error() {
    both(|server| {
        let mut client = server.smtp();
        client.say("RSET now").expect("501 *");
        client.envelope("a@insurer.example", &["k@web.example"]);
        client.say("DATA now").expect("501 *");
    });
}

/// §4.2.4: "502 SHOULD be used when the command is actually recognized by the SMTP server, but not implemented.
/// If the command is not recognized, code 500 SHOULD be returned."
#[test]
fn unknown_commands_are_500_and_unimplemented_ones_502() {
    ours(|server| {
        server.smtp().say("XYZZY").expect("500 *");
        server.smtp().say("EXPN list").expect("502 *");
    });
}

/// §7.3: "If a site disables these commands for security reasons, the SMTP server MUST return a 252 response,
/// rather than a code that could be confused with successful or unsuccessful verification."
#[test]
fn vrfy_neither_confirms_nor_denies() {
    both(|server| {
        server.smtp().say("VRFY someone@web.example").expect("252 *");
    });
}

/// §4.1.1: "(In the interest of improved interoperability, SMTP receivers SHOULD tolerate trailing white space
/// before the terminating <CRLF>.)"
#[test]
fn trailing_white_space_is_tolerated() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example> ").expect("250 *");
        client.say("RCPT TO:<k@web.example>  ").expect("250 *");
        client.say("RSET ").expect("250 *");
    });
}

/// §4.1.1.11: "If the server SMTP does not recognize or cannot implement one or more of the parameters associated
/// with a particular MAIL FROM or RCPT TO command, it will return code 555."
#[test]
fn unknown_parameters_are_555() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example> XYZZY=1").expect("555 *");
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say("RCPT TO:<k@web.example> XYZZY=1").expect("555 *");
    });
}

/// §4.5.1: "the special case of "RCPT TO:<Postmaster>" (with no domain specification), MUST be supported."
#[test]
fn postmaster_without_a_domain_is_accepted() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say("RCPT TO:<Postmaster>").expect("250 *");
        client.say("RSET").expect("250 *");
    });
}

/// §4.1.1.3: "Servers MUST be prepared to encounter a list of source routes in the forward-path, but they SHOULD
/// ignore the routes".
#[test]
fn source_routes_are_ignored() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say("RCPT TO:<@hosta.example,@hostb.example:route@web.example>").expect("250 *");
        client.data(&letters::plain("x", "x")).expect("250 *");
        let _ = server.hop.wait_to("route@web.example");
    });
}

/// §4.1.2: Local-part = Dot-string / Quoted-string; §4.1.3: address literals.
#[test]
fn quoted_local_parts_and_address_literals_travel_unchanged() {
    both(|server| {
        for to in
            ["\"two words\"@web.example", "\"a@b\"@web.example", "lit@[192.0.2.1]", "lit@[IPv6:2001:db8::1]"]
        {
            server.smtp().letter("a@insurer.example", &[to], &letters::plain("x", "x")).expect("250 *");
            server.hop.wait_where(to, |d| d.to().iter().any(|t| t.eq_ignore_ascii_case(to)));
        }
    });
}

/// §4.5.2: "Before sending a line of mail text, the SMTP client checks the first character of the line. If it is
/// a period, one additional period is inserted at the beginning of the line." and "If the first character is a
/// period and there are other characters on the line, the first character is deleted."
#[test]
fn dots_are_transparent() {
    both(|server| {
        let letter = letters::plain("dots", ".\n..\n...\n.a\n a.\n.");
        server.smtp().letter("a@insurer.example", &["dots@web.example"], &letter).expect("250 *");
        let got = server.hop.wait_to("dots@web.example");
        assert!(got.bytes.ends_with(&letter), "{}", got.text());
    });
}

/// §4.1.1.4: "An extra <CRLF> MUST NOT be added, as that would cause an empty line to be added to the message."
#[test]
fn no_line_is_added_to_the_end() {
    both(|server| {
        for (n, end) in ["", "\n", "\n\n\n"].iter().enumerate() {
            let letter = letters::plain("end", &format!("text{end}"));
            let to = format!("end{n}@web.example");
            server.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 *");
            assert!(server.hop.wait_to(&to).bytes.ends_with(&letter));
        }
    });
}

/// §4.5.3.1.1: "The maximum total length of a user name or other local-part is 64 octets." §4.5.3.1.2: "The
/// maximum total length of a domain name or number is 255 octets."
#[test]
fn the_longest_addresses_are_taken() {
    both(|server| {
        let label = "d".repeat(60);
        let domain = format!("{label}.{label}.{label}.{label}.example");
        let to = format!("{}@{domain}", "l".repeat(64));
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        client.say(&format!("RCPT TO:<{to}>")).expect("250 *");
    });
}

/// §4.5.3.1.4: "The maximum total length of a command line including the command word and the <CRLF> is 512
/// octets."
#[test]
fn a_command_line_of_512_octets_is_read() {
    both(|server| {
        let mut client = server.smtp();
        client.say(&format!("NOOP {}", "x".repeat(512 - 7))).expect("250 *");
    });
}

/// §4.5.3.1.6: "The maximum total length of a text line including the <CRLF> is 1000 octets".
#[test]
fn a_text_line_of_1000_octets_travels_whole() {
    both(|server| {
        let letter = letters::plain("long line", &"x".repeat(998));
        server.smtp().letter("a@insurer.example", &["line@web.example"], &letter).expect("250 *");
        assert!(server.hop.wait_to("line@web.example").bytes.ends_with(&letter));
    });
}

/// §4.5.3.1.8: "The minimum total number of recipients that MUST be buffered is 100 recipients."
#[test]
fn a_hundred_recipients_are_taken() {
    both(|server| {
        let to: Vec<String> = (0..100).map(|n| format!("hundred{n}@web.example")).collect();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        server.smtp().letter("a@insurer.example", &to, &letters::plain("x", "x")).expect("250 *");
        for to in to {
            let _ = server.hop.wait_to(to);
        }
    });
}

/// §4.5.3.1.10: "If an SMTP server has an implementation limit on the number of RCPT commands and this limit is
/// exhausted, it MUST use a response code of 452".
#[test]
fn one_recipient_over_the_limit_is_452() {
    both(|server| {
        let mut client = server.smtp();
        client.say("MAIL FROM:<a@insurer.example>").expect("250 *");
        for n in 0..1000 {
            client.say(&format!("RCPT TO:<limit{n}@web.example>")).expect("250 *");
        }
        client.say("RCPT TO:<limit1000@web.example>").expect("452 *");
        client.say("RSET").expect("250 *");
    });
}

/// §4.4: "SMTP servers MUST prepend Received lines to messages; they MUST NOT change the order of existing lines
/// or insert Received lines in any other location."
#[test]
fn one_received_line_is_prepended_and_the_others_stay() {
    both(|server| {
        let old = "Received: from old.example by older.example; Fri, 20 Nov 2026 09:29:00 +0100\r\n";
        let mut letter = old.as_bytes().to_vec();
        letter.extend_from_slice(&letters::plain("trace", "x"));
        server.smtp().letter("a@insurer.example", &["trace@web.example"], &letter).expect("250 *");
        let got = server.hop.wait_to("trace@web.example");
        assert_eq!(letters::without_trace(&got.bytes), letter);
    });
}

/// §4.4: "The FROM clause, which MUST be supplied in an SMTP environment, SHOULD contain both (1) the name of the
/// source host as presented in the EHLO command and (2) an address literal containing the IP address of the
/// source, determined from the TCP connection."
#[test]
fn the_trace_names_the_source_twice_and_the_date_with_an_offset() {
    both(|server| {
        let mut client = server.greeted();
        client.say("EHLO exchange.insurer.example").expect("250 *");
        client.letter("a@insurer.example", &["from@web.example"], &letters::plain("x", "x")).expect("250 *");
        let trace = field(&server.hop.wait_to("from@web.example").bytes, "Received").unwrap();
        assert!(trace.starts_with("from exchange.insurer.example"), "{trace}");
        assert!(trace.contains("[127.0.0.1]"), "{trace}");
        // "SMTP servers that create Received header fields SHOULD use explicit offsets in the dates".
        let date = trace.rsplit_once(';').unwrap().1;
        assert!(date.contains(" +") || date.contains(" -"), "{trace}");
    });
}

/// §4.5.5: "such systems SHOULD NOT reply to messages with a null reverse-path, and they SHOULD NOT add a
/// non-null reverse-path, or change a null reverse-path to a non-null one, to such messages when forwarding."
#[test]
fn a_null_reverse_path_stays_null() {
    both(|server| {
        server.smtp().letter("", &["null@web.example"], &letters::plain("x", "x")).expect("250 *");
        assert_eq!(server.hop.wait_to("null@web.example").from(), "");
    });
}

/// §6.3: "Simple counting of the number of "Received:" header fields in a message has proven to be an effective,
/// although rarely optimal, method of detecting loops in mail systems. SMTP servers using this technique SHOULD
/// use a large rejection threshold, normally at least 100 Received entries."
#[test]
fn ninety_nine_hops_are_no_loop_and_two_hundred_are() {
    ours(|server| {
        let line = "Received: from a.example by b.example; Fri, 20 Nov 2026 09:29:00 +0100\r\n";
        let with = |n: usize| [line.repeat(n).into_bytes(), letters::plain("x", "x")].concat();
        server.smtp().letter("a@insurer.example", &["loop@web.example"], &with(98)).expect("250 *");
        let _ = server.hop.wait_to("loop@web.example");
        server.smtp().letter("a@insurer.example", &["loop@web.example"], &with(200)).expect("554 5.4.6 *");
    });
}

/// §6.1: "If there is a delivery failure after acceptance of a message, the receiver-SMTP MUST formulate and mail
/// a notification message. This notification MUST be sent using a null ("<>") reverse-path in the envelope. The
/// recipient of this notification MUST be the address from the envelope return path".
#[test]
fn a_later_failure_is_told_to_the_return_path() {
    let hop = Hop::new();
    hop.answer_rcpt("gone@web.example", "550 5.1.1 no");
    let gateway = Gateway::start(&Config::new(&hop));
    gateway
        .smtp()
        .letter("back@insurer.example", &["gone@web.example"], &letters::plain("x", "x"))
        .expect("250 *");
    assert_eq!(hop.wait_to("back@insurer.example").from(), "");
}

/// §4.2.5: "When an SMTP server returns a temporary error status (4yz) code after the DATA command is completed
/// with <CRLF>.<CRLF>, it MUST NOT make a subsequent attempt to deliver that message." – and the client, us, "retains
/// responsibility".
#[test]
fn after_4yz_at_the_end_of_data_we_keep_the_letter_and_try_again() {
    let hop = Hop::new();
    let times = std::sync::atomic::AtomicUsize::new(0);
    hop.script(move |stage, _| {
        if stage == Stage::Body && times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 {
            Answer::say("451 4.3.0 not now")
        } else {
            Answer::Yes
        }
    });
    let gateway = Gateway::start(&Config::new(&hop));
    gateway.smtp().letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("k@web.example");
}

/// §3.8: "After detecting the need to shut down the SMTP service and returning a 421 response code."
#[test]
fn a_stopping_server_says_421() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let mut client = gateway.smtp();
    gateway.process().signal(rustix::process::Signal::TERM);
    client.reply().expect("421 *");
    client.expect_closed();
}

/// §4.1.1.4: "Receipt of the end of mail data indication requires the server to process the stored mail
/// transaction information. This processing consumes the information in the reverse-path buffer, the forward-path
/// buffer, and the mail data buffer, and on the completion of this command these buffers are cleared."
#[test]
fn a_finished_transaction_leaves_nothing_for_the_next() {
    both(|server| {
        let mut client = server.smtp();
        client.letter("a@insurer.example", &["first@web.example"], &letters::plain("x", "x")).expect("250 *");
        client.say("RCPT TO:<second@web.example>").expect("503 *");
    });
}
