//! SIGHUP: reloads certificates, DKIM keys, rules and lists. What is invalid is left as it was, and the log says so. Starts
//! nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealpost_arrival::{Context, Tenant};
use sealpost_delivery::{ClientCertificate, DkimKeys};
use sealpost_domain::dkim_folder;
use sealpost_intake::TlsSource;
use sealpost_mail::Clock;
use sealpost_mailbox::audit::{Actor, Event, ReloadEnd};
use sealpost_policy::Rules;
use sealpost_portal::Reloader;
use sealpost_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::checked::{self, Reloaded};
use crate::config::file::Problem;

/// Everything that a running process reloads.
pub(crate) struct Reload {
    /// The context whose rules are replaced, if letters are accepted here.
    pub(crate) context: Option<Arc<Context>>,
    /// Certificates of listeners.
    pub(crate) listeners: Vec<TlsSource>,
    /// Client certificates for next hops.
    pub(crate) shown: Vec<ClientCertificate>,
    /// Folder of the DKIM keys, and their user.
    pub(crate) dkim: Option<(PathBuf, DkimKeys)>,
    /// The portal's certificate.
    pub(crate) portal: Option<Reloader>,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reload {
    /// Runs until `stop`.
    pub(crate) async fn on_hangup(self, stop: CancellationToken) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _signal = hangup.recv() => {}
            }
            self.certificates();
            self.dkim_keys();
            if let (Some(context), Some(file)) = (&self.context, &self.config_file) {
                self.rules(&context.tenant, file).await;
            }
        }
    }

    fn certificates(&self) {
        for source in &self.listeners {
            match source.reload() {
                Ok(()) => {
                    tracing::info!(file = %source.files().certificate.display(), "certificate reloaded")
                }
                Err(error) => {
                    tracing::error!(%error, "certificate could not be reloaded; the old one stays in use")
                }
            }
        }
        for certificate in &self.shown {
            match certificate.reload() {
                Ok(()) => {
                    tracing::info!(file = %certificate.file().display(), "client certificate reloaded")
                }
                Err(error) => {
                    tracing::error!(%error, "client certificate could not be reloaded; the old one stays in use");
                }
            }
        }
        if let Some(portal) = &self.portal
            && let Err(error) = portal.reload()
        {
            tracing::error!(%error, "portal certificate could not be reloaded; the old one stays in use");
        }
    }

    fn dkim_keys(&self) {
        let Some((folder, keys)) = &self.dkim else { return };
        match dkim_folder::signing(folder) {
            Ok(new) => {
                tracing::info!(keys = new.len(), "DKIM keys reloaded");
                keys.replace(new);
            }
            Err(error) => {
                tracing::error!(%error, "DKIM keys could not be reloaded; the old ones stay in use")
            }
        }
    }

    /// Replaces the rules. Memory is not part of a transaction: the audit trail records the change first, and if that fails,
    /// nothing is changed.
    async fn rules(&self, tenant: &Tenant, file: &Path) {
        let rules = acceptable(&tenant.rules(), checked::reload_rules(file));
        let hash = checked::hash(file).unwrap_or_default();
        let end = if rules.is_some() { ReloadEnd::Taken } else { ReloadEnd::Refused };
        let reloaded = Event::ConfigurationReloaded { hash: &hash, end };
        let row = reloaded.row(self.clock.now(), &Actor::System, None);
        match (self.store.append_audit(vec![row]).await, rules) {
            (Ok(()), Some(rules)) => {
                tenant.set_rules(rules);
                tracing::info!("rules and lists reloaded");
            }
            (Ok(()), None) => {}
            (Err(error), _) => {
                tracing::error!(%error, "the reload cannot be noted in the audit trail; the old rules stay");
            }
        }
    }
}

/// The new rules, if acceptable. A list that has lost too many entries is mostly a partial export, or a file being written: a recipient that
/// it protected stays protected.
fn acceptable(before: &Rules, reloaded: Result<Reloaded, Vec<Problem>>) -> Option<Rules> {
    let Reloaded { rules, may_lose, warnings } = match reloaded {
        Ok(reloaded) => reloaded,
        Err(problems) => {
            for problem in problems {
                tracing::error!(%problem, "rules could not be reloaded; the old ones stay in use");
            }
            return None;
        }
    };
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let mut is_whole = true;
    for (list, before, now) in rules.shrunk(before, may_lose) {
        is_whole = false;
        tracing::error!(
            list,
            before,
            now,
            "the list {list} would lose most of its entries ({before} before, {now} now): rules could not be reloaded; the old \
             ones stay in use. Is its file complete? If it is, raise lists-may-lose under [policy], or restart"
        );
    }
    is_whole.then_some(rules)
}
