//! A recipient with a browser: clicks the link, chooses a password, leaves, comes back.

use crate::http::Page;
use crate::{Browser, Web};

/// The password all our recipients choose.
pub const PASSWORD: &str = "Birnbaum-1947-Leiter";
/// The answer to their security question.
pub const ANSWER: &str = "Rosa Luxemburg";

/// Fills the activation page without a browser; gives the inbox.
pub fn activate(web: &mut Web, link: &str) -> Page {
    activate_with(web, link, PASSWORD)
}

/// The same with another password.
pub fn activate_with(web: &mut Web, link: &str, password: &str) -> Page {
    let inbox = try_activate(web, link, password);
    inbox.expect(200);
    inbox
}

/// The same for a reader of this language.
pub fn activate_in(web: &mut Web, link: &str, language: &str) -> Page {
    let inbox = try_in(web, link, PASSWORD, language);
    inbox.expect(200);
    inbox
}

/// What comes of trying.
pub fn try_activate(web: &mut Web, link: &str, password: &str) -> Page {
    try_in(web, link, password, "de")
}

fn try_in(web: &mut Web, link: &str, password: &str, language: &str) -> Page {
    let page = web.get(link);
    if page.status != 200 {
        return page;
    }
    let path = link.rsplit_once("/a/").unwrap().1.to_owned();
    let filled = [
        ("password", password),
        ("repeat", password),
        ("question", "0"),
        ("answer", ANSWER),
        ("language", language),
    ];
    let page = web.submit(&page, &path, &filled);
    web.follow(page)
}

/// The paths of the letters in a list, in its order.
#[must_use]
pub fn letter_paths(list: &Page) -> Vec<String> {
    let text = list.text();
    text.split("href=\"/m/").skip(1).map(|rest| format!("/m/{}", &rest[..32])).collect()
}

/// The path of the first one.
#[must_use]
pub fn letter_path(list: &Page) -> String {
    letter_paths(list).into_iter().next().unwrap_or_else(|| panic!("no letter in:\n{}", list.text()))
}

impl Browser {
    /// Fills the activation page as its reader would, and lands in the inbox.
    pub fn activate(&self, link: &str) {
        self.open(link);
        self.fill("#password", PASSWORD);
        self.fill("#repeat", PASSWORD);
        self.choose("#question", "0");
        self.fill("#answer", ANSWER);
        self.click_through("main form .submit button");
        assert!(self.url().contains("/inbox"), "not activated: {}\n{}", self.url(), self.text());
    }

    /// Logs in from the log-in page.
    pub fn log_in(&self, address: &str, password: &str) {
        self.fill("#address", address);
        self.fill("#password", password);
        self.click_through("form[action='/login'] button.button");
    }

    /// Logs out by the menu at the own address.
    pub fn log_out(&self) {
        self.click("details.menu summary");
        self.click_through("form[action='/logout'] button");
    }
}
