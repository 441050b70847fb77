//! Asks authorities whether they have revoked partners' certificates (RFC 6960), each when its last answer has expired.
//! What they revoke is revoked permanently; every other answer is only shown. No letter waits for any of this.

use std::collections::HashSet;
use std::time::Duration;

use sealpost_delivery::Fetcher;
use sealpost_mail::Timestamp;
use sealpost_partner::{Book, OcspAnswered, OcspAnswers, Partner, PartnerKey, PartnerWithKeys, Standing};
use sealpost_seal::OcspAnswer;
use sealpost_store::PartnerKeyState;

use crate::authorities::Ocsp;
use crate::expiring_keys::failed;
use crate::job_context::{Counts, Failed, JobContext, PartnerWork};
use crate::revoked_certificates::revoke;

/// Maximum validity of a good answer; it is never asked for again before [`SOONEST`].
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);
const SOONEST: Duration = Duration::from_secs(55 * 60);

/// Media type of a request (RFC 6960 appendix A.1).
const QUESTION: &str = "application/ocsp-request";

pub(super) async fn ask(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let Some(work) = &job_context.partners else { return Ok(Vec::new()) };
    let fetcher = match work.authorities.ocsp {
        Ocsp::Ask if !work.roots.is_empty() => work.authorities.fetcher(),
        Ocsp::Ask | Ocsp::Off => return Ok(Vec::new()),
    };
    let fetcher = fetcher.map_err(|error| Failed::Keys(error.to_string()))?;
    let before = answers(job_context, work).only_ours().await.map_err(failed)?;
    let mut round = Round { job_context, work, fetcher, now, silent: HashSet::new(), asked: 0, revoked: 0 };
    for question in due(job_context, work, &before, now).await? {
        round.about(question).await?;
    }
    Ok(vec![("asked", round.asked), ("revoked", round.revoked)])
}

fn book<'a>(job_context: &'a JobContext, work: &'a PartnerWork) -> Book<'a> {
    Book { store: &job_context.store, keyring: &work.keyring, tags: &work.tags }
}

fn answers<'a>(job_context: &'a JobContext, work: &'a PartnerWork) -> OcspAnswers<'a> {
    OcspAnswers { store: &job_context.store, tags: &work.tags }
}

/// A request to an authority about a key.
pub(super) struct Question {
    pub(super) partner: Partner,
    pub(super) key: PartnerKey,
    /// The previous answer.
    pub(super) last: Option<OcspAnswered>,
    /// The URL of the responder.
    pub(super) address: String,
    words: Vec<u8>,
}

/// Everything that would be queried now. Makes no requests.
pub(super) async fn foreseen(
    job_context: &JobContext,
    work: &PartnerWork,
    now: Timestamp,
) -> Result<Vec<Question>, Failed> {
    let before = answers(job_context, work).all().await.map_err(failed)?;
    due(job_context, work, &before, now).await
}

/// What is asked now, after these answers.
async fn due(
    job_context: &JobContext,
    work: &PartnerWork,
    before: &[OcspAnswered],
    now: Timestamp,
) -> Result<Vec<Question>, Failed> {
    let mut due = Vec::new();
    for found in book(job_context, work).all().await.map_err(failed)? {
        // An unreadable one is reported where expiring keys are looked for.
        let Ok(PartnerWithKeys { partner, keys, .. }) = found else { continue };
        match partner.standing {
            Standing::Active | Standing::Waiting => {}
            Standing::Suspended => continue,
        }
        for key in keys {
            let last = before.iter().find(|row| row.key_id == key.id);
            let is_asked = match key.state {
                PartnerKeyState::Trusted | PartnerKeyState::Offered => {
                    last.is_none_or(|last| last.is_over(LATEST, now))
                }
                PartnerKeyState::Suspended | PartnerKeyState::Expired | PartnerKeyState::Revoked => false,
            };
            let question = if is_asked { key.key.ocsp_question(&work.roots) } else { None };
            if let Some((address, words)) = question {
                due.push(Question { partner: partner.clone(), key, last: last.cloned(), address, words });
            }
        }
    }
    Ok(due)
}

struct Round<'a> {
    job_context: &'a JobContext,
    work: &'a PartnerWork,
    fetcher: Fetcher,
    now: Timestamp,
    /// Addresses that did not answer in this round: one try is enough.
    silent: HashSet<String>,
    asked: u64,
    revoked: u64,
}

impl Round<'_> {
    async fn about(&mut self, question: Question) -> Result<(), Failed> {
        let Question { partner, key, last, address, words } = question;
        let answer = self.answer(&key, address, words).await;
        self.asked += 1;
        let fingerprint = key.key.facts().fingerprint.to_hex();
        let word = match answer {
            None => "unreachable",
            Some(OcspAnswer::Good(_)) => "good",
            Some(OcspAnswer::Revoked) => "revoked",
            Some(OcspAnswer::Unknown) => "unknown",
            Some(OcspAnswer::Unusable) => "unusable",
        };
        if word != "good" && last.is_none_or(|last| last.answer != word) {
            tracing::warn!(
                partner.id = %partner.id, %fingerprint, answer = word,
                "what the authority of a partner's certificate says of it"
            );
        }
        let (soonest, latest) = (self.now.plus(SOONEST), self.now.plus(LATEST));
        let again_at = match answer {
            Some(OcspAnswer::Good(until)) => until.clamp(soonest, latest),
            Some(OcspAnswer::Revoked | OcspAnswer::Unknown | OcspAnswer::Unusable) | None => soonest,
        };
        if answer == Some(OcspAnswer::Revoked) {
            self.revoked += revoke(self.job_context, self.work, &partner, &key, self.now).await?;
        }
        let said =
            OcspAnswered { key_id: key.id.clone(), answer: word.to_owned(), asked_at: self.now, again_at };
        answers(self.job_context, self.work).note(said).await.map_err(failed)
    }

    /// `None`: no answer.
    async fn answer(&mut self, key: &PartnerKey, address: String, question: Vec<u8>) -> Option<OcspAnswer> {
        if self.silent.contains(&address) {
            return None;
        }
        let response = match self.fetcher.post(&address, QUESTION, question).await {
            Ok(response) => response,
            Err(error) => {
                tracing::info!(%error, "an authority does not answer");
                self.silent.insert(address);
                return None;
            }
        };
        let worker = self.work.worker.as_ref()?;
        match worker.read_ocsp(&response, &key.key, &self.work.roots, self.now).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::warn!(%error, "an authority's answer could not be read");
                Some(OcspAnswer::Unusable)
            }
        }
    }
}
