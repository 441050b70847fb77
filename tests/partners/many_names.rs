//! A partner with hundreds of addresses: its file is accepted, lists stay readable, and letters to the last
//! of them find the one key.

use rig::{Gateway, Hop, letters};

use super::out::path;
use super::{insurer, openssl, sealpost};

const MANY: usize = 550;

fn address(nth: usize) -> String {
    format!("person{nth:03}@must.example")
}

#[test]
fn hundreds_of_names_in_one_certificate_are_listed_in_short_and_each_is_found() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    let names: Vec<String> = (0..MANY).map(address).collect();
    let house = openssl::House::new(&names.join(",email:"));
    let mut add = vec!["partner", "add", "must.example", path(&house), "--personal", "--yes"];
    add.extend(names.iter().flat_map(|name| ["--for", name]));
    let said = sealpost(&gateway, &add);
    assert!(said.contains("and 538 more"), "{said}");
    for shown in [&["partner", "list"][..], &["partner", "show", "must.example"]] {
        let shown = sealpost(&gateway, shown);
        assert!(shown.contains(" more"), "{shown}");
        assert!(shown.lines().all(|line| line.len() < 400), "{shown}");
    }
    let all = sealpost(&gateway, &["partner", "show", "must.example", "--json"]);
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["for"].as_array().unwrap().len(), MANY);
    assert_eq!(all["keys"][0]["addresses"].as_array().unwrap().len(), MANY);

    let last = address(MANY - 1);
    gateway.smtp().letter("e@insurer.example", &[&last], &letters::plain("Befund", "4711")).expect("250 *");
    let letter = world.wait_to(&last).text();
    assert!(letter.contains("pkcs7-mime") && !letter.contains("4711"), "{letter}");
    let nobody = gateway.smtp().letter(
        "e@insurer.example",
        &["person999@must.example"],
        &letters::plain("Befund", "4711"),
    );
    nobody.expect("550 5.7.5 *");
    gateway.sweep();
}
