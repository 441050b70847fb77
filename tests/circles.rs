//! No file uses a file that uses it, by whatever way round: whoever reads one need not have read the other.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path; the crate's root is empty.
type Module = Vec<String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The modules of a crate, each with its text.
fn modules(src: &Path, folder: &Path, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            modules(src, &path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let inside = path.strip_prefix(src).unwrap().with_extension("");
            let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code: String = code
                .lines()
                .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
                .collect();
            found.insert(module, code);
        }
    }
}

/// The paths that begin with `crate` or `super`, groups in braces taken apart.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            let inside_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let handed_on =
                before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("pub"));
            if inside_a_word || handed_on {
                continue;
            }
            let rest = &code[at..];
            let path: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            let parts: Vec<String> = path.split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect();
            let group = rest[path.len()..].strip_prefix('{').map(group);
            match group {
                None => found.push(parts),
                Some(members) => found.extend(members.into_iter().map(|member| {
                    let member = member.split("::").map(|p| p.trim().to_owned());
                    parts.iter().cloned().chain(member).collect()
                })),
            }
        }
    }
    found
}

/// The members of a group, without what stands in braces of their own.
fn group(text: &str) -> Vec<String> {
    let (mut depth, mut members, mut member) = (0, Vec::new(), String::new());
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            c if depth == 0 => member.push(c),
            _ => {}
        }
    }
    members.push(member);
    members.into_iter().filter(|member| !member.trim().is_empty()).collect()
}

/// The file that a path leads to; the root, which only hands on, counts as none.
fn resolve(from: &Module, path: &[String], all: &BTreeMap<Module, String>) -> Option<Module> {
    let mut base: Module = Vec::new();
    let mut rest = path.get(1..).unwrap_or_default();
    if path.first().is_some_and(|first| first == "super") {
        base = from.clone();
        base.pop();
        while let Some((first, tail)) = rest.split_first()
            && first == "super"
        {
            base.pop();
            rest = tail;
        }
    }
    let mut full: Module = base.into_iter().chain(rest.iter().cloned()).collect();
    while !full.is_empty() && !all.contains_key(&full) {
        full.pop();
    }
    (!full.is_empty() && full != *from).then_some(full)
}

/// Everything that can be reached from a file.
fn reached(from: &Module, edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for to in &edges[module] {
            if seen.insert(to.clone()) {
                next.push(to);
            }
        }
    }
    seen
}

#[test]
fn no_circle_between_files() {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let src = folder.join("src");
        let mut all = BTreeMap::new();
        modules(&src, &src, &mut all);
        all.retain(|module, _| module.first().is_none_or(|first| first != "tests"));
        let edges: BTreeMap<Module, BTreeSet<Module>> = all
            .iter()
            .map(|(module, code)| {
                let to = paths(code).into_iter().filter_map(|path| resolve(module, &path, &all));
                (module.clone(), to.collect())
            })
            .collect();
        for module in all.keys().filter(|module| !module.is_empty()) {
            if reached(module, &edges).contains(module) {
                let name = folder.file_name().unwrap().to_string_lossy();
                found.insert((name.into_owned(), module.join("::")));
            }
        }
    }
    assert!(found.is_empty(), "files that use each other; move what both need below them: {found:#?}");
}
