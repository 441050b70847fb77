//! Follows every link of a signed-in reader, one page of each kind, and submits every form without its
//! required input: pages and errors outside the scenarios are checked, too.

use std::collections::BTreeSet;

use crate::office::Office;
use crate::watch::Watched;

/// Judges everything within reach of the inbox.
pub(crate) fn crawl(watched: &Watched, office: &Office) {
    let browser = &watched.browser;
    let mut seen = BTreeSet::new();
    let mut next = vec!["/inbox".to_owned(), "/".to_owned()];
    while let Some(path) = next.pop() {
        if !seen.insert(kind(&path)) {
            continue;
        }
        browser.open(&office.at(&path));
        watched.judge(&format!("crawled {}", kind(&path)));
        let links = browser.execute(
            "return [...document.querySelectorAll('a[href^=\"/\"]:not([download])')].map(a => a.getAttribute('href'))",
        );
        next.extend(links.as_array().unwrap().iter().filter_map(|l| l.as_str().map(str::to_owned)));
        let forms = browser.count("main form");
        for form in 0..forms {
            let page = format!("form {form} of {} sent empty", kind(path_only(&path)));
            // Only forms that ask for something typed: the others would do what they are for.
            let sent = browser.execute(&format!(
                "const form = document.querySelectorAll('main form')[{form}];
                 if (!form || form.method !== 'post' || !form.querySelector('[required]')) return false;
                 form.noValidate = true;
                 document.documentElement.dataset.left = 'no';
                 (form.querySelector('button:not([type=button]):not([name])') || form.querySelector('button')).click();
                 return true;"
            ));
            if sent == serde_json::Value::Bool(true) {
                browser.wait_for("the answer to a form", |browser| {
                    let script =
                        "return document.readyState === 'complete' && !document.documentElement.dataset.left";
                    (browser.execute(script) == serde_json::Value::Bool(true)).then_some(())
                });
                watched.judge(&page);
                browser.open(&office.at(&path));
            }
        }
    }
    println!("crawled: {seen:?}");
}

fn path_only(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}

/// A path without the parts that distinguish letters, pages or drafts.
fn kind(path: &str) -> String {
    let whole = path.split('#').next().unwrap_or(path);
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    let is_id = |part: &str| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect();
    let words: Vec<&str> = query.split('&').map(|word| word.split('=').next().unwrap_or(word)).collect();
    format!("{}?{}", parts.join("/"), words.join("&")).trim_end_matches('?').to_owned()
}
