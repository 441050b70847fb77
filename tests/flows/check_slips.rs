//! Settings with which everything starts but which cannot be intended: `sealpost check` refuses them, or warns.

use rig::gateway::Home;
use rig::{Config, Hop};

fn check(section: &str, key: &str, value: &str) -> (i32, String) {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.unset("notices", "show-subject").set(section, key, value);
    let (code, out, err) = Home::new(&config).sealpost(&["check"]);
    (code, format!("{out}{err}"))
}

#[test]
fn what_cannot_work_is_refused() {
    for (section, key, value, words) in [
        ("gateway", "name", r#""192.0.2.7""#, "is an address and no name"),
        ("gateway", "minimum-free", r#""9000000 GiB""#, "more than the whole disk"),
        ("brand", "imprint", r#""javascript:alert(1)""#, "no address of a page"),
        ("brand", "privacy", r#""insurer.example/privacy""#, "no address of a page"),
    ] {
        let (code, said) = check(section, key, value);
        assert!(code != 0 && said.contains(words), "{key} = {value}: {said}");
    }
}

#[test]
fn what_is_mostly_a_slip_is_doubted() {
    for (section, key, value, words) in [
        ("gateway", "name", r#""localhost""#, "no name that other servers know"),
        ("gateway", "name", r#""mailgate""#, "no name that other servers know"),
        ("dkim", "keys", r#""not-there""#, "no key in"),
        ("notices", "bounces", r#""bounce@portal.other.example""#, "another house's domain"),
        ("hops.world", "port", "465", "port 465"),
        ("portal", "answer-attempts", "100000", "guessed at leisure"),
        ("[listener]", "session", r#""1 s""#, "session is over"),
        ("[listener]", "data-time", r#""1 s""#, "data-time is over"),
        ("delivery", "delay-notice", r#""9 days""#, "delay-notice comes after give-up"),
    ] {
        let (code, said) = check(section, key, value);
        assert!(code == 0 && said.contains("warning") && said.contains(words), "{key} = {value}: {said}");
    }
    let (code, said) = check("hops.world", "tls", r#""starttls""#);
    assert!(code == 0 && !said.contains("is on port"), "{said}");
}
