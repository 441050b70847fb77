//! No two source files depend on each other, directly or indirectly: each can be read without knowing its
//! users.
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
            // A library and its program share the root.
            found.entry(module).or_default().push_str(&code);
        }
    }
}

/// A path that a file writes: what it is called by there, and its parts.
struct Written {
    called: String,
    parts: Vec<String>,
}

/// What one file writes.
#[derive(Default)]
struct Uses {
    /// By `use`: names of items elsewhere. For users of this file they are its own names.
    named: Vec<Written>,
    /// Those of them that are only handed on.
    handed_on: BTreeSet<usize>,
    /// In the text.
    spoken: Vec<Vec<String>>,
    /// Items that are written down there.
    declared: BTreeSet<String>,
}

/// What an item begins with, and its name behind it.
const ITEMS: [&str; 10] =
    ["fn ", "struct ", "enum ", "union ", "const ", "static ", "type ", "trait ", "macro_rules! ", "mod "];

/// The items of a file, those within others left out.
fn declared(code: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let item =
            line.strip_prefix("pub").map_or(line, |rest| rest.split_once(' ').map_or(rest, |(_, item)| item));
        let item = ["const ", "async ", "unsafe "].iter().fold(item, |item, word| {
            item.strip_prefix(word)
                .filter(|rest| ITEMS.iter().any(|kind| rest.starts_with(kind)))
                .unwrap_or(item)
        });
        let rest = ITEMS.iter().find_map(|kind| item.strip_prefix(kind))?;
        // A module that lies in a file of its own is that file.
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (!name.is_empty() && rest.strip_prefix(&name).is_none_or(|end| end != ";")).then_some(name)
    };
    code.lines().filter_map(name).collect()
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':')
}

/// Splits at commas outside braces.
fn members(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found.into_iter().map(str::trim).filter(|member| !member.is_empty()).collect()
}

/// The names of one `use`, groups taken apart.
fn named(before: &[String], text: &str, found: &mut Vec<Written>) {
    let text = text.trim();
    let parts = |path: &str| {
        let own = path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
        before.iter().cloned().chain(own).collect::<Vec<_>>()
    };
    if let Some((path, group)) = text.split_once('{') {
        let inside = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
        members(inside).into_iter().for_each(|member| named(&parts(path), member, found));
        return;
    }
    let (path, called) = match text.split_once(" as ") {
        Some((path, called)) => (path, Some(called.trim().to_owned())),
        None => (text, None),
    };
    let mut parts = parts(path);
    if parts.last().is_some_and(|last| last == "self") {
        parts.pop();
    }
    let called = called.or_else(|| parts.last().cloned()).unwrap_or_default();
    found.push(Written { called, parts });
}

fn uses(code: &str, is_module: impl Fn(&str) -> bool) -> Uses {
    let mut uses = Uses::default();
    let mut text = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        if !(line.is_empty() || line.starts_with("pub")) {
            text.push_str("use ");
            rest = &after[4..];
            continue;
        }
        let end = after.find(';').unwrap_or(after.len());
        let first = uses.named.len();
        named(&[], &after[4..end], &mut uses.named);
        if line.starts_with("pub") {
            uses.handed_on.extend(first..uses.named.len());
        }
        rest = &after[end..];
    }
    text.push_str(rest);
    for (at, _) in text.match_indices("::") {
        let start = text[..at].rfind(|c| !is_path(c)).map_or(0, |before| before + 1);
        let path: String = text[start..].chars().take_while(|c| is_path(*c)).collect();
        let parts: Vec<String> = path.split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect();
        let first = parts.first().map_or("", String::as_str);
        // Each path once: at its first colons.
        if text[start..at].contains(':') || !(matches!(first, "crate" | "super" | "self") || is_module(first))
        {
            continue;
        }
        uses.spoken.push(parts);
    }
    uses.declared = declared(code);
    uses
}

/// The file in which what a path names is written down: names that a file only hands on are followed. The root is one for
/// what it writes down itself.
fn resolve(from: &Module, path: &[String], all: &BTreeMap<Module, Uses>, depth: usize) -> Option<Module> {
    let (first, mut rest) = path.split_first()?;
    let mut base: Module = Vec::new();
    match first.as_str() {
        "crate" => {}
        "self" => base.clone_from(from),
        "super" => {
            base.clone_from(from);
            base.pop();
            while let Some((next, tail)) = rest.split_first()
                && next == "super"
            {
                base.pop();
                rest = tail;
            }
        }
        _ => {
            base.clone_from(from);
            rest = path;
            let mut child = base.clone();
            child.push(first.clone());
            if !all.contains_key(&child) {
                return None;
            }
        }
    }
    while let Some((next, tail)) = rest.split_first() {
        let mut child = base.clone();
        child.push(next.clone());
        if all.contains_key(&child) {
            (base, rest) = (child, tail);
            continue;
        }
        let elsewhere = all.get(&base)?.named.iter().find(|written| written.called == *next);
        if let Some(written) = elsewhere
            && depth < 8
        {
            let path: Vec<String> = written.parts.iter().chain(tail).cloned().collect();
            // Of another crate.
            return resolve(&base, &path, all, depth + 1);
        }
        break;
    }
    let is_declared =
        || rest.first().is_some_and(|name| all.get(&base).is_some_and(|at| at.declared.contains(name)));
    (!base.is_empty() || is_declared()).then_some(base)
}

/// As the source calls it.
fn called(module: &Module) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
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

fn edges(modules: BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let names: BTreeSet<Module> = modules.keys().cloned().collect();
    let all: BTreeMap<Module, Uses> = modules
        .into_iter()
        .map(|(module, code)| {
            let child = |name: &str| {
                let mut child = module.clone();
                child.push(name.to_owned());
                names.contains(&child)
            };
            let uses = uses(&code, child);
            (module, uses)
        })
        .collect();
    all.iter()
        .map(|(module, uses)| {
            let named = uses.named.iter().enumerate().filter(|(at, _)| !uses.handed_on.contains(at));
            let paths = named.map(|(_, written)| &written.parts).chain(&uses.spoken);
            let to = paths.filter_map(|path| resolve(module, path, &all, 0)).filter(|to| to != module);
            (module.clone(), to.collect())
        })
        .collect()
}

#[test]
fn no_circle_between_files() {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let src = folder.join("src");
        let mut all = BTreeMap::new();
        modules(&src, &src, &mut all);
        all.retain(|module, _| module.iter().all(|part| part != "tests" && !part.ends_with("_tests")));
        let edges = edges(all);
        for module in edges.keys() {
            if reached(module, &edges).contains(module) {
                let name = folder.file_name().unwrap().to_string_lossy();
                found.insert((name.into_owned(), called(module)));
            }
        }
    }
    assert!(found.is_empty(), "files that use each other; move what both need below them: {found:#?}");
}

#[test]
fn a_circle_is_found_through_names_that_are_handed_on_and_through_parts_of_a_folder() {
    let modules = [
        ("", "mod a;\npub use a::Thing;\nmod b;\nmod c;"),
        ("a", "use crate::b::Other;\npub struct Thing;"),
        ("b", "mod part;\npub use part::Other;"),
        ("b::part", "use crate::Thing;\npub struct Other;"),
        ("c", "fn f() { part::g() }\nmod part;\npub const C: u8 = 1;"),
        ("c::part", "use super::C;"),
    ];
    assert_eq!(circle(&modules), ["a", "b::part", "c", "c::part"]);
}

#[test]
fn the_root_is_part_of_a_circle_by_what_it_writes_down_itself() {
    let modules = [
        (
            "",
            "mod a;\npub(crate) const fn limit() -> u8 { 1 }\nuse crate::a::Thing;\npub use b::Other;\nmod b;",
        ),
        ("a", "use crate::limit;\npub struct Thing;"),
        ("b", "use crate::limit;\nuse crate::Unknown;\npub struct Other;"),
    ];
    assert_eq!(circle(&modules), ["crate", "a"]);
    let handed_on =
        [("", "mod a;\npub use a::Thing;\npub struct Own;"), ("a", "use crate::Own;\npub struct Thing;")];
    assert!(circle(&handed_on).is_empty(), "what is only handed on is not used");
}

/// Those of these files that are part of a circle.
fn circle(modules: &[(&str, &str)]) -> Vec<String> {
    let modules = modules.iter().map(|(name, code)| {
        (name.split("::").filter(|p| !p.is_empty()).map(str::to_owned).collect(), (*code).to_owned())
    });
    let edges = edges(modules.collect());
    edges.keys().filter(|module| reached(module, &edges).contains(*module)).map(called).collect()
}
