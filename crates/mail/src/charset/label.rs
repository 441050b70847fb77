//! Resolves charset labels as mail programs of forty years have written them: those of the WHATWG Encoding Standard,
//! IANA's, and corruptions of either. Decodes only with the codec it finds.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_2022_JP, ISO_8859_15, KOI8_R, KOI8_U,
    MACINTOSH, REPLACEMENT, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874, WINDOWS_1250, WINDOWS_1252,
    WINDOWS_1254, X_MAC_CYRILLIC, X_USER_DEFINED,
};

use super::code_pages::{self, CodePage};
use super::shifted;

/// What a label names.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Known(Codec),
    /// ASCII, or words for "unknown".
    Guess,
    Unknown,
}

/// A way to read bytes.
#[derive(Clone, Copy)]
pub(super) enum Codec {
    /// An encoding of the WHATWG standard.
    Web(&'static Encoding),
    Page(CodePage),
    /// RFC 2152
    Utf7,
    Utf32,
    Hz,
    Iso2022Kr,
    Iso2022Cn,
}

impl Codec {
    /// The text, and whether some bytes are invalid in it.
    pub(super) fn decode(self, bytes: &[u8]) -> (String, bool) {
        match self {
            Self::Web(encoding) => {
                let (text, _, damaged) = encoding.decode(bytes);
                (text.into_owned(), damaged || (encoding == WINDOWS_1252 && has_undefined(bytes)))
            }
            Self::Page(page) => page.decode(bytes),
            // A 7-bit encoding has no eighth bit.
            Self::Utf7 if bytes.is_ascii() => (shifted::utf_7(bytes), false),
            Self::Utf7 => (String::from_utf8_lossy(bytes).into_owned(), true),
            Self::Utf32 => shifted::utf_32(bytes),
            Self::Hz => (shifted::hz(bytes), false),
            Self::Iso2022Kr => (shifted::iso_2022_kr(bytes), !bytes.is_ascii()),
            Self::Iso2022Cn => (shifted::iso_2022_cn(bytes), !bytes.is_ascii()),
        }
    }

    pub(super) fn is(self, encoding: &'static Encoding) -> bool {
        matches!(self, Self::Web(one) if one == encoding)
    }

    /// Every byte is a character.
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Self::Web(encoding) => encoding.is_single_byte(),
            Self::Page(_) => true,
            Self::Utf7 | Self::Utf32 | Self::Hz | Self::Iso2022Kr | Self::Iso2022Cn => false,
        }
    }

    /// One of the nearly identical charsets of Western Europe.
    pub(super) fn is_western(self) -> bool {
        self.is(WINDOWS_1252) || self.is(ISO_8859_15)
    }

    /// Whether ASCII bytes stand for themselves in it and it has no shift states. Such a charset can apply to
    /// unlabelled bytes.
    pub(super) fn has_ascii(self) -> bool {
        match self {
            Self::Web(encoding) => encoding.is_ascii_compatible(),
            Self::Page(page) => page.has_ascii(),
            Self::Utf7 | Self::Utf32 | Self::Hz | Self::Iso2022Kr | Self::Iso2022Cn => false,
        }
    }
}

/// Bytes that are undefined in Windows-1252, where browsers put control characters.
fn has_undefined(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d))
}

/// Words for ASCII, and for "unknown".
const NO_NAMES: [&str; 34] = [
    "",
    "us-ascii",
    "us_ascii",
    "usascii",
    "ascii",
    "ansi_x3.4-1968",
    "ansi_x3.4-1986",
    "iso646-us",
    "iso-646",
    "iso_646.irv:1991",
    "646",
    "us",
    "csascii",
    "ibm367",
    "cp367",
    "cp20127",
    "unknown-8bit",
    "unknown",
    "x-unknown",
    "unknown-7bit",
    "default",
    "_default",
    "default_charset",
    "none",
    "null",
    "8bit",
    "7bit",
    "binary",
    "x-user-defined",
    "user-defined",
    "charset",
    "ansi",
    "_iso-2022-jp$esc",
    "_autodetect",
];

pub(super) fn named(label: &str) -> Named {
    let label: String = label
        .split('*')
        .next()
        .unwrap_or(label)
        .trim_matches(|c: char| c.is_whitespace() || "\"';<>=,?".contains(c))
        .to_ascii_lowercase();
    if NO_NAMES.contains(&label.as_str()) || label.ends_with("ascii") || label.ends_with("ascii-8bit") {
        return Named::Guess;
    }
    let squeezed: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let found = of_browsers(&label)
        .or_else(|| by_name(&squeezed))
        .or_else(|| by_shape(&squeezed))
        // `x-euc-jp`, `csibm850`, `iso-8859-1` with a prefix.
        .or_else(|| squeezed.strip_prefix('x').and_then(|rest| by_name(rest).or_else(|| of_browsers(rest))))
        .or_else(|| of_browsers(&label.replace('_', "-")))
        .or_else(|| of_browsers(&squeezed));
    found.map_or(Named::Unknown, Named::Known)
}

fn of_browsers(label: &str) -> Option<Codec> {
    let found = Encoding::for_label(label.as_bytes());
    found.filter(|one| *one != REPLACEMENT && *one != X_USER_DEFINED).map(Codec::Web)
}

/// By a name that consists of letters and digits only.
fn by_name(squeezed: &str) -> Option<Codec> {
    Some(match squeezed {
        "hzgb2312" | "hzgb" | "hz" => Codec::Hz,
        "iso2022kr" | "csiso2022kr" => Codec::Iso2022Kr,
        "iso2022cn" | "iso2022cnext" | "csiso2022cn" => Codec::Iso2022Cn,
        "sjis" | "shiftjis" | "mskanji" | "csmskanji" | "windows31j" | "shiftjis2004" | "shiftjisx0213" => {
            Codec::Web(SHIFT_JIS)
        }
        "jis" | "iso2022jp" | "iso2022jp1" | "iso2022jp2" | "iso2022jp3" | "iso2022jp2004"
        | "iso2022jpms" | "csiso2022jp2" => Codec::Web(ISO_2022_JP),
        "eucjp" | "ujis" | "eucjpms" | "eucjis2004" | "cseucpkdfmtjapanese" => Codec::Web(EUC_JP),
        "euckr" | "ksc5601" | "ksc56011987" | "ksc56011989" | "korean" | "uhc" | "johab" => {
            Codec::Web(EUC_KR)
        }
        "gb2312" | "gb231280" | "euccn" | "xeuccn" | "eucgb2312cn" | "csgb2312" | "chinesegb" => {
            Codec::Web(GBK)
        }
        "gb180302000" | "gb180302005" | "gb180302022" => Codec::Web(GB18030),
        "big5hkscs" | "big5eten" | "cnbig5" | "big5hkscs2004" => Codec::Web(BIG5),
        "tis620" | "tis6202533" | "thai" => Codec::Web(WINDOWS_874),
        "koi8" | "koi8r" => Codec::Web(KOI8_R),
        "koi8u" | "koi8ru" | "koi8t" => Codec::Web(KOI8_U),
        "macroman" | "xmacroman" | "mac" | "xmac" | "xmacintosh" | "applelatin1" | "applemacroman" => {
            Codec::Web(MACINTOSH)
        }
        "maccyrillic" | "macukraine" | "xmacukraine" => Codec::Web(X_MAC_CYRILLIC),
        "macce" | "xmacce" | "maccentraleurope" | "xmaccentraleurope" | "xmaccentraleurroman" => {
            Codec::Page(CodePage::Upper(code_pages::MAC_CENTRAL_EUROPE))
        }
        "macgreek" | "xmacgreek" => Codec::Page(CodePage::Upper(code_pages::MAC_GREEK)),
        "macturkish" | "xmacturkish" => Codec::Page(CodePage::Upper(code_pages::MAC_TURKISH)),
        "hproman8" | "roman8" | "r8" | "cshproman8" => Codec::Page(CodePage::Roman8),
        "viscii" | "viscii11" | "csviscii" => Codec::Page(CodePage::Viscii),
        "din66003" | "iso646de" | "xia5german" | "isoir21" | "csiso21german" => {
            Codec::Page(CodePage::German7)
        }
        "ebcdic" | "ebcdicus" | "ebcdiccpus" | "ebcdiccpca" | "ebcdiccpnl" | "ebcdiccpwt" => page(37)?,
        "ebcdicde" | "ebcdicatde" | "ebcdiccpde" | "ebcdicgerman" => page(273)?,
        "ebcdicint" | "ebcdicinternational" | "ebcdiccpbe" | "ebcdiccpch" => page(500)?,
        // As IANA registers the charsets of Windows 3.1.
        "iso88591windows30latin1" | "iso88591windows31latin1" => Codec::Web(WINDOWS_1252),
        "iso88592windowslatin2" => Codec::Web(WINDOWS_1250),
        "iso88599windowslatin5" => Codec::Web(WINDOWS_1254),
        // T.61, as old Outlook Express calls what it sends in Latin-1; DEC's own set is nearly identical.
        "ansix31101983" | "isoir99" | "csiso99naplps" | "t61" | "t618bit" | "uslatin1" | "decmcs"
        | "dec8bit" | "western" | "westerneuropean" | "extendedascii" => Codec::Web(WINDOWS_1252),
        "latin0" | "latin9" | "l9" => return of_browsers("iso-8859-15"),
        "latin7" => return of_browsers("iso-8859-13"),
        "latin8" => return of_browsers("iso-8859-14"),
        "latin10" => return of_browsers("iso-8859-16"),
        "cesu8" | "unicode11utf8" | "unicode20utf8" => Codec::Web(UTF_8),
        "iso10646" | "iso10646ucs2" | "ucs2" | "csunicode" => Codec::Web(UTF_16LE),
        "ucs4" | "iso10646ucs4" | "csucs4" => Codec::Utf32,
        _ => return None,
    })
}

/// By a known name somewhere in it: `utf-8mb4`, `de_DE.ISO-8859-15@euro`, `cp-850`, `ms-ansi-1252`.
fn by_shape(squeezed: &str) -> Option<Codec> {
    let behind = |mark: &str| squeezed.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = behind("utf") {
        return Some(match rest {
            _ if rest.starts_with('8') => Codec::Web(UTF_8),
            _ if rest.starts_with("16be") => Codec::Web(UTF_16BE),
            _ if rest.starts_with("16") => Codec::Web(UTF_16LE),
            _ if rest.starts_with("32") => Codec::Utf32,
            _ if rest.starts_with('7') => Codec::Utf7,
            _ => return None,
        });
    }
    if let Some(rest) = behind("8859") {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(2).collect();
        let two =
            Some(digits.as_str()).filter(|digits| ["10", "11", "13", "14", "15", "16"].contains(digits));
        return of_browsers(&format!("iso-8859-{}", two.or(digits.get(..1))?));
    }
    if let Some(part) = behind("125").and_then(|rest| rest.get(..1)).filter(|part| *part <= "8") {
        let is_windows = ["win", "cp", "ms", "ansi", "code", "page"].iter().any(|one| squeezed.contains(one));
        if is_windows || squeezed.len() == 4 {
            return of_browsers(&format!("windows-125{part}"));
        }
    }
    // "646" and "8859" have meanings of their own; any other number alone is a code page.
    const PREFIXES: [&str; 14] = [
        "cspc8codepage",
        "codepage",
        "ccsid",
        "csibm",
        "cspc",
        "cscp",
        "xcp",
        "ibm",
        "dos",
        "oem",
        "cp",
        "pc",
        "ms",
        "windows",
    ];
    let number = PREFIXES.iter().find_map(|one| squeezed.strip_prefix(one)).unwrap_or(squeezed);
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let (digits, rest) = number.split_at_checked(end)?;
    let is_known_end =
        ["", "multilingual", "euro", "at", "de", "germany", "latin1", "latin2"].contains(&rest);
    is_known_end.then(|| digits.parse().ok()).flatten().and_then(code_page)
}

fn page(number: u16) -> Option<Codec> {
    CodePage::numbered(number).map(Codec::Page)
}

/// A code page of Windows, DOS or IBM by its number.
fn code_page(number: u32) -> Option<Codec> {
    Some(Codec::Web(match number {
        65_001 | 1208 => UTF_8,
        65_000 => return Some(Codec::Utf7),
        1200 => UTF_16LE,
        1201 => UTF_16BE,
        12_000 | 12_001 => return Some(Codec::Utf32),
        28_591..=28_606 => return of_browsers(&format!("iso-8859-{}", number - 28_590)),
        1250..=1258 => return of_browsers(&format!("windows-{number}")),
        819 => WINDOWS_1252,
        912 => return of_browsers("iso-8859-2"),
        923 => return of_browsers("iso-8859-15"),
        866 => IBM866,
        874 => WINDOWS_874,
        932 | 943 => SHIFT_JIS,
        936 | 1386 | 20_936 => GBK,
        949 | 970 | 51_949 => EUC_KR,
        950 | 951 => BIG5,
        10_000 => MACINTOSH,
        10_007 | 10_017 => X_MAC_CYRILLIC,
        20_866 | 878 => KOI8_R,
        21_866 | 1168 => KOI8_U,
        50_220..=50_222 => ISO_2022_JP,
        50_225 => return Some(Codec::Iso2022Kr),
        51_932 | 20_932 => EUC_JP,
        52_936 => return Some(Codec::Hz),
        54_936 => GB18030,
        other => return page(u16::try_from(other).ok()?),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(label: &str, bytes: &[u8]) -> Option<String> {
        match named(label) {
            Named::Known(codec) => Some(codec.decode(bytes).0),
            Named::Guess | Named::Unknown => None,
        }
    }

    #[test]
    fn labels_as_mail_programs_write_them() {
        for (labels, bytes, text) in [
            (
                "iso-8859-1-windows-3.1-latin-1 iso-8859-1 ISO_8859-1 8859-1 iso88591 latin1 latin-1 iso8859_1 \
                 windows1252 windows-1252 cp1252 cp-1252 win1252 win-1252 ms-ansi-1252 x-cp1252 1252 \
                 ansi_x3.110-1983 \"iso-8859-1\" iso-8859-1*de de_DE.ISO-8859-1 iso_8859_1 ISO_8859-1:1987 \
                 iso-ir-100 ibm819 cp28591 extended_iso-8859-1 dec-mcs western iso8859-15 iso-8859-15@euro latin9 \
                 latin-9 latin0 iso_8859-15 windows-28605 cp923",
                b"Gr\xf6\xdfe".as_slice(),
                "Größe",
            ),
            (
                "cp-850 ibm850 cp850 850 cp437 ibm437 437 dos-437 cspc8codepage437 cp858 pc850multilingual \
              cspc850multilingual oem850",
                b"Gr\x94\xe1e",
                "Größe",
            ),
            ("macintosh x-mac-roman mac macroman x-macintosh cp10000", b"Gr\x9a\xa7e", "Größe"),
            (
                "utf8 UTF-8 utf_8 utf8mb4 utf-8mb4 unicode-1-1-utf-8 x-utf-8 de_DE.UTF-8 utf-8-sig cp65001 utf-8;",
                b"Gr\xc3\xb6\xc3\x9fe",
                "Größe",
            ),
            ("utf-7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 cp65000 csutf7", b"Gr+APYA3w-e", "Größe"),
            ("ebcdic-de ibm273 cp273 ibm-273 cp1141 273 ebcdic-at-de", b"\xc7\x99\x6a\xa1\x85", "Größe"),
            ("ebcdic cp037 ibm037 ebcdic-us ccsid037 ebcdic-cp-us cp1140", b"\xc7\x99\xcc\x59\x85", "Größe"),
            ("hp-roman8 roman8 r8", b"Gr\xce\xdee", "Größe"),
            ("din_66003 iso646-de", b"Gr|~e", "Größe"),
            ("iso-8859-2 latin2 cp28592", b"\xaelu\xbb", "Žluť"),
            ("windows-1250 cp1250 win1250 iso-8859-2-windows-latin-2 x-cp1250", b"\x8elu\x9d", "Žluť"),
            ("cp852 ibm852 852", b"\xa6lu\x9c", "Žluť"),
            ("x-mac-ce x-mac-centraleurroman", b"\xeblu\xe9", "Žluť"),
            ("x-sjis sjis shift-jis shift_jis ms932 cp932 windows-31j csshiftjis", b"\x82\xa0", "あ"),
            ("euc_jp euc-jp x-euc-jp cseucpkdfmtjapanese ujis", b"\xa4\xa2", "あ"),
            ("iso-2022-jp iso2022jp csiso2022jp iso-2022-jp-ms jis cp50220", b"\x1b$B$\"\x1b(B", "あ"),
            ("gb2312-80 gb_2312-80 gb2312 gbk cp936 gb18030 x-gbk euc-cn ms936", b"\xd6\xd0", "中"),
            ("big5 cn-big5 x-x-big5 cp950 big5-hkscs", b"\xa4\xa4", "中"),
            ("ks_c_5601 ks_c_5601-1987 ksc5601 euc-kr euckr cp949 ms949 uhc windows-949", b"\xb0\xa1", "가"),
            ("tis-620 tis620 tis620-2533 iso-8859-11 windows-874 cp874", b"\xa1", "ก"),
            ("viscii", b"Vi\xaet", "Việt"),
            ("koi8-r koi8r koi8 cp20866", b"\xf0\xd2", "Пр"),
            ("utf-16le utf16le cp1200", b"G\0r\0", "Gr"),
            ("utf-32 utf-32le ucs-4 utf32", b"G\0\0\0r\0\0\0", "Gr"),
            ("hz-gb-2312", b"~{VP~}", "中"),
        ] {
            let wrong = |label: &&str| read(label, bytes).as_deref() != Some(text);
            let wrong: Vec<&str> = labels.split_whitespace().filter(wrong).collect();
            assert_eq!(wrong, [""; 0]);
        }
        for label in [
            "us-ascii",
            "US_ASCII",
            "ascii",
            "646",
            "ansi",
            "default",
            "x-unknown",
            "unknown-8bit",
            "x-user-defined",
            "",
            "x-ascii",
            "us-ascii-8bit",
            "ANSI_X3.4-1968",
        ] {
            assert!(matches!(named(label), Named::Guess), "{label}");
        }
        for label in ["nonsense", "x", "x-klingon", "4711", "utf-9", "cp4711", "windows"] {
            assert!(matches!(named(label), Named::Unknown), "{label}");
        }
    }
}
