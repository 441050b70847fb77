//! A tag that an owner types in the portal: no rule judges owners' letters, so it arrives as typed; and what
//! the insurer writes under that subject is confidential, within its thread or outside.

use rig::letters;
use rig::reader::letter_path;
use rig::{Gateway, Hop};

use super::writing::{begin, config, editor_path, reader};

#[test]
fn it_arrives_as_it_was_typed_and_counts_in_what_comes_back() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let (mut web, letter, _) = reader(&gateway, &hop);
    let editor = begin(&mut web, &letter, "reply");
    let path = editor_path(&editor);
    let fields = [
        ("to", "erika@insurer.example"),
        ("subject", "[vertraulich] Mein Befund"),
        ("text", "Siehe oben"),
        ("do", "send"),
    ];
    web.submit(&editor, &path, &fields).expect(303);
    let arrived = hop.wait_to("erika@insurer.example");
    assert_eq!(letters::field(&arrived.bytes, "Subject").as_deref(), Some("[vertraulich] Mein Befund"));
    // A new letter by a person who copies the subject by hand.
    let answer = letters::plain("AW: [vertraulich] Mein Befund", "Danke");
    gateway.smtp().letter("erika@insurer.example", &["other@web.example"], &answer).expect("250 *");
    hop.wait_where("a notice", |mail| mail.to() == ["other@web.example"] && !mail.text().contains("Danke"));
    let inbox = web.get("/sent");
    assert!(inbox.text().contains("[vertraulich] Mein Befund"), "{}", inbox.text());
    assert!(!letter_path(&inbox).is_empty());
    gateway.sweep();
}
