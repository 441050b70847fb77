//! Checks what owners may request by mail, and how a mail is authenticated as theirs. Asks no name server.

use sealpost_arrival::{Asking, Upstream};

use super::networks;
use crate::config::file::{Config, NoticeReplies, Source};

/// `None`: requests by mail are not accepted.
pub(super) fn plan(config: &Config, source: &mut Source) -> Option<Asking> {
    let requests = &config.mail_requests;
    let deletion = requests.deletion.as_ref().filter(|deletion| *deletion.get_ref());
    let networks = networks::read(&requests.upstream_networks, "192.0.2.7/32", source);
    let upstream = match (&requests.upstream, requests.upstream_networks.first()) {
        (Some(name), None) => {
            source.at(
                name.span().start,
                "anybody could write what this server says of a mail",
                "name the networks its mail comes from: upstream-networks = [\"192.0.2.7/32\"]",
            );
            None
        }
        (None, Some(network)) => {
            source.at(
                network.span().start,
                "mail from there is not believed more than other mail",
                "say by which name that server signs its Authentication-Results: upstream = \"mx.insurer.example\"",
            );
            None
        }
        (Some(name), Some(_)) => Some(Upstream { authserv_id: name.get_ref().clone(), networks }),
        (None, None) => None,
    };
    let deletion = deletion?;
    if config.notices.replies != NoticeReplies::Here {
        source.at(
            deletion.span().start,
            "mail to the address of the notices does not end here, so nobody reads a request in it",
            "set replies = \"here\" under [notices]",
        );
    }
    Some(Asking { resolvers: requests.resolvers.clone(), upstream })
}
