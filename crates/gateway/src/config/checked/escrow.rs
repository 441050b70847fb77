//! Who can open a mailbox when its owner cannot: the operator's choice, and the public key it needs. Never
//! reads the private part.

use sealpost_vault::{EscrowPublic, WayInKeys};

use crate::config::file::{Config, Escrow, Source};

/// The checked choice.
#[derive(Debug)]
pub(crate) enum EscrowPlan {
    /// The key derived from the server key.
    Server,
    /// A separate key, whose private part is in a safe.
    Offline(Box<EscrowPublic>),
    /// No one.
    None,
}

impl EscrowPlan {
    /// What new mailboxes are wrapped to.
    pub(crate) fn public(&self, keys: &WayInKeys) -> Option<EscrowPublic> {
        match self {
            Self::Server => Some(keys.escrow.clone()),
            Self::Offline(public) => Some(EscrowPublic::clone(public)),
            Self::None => None,
        }
    }
}

pub(super) fn plan(config: &Config, source: &mut Source) -> Option<EscrowPlan> {
    let named = config.gateway.escrow_public.as_ref();
    match (config.gateway.escrow, named) {
        (Escrow::Server, None) => Some(EscrowPlan::Server),
        (Escrow::None, None) => Some(EscrowPlan::None),
        (Escrow::Server | Escrow::None, Some(named)) => {
            source.at(
                named.span().start,
                "escrow-public is for escrow = \"offline\" only",
                "take it out, or write escrow = \"offline\"",
            );
            None
        }
        (Escrow::Offline, None) => {
            source.near(
                "escrow",
                "escrow = \"offline\" needs escrow-public, the file with the public part of the key",
                "`sealpost key escrow` makes the key; then escrow-public = \"escrow.public\"",
            );
            None
        }
        (Escrow::Offline, Some(named)) => {
            let path = source.path(named.get_ref());
            let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            let public = read.and_then(|text| EscrowPublic::parse(&text).map_err(|error| error.to_string()));
            match public {
                Ok(public) => Some(EscrowPlan::Offline(Box::new(public))),
                Err(error) => {
                    source.at(
                        named.span().start,
                        format!("the public escrow key {} cannot be used: {error}", path.display()),
                        "`sealpost key escrow` makes escrow.key for the safe and escrow.public for here",
                    );
                    None
                }
            }
        }
    }
}
