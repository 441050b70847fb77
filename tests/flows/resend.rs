//! A lost 250: the client sends the same letter again, and it is not deposited twice.

use rig::{Config, Gateway, Hop, letters};

#[test]
fn the_same_letter_again_after_a_lost_250_is_one_deposit() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    for n in 0..10_i64 {
        let to = format!("k{n}@web.example");
        let letter = letters::plain(&format!("[vertraulich] Brief {n}"), "x");
        let mut client = gateway.smtp();
        client.envelope("a@insurer.example", &[&to]);
        client.say("DATA").expect("354 *");
        client.bytes(&rig::smtp::stuffed(&letter));
        // Gone before the reply was read: the kernel answers it with a reset.
        client.drop_connection();
        rig::process::poll("the deposit", || {
            (gateway.count("SELECT count(*) FROM deposits") == n + 1).then_some(())
        });
        gateway.smtp().letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
        assert_eq!(gateway.count("SELECT count(*) FROM deposits"), n + 1, "deposited twice");
        let _ = hop.wait_to(&to);
    }
    assert_eq!(hop.delivered().len(), 10, "one notice each");
    gateway.sweep();
}

#[test]
fn the_same_letter_on_purpose_is_two_deposits() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let letter = letters::plain("[vertraulich] Brief", "x");
    for _ in 0..2 {
        let mut client = gateway.smtp();
        client.letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
        // The client saw the 250 and says so by going on.
        client.say("QUIT").expect("221 *");
    }
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 2);
}
