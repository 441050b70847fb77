//! Files that came without a name are called what their reader calls such files: in the list, the download, the archive, as `.msg`
//! and PDF, when forwarded, and in the search. Appointments, tasks and notes are shown in the same language.

use rig::process::poll;
use rig::reader::{activate_in, letter_path, letter_paths};
use rig::readers::{embedded, python, said};
use rig::{Config, Gateway, Hop, Web, letters};

const FROM: &str = "erika.muster@unfall.insurer.example";

/// A PDF, a letter without a subject, and a task without a title, none of them with a name.
const LETTER: &str = "From: Erika Muster <erika.muster@unfall.insurer.example>\r\nSubject: Unterlagen\r\n\
    Date: Fri, 27 Nov 2026 10:00:00 +0100\r\nMessage-ID: <unterlagen@insurer.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nAnbei.\r\n\
    --b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n%%EOF\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\n\r\nInnen\r\n\
    --b\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:1@x\r\n\
    DUE;VALUE=DATE:20261215\r\nPRIORITY:1\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\nEND:VCALENDAR\r\n--b--\r\n";

fn file_names(page: &str) -> Vec<String> {
    let names = page.split("<span class=\"file-name\">").skip(1);
    names.map(|rest| rest.split("</span>").next().unwrap().to_owned()).collect()
}

fn saved_as(web: &mut Web, path: &str) -> String {
    let page = web.get(path);
    let value = page.expect(200).header("content-disposition").unwrap().to_owned();
    value.split("filename=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn looks(gateway: &Gateway, web: &mut Web, path: &str, names: [&str; 3], task: &[&str]) {
    let page = web.get(path).text();
    assert_eq!(file_names(&page), names);
    for words in task {
        assert!(page.contains(words), "no {words:?} in:\n{page}");
    }
    for (part, name) in names.iter().enumerate() {
        assert_eq!(saved_as(web, &format!("{path}/part/{part}")), *name);
    }
    let zip = gateway.home.write("files.zip", &web.get(&format!("{path}/files")).expect(200).body);
    let script = "import sys,zipfile\nprint('\\n'.join(zipfile.ZipFile(sys.argv[1]).namelist()))";
    assert_eq!(said(python().args(["-c", script]).arg(&zip)).lines().collect::<Vec<_>>(), names);

    let msg = gateway.home.write("letter.msg", &web.get(&format!("{path}/msg")).expect(200).body);
    let script = "import sys,extract_msg\nm = extract_msg.openMsg(sys.argv[1])\n\
                  print('\\n'.join(a.longFilename or a.displayName or a.name for a in m.attachments))";
    assert_eq!(said(python().args(["-c", script]).arg(&msg)).lines().collect::<Vec<_>>(), names);

    let pdf = gateway.home.write("letter.pdf", &web.get(&format!("{path}/pdf")).expect(200).body);
    let mut inside: Vec<String> = embedded(&pdf).into_iter().map(|(name, _)| name).collect();
    inside.retain(|name| name != "original.eml");
    inside.sort();
    let mut wanted = names.map(str::to_owned);
    wanted.sort();
    assert_eq!(inside, wanted);

    // The index is made in the background.
    let inbox = web.get("/inbox");
    poll("the name to be found", || {
        let page = web.submit(&inbox, "/search", &[("words", names[0]), ("folder", "inbox")]);
        (letter_paths(&page) == [path]).then_some(())
    });

    let message = web.get(path);
    let forwarded = web.submit(&message, "/write", &[("kind", "forward")]);
    let draft = web.follow(forwarded);
    for name in names {
        assert!(
            draft.text().contains(&format!("<span class=\"file-name\">{name}</span>")),
            "{}",
            draft.text()
        );
    }
}

#[test]
fn files_without_a_name_have_one_in_the_readers_language() {
    let hop = Hop::new();
    let mut config = Config::new(&hop);
    config
        .set("portal.export", "pdf-time", r#""5 min""#)
        .set("portal.write", "domains", r#"["insurer.example"]"#)
        .set("portal.write", "floor", r#""none""#);
    let gateway = Gateway::start(&config);
    for (language, address, names, task) in [
        (
            "de",
            "max@web.example",
            ["Anhang-1.pdf", "Nachricht-2.eml", "Termin.ics"],
            [
                "Aufgabe ohne Titel",
                "Fällig",
                "15. Dezember 2026",
                "hoch",
                "noch nicht begonnen",
                "Aufgabe speichern (.ics)",
            ],
        ),
        (
            "en",
            "mia@web.example",
            ["attachment-1.pdf", "message-2.eml", "invitation.ics"],
            ["Task without a title", "Due", "15 December 2026", "high", "not started", "Save task (.ics)"],
        ),
    ] {
        let reply = gateway.smtp().letter(FROM, &[address], LETTER.as_bytes());
        assert_eq!(reply.code, 250, "{reply}");
        let notice = hop.wait_to(address);
        let mut web = gateway.web();
        web.patience = std::time::Duration::from_secs(300);
        let inbox = activate_in(&mut web, &letters::link(&notice.bytes), language);
        let path = letter_path(&inbox);
        looks(&gateway, &mut web, &path, names, &task);
    }
}
