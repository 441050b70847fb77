//! `sealpost demo --json`: ready with one line of JSON, all outgoing mail in a folder, ends on SIGTERM.

use rig::letters::{self, field};
use rig::{Demo, Smtp};

fn smtp(demo: &Demo) -> Smtp {
    let mut client = Smtp::connect(demo.smtp);
    client.ehlo();
    client
}

fn to(recipient: &'static str) -> impl Fn(&[u8]) -> bool {
    move |mail| field(mail, "To").is_some_and(|to| to.contains(recipient))
}

#[test]
fn keeps_its_contract() {
    let mut demo = Demo::start();
    assert!(demo.config.exists() && demo.data.exists() && demo.sink.folder().is_dir());
    let letter = letters::plain("Ordinary 4711", "Guten Tag");
    smtp(&demo).letter("a@insurer.example", &["k@web.example"], &letter).expect("250 2.0.0 *");
    let got = demo.sink.wait_where("the ordinary letter", |mail| {
        field(mail, "Subject").is_some_and(|subject| subject == "Ordinary 4711")
    });
    assert!(got.ends_with(&letter), "{}", String::from_utf8_lossy(&got));

    for (n, (subject, fields, from)) in [
        ("[vertraulich] x", "", "a@insurer.example"),
        ("x", "Sensitivity: company-confidential\r\n", "a@insurer.example"),
        ("x", "", "a@unfall.insurer.example"),
    ]
    .into_iter()
    .enumerate()
    {
        let letter = letters::with_fields(subject, fields, "Demo-Diagnose-7731");
        let to = format!("kunde{n}@web.example");
        smtp(&demo).letter(from, &[&to], &letter).expect("250 2.0.0 *");
        let notice = demo.sink.wait_where(&format!("a notice to {to}"), |mail| {
            field(mail, "To").is_some_and(|field| field.contains(&to))
        });
        assert!(letters::link(&notice).starts_with(&format!("http://{}/", demo.web)));
    }
    assert!(
        demo.sink.mails().iter().all(|mail| !String::from_utf8_lossy(mail).contains("Demo-Diagnose-7731"))
    );
    // The files in the folder are in order, by recipient.
    let names: Vec<String> = std::fs::read_dir(demo.sink.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    for number in 1..=names.len() {
        let start = format!("{number:06}-");
        assert_eq!(names.iter().filter(|name| name.starts_with(&start)).count(), 1, "{names:?}");
    }
    assert!(names.iter().any(|name| name.ends_with("-kunde2@web.example.eml")), "{names:?}");
    assert!(demo.process.stop().success());
}

#[test]
fn its_sample_letters_arrive() {
    let demo = Demo::start();
    // At least one ordinary letter and one notice with a link to the portal.
    let link = format!("http://{}/a/", demo.web);
    let notice = demo.sink.wait_where("a notice", |mail| {
        mail_parser::MessageParser::default()
            .parse(mail)
            .is_some_and(|m| m.body_text(0).is_some_and(|text| text.contains(&link)))
    });
    assert!(to("@")(&notice));
}

#[test]
fn prints_a_tour_for_people() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(rig::gateway::binary());
    command.arg("demo").arg("--data").arg(folder.path().join("demo"));
    let mut process = rig::process::Process::start("sealpost demo", &mut command);
    let _ = process.output.wait("*http://127.0.0.1:*");
    let _ = process.output.wait("*{\"*sink*}*");
    assert!(process.stop().success(), "{}", process.output.text());
}
