//! How a page's pictures are found. Knows no page.

/// Where pictures with a Content-ID are found.
pub(crate) type PictureOf<'a> = dyn Fn(&str) -> Option<usize> + 'a;
