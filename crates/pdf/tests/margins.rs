//! Whatever a letter holds, no word of it leaves the paper: pdftotext finds each one, all of it, between the margins.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests look at more")]
mod read_back;

use read_back::{Reader, german, made, patient};

/// Points between the left edge of the paper and either margin (`letter.typ`).
const LEFT: f64 = 65.1;
const RIGHT: f64 = 530.2;
/// What rounding and a letter's slant may add.
const TOLERANCE: f64 = 1.5;

const END: &str = "ENDE";

fn plain(body: &str) -> String {
    format!("Content-Type: text/plain; charset=utf-8\n\n{body}\n")
}

fn page(body: &str) -> String {
    format!("Content-Type: text/html; charset=utf-8\n\n{body}\n")
}

/// Words joined by blanks at which no line ends.
fn joined(blank: &str, count: usize) -> String {
    let words: Vec<String> = (1..=count).map(|number| format!("Wort{number}")).collect();
    words.join(blank)
}

/// What lies in a PDF's pages: each word and its place.
fn words(reader: &Reader) -> Vec<(f64, f64, String)> {
    let boxes = reader.run("pdftotext", &["-bbox"], &["-"]);
    let number = |line: &str, name: &str| -> f64 {
        let rest = line.split(&format!("{name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let word = |line: &str| {
        let text = line.split_once("\">")?.1.strip_suffix("</word>")?;
        let text =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        Some((number(line, "xMin"), number(line, "xMax"), text))
    };
    boxes.lines().map(str::trim).filter(|line| line.starts_with("<word ")).filter_map(word).collect()
}

/// Without any space: a page breaks lines where it likes.
fn tight(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

async fn read(letter: &str) -> Reader {
    let letter = letter.replace('\n', "\r\n");
    Reader::of(&made(letter.as_bytes(), &german(), patient()).await.unwrap())
}

#[tokio::test]
async fn no_word_leaves_the_paper() {
    let token = "0123456789abcdef".repeat(40);
    let capitals = "W".repeat(300);
    let address = format!("https://versicherer.example/{}", "x".repeat(300));
    let signs = format!("https://versicherer.example/{}", "nr=4711&teil=schaden/".repeat(30));
    let umlauts = format!("https://versicherer.example/{}", "größe-und-höhe".repeat(20));
    let accounts = vec!["DE89370400440532013000"; 30].join(",");
    let nbsp = joined("\u{a0}", 120);
    let entities = joined("&nbsp;", 120);
    let marked = joined("</b>&nbsp;<b>", 120);
    let narrow = joined("\u{202f}", 120);
    let cell = |content: &str| format!("<table border=1><tr><td>Nr. 1<td>{content}<td>12,00 EUR</table>");
    let deep = format!("{}{token}", "<blockquote><ul><li>".repeat(3));
    let many: String = (0..30).map(|_| format!("<td>{accounts}")).collect();
    let cases: Vec<(&str, String, String)> = vec![
        ("a token", plain(&token), token.clone()),
        ("capitals", plain(&capitals), capitals.clone()),
        ("a line that is drawn", plain(&format!("{}\nText", "=".repeat(300))), "=".repeat(300)),
        ("hyphens", plain(&"-".repeat(300)), "-".repeat(300)),
        ("an address without signs", plain(&address), address.clone()),
        ("an address with signs", plain(&signs), signs.clone()),
        ("an address with umlauts", plain(&umlauts), umlauts.clone()),
        ("account numbers", plain(&accounts), accounts.clone()),
        ("blanks that join, in text", plain(&nbsp), nbsp.clone()),
        ("narrow blanks that join", plain(&narrow), narrow.clone()),
        ("blanks that join, on a page", page(&format!("<p>{entities}")), nbsp.clone()),
        ("blanks between words in bold", page(&format!("<p><b>{marked}</b>")), nbsp.clone()),
        (
            "a cell without breaks",
            page(&cell(&format!("<span style='white-space:nowrap'>{}</span>", joined(" ", 80)))),
            joined("", 80),
        ),
        (
            "nowrap",
            page(&format!("<table border=1><tr><td nowrap>{}<td>b</table>", joined(" ", 80))),
            joined("", 80),
        ),
        ("a token in a cell", page(&cell(&token)), token.clone()),
        ("joined words in a cell", page(&cell(&entities)), nbsp.clone()),
        ("an address in a cell", page(&cell(&format!("<a href='{address}'>{address}</a>"))), address.clone()),
        ("a word of two looks", page(&format!("<p><b>{token}</b>{token}")), format!("{token}{token}")),
        ("a heading", page(&format!("<h1>{capitals}</h1>")), capitals.clone()),
        ("a heading in a cell", page(&cell(&format!("<h2>{token}</h2>"))), token.clone()),
        ("deep within", page(&deep), token.clone()),
        ("typed", page(&format!("<pre>{token}</pre>")), token.clone()),
        ("typed in a cell", page(&cell(&format!("<pre>{token}</pre>"))), token.clone()),
        ("thirty columns", page(&format!("<table border=1><tr>{many}</table>")), tight(&accounts)),
        (
            "a table in a table",
            page(&cell(&format!("<table border=1><tr><td>{token}<td>{token}</table>"))),
            token.clone(),
        ),
        ("a long link", page(&format!("<p><a href='{address}'>hier</a>")), String::new()),
    ];
    for (what, body, wanted) in cases {
        let letter = format!("From: a@b.example\nTo: c@d.example\nSubject: {what}\n{body}\n{END}\n");
        let reader = read(&letter).await;
        for (left, right, word) in words(&reader) {
            let inside = left >= LEFT - TOLERANCE && right <= RIGHT + TOLERANCE;
            assert!(inside, "{what}: {word:?} stands at {left} to {right}");
        }
        let raw = tight(&reader.run("pdftotext", &["-raw"], &["-"]));
        let wanted = tight(&wanted);
        let is_there = wanted.is_empty()
            || raw.contains(&wanted)
            // Between its pieces other cells may be read.
            || (body.contains("<table") && wanted.chars().all(|c| raw.matches(c).count() >= wanted.matches(c).count()));
        assert!(is_there, "{what}: {wanted:?} is not in {raw:?}");
        assert!(raw.contains(END), "{what}: its end is gone");
        assert!(!raw.contains('\u{200b}'), "{what}: something that nobody sees is copied");
    }
}

#[tokio::test]
async fn the_head_of_a_letter_stays_on_the_paper_too() {
    let (word, name) = ("W".repeat(120), format!("{}.pdf", "Anlage_zum_Vertrag".repeat(8)));
    let letter = format!(
        "From: {word} <{}@b.example>\nTo: c@d.example\nSubject: {word}\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\n\n{END}\n--b\nContent-Disposition: attachment; filename={name}\n\nx\n--b--\n",
        "x".repeat(60)
    );
    let reader = read(&letter).await;
    for (left, right, word) in words(&reader) {
        assert!(
            left >= LEFT - TOLERANCE && right <= RIGHT + TOLERANCE,
            "{word:?} stands at {left} to {right}"
        );
    }
    let raw = tight(&reader.run("pdftotext", &["-raw"], &["-"]));
    assert!(raw.matches(&word).count() >= 2 && raw.contains(&tight(&name)), "{raw}");
    assert!(!raw.contains('\u{200b}'));
}

/// Figure and unit, and what its writer keeps on one line, stand on one line of a cell.
#[tokio::test]
async fn amounts_are_not_torn_in_tables() {
    let text =
        "ein langer Text, der in seiner Spalte über viele Zeilen geht und auch gehen darf, denn er ist lang";
    let row = format!("<tr><td>{text}<td>1.234.567,89 EUR<td nowrap>Glasschaden vorne links<td>{text}");
    let reader = read(&format!(
        "From: a@b.example\nSubject: x\n{}",
        page(&format!("<table border=1>{}</table>", row.repeat(3)))
    ))
    .await;
    let lines = reader.text().replace('\u{a0}', " ");
    for whole in ["1.234.567,89 EUR", "Glasschaden vorne links"] {
        assert_eq!(lines.matches(&whole).count(), 3, "{whole}: {lines}");
    }
}

/// A word that is wider than its cell ends each line at a syllable, with a hyphen.
#[tokio::test]
async fn long_words_are_hyphenated_in_narrow_cells() {
    let long = [
        "Haftpflichtversicherungsbedingungen",
        "Selbstbeteiligungsvereinbarung",
        "Vermögensschadenhaftpflicht,",
        "Rechtsschutzversicherungsgesellschaft",
    ];
    let cells: String = (0..8).map(|at| format!("<td>{}", long[at % long.len()])).collect();
    let table = page(&format!("<table border=1><tr>{cells}</table>"));
    let reader = read(&format!("From: a@b.example\nSubject: x\n{table}\n")).await;
    let is_hyphen = |c: char| matches!(c, '-' | '\u{ad}' | '\u{2010}');
    let mut cut = 0;
    for (left, right, word) in words(&reader) {
        assert!(
            left >= LEFT - TOLERANCE && right <= RIGHT + TOLERANCE,
            "{word:?} stands at {left} to {right}"
        );
        if !long.iter().any(|long| long.contains(word.trim_end_matches(is_hyphen)))
            || word.chars().count() < 2
        {
            continue;
        }
        let is_end = long.iter().any(|long| long.ends_with(&word));
        assert!(is_end || word.ends_with(is_hyphen), "{word:?} ends a line without a hyphen");
        cut += usize::from(!is_end);
    }
    assert!(cut >= 8, "nothing was hyphenated: {:?}", reader.text());
}

/// Of 1,500 recipients the first are named before the text, and every one of them behind it.
#[tokio::test]
async fn many_recipients_and_files_stand_behind_the_text() {
    let to: Vec<String> = (1..=1500).map(|number| format!("person{number}@d.example")).collect();
    let files: String = (1..=40)
        .map(|number| format!("--b\nContent-Disposition: attachment; filename=Anlage{number}.txt\n\nx\n"))
        .collect();
    let letter = format!(
        "From: a@b.example\nTo: {}\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{END}\n{files}--b--\n",
        to.join(",\n ")
    );
    let reader = read(&letter).await;
    let first = tight(&reader.run("pdftotext", &["-raw", "-l", "1"], &["-"]));
    assert!(first.contains(END) && first.contains("und1480weitere,vollständigamEnde"), "{first}");
    assert!(first.contains("Anlage20.txt") && first.contains("und20weitere"), "{first}");
    let all = tight(&reader.run("pdftotext", &["-raw"], &["-"]));
    for wanted in ["person21@d.example", "person1500@d.example", "Anlage40.txt"] {
        assert!(all.contains(wanted), "{wanted}");
    }
}
