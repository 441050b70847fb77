//! Data outside the rows is deleted with them: the files of large letters and of drafts, a letter sent by its
//! owner, and the old password's wrap.

use std::path::{Path, PathBuf};

use rig::erased::{gone, pieces};
use rig::letters::{self, link};
use rig::process::poll;
use rig::reader::{PASSWORD, activate, letter_path};
use rig::{Config, Gateway, Hop, Web};

/// More than lives in a row.
const LARGE: usize = 300_000;

fn between<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    let from = text.find(before).unwrap_or_else(|| panic!("{before}: {text}")) + before.len();
    text[from..].split(after).next().unwrap()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Pieces of every large body that is a file now.
fn file_pieces(gateway: &Gateway) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    files(&gateway.home.data().join("bodies"), &mut found);
    let bytes: Vec<Vec<u8>> = found.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let large = bytes.iter().filter(|bytes| bytes.len() > LARGE / 2);
    let pieces: Vec<Vec<u8>> = large.map(|bytes| bytes[bytes.len() / 2..][..24].to_vec()).collect();
    assert!(!pieces.is_empty(), "no large body is a file");
    pieces
}

fn destroy(web: &mut Web, list: &str, folder: &str, id: &str) {
    for (list, folder, deed) in [(list, folder, "trash"), ("/trash", "trash", "destroy")] {
        let page = web.get(list);
        let fields = [("folder", folder), ("id", id), ("do", deed), ("sure", "yes")];
        web.submit(&page, "/letters", &fields).expect(303);
    }
}

/// Begins a message and attaches a large file; its path and the form's token.
fn begin_with_file(web: &mut Web) -> (String, String) {
    let inbox = web.get("/inbox");
    let token = between(&inbox.text(), "name=\"form_token\" value=\"", '"').to_owned();
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let path = begun.header("location").unwrap().split('?').next().unwrap().to_owned();
    let mut body = Vec::new();
    for (name, value) in [("form_token", token.as_str()), ("do", "attach"), ("subject", "Frage")] {
        let field = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(field.as_bytes());
    }
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"gross.bin\"\r\n\
          Content-Type: application/octet-stream\r\n\r\n",
    );
    body.extend((0..LARGE).map(|n| u8::try_from(n % 251).unwrap()));
    body.extend_from_slice(b"\r\n--b--\r\n");
    web.post_as("multipart/form-data; boundary=b", &path, &body).expect(303);
    (path, token)
}

#[test]
fn files_of_letters_and_drafts_and_an_old_password_leave_nothing() {
    let hop = Hop::new();
    let mut config = Config::on_sqlite(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    let bodies = || gateway.count("SELECT count(*) FROM bodies");
    let no_legs =
        || poll("an empty queue", || (gateway.count("SELECT count(*) FROM legs") == 0).then_some(()));

    // A large letter, destroyed by its owner.
    let letter = letters::plain("[vertraulich] Akte", &"Seite um Seite.\r\n".repeat(LARGE / 17));
    gateway.smtp().letter("erika@insurer.example", &["k@web.example"], &letter).expect("250 *");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link(&hop.wait_to("k@web.example").bytes));
    no_legs();
    let body = file_pieces(&gateway);
    let id = letter_path(&inbox).rsplit_once('/').unwrap().1.to_owned();
    destroy(&mut web, "/inbox", "inbox", &id);
    assert_eq!(bodies(), 0);
    gone(&gateway, "a large letter's file to go", &body);

    // A draft with a large file, thrown away.
    let (path, token) = begin_with_file(&mut web);
    let mut file = file_pieces(&gateway);
    file.extend(pieces(
        &gateway,
        "SELECT key_sealed FROM drafts UNION ALL SELECT content_sealed FROM drafts
         UNION ALL SELECT facts_sealed FROM draft_files",
    ));
    web.post(&path, &[("form_token", token.as_str()), ("do", "discard")]).expect(303);
    assert_eq!(gateway.count("SELECT count(*) FROM drafts"), 0);
    gone(&gateway, "a draft and its file to go", &file);

    // A large letter that its owner sent, destroyed.
    let (path, token) = begin_with_file(&mut web);
    let sending = [
        ("form_token", token.as_str()),
        ("to", "erika@insurer.example"),
        ("subject", "Frage"),
        ("text", "Hier"),
        ("do", "send"),
    ];
    web.post(&path, &sending).expect(303);
    no_legs();
    let mut sent = file_pieces(&gateway);
    sent.extend(pieces(
        &gateway,
        "SELECT key_sealed FROM deposits WHERE folder = 'sent'
         UNION ALL SELECT head_sealed FROM deposits WHERE folder = 'sent'",
    ));
    let list = web.get("/sent").text();
    let id = between(&list, "href=\"/m/", '"').to_owned();
    destroy(&mut web, "/sent", "sent", &id);
    assert_eq!(bodies(), 0);
    gone(&gateway, "a sent letter to go", &sent);

    // Another password.
    let before = pieces(&gateway, "SELECT sealed FROM wraps WHERE kind = 'password'");
    let page = web.get("/account/password");
    let new = "Kastanie-1948-Treppe";
    let fields = [("current", PASSWORD), ("password", new), ("repeat", new)];
    web.submit(&page, "/account/password", &fields).expect(303);
    gone(&gateway, "the old password's wrap to go", &before);
    gateway.sweep();
}
