//! Links and routes agree on URLs, and no other file spells one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::links;
use crate::routes::{Right, TABLE};

/// Every shape with the parameters it has in the table of routes.
fn shapes() -> Vec<(String, Right)> {
    let (id, part, token) = ("{id}", "{part}", "{token}");
    vec![
        (links::LOGIN.to_owned(), Right::Anyone),
        (links::FIRST_LOGIN.to_owned(), Right::Newcomer),
        (links::FORGOT.to_owned(), Right::Anyone),
        (links::INBOX.to_owned(), Right::Owner),
        (links::SENT.to_owned(), Right::Owner),
        (links::TRASH.to_owned(), Right::Owner),
        (links::FOLDERS.to_owned(), Right::Owner),
        (links::DRAFTS.to_owned(), Right::Owner),
        (links::ACCOUNT.to_owned(), Right::Owner),
        (links::PARTNER.to_owned(), Right::Anyone),
        (links::folder(id), Right::Owner),
        (links::draft(id), Right::Owner),
        (links::uploads(id), Right::Owner),
        (links::upload(id, part), Right::Owner),
        (links::letter(id), Right::Owner),
        (links::letter_files(id), Right::Owner),
        (links::letter_pictures(id) + part, Right::Owner),
        (links::letter_frame(id), Right::Owner),
        (links::letter_eml(id), Right::Owner),
        (links::letter_msg(id), Right::Owner),
        (links::letter_pdf(id), Right::Owner),
        (links::letter_part(id, part), Right::Owner),
        (links::letter_view(id, part), Right::Owner),
        (links::letter_inside(id, part), Right::Owner),
        (links::inside_frame(id, part), Right::Owner),
        (links::export_progress(part), Right::Owner),
        (links::activation(token), Right::Anyone),
        (links::renewal(token), Right::Anyone),
        (links::reset(token), Right::Anyone),
        (links::deletion(token), Right::Anyone),
        (links::partner_file("{file}"), Right::Anyone),
        (links::asset("{file}"), Right::Anyone),
    ]
}

#[test]
fn every_link_leads_to_a_route() {
    for (shape, right) in shapes() {
        let row = TABLE.iter().find(|row| row.path == shape);
        assert_eq!(row.map(|row| row.right), Some(right), "{shape}");
    }
}

/// Except for those that other programs construct: RFC draft Web Key Directory.
#[test]
fn every_route_with_a_place_in_it_has_its_shape() {
    let made: Vec<String> = shapes().into_iter().map(|(shape, _)| shape).collect();
    let pages = TABLE.iter().filter(|row| row.path.contains('{') && !row.path.starts_with("/.well-known/"));
    for row in pages {
        assert!(made.iter().any(|shape| shape == row.path), "{} has no function in links.rs", row.path);
    }
}

#[test]
fn an_address_is_told_from_others_as_it_was_made() {
    let id = "0123456789abcdef0123456789abcdef";
    assert_eq!(links::letter_of(&links::letter(id)), Some(id));
    assert_eq!(links::draft_of(&links::draft(id)), Some(id));
    assert_eq!(links::asset_of(&links::asset("app.js")), Some("app.js"));
    assert_eq!((links::letter_of(&links::draft(id)), links::draft_of("w/x")), (None, None));
    assert!(links::is_folder(&links::folder(id)) && !links::is_folder(links::FOLDERS));
    assert_eq!(links::saying("/a", ("note", "x")), "/a?note=x");
    assert_eq!(links::saying("/a?note=x", ("to", "/inbox")), "/a?note=x&to=/inbox");
}

/// Files below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn nobody_else_spells_an_address() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    files(&here.join("src"), &mut sources);
    let is_elsewhere = |path: &PathBuf| {
        !path.to_string_lossy().ends_with("_tests.rs")
            && !path.ends_with("links.rs")
            && !path.ends_with("routes.rs")
            && !path.components().any(|c| c.as_os_str() == "tests")
    };
    // The first segment of every path in the table: "/m/", "/inbox".
    let steps = TABLE.iter().filter_map(|row| row.path.get(1..)?.split('/').next());
    let mut steps: Vec<&str> = steps.filter(|step| !step.is_empty() && !step.starts_with('{')).collect();
    steps.sort_unstable();
    steps.dedup();
    assert!(steps.len() > 20, "{steps:?}");
    let mut bad = Vec::new();
    for path in sources.iter().filter(|path| is_elsewhere(path)) {
        let text = fs::read_to_string(path).unwrap_or_default();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let spells = |step: &&str| {
                let begins = format!("\"/{step}");
                let after = line.split(&begins).nth(1).map(|rest| rest.chars().next());
                after.is_some_and(|next| matches!(next, Some('/' | '"' | '?' | '#')))
            };
            if steps.iter().any(spells) {
                bad.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    let mut templates = Vec::new();
    files(&here.join("../../webmail-ui/templates"), &mut templates);
    for path in templates {
        let text = fs::read_to_string(&path).unwrap();
        // A URL with an id of a letter or a draft; what follows a question mark is not part of the shape.
        for piece in text.split("=\"/").skip(1) {
            let address = piece.split(['"', '?']).next().unwrap_or_default();
            if address.contains("{{") {
                bad.push(format!("{}: /{address}", path.display()));
            }
        }
    }
    assert!(bad.is_empty(), "addresses that links.rs does not make:\n{}", bad.join("\n"));
}
