//! A list that has become empty, for example by a failed export, does not silently disable a rule: `check` refuses it,
//! and a reload keeps the previous one.

use rig::gateway::Home;
use rig::process::poll;
use rig::{Config, Gateway, Hop, letters};
use rustix::process::Signal;

fn config(hop: &Hop, when: &str, then: &str) -> Config {
    let mut config = Config::new(hop);
    config.set("lists", "conf", r#""conf.txt""#).rule("listed", when, then);
    config
}

#[test]
fn a_reload_keeps_the_list_that_was() {
    let hop = Hop::new();
    let config = config(&hop, r#"{ recipient-list = "conf" }"#, r#""portal""#);
    let home = Home::new(&config);
    home.write("conf.txt", b"list.example\n");
    let gateway = Gateway::start_in(home, &config);
    // Serves letters, so it hears signals.
    let send = |to: &str| {
        gateway.smtp().letter("erika@insurer.example", &[to], &letters::plain("x", "y")).expect("250 *");
    };
    send("k@list.example");
    gateway.home.write("conf.txt", b"# nobody\n\n");
    gateway.process().signal(Signal::HUP);
    poll("the refusal", || {
        gateway.log().contains("rules could not be reloaded; the old ones stay in use").then_some(())
    });
    assert!(
        gateway.log().contains("the list conf is empty, and the rule \"listed\" goes by it"),
        "{}",
        gateway.log()
    );
    send("k@list.example");
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 2);
}

#[test]
fn check_says_which_list_is_empty_or_cannot_be_read() {
    let hop = Hop::new();
    for (when, then, text, refused) in [
        (r#"{ recipient-list = "conf" }"#, r#""portal""#, Some(""), true),
        (r#"{ from-list = "conf" }"#, r#""hold""#, Some("\u{feff}# all gone\n"), true),
        (r#"{ not = { recipient-list = "conf" }, encrypted = true }"#, r#""relay""#, Some("\n\n"), true),
        (r#"{ recipient-list = "conf" }"#, r#""relay""#, Some(""), false),
        (r#"{ recipient-list = "conf" }"#, r#""portal""#, Some("nobody@list.invalid\n"), false),
    ] {
        let home = Home::new(&config(&hop, when, then));
        home.write("conf.txt", text.unwrap_or_default().as_bytes());
        let (code, out, err) = home.sealpost(&["check"]);
        assert_eq!(code != 0, refused, "{when} {then}:\n{out}{err}");
        let says = format!("{out}{err}").contains("the list conf is empty");
        assert_eq!(says, text != Some("nobody@list.invalid\n"), "{when} {then}:\n{out}{err}");
    }
    let home = Home::new(&config(&hop, r#"{ recipient-list = "conf" }"#, r#""portal""#));
    let (code, out, err) = home.sealpost(&["check"]);
    let said = format!("{out}{err}");
    assert!(
        code != 0 && said.contains("conf.txt cannot be read") && !said.contains("there is no list"),
        "{said}"
    );
}

/// A partial export, or a file being written: missing entries stay protected until an operator confirms the change.
#[test]
fn a_list_that_lost_most_of_its_entries_is_not_taken() {
    let hop = Hop::new();
    let config = config(&hop, r#"{ recipient-list = "conf" }"#, r#""portal""#);
    let home = Home::new(&config);
    let whole: String = (0..20).map(|n| format!("list{n}.example\n")).collect();
    home.write("conf.txt", whole.as_bytes());
    let gateway = Gateway::start_in(home, &config);
    let reload = |text: &str, times: usize| {
        gateway.home.write("conf.txt", text.as_bytes());
        gateway.process().signal(Signal::HUP);
        poll("the reload", || {
            (gateway.log().matches("rules and lists reloaded").count() == times).then_some(())
        });
    };
    gateway
        .smtp()
        .letter("erika@insurer.example", &["k@list0.example"], &letters::plain("x", "y"))
        .expect("250 *");
    let half: String = (0..10).map(|n| format!("list{n}.example\n")).collect();
    reload(&half, 1);
    assert!(!gateway.log().contains("would lose most of its entries"), "{}", gateway.log());
    gateway.home.write("conf.txt", b"list0.example\nlist1.example\n");
    gateway.process().signal(Signal::HUP);
    poll("the refusal", || gateway.log().contains("(10 before, 2 now)").then_some(()));
    gateway.wait_logged("rules could not be reloaded; the old ones stay in use");
    let send = || {
        let letter = letters::plain("x", "y");
        gateway.smtp().letter("erika@insurer.example", &["k@list9.example"], &letter).expect("250 *");
    };
    send();
    let deposits = || gateway.count("SELECT count(*) FROM deposits");
    assert_eq!(deposits(), 2, "who is missing in the part is protected as before");
    let file = gateway.home.config();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[policy]\n", "[policy]\nlists-may-lose = 90\n")).unwrap();
    reload("list0.example\nlist1.example\n", 2);
    send();
    assert_eq!(deposits(), 2, "the operator has said that it is meant");
}
