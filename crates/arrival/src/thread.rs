//! Whether a letter replies to one of the portal's, or passes one on: by Message-IDs, however they are written. Judges nothing.

use std::collections::BTreeSet;
use std::iter::once;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealpost_mail::{Domain, Head, composed, html_to_text, is_bracket, tidied};
use sealpost_policy::Known;
use sealpost_vault::TagKey;

use crate::context::Shared;

/// How often entities are decoded.
const MAX_ENTITIES: usize = 3;

/// Tags per query.
const AT_ONCE: usize = 500;

/// Fields that name the letters a reply belongs to (RFC 5322 §3.6.4), and those of mail programs that pass one on.
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

/// Length of a Thread-Index's first block (MS-OXOMSG §2.2.1.3), and of what each reply adds.
const FIRST: usize = 22;
const ANSWER: usize = 5;
/// Of a longer conversation only the latest replies are considered.
const MAX_ANSWERS: usize = 500;

/// Maximum octets of all conversation indexes that are looked up.
const MAX_PLACES: usize = 4 * 1024 * 1024;

/// A letter's Thread-Index, as Outlook writes it: identifies what it replies to, and what it passes on if it names no Message-ID.
/// If there are two of them, it is unknown which one counts, so both do.
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

/// Indexes that identify the letter itself.
fn own_places(head: &Head) -> impl Iterator<Item = String> {
    thread_indexes(head).map(|index| id_of_index(&index))
}

/// The letters above this one in its conversation. Not itself: it may be the other half of a split letter.
fn ancestors(head: &Head) -> impl Iterator<Item = String> {
    thread_indexes(head).flat_map(|index| {
        let lengths = (FIRST..index.len()).step_by(ANSWER);
        lengths.filter_map(|length| index.get(..length)).map(id_of_index).collect::<Vec<_>>()
    })
}

/// Fields that programs add to a letter that they resend (RFC 5322 §3.6.6, and each in its own way).
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

/// The Message-IDs by which the letter may itself be one of the portal's, resent: ids made here, as the portal's are; or any, if
/// the letter says that it is resent. Without that it may just as well be the other half of a letter whose recipients a mail server
/// gives us one by one, and each is judged separately.
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

/// References to letters found in nested letters.
#[derive(Default)]
pub(crate) struct NamedWithin {
    /// Message-IDs as written.
    pub(crate) ids: Vec<String>,
    /// Conversation indexes, as in [`places_of`].
    pub(crate) places: Vec<String>,
    /// Why there may be others.
    pub(crate) hidden: Option<String>,
}

/// The conversation indexes of nested letters, and of those above them: some programs pass a letter on without its Message-ID.
/// `None`: more than can be looked up.
pub(crate) fn places_of(heads: &[Head]) -> Option<Vec<String>> {
    let mut room = MAX_PLACES;
    let mut places = Vec::new();
    for place in heads.iter().flat_map(|head| ancestors(head).chain(own_places(head))) {
        room = room.checked_sub(place.len())?;
        places.push(place);
    }
    Some(places)
}

/// What can be said without the store, which alone knows the portal's letters: whether the letter refers to any others.
pub(crate) fn names_others(head: &Head, our_name: &str, within: Known<NamedWithin>) -> Known<bool> {
    match named(head, our_name, within) {
        Named { ids, otherwise: Known::Yes(_) } => Known::Yes(!ids.is_empty()),
        Named { ids: _, otherwise } => otherwise,
    }
}

/// Which earlier letters are meant.
#[derive(Clone, Copy)]
pub(crate) enum Thread {
    /// Those that a portal user wrote or received.
    Portal,
    /// Those that arrived encrypted from outside: a reply must not leave in clear.
    Closed,
}

impl Thread {
    /// The tags under which a Message-ID of such a letter may be stored: under the present server key, and former ones.
    fn tags_of(self, tags: &TagKey, id: &str) -> Vec<[u8; 32]> {
        match self {
            Self::Portal => once(tags.thread_tag(id)).chain(tags.earlier_thread_tags(id)).collect(),
            Self::Closed => {
                once(tags.closed_thread_tag(id)).chain(tags.earlier_closed_thread_tags(id)).collect()
            }
        }
    }
}

/// Every Message-ID that a letter refers to.
pub(crate) struct Named {
    ids: BTreeSet<String>,
    /// The result if none of them is known.
    otherwise: Known<bool>,
}

/// Whether the letter replies to one of these, is one resent, or contains one. All its references are looked up, however many: a
/// confidential reply must not leave in clear because its thread is long.
pub(crate) async fn known(shared: &Shared, thread: Thread, named: &Named) -> Known<bool> {
    let mut tags: Vec<[u8; 32]> = Vec::new();
    for id in &named.ids {
        for id in spellings(id) {
            tags.extend(thread.tags_of(&shared.keys.tags, &id));
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

/// The Message-IDs that the letter refers to; `within` are those of nested letters.
pub(crate) fn named(head: &Head, our_name: &str, within: Known<NamedWithin>) -> Named {
    let mut texts: Vec<String> = FIELDS.iter().flat_map(|field| head.in_every_way(field)).collect();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut otherwise = Known::Yes(false);
    match within {
        Known::Yes(NamedWithin { ids: more, places, hidden }) => {
            texts.extend(more);
            ids.extend(places);
            // A winmail.dat has the letter's own identifiers.
            for own in own_places(head) {
                ids.remove(&own);
            }
            // What was not examined is not a "no".
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

/// Every Message-ID that a text may contain: as it is, without invisible characters, with a page's entities decoded; and each of
/// them with the changes undone that programs in transit made. `None`: the text grows as no honest one does.
fn candidates(text: &str) -> Option<Vec<String>> {
    let mut ids = message_ids(text);
    if !text.is_ascii() {
        ids.extend(message_ids(&tidied(text)?));
    }
    // Entities, and entities of entities.
    let mut read = text.to_owned();
    for _ in 0..MAX_ENTITIES {
        if !read.contains('&') {
            break;
        }
        read = html_to_text(&read);
        ids.extend(message_ids(&read));
    }
    if text.contains('(') {
        ids.extend(message_ids(&without_comments(text)));
    }
    // Brackets that were encoded with the rest of an address: `%3C…%3E` (RFC 2392), `=3C…=3E`.
    for mark in ['%', '='] {
        let is_bracket = |piece: &str| piece.get(..2).is_some_and(|two| two.eq_ignore_ascii_case("3c"));
        if text.split(mark).skip(1).any(is_bracket) {
            ids.extend(message_ids(&unescaped_at(text, mark)));
        }
    }
    let mended: Vec<String> = ids.iter().flat_map(|id| mended(id)).collect();
    ids.extend(mended);
    Some(ids)
}

/// An id before it was quoted, turned into a web address (`mid:`, RFC 2392), or encoded.
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

/// RFC 5322 §3.2.2: comments are allowed nearly everywhere, and nest. An unterminated one is ignored.
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

/// The tag under which a letter of the portal is stored.
pub(crate) fn tag(shared: &Shared, message_id: &str) -> [u8; 32] {
    shared.keys.tags.thread_tag(&spelt(message_id))
}

/// The tags of a received letter: its Message-ID as parsed, and as looked up for a reply.
pub(crate) fn tags(shared: &Shared, parsed: Option<&str>, head: &Head) -> Vec<[u8; 32]> {
    tags_by(parsed, head, |id| tag(shared, id))
}

/// Those of a letter that arrived encrypted.
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

/// A letter has one Message-ID; what surrounds it is seldom more than a few words.
const MAX_OWN: usize = 8;

/// A Message-ID without angle brackets.
pub(crate) fn bare_id(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// The Message-IDs in the value of In-Reply-To or References: in angle brackets, whatever surrounds them (RFC 5322 §3.6.4: nothing
/// is required between two; §4.5.4: words are allowed), and every separate word, as some programs omit the brackets. If a quoted
/// local part contains brackets, both readings.
fn message_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        ids.extend(bare_words(before));
        if behind.trim_start().starts_with('"') {
            ids.extend(quoted_id(behind));
        }
        // An unterminated bracket ends at the next one.
        let end = behind.find(['>', '<']).unwrap_or(behind.len());
        let (inside, tail) = behind.split_at_checked(end).unwrap_or((behind, ""));
        ids.push(inside.split_whitespace().collect());
        rest = tail.strip_prefix('>').unwrap_or(tail);
    }
    ids.extend(bare_words(rest));
    ids.retain(|id: &String| !id.is_empty());
    ids
}

/// RFC 5322 §3.2.4: inside quotes a bracket is an ordinary character.
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

/// RFC 5322 §2.1.1: a line has at most 998 characters, and so has anything on it.
const MAX_QUOTED: usize = 998;

fn bare_words(text: &str) -> impl Iterator<Item = String> {
    let edge = |c: char| (c.is_ascii_punctuation() && c != '"') || (!c.is_ascii() && is_bracket(c));
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(move |word| word.trim_matches(edge).to_owned())
}

/// Every spelling in which it may have been tagged: as it is now, as it was before domains were normalised, and before anything was.
fn spellings(message_id: &str) -> BTreeSet<String> {
    let before = spelt_by_case(message_id);
    BTreeSet::from([spelt(message_id), composed(&before), before, message_id.to_owned()])
}

/// Normalises the spelling: without brackets and white space, the local part unquoted, in lower case, characters composed (NFC), the
/// domain in A-labels (RFC 5890 §2.3.2.1). Two Message-IDs that differ only in that are taken for one: the letter then goes into the
/// portal once too often, never once too seldom.
fn spelt(message_id: &str) -> String {
    let id = composed(&spelt_by_case(message_id));
    let labels = |(local, domain): (&str, &str)| {
        let domain = Domain::parse(domain).ok().filter(|_| !domain.is_ascii())?;
        Some(format!("{local}@{}", domain.as_str()))
    };
    id.rsplit_once('@').and_then(labels).unwrap_or(id)
}

fn spelt_by_case(message_id: &str) -> String {
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

/// RFC 5322 §3.2.4: a backslash in a quoted string quotes the next character.
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
            "%3CTh.One@Insurer.Example%3E",
            "%3cTh.One%40Insurer.Example%3e",
            "<x@y> message:%3CTh.One%40Insurer.Example%3E",
            "mid:%3CTh.One@Insurer.Example%3E",
            "=3CTh.One=40Insurer.Example=3E",
            "x@y,%3CTh.One@Insurer.Example%3E%20%3Cz@y%3E",
            "&amp;lt;Th.One@Insurer.Example&amp;gt;",
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
        for id in [
            "AbC@Versicherer-Müller.Example",
            "abc@versicherer-mu\u{308}ller.example",
            "abc@VERSICHERER-MÜLLER.EXAMPLE",
            "abc@VERSICHERER-MU\u{308}LLER.EXAMPLE",
            "abc@xn--versicherer-mller-f3b.example",
            "abc@XN--Versicherer-Mller-F3B.example",
        ] {
            assert_eq!(spelt(id), "abc@xn--versicherer-mller-f3b.example", "{id}");
            assert!(spellings(id).contains(id) && spellings(id).contains(&id.to_lowercase()), "{id}");
        }
        assert_eq!(spelt("u\u{308}@x.example"), spelt("\u{fc}@x.example"));
    }
}
