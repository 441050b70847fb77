//! Checks `[store]`: where the rows are stored. Connects to no server.

use std::net::IpAddr;
use std::time::Duration;

use sealpost_mail::Secret;
use sealpost_store::{Durability, NewNode, PostgresHost, PostgresOptions, PostgresTls, Rows};
use toml::Spanned;

use super::keys::{Readers, read_for_roles};
use crate::config::file::{self as config, Config, Engine, Source};

/// PostgreSQL's default port.
const PORT: u16 = 5432;

/// More would only queue in the server instead of here.
const MAX_CONNECTIONS: usize = 200;

/// How long a node may be silent before others take over. If shorter, a busy moment of the database would be taken for
/// a failure.
const SILENCE: Duration = Duration::from_secs(30);
const MIN_SILENCE: Duration = Duration::from_secs(10);
const MAX_LENGTH: Duration = Duration::from_secs(600);

/// Maximum length of a node's name, in bytes.
const MAX_NAME: usize = 255;

/// `None` only if a problem has been noted.
pub(crate) fn plan(config: &Config, source: &mut Source) -> Option<Rows> {
    match config.store.engine {
        Engine::Sqlite => in_folder(&config.store, source),
        Engine::Postgres => postgres(config, source).map(Box::new).map(Rows::Postgres),
    }
}

/// A setting that applies to servers only must not appear to have an effect.
fn in_folder(store: &config::Rows, source: &mut Source) -> Option<Rows> {
    let at = |spanned: Option<usize>, key: &'static str| spanned.map(|at| (at, key));
    let start = |span: std::ops::Range<usize>| span.start;
    let foreign = [
        at(store.hosts.as_ref().map(|one| start(one.span())), "hosts"),
        at(store.database.as_ref().map(|one| start(one.span())), "database"),
        at(store.user.as_ref().map(|one| start(one.span())), "user"),
        at(store.password_file.as_ref().map(|one| start(one.span())), "password-file"),
        at(store.schema.as_ref().map(|one| start(one.span())), "schema"),
        at(store.tls_authorities.as_ref().map(|one| start(one.span())), "tls-authorities"),
        at(store.durability.as_ref().map(|one| start(one.span())), "durability"),
        at(store.connections.as_ref().map(|one| start(one.span())), "connections"),
        at(store.node.as_ref().map(|one| start(one.span())), "node"),
        at(store.silence.as_ref().map(|one| start(one.span())), "silence"),
    ];
    let mut fine = true;
    for (at, key) in foreign.into_iter().flatten() {
        fine = false;
        source.at(
            at,
            format!("{key} belongs to a database server, and the rows are in the data folder"),
            "write engine = \"postgres\", or leave it out",
        );
    }
    fine.then_some(Rows::Folder)
}

fn postgres(config: &Config, source: &mut Source) -> Option<PostgresOptions> {
    let store = &config.store;
    let mut needs = |what: Option<()>, key: &str, example: &str| {
        if what.is_none() {
            source.near(
                "[store]",
                format!("engine = \"postgres\" needs {key}"),
                format!("write {key} = {example}"),
            );
        }
    };
    needs(store.hosts.as_ref().map(drop_it), "hosts", "[\"db1.insurer.example\"], or [\"/run/postgresql\"]");
    needs(store.database.as_ref().map(drop_it), "database", "\"sealpost\"");
    needs(store.user.as_ref().map(drop_it), "user", "\"sealpost\"");
    let (hosts, database, user) = (store.hosts.as_ref()?, store.database.as_ref()?, store.user.as_ref()?);
    let at = hosts.span().start;
    let named: Option<Vec<PostgresHost>> =
        hosts.get_ref().iter().map(|text| host(text, at, source)).collect();
    let named = named?;
    let Some(first) = named.first() else {
        source.at(at, "hosts is empty", "name every machine that may be the primary");
        return None;
    };
    let mut options = PostgresOptions::new(first.clone(), database.get_ref(), user.get_ref());
    options.tls = tls(store, &named, at, source)?;
    options.hosts = named;
    if let Some(file) = &store.password_file {
        let path = source.path(file.get_ref());
        let text = read_for_roles(&path, Readers::of(config), file.span().start, "the password", source)?;
        options.password = Some(Secret::new(text.expose().trim_end().to_owned()));
    }
    if let Some(schema) = &store.schema {
        if !PostgresOptions::is_schema_name(schema.get_ref()) {
            source.at(
                schema.span().start,
                "a schema's name has small letters, digits and _, and begins with a letter",
                "write schema = \"sealpost\", or leave it out",
            );
            return None;
        }
        options.schema.clone_from(schema.get_ref());
    }
    if let Some(connections) = &store.connections {
        if !(2..=MAX_CONNECTIONS).contains(connections.get_ref()) {
            source.at(
                connections.span().start,
                format!("connections is not between 2 and {MAX_CONNECTIONS}"),
                "16 is good; the server's max_connections must allow for those of every process",
            );
            return None;
        }
        // One reading connection for every four that write.
        options.writers = *connections.get_ref();
        options.readers = (connections.get_ref() / 4).max(2);
    }
    options.durability = match store.durability.as_ref().map(Spanned::get_ref) {
        None | Some(config::Durability::Local) => Durability::Local,
        Some(config::Durability::Replicated) => Durability::Replicated,
    };
    Some(options)
}

/// This process's node among others that serve with this database.
pub(crate) fn node(config: &Config, source: &mut Source) -> Option<NewNode> {
    let store = &config.store;
    let name = match &store.node {
        Some(name) if name.get_ref().trim().is_empty() || name.get_ref().len() > MAX_NAME => {
            source.at(
                name.span().start,
                "node is empty or too long",
                "write what you call this machine, or leave it out: its host name",
            );
            return None;
        }
        Some(name) => name.get_ref().clone(),
        None => host_name(),
    };
    let silence = match &store.silence {
        Some(silence) if !(MIN_SILENCE..=MAX_LENGTH).contains(&silence.get_ref().0) => {
            source.at(
                silence.span().start,
                "silence is not between 10 seconds and 10 minutes",
                "30 s is good: a node that stood still for half of it stops by itself, and after all of it others take over",
            );
            return None;
        }
        Some(silence) => silence.get_ref().0,
        None => SILENCE,
    };
    Some(NewNode { name, roles: String::new(), version: env!("CARGO_PKG_VERSION").to_owned(), silence })
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

fn drop_it<T>(_there: &T) {}

/// `name`, `name:port`, `[address]:port`, or the folder of a socket.
fn host(text: &str, at: usize, source: &mut Source) -> Option<PostgresHost> {
    let bad = |source: &mut Source| {
        source.at(
            at,
            format!("{text:?} is not a host with or without a port, nor the folder of a socket"),
            "write \"db1.insurer.example\", \"db1.insurer.example:5433\", \"[::1]:5432\" or \"/run/postgresql\"",
        );
        None
    };
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => match port.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None => return bad(source),
        },
        // An IPv6 address without brackets has no port.
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    match port.map_or(Ok(PORT), str::parse::<u16>) {
        Ok(port) if port != 0 && !name.is_empty() && !name.contains(char::is_whitespace) => {
            Some(PostgresHost { name: name.to_owned(), port })
        }
        Ok(_) | Err(_) => bad(source),
    }
}

fn is_socket(host: &PostgresHost) -> bool {
    host.name.starts_with('/')
}

fn is_here(host: &PostgresHost) -> bool {
    is_socket(host) || is_this_machine(&host.name)
}

/// Whether a host is this machine, so that cleartext cannot be overheard on the way.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sealed bytes may travel in clear; tags, token hashes, times and who writes to whom by tag must not, and no server may
/// impersonate the server.
fn tls(store: &config::Rows, hosts: &[PostgresHost], at: usize, source: &mut Source) -> Option<PostgresTls> {
    match &store.tls_authorities {
        Some(file) => {
            if hosts.iter().any(is_socket) {
                source.at(
                    file.span().start,
                    "tls-authorities is set, and a host is a socket, which has no TLS",
                    "name hosts only, or leave tls-authorities out",
                );
                return None;
            }
            let authorities = source.path(file.get_ref());
            if let Err(error) = std::fs::metadata(&authorities) {
                source.at(
                    file.span().start,
                    format!("{} cannot be read: {error}", authorities.display()),
                    "name the PEM file of the authority that signed the server's certificate",
                );
                return None;
            }
            Some(PostgresTls::Verified { authorities })
        }
        // Anyone who listens on the port while the server is down may ask for the password in clear, and the driver
        // would send it.
        None if store.password_file.is_some()
            && hosts.iter().any(|host| is_here(host) && !is_socket(host)) =>
        {
            source.at(
                at,
                "a password goes over TLS or a socket only: on this machine anybody may listen in the server's place",
                "name the folder of the server's socket (\"/run/postgresql\"), or write tls-authorities = \"FILE\"",
            );
            None
        }
        None if hosts.iter().all(is_here) => Some(PostgresTls::Off),
        None => {
            source.at(
                at,
                "a database on another machine is reached by TLS only",
                "write tls-authorities = \"FILE\": the authority that signed the server's certificate",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(text: &str) -> Option<(String, u16)> {
        let mut source = Source::new(Path::new("x"), String::new());
        host(text, 0, &mut source).map(|host| (host.name, host.port))
    }

    #[test]
    fn hosts_are_names_addresses_and_sockets() {
        for (text, name, port) in [
            ("db1.example", "db1.example", 5432),
            ("db1.example:6432", "db1.example", 6432),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("::1", "::1", 5432),
            ("[::1]:7", "::1", 7),
            ("[::1]", "::1", 5432),
            ("/run/postgresql", "/run/postgresql", 5432),
            ("/run/postgresql:5433", "/run/postgresql", 5433),
        ] {
            assert_eq!(parsed(text), Some((name.to_owned(), port)), "{text}");
        }
        for bad in ["", ":5432", "db1:port", "db1:0", "db1:99999", "[::1]x", "a b"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
