//! Every reply of the listener itself. Knows no state; the texts are for strangers and disclose nothing.

use sealpost_mail::Reply;

/// What EHLO offers to a proxy.
const XCLIENT: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

macro_rules! replies {
    ($($(#[$about:meta])* $name:ident = $kind:ident($code:expr, $subject:expr, $detail:expr, $text:expr);)*) => {
        $($(#[$about])* pub(crate) fn $name() -> Reply {
            Reply::$kind($code, $subject, $detail, $text)
        })*
    };
}

replies! {
    /// RFC 5321 §4.3.2.
    ok = ok(250, 0, 0, "done");
    sender_ok = ok(250, 1, 0, "sender accepted");
    recipient_ok = ok(250, 1, 5, "recipient accepted");
    bye = ok(221, 0, 0, "goodbye");
    help = ok(214, 0, 0, "EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT; see RFC 5321");
    /// RFC 5321 §7.3: does not disclose which addresses exist.
    vrfy = ok(252, 5, 2, "not verified, but letters are taken and delivery is tried");
    go_tls = ok(220, 0, 0, "begin TLS now");
    logged_in = ok(235, 7, 0, "login accepted");

    /// RFC 5321 §3.8: a server may close with 421 at any time.
    stopping = later(421, 3, 2, "this server is going down, come back later");
    listener_full = later(421, 3, 2, "too many connections, come back later");
    /// RFC 5321 §3.1: 554 instead of a greeting, from a server that does not want this client.
    no_right = refuse(554, 7, 1, "you may not send here");
    client_full = later(421, 7, 0, "too many connections from your address, come back later");
    too_slow = later(421, 4, 2, "you took too long, goodbye");
    session_over = later(421, 4, 2, "this session has lasted long enough, connect again");
    too_many_errors = later(421, 7, 0, "too many errors, goodbye");
    no_memory = later(452, 3, 1, "too much mail at once, come back later");
    /// RFC 4954 §6: "454 4.7.0 Temporary authentication failure".
    login_later = later(454, 7, 0, "no login possible now, come back later");
    /// RFC 5321 §4.5.3.1.10.
    too_many_recipients = later(452, 5, 3, "too many recipients, send the rest as another letter");

    unknown_command = refuse(500, 5, 1, "command not known");
    not_utf8 = refuse(500, 5, 2, "a command must be UTF-8");
    bare_in_command = refuse(500, 5, 2, "a line must end in CR LF and hold no other CR, LF or NUL, goodbye");
    command_too_long = refuse(500, 5, 6, "command line too long");
    auth_too_long = refuse(500, 5, 6, "authentication line too long");
    no_parameters = refuse(501, 5, 4, "this command has no parameters");
    bdat_without_size = refuse(501, 5, 4, "BDAT must say how many octets follow, goodbye");
    auth_cancelled = refuse(501, 7, 0, "login cancelled");
    auth_not_base64 = refuse(501, 5, 2, "not valid base64");
    bad_sender = refuse(501, 1, 7, "not a sender address");
    bad_recipient = refuse(501, 1, 3, "not a recipient address");
    not_implemented = refuse(502, 5, 1, "command not implemented");
    foreign = refuse(500, 5, 1, "this is a mail server, goodbye");

    say_hello = refuse(503, 5, 1, "say EHLO or HELO first");
    sender_first = refuse(503, 5, 1, "say MAIL first");
    sender_twice = refuse(503, 5, 1, "a letter is under way already, RSET ends it");
    recipient_first = refuse(503, 5, 1, "say RCPT first");
    chunks_under_way = refuse(503, 5, 1, "a letter in BDAT chunks is under way, RSET ends it");
    tls_already = refuse(503, 5, 1, "TLS is on already");
    login_already = refuse(503, 5, 1, "you are logged in already");
    not_in_transaction = refuse(503, 5, 1, "not while a letter is under way");
    /// RFC 3207 §6: data received in clear before the handshake must not count after it.
    text_after_starttls = refuse(503, 5, 1, "nothing may follow STARTTLS, goodbye");
    text_after_data = refuse(503, 5, 1, "wait for 354 after DATA, goodbye");
    unknown_mechanism = refuse(504, 5, 4, "authentication mechanism not offered");

    /// RFC 3207 §4.
    tls_first = refuse(530, 7, 0, "say STARTTLS first");
    /// RFC 4954 §6.
    login_first = refuse(530, 7, 0, "log in first");
    /// To the proxy that announces it (XCLIENT).
    not_a_login = refuse(550, 7, 1, "there is no such login here");
    /// RFC 4954 §6.
    bad_login = refuse(535, 7, 8, "login or password wrong");
    /// RFC 4954 §6.
    auth_needs_tls = refuse(538, 7, 11, "say STARTTLS before AUTH");
    unknown_recipient = refuse(550, 1, 1, "there is no such mailbox here");
    relay_denied = refuse(550, 7, 1, "you may not send to this recipient here");

    /// RFC 3463 and the IANA registry: 5.6.11 is "Invalid content".
    bare_in_letter = refuse(550, 6, 11, "a bare CR, LF or NUL in the letter");
    /// RFC 1870 §6.
    too_big = refuse(552, 3, 4, "the letter is too big");
    /// RFC 5321 §4.2.3: "553 Requested action not taken: mailbox name not allowed".
    leads_elsewhere = refuse(553, 1, 3, "the part before the @ could be read as another address");
    /// RFC 6531 §3.5.
    needs_smtputf8 = refuse(553, 6, 7, "an address with other than ASCII needs SMTPUTF8");
    unknown_parameter = refuse(555, 5, 4, "a parameter is not known or not implemented");
}

/// RFC 5321 §4.2.2: 501.
pub(crate) fn syntax(text: &str) -> Reply {
    Reply::refuse(501, 5, 4, text)
}

/// RFC 5321 §4.5.3.1.6. Worded for people who set up a scanner.
pub(crate) fn long_line(most: usize) -> Reply {
    let text = format!(
        "a line of the letter has more than {most} octets: have your program break lines, base64 at 76 octets"
    );
    Reply::refuse(554, 6, 0, &text)
}

/// The keyword is one of ours, so it may be quoted.
pub(crate) fn bad_parameter(keyword: &str) -> Reply {
    Reply::refuse(501, 5, 4, &format!("the value of {keyword} is not valid"))
}

/// The greeting (RFC 5321 §4.3.1): our name, and nothing about the software.
pub(crate) fn greeting(hostname: &str) -> Reply {
    Reply::plain(220, &format!("{hostname} ESMTP"))
}

pub(crate) fn helo(hostname: &str) -> Reply {
    Reply::plain(250, hostname)
}

pub(crate) fn go_ahead() -> Reply {
    Reply::plain(354, "send the letter, end it with a line of one dot")
}

pub(crate) fn challenge(base64: &str) -> Reply {
    Reply::plain(334, base64)
}

pub(crate) fn accepted(id: &str) -> Reply {
    Reply::ok(250, 0, 0, &format!("{id} accepted"))
}

pub(crate) fn chunk(octets: u64) -> Reply {
    Reply::ok(250, 0, 0, &format!("{octets} octets received"))
}

/// The reply to EHLO (RFC 5321 §4.1.1.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) max_size: u64,
    pub(crate) starttls: bool,
    pub(crate) auth: bool,
    pub(crate) xclient: bool,
}

impl Offer<'_> {
    pub(crate) fn to_lines(self) -> String {
        let size = format!("SIZE {}", self.max_size);
        let mut keywords = vec!["PIPELINING", &size, "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"];
        if self.starttls {
            keywords.push("STARTTLS");
        }
        if self.auth {
            keywords.push("AUTH PLAIN LOGIN");
        }
        if self.xclient {
            keywords.push(XCLIENT);
        }
        let mut lines = format!("250-{}\r\n", self.hostname);
        for keyword in keywords {
            lines.push_str("250-");
            lines.push_str(keyword);
            lines.push_str("\r\n");
        }
        lines.push_str("250 ENHANCEDSTATUSCODES\r\n");
        lines
    }
}
