//! The ways in which a page is read. Knows no page.

/// What stands for a line across the page.
pub(crate) const RULE: &str = "----------";

/// What is told apart for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// For people: marks of lists and quotes, targets of links, words for pictures.
    Marked,
    /// The words and the line ends that a browser shows, and nothing else.
    Shown,
    /// Shown, as if nothing but `<br>` broke a line or parted two cells: a style sheet can make it so.
    Glued,
    /// Shown, as Word and Outlook on Windows show it: what is to be kept from them is hidden.
    InWord,
    /// Shown, with what is hidden, where it stands: the style sheet asks to hide it.
    Unhidden,
    /// Shown, with a line end at the edges of whatever a style sheet is likely to make a box of.
    Boxed,
    /// As `Everything`, with a line end at every edge of every element: a style sheet can make any of them a box.
    Parted,
    /// Every word there is, what is hidden apart from what is not: what is hidden, in comments, in the title, in attributes.
    Everything,
}
