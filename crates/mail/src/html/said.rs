//! What elements say that hold no text: where a link leads, and what a field of a form holds. Knows no page.

use html5ever::tokenizer::Tag;

use super::style::attribute;
use crate::link::Link;

/// A longer target is no target that anybody reads.
const MAX_TARGET: usize = 2000;

/// Where a link leads.
pub(super) enum Target {
    /// An address of the web, as the letter writes it.
    Web(String),
    /// People or a telephone.
    Elsewhere(Link, String),
}

impl Target {
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Web(address) | Self::Elsewhere(_, address) => address,
        }
    }
}

/// What a field of a form shows of what it holds.
pub(super) fn words_of_field(tag: &Tag) -> String {
    let value = attribute(tag, "value").map(str::trim).unwrap_or_default();
    let is_on = attribute(tag, "checked").is_some();
    match &*attribute(tag, "type").unwrap_or_default().trim().to_ascii_lowercase() {
        "hidden" | "password" | "image" | "file" | "range" | "color" => String::new(),
        "checkbox" => if is_on { "[x]" } else { "[ ]" }.to_owned(),
        "radio" => if is_on { "(x)" } else { "( )" }.to_owned(),
        _ => value.to_owned(),
    }
}

/// Where a link leads, if it leads out of the letter.
pub(super) fn target(tag: &Tag) -> Option<Target> {
    let address: String =
        attribute(tag, "href")?.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let lower = address.get(..8).unwrap_or(&address).to_ascii_lowercase();
    let is_whole = ["http://", "https://", "ftp://"].iter().any(|scheme| lower.starts_with(scheme));
    let link = Link::read(&address);
    let target = match link {
        _ if is_whole => Target::Web(address),
        Some(link) if link.domain().is_some() => Target::Web(link.href().to_owned()),
        Some(link) => {
            let shown = link.shown();
            Target::Elsewhere(link, shown)
        }
        None => return None,
    };
    // What would close the brackets it is put in would not be read as one.
    let shown = target.shown();
    let sound = shown.len() <= MAX_TARGET && !shown.contains(['<', '>']) && shown != "mailto:";
    sound.then_some(target)
}
