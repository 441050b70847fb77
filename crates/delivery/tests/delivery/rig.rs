//! A store with letters in it and a runner on top.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sealpost_delivery::{
    Composer, Content, DeliveryConfig, DnsAnswer, DnsError, Inlet, Mx, NextHop, Proof, Purpose, Resolver,
    RetryPlan, Route, Runner, Ticket, Timeouts, Tlsa,
};
use sealpost_mail::{
    Address, BodyType, FakeClock, Notify, Random, Recipient, Ret, ReversePath, SystemRandom, Timestamp,
    TlsFloor,
};
use sealpost_store::{
    ArrivalRows, Committed, LegFilter, LegPurpose, LegRow, LegStart, NewLeg, Page, Store, StoreOptions,
};
use sealpost_vault::{MessageKey, ServerKey, SpoolKey, StreamSealer};
use tokio_util::sync::CancellationToken;

use crate::hop::Hop;

pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000);

/// A letter to be queued.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) from: Option<&'static str>,
    pub(crate) to: String,
    pub(crate) head: Vec<u8>,
    pub(crate) rest: Vec<u8>,
    pub(crate) notify: Notify,
    pub(crate) envid: Option<&'static str>,
    pub(crate) orcpt: Option<&'static str>,
    pub(crate) ret: Option<Ret>,
    pub(crate) body_type: BodyType,
    pub(crate) smtputf8: bool,
    pub(crate) route: Route,
    pub(crate) tls: TlsFloor,
    pub(crate) purpose: Purpose,
}

/// An ordinary letter over the hop.
pub(crate) fn post(to: &str) -> Post {
    Post {
        from: Some("sender@insurer.example"),
        to: to.to_owned(),
        head:
            b"From: sender@insurer.example\r\nSubject: canary\r\nMessage-ID: <stable@insurer.example>\r\n\r\n"
                .to_vec(),
        rest: b"Hello\r\n".to_vec(),
        notify: Notify::Unspecified,
        envid: None,
        orcpt: None,
        ret: None,
        body_type: BodyType::SevenBit,
        smtputf8: false,
        route: Route::NextHop("hop".to_owned()),
        tls: TlsFloor::None,
        purpose: Purpose::Relay,
    }
}

/// DNS that knows one domain, `d.example`, with two exchangers on this machine, and what a scenario publishes
/// for it.
#[derive(Default)]
pub(crate) struct OneDomain {
    /// TLSA records of the exchanger that answers, as if all of the domain were signed.
    pub(crate) tlsa: Vec<Tlsa>,
    /// Text records by name.
    pub(crate) texts: std::sync::Mutex<std::collections::HashMap<String, String>>,
}

impl OneDomain {
    fn answer<T>(&self, records: Vec<T>) -> DnsAnswer<T> {
        DnsAnswer { records, proof: if self.tlsa.is_empty() { Proof::Unsigned } else { Proof::Signed } }
    }
}

#[async_trait]
impl Resolver for OneDomain {
    /// Every host of an https address is here.
    async fn addresses(&self, _host: &str) -> Result<Vec<std::net::IpAddr>, DnsError> {
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }

    async fn mx(&self, domain: &str) -> Result<DnsAnswer<Mx>, DnsError> {
        let mx = |preference, host: &str| Mx { preference, host: host.to_owned() };
        match domain {
            "d.example" => Ok(self.answer(vec![mx(20, "mx2.d.example"), mx(10, "mx1.d.example")])),
            "null.example" => Ok(self.answer(vec![mx(0, "")])),
            "loop.example" => Ok(self.answer(vec![mx(10, "gw.example")])),
            "down.example" => Err(DnsError::Temporary("SERVFAIL".to_owned())),
            _ => Err(DnsError::NoSuchName),
        }
    }

    async fn exchanger(&self, host: &str) -> Result<DnsAnswer<std::net::IpAddr>, DnsError> {
        match host {
            // The first is a loopback address without a listener.
            "mx1.d.example" => Ok(self.answer(vec!["127.0.0.9".parse().unwrap()])),
            // And the host of its policy.
            "mx2.d.example" | "mta-sts.d.example" => Ok(self.answer(vec!["127.0.0.1".parse().unwrap()])),
            _ => Err(DnsError::NoSuchName),
        }
    }

    async fn tlsa(&self, host: &str, _port: u16) -> Result<Vec<Tlsa>, DnsError> {
        Ok(if host == "mx2.d.example" { self.tlsa.clone() } else { Vec::new() })
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let texts = self.texts.lock().unwrap();
        texts.get(name).map(|text| vec![text.clone()]).ok_or(DnsError::NoSuchName)
    }
}

/// Store, keys, clock and configuration.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) key: SpoolKey,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) config: DeliveryConfig,
    pub(crate) dns: Arc<OneDomain>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    /// With `hop` as the next hop of that name, for letters and reports.
    pub(crate) fn new(hop: &Hop) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(folder.path())).unwrap();
        let from = ("Sealpost".to_owned(), Address::parse("postmaster@gw.example").unwrap());
        let mut config = DeliveryConfig::new("gw.example", from, Route::NextHop("hop".to_owned()));
        config.hops.insert("hop".to_owned(), NextHop::new("127.0.0.1", hop.port));
        config.retry = RetryPlan { jitter_percent: 0, ..RetryPlan::default() };
        config.mx_port = hop.port;
        config.mx_loopback = true;
        config.timeouts = Timeouts { connect: Duration::from_secs(5), ..Timeouts::default() };
        Self {
            store,
            key: ServerKey::generate(&SystemRandom).keys().spool,
            clock: Arc::new(FakeClock::at(START)),
            config,
            dns: Arc::new(OneDomain::default()),
            _folder: folder,
        }
    }

    /// Queues a letter; returns its leg's id.
    pub(crate) async fn queue(&self, post: Post) -> String {
        let (leg_id, rows) = self.prepare(post).await;
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
        leg_id
    }

    /// Queues a mail that is not written yet.
    pub(crate) async fn queue_content(&self, post: Post, content: Content) {
        let (leg_id, mut rows) = self.prepare(post).await;
        let leg = &mut rows.legs[0];
        let mut ticket = Ticket::open(&self.key, &leg_id, &leg.ticket_sealed).unwrap();
        ticket.content = content;
        leg.ticket_sealed = ticket.seal(&self.key, &leg_id, &SystemRandom).unwrap();
        (leg.body_id, rows.body) = (None, None);
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }

    /// The rows of a letter and its leg's id.
    pub(crate) async fn prepare(&self, post: Post) -> (String, ArrivalRows) {
        let random = SystemRandom;
        let (leg_id, body_id, now) = (random.id(), random.id(), START);
        let key = MessageKey::generate(&random);
        let mut sealer = StreamSealer::new(&key, &random);
        let mut sealed = Vec::new();
        sealer.push(&post.rest, &mut sealed);
        sealer.finish(&mut sealed);
        let mut writer = self.store.body_writer(body_id.clone());
        writer.push(&sealed).await.unwrap();
        let body = writer.finish().await.unwrap();
        let recipient = Address::parse(&post.to).unwrap();
        let (destination, purpose) = (
            match &post.route {
                Route::NextHop(name) => name.clone(),
                Route::Mx => recipient.domain().as_str().to_owned(),
            },
            match post.purpose {
                Purpose::Relay | Purpose::Opened => LegPurpose::Relay,
                Purpose::Notice { .. } => LegPurpose::Notice,
                Purpose::Report | Purpose::TlsReport => LegPurpose::Report,
                Purpose::PortalReply { .. } => LegPurpose::PortalReply,
            },
        );
        let ticket = Ticket {
            reverse_path: post
                .from
                .map_or(ReversePath::Null, |from| ReversePath::Address(Address::parse(from).unwrap())),
            recipient: Recipient {
                address: recipient,
                orcpt: post.orcpt.map(|address| sealpost_mail::Orcpt {
                    kind: "rfc822".to_owned(),
                    address: address.to_owned(),
                }),
                notify: post.notify,
            },
            envid: post.envid.map(str::to_owned),
            ret: post.ret,
            body_type: post.body_type,
            smtputf8: post.smtputf8,
            content: Content::Letter { head: post.head, body_key: key.to_bytes() },
            route: post.route,
            tls: post.tls,
            purpose: post.purpose,
            hand: sealpost_delivery::Hand::Passed,
            reports_to: sealpost_delivery::ReportsTo::Ours,
            arrived: now,
        };
        let leg = NewLeg {
            id: leg_id.clone(),
            arrival_id: random.id(),
            body_id: Some(body_id),
            ticket_sealed: ticket.seal(&self.key, &leg_id, &random).unwrap(),
            destination,
            due_at: now,
            expires_at: now.plus(self.config.retry.give_up),
            created_at: now,
            purpose,
            state: LegStart::Queued,
        };
        (leg_id, ArrivalRows { body: Some(body), legs: vec![leg], ..ArrivalRows::new(now) })
    }

    /// Queues one letter to all of these.
    pub(crate) async fn queue_to_all(&self, posts: &[Post]) {
        let mut letters = Vec::new();
        for post in posts {
            letters.push(self.prepare(post.clone()).await);
        }
        let mut letters = letters.into_iter();
        let (first_id, mut rows) = letters.next().unwrap();
        let first = Ticket::open(&self.key, &first_id, &rows.legs[0].ticket_sealed).unwrap();
        for (leg_id, other) in letters {
            let mut leg = other.legs.into_iter().next().unwrap();
            let mut ticket = Ticket::open(&self.key, &leg_id, &leg.ticket_sealed).unwrap();
            let (Content::Letter { head, .. }, Content::Letter { body_key, .. }) =
                (ticket.content.clone(), first.content.clone())
            else {
                panic!("letters")
            };
            ticket.content = Content::Letter { head, body_key };
            leg.ticket_sealed = ticket.seal(&self.key, &leg_id, &SystemRandom).unwrap();
            leg.body_id = rows.legs[0].body_id.clone();
            rows.legs.push(leg);
        }
        assert!(matches!(self.store.commit_arrival(rows).await.unwrap(), Committed::New(_)));
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(None)
    }

    pub(crate) fn start_with(&self, composer: Option<Arc<dyn Composer>>) -> Running {
        let runner = Runner::with_resolver(
            self.store.clone(),
            self.key.clone(),
            Arc::clone(&self.clock) as _,
            Arc::new(SystemRandom),
            self.config.clone(),
            Arc::clone(&self.dns) as _,
        )
        .unwrap();
        composer.into_iter().for_each(|composer| runner.compose_with(composer));
        let (waker, stop) = (runner.inlet(), CancellationToken::new());
        let task = tokio::spawn(runner.run(self.store.alone("delivery").unwrap(), stop.clone()));
        Running { waker, stop, task }
    }

    pub(crate) async fn legs(&self) -> Vec<LegRow> {
        self.store.list_legs(&LegFilter::default(), Page { offset: 0, limit: 1000 }).await.unwrap().legs
    }

    /// Waits until the queue looks like this.
    pub(crate) async fn until(&self, what: &str, reached: impl Fn(&[LegRow]) -> bool) -> Vec<LegRow> {
        for _ in 0..4000 {
            let legs = self.legs().await;
            if reached(&legs) {
                return legs;
            }
            // The store has no change notification.
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        panic!("never {what}: {:#?}", self.legs().await);
    }

    pub(crate) async fn until_empty(&self) {
        self.until("empty", <[LegRow]>::is_empty).await;
    }

    /// Waits until a leg has ended this many attempts and is idle.
    pub(crate) async fn until_attempts(&self, attempts: i64) -> LegRow {
        let legs = self
            .until("tried", |legs| legs.iter().any(|leg| leg.attempts == attempts && leg.leased.is_none()))
            .await;
        legs.into_iter().find(|leg| leg.attempts == attempts).unwrap()
    }
}

/// A report as text, with the soft line breaks of quoted-printable removed.
pub(crate) fn readable(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("=\r\n", "")
}

/// A runner at work.
pub(crate) struct Running {
    pub(crate) waker: Inlet,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), sealpost_delivery::DeliveryError>>,
}

impl Running {
    /// Advances the clock and wakes the runner.
    pub(crate) fn advance(&self, fixture: &Fixture, by: Duration) {
        fixture.clock.advance(by);
        self.waker.wake();
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.unwrap().unwrap().unwrap();
    }
}
