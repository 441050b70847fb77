//! Whether a mail is from whom it says: by DKIM, SPF and DMARC, or by the results of a trusted server. The only file
//! that names mail-auth. Knows no mailbox, and not what the mail requests.

mod addressed_to_us;
mod results;

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use mail_auth::common::crypto::Algorithm;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput, SpfResult,
};
use sealpost_mail::{Address, Direction, Head, Origin, ReversePath};

pub(crate) use self::addressed_to_us::is_meant;
use self::results::is_within;

/// How mails are authenticated.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Name servers; empty: the system's.
    pub resolvers: Vec<SocketAddr>,
    /// The server whose results are trusted, and for mail from where.
    pub upstream: Option<Upstream>,
}

/// A server whose `Authentication-Results` are trusted (RFC 8601).
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name in those fields.
    pub authserv_id: String,
    /// Its networks; fields in mail from elsewhere are ignored.
    pub networks: Vec<IpNet>,
}

/// Whether a mail is from whom it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Proof {
    /// Proven by our own checks.
    Ours,
    /// Proven by a trusted server.
    Upstream,
    /// Not proven.
    None,
    /// Unknown for the moment.
    Later,
}

/// The mail to check.
pub(crate) struct Mail<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) head: &'a Head,
    pub(crate) from: &'a Address,
    pub(crate) reverse_path: &'a ReversePath,
    pub(crate) origin: &'a Origin,
    /// If inbound, its client is the sender's server and not one of the operator's, so SPF applies.
    pub(crate) direction: Direction,
}

/// Time limit, however many name servers do not answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// With more of them, a sender wants to make us query (RFC 6376 §6.1 lets us choose).
const MAX_SIGNATURES: usize = 8;

/// Checks whether anything proves where a mail is from.
pub(crate) async fn prove(asking: &Asking, gateway: &str, mail: &Mail<'_>) -> Proof {
    let domain = mail.from.domain().as_str();
    if let Some(upstream) = &asking.upstream
        && upstream.networks.iter().any(|network| network.contains(&mail.origin.peer))
        && results::proves(mail.head, &upstream.authserv_id, mail.from)
        && addressed_to_us::all_signatures_say_so(mail.head, domain)
    {
        return Proof::Upstream;
    }
    if mail.head.count("DKIM-Signature") > MAX_SIGNATURES {
        return Proof::None;
    }
    let asked = tokio::time::timeout(PATIENCE, ask(asking, gateway, mail, domain)).await;
    asked.unwrap_or(Proof::Later)
}

async fn ask(asking: &Asking, gateway: &str, mail: &Mail<'_>, domain: &str) -> Proof {
    let Ok(dns) = authenticator(&asking.resolvers) else { return Proof::Later };
    let Some(message) = AuthenticatedMessage::parse(mail.bytes) else { return Proof::None };
    let signatures = dns.verify_dkim(&message).await;
    let envelope = mail.reverse_path.address();
    let spf = match envelope {
        Some(sender) if mail.direction == Direction::Inbound => {
            let sender = sender.to_path();
            dns.verify_spf(SpfParameters::verify_mail_from(
                mail.origin.peer,
                &mail.origin.helo,
                gateway,
                &sender,
            ))
            .await
        }
        Some(_) | None => SpfOutput::new(String::new()),
    };
    let envelope_domain = envelope.map_or("", |sender| sender.domain().as_str());
    let signed = signatures.iter().map(|output| of_signature(output, domain));
    // Providers let every customer send from their servers, and many allow any customer's name in From: SPF proves the
    // reverse-path, so that must be the very address.
    let sent = match spf.result() {
        _ if envelope.is_none_or(|sender| sender.identity() != mail.from.identity()) => Proof::None,
        SpfResult::Pass => Proof::Ours,
        SpfResult::TempError => Proof::Later,
        SpfResult::Fail
        | SpfResult::SoftFail
        | SpfResult::Neutral
        | SpfResult::PermError
        | SpfResult::None => Proof::None,
    };
    let best = signed.chain([sent]).fold(Proof::None, best);
    if best != Proof::Ours {
        return best;
    }
    // The domain owner's policy counts besides our own stricter checks: `adkim=s`, for instance.
    let dmarc = dns.verify_dmarc(DmarcParameters::new(&message, &signatures, envelope_domain, &spf)).await;
    match dmarc.result() {
        DmarcResult::TempError(_) => Proof::Later,
        _ if dmarc.dmarc_record().is_none() => Proof::Ours,
        DmarcResult::Pass => Proof::Ours,
        DmarcResult::Fail(_) | DmarcResult::PermError(_) | DmarcResult::None => Proof::None,
    }
}

fn best(one: Proof, other: Proof) -> Proof {
    match (one, other) {
        (Proof::Ours, _) | (_, Proof::Ours) => Proof::Ours,
        (Proof::Upstream, _) | (_, Proof::Upstream) => Proof::Upstream,
        (Proof::Later, _) | (_, Proof::Later) => Proof::Later,
        (Proof::None, Proof::None) => Proof::None,
    }
}

/// A signature counts if it covers the whole body and is from the same domain or one above it: a customer's subdomain
/// does not speak for its provider.
fn of_signature(output: &DkimOutput<'_>, domain: &str) -> Proof {
    let Some(signature) = output.signature() else { return Proof::None };
    // RFC 6376 §8.2: with `l=` anybody can append text. §5.4: From must be signed, and here also recipient and date.
    // RFC 8301 §3.1: SHA-1 proves nothing.
    let signs_enough = addressed_to_us::signs_enough(signature.h.iter().map(String::as_str));
    let is_strong = match signature.a {
        Algorithm::RsaSha256 | Algorithm::Ed25519Sha256 => true,
        Algorithm::RsaSha1 => false,
    };
    if signature.l > 0 || !signs_enough || !is_strong || !is_within(domain, &signature.d) {
        return Proof::None;
    }
    match output.result() {
        DkimResult::Pass => Proof::Ours,
        DkimResult::TempError(_) => Proof::Later,
        DkimResult::Neutral(_) | DkimResult::Fail(_) | DkimResult::PermError(_) | DkimResult::None => {
            Proof::None
        }
    }
}

fn authenticator(resolvers: &[SocketAddr]) -> Result<MessageAuthenticator, ()> {
    if resolvers.is_empty() {
        return MessageAuthenticator::new_system_conf().map_err(drop);
    }
    let servers = resolvers.iter().map(|at| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = at.port();
            connection
        });
        NameServerConfig::new(at.ip(), true, connections.to_vec())
    });
    let mut options = ResolverOpts::default();
    (options.timeout, options.attempts) = (Duration::from_secs(3), 2);
    MessageAuthenticator::new(ResolverConfig::from_parts(None, Vec::new(), servers.collect()), options)
        .map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::results::is_within;

    #[test]
    fn a_domain_speaks_for_itself_and_for_what_is_below_it() {
        for (domain, parent) in [("web.example", "WEB.example"), ("mail.web.example", "web.example.")] {
            assert!(is_within(domain, parent), "{domain} {parent}");
        }
        for (domain, parent) in [
            ("web.example", "customer.web.example"),
            ("evilweb.example", "web.example"),
            ("web.example", "example"),
            ("web.example", ""),
        ] {
            assert!(!is_within(domain, parent), "{domain} {parent}");
        }
    }
}
