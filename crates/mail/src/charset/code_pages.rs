//! Character sets of one byte that browsers never knew: DOS, EBCDIC, old Macintosh and Unix, Vietnamese. Knows no label.
//!
//! Sources: `oem_cp` for DOS; the mapping files of the Unicode Consortium (VENDORS/MICSFT/EBCDIC, VENDORS/APPLE) and of
//! IBM (CDRA) for the others; RFC 1345 for HP Roman-8, RFC 1456 for VISCII; DIN 66003 for German in seven bits.

use oem_cp::code_table::DECODING_TABLE_CP_MAP;
use oem_cp::code_table_type::TableType;

/// A code page.
#[derive(Clone, Copy)]
pub(super) enum CodePage {
    Dos(&'static TableType),
    Ebcdic(Ebcdic),
    /// ASCII, and these characters from 0x80 on.
    Upper(&'static str),
    /// ASCII and its control characters up to 0x9F, and these characters from 0xA0 on.
    Roman8,
    Viscii,
    German7,
}

/// A national EBCDIC, and whether its currency sign has been replaced by the euro.
#[derive(Clone, Copy)]
pub(super) struct Ebcdic {
    differs: &'static [(u8, u8)],
    euro: bool,
}

impl CodePage {
    /// By the number of a DOS or mainframe code page.
    pub(super) fn numbered(number: u16) -> Option<Self> {
        let (differs, euro): (&[(u8, u8)], bool) = match number {
            37 => (&[], false),
            1140 => (&[], true),
            273 => (&GERMANY, false),
            1141 => (&GERMANY, true),
            500 => (&INTERNATIONAL, false),
            1148 => (&INTERNATIONAL, true),
            10_006 => return Some(Self::Upper(MAC_GREEK)),
            10_029 => return Some(Self::Upper(MAC_CENTRAL_EUROPE)),
            10_081 => return Some(Self::Upper(MAC_TURKISH)),
            1051 => return Some(Self::Roman8),
            1129 => return Some(Self::Viscii),
            _ => return DECODING_TABLE_CP_MAP.get(&number).map(Self::Dos),
        };
        Some(Self::Ebcdic(Ebcdic { differs, euro }))
    }

    /// The text, and whether a byte is undefined.
    pub(super) fn decode(self, bytes: &[u8]) -> (String, bool) {
        let text: String = match self {
            Self::Dos(table) => table.decode_string_lossy(bytes),
            Self::Ebcdic(page) => bytes.iter().map(|byte| page.character(*byte)).collect(),
            Self::Upper(upper) => with_upper(bytes, 0x80, upper),
            Self::Roman8 => with_upper(bytes, 0xa0, ROMAN_8),
            Self::Viscii => {
                let low = |c: char| VISCII_LOW.iter().find(|(at, _)| *at == c).map_or(c, |(_, meant)| *meant);
                with_upper(bytes, 0x80, VISCII).chars().map(low).collect()
            }
            Self::German7 => {
                let seven = |byte: &u8| {
                    let byte = char::from(*byte);
                    GERMAN_7.iter().find(|(at, _)| *at == byte).map_or(byte, |(_, meant)| *meant)
                };
                bytes.iter().map(seven).collect()
            }
        };
        let damaged = text.contains(char::REPLACEMENT_CHARACTER);
        (text, damaged)
    }

    pub(super) fn is_ebcdic(self) -> bool {
        matches!(self, Self::Ebcdic(_))
    }

    /// Whether ASCII bytes stand for themselves in it.
    pub(super) fn has_ascii(self) -> bool {
        match self {
            Self::Dos(_) | Self::Upper(_) | Self::Roman8 | Self::Viscii => true,
            Self::Ebcdic(_) | Self::German7 => false,
        }
    }
}

impl Ebcdic {
    fn character(self, byte: u8) -> char {
        if byte == 0x9f && self.euro {
            return '\u{20ac}';
        }
        let latin = self.differs.iter().find(|(at, _)| *at == byte).map(|(_, latin)| *latin);
        let latin = latin.or_else(|| CP037.get(usize::from(byte)).copied()).unwrap_or(b'?');
        match char::from(latin) {
            // The line ends of mainframes, and those of mail in between.
            '\u{85}' | '\u{8e}' => '\n',
            other => other,
        }
    }
}

/// ASCII, Latin-1's control characters, and `upper` from `first` on.
fn with_upper(bytes: &[u8], first: u8, upper: &str) -> String {
    let upper: Vec<char> = upper.chars().collect();
    let character = |byte: &u8| match byte.checked_sub(first) {
        None => char::from(*byte),
        Some(at) => upper.get(usize::from(at)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    bytes.iter().map(character).collect()
}

pub(super) const MAC_CENTRAL_EUROPE: &str = "ÄĀāÉĄÖÜáąČäčĆćéŹźĎíďĒēĖóėôöõúĚěü†°Ę£§•¶ß®©™ę¨≠ģĮįĪ≤≥īĶ∂∑łĻļĽľĹĺŅņŃ¬√ńŇ∆«»…\u{a0}ňŐÕőŌ–—“”‘’÷◊ōŔŕŘ‹›řŖŗŠ‚„šŚśÁŤťÍŽžŪÓÔūŮÚůŰűŲųÝýķŻŁżĢˇ";
pub(super) const MAC_GREEK: &str = "Ä¹²É³ÖÜ΅àâä΄¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩάΝ¬ΟΡ≈Τ«»…\u{a0}ΥΧΆΈœ–―“”‘’÷ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u{ad}";
pub(super) const MAC_TURKISH: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸĞğİıŞş‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙ\u{f8a0}ˆ˜¯˘˙˚¸˝˛ˇ";
const ROMAN_8: &str =
    "\u{a0}ÀÂÈÊËÎÏ´ˋˆ¨˜ÙÛ₤¯Ýý°ÇçÑñ¡¿¤£¥§ƒ¢âêôûáéóúàèòùäëöüÅîØÆåíøæÄìÖÜÉïßÔÁÃãÐðÍÌÓÒÕõŠšÚŸÿÞþ·µ¶¾—¼½ªº«■»±";
const VISCII: &str = "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ";
const VISCII_LOW: [(char, char); 6] =
    [('\u{2}', 'Ẳ'), ('\u{5}', 'Ẵ'), ('\u{6}', 'Ẫ'), ('\u{14}', 'Ỷ'), ('\u{19}', 'Ỹ'), ('\u{1e}', 'Ỵ')];
const GERMAN_7: [(char, char); 8] =
    [('[', 'Ä'), ('\\', 'Ö'), (']', 'Ü'), ('{', 'ä'), ('|', 'ö'), ('}', 'ü'), ('~', 'ß'), ('@', '§')];

/// Where Germany's EBCDIC (273) differs from that of the USA.
const GERMANY: [(u8, u8); 21] = [
    (0x43, b'{'),
    (0x4a, 0xc4),
    (0x4f, b'!'),
    (0x59, b'~'),
    (0x5a, 0xdc),
    (0x5f, b'^'),
    (0x63, b'['),
    (0x6a, 0xf6),
    (0x7c, 0xa7),
    (0xa1, 0xdf),
    (0xb0, 0xa2),
    (0xb5, b'@'),
    (0xba, 0xac),
    (0xbb, b'|'),
    (0xc0, 0xe4),
    (0xcc, 0xa6),
    (0xd0, 0xfc),
    (0xdc, b'}'),
    (0xe0, 0xd6),
    (0xec, b'\\'),
    (0xfc, b']'),
];
/// The same for 500, Belgium and Switzerland.
const INTERNATIONAL: [(u8, u8); 7] =
    [(0x4a, b'['), (0x4f, b'!'), (0x5a, b']'), (0x5f, b'^'), (0xb0, 0xa2), (0xba, 0xac), (0xbb, b'|')];

/// EBCDIC of the USA (037) as Latin-1: the base of all the others.
#[rustfmt::skip]
const CP037: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0xac,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0xdd, 0xde, 0xae,
    0x5e, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0x5b, 0x5d, 0xaf, 0xa8, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: u16, bytes: &[u8]) -> String {
        CodePage::numbered(number).unwrap().decode(bytes).0
    }

    #[test]
    fn pages_are_read_by_their_tables() {
        assert_eq!(of(437, b"Gr\x94\xe1e"), "Größe");
        assert_eq!(of(850, b"Gr\x94\xe1e"), "Größe");
        assert_eq!(of(858, b"5 \xd5"), "5 €");
        assert_eq!(of(852, b"\xa6lu\x9c"), "Žluť");
        assert_eq!(of(37, b"\xc8\x85\x93\x93\x96\x15\xe6"), "Hello\nW");
        assert_eq!(of(273, b"\xc7\x99\x6a\xa1\x85\x25\xc0\xd0"), "Größe\näü");
        assert_eq!(of(1141, b"\xf5\x40\x9f"), "5 €");
        assert_eq!(of(500, b"\x4a\x5a"), "[]");
        assert_eq!(of(10_029, b"\xeblu\xe9"), "Žluť");
        assert_eq!(CodePage::Roman8.decode(b"Gr\xce\xdee\xff"), ("Größe\u{fffd}".to_owned(), true));
        assert_eq!(CodePage::Viscii.decode(b"Ti\xaang Vi\xaet\x02").0, "Tiếng ViệtẲ");
        assert_eq!(CodePage::German7.decode(b"Gr|~e").0, "Größe");
        assert!(CodePage::numbered(4711).is_none());
        for upper in [MAC_CENTRAL_EUROPE, MAC_GREEK, MAC_TURKISH, VISCII] {
            assert_eq!(upper.chars().count(), 128);
        }
    }
}
