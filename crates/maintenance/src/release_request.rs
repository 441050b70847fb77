//! Letting a recipient in again after support has said so: the mailbox's key wrapped for a new link where it can
//! be had, a new empty mailbox where it cannot, and the mail. One transaction.

use sealpost_arrival::{enqueue, owner_mail};
use sealpost_mail::{ActivateBy, Address, Random, Secret, Timestamp};
use sealpost_mailbox::audit::{Actor, Event};
use sealpost_mailbox::{LINK_LASTS, NewOwner, NewPending, WaysIn};
use sealpost_notice::Notice;
use sealpost_store::{
    Again, LegPurpose, MailboxRow, MailboxState, NewMailbox, NewToken, NewWrap, Release, Released,
    RequestKind, RequestRow, Store, TokenPurpose, WrapKind,
};
use sealpost_vault::{
    Argon2Cost, InitialPassword, Label, MailboxSecret, Token, TokenPurpose as VaultPurpose, VaultError,
};

use crate::commands::RequestError;
use crate::config::checked::{EscrowPlan, Plan, SupportKeys};

/// What a release has led to.
pub(crate) struct Let {
    /// Whether the messages are kept.
    pub(crate) kept: bool,
    /// What support must tell the recipient, where that is the way.
    pub(crate) initial: Option<InitialPassword>,
}

/// Releases a request. `lost`: without the messages, where the key that opens them cannot be brought.
#[expect(clippy::too_many_arguments, reason = "called in one place, all of them different things")]
pub(crate) async fn release(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    request: &RequestRow,
    mailbox: &MailboxRow,
    address: Option<Address>,
    note: &str,
    lost: bool,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Let, RequestError> {
    let address = address.ok_or(RequestError::NotOpen(request.number))?;
    match (request.kind, mailbox.state) {
        (RequestKind::Renewal, MailboxState::Active | MailboxState::Locked) => {
            return Err(RequestError::Active);
        }
        (_, MailboxState::Deleted) => return Err(RequestError::NotOpen(request.number)),
        (RequestKind::Renewal, MailboxState::Pending) | (RequestKind::Access, _) => {}
    }
    let (token, hash) = keys.role.way_in.tokens.issue(VaultPurpose::Activation, random);
    let activate_by = plan.announcer.activate_by;
    let initial = match activate_by {
        ActivateBy::Link => None,
        ActivateBy::InitialPassword => Some(InitialPassword::generate(random)),
    };
    // A link leads back in as any other one does. A password is told by telephone or by letter, which takes days.
    let retention = &plan.announcer.retention;
    let expires = if initial.is_some() { retention.link(now) } else { now.plus(LINK_LASTS) };
    let new_token = NewToken {
        hash,
        purpose: TokenPurpose::Activation,
        created_at: now,
        expires_at: expires,
        deposit_id: None,
    };
    let ways = Ways { token: &token, initial: initial.as_ref() };
    let secret = secret_of(store, plan, keys, mailbox, lost).await?;
    let kept = secret.is_some();
    let again = match secret {
        Some(secret) => {
            Again::Kept { wraps: ways.wraps(keys, &mailbox.id, &secret, random)?, token: new_token }
        }
        None => Again::Lost(Box::new(empty(plan, keys, mailbox, &address, &ways, new_token, now, random)?)),
    };
    let link = match &initial {
        Some(_) => plan.announcer.public_url.clone(),
        None => plan.announcer.activation_link(&token).expose().clone(),
    };
    let notice = Notice::Reactivation {
        link: Secret::new(link),
        expires,
        days: retention.days(now, expires),
        messages_kept: kept,
        by: activate_by,
    };
    let message_id = format!("{}@{}", random.id(), plan.name);
    let draft = owner_mail::draft(&plan.announcer, notice, &mailbox.language, address, message_id, None, now)
        .map_err(RequestError::Mail)?;
    let queue = enqueue::Queue { spool: &keys.role.queue.spool, random, give_up: plan.routes.give_up };
    let leg = enqueue::leg(&queue, draft, None, LegPurpose::Notice, &random.id())
        .map_err(|error| RequestError::Mail(error.to_string()))?;
    let actor = Actor::of_command();
    // Another mailbox takes the old one's place: the trail says of each that it was made.
    let made = match &again {
        Again::Kept { .. } => None,
        Again::Lost(new) => Some(Event::MailboxCreated { mailbox: &new.id }.row(now, &actor, None)),
    };
    let wish = Release {
        number: request.number,
        mailbox_id: mailbox.id.clone(),
        now,
        decision_sealed: seal_note(keys, &mailbox.id, note, random),
        again,
        letters_until: plan.announcer.retention.link(now),
        leg,
    };
    let released = Event::RequestReleased {
        mailbox: &mailbox.id,
        number: request.number,
        letters_kept: kept,
        by_escrow: kept && mailbox.state != MailboxState::Pending,
    };
    let rows: Vec<_> = made.into_iter().chain([released.row(now, &actor, None)]).collect();
    let noting = store.audited(rows);
    match noting.release_request(wish).await? {
        Released::Done => Ok(Let { kept, initial }),
        Released::NotOpen => Err(RequestError::NotOpen(request.number)),
    }
}

/// What support noted, for the request's row.
pub(crate) fn seal_note(keys: &SupportKeys, mailbox_id: &str, note: &str, random: &dyn Random) -> Vec<u8> {
    keys.role.queue.rows.seal(Label::RequestDecision, mailbox_id, note.trim().as_bytes(), random)
}

/// The mailbox's secret: by escrow where the operator chose that and the key is at hand; by the kept link while
/// nobody has a password.
async fn secret_of(
    store: &Store,
    plan: &Plan,
    keys: &SupportKeys,
    mailbox: &MailboxRow,
    lost: bool,
) -> Result<Option<MailboxSecret>, RequestError> {
    let by_escrow = match plan.escrow {
        EscrowPlan::Server | EscrowPlan::Offline(_) => store.wrap(&mailbox.id, WrapKind::Escrow).await?,
        EscrowPlan::None => None,
    };
    if let (Some(wrap), Some(escrow)) = (&by_escrow, &keys.escrow) {
        let opened = MailboxSecret::unwrap_escrow(wrap, &mailbox.id, escrow)?;
        return its_own(mailbox, opened).map(Some);
    }
    // Only where there is no link are the letters lost; one that cannot be opened is an error.
    let Some((link, wrap)) = store.kept_link(&mailbox.id).await? else {
        return match by_escrow {
            // They could be kept, and are given up on purpose only.
            Some(_) if !lost => Err(RequestError::EscrowKey),
            Some(_) | None => Ok(None),
        };
    };
    let (rows, pepper) = (&keys.role.queue.rows, &keys.role.way_in.pepper);
    let (_link, secret) = MailboxSecret::unwrap_kept(&link, &wrap, &mailbox.id, rows, pepper)?;
    its_own(mailbox, secret).map(Some)
}

/// Anybody can seal to the escrow key; only the mailbox's own secret is given to its owner.
fn its_own(mailbox: &MailboxRow, opened: MailboxSecret) -> Result<MailboxSecret, RequestError> {
    if opened.public().to_bytes() == mailbox.public_key {
        return Ok(opened);
    }
    tracing::error!(row.kind = "wrap", mailbox.id = %mailbox.id, "a row opens another key and was refused");
    Err(RequestError::Mail(
        "the mailbox's rows do not fit together: somebody has written into the store".to_owned(),
    ))
}

/// What a pending mailbox is wrapped under. With an initial password the link is made, too, and kept without
/// being mailed (decision 0013).
struct Ways<'a> {
    token: &'a Token,
    initial: Option<&'a InitialPassword>,
}

impl Ways<'_> {
    fn wraps(
        &self,
        keys: &SupportKeys,
        mailbox_id: &str,
        secret: &MailboxSecret,
        random: &dyn Random,
    ) -> Result<Vec<NewWrap>, VaultError> {
        let mut wraps = self.ways(keys).wraps(mailbox_id, secret, random);
        if let Some(sealed) = self.initial(keys, mailbox_id, secret, random)? {
            wraps.push(NewWrap { kind: WrapKind::Initial, sealed });
        }
        Ok(wraps)
    }

    fn ways<'a>(&'a self, keys: &'a SupportKeys) -> WaysIn<'a> {
        WaysIn { rows: &keys.role.queue.rows, pepper: &keys.role.way_in.pepper, token: self.token }
    }

    fn initial(
        &self,
        keys: &SupportKeys,
        mailbox_id: &str,
        secret: &MailboxSecret,
        random: &dyn Random,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let cost = Argon2Cost::standard();
        let wrap =
            |initial| secret.wrap_initial(mailbox_id, initial, &keys.role.way_in.pepper, &cost, random);
        self.initial.map(wrap).transpose()
    }
}

/// A new mailbox for the same address, with a key of its own.
#[expect(clippy::too_many_arguments, reason = "called in one place, all of them different things")]
fn empty(
    plan: &Plan,
    keys: &SupportKeys,
    old: &MailboxRow,
    address: &Address,
    ways: &Ways<'_>,
    new_token: NewToken,
    now: Timestamp,
    random: &dyn Random,
) -> Result<NewMailbox, VaultError> {
    let escrow = plan.escrow.public(&keys.role.way_in);
    let mut new = NewPending::new(&ways.ways(keys), escrow.as_ref(), random)?;
    if let Some(sealed) = ways.initial(keys, new.id(), new.secret(), random)? {
        new.add_initial(sealed);
    }
    let owner = NewOwner { tag: old.tag, address: &address.to_path(), language: old.language.clone() };
    Ok(new.row(&keys.role.queue.rows, owner, new_token, now, random))
}
