//! Letters by which a connection is tried. One that a partner has signed and encrypted is replied to at once, signed and
//! encrypted; a reply to one of ours puts the partner into use. Both are delivered like every other letter: nothing of what
//! people wrote could be lost by taking it for one. Knows no wording.
//!
//! What says so is a keyword that the signature covers (RFC 9788 §4 has Keywords among what a protected head replaces).

use std::sync::Arc;

use sealpost_delivery::{Purpose, ReportsTo};
use sealpost_mail::{
    Address, Brand, Compose, ComposeError, Direction, Envelope, Head, Random, ReversePath, Timestamp,
    TlsFloor, compose_notice,
};
use sealpost_mailbox::audit::{Actor, Event, PartnerChange};
use sealpost_notice::{Language, PartnerLetter, partner_letter};
use sealpost_partner::{Partner, PartnerWithKeys, Standing, is_test_token};
use sealpost_seal::{CloseError, Closing, close};
use sealpost_store::{ArrivalRows, LegPurpose, OriginalState};

use super::choose::{Chosen, choose_for_test};
use super::{Arrived, Hold, Partners, Signature};
use crate::context::{Context, Shared};
use crate::enqueue;

/// Minimum time between replies to one partner, in milliseconds.
const PAUSE: i64 = 60_000;

/// A test letter, or the reply to one.
pub struct TestLetter<'a> {
    /// Which of the two letters it is.
    pub letter: PartnerLetter,
    /// The sender: an address of our own.
    pub from: Address,
    /// The recipient at the partner.
    pub to: Address,
    /// What the reply is known by.
    pub token: &'a str,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
    /// The Message-ID of the letter it replies to.
    pub about: Option<String>,
    /// The time in its Date field.
    pub at: Timestamp,
}

impl TestLetter<'_> {
    /// The letter, to be encrypted.
    ///
    /// # Errors
    /// A text is missing, or a value does not fit into a head.
    pub fn compose(self, language: Language, brand: &Brand) -> Result<Vec<u8>, String> {
        let (subject, text) =
            partner_letter(self.letter, language, brand).map_err(|error| error.to_string())?;
        let (word, submitted) = match self.letter {
            PartnerLetter::Test => (Word::Request, "auto-generated"),
            PartnerLetter::Reply => (Word::Reply, "auto-replied"),
        };
        compose_notice(&Compose {
            from: (None, self.from),
            to: self.to,
            reply_to: None,
            subject,
            text,
            html: None,
            message_id: self.message_id,
            at: self.at,
            auto_submitted: submitted,
            about: self.about,
            extra: vec![("Keywords".to_owned(), format!("{}, {}", word.as_str(), self.token))],
            inline_images: Vec::new(),
        })
        .map_err(|error: ComposeError| error.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Request,
    Reply,
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Request => "sealpost-test-request",
            Self::Reply => "sealpost-test-answer",
        }
    }

    /// The keyword and the token in a head.
    fn of(head: &Head) -> Option<(Self, String)> {
        let keywords = head.first("Keywords")?;
        let (word, token) = keywords.split_once(',')?;
        let word = [Self::Request, Self::Reply].into_iter().find(|one| one.as_str() == word.trim())?;
        Some((word, token.trim().to_owned()))
    }
}

/// What a letter that has just been opened brings about: the reply's rows, or a partner in use. Whatever goes wrong keeps
/// no letter waiting.
pub(crate) async fn hear(
    context: &Context,
    partners: &Partners,
    envelope: &Envelope,
    arrived: &Arrived,
) -> Option<ArrivalRows> {
    let opened = arrived.original.as_ref().is_some_and(|original| original.state == OriginalState::Opened);
    let is_proven = arrived.protection.signature == Signature::Proven && arrived.hold == Hold::No;
    if !(arrived.direction == Direction::Inbound && opened && is_proven) {
        return None;
    }
    let (word, token) = Word::of(&arrived.spooled.head)?;
    let from = arrived.spooled.head.from_address().ok().flatten()?;
    let found = match partners.book(&context.shared).of(&from).await {
        Ok(found) => found?,
        Err(error) => {
            tracing::warn!(%error, "a partner's test letter could not be looked at");
            return None;
        }
    };
    match word {
        Word::Reply => {
            note_reply(&context.shared, partners, found, &token).await;
            None
        }
        Word::Request => {
            let partner = found.partner.id.clone();
            let ours = envelope.recipients.first().map(|recipient| recipient.address.clone())?;
            if !partners.may_reply(&partner, context.shared.clock.now()) {
                return None;
            }
            let about = arrived.spooled.head.message_id();
            match reply(context, partners, &found, ours, from, &token, about).await {
                Ok(rows) => {
                    tracing::info!(partner.id = %partner, "a partner's test letter is answered");
                    Some(rows)
                }
                Err(why) => {
                    tracing::warn!(partner.id = %partner, why, "a partner's test letter is not answered");
                    None
                }
            }
        }
    }
}

/// A reply to a test letter of ours: letters are encrypted for the partner from now on.
async fn note_reply(shared: &Shared, partners: &Partners, found: PartnerWithKeys, token: &str) {
    if !is_test_token(&shared.keys.tags, &found.partner.id, token) {
        tracing::warn!(partner.id = %found.partner.id, "a reply to a test letter that is none of ours");
        return;
    }
    let now = shared.clock.now();
    let standing = match found.partner.standing {
        Standing::Active | Standing::Waiting => Standing::Active,
        Standing::Suspended => Standing::Suspended,
    };
    let partner = Partner { standing, answered: Some(now), ..found.partner };
    let noted = Event::PartnerChanged { partner: &partner.id, what: PartnerChange::Answered };
    let noted = noted.row(now, &Actor::Sender, None);
    match partners.book(shared).change(&partner, &[], noted, now, &*shared.random).await {
        Ok(()) => tracing::info!(partner.id = %partner.id, "a partner has answered our test letter"),
        Err(error) => {
            tracing::warn!(partner.id = %partner.id, %error, "a partner's reply to our test letter could not be noted");
        }
    }
}

async fn reply(
    context: &Context,
    partners: &Partners,
    found: &PartnerWithKeys,
    from: Address,
    to: Address,
    token: &str,
    about: Option<String>,
) -> Result<ArrivalRows, String> {
    let shared = &context.shared;
    let now = shared.clock.now();
    let own = partners.opened_keys.now(&partners.own(shared)).await.map_err(|error| error.to_string())?;
    let (partner, key, signer) = match choose_for_test(found, &own, &to, from.domain(), now) {
        Chosen::Keys { partner, key, own } => (partner, key, own),
        Chosen::Nothing(why) => return Err(why.to_string()),
    };
    let announcer = &context.tenant.announcer;
    let message_id = format!("{}@{}", shared.random.id(), context.tenant.name);
    let letter =
        TestLetter { letter: PartnerLetter::Reply, from, to: to.clone(), token, message_id, about, at: now };
    let letter = letter.compose(announcer.language(&to), &announcer.brand)?;
    let random: Arc<dyn Random> = Arc::clone(&shared.random);
    let profile = partner.profile.raised_by(key.key.facts());
    let tokens = Arc::clone(&partners.tokens);
    let closing = tokio::task::spawn_blocking(move || {
        let sign_with = own.iter().find(|one| one.public.id == signer).map(|one| &one.key);
        // Never unsigned: a reply that anybody could have written says nothing.
        sign_with.ok_or(CloseError::NoKey)?;
        let to = std::slice::from_ref(&key.key);
        let closing = Closing { sign_with, to, tokens: &*tokens, profile, now, random: &*random };
        close(&mut letter.as_slice(), &closing, Vec::new()).map(sealpost_seal::Closed::into_inner)
    });
    let closed = closing.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let (content, body) =
        enqueue::letter(&shared.store, &*shared.random, closed).await.map_err(|error| error.to_string())?;
    let draft = enqueue::Draft {
        content,
        // RFC 3834 §3.3: a reply must not be replied to, or bounced.
        reverse_path: ReversePath::Null,
        recipient: to,
        route: context.tenant.routes.relay.clone(),
        tls: TlsFloor::None,
        purpose: Purpose::Report,
        reports_to: ReportsTo::Ours,
        at: now,
    };
    let id = shared.random.id();
    let leg = enqueue::leg(&enqueue::Queue::of(context), draft, Some(&body), LegPurpose::Report, &id);
    let mut rows = ArrivalRows::new(now);
    rows.legs.push(leg.map_err(|error| error.to_string())?);
    rows.more_bodies.push(body);
    Ok(rows)
}

impl Partners {
    /// Whether this partner is replied to now: resending a captured test letter must not cause any number of mails.
    fn may_reply(&self, partner: &str, now: Timestamp) -> bool {
        let mut last = self.answered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.retain(|_, at| now.0.saturating_sub(at.0) < PAUSE && at.0 <= now.0);
        let is_new = !last.contains_key(partner);
        if is_new {
            last.insert(partner.to_owned(), now);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_words_make_a_test_letter() {
        let head = |text: &str| Head::new(text.as_bytes().to_vec()).unwrap();
        let word = |text: &str| Word::of(&head(text));
        assert_eq!(
            word("Keywords: sealpost-test-request, a.b\r\n\r\n"),
            Some((Word::Request, "a.b".to_owned()))
        );
        assert_eq!(
            word("Keywords: sealpost-test-answer,\r\n a.b\r\n\r\n"),
            Some((Word::Reply, "a.b".to_owned()))
        );
        for other in
            ["Keywords: sealpost-test-request\r\n\r\n", "Keywords: kfz, a.b\r\n\r\n", "Subject: x\r\n\r\n"]
        {
            assert_eq!(word(other), None, "{other}");
        }
    }
}
