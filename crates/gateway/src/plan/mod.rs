//! From the file to what each part is told: every check that needs more than syntax. `check` and `serve`
//! run the same code, so what passes one starts in the other. Opens no socket.

mod hops;
mod keys;
mod listeners;
mod memory;
mod portal;
mod quotas;
mod rules;
mod warnings;

use std::path::{Path, PathBuf};

use sealpost_delivery::{DeliveryConfig, Route};
use sealpost_intake::{ListenerConfig, TlsSource};
use sealpost_mail::{Address, Secret};
use sealpost_policy::Rules;
use sealpost_portal::PortalConfig;
use sealpost_vault::ServerKey;

use crate::answer::Writing;
use crate::arrival::Announcer;
use crate::config::{self, Config, Escrow, Log, Problem, Source};
use crate::quota::Quotas;

pub(crate) use keys::write_new as write_new_key;
pub(crate) use memory::Shares;

/// Everything a configuration means, checked.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) data: PathBuf,
    pub(crate) server_key: ServerKey,
    pub(crate) escrow: Escrow,
    /// Bytes for letters coming in and being looked into.
    pub(crate) memory: Shares,
    /// Bytes of the disk that new letters leave alone.
    pub(crate) minimum_free: u64,
    pub(crate) listeners: Vec<ListenerConfig>,
    /// Certificates to read again on SIGHUP.
    pub(crate) reloadable: Vec<TlsSource>,
    pub(crate) logins: Vec<(String, Secret<String>)>,
    pub(crate) delivery: DeliveryConfig,
    pub(crate) route: Route,
    pub(crate) report_route: Route,
    pub(crate) rules: Rules,
    pub(crate) portal: PortalConfig,
    pub(crate) announcer: Announcer,
    pub(crate) writing: Writing,
    pub(crate) report_from: (String, Address),
    pub(crate) give_up: std::time::Duration,
    pub(crate) quotas: Quotas,
    pub(crate) log: Log,
    /// What works, and is perhaps not what was meant.
    pub(crate) warnings: Vec<Problem>,
}

impl Plan {
    /// Reads and checks a configuration file. On failure: everything that is wrong with it.
    pub(crate) fn load(file: &Path) -> Result<Self, Vec<Problem>> {
        let (config, mut source) = config::read(file)?;
        let plan = Self::build(config, &mut source);
        match plan {
            Some(plan) if source.problems.is_empty() => Ok(Self { warnings: source.warnings, ..plan }),
            Some(_) | None => {
                // The same fault may show in two places of the plan; nobody wants to read it twice.
                source.problems.sort_by_key(|problem| problem.line);
                source.problems.dedup();
                Err(source.problems)
            }
        }
    }

    /// `None` only where a problem has been noted.
    fn build(config: Config, source: &mut Source) -> Option<Self> {
        let server_key = keys::load(&config, source);
        let data = data_folder(&config, source);
        let minimum_free = minimum_free(&config, source);
        memory::check(&config, source);
        listeners::apart(&config, source);
        let (listeners, reloadable) = listeners::plan(&config, source);
        let logins = listeners::logins(&config, source);
        let delivery = hops::plan(&config, source);
        let route = hops::route(&config, source);
        let notice_route = hops::notice_route(&config, source);
        let rules = rules::plan(&config, source);
        hops::floors(&config, source);
        warnings::find(&config, source);
        let portal = portal::plan(&config, source);
        let writing_hop = hops::writing_route(&config, source);
        let announcer = portal::announcer(&config, notice_route.clone()?, source);
        Some(Self {
            name: config.gateway.name.get_ref().to_string(),
            data,
            server_key: server_key?,
            escrow: config.gateway.escrow,
            minimum_free,
            memory: Shares::of(config.gateway.memory.get_ref().0),
            listeners,
            reloadable,
            logins,
            report_route: delivery.as_ref()?.report_route.clone(),
            delivery: delivery?,
            route: route?,
            rules: rules?,
            announcer: announcer?,
            writing: Writing {
                rules: portal.as_ref()?.write.clone(),
                route: writing_hop?,
                floor: config.portal.write.floor,
            },
            portal: portal?,
            report_from: (config.delivery.report_name.clone(), config.delivery.report_from.clone()),
            give_up: config.delivery.give_up.0,
            quotas: quotas::plan(&config, source),
            log: config.log,
            warnings: Vec::new(),
        })
    }
}

/// Rules only, for a reload.
pub(crate) fn reload_rules(file: &Path) -> Result<Rules, Vec<Problem>> {
    let (config, mut source) = config::read(file)?;
    match rules::plan(&config, &mut source) {
        Some(rules) if source.problems.is_empty() => Ok(rules),
        Some(_) | None => Err(source.problems),
    }
}

/// What new letters leave free: room for the largest one must be among it, or MAIL would promise what DATA cannot keep
/// (Postfix asks for one and a half times `message_size_limit` as `queue_minfree`).
fn minimum_free(config: &Config, source: &mut Source) -> u64 {
    const MIN: u64 = 128 * 1024 * 1024;
    let largest = config.listeners.iter().map(|listener| listener.max_size.0).max().unwrap_or(0);
    let Some(own) = &config.gateway.minimum_free else {
        return largest.saturating_mul(2).max(MIN);
    };
    let wanted = own.get_ref().0;
    if wanted > 0 && wanted < largest.saturating_add(largest / 2) {
        source.at(
            own.span().start,
            "minimum-free is less than one and a half times the largest letter (max-size)",
            "raise it, lower max-size, or write \"0 B\" to do without",
        );
    }
    wanted
}

fn data_folder(config: &Config, source: &mut Source) -> PathBuf {
    let spanned = &config.gateway.data;
    let folder = source.path(spanned.get_ref());
    if let Ok(facts) = std::fs::metadata(&folder) {
        use std::os::unix::fs::PermissionsExt as _;
        if !facts.is_dir() {
            source.at(spanned.span().start, format!("{} is not a folder", folder.display()), "name a folder");
        } else if facts.permissions().mode() & 0o077 != 0 {
            source.at(
                spanned.span().start,
                format!("the data folder {} can be read by others", folder.display()),
                format!("chmod 700 {}", folder.display()),
            );
        }
    }
    folder
}
