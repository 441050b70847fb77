//! A sender or a rule requests a letter's own retention: within the operator's limits, before and after its
//! mailbox is activated, and wherever a recipient is told.

use rig::reader::activate;
use rig::{Config, Gateway, Hop, letters};

const DAY: i64 = 86_400_000;

#[test]
fn a_letter_is_kept_for_as_long_as_its_sender_or_its_rule_asks() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("retention", "letters", r#""60 days""#)
        .set("retention", "asked", r#"{ least = "7 days", most = "100 days" }"#)
        .rule("ten days", r#"{ subject-tag = "[kurz]" }"#, r#""portal""#)
        .set("[rule]", "keep", r#""10 days""#);
    let gateway = Gateway::start(&config);
    let send = |subject: &str, fields: &str| {
        let letter = letters::with_fields(subject, fields, "Text");
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    };
    // Pending: no longer than a letter waits for its mailbox to be activated.
    send("[vertraulich] lang", "Expires: Fri, 01 Jan 2100 10:00:00 +0100\r\n");
    send("[vertraulich] sofort", "Expiry-Date: Fri, 01 Jan 2010 10:00:00 +0100\r\n");
    send("[kurz] Regel", "");
    send("[vertraulich] wie alle", "Expires: irgendwann\r\n");
    let days = |nth: usize| {
        let sql = format!(
            "SELECT (expires_at - received_at) FROM deposits ORDER BY received_at LIMIT 1 OFFSET {nth}"
        );
        // The last moment of a day, and clocks that change in between.
        (gateway.count(&sql) + DAY / 12) / DAY
    };
    let near =
        |found: i64, wanted: i64| assert!((wanted..=wanted + 1).contains(&found), "{found}, not {wanted}");
    for (nth, wanted) in [40, 7, 10, 40].into_iter().enumerate() {
        near(days(nth), wanted);
    }
    let link = letters::link(&hop.wait_to("k@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    // Everything else has its time from the activation on; what was requested stays as it was requested.
    for (nth, wanted) in [100, 7, 10, 60].into_iter().enumerate() {
        near(days(nth), wanted);
    }
    for told in ["wird in 100 Tagen", "wird in 7 Tagen", "wird in 10 Tagen", "wird in 60 Tagen"] {
        assert!(inbox.text().contains(told), "{told}: {}", inbox.text());
    }
    gateway.sweep();
}
