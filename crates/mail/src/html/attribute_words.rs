//! Texts of elements outside their content: link targets, values of form fields, words in attributes. Knows
//! no page.

use html5ever::tokenizer::Tag;

use super::style::attribute;
use crate::data_address;
use crate::display::shows_nothing;
use crate::link::Link;

/// A longer target is not shown.
const MAX_TARGET: usize = 2000;

/// Where a link leads.
pub(super) enum Target {
    /// A web address, as the letter writes it.
    Web(String),
    /// Mail recipients or a telephone number.
    Elsewhere(Link, String),
}

impl Target {
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Web(address) | Self::Elsewhere(_, address) => address,
        }
    }

    /// Whether the link's words already say where it leads. Invisible words need no addition.
    pub(super) fn is_said_by(&self, said: &str) -> bool {
        let bare = |text: &str| {
            let text = text.trim().trim_end_matches('/');
            let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
            text.to_lowercase()
        };
        let (target, words) = (bare(self.shown()), bare(said));
        shows_nothing(&words)
            || words == target
            || words.contains(self.shown())
            || matches!(self, Self::Elsewhere(link, _) if link.is_said_by(said))
    }
}

/// Words of attributes that some program may show.
pub(super) fn words_in_attributes(tag: &Tag) -> impl Iterator<Item = String> {
    let shown = |name: &str| {
        matches!(
            name,
            "alt"
                | "title"
                | "value"
                | "placeholder"
                | "label"
                | "summary"
                | "content"
                | "aria-label"
                | "abbr"
                | "href"
                | "action"
                | "cite"
        )
    };
    let words = tag.attrs.iter().filter(move |attribute| shown(&attribute.name.local));
    words.map(|attribute| attribute.value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// A name that was typed in angle brackets, with the words behind it.
pub(super) fn typed_words(tag: &Tag) -> String {
    let mut words = tag.name.to_string();
    for attribute in &tag.attrs {
        for word in [&*attribute.name.local, &*attribute.value].into_iter().filter(|word| !word.is_empty()) {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

/// Attributes with addresses that hold what they lead to. Line ends and tabs within an address count for nothing (URL §4.4).
pub(super) fn data_in_attributes(tag: &Tag) -> impl Iterator<Item = String> {
    let bare = |value: &str| value.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect::<String>();
    tag.attrs.iter().map(move |attribute| bare(&attribute.value)).filter(|value| data_address::is_in(value))
}

/// Whole pages in attributes.
pub(super) fn pages_in_attributes(tag: &Tag) -> impl Iterator<Item = String> {
    let pages = tag.attrs.iter().filter(|attribute| &*attribute.name.local == "srcdoc");
    pages.map(|attribute| attribute.value.trim().to_owned())
}

/// The visible part of a form field's value.
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

/// The target of a link, if it is outside the letter.
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
    // A target that contains a closing bracket would be cut at it.
    let shown = target.shown();
    let sound = shown.len() <= MAX_TARGET && !shown.contains(['<', '>']) && shown != "mailto:";
    sound.then_some(target)
}
