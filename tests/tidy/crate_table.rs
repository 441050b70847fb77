//! The table of crates in docs/architecture.md, held to what is checked and to what crates really name: both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{OWNERS, manifests, nothing, root};

/// The text after a library's name in the third column: the other crates that name it.
fn beside(behind: &str) -> BTreeSet<&str> {
    let list = behind.strip_prefix(" (beside ").and_then(|rest| rest.split(')').next()).unwrap_or_default();
    list.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_table_in_the_documents_is_the_one_that_is_checked() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let name = cells.next()?.trim_end_matches('`');
            let named = cells.nth(1)?;
            Some((name, named))
        })
        .collect();
    let manifests = manifests();
    let documented: BTreeSet<&str> = rows.keys().copied().collect();
    let present: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    assert!(
        present.is_subset(&documented),
        "not in docs/architecture.md: {:?}",
        present.difference(&documented)
    );
    for (library, owner) in OWNERS {
        assert!(rows[owner].contains(library), "docs/architecture.md: {library} is missing beside `{owner}`");
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = workspace.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let libraries: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.starts_with(['#', ' ', '}', ']']) && !line.starts_with("sealpost-"))
        .filter_map(|line| line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()))
        .collect();
    let (mut bad, mut seen) = (Vec::new(), 0);
    for (name, cell) in rows.iter().filter(|(name, _)| present.contains(**name)) {
        let words = cell.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        for library in words.filter(|word| libraries.contains(word)).collect::<BTreeSet<_>>() {
            seen += 1;
            let behind = cell.split(library).find(|rest| rest.starts_with(" (beside ")).unwrap_or_default();
            let mut said = beside(behind);
            said.insert(*name);
            let naming = |dependencies: &BTreeSet<String>| dependencies.contains(library);
            let found: BTreeSet<&str> =
                manifests.iter().filter(|(_, all)| naming(all)).map(|(name, _)| name.as_str()).collect();
            // What only tests name is held by `wrappers` in deny.toml.
            if !found.is_empty() && found != said {
                bad.push(format!("{library} beside `{name}`: named by {found:?}"));
            }
        }
    }
    assert!(seen > 35, "the search finds too little: {seen}");
    nothing(bad, "the third column of docs/architecture.md");
}
