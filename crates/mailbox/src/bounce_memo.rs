//! The memo of a mail that may bounce, sealed together with what its row says, so that it counts in that row alone; and the token
//! in the mail's reverse-path, by which the row is found. Knows no notice, no reply and no address.

use std::fmt;

use sealpost_mail::{Random, Secret, Timestamp, hex};
use sealpost_store::{BounceMemo, MemoKey, NewBounceMemo};
use sealpost_vault::{BodyHash, Label, RowKey, VaultError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The token in a reverse-path: a random word, in lower-case hex digits, since servers in transit may write a local part in
/// capitals. It is sealed in the memo, and its row has a hash of it: who reads the database can write to no reverse-path of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnToken(String);

impl ReturnToken {
    /// A new one.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        let mut word = [0_u8; 16];
        random.fill(&mut word);
        Self(hex(&word))
    }

    /// One that was found in a recipient.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// Its text, for a reverse-path.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What its row has of it. Without a key, so that it is found under any server key; a word of 128 random bits needs none.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = BodyHash::default();
        hash.update(self.0.as_bytes());
        hash.finish()
    }
}

impl fmt::Debug for ReturnToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReturnToken")
    }
}

/// One mail about a letter.
#[derive(Clone, Copy, Debug)]
pub struct MemoOf<'a> {
    /// The mailbox that it is about.
    pub mailbox_id: &'a str,
    /// The letter that it is about.
    pub deposit_id: &'a str,
    /// Its number among the letter's mails.
    pub number: u8,
    /// When it is queued.
    pub at: Timestamp,
}

/// What a memo's row says, as it is sealed with the memo.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    mail: String,
    mailbox: String,
    letter: String,
    at: Timestamp,
    token: ReturnToken,
}

/// A memo with its place.
#[derive(Serialize)]
struct Placed<'a, M> {
    place: Place,
    #[serde(flatten)]
    memo: &'a M,
}

/// Only its place; nothing in memos from before there were hashes of tokens.
#[derive(Deserialize)]
struct PlaceOnly {
    #[serde(default)]
    place: Option<Place>,
}

/// Why a row holds no memo.
#[derive(Debug, thiserror::Error)]
pub enum MemoError {
    /// It does not open.
    #[error("its memo: {0}")]
    Sealed(#[from] VaultError),
    /// It opens, and its content is not understood.
    #[error("its memo is not understood: {0}")]
    Content(#[from] serde_json::Error),
    /// The memo was sealed for another row, or for this one with other fields.
    #[error("its memo belongs to another row")]
    Elsewhere,
}

/// A memo's row.
///
/// # Errors
/// The memo has no JSON form.
pub fn seal_memo<M: Serialize>(
    rows: &RowKey,
    label: Label,
    of: &MemoOf<'_>,
    token: &ReturnToken,
    memo: &M,
    random: &dyn Random,
) -> Result<NewBounceMemo, serde_json::Error> {
    let place = Place {
        mail: MemoKey::of(of.deposit_id, of.number).as_str().to_owned(),
        mailbox: of.mailbox_id.to_owned(),
        letter: of.deposit_id.to_owned(),
        at: of.at,
        token: token.clone(),
    };
    let json = Secret::new(serde_json::to_vec(&Placed { place, memo })?);
    Ok(NewBounceMemo {
        mailbox_id: of.mailbox_id.to_owned(),
        deposit_id: of.deposit_id.to_owned(),
        number: of.number,
        return_hash: token.hash(),
        memo_sealed: rows.seal(label, of.deposit_id, json.expose(), random),
        created_at: of.at,
    })
}

/// The memo of a row, if it was sealed for it. Of before there were hashes a memo is sealed for its letter alone, and its row has
/// no hash.
///
/// # Errors
/// The row holds no memo of this kind.
pub fn open_memo<M: DeserializeOwned>(rows: &RowKey, label: Label, row: &BounceMemo) -> Result<M, MemoError> {
    Ok(serde_json::from_slice(placed(rows, label, row)?.expose())?)
}

/// Whether a row holds a memo of any kind.
///
/// # Errors
/// It holds none.
pub fn verify_memo(rows: &RowKey, row: &BounceMemo) -> Result<(), MemoError> {
    match placed(rows, Label::NoticeMemo, row) {
        Err(MemoError::Sealed(_)) => placed(rows, Label::ReplyMemo, row).map(drop),
        of_a_notice => of_a_notice.map(drop),
    }
}

fn placed(rows: &RowKey, label: Label, row: &BounceMemo) -> Result<Secret<Vec<u8>>, MemoError> {
    let plain = rows.open(label, &row.deposit_id, &row.memo_sealed)?;
    let PlaceOnly { place } = serde_json::from_slice(plain.expose())?;
    let is_here = match (&place, &row.return_hash) {
        (None, None) => row.key.is_about(&row.deposit_id),
        (Some(place), Some(hash)) => {
            place.mail == row.key.as_str()
                && place.mailbox == row.mailbox_id
                && place.letter == row.deposit_id
                && place.at == row.created_at
                && place.token.hash().as_slice() == hash.as_slice()
        }
        (None, Some(_)) | (Some(_), None) => false,
    };
    if is_here { Ok(plain) } else { Err(MemoError::Elsewhere) }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SequenceRandom;
    use sealpost_vault::ServerKey;

    use super::*;

    const AT: Timestamp = Timestamp(1_795_280_400_000);

    fn stored(of: &NewBounceMemo) -> BounceMemo {
        BounceMemo {
            key: of.key(),
            mailbox_id: of.mailbox_id.clone(),
            deposit_id: of.deposit_id.clone(),
            return_hash: Some(of.return_hash.to_vec()),
            memo_sealed: of.memo_sealed.clone(),
            created_at: of.created_at,
        }
    }

    #[test]
    fn a_memo_counts_in_its_own_row_and_with_what_that_said() {
        let random = SequenceRandom::default();
        let rows = ServerKey::from_bytes(Secret::new([0x41; 32])).keys().rows;
        let of = MemoOf { mailbox_id: "m", deposit_id: "d", number: 3, at: AT };
        let token = ReturnToken::new(&random);
        let memo = vec![("sender".to_owned(), "a@b".to_owned())];
        let memo: std::collections::BTreeMap<_, _> = memo.into_iter().collect();
        let row = stored(&seal_memo(&rows, Label::NoticeMemo, &of, &token, &memo, &random).unwrap());
        let opened = |row: &BounceMemo| {
            open_memo::<serde_json::Value>(&rows, Label::NoticeMemo, row).map(|memo| memo["sender"].clone())
        };
        assert_eq!(opened(&row).unwrap(), "a@b");
        assert!(verify_memo(&rows, &row).is_ok());
        assert!(!row.memo_sealed.windows(32).any(|part| part == token.expose().as_bytes()));
        let another = ReturnToken::new(&random).hash().to_vec();
        for forged in [
            BounceMemo { mailbox_id: "n".to_owned(), ..row.clone() },
            BounceMemo { key: MemoKey::of("d", 4), ..row.clone() },
            BounceMemo { key: MemoKey::of("e", 3), deposit_id: "e".to_owned(), ..row.clone() },
            BounceMemo { created_at: AT.plus(std::time::Duration::from_millis(1)), ..row.clone() },
            BounceMemo { return_hash: Some(another), ..row.clone() },
            BounceMemo { return_hash: None, ..row.clone() },
            BounceMemo { memo_sealed: vec![0; 60], ..row.clone() },
        ] {
            assert!(opened(&forged).is_err() && verify_memo(&rows, &forged).is_err(), "{forged:?}");
        }
    }

    #[test]
    fn one_of_before_counts_without_a_hash_and_for_its_letter() {
        let random = SequenceRandom::default();
        let rows = ServerKey::from_bytes(Secret::new([0x41; 32])).keys().rows;
        let row = BounceMemo {
            key: MemoKey::first("d"),
            mailbox_id: "m".to_owned(),
            deposit_id: "d".to_owned(),
            return_hash: None,
            memo_sealed: rows.seal(Label::ReplyMemo, "d", br#"{"recipient":"a@b"}"#, &random),
            created_at: AT,
        };
        assert!(verify_memo(&rows, &row).is_ok());
        assert!(open_memo::<serde_json::Value>(&rows, Label::ReplyMemo, &row).is_ok());
        for forged in [
            BounceMemo { key: MemoKey::first("e"), ..row.clone() },
            BounceMemo { return_hash: Some(ReturnToken::new(&random).hash().to_vec()), ..row.clone() },
        ] {
            assert!(matches!(verify_memo(&rows, &forged), Err(MemoError::Elsewhere)), "{forged:?}");
        }
    }
}
