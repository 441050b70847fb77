//! The portal as seen by an attacker without a browser: mailboxes of their own and of others, all routes.

use rig::http::Page;
use rig::reader::{ANSWER, PASSWORD};
use rig::{Config, Gateway, Hop, Web, letters};

/// A gateway with its environment.
pub(crate) struct Portal {
    pub(crate) hop: Hop,
    pub(crate) gateway: Gateway,
}

impl Portal {
    pub(crate) fn new() -> Self {
        let hop = Hop::new();
        let mut config = Config::new(&hop);
        config.set("portal", "trusted-proxies", r#"["127.0.0.1"]"#);
        config.set("portal.write", "domains", r#"["insurer.example"]"#).set(
            "portal.write",
            "floor",
            r#""none""#,
        );
        let gateway = Gateway::start(&config);
        Self { hop, gateway }
    }

    /// Sends a letter; returns the link in its notice.
    pub(crate) fn send(&self, to: &str, letter: &[u8]) -> String {
        let before = self.hop.delivered().len();
        self.gateway.smtp().letter("erika@insurer.example", &[to], letter).expect("250 *");
        letters::link(&self.hop.wait(before + 1)[before].bytes)
    }

    /// A letter with a text and a file, to a new owner who activates the mailbox: returns the visitor and the
    /// letter's path.
    pub(crate) fn owner(&self, to: &str, text: &str) -> (Web, String) {
        let letter =
            letters::rich("[vertraulich] Brief", text, &format!("<p>{text}</p>"), "x.pdf", b"%PDF-x");
        let link = self.send(to, &letter);
        let mut web = self.gateway.web();
        let inbox = activate(&mut web, &link, PASSWORD, &[]);
        inbox.expect(200);
        (web, letter_path(&inbox))
    }

    /// Tries a password.
    pub(crate) fn log_in(&self, address: &str, password: &str) -> (Web, bool) {
        let mut web = self.gateway.web();
        let page = web.get("/");
        let page = web.submit(&page, "/login", &[("address", address), ("password", password)]);
        let page = web.follow(page);
        let inside = page.status == 200 && page.text().contains("action=\"/logout\"");
        (web, inside)
    }
}

/// Makes a visitor come from another network, so that the limit by client ends no test.
pub(crate) fn move_on(web: &mut Web, n: usize) {
    web.extra = vec![format!("X-Forwarded-For: 10.{}.{}.1", n / 200, n % 200)];
}

/// Fills the activation form, with more fields than it has.
pub(crate) fn activate(web: &mut Web, link: &str, password: &str, more: &[(&str, &str)]) -> Page {
    let page = web.get(link);
    let path = link.rsplit_once("/a/").unwrap().1.to_owned();
    let mut filled = vec![
        ("password", password),
        ("repeat", password),
        ("question", "0"),
        ("answer", ANSWER),
        ("language", "de"),
    ];
    filled.extend_from_slice(more);
    let page = web.submit(&page, &path, &filled);
    web.follow(page)
}

/// The path of the first letter in a list.
pub(crate) fn letter_path(inbox: &Page) -> String {
    let text = inbox.text();
    let start = text.find("href=\"/m/").unwrap_or_else(|| panic!("no letter in:\n{text}")) + 6;
    text[start..].split(['"', '?']).next().unwrap().to_owned()
}
