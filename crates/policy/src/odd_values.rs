//! Values that compile but never match, because they use another program's notation: TOML's backspace, Perl's slashes,
//! a list in one string, wildcards of a shell or a mail program. Says how to write what was meant; knows no letter.

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::compile::RuleError;
use crate::file_pattern;
use crate::media_type;
use crate::sensitivity_label;
use crate::spec::{HeaderSpec, RuleSpec, When};

/// How certain it is that a value is a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oddity {
    /// It cannot be intended.
    Wrong,
    /// It may be intended.
    Doubtful,
}

/// What is odd about a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Odd {
    wrong: String,
    hint: String,
    oddity: Oddity,
}

impl Odd {
    fn wrong(wrong: impl Into<String>, hint: impl Into<String>) -> Option<Self> {
        Some(Self { wrong: wrong.into(), hint: hint.into(), oddity: Oddity::Wrong })
    }

    fn doubtful(wrong: impl Into<String>, hint: impl Into<String>) -> Option<Self> {
        Some(Self { wrong: wrong.into(), hint: hint.into(), oddity: Oddity::Doubtful })
    }
}

/// Values of a rule that may be intended, but mostly are not.
#[must_use]
pub fn doubtful(spec: &RuleSpec) -> Vec<RuleError> {
    errors(&spec.name, &spec.when, Oddity::Doubtful)
}

/// The first value that cannot be intended.
pub(crate) fn first_wrong(spec: &RuleSpec) -> Result<(), RuleError> {
    errors(&spec.name, &spec.when, Oddity::Wrong).into_iter().next().map_or(Ok(()), Err)
}

fn errors(rule: &str, when: &When, oddity: Oddity) -> Vec<RuleError> {
    let all = all(when).into_iter().filter(|(_, odd)| odd.oddity == oddity);
    all.map(|(field, odd)| RuleError::new(rule, field, odd.wrong, odd.hint)).collect()
}

fn all(when: &When) -> Vec<(&'static str, Odd)> {
    let mut all = Vec::new();
    let mut look = |field, texts: &[String], odd: &dyn Fn(&str) -> Option<Odd>| {
        all.extend(texts.iter().filter_map(|text| odd(text)).map(|odd| (field, odd)));
    };
    look("subject-tag", &when.subject_tag, &tag);
    look("subject-pattern", &when.subject_pattern, &|text| pattern(text).or_else(|| whole(text)));
    look("text-pattern", &when.text_pattern, &pattern);
    look("attachment-name", &when.attachment_name, &name);
    look("attachment-type", &when.attachment_type, &kind);
    look("label", &when.label, &label);
    for HeaderSpec { name, present: _, equals, pattern: patterns } in &when.header {
        look("header", std::slice::from_ref(name), &field_name);
        look("header", equals, &value);
        look("header", patterns, &pattern);
    }
    look("from", &when.from, &address);
    look("recipient", &when.recipient, &address);
    look("reverse-path", &when.reverse_path, &address);
    all.extend(when.not.iter().flat_map(self::all));
    all
}

fn pattern(text: &str) -> Option<Odd> {
    if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let meant = text.replace('\u{8}', "\\b").replace('\u{c}', "\\f");
        return Odd::wrong(
            format!(
                "there is a U+{:04X} in it, which no letter has: between double quotes TOML makes one of a backslash and a letter",
                u32::from(c)
            ),
            format!("write it between single quotes: '{meant}'"),
        );
    }
    if let Some((inner, flags)) = in_slashes(text) {
        let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
        return Odd::wrong(
            format!("`{text}` is written as in Perl; here the slashes would have to stand in the letter"),
            format!("write '{flags}{inner}'; slashes that are meant: [/]"),
        );
    }
    if text.starts_with(['*', '?']) {
        let inner = text.trim_matches(['*', '?']);
        return Odd::wrong(
            format!("`{text}` is written with wildcards; this is a regular expression"),
            format!("write '{inner}': it is found wherever it stands"),
        );
    }
    let is_plain = !text.contains(['\\', '(', '[', '{', '*', '+', '?', '^', '$', '.']);
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    let is_list = parts.len() > 1 && parts.iter().all(|part| !part.is_empty() && !part.contains(' '));
    if is_plain && (is_list || text.contains(" | ")) {
        return Odd::doubtful(
            format!("`{text}` reads like a list, and matches only where it stands just so"),
            "write a list, [\"…\", \"…\"], or a|b without blanks",
        );
    }
    None
}

/// `/…/i`, `m/…/`, `qr/…/`: the part between, and its flags.
fn in_slashes(text: &str) -> Option<(&str, String)> {
    let behind = ["qr/", "m/", "/"].iter().find_map(|start| text.strip_prefix(start))?;
    let (inner, flags) = behind.rsplit_once('/')?;
    let is_flag = |c: char| "gimsuxy".contains(c);
    let kept: String = flags.chars().filter(|c| "imsx".contains(*c)).collect();
    (!inner.is_empty() && flags.chars().all(is_flag)).then_some((inner, kept))
}

/// Nothing but a word between the beginning and the end of a subject.
fn whole(text: &str) -> Option<Odd> {
    let hir = regex_syntax::parse(text).ok()?;
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let is_start = |part: &Hir| matches!(part.kind(), HirKind::Look(Look::Start | Look::StartLF));
    let is_end = |part: &Hir| matches!(part.kind(), HirKind::Look(Look::End | Look::EndLF));
    let is_fixed = hir.properties().minimum_len() == hir.properties().maximum_len();
    if parts.first().is_some_and(is_start) && parts.last().is_some_and(is_end) && is_fixed {
        return Odd::doubtful(
            format!("`{text}` takes only a subject in which nothing else stands"),
            "leave out ^ and $: it is found wherever it stands",
        );
    }
    None
}

const TAG_HINT: &str =
    "a tag is plain text, found wherever it stands in the subject; for more there is subject-pattern";

fn tag(text: &str) -> Option<Odd> {
    if ["subject:", "betreff:"].iter().any(|name| text.to_lowercase().starts_with(name)) {
        return Odd::wrong(format!("`{text}` names the field, which is no part of the subject"), TAG_HINT);
    }
    let is_pattern = text.contains('\\')
        || text.contains("(?")
        || text.contains(".*")
        || (text.starts_with('^') && text.len() > 1)
        || text.ends_with('$')
        || in_slashes(text).is_some_and(|(_, flags)| !flags.is_empty());
    if is_pattern {
        return Odd::wrong(format!("`{text}` is written as a pattern"), TAG_HINT);
    }
    let several = several(text, &[',', ';', '|'], Brackets::EndPiece);
    if several.len() > 1 {
        return Odd::wrong(
            format!("`{text}` is one tag, and would have to stand in the subject just so"),
            format!("write a list: {}", list(&several)),
        );
    }
    if text.contains([',', ';', '|']) {
        let inside: Vec<String> = text
            .trim_matches(['[', ']', '(', ')', '{', '}'])
            .split([',', ';', '|'])
            .map(|one| format!("[{}]", one.trim()))
            .collect();
        return Odd::doubtful(
            format!("`{text}` is one tag, and must stand in the subject just so"),
            format!("if these are several, write a list: {}", list(&inside)),
        );
    }
    let stars = text.starts_with('*') || text.ends_with('*');
    if stars || in_slashes(text).is_some() {
        return Odd::doubtful(
            format!("`{text}`: stars and slashes are compared like letters"),
            format!("write \"{}\" unless people type them", text.trim_matches(['*', '/'])),
        );
    }
    None
}

/// The meaning of square brackets in a list written as one string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brackets {
    /// Consecutive brackets with a blank or a word between them are items.
    EndPiece,
    /// They are ordinary characters.
    Plain,
}

/// The items between separators outside of brackets.
fn several(text: &str, marks: &[char], brackets: Brackets) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && marks.contains(&c) {
            pieces.push(String::new());
            continue;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        let is_parted = brackets == Brackets::EndPiece
            && depth == 0
            && c == ']'
            && chars.peek().is_some_and(|next| *next == ' ');
        if is_parted && chars.clone().any(|c| c == '[') {
            // "or", "oder" between two are not items.
            let mut between = String::new();
            while let Some(next) = chars.next_if(|next| *next != '[') {
                between.push(next);
            }
            if between.chars().count() > 8 {
                return vec![text.to_owned()];
            }
            pieces.push(String::new());
        }
    }
    pieces.iter().map(|piece| piece.trim().to_owned()).filter(|piece| !piece.is_empty()).collect()
}

fn list(pieces: &[String]) -> String {
    let quoted: Vec<String> = pieces.iter().map(|piece| format!("{piece:?}")).collect();
    format!("[{}]", quoted.join(", "))
}

const NAME_HINT: &str =
    "a name with * and ?, like \"*.pdf\" or \"befund*\"; of several endings \"*.{pdf,docx}\"";

fn name(text: &str) -> Option<Odd> {
    if media_type::is_top_level(text.split('/').next().unwrap_or_default()) && text.contains('/') {
        return Odd::wrong(format!("`{text}` is a media type"), "put it under attachment-type");
    }
    if let Some(odd) = wildcard(text) {
        return Some(odd);
    }
    if text.contains('/') {
        return Odd::doubtful(format!("`{text}` names a folder, and names of files have none"), NAME_HINT);
    }
    let is_bare = !text.contains(['*', '?', '.', '{']);
    let is_ending = text.len() <= 5 && text.chars().all(|c| c.is_ascii_alphanumeric());
    if is_bare && is_ending {
        return Odd::wrong(
            format!("`{text}` takes only a file that is called so, without an ending"),
            format!("write \"*.{text}\""),
        );
    }
    if is_bare {
        return Odd::doubtful(
            format!("`{text}` takes only a file that is called so, without an ending"),
            format!("write \"*{text}*\" for all names in which it stands"),
        );
    }
    None
}

/// What is odd in a pattern for names or types.
fn wildcard(text: &str) -> Option<Odd> {
    let pieces = several(text, &[',', ';', '|', ' '], Brackets::Plain);
    let starts = |piece: &String| piece.starts_with(['*', '.']) || piece.contains('/');
    if pieces.len() > 1 && pieces.iter().all(starts) {
        return Odd::wrong(format!("`{text}` is one pattern"), format!("write a list: {}", list(&pieces)));
    }
    if text.contains(['{', '}']) && file_pattern::expanded(text).is_none() {
        return Odd::wrong(format!("the braces in `{text}` do not fit together"), NAME_HINT);
    }
    let is_regex = text.contains('\\')
        || text.starts_with(['^', '(', '/'])
        || (text.ends_with('$') && !text.ends_with("*$"))
        || text.starts_with(".*")
        || (text.contains('(') && text.contains('|'))
        || text.contains("/.*");
    if is_regex {
        return Odd::wrong(format!("`{text}` is written as a regular expression"), NAME_HINT);
    }
    let ending = text.rsplit_once('.').map(|(_, ending)| ending).filter(|_| text.contains('*'));
    if let Some((before, _)) = ending.and_then(|ending| ending.split_once('[')) {
        return Odd::wrong(
            format!("`{text}`: brackets do not choose between letters"),
            format!("write the endings out: \"*.{{{before}…,{before}…}}\""),
        );
    }
    None
}

fn kind(text: &str) -> Option<Odd> {
    if text.contains(';') && !text.contains(',') && text.split(';').skip(1).any(|one| one.contains('=')) {
        let bare = text.split(';').next().unwrap_or_default().trim();
        return Odd::wrong(
            format!("`{text}` has a parameter, and types are compared without theirs"),
            format!("write \"{bare}\""),
        );
    }
    if let Some(odd) = wildcard(text) {
        return Some(odd);
    }
    let Some((top, _)) = text.split_once('/') else {
        let ending = text.trim_start_matches(['*', '.']);
        return Odd::wrong(
            format!("`{text}` is no media type"),
            format!("write it like \"application/pdf\" or \"image/*\", or attachment-name = \"*.{ending}\""),
        );
    };
    if !media_type::is_top_level(&top.to_ascii_lowercase()) {
        return Odd::wrong(
            format!("`{text}`: there are no media types that begin with `{top}/`"),
            "there are application, audio, image, message, model, multipart, text and video",
        );
    }
    None
}

/// The format of label ids: `f42aa342-8706-4288-bd11-ebb85995028c`.
const GUID: [usize; 5] = [8, 4, 4, 4, 12];

fn label(text: &str) -> Option<Odd> {
    let bare = sensitivity_label::bare(text);
    let parts: Vec<&str> = bare.split('-').collect();
    let is_number = parts.len() > 3 && bare.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    if is_number && !parts.iter().map(|part| part.len()).eq(GUID) {
        return Odd::wrong(
            format!("`{text}` is no whole number of a label: some of it is missing, or too much"),
            "copy all 36 characters, like f42aa342-8706-4288-bd11-ebb85995028c",
        );
    }
    let pieces = several(text, &[',', ';', '|'], Brackets::Plain);
    (pieces.len() > 1)
        .then(|| {
            Odd::doubtful(
                format!("`{text}` is one label"),
                format!("if these are several, write a list: {}", list(&pieces)),
            )
        })
        .flatten()
}

fn field_name(text: &str) -> Option<Odd> {
    text.contains(['*', '?'])
        .then(|| {
            Odd::wrong(
                format!("`{text}`: names of fields are whole, without wildcards"),
                "write a condition for each name: header = [{ name = \"…\" }, { name = \"…\" }]",
            )
        })
        .flatten()
}

fn value(text: &str) -> Option<Odd> {
    let has_stars = text.len() > 1 && (text.starts_with('*') || text.ends_with('*'));
    let is_pattern = has_stars
        || text == "*"
        || text.contains("(?")
        || text.contains(".*")
        || (text.len() > 2 && text.starts_with('^') && text.ends_with('$'))
        || in_slashes(text).is_some_and(|(_, flags)| !flags.is_empty());
    is_pattern
        .then(|| {
            Odd::wrong(
                format!("`{text}` is written as a pattern, and `equals` is the whole value"),
                "write pattern = '(?i)…' in its place; with the name alone, the field is there",
            )
        })
        .flatten()
}

fn address(text: &str) -> Option<Odd> {
    let pieces = several(text, &[',', ';', '|', ' '], Brackets::Plain);
    if pieces.len() > 1 && pieces.iter().all(|piece| piece.contains(['@', '.', '*'])) {
        return Odd::wrong(format!("`{text}` is one address"), format!("write a list: {}", list(&pieces)));
    }
    if let Some(meant) = text.strip_prefix('!') {
        return Odd::doubtful(
            format!("`{text}` takes an address that begins with an exclamation mark, and excepts none"),
            format!("for all but `{meant}`, put it into `not`"),
        );
    }
    let local = text.rsplit_once('@').map_or("", |(local, _)| local);
    if !local.is_empty() && local.chars().all(|c| c == '?') {
        return Odd::doubtful(
            format!("`{text}`: each ? is one letter, and nobody is called so"),
            "write * for any name",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(when: &str) -> Vec<(Oddity, String, String)> {
        let when: When = toml::from_str(when).unwrap_or_else(|error| panic!("{when}: {error}"));
        all(&when).into_iter().map(|(_, odd)| (odd.oddity, odd.wrong, odd.hint)).collect()
    }

    #[test]
    fn what_nobody_can_have_meant_is_wrong_and_says_how_to_write_it() {
        for (when, hint) in [
            (r#"text-pattern = "\bvertraulich\b""#, r"'\bvertraulich\b'"),
            (r#"subject-pattern = "\bgeheim""#, r"'\bgeheim'"),
            ("text-pattern = '/vertraulich/i'", "'(?i)vertraulich'"),
            ("text-pattern = '/vertraulich/'", "'vertraulich'"),
            ("subject-pattern = 'm/geheim/'", "'geheim'"),
            ("header = { name = 'X', pattern = 'qr/geheim/gi' }", "'(?i)geheim'"),
            ("text-pattern = '*vertraulich*'", "'vertraulich'"),
            ("subject-tag = '[a-b], [c-d]'", r#"["[a-b]", "[c-d]"]"#),
            ("subject-tag = '[a-b] [c-d]'", r#"["[a-b]", "[c-d]"]"#),
            ("subject-tag = '[a-b];[c-d]'", r#"["[a-b]", "[c-d]"]"#),
            ("subject-tag = '[a-b] oder [c-d]'", r#"["[a-b]", "[c-d]"]"#),
            ("subject-tag = 'vertraulich, geheim'", r#"["vertraulich", "geheim"]"#),
            (r"subject-tag = '\[vertraulich\]'", "plain text"),
            ("subject-tag = '(?i)vertraulich'", "plain text"),
            ("subject-tag = 'Betreff: [vertraulich]'", "plain text"),
            ("attachment-name = 'pdf'", "\"*.pdf\""),
            ("attachment-name = '*.pdf, *.doc'", r#"["*.pdf", "*.doc"]"#),
            ("attachment-name = '*.pdf *.doc'", r#"["*.pdf", "*.doc"]"#),
            ("attachment-name = '*.pdf|*.doc'", r#"["*.pdf", "*.doc"]"#),
            ("attachment-name = '.pdf;.doc'", r#"[".pdf", ".doc"]"#),
            ("attachment-name = '*.{pdf,doc'", "*.{pdf,docx}"),
            (r"attachment-name = '.*\.pdf'", "*.pdf"),
            ("attachment-name = '.*pdf$'", "*.pdf"),
            ("attachment-name = '*.doc[xm]'", "*.{doc"),
            ("attachment-name = 'application/pdf'", "attachment-type"),
            ("attachment-type = 'pdf'", "attachment-name = \"*.pdf\""),
            ("attachment-type = '*.pdf'", "attachment-name = \"*.pdf\""),
            ("attachment-type = 'text/plain; charset=utf-8'", "\"text/plain\""),
            ("attachment-type = 'image/png, image/jpeg'", r#"["image/png", "image/jpeg"]"#),
            ("attachment-type = 'image/(png|jpeg)'", ""),
            ("attachment-type = 'images/*'", "image"),
            ("attachment-type = 'image/.*'", ""),
            ("header = { name = 'X-*' }", "whole"),
            ("header = { name = 'X', equals = 'yes*' }", "pattern"),
            ("header = { name = 'X', equals = '(?i)yes' }", "pattern"),
            ("recipient = 'a@x.example, b@x.example'", r#"["a@x.example", "b@x.example"]"#),
            ("label = 'f42aa342-8706-4288-bd11-ebb85995028'", "36"),
            ("label = '{f42aa342-8706-4288-bd11}'", "36"),
            ("from = 'x.example y.example'", r#"["x.example", "y.example"]"#),
            (r#"[not]\n[[not.not]]\nsubject-tag = '[a-b], [c-d]'"#.replace("\\n", "\n").as_str(), "list"),
        ] {
            let found = odd(when);
            let [(oddity, wrong, said)] = found.as_slice() else { panic!("{when}: {found:?}") };
            assert_eq!(*oddity, Oddity::Wrong, "{when}: {wrong}");
            assert!(said.contains(hint) || wrong.contains(hint), "{when}: {wrong} / {said}");
        }
    }

    #[test]
    fn what_somebody_may_mean_is_doubted() {
        for when in [
            "recipient = '!a@web.example'",
            "recipient = '!web.example'",
            "recipient = '?@web.example'",
            "subject-pattern = '^vertraulich$'",
            "subject-pattern = '(?i)^vertraulich$'",
            "text-pattern = 'vertraulich, geheim'",
            "text-pattern = 'vertraulich | geheim'",
            "subject-tag = '[vertraulich, geheim]'",
            "subject-tag = '*vertraulich*'",
            "attachment-name = 'befundbericht'",
            "attachment-name = 'berichte/*.pdf'",
            "label = 'Intern, Vertraulich'",
        ] {
            let found = odd(when);
            assert!(matches!(found.as_slice(), [(Oddity::Doubtful, _, _)]), "{when}: {found:?}");
        }
    }

    #[test]
    fn what_is_written_as_it_is_meant_is_left_alone() {
        for when in [
            r"text-pattern = '(?i)\bvertraulich\b'",
            r"subject-pattern = '^(?i)geheim:\s+\d{4}$'",
            r"subject-pattern = '^\[offen\]'",
            "text-pattern = '(?m)^Diagnose:$'",
            r#"text-pattern = "Diagnose:\n""#,
            "text-pattern = 'geheim|vertraulich'",
            "text-pattern = 'Sehr geehrte, liebe Frau Muster'",
            "subject-tag = ['[vertraulich]', 'vertraulich', '[A][B]', '#geheim', 'streng vertraulich', '!!']",
            "attachment-name = ['*.pdf', '*.{pdf,doc}', '.pdf', 'befund*.pdf', 'rechnung.pdf', '*geheim*', '*', 'rechnung[1].pdf', 'a, b.pdf', '*a, b*.pdf', 'wichtig ?.doc']",
            "attachment-type = ['application/pdf', 'image/*', 'application/x-pdf', 'image/jpg', '*/pdf', 'application/{pdf,zip}', 'application/vnd.*']",
            "label = ['{f42aa342-8706-4288-bd11-ebb85995028c}', 'Streng Vertraulich']",
            "header = [{ name = 'X-Class', equals = 'yes' }, { name = 'X', pattern = '^yes$' }, { name = 'Y', equals = '' }]",
            "recipient = ['a@x.example', '*.x.example', 'x.example', 'claims-*@x.example', '*']",
        ] {
            assert_eq!(odd(when), [], "{when}");
        }
    }
}
