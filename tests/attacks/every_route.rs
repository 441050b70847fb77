//! Every row of the route table, from outside: as the owner of another mailbox, who is signed in and has
//! valid form tokens, and as the owner without a token. Anna's data is neither read nor changed.

use rig::http::Page;
use rig::{Web, routes};

use crate::portal::{Portal, activate, letter_path, move_on};

const NONE: &str = "00000000000000000000000000000000";
const SECRET: &str = "Geheimwort-Zwetschge";

/// What Anna has: a letter, a draft.
struct Anna {
    web: Web,
    letter: String,
    draft: String,
}

impl Anna {
    fn new(portal: &Portal) -> Self {
        let (mut web, path) = portal.owner("anna@web.example", SECRET);
        let inbox = web.get("/inbox");
        let editor = web.submit(&inbox, "/write", &[("kind", "new")]);
        let editor = editor.header("location").unwrap().to_owned();
        let page = web.get(&editor);
        page.expect(200);
        web.submit(&page, &editor, &[("do", "save"), ("subject", SECRET), ("text", SECRET)]);
        let id = |path: &str| path.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        Self { web, letter: id(&path), draft: id(&editor) }
    }

    /// Everything of hers, as she sees it.
    fn belongings(&mut self) -> [Vec<u8>; 2] {
        let letter = self.web.get(&format!("/m/{}/eml", self.letter));
        let draft = self.web.get(&format!("/w/{}", self.draft));
        letter.expect(200);
        assert!(draft.expect(200).text().contains(SECRET));
        // The time of the last visit and the like change; her words do not.
        let start = draft.text().find("<textarea").unwrap();
        [letter.body, draft.body[start..].to_vec()]
    }
}

/// A form token that this visitor's session has.
fn token(web: &mut Web) -> String {
    let inbox = web.get("/inbox");
    inbox.expect(200);
    inbox.form("/language").hidden.into_iter().find(|(name, _)| name == "form_token").unwrap().1
}

/// Everything a form anywhere takes that names a letter, a draft or a file.
fn fields<'a>(token: &'a str, id: &'a str, action: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("form_token", token), ("do", action), ("kind", action), ("format", "eml")];
    for name in ["id", "letter", "draft", "part", "file"] {
        all.push((name, id));
    }
    all.extend([
        ("folder", "inbox"),
        ("sure", "yes"),
        ("words", SECRET),
        ("text", "x"),
        ("to", "x@insurer.example"),
    ]);
    all
}

fn nothing_of_hers(page: &Page, what: &str) {
    assert!(!page.text().contains(SECRET) || what.contains("/search"), "{what}: {}", page.text());
    assert!(page.status != 500 && page.status != 0, "{what} gives {}", page.status);
}

/// Routes that would end the session of the attacker, or delete the mailbox.
const FAREWELLS: &[&str] = &["/logout", "/account/leave", "/account/delete"];

#[test]
fn another_mailboxs_owner_gets_nowhere() {
    let portal = Portal::new();
    let mut anna = Anna::new(&portal);
    let before = anna.belongings();
    let (mut eve, hers) = portal.owner("eve@web.example", "Eve");
    let token = token(&mut eve);
    let mut tried = 0;
    for row in routes::all().into_iter().filter(|row| row.owners) {
        for id in [anna.letter.clone(), anna.draft.clone()] {
            let path = row.filled(&id, "x");
            move_on(&mut eve, tried);
            tried += 1;
            if row.method == "GET" {
                let page = eve.get(&path);
                nothing_of_hers(&page, &path);
                assert!(page.status == 404 || !row.path.contains("{id}"), "GET {path}: {}", page.status);
                continue;
            }
            if FAREWELLS.contains(&row.path.as_str()) {
                continue;
            }
            for action in [
                "trash", "destroy", "restore", "empty", "export", "reply", "forward", "send", "discard",
                "attach",
            ] {
                let page = eve.post(&path, &fields(&token, &id, action));
                nothing_of_hers(&page, &format!("POST {path} to {action}"));
                if row.path.contains("{id}") {
                    // Hers answers as what never was: a letter sent twice finds no draft, either.
                    let none = eve.post(&row.filled(NONE, "x"), &fields(&token, NONE, action));
                    // What was typed comes into a draft of Eve's own, a new one each time.
                    let place = |to: &str| match to.split_once('?') {
                        Some((_, "note=anew")) => "anew".to_owned(),
                        Some(_) | None => to.to_owned(),
                    };
                    let seen = |page: &Page| (page.status, page.header("location").map(place));
                    assert_eq!(seen(&page), seen(&none), "POST {path} to {action}");
                    assert!(!matches!(page.status, 200..=299), "POST {path} to {action}: {}", page.status);
                }
            }
        }
    }
    assert!(tried > 50, "only {tried}");
    assert!(anna.belongings() == before, "something of Anna's has changed");
    move_on(&mut eve, tried);
    eve.get(&hers).expect(200);
}

#[test]
fn without_a_form_token_the_owner_changes_nothing() {
    let portal = Portal::new();
    let mut anna = Anna::new(&portal);
    let before = anna.belongings();
    let (mut eve, _) = portal.owner("eve@web.example", "Eve");
    let another = token(&mut eve);
    let pending = portal.send("new@web.example", &rig::letters::plain("[vertraulich] x", "x"));
    let link = pending.rsplit('/').next().unwrap().to_owned();
    let mut tried = 0;
    for row in routes::all().into_iter().filter(|row| row.method == "POST") {
        for id in [anna.letter.clone(), anna.draft.clone()] {
            let path = row.filled(&id, &link);
            for token in ["", "AAAA", &another] {
                move_on(&mut anna.web, tried);
                tried += 1;
                let mut visitor = if row.owners { anna.web.clone() } else { portal.gateway.web() };
                move_on(&mut visitor, tried);
                let page = visitor.post(&path, &fields(token, &id, "destroy"));
                // A visitor who is not a newcomer is redirected before the form is read.
                let wanted = if row.newcomers { 303 } else { 403 };
                assert_eq!(page.status, wanted, "POST {path} with the token {token:?}: {}", page.text());
            }
        }
    }
    assert!(tried > 80, "only {tried}");
    assert!(anna.belongings() == before, "something of Anna's has changed");
    // Nobody was logged out, and the pending mailbox is still pending.
    let mut new = portal.gateway.web();
    let inbox = activate(&mut new, &pending, rig::reader::PASSWORD, &[]);
    assert!(letter_path(inbox.expect(200)).starts_with("/m/"));
}
