//! What `explain` says of recipients whose letter is encrypted for their company: to which key, signed with which of
//! ours, or why not and what happens then. Needs support's keys; without them it says so.

use std::path::Path;
use std::process::ExitCode;

use sealpost_arrival::{Chosen, Decided, Way, choose};
use sealpost_mail::{Head, Otherwise, ReversePath, Treatment};

use super::partner::{CommandError, Desk, at_desk};
use super::{domain_key, say};

/// For every recipient whose treatment is `domain`.
pub(super) fn keys(config: &Path, head: &Head, reverse_path: &ReversePath, decided: &[Decided]) -> ExitCode {
    let is_domain = |decided: &&Decided| match &decided.way {
        Way::Judged(judgement) => matches!(judgement.treatment, Treatment::Domain { .. }),
        Way::Closed(_) | Way::Unclosable(_) | Way::Bounce(_) | Way::ToUs => false,
    };
    let closed: Vec<&Decided> = decided.iter().filter(is_domain).collect();
    if closed.is_empty() {
        return ExitCode::SUCCESS;
    }
    at_desk(config, async |desk| {
        let own = domain_key::keys(desk).all().await?;
        for one in closed {
            of(desk, &own, head, reverse_path, one).await?;
        }
        Ok(())
    })
}

async fn of(
    desk: &Desk<'_>,
    own: &[sealpost_partner::Own],
    head: &Head,
    reverse_path: &ReversePath,
    one: &Decided,
) -> Result<(), CommandError> {
    let Way::Judged(judgement) = &one.way else { return Ok(()) };
    let Treatment::Domain { partner, otherwise } = &judgement.treatment else { return Ok(()) };
    let recipient = one.recipient.address.to_path();
    let from = head.from_address().ok().flatten();
    let Some(from) = from.as_ref().or(reverse_path.address()) else {
        say(format_args!(
            "{recipient}: not encrypted: the mail does not say whose it is; {}",
            then(otherwise)
        ));
        return Ok(());
    };
    let chosen =
        choose(&desk.book(), own, partner.as_deref(), &one.recipient.address, from.domain(), desk.now)
            .await?;
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
