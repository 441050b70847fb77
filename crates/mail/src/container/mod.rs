//! Containers other than MIME in mails: winmail.dat, calendars, uuencode, opaque signatures and compression,
//! rich text. Each file reads one of them, pure and bounded, and reports whether it could read everything;
//! none knows letters or rules.

pub(crate) mod calendar;
pub(crate) mod cms;
pub(crate) mod lzfu;
pub(crate) mod mime;
pub(crate) mod openpgp;
pub(crate) mod rtf;
pub(crate) mod tnef;
pub(crate) mod unsupported;
pub(crate) mod uuencode;

/// Bytes taken from the front; never more than there are.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, many: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(many)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }
}
