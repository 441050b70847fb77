//! The operator's logo in a mail: the inline part, and the name by which the HTML part refers to it.

use sealpost_mail::Brand;

/// The Content-ID of the logo.
pub const LOGO_CID: &str = "logo";

/// The inline parts that the HTML part needs: Content-ID, type and bytes.
#[must_use]
pub fn inline_images(brand: &Brand) -> Vec<(String, String, Vec<u8>)> {
    let logo = brand.mail_logo().into_iter();
    logo.map(|(logo, _)| (LOGO_CID.to_owned(), logo.content_type.clone(), logo.bytes.clone())).collect()
}
