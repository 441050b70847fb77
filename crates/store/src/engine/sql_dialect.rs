//! Translates portable SQL for PostgreSQL: parameters, skipped rows, column types. Pure; knows no connection.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock};

/// At most this many combined texts are cached; further ones are sent uncombined.
const MAX_JOINED: usize = 256;

/// A constant text, compared by its address, which avoids comparing pages of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextId(&'static str);

impl From<&'static str> for TextId {
    fn from(text: &'static str) -> Self {
        Self(text)
    }
}

impl PartialEq for TextId {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for TextId {}

impl Hash for TextId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.as_ptr().addr(), self.0.len()).hash(state);
    }
}

/// Translated texts. All are constants of this crate, so their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    known: RwLock<HashMap<TextId, KnownText>>,
    joined: RwLock<HashMap<Vec<JoinedPart>, Joined>>,
}

#[derive(Clone, Copy, Debug)]
struct KnownText {
    text: &'static str,
    inserts: Inserts,
    /// The positions between which any number of rows may be listed.
    rows: Option<RowPlaces>,
}

/// For `INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT DO NOTHING`: the text before and after `VALUES`, and the number of
/// columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowPlaces {
    before: &'static str,
    columns: usize,
    behind: &'static str,
}

/// A part of a combined statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JoinedPart {
    pub(crate) portable: TextId,
    pub(crate) rows: RowsOf,
}

/// How many rows an insertion adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RowsOf {
    /// One, with this many parameters.
    One(usize),
    /// As many as the lists have entries, one list per column. Columns that are empty in all rows, a bit each, have no list.
    Lists { empty: u64 },
}

/// What a statement's text shows that it inserts, reading nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserts {
    /// One row, or it fails.
    OneRow,
    /// One row, unless it exists.
    OneAtMost,
    /// One row, or it updates the existing one.
    OrUpdates,
    /// It does something else.
    No,
}

/// One statement that does the work of several. It returns a row with the number of rows inserted by those whose text does not
/// determine it.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) text: &'static str,
    pub(crate) each: Vec<Inserts>,
}

impl Texts {
    /// The statement in PostgreSQL's dialect.
    pub(crate) fn of(&self, portable: &'static str) -> &'static str {
        self.known(portable).text
    }

    /// What it inserts.
    pub(crate) fn inserts(&self, portable: &'static str) -> Inserts {
        self.known(portable).inserts
    }

    /// How many columns its row has, if any number of rows may replace it.
    pub(crate) fn columns(&self, portable: &'static str) -> Option<usize> {
        self.known(portable).rows.map(|rows| rows.columns)
    }

    fn known(&self, portable: &'static str) -> KnownText {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&portable.into()) {
            return *known;
        }
        let text = Box::leak(statement(portable, 0).into_boxed_str());
        let known = KnownText { text, inserts: inserts(portable), rows: row_places(portable) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner).entry(portable.into()).or_insert(known)
    }

    /// Combines several inserting statements; their parameters are concatenated. `None`: not worthwhile, or not possible.
    pub(crate) fn joined(&self, parts: Vec<JoinedPart>) -> Option<Joined> {
        if let [] | [JoinedPart { rows: RowsOf::One(_), .. }] = parts.as_slice() {
            return None;
        }
        if let Some(known) = self.joined.read().unwrap_or_else(PoisonError::into_inner).get(&parts) {
            return Some(known.clone());
        }
        let known: Vec<(JoinedPart, KnownText)> =
            parts.iter().map(|part| (*part, self.known(part.portable.0))).collect();
        let mut joined = self.joined.write().unwrap_or_else(PoisonError::into_inner);
        if joined.len() >= MAX_JOINED {
            return None;
        }
        let text = Box::leak(join(&known)?.into_boxed_str());
        let each = known.iter().map(|(_, known)| known.inserts).collect();
        Some(joined.entry(parts).or_insert(Joined { text, each }).clone())
    }
}

/// `?1` becomes `$1`, or a higher number. Where the first process takes what no other has leased (`/*LOCK*/`), locked rows are
/// skipped.
pub(crate) fn statement(portable: &str, before: usize) -> String {
    let mut out = String::with_capacity(portable.len());
    let mut in_text = false;
    let mut chars = portable.chars().peekable();
    while let Some(char) = chars.next() {
        in_text ^= char == '\'';
        if char != '?' || in_text {
            out.push(char);
            continue;
        }
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        match digits.parse::<usize>() {
            Ok(number) => out.push_str(&format!("${}", number + before)),
            Err(_none) => out.push('?'),
        }
    }
    out.replace("/*LOCK*/", "FOR UPDATE SKIP LOCKED")
}

fn inserts(portable: &str) -> Inserts {
    let reads = ["SELECT", "RETURNING"].iter().any(|word| portable.contains(word));
    if reads || !portable.trim_start().starts_with("INSERT INTO ") || !portable.contains(" VALUES (") {
        return Inserts::No;
    }
    if portable.contains("DO UPDATE") {
        Inserts::OrUpdates
    } else if portable.contains("ON CONFLICT") {
        Inserts::OneAtMost
    } else {
        Inserts::OneRow
    }
}

fn row_places(portable: &'static str) -> Option<RowPlaces> {
    if inserts(portable) == Inserts::No {
        return None;
    }
    let (before, values) = portable.split_once(" VALUES (")?;
    let (values, behind) = values.split_once(')')?;
    let columns = values.split(',').count();
    let is_plain = values.split(',').zip(1_usize..).all(|(value, nth)| value.trim() == format!("?{nth}"));
    (is_plain && !behind.contains('?')).then_some(RowPlaces { before, columns, behind })
}

/// No part sees the effect of another, as within one statement.
fn join(parts: &[(JoinedPart, KnownText)]) -> Option<String> {
    let (mut inserting, mut counting, mut before) = (Vec::new(), Vec::new(), 0);
    for (nth, (JoinedPart { portable, rows }, known)) in parts.iter().enumerate() {
        let text = match rows {
            RowsOf::One(params) => {
                let text = statement(portable.0, before);
                before += params;
                text
            }
            RowsOf::Lists { empty } => of_lists(known.rows?, *empty, &mut before),
        };
        match known.inserts {
            Inserts::OneRow => inserting.push(format!("s{nth} AS ({text})")),
            Inserts::OneAtMost | Inserts::OrUpdates | Inserts::No => {
                inserting.push(format!("s{nth} AS ({text} RETURNING 1)"));
                counting.push(format!("(SELECT count(*) FROM s{nth})"));
            }
        }
    }
    if counting.is_empty() {
        counting.push("1".to_owned());
    }
    Some(format!("WITH {} SELECT {}", inserting.join(", "), counting.join(", ")))
}

/// The same text for any number of rows.
fn of_lists(places: RowPlaces, empty: u64, params: &mut usize) -> String {
    let RowPlaces { before, columns, behind } = places;
    let (mut values, mut lists, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for column in 0..columns {
        if empty >> column & 1 == 1 {
            values.push("NULL".to_owned());
            continue;
        }
        *params += 1;
        lists.push(format!("${params}"));
        names.push(format!("c{column}"));
        values.push(format!("c{column}"));
    }
    let (values, lists, names) = (values.join(", "), lists.join(", "), names.join(", "));
    format!("{before} SELECT {values} FROM unnest({lists}) AS one ({names}){behind}")
}

/// A migration. Four words differ, and our files use them for nothing else.
pub(crate) fn schema(portable: &str) -> String {
    let code: Vec<&str> =
        portable.lines().map(|line| line.split_once("--").map_or(line, |(code, _comment)| code)).collect();
    let words = [
        ("INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
        ("BLOB", "BYTEA"),
        // Compared by bytes, as in SQLite. Any other order would sort differently, and vary with the system's library.
        ("TEXT", "TEXT COLLATE \"C\""),
        (" WITHOUT ROWID", ""),
    ];
    words.iter().fold(code.join("\n"), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renumbered_outside_of_texts_only() {
        let texts = Texts::default();
        const TEXT: &str = "SELECT '?1', a FROM t WHERE b = ?1 AND c = ?12 LIMIT ?2 /*LOCK*/";
        let said = texts.of(TEXT);
        assert_eq!(said, "SELECT '?1', a FROM t WHERE b = $1 AND c = $12 LIMIT $2 FOR UPDATE SKIP LOCKED");
        assert!(std::ptr::eq(said, texts.of(TEXT)));
    }

    #[test]
    fn what_only_inserts_is_joined_and_says_what_each_did() {
        let texts = Texts::default();
        let part = |portable: &'static str, params| JoinedPart {
            portable: portable.into(),
            rows: RowsOf::One(params),
        };
        let parts = [
            part("INSERT INTO a (b, c) VALUES (?1, ?2)", 2),
            part("INSERT INTO d (e) VALUES (?1) ON CONFLICT DO NOTHING", 1),
            part("INSERT INTO a (b, c) VALUES (?1, ?2)", 2),
        ];
        let joined = texts.joined(parts.to_vec()).unwrap();
        assert_eq!(
            joined.text,
            "WITH s0 AS (INSERT INTO a (b, c) VALUES ($1, $2)), \
             s1 AS (INSERT INTO d (e) VALUES ($3) ON CONFLICT DO NOTHING RETURNING 1), \
             s2 AS (INSERT INTO a (b, c) VALUES ($4, $5)) SELECT (SELECT count(*) FROM s1)"
        );
        assert_eq!(joined.each, [Inserts::OneRow, Inserts::OneAtMost, Inserts::OneRow]);
        assert!(texts.joined(parts[..1].to_vec()).is_none(), "one is one");
    }

    #[test]
    fn rows_of_one_table_are_added_from_lists_however_many_there_are() {
        let texts = Texts::default();
        let part = |portable: &'static str, empty| JoinedPart {
            portable: portable.into(),
            rows: RowsOf::Lists { empty },
        };
        let parts = [
            part("INSERT INTO a (b, c, d) VALUES (?1, ?2, ?3)", 0b010),
            part("INSERT INTO d (e) VALUES (?1) ON CONFLICT DO NOTHING", 0),
        ];
        assert_eq!(
            texts.joined(parts.to_vec()).unwrap().text,
            "WITH s0 AS (INSERT INTO a (b, c, d) SELECT c0, NULL, c2 FROM unnest($1, $2) AS one (c0, c2)), \
             s1 AS (INSERT INTO d (e) SELECT c0 FROM unnest($3) AS one (c0) ON CONFLICT DO NOTHING RETURNING 1) \
             SELECT (SELECT count(*) FROM s1)"
        );
        for text in [
            "INSERT INTO a (b) VALUES ('one')",
            "INSERT INTO a (b, c) VALUES (?2, ?1)",
            "INSERT INTO a (b) VALUES (?1) ON CONFLICT (b) DO UPDATE SET c = ?2",
        ] {
            assert_eq!(texts.columns(text), None, "{text}");
        }
    }

    #[test]
    fn what_reads_is_not_taken_for_an_insert() {
        assert_eq!(inserts("INSERT INTO a (b) SELECT c FROM d"), Inserts::No);
        assert_eq!(inserts("INSERT INTO a (b) VALUES (?1) RETURNING b"), Inserts::No);
        assert_eq!(inserts("UPDATE a SET b = ?1"), Inserts::No);
        assert_eq!(
            inserts("INSERT INTO a (b) VALUES (?1) ON CONFLICT (b) DO UPDATE SET b = excluded.b"),
            Inserts::OrUpdates
        );
    }

    #[test]
    fn the_schema_says_the_same_in_other_words() {
        let portable = "-- BLOB and TEXT are SQLite's.\nCREATE TABLE a (\n    seq INTEGER PRIMARY KEY, -- TEXT\n    \
                        name TEXT NOT NULL,\n    sealed BLOB\n) WITHOUT ROWID;";
        assert_eq!(
            schema(portable),
            "\nCREATE TABLE a (\n    seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \n    \
             name TEXT COLLATE \"C\" NOT NULL,\n    sealed BYTEA\n);"
        );
    }
}
