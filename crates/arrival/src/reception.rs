//! Takes letters from the listeners: checks quotas and disk, spools, and passes them to `admit`. Knows no
//! rules.

use std::sync::Arc;

use async_trait::async_trait;
use sealpost_intake::{Incoming, Receipt, Reception};
use sealpost_mail::{Address, Envelope, Origin, Reply};
use sealpost_store::{DiskSpace, NodeState};

use crate::context::{Context, Making};
use crate::partners::Partners;
use crate::quota;
use crate::spool::Spool;
use crate::{admit, failure, known_recipients};

/// Takes letters from the listeners. Having one means having the keys that create mailboxes.
pub struct ArrivalReception {
    /// The context of arrivals.
    pub context: Arc<Context>,
    /// What mailboxes are created with.
    pub making: Arc<Making>,
    /// What letters for partners are encrypted with.
    pub partners: Arc<Partners>,
}

#[async_trait]
impl Reception for ArrivalReception {
    fn may_begin(&self, announced: u64) -> Result<(), Reply> {
        match self.context.shared.store.node_state() {
            NodeState::Active => {}
            NodeState::Silent | NodeState::Replaced => {
                return Err(failure::later("this node cannot reach the database"));
            }
        }
        match self.context.shared.store.disk_space_for(announced) {
            DiskSpace::Enough => Ok(()),
            DiskSpace::Low { .. } => Err(failure::no_space()),
        }
    }

    fn takes(&self, listener: &str, recipient: &Address) -> bool {
        known_recipients::takes(&self.context.tenant, listener, recipient)
    }

    async fn begin(&self, envelope: Envelope, origin: Origin) -> Result<Box<dyn Incoming>, Reply> {
        let uses = self.context.uses(&envelope, &origin, self.context.shared.clock.now());
        // Checked before the letter arrives; the commit checks again.
        quota::reply(
            quota::ask(&self.context.shared.store, &uses)
                .await
                .map_err(|error| failure::unavailable(&error))?,
        )?;
        let spool = Spool::open(&self.context.shared, &envelope)?;
        let (context, making) = (Arc::clone(&self.context), Arc::clone(&self.making));
        let partners = Arc::clone(&self.partners);
        Ok(Box::new(Arriving { context, making, partners, envelope, origin, spool }))
    }
}

/// One letter coming in.
struct Arriving {
    context: Arc<Context>,
    making: Arc<Making>,
    partners: Arc<Partners>,
    envelope: Envelope,
    origin: Origin,
    spool: Spool,
}

#[async_trait]
impl Incoming for Arriving {
    async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Reply> {
        self.spool.take(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Receipt, Reply> {
        let Self { context, making, partners, envelope, origin, spool } = *self;
        let spooled = spool.finish().await?;
        // Each recipient may get a copy of the head, and rows are written twice: to the log, then to their
        // place.
        let rows = (spooled.head.as_bytes().len() as u64)
            .saturating_mul(envelope.recipients.len() as u64)
            .saturating_mul(2);
        let room = context.shared.store.set_aside(rows);
        let _until_they_are_written = room.map_err(|error| failure::unavailable(&error))?;
        admit::admit(&context, &making, &partners, envelope, origin, spooled).await
    }
}
