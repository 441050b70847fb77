//! CVE-2026-44128: a parameter of the portal went into `eval`. Here nothing is evaluated; every field of
//! every page gets programs in many languages, and none is executed.

use rig::routes;

use crate::portal::{Portal, move_on};

const PROGRAMS: &[&str] = &[
    "${7919*7907}",
    "{{7919*7907}}",
    "{% 7919*7907 %}",
    "#{7919*7907}",
    "<%= 7919*7907 %>",
    "@{7919*7907}",
    "__import__('os').system('touch OWNED')",
    "system('touch OWNED')",
    "`touch OWNED`",
    "$(touch OWNED)",
    "; touch OWNED #",
    "| touch OWNED",
    "\" . system(\"touch OWNED\") . \"",
    "@{[system('touch OWNED')]}",
    "' OR 1=1 --",
    "'; DELETE FROM mailboxes; --",
    "${jndi:ldap://127.0.0.1/x}",
    "%n%n%s%s",
    "\r\nSet-Cookie: owned=1",
    "\u{0}",
];

#[test]
fn no_field_of_any_page_is_a_program() {
    let portal = Portal::new();
    let (anna, letter) = portal.owner("anna@web.example", "Text");
    let id = letter.rsplit('/').next().unwrap();
    let names = [
        "address", "password", "to", "view", "page", "language", "back", "note", "q", "subject", "text",
        "id", "sort",
    ];
    let mut asked = 0;
    for row in routes::all() {
        let (path, method) = (row.filled(id, "x"), row.method);
        if path == "/logout" || path.contains("delete") || path.contains("leave") {
            continue;
        }
        for program in PROGRAMS {
            let mut visitor = anna.clone();
            asked += 1;
            move_on(&mut visitor, asked / 10);
            let page = if method == "GET" {
                let fields: Vec<String> =
                    names.iter().map(|name| format!("{name}={}", percent(program))).collect();
                visitor.get(&format!("{path}?{}", fields.join("&")))
            } else {
                let fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, *program)).collect();
                visitor.post(&path, &fields)
            };
            // 503: there is no PDF worker next to this binary.
            assert!(
                page.status < 500 || page.status == 503,
                "{method} {path} with {program:?}: {}",
                page.status
            );
            assert!(!page.text().contains("62615533"), "{method} {path} calculated {program:?}");
            assert!(
                page.headers.iter().all(|(_, value)| !value.contains("owned=1")),
                "{method} {path} split its head"
            );
        }
    }
    let home = portal.gateway.home.path();
    assert!(!home.join("OWNED").exists() && !home.join("data/OWNED").exists());
    assert_eq!(portal.gateway.count("SELECT count(*) FROM mailboxes"), 1);
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
