//! CVE-2026-29142: a forged envelope was opened because a cryptographic check was omitted. Here every sealed
//! value is bound to its place: moved, swapped or changed, it cannot be opened.

use rusqlite::Connection;

use crate::portal::Portal;

const ANNAS: &str = "Annas-Geheimwort";
const BERNDS: &str = "Bernds-Geheimwort";

#[test]
fn what_is_sealed_for_one_place_opens_in_no_other() {
    let mut portal = Portal::new();
    let (mut anna, annas) = portal.owner("anna@web.example", ANNAS);
    let (mut bernd, bernds) = portal.owner("bernd@web.example", BERNDS);
    let shown = |page: rig::http::Page| (page.status, page.text());
    assert!(shown(anna.get(&format!("{annas}?view=text"))).1.contains(ANNAS));
    assert!(shown(bernd.get(&format!("{bernds}?view=text"))).1.contains(BERNDS));
    let (a, b) =
        (annas.rsplit('/').next().unwrap().to_owned(), bernds.rsplit('/').next().unwrap().to_owned());

    for forgery in [
        // Bernd's letter, keys and all, put into Anna's row; and piece by piece.
        "UPDATE deposits SET (key_sealed, head_sealed, listing_sealed, body_id) = (SELECT key_sealed, head_sealed, \
         listing_sealed, body_id FROM deposits WHERE id = 'B') WHERE id = 'A'",
        "UPDATE deposits SET key_sealed = (SELECT key_sealed FROM deposits WHERE id = 'B') WHERE id = 'A'",
        "UPDATE deposits SET head_sealed = (SELECT head_sealed FROM deposits WHERE id = 'B') WHERE id = 'A'",
        "UPDATE deposits SET listing_sealed = (SELECT listing_sealed FROM deposits WHERE id = 'B') WHERE id = 'A'",
        "UPDATE deposits SET body_id = (SELECT body_id FROM deposits WHERE id = 'B') WHERE id = 'A'",
        // Bernd's row given to Anna's mailbox.
        "UPDATE deposits SET mailbox_id = (SELECT mailbox_id FROM deposits WHERE id = 'A') WHERE id = 'B'",
        // One bit, a missing end, nothing at all.
        "UPDATE deposits SET head_sealed = zeroblob(1) || substr(head_sealed, 2) WHERE id = 'A'",
        "UPDATE deposits SET head_sealed = substr(head_sealed, 1, length(head_sealed) - 1) WHERE id = 'A'",
        "UPDATE deposits SET key_sealed = x'' WHERE id = 'A'",
        "UPDATE deposits SET key_sealed = zeroblob(length(key_sealed)) WHERE id = 'A'",
    ] {
        portal.gateway.stop();
        let file = database(&portal);
        let kept = std::fs::read(&file).unwrap();
        let rows = Connection::open(&file).unwrap();
        let changed =
            rows.execute(&forgery.replace("'A'", &format!("'{a}'")).replace("'B'", &format!("'{b}'")), []);
        assert_eq!(changed.unwrap(), 1, "{forgery}");
        drop(rows);
        portal.gateway.restart();
        for path in [
            annas.clone(),
            format!("{annas}?view=text"),
            format!("{annas}/eml"),
            format!("{annas}/html"),
            format!("{annas}/part/0"),
            bernds.clone(),
            format!("{bernds}?view=text"),
            format!("{bernds}/eml"),
        ] {
            let page = anna.get(&path);
            assert!(!page.text().contains(BERNDS), "{forgery}\nshows Bernd's letter to Anna at {path}");
            if path.starts_with(&annas)
                && !forgery.contains("'B') WHERE")
                && !forgery.ends_with("WHERE id = 'B'")
            {
                let garbled = page.status == 200 && page.text().contains(ANNAS);
                assert!(!garbled || path.ends_with("part/0"), "{forgery}\nwas not noticed at {path}");
            }
        }
        portal.gateway.stop();
        for extra in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{extra}", file.display()));
        }
        std::fs::write(&file, &kept).unwrap();
        portal.gateway.restart();
    }
    assert!(
        shown(anna.get(&format!("{annas}?view=text"))).1.contains(ANNAS),
        "the undone forgery still hurts"
    );
}

fn database(portal: &Portal) -> std::path::PathBuf {
    let mut entries =
        std::fs::read_dir(portal.gateway.home.data()).unwrap().map(|entry| entry.unwrap().path());
    entries
        .find(|path| path.extension().is_some_and(|e| e == "db" || e == "sqlite" || e == "sqlite3"))
        .unwrap()
}
