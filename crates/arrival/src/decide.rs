//! Turns facts into judgements: asks the policy once per recipient. Gathers only the facts that the rules need.

use std::collections::VecDeque;

use sealpost_mail::{
    Address, Envelope, Fault, Head, Inside, Judgement, Letter, LetterError, Origin, PlainContent, Reply,
    Sealed, TlsFloor, Treatment,
};
use sealpost_policy::{Deep, Facts, HeadsWithin, Known, Needs, Rules};

use crate::context::{Context, Shared};
use crate::decided::{Decided, Way};
use crate::partners::{self, Arrived, Hold, Partners, Signature};
use crate::settings::Announcer;
use crate::spool::{MemoryTaken, Spooled};
use crate::thread::{self, NamedWithin, Thread};
use crate::verp;

/// Judges every recipient. Refuses the whole letter if a part of it cannot be accepted: no recipient got it yet, so the
/// client's retry starts clean.
pub(crate) async fn judge(
    context: &Context,
    partners: &Partners,
    envelope: &Envelope,
    origin: &Origin,
    arrived: &Arrived,
) -> Result<Vec<Decided>, Reply> {
    let Arrived { spooled, came: _, size: _, original: _, direction, protection, hold: held } = arrived;
    let Some(first) = envelope.recipients.first() else {
        return Err(Reply::refuse(554, 5, 1, "No valid recipients"));
    };
    let rules = context.tenant.rules();
    let needs = rules.needs();
    let (looked, room) = if needs.deep || needs.thread || needs.closed_thread || needs.heads {
        look_into(&context.shared, spooled, needs).await?
    } else {
        (Looked::nothing(), MemoryTaken::Little)
    };
    let Looked { mut deep, mut within, perhaps, heads } = looked;
    if let Known::Yes(within) = &mut within {
        within.ids.extend(perhaps);
    }
    let (shared, our_name) = (&context.shared, context.tenant.name.as_str());
    let named = (needs.thread || needs.closed_thread).then(|| thread::named(&spooled.head, our_name, within));
    let closed_thread = match &named {
        Some(named) if needs.closed_thread => thread::known(shared, Thread::Closed, named).await,
        Some(_) | None => Known::Unasked,
    };
    let thread = match &named {
        Some(named) if needs.thread => thread::known(shared, Thread::Portal, named).await,
        Some(_) | None => Known::Unasked,
    };
    if let Known::Yes(deep) = &mut deep {
        // Its protection on arrival, not what is left of it.
        deep.encrypted |= protection.encryption.is_there();
        deep.signed |= protection.signature.is_there();
    }
    let facts = Facts {
        reverse_path: &envelope.reverse_path,
        origin,
        head: &spooled.head,
        recipient: &first.address,
        size: spooled.size(),
        deep: &deep,
        heads: &heads,
        thread: &thread,
        closed_thread: &closed_thread,
        from_partner: protection.signature == Signature::Proven,
        unopened: protection.encryption.is_uncertain(),
        direction: *direction,
    };
    let judge = || each(&rules, &context.tenant.announcer, &facts, envelope);
    let decided = match &room {
        MemoryTaken::Little => judge(),
        // Pattern matching over many megabytes: other sessions must continue meanwhile.
        MemoryTaken::Much(_held) => tokio::task::block_in_place(judge),
    }?;
    drop(room);
    let decided = match held {
        Hold::Everybody => decided.into_iter().map(hold).collect(),
        Hold::No => decided,
    };
    let decided = partners::settle(context, partners, origin, arrived, decided).await?;
    refuse_whole(envelope, &decided)?;
    Ok(decided)
}

/// A letter that could not be decrypted is held, whatever else was decided: in a mailbox, or encrypted again for a
/// partner, it would bypass everybody who was to check it. What is refused stays refused.
fn hold(decided: Decided) -> Decided {
    let way = match decided.way {
        Way::Judged(judgement) => Way::Judged(match judgement.treatment {
            Treatment::Relay { tls, sign: _ } => {
                Judgement { treatment: Treatment::Hold { tls }, ..judgement }
            }
            Treatment::Portal | Treatment::Domain { .. } => {
                Judgement { treatment: Treatment::Hold { tls: TlsFloor::default() }, ..judgement }
            }
            Treatment::Refuse(_) | Treatment::Hold { .. } => judgement,
        }),
        way @ (Way::Closed(_) | Way::Signed(..) | Way::Unclosable(_) | Way::Bounce(_) | Way::ToUs) => way,
    };
    Decided { way, ..decided }
}

/// The treatment of each recipient's copy. `facts.recipient` is ignored.
pub fn each(
    rules: &Rules,
    announcer: &Announcer,
    facts: &Facts<'_>,
    envelope: &Envelope,
) -> Result<Vec<Decided>, Reply> {
    let mut judged: VecDeque<Judgement> = rules.judge_each(facts, addresses(envelope)).into();
    let mut decided = Vec::with_capacity(envelope.recipients.len());
    for recipient in &envelope.recipients {
        let way = match (verp::token(announcer.bounces.as_ref(), &recipient.address), judged.pop_front()) {
            (Some(token), _) => Way::Bounce(token),
            (None, _) if announcer.is_ours(&recipient.address) => Way::ToUs,
            (None, Some(judgement)) => Way::Judged(judgement),
            (None, None) => return Err(Reply::later(451, 3, 5, "Please try again later").because("unjudged")),
        };
        decided.push(Decided { recipient: recipient.clone(), way });
    }
    Ok(decided)
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    envelope.recipients.iter().map(|recipient| &recipient.address)
}

/// A single temporary verdict, or nothing but refusals, is the reply to the whole transaction: SMTP has only one after
/// DATA (RFC 5321 §4.2.5). A null reverse-path cannot be notified later, so it is refused now.
pub fn refuse_whole(envelope: &Envelope, decided: &[Decided]) -> Result<(), Reply> {
    let refusals: Vec<Reply> = decided
        .iter()
        .filter_map(|d| match &d.way {
            Way::Judged(Judgement { treatment: Treatment::Refuse(refusal), .. }) => {
                Some(refusal.reply.clone())
            }
            Way::Unclosable(unclosable) => Some(unclosable.reply()),
            Way::Judged(_) | Way::Bounce(_) | Way::Closed(_) | Way::Signed(..) | Way::ToUs => None,
        })
        .collect();
    let later = refusals.iter().find(|reply| reply.fault() == Some(Fault::Temporary));
    let nobody_to_tell = envelope.reverse_path.address().is_none();
    match (later, refusals.first()) {
        (Some(reply), _) => Err(reply.clone()),
        (None, Some(reply)) if refusals.len() == decided.len() || nobody_to_tell => Err(reply.clone()),
        (None, Some(_) | None) => Ok(()),
    }
}

/// What was found in a letter.
struct Looked {
    deep: Known<Deep>,
    /// The Message-IDs of nested letters, with those they reply to, and those in its texts.
    within: Known<NamedWithin>,
    /// What else in its texts may be one.
    perhaps: Vec<String>,
    /// The heads of nested letters.
    heads: Known<HeadsWithin>,
}

impl Looked {
    /// The state before anything was looked up.
    fn nothing() -> Self {
        let (deep, heads) = (Known::Unasked, Known::Unasked);
        Self { deep, within: Known::Yes(NamedWithin::default()), perhaps: Vec::new(), heads }
    }
}

async fn look_into(shared: &Shared, spooled: &Spooled, needs: Needs) -> Result<(Looked, MemoryTaken), Reply> {
    let look = if needs.deep { look_at } else { look_for_letters };
    spooled.whole(shared).await?.look_and_keep(look).await
}

fn look_for_letters(bytes: &[u8]) -> Looked {
    let mut inside = Inside::letters_of(bytes);
    let (within, heads) = of_letters(&mut inside);
    Looked { deep: Known::Unasked, within, perhaps: inside.perhaps_ids, heads }
}

fn of_letters(inside: &mut Inside) -> (Known<NamedWithin>, Known<HeadsWithin>) {
    if inside.sealed.contains(&Sealed::Unknown) {
        let why = || "it holds more letters than can be looked at".to_owned();
        return (Known::Never(why()), Known::Never(why()));
    }
    let hidden = inside.hidden_letters.map(|why| why.to_string());
    let ids = std::mem::take(&mut inside.message_ids);
    let named = match thread::places_of(&inside.heads) {
        Some(places) => Known::Yes(NamedWithin { ids, places, hidden: hidden.clone() }),
        None => Known::Never("it holds more conversations than can be looked up".to_owned()),
    };
    (named, Known::Yes(HeadsWithin { found: std::mem::take(&mut inside.heads), hidden }))
}

/// What rules may ask about a body, and the heads of nested letters. What cannot be parsed is never answered.
pub fn look(bytes: &[u8]) -> (Known<Deep>, Known<HeadsWithin>) {
    let looked = look_at(bytes);
    (looked.deep, looked.heads)
}

/// Whether the letter refers to others, in its head or inside, or may be a resent one: only the running gateway knows
/// which of them are the portal's.
pub fn names_letters(head: &Head, our_name: &str, bytes: &[u8]) -> Known<bool> {
    thread::names_others(head, our_name, look_at(bytes).within)
}

fn look_at(bytes: &[u8]) -> Looked {
    let letter = match Letter::parse(bytes) {
        Ok(letter) => Some(letter),
        // A nested letter without a head is text.
        Err(LetterError::NoHeader) => None,
        Err(error @ LetterError::TooComplex) => {
            let why = || error.to_string();
            return Looked {
                deep: Known::Never(why()),
                within: Known::Never(why()),
                perhaps: Vec::new(),
                heads: Known::Never(why()),
            };
        }
    };
    let mut inside = Inside::of(bytes);
    let plain = letter.as_ref().map(|letter| PlainContent::of(letter, &inside)).unwrap_or_default();
    let (within, heads) = of_letters(&mut inside);
    let deep = Known::Yes(Deep {
        attachments: inside.files,
        texts: inside.texts,
        plain,
        unread: inside.unread.map(|why| why.to_string()),
        illegible: inside.illegible.map(|why| why.to_string()),
        encrypted: letter.as_ref().is_some_and(Letter::is_encrypted),
        signed: letter.as_ref().is_some_and(Letter::is_signed),
    });
    Looked { deep, within, perhaps: inside.perhaps_ids, heads }
}

/// Logs which rule decided, without address, subject or content.
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

/// The treatment's name in logs and explanations.
pub fn name(treatment: &Treatment) -> &'static str {
    match treatment {
        Treatment::Relay { .. } => "relay",
        Treatment::Portal => "portal",
        Treatment::Domain { .. } => "domain",
        Treatment::Refuse(_) => "refuse",
        Treatment::Hold { .. } => "hold",
    }
}
