//! CVE-2026-44126: objects were deserialised from untrusted data. Here a body is a form with known fields.

use rig::{Web, routes};

use crate::portal::{Portal, move_on};

const OBJECTS: &[(&str, &[u8])] = &[
    (
        "application/x-java-serialized-object",
        b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16\x60\xd1",
    ),
    ("application/x-php-serialized", b"O:8:\"stdClass\":1:{s:4:\"exec\";s:2:\"id\";}"),
    (
        "application/octet-stream",
        b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    ),
    (
        "application/json",
        b"{\"form_token\":{\"$ne\":null},\"address\":{\"$gt\":\"\"},\"__proto__\":{\"admin\":true}}",
    ),
    (
        "application/xml",
        b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>",
    ),
    ("application/x-yaml", b"!!python/object/apply:os.system ['id']"),
    ("application/x-www-form-urlencoded", b"address[]=a&address[$ne]=b&password[0]=x&form_token=%00%ff"),
    (
        "application/x-www-form-urlencoded",
        b"address=a&address=b&password=c&password=d&form_token=e&form_token=f",
    ),
    ("application/cbor", b"\xd9\xd9\xf7\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name=\"address\"\r\n\r\na\r\n--x",
    ),
];

#[test]
fn no_object_is_made_of_what_a_stranger_sends() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    for (n, row) in routes::all().into_iter().filter(|row| row.method == "POST").enumerate() {
        let path = row.filled("0123456789abcdef0123456789abcdef", "x");
        let (mut stranger, mut owner) = (portal.gateway.web(), anna.clone());
        move_on(&mut stranger, 2 * n);
        move_on(&mut owner, 2 * n + 1);
        for (kind, body) in OBJECTS {
            for visitor in [&mut stranger, &mut owner] {
                let status = send(visitor, &path, kind, body);
                assert!(matches!(status, 303 | 400..=428 | 430..=499), "{path} answers {kind} with {status}");
            }
        }
    }
    for cookie in
        ["O:8:\"stdClass\":0:{}", "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA", "gASVBQAAAAAAAACMAXiULg", "{\"a\":1}"]
    {
        let mut web = portal.gateway.web();
        for name in ["session", "form", "language", "__Host-session"] {
            web.cookies.insert(name.to_owned(), cookie.to_owned());
        }
        let page = web.get("/inbox");
        assert!(page.status < 500 && !page.text().contains("/logout"), "{cookie}: {}", page.status);
    }
    anna.get(&letter).expect(200);
}

/// The rig's visitor always says that its body is a form; this one says something else.
fn send(web: &mut Web, path: &str, kind: &str, body: &[u8]) -> u16 {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(web.address()).unwrap();
    let cookies: Vec<String> = web.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {}\r\n{}Content-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        cookies.join("; "),
        web.extra.iter().map(|line| format!("{line}\r\n")).collect::<String>(),
        body.len(),
        host = web.address(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = [0; 12];
    let _ = stream.read_exact(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
