//! A browser whose every page is checked on every screen.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rig::browser::Kind;
use rig::{Browser, Screen};

use crate::office::Office;
use crate::{axe, keyboard, pages};

/// The innermost elements that stick out of the page.
const STICKING_OUT: &str = "
    const out = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
    return out.filter((e) => ![...e.children].some((c) => out.includes(c))).map((e) => e.outerHTML.slice(0, 150)).join(' ');";

/// A watched browser.
pub(crate) struct Watched {
    pub(crate) browser: Browser,
    origin: String,
    language: &'static str,
    scripts: bool,
    screens: [Screen; 2],
    /// The findings so far: a walk continues, so that one run reports everything.
    faults: RefCell<Vec<String>>,
    /// The source of every page, for reviewing markup.
    sources: RefCell<BTreeMap<String, String>>,
}

impl Watched {
    /// Opens one for a reader of this portal.
    pub(crate) fn new(office: &Office, language: &'static str, scripts: bool) -> Self {
        let kind = Kind { scripts, watched: true, ..Kind::new(language) };
        // Colours do not depend on the width nor on scripts: two screens each, and all four in every language.
        let screens = if scripts == (language == "de") {
            [Screen::NARROW, Screen::DESKTOP.by_night()]
        } else {
            [Screen::NARROW.by_night(), Screen::DESKTOP]
        };
        Self {
            browser: Browser::of_kind(&kind),
            origin: office.origin(),
            language,
            scripts,
            screens,
            faults: RefCell::default(),
            sources: RefCell::default(),
        }
    }

    fn fault(&self, page: &str, what: &str) {
        println!("FAULT {page} ({}): {what}", self.language);
        self.faults.borrow_mut().push(format!("{page}: {what}"));
    }

    /// Judges the page that is shown: accessibility, language, width, keyboard, requests, complaints.
    pub(crate) fn judge(&self, page: &str) {
        let browser = &self.browser;
        let spoken = browser.attribute("html", "lang").unwrap_or_default();
        if spoken != self.language {
            self.fault(page, &format!("speaks {spoken:?}"));
        }
        if browser.count("h1") != 1 {
            self.fault(page, "needs one heading");
        }
        for screen in &self.screens {
            browser.look_on(*screen);
            let mut found = axe::findings(browser);
            if browser.count("iframe.frame") == 1 {
                found.extend(browser.in_frame("iframe.frame", axe::findings_in_frame));
            }
            for line in found {
                self.fault(page, &format!("on {screen:?}: {line}"));
            }
        }
        self.sources.borrow_mut().insert(page.to_owned(), browser.source());
        if self.scripts {
            for line in pages::sniffed(browser) {
                self.fault(page, &line);
            }
        }
        self.fits(page);
        // What can be reached does not depend on the language; how wide it is does.
        if self.scripts && self.language == "de" {
            browser.look_on(Screen::DESKTOP);
            for line in keyboard::unreachable(browser) {
                self.fault(page, &format!("by keyboard: {line}"));
            }
        }
        self.nothing_strange(page);
    }

    /// WCAG 2.2 SC 1.4.10 and 1.4.4: nothing scrolls sideways at 320 CSS pixels, nor at 200 %, by page or by text.
    fn fits(&self, page: &str) {
        let browser = &self.browser;
        let wide = || browser.execute("return document.documentElement.scrollWidth").as_u64().unwrap();
        // 1280 pixels at 200 % are 640.
        for width in [320, 390, 640, 1280, 2560] {
            browser.look_on(Screen { width, ..Screen::PHONE });
            let found = wide();
            if found > u64::from(width) {
                self.fault(page, &format!("is {found} wide at {width}: {}", browser.execute(STICKING_OUT)));
            }
        }
        browser.look_on(Screen::DESKTOP);
        browser.execute("document.documentElement.style.fontSize = '200%'");
        let found = wide();
        browser.execute("document.documentElement.style.fontSize = ''");
        if found > u64::from(Screen::DESKTOP.width) {
            self.fault(page, &format!("is {found} wide with text of twice the size"));
        }
    }

    /// No request left the portal, no policy was broken, no dialog opened.
    pub(crate) fn nothing_strange(&self, page: &str) {
        let records = self.browser.records();
        assert!(
            records.strays(&self.origin).is_empty(),
            "{page} asked for {:?}",
            records.strays(&self.origin)
        );
        assert!(records.dialogs.is_empty(), "{page} opened {:?}", records.dialogs);
        // A page that says 404, 422 or 503 is noted by the console, and rightly so; `[DOM]` is advice. Chromium without
        // scripts complains of a frame without address when a driver runs its own script inside the letter's frame.
        let known = [
            "the server responded with a status of 4",
            "the server responded with a status of 503",
            " - [DOM] ",
            "Framing '' violates",
            // HTML CodeSniffer, of its own words.
            "does not exist in current language",
        ];
        let status = |line: &&String| !known.iter().any(|k| line.contains(k));
        let complaints: Vec<&String> = records.complaints.iter().filter(status).collect();
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut faults = self.faults.take();
        if !std::thread::panicking() {
            faults.extend(pages::validated(&self.sources.take()));
            assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        }
    }
}
