//! Anybody can put a victim's address into a reverse-path: mail to such addresses is limited per address and
//! per domain and day, and the log counts the rest. The operator's own users are notified of every failed
//! letter.

use std::net::SocketAddr;

use rig::process::poll;
use rig::{Answer, Config, Delivered, Gateway, Hop, Smtp, Stage, letters};

struct Scene {
    hop: Hop,
    world: SocketAddr,
    gateway: Gateway,
}

fn scene(change: impl FnOnce(&mut Config)) -> Scene {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("limits.reports", "per-address", "2")
        .set("limits.reports", "per-domain", "4")
        .set("limits.reports", "per-day", "6")
        .set("partners", "hop", r#""world""#)
        .rule("nobody", r#"{ listener = "outside", recipient = "no@insurer.example" }"#, r#""refuse""#);
    change(&mut config);
    let world = config.listener("outside");
    config.set("[listener]", "domains", r#"["insurer.example"]"#);
    let gateway = Gateway::start(&config);
    Scene { hop, world, gateway }
}

impl Scene {
    fn outside_sends(&self, from: &str, to: &[&str]) {
        let mut client = Smtp::connect(self.world);
        client.ehlo();
        client.letter(from, to, &letters::plain("Frage", "Text")).expect("250 *");
    }

    fn is_quiet(&self) {
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    }

    /// What went to addresses that end so, with the null reverse-path.
    fn reports(&self, to: &str) -> usize {
        let is_report =
            |mail: &&Delivered| mail.from().is_empty() && mail.to().iter().all(|one| one.ends_with(to));
        self.hop.delivered().iter().filter(is_report).count()
    }

    fn unsent(&self, count: usize) {
        let log = self.gateway.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("a report was not sent")).collect();
        assert_eq!(lines.len(), count, "{lines:#?}");
        assert!(
            lines.iter().any(|line| line.contains(&format!("reports.unsent_in_a_day={count}"))),
            "{lines:#?}"
        );
        assert!(!lines.iter().any(|line| line.contains('@')), "{lines:#?}");
    }
}

#[test]
fn a_flood_of_forged_reverse_paths_makes_few_reports() {
    let mut scene = scene(|_| {});
    scene.hop.script(|stage, text| match stage {
        Stage::Rcpt if ["erika@insurer.example", "weg@web.example"].contains(&text) => {
            Answer::Say("550 5.1.1 no such user".to_owned())
        }
        _ => Answer::Yes,
    });
    let erika = ["erika@insurer.example"];
    for _ in 0..4 {
        scene.outside_sends("victim@a.example", &erika);
    }
    scene.is_quiet();
    assert_eq!(scene.reports("victim@a.example"), 2);
    for n in 0..8 {
        scene.outside_sends(&format!("victim{n}@a.example"), &erika);
    }
    scene.is_quiet();
    assert_eq!(scene.reports("@a.example"), 4);
    for n in 0..8 {
        scene.outside_sends(&format!("v@{n}.example"), &erika);
    }
    scene.is_quiet();
    assert_eq!(scene.reports(""), 6);
    scene.unsent(4 + 8 + 8 - 6);
    // Nor after a restart; and our own people hear of each.
    scene.gateway.stop();
    scene.gateway.restart();
    scene.outside_sends("other@b.example", &erika);
    for _ in 0..8 {
        let letter = letters::plain("Frage", "Text");
        scene.gateway.smtp().letter("max@insurer.example", &["weg@web.example"], &letter).expect("250 *");
    }
    scene.is_quiet();
    assert_eq!((scene.reports("@b.example"), scene.reports("max@insurer.example")), (0, 8));
    scene.gateway.sweep();
}

#[test]
fn refusals_and_answers_of_our_own_count_as_well() {
    let scene = scene(|config| {
        config.set("notices", "replies", r#""here""#).set("limits.reports", "per-day", "0");
    });
    for _ in 0..4 {
        scene.outside_sends("victim@a.example", &["ja@insurer.example", "no@insurer.example"]);
    }
    for n in 0..8 {
        scene.outside_sends(&format!("victim{n}@b.example"), &["securemail@insurer.example"]);
    }
    // A client requests success reports.
    for _ in 0..4 {
        let mut client = Smtp::connect(scene.world);
        client.ehlo();
        client.say("MAIL FROM:<victim@c.example>").expect("250 *");
        client.say("RCPT TO:<ja@insurer.example> NOTIFY=SUCCESS").expect("250 *");
        client.data(&letters::plain("Frage", "Text")).expect("250 *");
    }
    scene.is_quiet();
    assert_eq!((scene.reports("@a.example"), scene.reports("@b.example")), (2, 4));
    // The hop speaks DSN and would report itself, or does not and we do.
    assert!(scene.reports("@c.example") <= 2);
    scene.gateway.sweep();
}

#[test]
fn nobody_outside_is_told_an_initial_password() {
    let scene = scene(|config| {
        config.set("portal", "activation", r#""initial-password""#).rule(
            "from outside",
            r#"{ listener = "outside", subject-tag = "[vertraulich]" }"#,
            r#""portal""#,
        );
    });
    let letter = letters::plain("[vertraulich] Frage", "Text");
    let mut client = Smtp::connect(scene.world);
    client.ehlo();
    client.letter("stranger@a.example", &["erika@insurer.example"], &letter).expect("550 5.7.1 *");
    assert_eq!(scene.gateway.count("SELECT count(*) FROM mailboxes"), 0);
    assert!(scene.hop.delivered().is_empty());
    scene.gateway.sweep();
}
