//! The operator's appearance in mails and on pages: names, colour, logo, where to get help. Contains no
//! wording.

use crate::colour::Colour;

/// The operator's appearance.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The operator's name: "Die Haftpflichtkasse".
    pub name: String,
    /// The same in running text, as the subject of a sentence, if it takes an article: "die
    /// Haftpflichtkasse".
    pub sentence_name: Option<String>,
    /// What the operator calls the portal: "SecureMail".
    pub portal_name: String,
    /// The portal's address, as a recipient would type it.
    pub portal_url: String,
    /// The colour of buttons and headers; the shades that are readable on and beside it are computed.
    pub colour: Colour,
    /// The logo; `None`: the built-in mark.
    pub logo: Option<Logo>,
    /// Mail address, telephone number or hours for people who need help; may have several lines.
    pub contact: Option<String>,
    /// A telephone number, in addition to the contact.
    pub phone: Option<String>,
    /// The imprint: an address on the web, or its text in several lines.
    pub imprint: Option<String>,
    /// URL of the privacy statement.
    pub privacy: Option<String>,
}

/// The operator's logo. A mail embeds it and never has it fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/svg+xml` or a raster type: most mail programs show no SVG.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Width and height in CSS pixels, if known; required in mail.
    pub size: Option<(u16, u16)>,
}

impl Brand {
    /// All ways to get help, one per line.
    #[must_use]
    pub fn help(&self) -> String {
        let ways = [&self.contact, &self.phone].into_iter().flatten();
        ways.map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// The logo that a mail can show.
    #[must_use]
    pub fn mail_logo(&self) -> Option<(&Logo, (u16, u16))> {
        self.logo
            .as_ref()
            .filter(|logo| logo.content_type != "image/svg+xml")
            .and_then(|logo| Some((logo, logo.size?)))
    }
}
