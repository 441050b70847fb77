//! Writing: drafts, the editor, uploads, and how people type addresses. Composes and sends nothing.

pub(crate) mod begin_draft;
pub(crate) mod draft;
pub(crate) mod drafts_page;
pub(crate) mod editor;
pub(crate) mod form_files;
pub(crate) mod gone_draft;
pub(crate) mod reply;
pub(crate) mod return_to;
pub(crate) mod upload_page;

use sealpost_mail::Address;

/// Maximum recipients of one letter.
pub(crate) const MAX_RECIPIENTS: usize = 20;

/// Splits what people type into addresses.
pub(crate) fn addresses(text: &str) -> Vec<Result<Address, String>> {
    text.split([',', ';', '\n', '\r'])
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            // "Anna Muster <anna@insurer.example>", as in a letter.
            let bare = piece.rsplit_once('<').map_or(piece, |(_, rest)| rest.trim_end_matches('>'));
            Address::parse(bare.trim()).map_err(|_not| piece.chars().take(100).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_people_type_them() {
        let read = addresses("a@insurer.example; Anna <b@insurer.example>,\n c@insurer.example ,, nonsense");
        let texts: Vec<_> =
            read.iter().map(|one| one.as_ref().map_or_else(Clone::clone, Address::to_path)).collect();
        assert_eq!(texts, ["a@insurer.example", "b@insurer.example", "c@insurer.example", "nonsense"]);
        assert!(read[3].is_err());
    }
}
