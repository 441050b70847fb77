//! Many users open one large letter at once, in every possible way: the gateway's memory is bounded by
//! `memory`, not by their number.

use rig::reader::{activate, letter_path};
use rig::{Config, Gateway, Hop, Web, letters};

/// The default of `memory`.
const MEMORY: u64 = 128 << 20;
/// Bytes of the file in a letter of 38 MiB.
const FILE: usize = 28 << 20;

fn file(bytes: usize) -> Vec<u8> {
    (0..u32::try_from(bytes).unwrap()).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

/// The letter's path.
fn received(gateway: &Gateway, hop: &Hop, to: &str, bytes: usize) -> (Web, String) {
    let html = "<p>Die Fotos, mit <a href='https://insurer.example'>Hinweisen</a>.</p>";
    let letter = letters::rich("[vertraulich] Fotos", "Die Fotos", html, "Fotos.bin", &file(bytes));
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    let mut web = gateway.web();
    web.patience = std::time::Duration::from_secs(600);
    let inbox = activate(&mut web, &letters::link(&hop.wait_to(to).bytes));
    let path = letter_path(&inbox);
    (web, path)
}

/// Status and size of everything that was asked for, all at once.
fn crowd(web: &Web, paths: &[String]) -> Vec<(String, u16, usize)> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = paths
            .iter()
            .map(|path| {
                let mut web = web.clone();
                scope.spawn(move || {
                    // A client that waited too long for memory is told to retry, and does.
                    let mut pages = (0..50).map(|_| web.get(path));
                    let page = pages.find(|page| page.status != 503).unwrap();
                    (path.clone(), page.status, page.body.len())
                })
            })
            .collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn a_crowd_takes_no_more_memory_than_configured() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("gateway", "memory", "\"128 MiB\"");
    let gateway = Gateway::start_frugal(&config);
    let ways = |path: &str| {
        let mut all = Vec::new();
        for (many, way) in [(12, "/msg"), (6, "/eml"), (6, ""), (3, "/html"), (3, "/part/0")] {
            all.extend((0..many).map(|_| format!("{path}{way}")));
        }
        all
    };
    // Threads, caches and pages of the program itself come to life with a small one.
    let (small, path) = received(&gateway, &hop, "max@web.example", 200_000);
    assert!(crowd(&small, &ways(&path)).iter().all(|(_, status, _)| *status == 200));
    let (web, path) = received(&gateway, &hop, "anna@web.example", FILE);
    let before = gateway.process().forget_peak();
    let found = crowd(&web, &ways(&path));
    let grown = gateway.process().peak_memory().saturating_sub(before);
    println!("peak grew by {} MiB", grown >> 20);
    assert!(found.iter().all(|(_, status, _)| *status == 200), "{found:?}");
    let whole = |way: &str| {
        let sizes: Vec<usize> =
            found.iter().filter(|(path, _, _)| path.ends_with(way)).map(|(_, _, size)| *size).collect();
        assert!(!sizes.is_empty() && sizes.iter().all(|size| *size == sizes[0]), "{way}: {sizes:?}");
        sizes[0]
    };
    assert_eq!(whole("/part/0"), FILE);
    assert!(whole("/eml") > FILE && whole("/msg") > FILE);
    assert!(grown < MEMORY, "{} MiB more, with {} MiB configured", grown >> 20, MEMORY >> 20);
    gateway.sweep();
}

/// A `.msg` that is put together while it is fetched is the one that was planned.
#[test]
fn a_large_file_comes_out_of_an_outlook_file_as_it_was() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let (mut web, path) = received(&gateway, &hop, "max@web.example", 3_000_001);
    let msg = web.get(&format!("{path}/msg")).expect(200).body.clone();
    assert_eq!(msg.len() % 512, 0);
    // Not in one piece: the container's tables are in between.
    let wanted = file(3_000_001);
    let sectors: std::collections::HashSet<&[u8]> = msg.chunks(512).collect();
    assert!(wanted.chunks_exact(512).all(|sector| sectors.contains(sector)));
    gateway.sweep();
}
