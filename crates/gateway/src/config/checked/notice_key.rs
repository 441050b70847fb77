//! The key that signs notices: read only if this process delivers mail. Signs nothing.

use std::sync::Arc;

use sealpost_mail::{Clock as _, SystemClock};
use sealpost_seal::{Method, OwnKey, Purpose, judge};

use crate::config::file::{Config, Source};

/// The key, if one is configured; also `None` if a problem has been noted.
pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Arc<OwnKey>> {
    let named = config.notices.signing_key.as_ref()?;
    let (path, at) = (source.path(named.get_ref()), named.span().start);
    let from = &config.notices.from;
    let hint = "give a PEM file with private key, certificate and what leads to its authority, which its owner alone may read, \
                and that is the user of the role delivery (chmod 600, chown)";
    let read = sealpost_keyfile::read(&path).map_err(|error| error.to_string());
    let key =
        read.and_then(|pem| OwnKey::import(pem.expose().as_bytes(), None).map_err(|error| error.to_string()));
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            source.at(at, format!("{}: {error}", path.display()), hint);
            return None;
        }
    };
    let facts = key.facts();
    if facts.method != Method::Smime || !facts.names(from) {
        source.at(
            at,
            format!("{} is no certificate for {}", path.display(), from.to_path()),
            "mail programs take a signature of another address for a forgery: bring the certificate that names it",
        );
        return None;
    }
    // An expired one must not prevent a start: notices are sent unsigned.
    if let Some(objection) = judge(facts, Purpose::Sign, None, SystemClock.now()).first() {
        source.warn(
            at,
            format!(
                "notices are not signed: the certificate in {} cannot be used: {objection}",
                path.display()
            ),
            "bring a new one",
        );
    }
    Some(Arc::new(key))
}
