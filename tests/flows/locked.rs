//! Another process (a backup tool, an administrator's shell) keeps the database locked for longer than we
//! wait: letters are deferred, every page says when to retry, no session ends, nothing in progress is
//! lost or sent twice, and everything resumes.

use std::sync::{Mutex, mpsc};

use rig::gateway::find_database;
use rig::http::Page;
use rig::letters;
use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_paths};
use rig::{Answer, Config, Gateway, Hop, Stage, Web, routes};
use rusqlite::Connection;

/// Keeps the database locked until the value is dropped.
struct Locked(Connection);

impl Locked {
    fn of(gateway: &Gateway) -> Self {
        let rows = Connection::open(find_database(&gateway.home.data())).unwrap();
        rows.busy_timeout(rig::PATIENCE).unwrap();
        rows.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(rows)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

fn config(hop: &Hop) -> Config {
    let mut config = Config::on_sqlite(hop);
    config
        .set("gateway", "lock-wait", r#""500 ms""#)
        .set("portal", "trusted-proxies", r#"["127.0.0.1"]"#)
        .set("portal.write", "domains", r#"["insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#);
    config
}

fn owner(gateway: &Gateway, hop: &Hop, to: &str) -> (Web, Page) {
    let letter = letters::plain("[vertraulich] Brief", "x");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait_to(to).bytes));
    (web, inbox)
}

/// What a reader sees of a store that cannot write: when to come again, in their own language.
fn is_polite(page: &Page, what: &str) {
    assert_eq!(page.status, 503, "{what}: {}", page.text());
    assert!(page.header("retry-after").is_some(), "{what}: {:?}", page.headers);
    let text = page.text();
    let says = |words: &str| text.contains(words);
    assert!(says("Im Moment geht das nicht") || says("This is not possible just now"), "{what}: {text}");
    assert!(says("10 Sekunden") || says("10 seconds"), "{what}: {text}");
}

/// The target of an editor's form.
fn form_of(editor: &str) -> String {
    editor.split('?').next().unwrap().to_owned()
}

#[test]
fn while_another_locks_the_database_every_page_says_when_to_come_again() {
    let hop = Hop::new();
    let gateway = Gateway::start(&config(&hop));
    let (mut web, inbox) = owner(&gateway, &hop, "k@web.example");
    let letter = letters::plain("[vertraulich] Brief", "x");
    gateway.smtp().letter("erika@insurer.example", &["new@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to("new@web.example").bytes);
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let editor = begun.header("location").unwrap().to_owned();
    let draft = editor.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let path = letter_paths(&inbox).remove(0);
    let id = path.rsplit('/').next().unwrap().to_owned();
    let token = inbox.form("/language").hidden.into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    let mut new = gateway.web();
    let activation = new.get(&link);
    let mut elsewhere = gateway.web();
    let (log_in, forgotten) = (elsewhere.get("/"), elsewhere.get("/forgot"));
    let fields = [("address", "k@web.example"), ("password", PASSWORD)];
    let mut client = gateway.smtp();

    let locked = Locked::of(&gateway);
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("451 4.3.0 *");
    // The whole table, with each kind of thing in the place of what varies.
    let mut tried = 0;
    for row in routes::all().into_iter().filter(|row| !row.newcomers) {
        for (id, act) in [(&id, "trash"), (&draft, "save")] {
            let path = row.filled(id, link.rsplit('/').next().unwrap());
            let fields = [
                ("form_token", token.as_str()),
                ("do", act),
                ("kind", "new"),
                ("id", id),
                ("letter", id),
                ("text", "x"),
                ("folder", "inbox"),
                ("format", "eml"),
                ("language", "en"),
                ("name", "Käthe"),
                ("sure", "yes"),
            ];
            web.extra = vec![format!("X-Forwarded-For: 10.1.{tried}.1")];
            tried += 1;
            let page = match row.method {
                "GET" => web.get(&path),
                _ if row.owners => web.post(&path, &fields),
                _ => continue,
            };
            assert!(page.status != 500, "{} {path}: {}", row.method, page.text());
            if page.status == 503 {
                is_polite(&page, &path);
            }
            // That a letter is taken out is noted before its first byte leaves.
            let is_noted = ["/eml", "/msg", "/pdf"].iter().any(|end| path.ends_with(end));
            let writes = row.method == "POST" || is_noted;
            assert!(writes || !row.owners || page.status < 500, "{path}: {}", page.status);
        }
    }
    for (action, fields) in
        [("/letters", &[("do", "trash"), ("id", &*id), ("folder", "inbox")][..]), ("/logout", &[])]
    {
        is_polite(&web.submit(&inbox, action, fields), action);
    }
    let page = web.get(&editor);
    is_polite(
        &web.submit(&page, &form_of(&editor), &[("do", "save"), ("subject", "x"), ("text", "x")]),
        "a draft",
    );
    is_polite(&elsewhere.submit(&log_in, "/login", &fields), "log-in");
    // A link is promised on every request, with or without a mailbox: it comes later.
    elsewhere.submit(&forgotten, "/forgot", &[("address", "k@web.example")]).expect(200);
    let filled = [
        ("password", PASSWORD),
        ("repeat", PASSWORD),
        ("question", "0"),
        ("answer", "Rosa Luxemburg"),
        ("language", "de"),
    ];
    let form = link.rsplit_once("/a/").unwrap().1.to_owned();
    is_polite(&new.submit(&activation, &form, &filled), "activation");
    assert!(web.get(&path).expect(200).text().contains("Brief"), "letters can be read");
    drop(locked);

    // The same pages, forms, session and connection as before.
    client.letter("a@insurer.example", &["k@web.example"], &letters::plain("x", "x")).expect("250 *");
    let page = elsewhere.submit(&log_in, "/login", &fields);
    assert!(elsewhere.follow(page).expect(200).text().contains("action=\"/logout\""));
    new.submit(&activation, &form, &filled).expect(303);
    let page = web.get(&editor);
    assert!(
        web.submit(&page, &form_of(&editor), &[("do", "save"), ("subject", "x"), ("text", "x")]).status < 400
    );
    web.get("/inbox").expect(200);
    let is_reset = |letter: &rig::Delivered| letter.text().contains("/r/");
    poll("the link that was promised", || hop.delivered().iter().any(is_reset).then_some(()));
    gateway.sweep();
}

#[test]
fn what_was_under_way_while_another_locked_the_database_ends_once() {
    let hop = Hop::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    // While it waits, so do all other requests to it.
    hop.script(move |stage, text| match stage {
        Stage::Body => {
            let _ = wait.lock().unwrap().recv();
            Answer::Yes
        }
        Stage::Rcpt if text.starts_with("nobody") => Answer::say("550 5.1.1 no such user"),
        Stage::Connect | Stage::Hello | Stage::Mail | Stage::Rcpt | Stage::Data => Answer::Yes,
    });
    let gateway = Gateway::start(&config(&hop));
    go.send(()).unwrap();
    let (mut web, inbox) = owner(&gateway, &hop, "k@web.example");
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let path = form_of(begun.header("location").unwrap());
    let editor = web.follow(begun);
    gateway.smtp().letter("a@insurer.example", &["r@web.example"], &letters::plain("x", "x")).expect("250 *");
    hop.wait_stage(Stage::Data, 2);
    let fields = [("do", "send"), ("to", "nobody@insurer.example"), ("subject", "Frage"), ("text", "Wann?")];
    web.submit(&editor, &path, &fields).expect(303);

    let locked = Locked::of(&gateway);
    go.send(()).unwrap();
    for told in [
        "*the leg's end was not recorded*",
        "*the writer of a reply could not be told that it failed; trying again*",
    ] {
        let _ = gateway.process().output.wait(told);
    }
    // More tries than a store gets that is not just busy.
    let mut seen = 0;
    for _ in 0..6 {
        let again = gateway.process().output.wait_from(seen, "*the leg's end was not recorded*").unwrap();
        seen = again.0 + 1;
    }
    drop(locked);
    (0..9).for_each(|_| go.send(()).unwrap());
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    let to_r = hop.delivered().iter().filter(|d| d.to() == ["r@web.example"]).count();
    assert_eq!(to_r, 1, "once");
    let letters = poll("word of the answer", || {
        let letters = letter_paths(&web.get("/inbox"));
        (letters.len() > 1).then_some(letters)
    });
    assert_eq!(letters.len(), 2, "once");
    gateway.sweep();
}

/// A kill between a server's reply and the commit of the letter's end, which the lock makes long.
#[test]
fn what_was_delivered_before_a_kill_does_not_go_out_again() {
    let hop = Hop::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    hop.script(move |stage, _| {
        if stage == Stage::Body {
            let _ = wait.lock().unwrap().recv();
        }
        Answer::Yes
    });
    let mut gateway = Gateway::start(&config(&hop));
    let to = ["a@web.example", "b@web.example", "c@web.example"];
    gateway.smtp().letter("a@insurer.example", &to, &letters::plain("x", "x")).expect("250 *");
    hop.wait_stage(Stage::Data, 1);
    let database = find_database(&gateway.home.data());
    let locked = Locked::of(&gateway);
    let ids: Vec<String> = {
        let mut question = locked.0.prepare("SELECT id FROM legs").unwrap();
        question.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(ids.len(), 3);
    go.send(()).unwrap();
    let noted = database.parent().unwrap().join("delivered");
    poll("the notes", || {
        let text = String::from_utf8_lossy(&std::fs::read(&noted).unwrap()).into_owned();
        ids.iter().all(|id| text.contains(id)).then_some(())
    });
    gateway.kill();
    drop(locked);
    assert_eq!(gateway.count("SELECT count(*) FROM legs"), 3, "the commit was not made");
    gateway.restart();
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    gateway.sweep();
    assert_eq!(hop.delivered().len(), 1, "once");
}
