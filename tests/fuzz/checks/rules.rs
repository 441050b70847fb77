//! The rules of a configuration: any text gives rules or an error, and rules never contradict themselves.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use sealpost_mail::{Address, Direction, Head, Origin, Refusal, ReversePath, Treatment};
use sealpost_policy::{Deep, Facts, HeadsWithin, Held, Known, RuleSpec, Rules, TreatmentSpec};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<RuleSpec>,
    default: Option<TreatmentSpec>,
}

const HEADS: &[&str] = &[
    "\r\n",
    "From: a@insurer.example\r\nSubject: [vertraulich] x\r\nSensitivity: Company-Confidential\r\n\r\n",
    "From: a@b.example, c@d.example\r\nSubject: =?utf-8?Q?x?=\r\nX-Any: thing\r\n\r\n",
];

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(file) = toml::from_str::<File>(text) else { return };
    let default = file.default.unwrap_or(TreatmentSpec::Relay {
        tls: sealpost_mail::TlsFloor::None,
        sign: sealpost_mail::Signing::Off,
    });
    let rules = match Rules::new(file.rule, default, &HashMap::new()) {
        Ok(rules) => rules,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty(), "{error:?}");
            return;
        }
    };
    let path = ReversePath::Address(Address::parse("a@unfall.insurer.example").unwrap());
    let origin = Origin {
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        listener: "inside".to_owned(),
        helo: "client.example".to_owned(),
        extended: true,
        tls: None,
        login: None,
    };
    let recipient = Address::parse("max@web.example").unwrap();
    let deep = Deep {
        attachments: vec![("a.pdf".to_owned(), "application/pdf".to_owned())],
        texts: vec!["text".to_owned()],
        ..Deep::default()
    };
    for head in HEADS {
        let head = Head::new(head.as_bytes().to_vec()).unwrap();
        for deep in [
            Known::Yes(deep.clone()),
            Known::Unanswerable("busy".to_owned()),
            Known::Never("broken".to_owned()),
        ] {
            for reverse_path in [&path, &ReversePath::Null] {
                let (thread, heads) = (Known::Yes(false), Known::Yes(HeadsWithin::default()));
                let (origin, recipient) = (&origin, &recipient);
                agree(
                    &rules,
                    &Facts {
                        reverse_path,
                        origin,
                        head: &head,
                        recipient,
                        size: 100,
                        deep: &deep,
                        heads: &heads,
                        thread: &thread,
                        closed_thread: &thread,
                        from_partner: false,
                        unopened: false,
                        direction: Direction::Outbound,
                    },
                );
            }
        }
    }
}

/// The verdict is that of the first rule that does not say no; a rule that cannot be answered says later.
fn agree(rules: &Rules, facts: &Facts<'_>) {
    let judgement = rules.judge(facts);
    let first = rules.explain(facts).into_iter().find(|step| step.held != Held::No);
    match first {
        None => assert_eq!(judgement.reason.rule, "default"),
        Some(step) => {
            assert_eq!(judgement.reason.rule, step.rule);
            if step.held == Held::Unknown {
                let Treatment::Refuse(Refusal { reply, .. }) = &judgement.treatment else {
                    panic!("not answerable, and yet decided: {judgement:?}")
                };
                assert!((400..600).contains(&reply.code()), "unanswerable is never \"no\": {reply:?}");
            }
        }
    }
    assert_eq!(rules.judge_each(facts, [facts.recipient]), [judgement]);
}
