//! A container that is written as a whole and stored in pieces: content of the letter is stored by reference. Knows no
//! mail.
//!
//! The container's writer requires a seekable file. This one stores its sectors; a sector that only contains a piece of
//! an attachment is stored as the number of that piece, so that a large `.msg` takes little memory and is assembled
//! while it is sent.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::rc::Rc;

/// MS-CFB §2.2, version 3.
pub(super) const SECTOR: usize = 512;
/// The beginning of a sector that is a reference to a piece of an attachment.
const MARK: &[u8; 16] = b"sealpost-pointer";

/// Whether references are being written.
pub(super) type Pointing = Rc<Cell<bool>>;

#[derive(Default)]
pub(super) struct Sparse {
    sectors: Vec<Sector>,
    len: usize,
    at: usize,
    pointing: Pointing,
}

#[derive(Clone, Default)]
enum Sector {
    #[default]
    Zero,
    Own(Box<[u8; SECTOR]>),
    Of {
        file: u32,
        number: u32,
    },
}

/// A run of the finished container.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run {
    Bytes(Vec<u8>),
    /// Whole sectors of a file.
    Of {
        file: u32,
        first: u32,
        count: u32,
    },
}

/// The reference to sector `number` of `file`.
pub(super) fn pointer(file: u32, number: u32) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    let words = MARK.iter().copied().chain(file.to_le_bytes()).chain(number.to_le_bytes());
    sector.iter_mut().zip(words).for_each(|(byte, word)| *byte = word);
    sector
}

fn pointed(sector: &[u8]) -> Option<Sector> {
    let (file, rest) = sector.strip_prefix(MARK)?.split_first_chunk()?;
    let number = rest.first_chunk()?;
    Some(Sector::Of { file: u32::from_le_bytes(*file), number: u32::from_le_bytes(*number) })
}

impl Sparse {
    pub(super) fn new(pointing: Pointing) -> Self {
        Self { pointing, ..Self::default() }
    }

    /// The whole content, in order.
    pub(super) fn into_runs(self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut left = self.len;
        for sector in self.sectors {
            let length = left.min(SECTOR);
            left -= length;
            match (sector, runs.last_mut()) {
                (Sector::Of { file, number }, Some(Run::Of { file: same, first, count }))
                    if *same == file && first.checked_add(*count) == Some(number) =>
                {
                    *count += 1;
                }
                (Sector::Of { file, number }, _) => runs.push(Run::Of { file, first: number, count: 1 }),
                (own, last) => {
                    let bytes = own.bytes();
                    let bytes = bytes.get(..length).unwrap_or_default();
                    match last {
                        Some(Run::Bytes(before)) => before.extend_from_slice(bytes),
                        _ => runs.push(Run::Bytes(bytes.to_vec())),
                    }
                }
            }
        }
        runs
    }

    fn write_sector(&mut self, bytes: &[u8]) {
        let (index, offset) = (self.at / SECTOR, self.at % SECTOR);
        if self.sectors.len() <= index {
            self.sectors.resize_with(index + 1, Sector::default);
        }
        let pointing = self.pointing.get() && bytes.len() == SECTOR;
        let Some(sector) = self.sectors.get_mut(index) else { return };
        if let Some(pointer) = pointing.then(|| pointed(bytes)).flatten() {
            *sector = pointer;
            return;
        }
        if matches!(sector, Sector::Zero) && bytes.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut own = sector.bytes();
        own.iter_mut().skip(offset).zip(bytes).for_each(|(old, new)| *old = *new);
        *sector = Sector::Own(Box::new(own));
    }
}

impl Sector {
    fn bytes(&self) -> [u8; SECTOR] {
        match self {
            Self::Zero => [0; SECTOR],
            Self::Own(bytes) => **bytes,
            Self::Of { file, number } => pointer(*file, *number),
        }
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = SECTOR - self.at % SECTOR;
            let (piece, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.write_sector(piece);
            self.at += piece.len();
            rest = after;
        }
        self.len = self.len.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Read for Sparse {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let (index, offset) = (self.at / SECTOR, self.at % SECTOR);
        let wanted = out.len().min(SECTOR - offset).min(self.len.saturating_sub(self.at));
        let bytes = self.sectors.get(index).cloned().unwrap_or_default().bytes();
        out.iter_mut().take(wanted).zip(bytes.iter().skip(offset)).for_each(|(out, byte)| *out = *byte);
        self.at += wanted;
        Ok(wanted)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let size = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).unwrap_or(i64::MAX),
            SeekFrom::End(by) => size(self.len).saturating_add(by),
            SeekFrom::Current(by) => size(self.at).saturating_add(by),
        };
        self.at = usize::try_from(at).map_err(|_negative| Error::from(ErrorKind::InvalidInput))?;
        Ok(u64::try_from(at).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_file_and_points_only_when_told() {
        let pointing = Pointing::default();
        let mut file = Sparse::new(Rc::clone(&pointing));
        file.write_all(&[1; 700]).unwrap();
        file.seek(SeekFrom::Start(510)).unwrap();
        file.write_all(&[2; 4]).unwrap();
        file.seek(SeekFrom::Start(1024)).unwrap();
        pointing.set(true);
        file.write_all(&[pointer(0, 5), pointer(0, 6), pointer(1, 7)].concat()).unwrap();
        pointing.set(false);
        file.write_all(&pointer(9, 9)).unwrap();
        file.write_all(&[3; 10]).unwrap();
        file.seek(SeekFrom::Start(508)).unwrap();
        let mut six = [0; 7];
        file.read_exact(&mut six[..4]).unwrap();
        file.read_exact(&mut six[4..]).unwrap();
        assert_eq!(six, [1, 1, 2, 2, 2, 2, 1]);
        let runs = file.into_runs();
        assert_eq!(runs.len(), 4);
        assert!(matches!(&runs[0], Run::Bytes(bytes) if bytes.len() == 1024 && bytes[700..] == [0; 324]));
        assert_eq!(runs[1], Run::Of { file: 0, first: 5, count: 2 });
        assert_eq!(runs[2], Run::Of { file: 1, first: 7, count: 1 });
        assert!(
            matches!(&runs[3], Run::Bytes(bytes) if bytes.starts_with(MARK) && bytes.len() == SECTOR + 10)
        );
    }
}
