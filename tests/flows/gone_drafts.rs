//! Send, pressed on a draft that another tab has deleted or sent: the text is neither lost nor sent twice,
//! and the page says what happened.

use rig::http::Page;
use rig::process::poll;
use rig::{Gateway, Hop};

use super::writing::{begin, config, editor_path, reader};

const ERIKA: &str = "erika@insurer.example";
const MAX: &str = "claims@insurer.example";

fn fields<'a>(to: &'a str, text: &'a str, act: &'a str) -> [(&'a str, &'a str); 5] {
    [("to", to), ("cc", ""), ("subject", "Mein Schaden"), ("text", text), ("do", act)]
}

fn sent_to(hop: &Hop, to: &str) -> usize {
    hop.delivered().iter().filter(|mail| mail.to() == [to]).count()
}

#[test]
fn what_was_typed_in_a_second_tab_is_neither_lost_nor_sent_twice() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let (mut web, letter, _) = reader(&gateway, &hop);
    let has = |page: &Page, text: &str| page.text().contains(text);

    // Thrown away in one tab, sent in the other.
    let editor = begin(&mut web, &letter, "reply");
    let path = editor_path(&editor);
    web.submit(&editor, &path, &fields(ERIKA, "", "discard")).expect(303);
    let pressed = web.submit(&editor, &path, &fields(ERIKA, "Nicht verlieren 4711", "send"));
    let again = web.follow(pressed);
    assert!(has(&again, "Nicht verlieren 4711") && has(&again, "Mein Schaden"), "{}", again.text());
    assert_ne!(editor_path(&again), path, "it is a draft of its own");
    assert_eq!(sent_to(&hop, ERIKA), 0, "no letter was sent yet");
    let path = editor_path(&again);
    web.submit(&again, &path, &fields(ERIKA, "Nicht verlieren 4711", "send")).expect(303);
    poll("the letter", || (sent_to(&hop, ERIKA) == 1).then_some(()));

    // Pressed once more: it has been sent. With another recipient, or one more: it has not.
    let pressed = web.submit(&again, &path, &fields(ERIKA, "Nicht verlieren 4711", "send"));
    assert!(has(&web.follow(pressed), "Mein Schaden"), "among the sent ones");
    for to in [MAX, "erika@insurer.example, claims@insurer.example"] {
        let pressed = web.submit(&again, &path, &fields(to, "Nicht verlieren 4711", "send"));
        let kept = web.follow(pressed);
        assert!(has(&kept, "Nicht verlieren 4711") && editor_path(&kept) != path, "{}", kept.text());
        assert!(has(&kept, to), "{}", kept.text());
    }
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    assert_eq!((sent_to(&hop, ERIKA), sent_to(&hop, MAX)), (1, 0));
    gateway.sweep();
}
