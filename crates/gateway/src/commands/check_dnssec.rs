//! `sealpost check` on the name servers if DANE is used: whether DNSSEC signatures come through. Queries the root only.

use sealpost_delivery::{DnsError, Dnssec, Proof, SystemResolver};

use super::runtime;
use crate::config::checked::Plan;

/// The problem with a hint; `None` if DNSSEC is not used, or the operator trusts another root.
pub(super) fn look(plan: &Plan) -> Option<String> {
    match &plan.delivery.name_servers.dnssec {
        Dnssec::Off | Dnssec::Below(_) => return None,
        Dnssec::Validated => {}
    }
    let asked = runtime().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime
            .block_on(async {
                let servers = SystemResolver::with(&plan.delivery.name_servers)?;
                servers.proves_the_root().await
            })
            .map_err(|error: DnsError| error.to_string())
    });
    let cause = match asked {
        Ok(Proof::Signed) => return None,
        Ok(Proof::Unsigned) => "they leave the signatures out".to_owned(),
        Err(cause) => cause,
    };
    Some(format!(
        "dane = true, and the name servers prove nothing, so mail to signed domains will wait: {cause}; name a resolver of your own \
         that does DNSSEC as name-servers under [delivery], or set dane = false"
    ))
}
