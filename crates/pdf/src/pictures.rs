//! Determines which pictures can be shown: recognised by their bytes, measured before they are decoded. Knows
//! no letter.
//!
//! SECURITY: a picture of a few bytes can claim any size. One that is too large is never decoded.

use typst::foundations::Bytes;
use typst::visualize::{ExchangeFormat, RasterImage};

/// Pixels of one picture: those of a good camera.
const MAX_PIXELS: u64 = 30_000_000;
/// Pixels of all pictures on the pages.
const MAX_PIXELS_TOGETHER: u64 = 60_000_000;

/// The dimensions that a picture declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) format: Format,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Gif,
    Webp,
}

impl Format {
    /// The template's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
        }
    }

    fn decoder(self) -> ExchangeFormat {
        match self {
            Self::Png => ExchangeFormat::Png,
            Self::Jpeg => ExchangeFormat::Jpg,
            Self::Gif => ExchangeFormat::Gif,
            Self::Webp => ExchangeFormat::Webp,
        }
    }
}

/// Admits pictures as long as their total is within the limits.
#[derive(Default)]
pub(crate) struct Gallery {
    pixels: u64,
}

impl Gallery {
    /// The picture's dimensions, if it can be shown.
    pub(crate) fn admit(&mut self, data: &Bytes) -> Option<Measure> {
        let measure = measure(data)?;
        let pixels = u64::from(measure.width) * u64::from(measure.height);
        if pixels == 0 || pixels > MAX_PIXELS || self.pixels + pixels > MAX_PIXELS_TOGETHER {
            return None;
        }
        // The same decoder as the typesetter's, which caches the result: a broken picture must not cost the
        // page.
        RasterImage::plain(data.clone(), measure.format.decoder()).ok()?;
        self.pixels += pixels;
        Some(measure)
    }
}

fn measure(data: &[u8]) -> Option<Measure> {
    let big = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?));
    let little16 = |at: usize| Some(u32::from(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?)));
    let (format, width, height) = match data {
        // PNG §11.2.2
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => (Format::Png, big(16)?, big(20)?),
        [b'G', b'I', b'F', b'8', ..] => (Format::Gif, little16(6)?, little16(8)?),
        [0xff, 0xd8, 0xff, ..] => jpeg(data)?,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(data)?,
        _ => return None,
    };
    Some(Measure { format, width, height })
}

/// ITU-T T.81 §B.2.2: the frame header. Four components are CMYK, for which PDF/A requires a profile.
fn jpeg(data: &[u8]) -> Option<(Format, u32, u32)> {
    let mut at = 2;
    loop {
        let [0xff, marker] = *data.get(at..at + 2)? else { return None };
        let length = usize::from(u16::from_be_bytes(data.get(at + 2..at + 4)?.try_into().ok()?));
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let side =
                |at: usize| Some(u32::from(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?)));
            let components = *data.get(at + 9)?;
            return (components != 4).then_some((Format::Jpeg, side(at + 7)?, side(at + 5)?));
        }
        if marker == 0xff {
            at += 1;
        } else {
            at = at.checked_add(2)?.checked_add(length)?;
        }
    }
}

/// RFC 9649 §2.5 to 2.7.
fn webp(data: &[u8]) -> Option<(Format, u32, u32)> {
    let byte = |at: usize| data.get(at).copied().map(u32::from);
    let (width, height) = match data.get(12..16)? {
        b"VP8X" => (
            1 + (byte(24)? | byte(25)? << 8 | byte(26)? << 16),
            1 + (byte(27)? | byte(28)? << 8 | byte(29)? << 16),
        ),
        b"VP8L" => {
            let bits = byte(21)? | byte(22)? << 8 | byte(23)? << 16 | byte(24)? << 24;
            (1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff))
        }
        b"VP8 " => ((byte(26)? | byte(27)? << 8) & 0x3fff, (byte(28)? | byte(29)? << 8) & 0x3fff),
        _ => return None,
    };
    Some((Format::Webp, width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_bytes() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 0xea, 0x60, 0, 0, 0, 5]);
        assert_eq!(measure(&png), Some(Measure { format: Format::Png, width: 60_000, height: 5 }));
        assert_eq!(
            measure(b"GIF89a\x02\0\x03\0"),
            Some(Measure { format: Format::Gif, width: 2, height: 3 })
        );
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc2\0\x11\x08\0\x09\0\x07\x03";
        assert_eq!(measure(jpeg), Some(Measure { format: Format::Jpeg, width: 7, height: 9 }));
        for none in [
            &b""[..],
            b"<svg>",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0\0\0",
            b"\xff\xd8\xff\xff\xff\xff",
            b"BM",
        ] {
            assert_eq!(measure(none), None);
        }
    }

    #[test]
    fn what_is_too_large_or_broken_is_not_unpacked() {
        let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bomb.extend([0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0]);
        let mut gallery = Gallery::default();
        assert_eq!(gallery.admit(&Bytes::new(bomb)), None);
        assert_eq!(gallery.admit(&Bytes::new(b"GIF89a\x02\0\x03\0".to_vec())), None);
    }
}
