//! The shapes of the portal's addresses, for links in mails and in pages. The portal's table of routes says what stands
//! behind them; a test there holds the two together.

/// The path of a letter's page.
#[must_use]
pub fn letter(deposit_id: &str) -> String {
    format!("/m/{deposit_id}")
}

/// All files of a letter.
#[must_use]
pub fn letter_files(deposit_id: &str) -> String {
    format!("/m/{deposit_id}/files")
}

/// A picture within a letter; the number of its part comes behind it.
#[must_use]
pub fn letter_pictures(deposit_id: &str) -> String {
    format!("/m/{deposit_id}/inline/")
}

/// The way in for the first time, or anew after a release.
#[must_use]
pub fn activation(token: &str) -> String {
    format!("/a/{token}")
}

/// The way in with a forgotten password.
#[must_use]
pub fn reset(token: &str) -> String {
    format!("/r/{token}")
}

/// The page that deletes a mailbox whose owner requested it by mail.
#[must_use]
pub fn deletion(token: &str) -> String {
    format!("/d/{token}")
}
