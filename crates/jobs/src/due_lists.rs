//! Which lists of revoked certificates are fetched now: those that partners' certificates, what came with them and the operator's roots
//! name, each when it is time to look again. Asks nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sealpost_mail::Timestamp;
use sealpost_partner::{Book, Found, Partner, PartnerKey};
use sealpost_seal::ListSource;
use sealpost_store::RevocationListRow;

use crate::ending_keys::failed;
use crate::workshop::{Failed, PartnerWork, Workshop};

/// A list is asked for again after so long at the latest: authorities publish new ones long before the last is over.
pub(super) const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// One list, and whose certificates name it.
pub(super) struct WantedList {
    /// The same list under each; it is known by the first.
    pub(super) addresses: Vec<String>,
    /// The fingerprint of the authority's certificate.
    pub(super) authority: String,
    /// DER of that.
    pub(super) authority_der: Vec<u8>,
    /// DER of each, and whose key it is; of an authority or a root nobody's.
    pub(super) certificates: Vec<(Vec<u8>, Option<Holder>)>,
    /// What came of asking last.
    pub(super) last: Option<RevocationListRow>,
}

/// Whose certificate one is.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) partner: Partner,
    pub(super) key: PartnerKey,
}

impl WantedList {
    /// What it is known by.
    pub(super) fn address(&self) -> &str {
        self.addresses.first().map_or("", String::as_str)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.last.as_ref().is_none_or(|last| {
            // Rows of a clock that was wrong, or that somebody else has written, keep nobody from asking.
            last.again_at <= now || last.asked_at > now || last.asked_at.plus(LATEST) <= now
        })
    }
}

/// All lists that are wanted, and which of those are due; what is here and wanted no more.
pub(super) struct Lists {
    pub(super) due: Vec<WantedList>,
    pub(super) unwanted: Vec<RevocationListRow>,
}

/// As of now.
pub(super) async fn look(workshop: &Workshop, work: &PartnerWork, now: Timestamp) -> Result<Lists, Failed> {
    let book = Book { store: &workshop.store, keyring: &work.keyring, tags: &work.tags };
    let mut wanted = BTreeMap::new();
    let roots = Arc::new(work.roots.clone());
    for found in book.all().await.map_err(failed)? {
        // One that cannot be read is told where keys that end are looked for.
        let Ok(Found { partner, keys, .. }) = found else { continue };
        for key in keys {
            // Whatever the operator thinks of the key, its authority's list speaks of others as well. One that has ended counts for
            // nothing by itself, and its authority need not speak of it any more.
            if key.key.facts().not_after.is_some_and(|end| end <= now) {
                continue;
            }
            // Signatures over what somebody else has chosen: not on a thread that others wait for.
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
    for row in workshop.store.revocation_lists().await? {
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
    // The same one may come along with many.
    if holder.is_some() || !list.certificates.iter().any(|(der, _)| *der == source.certificate) {
        list.certificates.push((source.certificate, holder));
    }
}
