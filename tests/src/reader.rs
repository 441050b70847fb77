//! A recipient at a browser: clicks the link, chooses a password, leaves, comes back.

use crate::Browser;

/// The password all our recipients choose.
pub const PASSWORD: &str = "Birnbaum-1947-Leiter";
/// The answer to their security question.
pub const ANSWER: &str = "Rosa Luxemburg";

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
