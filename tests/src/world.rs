//! Public hosts, each with an address of its own and the usual ports. Nothing leaves this machine: a
//! preloaded library redirects connections to them to servers of the scenario.
//!
//! Must never know: what is said on a connection.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

use tempfile::TempDir;

use crate::Config;
use crate::ill_disk::library;

const SOURCE: &str = include_str!("world.c");

/// The public hosts.
pub struct World {
    folder: TempDir,
    leads: RefCell<Vec<String>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// There are none yet.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let _ = library(folder.path(), SOURCE);
        std::fs::write(folder.path().join("world"), "").unwrap();
        Self { folder, leads: RefCell::default() }
    }

    /// A new host whose port is this server; returns its address, in a network that the configuration names.
    pub fn host(&self, port: u16, server: SocketAddr) -> Ipv4Addr {
        self.host_in([10, 77, 0], port, server)
    }

    /// The same at a public address (RFC 5737: documentation).
    pub fn public_host(&self, port: u16, server: SocketAddr) -> Ipv4Addr {
        self.host_in([203, 0, 113], port, server)
    }

    fn host_in(&self, [a, b, c]: [u8; 3], port: u16, server: SocketAddr) -> Ipv4Addr {
        let mut leads = self.leads.borrow_mut();
        let address = Ipv4Addr::new(a, b, c, u8::try_from(leads.len() + 1).unwrap());
        leads.push(format!("{address}:{port} {}\n", server.port()));
        std::fs::write(self.folder.path().join("world"), leads.concat()).unwrap();
        address
    }

    /// Environment variables for the process, in addition to its own.
    #[must_use]
    pub fn environment(&self, others: Vec<(String, String)>) -> Vec<(String, String)> {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (mut preloaded, mut all) = (path("preloaded.so"), Vec::new());
        for (name, value) in others {
            match name.as_str() {
                "LD_PRELOAD" => preloaded = format!("{value}:{preloaded}"),
                _ => all.push((name, value)),
            }
        }
        all.extend([("LD_PRELOAD".to_owned(), preloaded), ("WORLD".to_owned(), path("world"))]);
        all
    }

    /// Letters go directly to public hosts, which these name servers know.
    pub fn lies_before(config: &mut Config, name_servers: SocketAddr) {
        config
            .set("delivery", "route", r#""mx""#)
            .set("delivery", "private-networks", r#"["10.77.0.0/16"]"#)
            .set("delivery", "name-servers", &format!("[\"{name_servers}\"]"));
    }
}
