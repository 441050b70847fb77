//! The shapes of the portal's URLs, for links in mails and pages. The portal's table of routes says what they
//! lead to; a test there keeps the two consistent.

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

/// A picture in a letter; its part number is appended.
#[must_use]
pub fn letter_pictures(deposit_id: &str) -> String {
    format!("/m/{deposit_id}/inline/")
}

/// Activation, for the first time or after a release.
#[must_use]
pub fn activation(token: &str) -> String {
    format!("/a/{token}")
}

/// Resetting a forgotten password.
#[must_use]
pub fn reset(token: &str) -> String {
    format!("/r/{token}")
}

/// The page that deletes a mailbox whose owner requested it by mail.
#[must_use]
pub fn deletion(token: &str) -> String {
    format!("/d/{token}")
}
