//! Fetches certificate revocation lists (RFC 5280 §5) from their authorities, parses them in the worker, and stores valid ones: the
//! last valid list is kept until a newer one is fetched. Partners' keys named by a list are revoked permanently. No letter waits
//! for any of this.

use std::collections::HashSet;
use std::time::Duration;

use sealpost_arrival::{CrlSource, is_ours, list_proof};
use sealpost_delivery::{FetchError, Fetcher};
use sealpost_mail::Timestamp;
use sealpost_seal::{FetchedList, Worker};
use sealpost_store::{KeptList, MAX_REVOCATION_LIST, RevocationListRow, StoredList};

use crate::due_lists::{self, Holder, LATEST, WantedList};
use crate::job_context::{Counts, Failed, JobContext, PartnerWork};
use crate::kept_lists::KeptLists;
use crate::revoked_certificates::revoke;

/// Maximum size of one list. All stored lists are passed to the worker with every letter.
const MAX: usize = MAX_REVOCATION_LIST as usize;
/// Minimum interval between requests.
const SOONEST: Duration = Duration::from_secs(55 * 60);

/// How long a list that no certificate refers to any more is kept after its end.
const UNWANTED: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Result of fetching a list.
enum Came {
    /// A newer list than the stored one.
    New(KeptList, Vec<u8>),
    /// The stored list.
    Unchanged(Timestamp),
    /// No valid list; the stored one is kept.
    Nothing(&'static str),
}

impl Came {
    fn word(&self) -> &'static str {
        match self {
            Self::New(..) => "new",
            Self::Unchanged(_) => "unchanged",
            Self::Nothing(why) => why,
        }
    }
}

pub(super) async fn fetch(job_context: &JobContext, now: Timestamp) -> Result<Counts, Failed> {
    let Some(work) = &job_context.partners else { return Ok(Vec::new()) };
    match work.authorities.lists {
        CrlSource::Fetch if !work.roots.is_empty() => {}
        CrlSource::Fetch | CrlSource::Files => return Ok(Vec::new()),
    }
    // Only the worker may parse what is fetched; a missing one is reported where letters are decrypted.
    let Some(worker) = &work.worker else { return Ok(Vec::new()) };
    let fetcher = work.authorities.fetcher().map_err(|error| Failed::Keys(error.to_string()))?;
    let mut kept = KeptLists::only_ours(job_context, work).await?;
    let lists = due_lists::look(job_context, work, now).await?;
    for row in lists.unwanted {
        // What it named stays revoked after its end, also other holders' certificates; for a year, as long as most of those are
        // valid.
        if row.kept.is_none_or(|kept| kept.until.plus(UNWANTED) <= now) {
            job_context.store.forget_revocation_list(&row.address, &row.authority).await?;
            kept.forget(&row.address, &row.authority);
        }
    }
    let mut round =
        Round { job_context, work, worker, fetcher, now, kept, silent: HashSet::new(), new: 0, revoked: 0 };
    let asked = lists.due.len() as u64;
    for list in lists.due {
        round.about(list).await?;
    }
    Ok(vec![("lists", asked), ("new", round.new), ("named", round.revoked)])
}

struct Round<'a> {
    job_context: &'a JobContext,
    work: &'a PartnerWork,
    worker: &'a Worker,
    fetcher: Fetcher,
    now: Timestamp,
    kept: KeptLists,
    /// Addresses that did not answer in this round: one try is enough.
    silent: HashSet<String>,
    new: u64,
    revoked: u64,
}

impl Round<'_> {
    async fn about(&mut self, wanted: WantedList) -> Result<(), Failed> {
        let (came, named) = self.ask(&wanted).await?;
        for Holder { partner, key } in named {
            // The key may have been changed since; that must not keep the list from being stored. It is tried again with the next
            // list, and every letter checks the lists itself.
            match revoke(self.job_context, self.work, &partner, &key, self.now).await {
                Ok(0) => {}
                Ok(revoked) => {
                    let fingerprint = key.key.facts().fingerprint.to_hex();
                    tracing::warn!(partner.id = %partner.id, %fingerprint, "its authority's list names a partner's certificate: it is revoked");
                    self.revoked += revoked;
                }
                Err(error) => {
                    tracing::error!(%error, "a key that its authority's list names could not be revoked");
                }
            }
        }
        let word = came.word();
        let (soonest, latest) = (self.now.plus(SOONEST), self.now.plus(LATEST));
        // Well before its end: by then the next one has been published, and may need two tries.
        let half = |until: Timestamp| self.now.plus(until.since(self.now) / 2).clamp(soonest, latest);
        let (again_at, kept, list) = match came {
            Came::New(kept, list) => {
                self.new += 1;
                self.kept.takes(wanted.address(), &wanted.authority, &list);
                (half(kept.until), Some(kept), Some(list))
            }
            Came::Unchanged(until) => (half(until), None, None),
            Came::Nothing(_) => (soonest, None, None),
        };
        let is_told = list.is_none() && word != "unchanged";
        if is_told && wanted.last.as_ref().is_none_or(|last| last.answer != word) {
            tracing::warn!(
                address = wanted.address(),
                answer = word,
                "a revocation list could not be fetched; the last good one stays in use"
            );
        }
        let (address, authority) = (wanted.address().to_owned(), wanted.authority);
        let answer = word.to_owned();
        let list = list.map(|der| {
            let proof = list_proof(&self.work.tags, &address, &authority, &der);
            StoredList { address: address.clone(), authority: authority.clone(), der, proof }
        });
        let row = RevocationListRow { address, authority, answer, asked_at: self.now, again_at, kept };
        Ok(self.job_context.store.note_revocation_list(&row, list).await?)
    }

    /// The list and the certificates on it, from the first address with a valid list, or why there is none.
    async fn ask(&mut self, wanted: &WantedList) -> Result<(Came, Vec<Holder>), Failed> {
        let held = self.job_context.store.revocation_list(wanted.address(), &wanted.authority).await?;
        let held = held.filter(|held| is_ours(&self.work.tags, held)).map(|held| held.der);
        let mut why = "unreachable";
        for address in &wanted.addresses {
            let list = match self.bytes(address).await {
                Ok(list) => list,
                Err(Some(word)) => {
                    why = word;
                    continue;
                }
                Err(None) => continue,
            };
            match self.read(wanted, &list, held.as_deref()).await {
                Ok((since, until, named)) => return Ok(self.good(wanted, list, held, (since, until), named)),
                // Blocking one address must not hide a list at another one.
                Err(word) => why = word,
            }
        }
        Ok((Came::Nothing(why), Vec::new()))
    }

    /// The list's validity and whom it names; otherwise why it is invalid.
    async fn read(
        &self,
        wanted: &WantedList,
        list: &[u8],
        held: Option<&[u8]>,
    ) -> Result<(Timestamp, Timestamp, Vec<Holder>), &'static str> {
        let certificates: Vec<Vec<u8>> = wanted.certificates.iter().map(|(der, _)| der.clone()).collect();
        let authority = wanted.authority_der.as_slice();
        let read = self.worker.read_list(list, &certificates, authority, held, self.now).await;
        let (since, until, revoked) = match read {
            Ok(FetchedList::Good { since, until, revoked }) => (since, until, revoked),
            Ok(FetchedList::Older) => return Err("older"),
            Ok(FetchedList::OtherSigner) => return Err("other-signer"),
            Ok(FetchedList::NotOfToday) => return Err("not-of-today"),
            Ok(FetchedList::Unusable) => return Err("unusable"),
            Err(error) => {
                tracing::warn!(%error, "a revocation list could not be read");
                return Err("unusable");
            }
        };
        let holder = |at: &usize| wanted.certificates.get(*at).and_then(|(_, holder)| holder.clone());
        Ok((since, until, revoked.iter().filter_map(holder).collect()))
    }

    /// A valid list, if there is room for it.
    fn good(
        &self,
        wanted: &WantedList,
        list: Vec<u8>,
        held: Option<Vec<u8>>,
        (since, until): (Timestamp, Timestamp),
        named: Vec<Holder>,
    ) -> (Came, Vec<Holder>) {
        if held.as_deref() == Some(list.as_slice()) {
            return (Came::Unchanged(until), named);
        }
        if !self.kept.has_room_for(wanted.address(), &wanted.authority, &list) {
            // The certificates it names are known now; that it names no others will not be known later.
            return (Came::Nothing("no-room"), named);
        }
        (Came::New(KeptList { since, until, fetched_at: self.now }, list), named)
    }

    /// The bytes at an address; otherwise why there are none, in one word, if there is a reason.
    async fn bytes(&mut self, address: &str) -> Result<Vec<u8>, Option<&'static str>> {
        if self.silent.contains(address) {
            return Err(None);
        }
        match self.fetcher.get_signed(address, MAX).await {
            Ok(list) => Ok(list),
            Err(error) => {
                tracing::info!(%error, "a revocation list cannot be fetched");
                self.silent.insert(address.to_owned());
                Err(matches!(error, FetchError::TooLarge(_)).then_some("too-large"))
            }
        }
    }
}
