//! A letter as `.msg`, generated while it is downloaded: large parts are read from the sealed letter when needed. Knows
//! no page.

use std::collections::{BTreeSet, HashMap, VecDeque};

use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use sealpost_export::{ExportError, MsgPiece};
use sealpost_mail::{EncodedRange, Letter};

use crate::language::Language;
use crate::mailbox::{Deposit, HeldPieces};
use crate::problem::Problem;
use crate::state::room::Room;
use crate::state::{Site, off_the_loop};

/// A planned file, still in pieces.
pub(crate) struct Assembled {
    pub(crate) size: u64,
    pub(crate) pieces: HeldPieces,
}

/// The letter as `.msg`. The letter is in memory while the file is planned; afterwards only the memory of the plan is
/// reserved.
pub(crate) async fn msg(
    site: &Site,
    language: Language,
    deposit: Deposit,
) -> Result<Result<Assembled, ExportError>, Problem> {
    let letter = deposit.open_to_keep(site).await?;
    let planned = off_the_loop((), move || {
        let pieces = match sealpost_export::msg_pieces(&letter.bytes, &language.file_words()) {
            Ok(pieces) => pieces,
            Err(error) => return Err(error),
        };
        let places = ranges(&letter.bytes, &pieces)?;
        let own: u64 =
            pieces.iter().filter(|piece| matches!(piece, MsgPiece::Bytes(_))).map(MsgPiece::size).sum();
        let room = letter.room_for(usize::try_from(own).unwrap_or(usize::MAX));
        Ok((pieces, places, room))
    });
    let (pieces, places, room) = match planned.await? {
        Ok(planned) => planned,
        Err(error) => return Ok(Err(error)),
    };
    let size = pieces.iter().map(MsgPiece::size).sum();
    let plan = Plan { deposit, pieces: pieces.into(), places, own: Bytes::new(), file: None, _room: room };
    let pieces =
        stream::try_unfold(plan, |mut plan| async move { Ok(plan.next().await?.map(|bytes| (bytes, plan))) });
    Ok(Ok(Assembled { size, pieces: pieces.boxed() }))
}

fn ranges(bytes: &[u8], pieces: &[MsgPiece]) -> Result<HashMap<usize, EncodedRange>, ExportError> {
    let letter = Letter::parse(bytes)?;
    // Each file once: locating it reads all of it.
    let wanted: BTreeSet<usize> = pieces
        .iter()
        .filter_map(|piece| match piece {
            MsgPiece::Attachment { index, .. } => Some(*index),
            MsgPiece::Bytes(_) => None,
        })
        .collect();
    Ok(wanted.into_iter().filter_map(|index| Some((index, letter.attachment_place(index)?))).collect())
}

/// Bytes sent to the browser at once.
const PIECE: usize = 64 * 1024;

struct Plan {
    deposit: Deposit,
    pieces: VecDeque<MsgPiece>,
    places: HashMap<usize, EncodedRange>,
    /// The piece being sent from memory.
    own: Bytes,
    file: Option<OpenFile>,
    _room: Room,
}

/// An attachment being read, and what has been read but not sent.
struct OpenFile {
    index: usize,
    pieces: HeldPieces,
    read: Bytes,
}

impl Plan {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if !self.own.is_empty() {
                return Ok(Some(self.own.split_to(self.own.len().min(PIECE))));
            }
            match self.pieces.pop_front() {
                None => return Ok(None),
                Some(MsgPiece::Bytes(bytes)) => self.own = Bytes::from(bytes),
                Some(MsgPiece::Attachment { index, range }) => {
                    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
                    let bytes = self.file(index).await?.take(wanted).await?;
                    let at = range.start + bytes.len() as u64;
                    if at < range.end {
                        self.pieces.push_front(MsgPiece::Attachment { index, range: at..range.end });
                    }
                    return Ok(Some(bytes));
                }
            }
        }
    }

    async fn file(&mut self, index: usize) -> Result<&mut OpenFile, Problem> {
        let file = match self.file.take().filter(|file| file.index == index) {
            Some(file) => file,
            None => {
                let place = self.places.remove(&index);
                let place = place.ok_or_else(|| Problem::Fault("a file of a letter has no place".into()))?;
                let pieces = self.deposit.clone().part_pieces(place).await?;
                OpenFile { index, pieces, read: Bytes::new() }
            }
        };
        Ok(self.file.insert(file))
    }
}

impl OpenFile {
    /// The next bytes, at most this many.
    async fn take(&mut self, most: usize) -> Result<Bytes, Problem> {
        while self.read.is_empty() {
            let next = self.pieces.next().await;
            self.read = next.ok_or_else(|| Problem::Damaged("a file ends too early".into()))??;
        }
        Ok(self.read.split_to(self.read.len().min(most)))
    }
}
