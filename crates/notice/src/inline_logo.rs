//! The operator's picture within a mail: what travels beside the HTML part, and under which name that part looks for it.

use sealpost_mail::Brand;

/// The Content-ID of the logo.
pub const LOGO_CID: &str = "logo";

/// What must travel beside the HTML part: Content-ID, type and bytes.
#[must_use]
pub fn inline_images(brand: &Brand) -> Vec<(String, String, Vec<u8>)> {
    let logo = brand.mail_logo().into_iter();
    logo.map(|(logo, _)| (LOGO_CID.to_owned(), logo.content_type.clone(), logo.bytes.clone())).collect()
}
