//! A partner that is tested before it is used: its gateway answers the test letter automatically, and only
//! then is anything encrypted for it. No other reply counts, and a reply is never answered.

use rig::letters;

use super::sealpost;
use super::two_insurers::House;

/// The partner as the other house shows it.
fn shown(at: &House, other: &House) -> serde_json::Value {
    let shown = sealpost(&at.gateway, &["partner", "show", other.domain, "--json"]);
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn the_other_gateway_answers_and_the_partner_is_in_use() {
    let (one_at, other_at) = (rig::ports::free(), rig::ports::free());
    let one = House::new("insurer.example", other_at, one_at);
    let other = House::new("assurance.example", one_at, other_at);
    one.meet_after_test(&other);
    other.meet(&one);
    assert_eq!(shown(&one, &other)["standing"], "waiting");
    let letter = String::from_utf8(letters::plain("Frage", "4711")).unwrap();
    let refused = one.gateway.smtp().letter(
        "erika.muster@insurer.example",
        &["max@assurance.example"],
        letter.as_bytes(),
    );
    refused.expect("550 5.7.5 *not been tested yet*");

    let test = ["partner", "test", "assurance.example", "--from", "it@insurer.example", "--send"];
    assert!(sealpost(&one.gateway, &test).contains("on its way"));
    // Both letters arrive as letters, in both languages.
    let asked = other.inside.wait_to("postmaster@assurance.example").text();
    for said in ["Guten Tag", "Hello", "signed=valid"] {
        assert!(asked.contains(said), "{said}:\n{asked}");
    }
    let answer = one.inside.wait_to("it@insurer.example").text();
    for said in ["Guten Tag", "Hello", "encrypted=yes", "signed=valid", "Auto-Submitted: auto-replied"] {
        assert!(answer.contains(said), "{said}:\n{answer}");
    }
    // It was noted before it was handed on.
    let after = shown(&one, &other);
    assert_eq!(after["standing"], "active", "{after}");
    assert!(after["answered"].is_number(), "{after}");
    assert!(sealpost(&one.gateway, &["audit", "export"]).contains("partner.answered"));
    one.write(&other, "Jetzt geht es: 4712.");
    other.gets("Jetzt geht es: 4712.");
    // The reply was not replied to: the last letter is the ordinary one.
    assert_eq!(other.inside.delivered().len(), 2);
    assert_eq!(one.inside.delivered().len(), 1);
    one.gateway.sweep();
    other.gateway.sweep();
}

#[test]
fn an_answer_without_our_token_puts_nobody_into_use_and_a_person_can() {
    let (one_at, other_at) = (rig::ports::free(), rig::ports::free());
    let one = House::new("insurer.example", other_at, one_at);
    let other = House::new("assurance.example", one_at, other_at);
    one.meet_after_test(&other);
    other.meet(&one);
    // Signed and encrypted by the partner, and an answer to nothing.
    let letter = String::from_utf8(letters::with_fields(
        "Probe",
        "Keywords: sealpost-test-answer, 0123.4567\r\n",
        "4713",
    ));
    let letter = letter.unwrap().replace("insurer.example", "assurance.example");
    let mut client = other.gateway.smtp();
    client.letter("a@assurance.example", &["b@insurer.example"], letter.as_bytes()).expect("250 *");
    one.gets("4713");
    assert_eq!(shown(&one, &other)["standing"], "waiting");
    sealpost(&one.gateway, &["partner", "trust", "assurance.example"]);
    assert_eq!(shown(&one, &other)["standing"], "active");
    one.gateway.sweep();
    other.gateway.sweep();
}
