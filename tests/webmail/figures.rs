//! Tables of numbers: complete on a telephone, scrolled by touch and by keyboard, and complete on paper.

use rig::{Screen, process};
use serde_json::{Value, json};

use crate::{axe, targets};

/// A table with this many columns of amounts, and an account number in its first.
fn figures(columns: usize) -> String {
    let cells: String = (0..columns).map(|n| format!("<td>{n}.234,56 EUR</td>")).collect();
    let row = format!("<tr><td>IBAN DE89 3704 0044 0532 0130 00</td>{cells}<td>Ende{columns}</td></tr>");
    format!("<p>Guten Tag, hier ist Ihre Abrechnung.</p><table border=1>{}</table>", row.repeat(3))
}

/// What is cut off, broken or unreachable on this screen.
const FAULTS: &str = r#"
    const faults = [], letter = document.querySelector('.letter');
    for (const cell of document.querySelectorAll('.letter td')) {
        if (cell.querySelector('table')) continue;
        for (const text of cell.textContent.match(/[\d.]+,\d\d EUR|DE89[\d ]+/g) ?? []) {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            for (let node; (node = walker.nextNode());) {
                const at = node.data.replaceAll('\u00a0', ' ').indexOf(text.replaceAll('\u00a0', ' '));
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(node, at);
                range.setEnd(node, at + text.length);
                if (range.getClientRects().length > 1) faults.push(`in two: ${text}`);
            }
        }
        if (cell.getBoundingClientRect().width < 40 && cell.textContent.length > 8) faults.push(`squeezed: ${cell.textContent}`);
        cell.scrollIntoView({ inline: 'nearest' });
        const box = cell.getBoundingClientRect(), frame = letter.getBoundingClientRect();
        if (box.width < frame.width && (box.left < frame.left - 1 || box.right > frame.right + 1)) faults.push(`out of sight: ${cell.textContent}`);
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push('the page itself scrolls');
    for (const box of document.querySelectorAll('.letter .wide > div'))
        if (box.scrollWidth > box.clientWidth && (box.tabIndex !== 0 || !box.ariaLabel || box.role !== 'region')) faults.push('no way by keyboard');
    return faults"#;

fn none(faults: &Value) -> String {
    faults.as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
}

#[test]
fn figures_are_whole_on_a_phone_and_scroll_by_keyboard() {
    let address =
        "https://www.insurer.example/schaden/2026/4711/formular?vorgang=abcdef0123456789abcdef0123456789";
    let all = [
        figures(2),
        figures(6),
        format!("<table width=600><tr><td>{}</td></tr></table>", figures(5)),
        format!("<table><tr><td>Link</td><td><a href='{address}'>{address}</a></td><td>1.234,56 EUR</td></tr></table>"),
        format!("<table><tr><td>Link</td><td>{address}</td><td>1.234,56 EUR</td></tr></table>"),
        "<table><tr><td style='word-break:break-all'>Versicherungsnehmer</td><td style='word-break:break-all'>1.234,56 EUR</td></tr></table>".to_owned(),
        format!("<div style='font-size:0'><div style='display:inline-block;width:100%;max-width:300px;font-size:14px'>{}</div></div>", figures(3)),
    ];
    let letters: Vec<_> =
        all.iter().enumerate().map(|(number, html)| targets::letter(number, html)).collect();
    let (_hop, gateway, browser, paths) = targets::opened(&letters);
    browser.look_on(Screen::NARROW);
    for (path, html) in paths.iter().zip(&all) {
        browser.open(&format!("{path}/html"));
        assert_eq!(none(&browser.execute(FAULTS)), "", "{html}");
        assert_eq!(axe::findings_in_frame(&browser), Vec::<String>::new(), "{html}");
    }
    // The box that scrolls is reached with the tabulator, and the arrow moves it.
    browser.open(&format!("{}/html", paths[1]));
    browser.execute("document.querySelector('.wide > div').focus(); window.moved = false; document.activeElement.addEventListener('scroll', () => { window.moved = true; })");
    for kind in ["keyDown", "keyUp"] {
        browser.devtools(
            "Input.dispatchKeyEvent",
            &json!({ "type": kind, "key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39 }),
        );
    }
    browser.wait_for("the table to move", |browser| {
        (browser.execute("return document.activeElement.scrollLeft > 0 || window.moved") == json!(true))
            .then_some(())
    });
    gateway.sweep();
}

#[test]
fn figures_are_whole_on_paper() {
    let letters: Vec<_> = [6, 12]
        .iter()
        .enumerate()
        .map(|(number, columns)| targets::letter(number, &figures(*columns)))
        .collect();
    let (_hop, gateway, browser, paths) = targets::opened(&letters);
    for (path, columns) in paths.iter().zip([6, 12]) {
        browser.open(path);
        browser.wait_for("what is written for the printer", |b| (b.count(".paper") == 1).then_some(()));
        let answer = browser.devtools(
            "Page.printToPDF",
            &json!({ "printBackground": false, "paperWidth": 8.27, "paperHeight": 11.69 }),
        );
        let pdf = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            answer["data"].as_str().unwrap(),
        );
        let file = gateway.home.write("figures.pdf", &pdf.unwrap());
        // Words and their positions, in points: the sheet is 595 wide.
        let (code, boxes, err) =
            process::run(std::process::Command::new("pdftotext").arg("-bbox").arg(&file).arg("-"));
        assert_eq!(code, 0, "{err}");
        let last = format!("Ende{columns}");
        let words: Vec<&str> = boxes.lines().filter(|line| line.contains(&last)).collect();
        assert_eq!(words.len(), 3, "{boxes}");
        for word in words {
            let right = word.split("xMax=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(right.parse::<f64>().unwrap() <= 595.0, "{word} is beyond the sheet");
        }
    }
    gateway.sweep();
}
