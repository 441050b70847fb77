//! Commands that do not advance a letter. RFC 5321 sets no limit; Postfix does, by `smtpd_junk_command_limit`
//! ("The number of junk commands (NOOP, VRFY, ETRN and RSET) that a remote SMTP client can send before the
//! Postfix SMTP server starts to increment the error counter with each junk command") and by
//! `smtpd_hard_error_limit`, and both counts are reset when a letter is accepted.

use rig::letters;

use crate::reference::{Server, both, ours, pair};

/// How often a server takes a command before it sends the client away.
fn patience(server: &Server, command: &str) -> usize {
    let mut client = server.smtp();
    for taken in 0..1000 {
        let reply = client.say(command);
        if reply.code == 421 {
            reply.expect("421 4.7.0 *");
            client.expect_closed();
            return taken;
        }
    }
    unreachable!("{} takes {command} without end", server.name);
}

#[test]
fn whoever_says_nothing_of_a_letter_is_sent_away_as_soon_as_by_postfix() {
    let pair = pair();
    for command in ["NOOP", "RSET", "EHLO client.example", "MAIL FROM:<a@insurer.example> NONSENSE=1"] {
        let (theirs, own) = (patience(&pair.postfix, command), patience(&pair.sealpost, command));
        assert!(theirs.abs_diff(own) <= 1, "{command}: {own}, Postfix {theirs}");
    }
    for command in ["VRFY k@web.example", "HELP", "NONSENSE"] {
        ours(|server| assert!(patience(server, command) <= 121, "{command}"));
    }
}

#[test]
fn a_letter_that_was_taken_forgives_what_came_before_it() {
    both(|server| {
        let mut client = server.smtp();
        for _ in 0..3 {
            for _ in 0..90 {
                client.say("NOOP").expect("250 *");
            }
            for _ in 0..15 {
                assert!(client.say("NONSENSE").code >= 500);
            }
            client
                .letter("a@insurer.example", &["junk@web.example"], &letters::plain("x", "x"))
                .expect("250 *");
        }
    });
}
