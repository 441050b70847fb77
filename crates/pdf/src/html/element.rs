//! Kinds of HTML elements by name (HTML §4, §13). Knows no blocks.

use html5ever::tokenizer::Tag;

use super::style::{attribute, declared};

pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "menu"
            | "dir"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "table"
            | "caption"
            | "blockquote"
            | "pre"
            | "listing"
            | "xmp"
            | "plaintext"
            | "center"
            | "address"
            | "article"
            | "aside"
            | "details"
            | "summary"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "header"
            | "main"
            | "nav"
            | "section"
            | "body"
            | "html"
            | "hgroup"
            | "legend"
            | "tr"
            | "td"
            | "th"
            | "thead"
            | "tbody"
            | "tfoot"
            | "option"
            | "optgroup"
            | "textarea"
            | "dialog"
            | "search"
    )
}

/// Blocks with a margin after them.
pub(super) fn is_spaced(name: &str) -> bool {
    matches!(name, "p" | "ul" | "ol" | "dl" | "blockquote" | "pre" | "table" | "figure")
}

/// Blocks with a margin before them. Word and Outlook write every line as a paragraph without one.
pub(super) fn has_margin(tag: &Tag) -> bool {
    if !is_spaced(&tag.name) {
        return false;
    }
    let tight_class = attribute(tag, "class").is_some_and(|class| class.starts_with("Mso"));
    let tight_style = ["margin", "margin-top"]
        .iter()
        .any(|property| declared(tag, property).is_some_and(|margin| margin.starts_with('0')));
    !(tight_class || tight_style)
}

/// Elements that are never displayed as text.
pub(super) fn is_never_shown(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "title"
            | "template"
            | "iframe"
            | "noembed"
            | "noframes"
            | "datalist"
            | "svg"
            | "math"
            | "audio"
            | "video"
            | "canvas"
    )
}

/// Markup that ends a drawing or a formula even without its end tag (HTML §13.2.6.5).
pub(super) fn breaks_out(inside: Option<&str>, name: &str) -> bool {
    matches!(inside, Some("svg" | "math"))
        && (is_block(name) || matches!(name, "b" | "i" | "span" | "img" | "br" | "a" | "font"))
}

/// An end tag inside does not close what is outside.
pub(super) fn is_barrier(name: &str) -> bool {
    matches!(name, "table" | "td" | "th" | "caption")
}

pub(super) fn is_barrier_for(name: &str, open: &str) -> bool {
    open == "table" || (!is_table_part(name) && is_barrier(open))
}

pub(super) fn is_table_part(name: &str) -> bool {
    matches!(name, "table" | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "caption")
}
