//! What delivery calls when a reply or a notice could not be delivered: the writer gets a report, the address of the
//! mailbox a mark. Composes no report.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_delivery::{Purpose, Returns, UndeliveredReply, Untold};
use sealpost_mail::{DsnAction, EnhancedCode, Head};
use sealpost_mailbox::NewPair;
use sealpost_notice::ReplyState;
use sealpost_store::{Committed, MailboxState, NewBounce, StoreError};

use crate::commit::commit;
use crate::context::{Context, Shared};
use crate::undelivered::{self, Undelivered};
use crate::unnotified_letters;

/// How often the rows are rebuilt if the mailbox has received another key pair.
const RACES: usize = NewPair::RACES;

/// The hook that delivery calls when a reply was not delivered.
pub struct ToMailbox(pub Arc<Context>);

#[async_trait]
impl Returns for ToMailbox {
    async fn tell(&self, reply: UndeliveredReply<'_>) -> Result<(), Untold> {
        let context = &self.0;
        let Purpose::PortalReply { mailbox_id, deposit_id } = &reply.ticket.purpose else {
            return Err(Untold::Never("not a reply".to_owned()));
        };
        if context
            .shared
            .store
            .mailbox(mailbox_id)
            .await
            .map_err(untold)?
            .is_none_or(|row| row.state == MailboxState::Deleted)
        {
            tracing::info!("a reply was not delivered, and its mailbox is gone");
            return Ok(());
        }
        let head = reply.ticket.content.head().and_then(|head| Head::new(head.to_vec()).ok());
        let told = Undelivered {
            mailbox_id,
            deposit_id,
            recipient: &reply.ticket.recipient.address,
            message_id: head.as_ref().and_then(Head::message_id),
            subject: head.as_ref().and_then(Head::subject),
            date: reply.ticket.arrived,
            status: reply.status,
            said: reply.said.map(str::to_owned),
            state: match reply.action {
                DsnAction::Delayed => ReplyState::Delayed,
                DsnAction::Failed | DsnAction::Delivered | DsnAction::Relayed | DsnAction::Expanded => {
                    ReplyState::Failed
                }
            },
        };
        for _ in 0..RACES {
            let mut rows = undelivered::rows(context, &told).await.map_err(untold)?;
            let mut once = context.shared.keys.tags.fingerprint();
            once.update(b"answer returned\0");
            once.update(reply.leg_id.as_bytes());
            once.update(match told.state {
                ReplyState::Delayed => b"\0delayed",
                ReplyState::Failed => b"\0failed!",
            });
            rows.fingerprint = Some(once.finish());
            match commit(&context.shared, rows).await.map_err(untold)? {
                Committed::New(_) | Committed::Duplicate | Committed::TooMany => return Ok(()),
                // The mailbox is gone, or has just received a new key pair: look again.
                Committed::MailboxTaken => {}
            }
        }
        Err(Untold::Later("the mailbox changes too often".to_owned()))
    }

    async fn notice_failed(&self, mailbox_id: &str, others: &[String], status: EnhancedCode) {
        note(&self.0.shared, mailbox_id, status).await;
        for letter in others {
            if let Err(error) = unnotified_letters::tell(&self.0, letter, Some(status)).await {
                tracing::error!(?error, deposit.id = %letter, "a letter's sender was not notified that the notice failed");
            }
        }
    }
}

/// Records a bounce of a mailbox's address; if the store cannot write now, the next one is recorded.
async fn note(shared: &Shared, mailbox_id: &str, status: EnhancedCode) {
    let at = shared.clock.now();
    let bounce =
        NewBounce { mailbox_id: mailbox_id.to_owned(), deposit_id: None, status: status.to_string(), at };
    if let Err(error) = shared.store.note_bounce(bounce).await {
        tracing::error!(%error, mailbox.id = %mailbox_id, "an address could not be marked");
    }
}

/// A store that is only busy may be tried again.
fn untold(error: impl std::error::Error + 'static) -> Untold {
    match StoreError::beneath(&error) {
        Some(store) if store.is_busy() => Untold::Later(error.to_string()),
        Some(_) | None => Untold::Never(error.to_string()),
    }
}
