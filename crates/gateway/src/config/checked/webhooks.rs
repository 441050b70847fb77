//! Checks the receivers of events: their addresses, their secrets, their subscriptions. Opens no connection.

use sealpost_store::LetterEvent;
use sealpost_vault::WebhookSecret;
use sealpost_webhook::{Addresses, Receiver, Trust};

use crate::config::file::{Config, Source, Webhook};
use crate::roles::Roles;

/// A receiver and its subscriptions.
#[derive(Clone)]
pub(crate) struct Hook {
    /// Its name in rows and commands.
    pub(crate) name: String,
    /// The events it subscribes to.
    pub(crate) events: Vec<LetterEvent>,
    /// `None` in a process that sends nothing.
    pub(crate) receiver: Option<Receiver>,
}

/// The secrets are read only by the process that delivers.
pub(super) fn plan(config: &Config, roles: Roles, source: &mut Source) -> Vec<Hook> {
    let mut hooks: Vec<Hook> = Vec::new();
    for webhook in &config.webhooks {
        let name = webhook.name.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            source.at(
                webhook.name.span().start,
                "a webhook's name is made of lower-case letters, digits and underscores",
                "write it like \"crm\"",
            );
        }
        if hooks.iter().any(|known| known.name == *name) {
            source.at(webhook.name.span().start, format!("there are two webhooks {name:?}"), "rename one");
        }
        let events = events(webhook, source);
        let receiver = if roles.delivery { receiver(webhook, source) } else { None };
        hooks.push(Hook { name: name.clone(), events, receiver });
    }
    hooks
}

fn events(webhook: &Webhook, source: &mut Source) -> Vec<LetterEvent> {
    let Some(wanted) = &webhook.events else { return LetterEvent::EVERY.to_vec() };
    let mut found = Vec::new();
    for word in wanted {
        match LetterEvent::EVERY.into_iter().find(|event| event.as_str() == word.get_ref()) {
            Some(event) => found.push(event),
            None => {
                let all: Vec<&str> = LetterEvent::EVERY.iter().map(|event| event.as_str()).collect();
                source.at(
                    word.span().start,
                    format!("there is no event {:?}", word.get_ref()),
                    format!("there are {}", all.join(", ")),
                );
            }
        }
    }
    found
}

fn receiver(webhook: &Webhook, source: &mut Source) -> Option<Receiver> {
    let path = source.path(webhook.secret_file.get_ref());
    let at = webhook.secret_file.span().start;
    let hint = "make one: (umask 077; echo \"whsec_$(openssl rand -base64 32)\" > webhook.secret)";
    let text = super::keys::read_private(&path, at, "the secret", hint, source)?;
    let text = text.expose();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let secrets: Option<Vec<WebhookSecret>> = lines.map(WebhookSecret::parse).collect();
    let Some(secrets) = secrets.filter(|secrets| !secrets.is_empty()) else {
        source.at(
            webhook.secret_file.span().start,
            format!("{} holds no secret of 24 bytes or more in base64", path.display()),
            "a secret a line, the present one first: openssl rand -base64 32",
        );
        return None;
    };
    let trust = match &webhook.ca {
        None => Trust::Public,
        Some(file) => Trust::File(source.path(file.get_ref())),
    };
    let name = webhook.name.get_ref().clone();
    let addresses = if webhook.addresses { Addresses::Told } else { Addresses::Withheld };
    match Receiver::new(name, webhook.url.get_ref(), secrets, addresses, &trust) {
        Ok(receiver) => Some(receiver),
        Err(error) => {
            source.at(
                webhook.url.span().start,
                error.0,
                "a webhook is an https address of a system of yours",
            );
            None
        }
    }
}
