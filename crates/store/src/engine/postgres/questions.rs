//! Queries that share a transaction: the same query for several tags is sent once for all of them. Sends
//! nothing itself.

use super::value::Param;
use crate::engine::sql_dialect::Texts;
use crate::several::{ALL_REACHED, REACHED};
use crate::statement::{Row, Statement, Value};

/// A query as sent to the server.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) text: &'static str,
    pub(super) params: Vec<Param<'a>>,
    pub(super) asks: Asks<'a>,
}

/// The statements it answers, by index.
#[derive(Debug)]
pub(super) enum Asks<'a> {
    One(usize),
    /// Each gets the rows with its tag, which is the second column.
    ByTag(Vec<Alike<'a>>),
}

/// One of the statements with the same text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alike<'a> {
    nth: usize,
    tag: &'a Value,
    sized: &'a Value,
}

/// The queries that answer these statements.
pub(super) fn questions<'a>(texts: &Texts, statements: &'a [Statement]) -> Vec<Question<'a>> {
    let mut asked = Vec::with_capacity(statements.len());
    // Queries that need sizes would delay the others.
    let (mut plain, mut sized) = (Vec::new(), Vec::new());
    for (nth, statement) in statements.iter().enumerate() {
        match statement.params.as_slice() {
            [tag @ Value::Blob(_), with_size] if statement.sql == REACHED => match with_size {
                Value::Int(0) => plain.push(Alike { nth, tag, sized: with_size }),
                Value::Int(_) | Value::Null | Value::Text(_) | Value::Blob(_) => {
                    sized.push(Alike { nth, tag, sized: with_size });
                }
            },
            _ => asked.push(alone(texts, nth, statement)),
        }
    }
    for alike in [plain, sized] {
        match alike.as_slice() {
            [] => {}
            [one] => asked.extend(statements.get(one.nth).map(|statement| alone(texts, one.nth, statement))),
            [first, ..] => {
                let params =
                    vec![Param::Tags(alike.iter().filter_map(tag).collect()), Param::Value(first.sized)];
                asked.push(Question { text: ALL_REACHED, params, asks: Asks::ByTag(alike) });
            }
        }
    }
    asked
}

fn tag<'a>(one: &Alike<'a>) -> Option<&'a [u8]> {
    match one.tag {
        Value::Blob(bytes) => Some(bytes),
        Value::Null | Value::Int(_) | Value::Text(_) => None,
    }
}

fn alone<'a>(texts: &Texts, nth: usize, statement: &'a Statement) -> Question<'a> {
    let params = statement.params.iter().map(Param::Value).collect();
    Question { text: texts.of(statement.sql), params, asks: Asks::One(nth) }
}

impl Asks<'_> {
    /// Distributes the rows to the statements.
    pub(super) fn answered(self, rows: Vec<Row>, answers: &mut [Vec<Row>]) {
        match self {
            Self::One(nth) => {
                if let Some(answer) = answers.get_mut(nth) {
                    *answer = rows;
                }
            }
            Self::ByTag(alike) => {
                for Alike { nth, tag, .. } in alike {
                    let own = rows.iter().filter(|row| row.second() == Some(tag)).map(Row::again);
                    if let Some(answer) = answers.get_mut(nth) {
                        answer.extend(own);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::sql;

    #[test]
    fn what_is_asked_alike_is_asked_once_and_each_gets_its_own() {
        let texts = Texts::default();
        let reached = |tag: u8, sized: i64| sql!(REACHED, &[tag; 32], sized);
        let statements =
            [reached(1, 0), sql!("SELECT 1 FROM legs"), reached(2, 0), reached(1, 0), reached(3, 1)];
        let asked = questions(&texts, &statements);
        let words: Vec<_> = asked.iter().map(|one| one.text).collect();
        assert_eq!(words, ["SELECT 1 FROM legs", ALL_REACHED, texts.of(REACHED)]);
        let mut answers: Vec<Vec<Row>> = Vec::new();
        answers.resize_with(statements.len(), Vec::new);
        let row = |id: &str, tag: u8| Row::new(vec![id.into(), Value::from(&[tag; 32])]);
        for one in asked {
            let rows = match &one.asks {
                Asks::ByTag(_) => vec![row("one", 1), row("two", 2)],
                Asks::One(4) => vec![row("three", 3)],
                Asks::One(_) => Vec::new(),
            };
            one.asks.answered(rows, &mut answers);
        }
        let ids = answers
            .into_iter()
            .map(|rows| rows.into_iter().map(|mut row| row.text().unwrap()).collect::<Vec<_>>().join(" "));
        assert_eq!(ids.collect::<Vec<_>>(), ["one", "", "two", "one", "three"]);
    }
}
