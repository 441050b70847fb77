//! An insurer, outside servers and an adjustable clock, for scheduled revocation checks of partners'
//! certificates. Knows neither OCSP nor lists.

use std::net::SocketAddr;

use rig::ill_clock::IllClock;
use rig::{Gateway, Hop, letters};

use super::authority::Authority;
use super::{insurer, sealpost};

pub(crate) const HOUR: i64 = 3600;
pub(crate) const LOOPBACK: &str = r#"["127.0.0.0/8", "::1/128"]"#;

pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) outside: Hop,
    pub(crate) inside: Hop,
    /// Address of the listener for letters from outside.
    pub(crate) world: SocketAddr,
    clock: IllClock,
}

impl Scene {
    /// `networks`: those that may be asked though they are not public; `asking`: settings of `[partners]`.
    pub(crate) fn new(authority: &Authority, networks: &str, asking: &[(&str, &str)]) -> Self {
        let (outside, inside, clock) = (Hop::new(), Hop::new(), IllClock::new());
        let (mut config, world) = insurer(&outside, &inside);
        config
            .set("partners", "roots", &format!("[{:?}]", authority.root()))
            .set("retention", "clock-jump", r#""4000 days""#)
            .set("partners", "lookup-networks", networks);
        for (key, value) in asking {
            config.set("partners", key, value);
        }
        let gateway = Gateway::start_with(&config, &clock.environment());
        gateway.knows_its_jobs();
        sealpost(&gateway, &["domain-key", "make", "insurer.example", "--name", "Insurer"]);
        Self { gateway, outside, inside, world, clock }
    }

    /// Runs the job at this hour, and returns the listing afterwards.
    pub(crate) fn asks_at(&self, hour: i64, partner: &str) -> String {
        self.clock.set(hour * HOUR);
        sealpost(&self.gateway, &["jobs", "run", "ocsp"]);
        sealpost(&self.gateway, &["partner", "show", partner])
    }

    /// `sealpost check` has no mistake to name, and says this.
    pub(crate) fn check_says(&self, words: &str) {
        let (code, out, err) = self.gateway.sealpost(&["check"]);
        assert!(code == 0 && (out.contains(words) || err.contains(words)), "{words}:\n{out}{err}");
    }

    pub(crate) fn letter(&self) -> rig::smtp::Reply {
        let letter = letters::plain("Befund", "4711");
        self.gateway.smtp().letter("e@insurer.example", &["d@must.example"], &letter)
    }
}
