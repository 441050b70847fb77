//! Encrypts copies for recipients at partners: one encrypted copy per key, as a body of its own, or what the rule says
//! if there is no key. No path leads from here to cleartext (invariant 2).

use std::io::BufWriter;
use std::sync::Arc;

use sealpost_mail::{
    Direction, Domain, Edit, Fault, Head, Judgement, Letter, Origin, Otherwise, Random, Recipient, Reply,
    Signing, Timestamp, TlsFloor, Treatment,
};
use sealpost_mailbox::audit::{Actor, Event, KeyChange, OwnKeyUse};
use sealpost_partner::{Own, Partner, PartnerKey, Why};
use sealpost_seal::{
    ChainVerdict, CloseError, Closing, HeaderProtection, Lists, Method, OtherSignatures, Profile,
};
use sealpost_store::PartnerKeyState;

use super::blocking_io::{Reading, Writing, refusal};
use super::{Arrived, Chosen, Partners, choose, unavailable};
use crate::context::{Context, Shared};
use crate::decided::{Copy, Decided, Way};
use crate::edited_head::edited;
use crate::failure;
use crate::settings::{Inbound, Routes};
use crate::spool::{Spool, Spooled};
use crate::unclosable::Unclosable;

/// Copies made so far: the same letter is encrypted to a key only once.
#[derive(Default)]
struct Made(Vec<(String, Vec<Edit>, Arc<Copy>)>);

/// Carries out `domain` and `sign`: afterwards no recipient has these treatments.
pub(crate) async fn settle(
    context: &Context,
    partners: &Partners,
    origin: &Origin,
    arrived: &Arrived,
    decided: Vec<Decided>,
) -> Result<Vec<Decided>, Reply> {
    let is_domain = |decided: &Decided| match &decided.way {
        Way::Judged(judgement) => match judgement.treatment {
            Treatment::Domain { .. }
            | Treatment::Relay { sign: Signing::Required | Signing::WhenPossible, .. } => true,
            Treatment::Relay { sign: Signing::Off, .. }
            | Treatment::Portal
            | Treatment::Refuse(_)
            | Treatment::Hold { .. } => false,
        },
        Way::Unclosable(_) | Way::Bounce(_) | Way::ToUs | Way::Closed(_) | Way::Signed(..) => false,
    };
    if !decided.iter().any(is_domain) {
        return Ok(decided);
    }
    let shared = &context.shared;
    let now = shared.clock.now();
    let own = partners.opened_keys.now(&partners.own(shared)).await.map_err(unavailable)?;
    let spooled = &arrived.spooled;
    let from = speaks_for(&context.tenant.routes, origin, &arrived.spooled.head, arrived.direction);
    let came_signed = came_signed(shared, spooled).await?;
    let mut closer = Closer {
        shared,
        inbound: &context.tenant.inbound,
        partners,
        spooled,
        came_signed,
        own,
        from,
        now,
        made: Made::default(),
        asked: Vec::new(),
    };
    let mut settled = Vec::with_capacity(decided.len());
    for Decided { recipient, way } in decided {
        let way = match way {
            Way::Judged(judgement) => closer.way(&recipient, judgement).await?,
            way @ (Way::Unclosable(_) | Way::Bounce(_) | Way::ToUs | Way::Closed(_) | Way::Signed(..)) => way,
        };
        settled.push(Decided { recipient, way });
    }
    Ok(settled)
}

/// Whether the whole letter is already signed or encrypted: by its head; if signed, by its parts as well.
async fn came_signed(shared: &Shared, spooled: &Spooled) -> Result<bool, Reply> {
    let essence = spooled.head.first("Content-Type").unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/encrypted" | "application/pkcs7-mime" | "application/x-pkcs7-mime" => Ok(true),
        "multipart/signed" => {
            let is_signed =
                |bytes: &[u8]| Letter::parse(bytes).is_ok_and(|letter| letter.detached_signature().is_some());
            spooled.whole(shared).await?.look(is_signed).await
        }
        _ => Ok(false),
    }
}

/// The domain of ours that a signature would speak for: that of the single mailbox in From, vouched for by any client
/// that may send here, unless writers are configured for it. The reverse-path proves nothing to a reader, who sees
/// From; and a Sender from elsewhere says that the letter is not From's own (RFC 5322 §3.6.2).
pub fn speaks_for(
    routes: &Routes,
    origin: &Origin,
    head: &Head,
    direction: Direction,
) -> Result<Domain, Why> {
    match direction {
        // Anybody may send through it, under any name: our signature would make it ours.
        Direction::Inbound => return Err(Why::FromWorld),
        Direction::Outbound => {}
    }
    let from = head.from_address().ok().flatten().ok_or(Why::NoSender)?;
    match head.sender_address() {
        Ok(None) => {}
        Ok(Some(sender)) if sender.domain() == from.domain() => {}
        Ok(Some(_)) | Err(_) => return Err(Why::OtherSender),
    }
    match routes.may_write(origin, from.domain()) {
        true => Ok(from.domain().clone()),
        false => Err(Why::NotTheirs),
    }
}

struct Closer<'a> {
    shared: &'a Shared,
    inbound: &'a Inbound,
    partners: &'a Partners,
    spooled: &'a Spooled,
    /// It is entirely inside another party's signature or encryption.
    came_signed: bool,
    own: Arc<Vec<Own>>,
    /// The domain we sign for, or why there is none.
    from: Result<Domain, Why>,
    now: Timestamp,
    made: Made,
    /// Keys already checked against the lists, and the result.
    asked: Vec<(String, bool)>,
}

impl Closer<'_> {
    async fn way(&mut self, recipient: &Recipient, judgement: Judgement) -> Result<Way, Reply> {
        let (named, otherwise) = match &judgement.treatment {
            Treatment::Domain { partner, otherwise } => (partner.clone(), otherwise.clone()),
            Treatment::Relay { tls, sign: sign @ (Signing::Required | Signing::WhenPossible) } => {
                let (tls, sign) = (*tls, *sign);
                return self.sign(judgement, tls, sign).await;
            }
            Treatment::Relay { sign: Signing::Off, .. }
            | Treatment::Portal
            | Treatment::Refuse(_)
            | Treatment::Hold { .. } => return Ok(Way::Judged(judgement)),
        };
        let book = self.partners.book(self.shared);
        let chosen = match &self.from {
            Err(why) => Chosen::Nothing(why.clone()),
            Ok(from) => choose(&book, &self.own, named.as_deref(), &recipient.address, from, self.now)
                .await
                .map_err(unavailable)?,
        };
        match chosen {
            Chosen::Nothing(why) => {
                tracing::warn!(recipient = ?recipient.address, %why, "not encrypted for a partner");
                Ok(instead(judgement, otherwise, &why))
            }
            Chosen::Keys { partner, key, .. } if self.is_revoked(&key).await? => {
                let why = Why::Revoked;
                self.takes_back(&partner, &key).await;
                tracing::warn!(recipient = ?recipient.address, %why, "not encrypted for a partner");
                Ok(instead(judgement, otherwise, &why))
            }
            Chosen::Keys { partner, key, own } => {
                let copy = self.copy(&partner, &key, &own, &judgement.edits).await?;
                tracing::info!(
                    recipient = ?recipient.address,
                    partner = %copy.partner,
                    key = %copy.fingerprint,
                    "encrypted for a partner"
                );
                Ok(Way::Closed(copy))
            }
        }
    }

    /// The letter with our signature, for all recipients with this treatment. One that arrived signed is passed on
    /// unchanged: a second signature would say nothing more, and the first one would be inside it.
    async fn sign(&mut self, judgement: Judgement, tls: TlsFloor, sign: Signing) -> Result<Way, Reply> {
        let as_it_is = |judgement| {
            let treatment = Treatment::Relay { tls, sign: Signing::Off };
            Ok(Way::Judged(Judgement { treatment, ..judgement }))
        };
        if self.came_signed {
            return as_it_is(judgement);
        }
        let signer = self.from.clone().and_then(|from| {
            let signs = |own: &&Own| own.public.signs(&from, Method::Smime, self.now);
            // The newest.
            let own = self.own.iter().rev().find(signs).map(|own| own.public.id.clone());
            own.ok_or(Why::NoOwnKey(Method::Smime))
        });
        match (signer, sign) {
            (Ok(own), _) => {
                let copy = self.signed_copy(&own, &judgement.edits).await?;
                Ok(Way::Signed(copy, tls))
            }
            (Err(_why), Signing::WhenPossible | Signing::Off) => as_it_is(judgement),
            (Err(why), Signing::Required) => Ok(Way::Unclosable(Unclosable::NotSigned(why))),
        }
    }

    async fn signed_copy(&mut self, own: &str, edits: &[Edit]) -> Result<Arc<Copy>, Reply> {
        // Partners' keys have ids, and no id is empty.
        let known = self.made.0.iter().find(|(id, made, _)| id.is_empty() && made == edits);
        if let Some((_, _, copy)) = known {
            return Ok(Arc::clone(copy));
        }
        let at = self.own.iter().position(|one| one.public.id == own);
        let at = at.ok_or_else(|| failure::later("our key is gone"))?;
        // The head is unchanged: nothing is hidden, and programs that know no second head would show it.
        let profile = Profile { headers: HeaderProtection::Off, ..Profile::default() };
        let spooled = self.close("", Vec::new(), profile, at, edits).await?;
        let copy = Arc::new(Copy { spooled, partner: String::new(), fingerprint: String::new() });
        self.made.0.push((String::new(), edits.to_vec(), Arc::clone(&copy)));
        Ok(copy)
    }

    /// Whether its authority has revoked it, according to our lists. Once per letter: lists change.
    async fn is_revoked(&mut self, key: &PartnerKey) -> Result<bool, Reply> {
        let inbound = self.inbound;
        let crls = match inbound.lists {
            Lists::Require | Lists::WhenKnown => self.partners.lists(self.shared, inbound).await?,
            Lists::Off => return Ok(false),
        };
        if crls.is_empty() || inbound.roots.is_empty() || key.key.method() != Method::Smime {
            return Ok(false);
        }
        if let Some((_, is_revoked)) = self.asked.iter().find(|(id, _)| *id == key.id) {
            return Ok(*is_revoked);
        }
        let worker =
            self.partners.worker().ok_or_else(|| failure::later("the program sealpost-seal is missing"))?;
        let _turn = self.partners.closing.ours().await?;
        let verdict = worker.check_chain(&key.key, &inbound.roots, &crls, self.now).await;
        let is_revoked = match verdict.map_err(failure::later)? {
            ChainVerdict::Revoked => true,
            // The operator trusts this very certificate: it needs no chain and no list.
            ChainVerdict::Holds
            | ChainVerdict::NoRevocationList
            | ChainVerdict::StaleList
            | ChainVerdict::Broken => false,
        };
        self.asked.push((key.id.clone(), is_revoked));
        Ok(is_revoked)
    }

    /// A certificate once found on a list stays revoked when the list is gone.
    async fn takes_back(&self, partner: &Partner, key: &PartnerKey) {
        let shared = self.shared;
        let fingerprint = key.key.facts().fingerprint.to_hex();
        let revoked = KeyChange::Revoked;
        let event =
            Event::PartnerKeyChanged { partner: &partner.id, fingerprint: &fingerprint, what: revoked };
        let noted = event.row(self.now, &Actor::System, None);
        let book = self.partners.book(shared);
        let kept = book.step(partner, key, PartnerKeyState::Revoked, noted, self.now, &*shared.random).await;
        if let Err(error) = kept {
            tracing::warn!(key = %fingerprint, %error, "a revoked key could not be marked; the list still counts");
        }
    }

    async fn copy(
        &mut self,
        partner: &Partner,
        key: &PartnerKey,
        own: &str,
        edits: &[Edit],
    ) -> Result<Arc<Copy>, Reply> {
        let known = self.made.0.iter().find(|(id, made, _)| *id == key.id && made == edits);
        if let Some((_, _, copy)) = known {
            return Ok(Arc::clone(copy));
        }
        let at = self.own.iter().position(|one| one.public.id == own);
        let at = at.ok_or_else(|| failure::later("our key is gone"))?;
        let profile = partner.profile.raised_by(key.key.facts());
        let spooled = self.close(&partner.name, vec![key.key.clone()], profile, at, edits).await?;
        let copy = Arc::new(Copy {
            spooled,
            partner: partner.name.clone(),
            fingerprint: key.key.facts().fingerprint.to_hex(),
        });
        self.made.0.push((key.id.clone(), edits.to_vec(), Arc::clone(&copy)));
        Ok(copy)
    }

    /// Off the event loop, and a few at a time.
    async fn close(
        &self,
        partner: &str,
        to: Vec<sealpost_seal::PartnerKey>,
        profile: Profile,
        own: usize,
        edits: &[Edit],
    ) -> Result<Spooled, Reply> {
        let shared = self.shared;
        let turn = self.partners.closing.ours().await?;
        let head = edited(&self.spooled.head, edits);
        let mut letter = Reading::of(self.spooled, head.as_bytes()).await.map_err(failure::later)?;
        // Base64, and what surrounds it.
        let announced = self.spooled.size().saturating_mul(3) / 2;
        let out = BufWriter::with_capacity(64 * 1024, Writing::new(Spool::anew(shared, announced)?));
        let now = self.now;
        let random: Arc<dyn Random> = Arc::clone(&shared.random);
        let own_keys = Arc::clone(&self.own);
        let tokens = Arc::clone(&self.partners.tokens);
        let closing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let sign_with = own_keys.get(own).map(|own| &own.key);
            let closing = Closing { sign_with, to: &to, tokens: &*tokens, profile, now, random: &*random };
            match sign_with {
                Some(_) => sealpost_seal::close(&mut letter, &closing, out),
                // Never unsigned: which key to use was decided before.
                None => Err(CloseError::NoKey),
            }
        });
        let closed = closing.await.map_err(failure::later)?;
        let closed = closed.map_err(|error| failed(partner, &error))?;
        match closed.other_signatures() {
            OtherSignatures::Kept => {}
            OtherSignatures::KeptInOpaqueForm => {
                tracing::info!(
                    "signed in the opaque form: a signature within the letter covers a line that is too long"
                );
            }
            OtherSignatures::Broken => {
                tracing::warn!(
                    "a signature within the letter covered a line that is too long, and no longer verifies"
                );
            }
        }
        let written = closed.into_inner().into_inner();
        let written = written.map_err(|error| failed(partner, &CloseError::Io(error.into_error())))?;
        if let Some(own) = self.own.get(own) {
            let fingerprint = own.key.public().facts().fingerprint.to_hex();
            self.partners.uses.note(OwnKeyUse::Signed, fingerprint, now);
        }
        written.into_spool().finish().await
    }
}

/// What the rule says if there is no key.
fn instead(judgement: Judgement, otherwise: Otherwise, why: &Why) -> Way {
    let treatment = match otherwise {
        Otherwise::Portal => Treatment::Portal,
        Otherwise::Hold { tls } => Treatment::Hold { tls },
        Otherwise::Refuse(Some(reply)) => return Way::Unclosable(Unclosable::Written(reply.because(why))),
        Otherwise::Refuse(None) => return Way::Unclosable(Unclosable::NotEncrypted(why.clone())),
    };
    Way::Judged(Judgement { treatment, ..judgement })
}

/// If encrypting fails with a key that was judged good, the operator must look at it: the client retries, and nothing
/// leaves meanwhile.
fn failed(partner: &str, error: &CloseError) -> Reply {
    let because = format!("closing for the partner {partner}: {error}");
    match error {
        // The letter's fault, now and at every retry: its head is too large when encrypted. Or there is no room, which
        // is temporary.
        CloseError::Io(error)
            if refusal(error).is_some_and(|reply| reply.fault() == Some(Fault::Permanent)) =>
        {
            Reply::refuse(552, 3, 4, "The message is too large once it is encrypted").because(because)
        }
        // RFC 3463 §3.7: the letter itself.
        CloseError::Letter => {
            Reply::refuse(554, 6, 0, "The message cannot be encrypted: its header section is damaged")
                .because(because)
        }
        CloseError::NoKey
        | CloseError::MixedMethods
        | CloseError::Key { .. }
        | CloseError::Io(_)
        | CloseError::Library(_)
        | CloseError::Token(_) => {
            Reply::later(451, 7, 5, "The message cannot be encrypted at the moment, please try again later")
                .because(because)
        }
    }
}
