//! Sizes that no letter has, written into the database by somebody without keys: letters still come, go and are listed, memory is
//! taken for what is there, and `check --store` names the rows.

use rig::gateway::change;
use rig::process::poll;
use rig::reader::activate;
use rig::{Config, Gateway, Hop, letters};

const ANNA: &str = "anna@web.example";
const SENDER: &str = "erika@insurer.example";
const SIZES: [i64; 3] = [i64::MAX, i64::MIN, -1];

fn send(gateway: &Gateway) {
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter(SENDER, &[ANNA], &letter).expect("250 *");
}

#[test]
fn letters_of_no_size_are_listed_and_overflow_nothing() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal", "mailbox-size", r#""20 GiB""#);
    let gateway = Gateway::start(&config);
    send(&gateway);
    let mut web = gateway.web();
    activate(&mut web, &letters::link(&hop.wait_to(ANNA).bytes));
    send(&gateway);
    send(&gateway);
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    for size in SIZES {
        change(&gateway.home.data(), &format!("UPDATE deposits SET size = {size}"));
        send(&gateway);
        let page = web.get("/inbox");
        assert!(page.status == 200 && page.text().contains("Brief"), "{size}: {}", page.status);
        let (code, out, err) = gateway.sealpost(&["mailbox", "show", ANNA]);
        assert_eq!(code, 0, "{size}: {out}{err}");
        let (code, out, err) = gateway.sealpost(&["check", "--store", "--offline"]);
        assert!(code != 0 && format!("{out}{err}").contains("DepositSizeWrong"), "{size}: {out}{err}");
    }
}

#[test]
fn memory_is_taken_for_what_is_there() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("delivery", "retry", r#"["1 h"]"#);
    let gateway = Gateway::start(&config);
    hop.close();
    let mut client = gateway.smtp();
    // One in a row, one in a file.
    for (to, size) in [("row@web.example", 3_000), ("file@web.example", 200_000)] {
        client.letter("a@insurer.example", &[to], &letters::sized("Brief", size)).expect("250 *");
    }
    poll("both tried", || (gateway.count("SELECT count(*) FROM legs WHERE attempts > 0") == 2).then_some(()));
    change(
        &gateway.home.data(),
        &format!("UPDATE bodies SET size = {}; UPDATE legs SET due_at = 0", i64::MAX),
    );
    hop.open();
    client.letter("a@insurer.example", &["dora@web.example"], &letters::plain("x", "x")).expect("250 *");
    let _ = hop.wait_to("dora@web.example");
    let frozen = "SELECT count(*) FROM legs WHERE state = 'frozen'";
    poll("both to be left for an operator", || (gateway.count(frozen) == 2).then_some(()));
    let (code, out, err) = gateway.sealpost(&["check", "--store", "--offline"]);
    let said = format!("{out}{err}");
    assert!(code != 0 && said.contains("BodySizeWrong") && said.contains("BodyFileMissing"), "{said}");
    assert_eq!(hop.delivered().len(), 1);
}

#[test]
fn an_audit_trail_with_the_highest_number_goes_on() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    send(&gateway);
    let rows = || gateway.count("SELECT count(*) FROM audit");
    let before = rows();
    change(&gateway.home.data(), &format!("UPDATE audit_anchors SET seq = {}", i64::MAX));
    send(&gateway);
    assert!(rows() > before, "nothing was appended");
    let (code, out, err) = gateway.sealpost(&["audit", "verify"]);
    assert!(code != 0, "a moved end is reported: {out}{err}");
}
