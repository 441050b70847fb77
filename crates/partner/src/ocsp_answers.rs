//! Authorities' OCSP answers about partners' certificates (RFC 6960), with proofs: an attacker who writes to the database can
//! neither show a forged answer nor delay the next request. Makes no requests, and trusts no answer.

use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_store::{AsItStands, OcspRow, Store};
use sealpost_vault::TagKey;

use crate::error::PartnerError;

/// Its name in the log and in `check`.
pub(crate) const KIND: &str = "authority's answer about key";

/// An authority's answer about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswered {
    /// The key's row.
    pub key_id: String,
    /// The answer in one word.
    pub answer: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it may be asked again.
    pub again_at: Timestamp,
}

/// Reads and writes OCSP answers.
#[derive(Clone, Copy)]
pub struct OcspAnswers<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What proves them.
    pub tags: &'a TagKey,
}

impl OcspAnswered {
    /// Whether its authority is to be asked again, at the latest `latest` after the last time: a time written by a wrong clock must
    /// not prevent it.
    #[must_use]
    pub fn is_over(&self, latest: Duration, now: Timestamp) -> bool {
        self.again_at <= now || self.asked_at > now || self.asked_at.plus(latest) <= now
    }

    fn proof(&self, tags: &TagKey) -> [u8; 32] {
        let times = [self.asked_at, self.again_at].map(|at| at.0.to_be_bytes()).concat();
        tags.row_proof("ocsp-answer", &[self.key_id.as_bytes(), self.answer.as_bytes()], &times)
    }
}

impl OcspAnswers<'_> {
    /// The answers written by us. Others are skipped and logged: their authorities are asked again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn all(&self) -> Result<Vec<OcspAnswered>, PartnerError> {
        let mut all = Vec::new();
        for (key_id, answer) in self.read().await? {
            match answer {
                Some(answer) => all.push(answer),
                None => tracing::error!(
                    row.kind = KIND,
                    row.id = key_id,
                    "a row failed verification and was refused"
                ),
            }
        }
        Ok(all)
    }

    /// The same, and the others go: also about keys whose authorities are not asked any more, which would stay for ever.
    ///
    /// # Errors
    /// The store's.
    pub async fn only_ours(&self) -> Result<Vec<OcspAnswered>, PartnerError> {
        let mut ours = Vec::new();
        for (key_id, answer) in self.read().await? {
            if let Some(answer) = answer {
                ours.push(answer);
                continue;
            }
            tracing::error!(row.kind = KIND, row.id = key_id, "a row failed verification and was removed");
            self.store.forget_ocsp(&key_id).await?;
        }
        Ok(ours)
    }

    /// Every row by its key, with the answer if we have written it.
    pub(crate) async fn read(&self) -> Result<Vec<(String, Option<OcspAnswered>)>, PartnerError> {
        let rows = self.store.ocsp_answers().await?;
        Ok(rows.into_iter().map(|row| self.proven(row)).collect())
    }

    fn proven(&self, row: AsItStands<OcspRow>) -> (String, Option<OcspAnswered>) {
        match row {
            Ok(OcspRow { key_id, answer, asked_at, again_at, proof }) => {
                let said = OcspAnswered { key_id: key_id.clone(), answer, asked_at, again_at };
                let ours = said.proof(self.tags) == proof;
                (key_id, ours.then_some(said))
            }
            Err(key_id) => (key_id, None),
        }
    }

    /// Stores an answer, replacing the last.
    ///
    /// # Errors
    /// The store failed.
    pub async fn note(&self, said: OcspAnswered) -> Result<(), PartnerError> {
        let proof = said.proof(self.tags);
        let OcspAnswered { key_id, answer, asked_at, again_at } = said;
        Ok(self.store.note_ocsp(OcspRow { key_id, answer, asked_at, again_at, proof }).await?)
    }
}

#[cfg(test)]
mod tests {
    use sealpost_mail::SystemRandom;
    use sealpost_store::StoreOptions;
    use sealpost_vault::ServerKey;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn good(asked: i64, again: i64) -> OcspAnswered {
        OcspAnswered {
            key_id: "k".to_owned(),
            answer: "good".to_owned(),
            asked_at: Timestamp(asked),
            again_at: Timestamp(again),
        }
    }

    #[test]
    fn an_answer_that_says_never_again_is_asked_for_after_a_day() {
        let day = i64::try_from(DAY.as_millis()).unwrap();
        assert!(!good(0, i64::MAX).is_over(DAY, Timestamp(day - 1)));
        assert!(good(0, i64::MAX).is_over(DAY, Timestamp(day)));
        assert!(good(5, i64::MAX).is_over(DAY, Timestamp(4)));
        assert!(good(0, 3).is_over(DAY, Timestamp(3)));
    }

    #[tokio::test]
    async fn what_nobody_of_us_has_written_is_no_answer() {
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(scratch.path().join("store"))).unwrap();
        let tags = ServerKey::generate(&SystemRandom).keys().tags;
        let answers = OcspAnswers { store: &store, tags: &tags };
        answers.note(good(1, 2)).await.unwrap();
        assert_eq!(answers.all().await.unwrap(), [good(1, 2)]);
        let [Ok(ours)] = &store.ocsp_answers().await.unwrap()[..] else { panic!("there is one") };
        for forged in [
            OcspRow { answer: "revoked".to_owned(), ..ours.clone() },
            OcspRow { again_at: Timestamp(9), ..ours.clone() },
            OcspRow { asked_at: Timestamp(0), ..ours.clone() },
            OcspRow { proof: [0; 32], ..ours.clone() },
        ] {
            store.note_ocsp(forged).await.unwrap();
            assert_eq!(answers.all().await.unwrap(), []);
        }
        store.note_ocsp(OcspRow { key_id: "l".to_owned(), ..ours.clone() }).await.unwrap();
        assert_eq!(answers.read().await.unwrap().len(), 2);
        assert_eq!(answers.all().await.unwrap(), []);
        answers.note(good(1, 2)).await.unwrap();
        assert_eq!(answers.only_ours().await.unwrap(), [good(1, 2)]);
        assert_eq!(answers.read().await.unwrap().len(), 1, "the other has gone");
    }
}
