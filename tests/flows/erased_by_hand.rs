//! Data deleted by others than its owner is also gone from the files: a recalled letter, a mailbox deleted by
//! support, and one replaced by support because its letters could not be kept.

use rig::erased::{gone, pieces};
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::activate;
use rig::{Config, Gateway, Hop};
use serde_json::Value;

const LETTER: &str = "SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits
    UNION ALL SELECT bytes FROM bodies WHERE place = 'row'";

const MAILBOX: &str =
    "SELECT sealed FROM wraps UNION ALL SELECT address_sealed FROM mailboxes WHERE state = 'active'
    UNION ALL SELECT key_sealed FROM deposits UNION ALL SELECT head_sealed FROM deposits
    UNION ALL SELECT memo_sealed FROM bounce_memos";

fn letter(gateway: &Gateway, to: &str) {
    let letter = letters::plain("[vertraulich] Brief", "Text");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
}

#[test]
fn what_support_takes_away_leaves_nothing_to_open() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "escrow", r#""none""#).set("policy", "recall", r#""unread""#);
    let gateway = Gateway::start(&config);

    // A letter that was taken back.
    letter(&gateway, "max@web.example");
    let notice = hop.wait_to("max@web.example").bytes;
    let sealed = pieces(&gateway, LETTER);
    let shown: Value =
        serde_json::from_str(&gateway.said(&["mailbox", "show", "max@web.example", "--json"])).unwrap();
    let id = shown["letters"][0]["letter"].as_str().unwrap();
    gateway.said(&["letter", "recall", id, "--by", "Erika", "--note", "falsche Person"]);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gone(&gateway, "a letter that was taken back to go", &sealed);

    // A mailbox that support deletes.
    activate(&mut gateway.web(), &link(&notice));
    letter(&gateway, "max@web.example");
    let sealed = pieces(&gateway, MAILBOX);
    gateway.said(&["mailbox", "delete", "max@web.example", "--note", "auf Wunsch"]);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gone(&gateway, "a mailbox that support deleted to go", &sealed);

    // One whose owner knows neither password nor answer, and that cannot be opened otherwise.
    letter(&gateway, "eva@web.example");
    activate(&mut gateway.web(), &link(&hop.wait_to("eva@web.example").bytes));
    letter(&gateway, "eva@web.example");
    let mut web = gateway.web();
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", "eva@web.example"), ("note", "0170 1234567")]).expect(200);
    let sealed = pieces(&gateway, MAILBOX);
    gateway.said(&["request", "release", "1", "--note", "called back", "--lose-messages"]);
    assert_eq!(gateway.count("SELECT count(*) FROM deposits"), 0);
    gone(&gateway, "a mailbox that was replaced to go", &sealed);
    for table in ["bounce_memos", "reminded", "unannounced", "pace", "own_folders"] {
        let left = format!(
            "SELECT count(*) FROM {table} t JOIN mailboxes m ON m.id = t.mailbox_id WHERE m.state = 'deleted'"
        );
        assert_eq!(gateway.count(&left), 0, "{table}");
    }
    gateway.sweep();
}
