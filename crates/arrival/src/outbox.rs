//! Mails that the portal asks for: composed here, queued like everything that leaves. Knows no page.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_mail::ActivateBy;
use sealpost_mailbox::{About, Outbox, OutboxError, Outgoing, Sent, WrittenLetter, portal_links};
use sealpost_notice::{DeletedBy, LetterClock, Notice, OldMessages, PasswordReplaced};
use sealpost_store::{ArrivalRows, AuditRow, LegPurpose, NewOpening};
use sealpost_vault::LetterSigner;

use crate::commit::commit;
use crate::context::Context;
use crate::enqueue;
use crate::owner_mail;
use crate::receipt;
use crate::reply::{self, failed};

/// The portal's outbox.
pub struct PortalOutbox {
    /// The context for queueing mail.
    pub context: Arc<Context>,
    /// Signs what owners write.
    pub letters: LetterSigner,
}

#[async_trait]
impl Outbox for PortalOutbox {
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError> {
        let context = &self.context;
        let now = context.shared.clock.now();
        let announcer = &context.tenant.announcer;
        let notice = match outgoing.about {
            About::MailboxLocked { until } => Notice::MailboxLocked { at: now, until },
            About::ResetLink { token, expires } => {
                Notice::ResetLink { link: announcer.link(&portal_links::reset(token.expose())), expires }
            }
            About::Activation { from_name, from_address, subject, date, token, expires } => {
                Notice::Activation {
                    from_name,
                    from_address,
                    subject: subject.filter(|_| announcer.show_subject),
                    date,
                    link: announcer.link(&portal_links::activation(token.expose())),
                    expires,
                    days: announcer.retention.days(now, expires),
                    clock: LetterClock::Runs,
                }
            }
            About::Reactivation { token, expires } => Notice::Reactivation {
                link: announcer.link(&portal_links::activation(token.expose())),
                expires,
                days: announcer.retention.days(now, expires),
                messages: OldMessages::Kept,
                by: ActivateBy::Link,
            },
            About::AnswersUsedUp { until } => Notice::AnswersUsedUp { at: now, until: Some(until) },
            About::PasswordChanged { network } => {
                Notice::PasswordChanged { at: now, how: PasswordReplaced::ByOwner, network: Some(network) }
            }
            About::PasswordReset { network } => {
                Notice::PasswordChanged { at: now, how: PasswordReplaced::Forgotten, network: Some(network) }
            }
            About::QuestionChanged { network } => Notice::QuestionChanged { at: now, network },
            About::MailboxDeleted { network } => {
                Notice::MailboxDeleted { at: now, network, by: DeletedBy::Password }
            }
            About::MailboxDeletedAsRequested { network } => {
                Notice::MailboxDeleted { at: now, network, by: DeletedBy::Link }
            }
            About::NewBrowser { network } => Notice::NewBrowser { at: now, network },
        };
        let message_id = format!("{}@{}", context.shared.random.id(), context.tenant.name);
        let draft =
            owner_mail::draft(announcer, notice, &outgoing.language, outgoing.to, message_id, None, now)
                .map_err(failed)?;
        let id = context.shared.random.id();
        let leg = enqueue::leg(&enqueue::Queue::of(context), draft, None, LegPurpose::Notice, &id)
            .map_err(failed)?;
        let mut rows = ArrivalRows::new(now);
        rows.legs.push(leg);
        let _committed = commit(&context.shared, rows).await.map_err(failed)?;
        Ok(())
    }

    async fn send(&self, letter: WrittenLetter) -> Result<Sent, OutboxError> {
        reply::send(&self.context, &self.letters, letter).await
    }

    async fn opened(&self, opening: NewOpening, noted: AuditRow) -> Result<bool, OutboxError> {
        receipt::opened(&self.context, opening, noted).await
    }
}
