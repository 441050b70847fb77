//! Facts in, judgements out: asks the policy once per recipient. Gathers only what the rules ask for.

use std::collections::VecDeque;

use sealpost_mail::{
    Address, Envelope, Fault, Inside, Judgement, Letter, LetterError, Origin, Recipient, Reply, Treatment,
};
use sealpost_policy::{Deep, Facts, Known};

use super::front::Front;
use super::spool::Spooled;

/// One recipient and what happens to its copy.
pub(super) struct Decided {
    pub(super) recipient: Recipient,
    pub(super) way: Way,
}

/// Where a copy goes.
pub(super) enum Way {
    /// Where the policy says.
    Judged(Judgement),
    /// Nowhere: it would have had to be closed for a partner and cannot be.
    Unclosable(Reply),
    /// It is a report on one of our notices (VERP) and ends here.
    Bounce(String),
}

/// Judges every recipient. Refuses the whole letter where a part of it could not be answered for:
/// nobody got it yet, so the client's next try starts clean.
pub(super) async fn judge(
    front: &Front,
    envelope: &Envelope,
    origin: &Origin,
    spooled: &Spooled,
) -> Result<Vec<Decided>, Reply> {
    let Some(first) = envelope.recipients.first() else {
        return Err(Reply::refuse(554, 5, 1, "No valid recipients"));
    };
    let rules = front.rules();
    let needs = rules.needs();
    let deep = if needs.deep { look_into(front, spooled).await? } else { Known::Unasked };
    let thread = if needs.thread { thread_known(front, spooled).await } else { Known::Unasked };
    let mut judged: VecDeque<Judgement> = {
        let facts = Facts {
            reverse_path: &envelope.reverse_path,
            origin,
            head: &spooled.head,
            recipient: &first.address,
            size: spooled.size(),
            deep: &deep,
            thread: &thread,
        };
        rules.judge_each(&facts, addresses(envelope)).into()
    };
    let mut decided = Vec::with_capacity(envelope.recipients.len());
    for recipient in &envelope.recipients {
        let way = match (front.announcer.bounce_token(&recipient.address), judged.pop_front()) {
            (Some(token), _) => Way::Bounce(token),
            (None, Some(judgement)) => settle(judgement, recipient),
            (None, None) => return Err(Reply::later(451, 3, 5, "Please try again later").because("unjudged")),
        };
        decided.push(Decided { recipient: recipient.clone(), way });
    }
    refuse_whole(envelope, &decided)?;
    Ok(decided)
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    envelope.recipients.iter().map(|recipient| &recipient.address)
}

/// Verdicts that cannot be carried out become refusals with a reason of their own.
fn settle(judgement: Judgement, recipient: &Recipient) -> Way {
    match &judgement.treatment {
        Treatment::Domain { .. } => {
            if let Err(error) = sealpost_seal::close(recipient.address.domain(), &[]) {
                // Never in clear instead (invariant 2): the sender learns that it was not sent, and why.
                let text = "This message must be encrypted for the recipient's domain, and no method is set \
                            up for it; it was not sent";
                return Way::Unclosable(Reply::refuse(550, 7, 5, text).because(error));
            }
            Way::Judged(judgement)
        }
        Treatment::Relay { .. } | Treatment::Portal | Treatment::Refuse(_) | Treatment::Hold { .. } => {
            Way::Judged(judgement)
        }
    }
}

/// One temporary verdict, or nothing but refusals, is an answer for the whole transaction: SMTP has only
/// one after DATA (RFC 5321 §4.2.5). A null reverse-path cannot be told later, so it is told now.
fn refuse_whole(envelope: &Envelope, decided: &[Decided]) -> Result<(), Reply> {
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

async fn look_into(front: &Front, spooled: &Spooled) -> Result<Known<Deep>, Reply> {
    spooled.whole(front).await?.look(look).await
}

/// What rules may ask of a body. What cannot be taken apart can never be answered for.
pub(crate) fn look(bytes: &[u8]) -> Known<Deep> {
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

/// Message-IDs looked up of one letter. The parent's comes first; of the thread, the oldest first. Long threads
/// have some hundred, and a confidential answer must not leave in clear because its thread is long.
const MOST_IDS: usize = 1000;

/// The Message-IDs in the value of In-Reply-To or References: between angle brackets, whatever stands around
/// them (RFC 5322 §3.6.4: nothing needs to stand between two; §4.5.4: words may); else words, as some programs
/// leave the brackets out.
fn message_ids(text: &str) -> impl Iterator<Item = &str> {
    let has_brackets = text.contains('<');
    text.split(move |c: char| if has_brackets { c == '<' } else { c.is_whitespace() })
        .skip(usize::from(has_brackets))
        .map(|piece| bare_id(piece.split('>').next().unwrap_or(piece)))
        .filter(|id| !id.is_empty())
}

/// Whether the letter answers one that a portal user wrote or got.
async fn thread_known(front: &Front, spooled: &Spooled) -> Known<bool> {
    let named = ["In-Reply-To", "References"].iter().flat_map(|field| spooled.head.all(field));
    let tags: Vec<[u8; 32]> = named
        .flat_map(|text| message_ids(&text).map(str::to_owned).collect::<Vec<_>>())
        .take(MOST_IDS)
        .map(|id| front.keys.tags.thread_tag(&id))
        .collect();
    if tags.is_empty() {
        return Known::Yes(false);
    }
    match front.store.knows_thread(&tags).await {
        Ok(known) => Known::Yes(known),
        Err(error) => Known::Unanswerable(error.to_string()),
    }
}

/// A Message-ID as it is tagged: without angle brackets.
pub(super) fn bare_id(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Says in the log which rule decided, without address, subject or content.
pub(super) fn log(arrival: &str, decided: &[Decided]) {
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
pub(crate) fn name(treatment: &Treatment) -> &'static str {
    match treatment {
        Treatment::Relay { .. } => "relay",
        Treatment::Portal => "portal",
        Treatment::Domain { .. } => "domain",
        Treatment::Refuse(_) => "refuse",
        Treatment::Hold { .. } => "hold",
    }
}

#[cfg(test)]
mod tests {
    use super::message_ids;

    #[test]
    fn message_ids_are_found_however_they_are_written() {
        let found = |text| message_ids(text).collect::<Vec<_>>();
        assert_eq!(found("<a@x> <b@x>"), ["a@x", "b@x"]);
        assert_eq!(found("<a@x><b@x>"), ["a@x", "b@x"]);
        assert_eq!(found("Your message of Monday (late) < a@x > \"Re: <b@x>\""), ["a@x", "b@x"]);
        assert_eq!(found(" a@x\t b@x "), ["a@x", "b@x"]);
        assert_eq!(found("<a@x"), ["a@x"]);
        assert_eq!(found("<>"), [""; 0]);
        assert_eq!(found(""), [""; 0]);
    }
}
