//! The address that a notice comes back to is in no row: who reads the database makes no bounce, and who writes it moves no memo to
//! another letter or mailbox. A new server key changes nothing, and mails from before there were such addresses still come back.

use std::path::Path;

use rig::config::is_on_postgres;
use rig::gateway::{SERVER_KEY, blobs, change};
use rig::letters;
use rig::process::poll;
use rig::{Config, Gateway, Hop};
use sealpost_mail::SystemRandom;
use sealpost_vault::{Label, ServerKey};

const SENDER: &str = "erika@insurer.example";
const MAX: &str = "max@web.example";
const ANNA: &str = "anna@web.example";

fn report(to: &str) -> Vec<u8> {
    format!(
        "From: mailer-daemon@web.example\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; web.example\r\n\r\n\
         Final-Recipient: rfc822; {MAX}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

struct Announced {
    hop: Hop,
    gateway: Gateway,
}

impl Announced {
    fn new() -> Self {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config.set("notices", "bounces", "\"bounce@portal.insurer.example\"");
        let gateway = Gateway::start(&config);
        Self { hop, gateway }
    }

    /// Sends a letter; the reverse-path of its notice.
    fn letter(&self, to: &str) -> String {
        let letter = letters::plain("[vertraulich] geheim 4711", "x");
        self.gateway.smtp().letter(SENDER, &[to], &letter).expect("250 *");
        let back = self.hop.wait_to(to).from().to_owned();
        poll("an empty queue", || (self.gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
        back
    }

    fn comes_back(&self, to: &str, reply: &str) {
        self.gateway.smtp().letter("", &[to], &report(to)).expect(reply);
    }

    fn told(&self) -> usize {
        self.hop.delivered().iter().filter(|mail| mail.to() == [SENDER]).count()
    }

    fn data(&self) -> std::path::PathBuf {
        self.gateway.home.data()
    }
}

fn text(data: &Path, sql: &str) -> Vec<String> {
    blobs(data, sql).into_iter().map(|value| String::from_utf8(value).unwrap()).collect()
}

#[test]
fn what_the_database_says_makes_no_bounce() {
    let office = Announced::new();
    let back = office.letter(MAX);
    let hash = if is_on_postgres() { "encode(return_hash, 'hex')" } else { "lower(hex(return_hash))" };
    let known = text(
        &office.data(),
        &format!(
            "SELECT CAST(token AS BLOB) FROM bounce_memos UNION ALL SELECT CAST(deposit_id AS BLOB) FROM bounce_memos
             UNION ALL SELECT CAST({hash} AS BLOB) FROM bounce_memos"
        ),
    );
    assert_eq!(known.len(), 3);
    for word in known {
        assert!(!back.contains(&word), "{word} is in the reverse-path");
        let forged = format!("bounce+{word}@portal.insurer.example");
        if word.len() <= 57 {
            office.comes_back(&forged, "550 5.1.1 *");
        }
    }
    office.comes_back(&back, "250 *");
    let _ = office.hop.wait_to(SENDER);
    assert_eq!(office.told(), 1);
    office.gateway.sweep();
}

#[test]
fn a_memo_counts_in_its_own_row() {
    let office = Announced::new();
    let (max, _anna) = (office.letter(MAX), office.letter(ANNA));
    let keys = text(&office.data(), "SELECT CAST(token AS BLOB) FROM bounce_memos ORDER BY created_at");
    let [first, second] = keys.as_slice() else { panic!("{keys:?}") };
    let all = "(token, mailbox_id, deposit_id, created_at, memo_sealed, return_hash)";
    change(&office.data(), "CREATE TABLE genuine AS SELECT * FROM bounce_memos");
    for forged in [
        // Another mailbox would be marked.
        format!("UPDATE bounce_memos SET mailbox_id = (SELECT mailbox_id FROM genuine WHERE token = '{second}') WHERE token = '{first}'"),
        // It would be kept for ever, or be gone.
        format!("UPDATE bounce_memos SET created_at = created_at + 1 WHERE token = '{first}'"),
        // Another sender would be told.
        format!("UPDATE bounce_memos SET memo_sealed = (SELECT memo_sealed FROM genuine WHERE token = '{second}'),
                     deposit_id = (SELECT deposit_id FROM genuine WHERE token = '{second}') WHERE token = '{first}'"),
        // Its address would lead to another.
        format!(
            "UPDATE bounce_memos SET return_hash = NULL;
             UPDATE bounce_memos SET return_hash = (SELECT return_hash FROM genuine WHERE token = '{first}')
                 WHERE token = '{second}'"
        ),
        // It would be one of before.
        format!("UPDATE bounce_memos SET return_hash = NULL WHERE token = '{first}'"),
    ] {
        change(&office.data(), &forged);
        office.comes_back(&max, "550 5.1.1 *");
        office.comes_back(&format!("bounce+{first}@portal.insurer.example"), "550 5.1.1 *");
        let (code, out, err) = office.gateway.sealpost(&["check", "--store", "--offline"]);
        assert!(code != 0 && err.contains("bounce memo") && err.contains("belongs to another row"), "{forged}: {out}{err}");
        change(
            &office.data(),
            &format!("DELETE FROM bounce_memos; INSERT INTO bounce_memos {all} SELECT {} FROM genuine", &all[1..all.len() - 1]),
        );
    }
    change(&office.data(), "DROP TABLE genuine");
    office.gateway.wait_logged("its memo belongs to another row");
    assert_eq!(office.gateway.count("SELECT count(*) FROM unreachable"), 0);
    assert_eq!(office.told(), 0);
    office.comes_back(&max, "250 *");
    let _ = office.hop.wait_to(SENDER);
    office.gateway.sweep();
}

#[test]
fn a_new_server_key_still_knows_what_comes_back() {
    let mut office = Announced::new();
    let back = office.letter(MAX);
    office.gateway.stop();
    let (code, out, err) = office.gateway.sealpost(&["key", "rotate"]);
    assert_eq!(code, 0, "{out}{err}");
    office.gateway.restart();
    office.comes_back(&back, "250 *");
    let _ = office.hop.wait_to(SENDER);
    office.gateway.sweep();
}

/// As a program of before left them: the reverse-path has the key of the row, and the memo nothing of its row.
#[test]
fn mails_from_before_still_come_back_for_as_long_as_they_can() {
    let office = Announced::new();
    let _back = [office.letter(MAX), office.letter(ANNA)];
    let rows = ServerKey::parse(SERVER_KEY).unwrap().keys().rows;
    let (data, mut keys) = (office.data(), Vec::new());
    for key in text(&data, "SELECT CAST(token AS BLOB) FROM bounce_memos ORDER BY created_at") {
        let sealed = blobs(&data, &format!("SELECT memo_sealed FROM bounce_memos WHERE token = '{key}'"));
        let plain = rows.open(Label::NoticeMemo, &key[..32], &sealed[0]).unwrap();
        let mut memo: serde_json::Value = serde_json::from_slice(plain.expose()).unwrap();
        memo.as_object_mut().unwrap().remove("place").unwrap();
        let json = serde_json::to_vec(&memo).unwrap();
        let sealed = sealpost_mail::hex(&rows.seal(Label::NoticeMemo, &key[..32], &json, &SystemRandom));
        change(
            &data,
            &format!(
                "UPDATE bounce_memos SET return_hash = NULL, memo_sealed = x'{sealed}' WHERE token = '{key}'"
            ),
        );
        keys.push(key);
    }
    let address = |key: &str| format!("bounce+{key}@portal.insurer.example");
    office.comes_back(&address(&keys[0]).to_ascii_uppercase().replace("BOUNCE", "bounce"), "250 *");
    let _ = office.hop.wait_to(SENDER);
    // Nothing comes back after two months.
    change(&data, &format!("UPDATE bounce_memos SET created_at = created_at - {}", 61_i64 * 86_400_000));
    office.comes_back(&address(&keys[1]), "550 5.1.1 *");
    assert_eq!(office.told(), 1);
    office.gateway.sweep();
}
