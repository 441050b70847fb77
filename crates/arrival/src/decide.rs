//! Facts in, judgements out: asks the policy once per recipient. Gathers only what the rules ask for.

use std::collections::VecDeque;

use sealpost_mail::{
    Address, Envelope, Fault, Inside, Judgement, Letter, LetterError, Origin, Recipient, Reply, Treatment,
};
use sealpost_policy::{Deep, Facts, Known, Rules};

use crate::context::Context;
use crate::settings::Announcer;
use crate::spool::{Room, Spooled};
use crate::thread;

/// One recipient and what happens to its copy.
pub struct Decided {
    /// The recipient.
    pub recipient: Recipient,
    /// What happens.
    pub way: Way,
}

/// Where a copy goes.
pub enum Way {
    /// Where the policy says.
    Judged(Judgement),
    /// Nowhere: it would have had to be closed for a partner and cannot be.
    Unclosable(Reply),
    /// It is a report on one of our notices (VERP) and ends here.
    Bounce(String),
}

/// Judges every recipient. Refuses the whole letter where a part of it could not be answered for:
/// nobody got it yet, so the client's next try starts clean.
pub(crate) async fn judge(
    context: &Context,
    envelope: &Envelope,
    origin: &Origin,
    spooled: &Spooled,
) -> Result<Vec<Decided>, Reply> {
    let Some(first) = envelope.recipients.first() else {
        return Err(Reply::refuse(554, 5, 1, "No valid recipients"));
    };
    let rules = context.tenant.rules();
    let needs = rules.needs();
    let (deep, room) =
        if needs.deep { look_into(context, spooled).await? } else { (Known::Unasked, Room::Little) };
    let thread =
        if needs.thread { thread::known(&context.shared, &spooled.head).await } else { Known::Unasked };
    let facts = Facts {
        reverse_path: &envelope.reverse_path,
        origin,
        head: &spooled.head,
        recipient: &first.address,
        size: spooled.size(),
        deep: &deep,
        thread: &thread,
    };
    let judge = || each(&rules, &context.tenant.announcer, &facts, envelope);
    let decided = match &room {
        Room::Little => judge(),
        // Patterns over many megabytes: others' sessions go on meanwhile.
        Room::Much(_held) => tokio::task::block_in_place(judge),
    }?;
    refuse_whole(envelope, &decided)?;
    Ok(decided)
}

/// What happens to each recipient's copy. `facts.recipient` is not looked at.
pub fn each(
    rules: &Rules,
    announcer: &Announcer,
    facts: &Facts<'_>,
    envelope: &Envelope,
) -> Result<Vec<Decided>, Reply> {
    let mut judged: VecDeque<Judgement> = rules.judge_each(facts, addresses(envelope)).into();
    let mut decided = Vec::with_capacity(envelope.recipients.len());
    for recipient in &envelope.recipients {
        let way = match (announcer.bounce_token(&recipient.address), judged.pop_front()) {
            (Some(token), _) => Way::Bounce(token),
            (None, Some(judgement)) => settle(judgement),
            (None, None) => return Err(Reply::later(451, 3, 5, "Please try again later").because("unjudged")),
        };
        decided.push(Decided { recipient: recipient.clone(), way });
    }
    Ok(decided)
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    envelope.recipients.iter().map(|recipient| &recipient.address)
}

/// Verdicts that cannot be carried out become refusals with a reason of their own.
fn settle(judgement: Judgement) -> Way {
    match &judgement.treatment {
        Treatment::Domain { .. } => {
            // Never in clear instead (invariant 2): the sender learns that it was not sent, and why.
            let text = "This message must be encrypted for the recipient's domain, and no method is set \
                        up for it; it was not sent";
            Way::Unclosable(Reply::refuse(550, 7, 5, text).because("no key is set up for this partner"))
        }
        Treatment::Relay { .. } | Treatment::Portal | Treatment::Refuse(_) | Treatment::Hold { .. } => {
            Way::Judged(judgement)
        }
    }
}

/// One temporary verdict, or nothing but refusals, is an answer for the whole transaction: SMTP has only
/// one after DATA (RFC 5321 §4.2.5). A null reverse-path cannot be told later, so it is told now.
pub fn refuse_whole(envelope: &Envelope, decided: &[Decided]) -> Result<(), Reply> {
    let refusals: Vec<&Reply> = decided
        .iter()
        .filter_map(|d| match &d.way {
            Way::Judged(Judgement { treatment: Treatment::Refuse(reply), .. }) | Way::Unclosable(reply) => {
                Some(reply)
            }
            Way::Judged(_) | Way::Bounce(_) => None,
        })
        .collect();
    let later = refusals.iter().find(|reply| reply.fault() == Some(Fault::Temporary));
    let nobody_to_tell = envelope.reverse_path.address().is_none();
    match (later, refusals.first()) {
        (Some(reply), _) => Err((*reply).clone()),
        (None, Some(reply)) if refusals.len() == decided.len() || nobody_to_tell => Err((*reply).clone()),
        (None, Some(_) | None) => Ok(()),
    }
}

async fn look_into(context: &Context, spooled: &Spooled) -> Result<(Known<Deep>, Room), Reply> {
    spooled.whole(&context.shared).await?.look_and_keep(look).await
}

/// What rules may ask of a body. What cannot be taken apart can never be answered for.
pub fn look(bytes: &[u8]) -> Known<Deep> {
    let (encrypted, signed) = match Letter::parse(bytes) {
        Ok(letter) => (letter.is_encrypted(), letter.is_signed()),
        // A letter without a head is text.
        Err(LetterError::NoHeader) => (false, false),
        Err(error @ LetterError::TooComplex) => return Known::Never(error.to_string()),
    };
    let inside = Inside::of(bytes);
    Known::Yes(Deep {
        attachments: inside.files,
        texts: inside.texts,
        unread: inside.unread.map(|why| why.to_string()),
        illegible: inside.illegible.map(|why| why.to_string()),
        encrypted,
        signed,
    })
}

/// Says in the log which rule decided, without address, subject or content.
pub(crate) fn log(arrival: &str, decided: &[Decided]) {
    for Decided { recipient, way } in decided {
        let Way::Judged(judgement) = way else { continue };
        tracing::info!(
            arrival.id = %arrival,
            recipient = ?recipient.address,
            treatment = name(&judgement.treatment),
            rule = %judgement.reason.rule,
            why = %judgement.reason.sentence,
            "decided"
        );
    }
}

/// The treatment's word in logs and explanations.
pub fn name(treatment: &Treatment) -> &'static str {
    match treatment {
        Treatment::Relay { .. } => "relay",
        Treatment::Portal => "portal",
        Treatment::Domain { .. } => "domain",
        Treatment::Refuse(_) => "refuse",
        Treatment::Hold { .. } => "hold",
    }
}
