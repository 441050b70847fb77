//! The cost of a log-in beyond its Argon2, and how ten people who constantly log in affect the readers of an
//! inbox. The same parameters as `vault::Argon2Cost::standard`; knows nothing else about password checks.

use std::fmt::Write as _;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use rig::{Web, reader};

use crate::web::{Figures, Sight, Visited, drive, millis};

/// Number of measurements of each, alternating; the median counts.
const TIMES: usize = 25;
/// People who log in at once.
const PEOPLE: usize = 10;

/// A person with a mailbox, logged out.
pub(crate) struct Person {
    pub(crate) web: Web,
    pub(crate) address: String,
}

/// Times both, drives the inbox without and with others who log in, and says so as a part of the page.
pub(crate) fn run(visited: &Visited, person: impl Fn() -> Person, time: Duration) -> String {
    let (mut derived, mut logged_in) = (Vec::new(), Vec::new());
    let mut people: Vec<Person> = (0..PEOPLE).map(|_| person()).collect();
    for _ in 0..TIMES {
        derived.push(derive());
        logged_in.push(people[0].log_in());
    }
    let (derived, logged_in) = (median(derived), median(logged_in));
    let alone = drive(visited, Sight::Inbox, time);
    let (once, took) = beside_a_crowd(visited, &mut people, time);
    let (beside, log_ins) = beside_log_ins(visited, people, time);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "A log-in takes {:.1} ms, its Argon2 alone {:.1} ms (19 MiB, two passes): ×{:.2} (wanted ×1.2 at most).\n",
        millis(logged_in),
        millis(derived),
        logged_in.as_secs_f64() / derived.as_secs_f64()
    );
    let _ = writeln!(
        text,
        "The inbox while {PEOPLE} people log in at the same moment (the last of them is in after {:.0} ms): {:.1}/s, p99 {:.2} ms.\n",
        millis(took),
        once.rate,
        millis(once.p99)
    );
    let _ = writeln!(
        text,
        "The inbox while {PEOPLE} people log in without a pause ({log_ins:.0} log-ins a second): {:.1}/s, p99 {:.2} ms; \
         without them {:.1}/s, p99 {:.2} ms.",
        beside.rate,
        millis(beside.p99),
        alone.rate,
        millis(alone.p99)
    );
    text
}

/// One derivation on this thread.
fn derive() -> Duration {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let mut key = [0; 32];
    let begun = Instant::now();
    argon2.hash_password_into(reader::PASSWORD.as_bytes(), &[7; 32], &mut key).unwrap();
    begun.elapsed()
}

impl Person {
    /// From the filled-in form to the answer that leads to the inbox.
    fn log_in(&mut self) -> Duration {
        let page = self.web.get("/");
        let fields = [("address", self.address.as_str()), ("password", reader::PASSWORD)];
        let begun = Instant::now();
        let page = self.web.submit(&page, "/login", &fields);
        let took = begun.elapsed();
        page.expect(303);
        self.log_out();
        took
    }

    pub(crate) fn log_out(&mut self) {
        let inbox = self.web.get("/inbox");
        self.web.submit(&inbox, "/logout", &[]);
    }
}

/// The inbox's figures where all of them log in once, in the middle, and how long that took.
fn beside_a_crowd(visited: &Visited, people: &mut [Person], time: Duration) -> (Figures, Duration) {
    let together = Barrier::new(people.len() + 1);
    std::thread::scope(|scope| {
        let together = &together;
        let crowd: Vec<_> = people
            .iter_mut()
            .map(|person| {
                scope.spawn(move || {
                    together.wait();
                    std::thread::sleep(time / 2);
                    person.log_in()
                })
            })
            .collect();
        together.wait();
        let figures = drive(visited, Sight::Inbox, time);
        let took = crowd.into_iter().map(|one| one.join().unwrap()).max().unwrap_or_default();
        (figures, took)
    })
}

/// The inbox's figures, and how many log-ins a second there were meanwhile.
fn beside_log_ins(visited: &Visited, people: Vec<Person>, time: Duration) -> (Figures, f64) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let over = &over;
        let busy: Vec<_> = people
            .into_iter()
            .map(|mut person| {
                scope.spawn(move || {
                    let mut count = 0_u32;
                    while !over.load(Ordering::Relaxed) {
                        person.log_in();
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let begun = Instant::now();
        let figures = drive(visited, Sight::Inbox, time);
        let lasted = begun.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let count: u32 = busy.into_iter().map(|one| one.join().unwrap()).sum();
        (figures, f64::from(count) / lasted)
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
