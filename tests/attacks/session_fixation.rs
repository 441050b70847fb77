//! A cookie chosen by an attacker never becomes a session, and a token from before the log-in proves nothing
//! after it.

use crate::portal::Portal;

fn session(web: &rig::Web) -> Option<(String, String)> {
    web.cookies.iter().find(|(name, _)| name.contains("session")).map(|(n, v)| (n.clone(), v.clone()))
}

#[test]
fn a_log_in_always_begins_a_session_of_its_own() {
    let portal = Portal::new();
    let (anna, letter) = portal.owner("anna@web.example", "Text");
    let (name, first) = session(&anna).unwrap();
    // The attacker's own, living session is planted in the victim's browser.
    let (mallory, _) = portal.owner("mallory@web.example", "Text");
    let (_, planted) = session(&mallory).unwrap();
    for value in [planted.as_str(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""] {
        let mut web = portal.gateway.web();
        web.cookies.insert(name.clone(), value.to_owned());
        // The log-in page redirects signed-in users; so the form is posted as it was before.
        let mut clean = portal.gateway.web();
        let page = clean.get("/");
        web.cookies.extend(clean.cookies.clone());
        let fields = [("address", "anna@web.example"), ("password", rig::reader::PASSWORD)];
        let done = web.submit(&page, "/login", &fields);
        done.expect(303);
        let (_, now) = session(&web).unwrap();
        assert_ne!(now, value, "the planted cookie became Anna's session");
        assert_ne!(now, first);
        web.get(&letter).expect(200);
        // The attacker who planted it has no access: the old session ended when the new one began, and opens
        // nothing of hers.
        let mut attacker = portal.gateway.web();
        attacker.cookies.insert(name.clone(), value.to_owned());
        assert_ne!(attacker.get(&letter).status, 200);
    }
}

#[test]
fn a_form_token_from_before_the_log_in_is_worth_nothing_after_it() {
    let portal = Portal::new();
    let (mut anna, letter) = portal.owner("anna@web.example", "Text");
    let mut stranger = portal.gateway.web();
    let page = stranger.get("/");
    let token = page.form("/login").hidden.into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    // The visitor's cookie in the owner's browser, with the token that belongs to it.
    let visit: Vec<_> =
        stranger.cookies.clone().into_iter().filter(|(name, _)| name.contains("visit")).collect();
    anna.cookies.extend(visit);
    let id = letter.rsplit('/').next().unwrap();
    for (path, field) in [("/letters", "trash"), ("/logout", ""), ("/account/leave", ""), ("/write", "")] {
        let fields = [("form_token", token.as_str()), ("do", field), ("id", id), ("folder", "inbox")];
        anna.post(path, &fields).expect(403);
    }
    anna.get(&letter).expect(200);
}
