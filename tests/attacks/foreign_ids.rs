//! Knowing an id gives no access: a signed-in user tries the ids of another's letters, drafts and files
//! wherever an id can be given.

use rig::http::Page;
use rig::{Config, Gateway, Hop, Web, letters};

use crate::portal::{activate, letter_path};

struct Owner {
    web: Web,
    letter: String,
    draft: String,
    file: String,
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let at = text.find(start).unwrap_or_else(|| panic!("no {start} in:\n{text}")) + start.len();
    text[at..].split(end).next().unwrap()
}

/// An owner with a letter and a draft that has a file.
fn owner(gateway: &Gateway, hop: &Hop, to: &str, word: &str) -> Owner {
    let letter = letters::rich("[vertraulich] Brief", word, "<p>x</p>", "x.pdf", b"%PDF-x");
    gateway.smtp().letter("erika@insurer.example", &[to], &letter).expect("250 *");
    let link = letters::link(&hop.wait_to(to).bytes);
    let mut web = gateway.web();
    let inbox = activate(&mut web, &link, rig::reader::PASSWORD, &[]);
    let begun = web.submit(&inbox, "/write", &[("kind", "new")]);
    let editor = web.follow(begun);
    let draft = between(&editor.text(), "action=\"/w/", "\"").to_owned();
    let editor = attach(&mut web, &editor, &draft, word);
    let file = between(&editor.text(), "value=\"remove:", "\"").to_owned();
    let letter = letter_path(&inbox).rsplit('/').next().unwrap().to_owned();
    Owner { web, letter, draft, file }
}

fn token(page: &Page) -> String {
    between(&page.text(), "name=\"form_token\" value=\"", "\"").to_owned()
}

fn attach(web: &mut Web, editor: &Page, draft: &str, content: &str) -> Page {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nattach\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\
         Content-Type: text/plain\r\n\r\n{content}\r\n--b--\r\n",
        token(editor)
    );
    let page = web.post_as("multipart/form-data; boundary=b", &format!("/w/{draft}"), body.as_bytes());
    web.follow(page)
}

#[test]
fn ids_of_another_mailbox_lead_nowhere() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config.set("portal.write", "domains", r#"["insurer.example"]"#).set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    let mut anna = owner(&gateway, &hop, "anna@web.example", "Geheimwort-Zwetschge");
    let mut bernd = owner(&gateway, &hop, "bernd@web.example", "Harmlos");
    // What Bernd types comes into drafts of his own.
    let hers = anna.draft.clone();
    let state = |gateway: &Gateway| {
        let drafts = format!("drafts WHERE mailbox_id = (SELECT mailbox_id FROM drafts WHERE id = '{hers}')");
        let files = format!("draft_files WHERE draft_id = '{hers}'");
        ["deposits WHERE folder = 'inbox'", &drafts, &files, "trash", "legs"]
            .map(|table| gateway.count(&format!("SELECT count(*) FROM {table}")))
    };
    let before = state(&gateway);

    let inbox = bernd.web.get("/inbox");
    let mine = bernd.web.get(&format!("/w/{}", bernd.draft));
    let (letter, draft, file) = (anna.letter.as_str(), anna.draft.as_str(), anna.file.as_str());
    for path in ["", "/html", "/eml", "/msg", "/pdf", "/part/0", "/view/0", "/inline/0", "/inside/0"] {
        bernd.web.get(&format!("/m/{letter}{path}")).expect(404);
    }
    bernd.web.get(&format!("/w/{draft}")).expect(404);
    let token = token(&inbox);
    for kind in ["reply", "all", "forward"] {
        let fields = [("form_token", token.as_str()), ("kind", kind), ("letter", letter)];
        bernd.web.post("/write", &fields).expect(404);
    }
    for act in ["trash", "restore", "destroy", "export"] {
        let fields = [
            ("form_token", token.as_str()),
            ("do", act),
            ("id", letter),
            ("folder", "inbox"),
            ("sure", "yes"),
        ];
        let page = bernd.web.post("/letters", &fields);
        assert!(
            !page.text().contains("Zwetschge") && !page.text().contains("Brief"),
            "{act}: {}",
            page.text()
        );
    }
    for format in ["eml", "msg", "pdf"] {
        let fields = [("form_token", token.as_str()), ("format", format), ("id", letter)];
        let zip = bernd.web.post("/export/zip", &fields);
        assert!(zip.body.len() < 200, "{format}: an archive of {} bytes", zip.body.len());
    }
    for act in ["keep", "save", "send", "discard", &format!("remove:{file}")] {
        let fields =
            [("form_token", token.as_str()), ("to", "erika@insurer.example"), ("text", "x"), ("do", act)];
        let page = bernd.web.post(&format!("/w/{draft}"), &fields);
        // Text for a missing draft is saved in a new one, whatever the id.
        let is_anew = page.header("location").is_some_and(|to| to.ends_with("?note=anew"));
        let is_own = !page.header("location").is_some_and(|to| to.contains(draft));
        assert!(page.status == 404 || (page.status == 303 && is_anew && is_own), "{act}: {}", page.status);
        // Another's file by way of the own draft.
        if act.starts_with("remove") {
            bernd.web.post(&format!("/w/{}", bernd.draft), &fields).expect(303);
        }
    }
    let anew = attach(&mut bernd.web, &mine, draft, "untergeschoben");
    assert!(anew.status == 200 && !anew.text().contains(draft), "{}", anew.text());
    let now = state(&gateway);
    assert_eq!(now, before, "something has changed");
    assert!(anna.web.get(&format!("/m/{letter}?view=text")).text().contains("Geheimwort-Zwetschge"));
    assert!(anna.web.get(&format!("/w/{draft}")).text().contains("f.txt"));
    gateway.sweep();
}
