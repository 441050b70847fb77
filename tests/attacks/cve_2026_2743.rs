//! CVE-2026-2743: the name of an uploaded file led out of its folder and into the server's configuration.

use rig::letters;

use crate::portal::{Portal, activate};

const NAMES: &[&str] = &[
    "../../../../etc/syslog.conf",
    "..\\..\\..\\windows\\win.ini",
    "/etc/cron.d/owned",
    "C:\\owned.exe",
    "....//....//gateway.toml",
    "server.key",
    "data/../server.key",
    "a\r\nContent-Type: text/html\r\n\r\nb",
    "a\";filename=\"owned.html",
    "con.pdf",
    ".htaccess",
    "~/.ssh/authorized_keys",
    "\u{202e}fdp.exe",
    "a\u{0}.pdf",
    "   ",
    "",
];

#[test]
fn names_of_files_are_never_paths() {
    let portal = Portal::new();
    let config = std::fs::read(portal.gateway.home.config()).unwrap();
    let mut web = portal.gateway.web();
    let mut link = String::new();
    for (n, name) in NAMES.iter().enumerate() {
        let letter = letters::rich(&format!("[vertraulich] {n}"), "x", "<p>x</p>", name, b"inhalt");
        let sent = portal.send("anna@web.example", &letter);
        if link.is_empty() {
            link = sent;
        }
    }
    activate(&mut web, &link, rig::reader::PASSWORD, &[]).expect(200);
    let inbox = web.get("/inbox").text();
    let letters: Vec<&str> =
        inbox.split("href=\"/m/").skip(1).map(|rest| rest.split(['"', '?']).next().unwrap()).collect();
    assert!(letters.len() >= NAMES.len(), "{inbox}");
    for letter in letters {
        let page = web.get(&format!("/m/{letter}/part/0"));
        page.expect(200);
        assert_eq!(page.body, b"inhalt");
        let shown = page.header("content-disposition").unwrap();
        let bad = ["/", "\\", "..", "%2F", "%5C", "%00", "%0D", "%0A", "%E2%80%AE"];
        assert!(shown.starts_with("attachment;") && !bad.iter().any(|b| shown.contains(b)), "{shown}");
        assert!(page.headers.iter().filter(|(name, _)| name == "content-type").count() == 1);
    }
    let home = portal.gateway.home.path();
    assert_eq!(std::fs::read(home.join("server.key")).unwrap(), rig::gateway::SERVER_KEY.as_bytes());
    assert_eq!(std::fs::read(portal.gateway.home.config()).unwrap(), config);
    assert!(!std::path::Path::new("/etc/cron.d/owned").exists());
    portal.gateway.sweep();
}
