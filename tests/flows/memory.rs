//! Passwords and answers leave the process with their request: its memory is searched for them while it is
//! running.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use rig::reader::activate_with;
use rig::{Config, Gateway, Hop, letters, process};

const FIRST: &str = "Kanarie-Erstes-Kennwort-8f3a";
const WRONG: &str = "Kanarie-Falsches-Wort-2b9d";
const SECOND: &str = "Kanarie-Zweites-Zeichen-77c1";
const ANSWER: &str = "Kanarienantwort-Vierzehn";
const ANNA: &str = "anna@web.example";

/// Bytes read at once; a match at an edge is found with the next piece.
const PIECE: u64 = 1 << 20;
const EDGE: u64 = 64;

/// Which of these occur in writable memory of the process.
fn found(id: u32, wanted: &[&str]) -> Vec<String> {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let memory = File::open(format!("/proc/{id}/mem")).unwrap();
    let untouched = vec![0; usize::try_from(PIECE).unwrap()];
    let mut piece = untouched.clone();
    let mut seen = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            // A guard page, or gone meanwhile: nothing is read.
            let read = memory.read_at(&mut piece, at).unwrap_or(0).min(usize::try_from(to - at).unwrap());
            let bytes = &piece[..read];
            if bytes != &untouched[..read] {
                let there = |word: &&&str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
                seen.extend(wanted.iter().filter(there).map(|word| (*word).to_owned()));
            }
            at += PIECE - EDGE;
        }
    }
    seen
}

#[test]
fn a_password_is_nowhere_once_its_request_is_answered() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    gateway
        .smtp()
        .letter("erika@insurer.example", &[ANNA], &letters::plain("[vertraulich] eins", "Text"))
        .expect("250 *");
    let link = letters::link(&hop.wait(1)[0].bytes);
    let mut web = gateway.web();
    activate_with(&mut web, &link, FIRST);
    let page = web.get("/account/password");
    let fields = [("current", FIRST), ("password", SECOND), ("repeat", SECOND)];
    web.submit(&page, "/account/password", &fields).expect(303);
    let page = web.get("/account/question");
    let fields = [("current", SECOND), ("question", "2"), ("own_question", ""), ("answer", ANSWER)];
    web.submit(&page, "/account/question", &fields).expect(303);
    let mut web = gateway.web();
    for (password, status) in [(WRONG, 422), (SECOND, 303)] {
        let page = web.get("/");
        web.submit(&page, "/login", &[("address", ANNA), ("password", password)]).expect(status);
    }
    let id = gateway.process().id();
    // Checks that the search works: the address of the session's owner is in no page now, a setting is.
    assert!(!found(id, &["securemail@insurer.example"]).is_empty(), "the search sees nothing");
    let secrets = [FIRST, WRONG, SECOND, ANSWER, &ANSWER.to_lowercase()];
    // A connection may take a moment to end.
    process::poll("passwords to leave memory", || found(id, &secrets).is_empty().then_some(()));
}
