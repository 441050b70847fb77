//! A partner's encrypted letter arrives decrypted; a reply to it or a forwarded copy must not be sent in
//! clear, even without any rule: to the partner it is encrypted, to others it goes through the portal.

use rig::process::poll;

use super::inward::{ENTITY, HEAD, Scene};
use super::out::{our_certificate, path};
use super::{openssl, sealpost};

const ANSWER: &str = "From: Erika Muster <erika.muster@insurer.example>\r\nTo: moor@labor.example\r\nSubject: AW: Befund\r\n\
     Message-ID: <answer@insurer.example>\r\nIn-Reply-To: <befund@clinic.example>\r\n\r\nZu 4711: danke\r\n";

impl Scene {
    /// A partner for whom no rule is written has sent a letter, and it was opened.
    fn answered() -> (Self, openssl::House) {
        Self::answered_with(|_| {})
    }

    fn answered_with(change: impl FnOnce(&mut rig::Config)) -> (Self, openssl::House) {
        let scene = Self::new(change);
        let house = openssl::House::new("moor@labor.example");
        sealpost(&scene.gateway, &["partner", "add", "labor.example", path(&house), "--yes"]);
        let head = HEAD.replace("moor@clinic.example", "moor@labor.example");
        let arrived = scene.arrives(&house.close(&head, ENTITY, &our_certificate(&scene.gateway)));
        assert!(arrived.text().contains("4711"), "it was opened:\n{}", arrived.text());
        (scene, house)
    }

    fn sends(&self, to: &[&str], letter: &str) {
        self.gateway.smtp().letter("erika.muster@insurer.example", to, letter.as_bytes()).expect("250 *");
    }

    fn deposits(&self) -> i64 {
        self.gateway.count("SELECT count(*) FROM deposits")
    }
}

#[test]
fn an_answer_goes_to_the_partner_encrypted_and_to_others_through_the_portal() {
    let (scene, _house) = Scene::answered();
    scene.sends(&["moor@labor.example", "somebody@web.example"], ANSWER);
    let closed = scene.outside.wait_to("moor@labor.example").text();
    assert!(closed.contains("pkcs7-mime") && !closed.contains("4711"), "{closed}");
    assert_eq!(scene.deposits(), 1, "{}", scene.gateway.log());
    scene.gateway.sweep();
}

#[test]
fn handed_on_answered_deep_in_a_thread_or_as_an_attachment_it_stays_closed() {
    let (scene, _house) = Scene::answered();
    let fields = |fields: &str| {
        ANSWER
            .replace("In-Reply-To: <befund@clinic.example>\r\n", &format!("{fields}\r\n"))
            .replace("<answer@", &format!("<answer-{}@", fields.len()))
    };
    let letters = [
        fields("References: <first@x.example>\r\n <befund@clinic.example> <other@x.example>"),
        fields("In-Reply-To: <BEFUND@Clinic.Example>"),
        fields("X-Forwarded-Message-Id: <befund@clinic.example>"),
        fields("MIME-Version: 1.0\r\nContent-Type: message/rfc822").replace(
            "\r\n\r\nZu",
            "\r\n\r\nMessage-ID: <befund@clinic.example>\r\nSubject: Befund\r\n\r\nZu",
        ),
    ];
    for (n, letter) in letters.iter().enumerate() {
        scene.sends(&["somebody@web.example"], letter);
        assert_eq!(scene.deposits(), i64::try_from(n + 1).unwrap(), "{letter}\n{}", scene.gateway.log());
    }
    scene.gateway.sweep();
}

#[test]
fn what_came_in_clear_is_answered_by_the_rules() {
    let scene = Scene::new(|_| {});
    scene.arrives(format!("{HEAD}{ENTITY}").replace('\n', "\r\n").as_bytes());
    scene.sends(&["somebody@web.example"], ANSWER);
    assert!(scene.outside.wait_to("somebody@web.example").text().contains("4711"));
    scene.gateway.sweep();
}

#[test]
fn the_operator_may_leave_it_to_the_rules() {
    let (scene, _house) = Scene::answered_with(|config| {
        config.set("partners", "replies", r#""rules""#);
    });
    scene.sends(&["somebody@web.example"], ANSWER);
    poll("the answer", || {
        scene.outside.delivered().iter().any(|mail| mail.to().contains(&"somebody@web.example")).then_some(())
    });
    assert_eq!(scene.deposits(), 0);
    scene.gateway.sweep();
}

#[test]
fn explain_says_what_an_answer_would_become() {
    let scene = Scene::new(|_| {});
    scene.gateway.home.write("answer.eml", ANSWER.as_bytes());
    let args =
        ["explain", "answer.eml", "--from", "erika.muster@insurer.example", "--to", "somebody@web.example"];
    let (_, out, err) = scene.gateway.sealpost(&args);
    assert!(
        out.contains("if this answers or hands on a letter that came in encrypted")
            && out.contains("replies to encrypted letters"),
        "{out}{err}"
    );
    scene.gateway.sweep();
}

#[test]
fn check_refuses_a_rule_that_lets_such_answers_go() {
    let scene = Scene::new(|_| {});
    let file = scene.gateway.home.config();
    let text = std::fs::read_to_string(&file).unwrap();
    let wide = "\n[[rule]]\nname = \"wide\"\nwhen = { recipient = \"*\" }\nthen = \"relay\"\n";
    std::fs::write(&file, text.replace("[policy]\n", "[policy]\nreplies = \"rules\"\n") + wide).unwrap();
    let (code, out, err) = scene.gateway.sealpost(&["check"]);
    let said = format!("{out}{err}");
    assert!(
        code != 0 && said.contains("replies to letters that came in encrypted would leave in clear"),
        "{said}"
    );
}
