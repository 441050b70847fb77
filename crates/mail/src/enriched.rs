//! Converts text/enriched (RFC 1896) and its predecessor text/richtext (RFC 1341) to a page. Pure and linear;
//! knows no letter.

/// A longer command is not one (RFC 1896 §2).
const MAX_COMMAND: usize = 60;
/// Commands open at one time; beyond it the text is kept without formatting.
const MAX_OPEN: usize = 100;

/// A command whose end has not come yet.
struct Open {
    name: String,
    /// The elements that it becomes on the page, innermost first.
    elements: &'static [&'static str],
}

#[derive(Default)]
struct Writer {
    page: String,
    open: Vec<Open>,
    /// Depth of commands in which line ends are kept.
    unfilled: usize,
    /// Depth of commands whose content is not text: parameters, comments.
    unseen: usize,
    /// Consecutive line ends so far.
    ends: usize,
    param: String,
}

/// The text as HTML.
pub(crate) fn to_page(source: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = source;
    while let Some(at) = rest.find(['<', '\n', '\r']) {
        let (text, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        writer.text(text);
        rest = if let Some(after) = tail.strip_prefix("<<") {
            writer.text("<");
            after
        } else if let Some((command, after)) = command(tail) {
            writer.command(command);
            after
        } else if let Some(after) = tail.strip_prefix('\n') {
            writer.line_end();
            after
        } else if let Some(after) = tail.strip_prefix('<') {
            writer.text("<");
            after
        } else {
            tail.strip_prefix('\r').unwrap_or_default()
        };
    }
    writer.text(rest);
    while let Some(open) = writer.open.pop() {
        writer.close(&open);
    }
    writer.page
}

/// `<bold>` and the text after it.
fn command(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let end = inner.bytes().take(MAX_COMMAND + 2).position(|b| b == b'>')?;
    let (command, after) = inner.split_at_checked(end)?;
    let name = command.strip_prefix('/').unwrap_or(command);
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_name.then(|| (command, after.strip_prefix('>').unwrap_or(after)))
}

impl Writer {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.unseen > 0 {
            self.param.extend(text.chars().take(MAX_COMMAND));
            return;
        }
        self.pay();
        for c in text.chars() {
            match c {
                '&' => self.page.push_str("&amp;"),
                '<' => self.page.push_str("&lt;"),
                '>' => self.page.push_str("&gt;"),
                _ => self.page.push(c),
            }
        }
    }

    /// A single line end is a space; of several, each but the first is a line end (RFC 1896 §2).
    fn line_end(&mut self) {
        if self.unseen > 0 {
        } else if self.unfilled > 0 {
            self.page.push('\n');
        } else {
            self.ends = self.ends.saturating_add(1);
        }
    }

    fn pay(&mut self) {
        let ends = std::mem::take(&mut self.ends);
        if ends == 1 {
            self.page.push('\n');
        }
        (1..ends).for_each(|_| self.page.push_str("<br>\n"));
    }

    fn command(&mut self, command: &str) {
        let name = command.to_ascii_lowercase();
        match name.strip_prefix('/') {
            Some(name) => self.end(name),
            None => self.start(name),
        }
    }

    fn start(&mut self, name: String) {
        match name.as_str() {
            "lt" => return self.text("<"),
            "nl" | "np" if self.unseen == 0 => {
                self.pay();
                return self.page.push_str("<br>\n");
            }
            "param" => self.param.clear(),
            _ => {}
        }
        if self.open.len() >= MAX_OPEN {
            return;
        }
        let elements: &'static [&'static str] = match name.as_str() {
            "bold" => &["b"],
            "italic" => &["i"],
            "underline" => &["u"],
            "fixed" => &["tt"],
            "smaller" => &["small"],
            "bigger" => &["big"],
            "center" => &["center"],
            "excerpt" => &["blockquote"],
            "indent" | "indentright" | "paraindent" | "flushright" | "flushboth" | "flushleft"
            | "paragraph" => &["div"],
            "nofill" | "verbatim" => &["pre"],
            "color" => &["font"],
            "subscript" => &["sub"],
            "superscript" => &["sup"],
            _ => &[],
        };
        match name.as_str() {
            "param" | "comment" => self.unseen += 1,
            _ if self.unseen == 0 => {
                self.pay();
                for element in elements {
                    self.page.push_str(&format!("<{element}>"));
                }
            }
            _ => {}
        }
        if elements == ["pre"] {
            self.unfilled += 1;
        }
        self.open.push(Open { name, elements });
    }

    /// Ends the command of that name, and the commands begun in it that are still open.
    fn end(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
        for open in self.open.split_off(at).into_iter().rev() {
            self.close(&open);
        }
    }

    fn close(&mut self, open: &Open) {
        match open.name.as_str() {
            "comment" => self.unseen = self.unseen.saturating_sub(1),
            "param" => {
                self.unseen = self.unseen.saturating_sub(1);
                self.colour();
            }
            _ => {}
        }
        if self.unseen == 0 && !open.elements.is_empty() {
            self.pay();
            for element in open.elements {
                self.page.push_str(&format!("</{element}>"));
            }
        }
        if open.elements == ["pre"] {
            self.unfilled = self.unfilled.saturating_sub(1);
        }
    }

    /// The parameter of `<color>`: a word, or three numbers of sixteen bits.
    fn colour(&mut self) {
        let said = std::mem::take(&mut self.param).trim().to_ascii_lowercase();
        let is_colour = self.open.last().is_some_and(|open| open.name == "color");
        if !is_colour || !self.page.ends_with("<font>") {
            return;
        }
        let is_word = !said.is_empty() && said.bytes().all(|b| b.is_ascii_lowercase());
        let parts: Vec<&str> = said.split(',').map(|part| part.trim().get(..2).unwrap_or_default()).collect();
        let is_hex = parts.len() == 3
            && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()));
        let colour = if is_word {
            said
        } else if is_hex {
            format!("#{}", parts.concat())
        } else {
            return;
        };
        self.page.truncate(self.page.len() - "<font>".len());
        self.page.push_str(&format!("<font color=\"{colour}\">"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::html_to_text;
    use proptest::prelude::*;

    #[test]
    fn enriched_text_is_read_as_it_is_meant() {
        for (source, text) in [
            ("<bold>Wichtig</bold>: <<spitze>> Klammern", "Wichtig: <spitze>> Klammern"),
            ("a << b und c > d & e", "a < b und c > d & e"),
            ("<color><param>red</param>rot</color>\nweiter", "rot weiter"),
            ("<fontfamily><param>Times New Roman</param>Wort</fontfamily>", "Wort"),
            (
                "Erste Zeile\r\nnoch erste\r\n\r\nZweite Zeile\r\n\r\n\r\nDritte",
                "Erste Zeile noch erste\nZweite Zeile\n\nDritte",
            ),
            ("<nofill>x\ny</nofill>\nz", "x\ny\n\nz"),
            ("<excerpt>Zitat</excerpt>danach", "> Zitat\n\ndanach"),
            ("<BOLD>laut</BOLD> <unheard>leise</unheard> 3 <4 <b c>", "laut leise 3 <4 <b c>"),
            ("<bold><italic>schief</bold> gerade</italic>", "schief gerade"),
            ("Gr<lt>e<nl>neu<comment>still</comment>", "Gr<e\nneu"),
            ("<param>nie zu Ende", ""),
        ] {
            assert_eq!(html_to_text(&to_page(source)), text, "{source}");
        }
        assert_eq!(to_page("<color><param>red</param>x</color>"), "<font color=\"red\">x</font>");
        assert_eq!(
            to_page("<color><param>ffff,0000,8080</param>x</color>"),
            "<font color=\"#ff0080\">x</font>"
        );
        assert_eq!(to_page("<color><param>\" onload=x</param>x</color>"), "<font>x</font>");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_never_makes_tags(
            text in "(<(/?(bold|param|nofill|color|script|comment))>|<|>|\n|[a-z&\"=]){0,60}",
        ) {
            let page = to_page(&text);
            prop_assert!(!page.contains("<script") && !page.contains("<bold"));
        }
    }
}
