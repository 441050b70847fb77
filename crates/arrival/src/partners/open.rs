//! Letters from outside: forged fields and tags of ours are removed, what partners encrypted is decrypted by the
//! worker, and the result is written into a field that only we set. Unencrypted letters pass unchanged. The only
//! decision made here is whether a letter waits for an operator, because it may have been modified or could not be
//! decrypted.

use std::sync::Arc;

use sealpost_intake::client_of;
use sealpost_mail::{Address, Direction, Domain, Envelope, Fault, Head, Origin, Reply, Timestamp};
use sealpost_mailbox::audit::OwnKeyUse;
use sealpost_partner::{Coverage, Trusted};
use sealpost_seal::{Layer, OpenError, Opened, Opening, Sender, Worker, WorkerError, Written};
use sealpost_store::{OriginalState, StoredBody};
use sealpost_vault::MessageKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::authentication_results;
use super::blocking_io::Reading;
use super::protection::{Hold, Protection};
use super::result_header::{self, Look, Outcome};
use super::worker_slots::Whose;
use super::{Partners, announced_capabilities, harvest, unavailable};
use crate::context::Shared;
use crate::failure;
use crate::settings::{Inbound, Unopened};
use crate::spool::{Spool, Spooled};

/// Whether its sender could read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readability {
    /// Anybody in transit could.
    Readable,
    /// It was examined here with our keys. It may be another sender's letter, resent: its content, and what was found,
    /// is for insiders only.
    Closed,
}

/// A letter before anything in it was decrypted.
pub(crate) struct AsItCame {
    pub(crate) head: Head,
    pub(crate) key: MessageKey,
    pub(crate) body: StoredBody,
    /// Whether its content is passed on in its place.
    pub(crate) state: OriginalState,
}

/// A letter as rules and recipients see it.
pub(crate) struct Arrived {
    /// The letter; decrypted, if possible.
    pub(crate) spooled: Spooled,
    /// How it arrived.
    pub(crate) came: Readability,
    /// Its size in octets on arrival. Replies depend on this size only: the sender of a captured letter must not learn
    /// its decrypted size.
    pub(crate) size: u64,
    /// The original, if it arrived encrypted.
    pub(crate) original: Option<AsItCame>,
    /// Which way it goes.
    pub(crate) direction: Direction,
    /// Its protection on arrival.
    pub(crate) protection: Protection,
    /// Whether it waits for an operator.
    pub(crate) hold: Hold,
}

/// Size of the pipes to and from the worker, in bytes.
const PIPE: usize = 128 * 1024;

/// Decrypts what arrived through a listener for outside mail; other letters are unchanged.
pub(crate) async fn open(
    (shared, inbound): (&Shared, &Inbound),
    partners: &Partners,
    envelope: &Envelope,
    origin: &Origin,
    mut spooled: Spooled,
) -> Result<Arrived, Reply> {
    let size = spooled.size();
    let direction = inbound.direction(&origin.listener);
    match direction {
        Direction::Outbound => return Ok(untouched(spooled, direction, size)),
        Direction::Inbound => {}
    }
    let tag = inbound.tag.as_deref();
    let (head_as_it_came, key, body) = (spooled.head.clone(), spooled.key.clone(), spooled.body.clone());
    spooled.head = result_header::without_ours(&spooled.head, tag);
    // A server of ours in front has already cleaned what it passed on.
    if !inbound.authenticators.iter().any(|network| network.contains(&origin.peer)) {
        spooled.head = authentication_results::without_ours(&spooled.head, &inbound.authserv_ids);
    }
    let (outcome, letter) = match result_header::look(shared, &spooled).await? {
        Look::Open => return Ok(untouched(spooled, direction, size)),
        Look::Unknown => (Outcome::NotLooked("too-complex"), None),
        Look::Closed => {
            // Without the worker the content is unknown; it may be available again soon.
            let worker =
                partners.worker().ok_or_else(|| failure::later("the program sealpost-seal is missing"))?;
            match opened(
                (shared, inbound),
                partners,
                worker,
                envelope,
                whose(inbound, envelope, origin),
                &spooled,
            )
            .await?
            {
                (Ok(opened), letter, trusted) => {
                    note_keys(partners, &opened, shared.clock.now());
                    let from = address(&spooled);
                    harvest::offer(shared, inbound.harvest, partners, &opened, from.as_ref()).await;
                    announced_capabilities::record(shared, partners, &opened, from.as_ref(), &trusted).await;
                    (Outcome::Looked(opened), letter)
                }
                (Err(error), _, _) => (Outcome::NotLooked(for_good(error)?), None),
            }
        }
    };
    let state = match &letter {
        Some(_) => OriginalState::Opened,
        None => OriginalState::Closed,
    };
    let (head, from) = match letter {
        Some(mut letter) => {
            let from = address(&spooled);
            letter.fingerprint = spooled.fingerprint;
            letter.sha256 = spooled.sha256;
            // The decrypted content may contain forged fields as well.
            let head = result_header::without_ours(&letter.head, tag);
            let head = authentication_results::without_ours(&head, &inbound.authserv_ids);
            spooled = letter;
            (head, from)
        }
        None => (spooled.head.clone(), address(&spooled)),
    };
    let marked = result_header::mark(&head, &outcome, from.as_ref(), tag);
    tracing::info!(found = %marked.logged, "a letter from outside was examined");
    spooled.head = marked.head;
    let Protection { encryption, .. } = marked.protection;
    let hold = match inbound.unopened {
        Unopened::Hold if encryption.is_uncertain() => Hold::Everybody,
        Unopened::Hold | Unopened::Pass => Hold::No,
    };
    let original = AsItCame { head: head_as_it_came, key, body, state };
    Ok(Arrived {
        spooled,
        came: Readability::Closed,
        size,
        original: encryption.is_there().then_some(original),
        direction,
        protection: marked.protection,
        hold,
    })
}

fn untouched(spooled: Spooled, direction: Direction, size: u64) -> Arrived {
    Arrived {
        spooled,
        came: Readability::Readable,
        size,
        original: None,
        direction,
        protection: Protection::NONE,
        hold: Hold::No,
    }
}

fn address(spooled: &Spooled) -> Option<Address> {
    spooled.head.from_address().ok().flatten()
}

/// With whom a letter shares its turns.
fn whose(inbound: &Inbound, envelope: &Envelope, origin: &Origin) -> Whose {
    let behind_filter = inbound.filters.iter().any(|network| network.contains(&origin.peer));
    match envelope.reverse_path.address() {
        Some(sender) if behind_filter => Whose::Domain(sender.domain().as_str().to_ascii_lowercase()),
        Some(_) | None => Whose::Network(client_of(origin.peer)),
    }
}

/// Records which of our keys decrypted something in it.
fn note_keys(partners: &Partners, opened: &Opened, now: Timestamp) {
    for layer in &opened.layers {
        if let Layer::Decrypted { by, .. } = layer {
            partners.uses.note(OwnKeyUse::Opened, by.to_hex(), now);
        }
    }
}

/// The worker's result, the letter inside, and the trusted keys of its sender.
type Looked = (Result<Opened, OpenError>, Option<Spooled>, Trusted);

/// Runs the worker on the letter; its output is spooled, sealed, and used only if the worker says so.
async fn opened(
    (shared, inbound): (&Shared, &Inbound),
    partners: &Partners,
    worker: &Worker,
    envelope: &Envelope,
    whose: Whose,
    spooled: &Spooled,
) -> Result<Looked, Reply> {
    let _turn = partners.opening.of(whose).await?;
    let own = partners.own(shared);
    let domains: Vec<Domain> = envelope.recipients.iter().map(|to| to.address.domain().clone()).collect();
    let own = partners.lendable_keys.now(own, &domains, Arc::clone(&partners.tokens)).await;
    let own = own.map_err(unavailable)?;
    let from = address(spooled);
    let signers = partners.signers.now(&partners.book(shared), from.as_ref()).await.map_err(unavailable)?;
    let (trusted, sender) = match &signers.trusted {
        Some(trusted) => (trusted.as_slice(), Sender::Partner),
        None => (&[][..], Sender::Stranger),
    };
    let crls = partners.lists(shared, inbound).await?;
    let out_of_use = &signers.out_of_use;
    let roots = match out_of_use.coverage {
        Coverage::Complete => inbound.roots.as_slice(),
        Coverage::Incomplete => &[],
    };
    let opening = Opening {
        own: &own,
        trusted,
        distrusted: &out_of_use.keys,
        roots,
        crls: &crls,
        lists: inbound.lists,
        sender,
        now: shared.clock.now(),
    };
    let mut reading = Reading::of(spooled, b"").await.map_err(failure::later)?;
    let (mut feed, letter) = tokio::io::duplex(PIPE);
    let (written, mut taken) = tokio::io::duplex(PIPE);
    let feeding = async move {
        // A worker that has read enough closes the pipe; that is not an error.
        let mut open = feed.write_all(spooled.head.as_bytes()).await.is_ok();
        while open {
            match reading.chunk().await? {
                Some(chunk) => open = feed.write_all(&chunk).await.is_ok(),
                None => break,
            }
        }
        Ok::<(), std::io::Error>(())
    };
    let taking = take(shared, spooled.size(), &mut taken);
    let working = worker.open(letter, spooled.size(), &opening, written);
    let (fed, opened, taken) = tokio::join!(feeding, working, taking);
    fed.map_err(failure::later)?;
    match opened.as_ref().map(|opened| opened.written) {
        Ok(Written::Letter(_)) => {}
        Ok(Written::Nothing) | Err(_) => return Ok((opened, None, signers.trusted)),
    }
    let taken = match taken {
        Ok(spool) => spool.finish().await,
        Err(reply) => Err(reply),
    };
    match taken {
        Ok(letter) => Ok((opened, Some(letter), signers.trusted)),
        // A head that is too large, or missing: the reply must not tell the letter's sender what was inside.
        Err(reply) if reply.fault() == Some(Fault::Permanent) => {
            Ok((Err(OpenError::TooComplex), None, signers.trusted))
        }
        Err(reply) => Err(reply),
    }
}

async fn take(shared: &Shared, announced: u64, from: &mut tokio::io::DuplexStream) -> Result<Spool, Reply> {
    let mut spool = Spool::anew(shared, announced)?;
    let mut chunk = Vec::with_capacity(PIPE / 2);
    let mut taken = Ok(());
    while from.read_buf(&mut chunk).await.map_err(failure::later)? > 0 {
        // Read on to the end nevertheless: the worker must not wait for a reader that has gone.
        if taken.is_ok() {
            taken = spool.take(&chunk).await;
        }
        chunk.clear();
    }
    taken.map(|()| spool)
}

/// What is the letter's fault is permanent; everything else is ours, and the client keeps the letter meanwhile.
fn for_good(error: OpenError) -> Result<&'static str, Reply> {
    match error {
        OpenError::TooComplex => Ok("too-complex"),
        OpenError::Worker(WorkerError::Limit(_)) => Ok("too-large"),
        // The peer retries, and gives up after its own time.
        error @ (OpenError::Io(_)
        | OpenError::Token(_)
        | OpenError::Worker(
            WorkerError::Missing(_) | WorkerError::Stopped(_) | WorkerError::Failed(_),
        )) => Err(failure::later(error)),
    }
}
