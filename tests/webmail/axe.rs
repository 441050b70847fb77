//! axe-core, the accessibility engine, run in the browser's current page. `cargo xtask test` fetches it.

use std::path::PathBuf;
use std::sync::LazyLock;

use rig::Browser;
use serde_json::Value;

/// The engine's source.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let me = std::env::current_exe().unwrap();
    // …/target/debug/deps/webmail-0123 → …/target/axe/package/axe.min.js
    let file: PathBuf = me.ancestors().nth(3).unwrap().join("axe/package/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` fetches it", file.display()))
});

/// The rules: WCAG 2.2 up to AA, and the engine's own recommendations.
const TAGS: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// Runs its rules on the document the browser is in; gives one line per finding.
///
/// Where a page may not run scripts its timers do not run; the engine only uses them to yield, so
/// promises take their place.
pub(crate) fn findings(browser: &Browser) -> Vec<String> {
    run(
        browser,
        &format!("{{ iframes: false, preload: false, resultTypes: ['violations'], runOnly: {TAGS} }}"),
    )
}

/// The same for the inside of a frame: WCAG's rules without those on a whole page's landmarks.
pub(crate) fn findings_in_frame(browser: &Browser) -> Vec<String> {
    let tags = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']";
    run(browser, &format!("{{ preload: false, resultTypes: ['violations'], runOnly: {tags} }}"))
}

fn run(browser: &Browser, options: &str) -> Vec<String> {
    let run = "
        window.setTimeout = (job) => { Promise.resolve().then(job); return 0; };
        window.axeSaid = null;
        axe.run(document, OPTIONS).then(
            (found) => { window.axeSaid = found.violations.flatMap((v) => v.nodes.map((n) =>
                v.id + ' at ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\\s+/g, ' '))); },
            (error) => { window.axeSaid = ['axe failed: ' + error]; });
        return true;";
    // Half a megabyte, once a page.
    if browser.execute("return 'axe' in window") != Value::Bool(true) {
        let engine = format!("{};globalThis.axe = axe; return true;", *AXE);
        browser.try_execute(&engine).expect("axe-core cannot be brought into the page");
    }
    browser.try_execute(&run.replace("OPTIONS", options)).expect("axe-core cannot be run in the page");
    let said = browser.wait_for("axe-core", |browser| {
        let said = browser.execute("return window.axeSaid");
        said.is_array().then_some(said)
    });
    said.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn it_finds_what_is_wrong() {
    for scripts in [true, false] {
        let browser = Browser::of_kind(&rig::browser::Kind { scripts, ..rig::browser::Kind::new("en") });
        browser
            .open("data:text/html,<title>x</title><main><h1>x</h1><img src=x><p style='color:%23ccc'>pale</p>\
                   <button style='width:9px;height:9px;padding:0'>x</button><button style='width:9px;height:9px;padding:0'>y</button>");
        let found = findings(&browser).join("\n");
        for rule in ["html-has-lang", "image-alt", "color-contrast", "target-size"] {
            assert!(found.contains(rule), "scripts {scripts}: no {rule} in: {found}");
        }
    }
}
