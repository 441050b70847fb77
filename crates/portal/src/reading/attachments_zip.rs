//! All files of one letter as one `.zip`, generated while it is downloaded: a file that is directly in the
//! letter is read from it piece by piece, any other has its memory reserved while it is written. Knows no
//! page.

use std::collections::{HashSet, VecDeque};
use std::io::Write as _;

use actix_web::web::{self, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use sealpost_mail::{EncodedRange, FileWords, Letter};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::letters::archive::{Written, unused};
use crate::mailbox::{Deposit, HeldPieces, held_pieces};
use crate::problem::Problem;
use crate::state::{Site, off_the_loop};

/// A file to be added.
struct ZipMember {
    name: String,
    index: usize,
    /// Its location, if it can be decoded while it is read.
    place: Option<EncodedRange>,
}

/// The archive, piece by piece, as fast as it is read. `None`: the letter has no files.
pub(crate) async fn files(
    site: web::Data<Site>,
    deposit: Deposit,
    words: FileWords,
) -> Result<Option<impl Stream<Item = Result<Bytes, Problem>> + 'static>, Problem> {
    let letter = deposit.clone().open(&site).await?;
    let entries = off_the_loop((), move || entries(&letter.bytes, &words)).await?;
    if entries.is_empty() {
        return Ok(None);
    }
    let written = Written::default();
    let start = Packing {
        zip: Some(ZipWriter::new_stream(written.clone())),
        written,
        site,
        deposit,
        entries: entries.into(),
        open: None,
    };
    Ok(Some(stream::try_unfold(start, |mut packing| async move {
        loop {
            let more = packing.step().await?;
            let bytes = packing.written.take();
            if !bytes.is_empty() {
                return Ok(Some((bytes, packing)));
            }
            if !more {
                return Ok(None);
            }
        }
    })))
}

fn entries(bytes: &[u8], words: &FileWords) -> Vec<ZipMember> {
    let Ok((letter, _)) = Letter::parse_some(bytes) else { return Vec::new() };
    let mut names = HashSet::new();
    let files = letter.attachments().into_iter().map(|file| ZipMember {
        name: unused(&mut names, "", &file.name.in_words(words)),
        index: file.index,
        place: letter.attachment_place(file.index),
    });
    files.collect()
}

struct Packing {
    /// `None` when the archive is finished.
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    written: Written,
    site: web::Data<Site>,
    deposit: Deposit,
    entries: VecDeque<ZipMember>,
    open: Option<HeldPieces>,
}

impl Packing {
    /// One piece of the open file, the next file, or the end. `false` after the end.
    async fn step(&mut self) -> Result<bool, Problem> {
        let Some(zip) = &mut self.zip else { return Ok(false) };
        if let Some(pieces) = &mut self.open {
            match pieces.next().await {
                Some(piece) => zip.write_all(&piece?).map_err(|error| Problem::fault("an archive", error))?,
                None => self.open = None,
            }
            return Ok(true);
        }
        if let Some(entry) = self.entries.pop_front() {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(entry.place.as_ref().is_some_and(|place| place.size >= u64::from(u32::MAX)));
            zip.start_file(entry.name.as_str(), options)
                .map_err(|error| Problem::fault("an archive", error))?;
            self.open = Some(self.pieces(entry).await?);
            return Ok(true);
        }
        if let Some(zip) = self.zip.take() {
            zip.finish().map_err(|error| Problem::fault("an archive", error))?;
        }
        Ok(true)
    }

    async fn pieces(&self, entry: ZipMember) -> Result<HeldPieces, Problem> {
        if let Some(place) = entry.place {
            return self.deposit.clone().part_pieces(place).await;
        }
        let letter = self.deposit.open_to_keep(&self.site).await?;
        let made = off_the_loop((), move || {
            let bytes = Letter::parse_some(&letter.bytes).ok().and_then(|(parsed, _)| {
                parsed.attachment_bytes(entry.index).map(|bytes| bytes.into_owned())
            })?;
            let room = letter.room_for(bytes.len());
            Some((bytes, room))
        });
        let (bytes, room) = made.await?.ok_or_else(|| Problem::Fault("a file of a letter is gone".into()))?;
        Ok(held_pieces(VecDeque::from([bytes]), room))
    }
}
