//! Checks who may write for which domains. Knows no letter.

use sealpost_arrival::{Who, Writer};
use sealpost_mail::Domain;

use super::networks;
use crate::config::file::{Config, Source};

/// The configured writers.
pub(super) fn plan(config: &Config, source: &mut Source) -> Vec<Writer> {
    let mut writers = Vec::new();
    for written in &config.partners.writers {
        let (at, writer) = (written.span().start, written.get_ref());
        let who = match (&writer.login, &writer.network) {
            (Some(login), None) => {
                if config.logins.iter().all(|known| known.name != *login) {
                    source.at(at, format!("there is no login {login:?}"), "name one of [[login]]");
                }
                Some(Who::Login(login.clone()))
            }
            (None, Some(network)) => {
                networks::read(std::slice::from_ref(network), "192.0.2.7/32", source).pop().map(Who::Network)
            }
            (Some(_), Some(_)) | (None, None) => {
                source.at(
                    at,
                    "nobody knows whom this is about",
                    "write { login = \"exchange\", domains = [\"insurer.example\"] }, or network instead of login",
                );
                None
            }
        };
        let mut domains = Vec::new();
        for text in &writer.domains {
            match Domain::parse(text) {
                Ok(domain) => domains.push(domain),
                Err(error) => {
                    source.at(
                        at,
                        format!("{text:?} is no domain: {error}"),
                        "write it like \"insurer.example\"",
                    );
                }
            }
        }
        writers.extend(who.map(|who| Writer { who, domains }));
    }
    writers
}
