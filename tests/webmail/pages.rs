//! The results of html-validate and HTML CodeSniffer (pa11y's engine) for a page. `cargo xtask test` fetches
//! them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use rig::Browser;
use rig::process::run;
use rig::readers::root;
use serde_json::Value;

fn folder() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    // …/target/debug/deps/webmail-0123 → …/target/pages
    me.ancestors().nth(3).unwrap().join("pages")
}

/// The engine's source.
static SNIFFER: LazyLock<String> = LazyLock::new(|| {
    let file = folder().join("package/build/HTMLCS.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` fetches it", file.display()))
});

/// Errors by WCAG 2 AA, as pa11y reports them: one line each. Only where a page may run scripts.
pub(crate) fn sniffed(browser: &Browser) -> Vec<String> {
    if browser.execute("return 'HTMLCS' in window") != Value::Bool(true) {
        let engine = format!(
            "{};globalThis.HTMLCS = HTMLCS; globalThis.HTMLCS_WCAG2AA = HTMLCS_WCAG2AA; return true;",
            *SNIFFER
        );
        browser.try_execute(&engine).expect("HTML CodeSniffer cannot be brought into the page");
    }
    let run = "
        window.sniffed = null;
        // HTML, Autofill: a user name may be an address; the engine does not know that yet.
        const known = (m) => m.code.endsWith('1_3_5.H98') && m.msg.includes('username');
        const told = () => { window.sniffed = HTMLCS.getMessages().filter((m) => m.type === HTMLCS.ERROR && !known(m))
            .map((m) => m.code + ' at ' + (m.element.outerHTML || '').slice(0, 160) + ': ' + m.msg); };
        HTMLCS.process('WCAG2AA', document, told, () => { window.sniffed = ['it failed']; });
        return true;";
    browser.try_execute(run).expect("HTML CodeSniffer cannot be run in the page");
    let said = browser.wait_for("HTML CodeSniffer", |browser| {
        let said = browser.execute("return window.sniffed");
        said.is_array().then_some(said)
    });
    said.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What html-validate says of these pages, by their names: one line for each kind of fault and page.
pub(crate) fn validated(pages: &BTreeMap<String, String>) -> Vec<String> {
    if pages.is_empty() {
        return Vec::new();
    }
    let here = tempfile::tempdir().unwrap();
    let mut names = BTreeMap::new();
    for (number, (page, source)) in pages.iter().enumerate() {
        let file = format!("{number}.html");
        std::fs::write(here.path().join(&file), source).unwrap();
        names.insert(file, page);
    }
    let (_code, told, trouble) = run(Command::new("node")
        .arg(folder().join("node_modules/html-validate/bin/html-validate.mjs"))
        .arg("--config")
        .arg(root().join("tests/webmail/pages/htmlvalidate.json"))
        // By way of a file: it ends before a long answer has gone through a pipe.
        .args(["--formatter", &format!("json={}", here.path().join("told.json").display())])
        .arg(here.path()));
    let told = std::fs::read_to_string(here.path().join("told.json")).unwrap_or(told);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|e| panic!("{e}: {told}{trouble}"));
    let mut found = Vec::new();
    for file in told.as_array().unwrap() {
        let path = file["filePath"].as_str().unwrap();
        let (name, page) = names.iter().find(|(name, _)| path.ends_with(&format!("/{name}"))).unwrap();
        for message in file["messages"].as_array().unwrap() {
            let line = usize::try_from(message["line"].as_u64().unwrap_or(1)).unwrap();
            let source = pages[*page].lines().nth(line - 1).unwrap_or_default();
            let at = usize::try_from(message["column"].as_u64().unwrap_or(1)).unwrap();
            let near: String = source.chars().skip(at.saturating_sub(20)).take(120).collect();
            found.push(format!("{page} ({name}): {}: {} near {near}", message["ruleId"], message["message"]));
        }
    }
    found
}

#[test]
fn they_find_what_is_wrong() {
    let browser = Browser::of_kind(&rig::browser::Kind::new("en"));
    let page = "<!DOCTYPE html><html><title>x</title><main><h1>x</h1><img src=x><p style='color:#ccc'>pale</p>\
                <button>x</button><p id=a>x<p id=a>y</main>";
    browser.open(&format!("data:text/html,{}", page.replace('#', "%23")));
    let found = sniffed(&browser).join("\n");
    for rule in ["H57", "H37", "F77"] {
        assert!(found.contains(rule), "no {rule} in: {found}");
    }
    let found = validated(&BTreeMap::from([("page".to_owned(), page.to_owned())])).join("\n");
    for rule in ["no-implicit-button-type", "no-dup-id", "element-required-attributes"] {
        assert!(found.contains(rule), "no {rule} in: {found}");
    }
}
