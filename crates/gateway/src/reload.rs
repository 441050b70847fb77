//! SIGHUP: certificates, keys for DKIM, rules and lists are read again. What is wrong stays as it was and is said in the
//! log. Starts nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealpost_arrival::Context;
use sealpost_delivery::{ClientCertificate, DkimKeys};
use sealpost_intake::TlsSource;
use sealpost_mail::Clock;
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_policy::Rules;
use sealpost_portal::Reloader;
use sealpost_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::checked;
use crate::dkim_folder;

/// Everything that a running process reads again.
pub(crate) struct Reload {
    /// Whose rules they are, where letters are taken in.
    pub(crate) context: Option<Arc<Context>>,
    /// Certificates of listeners.
    pub(crate) listeners: Vec<TlsSource>,
    /// Certificates that next hops are shown.
    pub(crate) shown: Vec<ClientCertificate>,
    /// Where the keys lie that sign, and who uses them.
    pub(crate) dkim: Option<(PathBuf, DkimKeys)>,
    /// The portal's certificate.
    pub(crate) portal: Option<Reloader>,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reload {
    /// Until `stop`.
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
                self.rules(context, file).await;
            }
        }
    }

    fn certificates(&self) {
        for source in &self.listeners {
            match source.reload() {
                Ok(()) => {
                    tracing::info!(file = %source.files().certificate.display(), "certificate read again")
                }
                Err(error) => tracing::error!(%error, "certificate not read again; the old one stays"),
            }
        }
        for certificate in &self.shown {
            match certificate.reload() {
                Ok(()) => {
                    tracing::info!(file = %certificate.file().display(), "certificate for a hop read again")
                }
                Err(error) => {
                    tracing::error!(%error, "certificate for a hop not read again; the old one stays");
                }
            }
        }
        if let Some(portal) = &self.portal
            && let Err(error) = portal.reload()
        {
            tracing::error!(%error, "portal certificate not read again; the old one stays");
        }
    }

    fn dkim_keys(&self) {
        let Some((folder, keys)) = &self.dkim else { return };
        match dkim_folder::signing(folder) {
            Ok(new) => {
                tracing::info!(keys = new.len(), "keys for DKIM read again");
                keys.replace(new);
            }
            Err(error) => tracing::error!(%error, "keys for DKIM not read again; the old ones stay"),
        }
    }

    async fn rules(&self, context: &Context, file: &Path) {
        let reloaded = checked::reload_rules(file);
        self.note(file, reloaded.is_ok()).await;
        match reloaded {
            Ok((rules, warnings)) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                warn_of_shrunk_lists(&rules, &context.tenant.rules());
                context.tenant.set_rules(rules);
                tracing::info!("rules and lists read again");
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!(%problem, "rules not read again; the old ones stay");
                }
            }
        }
    }

    /// Notes that the configuration was read again, and whether it was taken.
    async fn note(&self, file: &Path, taken: bool) {
        let hash = checked::hash(file).unwrap_or_default();
        let reloaded = Event::ConfigurationReloaded { hash: &hash, taken };
        let row = reloaded.row(self.clock.now(), &Actor::System, None);
        if let Err(error) = self.store.append_audit(vec![row]).await {
            tracing::error!(%error, "the reload is not in the audit trail");
        }
    }
}

fn warn_of_shrunk_lists(rules: &Rules, former: &Rules) {
    for (list, before, now) in rules.shrunk(former) {
        tracing::warn!(
            list,
            before,
            now,
            "the list {list} has lost most of its entries since it was last read ({before} before, {now} now): \
             rules that go by it hold for far fewer letters; look whether its file is whole"
        );
    }
}
