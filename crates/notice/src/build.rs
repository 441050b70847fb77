//! From facts to words: which texts a notice consists of. Knows no HTML.

use crate::brand::Brand;
use crate::error::NoticeError;
use crate::language::Language;
use crate::notice::{Notice, Rendered};

/// Writes `notice` in `language`; dates are those of `zone` (an IANA name).
pub fn render(
    _notice: &Notice,
    language: Language,
    _brand: &Brand,
    _zone: &str,
) -> Result<Rendered, NoticeError> {
    Err(NoticeError::Text { language: language.tag(), key: "everything" })
}
