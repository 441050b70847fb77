//! Blocks for good and bad markup.

use super::*;
use crate::model::{Block, Run};

/// A body in short: `p(text)`, `h1(…)`, `ul(…)`, `q(…)`, `t(row;row)`, styles as letters before text.
fn short(html: &str) -> String {
    brief(&blocks(html, &|cid| (cid == "pic@x").then_some(7)).blocks)
}

fn brief(blocks: &[Block]) -> String {
    let one = |block: &Block| match block {
        Block::Paragraph { runs, gap, .. } => format!("p{}({})", if *gap { "+" } else { "" }, line(runs)),
        Block::Heading { level, runs, .. } => format!("h{level}({})", line(runs)),
        Block::List { start, items, .. } => {
            let items: Vec<String> = items.iter().map(|item| brief(item)).collect();
            format!("{}({})", start.map_or("ul".to_owned(), |n| format!("ol{n}")), items.join("|"))
        }
        Block::Quote { blocks } => format!("q({})", brief(blocks)),
        Block::Preformatted { text } => format!("pre({text})"),
        Block::Table(table) => {
            let cells: Vec<String> = table
                .cells
                .iter()
                .map(|cell| format!("{}{}x{}:{}", cell.row, cell.columns, cell.rows, brief(&cell.blocks)))
                .collect();
            format!("t{}h{}({})", table.columns, table.header_rows, cells.join("|"))
        }
        Block::Rule => "hr".to_owned(),
    };
    blocks.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn line(runs: &[Run]) -> String {
    let one = |run: &Run| match run {
        Run::Text { text, look } => {
            let mut out = String::new();
            for (on, sign) in [(look.bold, "*"), (look.italic, "/"), (look.strike, "-"), (look.note, "^")] {
                if on {
                    out.push_str(sign);
                }
            }
            out.push_str(text);
            if let Some(link) = &look.link {
                out.push_str(&format!("@{link}"));
            }
            out
        }
        Run::Break => "/n/".to_owned(),
        Run::Picture { file, alt, .. } => format!("img{file}:{alt}"),
    };
    runs.iter().map(one).collect()
}

#[test]
fn paragraphs_lines_and_gaps() {
    assert_eq!(short("<p>a</p><p>b"), "p+(a) p+(b)");
    assert_eq!(short("<div>a</div><div>b</div><div><br></div><div>c</div>"), "p(a) p(b) p+(c)");
    assert_eq!(short("a<br>b<br><br>c"), "p(a/n/b) p+(c)");
    assert_eq!(short("  a \n b\t<b> c</b> d "), "p(a b * c d)".replace("* c d", "*c d").as_str());
    assert_eq!(
        short(
            "<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b"
        ),
        "p(a) p+(b)"
    );
    assert_eq!(short("a<hr>b"), "p(a) hr p+(b)");
    assert_eq!(short("<h2>T <i>x</i></h2>a"), "h2(T /x) p+(a)");
    assert_eq!(short("<pre>a  b\n  c\n</pre>d"), "pre(a  b\n  c) p+(d)");
}

#[test]
fn looks() {
    assert_eq!(short("<b>a<i>b</b>c</i>d"), "p(*a*/bcd)");
    assert_eq!(short("<span style='font-weight: 700; font-style:italic'>a</span><del>b</del>"), "p(*/a-b)");
}

#[test]
fn lists_also_sloppy_ones() {
    assert_eq!(short("<ul><li>a<li>b<ol start=3><li>c</ol></ul>"), "ul(p(a)|p(b) ol3(p(c)))");
    assert_eq!(short("<ul><li>a</li><ul><li>b</li></ul></ul>"), "ul(p(a) ul(p(b)))");
    assert_eq!(short("<li>a<li>b"), "ul(p(a)) ul(p(b))");
    assert_eq!(short("<ul>text<li>a</ul>"), "ul(p(text)|p(a))");
}

#[test]
fn tables_good_and_bad() {
    assert_eq!(
        short("<table border=1><tr><th>a<th>b<tr><td>c<td>d</table>x"),
        "t2h1(01x1:p(*a)|01x1:p(*b)|11x1:p(c)|11x1:p(d)) p+(x)"
    );
    assert_eq!(short("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>"), "p(a) p(b)");
    assert_eq!(
        short("<table border=1><tr><td>a<td><table border=1><tr><td>b<td>c</table></table>"),
        "p(a) t2h0(01x1:p(b)|01x1:p(c))"
    );
    assert_eq!(
        short("<table border=1>loose<tr><td>a<td>b</table>"),
        "t2h0(01x1:p(loose)|01x1:|11x1:p(a)|11x1:p(b))"
    );
    assert_eq!(
        short("<table border=1><tr><td>a</div></b><td>b</p></table>c"),
        "t2h0(01x1:p(a)|01x1:p(b)) p+(c)"
    );
    assert_eq!(short("<td>a<td>b"), "p(a) p(b)");
}

#[test]
fn links_say_where_they_lead() {
    assert_eq!(
        short("<a href='https://a.example/b'>x</a>"),
        "p(x@https://a.example/b^ ‹a.example/b›@https://a.example/b)"
    );
    assert_eq!(short("<a href='https://a.example/'>a.example</a>"), "p(a.example@https://a.example/)");
    for faked in ["a.example b.example", "b.example/a.example", "<img src='cid:pic@x'>a.example", "a.examp1e"]
    {
        assert!(
            short(&format!("<a href='https://a.example/'>{faked}</a>")).contains("‹a.example›"),
            "{faked}"
        );
    }
    assert!(short("<a href='mailto:?to=b@evil.example'>a@bank.example</a>").contains("‹b@evil.example›"));
    assert_eq!(short("<a href='javascript:x'>y</a><a href='file:///x'>z</a>"), "p(yz)");
    assert_eq!(
        short("<a href='https://bank.example@evil.example/'>bank.example</a>")
            .matches("‹evil.example›")
            .count(),
        1
    );
}

#[test]
fn pictures_come_from_the_letter_or_not_at_all() {
    assert_eq!(short("<img src='cid:pic%40x' alt=Logo>"), "p(img7:Logo)");
    assert_eq!(short("a<img src=https://x.example/y alt=Haus><img src=//t width=1>"), "p(a[Haus])");
}

#[test]
fn nothing_hidden_or_active_is_shown() {
    for nothing in [
        "<script>a</script>",
        "<style>a</style>",
        "<title>a</title>",
        "<!-- a -->",
        "<p style='display:none'>a</p>",
        "<div hidden><p>a</p></div>",
        "<div style='max-height:0;overflow:hidden'><p>a</p></div>",
        "<div style='max-height: 0px; overflow: hidden; mso-hide: all'>a</div>",
        "<span style='font-size:1px;color:#fff'>a</span>",
        "<div style='text-indent:-9999px'>a</div>",
        "<style>@media screen{.z{display:none!important}}</style><div class=z>a</div>",
        "<svg><text>a</text></svg>",
        "<template><p>a</p></template>",
        "<![CDATA[",
        "<p>&nbsp;</p>",
    ] {
        assert_eq!(short(nothing), "", "{nothing}");
        assert_eq!(short(&format!("{nothing}<p>b</p>")).replace('+', ""), "p(b)", "{nothing}");
    }
    // Content that overflows a flat box is visible, and so is that of a box which sets a size only for the
    // gaps between boxes.
    for seen in [
        "<div style='max-height:0'>a</div>",
        "<div style='font-size:0'><p style='font-size:9pt'>a</p></div>",
        "<div style='visibility:hidden'><p style='visibility:visible'>a</p></div>",
        "<p style='mso-hide:all'>a</p>",
        "<select><option>a</select>",
        "<object><p>a</object>",
        "<textarea>a</textarea>",
        "<noscript><p>a</p></noscript>",
        "<button>a</button>",
        "<input value=a>",
        "<map><area href='https://x.example' alt=a></map>",
    ] {
        assert!(short(seen).contains('a'), "{seen}");
    }
    assert_eq!(short("<svg><path><p>a</p>b"), "p+(a) p+(b)");
    assert_eq!(short("<plaintext>a<b>"), "pre(a<b>)");
}

#[test]
fn nesting_is_bounded_and_loses_no_text() {
    let deep = format!("{}unten{}", "<blockquote>".repeat(5000), "</blockquote>".repeat(5000));
    assert_eq!(short(&deep), "q(q(q(q(q(q(p+(unten)))))))");
    let everything = format!("{}x", "<table border=1><tr><td><ul><li><blockquote><div><b>".repeat(3000));
    assert!(short(&everything).contains('x'));
    let closed = format!("{}{}y", "<div>".repeat(100_000), "</div>".repeat(100_000));
    assert_eq!(short(&closed), "p(y)");
}

#[test]
fn length_is_bounded() {
    let long = blocks(&"<p>wort ".repeat(crate::model::MAX_TEXT), &|_| None);
    assert!(long.shortened);
    assert!(long.blocks.len() <= crate::model::MAX_BLOCKS);
    let wide = blocks(&format!("<table border=1><tr>{}</table>", "<td>a".repeat(30_000)), &|_| None);
    assert!(wide.shortened);
    let Block::Table(table) = &wide.blocks[0] else { panic!("no table") };
    assert!(table.columns <= 40);
}

#[test]
fn a_paragraph_of_many_lines_goes_on_in_the_next_one() {
    let long = blocks(&"<a href=https://x.example>Zeile</a><br>".repeat(10_000), &|_| None);
    assert_eq!(long.blocks.len(), 10_000 / crate::model::MAX_LINES);
    assert!(long.blocks.iter().all(|block| matches!(block, Block::Paragraph { gap: false, .. })));
    assert_eq!(short("a<br>b"), "p(a/n/b)");
}

#[test]
fn what_stands_on_one_line_is_joined() {
    for markup in [
        "<table border=1><tr><td nowrap>1 2 <b>3 4</b><td>b c</table>",
        "<table border=1><tr><td style='white-space: nowrap'> 1 2 <b>3 4</b></td><td>b c</td></table>",
        "<table border=1><tr><td><nobr>1 2 <b>3 4</b></nobr><td>b c</table>",
    ] {
        let Block::Table(table) = &blocks(markup, &|_| None).blocks[0] else { panic!("no table") };
        let said = |cell: &crate::model::Cell| match &cell.blocks[0] {
            Block::Paragraph { runs, .. } => runs
                .iter()
                .map(|run| match run {
                    Run::Text { text, .. } => text.as_str(),
                    Run::Break | Run::Picture { .. } => "",
                })
                .collect::<String>(),
            _ => String::new(),
        };
        let cells: Vec<String> = table.cells.iter().map(said).collect();
        assert_eq!(cells, ["1\u{a0}2 3\u{a0}4", "b c"], "{markup}");
    }
}

#[test]
fn direction_is_that_of_the_first_letter() {
    let rtl = |html: &str| match &blocks(html, &|_| None).blocks[0] {
        Block::Paragraph { rtl, .. } => *rtl,
        _ => false,
    };
    assert!(rtl("<p>12 שלום abc") && !rtl("<p>abc שלום") && rtl("<p>مرحبا"));
}
