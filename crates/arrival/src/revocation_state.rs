//! Problems of the current revocation lists: files without one, expired or invalid lists, roots without one, failed fetches. In
//! words, for `check` and the log. Fetches nothing.

use std::path::{Path, PathBuf};

use sealpost_mail::Timestamp;
use sealpost_seal::{ListSigner, Lists, PartnerKey, RevocationList};
use sealpost_store::{Store, StoreError};
use sealpost_vault::TagKey;

use crate::crl_files;
use crate::known_lists::proven;
use crate::settings::{CrlSource, Inbound};

/// Fetched lists, as far as known.
#[derive(Debug)]
pub enum Fetched {
    /// There are none, because none are fetched.
    Never,
    /// The store was not read.
    NotRead,
    /// All of them, DER.
    Read(Vec<Vec<u8>>),
}

impl Fetched {
    /// Those in the store.
    ///
    /// # Errors
    /// It did not answer.
    pub async fn read(inbound: &Inbound, store: &Store, tags: &TagKey) -> Result<Self, StoreError> {
        match inbound.crl_source {
            CrlSource::Files => Ok(Self::Never),
            CrlSource::Fetch => Ok(Self::Read(proven(store, tags).await?)),
        }
    }

    /// If there is no store to read.
    #[must_use]
    pub fn not_read(inbound: &Inbound) -> Self {
        match inbound.crl_source {
            CrlSource::Files => Self::Never,
            CrlSource::Fetch => Self::NotRead,
        }
    }
}

/// All warnings. `places`: the paths of the lists.
pub fn warnings(inbound: &Inbound, places: &[PathBuf], fetched: &Fetched, now: Timestamp) -> Vec<String> {
    let mut said = broken(places);
    let (more, fix) = match fetched {
        Fetched::Never => (&[][..], "fetch the new one into partners.crls"),
        Fetched::NotRead => (&[][..], IT_COMES),
        Fetched::Read(lists) => (lists.as_slice(), IT_COMES),
    };
    let files = inbound.crls.now();
    let found: Vec<RevocationList> =
        files.iter().chain(more).flat_map(|der| RevocationList::read(der).unwrap_or_default()).collect();
    if inbound.lists == Lists::Off || (inbound.roots.is_empty() && found.is_empty()) {
        return said;
    }
    if inbound.roots.is_empty() {
        said.push("partners.crls are read and held against nothing: there are no partners.roots".to_owned());
    }
    for list in &found {
        let issuer = &list.issuer;
        if list.signer(&inbound.roots) == ListSigner::NotTheRoot {
            said.push(format!(
                "the revocation list of {issuer:?} is not signed by the root of that name, and counts for nothing; \
                 fix: fetch it again"
            ));
        }
        if !list.is_current(now) {
            said.push(format!(
                "the revocation list of {issuer:?} says nothing of today (its time is over, or has not come): \
                 certificates below it count only where you have trusted them; fix: {fix}"
            ));
        }
    }
    let roots = match fetched {
        Fetched::Never | Fetched::Read(_) => inbound.roots.as_slice(),
        // Its list may be in the store.
        Fetched::NotRead => &[],
    };
    for root in roots {
        let root = std::slice::from_ref(root);
        let has = |list: &RevocationList| list.signer(root) == ListSigner::Root;
        if inbound.lists == Lists::Require && !found.iter().any(has) {
            let name = PartnerKey::read(root.first().map(Vec::as_slice).unwrap_or_default());
            let name = name.ok().and_then(|keys| keys.first().map(|key| key.facts().subject.clone()));
            said.push(format!(
                "there is no revocation list of the root {:?}: certificates below it count only where you have trusted \
                 them; fix: name its list in partners.crls, or say crl = \"when-known\"",
                name.unwrap_or_default()
            ));
        }
    }
    said
}

const IT_COMES: &str = "see what came of asking: `sealpost jobs run ocsp`, then `sealpost check`; a file in partners.crls counts as well";

/// How many of the largest files are named.
const NAMED: usize = 3;

/// The warning that the files exceed what is read, and which are the largest. It does not prevent a start: the files belong to
/// somebody else and grow on their own.
pub fn too_large(places: &[PathBuf]) -> Option<String> {
    let mut files: Vec<(PathBuf, u64)> =
        places.iter().filter_map(|place| crl_files::sizes(place).ok()).flatten().collect();
    let sum: u64 = files.iter().map(|(_, size)| size).sum();
    if sum <= crl_files::MAX {
        return None;
    }
    let megabytes = |size: u64| size.div_ceil(1024 * 1024);
    files.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let largest = files.iter().take(NAMED);
    let largest: Vec<String> =
        largest.map(|(file, size)| format!("{} ({} MB)", file.display(), megabytes(*size))).collect();
    Some(format!(
        "the files in partners.crls are {} MB together, and {} MB are read: of those that do not fit counts what was read last, or \
         nothing. The largest: {}; fix: keep nothing there but lists, each of them once, or have them fetched: crl-source = \"fetch\"",
        megabytes(sum),
        megabytes(crl_files::MAX),
        largest.join(", ")
    ))
}

/// Files without a list: an error page saved under the list's name, half a list.
fn broken(places: &[PathBuf]) -> Vec<String> {
    let mut said = Vec::new();
    for place in places {
        match crl_files::sizes(place) {
            // Larger ones are not read.
            Ok(files) => said.extend(
                files
                    .iter()
                    .filter(|(_, size)| *size <= crl_files::MAX)
                    .filter_map(|(file, _)| no_list(file)),
            ),
            Err(error) => said.push(cannot_be_read(place, &error)),
        }
    }
    said
}

fn no_list(file: &Path) -> Option<String> {
    match std::fs::read(file) {
        Ok(bytes) => RevocationList::read(&bytes).is_err().then(|| {
            format!(
                "{} holds no revocation list (PEM or DER). What was read from it before counts until the service is restarted; fix: \
                 fetch it again, under a hidden name first, and keep nothing else there",
                file.display()
            )
        }),
        Err(error) => Some(cannot_be_read(file, &error)),
    }
}

fn cannot_be_read(place: &Path, error: &std::io::Error) -> String {
    format!("the revocation lists in {} cannot be read: {error}", place.display())
}
