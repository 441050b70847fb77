//! What came of asking authorities for their revocation lists, in a line each: which is here, and when it was last asked for.

use sealpost_mail::Timestamp;
use sealpost_partner::PartnerKey;
use sealpost_seal::ListSource;
use sealpost_store::RevocationListRow;
use sealpost_support::instant;

use super::others_words::clean;

/// One list.
pub(super) fn line(row: &RevocationListRow) -> String {
    let moment = |at| instant(Some(at)).unwrap_or_default();
    let here = match row.kept {
        Some(kept) => {
            format!("the one that counts is of {} until {}", moment(kept.since), moment(kept.until))
        }
        None => "none has come yet".to_owned(),
    };
    // Another's words, without what a terminal would obey.
    let (address, answer) = (clean(&row.address), clean(&row.answer));
    format!("revocation list {address}, asked for {}: {answer}; {here}", moment(row.asked_at))
}

/// Whether nothing that counts came when it was last asked for.
pub(super) fn has_failed(row: &RevocationListRow) -> bool {
    !matches!(row.answer.as_str(), "new" | "unchanged")
}

/// Those that tell of this key, and of what came with it.
pub(super) fn about<'a>(
    key: &PartnerKey,
    roots: &[Vec<u8>],
    rows: &'a [RevocationListRow],
    now: Timestamp,
) -> Vec<&'a RevocationListRow> {
    let sources = ListSource::of_key(&key.key, roots, now);
    let is_of = |row: &&RevocationListRow| {
        sources.iter().any(|source| {
            source.addresses.first() == Some(&row.address) && source.authority_print.to_hex() == row.authority
        })
    };
    rows.iter().filter(is_of).collect()
}
