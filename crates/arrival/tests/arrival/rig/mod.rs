//! One gateway without sockets: a store in a temporary folder, keys, a fixed clock, repeatable randomness, and rules by
//! recipient. Letters go in as from a listener; what they leave is read from the store.

mod inspect;
mod letters;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use sealpost_arrival::{
    Announcer, ArrivalReception, Asking, Context, CrlSource, Inbound, Making, Pace as WorkPace, Partners,
    PortalOutbox, Quotas, Receipts, RevocationLists, Routes, Shared, Tenant, ToMailbox, Unopened, Upstream,
    Writing,
};
use sealpost_delivery::{DeliveryConfig, Route, Runner};
use sealpost_intake::{MemoryBudget, Receipt, Reception as _};
use sealpost_mail::{
    ActivateBy, Address, Brand, Clock as _, Colour, Envelope, FakeClock, Origin, Reply, SequenceRandom, Term,
    Timestamp, TlsFloor, Zone,
};
use sealpost_mailbox::audit::Chain;
use sealpost_mailbox::{Retention, WriteRules};
use sealpost_notice::Language;
use sealpost_policy::Rules;
use sealpost_seal::{Harvest, Lists};
use sealpost_store::{Pace, Store, StoreOptions};
use sealpost_vault::{Keys, ServerKey};
use tempfile::TempDir;

pub(crate) use inspect::{Leg, Opened};
pub(crate) use letters::{envelope, from_nobody, letter, origin, recipient};

/// 2026-11-18 08:26:40 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_794_990_400_000);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const SENDER: &str = "erika@insurer.example";
pub(crate) const OURS: &str = "securemail@insurer.example";
pub(crate) const BOUNCES: &str = "bounce@insurer.example";
pub(crate) const PORTAL: &str = "https://portal.insurer.example";

/// The treatment of copies by recipient. All others are relayed.
const RULES: &str = r#"[
    {"name": "world", "when": {"listener": "world", "recipient": "*.web.example"}, "then": "portal"},
    {"name": "strictly", "when": {"listener": "world", "recipient": "strict.example"}, "then": "domain"},
    {"name": "tagged", "when": {"subject-tag": "[vertraulich]"}, "then": "portal"},
    {"name": "portal", "when": {"recipient": "*.web.example"}, "then": "portal"},
    {"name": "short", "when": {"recipient": "short.example"}, "then": "portal", "keep": "3 days"},
    {"name": "held", "when": {"recipient": "held.example"}, "then": {"hold": {"tls": "verified"}}},
    {"name": "refused", "when": {"recipient": "refused.example"}, "then": {"refuse": {"text": "Not there"}}},
    {"name": "partner", "when": {"recipient": "clinic.example"}, "then": ["domain", "portal"]},
    {"name": "strict", "when": {"recipient": "strict.example"}, "then": "domain"},
    {"name": "waits", "when": {"recipient": "waits.example"}, "then": ["domain", "hold"]},
    {"name": "safe", "when": {"recipient": "safe.example"}, "then": {"relay": {"tls": "encrypted"}}}
]"#;

/// The operator's settings, to be changed by a test before the rig is built.
pub(crate) struct Setting {
    pub(crate) rules: String,
    pub(crate) announcer: Announcer,
    pub(crate) writing: Writing,
    pub(crate) routes: Routes,
    pub(crate) quotas: Quotas,
    pub(crate) inbound: Inbound,
    pub(crate) is_escrowed: bool,
    /// Bytes of the disk that are kept free.
    pub(crate) minimum_free: u64,
    /// Budget for whole letters.
    pub(crate) memory_kib: u32,
}

#[derive(Debug)]
struct NoLists;

impl RevocationLists for NoLists {
    fn now(&self) -> Arc<Vec<Vec<u8>>> {
        Arc::default()
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn hop(name: &str) -> Route {
    Route::NextHop(name.to_owned())
}

fn brand() -> Brand {
    Brand {
        name: "Die Versicherung".to_owned(),
        sentence_name: None,
        portal_name: "SecureMail".to_owned(),
        portal_url: PORTAL.to_owned(),
        colour: Colour::parse("#004b87").unwrap(),
        logo: None,
        contact: Some("0800 1234".to_owned()),
        phone: None,
        imprint: None,
        privacy: None,
    }
}

impl Default for Setting {
    fn default() -> Self {
        let announcer = Announcer {
            from: address(OURS),
            brand: brand(),
            zone: "UTC".to_owned(),
            public_url: PORTAL.to_owned(),
            show_subject: false,
            language: Language::De,
            languages: BTreeMap::from([("en.web.example".to_owned(), Language::En)]),
            bounces: Some(address(BOUNCES)),
            replies_here: true,
            receipts: Receipts::OnOpen,
            requests: Some(Asking {
                resolvers: vec!["127.0.0.1:9".parse().unwrap()],
                upstream: Some(Upstream {
                    authserv_id: "mx.insurer.example".to_owned(),
                    networks: vec!["192.0.2.0/24".parse().unwrap()],
                }),
            }),
            hard_bounces: 2,
            pace: Pace::AtOnce,
            pending_pace: Pace::AtOnce,
            retention: Retention {
                zone: Zone::utc(),
                unactivated: Term::Days(40),
                letters: None,
                mailbox: None,
                trash: Term::Days(14),
                asked: None,
            },
            activate_by: ActivateBy::Link,
            route: hop("notices"),
            floor: TlsFloor::Encrypted,
        };
        let rules = WriteRules { domains: vec!["insurer.example".to_owned()], ..WriteRules::default() };
        Self {
            rules: RULES.to_owned(),
            announcer,
            writing: Writing { rules, route: hop("insurer"), floor: TlsFloor::Verified },
            routes: Routes {
                relay: hop("relay"),
                reports: hop("insurer"),
                report_from: ("Sealpost".to_owned(), address("postmaster@gw.example")),
                report_languages: vec![Language::En, Language::De],
                give_up: 5 * DAY,
                writers: Vec::new(),
            },
            quotas: Quotas::default(),
            inbound: Inbound {
                listeners: vec!["world".to_owned()],
                filters: Vec::new(),
                authserv_ids: Vec::new(),
                recipients: std::collections::HashMap::new(),
                authenticators: Vec::new(),
                route: hop("inside"),
                unopened: Unopened::Pass,
                originals: None,
                tag: Some("[partner]".to_owned()),
                roots: Vec::new(),
                harvest: Harvest::Off,
                lists: Lists::Off,
                crls: Arc::new(NoLists),
                crl_source: CrlSource::Files,
            },
            is_escrowed: true,
            minimum_free: 0,
            memory_kib: 256 * 1024,
        }
    }
}

/// The gateway.
pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) random: Arc<SequenceRandom>,
    pub(crate) reception: ArrivalReception,
    pub(crate) outbox: PortalOutbox,
    pub(crate) returns: ToMailbox,
    folder: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(set: impl FnOnce(&mut Setting)) -> Self {
        let mut setting = Setting::default();
        set(&mut setting);
        let folder = tempfile::tempdir().unwrap();
        let random = Arc::new(SequenceRandom::default());
        let keys = ServerKey::generate(&*random).keys();
        let queue = keys.intake().queue;
        let prover = Some(Arc::new(Chain::new(queue.audit.clone())) as _);
        let path = folder.path().join("store");
        let options = StoreOptions { minimum_free: setting.minimum_free, prover, ..StoreOptions::new(path) };
        let store = Store::open(options).unwrap();
        let clock = Arc::new(FakeClock::at(NOW));
        let from = ("Sealpost".to_owned(), address("postmaster@gw.example"));
        let config = DeliveryConfig::new("gw.example", from, hop("relay"));
        // Nothing is delivered here: once the runner is gone, every leg waits in the queue, where it can be inspected.
        let runner = Runner::new(
            store.clone(),
            queue.spool.clone(),
            Arc::clone(&clock) as _,
            Arc::clone(&random) as _,
            config,
        );
        let inlet = runner.unwrap().inlet();
        let context = Arc::new(Context {
            shared: Shared::new(
                store.clone(),
                queue,
                Arc::clone(&clock) as _,
                Arc::clone(&random) as _,
                inlet,
                MemoryBudget::kib(setting.memory_kib),
            ),
            tenant: Tenant::new(
                "gw.example".to_owned(),
                rules(&setting.rules),
                setting.announcer,
                setting.writing,
                setting.routes,
                setting.quotas,
                setting.inbound,
            ),
        });
        let making = Making {
            tokens: keys.tokens.clone(),
            pepper: keys.pepper.clone(),
            escrow: setting.is_escrowed.then(|| keys.escrow.public()),
        };
        let pace = WorkPace { opened_at_once: 1, wait: Duration::from_secs(10) };
        let partners = Partners::new(keys.keyring.clone(), None, Arc::new(sealpost_seal::NoTokens), pace);
        let reception = ArrivalReception {
            context: Arc::clone(&context),
            making: Arc::new(making),
            partners: Arc::new(partners),
        };
        let outbox = PortalOutbox { context: Arc::clone(&context), letters: keys.letters.clone() };
        Self { store, keys, clock, random, reception, outbox, returns: ToMailbox(context), folder }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.reception.context
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a letter as a listener does, in arbitrary pieces. Its `250` is not known to have arrived.
    pub(crate) async fn hand_in(
        &self,
        envelope: Envelope,
        origin: Origin,
        bytes: &[u8],
    ) -> Result<Receipt, Reply> {
        self.reception.may_begin(envelope.announced_size.unwrap_or(0))?;
        let mut incoming = self.reception.begin(envelope, origin).await?;
        for piece in bytes.chunks(997) {
            incoming.chunk(piece).await?;
        }
        incoming.finish().await
    }

    /// The same, and the client has read its `250`. Returns the arrival's id.
    pub(crate) async fn send(
        &self,
        envelope: Envelope,
        origin: Origin,
        bytes: &[u8],
    ) -> Result<String, Reply> {
        let receipt = self.hand_in(envelope, origin, bytes).await?;
        if let Some(acknowledge) = receipt.acknowledged {
            acknowledge();
        }
        Ok(receipt.id)
    }

    /// An ordinary letter of an employee's.
    pub(crate) async fn write(&self, to: &[&str], subject: &str) -> Result<String, Reply> {
        let text = letter(&self.random, subject, "", "Guten Tag");
        self.send(envelope(SENDER, to), origin(), &text).await
    }

    /// The same process restarted with the same folder: what was promised must be there.
    pub(crate) async fn reopened(&self) -> Store {
        self.store.close().await;
        Store::open(StoreOptions::new(self.folder.path().join("store"))).unwrap()
    }
}

pub(crate) fn rules(json: &str) -> Rules {
    let specs = serde_json::from_str(json).unwrap();
    let default = serde_json::from_str("\"relay\"").unwrap();
    Rules::new(specs, default, &HashMap::new()).unwrap()
}
