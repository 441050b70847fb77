//! The portal byte by byte: requests that only read have no side effects, forms need their token, no client sees
//! another's mail.

use rig::reader::{ANSWER, PASSWORD, activate, letter_path, try_activate};
use rig::{Config, Gateway, Hop, letters};

fn send(gateway: &Gateway, hop: &Hop, to: &str, letter: &[u8]) -> String {
    let before = hop.delivered().len();
    gateway.smtp().letter("erika@insurer.example", &[to], letter).expect("250 *");
    letters::link(&hop.wait(before + 1)[before].bytes)
}

#[test]
fn a_letter_comes_back_byte_for_byte() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let pdf = letters::pdf("Anhang");
    for (n, size) in [1, 100_000, 3_000_000].into_iter().enumerate() {
        let filler = "Zeile mit Größe\r\n".repeat(size / 16);
        let letter = letters::rich("[vertraulich] Brief", &filler, "<p>x</p>", "Anhang.pdf", &pdf);
        let link = send(&gateway, &hop, &format!("k{n}@web.example"), &letter);
        let mut web = gateway.web();
        let inbox = activate(&mut web, &link);
        inbox.expect(200);
        let path = letter_path(&inbox);
        let eml = web.get(&format!("{path}/eml"));
        eml.expect(200);
        // What the recipient takes home is what the insurer sent, but for the tag.
        let want = String::from_utf8(letter).unwrap().replace("[vertraulich] ", "");
        assert!(eml.body == want.as_bytes(), "size {size} came back changed");
        let part = web.get(&format!("{path}/part/0"));
        part.expect(200);
        assert_eq!(part.body, pdf);
        assert!(part.header("content-disposition").unwrap().starts_with("attachment"), "{:?}", part.headers);
    }
    gateway.sweep();
}

#[test]
fn looking_at_a_link_spends_nothing_and_activating_spends_it() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(&gateway, &hop, "k@web.example", &letters::plain("[vertraulich] x", "x"));
    for _ in 0..3 {
        gateway.web().get(&link).expect(200);
        gateway.web().request("HEAD", &link, None).expect(200);
        // A scanner that submits the form blank, with the token of the page.
        let mut scanner = gateway.web();
        let page = scanner.get(&link);
        let path = link.rsplit_once("/a/").unwrap().1.to_owned();
        let answer = scanner.submit(&page, &path, &[]);
        assert!((400..500).contains(&answer.status), "{}", answer.status);
    }
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'pending'"), 1);
    let mut web = gateway.web();
    let _inbox = activate(&mut web, &link);
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'active'"), 1);
    gateway.web().get(&link).expect(410);
    gateway.sweep();
}

#[test]
fn two_activations_at_once_make_one_owner() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(&gateway, &hop, "k@web.example", &letters::plain("[vertraulich] x", "x"));
    let owners: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut web = gateway.web();
                    let page = try_activate(&mut web, &link, PASSWORD);
                    usize::from(page.status == 200 && page.text().contains("/m/"))
                })
            })
            .collect();
        tries.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(owners, 1);
}

#[test]
fn a_form_without_its_token_changes_nothing() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(&gateway, &hop, "k@web.example", &letters::plain("[vertraulich] x", "x"));
    let filled = [
        ("password", PASSWORD),
        ("repeat", PASSWORD),
        ("question", "0"),
        ("answer", ANSWER),
        ("form_token", "guessed"),
    ];
    let answer = gateway.web().post(&link, &filled);
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_eq!(gateway.count("SELECT count(*) FROM mailboxes WHERE state = 'pending'"), 1);
}

#[test]
fn nobody_reads_what_is_not_theirs() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let (mut anna, mut bernd) = (gateway.web(), gateway.web());
    let letter = letters::rich("[vertraulich] x", "Geheimtext", "<p>x</p>", "x.pdf", &letters::pdf("x"));
    let link = send(&gateway, &hop, "anna@web.example", &letter);
    let path = letter_path(&activate(&mut anna, &link));
    let link = send(&gateway, &hop, "bernd@web.example", &letters::plain("[vertraulich] y", "y"));
    let _inbox = activate(&mut bernd, &link);
    for path in [path.clone(), format!("{path}/eml"), format!("{path}/html"), format!("{path}/part/0")] {
        anna.get(&path).expect(200);
        bernd.get(&path).expect(404);
        let stranger = gateway.web().get(&path);
        assert!(stranger.status != 200 && !stranger.text().contains("Geheimtext"), "{}", stranger.status);
    }
}

#[test]
fn every_page_is_sealed_off_from_scripts_frames_and_referrers() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(
        &gateway,
        &hop,
        "k@web.example",
        &letters::rich("[vertraulich] x", "x", "<p>x</p>", "x.pdf", b"x"),
    );
    let mut web = gateway.web();
    let mut pages = vec![web.get("/"), web.get(&link), web.get("/nothing")];
    let inbox = activate(&mut web, &link);
    let path = letter_path(&inbox);
    pages.extend([inbox, web.get(&path), web.get(&format!("{path}/html"))]);
    for page in pages {
        let policy =
            page.header("content-security-policy").unwrap_or_else(|| panic!("no CSP: {:?}", page.headers));
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
        // A letter's own styles may show inside its sandbox; scripts never, nowhere.
        let sandboxed = policy.contains("sandbox") && !policy.contains("script-src");
        assert!(sandboxed || !policy.contains("unsafe-inline"), "{policy}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("allow-scripts"), "{policy}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(page.header("cache-control").unwrap().contains("no-store"), "{:?}", page.headers);
    }
}

#[test]
fn the_log_holds_no_token_and_no_address() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(&gateway, &hop, "anna.logwort@web.example", &letters::plain("[vertraulich] x", "x"));
    let mut web = gateway.web();
    let _inbox = activate(&mut web, &link);
    let token = link.rsplit('/').next().unwrap();
    let log = gateway.log();
    assert!(!log.contains(token), "a token in the log");
    assert!(!log.to_lowercase().contains("anna.logwort"), "an address in the log:\n{log}");
    assert!(!log.contains(PASSWORD));
}

#[test]
fn wrong_and_unknown_look_the_same() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let link = send(&gateway, &hop, "known@web.example", &letters::plain("[vertraulich] x", "x"));
    let _inbox = activate(&mut gateway.web(), &link);
    let pending = send(&gateway, &hop, "pending@web.example", &letters::plain("[vertraulich] x", "x"));
    assert!(pending.contains("/a/"));
    let answers: Vec<(u16, String)> = ["known@web.example", "unknown@web.example", "pending@web.example"]
        .iter()
        .map(|address| {
            let mut web = gateway.web();
            let page = web.get("/");
            let answer = web.submit(&page, "/login", &[("address", address), ("password", "Falsch-1234567")]);
            let text = answer.text().replace(address, "ADDRESS");
            let token =
                answer.form("/login").hidden.iter().find(|(k, _)| k == "form_token").unwrap().1.clone();
            (answer.status, text.replace(&token, "TOKEN"))
        })
        .collect();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}
