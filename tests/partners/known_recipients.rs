//! A list of recipients that outside senders may write to, if configured: others are refused at RCPT, and
//! nothing is reported to a reverse-path that anybody can forge.

use rig::Smtp;
use rig::process::poll;
use rustix::process::Signal;

use super::inward::{ENTITY, HEAD, Scene};

fn scene() -> Scene {
    Scene::new_with(
        |config| {
            config
                .set("lists", "people", r#""people.txt""#)
                .set("[listener]", "recipients", r#""people""#)
                .set("notices", "bounces", r#""bounce@insurer.example""#);
        },
        |home| drop(home.write("people.txt", b"erika.muster@insurer.example\nclaims-*@insurer.example\n")),
    )
}

impl Scene {
    fn asked(&self, recipients: &[(&str, &str)]) -> Smtp {
        let mut client = Smtp::connect(self.world);
        client.ehlo();
        client.say("MAIL FROM:<forged@victim.example>").expect("250 *");
        for (recipient, answer) in recipients {
            client.say(&format!("RCPT TO:<{recipient}>")).expect(answer);
        }
        client
    }
}

#[test]
fn who_is_not_there_is_refused_at_rcpt_and_nothing_is_reported() {
    let scene = scene();
    let mut client = scene.asked(&[
        ("nobody@insurer.example", "550 5.1.1 *"),
        ("Erika.Muster@Insurer.Example", "250 *"),
        ("claims-7@insurer.example", "250 *"),
        ("postmaster@insurer.example", "250 *"),
        ("bounce+abc@insurer.example", "250 *"),
        ("somebody@elsewhere.example", "550 5.7.1 *"),
    ]);
    client.say("RSET").expect("250 *");
    drop(client);
    let arrived = scene.arrives(format!("{HEAD}{ENTITY}").replace('\n', "\r\n").as_bytes());
    assert_eq!(arrived.to(), ["erika.muster@insurer.example"]);
    assert!(scene.outside.delivered().is_empty());
    scene.gateway.sweep();
}

#[test]
fn the_list_is_read_again_with_the_rules() {
    let scene = scene();
    let text = b"erika.muster@insurer.example\nclaims-*@insurer.example\nnobody@insurer.example\n";
    scene.gateway.home.write("people.txt", text);
    scene.gateway.process().signal(Signal::HUP);
    poll("the reload", || scene.gateway.log().contains("rules and lists reloaded").then_some(()));
    scene.asked(&[("nobody@insurer.example", "250 *")]);
    scene.gateway.sweep();
}
