//! Targets inside a letter that its own links refer to: `href="#claims"` and the element of that name. Knows
//! nothing outside it.
//!
//! SECURITY: ids of a letter never equal ids of our pages, and only those that a link refers to are kept.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::reading::markup::Tags;
use crate::reading::text::percent_decoded;

/// Prefix of all names of a letter's.
const OURS: &str = "in-";
/// A longer name is ignored.
const MAX_NAME: usize = 80;
/// Maximum targets in a letter.
const MAX_PLACES: usize = 1000;

/// The target of a link inside the letter, as named in the frame.
pub(crate) fn of_link(href: &str) -> Option<String> {
    of_element(&percent_decoded(href.trim().strip_prefix('#')?))
}

/// An element's name in the frame. `None`: it is not a valid name.
pub(crate) fn of_element(name: &str) -> Option<String> {
    let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let name = name.trim();
    let fine = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_fine);
    fine.then(|| if name.starts_with(OURS) { name.to_owned() } else { format!("{OURS}{name}") })
}

/// All targets that links of this markup refer to.
pub(crate) fn led_to(markup: &str) -> HashSet<String> {
    let links = markup.split(" href=\"#").skip(1).filter_map(|rest| rest.split_once('"'));
    links.filter_map(|(name, _)| of_link(&format!("#{name}"))).take(MAX_PLACES).collect()
}

/// The markup with old-style targets (`<a name=x>`, HTML 4 §12.2.1) as modern ones.
pub(crate) fn named(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    if !lower.contains(" name=") || !["href=\"#", "href='#", "href=#"].iter().any(|link| lower.contains(link))
    {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len() + html.len() / 16);
    let mut copied = 0;
    for tag in Tags::new(html) {
        out.push_str(html.get(copied..tag.start).unwrap_or_default());
        copied = tag.end;
        let source = html.get(tag.start..tag.end).unwrap_or_default();
        let is_old = !tag.closing && tag.name.eq_ignore_ascii_case("a") && !source.contains(" id=");
        let at = source.to_ascii_lowercase().find(" name=").filter(|_| is_old);
        match at.and_then(|at| Some((source.get(..at)?, source.get(at + " name=".len()..)?))) {
            Some((before, after)) => out.push_str(&format!("{before} id={after}")),
            None => out.push_str(source),
        }
    }
    out.push_str(html.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_names_of_ours() {
        assert_eq!(of_link("#Kapitel%202"), None);
        assert_eq!(of_link("#_Toc12345").as_deref(), Some("in-_Toc12345"));
        assert_eq!(of_link(" #s%C3%A4tze").as_deref(), Some("in-sätze"));
        assert_eq!(of_link("#in-a").as_deref(), Some("in-a"));
        assert!(of_link("#").is_none() && of_link("x").is_none() && of_element("a b").is_none());
        assert_eq!(named("<a href='#x'>y</a><A NAME=x>z</A>"), "<a href='#x'>y</a><A id=x>z</A>");
        assert_eq!(led_to("<a href=\"#x\">y</a>").len(), 1);
    }
}
