//! What a mail to a bounce address of ours reports: a failure, no failure, or nothing that a machine can
//! tell. Parses RFC 3464 as servers write it, and what qmail and Exim write instead. Pure; knows no row.

use sealpost_mail::{EnhancedCode, Head, Letter};

/// What a returned mail reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BounceStatus {
    /// A failure with this status.
    Failed(EnhancedCode),
    /// Something was returned that is neither an automatic reply nor a delay report.
    Unclear,
    /// Delayed, delivered, read, or an automatic reply: nothing to report.
    Nothing,
}

/// The part of a returned mail that is searched for text: the rest is the returned mail itself.
const LOOKED_THROUGH: usize = 8 * 1024;

pub(crate) fn read(bytes: &[u8]) -> BounceStatus {
    let letter = Letter::parse_some(bytes).ok().map(|(letter, _)| letter);
    let text = letter.as_ref().and_then(Letter::text).unwrap_or_default();
    let end = text.floor_char_boundary(LOOKED_THROUGH);
    let text = text.get(..end).unwrap_or_default();
    let reported = letter.as_ref().and_then(status_part).and_then(|report| said_by_report(&report));
    // A report whose parts are declared wrongly is parsed from the plain text.
    if let Some(said) = reported.or_else(|| said_by_report(text)) {
        return said;
    }
    let head = Head::split(bytes).and_then(|end| bytes.get(..end)).map(<[u8]>::to_vec);
    let Some(head) = head.and_then(|head| Head::new(head).ok()) else { return BounceStatus::Unclear };
    if head.count("X-Failed-Recipients") > 0 || is_qmail(text) {
        return BounceStatus::Failed(code(text).map_or(EnhancedCode(5, 0, 0), permanent));
    }
    match (is_automatic(&head), is_daemon(&head)) {
        (true, false) => BounceStatus::Nothing,
        (_, _) if is_delay(&head, text) => BounceStatus::Nothing,
        (_, _) => BounceStatus::Unclear,
    }
}

/// RFC 3464 §2.1 and RFC 6533 §4.
fn status_part(letter: &Letter<'_>) -> Option<String> {
    let is_status = |kind: &str| {
        ["message/delivery-status", "message/global-delivery-status"]
            .iter()
            .any(|known| kind.eq_ignore_ascii_case(known))
    };
    let part = letter.attachments().into_iter().find(|part| is_status(&part.content_type))?;
    letter.attachment_bytes(part.index).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What the groups of fields report; `None` if they name no recipient's status.
fn said_by_report(report: &str) -> Option<BounceStatus> {
    let report = unfolded(report);
    let mut benign = false;
    for group in report.split("\n\n") {
        let field = |name: &str| {
            group.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| without_comments(value))
            })
        };
        let action = field("Action").map(|action| action.to_ascii_lowercase());
        let status = field("Status").as_deref().and_then(code);
        match (action.as_deref(), status) {
            // RFC 3464 §2.3.3; some write "failure".
            (Some(action), status) if action.starts_with("fail") => {
                return Some(BounceStatus::Failed(status.map_or(EnhancedCode(5, 0, 0), permanent)));
            }
            (Some("delayed" | "delivered" | "relayed" | "expanded"), _) => benign = true,
            // No action, or an unknown one.
            (Some(_) | None, Some(EnhancedCode(5, subject, detail))) => {
                return Some(BounceStatus::Failed(EnhancedCode(5, subject, detail)));
            }
            (Some(_) | None, Some(_)) => benign = true,
            (Some(_) | None, None) => {}
        }
    }
    benign.then_some(BounceStatus::Nothing)
}

/// Unfolds as in RFC 5322 §2.2.3, with any line end; a line of blanks counts as empty.
fn unfolded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let blank = line.trim().is_empty();
        if !blank && line.starts_with([' ', '\t']) && out.ends_with('\n') && !out.ends_with("\n\n") {
            out.pop();
            out.push(' ');
        }
        out.push_str(if blank { "" } else { line.trim() });
        out.push('\n');
    }
    out
}

/// RFC 5322 §3.2.2: comments may nest.
fn without_comments(value: &str) -> String {
    let (mut depth, mut escaped) = (0_usize, false);
    let mut out = String::new();
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if depth > 0 => escaped = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// The first status code (RFC 3463 §2) in a text, in any context: `smtp; 550 5.1.1`, `(#5.1.1)`.
fn code(text: &str) -> Option<EnhancedCode> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let mut numbers = word.trim_matches('.').split('.').map(str::parse::<u16>);
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (
                Some(Ok(class @ (2 | 4 | 5))),
                Some(Ok(subject @ 0..=999)),
                Some(Ok(detail @ 0..=999)),
                None,
            ) => u8::try_from(class).ok().map(|class| EnhancedCode(class, subject, detail)),
            (_, _, _, _) => None,
        }
    })
}

/// What was given up is permanent, even if the last reply was "try later" (RFC 3464 §2.3.4 has 4.4.7 for it).
fn permanent(status: EnhancedCode) -> EnhancedCode {
    let EnhancedCode(class, subject, detail) = status;
    if class == 2 { EnhancedCode(5, 0, 0) } else { EnhancedCode(5, subject, detail) }
}

/// "Hi. This is the qmail-send program at …", and its descendants (QSBMF).
fn is_qmail(text: &str) -> bool {
    text.trim_start().starts_with("Hi. This is the ")
        || text.contains("I wasn't able to deliver your message")
        || text.contains("I'm not going to try again")
}

/// RFC 3834 §5, RFC 8098, and what older programs write.
pub(crate) fn is_automatic(head: &Head) -> bool {
    let field = |name: &str| head.first(name).unwrap_or_default().trim().to_lowercase();
    let submitted = field("Auto-Submitted");
    let subject = head.subject().unwrap_or_default().to_lowercase();
    (!submitted.is_empty() && submitted != "no")
        || field("Content-Type").contains("disposition-notification")
        || ["auto_reply", "auto-reply", "autoreply"].contains(&field("Precedence").as_str())
        || ["X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponse", "X-Mail-Autoreply"]
            .iter()
            .any(|name| head.count(name) > 0)
        || ABSENT.iter().any(|word| subject.contains(word))
}

/// Subjects of absence notices.
const ABSENT: [&str; 20] = [
    "out of office",
    "out of the office",
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "vacation",
    "on holiday",
    "automatische antwort",
    "automatische rückantwort",
    "abwesend",
    "abwesenheit",
    "außer haus",
    "nicht im büro",
    "im urlaub",
    "eingangsbestätigung",
    "réponse automatique",
    "risposta automatica",
    "respuesta automática",
];

/// Whether a mail server is the author. Its reports often have Auto-Submitted too.
fn is_daemon(head: &Head) -> bool {
    let from = head.first("From").unwrap_or_default().to_lowercase();
    from.trim().is_empty()
        || ["mailer-daemon", "mailerdaemon", "postmaster", "mail delivery", "maildelivery"]
            .iter()
            .any(|word| from.contains(word))
}

/// Exim, sendmail, Postfix and Exchange all say that no action is required.
fn is_delay(head: &Head, text: &str) -> bool {
    let said = format!("{}\n{text}", head.subject().unwrap_or_default()).to_lowercase();
    [
        "delayed",
        "delivery delay",
        "warning message only",
        "do not need to resend",
        "will continue to try",
        "will keep trying",
        "will be retried",
        "still being retried",
        "not yet been delivered",
        "warning: could not send message for past",
        "verzögert",
        "noch nicht zugestellt",
        "weitere zustellversuche",
    ]
    .iter()
    .any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "From: mailer@post.example\r\nTo: bounce+x@insurer.example\r\nSubject: Undelivered\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; post.example\r\n\r\nFinal-Recipient: rfc822; a@post.example\r\n";

    fn report(fields: &str) -> BounceStatus {
        read(format!("{HEAD}{fields}\r\n\r\n--b--\r\n").as_bytes())
    }

    fn plain(from: &str, subject: &str, more: &str, text: &str) -> BounceStatus {
        read(format!("From: {from}\r\nSubject: {subject}\r\n{more}\r\n{text}\r\n").as_bytes())
    }

    #[test]
    fn a_failure_is_read_however_its_fields_are_written() {
        for (fields, wanted) in [
            ("Action: failed\r\nStatus: 5.1.1", (1, 1)),
            ("Action:\r\n failed\r\nStatus:\r\n\t5.1.1", (1, 1)),
            ("Action: failed (bad user)\r\nStatus: 5.1.1 (bad user 4.4.4)", (1, 1)),
            ("Action: (so (it) is) FAILED\r\nStatus: 550 5.1.1", (1, 1)),
            ("action: failed ; really\r\nstatus: smtp; 550 5.1.1 unknown", (1, 1)),
            ("Action: failure\r\nStatus: 5.7.1.", (7, 1)),
            ("Action: failed\r\nStatus: 4.4.7", (4, 7)),
            ("Action: failed\r\nStatus: 2.0.0", (0, 0)),
            ("Action: failed", (0, 0)),
            ("Status: 5.2.2", (2, 2)),
            ("Action: rejected\r\nStatus: 5.7.26", (7, 26)),
            (
                "Action: delayed\r\nStatus: 4.4.1\r\n\r\nFinal-Recipient: rfc822; b@p.example\r\nAction: failed\r\nStatus: 5.1.2",
                (1, 2),
            ),
        ] {
            assert_eq!(report(fields), BounceStatus::Failed(EnhancedCode(5, wanted.0, wanted.1)), "{fields}");
        }
    }

    #[test]
    fn a_delay_or_a_success_is_not_told() {
        for fields in [
            "Action: delayed\r\nStatus: 4.4.1",
            "Action: delayed (failed so far)\r\nStatus: 4.4.1",
            "Action: delivered\r\nStatus: 2.0.0",
            "Action: relayed\r\nStatus: 2.1.9",
            "Status: 4.4.1",
        ] {
            assert_eq!(report(fields), BounceStatus::Nothing, "{fields}");
        }
    }

    #[test]
    fn servers_that_never_heard_of_rfc_3464_are_understood() {
        let qmail = "Hi. This is the qmail-send program at web.example.\r\nI'm afraid I wasn't able to deliver \
            your message to the following addresses.\r\nThis is a permanent error; I've given up.\r\n\r\n\
            <b@web.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n\
            --- Below this line is a copy of the message.\r\n";
        assert_eq!(
            plain("MAILER-DAEMON@web.example", "failure notice", "", qmail),
            BounceStatus::Failed(EnhancedCode(5, 1, 1))
        );
        let exim = "This message was created automatically by mail delivery software.\r\n\r\nA message that you \
            sent could not be delivered to one or more of its recipients.\r\n";
        let fields = "X-Failed-Recipients: a@web.example\r\nAuto-Submitted: auto-replied\r\n";
        let from = "Mail Delivery System <Mailer-Daemon@web.example>";
        assert_eq!(
            plain(from, "Mail delivery failed", fields, exim),
            BounceStatus::Failed(EnhancedCode(5, 0, 0))
        );
        let late = "A message that you sent has not yet been delivered.\r\n";
        let fields = "Auto-Submitted: auto-replied\r\n";
        assert_eq!(plain(from, "Warning: message delayed 24 hours", fields, late), BounceStatus::Nothing);
    }

    #[test]
    fn an_automatic_answer_is_not_told_and_anything_else_is() {
        let from = "Max <max@web.example>";
        for (subject, more) in [
            ("Out of office", ""),
            ("=?utf-8?q?Au=C3=9Fer_Haus?=", ""),
            ("Automatische Antwort: Nachricht", ""),
            ("Danke", "Auto-Submitted: auto-replied (vacation)\r\n"),
            ("Danke", "X-Autoreply: yes\r\n"),
            ("Danke", "Precedence: auto_reply\r\n"),
            (
                "Gelesen",
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n",
            ),
        ] {
            assert_eq!(plain(from, subject, more, "bin weg"), BounceStatus::Nothing, "{subject} {more}");
        }
        assert_eq!(plain(from, "Danke", "Auto-Submitted: no\r\n", "x"), BounceStatus::Unclear);
        assert_eq!(plain("postmaster@web.example", "Nachricht abgewiesen", "", "weg"), BounceStatus::Unclear);
        let fields = "Auto-Submitted: auto-generated\r\n";
        assert_eq!(plain("postmaster@web.example", "Undeliverable", fields, "weg"), BounceStatus::Unclear);
        assert_eq!(read(b"no letter at all"), BounceStatus::Unclear);
    }
}
