//! Copies on their way out: our trace field on top, the rules' edits, nothing else. Knows no rules.

use sealpost_delivery::{Content, Purpose, Queued, Ticket};
use sealpost_mail::{Head, Recipient, Reply, TlsFloor, Trace, Treatment};
use sealpost_store::{ArrivalRows, LegPurpose, LegStart, NewLeg};

use super::{Arrival, Heads};
use crate::decide::{Decided, Way};
use crate::failure;

/// The legs of all recipients whose copy leaves as it came.
pub(super) fn rows(
    arrival: &Arrival<'_>,
    decided: &[Decided],
    heads: &mut Heads,
) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    for Decided { recipient, way } in decided {
        let judgement = match way {
            Way::Judged(judgement) => judgement,
            Way::Bounce(_) | Way::Unclosable(_) => continue,
        };
        let (tls, start) = match &judgement.treatment {
            Treatment::Relay { tls } => (*tls, LegStart::Queued),
            Treatment::Hold { tls } => (*tls, LegStart::Frozen),
            Treatment::Portal | Treatment::Refuse(_) => continue,
            // Closing for partners is not built; `decide` has made this `Way::Unclosable`.
            Treatment::Domain { .. } => {
                let reply = Reply::later(451, 3, 5, "Please try again later");
                return Err(reply.because("unclosed domain treatment"));
            }
        };
        let head = heads.of(&arrival.spooled.head, &judgement.edits);
        rows.legs.push(leg(arrival, recipient, &head, tls, start)?);
    }
    Ok(rows)
}

fn leg(
    arrival: &Arrival<'_>,
    recipient: &Recipient,
    head: &Head,
    tls: TlsFloor,
    state: LegStart,
) -> Result<NewLeg, Reply> {
    let Arrival { context, envelope, spooled, .. } = arrival;
    let alone = envelope.recipients.len() == 1;
    let trace = Trace {
        origin: arrival.origin,
        our_name: &context.tenant.name,
        id: arrival.id,
        recipient: alone.then_some(&recipient.address),
        at: arrival.now,
        smtputf8: envelope.smtputf8,
    };
    let head = head.with_trace(&trace);
    let ticket = Ticket {
        reverse_path: envelope.reverse_path.clone(),
        recipient: recipient.clone(),
        envid: envelope.envid.clone(),
        ret: envelope.ret,
        body_type: envelope.body,
        smtputf8: envelope.smtputf8,
        content: Content::Letter { head: head.into_bytes(), body_key: spooled.key.to_bytes() },
        route: context.tenant.routes.relay.clone(),
        tls,
        purpose: Purpose::Relay,
        arrived: arrival.now,
    };
    let queued = Queued {
        arrival_id: arrival.id,
        body_id: Some(&spooled.body_id),
        purpose: LegPurpose::Relay,
        state,
        give_up: context.tenant.routes.give_up,
    };
    ticket.leg(&context.shared.keys.spool, queued, &*context.shared.random).map_err(failure::later)
}
