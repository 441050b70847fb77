//! Support's commands on mailboxes and letters: shown without content, locked, held, recalled and deleted,
//! each recorded with its note in the audit trail.

use rig::reader::{PASSWORD, activate};
use rig::{Config, Gateway, Hop, letters};
use serde_json::Value;

const SECRET: &str = "Kniegelenk";

fn begin(hop: &Hop, recall: &str) -> Gateway {
    let mut config = Config::new(hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    config.set("policy", "recall", &format!("{recall:?}")).set("retention", "mailbox", r#""18 months""#);
    Gateway::start(&config)
}

fn send(gateway: &Gateway, to: &str) {
    let letter = letters::plain(&format!("[vertraulich] {SECRET}"), SECRET);
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
}

/// What it says on standard output, having gone well.
fn said(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = gateway.sealpost(args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    assert!(!out.contains(SECRET) && !err.contains(SECRET), "{out}{err}");
    out
}

/// What it says on standard error, having refused.
fn refused(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = gateway.sealpost(args);
    assert_ne!(code, 0, "{args:?}: {out}{err}");
    err
}

fn shown(gateway: &Gateway, mailbox: &str) -> Value {
    serde_json::from_str(&said(gateway, &["mailbox", "show", mailbox, "--json"])).unwrap()
}

#[test]
fn support_locks_holds_and_deletes_and_sees_no_content() {
    let hop = Hop::new();
    let gateway = begin(&hop, "unread");
    send(&gateway, "k@web.example");
    let link = letters::link(&hop.wait_to("k@web.example").bytes);
    let mut web = gateway.web();
    activate(&mut web, &link);

    let list = said(&gateway, &["mailbox", "list"]);
    assert!(
        list.contains("active") && list.contains("k…@web.example") && !list.contains("k@web.example"),
        "{list}"
    );
    assert!(said(&gateway, &["mailbox", "list", "--addresses"]).contains("k@web.example"));
    assert!(said(&gateway, &["mailbox", "list", "--state", "locked"]).starts_with("0 mailboxes"));
    let one = shown(&gateway, "K@web.example");
    assert_eq!((one["state"].as_str(), one["unread"].as_u64()), (Some("active"), Some(1)));
    assert!(one["goes"].is_string(), "{one}");
    let id = one["mailbox"].as_str().unwrap().to_owned();
    let letter = one["letters"][0]["letter"].as_str().unwrap().to_owned();
    assert!(said(&gateway, &["mailbox", "show", &id]).contains(&letter));

    // Nothing is done without a note, and no note may contain an address.
    assert!(refused(&gateway, &["mailbox", "lock", &id, "--note", " "]).contains("note"));
    assert!(
        refused(&gateway, &["mailbox", "lock", &id, "--note", "k@web.example rief an"]).contains("address")
    );
    assert!(refused(&gateway, &["mailbox", "show", "nobody@web.example"]).contains("no mailbox"));

    let done = said(&gateway, &["mailbox", "lock", &id, "--note", "Verdacht auf Missbrauch", "--json"]);
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done, serde_json::json!({ "mailbox": id, "done": "locked", "owner_told": "by-mail" }));
    assert_ne!(web.get("/inbox").status, 200);
    let mut other = gateway.web();
    let page = other.get("/");
    let fields = [("address", "k@web.example"), ("password", PASSWORD)];
    assert_ne!(other.submit(&page, "/login", &fields).status, 303);
    assert_eq!(shown(&gateway, &id)["state"], "locked");
    said(&gateway, &["mailbox", "unlock", &id, "--note", "geklärt"]);
    assert!(refused(&gateway, &["mailbox", "unlock", &id, "--note", "geklärt"]).contains("not locked"));
    let page = other.get("/");
    let inbox = other.submit(&page, "/login", &fields);
    let inbox = other.follow(inbox);
    inbox.expect(200);

    let begun = other.get("/inbox");
    let begun = other.submit(&begun, "/write", &[("kind", "new")]);
    let draft = begun.header("location").unwrap().to_owned();
    let early = other.get("/account/delete");
    let last_letter = shown(&gateway, &id)["last_letter"].clone();
    // Under a hold nothing can be deleted manually, and its owner sees why.
    said(&gateway, &["mailbox", "hold", &id, "--note", "Verfahren 12 O 34/26"]);
    assert!(shown(&gateway, &id)["held_since"].is_string());
    assert!(shown(&gateway, &id)["goes"].is_null());
    assert!(said(&gateway, &["mailbox", "list", "--held"]).contains("held"));
    let inbox = other.get("/inbox");
    assert!(inbox.text().contains("aus rechtlichen Gründen aufbewahrt"), "{}", inbox.text());
    other.submit(&inbox, "/letters", &[("id", &letter), ("do", "trash")]).expect(303);
    let trash = other.get("/trash");
    let kept = other.submit(
        &trash,
        "/letters",
        &[("folder", "trash"), ("id", &letter), ("do", "destroy"), ("sure", "yes")],
    );
    assert!(other.follow(kept).text().contains("nichts endgültig gelöscht"));
    assert!(!trash.text().contains("danach werden sie endgültig"), "{}", trash.text());
    // What was begun stays, too; the page says why.
    let page = other.get(&draft);
    assert!(page.text().contains("aus rechtlichen Gründen aufbewahrt"), "{}", page.text());
    let kept = other.submit(&page, &draft, &[("do", "discard")]);
    assert!(other.follow(kept).text().contains("nichts endgültig gelöscht"));
    assert_eq!(gateway.count("SELECT count(*) FROM drafts"), 1);
    // Overwritten, it would be gone as well: new text begins another draft.
    let kept = other.submit(&page, &draft, &[("do", "save"), ("text", "harmlos")]);
    let beside = kept.header("location").unwrap().to_owned();
    assert!(other.follow(kept).text().contains("Der Entwurf bleibt deshalb, wie er war"));
    assert!(!beside.contains(&draft) && !other.get(&draft).text().contains("harmlos"));
    assert_eq!(gateway.count("SELECT count(*) FROM drafts"), 2);
    assert!(other.get(&format!("/m/{letter}")).text().contains("aus rechtlichen Gründen aufbewahrt"));
    let page = other.get("/account/delete");
    let said_so = page.text().contains("kann nicht gelöscht werden");
    assert!(said_so && !page.text().contains("wird endgültig"), "{}", page.text());
    let page = other.submit(&early, "/account/delete", &[("current", PASSWORD), ("sure", "yes")]);
    assert!(page.text().contains("kann nicht gelöscht werden"), "{}", page.text());
    assert!(refused(&gateway, &["mailbox", "delete", &id, "--note", "Wunsch"]).contains("held"));
    assert!(refused(&gateway, &["letter", "recall", &letter, "--note", "Irrtum"]).contains("held"));
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 1);
    said(&gateway, &["mailbox", "hold", &id, "--end", "--note", "Verfahren beendet"]);
    assert_eq!(shown(&gateway, &id)["last_letter"], last_letter, "the end of a hold is no letter");
    let account = other.get("/account");
    assert!(account.text().contains("wird Ihr Postfach nach dem"), "{}", account.text());

    said(&gateway, &["mailbox", "delete", &id, "--note", "auf Wunsch am Telefon"]);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    assert!(said(&gateway, &["mailbox", "list", "--state", "deleted"]).contains("(deleted)"));
    assert_eq!(shown(&gateway, &id)["state"], "deleted");
    for (action, times) in [("mailbox.locked", 1), ("mailbox.held", 1), ("mailbox.hold-ended", 1)] {
        let sql = format!("SELECT count(*) FROM audit WHERE action = '{action}' AND detail <> ''");
        assert_eq!(gateway.count(&sql), times, "{action}");
    }
    gateway.sweep();
}

#[test]
fn a_letter_taken_back_is_gone_and_its_recipient_reads_that_it_was() {
    let hop = Hop::new();
    let gateway = begin(&hop, "always");
    let letter =
        letters::rich("[vertraulich] Brief", SECRET, "<p>Ein Bescheid</p>", "a.pdf", &letters::pdf("x"));
    let send = || {
        gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    };
    send();
    let link = letters::link(&hop.wait_to("k@web.example").bytes);
    let mut web = gateway.web();
    activate(&mut web, &link);
    send();
    let ids: Vec<String> = shown(&gateway, "k@web.example")["letters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|letter| letter["letter"].as_str().unwrap().to_owned())
        .collect();
    let (unread, opened) = (&ids[0], &ids[1]);
    web.get(&format!("/m/{opened}")).expect(200);
    assert!(web.get(&format!("/m/{opened}/html")).text().contains("Ein Bescheid"));
    let told: Value = serde_json::from_str(&said(&gateway, &["letter", "show", opened, "--json"])).unwrap();
    assert!(told["opened"].is_string(), "{told}");
    let facts = || -> Value {
        serde_json::from_str(&said(&gateway, &["mailbox", "export-facts", "k@web.example"])).unwrap()
    };
    let before = facts();
    assert_eq!(before["letters"][0]["sender"], "erika@insurer.example", "{before}");
    assert_eq!(before["notices"], serde_json::json!({ "wished": null, "in_force": "at-once" }), "{before}");
    said(
        &gateway,
        &["letter", "recall", unread, "--note", "falscher Anhang", "--by", "Erika Muster, Leistung"],
    );
    assert!(
        refused(&gateway, &["letter", "recall", opened, "--note", "Irrläufer"]).contains("--even-if-read")
    );
    said(&gateway, &["letter", "recall", opened, "--note", "Irrläufer", "--even-if-read"]);
    // Its frame was available a moment ago.
    assert!(!web.get(&format!("/m/{opened}/html")).text().contains("Ein Bescheid"));
    assert!(refused(&gateway, &["letter", "recall", opened, "--note", "Irrläufer"]).contains("no letter"));
    let after = facts();
    let withdrawn = after["withdrawn_letters"].as_array().unwrap();
    let by =
        |id: &str| withdrawn.iter().find(|one| one["letter"] == id).map(|one| one["by"].as_str().unwrap());
    assert_eq!((by(unread), by(opened)), (Some("Erika Muster, Leistung"), Some("Insurer")), "{after}");
    assert!(after["letters"].as_array().unwrap().is_empty(), "{after}");
    let page = web.get(&format!("/m/{unread}"));
    let inbox = web.follow(page);
    let text = inbox.text();
    assert!(
        text.contains("zurückgezogen (durch Erika Muster, Leistung)") && text.contains("(durch Insurer)"),
        "{text}"
    );
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    assert_eq!(gateway.count("SELECT count(*) FROM bodies"), 0);
    gateway.sweep();
}

#[test]
fn an_opened_letter_is_taken_back_only_where_the_operator_permits_it() {
    let hop = Hop::new();
    let gateway = begin(&hop, "unread");
    send(&gateway, "k@web.example");
    let one = shown(&gateway, "k@web.example");
    let letter = one["letters"][0]["letter"].as_str().unwrap();
    let err = refused(&gateway, &["letter", "recall", letter, "--note", "Irrläufer", "--even-if-read"]);
    assert!(err.contains("recall = \"always\""), "{err}");
    said(&gateway, &["letter", "recall", letter, "--note", "Irrläufer"]);
    gateway.sweep();
}
