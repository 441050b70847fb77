//! Which of several parts is the body: the one that has content.

use crate::Letter;

/// An alternative of these parts, each with its type.
fn alternative(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut letter = "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n".to_owned();
    for (kind, body) in parts {
        letter.push_str(&format!("--b\nContent-Type: {kind}; charset=utf-8\n\n{body}\n"));
    }
    letter.push_str("--b--\n");
    letter.replace('\n', "\r\n").into_bytes()
}

/// Text, page, and how many files there are.
fn seen(parts: &[(&str, &str)]) -> (Option<String>, Option<String>, usize) {
    let bytes = alternative(parts);
    let letter = Letter::parse(&bytes).unwrap();
    (letter.text().map(|text| text.trim().to_owned()), letter.html(), letter.attachments().len())
}

#[test]
fn a_page_that_shows_nothing_loses() {
    for page in [
        "<html><body><div>&zwnj;&#8203;&nbsp;&#xFEFF;<br></div></body></html>",
        "&zwnj;&nbsp;&zwnj;&nbsp;",
        "<p>&#847;&zwnj;</p>",
        "<span style='mso-hide:all;display:none'>Vorschau</span>&#8199;&#65279;&#847;",
        "<style>.p{display:none}</style><span class=p>Vorschau</span>",
        "<div style='position:absolute;left:-9999px'>Vorschau</div>",
        "<img src='https://t.example/p.png' style='width:1px;height:1px'>",
        "<img src='https://t.example/p.png' style='display:none' />",
        "<img src='https://t.example/spacer.gif' width=1>",
        "<img src='https://t.example/big.png' width=600 height=400 alt=''>",
        "<a href='https://x.example/'><img src='//x.example/banner.png' width=600 height=1></a>",
        "<hr>",
        "",
    ] {
        let (text, html, files) = seen(&[("text/plain", "Der Text."), ("text/html", page)]);
        assert_eq!((text.as_deref(), html, files), (Some("Der Text."), None, 0), "{page}");
        let (text, html, files) = seen(&[("text/plain", " \n"), ("text/html", page)]);
        let remote = page.contains("600 height=400");
        // Hidden text is shown only where there is nothing else, and never in the page.
        let hidden = if page.contains("Vorschau") { "Vorschau" } else { "" };
        let text = text.unwrap_or_default();
        assert!(text.starts_with(hidden) && (!hidden.is_empty() || text.is_empty()), "{page}: {text}");
        assert_eq!((html.is_some(), files), (remote, 0), "{page}");
    }
}

#[test]
fn a_page_that_shows_something_stays() {
    for page in [
        "<p>Wort</p>",
        "<img src='https://t.example/big.png' alt='Angebot'>",
        "<img src='data:image/png;base64,AAAA'>",
        "<img src='cid:a'>",
        "<p>👍</p>",
        "<style>.p{display:none}</style><span class=q>Wort</span>",
    ] {
        let (_, html, _) = seen(&[("text/plain", "Der Text."), ("text/html", page)]);
        assert!(html.is_some(), "{page}");
    }
}

#[test]
fn what_is_seldom_used_is_read_where_nothing_else_is_there() {
    let rich = ("text/enriched", "<bold>Angereichert</bold> <color><param>red</param>rot</color> a << b");
    let said = Some("Angereichert rot a < b");
    for others in [
        vec![("text/plain", "")],
        vec![("text/html", "")],
        vec![("text/html", "<br>")],
        vec![("text/plain", " "), ("text/html", "<p>&nbsp;</p>")],
        vec![],
    ] {
        let first: Vec<(&str, &str)> = [rich].into_iter().chain(others.clone()).collect();
        let last: Vec<(&str, &str)> = others.into_iter().chain([rich]).collect();
        for parts in [first, last] {
            let (text, html, files) = seen(&parts);
            assert_eq!((text.as_deref(), files), (said, 0), "{parts:?}");
            assert!(html.is_some_and(|html| html.contains("<b>Angereichert</b>") && !html.contains("param")));
        }
    }
    let (text, html, files) = seen(&[("text/plain", "Text hier"), rich]);
    assert_eq!((text.as_deref(), html, files), (Some("Text hier"), None, 0));
    let (text, _, files) = seen(&[("text/html", "<p>Seite</p>"), rich]);
    assert_eq!((text.as_deref(), files), (Some("Seite"), 0));
    let (text, _, files) = seen(&[("text/markdown", "**Inhalt**"), ("text/html", "<p>&nbsp;</p>")]);
    assert_eq!((text.as_deref(), files), (Some("**Inhalt**"), 0));
}

#[test]
fn nothing_is_nothing() {
    for parts in [
        vec![("text/plain", ""), ("text/html", "")],
        vec![("text/plain", ""), ("text/html", "<p></p>")],
        vec![("text/html", "<p>&nbsp;</p>")],
        vec![("text/plain", "\u{200b}")],
        vec![("text/enriched", "<bold></bold>")],
    ] {
        let (text, html, files) = seen(&parts);
        assert_eq!((text.unwrap_or_default().as_str(), html, files), ("", None, 0), "{parts:?}");
    }
}

#[test]
fn a_footer_behind_base64_is_read_as_it_stands() {
    for (kind, body, footer, words) in [
        (
            "text/plain",
            "R3LDtsOfZSBpbSBCcmllZgo=",
            "\n-- \nListe der Makler\nwww.liste.example",
            "Größe im Brief",
        ),
        ("text/plain", "R3LDtsOfZQ==", "_______\nMaklerliste mailing list", "Größe"),
        ("text/html", "PHA+QnJpZWYgR3LDtsOfZTwvcD4=", "\n_____\nListe <der> Makler", "Brief Größe"),
        ("text/plain", "R3LDtsOf", "\nListe der Makler &c.", "Größ"),
        ("text/html", "PHA+QnJpZWY8L3A+", "\n--\nListe", "Brief"),
    ] {
        let letter = format!(
            "Subject: x\nContent-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{body}\n{footer}\n"
        );
        let bytes = letter.replace('\n', "\r\n").into_bytes();
        let text = Letter::parse(&bytes).unwrap().text().unwrap();
        assert!(text.starts_with(words) && text.contains("iste"), "{text:?}");
        assert!(!text.contains('\u{fffd}') && !text.contains("!%"), "{text:?}");
        let inside = crate::Inside::of(&bytes);
        let found = |word: &str| inside.texts.iter().any(|text| text.contains(word));
        assert!(found(words.split(' ').next().unwrap()) && found("iste"), "{kind}");
    }
}
