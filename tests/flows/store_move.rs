//! A whole store moves: from SQLite and a folder to PostgreSQL and a bucket and back, killed in between and
//! resumed, and nothing changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rig::gateway::{Home, binary};
use rig::postgres::Cluster;
use rig::process::{Process, poll};
use rig::reader::{PASSWORD, activate, letter_paths};
use rig::s3::S3;
use rig::{Config, Gateway, Hop, letters};
use rusqlite::types::Value;

const TO: &str = "k@web.example";

/// Some hundred letters of all kinds: in mailboxes, waiting for a hop, small, large; one mailbox is
/// activated.
fn fill(gateway: &mut Gateway, hop: &mut Hop) {
    let mut client = gateway.smtp();
    for n in 0..150 {
        let to = format!("r{}@web.example", n % 30);
        let size = if n % 25 == 0 { 150_000 + n * 10 } else { 1_500 + n };
        let letter = letters::sized(&format!("[vertraulich] {n}"), size);
        client.letter("a@insurer.example", &[&to], &letter).expect("250 2.0.0 *");
    }
    for n in 0..5 {
        let letter = letters::sized(&format!("[vertraulich] own {n}"), 60_000 * (n + 1));
        client.letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    }
    let notice = hop.wait_to(TO);
    activate(&mut gateway.web(), &letters::link(&notice.bytes)).expect(200);
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    hop.close();
    for n in 0..150 {
        let to = format!("w{n}@web.example");
        let size = if n % 50 == 0 { 200_000 } else { 3_000 };
        client.letter("a@insurer.example", &[&to], &letters::sized("ordinary", size)).expect("250 2.0.0 *");
    }
    gateway.stop();
}

/// All rows of all tables but of those that say where the store is and who serves.
fn rows(data: &Path) -> BTreeMap<String, Vec<String>> {
    let database = rusqlite::Connection::open(rig::gateway::find_database(data)).unwrap();
    let mut names =
        database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = BTreeMap::new();
    for name in names {
        if ["moves", "objects", "nodes", "schema_version", "folder"].contains(&name.as_str()) {
            continue;
        }
        let mut asked = database.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = asked.column_count();
        let read = asked.query_map([], |row| {
            Ok(format!("{:?}", (0..columns).map(|at| row.get(at).unwrap()).collect::<Vec<Value>>()))
        });
        let mut read: Vec<String> = read.unwrap().map(Result::unwrap).collect();
        read.sort();
        all.insert(name, read);
    }
    all
}

/// Large bodies that are files, by name.
fn files(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let shelves = std::fs::read_dir(data.join("bodies")).unwrap().map(|shelf| shelf.unwrap().path());
    let files = shelves.flat_map(|shelf| std::fs::read_dir(shelf).unwrap().map(|file| file.unwrap().path()));
    files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&file).unwrap()))
        .collect()
}

fn moves(from: &Home, to: &Home) {
    let target = to.config();
    let (code, out, err) = from.sealpost(&["store", "move", "--to", target.to_str().unwrap()]);
    assert!(code == 0 && out.contains("moved and compared"), "{out}{err}");
}

fn read_all(gateway: &Gateway) -> Vec<Vec<u8>> {
    let mut web = gateway.web();
    let page = web.get("/");
    web.submit(&page, "/login", &[("address", TO), ("password", PASSWORD)]).expect(303);
    let inbox = web.get("/inbox");
    let mut read: Vec<_> = letter_paths(&inbox)
        .iter()
        .map(|path| web.get(&format!("{path}/eml")).expect(200).body.clone())
        .collect();
    read.sort();
    read
}

/// To the other engine and the bucket and back; killed twice on the way there.
#[test]
fn there_and_back_nothing_has_changed() {
    let (mut hop, server) = (Hop::new(), S3::start());
    let here = Config::on_sqlite(&hop);
    let mut gateway = Gateway::start(&here);
    fill(&mut gateway, &mut hop);
    let (before, large) = (rows(&gateway.home.data()), files(&gateway.home.data()));
    assert!(before["deposits"].len() > 150 && before["legs"].len() == 150 && large.len() > 8, "too little");

    let mut there = Config::on_sqlite(&hop);
    there.rows_in(Cluster::shared()).bodies_in(&server);
    let there_home = S3::home(&there);
    let target = there_home.config();
    for until in ["64 bodies copied", "*deposits: *"] {
        let mut command = Command::new(binary());
        command.args(["store", "move", "--to"]).arg(&target).arg("--config").arg(gateway.home.config());
        let mut moving = Process::start("sealpost store move", command.current_dir(gateway.home.path()));
        let _ = moving.output.wait(until);
        moving.kill();
        // Neither of them serves.
        for home in [&gateway.home, &there_home] {
            let (code, out, err) = home.sealpost(&["serve"]);
            assert!(code != 0 && err.contains("being moved"), "{out}{err}");
        }
    }
    moves(&gateway.home, &there_home);
    let (code, out, err) = gateway.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("was moved away"), "{out}{err}");
    assert_eq!(server.keys().len(), large.len());

    let back = Config::on_sqlite(&hop);
    let back_home = Home::new(&back);
    moves(&there_home, &back_home);
    let after = rows(&back_home.data());
    for (name, rows) in &before {
        // That it was moved, twice, is noted: that it began, and that it is done.
        if name.starts_with("audit") {
            let kept = rows.iter().filter(|row| after[name].contains(row)).count();
            let (more, kept_all) = if name == "audit" { (4, rows.len()) } else { (0, kept) };
            assert_eq!((after[name].len(), kept), (rows.len() + more, kept_all), "{name}");
            continue;
        }
        assert!(&after[name] == rows, "{name}: {} rows became {}, or others", rows.len(), after[name].len());
    }
    assert!(files(&back_home.data()) == large, "large letters differ");
    assert_eq!(moves_noted(&back_home, "store.moved"), 2);

    // And it works: the owner reads, waiting letters are sent.
    let again = Gateway::start_in(back_home, &back);
    hop.open();
    assert_eq!(read_all(&again).len(), 5);
    for n in 0..150 {
        let _ = hop.wait_to(&format!("w{n}@web.example"));
    }
    poll("an empty queue", || (again.count("SELECT count(*) FROM legs") == 0).then_some(()));
    again.sweep();
}

/// How many rows of the trail say so, each by an operator and with how much it was.
fn moves_noted(home: &Home, action: &str) -> usize {
    let (code, out, err) = home.sealpost(&["audit", "export"]);
    assert_eq!(code, 0, "{err}");
    let rows = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rows: Vec<_> = rows.filter(|row| row["action"] == action).collect();
    for row in &rows {
        let said = ["actor", "object", "outcome", "detail"].map(|key| row[key].as_str().unwrap());
        assert!(said[0].starts_with("operator:") && said[3].starts_with("rows="), "{row}");
        assert_eq!((said[1], said[2]), ("store", "done"), "{row}");
    }
    rows.len()
}

#[test]
fn a_move_that_is_given_up_is_noted_and_the_store_serves_again() {
    let mut hop = Hop::new();
    let here = Config::on_sqlite(&hop);
    let mut gateway = Gateway::start(&here);
    fill(&mut gateway, &mut hop);
    let there = Home::new(&Config::on_sqlite(&hop));
    let mut command = Command::new(binary());
    command.args(["store", "move", "--to"]).arg(there.config()).arg("--config").arg(gateway.home.config());
    let mut moving = Process::start("sealpost store move", command.current_dir(gateway.home.path()));
    let _ = moving.output.wait("*bodies copied*");
    moving.kill();
    let (code, out, err) = gateway.sealpost(&["serve"]);
    assert!(code != 0 && err.contains("being moved"), "{out}{err}");
    gateway.said(&["store", "move", "--give-up"]);
    assert_eq!(moves_noted(&gateway.home, "store.move-given-up"), 1);
    let (code, _, err) = gateway.sealpost(&["store", "move", "--give-up"]);
    assert!(code != 0 && err.contains("no move is under way"), "{err}");
    gateway.restart();
    assert_eq!(read_all(&gateway).len(), 5);
    gateway.stop();
}

#[test]
fn large_letters_alone_move_into_a_bucket_and_out_of_it() {
    let (hop, server) = (Hop::new(), S3::start());
    let plain = Config::on_sqlite(&hop);
    let mut gateway = Gateway::start(&plain);
    for size in [2_000, 100_000, 300_000, 6_000_000] {
        let letter = letters::sized(&format!("[vertraulich] {size}"), size);
        gateway.smtp().letter("a@insurer.example", &[TO], &letter).expect("250 2.0.0 *");
    }
    let notice = hop.wait_to(TO);
    activate(&mut gateway.web(), &letters::link(&notice.bytes)).expect(200);
    let want = read_all(&gateway);
    gateway.stop();
    let large = files(&gateway.home.data());
    assert_eq!(large.len(), 3);

    let mut config = plain.clone();
    config.bodies_in(&server);
    S3::keys_into(&gateway.home);
    gateway.home.write("bucket.toml", config.text().as_bytes());
    let (code, out, err) = gateway.sealpost(&["store", "move", "--to", "bucket.toml"]);
    assert!(code == 0 && out.contains("3 bodies"), "{out}{err}");
    assert_eq!((server.keys().len(), files(&gateway.home.data()).len()), (3, 0));
    gateway.home.write("folder.toml", plain.text().as_bytes());
    gateway.home.write("gateway.toml", config.text().as_bytes());
    gateway.restart();
    assert!(read_all(&gateway) == want, "letters came back changed");
    gateway.stop();

    let (code, out, err) = gateway.sealpost(&["store", "move", "--to", "folder.toml"]);
    assert!(code == 0 && out.contains("3 bodies"), "{out}{err}");
    server.wait_for(0);
    assert!(files(&gateway.home.data()) == large, "large letters differ");
    gateway.home.write("gateway.toml", plain.text().as_bytes());
    gateway.restart();
    assert!(read_all(&gateway) == want, "letters came back changed");
    for action in ["'store.bodies-move-began'", "'store.bodies-moved'"] {
        let rows = format!("SELECT count(*) FROM audit WHERE action = {action}");
        assert_eq!(gateway.count(&rows), 2, "{action}");
    }
    gateway.sweep();
}

#[test]
fn a_move_is_refused_while_somebody_serves_or_where_a_store_is() {
    let mut hop = Hop::new();
    let (here, there) = (Config::on_sqlite(&hop), Config::on_sqlite(&hop));
    let mut gateway = Gateway::start(&here);
    let other = Home::new(&there);
    let target = other.config();
    let asked = ["store", "move", "--to", target.to_str().unwrap()];
    let (code, out, err) = gateway.sealpost(&asked);
    assert!(code != 0 && err.contains("another process has this store open"), "{out}{err}");
    hop.close();
    let letter = letters::sized("ordinary", 3_000);
    gateway.smtp().letter("a@insurer.example", &["w@web.example"], &letter).expect("250 2.0.0 *");
    gateway.stop();
    let mut occupied = Gateway::start_in(other, &there);
    occupied.smtp().letter("a@insurer.example", &["w@web.example"], &letter).expect("250 2.0.0 *");
    occupied.stop();
    let (code, out, err) = gateway.sealpost(&asked);
    assert!(code != 0 && err.contains("the other place holds a store"), "{out}{err}");
    // Nothing has begun: it serves on.
    gateway.restart();
    gateway.stop();
}
