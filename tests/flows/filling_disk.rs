//! Letters received at the same time do not together use the space that `minimum-free` reserves for deliveries and
//! log-ins: each has its space reserved, free space is checked again during the transfer, and a letter without space is
//! deferred and leaves nothing behind.

use rig::gateway::Home;
use rig::ill_disk::SmallDisk;
use rig::letters;
use rig::process::poll;
use rig::{Config, Gateway, Hop, Smtp};

const MIB: usize = 1024 * 1024;
/// Of each letter.
const SIZE: usize = 4 * MIB;
const MINIMUM: u64 = 16 * MIB as u64;
/// Size of rows and SQLite's overhead; another letter would need more.
const ROWS: u64 = 2 * MIB as u64;

/// 72 MiB: 32 of them are the reserve, 16 stay free, 24 are for letters.
fn start(hop: &Hop) -> (SmallDisk, Gateway) {
    let mut config = Config::new(hop);
    config.set("[listener]", "max-size", r#""5 MiB""#).set("gateway", "minimum-free", r#""16 MiB""#);
    let home = Home::new(&config);
    let disk = SmallDisk::mount(&home.data(), 72);
    let gateway = Gateway::start_in(home, &config);
    // The reserve is set aside at the first request.
    gateway.smtp().say("MAIL FROM:<a@insurer.example>").expect("250 *");
    (disk, gateway)
}

fn begin(gateway: &Gateway, parameter: &str) -> Option<Smtp> {
    let mut client = gateway.smtp();
    let reply = client.say(&format!("MAIL FROM:<a@insurer.example>{parameter}"));
    if reply.code != 250 {
        reply.expect("452 4.3.1 *");
        return None;
    }
    client.say("RCPT TO:<k@web.example>").expect("250 *");
    client.say("DATA").expect("354 *");
    Some(client)
}

/// Only what was taken, or is still held for the hop.
fn leaves_nothing(gateway: &Gateway) {
    let bodies = gateway.home.data().join("bodies");
    poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));
    poll("no bodies", || {
        let mut shelves = std::fs::read_dir(&bodies).unwrap().map(|shelf| shelf.unwrap().path());
        shelves.all(|shelf| std::fs::read_dir(shelf).unwrap().next().is_none()).then_some(())
    });
}

#[test]
fn announced_letters_get_their_room_or_are_put_off_at_once() {
    let hop = Hop::new();
    let (disk, mut gateway) = start(&hop);
    let letter = letters::sized("Gutachten", SIZE);
    let bytes = rig::smtp::stuffed(&letter);
    let begun: Vec<_> = (0..12).filter_map(|_| begin(&gateway, &format!(" SIZE={}", letter.len()))).collect();
    assert!((3..=6).contains(&begun.len()), "{} of twelve were begun", begun.len());
    let mut begun = begun;
    for piece in bytes.chunks(MIB / 2) {
        for client in &mut begun {
            client.bytes(piece);
        }
        assert!(disk.free() + ROWS >= MINIMUM, "{} free", disk.free());
    }
    // An accepted letter stays accepted.
    for client in &mut begun {
        client.reply().expect("250 *");
    }
    let _ = hop.wait(begun.len());
    drop(begun);
    poll("room", || begin(&gateway, &format!(" SIZE={}", letter.len())).map(drop));
    leaves_nothing(&gateway);
    gateway.stop();
}

#[test]
fn letters_that_do_not_say_how_long_they_are_find_out_on_the_way() {
    let hop = Hop::new();
    let (disk, mut gateway) = start(&hop);
    let bytes = rig::smtp::stuffed(&letters::sized("Gutachten", SIZE));
    let mut begun: Vec<_> = (0..12).map(|_| begin(&gateway, "").unwrap()).collect();
    for piece in bytes.chunks(MIB / 2) {
        for client in &mut begun {
            client.bytes(piece);
        }
        assert!(disk.free() + ROWS >= MINIMUM, "{} free", disk.free());
    }
    let replies: Vec<_> = begun.iter_mut().map(Smtp::reply).collect();
    for reply in replies.iter().filter(|reply| reply.code != 250) {
        reply.expect("452 4.3.1 *");
    }
    let taken = replies.iter().filter(|reply| reply.code == 250).count();
    assert!(taken < 12, "48 MiB into 24");
    let _ = hop.wait(taken);
    leaves_nothing(&gateway);
    gateway.stop();
}

#[test]
fn a_disk_that_others_fill_is_noticed_while_a_letter_streams() {
    let hop = Hop::new();
    let (disk, mut gateway) = start(&hop);
    let letter = letters::sized("Gutachten", SIZE);
    let bytes = rig::smtp::stuffed(&letter);
    let (first, rest) = bytes.split_at(MIB);
    let mut client = begin(&gateway, &format!(" SIZE={}", letter.len())).unwrap();
    client.bytes(first);
    disk.fill_but(8 * MIB as u64);
    client.bytes(rest);
    client.reply().expect("452 4.3.1 *");
    leaves_nothing(&gateway);
    disk.clear();
    // The same connection.
    client.say(&format!("MAIL FROM:<a@insurer.example> SIZE={}", letter.len())).expect("250 *");
    client.say("RCPT TO:<k@web.example>").expect("250 *");
    client.data(&letter).expect("250 *");
    let _ = hop.wait_to("k@web.example");
    leaves_nothing(&gateway);
    gateway.stop();
}
