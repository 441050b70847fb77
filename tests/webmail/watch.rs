//! A browser that is looked over the shoulder: every page it shows is judged on every screen.

use rig::browser::Kind;
use rig::{Browser, Screen};

use crate::axe;
use crate::office::Office;

/// A watched browser.
pub(crate) struct Watched {
    pub(crate) browser: Browser,
    origin: String,
    language: &'static str,
    screens: Vec<Screen>,
}

impl Watched {
    /// Opens one for a reader of this portal.
    pub(crate) fn new(office: &Office, language: &'static str, scripts: bool) -> Self {
        let kind = Kind { scripts, watched: true, ..Kind::new(language) };
        // Scripts change nothing of the colours; half the screens do without them.
        let mut screens = vec![Screen::PHONE, Screen::DESKTOP.by_night()];
        if scripts {
            screens.extend([Screen::PHONE.by_night(), Screen::DESKTOP]);
        }
        Self { browser: Browser::of_kind(&kind), origin: office.origin(), language, screens }
    }

    /// Judges the page that is shown: accessibility, language, width, requests, complaints.
    pub(crate) fn judge(&self, page: &str) {
        let browser = &self.browser;
        let spoken = browser.attribute("html", "lang").unwrap_or_default();
        assert_eq!(spoken, self.language, "{page} speaks another language:\n{}", browser.text());
        assert_eq!(browser.count("h1"), 1, "{page} needs one heading:\n{}", browser.source());
        for screen in &self.screens {
            browser.look_on(*screen);
            let mut found = axe::findings(browser);
            // Without scripts, the warning that a session is about to end comes by a refresh; the page it leads to
            // offers more time (WCAG 2.2 SC 2.2.1, "extend").
            let to_warning = browser.count("meta[http-equiv='refresh'][content*='url=/idle?']") == 1;
            found.retain(|line| !(to_warning && line.starts_with("meta-refresh ")));
            if browser.count("iframe.frame") == 1 {
                found.extend(browser.in_frame("iframe.frame", axe::findings_in_frame));
            }
            assert!(found.is_empty(), "{page} on {screen:?}:\n{}\n{}", found.join("\n"), browser.source());
        }
        // WCAG 2.2 SC 1.4.10: nothing scrolls sideways at 320 CSS pixels.
        for width in [320, 390, 1280] {
            browser.look_on(Screen { width, ..Screen::PHONE });
            let wide = browser.execute("return document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{page} is {wide} wide at {width}:\n{}", browser.text());
        }
        self.nothing_strange(page);
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
        // A page that says 404 or 422 is noted by the console, and rightly so; `[DOM]` is advice. Chromium without
        // scripts complains of a frame without address when a driver runs its own script inside the letter's frame.
        let known = ["the server responded with a status of 4", " - [DOM] ", "Framing '' violates"];
        let status = |line: &&String| !known.iter().any(|k| line.contains(k));
        let complaints: Vec<&String> = records.complaints.iter().filter(status).collect();
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
    }
}
