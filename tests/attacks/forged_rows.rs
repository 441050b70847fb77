//! An attacker with write access to the database and without keys: forged, old and moved rows. Each is
//! written into the store of the running gateway, refused, and named in the log.

use rig::reader::{ANSWER, PASSWORD};
use rig::{Config, Gateway, Hop, Web, letters};
use rusqlite::{Connection, params};
use sealpost_mail::{Clock as _, SystemClock, SystemRandom};
use sealpost_vault::{
    Bearer, Held, MailboxKeys, MailboxPublic, MessageKey, Part, ServerKey, SessionSecret, seal_all,
};

use crate::portal::{Portal, activate};

/// Writes beside the running gateway, as its own processes do.
fn rows(gateway: &Gateway) -> Connection {
    let rows = Connection::open(rig::gateway::find_database(&gateway.home.data())).unwrap();
    rows.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    rows
}

fn one<T: rusqlite::types::FromSql>(rows: &Connection, sql: &str, of: &str) -> T {
    rows.query_row(sql, [of], |row| row.get(0)).unwrap()
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn mailbox_of(rows: &Connection, letter: &str) -> String {
    one(rows, "SELECT mailbox_id FROM deposits WHERE id = ?1", last(letter))
}

/// The log line for the operator.
fn told(gateway: &Gateway, kind: &str, mailbox: &str) {
    let is_it = |line: &str| line.contains(kind) && line.contains(mailbox) && line.contains("ERROR");
    rig::process::poll(&format!("a {kind} of {mailbox} in the log"), || {
        gateway.log().lines().any(is_it).then_some(())
    });
}

/// The proof that a form came from our own page: every visitor has one.
fn token(page: &rig::http::Page) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("name=\"form_token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A visitor with a cookie of the attacker's making.
fn with_cookie(portal: &Gateway, name: &str, value: &str) -> Web {
    let mut web = portal.web();
    web.cookies.insert(name.to_owned(), value.to_owned());
    web
}

fn cookie_name(web: &Web) -> String {
    web.cookies.keys().find(|name| name.contains("session")).unwrap().clone()
}

/// A session row that was sealed with everything an attacker has: any cookie, any seed, any key but the server's.
fn forge_session(rows: &Connection, mailbox: &str, proven: bool) -> String {
    let (cookie, hash) = SessionSecret::issue(&SystemRandom);
    let secret = SessionSecret::parse(cookie.expose()).unwrap();
    let (_, own) = MailboxKeys::generate(&SystemRandom);
    let keys = ServerKey::generate(&SystemRandom).keys();
    let now = SystemClock.now().0;
    let held = Held { bearer: Bearer::Owner, mailbox_id: mailbox, since: now, epochs: "" };
    let sealed = secret.seal_mailbox_secret(&own, &held, &keys.sessions, &SystemRandom);
    // What the row held before there were proofs: the seal alone.
    let sealed = if proven { sealed } else { sealed[37..].to_vec() };
    let device: Vec<u8> = one(rows, "SELECT device_sealed FROM sessions WHERE mailbox_id = ?1", mailbox);
    rows.execute(
        "INSERT INTO sessions (hash, mailbox_id, created_at, last_seen_at, expires_at, secret_sealed, device_sealed)
         VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
        params![hash.as_slice(), mailbox, now, now + 3_600_000, sealed, device],
    )
    .unwrap();
    cookie.expose().clone()
}

#[test]
fn a_session_row_of_ones_own_lets_nobody_in() {
    let portal = Portal::new();
    let (anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    for proven in [false, true] {
        let cookie = forge_session(&rows, &mailbox, proven);
        let mut mallory = with_cookie(&portal.gateway, &cookie_name(&anna), &cookie);
        for path in ["/inbox", "/account", "/drafts", letter.as_str()] {
            mallory.get(path).expect(303);
        }
    }
    told(&portal.gateway, "session", &mailbox);
}

#[test]
fn a_session_that_was_ended_does_not_come_back_with_its_row() {
    const NEW: &str = "Leuchtturm8-Weide";
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    let mut password = PASSWORD;
    for end in ["/account/password", "/account/question", "/account/leave"] {
        let (mut thief, inside) = portal.log_in("anna@web.example", password);
        assert!(inside);
        let (name, stolen) = (cookie_name(&thief), thief.cookies[&cookie_name(&thief)].clone());
        rows.execute("CREATE TEMP TABLE kept AS SELECT * FROM main.sessions", []).unwrap();
        match end {
            "/account/password" => {
                let page = anna.get(end);
                let filled = [("current", password), ("password", NEW), ("repeat", NEW)];
                anna.submit(&page, end, &filled).expect(303);
                password = NEW;
                anna.get("/inbox").expect(200);
            }
            "/account/question" => {
                let page = anna.get(end);
                let filled = [("current", password), ("question", "1"), ("answer", "Graz")];
                anna.submit(&page, end, &filled).expect(303);
                anna.get("/inbox").expect(200);
            }
            _ => {
                let page = anna.get("/account");
                anna.submit(&page, end, &[]).expect(303);
            }
        }
        thief.get("/inbox").expect(303);
        let put = "INSERT OR IGNORE INTO main.sessions SELECT * FROM temp.kept";
        assert!(rows.execute(put, []).unwrap() > 0, "{end}");
        with_cookie(&portal.gateway, &name, &stolen).get("/inbox").expect(303);
        rows.execute("DROP TABLE temp.kept", []).unwrap();
    }
    told(&portal.gateway, "session", &mailbox);
}

#[test]
fn a_reset_link_moved_to_another_mailbox_leads_nowhere() {
    let portal = Portal::new();
    let (_anna, annas) = portal.owner("anna@web.example", "Text");
    let (_mallory, mallorys) = portal.owner("mallory@web.example", "Text");
    let rows = rows(&portal.gateway);
    let (hers, his) = (mailbox_of(&rows, &annas), mailbox_of(&rows, &mallorys));
    let before = portal.hop.delivered().len();
    let mut web = portal.gateway.web();
    let page = web.get("/forgot");
    web.submit(&page, "/forgot", &[("address", "mallory@web.example")]).expect(200);
    let link = letters::link(&portal.hop.wait(before + 1)[before].bytes);
    web.get(&link).expect(200);
    let moved = "UPDATE tokens SET mailbox_id = ?1 WHERE purpose = 'reset'";
    let prolonged = "UPDATE tokens SET expires_at = expires_at + 1, mailbox_id = ?1 WHERE purpose = 'reset'";
    for (change, to, opens) in [(moved, &hers, false), (moved, &his, true), (prolonged, &his, false)] {
        assert_eq!(rows.execute(change, [to]).unwrap(), 1);
        let status = web.get(&link).status;
        assert_eq!(status == 200, opens, "{status} after {change}");
        if !opens {
            told(&portal.gateway, "reset link", to);
        }
    }
}

#[test]
fn a_draft_that_cannot_be_opened_hides_no_other() {
    let portal = Portal::new();
    let (mut anna, _letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mut drafts = Vec::new();
    for subject in ["Erster-Entwurf", "Zweiter-Entwurf"] {
        let inbox = anna.get("/inbox");
        let begun = anna.submit(&inbox, "/write", &[("kind", "new")]);
        let editor = anna.follow(begun);
        let text = editor.text();
        let (_, rest) = text.split_once("action=\"/w/").unwrap();
        let id = rest.split('"').next().unwrap().to_owned();
        let form_token = token(&editor);
        let field = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields = [("form_token", form_token.as_str()), ("subject", subject), ("do", "save")];
        let body: String = fields.into_iter().map(|(name, value)| field(name, value)).collect();
        let _ = anna.post_as(
            "multipart/form-data; boundary=b",
            &format!("/w/{id}"),
            format!("{body}--b--\r\n").as_bytes(),
        );
        drafts.push(id);
    }
    let foreign =
        "UPDATE drafts SET key_sealed = (SELECT key_sealed FROM drafts WHERE id = ?2) WHERE id = ?1";
    assert_eq!(rows.execute(foreign, params![drafts[0], drafts[1]]).unwrap(), 1);
    let list = anna.get("/drafts");
    list.expect(200);
    assert!(list.text().contains("Zweiter-Entwurf") && !list.text().contains("Erster-Entwurf"));
    anna.get(&format!("/w/{}", drafts[1])).expect(200);
}

#[test]
fn a_session_row_that_was_changed_lets_nobody_in() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    anna.get(&letter).expect(200);
    // Another mailbox's row, another beginning: the same cookie with a row that was changed.
    for change in [
        "UPDATE sessions SET created_at = created_at + 1 WHERE mailbox_id = ?1",
        "UPDATE sessions SET created_at = created_at - 1, secret_sealed = zeroblob(1) || substr(secret_sealed, 2)
         WHERE mailbox_id = ?1",
    ] {
        assert_eq!(rows.execute(change, [&mailbox]).unwrap(), 1);
        anna.get(&letter).expect(303);
    }
    told(&portal.gateway, "session", &mailbox);
}

#[test]
fn a_newcomers_row_activates_nothing() {
    for mode in ["link", "initial-password"] {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config.set("portal", "activation", &format!("\"{mode}\""));
        let gateway = Gateway::start(&config);
        let letter = letters::plain("[vertraulich] Brief", "Text");
        gateway.smtp().letter("erika@insurer.example", &["anna@web.example"], &letter).expect("250 *");
        let rows = rows(&gateway);
        let mailbox: String = one(&rows, "SELECT id FROM mailboxes WHERE state = ?1", "pending");
        let (cookie, hash) = SessionSecret::issue(&SystemRandom);
        let secret = SessionSecret::parse(cookie.expose()).unwrap();
        let (_, own) = MailboxKeys::generate(&SystemRandom);
        let foreign = ServerKey::generate(&SystemRandom).keys();
        let held = Held { bearer: Bearer::Newcomer, mailbox_id: &mailbox, since: 0, epochs: "" };
        let sealed = secret.seal_mailbox_secret(&own, &held, &foreign.sessions, &SystemRandom);
        rows.execute(
            "INSERT INTO newcomers (hash, mailbox_id, expires_at, secret_sealed) VALUES (?1, ?2, ?3, ?4)",
            params![hash.as_slice(), mailbox, i64::MAX, sealed],
        )
        .unwrap();
        let mut mallory = with_cookie(&gateway, "sealpost-first", cookie.expose());
        mallory.get("/first").expect(303);
        let form_token = token(&mallory.get("/"));
        let filled = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("question", "0"),
            ("answer", ANSWER),
            ("language", "de"),
            ("form_token", form_token.as_str()),
        ];
        let sent = mallory.post("/first", &filled);
        assert_ne!(sent.header("location"), Some("/inbox?welcome=1"), "{}", sent.text());
        let pending: i64 = one(&rows, "SELECT count(*) FROM mailboxes WHERE state = ?1", "pending");
        assert_eq!(pending, 1, "a row of the attacker's made the mailbox active ({mode})");
        if mode == "initial-password" {
            told(&gateway, "newcomer", &mailbox);
        }
    }
}

#[test]
fn a_letter_that_we_did_not_deposit_is_not_shown() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Echter-Brief");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    // The public key is public: everything the gateway does, without the server's key.
    let public: Vec<u8> = one(&rows, "SELECT public_key FROM mailboxes WHERE id = ?1", &mailbox);
    let public = MailboxPublic::from_bytes(&public).unwrap();
    let foreign = ServerKey::generate(&SystemRandom).keys();
    let listing = br#"{"from":[{"name":"Ihre Versicherung","address":"erika@insurer.example"}],"subject":"Falscher-Brief"}"#;
    let mut ids = Vec::new();
    for (n, proven) in [false, true].into_iter().enumerate() {
        let id = format!("{n:032x}");
        let key = MessageKey::generate(&SystemRandom);
        let body = seal_all(&key, b"Bitte an eine andere Kontonummer. Falscher-Brief\r\n", &SystemRandom);
        let part = key.seal_part(Part::Listing(&id), listing, &SystemRandom);
        let sealed = if proven { foreign.deposits.prove(&mailbox, &id, &part) } else { part };
        let head = b"From: erika@insurer.example\r\nSubject: Falscher-Brief\r\n\r\n";
        rows.execute(
            "INSERT INTO bodies (id, size, place, bytes) VALUES (?1, ?2, 'row', ?3)",
            params![id, i64::try_from(body.len()).unwrap(), body],
        )
        .unwrap();
        rows.execute(
            "INSERT INTO deposits (id, mailbox_id, body_id, folder, size, received_at, listing_sealed, key_sealed,
                 head_sealed)
             VALUES (?1, ?2, ?1, 'inbox', 100, 1, ?3, ?4, ?5)",
            params![
                id,
                mailbox,
                sealed,
                public.seal_key(&mailbox, &id, &key, &SystemRandom).unwrap(),
                key.seal_part(Part::FormerHead, head, &SystemRandom)
            ],
        )
        .unwrap();
        ids.push((id, key));
    }
    // Her own letter's proven listing with a key of the attacker's.
    let key = &ids[0].1;
    let moved: Vec<u8> = one(&rows, "SELECT listing_sealed FROM deposits WHERE id = ?1", last(&letter));
    rows.execute("UPDATE deposits SET listing_sealed = ?2 WHERE id = ?1", params![ids[1].0, moved]).unwrap();
    for path in ["", "?view=text", "/eml", "/html", "/pdf", "/msg"] {
        for (id, _) in &ids {
            let page = anna.get(&format!("/m/{id}{path}"));
            assert_ne!(page.status, 200, "{path}");
            assert!(!page.text().contains("Falscher-Brief"), "{path}");
        }
    }
    let list = anna.get("/inbox");
    list.expect(200);
    assert!(!list.text().contains("Falscher-Brief") && !list.text().contains("Ihre Versicherung"));
    anna.get(&format!("{letter}?view=text")).expect(200);
    told(&portal.gateway, "deposit", &mailbox);
    // The same for the genuine row: key, head and body of the attacker's under the listing that we proved.
    rows.execute(
        "UPDATE deposits SET key_sealed = ?2, head_sealed = ?3, body_id = ?4 WHERE id = ?1",
        params![
            last(&letter),
            public.seal_key(&mailbox, last(&letter), key, &SystemRandom).unwrap(),
            key.seal_part(Part::FormerHead, b"Subject: Falscher-Brief\r\n\r\n", &SystemRandom),
            ids[0].0
        ],
    )
    .unwrap();
    let page = anna.get(&format!("{letter}?view=text"));
    assert!(page.status != 200 && !page.text().contains("Falscher-Brief"), "{}", page.text());
}

#[test]
fn a_draft_that_its_owner_did_not_write_is_not_sent() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    let public: Vec<u8> = one(&rows, "SELECT public_key FROM mailboxes WHERE id = ?1", &mailbox);
    let public = MailboxPublic::from_bytes(&public).unwrap();
    let (id, key) = ("0".repeat(32), MessageKey::generate(&SystemRandom));
    let content = br#"{"to":"erika@insurer.example","cc":"","subject":"Falsch","text":"Ich kuendige.","references":[]}"#;
    rows.execute(
        "INSERT INTO drafts (id, mailbox_id, created_at, changed_at, key_sealed, content_sealed)
         VALUES (?1, ?2, 1, 1, ?3, ?4)",
        params![
            id,
            mailbox,
            public.seal_key(&mailbox, &id, &key, &SystemRandom).unwrap(),
            key.seal_part(Part::Draft(&id), content, &SystemRandom)
        ],
    )
    .unwrap();
    let page = anna.get(&format!("/w/{id}"));
    assert!(page.status != 200 && !page.text().contains("kuendige"), "{}", page.text());
    let list = anna.get("/drafts");
    list.expect(200);
    assert!(!list.text().contains("Falsch"));
    told(&portal.gateway, "draft", &mailbox);
}

#[test]
fn another_public_key_in_the_mailboxs_row_gets_no_letter_and_opens_no_session() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    let (public, _) = MailboxKeys::generate(&SystemRandom);
    rows.execute("UPDATE mailboxes SET public_key = ?2 WHERE id = ?1", params![mailbox, public.to_bytes()])
        .unwrap();
    anna.get("/inbox").expect(303);
    let (_, inside) = portal.log_in("anna@web.example", PASSWORD);
    assert!(!inside, "the log-in took another public key for the mailbox's own");
    let more = letters::plain("[vertraulich] Brief", "Zweiter");
    let reply = portal.gateway.smtp().letter("erika@insurer.example", &["anna@web.example"], &more);
    reply.expect("451 *");
    told(&portal.gateway, "session", &mailbox);
}

#[test]
fn a_mailbox_with_another_ones_address_tag_gets_none_of_its_letters() {
    let portal = Portal::new();
    let (_anna, annas) = portal.owner("anna@web.example", "Text");
    let (mut mallory, mallorys) = portal.owner("mallory@web.example", "Text");
    let rows = rows(&portal.gateway);
    let (hers, his) = (mailbox_of(&rows, &annas), mailbox_of(&rows, &mallorys));
    let tag: Vec<u8> = one(&rows, "SELECT tag FROM mailboxes WHERE id = ?1", &hers);
    rows.execute("UPDATE mailboxes SET tag = ?2 WHERE id = ?1", params![hers, [9_u8; 32]]).unwrap();
    rows.execute("UPDATE mailboxes SET tag = ?2 WHERE id = ?1", params![his, tag]).unwrap();
    let more = letters::plain("[vertraulich] Brief", "Annas-Geheimwort");
    let reply = portal.gateway.smtp().letter("erika@insurer.example", &["anna@web.example"], &more);
    reply.expect("451 *");
    let count: i64 = one(&rows, "SELECT count(*) FROM deposits WHERE mailbox_id = ?1", &his);
    assert_eq!(count, 1, "a letter for another one lies in the forger's mailbox");
    mallory.get("/inbox").expect(303);
    for address in ["anna@web.example", "mallory@web.example"] {
        let (_, inside) = portal.log_in(address, PASSWORD);
        assert!(!inside, "{address} logs into a mailbox with another address's tag");
    }
    told(&portal.gateway, "session", &his);
}

#[test]
fn a_letter_moved_to_another_mailbox_stays_closed() {
    let portal = Portal::new();
    let (_anna, annas) = portal.owner("anna@web.example", "Annas-Geheimwort");
    let (mut bernd, bernds) = portal.owner("bernd@web.example", "Bernds-Brief");
    let rows = rows(&portal.gateway);
    let his = mailbox_of(&rows, &bernds);
    rows.execute("UPDATE deposits SET mailbox_id = ?2 WHERE id = ?1", params![last(&annas), his]).unwrap();
    let page = bernd.get(&annas);
    assert!(page.status != 200 && !page.text().contains("Annas-Geheimwort"));
    bernd.get("/inbox").expect(200);
    told(&portal.gateway, "deposit", &his);
}

#[test]
fn the_head_of_another_recipients_copy_is_not_shown() {
    let portal = Portal::new();
    let (mut anna, annas) = portal.owner("anna@web.example", "Text");
    let (_bernd, bernds) = portal.owner("bernd@web.example", "Text");
    let rows = rows(&portal.gateway);
    let [hers, his] = [&annas, &bernds].map(|letter| mailbox_of(&rows, letter));
    let letter = letters::plain("[vertraulich] Brief", "An beide");
    let to = ["anna@web.example", "bernd@web.example"];
    portal.gateway.smtp().letter("erika@insurer.example", &to, &letter).expect("250 *");
    let [mine, other]: [String; 2] = [&hers, &his].map(|mailbox| {
        let all = "SELECT id FROM deposits WHERE mailbox_id = ?1 AND body_id IN
                   (SELECT body_id FROM deposits GROUP BY body_id HAVING count(*) = 2)";
        one(&rows, all, mailbox)
    });
    let page = anna.get(&format!("/m/{mine}?view=text"));
    assert!(page.status == 200 && page.text().contains("An beide"));
    let swap =
        "UPDATE deposits SET head_sealed = (SELECT head_sealed FROM deposits WHERE id = ?2) WHERE id = ?1";
    assert_eq!(rows.execute(swap, params![mine, other]).unwrap(), 1);
    assert_ne!(anna.get(&format!("/m/{mine}?view=text")).status, 200);
}

#[test]
fn a_locked_mailbox_with_a_session_from_before_stays_closed() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    rows.execute("UPDATE mailboxes SET state = 'locked' WHERE id = ?1", [&mailbox]).unwrap();
    anna.get("/inbox").expect(303);
}

/// The wraps of a mailbox as they are now.
fn wraps(rows: &Connection, mailbox: &str) -> Vec<(String, Vec<u8>)> {
    let mut question = rows.prepare("SELECT kind, sealed FROM wraps WHERE mailbox_id = ?1").unwrap();
    let found = question.query_map([mailbox], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    found.map(Result::unwrap).collect()
}

fn put_back(rows: &Connection, mailbox: &str, wraps: &[(String, Vec<u8>)]) {
    for (kind, sealed) in wraps {
        let row = params![mailbox, kind, sealed];
        rows.execute("REPLACE INTO wraps (mailbox_id, kind, sealed) VALUES (?1, ?2, ?3)", row).unwrap();
    }
}

#[test]
fn an_old_password_or_answer_whose_row_is_put_back_opens_nothing() {
    const NEW: &str = "Leuchtturm8-Weide";
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let rows = rows(&portal.gateway);
    let mailbox = mailbox_of(&rows, &letter);
    let old = wraps(&rows, &mailbox);
    // Of the time before: with it tries count apart from strangers'.
    let known = anna.cookies["sealpost-known"].clone();
    let page = anna.get("/account/password");
    let filled = [("current", PASSWORD), ("password", NEW), ("repeat", NEW)];
    anna.submit(&page, "/account/password", &filled).expect(303);
    // The answer still is what it was; then it is another, too.
    let page = anna.get("/account/question");
    let filled = [("current", NEW), ("question", "1"), ("answer", "Graz")];
    anna.submit(&page, "/account/question", &filled).expect(303);
    assert!(portal.log_in("anna@web.example", NEW).1, "the new password opens");
    let now = wraps(&rows, &mailbox);

    put_back(&rows, &mailbox, &old);
    assert!(!portal.log_in("anna@web.example", PASSWORD).1, "an old password works again");
    // With the words that say which password is the present one, too: they are sealed with the address.
    let kept: String = one(&rows, "SELECT epochs FROM mailboxes WHERE id = ?1", &mailbox);
    rows.execute("UPDATE mailboxes SET epochs = '' WHERE id = ?1", [&mailbox]).unwrap();
    assert!(!portal.log_in("anna@web.example", PASSWORD).1, "an old password works with old epochs");
    let mut browser = with_cookie(&portal.gateway, "sealpost-known", &known);
    let page = browser.get("/");
    let filled = [("address", "anna@web.example"), ("password", PASSWORD)];
    assert_ne!(browser.submit(&page, "/login", &filled).status, 303, "and from a browser that was known");
    rows.execute("UPDATE mailboxes SET epochs = ?2 WHERE id = ?1", params![mailbox, kept]).unwrap();
    put_back(&rows, &mailbox, &now);
    assert!(portal.log_in("anna@web.example", NEW).1, "all is as it was");
}

#[test]
fn what_opened_a_mailbox_before_it_was_activated_opens_it_no_more() {
    let portal = Portal::new();
    let letter = letters::plain("[vertraulich] Brief", "Text");
    let link = portal.send("anna@web.example", &letter);
    let rows = rows(&portal.gateway);
    let mailbox: String = one(&rows, "SELECT id FROM mailboxes WHERE state = ?1", "pending");
    let old = wraps(&rows, &mailbox);
    let mut anna = portal.gateway.web();
    activate(&mut anna, &link, PASSWORD, &[]).expect(200);
    put_back(&rows, &mailbox, &old);
    rows.execute("UPDATE mailboxes SET state = 'pending' WHERE id = ?1", [&mailbox]).unwrap();
    rows.execute("UPDATE tokens SET spent_at = NULL WHERE mailbox_id = ?1", [&mailbox]).unwrap();
    let mut mallory = portal.gateway.web();
    let page = mallory.get(&link);
    assert_ne!(page.status, 200, "{}", page.text());
    told(&portal.gateway, "activation", &mailbox);
}

#[test]
fn letters_from_before_there_were_proofs_are_shown_once_the_operator_says_so() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Alter-Brief");
    let rows = rows(&portal.gateway);
    let strip = "UPDATE deposits SET listing_sealed = substr(listing_sealed, 38), received_at = received_at - 86400000";
    assert_eq!(rows.execute(strip, []).unwrap(), 1);
    let path = format!("{letter}?view=text");
    assert_ne!(anna.get(&path).status, 200);
    let (code, out, err) = portal.gateway.sealpost(&["adopt"]);
    assert!(code != 0 && out.contains("1 letters, 0 drafts"), "{out}{err}");
    assert_ne!(anna.get(&path).status, 200, "only listed");
    let (code, out, err) = portal.gateway.sealpost(&["adopt", "--yes"]);
    assert!(code == 0 && out.contains("1 letters and 0 drafts adopted"), "{out}{err}");
    let page = anna.get(&path);
    assert!(page.status == 200 && page.text().contains("Alter-Brief"));
    let (code, out, err) = portal.gateway.sealpost(&["adopt"]);
    assert!(code == 0 && out.contains("nothing to vouch for"), "{out}{err}");
    // One that was added since is not from a previous version.
    let now = "UPDATE deposits SET listing_sealed = substr(listing_sealed, 38), received_at = received_at + 86400000";
    assert_eq!(rows.execute(now, []).unwrap(), 1);
    let (code, out, err) = portal.gateway.sealpost(&["adopt", "--yes"]);
    assert!(code == 0 && out.contains("0 letters") && err.contains("not from before: letter"), "{out}{err}");
}
