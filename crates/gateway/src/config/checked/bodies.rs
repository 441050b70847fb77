//! Checks `store.bodies` and `[store.s3]`: where large letters are stored. Connects to no server.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sealpost_mail::Secret;
use sealpost_store::{BucketOptions, LargeBodies};
use toml::Spanned;

use super::keys::{Readers, read_for_roles};
use super::store::is_this_machine;
use crate::config::file::{Config, Engine, S3, Source};

/// The word for a bucket.
const S3_WORD: &str = "s3";

/// `None` only if a problem has been noted.
pub(crate) fn plan(config: &Config, source: &mut Source) -> Option<LargeBodies> {
    let store = &config.store;
    let is_bucket = store.bodies.as_ref().is_some_and(|bodies| bodies.get_ref() == Path::new(S3_WORD));
    match (&store.bodies, &store.s3) {
        (Some(bodies), None) if is_bucket => {
            source.at(
                bodies.span().start,
                "bodies = \"s3\" needs [store.s3]",
                "name endpoint, bucket and keys there",
            );
            None
        }
        (Some(_), Some(s3)) if is_bucket => {
            let options = bucket(s3.get_ref(), Readers::of(config), source)?;
            Some(LargeBodies::Bucket(Box::new(options)))
        }
        (Some(_) | None, Some(s3)) => {
            source.at(
                s3.span().start,
                "[store.s3] without bodies = \"s3\"",
                "write bodies = \"s3\" in [store]",
            );
            None
        }
        (None, None) => Some(LargeBodies::Folder),
        (Some(bodies), None) => match store.engine {
            Engine::Sqlite => {
                source.at(
                    bodies.span().start,
                    "a folder of bodies belongs to several nodes, and the rows are in the data folder",
                    "leave it out, or write bodies = \"s3\"",
                );
                None
            }
            Engine::Postgres => folder(bodies, source).map(LargeBodies::Shared),
        },
    }
}

fn bucket(s3: &S3, readers: Readers, source: &mut Source) -> Option<BucketOptions> {
    let endpoint = endpoint(&s3.endpoint, source)?;
    let name = s3.bucket.get_ref();
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    if !(3..=63).contains(&name.len()) || !name.bytes().all(is_name) {
        let what = "a bucket's name has 3 to 63 small letters, digits, dots and hyphens";
        source.at(s3.bucket.span().start, what, "write bucket = \"sealpost\"");
        return None;
    }
    let prefix = match &s3.prefix {
        None => String::new(),
        Some(prefix) => prefix_of(prefix, source)?,
    };
    let authorities = match &s3.authorities {
        None => None,
        Some(file) => {
            let path = source.path(file.get_ref());
            if let Err(error) = std::fs::metadata(&path) {
                source.at(
                    file.span().start,
                    format!("{} cannot be read: {error}", path.display()),
                    "name the PEM file of the authority that signed the endpoint's certificate",
                );
                return None;
            }
            Some(path)
        }
    };
    Some(BucketOptions {
        endpoint,
        bucket: name.clone(),
        region: s3.region.clone(),
        prefix,
        access_key: key(&s3.access_key_file, "the access key", readers, source)?,
        secret_key: key(&s3.secret_key_file, "the secret key", readers, source)?,
        authorities,
    })
}

fn key(file: &Spanned<PathBuf>, what: &str, readers: Readers, source: &mut Source) -> Option<Secret<String>> {
    let text = read_for_roles(&source.path(file.get_ref()), readers, file.span().start, what, source)?;
    Some(Secret::new(text.expose().trim().to_owned()))
}

/// Sealed data may travel in clear; which mailbox gets how much and when must not, and no server may impersonate
/// the endpoint.
fn endpoint(endpoint: &Spanned<String>, source: &mut Source) -> Option<String> {
    let (text, Range { start: at, .. }) = (endpoint.get_ref().trim_end_matches('/'), endpoint.span());
    let host = |rest: &str| match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _port)) => host.to_owned(),
        None => rest.split(':').next().unwrap_or_default().to_owned(),
    };
    let parts = text.split_once("://").filter(|(_, rest)| {
        !rest.is_empty() && !rest.contains(['/', '@', '?', '#']) && !rest.contains(char::is_whitespace)
    });
    match parts {
        Some(("https", _)) => Some(text.to_owned()),
        Some(("http", rest)) if is_this_machine(&host(rest)) => Some(text.to_owned()),
        Some(("http", _)) => {
            source.at(
                at,
                "a bucket on another machine is reached by TLS only",
                "write endpoint = \"https://…\"",
            );
            None
        }
        Some(_) | None => {
            source.at(
                at,
                format!("{text:?} is not an endpoint"),
                "write endpoint = \"https://s3.insurer.example\", with a port where it has one, and without a path",
            );
            None
        }
    }
}

fn prefix_of(prefix: &Spanned<String>, source: &mut Source) -> Option<String> {
    let text = prefix.get_ref().trim_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    let is_fine =
        text.len() <= 200 && text.bytes().all(is_plain) && !text.contains("//") && !text.contains("..");
    match (is_fine, text.is_empty()) {
        (true, true) => Some(String::new()),
        (true, false) => Some(format!("{text}/")),
        (false, _) => {
            let what = "a prefix has letters, digits, hyphens, dots, underscores and single slashes";
            source.at(prefix.span().start, what, "write prefix = \"letters/\", or leave it out");
            None
        }
    }
}

/// An existing folder: one that is not mounted must not be created.
fn folder(folder: &Spanned<PathBuf>, source: &mut Source) -> Option<PathBuf> {
    let (path, at) = (source.path(folder.get_ref()), folder.span().start);
    match std::fs::metadata(&path) {
        Ok(facts) if facts.is_dir() && facts.permissions().mode() & 0o007 == 0 => Some(path),
        Ok(facts) if facts.is_dir() => {
            source.at(
                at,
                format!("the folder {} can be read by others", path.display()),
                format!("chmod o= {}", path.display()),
            );
            None
        }
        Ok(_) => {
            source.at(
                at,
                format!("{} is not a folder", path.display()),
                "name a folder that all nodes share",
            );
            None
        }
        Err(error) => {
            source.at(
                at,
                format!("{} cannot be used: {error}", path.display()),
                "mount it, or make it once, with mode 0700, on what all nodes share",
            );
            None
        }
    }
}
