//! A letter's body as blocks and runs: everything the page can show, and nothing else. Knows no HTML.
//!
//! SECURITY: this model is the allow-list. Whatever the HTML contains, only what the model can express
//! reaches the page. It is passed to the template as JSON, so no text in it is ever read as markup.

use serde::Serialize;

/// Nesting depth of blocks; deeper ones are shown flat. The typesetter's own limits are higher.
pub(crate) const MAX_DEPTH: usize = 6;
/// Characters of one body. About three hundred pages.
pub(crate) const MAX_TEXT: usize = 600_000;
/// Blocks, table cells and pictures of one body.
pub(crate) const MAX_BLOCKS: usize = 20_000;

/// Lines of one paragraph. What goes on is another one without a gap: the time to set one grows with the square of the links
/// in it.
pub(crate) const MAX_LINES: usize = 100;

/// A block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    Paragraph {
        runs: Vec<Run>,
        align: Align,
        /// Whether a blank line precedes it.
        gap: bool,
        rtl: bool,
    },
    Heading {
        level: u8,
        runs: Vec<Run>,
        rtl: bool,
    },
    List {
        /// The first number; `None`: bullets.
        start: Option<u32>,
        items: Vec<Vec<Block>>,
        rtl: bool,
    },
    Quote {
        blocks: Vec<Block>,
    },
    Preformatted {
        text: String,
    },
    Table(Table),
    Rule,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Run {
    Text { text: String, look: Look },
    Break,
    Picture { file: usize, alt: String, width: Option<f64>, height: Option<f64> },
}

/// The style of a piece of text. Anything else is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Look {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) strike: bool,
    pub(crate) mono: bool,
    pub(crate) small: bool,
    /// Our own addition, such as the target of a link.
    pub(crate) note: bool,
    pub(crate) script: Script,
    /// `#rrggbb`, only colours readable on white.
    pub(crate) colour: Option<String>,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Script {
    #[default]
    Normal,
    Super,
    Sub,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Align {
    #[default]
    Start,
    Center,
    Right,
    Left,
}

/// A table whose cells form a grid without gaps: every position belongs to exactly one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Table {
    pub(crate) columns: usize,
    /// Rows at the top that are repeated on every page.
    pub(crate) header_rows: usize,
    pub(crate) lines: bool,
    pub(crate) rtl: bool,
    /// Font size in points.
    pub(crate) size: f64,
    /// Row by row, from the start of the line.
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cell {
    pub(crate) row: usize,
    /// Its first column.
    pub(crate) column: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) header: bool,
    /// `#rrggbb`, only light ones.
    pub(crate) fill: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

/// A body, and what was left out.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) blocks: Vec<Block>,
    pub(crate) shortened: bool,
}

impl Run {
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Text { text, .. } => text.chars().all(char::is_whitespace),
            Self::Break => true,
            Self::Picture { .. } => false,
        }
    }
}

/// Whether the first letter with a direction runs from right to left (UAX #9 P2, P3).
pub(crate) fn runs_rtl(runs: &[Run]) -> bool {
    runs.iter()
        .filter_map(|run| match run {
            Run::Text { text, .. } => first_direction(text),
            Run::Break | Run::Picture { .. } => None,
        })
        .next()
        .unwrap_or(false)
}

pub(crate) fn first_direction(text: &str) -> Option<bool> {
    text.chars().find_map(|c| match c {
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => {
            c.is_alphabetic().then_some(true)
        }
        c if c.is_alphabetic() => Some(false),
        _ => None,
    })
}

/// The direction of the first block that has one.
pub(crate) fn blocks_rtl(blocks: &[Block]) -> bool {
    blocks
        .iter()
        .find_map(|block| match block {
            Block::Paragraph { rtl, .. } | Block::Heading { rtl, .. } | Block::List { rtl, .. } => Some(*rtl),
            Block::Quote { blocks } => Some(blocks_rtl(blocks)),
            Block::Table(table) => Some(table.rtl),
            Block::Preformatted { text } => first_direction(text),
            Block::Rule => None,
        })
        .unwrap_or(false)
}
