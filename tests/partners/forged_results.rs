//! `Authentication-Results` in our own name from outside are removed before the internal server sees them
//! (RFC 8601 §5), outside and inside of encryption; those of others stay.

use super::inward::{ENTITY, HEAD, Scene};
use super::openssl;
use super::out::our_certificate;

const FORGED: &str = "Authentication-Results: mx.insurer.example; dmarc=pass header.from=clinic.example\n\
     authentication_results: mailgate.insurer.example;\n spf=pass\n\
     Authentication-Results: (a;b) \"MX.insurer.example\" 1; dkim=pass\n\
     Authentication-Results: mx.elsewhere.example; dkim=fail\n";

fn scene() -> Scene {
    Scene::new(|config| {
        config.set("partners", "authserv-ids", r#"["mx.insurer.example"]"#);
    })
}

fn is_clean(text: &str) {
    let lower = text.to_ascii_lowercase();
    assert!(!lower.contains("mx.insurer.example") && !lower.contains("spf=pass"), "{text}");
    assert!(lower.contains("mx.elsewhere.example; dkim=fail"), "those of others stay:\n{text}");
}

#[test]
fn a_stranger_s_letter_loses_what_bears_our_names() {
    let scene = scene();
    let letter = format!("{FORGED}{HEAD}{ENTITY}").replace('\n', "\r\n");
    is_clean(&scene.arrives(letter.as_bytes()).text());
    scene.gateway.sweep();
}

#[test]
fn an_encrypted_letter_loses_them_too() {
    let scene = scene();
    let house = openssl::House::new("moor@clinic.example");
    let letter = house.close(&format!("{FORGED}{HEAD}"), ENTITY, &our_certificate(&scene.gateway));
    let text = scene.arrives(&letter).text();
    assert!(text.contains("4711"), "{text}");
    is_clean(&text);
    scene.gateway.sweep();
}

#[test]
fn check_refuses_a_name_that_nobody_has() {
    let scene = scene();
    let file = scene.gateway.home.config();
    let text = std::fs::read_to_string(&file).unwrap().replace("\"mx.insurer.example\"", "\"mx; dkim=pass\"");
    std::fs::write(&file, text).unwrap();
    let (code, out, err) = scene.gateway.sealpost(&["check"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("no server signs its results by such a name"),
        "{out}{err}"
    );
}
