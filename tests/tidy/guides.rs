//! What the pages under docs/how-to promise: a missing step for a new command, notice, page, condition, treatment or migration that
//! no compiler reports is reported here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{files, names, nothing, root};

fn read(path: &str) -> String {
    let found = fs::read_to_string(root().join(path));
    assert!(found.is_ok(), "{path}: {found:?}");
    found.unwrap()
}

/// As clap and serde write a variant's name.
fn kebab(variant: &str) -> String {
    let mut out = String::new();
    for (at, c) in variant.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The text between the braces of an item.
fn body<'a>(code: &'a str, item: &str) -> &'a str {
    code.split(&format!("{item} {{\n")).nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default()
}

/// The variants of an enum, each with its lines.
fn variants<'a>(code: &'a str, name: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in body(code, &format!("enum {name}")).lines() {
        match line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase)) {
            Some(line) => all.push((names(line).next().unwrap(), Vec::new())),
            None => all.last_mut().into_iter().for_each(|(_, lines)| lines.push(line)),
        }
    }
    all
}

/// Scenarios with the real binary.
fn scenarios() -> Vec<(String, String)> {
    let suites = ["flows", "partners", "attacks", "conformance", "webmail"];
    files(&[".rs"])
        .into_iter()
        .filter(|(path, _)| suites.iter().any(|suite| path.starts_with(Path::new("tests").join(suite))))
        .map(|(path, text)| (path.display().to_string(), text))
        .collect()
}

/// Every command with its subcommands: `queue` with `list`, `retry` and so on.
fn commands() -> Vec<(String, Vec<String>)> {
    let folder = "crates/gateway/src/commands";
    let all = read(&format!("{folder}/mod.rs"));
    let below = |lines: &[&str]| {
        let what = lines.iter().find_map(|line| line.trim().strip_prefix("what: "));
        let Some((module, name)) = what.and_then(|what| what.trim_end_matches(',').split_once("::")) else {
            return Vec::new();
        };
        let file = format!("{folder}/{module}.rs");
        let file = if root().join(&file).exists() { file } else { format!("{folder}/{module}/mod.rs") };
        let found: Vec<String> =
            variants(&read(&file), name).iter().map(|(variant, _)| kebab(variant)).collect();
        assert!(!found.is_empty(), "the search finds nothing in {file}");
        found
    };
    let found: Vec<_> =
        variants(&all, "Verb").iter().map(|(variant, lines)| (kebab(variant), below(lines))).collect();
    assert!(found.len() > 20 && found.iter().any(|(_, below)| below.len() > 5), "too little: {found:?}");
    found
}

#[test]
fn every_command_is_described_for_operators() {
    let pages: String = files(&[".md"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("docs/operators") || path == Path::new("README.md"))
        .map(|(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
        .collect();
    let mut bad = Vec::new();
    for (verb, below) in commands() {
        if !pages.contains(&format!("sealpost {verb}")) {
            bad.push(format!("sealpost {verb}"));
        }
        let missing = below.into_iter().filter(|one| !pages.contains(&format!("{verb} {one}")));
        bad.extend(missing.map(|one| format!("{verb} {one}")));
    }
    nothing(bad, "a command that no page in docs/operators names");
}

#[test]
fn every_command_is_given_by_a_scenario() {
    let scenarios = scenarios();
    let given = |words: &[&str]| {
        scenarios.iter().any(|(_, text)| words.iter().all(|word| text.contains(&format!("\"{word}\""))))
    };
    let mut bad = Vec::new();
    for (verb, below) in commands() {
        if !given(&[&verb]) {
            bad.push(verb.clone());
        }
        bad.extend(below.into_iter().filter(|one| !given(&[&verb, one])).map(|one| format!("{verb} {one}")));
    }
    nothing(bad, "a command that no scenario under tests/ gives");
}

/// Notices whose mail is looked at with the real binary, and not in `crates/arrival/tests`: where.
const SEEN_WITH_THE_BINARY: [(&str, &str); 4] = [
    ("ActivationReminder", "tests/flows/profile_mails.rs"),
    ("GoneUnread", "tests/flows/deleted_unread.rs"),
    ("BySupport", "tests/flows/told_by_support.rs"),
    ("ReplyReturned", "tests/flows/writing.rs"),
];

#[test]
fn every_notice_is_seen_to_leave() {
    let notice = read("crates/notice/src/notice.rs");
    let all = variants(&notice, "Notice");
    assert!(all.len() > 15, "the search finds too little");
    let tests: String = files(&[".rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("crates/arrival/tests"))
        .map(|(_, text)| text)
        .collect();
    for (variant, file) in SEEN_WITH_THE_BINARY {
        assert!(root().join(file).exists(), "{variant}: {file} is not there");
        assert!(
            !tests.contains(&format!("Notice::{variant}")),
            "{variant} is seen in crates/arrival/tests after all"
        );
    }
    let is_seen = |variant: &str| {
        tests.contains(&format!("Notice::{variant}"))
            || SEEN_WITH_THE_BINARY.iter().any(|(other, _)| *other == variant)
    };
    let unseen =
        all.iter().filter(|(variant, _)| !is_seen(variant)).map(|(variant, _)| (*variant).to_owned());
    nothing(unseen.collect(), "a notice that no test of crates/arrival sees leave");
}

/// The picture in docs/screens.md of each page.
const PICTURES: [(&str, &str); 24] = [
    ("accessibility", "accessibility"),
    ("account", "account"),
    ("account-delete", "account-delete"),
    ("account-password", "account-password"),
    ("account-question", "account-question"),
    ("activate", "activation"),
    ("destroy", "destroy"),
    ("drafts", "drafts"),
    ("export", "export"),
    ("folder-remove", "folder-remove"),
    ("folders", "folders"),
    ("forgot", "forgot"),
    ("forgot-sent", "forgot-sent"),
    ("inbox", "inbox"),
    ("link", "link-used"),
    ("login", "login"),
    ("message", "letter"),
    ("move", "move"),
    ("partner", "partner"),
    ("problem", "nothing-here"),
    ("renew-sent", "renewed"),
    ("reset", "reset"),
    ("support", "support"),
    ("write", "reply"),
];

/// Pages of which there is none: why.
const NO_PICTURE: [(&str, &str); 4] = [
    ("deletion", "as the page where an owner deletes the mailbox"),
    ("inside", "as a letter"),
    ("not-made", "a download that failed"),
    ("support-sent", "as the page after a forgotten password"),
];

#[test]
fn every_page_has_its_picture() {
    let (screens, taken) = (read("docs/screens.md"), read("tests/webmail/screenshots.rs"));
    let mut bad = Vec::new();
    let mut pages = BTreeSet::new();
    for (path, text) in files(&[".html"]) {
        if path.starts_with("webmail-ui/templates") && text.contains("{% extends \"base.html\"") {
            pages.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(pages.len() > 20, "the search finds too little: {pages:?}");
    for page in &pages {
        let excused = NO_PICTURE.iter().any(|(other, _why)| other == page);
        match PICTURES.iter().find(|(other, _)| other == page) {
            None if !excused => bad.push(format!("{page}.html is neither in PICTURES nor in NO_PICTURE")),
            None => {}
            Some((_, picture)) => {
                if !taken.contains(&format!("\"{picture}\"")) {
                    bad.push(format!("tests/webmail/screenshots.rs takes no picture {picture}"));
                }
                for kind in ["en-phone-light", "en-phone-dark", "de-desktop-light", "de-desktop-dark"] {
                    let file = format!("images/{picture}-{kind}.png");
                    if !(screens.contains(&file) && root().join("docs").join(&file).exists()) {
                        bad.push(format!("docs/screens.md: {file}"));
                    }
                }
            }
        }
    }
    let named = PICTURES.iter().chain(&NO_PICTURE).map(|(page, _)| *page);
    bad.extend(named.filter(|page| !pages.contains(*page)).map(|page| format!("{page}.html is not there")));
    nothing(bad, "pictures of pages (`cargo xtask screenshots`)");
}

#[test]
fn every_condition_is_described_for_operators() {
    let page = read("docs/operators/configuration.md");
    let spec = read("crates/policy/src/spec.rs");
    let fields: Vec<String> = body(&spec, "pub struct When")
        .lines()
        .filter_map(|line| line.strip_prefix("    pub ")?.split_once(':'))
        .map(|(field, _)| field.replace('_', "-"))
        .collect();
    assert!(fields.len() > 20, "the search finds too little: {fields:?}");
    let missing = fields.into_iter().filter(|field| !page.contains(&format!("`{field}`")));
    nothing(missing.collect(), "a condition that docs/operators/configuration.md does not name");
}

#[test]
fn every_treatment_is_carried_out_by_a_scenario() {
    let spec = read("crates/policy/src/spec.rs");
    let all: Vec<String> = variants(&spec, "TreatmentSpec").iter().map(|(name, _)| kebab(name)).collect();
    assert!(all.len() > 4, "the search finds too little: {all:?}");
    // What only `check` and `explain` are asked about is not carried out.
    let asked = |path: &str| path.contains("/check") || path.contains("/explain");
    let scenarios: Vec<_> = scenarios().into_iter().filter(|(path, _)| !asked(path)).collect();
    let forms =
        |name: &str| [format!("r#\"\"{name}\""), format!("r#\"[\"{name}\""), format!("r#\"{{ {name} =")];
    let missing = all.into_iter().filter(|name| {
        !scenarios.iter().any(|(_, text)| forms(name).iter().any(|form| text.contains(form.as_str())))
    });
    nothing(missing.collect(), "a treatment that no scenario under tests/ has a rule for");
}

/// Migrations that add what proves or seals a row to a table with rows: what becomes of rows that are there.
const OLD_ROWS: [(u32, &str); 3] = [
    (3, "who has no profile has given none"),
    (19, "the chain says itself where it begins"),
    (37, "say nothing until `sealpost adopt` vouches for them"),
];

#[test]
fn every_migration_says_what_becomes_of_rows_that_prove_nothing() {
    let (mut bad, mut seen) = (Vec::new(), BTreeSet::new());
    for (path, text) in files(&[".sql"]) {
        if !path.starts_with("crates/store/schema") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let number: u32 = name.split('_').next().unwrap().parse().unwrap();
        for line in text.lines() {
            let Some((table, column)) =
                line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN "))
            else {
                continue;
            };
            let column = names(column).next().unwrap();
            if !(column.ends_with("proof") || column.ends_with("_sealed")) {
                continue;
            }
            seen.insert(number);
            let emptied = text.contains(&format!("DELETE FROM {table};"));
            if !emptied && !OLD_ROWS.iter().any(|(other, _why)| *other == number) {
                bad.push(format!("{name}: {table}.{column}"));
            }
        }
    }
    assert!(seen.len() > 3, "the search finds too little: {seen:?}");
    bad.extend(
        OLD_ROWS.iter().filter(|(number, _)| !seen.contains(number)).map(|(number, _)| number.to_string()),
    );
    nothing(
        bad,
        "rows of before have no such value: `sealpost adopt` and docs/operators/install.md, then OLD_ROWS",
    );
}
