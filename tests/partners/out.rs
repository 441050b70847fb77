//! Letters to a partner: encrypted with its key, signed with ours, one copy for the partner, and all other
//! recipients by their own route.

use rig::{Gateway, Hop, letters};

use super::{gpg, insurer, openssl, sealpost};

const OUR_KEY: &[&str] = &["domain-key", "make", "insurer.example", "--name", "Insurer"];

#[test]
fn a_letter_is_opened_by_the_partner_s_openssl_and_is_signed_by_us() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, OUR_KEY);
    let said = sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    assert!(said.contains("letters are encrypted for it"), "{said}");

    let letter = letters::with_fields(
        "Befund Nr. 7",
        "In-Reply-To: <question@clinic.example>\r\nReferences: <question@clinic.example>\r\n",
        "Die Größe des Befundes: 4711",
    );
    let to = ["doctor@clinic.example", "nurse@clinic.example", "max@web.example"];
    gateway.smtp().letter("erika.muster@insurer.example", &to, &letter).expect("250 *");
    let copy = world.wait_to("doctor@clinic.example");
    let other = world.wait_to("nurse@clinic.example");
    let plain = world.wait_to("max@web.example");
    assert!(plain.text().contains("4711"), "an ordinary recipient gets an ordinary letter");
    assert_eq!(body(&copy.text()), body(&other.text()), "one closed copy for the house");
    for closed in [&copy, &other] {
        let text = closed.text();
        assert!(!text.contains("4711") && text.contains("application/pkcs7-mime"), "{text}");
        for field in ["In-Reply-To: <question@clinic.example>", "Message-ID: <letter-", "From: Erika Muster"]
        {
            assert!(text.contains(field), "{field} is missing:\n{text}");
        }
    }
    let inside_of_it = clinic.open(&copy.bytes, &our_certificate(&gateway));
    assert!(inside_of_it.contains("Größe des Befundes: 4711"), "{inside_of_it}");
    // Counted, and one copy was signed once.
    assert_eq!(uses(&gateway, "own-key.signed"), 1);
    gateway.sweep();
}

/// How often the use of a key of ours was recorded, once it is: as a count, or as a row by now.
pub(crate) fn uses(gateway: &Gateway, word: &str) -> i64 {
    let sql = format!(
        "SELECT (SELECT coalesce(sum(count), 0) FROM audit_counts WHERE action = '{word}' AND mailbox <> '')
             + (SELECT count(*) FROM audit WHERE action = '{word}' AND object <> '')"
    );
    rig::process::poll(word, || Some(gateway.count(&sql)).filter(|times| *times > 0))
}

#[test]
fn an_openpgp_house_opens_its_letter_with_gnupg() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = gpg::House::new("securemail@clinic.example");
    sealpost(&gateway, &[OUR_KEY, &["--kind", "openpgp"]].concat());
    let ours = sealpost(&gateway, &["domain-key", "list", "--json"]);
    let fingerprint = serde_json::from_str::<serde_json::Value>(ours.trim()).unwrap()["fingerprint"].clone();
    clinic.import(&sealpost(&gateway, &["domain-key", "export", fingerprint.as_str().unwrap()]));
    sealpost(&gateway, &["partner", "add", "clinic.example", clinic.key().to_str().unwrap(), "--yes"]);
    let letter = letters::plain("Befund", "Die Größe: 4711");
    gateway
        .smtp()
        .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
        .expect("250 *");
    let text = world.wait_to("doctor@clinic.example").text();
    assert!(!text.contains(": 4711") && text.contains("multipart/encrypted"), "{text}");
    let clear = clinic.open(&text);
    assert!(clear.contains("Die Größe: 4711") || clear.contains("4711"), "{clear}");
    gateway.sweep();
}

#[test]
fn a_large_letter_is_closed_whole() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let clinic = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, OUR_KEY);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&clinic), "--yes"]);
    let letter = letters::sized("Akte", 3 * 1024 * 1024);
    gateway
        .smtp()
        .letter("erika.muster@insurer.example", &["doctor@clinic.example"], &letter)
        .expect("250 *");
    let copy = world.wait_to("doctor@clinic.example");
    let clear = clinic.open(&copy.bytes, &our_certificate(&gateway));
    let wanted = String::from_utf8(letter).unwrap();
    let last = wanted.trim_end().lines().next_back().unwrap();
    assert!(clear.contains(last), "the end is missing");
    gateway.sweep();
}

pub(crate) fn path(house: &openssl::House) -> &'static str {
    // A test's folder lives as long as the test; the name is needed as long as the program.
    Box::leak(house.certificate().to_str().unwrap().to_owned().into_boxed_str())
}

/// What partners are given of the key that signs now.
pub(crate) fn our_certificate(gateway: &Gateway) -> String {
    let listed = sealpost(gateway, &["domain-key", "list", "--json"]);
    let current = listed.lines().rfind(|line| line.contains("\"current\"")).unwrap();
    let key: serde_json::Value = serde_json::from_str(current).unwrap();
    sealpost(gateway, &["domain-key", "export", key["fingerprint"].as_str().unwrap()])
}

fn body(letter: &str) -> &str {
    letter.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn a_head_that_is_too_large_once_it_is_closed_is_refused_at_once() {
    let (world, inside) = (Hop::new(), Hop::new());
    let gateway = Gateway::start(&insurer(&world, &inside).0);
    let house = openssl::House::new("securemail@clinic.example");
    sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
    sealpost(&gateway, &["partner", "add", "clinic.example", path(&house), "--yes"]);
    let mut letter = String::from_utf8(letters::plain("Befund", "Die Größe: 4711")).unwrap();
    let head = letter.find("\r\n\r\n").unwrap();
    // All that a head may be as it comes, and no more: 256 KiB with the empty line.
    let mut left = 256 * 1024 - 4 - head;
    let mut fields = String::new();
    while left > 0 {
        let length = if left > 200 { 98 } else { left };
        // A field of the kind that stays outside.
        fields.push_str(&format!("\r\nList-Filler: {}", "x".repeat(length - 15)));
        left -= length;
    }
    letter.insert_str(head, &fields);
    let mut client = gateway.smtp();
    client.envelope("erika.muster@insurer.example", &["doctor@clinic.example"]);
    client.data(letter.as_bytes()).expect("552 5.3.4 *");
    gateway.sweep();
}
