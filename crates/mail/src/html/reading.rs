//! The ways in which a page is read. Knows no page.

/// The text form of a horizontal rule.
pub(crate) const RULE: &str = "----------";

/// A way of reading a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// For people: list and quote marks, link targets, alternative texts of pictures.
    Marked,
    /// The words and line ends that a browser shows, and nothing else.
    Shown,
    /// Like `Shown`, as if only `<br>` broke lines and separated cells: a style sheet can achieve that.
    Glued,
    /// Like `Shown`, as Word and Outlook on Windows display it: text that is hidden from them is left out.
    InWord,
    /// Like `Shown`, including hidden text in its place: the style sheet is to hide it.
    Unhidden,
    /// Like `Shown`, with a line end at the edges of elements that a style sheet is likely to make boxes.
    Boxed,
    /// As `Everything`, with a line end at every edge of every element: a style sheet can make any of them a box.
    Parted,
    /// All words, hidden ones separate from visible ones: hidden text, comments, the title, attributes.
    Everything,
}
