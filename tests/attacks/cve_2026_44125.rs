//! CVE-2026-44125: several portal endpoints did not check who is signed in.

use rig::routes;

use crate::portal::{Portal, move_on};

#[test]
fn every_route_for_owners_turns_strangers_away() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Geheimwort-Zwetschge");
    anna.get(&letter).expect(200);
    let id = letter.rsplit('/').next().unwrap();
    let mut guarded = 0;
    for row in routes::all().into_iter().filter(|row| row.owners || row.newcomers) {
        let (path, method) = (row.filled(id, "x"), row.method);
        guarded += 1;
        let cookies =
            ["", "session=", "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "__Host-session=x"];
        let others = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].map(|other| (other, ""));
        for (method, cookie) in cookies.map(|cookie| (method, cookie)).into_iter().chain(others) {
            let mut stranger = portal.gateway.web();
            move_on(&mut stranger, guarded);
            if let Some((name, value)) = cookie.split_once('=') {
                stranger.cookies.insert(name.to_owned(), value.to_owned());
            }
            let body = (method == "POST").then_some(&b"form_token=x&id=1"[..]);
            let page = stranger.request(method, &path, body);
            let text = page.text();
            assert!(
                matches!(page.status, 303 | 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422),
                "{method} {path} answers a stranger with {}",
                page.status
            );
            assert!(!text.contains("Zwetschge") && !text.contains("/logout"), "{method} {path}: {text}");
        }
    }
    assert!(guarded >= 7, "only {guarded} routes are for owners");
    // Nothing of what was tried did anything.
    assert!(anna.get(&letter).expect(200).text().contains("Brief"));
}
