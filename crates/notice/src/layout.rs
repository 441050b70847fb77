//! The one layout of all notices, as text and as HTML. Escapes everything; knows no kinds of notice.

use askama::Template;
use sealpost_mail::{Brand, Colour};

use crate::error::NoticeError;
use crate::inline_logo::LOGO_CID;
use crate::language::Words;
use crate::notice::Rendered;
use crate::sanitize;

/// Maximum length of text lines, except links (RFC 5322 §2.1.1 asks for 78).
const WIDTH: usize = 72;

/// The parts of a notice, in reading order. Every text is one line and already sanitised.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) subject: String,
    pub(crate) preview: String,
    pub(crate) heading: String,
    pub(crate) intro: Vec<String>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) button: Option<Button>,
    pub(crate) deadline: Option<String>,
    pub(crate) steps: Option<Section>,
    pub(crate) more: Vec<String>,
    pub(crate) genuine: Option<Section>,
    pub(crate) reader: Reader,
}

/// The reader of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person with a mailbox in which to write.
    #[default]
    Recipient,
    /// One of the operator's people, who has no mailbox.
    Inside,
}

/// One line of the box with sender, subject and date.
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    /// To be copied character by character: a password.
    pub(crate) exact: bool,
}

/// The call to action.
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) link: String,
}

/// A heading with a list.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: Vec<String>,
}

/// The footer of every notice.
struct Foot {
    link_hint: String,
    help_title: String,
    contact: Vec<String>,
    automatic: String,
    imprint_label: String,
    imprint_link: Option<String>,
    imprint: Vec<String>,
    privacy_label: String,
    privacy: Option<String>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a> {
    tag: &'a str,
    direction: String,
    brand: &'a str,
    portal: &'a str,
    logo: Option<Image<'a>>,
    colour: Colour,
    ink: Colour,
    page: &'a Page,
    foot: &'a Foot,
}

struct Image<'a> {
    cid: &'a str,
    width: u16,
    height: u16,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a> {
    brand: &'a str,
    portal: &'a str,
    page: &'a Page,
    foot: &'a Foot,
}

/// Renders the page in both forms.
pub(crate) fn lay_out(page: &Page, words: &Words, brand: &Brand) -> Result<Rendered, NoticeError> {
    let foot = foot(words, brand, page.reader)?;
    let (name, portal) = (sanitize::line(&brand.name), sanitize::line(&brand.portal_name));
    let html = Html {
        tag: words.tag(),
        direction: words.say("direction")?,
        brand: &name,
        portal: &portal,
        logo: brand.mail_logo().map(|(_, (width, height))| Image { cid: LOGO_CID, width, height }),
        colour: brand.colour,
        ink: brand.colour.ink_on(),
        page,
        foot: &foot,
    };
    let text = Text { brand: &name, portal: &portal, page, foot: &foot };
    Ok(Rendered { subject: page.subject.clone(), text: text.render()? + "\n", html: html.render()? })
}

fn foot(words: &Words, brand: &Brand, reader: Reader) -> Result<Foot, NoticeError> {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(sanitize::line).filter(|line| !line.is_empty()).collect()
    };
    let web = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    let imprint = brand.imprint.as_deref().map(str::trim).unwrap_or_default();
    let imprint_link = Some(imprint).filter(web).map(safe_link).transpose()?;
    Ok(Foot {
        link_hint: words.say("link-hint")?,
        help_title: words.say("help-title")?,
        contact: lines(&brand.help()),
        automatic: words.say(match reader {
            Reader::Recipient => "automatic",
            Reader::Inside => "automatic-inside",
        })?,
        imprint_label: words.say("imprint")?,
        imprint: if imprint_link.is_some() { Vec::new() } else { lines(imprint) },
        imprint_link,
        privacy_label: words.say("privacy")?,
        privacy: brand.privacy.as_deref().map(safe_link).transpose()?,
    })
}

/// A link in a mail: plain http(s), nothing that breaks out of an attribute, and no address in it, because
/// links end up in histories, proxies and logs.
pub(crate) fn safe_link(link: &str) -> Result<String, NoticeError> {
    let web = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    let good = web.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
        && link.len() <= 2000
        && link.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}@".contains(&b))
        && !link.to_ascii_lowercase().contains("%40");
    if good { Ok(link.to_owned()) } else { Err(NoticeError::Link) }
}

/// `text` in lines of at most [`WIDTH`] characters, further lines indented by `indent`.
fn wrap(text: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut column = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Underlines a heading. Not with equals signs: quoted-printable would expand each to three characters.
fn underline(text: &str) -> String {
    "-".repeat(text.chars().count().min(WIDTH))
}

/// `label` and as many blanks as the longest label of `facts` needs.
fn padded(label: &str, facts: &[Fact]) -> String {
    let widest = facts.iter().map(|fact| fact.label.chars().count()).max().unwrap_or(0);
    let missing = widest.saturating_sub(label.chars().count());
    format!("{label}:{}", " ".repeat(missing + 1))
}

/// The column in which the values of `facts` begin.
fn value_column(facts: &[Fact]) -> usize {
    facts.iter().map(|fact| fact.label.chars().count()).max().unwrap_or(0) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_no_person_and_breaks_out_of_nothing() {
        for good in ["https://portal.example/a/x_y-Z0", "http://127.0.0.1:8080/", "https://[::1]/a?b=c#d"] {
            assert_eq!(safe_link(good).unwrap(), good);
        }
        for bad in [
            "",
            "https://",
            "https:///x",
            "javascript:alert(1)",
            "ftp://x/",
            "https://portal.example/?u=max@web.example",
            "https://portal.example/?u=max%40web.example",
            "https://user@portal.example/",
            "https://portal.example/\"onclick=",
            "https://portal.example/ x",
            "https://portal.example/\r\nBcc: x",
            "https://pörtal.example/",
        ] {
            assert!(safe_link(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_are_short_and_long_words_whole() {
        let long = format!("{} https://portal.example/{}", "word ".repeat(40), "x".repeat(90));
        let wrapped = wrap(&long, 4);
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH || line.contains("https://")));
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("    ")));
        assert_eq!(wrapped.split_whitespace().count(), long.split_whitespace().count());
    }
}
