//! Converts HTML rows of cells to a grid without gaps. Knows no tags and no styles.

use crate::model::{Block, Cell, Table, blocks_rtl};
use crate::table_size;

/// More columns than any page can show.
const MAX_COLUMNS: usize = 40;

/// A cell as it was written.
#[derive(Default)]
pub(crate) struct RawCell {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) header: bool,
    pub(crate) fill: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

/// A table as it was written.
#[derive(Default)]
pub(crate) struct RawTable {
    pub(crate) rows: Vec<Vec<RawCell>>,
    pub(crate) caption: Vec<Block>,
    /// Whether the author declared borders.
    pub(crate) bordered: bool,
    /// Whether the author marked it as layout only.
    pub(crate) presentation: bool,
}

impl RawTable {
    /// The blocks that show it: a table, or only the content of its cells if it is used for layout.
    pub(crate) fn into_blocks(self) -> Vec<Block> {
        let mut rows = self.rows;
        rows.retain(|row| !row.is_empty());
        let mut out = self.caption;
        let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let filled = |cell: &RawCell| !cell.blocks.is_empty();
        let holds_table =
            rows.iter().flatten().flat_map(|cell| &cell.blocks).any(|block| matches!(block, Block::Table(_)));
        let filled_columns = rows.iter().map(|row| row.iter().filter(|cell| filled(cell)).count()).max();
        let has_header = rows.iter().flatten().any(|cell| cell.header);
        let arranges = !has_header
            && (widest <= 1
                || filled_columns.unwrap_or(0) <= 1
                || holds_table
                || (self.presentation && !self.bordered));
        if arranges || rows.iter().flatten().all(|cell| !filled(cell)) {
            for cell in rows.into_iter().flatten() {
                out.extend(cell.blocks);
            }
            return out;
        }
        out.push(Block::Table(grid(rows, self.bordered || has_header)));
        out
    }
}

/// HTML's algorithm for forming a table, with spans cut where they would overlap or leave the table.
fn grid(rows: Vec<Vec<RawCell>>, lines: bool) -> Table {
    let height = rows.len();
    // The cell that covers each position, if any.
    let mut taken = vec![vec![false; MAX_COLUMNS]; height];
    let mut placed: Vec<(usize, usize, RawCell)> = Vec::new();
    let mut columns = 1;
    for (y, row) in rows.into_iter().enumerate() {
        let mut x = 0;
        for mut cell in row {
            while is_taken(&taken, x, y) && x < MAX_COLUMNS {
                x += 1;
            }
            if x >= MAX_COLUMNS {
                // No room to the right: the content goes into the last cell of the row.
                if let Some((_, _, last)) = placed.last_mut() {
                    last.blocks.append(&mut cell.blocks);
                }
                continue;
            }
            let free = (x..MAX_COLUMNS).take_while(|x| !is_taken(&taken, *x, y)).count();
            cell.columns = cell.columns.clamp(1, free.max(1));
            // `rowspan=0` means: to the end (HTML §4.9.11).
            let wanted = if cell.rows == 0 { height } else { cell.rows };
            cell.rows = (1..=wanted.min(height - y))
                .take_while(|rows| (x..x + cell.columns).all(|x| !is_taken(&taken, x, y + rows - 1)))
                .last()
                .unwrap_or(1);
            for line in taken.iter_mut().skip(y).take(cell.rows) {
                for place in line.iter_mut().skip(x).take(cell.columns) {
                    *place = true;
                }
            }
            let next = x + cell.columns;
            // A span alone does not make a table wide: `colspan=99` is common for "all of it".
            columns = columns.max(x + 1);
            placed.push((x, y, cell));
            x = next;
        }
    }
    let header_rows = header_rows(&placed, height);
    let mut cells = Vec::new();
    let mut covered = vec![vec![false; columns]; height];
    let mut waiting = placed.into_iter().peekable();
    for y in 0..height {
        for x in 0..columns {
            if is_taken(&covered, x, y) {
                continue;
            }
            let here = waiting.next_if(|(cx, cy, _)| (*cx, *cy) == (x, y));
            let cell = here.map(|(_, _, cell)| cell).unwrap_or_default();
            let width = cell.columns.clamp(1, columns - x);
            let rows = if y < header_rows { cell.rows.clamp(1, header_rows - y) } else { cell.rows.max(1) };
            for line in covered.iter_mut().skip(y).take(rows) {
                for place in line.iter_mut().skip(x).take(width) {
                    *place = true;
                }
            }
            let RawCell { header, fill, blocks, .. } = cell;
            cells.push(Cell { row: y, column: x, columns: width, rows, header, fill, blocks });
        }
    }
    let rtl = cells.iter().find(|cell| !cell.blocks.is_empty()).is_some_and(|cell| blocks_rtl(&cell.blocks));
    Table { columns, header_rows, lines, rtl, size: table_size::USUAL, cells }
}

fn is_taken(places: &[Vec<bool>], x: usize, y: usize) -> bool {
    places.get(y).and_then(|row| row.get(x)).copied().unwrap_or(false)
}

/// Leading rows that consist of header cells only; never the whole table.
fn header_rows(placed: &[(usize, usize, RawCell)], height: usize) -> usize {
    let is_header = |y: usize| {
        let mut row = placed.iter().filter(|(_, cy, _)| *cy == y).peekable();
        row.peek().is_some() && row.all(|(_, _, cell)| cell.header)
    };
    // More than a few would leave no room for anything else on a page.
    (0..height.saturating_sub(1)).take(3).take_while(|y| is_header(*y)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Align, Look, Run};

    fn cell(text: &str, columns: usize, rows: usize) -> RawCell {
        let run = Run::Text { text: text.to_owned(), look: Look::default() };
        let blocks = vec![Block::Paragraph { runs: vec![run], align: Align::Start, gap: false, rtl: false }];
        RawCell { columns, rows, blocks, ..RawCell::default() }
    }

    fn shape(rows: Vec<Vec<RawCell>>) -> (usize, usize) {
        let height = rows.iter().filter(|row| !row.is_empty()).count();
        let blocks = RawTable { rows, bordered: true, ..RawTable::default() }.into_blocks();
        let Some(Block::Table(table)) = blocks.first() else { panic!("no table") };
        let area: usize = table.cells.iter().map(|cell| cell.columns * cell.rows).sum();
        assert_eq!(area, table.columns * height, "no gaps, no overlaps");
        (table.columns, table.cells.len())
    }

    #[test]
    fn spans_never_overlap_and_never_leave_the_table() {
        assert_eq!(shape(vec![vec![cell("a", 1, 1), cell("b", 1, 1)], vec![cell("c", 2, 1)]]), (2, 3));
        assert_eq!(shape(vec![vec![cell("a", 1, 50), cell("b", 99, 1)], vec![cell("c", 1, 0)]]).0, 2);
        assert_eq!(
            shape(vec![
                vec![cell("a", 1, 2), cell("b", 1, 1), cell("c", 1, 1)],
                vec![cell("d", 2, 2)],
                vec![cell("e", 1, 1)]
            ])
            .0,
            3
        );
        let wide = (0..100).map(|_| cell("x", 1, 1)).collect();
        assert_eq!(shape(vec![wide, vec![cell("y", 1, 1)]]).0, MAX_COLUMNS);
    }

    #[test]
    fn tables_that_only_arrange_things_are_none() {
        let blocks =
            RawTable { rows: vec![vec![cell("a", 1, 1)], vec![cell("b", 1, 1)]], ..RawTable::default() }
                .into_blocks();
        assert!(blocks.iter().all(|block| matches!(block, Block::Paragraph { .. })) && blocks.len() == 2);
        assert!(RawTable::default().into_blocks().is_empty());
    }

    #[test]
    fn header_rows_are_found_and_never_everything() {
        let head = |text| RawCell { header: true, ..cell(text, 1, 1) };
        let table = |rows| match (RawTable { rows, ..RawTable::default() }).into_blocks().pop() {
            Some(Block::Table(table)) => table.header_rows,
            _ => 99,
        };
        assert_eq!(table(vec![vec![head("a"), head("b")], vec![cell("c", 1, 1), cell("d", 1, 1)]]), 1);
        assert_eq!(table(vec![vec![head("a"), head("b")]]), 0);
    }
}
