//! Which statements of a transaction's batches are sent as one: neighbours that only insert, and statements that letters sharing a
//! transaction have in common. A message costs the server, and us, as much as a row. Sends nothing.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::value::{Column, Param};
use crate::engine::sql_dialect::{Inserts, Joined, JoinedPart, RowsOf, Texts};
use crate::error::StoreError;
use crate::several::{ALL_DONE, DONE, REACH, REACH_ALL, REMEMBER, REMEMBER_ALL};
use crate::statement::{Expect, Statement, StatementResult, Value};

/// At most this many statements, or tables, are combined.
const MAX_PARTS: usize = 12;

/// The position of a statement among those of a transaction's batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) batch: usize,
    pub(super) statement: usize,
}

#[derive(Clone, Copy, Debug)]
struct One<'a> {
    at: At,
    statement: &'a Statement,
}

/// A message to the server.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) text: &'static str,
    pub(super) params: Vec<Param<'a>>,
    pub(super) told: CountedBy,
}

/// How its result gives the result of each of its statements.
#[derive(Debug)]
pub(super) enum CountedBy {
    /// It is a single statement.
    Itself(At),
    /// By a row of counts, for those whose text does not determine it.
    Joined(Vec<Group>),
    /// All of them did what they should if it changed this number of rows.
    All { at: Vec<At>, rows: usize },
}

/// Rows inserted into one table.
#[derive(Debug)]
pub(super) struct Group {
    at: Vec<At>,
    inserts: Inserts,
}

impl CountedBy {
    /// The result of each.
    pub(super) fn read(self, mut result: StatementResult) -> Result<Vec<(At, StatementResult)>, Failure> {
        let did = |affected| move |at| (at, StatementResult { affected, rows: Vec::new() });
        match self {
            Self::Itself(at) => Ok(vec![(at, result)]),
            // Which of them failed need not be known: each is then sent alone.
            Self::All { at, rows } => {
                Ok(at.into_iter().map(did(usize::from(result.affected == rows))).collect())
            }
            Self::Joined(groups) => {
                let damaged = || Failure::Store(StoreError::Damaged { what: "a count" });
                let mut counts = result.rows.pop().ok_or_else(damaged)?;
                let mut results = Vec::new();
                for Group { at, inserts } in groups {
                    let affected = match inserts {
                        Inserts::OneRow => 1,
                        Inserts::OneAtMost | Inserts::OrUpdates | Inserts::No => {
                            let count = usize::try_from(counts.count().map_err(Failure::Store)?);
                            // Of several that share a count, either each has added its row or it is unknown which has.
                            match (count.unwrap_or(usize::MAX), at.len()) {
                                (count, 1) => count,
                                (count, all) => usize::from(count == all),
                            }
                        }
                    };
                    results.extend(at.into_iter().map(did(affected)));
                }
                Ok(results)
            }
        }
    }
}

/// Statements that letters, or ends of legs, sharing a transaction have in common. None of them reads what others of them write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alike {
    Remember,
    Done,
    Reach,
}

impl Alike {
    fn of(one: &One<'_>) -> Option<Self> {
        let statement = one.statement;
        let is_plain =
            statement.notes.is_none() && statement.concerns.is_none() && statement.proves.is_none();
        match (statement.sql, statement.expect) {
            (REMEMBER, Expect::One(_)) if is_plain => Some(Self::Remember),
            (DONE, Expect::One(_)) if is_plain => Some(Self::Done),
            (REACH, Expect::One(_)) if is_plain => Some(Self::Reach),
            (_, Expect::Anything | Expect::One(_) | Expect::FreedBodies) => None,
        }
    }

    /// One statement for several. `None`: they cannot be combined.
    fn step<'a>(self, all: &[One<'a>]) -> Option<Step<'a>> {
        let at = all.iter().map(|one| one.at).collect();
        let column = |nth: usize| Column::of(all.iter().filter_map(move |one| one.statement.params.get(nth)));
        let column = |nth| column(nth).map(Param::Column);
        let (text, params, rows) = match self {
            Self::Remember => {
                let after = all.first()?.statement.params.get(2)?;
                (REMEMBER_ALL, vec![column(0)?, column(1)?, Param::Value(after)], all.len())
            }
            Self::Done => (ALL_DONE, vec![column(0)?], all.len()),
            Self::Reach => {
                let mut newest = BTreeMap::new();
                for one in all {
                    let [Value::Text(id), Value::Blob(key), Value::Int(moment)] =
                        one.statement.params.as_slice()
                    else {
                        return None;
                    };
                    let found = newest.entry((id.as_str(), key.as_ref())).or_insert(*moment);
                    *found = (*moment).max(*found);
                }
                let ids = newest.keys().map(|(id, _)| Some(*id)).collect();
                let keys = newest.keys().map(|(_, key)| Some(*key)).collect();
                let moments = newest.values().copied().map(Some).collect();
                let params = [Column::Texts(ids), Column::Blobs(keys), Column::Ints(moments)];
                (REACH_ALL, params.map(Param::Column).into(), newest.len())
            }
        };
        Some(Step { text, params, told: CountedBy::All { at, rows } })
    }
}

/// The messages for these batches, in this order.
///
/// For letters that share a transaction, all fingerprints are stored first, and last all mailboxes are checked and the final rows
/// added: each of these could have come before or after those of the others.
pub(super) fn steps<'a>(texts: &Texts, batches: &[&'a [Statement]]) -> Vec<Step<'a>> {
    let of_batch = |(batch, statements): (usize, &&'a [Statement])| {
        let one = move |(nth, statement)| One { at: At { batch, statement: nth }, statement };
        statements.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let mut left: Vec<One<'a>> = batches.iter().enumerate().flat_map(of_batch).collect();
    let mut steps = Vec::with_capacity(left.len());
    for alike in [Alike::Remember, Alike::Done] {
        let all: Vec<_> = left.iter().copied().filter(|one| Alike::of(one) == Some(alike)).collect();
        if all.len() > 1
            && let Some(step) = alike.step(&all)
        {
            steps.push(step);
            left.retain(|one| Alike::of(one) != Some(alike));
        }
    }
    let (mut middle, mut reached, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for batch in left.chunk_by(|one, other| one.at.batch == other.at.batch) {
        let adds = batch.iter().rev().take_while(|one| adds(texts, one)).count();
        let (before, rows) = batch.split_at(batch.len() - adds);
        let reaches = before.iter().rev().take_while(|one| Alike::of(one) == Some(Alike::Reach)).count();
        let (before, reaches) = before.split_at(before.len() - reaches);
        // Each batch must know whether it changed anything.
        if rows.iter().any(|one| texts.inserts(one.statement.sql) == Inserts::OneRow) {
            middle.push(before.to_vec());
            reached.extend_from_slice(reaches);
            added.extend_from_slice(rows);
        } else {
            middle.push(batch.to_vec());
        }
    }
    middle.iter().for_each(|batch| neighbours(texts, batch, &mut steps));
    match (reached.len() > 1).then(|| Alike::Reach.step(&reached)).flatten() {
        Some(step) => steps.push(step),
        None => neighbours(texts, &reached, &mut steps),
    }
    match by_table(texts, &added, batches.len() > 1) {
        Some(step) => steps.push(step),
        None => neighbours(texts, &added, &mut steps),
    }
    steps
}

fn waits(statement: &Statement) -> bool {
    statement.expect != Expect::Anything || statement.proves.is_some()
}

/// Whether it only inserts a row, or leaves or updates an existing one, and nothing else depends on it.
fn adds(texts: &Texts, one: &One<'_>) -> bool {
    let statement = one.statement;
    match texts.inserts(statement.sql) {
        Inserts::OneRow | Inserts::OneAtMost | Inserts::OrUpdates => {
            !waits(statement) && statement.notes.is_none() && statement.concerns.is_none()
        }
        Inserts::No => false,
    }
}

/// One statement that adds all rows, given as lists if there may be several for a table.
fn by_table<'a>(texts: &Texts, added: &[One<'a>], shared: bool) -> Option<Step<'a>> {
    let mut tables: BTreeMap<&'static str, Vec<One<'a>>> = BTreeMap::new();
    for one in added {
        tables.entry(one.statement.sql).or_default().push(*one);
    }
    if tables.len() > MAX_PARTS || meets_its_own(texts, &tables) {
        return None;
    }
    let (mut parts, mut params, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for (portable, mut rows) in tables {
        let inserts = texts.inserts(portable);
        if let Inserts::OneAtMost = inserts {
            // In one fixed order: two transactions that add the same rows would otherwise deadlock.
            rows.sort_by(|one, other| first_bytes(one).cmp(&first_bytes(other)));
        }
        let of = match rows.as_slice() {
            [one] if !shared => {
                params.extend(one.statement.params.iter().map(Param::Value));
                RowsOf::One(one.statement.params.len())
            }
            rows => RowsOf::Lists { empty: lists(texts, portable, rows, &mut params)? },
        };
        parts.push(JoinedPart { portable: portable.into(), rows: of });
        groups.push(Group { at: rows.iter().map(|one| one.at).collect(), inserts });
    }
    let Joined { text, .. } = texts.joined(parts)?;
    Some(Step { text, params, told: CountedBy::Joined(groups) })
}

/// Whether an upsert among these could meet a row of the others.
fn meets_its_own(texts: &Texts, tables: &BTreeMap<&'static str, Vec<One<'_>>>) -> bool {
    tables.iter().any(|(portable, rows)| {
        let same = |other: &&'static str| table(other) == table(portable);
        texts.inserts(portable) == Inserts::OrUpdates
            && (rows.len() > 1 || tables.keys().filter(|one| same(one)).count() > 1)
    })
}

/// A list for each column; a bit for those that are empty in all rows.
fn lists<'a>(
    texts: &Texts,
    portable: &'static str,
    rows: &[One<'a>],
    params: &mut Vec<Param<'a>>,
) -> Option<u64> {
    let columns = texts.columns(portable).filter(|columns| *columns <= 64)?;
    let mut empty = 0_u64;
    for column in 0..columns {
        let values = rows.iter().map(|one| one.statement.params.get(column).unwrap_or(&Value::Null));
        if values.clone().all(|value| *value == Value::Null) {
            empty |= 1 << column;
        } else {
            params.push(Param::Column(Column::of(values)?));
        }
    }
    Some(empty)
}

fn first_bytes<'a>(one: &One<'a>) -> Option<&'a [u8]> {
    match one.statement.params.first()? {
        Value::Blob(bytes) => Some(bytes),
        Value::Text(text) => Some(text.as_bytes()),
        Value::Null | Value::Int(_) => None,
    }
}

/// Combines neighbours where possible.
fn neighbours<'a>(texts: &Texts, statements: &[One<'a>], steps: &mut Vec<Step<'a>>) {
    let mut left = statements;
    while let Some((first, behind)) = left.split_first() {
        let run = run(texts, left);
        let part = |one: &One<'_>| JoinedPart {
            portable: one.statement.sql.into(),
            rows: RowsOf::One(one.statement.params.len()),
        };
        match texts.joined(run.iter().map(part).collect()) {
            Some(Joined { text, each }) => {
                let params =
                    run.iter().flat_map(|one| one.statement.params.iter().map(Param::Value)).collect();
                let groups = run.iter().zip(each).map(|(one, inserts)| Group { at: vec![one.at], inserts });
                steps.push(Step { text, params, told: CountedBy::Joined(groups.collect()) });
                left = left.get(run.len()..).unwrap_or_default();
            }
            None => {
                steps.push(alone(texts, *first));
                left = behind;
            }
        }
    }
}

fn alone<'a>(texts: &Texts, one: One<'a>) -> Step<'a> {
    let One { at, statement } = one;
    Step {
        text: texts.of(statement.sql),
        params: statement.params.iter().map(Param::Value).collect(),
        told: CountedBy::Itself(at),
    }
}

/// The longest prefix of statements whose order does not matter: none reads or changes what another one wrote.
fn run<'a, 'b>(texts: &Texts, statements: &'b [One<'a>]) -> &'b [One<'a>] {
    let mut length = 0;
    for One { statement, .. } in statements.iter().take(MAX_PARTS) {
        match texts.inserts(statement.sql) {
            Inserts::OneRow | Inserts::OneAtMost if !waits(statement) => length += 1,
            // It could meet a row of its own table.
            Inserts::OrUpdates if !waits(statement) => {
                let table = table(statement.sql);
                let before = statements.get(..length).unwrap_or_default();
                if before.iter().all(|other| self::table(other.statement.sql) != table) {
                    length += 1;
                }
                break;
            }
            Inserts::OneRow | Inserts::OneAtMost | Inserts::OrUpdates | Inserts::No => break,
        }
    }
    statements.get(..length).unwrap_or_default()
}

fn table(insert: &'static str) -> Option<&'static str> {
    insert.split_whitespace().nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{Refusal, sql};

    /// A letter's statements, abridged.
    fn letter(which: u8, mailbox: &str, until: Option<i64>) -> Vec<Statement> {
        let id = format!("{which}");
        vec![
            sql!(REMEMBER, &[which; 32], 1_i64, 9_i64).or_refuse(Refusal::Duplicate),
            sql!("UPDATE sent_lately SET letters = letters + 1 WHERE whose = ?1", id.as_str()),
            sql!(REACH, mailbox, vec![7_u8], i64::from(which)).or_refuse(Refusal::MailboxTaken),
            sql!("INSERT INTO bodies (id, bytes) VALUES (?1, ?2)", id.as_str(), vec![which]),
            sql!("INSERT INTO deposits (id, until) VALUES (?1, ?2)", id.as_str(), until),
            sql!("INSERT INTO threads (tag) VALUES (?1) ON CONFLICT DO NOTHING", &[255 - which; 32]),
        ]
    }

    fn shown(steps: &[Step<'_>]) -> Vec<String> {
        steps.iter().map(|step| format!("{} {:?}", step.text, step.params)).collect()
    }

    #[test]
    fn what_letters_do_alike_is_done_once_for_all_of_them() {
        let texts = Texts::default();
        let letters = [letter(1, "a", None), letter(2, "b", None), letter(3, "a", None)];
        let batches: Vec<&[Statement]> = letters.iter().map(Vec::as_slice).collect();
        let steps = steps(&texts, &batches);
        let told: Vec<usize> = steps
            .iter()
            .map(|step| match &step.told {
                CountedBy::Itself(_) => 1,
                CountedBy::Joined(groups) => groups.iter().map(|group| group.at.len()).sum(),
                CountedBy::All { at, .. } => at.len(),
            })
            .collect();
        assert_eq!(told, [3, 1, 1, 1, 3, 9], "{:#?}", shown(&steps));
        assert_eq!(steps[0].text, REMEMBER_ALL);
        assert_eq!(steps[4].text, REACH_ALL);
        let CountedBy::All { rows, .. } = &steps[4].told else { unreachable!() };
        assert_eq!((*rows, steps[4].params.len()), (2, 3), "a mailbox is changed once");
        assert!(
            format!("{:?}", steps[4].params).contains("Ints([Some(3), Some(2)])"),
            "{:?}",
            steps[4].params
        );
        assert_eq!(
            steps[5].text,
            "WITH s0 AS (INSERT INTO bodies (id, bytes) SELECT c0, c1 FROM unnest($1, $2) AS one (c0, c1)), \
             s1 AS (INSERT INTO deposits (id, until) SELECT c0, NULL FROM unnest($3) AS one (c0)), \
             s2 AS (INSERT INTO threads (tag) SELECT c0 FROM unnest($4) AS one (c0) ON CONFLICT DO NOTHING RETURNING 1) \
             SELECT (SELECT count(*) FROM s2)"
        );
        let Some(CountedBy::Joined(groups)) = steps.into_iter().next_back().map(|step| step.told) else {
            unreachable!()
        };
        let order: Vec<usize> = groups[2].at.iter().map(|at| at.batch).collect();
        assert_eq!(order, [2, 1, 0], "of the same rows others add, in the order that all keep to");
    }

    #[test]
    fn a_letter_alone_says_what_it_said_before() {
        let texts = Texts::default();
        let one = letter(1, "a", Some(5));
        let steps = steps(&texts, &[&one]);
        let words: Vec<_> = steps.iter().map(|step| step.text).collect();
        assert_eq!(words[..3], [REMEMBER, one[1].sql, REACH].map(|portable| texts.of(portable)));
        assert!(
            words[3].starts_with("WITH s0 AS (INSERT INTO bodies (id, bytes) VALUES ($1, $2)), "),
            "{words:?}"
        );
        assert_eq!(words.len(), 4);
    }

    #[test]
    fn rows_of_the_trail_and_its_end_are_one_statement_however_many_they_are() {
        let texts = Texts::default();
        let row = |seq: i64| sql!("INSERT INTO audit (seq) VALUES (?1)", seq);
        let head =
            "INSERT INTO audit_anchors (seq) VALUES (?1) ON CONFLICT (kind) DO UPDATE SET seq = excluded.seq";
        for rows in [2, 40] {
            let all: Vec<Statement> = (0..rows).map(row).chain([sql!(head, rows)]).collect();
            let steps = steps(&texts, &[&all]);
            let [Step { text, .. }] = steps.as_slice() else { unreachable!("{:#?}", shown(&steps)) };
            assert!(
                text.starts_with("WITH s0 AS (INSERT INTO audit (seq) SELECT c0 FROM unnest($1) "),
                "{text}"
            );
        }
        let twice = [row(1), sql!(head, 1_i64), sql!(head, 2_i64)];
        assert_eq!(steps(&texts, &[&twice]).len(), 2, "the second meets what the first has written");
    }

    #[test]
    fn what_must_come_after_the_rows_does() {
        let texts = Texts::default();
        let mut letters = [letter(1, "a", Some(5)), letter(2, "b", None)];
        letters[0]
            .push(sql!("DELETE FROM bounce_memos WHERE token = ?1", "t").or_refuse(Refusal::MailboxTaken));
        let batches: Vec<&[Statement]> = letters.iter().map(Vec::as_slice).collect();
        let words: Vec<_> = steps(&texts, &batches).iter().map(|step| step.text).collect();
        let place = |word: &str| words.iter().position(|text| text.contains(word)).unwrap();
        assert!(place("INSERT INTO bodies") < place("DELETE FROM bounce_memos"), "{words:#?}");
        assert_eq!(words.iter().filter(|text| text.contains("INSERT INTO bodies")).count(), 2);
    }

    #[test]
    fn of_many_that_did_less_than_they_should_none_is_said_to_have_done_it() {
        let at = |batch| At { batch, statement: 0 };
        let told = || CountedBy::All { at: vec![at(0), at(1)], rows: 2 };
        let did = |affected| {
            let read = told().read(StatementResult { affected, rows: Vec::new() }).unwrap();
            read.into_iter().map(|(_, result)| result.affected).collect::<Vec<_>>()
        };
        assert_eq!(did(2), [1, 1]);
        assert_eq!(did(1), [0, 0]);
    }
}
