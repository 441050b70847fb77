//! How large the writing of a table may be, so that its amounts and numbers stay whole in their columns, and how wide those
//! are then. Draws nothing.

use crate::fonts::Fonts;
use crate::line_ends;
use crate::model::{Block, Run, Table};

/// Font size of a table with few columns, in points.
pub(crate) const USUAL: f64 = 9.5;
/// The smallest readable font size.
const MIN_SIZE: f64 = 4.0;
const STEP: f64 = 0.5;
/// The width of a digit relative to its font size.
const FIGURE: f64 = 0.58;
/// More columns are all of one width, with less space between them (the template has the same numbers).
const FEW: usize = 8;
const INSET: f64 = 12.0;
const CLOSE_INSET: f64 = 4.0;
/// What has a figure in it and is no longer than this stays whole: amounts, dates, numbers of contracts and of accounts.
const WHOLE: usize = 24;
/// A sign before an item, and the line beside a quotation.
const MARKER: f64 = 20.0;
const PADDING: f64 = 16.0;

/// The content of one column, in characters.
#[derive(Clone, Copy, Default)]
struct Column {
    /// Its longest line.
    line: usize,
    /// Its longest unbreakable word.
    whole: usize,
}

pub(crate) fn of(table: &Table, width: f64) -> f64 {
    let usual = match table.columns {
        0..=5 => USUAL,
        6..=FEW => 8.5,
        9..=12 => 7.0,
        13..=20 => 5.5,
        _ => MIN_SIZE,
    };
    let columns = columns(table);
    let mut size = usual;
    while size > MIN_SIZE && !fits(&columns, width, size) {
        size -= STEP;
    }
    size.max(MIN_SIZE)
}

fn columns(table: &Table) -> Vec<Column> {
    let mut columns = vec![Column::default(); table.columns];
    // A cell that spans several columns has room.
    for cell in table.cells.iter().filter(|cell| cell.columns == 1) {
        let Some(column) = columns.get_mut(cell.column) else { continue };
        add(&cell.blocks, column);
    }
    columns
}

fn add(blocks: &[Block], column: &mut Column) {
    for block in blocks {
        match block {
            Block::Paragraph { runs, .. } | Block::Heading { runs, .. } => {
                let text: String = runs.iter().map(said).collect();
                for line in text.lines() {
                    column.line = column.line.max(line.chars().count());
                    let whole = line.split([' ', '-']).filter(|word| stays_whole(word));
                    column.whole = whole.map(|word| word.chars().count()).fold(column.whole, usize::max);
                }
            }
            Block::List { items, .. } => items.iter().for_each(|item| add(item, column)),
            Block::Quote { blocks } => add(blocks, column),
            Block::Preformatted { .. } | Block::Table(_) | Block::Rule => {}
        }
    }
}

/// A word that is not broken as long as smaller writing helps.
fn stays_whole(word: &str) -> bool {
    word.contains(|c: char| c.is_numeric()) && word.chars().count() <= WHOLE
}

fn said(run: &Run) -> &str {
    match run {
        Run::Text { text, .. } => text,
        Run::Break => "\n",
        Run::Picture { .. } => " ",
    }
}

/// Whether every column is as wide as its unbreakable words. Columns that need less than their share get what they
/// need, and the others share the rest.
fn fits(columns: &[Column], width: f64, size: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a few characters")]
    let wide = |characters: usize, inset: f64| characters as f64 * FIGURE * size + inset;
    #[expect(clippy::cast_precision_loss, reason = "a few columns")]
    let share = |width: f64, columns: usize| width / columns.max(1) as f64;
    if columns.len() > FEW {
        return columns.iter().all(|column| wide(column.whole, CLOSE_INSET) <= share(width, columns.len()));
    }
    let mut narrowest_first: Vec<&Column> = columns.iter().collect();
    narrowest_first.sort_by_key(|column| column.line);
    let mut left = width;
    for (at, column) in narrowest_first.iter().enumerate() {
        let got = share(left, narrowest_first.len() - at).min(wide(column.line, INSET));
        if wide(column.whole, INSET) > got {
            return false;
        }
        left -= got;
    }
    true
}

/// The least room for the words of each column, as the typesetter shares out `width`: what wants less than its share has
/// what it wants.
pub(crate) fn rooms(table: &Table, width: f64, fonts: &Fonts) -> Vec<f64> {
    let count = table.columns.max(1);
    #[expect(clippy::cast_precision_loss, reason = "a few columns")]
    let share = |width: f64, columns: usize| width / columns.max(1) as f64;
    let inset = if table.columns > FEW { CLOSE_INSET } else { INSET };
    let even = vec![share(width, count) - inset; count];
    if table.columns > FEW {
        return even;
    }
    let mut wanted = vec![0.0_f64; count];
    for cell in table.cells.iter().filter(|cell| cell.columns == 1) {
        let Some(natural) = natural(&cell.blocks, table.size, fonts) else { return even };
        if let Some(most) = wanted.get_mut(cell.column) {
            *most = most.max(natural + inset);
        }
    }
    let mut narrowest_first: Vec<usize> = (0..count).collect();
    let want = |column: &usize| wanted.get(*column).copied().unwrap_or_default();
    narrowest_first.sort_by(|one, other| want(one).total_cmp(&want(other)));
    let mut given = vec![0.0; count];
    let mut left = width;
    for (at, column) in narrowest_first.iter().enumerate() {
        let got = share(left, count - at).min(want(column));
        left -= got;
        if let Some(place) = given.get_mut(*column) {
            *place = got - inset;
        }
    }
    // A cell over several columns may make them wider than they want to be, to the cost of the others.
    let fits = |cell: &crate::model::Cell| {
        let spanned: f64 = given.iter().skip(cell.column).take(cell.columns).map(|room| room + inset).sum();
        natural(&cell.blocks, table.size, fonts).is_some_and(|natural| natural + inset <= spanned)
    };
    if table.cells.iter().filter(|cell| cell.columns > 1).all(fits) { given } else { even }
}

/// How wide blocks want to be, where that can be told.
fn natural(blocks: &[Block], size: f64, fonts: &Fonts) -> Option<f64> {
    let mut most = 0.0_f64;
    for block in blocks {
        let wide = match block {
            Block::Paragraph { runs, .. } if !holds_picture(runs) => {
                line_ends::natural_width(runs, size, fonts)
            }
            Block::List { items, .. } => {
                let items: Option<Vec<f64>> = items.iter().map(|item| natural(item, size, fonts)).collect();
                items?.into_iter().fold(0.0, f64::max) + MARKER
            }
            Block::Quote { blocks } => natural(blocks, size, fonts)? + PADDING,
            Block::Rule => 0.0,
            Block::Paragraph { .. }
            | Block::Heading { .. }
            | Block::Preformatted { .. }
            | Block::Table(_) => {
                return None;
            }
        };
        most = most.max(wide);
    }
    Some(most)
}

fn holds_picture(runs: &[Run]) -> bool {
    runs.iter().any(|run| matches!(run, Run::Picture { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Align, Cell, Look};

    fn size(row: &[&str]) -> f64 {
        let cell = |(column, text): (usize, &&str)| {
            let runs = vec![Run::Text { text: (*text).to_owned(), look: Look::default() }];
            let blocks = vec![Block::Paragraph { runs, align: Align::Start, gap: false, rtl: false }];
            Cell { row: 0, column, columns: 1, rows: 1, header: false, fill: None, blocks }
        };
        let cells = row.iter().enumerate().map(cell).collect();
        let table = Table { columns: row.len(), header_rows: 0, lines: true, rtl: false, size: USUAL, cells };
        of(&table, 465.0)
    }

    #[test]
    fn writing_is_as_small_as_amounts_need_and_no_smaller() {
        let is = |row: &[&str], size: f64| assert!((self::size(row) - size).abs() < f64::EPSILON, "{row:?}");
        is(&["a", "1.234,56 EUR"], USUAL);
        let prose = "ein langer Text, der in seiner Spalte ueber viele Zeilen geht und gehen darf";
        is(&[prose, "DE89370400440532013000", prose], USUAL);
        is(&["1.234.567,89"; 8], 6.5);
        is(&["DE89370400440532013000"; 8], MIN_SIZE);
    }
}
