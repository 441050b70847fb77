//! The result of fetching each authority's revocation list, one line each: which list is stored, since when, until when
//! it is valid, whether this gateway has fetched it, and when it was last requested.

use sealpost_arrival::is_ours;
use sealpost_mail::Timestamp;
use sealpost_partner::PartnerKey;
use sealpost_seal::{ListSource, RevocationList};
use sealpost_store::{RevocationListRow, Store, StoreError};
use sealpost_support::instant;
use sealpost_vault::TagKey;
use serde_json::{Value, json};

use super::untrusted_text::clean;

/// One list.
pub(super) struct FetchedList {
    row: RevocationListRow,
    here: Here,
}

/// What is stored.
enum Here {
    Nothing,
    /// Something that this gateway has not stored: it is ignored.
    Others,
    /// The last valid list.
    Ours(RevocationList),
}

/// Every list that was ever requested.
pub(super) async fn all(store: &Store, tags: &TagKey) -> Result<Vec<FetchedList>, StoreError> {
    let mut all = Vec::new();
    for row in store.revocation_lists().await? {
        let stored = store.revocation_list(&row.address, &row.authority).await?;
        let ours = stored.as_ref().filter(|stored| is_ours(tags, stored));
        let read = ours.and_then(|ours| RevocationList::read(&ours.der).ok()?.pop());
        let here = match read {
            Some(list) => Here::Ours(list),
            None if stored.is_none() && row.kept.is_none() => Here::Nothing,
            None => Here::Others,
        };
        all.push(FetchedList { row, here });
    }
    Ok(all)
}

impl FetchedList {
    /// As a line of text.
    pub(super) fn line(&self, now: Timestamp) -> String {
        let moment = |at| instant(at).unwrap_or_default();
        let fetched = moment(self.row.kept.map(|kept| kept.fetched_at));
        let here = match &self.here {
            Here::Nothing => "none has come yet".to_owned(),
            Here::Others => "what lies in its place did not come from this gateway and counts for nothing: `sealpost jobs run ocsp` \
                             removes it and asks again"
                .to_owned(),
            Here::Ours(list) => {
                let (since, until) = (moment(Some(list.since)), moment(list.until));
                match list.is_current(now) {
                    true => format!(
                        "the one that counts is of {since}, good until {until}; fetched {fetched}, proven"
                    ),
                    false => format!(
                        "the one that is here is of {since} and was good until {until}: whom it names stays revoked, and it vouches \
                         for nobody; fetched {fetched}, proven"
                    ),
                }
            }
        };
        // Text from others, with terminal control characters removed.
        let (address, answer) = (clean(&self.row.address), clean(&self.row.answer));
        format!("revocation list {address}, asked for {}: {answer}; {here}", moment(Some(self.row.asked_at)))
    }

    /// As JSON.
    pub(super) fn object(&self) -> Value {
        let ours = match &self.here {
            Here::Nothing | Here::Others => None,
            Here::Ours(list) => Some(list),
        };
        json!({
            "address": self.row.address,
            "asked": self.row.asked_at.seconds(),
            "answer": self.row.answer,
            "since": ours.map(|list| list.since.seconds()),
            "until": ours.and_then(|list| list.until).map(Timestamp::seconds),
            "fetched": ours.and(self.row.kept).map(|kept| kept.fetched_at.seconds()),
            "proven": ours.is_some(),
        })
    }

    /// Whether the last fetch brought no valid list, or the stored one was replaced by another party.
    pub(super) fn has_failed(&self) -> bool {
        let answered = matches!(self.row.answer.as_str(), "new" | "unchanged");
        !answered || matches!(self.here, Here::Others)
    }
}

/// The lists that cover this key and the certificates that came with it.
pub(super) fn about<'a>(
    key: &PartnerKey,
    roots: &[Vec<u8>],
    lists: &'a [FetchedList],
    now: Timestamp,
) -> Vec<&'a FetchedList> {
    let sources = ListSource::of_key(&key.key, roots, now);
    let is_of = |list: &&FetchedList| {
        sources.iter().any(|source| {
            source.addresses.first() == Some(&list.row.address)
                && source.authority_print.to_hex() == list.row.authority
        })
    };
    lists.iter().filter(is_of).collect()
}
