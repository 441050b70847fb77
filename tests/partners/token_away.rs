//! An unavailable token: letters are deferred, in both directions, and continue when it is back, without a
//! restart. A refused PIN is not tried again until its file changes.

use rig::softhsm::PIN;

use super::inward::{ENTITY, HEAD, result};
use super::openssl;
use super::out::{our_certificate, path};
use super::sealpost;
use super::token::Scene;

const MAKE: &[&str] = &["domain-key", "make", "insurer.example", "--name", "Insurer", "--token", "hsm"];

#[test]
fn letters_wait_while_a_token_is_gone_and_go_on_when_it_is_back() {
    let scene = Scene::new();
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, MAKE);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let letter = house.close(HEAD, ENTITY, &our_certificate(&scene.gateway));
    assert!(scene.arrives(&letter).text().contains("4711"));
    scene.write().expect("250 *");
    let _ = scene.outside.wait(1);

    for times in 1..=2 {
        scene.hsm.take_away();
        scene.hand_in(&letter).expect("451 *");
        scene.write().expect("451 *");
        scene.hand_in(&letter).expect("451 *");
        assert_eq!(scene.outside.delivered().len(), times, "nothing left meanwhile");
        assert_eq!(scene.inside.delivered().len(), times, "nothing arrived meanwhile");
        let (_, _, err) = scene.gateway.sealpost(&["check"]);
        assert!(err.contains("the token \"hsm\" cannot be reached: there is no token"), "{err}");
        scene.hsm.put_back();
        let arrived = scene.arrives(&letter);
        assert!(arrived.text().contains("4711"), "{}", result(&arrived));
        scene.write().expect("250 *");
        let _ = scene.outside.wait(times + 1);
    }
    scene.gateway.sweep();
}

#[test]
fn a_letter_waits_while_the_pin_is_wrong_and_the_token_does_not_lock_itself() {
    let scene = Scene::new();
    let house = openssl::House::new("moor@clinic.example");
    sealpost(&scene.gateway, MAKE);
    sealpost(&scene.gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let pin = scene.gateway.home.path().join("token.pin");
    std::fs::write(&pin, "11111111\n").unwrap();
    for _ in 0..8 {
        scene.write().expect("451 *");
    }
    scene.gateway.wait_logged("it is not tried again");
    std::fs::write(&pin, format!("{PIN}\n")).unwrap();
    scene.write().expect("250 *");
    let copy = scene.outside.wait_to("doctor@clinic.example");
    assert!(house.open(&copy.bytes, &our_certificate(&scene.gateway)).contains("4711"));
    scene.gateway.sweep();
}
