//! Which revocation lists are to be fetched now: those named by partners' certificates, the certificates that came with them and
//! the operator's roots, each when due. Makes no requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_partner::{Book, Partner, PartnerKey, PartnerWithKeys};
use sealpost_seal::ListSource;
use sealpost_store::RevocationListRow;

use crate::expiring_keys::failed;
use crate::job_context::{Failed, JobContext, PartnerWork};

/// Maximum interval between requests for a list: authorities publish new ones long before the last one ends.
pub(super) const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// One list, and whose certificates refer to it.
pub(super) struct WantedList {
    /// Addresses of the same list; it is identified by the first.
    pub(super) addresses: Vec<String>,
    /// The fingerprint of the authority's certificate.
    pub(super) authority: String,
    /// That certificate, DER.
    pub(super) authority_der: Vec<u8>,
    /// The certificates, DER, with their holders; `None` for an authority or a root.
    pub(super) certificates: Vec<(Vec<u8>, Option<Holder>)>,
    /// Result of the last request.
    pub(super) last: Option<RevocationListRow>,
}

/// The holder of a certificate.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) partner: Partner,
    pub(super) key: PartnerKey,
}

impl WantedList {
    /// The address that identifies it.
    pub(super) fn address(&self) -> &str {
        self.addresses.first().map_or("", String::as_str)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.last.as_ref().is_none_or(|last| {
            // Rows written by a wrong clock, or by an attacker, must not prevent requests.
            last.again_at <= now || last.asked_at > now || last.asked_at.plus(LATEST) <= now
        })
    }
}

/// All needed lists and which of them are due; and stored ones that are no longer needed.
pub(super) struct Lists {
    pub(super) due: Vec<WantedList>,
    pub(super) unwanted: Vec<RevocationListRow>,
}

/// The state at `now`.
pub(super) async fn look(
    job_context: &JobContext,
    work: &PartnerWork,
    now: Timestamp,
) -> Result<Lists, Failed> {
    let book = Book { store: &job_context.store, keyring: &work.keyring, tags: &work.tags };
    let mut wanted = BTreeMap::new();
    let roots = Arc::new(work.roots.clone());
    for found in book.all().await.map_err(failed)? {
        // An unreadable one is reported where expiring keys are looked for.
        let Ok(PartnerWithKeys { partner, keys, .. }) = found else { continue };
        for key in keys {
            // Whatever the operator thinks of the key, its authority's list concerns others as well. An expired key is ignored
            // anyway, and its authority need not list it any more.
            if key.key.facts().not_after.is_some_and(|end| end <= now) {
                continue;
            }
            // Verifies signatures over data chosen by others: not on a thread that others wait for.
            let (one, roots) = (key.key.clone(), Arc::clone(&roots));
            let sources = tokio::task::spawn_blocking(move || ListSource::of_key(&one, &roots, now)).await;
            for source in sources.map_err(|error| Failed::Keys(error.to_string()))? {
                let own = source.certificate == key.key.as_bytes();
                let holder = own.then(|| Holder { partner: partner.clone(), key: key.clone() });
                add(&mut wanted, source, holder);
            }
        }
    }
    for source in ListSource::of_roots(&work.roots, now) {
        add(&mut wanted, source, None);
    }
    let mut unwanted = Vec::new();
    for row in job_context.store.revocation_lists().await? {
        match wanted.get_mut(&(row.address.clone(), row.authority.clone())) {
            Some(list) => list.last = Some(row),
            None => unwanted.push(row),
        }
    }
    Ok(Lists { due: wanted.into_values().filter(|list| list.is_due(now)).collect(), unwanted })
}

type WantedLists = BTreeMap<(String, String), WantedList>;

fn add(wanted: &mut WantedLists, source: ListSource, holder: Option<Holder>) {
    let authority = source.authority_print.to_hex();
    let Some(address) = source.addresses.first().cloned() else { return };
    let list = wanted.entry((address, authority.clone())).or_insert_with(|| WantedList {
        addresses: source.addresses,
        authority,
        authority_der: source.authority,
        certificates: Vec::new(),
        last: None,
    });
    // The same certificate may come with many keys.
    if holder.is_some() || !list.certificates.iter().any(|(der, _)| *der == source.certificate) {
        list.certificates.push((source.certificate, holder));
    }
}
