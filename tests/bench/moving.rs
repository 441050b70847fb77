//! `cargo xtask bench move [LETTERS]`: a store of this many letters moves from SQLite and a folder to
//! PostgreSQL and a bucket and back; how long each direction takes, and whether every row and every large
//! letter is identical, byte by byte.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rig::gateway::Home;
use rig::postgres::Cluster;
use rig::process::poll;
use rig::s3::S3;
use rig::{Config, Gateway, Hop, Smtp, letters};
use rusqlite::types::ValueRef;

use crate::report;

const LETTERS: usize = 100_000;
const SESSIONS: usize = 8;
const MAILBOXES: usize = 1000;
/// One in this many is large, and stored outside the rows.
const LARGE_EACH: usize = 100;
/// One in this many waits in the queue when the store is stopped.
const WAITING_EACH: usize = 50;

pub(crate) fn run(letters: Option<&str>) -> ExitCode {
    let letters = letters.map_or(LETTERS, |text| text.parse().unwrap());
    let (mut hop, server) = (Hop::new(), S3::start());
    let mut here = Config::on_sqlite(&hop);
    here.set("log", "level", r#""warn""#);
    let mut gateway = Gateway::start(&here);
    let begun = Instant::now();
    fill(gateway.config.smtp, letters - letters / WAITING_EACH, "[vertraulich]");
    let queue = || gateway.count("SELECT count(*) FROM legs");
    while queue() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    hop.close();
    fill(gateway.config.smtp, letters / WAITING_EACH, "Angebot");
    poll("what waits", || (queue() as usize == letters / WAITING_EACH).then_some(()));
    gateway.stop();
    println!("{letters} letters in {:.0} s; {}", begun.elapsed().as_secs_f64(), report::load());
    let before = (rows(&gateway.home.data()), files(&gateway.home.data()));
    let (count, octets) = (before.0.values().map(Vec::len).sum::<usize>(), size(&gateway.home.data()));
    println!("{count} rows, {} large letters, {} MiB in the data folder", before.1.len(), octets >> 20);

    let mut there = Config::on_sqlite(&hop);
    there.rows_in(Cluster::shared()).bodies_in(&server);
    let there = S3::home(&there);
    moves("to PostgreSQL and a bucket", &gateway.home, &there, octets);
    let back = Home::new(&Config::on_sqlite(&hop));
    moves("back to SQLite and a folder", &there, &back, octets);
    let after = (rows(&back.data()), files(&back.data()));
    let mut differ = usize::from(after.1 != before.1);
    for (table, was) in &before.0 {
        if after.0.get(table) != Some(was) {
            println!("{table} is another one");
            differ += 1;
        }
    }
    println!("{} tables and all large letters compared: {differ} differ", before.0.len());
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fill(gateway: SocketAddr, letters: usize, subject: &str) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SESSIONS {
            scope.spawn(|| {
                let mut client = Smtp::connect(gateway);
                client.ehlo();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= letters {
                        return;
                    }
                    let size = if n.is_multiple_of(LARGE_EACH) { 200_000 } else { 4_000 };
                    let letter = letters::sized(&format!("{subject} {n}"), size);
                    let to = format!("box{}@web.example", n % MAILBOXES);
                    client.letter("a@insurer.example", &[&to], &letter).expect("250 *");
                }
            });
        }
    });
}

fn moves(what: &str, from: &Home, to: &Home, octets: u64) {
    let (target, begun) = (to.config(), Instant::now());
    let (code, out, err) = from.sealpost(&["store", "move", "--to", target.to_str().unwrap()]);
    assert!(code == 0 && out.contains("moved and compared"), "{out}{err}");
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what}: {seconds:.1} s with the comparison, {:.1} MiB/s",
        (octets >> 10) as f64 / 1024.0 / seconds
    );
}

/// A hash of each row of each table, but of those that say where the store is and who serves.
fn rows(data: &Path) -> BTreeMap<String, Vec<u64>> {
    let database = rusqlite::Connection::open(rig::gateway::find_database(data)).unwrap();
    let mut names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = BTreeMap::new();
    for name in names {
        if ["moves", "objects", "nodes", "schema_version", "folder"].contains(&name.as_str()) {
            continue;
        }
        let mut asked = database.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = asked.column_count();
        let mut rows = asked.query([]).unwrap();
        let mut hashes = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let mut hasher = DefaultHasher::new();
            for at in 0..columns {
                match row.get_ref(at).unwrap() {
                    ValueRef::Null => 0.hash(&mut hasher),
                    ValueRef::Integer(number) => (1, number).hash(&mut hasher),
                    ValueRef::Real(number) => (2, number.to_bits()).hash(&mut hasher),
                    ValueRef::Text(text) => (3, text).hash(&mut hasher),
                    ValueRef::Blob(bytes) => (4, bytes).hash(&mut hasher),
                }
            }
            hashes.push(hasher.finish());
        }
        hashes.sort_unstable();
        all.insert(name, hashes);
    }
    all
}

/// Large letters that are files, by name.
fn files(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let shelves = std::fs::read_dir(data.join("bodies")).unwrap().map(|shelf| shelf.unwrap().path());
    let files = shelves.flat_map(|shelf| std::fs::read_dir(shelf).unwrap().map(|file| file.unwrap().path()));
    files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&file).unwrap()))
        .collect()
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(
            |entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() },
        )
        .sum()
}
