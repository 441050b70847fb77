//! Statement rows (an unread letter, a bounce, a support request) stay valid under a new server key, also if the change
//! was interrupted; a row without proof is not valid after it, nor is an old proof.

use rig::config::is_on_postgres;
use rig::gateway::{blobs, change};
use rig::letters::{field, link};
use rig::process::poll;
use rig::reader::{activate, letter_paths};

use crate::deleted_unread::{destroy, newest};
use crate::sender_told::{CUSTOMER, Office, SENDER};

const AWAY: &str = "fort@web.example";
const TABLES: [&str; 3] = ["gone_unread", "unreachable", "requests"];

/// One genuine row in each table, and what is known of them.
struct GenuineRows {
    office: Office,
    /// The Message-ID of the letter that was deleted unread.
    unread: String,
}

fn told() -> GenuineRows {
    let office = Office::open(|config| {
        config.set("senders", "expired-unread", "true").set("portal", "trash", r#""14 days""#);
    });
    office.letter("eins");
    let mut web = office.gateway.web();
    let known = letter_paths(&activate(&mut web, &link(&office.hop.wait_to(CUSTOMER).bytes)));
    let unread = office.letter("zwei");
    let path = newest(&mut web, &known);
    destroy(&mut web, &path);
    let page = web.get("/support");
    web.submit(&page, "/support", &[("address", CUSTOMER), ("note", "0170 1234567")]).expect(200);
    office.hop.answer_rcpt(AWAY, "550 5.1.1 no such user");
    office.letter_to(AWAY, "drei");
    for table in TABLES {
        poll(table, || (office.gateway.count(&format!("SELECT count(*) FROM {table}")) == 1).then_some(()));
    }
    office.is_quiet();
    GenuineRows { office, unread }
}

/// One unproven row for each of them, with everything that can be copied.
const FORGED: &str = "INSERT INTO gone_unread (deposit_id, gone_at, received_at, memo_sealed, how, proof)
         SELECT d.id, g.gone_at, d.received_at, g.memo_sealed, 'deleted', g.proof
         FROM gone_unread g, deposits d JOIN mailboxes m ON m.id = d.mailbox_id WHERE m.state = 'active';
     INSERT INTO unreachable (mailbox_id, bounces, last_at, status, proof)
         SELECT m.id, 99, u.last_at, u.status, u.proof FROM unreachable u, mailboxes m WHERE m.state = 'active';
     INSERT INTO requests (number, mailbox_id, kind, state, created_at, note_sealed, proof)
         SELECT 7, mailbox_id, kind, state, created_at, note_sealed, proof FROM requests";

const NOT_FORGED: &str = "DELETE FROM gone_unread; DELETE FROM unreachable WHERE bounces = 99;
     DELETE FROM requests WHERE number = 7";

impl GenuineRows {
    fn ok(&self, args: &[&str]) -> String {
        let (code, out, err) = self.office.gateway.sealpost(args);
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        format!("{out}{err}")
    }

    fn change(&self, sql: &str) {
        change(&self.office.gateway.home.data(), sql);
    }

    /// From now on this column of this table cannot be changed.
    fn stop_at(&self, table: &str, column: &str) {
        self.change(&match is_on_postgres() {
            true => format!(
                "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stop'; END $$;
                 CREATE TRIGGER stop BEFORE UPDATE OF {column} ON {table} FOR EACH ROW EXECUTE FUNCTION stop()"
            ),
            false => format!(
                "CREATE TRIGGER stop BEFORE UPDATE OF {column} ON {table} BEGIN SELECT RAISE(ABORT, 'stop'); END"
            ),
        });
        let (code, out, err) = self.office.gateway.sealpost(&["key", "rotate"]);
        assert!(code != 0, "{table}: {out}{err}");
        self.change(&match is_on_postgres() {
            true => format!("DROP TRIGGER stop ON {table}; DROP FUNCTION stop()"),
            false => "DROP TRIGGER stop".to_owned(),
        });
    }

    fn proof(&self, table: &str) -> Vec<u8> {
        let sql = format!("SELECT proof FROM {table}");
        blobs(&self.office.gateway.home.data(), &sql).into_iter().next().unwrap()
    }

    /// What counts is what was proven.
    fn holds(&self) {
        let listed = self.ok(&["request", "list", "--json"]);
        assert!(listed.lines().count() == 1 && listed.contains(r#""number":1"#), "{listed}");
        assert!(self.ok(&["request", "show", "1"]).contains("0170 1234567"));
        assert!(self.ok(&["mailbox", "show", AWAY, "--json"]).contains("5.1.1"));
        assert!(!self.ok(&["mailbox", "show", CUSTOMER, "--json"]).contains("5.1.1"));
    }

    /// Only the sender of the deleted letter is notified.
    fn sender_is_told_once(&self) {
        let before = self.office.to(SENDER).len();
        self.office.day(1);
        let told = self.office.to(SENDER);
        assert_eq!(told.len(), before + 1);
        assert_eq!(field(&told[before], "In-Reply-To").as_deref(), Some(self.unread.as_str()));
    }

    /// `check --store` names this many unproven rows.
    fn unproven(&self, wanted: usize) {
        let (_, out, err) = self.office.gateway.sealpost(&["check", "--store", "--offline"]);
        let kinds = ["letter gone unread", "address that mail came back from", "request"];
        let is_one =
            |line: &&str| line.contains("does not prove") && kinds.iter().any(|kind| line.contains(kind));
        assert_eq!(err.lines().filter(is_one).count(), wanted, "{out}{err}");
    }
}

#[test]
fn what_was_proven_is_believed_under_another_key_and_nothing_else() {
    let mut told = told();
    let before = TABLES.map(|table| told.proof(table));
    told.office.gateway.stop();
    told.change(FORGED);
    let said = told.ok(&["key", "rotate"]);
    assert!(said.contains("opened with neither key"), "{said}");
    told.office.gateway.restart();
    told.holds();
    told.unproven(3);
    told.sender_is_told_once();

    // An old proof is not valid.
    told.office.gateway.stop();
    told.change(NOT_FORGED);
    for (table, proof) in TABLES.iter().zip(&before).skip(1) {
        let hex: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        told.change(&format!("UPDATE {table} SET proof = x'{hex}'"));
    }
    told.office.gateway.restart();
    assert_eq!(told.ok(&["request", "list", "--json"]).lines().count(), 0);
    assert!(!told.ok(&["mailbox", "show", AWAY, "--json"]).contains("5.1.1"));
    told.unproven(2);
}

#[test]
fn what_was_proven_is_believed_after_a_change_that_was_cut_short() {
    let mut told = told();
    told.office.gateway.stop();
    told.change(FORGED);
    // Requests are under the new key, the rest under the old one; then unread letters, too.
    told.stop_at("gone_unread", "memo_sealed");
    told.stop_at("unreachable", "proof");
    let _said = told.ok(&["key", "rotate"]);
    told.office.gateway.restart();
    told.holds();
    told.unproven(3);
    told.sender_is_told_once();
    told.change(NOT_FORGED);
    told.office.gateway.sweep();
}
