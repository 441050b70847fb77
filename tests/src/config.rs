//! A gateway.toml for one scenario: the tests' standard one, plus what the scenario changes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ill_clock::IllClock;
use crate::postgres::Cluster;
use crate::{Hop, ports};

/// The text of a configuration with its addresses.
#[derive(Clone, Debug)]
pub struct Config {
    sections: Vec<(String, Vec<(String, String)>)>,
    /// A database server of its own, there for as long as anybody has the configuration.
    server: Option<Arc<Cluster>>,
    /// Where the listener `inside` listens.
    pub smtp: SocketAddr,
    /// Where the portal listens.
    pub web: SocketAddr,
}

/// Whether the suite runs on the other engine.
#[must_use]
pub fn is_on_postgres() -> bool {
    std::env::var("SEALPOST_TEST_ENGINE").is_ok_and(|engine| engine == "postgres")
}

impl Config {
    /// Confidential by subject tag, `Sensitivity` and sender, everything else relayed; all mail goes to this hop; any
    /// client on this machine may send.
    #[must_use]
    pub fn new(hop: &Hop) -> Self {
        Self::to(hop.address())
    }

    /// The same with another server for public domains.
    #[must_use]
    pub fn to(hop: SocketAddr) -> Self {
        let mut config = Self { sections: Vec::new(), server: None, smtp: ports::free(), web: ports::free() };
        let (smtp, web) = (config.smtp, config.web);
        config
            .set("gateway", "name", r#""mailgate.insurer.example""#)
            .set("gateway", "data", r#""data""#)
            .set("gateway", "server-key", r#""server.key""#)
            .section("[listener]")
            .set("[listener]", "name", r#""inside""#)
            .set("[listener]", "addresses", &format!("[\"{smtp}\"]"))
            .set("[listener]", "networks", r#"["127.0.0.0/8", "::1"]"#)
            .set("hops.world", "host", &format!("\"{}\"", hop.ip()))
            .set("hops.world", "port", &hop.port().to_string())
            .set("hops.world", "tls", r#""off""#)
            .set("delivery", "route", r#""world""#)
            .set("delivery", "report-from", r#""postmaster@insurer.example""#)
            // Long enough to see that a retry waits, short enough for a test to wait for it.
            .set("delivery", "retry", r#"["300 ms"]"#)
            .set("policy", "default", r#""relay""#)
            .rule("tag", r#"{ subject-tag = "[vertraulich]" }"#, r#""portal""#)
            .rule("marked", r#"{ sensitivity = "company-confidential" }"#, r#""portal""#)
            .rule("accident department", r#"{ reverse-path = "*@unfall.insurer.example" }"#, r#""portal""#)
            .set("portal", "addresses", &format!("[\"{web}\"]"))
            .set("portal", "public-url", &format!("\"http://{web}\""))
            .set("notices", "from", r#""securemail@insurer.example""#)
            .set("notices", "show-subject", "true")
            // A mail for each letter; digests are tested elsewhere.
            .set("notices", "pending-pace", r#""at-once""#)
            .set("notices", "bounces", r#""bounce@portal.insurer.example""#)
            .set("brand", "name", r#""Insurer""#)
            .set("brand", "contact", r#""securemail@insurer.example""#)
            .set("log", "level", r#""debug""#);
        if is_on_postgres() {
            config.rows_in(Cluster::shared());
        }
        config
    }

    /// The same for a scenario that sets this clock: its database uses it, too.
    #[must_use]
    pub fn by_clock(hop: &Hop, clock: &IllClock) -> Self {
        let mut config = Self::on_sqlite(hop);
        if is_on_postgres() {
            let server = Arc::new(Cluster::start_with(&clock.environment()));
            config.rows_in(&server);
            config.server = Some(server);
        }
        config
    }

    /// The same with its rows in the data folder whatever else is tested: for scenarios about SQLite's own file.
    #[must_use]
    pub fn on_sqlite(hop: &Hop) -> Self {
        let mut config = Self::new(hop);
        config.sections.retain(|(section, _)| section != "store");
        config
    }

    /// The rows go into this server, in a schema of their own.
    pub fn rows_in(&mut self, cluster: &Cluster) -> &mut Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let schema = SCHEMAS.fetch_add(1, Ordering::SeqCst);
        self.set("store", "engine", r#""postgres""#)
            .set("store", "hosts", &format!("[{:?}]", cluster.socket()))
            .set("store", "database", r#""postgres""#)
            .set("store", "user", r#""sealpost""#)
            .set("store", "schema", &format!("\"scenario_{schema}\""))
    }

    /// For another folder, which begins with nothing: other rows.
    pub fn begin_anew(&mut self) -> &mut Self {
        match &self.server {
            Some(server) => {
                let server = Arc::clone(server);
                self.rows_in(&server)
            }
            None if is_on_postgres() => self.rows_in(Cluster::shared()),
            None => self,
        }
    }

    /// Sets one key; the value is TOML. A section in brackets is the newest entry of an array.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> &mut Self {
        if !self.sections.iter().any(|(name, _)| name == section) {
            self.sections.push((section.to_owned(), Vec::new()));
        }
        let keys = &mut self.sections.iter_mut().rev().find(|(name, _)| name == section).unwrap().1;
        keys.retain(|(known, _)| known != key);
        keys.push((key.to_owned(), value.to_owned()));
        self
    }

    /// What a key is set to, as TOML.
    #[must_use]
    pub fn value(&self, section: &str, key: &str) -> String {
        let keys = self.sections.iter().rev().filter(|(name, _)| name == section).flat_map(|(_, keys)| keys);
        keys.clone().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap()
    }

    /// Takes one key away.
    pub fn unset(&mut self, section: &str, key: &str) -> &mut Self {
        for (name, keys) in &mut self.sections {
            if name == section {
                keys.retain(|(known, _)| known != key);
            }
        }
        self
    }

    /// Takes a section away.
    pub fn remove(&mut self, section: &str) -> &mut Self {
        self.sections.retain(|(name, _)| name != section);
        self
    }

    /// Begins a new entry of an array, like `[listener]`.
    pub fn section(&mut self, section: &str) -> &mut Self {
        self.sections.push((section.to_owned(), Vec::new()));
        self
    }

    /// Clients of the listener may log in over STARTTLS, as `exchange` with this password; its certificate is `gate.pem`.
    pub fn log_in_with(&mut self, password: &str) -> &mut Self {
        self.set("[listener]", "auth", "true")
            .set("[listener]", "tls", r#""starttls""#)
            .set("[listener]", "certificate", r#""gate.pem""#)
            .set("[listener]", "key", r#""gate.key""#)
            .section("[login]")
            .set("[login]", "name", r#""exchange""#)
            .set("[login]", "password", &format!("{:?}", crate::gateway::hash_password(password)))
    }

    /// Adds a rule after the others.
    pub fn rule(&mut self, name: &str, when: &str, then: &str) -> &mut Self {
        self.section("[rule]");
        self.set("[rule]", "name", &format!("{name:?}"))
            .set("[rule]", "when", when)
            .set("[rule]", "then", then)
    }

    /// Adds a listener and says where it listens.
    pub fn listener(&mut self, name: &str) -> SocketAddr {
        let address = ports::free();
        self.section("[listener]");
        self.set("[listener]", "name", &format!("{name:?}"));
        self.set("[listener]", "addresses", &format!("[\"{address}\"]"));
        address
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_of(|_| true)
    }

    /// The part for the file with this name; empty if there is none.
    #[must_use]
    pub fn section_text(&self, section: &str) -> String {
        self.text_of(|name| name == section)
    }

    fn text_of(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for (section, keys) in self.sections.iter().filter(|(section, _)| is_wanted(section)) {
            text.push_str(&format!("[{section}]\n"));
            for (key, value) in keys {
                text.push_str(&format!("{key} = {value}\n"));
            }
            text.push('\n');
        }
        text
    }
}
