//! `cargo xtask bench web`: our portal and Roundcube side by side, in one run, with the same letters in one mailbox.
//!
//! A page is everything that its reader waits for: Roundcube's inbox is the page and the list it fetches; our letter is
//! the page and the frame with its text. Four connections are kept open; the first round trips are not counted.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rig::{Config, Gateway, Hop, Web, letters, reader};

use crate::log_in::{self, Person};
use crate::report;
use crate::roundcube::Roundcube;

/// Connections at once.
const CONNECTIONS: usize = 4;
/// Letters in the mailbox: one full page of either.
const LETTERS: usize = 25;
const RECIPIENT: &str = "anna.mueller@web.example";

/// The requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    LogIn,
    Inbox,
    Letter,
}

impl Sight {
    const ALL: [Self; 3] = [Self::LogIn, Self::Inbox, Self::Letter];

    fn title(self) -> &'static str {
        match self {
            Self::LogIn => "log-in page",
            Self::Inbox => "inbox",
            Self::Letter => "letter",
        }
    }
}

/// A server, and what a browser asks it for one sight.
pub(crate) struct Visited {
    pub(crate) address: SocketAddr,
    pub(crate) cookies: String,
    pub(crate) log_in: Vec<String>,
    pub(crate) inbox: Vec<String>,
    pub(crate) letter: Vec<String>,
}

impl Visited {
    fn paths(&self, sight: Sight) -> &[String] {
        match sight {
            Sight::LogIn => &self.log_in,
            Sight::Inbox => &self.inbox,
            Sight::Letter => &self.letter,
        }
    }
}

/// What one drive showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Sights a second.
    pub(crate) rate: f64,
    /// The time that 99 of 100 stay under.
    pub(crate) p99: Duration,
}

/// Both servers, every sight, in turn; the best round of each counts.
pub(crate) fn run(quick: bool) {
    let (rounds, time) = if quick { (1, Duration::from_secs(2)) } else { (3, Duration::from_secs(8)) };
    let load = report::load();
    let letters: Vec<Vec<u8>> = (0..LETTERS).map(letter).collect();
    let theirs = Roundcube::start(&letters);
    let ours = Ours::start(&letters);
    let subjects = [("Roundcube", &theirs.visited), ("Sealpost", &ours.visited)];
    let mut best: Vec<(Sight, [Option<Figures>; 2])> = Sight::ALL.map(|sight| (sight, [None; 2])).into();
    for _ in 0..rounds {
        for (sight, figures) in &mut best {
            for ((name, visited), known) in subjects.iter().zip(figures.iter_mut()) {
                let now = drive(visited, *sight, time);
                println!(
                    "  {:<12} {name:<10} {:>8.1}/s   p99 {:>8.2} ms",
                    sight.title(),
                    now.rate,
                    millis(now.p99)
                );
                if known.is_none_or(|before| before.rate < now.rate) {
                    *known = Some(now);
                }
            }
        }
    }
    let log_ins = log_in::run(&ours.visited, || ours.person(), time);
    let page = table(&best, quick, &load) + "\n" + &log_ins;
    println!("\n{page}");
    if !quick {
        std::fs::write("docs/benchmarks-web.md", &page).unwrap();
        println!("written to docs/benchmarks-web.md");
    }
}

fn table(best: &[(Sight, [Option<Figures>; 2])], quick: bool, load: &str) -> String {
    let mut text = format!(
        "# How fast the webmail is{}\n\nMade by `cargo xtask bench web`: our portal and Roundcube in turn, with the same letters in one mailbox, three rounds, \
         the best of each. A sight is all that its reader waits for: Roundcube's inbox is the page and the list it fetches, our \
         letter the page and the frame its text stands in.\n\n{}\n\nRoundcube {} with nginx, php-fpm ({CONNECTIONS} workers), Dovecot and SQLite, as Debian has them. \
         {LETTERS} letters, {CONNECTIONS} connections.\n\n\
         | | Roundcube/s | p99 | Sealpost/s | p99 | times |\n|---|---:|---:|---:|---:|---:|\n",
        if quick { " (--quick: too short to compare)" } else { "" },
        report::machine(load),
        Roundcube::version(),
    );
    for (sight, figures) in best {
        let [Some(theirs), Some(ours)] = figures else { continue };
        text.push_str(&format!(
            "| {} | {:.1} | {:.2} ms | {:.1} | {:.2} ms | ×{:.1} |\n",
            sight.title(),
            theirs.rate,
            millis(theirs.p99),
            ours.rate,
            millis(ours.p99),
            ours.rate / theirs.rate
        ));
    }
    text
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// One address and one session ask for everything here.
pub(crate) fn without_limits(hop: &Hop) -> Config {
    let mut config = Config::new(hop);
    config.set("log", "level", r#""warn""#);
    for limit in ["network-per-second", "network-burst", "session-per-second", "session-burst"] {
        config.set("portal.limits", limit, "1000000");
    }
    config
}

/// A letter as insurers write them.
fn letter(number: usize) -> Vec<u8> {
    let text = "Sehr geehrte Frau Müller,\r\n\r\nvielen Dank für Ihre Schadenmeldung.\r\n\r\n".repeat(8);
    let row = "<tr><td>Haftpflicht</td><td style=\"text-align:right\">1.240,00 €</td></tr>".repeat(12);
    let html = format!("<p>Sehr geehrte Frau Müller,</p><table>{row}</table><p>Mit freundlichen Grüßen</p>");
    let pdf = letters::pdf(&format!("Schadenanzeige {number}"));
    letters::rich(&format!("[vertraulich] Ihre Schadenmeldung {number}"), &text, &html, "Anzeige.pdf", &pdf)
}

/// Our portal with a mailbox that is open.
struct Ours {
    visited: Visited,
    gateway: Gateway,
    hop: Hop,
    people: Cell<u32>,
}

impl Ours {
    fn start(letters: &[Vec<u8>]) -> Self {
        let hop = Hop::new();
        let gateway = Gateway::start(&without_limits(&hop));
        for letter in letters {
            gateway
                .smtp()
                .letter("erika.muster@unfall.insurer.example", &[RECIPIENT], letter)
                .expect("250 *");
        }
        let notice = hop.wait_to(RECIPIENT);
        let mut web = gateway.web();
        let inbox = reader::activate(&mut web, &letters::link(&notice.bytes));
        let paths = reader::letter_paths(&inbox);
        assert_eq!(paths.len(), letters.len(), "not all letters are there");
        let first = paths[0].clone();
        // Opened once, so that everything recorded about a letter is recorded.
        for path in ["/inbox", &first] {
            web.get(path).expect(200);
        }
        let visited = Visited {
            address: web.address(),
            cookies: cookies(&web),
            log_in: vec!["/".to_owned()],
            inbox: vec!["/inbox".to_owned()],
            letter: vec![first.clone(), format!("{first}/html")],
        };
        Self { visited, gateway, hop, people: Cell::new(0) }
    }
}

impl Ours {
    /// The next one with a mailbox of their own.
    fn person(&self) -> Person {
        let number = self.people.get();
        self.people.set(number + 1);
        let address = format!("person{number}@web.example");
        let letter = letters::plain("[vertraulich] Ihr Schaden", "Guten Tag");
        self.gateway
            .smtp()
            .letter("erika.muster@unfall.insurer.example", &[&address], &letter)
            .expect("250 *");
        let notice = self.hop.wait_to(&address);
        let mut person = Person { web: self.gateway.web(), address };
        reader::activate(&mut person.web, &letters::link(&notice.bytes));
        person.log_out();
        person
    }
}

pub(crate) fn cookies(web: &Web) -> String {
    let all: Vec<String> = web.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    all.join("; ")
}

pub(crate) fn drive(visited: &Visited, sight: Sight, time: Duration) -> Figures {
    let paths = visited.paths(sight);
    // The log-in page is only shown without a session.
    let cookies = if sight == Sight::LogIn { "" } else { visited.cookies.as_str() };
    let begin = Instant::now() + time / 8;
    let end = begin + time;
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let drive = || {
            let mut line = Line::open(visited.address, cookies);
            let mut times = Vec::new();
            while Instant::now() < end {
                let before = Instant::now();
                for path in paths {
                    line.get(path);
                }
                if before >= begin {
                    times.push(before.elapsed());
                }
            }
            times
        };
        let drivers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(drive)).collect();
        drivers.into_iter().flat_map(|driver| driver.join().unwrap()).collect()
    });
    times.sort_unstable();
    let count = u32::try_from(times.len()).unwrap();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Figures { rate: f64::from(count) / end.duration_since(begin).as_secs_f64(), p99 }
}

/// A connection that stays open.
struct Line {
    address: SocketAddr,
    cookies: String,
    stream: TcpStream,
}

impl Line {
    fn open(address: SocketAddr, cookies: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { address, cookies: cookies.to_owned(), stream }
    }

    fn get(&mut self, path: &str) {
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\n", self.address);
        if !self.cookies.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", self.cookies));
        }
        head.push_str("X-Requested-With: XMLHttpRequest\r\n\r\n");
        self.stream.write_all(head.as_bytes()).unwrap();
        let (mut answer, mut buffer) = (Vec::new(), [0; 64 * 1024]);
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => answer.extend_from_slice(&buffer[..n]),
                Err(error) => assert!(error.kind() == std::io::ErrorKind::Interrupted, "{path}: {error}"),
            }
            if is_whole(&answer) {
                break;
            }
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{path}: {}",
            String::from_utf8_lossy(&answer[..answer.len().min(400)])
        );
        // nginx closes a connection after a thousand requests; a browser opens another one.
        if String::from_utf8_lossy(&answer[..answer.len().min(600)])
            .to_ascii_lowercase()
            .contains("connection: close")
        {
            *self = Self::open(self.address, &self.cookies);
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    match length.and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => answer.len() >= end + 4 + length,
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}
