//! CVE-2026-29139: repeating the initialisation of an account set a new password. Here a mailbox is activated
//! once.

use rig::letters;
use rig::reader::PASSWORD;

use crate::portal::{Portal, activate};

const OTHER: &str = "Angreifer-2026-Passwort";
const ANNA: &str = "anna@web.example";

#[test]
fn an_active_mailbox_cannot_be_activated_again() {
    let portal = Portal::new();
    let link = portal.send(ANNA, &letters::plain("[vertraulich] eins", "Text"));
    // The attacker has opened the page before its owner and kept it open.
    let mut attacker = portal.gateway.web();
    let kept = attacker.get(&link);
    activate(&mut portal.gateway.web(), &link, PASSWORD, &[]).expect(200);

    let path = link.rsplit_once("/a/").unwrap().1.to_owned();
    let filled =
        [("password", OTHER), ("repeat", OTHER), ("question", "0"), ("answer", "x y z"), ("language", "de")];
    let answer = attacker.submit(&kept, &path, &filled);
    assert!(!(200..400).contains(&answer.status), "activated twice: {}", answer.status);
    attacker.get(&link).expect(410);

    // Another letter's notice contains a link, but not a second activation.
    let second = portal.send(ANNA, &letters::plain("[vertraulich] zwei", "Text"));
    let mut attacker = portal.gateway.web();
    let page = attacker.get(&second);
    assert!(!page.text().contains("name=\"repeat\""), "a form for a new password:\n{}", page.text());

    let (_, inside) = portal.log_in(ANNA, OTHER);
    assert!(!inside, "the attacker's password opens the mailbox");
    let (_, inside) = portal.log_in(ANNA, PASSWORD);
    assert!(inside, "the owner's password opens it no more");
    assert_eq!(portal.gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'"), 1);
}
