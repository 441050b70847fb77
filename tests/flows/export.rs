//! Letters are exported from the portal as files, one or all: with the real binary and its worker.

use rig::reader::activate;
use rig::{Config, Gateway, Hop, letters};

#[test]
fn one_letter_and_all_letters_leave_as_files() {
    let hop = Hop::new();
    let gateway = Gateway::start(&Config::new(&hop));
    let pdf = letters::pdf("Police");
    let letter = letters::rich("[vertraulich] Ihre Größe", "Text", "<h1>Größe</h1>", "Police.pdf", &pdf);
    gateway.smtp().letter("e@insurer.example", &["max@web.example"], &letter).expect("250 *");
    let mut web = gateway.web();
    let inbox = activate(&mut web, &letters::link(&hop.wait(1)[0].bytes));
    let text = inbox.text();
    let path = text.split("href=\"/m/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();

    let made = web.get(&format!("/m/{path}/pdf"));
    made.expect(200);
    let file = gateway.home.write("letter.pdf", &made.body);
    let (code, info, err) = rig::process::run(std::process::Command::new("pdfinfo").arg(&file));
    assert!(code == 0 && info.contains("Ihre Größe"), "{info}{err}");
    let (code, list, err) =
        rig::process::run(std::process::Command::new("pdfdetach").arg("-list").arg(&file));
    assert!(code == 0 && list.contains("Police.pdf") && list.contains("original.eml"), "{list}{err}");
    let msg = web.get(&format!("/m/{path}/msg"));
    msg.expect(200);
    assert!(msg.body.starts_with(b"\xd0\xcf\x11\xe0"));

    let page = web.get("/export");
    let archive = web.submit(&page, "/export/zip", &[("format", "pdf")]);
    archive.expect(200);
    let file = gateway.home.write("all.zip", &archive.body);
    let script = "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist())";
    let (code, said, err) =
        rig::process::run(std::process::Command::new("python3").args(["-c", script]).arg(file));
    assert!(
        code == 0 && said.starts_with("None ['Posteingang/") && said.contains("Ihre Größe.pdf"),
        "{said}{err}"
    );
    gateway.sweep();
}
