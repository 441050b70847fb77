//! Converts rich text (RTF 1.9) to text, and extracts the page that Outlook wraps in it (MS-OXRTFEX). Lenient; nothing
//! recurses.

use std::collections::HashMap;

use crate::charset;

/// Groups within groups.
const MAX_GROUPS: usize = 500;
/// Fonts of one text; text in further fonts is read in the document's code page.
const MAX_FONTS: usize = 2000;
/// A longer target is not shown.
const MAX_TARGET: usize = 2000;

/// The content of a rich text.
pub(crate) struct Rtf {
    /// As people see it: no hidden words, links with their targets, letters in the charset of their font.
    pub(crate) text: String,
    /// The same with hidden text and field codes, in the document's code page: for rules.
    pub(crate) source: String,
    /// Like [`Self::source`], without superscripts, subscripts and notes: `vertraulich` with a footnote mark is
    /// `vertraulich`. `None`: there are none.
    pub(crate) bare: Option<String>,
    /// The page it was made of.
    pub(crate) html: Option<String>,
    /// The text of groups outside the running text, once with a line end after every group and once without: form
    /// fields, text boxes, alternative text, notes of any kind, and unknown groups.
    pub(crate) aside: [String; 2],
}

/// Where the text of a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Destination {
    /// On the page.
    Shown,
    /// The code of a field.
    Code,
    /// Beside the running text, where some reader shows it.
    Aside,
    /// Not text: pictures, tables of fonts and colours, objects in hexadecimal.
    Nowhere,
}

#[derive(Clone, Copy)]
struct Group {
    place: Destination,
    /// The group contains markup of the page (`\*\htmltag`).
    markup: bool,
    /// The following is for RTF only (`\htmlrtf`).
    only_rtf: bool,
    hidden: bool,
    /// Superscript, subscript or a note.
    raised: bool,
    note: bool,
    /// How many characters to skip after `\u`.
    fallback: usize,
    /// The group is the font table.
    fonts: bool,
    /// The current font; in the font table, the one being defined.
    font: i64,
}

/// A field that is being read.
struct Field {
    /// Nesting depth of the field.
    depth: usize,
    /// Where its visible text begins.
    begins: usize,
    code: String,
}

struct Reader<'a> {
    rest: &'a [u8],
    group: Group,
    outer: Vec<Group>,
    text: String,
    source: String,
    bare: String,
    html: String,
    aside: [String; 2],
    fields: Vec<Field>,
    /// Charsets of the fonts that have one of their own.
    fonts: HashMap<i64, String>,
    /// The default font.
    plain_font: i64,
    is_page: bool,
    /// Bytes in the code page that are not decoded yet.
    bytes: Vec<u8>,
    code_page: String,
    /// Characters still to be skipped.
    skip: usize,
    /// Whether the next word is the first of its group, which says what the group is.
    at_start: bool,
    /// `\*`: a reader that does not know the word skips the group.
    optional: bool,
    high: Option<u16>,
}

/// `None`: not rich text, or too many nested groups.
pub(crate) fn read(bytes: &[u8]) -> Option<Rtf> {
    let start = bytes.trim_ascii_start();
    if !start.starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = Reader {
        rest: start,
        group: Group {
            place: Destination::Shown,
            markup: false,
            only_rtf: false,
            hidden: false,
            raised: false,
            note: false,
            fallback: 1,
            fonts: false,
            font: 0,
        },
        outer: Vec::new(),
        text: String::new(),
        source: String::new(),
        bare: String::new(),
        html: String::new(),
        aside: [String::new(), String::new()],
        fields: Vec::new(),
        fonts: HashMap::new(),
        plain_font: 0,
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
    let bare = (reader.bare != reader.source).then_some(reader.bare);
    Some(Rtf { text: reader.text, source: reader.source, bare, html, aside: reader.aside })
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
                if self.fields.last().is_some_and(|field| field.depth == self.outer.len()) {
                    self.end_field();
                }
                if let Some(outer) = self.outer.pop() {
                    let group = std::mem::replace(&mut self.group, outer);
                    if group.note && !outer.note {
                        self.push(" ");
                    }
                    let was = group.place;
                    let [apart, joined] = &mut self.aside;
                    if was == Destination::Aside {
                        apart.push('\n');
                        if outer.place != Destination::Aside {
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
            b"deff" => {
                self.plain_font = number.unwrap_or(0);
                self.group.font = self.plain_font;
            }
            b"f" => self.group.font = number.unwrap_or(0),
            b"fcharset" | b"cpg" if self.group.fonts && self.fonts.len() < MAX_FONTS => {
                let page = number.and_then(|number| u32::try_from(number).ok());
                let page = if word == b"cpg" { page } else { page.and_then(code_page) };
                if let Some(page) = page {
                    self.fonts.insert(self.group.font, charset::of_code_page(page));
                }
            }
            b"mac" => self.code_page = "macintosh".to_owned(),
            b"pc" | b"pca" => self.code_page = "cp850".to_owned(),
            b"fromhtml" => self.is_page = on,
            b"htmlrtf" => self.group.only_rtf = on,
            b"htmltag" | b"mhtmltag" if self.optional => {
                self.group.markup = word == b"htmltag";
                if word != b"htmltag" {
                    self.group.place = Destination::Nowhere;
                }
            }
            b"v" => self.group.hidden = on,
            b"super" | b"sub" | b"up" | b"dn" => self.group.raised = on,
            b"nosupersub" => self.group.raised = false,
            b"plain" => {
                self.group.hidden = false;
                self.group.raised = self.group.note;
                self.group.font = self.plain_font;
            }
            b"fonttbl" if self.at_start || self.optional => {
                self.group.place = Destination::Nowhere;
                self.group.fonts = true;
            }
            b"colortbl"
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
                self.group.place = Destination::Nowhere;
            }
            // A picture's alternative text and a shape's properties.
            b"picprop" | b"sp" | b"sn" | b"sv" if self.at_start || self.optional => {
                self.group.place = Destination::Aside;
            }
            b"stylesheet" | b"info" | b"object" if self.at_start || self.optional => {
                self.group.place = Destination::Aside;
            }
            // The appearance of an object, and the same text in Unicode.
            b"result" | b"ud" if self.at_start || self.optional => self.group.place = Destination::Shown,
            // The text of fields, notes, shapes and text boxes is visible.
            b"field" if self.at_start && self.group.place == Destination::Shown => {
                let (depth, begins) = (self.outer.len(), self.text.len());
                self.fields.push(Field { depth, begins, code: String::new() });
            }
            b"field" if self.at_start => {}
            b"fldinst" if self.group.place == Destination::Shown && !self.fields.is_empty() => {
                self.group.place = Destination::Code;
            }
            b"fldinst" => {}
            b"footnote" | b"annotation" => {
                // A note is separated from the word that it belongs to.
                self.push(" ");
                self.group.raised = true;
                self.group.note = true;
            }
            b"fldrslt" | b"shptxt" | b"shpinst" => {}
            b"do" if self.optional => {}
            b"dptxbxtext" => self.group.place = Destination::Shown,
            _ if self.optional
                && self.at_start
                && matches!(self.group.place, Destination::Shown | Destination::Code) =>
            {
                self.group.place = Destination::Aside;
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
            let bytes = std::mem::take(&mut self.bytes);
            let source = charset::decode(&bytes, Some(&self.code_page));
            match self.fonts.get(&self.group.font).filter(|page| **page != self.code_page) {
                Some(page) => self.say(&charset::decode(&bytes, Some(page)), &source),
                None => self.push(&source),
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.say(text, text);
    }

    /// `text`: decoded in the charset of its font; `source`: in that of the document.
    fn say(&mut self, text: &str, source: &str) {
        match self.group.place {
            Destination::Shown => {}
            Destination::Code => {
                if let Some(field) = self.fields.last_mut() {
                    field.code.push_str(text);
                }
                self.source.push_str(source);
                self.bare.push_str(source);
                return;
            }
            Destination::Aside => return self.aside.iter_mut().for_each(|aside| aside.push_str(source)),
            Destination::Nowhere => return,
        }
        if self.group.markup {
            self.html.push_str(text);
            return;
        }
        if self.is_page && !self.group.only_rtf {
            // Text between the tags must not become a tag.
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            self.html.push_str(&escaped);
        }
        self.source.push_str(source);
        if !self.group.raised {
            self.bare.push_str(source);
        }
        if !self.group.hidden {
            self.text.push_str(text);
        }
    }

    /// The target of a link is written after its words, unless they are the same.
    fn end_field(&mut self) {
        let Some(field) = self.fields.pop() else { return };
        let Some(target) = target(&field.code) else { return };
        let said = self.text.get(field.begins..).unwrap_or_default().trim();
        let bare = target.strip_prefix("mailto:").unwrap_or(target).trim_end_matches('/');
        let told = if said.is_empty() {
            bare.to_owned()
        } else if said.contains(bare) {
            return;
        } else {
            format!(" <{bare}>")
        };
        self.text.push_str(&told);
    }
}

/// The target of `HYPERLINK "https://…"`, if it is outside the letter.
fn target(code: &str) -> Option<&str> {
    let rest = code.trim_start().strip_prefix("HYPERLINK")?.trim_start();
    let target = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split_whitespace().next()?,
    };
    let known = ["http://", "https://", "mailto:", "ftp://"];
    let sound = target.len() <= MAX_TARGET && !target.contains(['<', '>']);
    (sound && known.iter().any(|scheme| target.starts_with(scheme))).then_some(target.trim())
}

/// The code page of a font's charset (RTF 1.9, "Font Table"). `None`: it has none of its own.
fn code_page(charset: u32) -> Option<u32> {
    Some(match charset {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        254 => 437,
        255 => 850,
        _ => return None,
    })
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
            "klick <https://x.example>"
        );
        assert_eq!(text("{\\rtf1 offen{\\v geheim}}"), "offen");
        assert_eq!(read(b"{\\rtf1 offen{\\v geheim}}").unwrap().source, "offengeheim");
        assert!(read(b"vertraulich").is_none());
    }

    #[test]
    fn what_is_raised_is_read_with_the_word_and_without() {
        for rtf in [
            "vertraulich{\\super 1}",
            "vertraulich\\super 1\\nosupersub ",
            "vertraulich{\\sub a}",
            "ver{\\super 1}traulich",
            "vertraulich{\\up6 *}",
            "vertraulich\\super 1\\plain ",
            "vertraulich{\\super\\chftn{\\footnote\\pard\\plain{\\super\\chftn}Siehe unten}}",
        ] {
            let read = read(format!("{{\\rtf1 ist {rtf} so}}").as_bytes()).unwrap();
            let bare = read.bare.unwrap();
            assert!(bare.contains(" vertraulich "), "{rtf}: {bare}");
        }
        assert_eq!(text("{\\rtf1 Wort{\\footnote Siehe}.}"), "Wort Siehe .");
        assert!(read(b"{\\rtf1 offen}").unwrap().bare.is_none());
    }

    #[test]
    fn links_are_told_as_people_read_them() {
        let field = |code: &str, shown: &str| {
            let rtf = format!(
                "{{\\rtf1 {{\\field\\flddirty{{\\*\\fldinst{{{code}}}}}{{\\fldrslt{{\\cs15\\ul {shown}}}}}}}.}}"
            );
            let read = read(rtf.as_bytes()).unwrap();
            assert!(read.source.contains(code.split('"').nth(1).unwrap_or("PAGE")), "{}", read.source);
            read.text
        };
        for (code, shown, text) in [
            ("HYPERLINK \"https://insurer.example/f\"", "Formular", "Formular <https://insurer.example/f>."),
            ("HYPERLINK \"https://x.example/\"", "https://x.example", "https://x.example."),
            (" HYPERLINK \"mailto:a@b.example\" ", "a@b.example", "a@b.example."),
            ("HYPERLINK \"https://x.example/f\"", "", "https://x.example/f."),
            ("HYPERLINK \\\\l \"Anker\"", "oben", "oben."),
            ("PAGE ", "7", "7."),
        ] {
            assert_eq!(field(code, shown), text, "{code}");
        }
    }

    #[test]
    fn a_font_has_its_own_letters() {
        let fonts = "{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}{\\f1\\fcharset204 Arial CYR;}{\\f2\\fcharset238 A;}\
                     {\\f3\\fcharset161 A;}{\\f4\\fcharset162 A;}{\\f5\\fcharset128 M;}}";
        for (rtf, said) in [
            ("\\f1\\'cf\\'f0\\'e8\\'e2\\'e5\\'f2", "Привет"),
            ("{\\f2\\'9elu\\'9d}\\'e4", "žluťä"),
            ("\\f3\\'e1{\\f0\\'e4}\\plain\\'fc", "αäü"),
            ("\\f4\\'fe", "ş"),
            ("\\f5\\'82\\'a0", "あ"),
            ("\\f9\\'e4", "ä"),
        ] {
            let rtf = format!("{{\\rtf1\\ansi\\ansicpg1252\\deff0{fonts}{rtf}}}");
            assert_eq!(text(&rtf), said);
        }
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
            let all = [&read.text, &read.source, &read.aside[0], &read.aside[1]];
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
