//! A recipient's out-of-office reply to a notice: accepted, dropped with a log line, not reported and
//! stored nowhere; the notice counts as delivered.

use rig::letters;
use rig::process::poll;
use rig::{Config, Gateway, Hop};

use crate::jobs::no_legs;

const ABSENT: &str = "max@web.example";
const TO_US: &str = "an automatic mail to our own address was dropped";
const RETURNED: &str = "mail to a notice's return address; nothing failed";

#[test]
fn whoever_is_away_is_answered_by_nobody_and_the_log_says_so() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("notices", "replies", r#""here""#);
    let gateway = Gateway::start(&config);
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &[ABSENT], &letter).expect("250 *");
    let verp = hop.wait_to(ABSENT).from().to_owned();
    no_legs(&gateway);
    let kept = || {
        gateway.count(
            "SELECT (SELECT count(*) FROM bodies) + (SELECT count(*) FROM legs) + (SELECT count(*) FROM bounce_memos)
                 + (SELECT count(*) FROM unreachable) + (SELECT count(*) FROM audit)",
        )
    };
    let before = kept();
    let lines = |line: &str| gateway.log().lines().filter(|one| one.contains(line)).count();
    let ours = "securemail@insurer.example";
    // Sender, recipient, the automatic marking, and the log line.
    for (from, to, fields, line) in [
        (ABSENT, ours, "Subject: Abwesenheitsnotiz: Brief\r\n", TO_US),
        (ABSENT, ours, "Subject: Re: Brief\r\nAuto-Submitted: auto-replied\r\n", TO_US),
        ("", ours, "Subject: Re: Brief\r\nAuto-Submitted: auto-replied (vacation)\r\n", TO_US),
        (ABSENT, &verp, "Subject: Out of office\r\nX-Autoreply: yes\r\n", TO_US),
        ("", &verp, "Subject: Automatische Antwort: Brief\r\n", RETURNED),
        ("", &verp, "Subject: Re: Brief\r\nAuto-Submitted: auto-replied\r\n", RETURNED),
    ] {
        let said = lines(line);
        let mail = format!(
            "From: Max <{ABSENT}>\r\nTo: {to}\r\n{fields}Message-ID: <away-{said}@web.example>\r\n\r\n\
             Bis zum 14. bin ich nicht da: GEHEIM-4711\r\n"
        );
        gateway.smtp().letter(from, &[to], mail.as_bytes()).expect("250 *");
        poll(&format!("{fields:?} in the log"), || (lines(line) == said + 1).then_some(()));
    }
    assert_eq!((lines(TO_US), lines(RETURNED)), (4, 2));
    assert_eq!(kept(), before, "nothing of it is kept, and no report is sent");
    assert_eq!(hop.delivered().len(), 1, "the notice, and nothing else");
    for word in ["GEHEIM-4711", ABSENT, "Abwesenheitsnotiz"] {
        assert!(!gateway.log().contains(word), "{word}");
    }
    gateway.sweep();
}
