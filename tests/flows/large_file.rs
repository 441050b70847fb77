//! Twenty megabytes by a recipient: uploaded in pieces, sent, and downloaded again. The portal never has the
//! whole file in memory.

use rig::hop::Delivered;
use rig::http::Page;
use rig::reader::activate;
use rig::{Config, Gateway, Hop, Web, letters};

const WHOLE: usize = 19 * 1024 * 1024;
const PIECE: usize = 1024 * 1024;
const SMALL: usize = 3 * PIECE;

fn file() -> Vec<u8> {
    (0..u32::try_from(WHOLE).unwrap()).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

fn reader(gateway: &Gateway, hop: &Hop) -> (Web, Page) {
    let letter = letters::plain("[vertraulich] Ihr Unfall", "Sehr geehrter Herr Muster");
    gateway.smtp().letter("erika@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to("max@web.example").bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link);
    (web, inbox)
}

fn between<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in:\n{text}")) + before.len();
    text[start..].split(after).next().unwrap()
}

/// One piece, as the script sends it.
fn piece(web: &mut Web, to: &str, token: &str, offset: usize, bytes: &[u8]) -> Page {
    let mut body = Vec::new();
    for (field, value) in [("form_token", token), ("offset", &offset.to_string())] {
        body.extend_from_slice(
            format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"piece\"; filename=\"piece\"\r\n\
          Content-Type: application/octet-stream\r\n\r\n",
    );
    body.extend_from_slice(&bytes[offset..bytes.len().min(offset + PIECE)]);
    body.extend_from_slice(b"\r\n--b--\r\n");
    web.post_as("multipart/form-data; boundary=b", to, &body)
}

/// A new message with this file of `bytes`, put up in pieces and sent. It waits at the insurer's server.
fn write_with(web: &mut Web, token: &str, bytes: &[u8]) {
    let inbox = web.get("/inbox");
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let path = begun.header("location").unwrap().to_owned();
    let size = bytes.len().to_string();
    let fields =
        [("form_token", token), ("name", "gross.bin"), ("size", &size), ("changed", "1"), ("kind", "a/b")];
    let told = web.post(&format!("{path}/u"), &fields);
    let to = told.header("location").unwrap().to_owned();
    for offset in (0..bytes.len()).step_by(PIECE) {
        piece(web, &to, token, offset, bytes).expect(200);
    }
    let sending = [("form_token", token), ("to", "erika@insurer.example"), ("text", "Hier"), ("do", "send")];
    web.post(&path, &sending).expect(303);
}

#[test]
fn twenty_megabytes_pass_through_a_small_memory() {
    let mut hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start_frugal(&config);
    let (mut web, inbox) = reader(&gateway, &hop);
    let token = between(&inbox.text(), "name=\"form_token\" value=\"", '"').to_owned();
    let bytes = file();
    // What delivery takes is measured where many letters are under way at once (load.rs); a server that cannot
    // be reached costs it nothing.
    hop.close();

    // The first file starts threads and fills caches of the program itself. The remaining memory must not
    // grow with the file.
    write_with(&mut web, &token, &bytes[..SMALL]);
    let before = gateway.process().forget_peak();
    write_with(&mut web, &token, &bytes);
    let grown = gateway.process().peak_memory().saturating_sub(before);
    println!("peak grew by {} KiB", grown >> 10);
    assert!(grown < 8 * PIECE as u64, "{} KiB more for {} MiB", grown >> 10, WHOLE >> 20);

    hop.open();
    let whole = |mail: &Delivered| letters::files(&mail.bytes).iter().any(|(_name, file)| file == &bytes);
    hop.wait_where("the file as it was", whole);

    // Down again, by the letter among the sent ones.
    let sent = web.get("/sent").text();
    let id = between(&sent, "href=\"/m/", '"').to_owned();
    assert!(web.get(&format!("/m/{id}/part/0")).body == bytes, "the kept file is another");
    gateway.sweep();
}
