//! Finds Message-IDs in texts: a receipt, a bounce that is not RFC 3464 and a letter forwarded inline name
//! the letter they refer to that way. Does not know whose they are.

use std::collections::BTreeSet;

use crate::params::percent_decoded;

/// Limit per letter on ids without a label: addresses match too, but are mostly shorter.
const MAX_UNNAMED: usize = 1000;
/// A shorter local part can be guessed; it is an address.
const MIN_LOCAL: usize = 8;
/// RFC 5322 §2.1.1, and far more than any program generates.
const MAX_HALF: usize = 250;
/// How far before it, in bytes, its label may be.
const BEFORE: usize = 40;
/// Places where either half of an identifier is broken.
const MAX_BREAKS: usize = 3;
/// A longer element of a page is no break.
const MAX_ELEMENT: usize = 300;

/// The Message-IDs in the texts of one letter.
#[derive(Default)]
pub(super) struct NamedIds {
    /// Labelled ones, after words like `Message-ID:`.
    pub(super) named: BTreeSet<String>,
    /// Unlabelled strings that may be one.
    pub(super) unnamed: BTreeSet<String>,
    /// Those that are one if a line was wrapped within it, or an element of a page stands there.
    pub(super) broken: BTreeSet<String>,
}

impl NamedIds {
    pub(super) fn look(&mut self, text: &[u8]) {
        if text.get(..64).unwrap_or(text).contains(&0) {
            // UTF-16: the relevant octets are every other one.
            let octets: Vec<u8> = text.iter().copied().filter(|octet| *octet != 0).collect();
            return self.written(&octets);
        }
        self.written(text);
    }

    fn written(&mut self, text: &[u8]) {
        self.within(text);
        for written in ["&#64;", "&#x40;", "&commat;"] {
            if memchr::memmem::find(text, written.as_bytes()).is_some() {
                self.within(&replaced(text, written.as_bytes()));
            }
        }
        // A link to a letter: `message:%3C…%40…%3E`, `mid:…%40…` (RFC 2392).
        if memchr::memmem::find(text, b"%40").is_some() {
            self.within(&percent_decoded(text));
        }
    }

    fn within(&mut self, text: &[u8]) {
        for at in memchr::memchr_iter(b'@', text) {
            let locals = locals(text, at);
            if locals.is_empty() {
                continue;
            }
            let domains = domains(text, at + 1);
            for Half { breaks: local_breaks, edge: start, octets: local } in &locals {
                let words = text.get(start.saturating_sub(BEFORE)..*start + 20.min(local.len()));
                let is_named = says_what_it_is(words.unwrap_or_default());
                for Half { breaks, edge: end, octets: domain } in &domains {
                    let is_broken = local_breaks + breaks > 0;
                    let said = match is_named {
                        true => Said::IsOne,
                        false if local.len() < MIN_LOCAL && is_attributed(text, *start, *end) => {
                            Said::MayBeOne
                        }
                        false => Said::Nothing,
                    };
                    self.found(local, domain, said, is_broken);
                }
            }
        }
    }

    fn found(&mut self, local: &[u8], domain: &[u8], said: Said, is_broken: bool) {
        let domain = String::from_utf8_lossy(domain);
        let domain = domain.trim_matches(['.', ':', '-']);
        let local = String::from_utf8_lossy(local);
        // "mid:", "msgid=" and the like stand before some.
        let bare = local.rsplit([':', '=']).next().filter(|bare| !bare.is_empty() && *bare != local);
        for local in [Some(local.as_ref()), bare].into_iter().flatten() {
            let id = format!("{local}@{domain}");
            let perhaps = if is_broken { &mut self.broken } else { &mut self.unnamed };
            let is_meant = match said {
                Said::IsOne if !is_broken => {
                    self.named.insert(id);
                    continue;
                }
                Said::IsOne | Said::MayBeOne => true,
                Said::Nothing => local.len() >= MIN_LOCAL,
            };
            if is_meant && perhaps.len() < MAX_UNNAMED {
                perhaps.insert(id);
            }
        }
    }
}

/// What the words around it say.
#[derive(Clone, Copy)]
enum Said {
    /// That it is a Message-ID.
    IsOne,
    /// Who wrote: `On Monday <id> wrote`. It may be an address.
    MayBeOne,
    Nothing,
}

/// What may stand on one side of the sign.
struct Half {
    /// How often it is broken.
    breaks: usize,
    /// Where it begins or ends, seen from the sign.
    edge: usize,
    octets: Vec<u8>,
}

/// What may stand before the sign.
fn locals(text: &[u8], at: usize) -> Vec<Half> {
    let mut found = Vec::new();
    let mut local: Vec<u8> = Vec::new();
    let mut end = at;
    for breaks in 0..=MAX_BREAKS {
        let before = text.get(..end).unwrap_or_default();
        let run = before.iter().rev().take(MAX_HALF + 1).take_while(|octet| is_local(**octet)).count();
        let start = end - run;
        local.splice(0..0, text.get(start..end).unwrap_or_default().iter().copied());
        if local.len() > MAX_HALF || (run == 0 && breaks > 0) {
            break;
        }
        if !local.is_empty() {
            found.push(Half { breaks, edge: start, octets: local.clone() });
        }
        match break_before(text.get(..start).unwrap_or_default()) {
            Some(before) => end = before,
            None => break,
        }
    }
    found
}

/// What may stand behind the sign.
fn domains(text: &[u8], at: usize) -> Vec<Half> {
    let mut found = Vec::new();
    let mut domain: Vec<u8> = Vec::new();
    let mut start = at;
    for breaks in 0..=MAX_BREAKS {
        let behind = text.get(start..).unwrap_or_default();
        let run = behind.iter().take(MAX_HALF + 1).take_while(|octet| is_domain(**octet)).count();
        domain.extend_from_slice(behind.get(..run).unwrap_or_default());
        if domain.len() > MAX_HALF || (run == 0 && breaks > 0) {
            break;
        }
        if !domain.is_empty() || behind.first().is_some_and(|octet| !octet.is_ascii()) {
            found.extend(with_other_letters(&domain, behind.get(run..).unwrap_or_default()).map(|octets| {
                let edge = start + run + octets.len().saturating_sub(domain.len());
                Half { breaks, edge, octets }
            }));
        }
        if !domain.is_empty() {
            found.push(Half { breaks, edge: start + run, octets: domain.clone() });
        }
        let behind = behind.get(run..).unwrap_or_default();
        match break_behind(behind) {
            0 => break,
            length => start += run + length,
        }
    }
    found
}

/// The domain as it goes on in letters other than those of ASCII (RFC 6532 §3.2), without the marks behind it. `None`: it does not.
fn with_other_letters(domain: &[u8], behind: &[u8]) -> Option<Vec<u8>> {
    if behind.first().is_none_or(u8::is_ascii) {
        return None;
    }
    let more =
        behind.iter().take(MAX_HALF).take_while(|octet| is_domain(**octet) || !octet.is_ascii()).count();
    let whole = [domain, behind.get(..more).unwrap_or_default()].concat();
    let whole = String::from_utf8(whole).ok()?;
    let bare = whole.trim_end_matches(|c: char| !c.is_alphanumeric());
    (bare.len() > domain.len()).then(|| bare.as_bytes().to_vec())
}

/// Where a break begins that ends here: a line end with the marks of who quotes the next line and the blank that
/// `format=flowed; delsp=yes` takes away (RFC 3676 §4.1), or elements of a page.
fn break_before(text: &[u8]) -> Option<usize> {
    let mut left = text;
    loop {
        if let Some(start) = element_before(left) {
            left = left.get(..start).unwrap_or_default();
            continue;
        }
        let line = without_end(left, is_quoting);
        let Some(before) = line.strip_suffix(b"\n").or(line.strip_suffix(b"\r")) else { break };
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        left = without_end(before, is_blank);
    }
    (left.len() < text.len()).then_some(left.len())
}

/// How long the break is that begins here.
fn break_behind(text: &[u8]) -> usize {
    let mut left = text;
    loop {
        if let Some(length) = element(left) {
            left = left.get(length..).unwrap_or_default();
            continue;
        }
        let line = without_start(left, is_blank);
        let line = line.strip_prefix(b"\r\n").or(line.strip_prefix(b"\n")).or(line.strip_prefix(b"\r"));
        let Some(behind) = line else { break };
        left = without_start(behind, is_quoting);
    }
    text.len() - left.len()
}

/// `<wbr>`, `</b>`, `<!-- -->`: how long it is.
fn element(text: &[u8]) -> Option<usize> {
    let [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!', rest @ ..] = text else { return None };
    let rest = rest.get(..MAX_ELEMENT).unwrap_or(rest);
    let end = rest.iter().position(|octet| matches!(octet, b'>' | b'<' | b'@'))?;
    (rest.get(end) == Some(&b'>')).then_some(end + 3)
}

fn element_before(text: &[u8]) -> Option<usize> {
    let inner = text.strip_suffix(b">")?;
    let from = inner.len().saturating_sub(MAX_ELEMENT);
    // No further than to the mark before: of many lines that begin with `>` each octet is looked at once.
    let is_mark = |octet: &u8| matches!(octet, b'<' | b'>' | b'@');
    let start = from + inner.get(from..)?.iter().rposition(is_mark)?;
    (element(text.get(start..)?) == Some(text.len() - start)).then_some(start)
}

fn without_end(text: &[u8], of: fn(u8) -> bool) -> &[u8] {
    let end = text.iter().rposition(|octet| !of(*octet)).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

fn without_start(text: &[u8], of: fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|octet| !of(*octet)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

fn is_quoting(octet: u8) -> bool {
    is_blank(octet) || matches!(octet, b'>' | b'|')
}

fn is_local(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"<>\"'(),;&[]{}|\\@".contains(&octet)
}

fn is_domain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b".-_[]:".contains(&octet)
}

fn says_what_it_is(before: &[u8]) -> bool {
    let labels =
        ["messageid", "nachrichtenid", "messagenumber", "msgid", "inreplyto", "references", "inarticle"];
    says(before, &labels)
}

/// Whether it is in brackets beside the word of a line that names the author of the quoted text.
fn is_attributed(text: &[u8], start: usize, end: usize) -> bool {
    const WROTE: [&str; 9] =
        ["wrote", "writes", "schrieb", "schreibt", "geschrieben", "acrit", "scrive", "scrisse", "schreef"];
    let before = text.get(start.saturating_sub(BEFORE)..start).unwrap_or_default();
    let behind = text.get(end..text.len().min(end + BEFORE)).unwrap_or_default();
    let is_in = |pair: (&[u8], &[u8])| before.ends_with(pair.0) && behind.starts_with(pair.1);
    let brackets: [(&[u8], &[u8]); 3] = [(b"<", b">"), (b"&lt;", b"&gt;"), (b"&#60;", b"&#62;")];
    brackets.into_iter().any(is_in) && (says(before, &WROTE) || says(behind, &WROTE))
}

/// Whether one of the words is there, whatever is between its letters.
fn says(text: &[u8], words: &[&str]) -> bool {
    let letters: Vec<u8> =
        text.iter().filter(|octet| octet.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    words.iter().any(|word| memchr::memmem::find(&letters, word.as_bytes()).is_some())
}

fn replaced(text: &[u8], written: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, written) {
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        out.push(b'@');
        from = at + written.len();
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        for text in [
            "Message-ID: <Th.1-a@insurer.example>",
            "> Message-Id: <Th.1-a@insurer.example>\r\n",
            "Message-ID:\r\n <Th.1-a@insurer.example>",
            "<b>Message-ID:</b> &lt;Th.1-a@insurer.example&gt;",
            "Message-ID: &lt;Th.1-a&#64;insurer.example&gt;",
            "Nachrichten-ID: Th.1-a@insurer.example.",
            "msgid=Th.1-a@insurer.example;",
            "message id mid:Th.1-a@insurer.example",
            "In article <Th.1-a@insurer.example>, Max wrote:",
            "> References: <Th.1-a@insurer.example>",
        ] {
            let mut ids = NamedIds::default();
            ids.look(text.as_bytes());
            assert!(ids.named.contains("Th.1-a@insurer.example"), "{text}: {:?}", ids.named);
        }
        let mut ids = NamedIds::default();
        ids.look(b"Ihre Nachricht <20261127.0001@insurer.example> vom Montag; anna@x.example, @, a@, @b");
        assert!(ids.named.is_empty());
        assert_eq!(ids.unnamed.iter().collect::<Vec<_>>(), ["20261127.0001@insurer.example"]);
        let wide: Vec<u8> = "Message-ID: <abcdefgh@x.example>".bytes().flat_map(|octet| [octet, 0]).collect();
        ids.look(&wide);
        assert!(ids.named.contains("abcdefgh@x.example"));
        for number in 0..2 * MAX_UNNAMED {
            ids.look(format!("<00000000{number}@x.example>").as_bytes());
        }
        assert_eq!(ids.unnamed.len(), MAX_UNNAMED);
    }

    #[test]
    fn ids_are_found_where_lines_are_wrapped_and_elements_stand_within() {
        let wanted = "CAF8s7aBcd1234x.AB@insurer.example";
        for text in [
            "Message-ID: <CAF8s7aBcd1234x.AB@\r\ninsurer.example>",
            "On Monday <CAF8s7aBcd1234x.AB@\ninsurer.example> wrote",
            "> On Monday <CAF8s7aBcd1234x.AB@\r\n> insurer.example> wrote",
            "> Message-ID: <CAF8s7aBcd1234x.AB@insurer.exa\r\n> mple>",
            "> > <CAF8s7aBcd\r\n> > 1234x.AB@insurer.exa\r\n> > mple>",
            "| <CAF8s7aBcd1234x.AB\r\n|  @insurer.example>",
            // RFC 3676 §4.1
            "On <CAF8s7aBcd1234x.AB@ \r\ninsurer.example> wrote",
            "&lt;CAF8s7aBcd1234x.AB@<wbr>insurer.example&gt;",
            "&lt;CAF8s7aBcd1234x.AB@<b>insurer</b>.example&gt;",
            "&lt;CAF8<wbr/>s7aBcd1234x.AB<!-- -->@<span class=\"a\">insurer</span>.example&gt;",
            "&lt;CAF8s7aBcd1234x.AB<wbr>&#64;insurer.\r\n<wbr>example&gt;",
            "<a href=\"message:%3CCAF8s7aBcd1234x.AB%40insurer.example%3E\">x</a>",
            "<a href='mid:CAF8s7aBcd1234x.AB%40insurer.example'>x</a>",
        ] {
            let wide: Vec<u8> = text.bytes().flat_map(|octet| [octet, 0]).collect();
            for bytes in [text.as_bytes(), &wide] {
                let mut ids = NamedIds::default();
                ids.look(bytes);
                let all = [&ids.named, &ids.unnamed, &ids.broken];
                assert!(all.iter().any(|ids| ids.contains(wanted)), "{text}: {all:?}");
            }
        }
        let mut ids = NamedIds::default();
        ids.look(b"<a@b.example>\n\nText; x@y.example, z@w.example");
        assert!(ids.broken.is_empty(), "{:?}", ids.broken);
        for hostile in
            ["@".repeat(100_000), "a@<b ".repeat(20_000), "x\n".repeat(100_000), "a@\n".repeat(50_000)]
        {
            ids.look(hostile.as_bytes());
        }
    }

    #[test]
    fn domains_in_letters_of_any_language_are_found() {
        for text in [
            "Message-ID: <abcdefgh@müller.example>",
            "Message-ID: abcdefgh@müller.example”",
            "Message-ID: <abcdefgh@\u{f6}.m\u{fc}ller.example>, x",
            "Message-ID: <abcdefgh@insurer.example”",
        ] {
            let mut ids = NamedIds::default();
            ids.look(text.as_bytes());
            let wanted = ["abcdefgh@müller.example", "abcdefgh@ö.müller.example", "abcdefgh@insurer.example"];
            assert!(wanted.iter().any(|id| ids.named.contains(*id)), "{text}: {:?}", ids.named);
        }
    }

    /// A short one looks like an address; beside a word that says who wrote it counts all the same.
    #[test]
    fn short_ids_count_where_the_line_says_who_wrote() {
        for text in [
            "On Monday <4711@insurer.example> wrote:",
            "Am Montag schrieb Max <4711@insurer.example>:",
            "Am 30.11.2026 um 10:00 schrieb &lt;4711@insurer.example&gt;:",
            "Le lundi <4711@insurer.example> a \u{e9}crit :",
            "> On Monday <4711@\r\n> insurer.example> wrote:",
            "&#60;4711&#64;insurer.example&#62; writes",
        ] {
            let mut ids = NamedIds::default();
            ids.look(text.as_bytes());
            let found = ids.unnamed.iter().chain(&ids.broken).any(|id| id == "4711@insurer.example");
            assert!(found && ids.named.is_empty(), "{text}: {:?}", ids.unnamed);
        }
        for text in ["On Monday anna@x.example wrote", "Max <anna@x.example>, Bert <bert@x.example>"] {
            let mut ids = NamedIds::default();
            ids.look(text.as_bytes());
            assert!(ids.unnamed.is_empty() && ids.broken.is_empty(), "{text}: {:?}", ids.unnamed);
        }
    }
}
