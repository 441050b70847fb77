//! Mails the portal asks for: composed here, queued like everything that leaves. Knows no page.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_delivery::Purpose;
use sealpost_mail::{Compose, ReversePath, Secret, compose_notice};
use sealpost_notice::{Language, Notice};
use sealpost_portal::{About, Outbox, OutboxError, Outgoing, Sent, WrittenLetter};
use sealpost_store::{ArrivalRows, LegPurpose};

use crate::answer;
use crate::arrival::Front;
use crate::own;

/// The portal's way out.
pub(crate) struct PortalOutbox {
    pub(crate) front: Arc<Front>,
}

#[async_trait]
impl Outbox for PortalOutbox {
    async fn post(&self, outgoing: Outgoing) -> Result<(), OutboxError> {
        let front = &self.front;
        let failed = |error: &dyn std::fmt::Display| OutboxError(error.to_string());
        let now = front.clock.now();
        let announcer = &front.announcer;
        let language = Language::parse(&outgoing.language).unwrap_or(announcer.language);
        let notice = match outgoing.about {
            About::MailboxLocked { until } => Notice::MailboxLocked { at: now, until },
            About::ResetLink { token, expires } => Notice::ResetLink {
                link: Secret::new(format!("{}/r/{}", announcer.public_url, token.expose())),
                expires,
            },
            About::PasswordChanged { forgotten } => Notice::PasswordChanged { at: now, forgotten },
        };
        let rendered = sealpost_notice::render(&notice, language, &announcer.brand, &announcer.zone)
            .map_err(|error| failed(&error))?;
        let mail = compose_notice(&Compose {
            from: (
                Some(format!("{} {}", announcer.brand.name, announcer.brand.portal_name)),
                announcer.from.clone(),
            ),
            to: outgoing.to.clone(),
            reply_to: None,
            subject: rendered.subject,
            text: rendered.text,
            html: Some(rendered.html),
            message_id: format!("{}@{}", front.random.id(), front.name),
            at: now,
            auto_submitted: "auto-generated",
            extra: Vec::new(),
            inline_images: announcer.brand.inline_images(),
        })
        .map_err(|error| failed(&error))?;
        let draft = own::Draft {
            mail,
            // Nobody can do anything about a bounce of this one, and none may come back to us (RFC 3834 §3.3).
            reverse_path: ReversePath::Null,
            recipient: outgoing.to,
            route: announcer.route.clone(),
            tls: announcer.floor,
            purpose: Purpose::Report,
            at: now,
        };
        let id = front.random.id();
        let (leg, body) = own::queue(&own::Queue::of(front), draft, LegPurpose::Notice, &id)
            .await
            .map_err(|reply| OutboxError(reply.cause().unwrap_or(reply.text()).to_owned()))?;
        let mut rows = ArrivalRows::new(now);
        rows.legs.push(leg);
        rows.more_bodies.push(body);
        let _committed = front.store.commit_arrival(rows).await.map_err(|error| failed(&error))?;
        front.waker.wake();
        Ok(())
    }

    async fn send(&self, letter: WrittenLetter) -> Result<Sent, OutboxError> {
        answer::send(&self.front, letter).await
    }
}
