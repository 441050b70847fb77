//! From the file to the settings of each part: every check that needs more than syntax. `check` and `serve` run the
//! same code, so what passes one starts in the other. Opens no socket.

mod bodies;
mod certificates;
mod dead_rules;
mod directories;
mod dkim;
mod escrow;
mod hops;
mod keys;
mod listeners;
mod lookup;
mod mail_requests;
mod memory;
mod minimum_free;
mod minimums;
mod networks;
mod notice_key;
mod notify_times;
mod odd_names;
mod odd_times;
mod partners;
mod portal;
mod proxies;
mod publishing;
mod quotas;
mod reply_rule;
mod retention;
mod rules;
mod security;
mod store;
mod tls_reports;
mod tokens;
mod trials;
mod unworkable;
mod warnings;
mod webhooks;
mod wiped_stack;
mod writers;

use std::path::{Path, PathBuf};

use sealpost_arrival::{Announcer, Inbound, Pace, Quotas, Routes, Writing};
use sealpost_delivery::DeliveryConfig;
use sealpost_domain::Publishing;
use sealpost_intake::{ListenerConfig, TlsSource};
use sealpost_jobs::NotifyTimes;
use sealpost_mail::{Secret, Term};
use sealpost_policy::Rules;
use sealpost_portal::PortalConfig;
use sealpost_store::{LargeBodies, NewNode, Rows, SchemaRequest, StoreOptions};
use sealpost_support::Recall;
use sealpost_vault::{AuditMaster, BodyHash};

use crate::config::file::{self as config, Config, Log, Problem, Source};
use crate::roles::Roles;

pub(crate) use bodies::plan as bodies;
pub(crate) use directories::AskedDirectory;
pub(crate) use escrow::EscrowPlan;
pub(crate) use keys::{
    CREDENTIALS, ESCROW_FILE, KeySource, Readers, ServiceKeys, SupportKeys, WHOLE, role_files, split,
};
pub(crate) use lookup::Lookup;
pub(crate) use memory::{Account, Shares};
pub(crate) use store::plan as rows;
pub(crate) use webhooks::Hook;
pub(crate) use wiped_stack::apart;

/// A checked configuration, without keys: each process gets its own keys.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) data: PathBuf,
    /// Where the rows are stored.
    pub(crate) rows: Rows,
    /// Where large letters are stored.
    pub(crate) bodies: LargeBodies,
    /// This node, if several may serve over one database.
    pub(crate) node: NewNode,
    /// Who may read the data folder.
    pub(crate) readers: Readers,
    pub(crate) escrow: EscrowPlan,
    /// Shares of memory for letters coming in and being processed.
    pub(crate) memory: Shares,
    /// Bytes of the disk that new letters leave free.
    pub(crate) minimum_free: u64,
    /// How long a write waits for another process on the database.
    pub(crate) lock_wait: std::time::Duration,
    pub(crate) listeners: Vec<ListenerConfig>,
    /// Certificates to reload on SIGHUP.
    pub(crate) reloadable: Vec<TlsSource>,
    pub(crate) logins: Vec<(String, Secret<String>)>,
    pub(crate) delivery: DeliveryConfig,
    /// Routes of mail that is neither a notice nor a letter from a mailbox's owner.
    pub(crate) routes: Routes,
    pub(crate) rules: Rules,
    pub(crate) portal: PortalConfig,
    pub(crate) announcer: Announcer,
    /// Signs notices, if this process delivers them.
    pub(crate) notice_key: Option<std::sync::Arc<sealpost_seal::OwnKey>>,
    pub(crate) writing: Writing,
    pub(crate) quotas: Quotas,
    /// Letters from outside.
    pub(crate) inbound: Inbound,
    /// Paths of revocation lists.
    pub(crate) crl_places: Vec<PathBuf>,
    /// The program that decrypts them, if it is not beside this one.
    pub(crate) worker: Option<PathBuf>,
    pub(crate) worker_limits: sealpost_seal::Limits,
    /// Tokens that hold private keys.
    pub(crate) tokens: Vec<sealpost_token::TokenSettings>,
    /// How many letters are decrypted and encrypted at once.
    pub(crate) pace: Pace,
    /// The maximum memory of all parts.
    pub(crate) account: Account,
    /// Folder of the DKIM keys, if there is one.
    pub(crate) dkim: Option<PathBuf>,
    /// What DNS records are made of.
    pub(crate) publishing: Publishing,
    /// Where partners' published keys are looked up.
    pub(crate) lookup: Lookup,
    pub(crate) log: Log,
    /// When owners and senders get notices.
    pub(crate) telling: NotifyTimes,
    /// How far the clock may be ahead of the last run of a job.
    pub(crate) clock_jump: std::time::Duration,
    /// Which letters may be recalled.
    pub(crate) recall: Recall,
    /// How long audit rows are kept.
    pub(crate) audit_kept: Term,
    /// The operator's systems that receive letter events.
    pub(crate) webhooks: Vec<Hook>,
    /// What works, but may not be intended.
    pub(crate) warnings: Vec<Problem>,
}

impl Plan {
    /// Reads and checks a configuration file, and the keys of these roles. On failure: every problem found.
    pub(crate) fn load(file: &Path, roles: Roles) -> Result<(Self, ServiceKeys), Vec<Problem>> {
        Self::with(file, roles, |config, source| ServiceKeys::load(config, roles, source))
    }

    /// The same with the keys of support's commands.
    pub(crate) fn load_for_support(file: &Path) -> Result<(Self, SupportKeys), Vec<Problem>> {
        Self::with(file, Roles::NONE, SupportKeys::load)
    }

    /// The same with the key that verifies the audit trail.
    pub(crate) fn load_for_audit(file: &Path) -> Result<(Self, Vec<AuditMaster>), Vec<Problem>> {
        Self::with(file, Roles::NONE, keys::auditor)
    }

    /// The same for a command that needs no key.
    pub(crate) fn load_without_keys(file: &Path) -> Result<Self, Vec<Problem>> {
        Self::with(file, Roles::ALL, |_config, _source| Some(())).map(|(plan, ())| plan)
    }

    /// Options for opening its store.
    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions {
            rows: self.rows.clone(),
            bodies: self.bodies.clone(),
            // A command beside running services must not migrate the schema under an older one of them.
            schema: SchemaRequest::Never,
            ..StoreOptions::new(&self.data)
        }
    }

    fn with<K: Send>(
        file: &Path,
        roles: Roles,
        keys: impl FnOnce(&Config, &mut Source) -> Option<K> + Send,
    ) -> Result<(Self, K), Vec<Problem>> {
        let (mut config, mut source) = config::read(file)?;
        leave_to_others(&mut config, roles);
        let keys = wiped_stack::apart(|| keys(&config, &mut source));
        let plan = Self::build(config, roles, &mut source);
        match (plan, keys) {
            (Some(plan), Some(keys)) if source.problems.is_empty() => {
                Ok((Self { warnings: source.warnings, ..plan }, keys))
            }
            (Some(_) | None, Some(_) | None) => {
                // The same fault may show in two places of the plan, but is reported once.
                source.problems.sort_by_key(|problem| problem.line);
                source.problems.dedup();
                Err(source.problems)
            }
        }
    }

    /// `None` only if a problem has been noted.
    fn build(config: Config, roles: Roles, source: &mut Source) -> Option<Self> {
        let escrow = escrow::plan(&config, source);
        let data = data_folder(&config, source);
        let rows = store::plan(&config, source);
        let bodies = bodies::plan(&config, source);
        let node = store::node(&config, source);
        let minimum_free = minimum_free::plan(&config, &data, source);
        memory::check(&config, source);
        listeners::apart(&config, source);
        let (listeners, reloadable, logins) = match roles.intake {
            true => {
                let (listeners, reloadable) = listeners::plan(&config, source);
                (listeners, reloadable, listeners::logins(&config, source))
            }
            false => Default::default(),
        };
        let mut delivery = hops::plan(&config, source);
        if let Some(delivery) = &mut delivery {
            minimums::plan(&config, delivery, source);
        }
        let dkim = dkim::plan(&config, roles, delivery.as_mut(), source);
        if let Some(delivery) = &mut delivery {
            tls_reports::plan(&config, roles, delivery, source);
        }
        let publishing = publishing::plan(&config, source);
        let lookup = lookup::plan(&config, source);
        let route = hops::route(&config, source);
        let notice_route = hops::notice_route(&config, source);
        let rules = rules::plan(&config, source);
        hops::floors(&config, source);
        warnings::find(&config, source);
        unworkable::find(&config, source);
        certificates::find(&config, source);
        let portal = portal::plan(&config, source);
        let notice_key = notice_key::plan(&config, source);
        let writing_hop = hops::writing_route(&config, source);
        let inbound = partners::plan(&config, source);
        let worker = partners::worker(&config, source);
        let tokens = tokens::plan(&config, source);
        let (pace, worker_limits) = partners::pace(&config, source);
        let account = Account::of(&config, roles);
        let telling = notify_times::plan(&config, source);
        let webhooks = webhooks::plan(&config, roles, source);
        let announcer = portal::announcer(&config, notice_route.clone()?, source);
        Some(Self {
            name: config.gateway.name.get_ref().to_string(),
            data,
            rows: rows?,
            bodies: bodies?,
            node: node?,
            readers: Readers::of(&config),
            escrow: escrow?,
            minimum_free,
            lock_wait: config.gateway.lock_wait.0,
            memory: Shares::of(config.gateway.memory.get_ref().0),
            listeners,
            reloadable,
            logins,
            routes: Routes {
                relay: route?,
                reports: delivery.as_ref()?.report_route.clone(),
                report_from: (config.delivery.report_name.clone(), config.delivery.report_from.clone()),
                report_languages: portal::report_languages(&config),
                give_up: config.delivery.give_up.0,
                writers: writers::plan(&config, source),
            },
            delivery: delivery?,
            rules: rules?,
            announcer: announcer?,
            notice_key,
            writing: Writing {
                rules: portal.as_ref()?.write.clone(),
                route: writing_hop?,
                floor: config.portal.write.floor,
            },
            portal: portal?,
            quotas: quotas::plan(&config, source),
            inbound: inbound?,
            crl_places: config.partners.crls.iter().map(|place| source.path(place.get_ref())).collect(),
            worker,
            worker_limits,
            tokens,
            pace,
            account,
            dkim,
            publishing,
            lookup,
            log: config.log,
            audit_kept: config.audit.kept,
            recall: match config.policy.recall {
                config::Recall::Never => Recall::Never,
                config::Recall::Unread => Recall::Unread,
                config::Recall::Always => Recall::Always,
            },
            telling,
            clock_jump: config.retention.clock_jump.0,
            webhooks,
            warnings: Vec::new(),
        })
    }
}

/// Private files of other roles belong to other users, who alone can read them: this process does not need them.
fn leave_to_others(config: &mut Config, roles: Roles) {
    if !roles.portal {
        (config.portal.certificate, config.portal.key) = (None, None);
    }
    if !roles.delivery {
        for hop in config.hops.values_mut() {
            (hop.login, hop.password_file) = (None, None);
            (hop.certificate, hop.key) = (None, None);
        }
        config.notices.signing_key = None;
    }
}

/// Hash of a configuration file in its present state, by which the audit trail names it.
pub(crate) fn hash(file: &Path) -> std::io::Result<String> {
    let mut hash = BodyHash::default();
    hash.update(&std::fs::read(file)?);
    Ok(sealpost_mail::hex(&hash.finish()))
}

/// Reloaded rules.
pub(crate) struct Reloaded {
    pub(crate) rules: Rules,
    /// Percentage of its entries that a list may have lost meanwhile.
    pub(crate) may_lose: u8,
    /// What may not be intended.
    pub(crate) warnings: Vec<Problem>,
}

/// Rules only, for a reload.
pub(crate) fn reload_rules(file: &Path) -> Result<Reloaded, Vec<Problem>> {
    let (config, mut source) = config::read(file)?;
    let rules = rules::plan(&config, &mut source);
    // What would not start is not loaded either.
    hops::floors(&config, &mut source);
    warnings::find(&config, &mut source);
    match rules {
        Some(rules) if source.problems.is_empty() => {
            let may_lose = *config.policy.lists_may_lose.get_ref();
            Ok(Reloaded { rules, may_lose, warnings: source.warnings })
        }
        Some(_) | None => Err(source.problems),
    }
}

fn data_folder(config: &Config, source: &mut Source) -> PathBuf {
    let spanned = &config.gateway.data;
    let folder = source.path(spanned.get_ref());
    if let Ok(facts) = std::fs::metadata(&folder) {
        use std::os::unix::fs::PermissionsExt as _;
        if !facts.is_dir() {
            source.at(spanned.span().start, format!("{} is not a folder", folder.display()), "name a folder");
        } else {
            // Separate roles are users of one group.
            let (others, hint) = match config.gateway.role_keys {
                Some(_) => (0o007, "chmod 2770"),
                None => (0o077, "chmod 700"),
            };
            if facts.permissions().mode() & others != 0 {
                source.at(
                    spanned.span().start,
                    format!("the data folder {} can be read by others", folder.display()),
                    format!("{hint} {}", folder.display()),
                );
            }
        }
    }
    folder
}
