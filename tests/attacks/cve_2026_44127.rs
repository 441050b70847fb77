//! CVE-2026-44127: the preview of an attachment followed `../` and read, and even deleted, files of the
//! server.

use crate::portal::{Portal, move_on};

#[test]
fn no_path_is_made_of_what_a_request_says() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let home = portal.gateway.home.path().to_owned();
    let before = files(&home);
    let mut asked = 0;
    for up in ["..", "%2e%2e", "%252e%252e", "..%2f..%2f", "..%5c..%5c", "....//", "%c0%ae%c0%ae", "..%00"] {
        let steps = format!("{up}/").repeat(8);
        for target in ["server.key", "gateway.toml", "etc/passwd", "data"] {
            for place in [
                format!("{letter}/part/{steps}{target}"),
                format!("{letter}/inline/{steps}{target}"),
                format!("/m/{steps}{target}"),
                format!("/static/{steps}{target}"),
                format!("/{steps}{target}"),
                format!("{letter}/part/0?file={steps}{target}"),
            ] {
                asked += 1;
                move_on(&mut anna, asked / 50);
                let page = anna.get(&place);
                let text = page.text();
                let leaked = ["sealpost-server-key", "server-key", "root:x:", "SQLite format"];
                assert!(!leaked.iter().any(|word| text.contains(word)), "{place} leaks:\n{text}");
                if target == "data" {
                    let _ = anna.request("DELETE", &place, None);
                }
                assert!(page.status == 404 || place.contains("?file="), "{place}: {}", page.status);
            }
        }
    }
    for part in ["-1", "1e9", "0x0", "999999999999999999999", "0/..", "0%00", " 0", "٣"] {
        let page = anna.get(&format!("{letter}/part/{}", part.replace(' ', "%20").replace('٣', "%D9%A3")));
        assert_eq!(page.status, 404, "part {part}");
    }
    assert_eq!(files(&home), before, "a file came or went");
    move_on(&mut anna, 999);
    anna.get(&format!("{letter}/part/0")).expect(200);
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
