//! Whether a letter answers one of the portal's, or hands one on: Message-IDs, found however they are written. Judges
//! nothing.

use std::collections::BTreeSet;
use std::iter::once;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Head, html_to_text, is_bracket, tidied};
use sealpost_policy::Known;
use sealpost_vault::TagKey;

use crate::context::Shared;

/// Tags asked for in one question to the store.
const AT_ONCE: usize = 500;

/// Fields that name the letters an answer belongs to (RFC 5322 §3.6.4), and those of mail programs that hand one on.
pub(crate) const FIELDS: [&str; 10] = [
    "In-Reply-To",
    "References",
    "X-Forwarded-Message-Id",
    "X-MS-Exchange-Parent-Message-Id",
    "X-Original-Message-ID",
    "Original-Message-ID",
    // RFC 4021 §2.1.46 and §2.1.52 (RFC 2156 §2.3.1.2)
    "Supersedes",
    "Obsoletes",
    "X-References",
    "X-Forward-Of",
];

/// Of a Thread-Index (MS-OXOMSG §2.2.1.3): what begins a conversation, and what each answer adds.
const FIRST: usize = 22;
const ANSWER: usize = 5;
/// A longer conversation is looked at from its latest answers on.
const MAX_ANSWERS: usize = 500;

/// Octets that places in conversations may take in all, as they are looked up.
const MAX_PLACES: usize = 4 * 1024 * 1024;

/// The place of a letter in a conversation, as Outlook writes it: what it answers, and hands on where it names no Message-ID.
/// Where there are two of them nobody knows which one counts, and both do.
fn thread_indexes(head: &Head) -> impl Iterator<Item = Vec<u8>> {
    head.all("Thread-Index").into_iter().take(MAX_OWN).filter_map(|text| {
        let text: String = text.split_whitespace().collect();
        let index = STANDARD.decode(text).ok()?;
        (index.len() >= FIRST && index.len() <= FIRST + ANSWER * MAX_ANSWERS).then_some(index)
    })
}

fn id_of_index(index: &[u8]) -> String {
    format!("thread-index:{}", STANDARD.encode(index)).to_lowercase()
}

/// Where the head names its own letter.
fn own_places(head: &Head) -> impl Iterator<Item = String> {
    thread_indexes(head).map(|index| id_of_index(&index))
}

/// The letters above this one in its conversation. Not itself: it may be the other half of a letter.
fn ancestors(head: &Head) -> impl Iterator<Item = String> {
    thread_indexes(head).flat_map(|index| {
        let lengths = (FIRST..index.len()).step_by(ANSWER);
        lengths.filter_map(|length| index.get(..length)).map(id_of_index).collect::<Vec<_>>()
    })
}

/// What programs write into a letter that they send on as it is (RFC 5322 §3.6.6, and each its own way).
const SENT_ON: [&str; 8] = [
    "Delivered-To",
    "X-Original-To",
    "X-Forwarded-To",
    "X-Forwarded-For",
    "X-Sieve-Redirected-From",
    "X-MS-Exchange-Inbox-Rules-Loop",
    "X-MS-Exchange-ForwardingLoop",
    "X-Autoforward",
];

/// The Message-IDs by which the letter may itself be one of the portal's, sent on: made here, as the portal's own are; or
/// anybody's, where the letter says that it is sent on. Without that it may as well be the other half of a letter whose
/// recipients a mail server told us of one by one, and each is judged by itself.
fn own_ids(head: &Head, our_name: &str) -> Vec<String> {
    let is_resent = |name: &str| name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("resent-"));
    let is_sent_on =
        SENT_ON.iter().any(|field| head.count(field) > 0) || head.fields().any(|(name, _)| is_resent(name));
    let is_ours = |id: &String| {
        spelt(id).rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(our_name))
    };
    let written = ["Message-ID", "Resent-Message-ID"].into_iter().flat_map(|field| head.all(field));
    let ids = written.filter_map(|text| candidates(&text)).flatten();
    ids.filter(|id| is_sent_on || is_ours(id)).collect()
}

/// What names letters within a letter.
#[derive(Default)]
pub(crate) struct NamedWithin {
    /// Message-IDs as they are written.
    pub(crate) ids: Vec<String>,
    /// Places in conversations, as [`places_of`] has them.
    pub(crate) places: Vec<String>,
    /// Why there may be others.
    pub(crate) hidden: Option<String>,
}

/// The places in conversations of the letters within it, and of those above them: some programs hand a letter on without its
/// Message-ID. `None`: more than can be looked up.
pub(crate) fn places_of(heads: &[Head]) -> Option<Vec<String>> {
    let mut room = MAX_PLACES;
    let mut places = Vec::new();
    for place in heads.iter().flat_map(|head| ancestors(head).chain(own_places(head))) {
        room = room.checked_sub(place.len())?;
        places.push(place);
    }
    Some(places)
}

/// What is to be told without the store, which alone knows the portal's letters: whether the letter names any others.
pub(crate) fn names_others(head: &Head, our_name: &str, within: Known<NamedWithin>) -> Known<bool> {
    match named(head, our_name, within) {
        Named { ids, otherwise: Known::Yes(_) } => Known::Yes(!ids.is_empty()),
        Named { ids: _, otherwise } => otherwise,
    }
}

/// Which letters of before are meant.
#[derive(Clone, Copy)]
pub(crate) enum Thread {
    /// Those that a portal user wrote or got.
    Portal,
    /// Those that came in encrypted from the world: what answers one must not leave in clear.
    Closed,
}

impl Thread {
    /// Under which a Message-ID of such a letter may be remembered: under the server key of today, and those of before.
    fn tags_of(self, tags: &TagKey, id: &str) -> Vec<[u8; 32]> {
        match self {
            Self::Portal => once(tags.thread_tag(id)).chain(tags.earlier_thread_tags(id)).collect(),
            Self::Closed => {
                once(tags.closed_thread_tag(id)).chain(tags.earlier_closed_thread_tags(id)).collect()
            }
        }
    }
}

/// Every Message-ID that a letter names.
pub(crate) struct Named {
    ids: BTreeSet<String>,
    /// What is to be said if none of them is known.
    otherwise: Known<bool>,
}

/// Whether the letter answers one of these, is one sent on, or has one within. All that it names are looked up, however
/// many: a confidential answer must not leave in clear because its thread is long.
pub(crate) async fn known(shared: &Shared, thread: Thread, named: &Named) -> Known<bool> {
    let mut tags: Vec<[u8; 32]> = Vec::new();
    for id in &named.ids {
        // As it was tagged before there was one spelling, and in that.
        for id in [spelt(id).as_str(), id.as_str()] {
            tags.extend(thread.tags_of(&shared.keys.tags, id));
        }
    }
    tags.sort_unstable();
    tags.dedup();
    for some in tags.chunks(AT_ONCE) {
        match shared.store.knows_thread(some).await {
            Ok(false) => {}
            Ok(true) => return Known::Yes(true),
            Err(error) => return Known::Unanswerable(error.to_string()),
        }
    }
    named.otherwise.clone()
}

/// The Message-IDs that the letter names; `within` are those of the letters in it.
pub(crate) fn named(head: &Head, our_name: &str, within: Known<NamedWithin>) -> Named {
    let mut texts: Vec<String> = FIELDS.iter().flat_map(|field| head.all(field)).collect();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut otherwise = Known::Yes(false);
    match within {
        Known::Yes(NamedWithin { ids: more, places, hidden }) => {
            texts.extend(more);
            ids.extend(places);
            // A winmail.dat says of its own letter what the letter says of itself.
            for own in own_places(head) {
                ids.remove(&own);
            }
            // What nobody has seen is not "no".
            otherwise = hidden.map_or(otherwise, Known::Never);
        }
        Known::Unasked => {}
        Known::Unanswerable(why) => otherwise = Known::Unanswerable(why),
        Known::Never(why) => otherwise = Known::Never(why),
    }
    for text in texts {
        match candidates(&text) {
            Some(more) => ids.extend(more),
            None => otherwise = Known::Never("it names letters in too many characters".to_owned()),
        }
    }
    ids.extend(own_ids(head, our_name));
    ids.extend(ancestors(head));
    Named { ids, otherwise }
}

/// Every Message-ID that a text may name: as it stands, as it reads without what nobody sees, out of a page's entities;
/// and each of them undone from what programs on the way did to it. `None`: the text grows as no honest one does.
fn candidates(text: &str) -> Option<Vec<String>> {
    let mut ids = message_ids(text);
    if !text.is_ascii() {
        ids.extend(message_ids(&tidied(text)?));
    }
    if text.contains('&') {
        ids.extend(message_ids(&html_to_text(text)));
    }
    if text.contains('(') {
        ids.extend(message_ids(&without_comments(text)));
    }
    let mended: Vec<String> = ids.iter().flat_map(|id| mended(id)).collect();
    ids.extend(mended);
    Some(ids)
}

/// What an id was before it was quoted, taken for an address of the web (`mid:`, RFC 2392), or encoded.
fn mended(id: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |one: &str| {
        if one != id && !one.is_empty() {
            out.push(one.to_owned());
        }
    };
    let bare = id.trim_matches(|c: char| matches!(c, '<' | '>' | '.' | ',' | ';'));
    let bare = match bare.split_once(':') {
        Some((scheme, rest))
            if ["mid", "cid", "news", "mailto"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) =>
        {
            rest
        }
        Some(_) | None => bare,
    };
    add(bare);
    let plain: String = bare.chars().filter(|c| *c != '\\').collect();
    add(&plain);
    for mark in ['%', '='] {
        if plain.contains(mark) {
            add(&unescaped_at(&plain, mark));
        }
    }
    out
}

/// `%40` and `=40` as the ASCII characters they stand for.
fn unescaped_at(text: &str, mark: char) -> String {
    let mut pieces = text.split(mark);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match digits.filter(u8::is_ascii_graphic) {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(piece.get(2..).unwrap_or_default());
            }
            None => {
                out.push(mark);
                out.push_str(piece);
            }
        }
    }
    out
}

/// RFC 5322 §3.2.2: comments may stand nearly everywhere, and they nest. One that is never closed is none.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The tag under which a letter of the portal is remembered.
pub(crate) fn tag(shared: &Shared, message_id: &str) -> [u8; 32] {
    shared.keys.tags.thread_tag(&spelt(message_id))
}

/// The tags of a letter that came in: its Message-ID as it was parsed, and as it is looked up in an answer.
pub(crate) fn tags(shared: &Shared, parsed: Option<&str>, head: &Head) -> Vec<[u8; 32]> {
    tags_by(parsed, head, |id| tag(shared, id))
}

/// Those of a letter that came in encrypted.
pub(crate) fn closed_tags(shared: &Shared, head: &Head) -> Vec<[u8; 32]> {
    tags_by(None, head, |id| shared.keys.tags.closed_thread_tag(&spelt(id)))
}

fn tags_by(parsed: Option<&str>, head: &Head, tag: impl Fn(&str) -> [u8; 32]) -> Vec<[u8; 32]> {
    let written = head.all("Message-ID");
    let ids = written.iter().flat_map(|text| message_ids(text)).take(MAX_OWN);
    let ids = parsed.map(str::to_owned).into_iter().chain(ids).chain(own_places(head));
    let mut tags: Vec<[u8; 32]> = ids.map(|id| tag(&id)).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// A letter has one Message-ID; what is written around it is seldom more than a few words.
const MAX_OWN: usize = 8;

/// A Message-ID without angle brackets.
pub(crate) fn bare_id(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// The Message-IDs in the value of In-Reply-To or References: between angle brackets, whatever stands around them
/// (RFC 5322 §3.6.4: nothing needs to stand between two; §4.5.4: words may), and every word that stands alone, as some
/// programs leave the brackets out. Where a quoted local part holds brackets, both readings.
fn message_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        ids.extend(bare_words(before));
        if behind.trim_start().starts_with('"') {
            ids.extend(quoted_id(behind));
        }
        // A bracket that is never closed ends at the next one.
        let end = behind.find(['>', '<']).unwrap_or(behind.len());
        let (inside, tail) = behind.split_at_checked(end).unwrap_or((behind, ""));
        ids.push(inside.split_whitespace().collect());
        rest = tail.strip_prefix('>').unwrap_or(tail);
    }
    ids.extend(bare_words(rest));
    ids.retain(|id: &String| !id.is_empty());
    ids
}

/// RFC 5322 §3.2.4: within quotes a bracket is a letter like others.
fn quoted_id(behind: &str) -> Option<String> {
    let mut quoted = false;
    let mut escaped = false;
    let end = behind.char_indices().take(MAX_QUOTED).find_map(|(at, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some(at),
            _ => {}
        }
        None
    })?;
    behind.get(..end).map(|inside| inside.split_whitespace().collect())
}

/// RFC 5322 §2.1.1: a line has at most 998 characters, so has what fits on one.
const MAX_QUOTED: usize = 998;

fn bare_words(text: &str) -> impl Iterator<Item = String> {
    let edge = |c: char| (c.is_ascii_punctuation() && c != '"') || (!c.is_ascii() && is_bracket(c));
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(move |word| word.trim_matches(edge).to_owned())
}

/// One spelling: without brackets and white space, the local part unquoted, in lower case. Two Message-IDs that
/// differ only so are taken for one: the letter then goes into the portal once too often, never once too seldom.
fn spelt(message_id: &str) -> String {
    let id: String = message_id.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '>')).collect();
    let id = match id.rsplit_once('@') {
        Some((local, domain)) => match local.strip_prefix('"').and_then(|local| local.strip_suffix('"')) {
            Some(quoted) => format!("{}@{domain}", unescaped(quoted)),
            None => id,
        },
        None => id,
    };
    id.to_lowercase()
}

/// RFC 5322 §3.2.4: a backslash in a quoted string stands for what follows it.
fn unescaped(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_are_found_whatever_was_done_to_them() {
        for text in [
            "<Th.One@Insurer.Example>",
            "&lt;Th.One@Insurer.Example&gt;",
            "&#60;Th.One@Insurer.Example&#62;",
            "<x@y> &lt;Th.One@Insurer.Example&gt;",
            "<mid:Th.One@Insurer.Example>",
            "mid:Th.One%40Insurer.Example",
            "<Th.One@Insurer.Example.>",
            "<Th.One%40Insurer.Example>",
            "<Th.One=40Insurer.Example>",
            "<Th%2EOne%40Insurer%2eExample>",
            "<Th.One(c)@Insurer.Example>",
            "<Th.One@(a(b)c)Insurer.Example>",
            "<\\Th.One@Insurer.Example>",
            "<Th.\u{200b}One@Insurer.Example>",
            "\u{ff1c}Th.One@Insurer.Example\u{ff1e}",
            "<Th.One\u{ff20}Insurer.Example>",
            "\u{2039}Th.One@Insurer.Example\u{203a}",
            "\u{ab}Th.One@Insurer.Example\u{bb}",
            "\u{27e8}Th.One@Insurer.Example\u{27e9}",
        ] {
            let found = candidates(text).unwrap();
            assert!(found.iter().any(|id| spelt(id) == "th.one@insurer.example"), "{text}: {found:?}");
        }
        assert!(candidates(&"\u{fdfa}".repeat(10_000)).is_none());
        let many = "<a(".repeat(20_000);
        assert!(candidates(&many).is_some_and(|found| found.len() <= 5 * 20_001));
    }

    #[test]
    fn places_in_conversations_are_bounded_and_none_is_passed_over() {
        let head = |indexes: &[&[u8]]| {
            let fields: String =
                indexes.iter().map(|one| format!("Thread-Index: {}\r\n", STANDARD.encode(one))).collect();
            Head::new(format!("From: a@x.example\r\n{fields}\r\n").into_bytes()).unwrap()
        };
        let (first, other): (Vec<u8>, Vec<u8>) = ((0..27).collect(), (1..23).collect());
        let found = places_of(&[head(&[&first, &other]), head(&[b"short"])]).unwrap();
        let wanted = [&first[..22], &first, &other].map(id_of_index);
        assert!(wanted.iter().all(|one| found.contains(one)) && found.len() == 3, "{found:?}");
        let long = vec![7; FIRST + ANSWER * MAX_ANSWERS];
        let heads: Vec<Head> = (0..20).map(|_| head(&[&long])).collect();
        assert!(places_of(&heads[..1]).is_some());
        assert_eq!(places_of(&heads), None);
    }

    #[test]
    fn a_letter_that_is_sent_on_is_known_by_its_own_id() {
        let ids = |fields: &str| {
            let head = format!("From: a@x.example\r\n{fields}\r\n");
            own_ids(&Head::new(head.into_bytes()).unwrap(), "gate.example").concat()
        };
        assert_eq!(ids("Message-ID: <a@x.example>\r\n"), "", "it may be the other half of one letter");
        assert!(ids("Message-ID: <00ff@Gate.Example>\r\n").contains("00ff@Gate.Example"));
        for mark in [
            "Resent-From: b@x.example",
            "resent-date: x",
            "Delivered-To: b@x.example",
            "X-Forwarded-To: b@x.example",
        ] {
            let found = ids(&format!("{mark}\r\nMessage-ID: <a@x.example>\r\n"));
            assert!(found.contains("a@x.example"), "{mark}");
        }
        assert!(ids("Resent-Message-ID: <r@x.example>\r\n").contains("r@x.example"));
    }

    #[test]
    fn message_ids_are_found_however_they_are_written() {
        assert_eq!(message_ids("<a@x> <b@x>"), ["a@x", "b@x"]);
        assert_eq!(message_ids("<a@x><b@x>"), ["a@x", "b@x"]);
        assert_eq!(
            message_ids("Your message of Monday (late) < a@x > \"Re: <b@x>\""),
            ["Your", "message", "of", "Monday", "late", "a@x", "\"Re", "b@x", "\""]
        );
        assert_eq!(message_ids(" a@x\t b@x "), ["a@x", "b@x"]);
        assert_eq!(message_ids("<a@x> b@x, c@x <d@x"), ["a@x", "b@x", "c@x", "d@x"]);
        assert_eq!(message_ids("<a@x <b@x>"), ["a@x", "b@x"]);
        assert_eq!(message_ids("<lo ng@ x>"), ["long@x"]);
        assert_eq!(message_ids("abc def"), ["abc", "def"]);
        assert_eq!(message_ids("<a@x> no-at"), ["a@x", "no-at"]);
        assert_eq!(message_ids("<\"a>b\"@x> <c@x>"), ["\"a>b\"@x", "\"a", "b\"@x", "c@x"]);
        assert_eq!(message_ids("a@x (added by mx.example)"), ["a@x", "added", "by", "mx.example"]);
        assert_eq!(message_ids("<>"), [""; 0]);
        assert_eq!(message_ids(""), [""; 0]);
    }

    #[test]
    fn a_message_id_has_one_spelling() {
        for id in [
            "AbC@Gate.Example",
            "<abc@gate.example>",
            "\"abc\"@gate.EXAMPLE",
            " abc @ gate.example",
            "\"a\\bc\"@gate.example",
        ] {
            assert_eq!(spelt(id), "abc@gate.example", "{id}");
        }
        assert_eq!(spelt("no-at"), "no-at");
    }
}
