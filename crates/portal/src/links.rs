//! The URLs of the portal's pages: one function for each shape, for links, redirects and comparisons. What
//! they lead to is in `routes.rs`; a test keeps the two consistent. Knows no page.

use std::fmt::Display;

pub(crate) use sealpost_mailbox::portal_links::{
    activation, deletion, letter, letter_files, letter_pictures, reset,
};

/// The page with the log-in form.
pub(crate) const LOGIN: &str = "/";
/// Where a newcomer with an initial password chooses their own.
pub(crate) const FIRST_LOGIN: &str = "/first";
/// The way back in with a forgotten password.
pub(crate) const FORGOT: &str = "/forgot";
/// The list of received letters.
pub(crate) const INBOX: &str = "/inbox";
/// The list of sent letters.
pub(crate) const SENT: &str = "/sent";
/// Deleted letters.
pub(crate) const TRASH: &str = "/trash";
/// The page of the owner's own folders.
pub(crate) const FOLDERS: &str = "/folders";
/// The list of drafts.
pub(crate) const DRAFTS: &str = "/drafts";
/// The page of the owner's account.
pub(crate) const ACCOUNT: &str = "/account";
/// Our keys, for partners.
pub(crate) const PARTNER: &str = "/partner";

/// An owner's folder.
pub(crate) fn folder(id: &str) -> String {
    format!("/folder/{id}")
}

/// Whether that is the URL of an owner's folder.
pub(crate) fn is_folder(path: &str) -> bool {
    path.starts_with(&folder(""))
}

/// The path of a draft's editor.
pub(crate) fn draft(id: &str) -> String {
    format!("/w/{id}")
}

/// The draft's id in that URL.
pub(crate) fn draft_of(path: &str) -> Option<&str> {
    path.strip_prefix(&draft(""))
}

/// A file of a draft that is uploaded in pieces.
pub(crate) fn upload(draft_id: &str, file: &str) -> String {
    format!("{}/{file}", uploads(draft_id))
}

/// Where such a file is announced.
pub(crate) fn uploads(draft_id: &str) -> String {
    format!("{}/u", draft(draft_id))
}

/// The letter's id in that URL.
pub(crate) fn letter_of(path: &str) -> Option<&str> {
    path.strip_prefix(&letter(""))
}

/// The frame with a letter's HTML.
pub(crate) fn letter_frame(id: &str) -> String {
    format!("{}/html", letter(id))
}

/// A letter as a file for mail programs.
pub(crate) fn letter_eml(id: &str) -> String {
    format!("{}/eml", letter(id))
}

/// A letter as a file for Outlook.
pub(crate) fn letter_msg(id: &str) -> String {
    format!("{}/msg", letter(id))
}

/// A letter as PDF.
pub(crate) fn letter_pdf(id: &str) -> String {
    format!("{}/pdf", letter(id))
}

/// A letter's file, for download.
pub(crate) fn letter_part(id: &str, part: impl Display) -> String {
    format!("{}/part/{part}", letter(id))
}

/// A letter's file, to be viewed.
pub(crate) fn letter_view(id: &str, part: impl Display) -> String {
    format!("{}/view/{part}", letter(id))
}

/// A letter within a letter.
pub(crate) fn letter_inside(id: &str, part: impl Display) -> String {
    format!("{}/inside/{part}", letter(id))
}

/// The frame with its HTML.
pub(crate) fn inside_frame(id: &str, part: impl Display) -> String {
    format!("{}/html", letter_inside(id, part))
}

/// Asks for a new link instead of one that has expired.
pub(crate) fn renewal(token: &str) -> String {
    format!("{}/renew", activation(token))
}

/// The progress of an export.
pub(crate) fn export_progress(watch: &str) -> String {
    format!("/export/progress/{watch}")
}

/// A file for partners.
pub(crate) fn partner_file(name: &str) -> String {
    format!("{PARTNER}/{name}")
}

/// A script, style or picture of the portal.
pub(crate) fn asset(name: &str) -> String {
    format!("/static/{name}")
}

/// The name of the asset with that URL.
pub(crate) fn asset_of(path: &str) -> Option<&str> {
    path.strip_prefix(&asset(""))
}

/// The page at `path`, with a message: `("note", "saved")`.
pub(crate) fn saying(path: &str, (key, word): (&str, &str)) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}{key}={word}")
}
