//! Converts plain text to blocks: paragraphs, quotes, links, and tables drawn with spaces. Knows no HTML.

use sealpost_mail::Link;

use crate::model::{
    Align, Block, Content, Look, MAX_BLOCKS, MAX_DEPTH, MAX_LINES, MAX_TEXT, Run, first_direction,
};

/// The letter's text as blocks.
pub(crate) fn blocks(text: &str) -> Content {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut shortened = end < text.len();
    let text = text.get(..end).unwrap_or_default();
    let lines: Vec<(usize, &str)> = text.lines().map(quoted).collect();
    if lines.len() > MAX_BLOCKS {
        shortened = true;
    }
    let blocks = level(lines.get(..lines.len().min(MAX_BLOCKS)).unwrap_or_default(), 0);
    Content { blocks, shortened }
}

/// The quote depth, and the line without its marks (RFC 3676 §4.5, with the spaces that people add).
fn quoted(line: &str) -> (usize, &str) {
    let mut depth = 0;
    let mut rest = line;
    while let Some(inner) = rest.strip_prefix('>') {
        depth += 1;
        rest = inner.strip_prefix(' ').filter(|next| next.starts_with('>')).unwrap_or(inner);
    }
    let text = if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
    (depth.min(MAX_DEPTH), text.trim_end())
}

/// Blocks of lines that are quoted at least `depth` times.
fn level(lines: &[(usize, &str)], depth: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut gap = false;
    let mut rest = lines;
    while let Some((first, text)) = rest.first() {
        if *first > depth {
            let count = rest.iter().take_while(|(inner, _)| *inner > depth).count();
            let (inner, after) = rest.split_at(count);
            blocks.push(Block::Quote { blocks: level(inner, depth + 1) });
            rest = after;
            gap = true;
            continue;
        }
        if text.is_empty() {
            gap = true;
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let lines = rest.iter().take_while(|(inner, text)| *inner == depth && !text.is_empty());
        let (lines, after) = rest.split_at(lines.take(MAX_LINES).count());
        blocks.push(paragraph(lines, gap));
        gap = false;
        rest = after;
    }
    blocks
}

fn paragraph(lines: &[(usize, &str)], gap: bool) -> Block {
    let text = || lines.iter().map(|(_, text)| *text);
    if is_drawn(text()) {
        return Block::Preformatted { text: text().collect::<Vec<_>>().join("\n") };
    }
    let mut runs = Vec::new();
    for (number, line) in text().enumerate() {
        if number > 0 {
            runs.push(Run::Break);
        }
        line_runs(line, &mut runs);
    }
    let rtl = text().find_map(first_direction).unwrap_or(false);
    Block::Paragraph { runs, align: Align::Start, gap, rtl }
}

/// Lines that need a monospaced font: at least two of them have wide gaps inside or are drawn with strokes.
fn is_drawn<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let drawn = |line: &str| {
        let inner = line.trim();
        let strokes = inner.chars().filter(|c| matches!(c, '|' | '+' | '─' | '│' | '┼' | '═')).count();
        inner.contains("   ") || inner.contains('\t') || strokes >= 2
    };
    lines.filter(|line| drawn(line)).count() >= 2
}

fn line_runs(line: &str, runs: &mut Vec<Run>) {
    let plain = Look::default();
    let mut push = |text: &str, look: &Look| {
        if !text.is_empty() {
            runs.push(Run::Text { text: text.to_owned(), look: look.clone() });
        }
    };
    // Indentation is not a gap.
    let inner = line.trim_start();
    let indent = line.chars().count() - inner.chars().count();
    push(&"\u{a0}".repeat(indent.min(40)), &plain);
    let mut rest = inner;
    while let Some((before, address, after)) = next_address(rest) {
        push(before, &plain);
        let target =
            if address.starts_with("www.") { format!("https://{address}") } else { address.to_owned() };
        match Link::read(&target) {
            Some(link) => {
                let look = Look { link: Some(link.href().to_owned()), ..Look::default() };
                push(address, &look);
                // It may look like one address and be another.
                if !link.is_said_by(address) {
                    push(&format!(" ‹{}›", link.printed()), &Look { note: true, ..look });
                }
            }
            None => push(address, &plain),
        }
        rest = after;
    }
    push(rest, &plain);
}

/// The next web address in a text: what is before it, the address, what is after it.
fn next_address(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["http://", "https://", "www."]
        .iter()
        .filter_map(|start| {
            text.match_indices(start).map(|(at, _)| at).find(|at| {
                text.get(..*at).and_then(|before| before.chars().last()).is_none_or(|c| !c.is_alphanumeric())
            })
        })
        .min()?;
    let (before, rest) = text.split_at_checked(start)?;
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”'))
        .unwrap_or(rest.len());
    let mut address = rest.get(..end)?;
    // Punctuation after an address belongs to the sentence; a closing bracket too, if none was opened.
    loop {
        let shorter = match address.chars().last()? {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' => address.get(..address.len() - 1)?,
            ')' if address.matches('(').count() < address.matches(')').count() => {
                address.get(..address.len() - 1)?
            }
            ']' if address.matches('[').count() < address.matches(']').count() => {
                address.get(..address.len() - 1)?
            }
            _ => break,
        };
        address = shorter;
    }
    Some((before, address, rest.get(address.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(blocks: &[Block]) -> Vec<String> {
        blocks
            .iter()
            .map(|block| match block {
                Block::Paragraph { runs, .. } => runs
                    .iter()
                    .map(|run| match run {
                        Run::Text { text, look } => {
                            look.link.as_ref().map_or(text.clone(), |_| format!("<{text}>"))
                        }
                        Run::Break => "|".to_owned(),
                        Run::Picture { .. } => String::new(),
                    })
                    .collect(),
                Block::Quote { blocks } => format!("q({})", texts(blocks).join(",")),
                Block::Preformatted { text } => format!("pre({text})"),
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn paragraphs_quotes_and_links() {
        let read = |text: &str| texts(&blocks(text).blocks).join(" ");
        assert_eq!(read("a\nb\n\nc"), "a|b c");
        assert_eq!(read("x\n> y\n>> z\n> > zz\n> w\nv"), "x q(y,q(z|zz),w) v");
        assert_eq!(read("(see https://a.example/b(c)?d=1). ok"), "(see <https://a.example/b(c)?d=1>). ok");
        assert_eq!(read("siehe (www.a.example), ja"), "siehe (<www.a.example>), ja");
        assert_eq!(read("xhttps://a"), "xhttps://a");
        assert_eq!(read("a    b\nc    d"), "pre(a    b\nc    d)");
        let long = blocks(&"Zeile\n".repeat(10_000)).blocks;
        let gaps = long.iter().filter(|block| matches!(block, Block::Paragraph { gap: true, .. })).count();
        assert_eq!((long.len(), gaps), (10_000 / MAX_LINES, 0));
        assert_eq!(read(&format!("{} tief", ">".repeat(100))), "q(q(q(q(q(q(tief))))))");
    }
}
