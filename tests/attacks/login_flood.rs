//! Wrong passwords from very many places at once: owners can log in nevertheless, those with a known browser
//! at once, others within a few tries, and signed-in users read on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use rig::reader::PASSWORD;
use rig::{Web, letters};

use crate::portal::{Portal, activate};

/// Simultaneous guesses.
const ATTACKERS: usize = 160;
const OWNERS: usize = 6;
/// How often a new browser of an owner may be told to retry.
const TRIES: usize = 4;

fn owner(n: usize) -> String {
    format!("owner{n}@web.example")
}

/// A visitor at this address, as announced by the proxy.
fn at(portal: &Portal, address: &str) -> Web {
    let mut web = portal.gateway.web();
    web.extra.push(format!("X-Forwarded-For: {address}"));
    web
}

fn log_in(web: &mut Web, address: &str, password: &str) -> u16 {
    let page = web.get("/");
    page.expect(200);
    web.submit(&page, "/login", &[("address", address), ("password", password)]).status
}

#[test]
fn no_owner_is_kept_out_by_a_flood_of_guesses() {
    let portal = Portal::new();
    let mut known = Vec::new();
    for n in 0..OWNERS * 2 {
        let link = portal.send(&owner(n), &letters::plain("[vertraulich] eins", "Text"));
        let mut web = at(&portal, &format!("192.0.2.{n}"));
        activate(&mut web, &link, PASSWORD, &[]).expect(200);
        known.push(web);
    }
    let mut reader = known[0].clone();
    for web in &mut known {
        let page = web.get("/inbox");
        web.submit(&page, "/logout", &[]);
    }
    // The one who stays logs in again first: every owner has a living session or a known browser.
    assert_eq!(log_in(&mut reader, &owner(0), PASSWORD), 303);

    let over = Arc::new(AtomicBool::new(false));
    let guesses = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(Barrier::new(ATTACKERS + 1));
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|n| {
            let (over, guesses, begun) = (Arc::clone(&over), Arc::clone(&guesses), Arc::clone(&begun));
            let mut web = portal.gateway.web();
            std::thread::spawn(move || {
                // One page is enough for all of an attacker's guesses.
                web.extra = vec![format!("X-Forwarded-For: 198.51.100.{n}")];
                let page = web.get("/");
                begun.wait();
                let mut round = 0;
                while !over.load(Ordering::Relaxed) {
                    round += 1;
                    let from = match round % 3 {
                        0 => format!("198.51.{round}.{n}"),
                        1 => format!("2001:db8:{n:x}:{round:x}::1"),
                        _ => format!("203.{}.{}.{n}", round % 200, round / 200),
                    };
                    web.extra = vec![format!("X-Forwarded-For: {from}")];
                    // Owners' addresses are guessed at, too, those of the second half but once.
                    let whom = if round % 2 == 0 {
                        owner(round % OWNERS)
                    } else {
                        format!("nobody{n}-{round}@web.example")
                    };
                    let fields = [("address", whom.as_str()), ("password", "Falsch-4711-x")];
                    let _whatever = web.submit(&page, "/login", &fields);
                    guesses.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    begun.wait();
    rig::process::poll("the flood", || (guesses.load(Ordering::Relaxed) > ATTACKERS * 4).then_some(()));

    for (n, web) in known.iter_mut().enumerate().take(OWNERS) {
        assert_eq!(log_in(web, &owner(n), PASSWORD), 303, "owner {n} in a known browser");
        reader.get("/inbox").expect(200);
    }
    for n in OWNERS..OWNERS * 2 {
        let mut web = at(&portal, &format!("192.0.3.{n}"));
        let answers: Vec<u16> = (0..TRIES)
            .map(|_| log_in(&mut web, &owner(n), PASSWORD))
            .take_while(|status| *status != 303)
            .collect();
        assert!(answers.len() < TRIES, "owner {n} in a new browser: {answers:?}");
        reader.get("/inbox").expect(200);
    }
    over.store(true, Ordering::Relaxed);
    attackers.into_iter().for_each(|attacker| attacker.join().unwrap());
}
