//! Portable SQL as PostgreSQL wants it: parameters, rows to pass by, column types. Pure; knows no connection.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// So many texts are made of others at most; what comes beyond goes as it is.
const MAX_JOINED: usize = 256;

/// Texts that have been translated. They are all constants of this crate, so there are only so many.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    known: RwLock<HashMap<&'static str, Known>>,
    joined: RwLock<HashMap<Vec<&'static str>, Joined>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    text: &'static str,
    inserts: Inserts,
}

/// What a statement is known to insert from its text, beside which it reads nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserts {
    /// A row, or it fails.
    OneRow,
    /// A row, unless it is there.
    OneAtMost,
    /// A row, or it changes the one that is there.
    OrUpdates,
    /// It does something else.
    No,
}

/// One statement that does what several do. It returns a row: how many rows those inserted of which the text does not say it.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) text: &'static str,
    pub(crate) each: Vec<Inserts>,
}

impl Texts {
    /// The statement in PostgreSQL's words.
    pub(crate) fn of(&self, portable: &'static str) -> &'static str {
        self.known(portable).text
    }

    /// What is known of it.
    pub(crate) fn inserts(&self, portable: &'static str) -> Inserts {
        self.known(portable).inserts
    }

    fn known(&self, portable: &'static str) -> Known {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(portable) {
            return *known;
        }
        let known =
            Known { text: Box::leak(statement(portable, 0).into_boxed_str()), inserts: inserts(portable) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner).entry(portable).or_insert(known)
    }

    /// One statement of several that insert, each with so many parameters; theirs follow each other. `None`: not worth it.
    pub(crate) fn joined(
        &self,
        parts: impl ExactSizeIterator<Item = (&'static str, usize)> + Clone,
    ) -> Option<Joined> {
        if parts.len() < 2 {
            return None;
        }
        let key: Vec<&'static str> = parts.clone().map(|(portable, _)| portable).collect();
        if let Some(known) = self.joined.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known.clone());
        }
        let each: Vec<Inserts> = key.iter().map(|portable| self.inserts(portable)).collect();
        let mut joined = self.joined.write().unwrap_or_else(PoisonError::into_inner);
        if joined.len() >= MAX_JOINED {
            return None;
        }
        let text = Box::leak(join(parts.zip(each.iter().copied())).into_boxed_str());
        Some(joined.entry(key).or_insert(Joined { text, each }).clone())
    }
}

/// `?1` becomes `$1`, or a higher number. Where whoever is first takes what nobody else has in hand (`/*LOCK*/`), rows in
/// others' hands are passed by.
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

/// All of it is seen by none of it, as with one statement.
fn join(parts: impl Iterator<Item = ((&'static str, usize), Inserts)>) -> String {
    let (mut inserting, mut counting, mut before) = (Vec::new(), Vec::new(), 0);
    for (nth, ((portable, params), inserts)) in parts.enumerate() {
        let text = statement(portable, before);
        before += params;
        match inserts {
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
    format!("WITH {} SELECT {}", inserting.join(", "), counting.join(", "))
}

/// A change of the schema. Four words differ, and no file of ours uses them for anything else.
pub(crate) fn schema(portable: &str) -> String {
    let code: Vec<&str> =
        portable.lines().map(|line| line.split_once("--").map_or(line, |(code, _comment)| code)).collect();
    let words = [
        ("INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
        ("BLOB", "BYTEA"),
        // As SQLite compares: by bytes. Any other order would change what comes first, and with the system's library.
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
        let said = texts.of("SELECT '?1', a FROM t WHERE b = ?1 AND c = ?12 LIMIT ?2 /*LOCK*/");
        assert_eq!(said, "SELECT '?1', a FROM t WHERE b = $1 AND c = $12 LIMIT $2 FOR UPDATE SKIP LOCKED");
        assert!(std::ptr::eq(
            said,
            texts.of("SELECT '?1', a FROM t WHERE b = ?1 AND c = ?12 LIMIT ?2 /*LOCK*/")
        ));
    }

    #[test]
    fn what_only_inserts_is_joined_and_says_what_each_did() {
        let texts = Texts::default();
        let parts = [
            ("INSERT INTO a (b, c) VALUES (?1, ?2)", 2),
            ("INSERT INTO d (e) VALUES (?1) ON CONFLICT DO NOTHING", 1),
            ("INSERT INTO a (b, c) VALUES (?1, ?2)", 2),
        ];
        let joined = texts.joined(parts.into_iter()).unwrap();
        assert_eq!(
            joined.text,
            "WITH s0 AS (INSERT INTO a (b, c) VALUES ($1, $2)), \
             s1 AS (INSERT INTO d (e) VALUES ($3) ON CONFLICT DO NOTHING RETURNING 1), \
             s2 AS (INSERT INTO a (b, c) VALUES ($4, $5)) SELECT (SELECT count(*) FROM s1)"
        );
        assert_eq!(joined.each, [Inserts::OneRow, Inserts::OneAtMost, Inserts::OneRow]);
        assert!(texts.joined(parts.into_iter().take(1)).is_none(), "one is one");
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
