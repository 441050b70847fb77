//! Looks up a page's pictures. Knows no page.

/// Finds a picture by its Content-ID.
pub(crate) type PictureOf<'a> = dyn Fn(&str) -> Option<usize> + 'a;
