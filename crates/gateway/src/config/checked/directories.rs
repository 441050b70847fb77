//! Checks the directories that are asked for partners' certificates, as far as the file alone can be wrong. Asks none, and reads no
//! password: only a command does, and the user that runs a service may not.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealpost_ldap::{Directory, Filter, InClear, Security, Server, Trust};
use sealpost_mail::Domain;
use toml::Spanned;

use super::keys::{KeySource, credential_file};
use super::networks;
use crate::config::file::{Config, Ldap, LdapTls, LookupPlace, Source};

/// An operator waits for it at a terminal.
const MAX_PATIENCE: Duration = Duration::from_secs(60);

/// A directory, whose addresses it is asked about, and the login.
#[derive(Clone, Debug)]
pub(crate) struct AskedDirectory {
    /// The directory.
    pub(crate) directory: Directory,
    /// Its name for people: its address and where it searches.
    pub(crate) shown: String,
    /// Everything that determines its answers, to cache them under.
    pub(crate) asked_as: String,
    /// Whose addresses it is asked about.
    pub(crate) about: About,
    /// The login; `None`: anonymous.
    pub(crate) login: Option<LoginPlace>,
}

/// Whose addresses a directory is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Everybody's: the directory learns with whom letters are exchanged.
    Everybody,
    /// Those in these domains only.
    Domains(Vec<Domain>),
}

impl About {
    pub(crate) fn includes(&self, domain: &Domain) -> bool {
        match self {
            Self::Everybody => true,
            Self::Domains(domains) => domains.contains(domain),
        }
    }
}

/// A login name, and where its password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginPlace {
    pub(crate) dn: String,
    pub(crate) password_file: PathBuf,
}

/// Every correctly configured directory; empty if none is to be asked.
pub(super) fn plan(config: &Config, source: &mut Source) -> Vec<AskedDirectory> {
    let partners = &config.partners;
    let named = &partners.directories;
    let asks = partners.lookup.iter().find(|place| *place.get_ref() == LookupPlace::Ldap);
    match (asks, named.first()) {
        (Some(place), None) => source.at(
            place.span().start,
            "directories are to be asked, and none is named",
            "name one: [[partners.ldap]] with url, base and domains",
        ),
        (None, Some(directory)) => source.at(
            directory.url.span().start,
            "a directory is named, and none is asked",
            "add \"ldap\" to lookup under [partners], or leave [[partners.ldap]] out",
        ),
        (Some(_), Some(_)) | (None, None) => {}
    }
    named.iter().filter_map(|ldap| one(ldap, source)).collect()
}

fn one(ldap: &Ldap, source: &mut Source) -> Option<AskedDirectory> {
    let (url, at) = (ldap.url.get_ref(), ldap.url.span().start);
    let clear = match ldap.tls {
        LdapTls::Required => InClear::Refused,
        LdapTls::Off => InClear::Asked,
    };
    let server = Server::parse(url, clear).map_err(|error| {
        source.at(at, format!("{url:?}: {error}"), "write it like \"ldaps://ldap.clinic.example\"")
    });
    let filter = Filter::parse(ldap.filter.get_ref()).map_err(|error| {
        let wrong = format!("the filter {:?}: {error}", ldap.filter.get_ref());
        source.at(ldap.filter.span().start, wrong, "write it like \"(mail={address})\"");
    });
    let about = about(&ldap.domains, source);
    let networks = networks::read(&ldap.networks, "10.0.0.0/8", source);
    let deadline = ldap.deadline.get_ref().0;
    if deadline < Duration::from_secs(1) || deadline > MAX_PATIENCE {
        let wrong = "a directory is waited for too short or too long a time";
        source.at(ldap.deadline.span().start, wrong, "write 1 s to 60 s");
    }
    let trust = match &ldap.ca {
        None => Trust::Public,
        Some(file) => Trust::File(source.path(file.get_ref())),
    };
    let server = server.ok()?;
    let login = login(ldap, server.security(), source);
    let directory =
        Directory { server, trust, networks, base: ldap.base.clone(), filter: filter.ok()?, deadline };
    if let (Some(file), Err(error)) = (&ldap.ca, directory.authorities()) {
        let hint = "give a PEM file with the authority's own certificate";
        source.warn(file.span().start, format!("the directory could not prove itself: {error}"), hint);
    }
    let shown = format!("{}/{}", url.trim_end_matches('/'), ldap.base);
    Some(AskedDirectory { directory, shown, asked_as: asked_as(ldap), about: about?, login })
}

/// Two directories at one address that are queried differently, or under different logins, are distinct; so is one trusted in
/// another way.
fn asked_as(ldap: &Ldap) -> String {
    let Ldap { url, base, filter, bind_dn, tls, ca, .. } = ldap;
    let bind_dn = bind_dn.as_ref().map(Spanned::get_ref);
    let ca = ca.as_ref().map(Spanned::get_ref);
    format!("{:?}", (url.get_ref(), base, filter.get_ref(), bind_dn, tls, ca))
}

fn about(domains: &Spanned<Vec<Spanned<String>>>, source: &mut Source) -> Option<About> {
    let written = domains.get_ref();
    if written.iter().any(|one| one.get_ref() == "*") {
        return Some(About::Everybody);
    }
    if written.is_empty() {
        let hint = "name domains, or \"*\" for all of them";
        source.at(domains.span().start, "the directory would be asked about nobody", hint);
        return None;
    }
    let mut parsed = Vec::new();
    for one in written {
        match Domain::parse(one.get_ref()) {
            Ok(domain) => parsed.push(domain),
            Err(error) => source.at(one.span().start, format!("{:?}: {error}", one.get_ref()), error.hint()),
        }
    }
    Some(About::Domains(parsed))
}

fn login(ldap: &Ldap, security: Security, source: &mut Source) -> Option<LoginPlace> {
    let (dn, file) = match (&ldap.bind_dn, &ldap.password_file) {
        (None, None) => return None,
        (Some(dn), Some(file)) => (dn, file),
        (Some(one), None) | (None, Some(one)) => {
            let hint = "give both bind-dn and password-file, or neither";
            source.at(one.span().start, "a name without a password, or the other way round", hint);
            return None;
        }
    };
    let at = file.span().start;
    match security {
        Security::Ldaps | Security::StartTls => {}
        Security::Clear => {
            source.at(
                at,
                "the password would be sent in clear",
                "leave tls out, or bind-dn and password-file",
            );
        }
    }
    let password_file = match KeySource::parse(file.get_ref()) {
        KeySource::File(path) => {
            let path = source.path(&path);
            looked_at(&path, at, source);
            path
        }
        KeySource::Credential(name) => credential_file(&name),
        KeySource::Environment(_) => {
            let hint = "put it into a file that its user alone may read: password-file = \"ldap.password\"";
            source.at(at, "a password is not read from the environment", hint);
            return None;
        }
    };
    Some(LoginPlace { dn: dn.get_ref().clone(), password_file })
}

/// Only `partner add` needs it, and that reports what is missing: no reason to refuse a start.
fn looked_at(path: &Path, at: usize, source: &mut Source) {
    match std::fs::metadata(path) {
        Ok(facts) if facts.permissions().mode() & 0o077 != 0 => source.warn(
            at,
            format!("the password {} can be read by others, and is not used", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => {}
        Err(error) => source.warn(
            at,
            format!("the password {} cannot be looked at: {error}", path.display()),
            "write the password into it, mode 0600",
        ),
    }
}
