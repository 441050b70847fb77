//! Automated checks of the repository's own rules (docs/style.md, docs/architecture.md).
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../xtask/src/code_map.rs"]
mod code_map;
#[path = "tidy/crate_table.rs"]
mod crate_table;
#[path = "tidy/guides.rs"]
mod guides;
#[path = "tidy/plain_english.rs"]
mod plain_english;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A file longer than this does more than one job.
const MAX_FILE: usize = 700;

/// Which of our crates each may build on; `gateway` is the roof and may name all. Downwards only.
const EDGES: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("turns", &["mail"]),
    ("proxied", &["mail"]),
    ("keyfile", &["mail"]),
    ("intake", &["mail", "proxied", "turns"]),
    ("policy", &["mail"]),
    ("cms", &[]),
    ("seal", &["cms", "mail", "sandbox"]),
    ("token", &["keyfile", "mail", "seal"]),
    ("vault", &["mail"]),
    ("tls", &[]),
    ("store", &["mail", "tls"]),
    ("notice", &["mail"]),
    ("export", &["mail", "sandbox"]),
    ("sandbox", &[]),
    ("pdf", &["mail", "sandbox"]),
    ("delivery", &["mail", "notice", "store", "vault"]),
    ("domain", &["mail", "keyfile", "vault", "delivery"]),
    ("mailbox", &["mail", "store", "vault"]),
    ("ldap", &["delivery", "mail", "tls"]),
    ("webhook", &["mail", "store", "tls", "vault"]),
    ("partner", &["mail", "seal", "store", "vault"]),
    (
        "arrival",
        &["mail", "intake", "policy", "seal", "vault", "store", "notice", "delivery", "mailbox", "partner"],
    ),
    ("jobs", &["mail", "seal", "vault", "store", "notice", "delivery", "mailbox", "partner", "arrival"]),
    ("support", &["mail", "vault", "store", "notice", "export", "mailbox", "arrival"]),
    ("maintenance", &["mail", "vault", "store", "delivery", "mailbox", "partner"]),
    ("portal", &["mail", "export", "mailbox", "partner", "proxied", "store", "turns", "vault"]),
];

/// Libraries that each shape one crate and are named by it alone, or by those of which each has a line.
const OWNERS: &[(&str, &str)] = &[
    ("mail-parser", "mail"),
    ("mail-builder", "mail"),
    ("calcard", "mail"),
    ("ppp", "proxied"),
    ("smtp-proto", "intake"),
    ("hpke", "vault"),
    ("argon2", "vault"),
    ("rusqlite", "store"),
    ("tokio-postgres", "store"),
    ("object_store", "store"),
    ("cfb", "export"),
    ("openssl-sys", "cms"),
    ("openssl", "cms"),
    ("openssl", "seal"),
    ("sequoia-openpgp", "seal"),
    ("cryptoki", "token"),
    ("ldap3_proto", "ldap"),
    ("typst", "pdf"),
    ("seccompiler", "sandbox"),
    ("landlock", "sandbox"),
    ("html5ever", "mail"),
    ("html5ever", "pdf"),
    ("lettre", "delivery"),
    ("mail-auth", "delivery"),
    ("mail-auth", "arrival"),
    ("hyper", "delivery"),
    ("hyper", "store"),
    ("hyper", "webhook"),
    ("hickory-resolver", "delivery"),
    ("actix-web", "portal"),
    ("ammonia", "portal"),
    ("css-inline", "portal"),
    ("zip", "portal"),
    ("zip", "seal"),
    ("clap", "gateway"),
    ("tokio-cron-scheduler", "jobs"),
    ("tracing-subscriber", "gateway"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file with one of these endings that is ours, with its text.
fn files(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", ".git", "demo-data", "corpus", "artifacts", "fonts"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no files ending in {endings:?}");
    found
}

fn nothing(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_begins_by_saying_its_job() {
    let bad = files(&[".rs"]).into_iter().filter(|(_, text)| {
        // The job, and not just a word.
        !text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12)
    });
    nothing(
        bad.map(|(path, _)| path.display().to_string()).collect(),
        "the first line must be `//!` and the job",
    );
}

#[test]
fn the_code_map_has_every_file_as_it_is() {
    let wanted = code_map::text(&root()).unwrap();
    let found = fs::read_to_string(root().join(code_map::FILE)).unwrap_or_default();
    let differs = wanted.lines().filter(|line| !found.lines().any(|other| other == *line)).map(str::to_owned);
    let gone = found.lines().filter(|line| !wanted.lines().any(|other| other == *line)).map(str::to_owned);
    nothing(differs.chain(gone).collect(), "the code map is another one: type `cargo xtask map`");
}

#[test]
fn no_file_is_too_long_for_one_job() {
    let long = files(&[".rs", ".js", ".css", ".html"]).into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > MAX_FILE).then(|| format!("{}: {lines} lines", path.display()))
    });
    nothing(long.collect(), "a file does one job");
}

#[test]
fn exceptions_to_lints_are_expected_with_a_reason() {
    let marker = concat!("#[", "allow");
    let inner = concat!("#![", "allow");
    let bad = files(&[".rs"]).into_iter().flat_map(|(path, text)| {
        let lines =
            text.lines().enumerate().filter(|(_, line)| line.contains(marker) || line.contains(inner));
        lines.map(|(n, line)| format!("{}:{}: {}", path.display(), n + 1, line.trim())).collect::<Vec<_>>()
    });
    nothing(bad.collect(), "write #[expect(lint, reason = \"…\")]");
}

#[test]
fn no_test_is_switched_off() {
    let marker = concat!("#[", "ignore]");
    let bad = files(&[".rs"]).into_iter().filter(|(_, text)| text.contains(marker));
    nothing(bad.map(|(path, _)| path.display().to_string()).collect(), "a test runs, or says why not");
}

#[test]
fn no_path_of_a_developers_machine_is_written_down() {
    let forbidden =
        [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];
    let bad = files(&[".rs", ".toml", ".md", ".html", ".js", ".css", ".ftl", ".sql", "run"]);
    let bad = bad.into_iter().filter_map(|(path, text)| {
        let found = forbidden.iter().find(|word| text.contains(**word))?;
        Some(format!("{}: {found}", path.display()))
    });
    nothing(bad.collect(), "paths of one machine mean nothing on another");
}

#[test]
fn no_german_text_breaks_behind_its_first_letter() {
    let bad = files(&[".ftl"]).into_iter().filter(|(path, _)| path.iter().any(|part| part == "de"));
    let bad = bad.flat_map(|(path, text)| {
        let lines: Vec<_> = text.lines().map(str::to_owned).enumerate().collect();
        let broken = lines.into_iter().filter(|(_, line)| !line.starts_with('#') && line.contains("E-Mail"));
        broken.map(move |(at, _)| format!("{}:{}", path.display(), at + 1)).collect::<Vec<_>>()
    });
    nothing(bad.collect(), "\"E-Mail\" is written with U+2011, or a line may end behind its E");
}

/// Dependencies of a crate as its Cargo.toml names them, without those of its tests.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]" || line == "[build-dependencies]";
        } else if inside && !line.trim().is_empty() && !line.starts_with('#') {
            names.insert(line.split(['.', ' ', '=']).next().unwrap().to_owned());
        }
    }
    names
}

fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        all.insert(folder.file_name().unwrap().to_string_lossy().into_owned(), dependencies(&manifest));
    }
    all
}

#[test]
fn crates_depend_downwards_only() {
    let manifests = manifests();
    let mut known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    known.insert("gateway");
    let present: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    assert_eq!(present, known, "a new crate needs its line in EDGES and in docs/architecture.md");
    let mut bad = Vec::new();
    for (name, allowed) in EDGES {
        for dependency in &manifests[*name] {
            if let Some(ours) = dependency.strip_prefix("sealpost-")
                && !allowed.contains(&ours)
            {
                bad.push(format!("{name} must not know {ours}"));
            }
        }
    }
    nothing(bad, "the edges of docs/architecture.md");
}

#[test]
fn a_library_is_named_by_its_one_crate() {
    let manifests = manifests();
    let mut bad = Vec::new();
    for (library, owner) in OWNERS {
        for (name, dependencies) in &manifests {
            let other_owner = OWNERS.contains(&(*library, name.as_str()));
            if dependencies.contains(*library) && !other_owner {
                bad.push(format!("{name} names {library}, which is {owner}'s"));
            }
        }
    }
    nothing(bad, "the table of docs/architecture.md");
}

/// A console is to be built on it one day: it names nothing of the portal but itself, neither by `crate::` nor by
/// `super::super`.
#[test]
fn what_the_portal_stands_on_names_nothing_of_the_portal() {
    let http = Path::new("crates/portal/src/http");
    let own = files(&["rs"]).into_iter().filter(|(path, _)| path.starts_with(http));
    let mut found = Vec::new();
    for (path, text) in own {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let outside = line.split("crate::").skip(1).any(|rest| !rest.starts_with("http::"));
            if outside || line.contains("super::super") {
                found.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    nothing(found, "crates/portal/src/http knows no part of the portal: pass it what it needs");
}

#[test]
fn html_becomes_text_in_one_place() {
    // mail-parser's own glues words together and loses letters: rules would fail open again.
    let marker = concat!("decoders::", "html");
    let bad = files(&[".rs"]).into_iter().filter(|(_, text)| text.contains(marker));
    nothing(bad.map(|(path, _)| path.display().to_string()).collect(), "write sealpost_mail::html_to_text");
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let mut bad = Vec::new();
    let mut said_above = false;
    for line in section.lines() {
        let says = line.contains(" # ") || said_above || line.starts_with("sealpost-");
        if line.contains('=') && !line.starts_with('#') && !says {
            bad.push(line.to_owned());
        }
        // A sentence speaks for the lines under it, up to the next empty one; `# --- a heading ---` does not.
        said_above = match line.strip_prefix("# ") {
            Some(text) => !text.starts_with("---") || text.contains(':') || text.contains("tests only"),
            None => said_above && !line.trim().is_empty(),
        };
    }
    nothing(bad, "write a comment why behind it");
}

/// The code of the product: sources without comments, tests and re-exports.
fn production() -> Vec<(PathBuf, String)> {
    let ours = |path: &Path| {
        path.starts_with("crates")
            && path.iter().any(|part| part == "src")
            && !path.iter().any(|part| part == "tests")
            && !path.to_string_lossy().ends_with("tests.rs")
    };
    files(&[".rs"])
        .into_iter()
        .filter(|(path, _)| ours(path))
        .map(|(path, text)| {
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code =
                code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>();
            (path, code.join("\n"))
        })
        .collect()
}

/// The names in a piece of code.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

/// Public functions that only tests and examples call, on purpose. Never add one that a test could do without.
const FOR_TESTS: &[&str] = &[
    // mail: the clock that tests move.
    "advance",
    // intake: how much of the memory is free again.
    "free_kib",
    // store: steps that the product takes in larger transactions.
    "add_token_and_wrap",
    "delete_deposits",
    // vault: a body at once, where a test or an independent reader wants it so.
    "open_all",
    "sealed_chunk_len",
];

#[test]
fn no_public_function_is_unused() {
    let code = production();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, text) in &code {
        // A re-export does not count as a use.
        let outside: Vec<&str> =
            text.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next()).collect();
        for name in names(text) {
            *uses.entry(name).or_default() += 1;
        }
        for name in outside.into_iter().flat_map(names) {
            *uses.entry(name).or_default() -= 1;
        }
    }
    let mut declared: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for (path, text) in &code {
        for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("pub ")) {
            let words: Vec<&str> = names(line).collect();
            let function = words.iter().position(|word| *word == "fn").and_then(|at| words.get(at + 1));
            // `pub fn`, `pub const fn`, `pub async fn`: nothing else precedes it.
            if let Some(name) = function.filter(|_| words.iter().take(3).any(|word| *word == "fn")) {
                declared.entry(*name).or_default().push(path);
            }
        }
    }
    assert!(declared.len() > 500 && declared.contains_key("commit_arrival"), "the search finds too little");
    let unused =
        |(name, places): &(&&str, &Vec<&Path>)| uses.get(**name).copied().unwrap_or(0) <= places.len();
    let found: BTreeMap<&str, &Path> =
        declared.iter().filter(unused).map(|(name, places)| (*name, places[0])).collect();
    let bad = found.iter().filter(|(name, _)| !FOR_TESTS.contains(name));
    nothing(
        bad.map(|(name, path)| format!("{}: {name}", path.display())).collect(),
        "a public function that nothing of the product calls",
    );
    let gone = FOR_TESTS.iter().filter(|name| !found.contains_key(**name));
    nothing(gone.map(|name| (*name).to_owned()).collect(), "in the list of the unused, and used or gone");
}

/// Notices are sent by the code that knows their facts, and `match`es in the crate that writes them do not count.
#[test]
fn every_notice_is_sent_by_somebody() {
    let notice = fs::read_to_string(root().join("crates/notice/src/notice.rs")).unwrap();
    let body = notice.split("pub enum Notice {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants: Vec<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    ").filter(|line| line.starts_with(char::is_uppercase)))
        .map(|line| names(line).next().unwrap())
        .collect();
    assert!(variants.len() > 15 && variants.contains(&"NewMessage"), "the search finds too little");
    let senders: String = production()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("crates/notice"))
        .map(|(_, text)| text)
        .collect();
    let unsent = variants.iter().filter(|variant| !senders.contains(&format!("Notice::{variant}")));
    nothing(unsent.map(|variant| (*variant).to_owned()).collect(), "a notice that is never sent");
}

/// A second engine was possible because the first one is named in one folder (decision 0005).
#[test]
fn the_drivers_of_the_databases_are_named_by_their_engines_alone() {
    let engines = [
        ("rusqlite", "crates/store/src/engine/sqlite"),
        ("tokio_postgres", "crates/store/src/engine/postgres"),
    ];
    let named = |driver: &str| {
        files(&[".rs"])
            .into_iter()
            .filter(|(path, text)| {
                path.starts_with("crates/store/src") && text.contains(&format!("{driver}::"))
            })
            .map(|(path, _)| path)
            .collect::<Vec<_>>()
    };
    for (driver, folder) in engines {
        let found = named(driver);
        assert!(found.len() > 2, "the search finds too little");
        let bad = found.iter().filter(|path| !path.starts_with(folder));
        nothing(bad.map(|path| path.display().to_string()).collect(), driver);
    }
}

#[test]
fn no_dependency_is_unused() {
    let code = production();
    let all = files(&[".rs"]);
    let mut bad = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let inside = Path::new("crates").join(&name);
        let build = fs::read_to_string(folder.join("build.rs")).unwrap_or_default();
        // What tests of several crates share counts for each of them.
        let counts = |path: &Path| path.starts_with(&inside) || path.starts_with("tests/pseudo");
        let of = |files: &[(PathBuf, String)]| -> String {
            files.iter().filter(|(path, _)| counts(path)).map(|(_, text)| text.as_str()).collect()
        };
        let (product, everything) = (of(&code) + &build, of(&all));
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let word = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if line.starts_with(['[', '#', ' ', '}', ']'])
                || word.is_empty()
                || !section.contains("dependencies")
            {
                continue;
            }
            seen += 1;
            let wanted = word.replace('-', "_");
            let place = if section.contains("dev-") { &everything } else { &product };
            if !names(place).any(|name| name == wanted) {
                bad.push(format!("{name} {section}: {word}"));
            }
        }
    }
    assert!(seen > 150, "the search finds too little: {seen}");
    nothing(bad, "a dependency that no source names");
}

#[test]
fn decision_records_are_numbered_without_gaps() {
    let mut numbers: Vec<u32> = fs::read_dir(root().join("docs/decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "README.md")
        .map(|name| {
            name.split('-').next().unwrap().parse().unwrap_or_else(|_| panic!("{name}: NNNN-words.md"))
        })
        .collect();
    numbers.sort_unstable();
    let want: Vec<u32> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, want);
    let list = fs::read_to_string(root().join("docs/decisions/README.md")).unwrap();
    for number in numbers {
        assert!(list.contains(&format!("{number:04}")), "docs/decisions/README.md does not list {number:04}");
    }
}

/// Tables in which nothing is about anybody: what runs, where things are, which release made them.
const IMPERSONAL: [&str; 12] = [
    "audit_anchors",
    "believed_time",
    "hooks",
    "job_runs",
    "jobs",
    "moves",
    "mta_sts_policies",
    "tls_reported",
    "tls_sessions",
    "tls_submissions",
    "nodes",
    "objects",
];

#[test]
fn the_page_on_privacy_names_every_table_that_is_about_somebody() {
    let read = |page: &str| fs::read_to_string(root().join("docs").join(page)).unwrap();
    let (schema, privacy) = (read("schema.md"), read("operators/privacy.md"));
    let tables: Vec<&str> = schema.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(tables.len() > 45, "the search finds too little: {tables:?}");
    let named = |table: &&&str| {
        **table == "schema_version"
            || IMPERSONAL.contains(table)
            || privacy.contains(&format!("`{table}`"))
            || privacy.contains(&format!("`{table}."))
    };
    let bad: Vec<String> =
        tables.iter().filter(|table| !named(table)).map(|&table| table.to_owned()).collect();
    nothing(bad, "docs/operators/privacy.md names every table with personal data");
}

/// Audit events that no scenario covers, with the reason.
const UNSEEN_EVENTS: [(&str, &str); 1] =
    [("partner.key-expired", "no command takes that step; a key that ends is told by its own time")];

/// A row that no scenario covers could be lost unnoticed.
#[test]
fn every_event_of_the_audit_trail_is_named_by_a_scenario() {
    let words = |text: &str| -> BTreeSet<String> {
        let is_word = |word: &&str| {
            let parts: Vec<&str> = word.split('.').collect();
            let plain =
                |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            parts.len() == 2 && parts.iter().all(plain)
        };
        text.split(['"', '\'', '`']).filter(is_word).map(str::to_owned).collect()
    };
    let (mut known, mut named) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in files(&[".rs"]) {
        if ["event.rs", "event_codes.rs", "actions.rs"]
            .iter()
            .any(|name| path == Path::new("crates/mailbox/src/audit").join(name))
        {
            known.extend(words(text.split("#[cfg(test)]").next().unwrap_or_default()));
        } else if path.starts_with("tests")
            && !path.starts_with("tests/src")
            && path != Path::new("tests/tidy.rs")
        {
            named.extend(words(&text));
        }
    }
    assert!(known.len() > 75, "the search finds too little: {known:?}");
    let excused: BTreeSet<String> = UNSEEN_EVENTS.iter().map(|(word, _why)| (*word).to_owned()).collect();
    let stale: Vec<String> = excused.iter().filter(|word| named.contains(*word)).cloned().collect();
    nothing(stale, "named by a scenario after all");
    let unseen = known.difference(&named).filter(|word| !excused.contains(*word)).cloned();
    nothing(unseen.collect(), "an event of the audit trail that no scenario under tests/ names");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut bad = Vec::new();
    for (path, text) in files(&[".md"]) {
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let full = root().join(path.parent().unwrap()).join(target);
            if !full.exists() {
                bad.push(format!("{} → {target}", path.display()));
            }
        }
    }
    nothing(bad, "documents link to what exists");
}

/// Sources that a document names by their path. Records of decisions name what was there when they were written.
#[test]
fn sources_that_documents_name_are_there() {
    let mut found = 0;
    let mut bad = Vec::new();
    for (path, text) in files(&[".md"]) {
        if path.starts_with("docs/decisions") || !path.starts_with("docs") {
            continue;
        }
        for named in text.split('`').skip(1).step_by(2) {
            let is_path = named.contains('/') && named.ends_with(".rs") && !named.contains(' ');
            if !is_path {
                continue;
            }
            let (before, names, behind) = match (named.split_once('{'), named.split_once('}')) {
                (Some((before, inside)), Some((_, behind))) => {
                    (before, inside.split('}').next().unwrap_or_default(), behind)
                }
                _ => ("", named, ""),
            };
            for name in names.split(',') {
                let file = format!("{before}{name}{behind}");
                found += 1;
                if !["crates", "", "tests"].iter().any(|folder| root().join(folder).join(&file).exists()) {
                    bad.push(format!("{}: {file}", path.display()));
                }
            }
        }
    }
    assert!(found > 700, "the search finds too little: {found}");
    nothing(bad, "a document names a source that is not there");
}

#[test]
fn shipped_configurations_are_good() {
    let home = rig::gateway::Home::empty();
    home.write("server.key", rig::gateway::SERVER_KEY.as_bytes());
    fs::copy(root().join("gateway.toml"), home.config()).unwrap();
    let (code, out, err) = home.sealpost(&["check", "--offline"]);
    assert_eq!(code, 0, "gateway.toml:\n{out}{err}");
}

/// `@system-service` does not include them (systemd 252), and without them no worker starts its work.
#[test]
fn units_let_workers_shut_themselves_in() {
    let needed = ["seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"];
    let mut bad = Vec::new();
    for entry in fs::read_dir(root().join("deploy/systemd")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "service") {
            continue;
        }
        let unit = fs::read_to_string(&path).unwrap();
        let lines = unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter="));
        let allowed: Vec<&str> =
            lines.filter(|list| !list.starts_with('~')).flat_map(str::split_whitespace).collect();
        bad.extend(
            needed
                .iter()
                .filter(|call| !allowed.contains(call))
                .map(|call| format!("{}: {call}", path.display())),
        );
    }
    nothing(bad, "units allow what workers shut themselves in with");
}
