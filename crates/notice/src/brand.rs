//! Who the mail comes from, as its reader shall see it: names, colour, logo, contact. Knows no texts.

use sealpost_mail::Colour;

/// The operator's appearance.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The operator's name: "Die Haftpflichtkasse".
    pub name: String,
    /// The same within a sentence, as its subject, where that has an article: "die Haftpflichtkasse".
    pub sentence_name: Option<String>,
    /// What the operator calls the portal: "SecureMail".
    pub portal_name: String,
    /// The portal's address, as a recipient would type it.
    pub portal_url: String,
    /// The button's colour.
    pub colour: Colour,
    /// An image to send along, never one to fetch.
    pub logo: Option<Logo>,
    /// Where a reader gets help: telephone, address, hours; may have several lines.
    pub contact: String,
    /// The imprint: an address on the web, or its text in several lines.
    pub imprint: Option<String>,
    /// Where the privacy statement is.
    pub privacy: Option<String>,
}

/// An image that travels inside the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png` or another raster type; most mail programs show no SVG.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Width in CSS pixels.
    pub width: u16,
    /// Height in CSS pixels.
    pub height: u16,
}

/// The Content-ID under which the HTML part looks for the logo.
pub const LOGO_CID: &str = "logo";

impl Brand {
    /// What must travel beside the HTML part: Content-ID, type and bytes.
    #[must_use]
    pub fn inline_images(&self) -> Vec<(String, String, Vec<u8>)> {
        self.logo
            .iter()
            .map(|logo| (LOGO_CID.to_owned(), logo.content_type.clone(), logo.bytes.clone()))
            .collect()
    }
}
