//! Screenshots of every page for the documentation, by `cargo xtask screenshots`: in light and dark mode, on a phone in
//! English and on a desktop in German. The arguments are the folder, and the page that shows them all; with one more,
//! the other language is also taken on either screen, on the narrowest phone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers"
)]

mod case_pictures;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;

use rig::browser::Kind;
use rig::reader::{ANSWER, PASSWORD};
use rig::{Browser, Config, Gateway, Hop, Screen, letters, readers};

const ANNA: &str = "anna.mueller@web.example";

fn main() {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let folder = arguments.next().unwrap_or_else(|| "docs/images".into());
    let gallery = arguments.next().unwrap_or_else(|| "docs/screens.md".into());
    std::fs::create_dir_all(&folder).unwrap();
    for old in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if old.extension().is_some_and(|e| e == "png") {
            std::fs::remove_file(old).unwrap();
        }
    }
    let mut pages = Vec::new();
    let mut screens = vec![("en", "phone", Screen::PHONE), ("de", "desktop", Screen::DESKTOP)];
    if arguments.next().is_some() {
        screens.splice(0..0, [("de", "narrow", Screen::NARROW), ("en", "desktop", Screen::DESKTOP)]);
    }
    for (language, name, screen) in screens {
        let album = Album { language, name, screen, folder: folder.clone(), pages: RefCell::default() };
        album.story();
        album.ran_out();
        album.newcomer();
        pages = album.pages.take();
    }
    std::fs::write(&gallery, page_of(&pages)).unwrap();
    let set = Set::new("en", |_config| ());
    case_pictures::shoot(&set, &folder, &gallery.with_file_name("letters.md"));
    set.gateway.sweep();
}

/// The gallery: every page with its four pictures.
fn page_of(pages: &[(&'static str, &'static str)]) -> String {
    let mut text =
        "# Every page of the webmail\n\nMade by `cargo xtask screenshots`; look at them after every change \
        of a style ([design](design.md)). On the phone in English, on the desktop in German.\n"
            .to_owned();
    for (page, about) in pages {
        let picture = |language: &str, screen: &str, mood: &str| {
            format!("![{about}: {screen}, {mood}](images/{page}-{language}-{screen}-{mood}.png)")
        };
        let _ = write!(
            text,
            "\n## {about}\n\n| phone, light | phone, dark |\n|---|---|\n| {} | {} |\n\n\
             | desktop, light | desktop, dark |\n|---|---|\n| {} | {} |\n",
            picture("en", "phone", "light"),
            picture("en", "phone", "dark"),
            picture("de", "desktop", "light"),
            picture("de", "desktop", "dark"),
        );
    }
    text
}

/// Announces a file to the draft that is shown, of which nothing comes.
const BEGIN_UPLOAD: &str = "
    const form_token = document.querySelector('[name=form_token]').value;
    const file = { form_token, name: 'Video vom Hof.mp4', size: '9000000', changed: '1', kind: 'video/mp4' };
    const request = new XMLHttpRequest();
    request.open('POST', location.pathname + '/u', false);
    request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    request.send(new URLSearchParams(file).toString());
    return request.status;";

/// Pictures on one screen.
struct Album {
    language: &'static str,
    name: &'static str,
    screen: Screen,
    folder: PathBuf,
    pages: RefCell<Vec<(&'static str, &'static str)>>,
}

/// The gateway in front of the camera.
struct Set {
    hop: Hop,
    gateway: Gateway,
    browser: Browser,
}

impl Set {
    fn new(language: &'static str, change: impl FnOnce(&mut Config)) -> Self {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config
            .set("brand", "name", r#""Musterversicherung""#)
            .set("brand", "imprint", r#""https://insurer.example/impressum""#)
            .set("brand", "privacy", r#""https://insurer.example/datenschutz""#)
            .set("portal.write", "domains", r#"["insurer.example"]"#)
            .set("portal.write", "floor", r#""none""#)
            .set("notices", "language", &format!("{language:?}"));
        change(&mut config);
        Self { gateway: Gateway::start(&config), hop, browser: Browser::of_kind(&Kind::new(language)) }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.config.web)
    }

    fn open(&self, path: &str) {
        self.browser.open(&self.at(path));
    }

    /// Submits the form with this button unchanged.
    fn press(&self, button: &str) {
        self.browser.execute("for (const form of document.forms) form.noValidate = true");
        self.browser.click_through(button);
    }

    /// Does something that makes a mail leave; gives the link in it.
    fn link(&self, job: impl FnOnce()) -> String {
        let before = self.hop.delivered().len();
        job();
        letters::link(&self.hop.wait(before + 1)[before].bytes)
    }

    fn send(&self, letter: &[u8]) -> String {
        self.link(|| {
            self.gateway
                .smtp()
                .letter("erika.muster@unfall.insurer.example", &[ANNA], letter)
                .expect("250 *");
        })
    }

    fn newest(&self) {
        self.open("/inbox");
        self.browser.click_through("ul.letters a");
    }
}

impl Album {
    fn shoot(&self, set: &Set, page: &'static str, about: &'static str) {
        for (mood, screen) in [("light", self.screen), ("dark", self.screen.by_night())] {
            set.browser.look_on(screen);
            let file = self.folder.join(format!("{page}-{}-{}-{mood}.png", self.language, self.name));
            std::fs::write(&file, set.browser.picture()).unwrap();
        }
        self.pages.borrow_mut().push((page, about));
        println!("{page} in {}", self.language);
    }

    fn visit(&self, set: &Set, path: &str, page: &'static str, about: &'static str) {
        set.open(path);
        self.shoot(set, page, about);
    }

    fn story(&self) {
        let set = Set::new(self.language, |_config| ());
        let link = set.send(&few_words("Ihre Beitragsrechnung 2027", "anbei Ihre Rechnung."));
        for (subject, text) in [
            ("Rückfrage zu Ihrem Antrag", "bitte rufen Sie uns an."),
            ("Gutachten zum Wasserschaden", "das Gutachten liegt vor."),
        ] {
            set.send(&few_words(subject, text));
        }
        set.send(&claim());
        self.arrive(&set, &link);
        self.read(&set);
        self.write(&set);
        self.keep(&set);
        self.forget(&set, &link);
    }

    fn arrive(&self, set: &Set, link: &str) {
        let browser = &set.browser;
        self.visit(set, "/", "login", "Log-in");
        browser.open(link);
        self.shoot(set, "activation", "First visit");
        browser.fill("#password", "kurz");
        browser.fill("#repeat", "anders");
        set.press("main form .submit button");
        self.shoot(set, "activation-errors", "First visit, with something to fix");
        browser.choose("#language", self.language);
        browser.fill("#password", PASSWORD);
        browser.fill("#repeat", PASSWORD);
        browser.choose("#question", "0");
        browser.fill("#answer", ANSWER);
        set.press("main form .submit button");
        self.shoot(set, "welcome", "The inbox for the first time");
    }

    fn read(&self, set: &Set) {
        let browser = &set.browser;
        self.visit(set, "/inbox", "inbox", "Inbox");
        self.converse(set);
        browser.click("details.menu:not(.sort) summary");
        self.shoot(set, "menu", "The menu at the own address");
        set.open("/inbox");
        browser.fill("#words", "Wasserschaden");
        set.press("form.search button");
        self.shoot(set, "search", "Search");
        set.newest();
        self.shoot(set, "letter", "A letter");
        browser.click_through("nav.actions a[href*='view=text']");
        self.shoot(set, "letter-text", "A letter as text");
        browser.click(".save summary");
        self.shoot(set, "letter-save", "Saving a letter");
        for (name, page, about) in [
            ("calendar_invitation", "invitation", "An invitation"),
            ("forwarded_letters", "forwarded", "A letter with letters in it"),
            ("broken_mime", "broken", "A letter that is broken"),
        ] {
            let letter = readers::corpus().into_iter().find(|(one, _)| one == name).expect(name).1;
            set.send(&letter);
            set.newest();
            self.shoot(set, page, about);
        }
        set.open("/inbox");
        browser.click("li.letter input[type=checkbox]");
        set.press("button[value=export]");
        self.shoot(set, "export", "Taking letters away");
        self.file(set);
    }

    /// A conversation, and the inbox by conversation; for the pictures that follow, letters by themselves again.
    fn converse(&self, set: &Set) {
        let browser = &set.browser;
        let (subject, answer) = match self.language {
            "de" => ("AW: Ihre Schadenmeldung 4711", "Vielen Dank, hier ist das Foto der Stoßstange."),
            _ => ("Re: Ihre Schadenmeldung 4711", "Thank you. Here is the photo of the bumper."),
        };
        set.newest();
        set.press("button[value=reply]");
        browser.fill("#text", answer);
        let before = set.hop.delivered().len();
        set.press("button[value=send]");
        let sent = &set.hop.wait(before + 1)[before].bytes;
        let sent = letters::field(sent, "Message-ID").unwrap();
        let fields = format!("In-Reply-To: {sent}\r\n");
        set.send(&letters::with_fields(subject, &fields, "Sehr geehrte Frau Müller,\n\ndas Foto ist da."));
        set.newest();
        browser.click(".talk summary");
        self.shoot(set, "conversation", "A conversation");
        set.open("/inbox");
        browser.click(".sort summary");
        self.shoot(set, "order", "In which order");
        set.press("button[value=group]");
        self.shoot(set, "inbox-conversations", "The inbox by conversation");
        browser.click(".sort summary");
        set.press("button[value=apart]");
        browser.click("ul.letters > li:first-child input");
        set.press("button[value=trash]");
    }

    /// Into a folder and, for the pictures that follow, out of it again.
    fn file(&self, set: &Set) {
        let browser = &set.browser;
        let names = match self.language {
            "de" => ["Belege", "Schadenfälle 2026", "Wohngebäude"],
            _ => ["Claims 2026", "Home insurance", "Receipts"],
        };
        set.open("/folders");
        for name in names {
            browser.fill("#name", name);
            set.press("button[value=make]");
        }
        set.open("/inbox");
        for _ in 0..2 {
            browser.click("li.letter:not(:has(:checked)) input[type=checkbox]");
        }
        browser.click(".more summary");
        self.shoot(set, "more", "More to do with letters");
        set.press("button[value=move]");
        browser.click("input[name=to-folder]");
        self.shoot(set, "move", "Moving letters");
        set.press("button[value=move]");
        self.shoot(set, "moved", "Moved, with a way back");
        browser.click(".own summary");
        self.shoot(set, "folders-menu", "The own folders");
        browser.click_through(".own a[href^='/folder/']");
        self.shoot(set, "folder", "An own folder");
        self.visit(set, "/folders", "folders", "Managing folders");
        set.press("li button[value=remove]");
        self.shoot(set, "folder-remove", "Removing a folder");
        for _ in names {
            set.open("/folders");
            set.press("li button[value=remove]");
            if browser.count("[name=sure]") == 1 {
                set.press("button[value=remove]");
            }
        }
    }

    fn write(&self, set: &Set) {
        let browser = &set.browser;
        set.send(&claim());
        set.newest();
        set.press("button[value=reply]");
        self.shoot(set, "reply", "A reply");
        browser.fill("#to", "somebody@elsewhere.example");
        set.press("button[value=send]");
        self.shoot(set, "reply-errors", "A reply with something to fix");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Foto der Stoßstange.pdf");
        std::fs::write(&file, letters::pdf("Foto")).unwrap();
        browser.upload("#file", &file);
        browser
            .wait_for("the file in the list", |browser| (browser.count(".write-list li") == 1).then_some(()));
        browser.fill("#to", "erika.muster@insurer.example");
        browser.fill("#text", "Guten Tag,\n\nanbei das Foto.\n\nAnna Müller");
        set.press("button.quiet[value=save]");
        self.shoot(set, "reply-files", "A reply with a file, saved");
        self.visit(set, "/drafts", "drafts", "Drafts");
        browser.click_through("ul.letters a");
        set.press("button[value=send]");
        self.shoot(set, "sent", "Sent");
        set.open("/inbox");
        set.press("form.new-letter button");
        browser.execute(BEGIN_UPLOAD);
        let written = browser.url();
        browser.open(&written);
        self.shoot(set, "reply-halfway", "A file that has not come whole");
        set.newest();
        browser.click(".save summary");
        set.press(".save button[value=trash]");
        self.visit(set, "/trash", "trash", "Trash");
        browser.click("li.letter input[type=checkbox]");
        set.press("button[value=destroy]");
        self.shoot(set, "destroy", "For good?");
        set.open("/inbox");
        browser.execute("for (const one of document.querySelectorAll('[name=id]')) one.checked = true");
        set.press("button[value=trash]");
        self.shoot(set, "inbox-empty", "An empty inbox");
    }

    fn keep(&self, set: &Set) {
        for kind in ["smime-rsa-3072", "openpgp"] {
            let name = ["--name", "Insurer AG", "--country", "DE", "--kind", kind];
            let (code, _, error) =
                set.gateway.sealpost(&[&["domain-key", "make", "insurer.example"], &name[..]].concat());
            assert_eq!(code, 0, "{error}");
        }
        for (path, page, about) in [
            ("/account", "account", "The own account"),
            ("/account/password", "account-password", "Another password"),
            ("/account/question", "account-question", "Another question"),
            ("/account/delete", "account-delete", "Deleting the mailbox"),
            ("/accessibility", "accessibility", "Accessibility statement"),
            ("/partner", "partner", "Our keys for partners"),
            ("/nothing-here", "nothing-here", "No such page"),
        ] {
            self.visit(set, path, page, about);
        }
        set.open("/inbox");
        set.browser.execute("document.querySelector('.idle').hidden = false");
        self.shoot(set, "idle", "A session is about to end");
    }

    fn forget(&self, set: &Set, spent: &str) {
        let browser = &set.browser;
        set.open("/inbox");
        browser.log_out();
        self.shoot(set, "logged-out", "Logged out");
        browser.open(spent);
        self.shoot(set, "link-used", "A link that has been used");
        self.visit(set, "/forgot", "forgot", "Forgotten password");
        browser.fill("#address", ANNA);
        let link = set.link(|| set.press("form[action='/forgot'] button"));
        self.shoot(set, "forgot-sent", "Word of a mail");
        browser.open(&link);
        self.shoot(set, "reset", "A new password");
        self.visit(set, "/support", "support", "Asking support");
        set.open("/");
        browser.log_in(ANNA, "falsch");
        self.shoot(set, "login-wrong", "Wrong password");
    }

    /// A recipient with an initial password.
    fn newcomer(&self) {
        let set = Set::new(self.language, |config| {
            config.set("portal", "activation", r#""initial-password""#);
        });
        set.gateway.smtp().letter("erika.muster@unfall.insurer.example", &[ANNA], &claim()).expect("250 *");
        let mail = set.hop.wait_to("erika.muster@unfall.insurer.example");
        let initial = letters::initial_password(&mail.bytes);
        set.open("/");
        self.shoot(&set, "login-initial", "Log-in where initial passwords are told");
        set.browser.log_in(ANNA, &initial);
        self.shoot(&set, "first", "The first log-in with an initial password");
    }

    /// A link that has run out.
    fn ran_out(&self) {
        let set = Set::new(self.language, |config| {
            config.set("portal", "activation-within", r#""1 s""#);
        });
        let link = set.send(&claim());
        set.browser.wait_for("the link to run out", |browser| {
            browser.open(&link);
            (browser.count("form[action$='/renew']") == 1).then_some(())
        });
        self.shoot(&set, "link-expired", "A link that has run out");
        set.press("form[action$='/renew'] button");
        self.shoot(&set, "renewed", "A new link is on its way");
    }
}

fn few_words(subject: &str, text: &str) -> Vec<u8> {
    let html = format!("<p>Sehr geehrte Frau Müller,</p><p>{text}</p>");
    letters::rich(subject, text, &html, "Rechnung.pdf", &letters::pdf(subject))
}

fn claim() -> Vec<u8> {
    letters::rich(
        "Ihre Schadenmeldung 4711",
        "Sehr geehrte Frau Müller,\r\n\r\nvielen Dank für Ihre Meldung. Die Unterlagen finden Sie im Anhang.\r\n",
        "<h2>Ihre Schadenmeldung</h2><p>Sehr geehrte Frau <b>Müller</b>,</p><p>vielen Dank für Ihre Meldung vom \
         12.&nbsp;November. Wir haben den Schaden wie folgt aufgenommen:</p><table cellpadding=6><tr><th align=left>Position\
         </th><th align=right>Betrag</th></tr><tr><td>Reparatur</td><td align=right>1.240,00&nbsp;€</td></tr><tr>\
         <td>Gutachten</td><td align=right>310,00&nbsp;€</td></tr></table><p>Fragen beantwortet \
         <a href='https://insurer.example/schaden'>unsere Schadenabteilung</a>.</p>",
        "Schadenanzeige März.pdf",
        &letters::pdf("Schadenanzeige 4711"),
    )
}
