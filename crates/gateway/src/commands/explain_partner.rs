//! What `explain` says about recipients whose letter is encrypted for their company: to which key, signed
//! with which of ours, or why not and what happens instead. Needs support's keys; without them it says so.

use std::path::Path;
use std::process::ExitCode;

use sealpost_arrival::{Chosen, Decided, Routes, Way, choose};
use sealpost_mail::{Direction, Domain, Head, Origin, Otherwise, Treatment};
use sealpost_partner::Why;

use super::partner::context::{CommandError, PartnerContext, with_context};
use super::partner::show::subject;
use super::{domain_key, say};

/// Whether the client may write for the domain in From (`[partners] writers`).
pub(super) fn writer(routes: &Routes, origin: &Origin, head: &Head, direction: Direction) {
    let Ok(Some(from)) = head.from_address() else { return };
    if direction == Direction::Outbound && !routes.may_write(origin, from.domain()) {
        let who = origin
            .login
            .as_deref()
            .map_or_else(|| origin.peer.to_string(), |login| format!("the login {login}"));
        say(format_args!(
            "{who} may not write for {} ([partners] writers): the mail goes its way, and nothing is signed for that domain, \
             neither by DKIM nor for a partner",
            from.domain()
        ));
    }
}

/// For every recipient whose treatment is `domain`. `from`: the domain we sign for, or why there is none.
pub(super) fn keys(config: &Path, from: &Result<Domain, Why>, decided: &[Decided]) -> ExitCode {
    let is_domain = |decided: &&Decided| match &decided.way {
        Way::Judged(judgement) => matches!(judgement.treatment, Treatment::Domain { .. }),
        Way::Closed(_) | Way::Signed(..) | Way::Unclosable(_) | Way::Bounce(_) | Way::ToUs => false,
    };
    let closed: Vec<&Decided> = decided.iter().filter(is_domain).collect();
    if closed.is_empty() {
        return ExitCode::SUCCESS;
    }
    with_context(config, async |context| {
        let own = domain_key::keys(context).all().await?;
        for one in closed {
            of(context, &own, from, one).await?;
        }
        Ok(())
    })
}

async fn of(
    context: &PartnerContext<'_>,
    own: &[sealpost_partner::Own],
    from: &Result<Domain, Why>,
    one: &Decided,
) -> Result<(), CommandError> {
    let Way::Judged(judgement) = &one.way else { return Ok(()) };
    let Treatment::Domain { partner, otherwise } = &judgement.treatment else { return Ok(()) };
    let recipient = one.recipient.address.to_path();
    let chosen = match from {
        Err(why) => Chosen::Nothing(why.clone()),
        Ok(from) => {
            choose(&context.book(), own, partner.as_deref(), &one.recipient.address, from, context.now)
                .await?
        }
    };
    match chosen {
        Chosen::Nothing(why) => say(format_args!("{recipient}: not encrypted: {why}; {}", then(otherwise))),
        Chosen::Keys { partner, key, own: id } => {
            let signer = own.iter().find(|own| own.public.id == id);
            let signer = signer.map(|own| own.key.facts().fingerprint.to_string()).unwrap_or_default();
            say(format_args!(
                "{recipient}: encrypted for {}: {} key {}",
                partner.name,
                key.key.method(),
                key.key.facts().fingerprint
            ));
            say(format_args!("  signed with {signer}"));
            say(format_args!("  subject {}", subject(&partner)));
        }
    }
    Ok(())
}

fn then(otherwise: &Otherwise) -> String {
    match otherwise {
        Otherwise::Portal => "deposited in the recipient's mailbox instead".to_owned(),
        Otherwise::Hold { .. } => "held until an operator decides".to_owned(),
        Otherwise::Refuse(None) => "refused, with this reason".to_owned(),
        Otherwise::Refuse(Some(reply)) => format!("refused: {}", reply.to_line().trim_end()),
    }
}
