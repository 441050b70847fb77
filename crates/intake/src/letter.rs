//! A letter being received, by DATA or BDAT: size, memory, pace and the reception. Knows no command and no
//! socket.

use std::fmt;

use sealpost_mail::Reply;
use tokio::sync::OwnedSemaphorePermit;

use crate::bdat::ChunkReader;
use crate::pace::Pace;
use crate::reception::{Incoming, Receipt};
use crate::replies;

/// A letter larger than this multiple of the size limit is not even read and discarded.
const FAR_BEYOND: u64 = 2;
const FAR_BEYOND_MIN: u64 = 1024 * 1024;

pub(crate) struct Letter {
    sink: Sink,
    octets: u64,
    max_size: u64,
    pub(crate) pace: Pace,
    pub(crate) recipients: usize,
    _memory: OwnedSemaphorePermit,
}

/// A letter in BDAT chunks.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub(crate) letter: Letter,
    pub(crate) reader: ChunkReader,
}

enum Sink {
    /// Passed to the reception.
    Open(Box<dyn Incoming>),
    /// Discarded; the reply is sent at its end.
    Refused(Reply),
}

impl Letter {
    pub(crate) fn new(
        incoming: Box<dyn Incoming>,
        recipients: usize,
        max_size: u64,
        pace: Pace,
        memory: OwnedSemaphorePermit,
    ) -> Self {
        Self { sink: Sink::Open(incoming), octets: 0, max_size, pace, recipients, _memory: memory }
    }

    /// Takes more content of the letter.
    pub(crate) async fn take(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.octets = self.octets.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.octets > self.max_size {
            return self.refuse(replies::too_big());
        }
        if let Sink::Open(incoming) = &mut self.sink
            && let Err(reply) = incoming.chunk(bytes).await
        {
            self.sink = Sink::Refused(reply);
        }
    }

    /// Refuses the letter, unless it is already refused. Dropping the incoming aborts it.
    pub(crate) fn refuse(&mut self, reply: Reply) {
        if matches!(self.sink, Sink::Open(_)) {
            self.sink = Sink::Refused(reply);
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.sink, Sink::Refused(_))
    }

    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    pub(crate) fn is_far_beyond(&self) -> bool {
        is_far_beyond(self.octets, self.max_size)
    }

    pub(crate) async fn finish(self) -> Result<Receipt, Reply> {
        match self.sink {
            Sink::Open(incoming) => incoming.finish().await,
            Sink::Refused(reply) => Err(reply),
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("octets", &self.octets).finish_non_exhaustive()
    }
}

/// Whether this many octets are too many to read only to discard them.
pub(crate) fn is_far_beyond(octets: u64, max_size: u64) -> bool {
    octets > max_size.saturating_mul(FAR_BEYOND).max(max_size.saturating_add(FAR_BEYOND_MIN))
}
