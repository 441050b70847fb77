//! Rich text (RTF 1.9) as text, and the page that Outlook wraps in it (MS-OXRTFEX). Lenient; nothing recurses.

use crate::charset;

/// Groups within groups.
const MAX_GROUPS: usize = 500;

/// What a piece of rich text says.
pub(crate) struct Rtf {
    pub(crate) text: String,
    /// The page it was made of.
    pub(crate) html: Option<String>,
    /// What stands in groups that are not part of the running text, with an end of line behind every group and without:
    /// form fields, text boxes, alternative text, notes of any kind, and what nobody here knows.
    pub(crate) aside: [String; 2],
}

/// Where the text of a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On the page.
    Shown,
    /// Somewhere else, where some reader shows it.
    Aside,
    /// It is no text: pictures, tables of fonts and colours, objects in hexadecimal.
    Nowhere,
}

#[derive(Clone, Copy)]
struct Group {
    place: Place,
    /// It holds markup of the page (`\*\htmltag`).
    markup: bool,
    /// What follows is there for RTF alone (`\htmlrtf`).
    only_rtf: bool,
    hidden: bool,
    /// Characters to skip behind `\u`.
    fallback: usize,
}

struct Reader<'a> {
    rest: &'a [u8],
    group: Group,
    outer: Vec<Group>,
    text: String,
    html: String,
    aside: [String; 2],
    is_page: bool,
    /// Bytes in the code page that wait for their neighbours.
    bytes: Vec<u8>,
    code_page: String,
    /// Characters still to be skipped.
    skip: usize,
    /// The first word of a group says what the group is.
    at_start: bool,
    /// `\*`: a reader that does not know the word skips the group.
    optional: bool,
    high: Option<u16>,
}

/// `None`: no rich text, or groups within groups without end.
pub(crate) fn read(bytes: &[u8]) -> Option<Rtf> {
    let start = bytes.trim_ascii_start();
    if !start.starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = Reader {
        rest: start,
        group: Group { place: Place::Shown, markup: false, only_rtf: false, hidden: false, fallback: 1 },
        outer: Vec::new(),
        text: String::new(),
        html: String::new(),
        aside: [String::new(), String::new()],
        is_page: false,
        bytes: Vec::new(),
        code_page: "windows-1252".to_owned(),
        skip: 0,
        at_start: false,
        optional: false,
        high: None,
    };
    while let Some((byte, rest)) = reader.rest.split_first() {
        reader.rest = rest;
        reader.token(*byte)?;
    }
    reader.flush();
    let html = (reader.is_page && !reader.html.trim().is_empty()).then_some(reader.html);
    Some(Rtf { text: reader.text, html, aside: reader.aside })
}

impl Reader<'_> {
    fn token(&mut self, byte: u8) -> Option<()> {
        match byte {
            b'{' => {
                self.flush();
                if self.outer.len() >= MAX_GROUPS {
                    return None;
                }
                self.outer.push(self.group);
                (self.at_start, self.optional, self.skip) = (true, false, 0);
            }
            b'}' => {
                self.flush();
                if let Some(outer) = self.outer.pop() {
                    let was = std::mem::replace(&mut self.group, outer).place;
                    let [apart, joined] = &mut self.aside;
                    if was == Place::Aside {
                        apart.push('\n');
                        if outer.place != Place::Aside {
                            joined.push('\n');
                        }
                    }
                }
                (self.at_start, self.optional, self.skip) = (false, false, 0);
            }
            b'\\' => self.control(),
            b'\r' | b'\n' => {}
            _ if self.skip > 0 => self.skip -= 1,
            _ => {
                self.at_start = false;
                self.bytes.push(byte);
            }
        }
        Some(())
    }

    fn control(&mut self) {
        let Some((first, rest)) = self.rest.split_first() else { return };
        if !first.is_ascii_alphabetic() {
            self.rest = rest;
            return self.symbol(*first);
        }
        let length = self.rest.iter().take(64).take_while(|b| b.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, b""));
        let digits = rest.iter().take(12).enumerate();
        let digits = digits.take_while(|(at, b)| b.is_ascii_digit() || (*at == 0 && **b == b'-')).count();
        let (number, rest) = rest.split_at_checked(digits).unwrap_or((b"", rest));
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let number = std::str::from_utf8(number).ok().and_then(|text| text.parse::<i64>().ok());
        if word == b"bin" {
            let bytes = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
            self.rest = self.rest.get(bytes..).unwrap_or_default();
            return;
        }
        if word == b"u" {
            return self.unicode(number.unwrap_or(0));
        }
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        self.flush();
        self.word(word, number);
        self.at_start = false;
    }

    fn symbol(&mut self, byte: u8) {
        match byte {
            b'\'' => {
                let digits = self.rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
                let value = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
                if let Some(value) = value {
                    self.rest = self.rest.get(2..).unwrap_or_default();
                    if self.skip > 0 {
                        self.skip -= 1;
                    } else {
                        self.bytes.push(value);
                    }
                }
            }
            b'*' => self.optional = true,
            _ if self.skip > 0 => self.skip -= 1,
            b'~' => self.bytes.push(b' '),
            b'_' => self.bytes.push(b'-'),
            // An optional hyphen shows nothing.
            b'-' => {}
            b'\r' | b'\n' => self.line_end(),
            other => self.bytes.push(other),
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        let on = number != Some(0);
        match word {
            b"par" | b"line" | b"sect" | b"page" | b"row" => self.line_end(),
            b"tab" | b"cell" | b"nestcell" => self.push("\t"),
            b"emdash" => self.push("—"),
            b"endash" => self.push("–"),
            b"bullet" => self.push("•"),
            b"lquote" => self.push("‘"),
            b"rquote" => self.push("’"),
            b"ldblquote" => self.push("“"),
            b"rdblquote" => self.push("”"),
            b"uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            b"ansicpg" => {
                if let Some(page) = number.and_then(|page| u32::try_from(page).ok()) {
                    self.code_page = charset::of_code_page(page);
                }
            }
            b"mac" => self.code_page = "macintosh".to_owned(),
            b"pc" | b"pca" => self.code_page = "cp850".to_owned(),
            b"fromhtml" => self.is_page = on,
            b"htmlrtf" => self.group.only_rtf = on,
            b"htmltag" | b"mhtmltag" if self.optional => {
                self.group.markup = word == b"htmltag";
                if word != b"htmltag" {
                    self.group.place = Place::Nowhere;
                }
            }
            b"v" => self.group.hidden = on,
            b"plain" => self.group.hidden = false,
            b"fonttbl"
            | b"colortbl"
            | b"pict"
            | b"objdata"
            | b"objclass"
            | b"themedata"
            | b"datastore"
            | b"colorschememapping"
            | b"listtable"
            | b"listoverridetable"
            | b"filetbl"
            | b"revtbl"
            | b"rsidtbl"
            | b"blipuid"
            | b"fontemb"
            | b"panose"
            | b"generator"
            | b"latentstyles"
            | b"passwordhash"
            | b"xmlnstbl"
            | b"wgrffmtfilter"
                if self.at_start || self.optional =>
            {
                self.group.place = Place::Nowhere;
            }
            // A picture's alternative text and a shape's properties.
            b"picprop" | b"sp" | b"sn" | b"sv" if self.at_start || self.optional => {
                self.group.place = Place::Aside;
            }
            b"stylesheet" | b"info" | b"object" if self.at_start || self.optional => {
                self.group.place = Place::Aside;
            }
            // What an object looks like, and the same text in Unicode.
            b"result" | b"ud" if self.at_start || self.optional => self.group.place = Place::Shown,
            // The text of fields, notes, shapes and text boxes is there to be read.
            b"fldinst" | b"fldrslt" | b"footnote" | b"annotation" | b"shptxt" | b"shpinst" => {}
            b"do" if self.optional => {}
            b"dptxbxtext" => self.group.place = Place::Shown,
            _ if self.optional && self.at_start && self.group.place == Place::Shown => {
                self.group.place = Place::Aside;
            }
            _ => {}
        }
        self.optional = false;
    }

    fn unicode(&mut self, number: i64) {
        self.flush();
        // Signed sixteen bits (RTF 1.9, "Unicode RTF"); characters beyond them come in two.
        let unit = u16::try_from(number.rem_euclid(65536)).unwrap_or(0xfffd);
        self.skip = self.group.fallback;
        match (self.high.take(), unit) {
            (_, 0xd800..=0xdbff) => self.high = Some(unit),
            (Some(high), 0xdc00..=0xdfff) => self.push(&String::from_utf16_lossy(&[high, unit])),
            _ => self.push(&String::from_utf16_lossy(&[unit])),
        }
    }

    fn line_end(&mut self) {
        self.push("\n");
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let text = charset::decode(&std::mem::take(&mut self.bytes), Some(&self.code_page));
            self.push(&text);
        }
    }

    fn push(&mut self, text: &str) {
        match self.group.place {
            Place::Shown => {}
            Place::Aside => return self.aside.iter_mut().for_each(|aside| aside.push_str(text)),
            Place::Nowhere => return,
        }
        if self.group.markup {
            self.html.push_str(text);
            return;
        }
        if self.is_page && !self.group.only_rtf {
            // What stands between the tags is text, and must not become a tag.
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            self.html.push_str(&escaped);
        }
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(rtf: &str) -> String {
        read(rtf.as_bytes()).unwrap().text
    }

    #[test]
    fn words_are_read_and_tables_are_not() {
        assert_eq!(
            text(
                "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\*\\generator Riched20;}{\\info{\\title T}}\r\n\\pard ver{\\b trau}lich\\par pers\\'f6nlich\\tab x}"
            ),
            "vertraulich\npersönlich\tx"
        );
        assert_eq!(text("{\\rtf1 \\u246?\\u-10179?\\u-8704?\\uc0\\u223 x}"), "ö😀ßx");
        assert_eq!(text("{\\rtf1\\uc2 \\u246\\'f6?x\\{\\}\\\\\\~y}"), "öx{}\\ y");
        assert_eq!(text("{\\rtf1{\\pict\\bin3 }}}}a}"), "a");
        assert_eq!(
            text("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"https://x.example\"}{\\fldrslt klick}}}"),
            "HYPERLINK \"https://x.example\"klick"
        );
        assert_eq!(text("{\\rtf1 offen{\\v geheim}}"), "offengeheim");
        assert!(read(b"vertraulich").is_none());
    }

    #[test]
    fn what_a_reader_shows_elsewhere_is_read_too() {
        for rtf in [
            "{\\object\\objemb{\\*\\objclass Word}{\\*\\objdata 00ff}{\\result ist vertraulich ok}}",
            "{\\*\\do\\dobxpage{\\dptxbxtext ist vertraulich ok}}",
            "{\\field{\\*\\fldinst FORMTEXT {\\*\\formfield{\\ffdeftext ist vertraulich ok}}}{\\fldrslt}}",
            "{\\*\\moMath{\\mr ist ver}{\\mr traulich ok}}",
            "{\\mmath{\\mr ist vertraulich ok}}",
            "{\\upr{x}{\\*\\ud{ist vertraulich ok}}}",
            "{\\*\\pn\\pnlvlbody{\\pntxtb ist vertraulich ok}}",
            "{\\*\\shppict{\\pict{\\*\\picprop{\\sp{\\sn wzDescription}{\\sv ist vertraulich ok}}}ffd8}}",
            "{\\*\\bkmkstart ist vertraulich ok}",
            "{\\*\\docvar {x}{ist vertraulich ok}}",
            "{\\info{\\title ist vertraulich ok}}",
            "{\\stylesheet{\\s1 ist vertraulich ok;}}",
            "{\\*\\unheard ist vertraulich ok}",
            "{\\shp{\\*\\shpinst{\\sp{\\sn wzName}{\\sv ist vertraulich ok}}}}",
        ] {
            let read = read(format!("{{\\rtf1 vor{rtf}nach}}").as_bytes()).unwrap();
            let all = [&read.text, &read.aside[0], &read.aside[1]];
            assert!(all.iter().any(|text| text.contains("ist vertraulich ok")), "{rtf} {all:?}");
        }
        let rtf = "{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\pict ffd8{\\*\\blipuid 00}}{\\*\\themedata 504b}x}";
        let read = read(rtf.as_bytes()).unwrap();
        assert_eq!((read.text.as_str(), read.aside[0].trim()), ("x", ""));
    }

    #[test]
    fn the_page_within_comes_out_again() {
        let rtf = "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl{\\f0\\fswiss Arial;}}\r\n{\\*\\htmltag18 <html>}{\\*\\htmltag34 <head>}\r\n{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Gr\\'fc\\'dfe & mehr\\htmlrtf\\par}\\htmlrtf0\r\n{\\*\\htmltag72 </p>}{\\*\\htmltag64 <p title=\"\\'e4\\{\">}\\htmlrtf nicht\\htmlrtf0 zwei{\\*\\htmltag72 </p>}}";
        let page = read(rtf.as_bytes()).unwrap().html.unwrap();
        assert_eq!(page, "<html><head><p>Grüße &amp; mehr</p><p title=\"ä{\">zwei</p>");
    }

    #[test]
    fn groups_without_end_are_not_read() {
        assert!(read(("{\\rtf1".to_owned() + &"{".repeat(MAX_GROUPS + 1)).as_bytes()).is_none());
        assert_eq!(text("{\\rtf1 a}}}b"), "ab");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(rtf in "(\\{|\\}|\\\\[a-z]{1,3}-?[0-9]{0,2} ?|\\\\'[0-9a-g]{2}|\\\\[*~{]|[a-z ]){0,60}") {
            let _ = read(format!("{{\\rtf1 {rtf}").as_bytes());
        }
    }
}
