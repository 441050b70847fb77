//! `cargo xtask bench mailbox [LETTERS]`: one owner with a large mailbox, and how long each page takes: activation with many
//! pending letters, log-in, lists, searches, letters, and actions on all letters at once. Times are printed and not judged, as they
//! depend on the machine.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rig::http::Page;
use rig::reader::{self, PASSWORD};
use rig::{Gateway, Hop, Smtp, Web, letters};

use crate::{report, web};

/// What issue 9 asks for.
const USUAL: usize = 5_000;
const ANNA: &str = "anna.mueller@web.example";
/// Who hands in letters at once.
const CLIENTS: usize = 8;
/// Number of requests for a page; the first time and the fastest of the others are reported.
const AGAIN: usize = 4;
/// Files of the letter with many, lines of the long one.
const FILES: usize = 1_500;
const LINES: usize = 10_000;

/// One line of the table.
struct Took {
    what: String,
    first: Duration,
    again: Option<Duration>,
    bytes: usize,
}

/// The owner, and what was measured of them.
struct Owner {
    web: Web,
    took: Vec<Took>,
}

pub(crate) fn run(words: Option<&str>) {
    let count = words.and_then(|word| word.parse().ok()).unwrap_or(USUAL);
    let load = report::load();
    let hop = Hop::new();
    let gateway = Gateway::start(&web::without_limits(&hop));
    let begun = Instant::now();
    fill(&gateway, count);
    let filled = begun.elapsed();
    println!("{count} letters in {:.1} s", filled.as_secs_f64());
    let notice = hop.wait_to(ANNA);
    let mut owner = Owner { web: gateway.web(), took: Vec::new() };
    owner.web.patience = Duration::from_secs(600);
    owner.comes_in(&letters::link(&notice.bytes));
    owner.lists(count);
    owner.reads();
    owner.searches();
    owner.has_all_done();
    owner.takes_all_away();
    println!("\n{}", table(&owner.took, count, &load));
}

/// Letters as a broker has them: some with files, some answers, from a few people.
fn fill(gateway: &Gateway, count: usize) {
    let smtp = gateway.config.smtp;
    std::thread::scope(|scope| {
        for first in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = Smtp::connect(smtp);
                client.ehlo();
                for (sent, number) in (first..count.saturating_sub(2)).step_by(CLIENTS).enumerate() {
                    // Servers end endless sessions.
                    if sent % 500 == 499 {
                        client = Smtp::connect(smtp);
                        client.ehlo();
                    }
                    client.letter("erika@insurer.example", &[ANNA], &letter(number)).expect("250 *");
                }
            });
        }
    });
    let mut client = Smtp::connect(smtp);
    client.ehlo();
    for letter in [many_files(), many_lines()] {
        client.letter("erika@insurer.example", &[ANNA], &letter).expect("250 *");
    }
}

fn letter(number: usize) -> Vec<u8> {
    let street = ["Großen Straße", "Gartenweg", "Bahnhofstraße", "Lindenallee"][number % 4];
    let text = format!(
        "Sehr geehrte Frau Müller,\n\nzum Schaden {number} in der {street} haben wir noch eine Rückfrage.\n\n{}",
        "Bitte senden Sie uns die Rechnung der Werkstatt und die Fotos vom Unfallort.\n".repeat(6)
    );
    let subject = format!("[vertraulich] Ihre Schadenmeldung {number}");
    match number % 5 {
        0 => {
            letters::rich(&subject, &text, &format!("<p>{text}</p>"), "Anzeige.pdf", &letters::pdf("Schaden"))
        }
        1 => {
            let before = format!("In-Reply-To: <talk-{}@web.example>\r\n", number / 10);
            letters::with_fields(&subject, &before, &text)
        }
        _ => letters::plain(&subject, &text),
    }
}

fn many_files() -> Vec<u8> {
    let mut letter = String::from(
        "From: Archiv <archiv@insurer.example>\r\nTo: anna.mueller@web.example\r\nSubject: [vertraulich] Alle Belege\r\n\
         Date: Fri, 20 Nov 2026 09:30:00 +0100\r\nMessage-ID: <files@insurer.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nDie Belege.\r\n",
    );
    for number in 0..FILES {
        let _ = write!(
            letter,
            "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"Beleg {number}.txt\"\r\n\r\n\
             Beleg {number}\r\n"
        );
    }
    letter.push_str("--b--\r\n");
    letter.into_bytes()
}

fn many_lines() -> Vec<u8> {
    let lines = (0..LINES).map(|n| format!("{n:>6}  2026-11-20  Haftpflicht  1.240,00 EUR"));
    letters::plain("[vertraulich] Auszug", &lines.collect::<Vec<_>>().join("\n"))
}

impl Owner {
    /// Does it once, and notes how long it took.
    fn once(&mut self, what: &str, deed: impl FnOnce(&mut Web) -> Page) -> Page {
        let begun = Instant::now();
        let page = deed(&mut self.web);
        self.note(what, begun.elapsed(), None, &page);
        page
    }

    /// A page, for the first time and then repeatedly.
    fn page(&mut self, what: &str, path: &str) -> Page {
        let times: Vec<(Duration, Page)> = (0..=AGAIN)
            .map(|_| {
                let begun = Instant::now();
                let page = self.web.get(path);
                (begun.elapsed(), page)
            })
            .collect();
        let again = times.iter().skip(1).map(|(time, _)| *time).min();
        let (first, page) = times.into_iter().next().unwrap();
        page.expect(200);
        self.note(what, first, again, &page);
        page
    }

    fn note(&mut self, what: &str, first: Duration, again: Option<Duration>, page: &Page) {
        let took = Took { what: what.to_owned(), first, again, bytes: page.body.len() };
        println!("{}", line(&took));
        self.took.push(took);
    }

    fn comes_in(&mut self, link: &str) {
        self.page("the link's page", link);
        self.once("activation, up to the inbox", |web| {
            let inbox = reader::try_activate(web, link, PASSWORD);
            inbox.expect(200);
            inbox
        });
        let inbox = self.web.get("/inbox");
        self.once("log-out", |web| {
            let page = web.submit(&inbox, "/logout", &[]);
            web.follow(page)
        });
        self.once("log-in, up to the inbox", |web| {
            let page = web.get("/");
            let page = web.submit(&page, "/login", &[("address", ANNA), ("password", PASSWORD)]);
            let inbox = web.follow(page);
            inbox.expect(200);
            inbox
        });
    }

    fn lists(&mut self, count: usize) {
        let pages = count.div_ceil(25);
        for (what, number) in [("first", 1), ("middle", pages / 2), ("last", pages)] {
            self.page(&format!("inbox, {what} page"), &format!("/inbox?page={}", number.max(1)));
        }
        for order in ["oldest", "person", "subject", "largest"] {
            self.page(&format!("inbox by {order}"), &format!("/inbox?sort={order}"));
        }
        for folder in ["/sent", "/trash", "/drafts", "/folders", "/search", "/account"] {
            self.page(folder, folder);
        }
        let inbox = self.web.get("/inbox");
        self.once("conversations, first time", |web| {
            let page = web.submit(&inbox, "/letters", &[("do", "group")]);
            web.follow(page)
        });
        for (what, number) in [("first", 1), ("middle", pages / 3)] {
            self.page(&format!("conversations, {what} page"), &format!("/inbox?page={}", number.max(1)));
        }
        let inbox = self.web.get("/inbox");
        let page = self.web.submit(&inbox, "/letters", &[("do", "apart")]);
        self.web.follow(page).expect(200);
    }

    fn reads(&mut self) {
        // The newest two are the odd ones.
        let paths = reader::letter_paths(&self.web.get("/inbox"));
        let named = |web: &mut Web, subject: &str| {
            let found = paths.iter().take(3).find(|path| web.get(path).text().contains(subject));
            found.unwrap().clone()
        };
        let lines = named(&mut self.web, "Auszug");
        self.page(&format!("a letter of {LINES} lines"), &lines);
        self.page("the same as text", &format!("{lines}?view=text"));
        let files = named(&mut self.web, "Alle Belege");
        self.page(&format!("a letter with {FILES} files"), &files);
        self.page("its files, second page", &format!("{files}?files=2"));
        self.page("one of its files", &format!("{files}/part/{}", FILES - 1));
        self.page("all its files", &format!("{files}/files"));
        if let Some(usual) = paths.get(5) {
            self.page("a letter", usual);
            self.page("its original", &format!("{usual}/eml"));
        }
    }

    fn searches(&mut self) {
        for (what, fields) in [
            ("search, words not made yet", &[("words", "rechnung")][..]),
            ("search, in all letters", &[("words", "rechnung")]),
            ("search, one letter", &[("words", "schaden 4321")]),
            ("search, nothing", &[("words", "feuerwehrhaus")]),
            ("search, unread", &[("unread", "1")]),
            ("search, with files", &[("files", "1")]),
            ("search, days", &[("from", "2020-01-01"), ("to", "2040-01-01")]),
            ("search, sorted by subject", &[("words", "grosse strasse"), ("sort", "subject")]),
        ] {
            let mut pages = 0;
            // Index words are computed within a limit per page; the next request continues there.
            loop {
                let inbox = self.web.get("/inbox");
                let page = self.once(what, |web| web.submit(&inbox, "/search", fields));
                page.expect(200);
                pages += 1;
                let unfinished = page.text().contains("noch nicht oder nicht ganz");
                if !unfinished || pages == 20 {
                    break;
                }
            }
        }
    }

    fn has_all_done(&mut self) {
        for (what, deed) in [("all marked read", "read"), ("all marked unread", "unread")] {
            let inbox = self.web.get("/inbox");
            self.once(what, |web| {
                let page = web.submit(&inbox, "/letters", &[("all", "1"), ("do", deed)]);
                web.follow(page)
            });
        }
        let inbox = self.web.get("/inbox");
        let sure = self.once("all to be deleted: the question", |web| {
            let page = web.submit(&inbox, "/letters", &[("all", "1"), ("do", "trash")]);
            page.expect(200);
            page
        });
        let gone = self.once("all deleted", |web| {
            let page = web.submit(&sure, "/letters", &[("do", "trash"), ("sure", "yes")]);
            let page = web.follow(page);
            page.expect(200);
            page
        });
        self.page("trash with all of them", "/trash");
        self.once("undone", |web| {
            let page = web.submit(&gone, "/letters", &[("do", "undo")]);
            let page = web.follow(page);
            page.expect(200);
            page
        });
        self.page("inbox, first page", "/inbox");
    }

    fn takes_all_away(&mut self) {
        let page = self.page("the page for saving everything", "/export");
        self.once("everything as .eml in one .zip", |web| {
            let page = web.submit(&page, "/export/zip", &[("format", "eml")]);
            page.expect(200);
            page
        });
    }
}

fn line(took: &Took) -> String {
    let again = took.again.map_or_else(String::new, |again| format!("{:>9.1} ms", millis(again)));
    format!("  {:<34} {:>9.1} ms {again:>12} {:>9} bytes", took.what, millis(took.first), took.bytes)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn table(all: &[Took], count: usize, load: &str) -> String {
    let mut text = format!(
        "# A mailbox with {count} letters\n\n{}\n\nOne visitor, a connection for every request; *again* is the quickest of {AGAIN}.\n\n\
         | | first time | again | bytes |\n|---|---:|---:|---:|\n",
        report::machine(load)
    );
    for took in all {
        let again = took.again.map_or_else(String::new, |again| format!("{:.1} ms", millis(again)));
        let _ = writeln!(text, "| {} | {:.1} ms | {again} | {} |", took.what, millis(took.first), took.bytes);
    }
    text
}
