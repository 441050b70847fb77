//! Copies to be delivered, unchanged or encrypted for a partner: our trace field on top, the rules' edits, nothing
//! else. Knows no rules.

use sealpost_delivery::{Content, Hand, Purpose, Queued, Ticket};
use sealpost_mail::{BodyType, Direction, Head, Recipient, Reply, Signing, TlsFloor, Trace, Treatment};
use sealpost_store::{ArrivalRows, LegPurpose, LegStart, NewLeg};

use super::{Arrival, Heads};
use crate::decided::{Decided, Way};
use crate::failure;
use crate::partners::Readability;
use crate::spool::Spooled;

/// The legs of all recipients whose copy leaves.
pub(super) fn rows(
    arrival: &Arrival<'_>,
    decided: &[Decided],
    heads: &mut Heads,
) -> Result<ArrivalRows, Reply> {
    let mut rows = ArrivalRows::new(arrival.now);
    for Decided { recipient, way } in decided {
        let judgement = match way {
            Way::Judged(judgement) => judgement,
            Way::Bounce(_) | Way::ToUs | Way::Unclosable(_) => continue,
            Way::Closed(copy) | Way::Signed(copy, _) => {
                let (body_type, tls) = match way {
                    // A signed letter stays readable, and needs the same protection as before.
                    Way::Signed(_, tls) => (arrival.envelope.body, *tls),
                    // Encrypted letters are 7 bit on the wire (RFC 8551 §3.1.2, RFC 3156 §3).
                    Way::Closed(_) | Way::Judged(_) | Way::Bounce(_) | Way::ToUs | Way::Unclosable(_) => {
                        (BodyType::SevenBit, TlsFloor::None)
                    }
                };
                let leaving = Leaving {
                    head: &copy.spooled.head,
                    spooled: &copy.spooled,
                    body_type,
                    tls,
                    start: LegStart::Queued,
                    hand: Hand::Ours,
                };
                rows.legs.push(leg(arrival, recipient, leaving)?);
                let body = &copy.spooled.body;
                if rows.more_bodies.iter().all(|known| known.id() != body.id()) {
                    rows.more_bodies.push(body.clone());
                }
                continue;
            }
        };
        let (tls, start) = match &judgement.treatment {
            Treatment::Relay { tls, sign: Signing::Off } => (*tls, LegStart::Queued),
            Treatment::Hold { tls } => (*tls, LegStart::Frozen),
            Treatment::Portal | Treatment::Refuse(_) => continue,
            // `partners::settle` leaves none.
            Treatment::Domain { .. }
            | Treatment::Relay { sign: Signing::Required | Signing::WhenPossible, .. } => {
                let reply = Reply::later(451, 3, 5, "Please try again later");
                return Err(reply.because("unclosed domain or unsigned sign treatment"));
            }
        };
        let head = heads.of(&arrival.spooled.head, &judgement.edits);
        let body_type = arrival.envelope.body;
        // Nothing is signed with DKIM for a domain that the client may not write for. Without a single From nothing is
        // signed anyway.
        let from = arrival.spooled.head.from_address().ok().flatten();
        let routes = &arrival.context.tenant.routes;
        let is_theirs = from.is_none_or(|from| routes.may_write(arrival.origin, from.domain()));
        // Removing a forged field of ours does not make a stranger's letter ours.
        let changed = head.as_bytes() != heads.of(&arrival.spooled.head, &[]).as_bytes();
        let hand = match (arrival.direction, is_theirs, changed) {
            (Direction::Inbound, _, _) | (Direction::Outbound, false, _) => Hand::World,
            (Direction::Outbound, true, true) => Hand::Ours,
            (Direction::Outbound, true, false) => Hand::Passed,
        };
        let copy = Leaving { head: &head, spooled: arrival.spooled, body_type, tls, start, hand };
        rows.legs.push(leg(arrival, recipient, copy)?);
    }
    Ok(rows)
}

/// One copy and how it leaves.
#[derive(Clone)]
struct Leaving<'a> {
    head: &'a Head,
    spooled: &'a Spooled,
    body_type: BodyType,
    tls: TlsFloor,
    start: LegStart,
    hand: Hand,
}

fn leg(arrival: &Arrival<'_>, recipient: &Recipient, copy: Leaving<'_>) -> Result<NewLeg, Reply> {
    let Arrival { context, envelope, .. } = arrival;
    let Leaving { head, spooled, body_type, tls, start, hand } = copy;
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
        ret: match arrival.came {
            Readability::Readable => envelope.ret,
            Readability::Closed => None,
        },
        body_type,
        smtputf8: envelope.smtputf8,
        content: Content::Letter { head: head.into_bytes(), body_key: spooled.key.to_bytes() },
        route: match arrival.direction {
            Direction::Inbound => context.tenant.inbound.route.clone(),
            Direction::Outbound => context.tenant.routes.relay.clone(),
        },
        tls,
        purpose: match arrival.came {
            Readability::Readable => Purpose::Relay,
            Readability::Closed => Purpose::Opened,
        },
        hand,
        reports_to: arrival.reports_to(),
        arrived: arrival.now,
    };
    let queued = Queued {
        arrival_id: arrival.id,
        body_id: Some(&spooled.body_id),
        purpose: LegPurpose::Relay,
        state: start,
        give_up: context.tenant.routes.give_up,
    };
    ticket.leg(&context.shared.keys.spool, queued, &*context.shared.random).map_err(failure::later)
}
