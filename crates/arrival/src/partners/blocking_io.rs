//! A spooled letter as a blocking reader, and a new spool as a blocking writer, off the event loop:
//! encrypting and decrypting never have a whole letter in memory. Knows no keys of partners.

use std::io::{self, Read, Write};

use sealpost_mail::Reply;
use sealpost_mailbox::BodyOpener;
use sealpost_seal::Source;
use tokio::runtime::Handle;

use crate::spool::{Spool, Spooled};

/// Reads head and body, with one chunk in memory. For a thread that may block.
pub(super) struct Reading {
    handle: Handle,
    opener: BodyOpener,
    head: Vec<u8>,
    /// Read but not handed out yet.
    at_hand: io::Cursor<Vec<u8>>,
    next: Option<u64>,
}

impl Reading {
    /// The letter with this head.
    pub(super) async fn of(spooled: &Spooled, head: &[u8]) -> io::Result<Self> {
        let opener = spooled.opener().await.map_err(io::Error::other)?;
        let (head, at_hand) = (head.to_vec(), io::Cursor::new(head.to_vec()));
        Ok(Self { handle: Handle::current(), opener, head, at_hand, next: Some(0) })
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(index) = self.next else { return Ok(None) };
        let chunk = self.opener.chunk(index).await.map_err(io::Error::other)?;
        self.next = chunk.as_ref().map(|_| index + 1);
        Ok(chunk.map(Vec::from))
    }
}

impl Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let taken = self.at_hand.read(into)?;
            if taken > 0 || into.is_empty() {
                return Ok(taken);
            }
            let handle = self.handle.clone();
            match handle.block_on(self.chunk())? {
                Some(chunk) => self.at_hand = io::Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
}

impl Source for Reading {
    fn rewound(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.at_hand = io::Cursor::new(self.head.clone());
        self.next = Some(0);
        Ok(Box::new(self))
    }
}

/// The spool's reply, passed through code that knows only I/O errors.
#[derive(Debug)]
pub(super) struct SpoolRefusal(Reply);

impl std::fmt::Display for SpoolRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_line().trim_end())
    }
}

impl std::error::Error for SpoolRefusal {}

/// The spool's reply, if the error is one.
pub(super) fn refusal(error: &io::Error) -> Option<&Reply> {
    error.get_ref()?.downcast_ref::<SpoolRefusal>().map(|refused| &refused.0)
}

/// Writes a new letter, sealed as it arrives. For a thread that may block.
pub(super) struct Writing {
    handle: Handle,
    spool: Spool,
}

impl Writing {
    pub(super) fn new(spool: Spool) -> Self {
        Self { handle: Handle::current(), spool }
    }

    pub(super) fn into_spool(self) -> Spool {
        self.spool
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let handle = self.handle.clone();
        handle.block_on(self.spool.take(bytes)).map_err(|reply| io::Error::other(SpoolRefusal(reply)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
