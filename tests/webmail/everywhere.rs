//! Every page of the route table in every state: as a newcomer, empty, full, long, wrong, expired. A new page
//! fails here until it is visited.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rig::reader::{ANSWER, PASSWORD};
use rig::{letters, readers, routes};

use crate::office::{Office, claim};
use crate::watch::Watched;

const ANNA: &str = "anna.mueller@web.example";

/// GET routes that are not pages themselves.
const NO_PAGES: &[(&str, &str)] = &[
    ("/m/{id}/html", "judged inside its letter's frame"),
    ("/m/{id}/inside/{part}/html", "judged inside its letter's frame"),
    ("/m/{id}/inline/{part}", "a picture inside a letter's frame"),
    ("/m/{id}/part/{part}", "a download"),
    ("/m/{id}/view/{part}", "a file shown in its letter's page"),
    ("/m/{id}/eml", "a download"),
    ("/m/{id}/files", "a download"),
    ("/m/{id}/msg", "a download"),
    ("/m/{id}/pdf", "a download, judged where it fails"),
    ("/alive", "a number for a script"),
    ("/export/progress/{part}", "numbers for a script"),
    ("/static/{file}", "styles, scripts, icons"),
    ("/robots.txt", "for robots"),
    ("/ready", "a word for whoever watches the service"),
    ("/favicon.ico", "leads to the logo"),
    ("/partner/{file}", "a download"),
    ("/.well-known/openpgpkey/policy", "for mail programs"),
    ("/.well-known/openpgpkey/hu/{file}", "for mail programs"),
    ("/.well-known/openpgpkey/{domain}/policy", "for mail programs"),
    ("/.well-known/openpgpkey/{domain}/hu/{file}", "for mail programs"),
    ("/.well-known/security.txt", "for whoever has found a hole"),
];

/// A walk that remembers where it was.
struct Tour<'a> {
    office: &'a Office,
    watched: Watched,
    seen: &'a RefCell<BTreeSet<String>>,
}

impl<'a> Tour<'a> {
    fn new(office: &'a Office, language: &'static str, seen: &'a RefCell<BTreeSet<String>>) -> Self {
        Self { office, watched: Watched::new(office, language, true), seen }
    }

    /// Judges the page that is shown.
    fn judge(&self, page: &str) {
        let url = self.watched.browser.url();
        let path = url.strip_prefix(&self.office.origin()).unwrap_or(&url);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        for row in routes::all().iter().filter(|row| row.method == "GET" && row.covers(path)) {
            self.seen.borrow_mut().insert(row.path.clone());
        }
        self.watched.judge(page);
    }

    fn visit(&self, path: &str, page: &str) {
        self.watched.browser.open(&self.office.at(path));
        self.judge(page);
    }

    /// Submits the form with this button unchanged, also where the browser would require more.
    fn press(&self, button: &str) {
        self.watched.browser.execute("for (const form of document.forms) form.noValidate = true");
        self.watched.browser.click_through(button);
    }

    /// Judges the page with every menu open.
    fn judge_open(&self, page: &str) {
        let all = |open: bool| {
            let script = "for (const menu of document.querySelectorAll('details')) menu.open = ";
            self.watched.browser.execute(&format!("{script}{open}"));
        };
        all(true);
        self.judge(page);
        all(false);
    }
}

/// What everybody can see without a mailbox.
fn outside(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    tour.visit("/", "log-in");
    tour.press("form[action='/login'] button.button");
    tour.judge("log-in sent empty");
    tour.visit("/?note=over", "log-in after a session");
    tour.visit("/accessibility", "accessibility");
    tour.visit("/partner", "no key for partners");
    for kind in ["smime-p256", "openpgp"] {
        let made = ["domain-key", "make", "insurer.example", "--name", "Insurer AG", "--kind", kind];
        assert_eq!(tour.office.gateway.sealpost(&made).0, 0);
    }
    tour.visit("/partner", "keys for partners");
    tour.visit("/nothing-here", "no such page");
    tour.visit("/idle?back=/inbox", "a session is about to end");
    tour.visit("/a/nonsense", "an activation link that never was");
    tour.visit("/r/nonsense", "a reset link that never was");
    tour.visit("/forgot", "forgotten");
    tour.press("form[action='/forgot'] button");
    tour.judge("forgotten, sent empty");
    tour.visit("/support", "support");
    tour.press("form[action='/support'] button");
    tour.judge("support, sent empty");
    browser.execute("document.querySelector('form[action=\"/support\"] [name=form_token]').value = 'forged'");
    tour.press("form[action='/support'] button");
    tour.judge("a forged form");
}

/// From the link to the inbox, with everything wrong first.
fn activation(tour: &Tour<'_>, link: &str, language: &str) {
    let browser = &tour.watched.browser;
    browser.open(link);
    tour.judge("activation");
    browser.fill("#password", "kurz");
    browser.fill("#repeat", "anders");
    browser.choose("#question", "own");
    tour.press("main form .submit button");
    tour.judge("activation with errors");
    browser.choose("#language", language);
    browser.fill("#password", PASSWORD);
    browser.fill("#repeat", PASSWORD);
    browser.choose("#question", "0");
    browser.fill("#answer", ANSWER);
    tour.judge("activation, filled");
    tour.press("main form .submit button");
    tour.judge("the inbox for the first time");
    tour.judge_open("the inbox with its menus open");
}

/// Folders, from empty to full.
fn folders(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    tour.visit("/trash", "empty trash");
    tour.visit("/sent", "nothing sent");
    tour.visit("/drafts", "no drafts");
    tour.visit("/inbox", "inbox");
    tour.press("button[value=trash]");
    tour.judge("none chosen");
    browser.click("li.letter input[type=checkbox]");
    tour.press("button[value=trash]");
    tour.judge("an empty inbox, and word of what was done");
    tour.visit("/inbox", "an empty inbox");
    tour.visit("/trash", "trash");
    browser.click_through("ul.letters a");
    tour.judge("a letter in the trash");
    tour.press("button[value=destroy]");
    tour.judge("for good?");
    tour.visit("/trash", "trash again");
    browser.click("li.letter input[type=checkbox]");
    tour.press("button[value=restore]");
    tour.judge("restored");
    for n in 0..31 {
        let subject = if n % 7 == 0 {
            "Kraftfahrzeughaftpflichtversicherungsbeitragsrechnung ".repeat(4)
        } else {
            format!("Rückfrage {n}")
        };
        tour.office.send(ANNA, &letters::plain(&subject, "Guten Tag"));
    }
    tour.visit("/inbox", "a long inbox");
    tour.visit("/inbox?page=2", "its second page");
    tour.visit("/inbox?sort=size", "sorted");
    own_folders(tour);
    browser.open(&tour.office.at("/inbox"));
    browser.fill("#words", "Rückfrage 3");
    tour.press(".search button");
    tour.judge("found");
    browser.fill("#words", "Nachtigall");
    tour.press(".search button");
    tour.judge("not found");
    browser.open(&tour.office.at("/inbox"));
    for _ in 0..2 {
        browser.click("li.letter:not(:has(:checked)) input[type=checkbox]");
    }
    tour.press("button[value=export]");
    tour.judge("two letters to take away");
    tour.visit("/export", "everything to take away");
}

/// Reading, with letters that strain a page.
fn reading(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    for (name, letter) in readers::corpus() {
        // The rest are as these are, for a page.
        let strains = [
            "calendar_invitation",
            "winmail_dat",
            "forwarded_letters",
            "european_languages",
            "right_to_left",
            "attachment_names",
            "many_recipients",
            "broken_mime",
            "encrypted_smime",
            "head_only",
            "quoted_thread",
        ];
        if !strains.contains(&name.as_str()) {
            continue;
        }
        tour.office.send(ANNA, &letter);
        browser.open(&tour.office.at("/inbox"));
        browser.click_through("ul.letters a");
        tour.judge(&name);
        if browser.count(".file-more a[href*='/inside/']") > 0 {
            browser.click_through(".file-more a[href*='/inside/']");
            tour.judge(&format!("inside {name}"));
        }
    }
    tour.office.send(ANNA, &claim());
    browser.open(&tour.office.at("/inbox"));
    browser.click_through("ul.letters a");
    tour.judge("a letter");
    tour.judge_open("a letter with its menus open");
    browser.click(".file-more button");
    tour.judge("a file looked at");
    browser.click_through("nav.actions a[href*='view=text']");
    tour.judge("a letter as text");
    let url = browser.url();
    browser.open(&format!("{}/pdf", url.split('?').next().unwrap()));
    tour.judge("a PDF that could not be made");
}

/// Folders of one's own, from none to one being deleted.
fn own_folders(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    tour.visit("/folders", "no folders");
    tour.press("button[value=make]");
    tour.judge("a folder without a name");
    for name in ["Kraftfahrzeughaftpflichtversicherungsbei", "Müller & Söhne", "Unfall"] {
        browser.fill("#name", name);
        tour.press("button[value=make]");
    }
    tour.judge("folders");
    browser.click("li:first-child .rename summary");
    browser.fill("li:first-child .rename input", "UNFALL");
    tour.press("li:first-child button[value=rename]");
    tour.judge("a name that is taken");
    browser.open(&tour.office.at("/inbox"));
    browser.click("li.letter input[type=checkbox]");
    browser.click(".more summary");
    tour.press("button[value=move]");
    tour.judge("where to?");
    tour.press("button[value=move]");
    tour.judge("nowhere chosen");
    browser.click("input[name=to-folder]");
    tour.press("button[value=move]");
    tour.judge("moved");
    browser.click(".own summary");
    tour.judge("folders unfolded");
    browser.click_through(".own a[href^='/folder/']");
    tour.judge("a folder");
    browser.click_through("ul.letters a");
    tour.judge("a letter in a folder");
    browser.open(&tour.office.at("/folders"));
    browser.click_through("a[href^='/folder/']:not(.menu-item)");
    browser.open(&tour.office.at("/folders"));
    tour.press("li:first-child button[value=remove]");
    tour.judge("remove a folder?");
    tour.press("button[value=remove]");
    tour.judge("a folder is gone");
    browser.click_through(".own-folders a[href^='/folder/']");
    tour.judge("an empty folder");
}

/// Writing, from an empty sheet to what was sent.
fn writing(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    browser.open(&tour.office.at("/inbox"));
    browser.click_through(".new-letter button");
    tour.judge("the editor");
    browser.fill("#to", "somebody@elsewhere.example");
    tour.press("button[value=send]");
    tour.judge("the editor with something to fix");
    let folder = tempfile::tempdir().unwrap();
    let file = folder
        .path()
        .join("Attest mit einem sehr langen Namen, damit man sieht, was dann geschieht, März 2026.pdf");
    std::fs::write(&file, letters::pdf("Attest")).unwrap();
    browser.upload("#file", &file);
    browser.wait_for("the file in the list", |browser| (browser.count(".write-list li") == 1).then_some(()));
    browser.fill("#to", "erika.muster@insurer.example");
    browser.fill("#text", &"Guten Tag, anbei das Attest. ".repeat(30));
    tour.press("button.quiet[value=save]");
    tour.judge("a saved draft");
    tour.visit("/drafts", "drafts");
    browser.click_through("ul.letters a");
    let before = tour.office.hop.delivered().len();
    tour.press("button[value=send]");
    tour.judge("sent");
    let _ = tour.office.hop.wait(before + 1);
    browser.click_through("ul.letters a");
    tour.judge("a letter of one's own");
    browser.open(&tour.office.at("/inbox"));
    browser.click_through("ul.letters a");
    tour.press("button[value=reply]");
    tour.judge("an answer");
    browser.click(".write-discard summary");
    tour.press("button[value=discard]");
    tour.judge("thrown away");
}

/// The own account.
fn account(tour: &Tour<'_>) {
    let browser = &tour.watched.browser;
    tour.visit("/account", "account");
    tour.press("form[action='/account'] button");
    tour.judge("account, saved");
    for page in ["password", "question", "delete"] {
        tour.visit(&format!("/account/{page}"), &format!("account, {page}"));
        tour.press(&format!("form[action='/account/{page}'] button.button"));
        tour.judge(&format!("account, {page}, sent empty"));
        browser.fill("#current", "ganz falsch");
        tour.press(&format!("form[action='/account/{page}'] button.button"));
        tour.judge(&format!("account, {page}, with the wrong password"));
    }
}

/// Locked out, and in again.
fn forgotten(tour: &Tour<'_>, spent: &str) {
    let (browser, office) = (&tour.watched.browser, tour.office);
    browser.open(&office.at("/inbox"));
    browser.log_out();
    tour.judge("logged out");
    browser.open(spent);
    tour.judge("a spent link");
    browser.open(&office.at("/forgot"));
    browser.fill("#address", ANNA);
    let link = office.next_link(|| tour.press("form[action='/forgot'] button"));
    tour.judge("word of a mail");
    browser.open(&link);
    tour.judge("a new password");
    tour.press("main form .submit button");
    tour.judge("a new password, sent empty");
    for answer in ["Clara Zetkin", ANSWER] {
        browser.fill("#answer", answer);
        browser.fill("#password", PASSWORD);
        browser.fill("#repeat", PASSWORD);
        tour.press("main form .submit button");
        tour.judge(&format!("after the answer {answer}"));
    }
    browser.open(&link);
    tour.judge("a spent reset link");
    browser.open(&office.at("/support"));
    browser.fill("#address", ANNA);
    browser.fill("#note", "0170 1234567");
    tour.press("form[action='/support'] button");
    tour.judge("support asked");
    browser.open(&office.at("/"));
    for _ in 0..4 {
        browser.log_in(ANNA, "ganz falsch");
    }
    tour.judge("too many wrong passwords");
}

/// Expired links, and a deleted mailbox.
fn over(language: &'static str, seen: &RefCell<BTreeSet<String>>) {
    for renewal in ["at-once", "request"] {
        let office = Office::with(language, |config| {
            config.set("portal", "activation-within", r#""1 s""#).set("portal", "reset", r#""answer""#);
            config.set("portal", "activation-renewal", &format!("{renewal:?}"));
        });
        let tour = Tour::new(&office, language, seen);
        let browser = &tour.watched.browser;
        let link = office.send(ANNA, &claim());
        browser.wait_for("the link to run out", |browser| {
            browser.open(&link);
            (browser.count("form[action$='/renew']") == 1).then_some(())
        });
        tour.judge("a link that has run out");
        tour.press("form[action$='/renew'] button");
        tour.judge("a new link is asked for");
        tour.visit("/forgot", "forgotten, by answer");
        browser.fill("#address", ANNA);
        tour.press("form[action='/forgot'] button");
        tour.judge("a question without a mail");
    }
}

/// Access with the password told by the sender.
fn newcomer(language: &'static str, seen: &RefCell<BTreeSet<String>>) {
    let office = Office::with(language, |config| {
        config.set("portal", "activation", r#""initial-password""#);
    });
    let tour = Tour::new(&office, language, seen);
    let browser = &tour.watched.browser;
    office.send_quietly(ANNA, &claim());
    let told = office.hop.wait_to(crate::office::SENDER);
    tour.visit("/", "log-in of newcomers");
    browser.log_in(ANNA, &letters::initial_password(&told.bytes));
    tour.judge("the first log-in");
    tour.press("main form .submit button");
    tour.judge("the first log-in, sent empty");
    assert!(browser.url().contains("/first"), "{}", browser.url());
}

/// The link that an owner gets who requested by mail that the mailbox be deleted.
fn requested(language: &'static str, seen: &RefCell<BTreeSet<String>>) {
    let office = Office::with(language, |config| {
        config
            .set("notices", "replies", r#""here""#)
            .set("wishes", "deletion", "true")
            .set("wishes", "upstream", r#""mx.insurer.example""#)
            .set("wishes", "upstream-networks", r#"["127.0.0.1/32"]"#);
    });
    let tour = Tour::new(&office, language, seen);
    let _activation = office.send(ANNA, &claim());
    // A request counts for some days after its Date.
    let date = mail_parser::DateTime::from_timestamp(rig::ill_clock::IllClock::right()).to_rfc822();
    let request = format!(
        "Authentication-Results: mx.insurer.example; dmarc=pass (p=none) header.from=web.example\r\n\
         From: {ANNA}\r\nTo: securemail@insurer.example\r\nSubject: Bitte mein Postfach löschen\r\n\
         Date: {date}\r\nMessage-ID: <request@web.example>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nBitte löschen Sie mein Postfach.\r\n"
    );
    let link = office.next_link(|| {
        office
            .gateway
            .smtp()
            .letter(ANNA, &["securemail@insurer.example"], request.as_bytes())
            .expect("250 *");
    });
    tour.watched.browser.open(&link);
    tour.judge("a deletion requested by mail");
    tour.press("main form button[type=submit]");
    tour.judge("a deletion requested by mail, not ticked");
}

fn everywhere(language: &'static str) {
    let seen = RefCell::new(BTreeSet::new());
    let office = Office::with(language, |config| {
        // A worker that fails: where PDFs succeed, the export tests look.
        config.set("portal.export", "pdf-worker", r#""/bin/false""#);
    });
    let tour = Tour::new(&office, language, &seen);
    let link = office.send(ANNA, &claim());
    outside(&tour);
    activation(&tour, &link, language);
    folders(&tour);
    reading(&tour);
    writing(&tour);
    account(&tour);
    forgotten(&tour, &link);
    over(language, &seen);
    newcomer(language, &seen);
    requested(language, &seen);
    office.gateway.sweep();

    let rows = routes::all();
    let pages: BTreeSet<&str> =
        rows.iter().filter(|row| row.method == "GET").map(|row| row.path.as_str()).collect();
    let (seen, excused) = (seen.take(), NO_PAGES.iter().map(|(path, _why)| *path).collect::<BTreeSet<_>>());
    let missed: Vec<_> =
        pages.iter().filter(|path| !seen.contains(**path) && !excused.contains(*path)).collect();
    assert!(missed.is_empty(), "these pages were not visited: {missed:?}");
}

#[test]
fn every_page_in_german() {
    everywhere("de");
}

#[test]
fn every_page_in_english() {
    everywhere("en");
}
