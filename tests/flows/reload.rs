//! SIGHUP on a running gateway: certificates, rules and lists are read again while sessions continue; errors are
//! reported with their place, and the previous ones stay in force.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Authority, Config, Gateway, Hop, Smtp, letters};
use rustix::process::Signal;

const NAME: &str = "mailgate.insurer.example";

fn config(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config
        .set("[listener]", "tls", r#""starttls""#)
        .set("[listener]", "certificate", r#""gate.pem""#)
        .set("[listener]", "key", r#""gate.key""#)
        .set("lists", "former", r#""former.txt""#)
        .rule("former partners", r#"{ recipient-list = "former" }"#, r#""refuse""#);
    config
}

/// Sends SIGHUP and waits until each of these is logged.
fn reload(gateway: &Gateway, told: &[&str]) {
    let before = gateway.process().output.lines().len();
    gateway.process().signal(Signal::HUP);
    for told in told {
        gateway.process().output.wait_from(before, told).unwrap_or_else(|why| panic!("{why}"));
    }
}

fn connect(gateway: &Gateway, authority: &Authority) -> Smtp {
    let mut client = gateway.smtp();
    client.starttls(authority.client(), NAME);
    client.ehlo();
    client
}

/// What a letter to each of these is answered.
fn answers(client: &mut Smtp, to: &[(&str, &str)]) {
    for (to, answer) in to {
        client.letter("a@insurer.example", &[to], &letters::plain("x", "x")).expect(answer);
    }
}

#[test]
fn what_is_read_again_holds_for_sessions_that_are_open_and_what_is_broken_changes_nothing() {
    let hop = Hop::new();
    let authority = Authority::new();
    let good = config(&hop);
    let home = Home::new(&good);
    let (first, second) = (authority.issue(&[NAME]), authority.issue(&[NAME]));
    let _ = first.write(home.path(), "gate");
    home.write("former.txt", b"old.example\n");
    let gateway = Gateway::start_in(home, &good);
    let mut session = connect(&gateway, &authority);
    answers(&mut session, &[("k@old.example", "550 5.7.1 *"), ("k@new.example", "250 *")]);

    // During a letter: the rules in force at its end decide, and they are not evaluated again.
    session.envelope("a@insurer.example", &["late@new.example"]);
    session.say("DATA").expect("354 *");
    session.bytes(b"From: a@insurer.example\r\nSubject: x\r\n");

    gateway.home.write("former.txt", b"new.example\n");
    let mut changed = good.clone();
    changed.rule("brokers", r#"{ recipient = "*@broker.example" }"#, r#""portal""#);
    gateway.home.write("gateway.toml", changed.text().as_bytes());
    let _ = second.write(gateway.home.path(), "gate");
    reload(&gateway, &["*certificate reloaded*", "*rules and lists reloaded*"]);
    session.bytes(b"\r\nx\r\n.\r\n");
    session.reply().expect("550 5.7.1 *");
    let now = [("k@old.example", "250 *"), ("k@new.example", "550 5.7.1 *"), ("k@broker.example", "250 *")];
    answers(&mut session, &now);
    assert!(hop.wait_to("k@broker.example").text().contains("/a/"), "a notice");
    let mut later = connect(&gateway, &authority);
    assert_eq!(session.peer_certificate().as_deref(), Some(first.certificate.as_ref()));
    assert_eq!(later.peer_certificate().as_deref(), Some(second.certificate.as_ref()));

    // Broken in every way: not TOML, an unknown key, an invalid rule, one that lets replies out in clear, a missing
    // list. Each is reported with its place.
    let text = changed.text();
    let unknown = text.replace("[policy]", "[policy]\nnonsense = 1");
    let mut catch_all = good.clone();
    catch_all.rule("all", r#"{ recipient = "*" }"#, r#""relay""#);
    let pattern = text.replace(r#"{ subject-tag = "[vertraulich]" }"#, r#"{ subject-pattern = "(" }"#);
    let missing = text.replace("former.txt", "missing.txt");
    for (broken, told) in [
        ("[gateway\n", "*rules could not be reloaded; the old ones stay in use*gateway.toml:1*"),
        (&*unknown, "*rules could not be reloaded; the old ones stay in use*nonsense*"),
        (&*pattern, "*rules could not be reloaded; the old ones stay in use*gateway.toml:*"),
        (&*catch_all.text(), "*rules could not be reloaded; the old ones stay in use*replies*"),
        (&*missing, "*rules could not be reloaded; the old ones stay in use*missing.txt*"),
    ] {
        gateway.home.write("gateway.toml", broken.as_bytes());
        reload(&gateway, &[told]);
        answers(&mut session, &now);
        answers(&mut later, &now);
    }
    std::fs::write(gateway.home.path().join("gate.pem"), "nonsense").unwrap();
    gateway.home.write("gateway.toml", good.text().as_bytes());
    // The one is broken, the other is not.
    reload(
        &gateway,
        &["*certificate could not be reloaded; the old one stays in use*", "*rules and lists reloaded*"],
    );
    let certificate = connect(&gateway, &authority).peer_certificate();
    assert_eq!(certificate.as_deref(), Some(second.certificate.as_ref()));
    answers(&mut session, &[("k@broker.example", "250 *"), ("k@new.example", "550 5.7.1 *")]);
    poll("what was let pass", || {
        let relayed =
            |letter: &rig::Delivered| letter.to() == ["k@broker.example"] && !letter.text().contains("/a/");
        hop.delivered().iter().any(relayed).then_some(())
    });
    let _ = second.write(gateway.home.path(), "gate");
    gateway.sweep();
}
