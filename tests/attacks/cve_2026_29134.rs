//! CVE-2026-29134: a visitor stated which domain they belonged to, and was believed. Here only its cookie
//! says whose a request is.

use rig::letters;
use rig::reader::PASSWORD;

use crate::portal::{Portal, activate, letter_path};

#[test]
fn a_visitor_cannot_choose_whose_they_are() {
    let portal = Portal::new();
    let (_, annas) = portal.owner("anna@web.example", "Geheimwort-Zwetschge");
    let link = portal.send("bernd@web.example", &letters::plain("[vertraulich] y", "y"));
    let mut bernd = portal.gateway.web();
    let claims = [
        ("address", "anna@web.example"),
        ("username", "anna@web.example"),
        ("mailbox", "anna@web.example"),
        ("mailbox_id", "1"),
        ("domain", "insurer.example"),
        ("tenant", "insurer"),
        ("role", "admin"),
        ("state", "active"),
        ("quota", "999999999"),
    ];
    let inbox = activate(&mut bernd, &link, PASSWORD, &claims);
    inbox.expect(200);
    assert_ne!(letter_path(&inbox), annas);
    let (_, inside) = portal.log_in("bernd@web.example", PASSWORD);
    assert!(inside, "the fields have changed whose mailbox this is");
    // Header fields have no effect either.
    for line in [
        "X-Forwarded-User: anna@web.example",
        "X-Remote-User: anna@web.example",
        "X-Original-URL: /inbox",
        "X-Rewrite-URL: /inbox",
        "Authorization: Basic YW5uYTp4",
        "X-HTTP-Method-Override: DELETE",
    ] {
        bernd.extra = vec![line.to_owned()];
        bernd.get(&annas).expect(404);
        let mut stranger = portal.gateway.web();
        stranger.extra = vec![line.to_owned()];
        assert!(!stranger.get("/inbox").text().contains("/logout"), "{line} signs in");
    }
}

#[test]
fn a_forged_host_leads_nobody_away() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    for line in [
        "X-Forwarded-Host: evil.example",
        "X-Host: evil.example",
        "Forwarded: host=evil.example;proto=https",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: //evil.example",
        "X-Forwarded-Server: evil.example",
    ] {
        anna.extra = vec![line.to_owned()];
        for path in ["/inbox", "/", letter.as_str()] {
            let page = anna.get(path);
            assert!(!page.text().contains("evil.example"), "{line} on {path}");
            assert!(
                !page.header("location").is_some_and(|to| to.contains("evil.example")),
                "{line} on {path}"
            );
        }
        // A stranger who requests an inbox is redirected to our log-in page.
        let mut stranger = portal.gateway.web();
        stranger.extra = vec![line.to_owned()];
        let page = stranger.get("/inbox");
        assert!(
            page.header("location").is_some_and(|to| to.starts_with('/') && !to.starts_with("//")),
            "{line}"
        );
    }
}
