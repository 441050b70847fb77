//! Kinds of HTML elements by name (HTML §4, §13, §15). Knows no text.

pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
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

/// Elements displayed as blocks (HTML §15.3).
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "optgroup"
            | "option"
            | "p"
            | "plaintext"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "textarea"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
            | "xmp"
    )
}

pub(super) fn is_cell(name: &str) -> bool {
    matches!(name, "td" | "th")
}

/// Blocks with an empty line before and after them.
pub(super) fn is_spaced(name: &str) -> bool {
    matches!(name, "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "figure" | "dl")
}

pub(super) fn keeps_blanks(name: &str) -> bool {
    matches!(name, "pre" | "listing" | "xmp" | "plaintext" | "textarea")
}

/// Elements that end only at their own end tag, whatever has begun inside them (HTML §13.2.4.2).
pub(super) fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Pictures and form fields in a line, which separate the words around them; and elements displayed above or below
/// others (HTML §4.5.12).
pub(super) fn is_apart(name: &str) -> bool {
    matches!(
        name,
        "audio"
            | "button"
            | "canvas"
            | "embed"
            | "iframe"
            | "img"
            | "input"
            | "label"
            | "math"
            | "meter"
            | "object"
            | "progress"
            | "q"
            | "rb"
            | "rt"
            | "rtc"
            | "ruby"
            | "select"
            | "svg"
            | "textarea"
            | "video"
    )
}

/// Form fields, whose words are separate from those around them.
pub(super) fn is_field(name: &str) -> bool {
    matches!(name, "button" | "select" | "textarea" | "meter" | "progress")
}

/// Elements whose text is not displayed. `<noscript>` is displayed: a mail runs no scripts. So is the content of
/// `<object>`, as objects are never shown.
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
            | "audio"
            | "video"
            | "canvas"
            | "rp"
    )
}

/// Content that is not markup: one token up to its end tag, or to the end of the text.
pub(super) fn is_raw(name: &str) -> bool {
    matches!(name, "title" | "textarea" | "style" | "script" | "iframe" | "noembed" | "noframes" | "xmp")
}

/// Elements by what they end and what ends them: one bit each, so that many open elements cost little.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    const PARAGRAPH: Self = Self(1);
    const ITEM: Self = Self(1 << 1);
    const TERM: Self = Self(1 << 2);
    const ROW: Self = Self(1 << 3);
    const CELL: Self = Self(1 << 4);
    const CAPTION: Self = Self(1 << 5);
    const ROWS: Self = Self(1 << 6);
    const OPTION: Self = Self(1 << 7);
    const LIST: Self = Self(1 << 8);
    const TERMS: Self = Self(1 << 9);
    const TABLE: Self = Self(1 << 10);
    const TEMPLATE: Self = Self(1 << 11);
    const SELECT: Self = Self(1 << 12);
    const OBJECT: Self = Self(1 << 13);
    const NONE: Self = Self(0);
    /// An end tag inside does not close what is outside.
    pub(super) const BARRIERS: Self =
        Self(Self::TABLE.0 | Self::CELL.0 | Self::CAPTION.0 | Self::TEMPLATE.0 | Self::OBJECT.0);

    pub(super) fn of(name: &str) -> Self {
        match name {
            "p" => Self::PARAGRAPH,
            "li" => Self::ITEM,
            "dt" | "dd" => Self::TERM,
            "tr" => Self::ROW,
            "td" | "th" => Self::CELL,
            "caption" => Self::CAPTION,
            "thead" | "tbody" | "tfoot" => Self::ROWS,
            "option" => Self::OPTION,
            "ul" | "ol" | "menu" | "dir" => Self::LIST,
            "dl" => Self::TERMS,
            "table" => Self::TABLE,
            "template" => Self::TEMPLATE,
            "select" => Self::SELECT,
            "button" | "object" | "marquee" => Self::OBJECT,
            _ => Self::NONE,
        }
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Elements that a start tag ends, and the elements that limit this (HTML §13.1.2.4, §13.2.4.2).
pub(super) fn ended_by(name: &str) -> Option<(Kinds, Kinds)> {
    let table = Kinds::TABLE.with(Kinds::TEMPLATE);
    let in_row = Kinds::CELL.with(Kinds::CAPTION);
    let in_cell = table.with(Kinds::CELL);
    Some(match name {
        "li" => (Kinds::ITEM, in_cell.with(Kinds::LIST)),
        "dt" | "dd" => (Kinds::TERM, in_cell.with(Kinds::TERMS)),
        "tr" => (in_row.with(Kinds::ROW), table),
        "td" | "th" => (in_row, table),
        "thead" | "tbody" | "tfoot" => (in_row.with(Kinds::ROW).with(Kinds::ROWS), table),
        "option" | "optgroup" => (Kinds::OPTION, Kinds::SELECT),
        _ if is_block(name) => (Kinds::PARAGRAPH, in_cell.with(Kinds::CAPTION).with(Kinds::OBJECT)),
        _ => return None,
    })
}

pub(super) fn is_table_part(name: &str) -> bool {
    matches!(name, "table" | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "caption")
}
