//! Exhausting the limit on reports with a partner's forged reverse-path does not keep the partner from being
//! notified of its own failed letters; and replaying an old letter of the partner's does not get further.

use rig::process::poll;
use rig::{Answer, Stage};

use super::inward::{ENTITY, HEAD, Scene};
use super::out::{our_certificate, path};
use super::{openssl, sealpost};

#[test]
fn what_a_partner_signed_is_counted_apart() {
    let scene = Scene::new(|config| {
        config.set("limits.reports", "per-address", "2");
    });
    scene.inside.script(|stage, text| match stage {
        Stage::Rcpt if text == "erika.muster@insurer.example" => {
            Answer::Say("550 5.1.1 no such user".to_owned())
        }
        _ => Answer::Yes,
    });
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let sends = |letter: &[u8], times: usize| {
        for _ in 0..times {
            scene.hand_in(letter);
        }
        poll("an empty queue", || (scene.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    };
    let reports = || {
        let of_moor = |mail: &rig::Delivered| mail.from().is_empty() && mail.to() == ["moor@clinic.example"];
        scene.outside.delivered().iter().filter(|mail| of_moor(mail)).count()
    };
    let forged = |n: u32| {
        format!("{}{ENTITY}", HEAD.replace("<befund@", &format!("<forged-{n}@"))).replace('\n', "\r\n")
    };
    for n in 0..4 {
        sends(forged(n).as_bytes(), 1);
    }
    assert_eq!(reports(), 2, "no more to one address");
    let closed = |n: u32| {
        let head = HEAD.replace("<befund@", &format!("<closed-{n}@"));
        house.close(&head, ENTITY, &our_certificate(&scene.gateway))
    };
    sends(&closed(0), 1);
    assert_eq!(reports(), 3, "its own letter");
    for n in 1..4 {
        sends(&closed(n), 1);
    }
    assert_eq!(reports(), 4, "as often as others");
    scene.gateway.sweep();
}
