//! Tests of every condition and every verdict.

use super::*;
use crate::{Deep, HeadsWithin, Known, When};
use proptest::prelude::*;
use sealpost_mail::{
    Direction, Fault, Head, Origin, Otherwise, PlainContent, ReversePath, Signing, TlsFloor,
};
use serde::Deserialize;

#[path = "explanation_tests.rs"]
mod explanation;
#[path = "mistake_tests.rs"]
mod mistakes;

/// A letter and its circumstances, to be changed by a test.
struct Case {
    reverse_path: ReversePath,
    origin: Origin,
    head: Head,
    recipient: Address,
    size: u64,
    deep: Known<Deep>,
    heads: Known<HeadsWithin>,
    thread: Known<bool>,
}

impl Case {
    fn new(head: &str) -> Self {
        Self {
            reverse_path: ReversePath::Address(Address::parse("max@unfall.insurer.example").unwrap()),
            origin: Origin {
                peer: "192.0.2.7".parse().unwrap(),
                listener: "inside".into(),
                helo: "mail".into(),
                extended: true,
                tls: None,
                login: Some("exchange".into()),
            },
            head: Head::new(head.replace('\n', "\r\n").into_bytes()).unwrap(),
            recipient: Address::parse("eva@web.example").unwrap(),
            size: 1000,
            deep: Known::Yes(
                Deep {
                    attachments: vec![("Gutachten.PDF".into(), "application/pdf".into())],
                    texts: vec!["IBAN DE02 1203".into()],
                    signed: true,
                    ..Deep::default()
                }
                .all_plain(),
            ),
            heads: Known::Yes(HeadsWithin::default()),
            thread: Known::Yes(true),
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            reverse_path: &self.reverse_path,
            origin: &self.origin,
            head: &self.head,
            recipient: &self.recipient,
            size: self.size,
            deep: &self.deep,
            heads: &self.heads,
            closed_thread: &Known::Yes(false),
            thread: &self.thread,
            from_partner: false,
            unopened: false,
            direction: Direction::Outbound,
        }
    }
}

const HEAD: &str = "\
From: Max <max@insurer.example>
Subject: Re: =?utf-8?Q?=5BVertraulich=5D?= Schaden 4711
Sensitivity: Company-Confidential
X-Class: Geheim
msip_labels: MSIP_Label_abc-1_Enabled=true; MSIP_Label_abc-1_Name=Streng geheim;

";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleSpec>,
    #[serde(default = "relay")]
    default: TreatmentSpec,
}

fn relay() -> TreatmentSpec {
    TreatmentSpec::Relay { tls: TlsFloor::None, sign: Signing::Off }
}

fn lists() -> HashMap<String, String> {
    HashMap::from([(
        "partners".to_owned(),
        "web.example\n*.broker.example\nmax@unfall.insurer.example\n".to_owned(),
    )])
}

fn rules(text: &str) -> Rules {
    let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    Rules::new(file.rule, file.default, &lists()).unwrap_or_else(|error| panic!("{error}"))
}

/// One rule with this `when`.
fn one(when: &str) -> Rules {
    rules(&format!("[[rule]]\nname = \"r\"\nwhen = {{ {when} }}\nthen = \"portal\"\n"))
}

fn held(when: &str, case: &Case) -> Held {
    one(when).explain(&case.facts())[0].held
}

/// What holds of the letter, and what does not: every condition is among them.
const YES_AND_NO: &[(&str, &str)] = &[
    ("reverse-path = '*@unfall.insurer.example'", "reverse-path = 'insurer.example'"),
    ("reverse-path = ['x.example', 'MAX@unfall.insurer.example']", "reverse-path = '<>'"),
    ("reverse-path-list = 'partners'", "not = { reverse-path-list = 'partners' }"),
    ("from = 'insurer.example'", "from = '*.insurer.example'"),
    ("not = { from-list = 'partners' }", "from-list = 'partners'"),
    ("recipient = 'eva@WEB.example'", "recipient = ['*.web.example', 'max@web.example']"),
    ("recipient = '*'", "not = { recipient = '*' }"),
    ("recipient-list = 'partners'", "not = { recipient-list = 'partners' }"),
    ("subject-tag = '[vertraulich]'", "subject-tag = ['[geheim]', '[intern]']"),
    ("subject-pattern = 'Schaden [0-9]+'", "subject-pattern = '^4711'"),
    ("subject-pattern = '^Schaden'", "subject-pattern = '^Vertraulich'"),
    ("subject-pattern = '(?i)schaden'", "subject-pattern = 'schaden'"),
    ("header = { name = 'x-class' }", "header = { name = 'X-Other' }"),
    ("header = { name = 'X-Other', present = false }", "header = { name = 'X-Class', present = false }"),
    ("header = { name = 'X-Class', equals = 'GEHEIM' }", "header = { name = 'X-Class', equals = 'Gehei' }"),
    ("header = { name = 'X-Class', pattern = '^Ge' }", "header = { name = 'X-Class', pattern = '^ge' }"),
    (
        "header = [{ name = 'X-Other' }, { name = 'X-Class' }]",
        "header = [{ name = 'X-Other' }, { name = 'X-No' }]",
    ),
    ("sensitivity = 'company-confidential'", "sensitivity = ['private', 'personal']"),
    ("label = 'ABC-1'", "label = 'abc-2'"),
    ("label = 'streng geheim'", "label = 'geheim'"),
    ("size-at-least = 1000", "size-at-least = '1 KiB'"),
    ("size-at-most = '1 KiB'", "size-at-most = 999"),
    ("attachment-name = '*.pdf'", "attachment-name = ['*.exe', '*.pdf.exe']"),
    ("attachment-type = 'application/*'", "attachment-type = 'image/*'"),
    ("text-pattern = 'DE[0-9]{2}'", "text-pattern = 'AT[0-9]{2}'"),
    ("encrypted = false", "encrypted = true"),
    ("signed = true", "signed = false"),
    ("reply = true", "reply = false"),
    ("reply-to-closed = false", "reply-to-closed = true"),
    ("from-partner = false", "from-partner = true"),
    ("unopened = false", "unopened = true"),
    ("client = ['203.0.113.1', '192.0.2.0/24']", "client = '2001:db8::/32'"),
    ("login = 'exchange'", "login = 'Exchange'"),
    ("login = '*'", "not = { login = '*' }"),
    ("listener = 'inside'", "listener = 'outside'"),
    ("signed = true, encrypted = false", "signed = true, encrypted = true"),
    ("not = { signed = true, encrypted = true }", "not = { signed = true, encrypted = false }"),
    (
        "not = [{ encrypted = true }, { size-at-least = 2000 }]",
        "not = [{ encrypted = true }, { signed = true }]",
    ),
    ("not = { not = { signed = true } }", "not = { not = { encrypted = true } }"),
];

#[test]
fn every_condition_answers_yes_and_no() {
    let case = Case::new(HEAD);
    for (yes, no) in YES_AND_NO {
        assert_eq!(held(yes, &case), Held::Yes, "{yes}");
        assert_eq!(held(no, &case), Held::No, "{no}");
    }
}

/// The reader of rules knows them all.
#[test]
fn every_condition_is_asked_for_yes_and_no() {
    let error = toml::from_str::<When>("no-condition = 1").unwrap_err().to_string();
    let (_, expected) = error.split_once("expected one of").expect("the reader lists what it knows");
    let all: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    assert!(all.len() > 20, "{error}");
    let is_asked = |key: &&str| {
        YES_AND_NO.iter().any(|(yes, no)| [yes, no].iter().any(|when| when.contains(&format!("{key} = "))))
    };
    let missing: Vec<&&str> = all.iter().filter(|key| !is_asked(key)).collect();
    assert!(missing.is_empty(), "no line in YES_AND_NO: {missing:?}");
}

#[test]
fn a_letter_that_was_not_opened_is_that_for_rules() {
    let case = Case::new(HEAD);
    let facts = Facts { unopened: true, ..case.facts() };
    for (when, holds) in [("unopened = true", Held::Yes), ("unopened = false", Held::No)] {
        assert_eq!(one(when).explain(&facts)[0].held, holds, "{when}");
    }
    assert_eq!(
        one("unopened = true").explain(&facts)[0].why,
        "The letter came encrypted and is not opened for certain."
    );
}

#[test]
fn what_is_missing_does_not_hold() {
    let mut case = Case::new("To: x@y.example\n\n");
    case.reverse_path = ReversePath::Null;
    case.origin.login = None;
    case.deep = Known::Yes(Deep::default());
    for no in [
        "reverse-path = '*'",
        "subject-tag = '[vertraulich]'",
        "subject-pattern = '.+'",
        "login = '*'",
        "sensitivity = 'private'",
        "label = 'x'",
        "attachment-name = '*'",
        "attachment-type = '*/*'",
        "text-pattern = 'x'",
    ] {
        assert_eq!(held(no, &case), Held::No, "{no}");
    }
    assert_eq!(held("reverse-path = '<>'", &case), Held::Yes);
    // RFC 5322 §3.6: exactly one From; without it the author is unknown.
    assert_eq!(held("from = '*'", &case), Held::Unknown);
}

#[test]
fn the_first_rule_that_holds_decides() {
    let rules = rules(
        r#"
        default = { relay = { tls = "encrypted" } }
        [[rule]]
        name = "never"
        when = { listener = "outside" }
        then = "refuse"
        [[rule]]
        name = "colleagues"
        when = { recipient = "insurer.example" }
        then = { relay = { tls = "verified" } }
        [[rule]]
        name = "tag"
        when = { subject-tag = ["[vertraulich]", "[geheim]"] }
        then = "portal"
        [[rule]]
        name = "also tag"
        when = { subject-tag = "[vertraulich]" }
        then = "hold"
        "#,
    );
    let mut case = Case::new(HEAD);
    let judgement = rules.judge(&case.facts());
    assert_eq!(judgement.treatment, Treatment::Portal);
    assert_eq!(judgement.edits, [Edit::CutFromSubject("[vertraulich]".into())]);
    assert_eq!(judgement.reason.rule, "tag");
    assert_eq!(judgement.reason.sentence, "The subject carries the tag.");

    let colleague = Address::parse("kai@insurer.example").unwrap();
    let both = rules.judge_each(&case.facts(), [&colleague, &case.recipient]);
    assert_eq!(both[0].treatment, Treatment::Relay { tls: TlsFloor::Verified, sign: Signing::Off });
    assert_eq!(both[0].edits, []);
    assert_eq!(both[1], judgement);

    case.head = Head::new(b"Subject: x\r\n\r\n".to_vec()).unwrap();
    let judgement = rules.judge(&case.facts());
    assert_eq!(judgement.treatment, Treatment::Relay { tls: TlsFloor::Encrypted, sign: Signing::Off });
    assert_eq!(judgement.reason.rule, "default");
}

#[test]
fn every_treatment_is_carried_through() {
    let then = |then: &str| {
        let rules =
            rules(&format!("[[rule]]\nname = \"r\"\nwhen = {{ recipient = \"*\" }}\nthen = {then}\n"));
        rules.judge(&Case::new(HEAD).facts()).treatment
    };
    let relay = Treatment::Relay { tls: TlsFloor::None, sign: Signing::Off };
    assert_eq!(then("'relay'"), relay);
    assert_eq!(then("{ relay = { tls = 'none' } }"), relay);
    assert_eq!(then("'portal'"), Treatment::Portal);
    assert_eq!(then("'hold'"), Treatment::Hold { tls: TlsFloor::Encrypted });
    assert_eq!(then("{ hold = { tls = 'none' } }"), Treatment::Hold { tls: TlsFloor::None });
    assert_eq!(then("{ hold = { tls = 'verified' } }"), Treatment::Hold { tls: TlsFloor::Verified });
    let domain =
        |partner: Option<&str>, otherwise| Treatment::Domain { partner: partner.map(Into::into), otherwise };
    assert_eq!(then("{ domain = { partner = 'broker' } }"), domain(Some("broker"), Otherwise::Refuse(None)));
    assert_eq!(then("'domain'"), domain(None, Otherwise::Refuse(None)));
    assert_eq!(then("['domain', 'portal']"), domain(None, Otherwise::Portal));
    assert_eq!(
        then("[{ domain = { partner = 'broker' } }, { hold = { tls = 'verified' } }]"),
        domain(Some("broker"), Otherwise::Hold { tls: TlsFloor::Verified })
    );
    assert_eq!(
        then("['domain', { refuse = { text = 'Ask for a key' } }]"),
        domain(None, Otherwise::Refuse(Some(Reply::refuse(550, 7, 1, "Ask for a key"))))
    );
    let refused = |text: &str| {
        let Treatment::Refuse(Refusal { reply, grounds }) = then(text) else { panic!("{text}") };
        (reply.to_line(), grounds)
    };
    let written = ("550 5.7.1 Not like this\r\n".to_owned(), Grounds::Written);
    assert_eq!(refused("{ refuse = { text = 'Not like this' } }"), written);
    assert_eq!(refused("'refuse'").1, Grounds::Unworded);
    let partner = rules("default = { domain = { partner = 'b' } }");
    assert_eq!(partner.partners().collect::<Vec<_>>(), [("default", "b")]);
}

#[test]
fn what_nobody_can_answer_is_later_and_nothing_behind_it_is_reached() {
    let text = |when: &str| {
        format!(
            "[[rule]]\nname = \"unsure\"\nwhen = {{ {when} }}\nthen = \"portal\"\n[[rule]]\nname = \"all\"\nwhen = {{ recipient = \"*\" }}\nthen = \"relay\"\n"
        )
    };
    let mut case = Case::new("From: a@x.example\nSubject: geheim\n\n");
    case.deep = Known::Unanswerable("there is no memory for it".into());
    case.thread = Known::Unanswerable("the store does not answer".into());
    for when in [
        "encrypted = true",
        "encrypted = false",
        "signed = true",
        "text-pattern = 'x'",
        "attachment-name = '*.pdf'",
        "attachment-type = 'image/*'",
        "reply = true",
        "reply = false",
        "not = { reply = true }",
        "recipient = '*', reply = true",
        "not = { not = { encrypted = true } }",
        "not = { recipient = '*', encrypted = true }",
    ] {
        let rules = rules(&text(when));
        let judgement = rules.judge(&case.facts());
        assert_eq!(judgement.reason.rule, "unsure", "{when}");
        let Treatment::Refuse(Refusal { reply, grounds }) = judgement.treatment else { panic!("{when}") };
        assert_eq!(grounds, Grounds::Undecided, "{when}");
        assert_eq!((reply.code(), reply.fault()), (451, Some(Fault::Temporary)), "{when}");
        assert!(reply.cause().unwrap().contains("unsure") && !reply.text().contains("unsure"));
        let steps = rules.explain(&case.facts());
        assert_eq!((steps[0].held, steps[1].held), (Held::Unknown, Held::Yes));
    }
    // one certain "no" settles the rule, and a result that does not depend on the unknown is valid
    for when in [
        "encrypted = true, recipient = 'y.example'",
        "recipient = 'y.example', reply = true",
        "not = { recipient = '*' }, reply = true",
    ] {
        assert_eq!(rules(&text(when)).judge(&case.facts()).reason.rule, "all", "{when}");
    }
    // not looked up: the caller did not follow `needs`
    case.deep = Known::Unasked;
    assert_eq!(rules(&text("signed = true")).judge(&case.facts()).reason.rule, "unsure");
}

/// A letter of this text and a PDF file, both plain.
fn deep_of(text: &str) -> Deep {
    let attachments = vec![("a.pdf".to_owned(), "application/pdf".to_owned())];
    Deep { attachments, texts: vec![text.to_owned()], ..Deep::default() }.all_plain()
}

/// By what not every program shows, no rule relays; a rule that protects does.
#[test]
fn what_is_not_plain_protects_and_lets_nothing_go() {
    let mut case = Case::new(HEAD);
    for found in ["text-pattern = 'offen'", "attachment-name = '*.pdf'", "attachment-type = '*/pdf'"] {
        for (plain, then, decides) in [
            (deep_of("offen").plain, "relay", true),
            (PlainContent::default(), "relay", false),
            (PlainContent::default(), "portal", true),
        ] {
            case.deep = Known::Yes(Deep { plain, ..deep_of("offen") });
            let rule = format!("[[rule]]\nname = \"r\"\nwhen = {{ {found} }}\nthen = \"{then}\"\n");
            assert_eq!(rules(&rule).judge(&case.facts()).reason.rule == "r", decides, "{found} {then}");
        }
    }
    let halves = PlainContent { forms: vec!["offen".to_owned(), "Befund".to_owned()], files: Vec::new() };
    case.deep = Known::Yes(Deep { plain: halves, ..deep_of("offen") });
    let rule = "[[rule]]\nname = \"r\"\nwhen = { text-pattern = 'offen' }\nthen = \"relay\"\n";
    assert_ne!(rules(rule).judge(&case.facts()).reason.rule, "r");
}

#[test]
fn what_nobody_can_ever_answer_is_refused_at_once_and_never_no() {
    let verdict = |when: &str, case: &Case| {
        let text = format!("[[rule]]\nname = \"unsure\"\nwhen = {{ {when} }}\nthen = \"portal\"\n");
        match rules(&text).judge(&case.facts()) {
            Judgement { treatment: Treatment::Refuse(Refusal { reply, .. }), .. } => {
                assert!(reply.cause().unwrap().contains("unsure"), "{when}");
                reply.to_line().split(' ').take(2).collect::<Vec<_>>().join(" ")
            }
            Judgement { reason, .. } => reason.rule,
        }
    };
    let ambiguous = Case::new("From: a@x.example, b@x.example\n\n");
    assert_eq!(verdict("from = 'x.example'", &ambiguous), "554 5.6.0");
    assert_eq!(verdict("not = { from = 'x.example' }", &ambiguous), "554 5.6.0");

    let mut broken = Case::new(HEAD);
    broken.deep = Known::Never("it has too many parts".into());
    assert_eq!(verdict("encrypted = true", &broken), "554 5.6.0");
    broken.thread = Known::Unanswerable("the store does not answer".into());
    // Once the store answers, the rule may turn out not to hold.
    assert_eq!(verdict("encrypted = true, reply = true", &broken), "451 4.3.5");
    assert_eq!(verdict("reply = true, encrypted = true", &broken), "451 4.3.5");

    // What could be read counts; what could not is not a "no".
    let mut part = Case::new(HEAD);
    let deep = Deep { unread: Some("part of it is encrypted".into()), ..deep_of("offen") };
    part.deep = Known::Yes(deep);
    for found in ["text-pattern = 'offen'", "attachment-name = '*.pdf'", "attachment-type = '*/pdf'"] {
        assert_eq!(verdict(found, &part), "unsure", "{found}");
        assert_eq!(verdict(&format!("not = {{ {found} }}"), &part), "default", "{found}");
    }
    for missed in ["text-pattern = 'geheim'", "attachment-name = '*.exe'", "attachment-type = 'image/*'"] {
        assert_eq!(verdict(missed, &part), "554 5.6.0", "{missed}");
        assert_eq!(verdict(&format!("not = {{ {missed} }}"), &part), "554 5.6.0", "{missed}");
    }
    assert_eq!(verdict("encrypted = true", &part), "default");

    let mut illegible = Case::new(HEAD);
    let deep = Deep { illegible: Some("part of it has an unknown charset".into()), ..Deep::default() };
    illegible.deep = Known::Yes(deep);
    assert_eq!(verdict("text-pattern = 'geheim'", &illegible), "554 5.6.0");
    assert_eq!(verdict("attachment-name = '*.exe'", &illegible), "default");
}

#[test]
fn only_what_rules_ask_for_is_needed() {
    let needs = |when: &str| {
        let needs = one(when).needs();
        (needs.head, needs.deep, needs.thread)
    };
    assert_eq!(needs("recipient = '*', client = '::/0', size-at-least = 1"), (false, false, false));
    assert_eq!(needs("subject-tag = '[v]'"), (true, false, false));
    assert_eq!(needs("not = { text-pattern = 'x' }"), (false, true, false));
    assert_eq!(needs("not = { not = { reply = true, from = '*' } }"), (true, false, true));
    let nothing = Needs { deep: false, thread: false, closed_thread: false, head: false, heads: false };
    assert_eq!(rules("").needs(), nothing);
}

#[test]
fn one_letter_to_many_is_searched_once() {
    let rules = one("recipient = 'web.example', text-pattern = 'IBAN', not = { recipient = 'x.example' }");
    let mut case = Case::new(HEAD);
    let mut memo = Memo::default();
    assert_eq!(rules.judge_one(&case.facts(), &mut memo).treatment, Treatment::Portal);
    assert_eq!(
        memo.truths.values().collect::<Vec<_>>(),
        [&Truth::Yes],
        "only the text is remembered, no recipient"
    );
    case.deep = Known::Yes(Deep::default());
    case.recipient = Address::parse("next@web.example").unwrap();
    assert_eq!(
        rules.judge_one(&case.facts(), &mut memo).treatment,
        Treatment::Portal,
        "the text was searched again"
    );
    case.recipient = Address::parse("next@other.example").unwrap();
    assert_eq!(rules.judge_one(&case.facts(), &mut memo).reason.rule, "default");
}

#[test]
fn what_stands_beside_a_recipient_in_a_not_is_searched_once_as_well() {
    let rules = one("not = { recipient = '*', text-pattern = 'IBAN' }");
    let mut case = Case::new(HEAD);
    let mut memo = Memo::default();
    assert_eq!(rules.judge_one(&case.facts(), &mut memo).reason.rule, "default");
    case.deep = Known::Yes(Deep::default());
    case.recipient = Address::parse("next@web.example").unwrap();
    assert_eq!(
        rules.judge_one(&case.facts(), &mut memo).reason.rule,
        "default",
        "the text was searched again"
    );
}

proptest! {
    #[test]
    fn arbitrary_configuration_never_panics(text in "\\PC{0,200}") {
        if let Ok(file) = toml::from_str::<File>(&text) {
            let _ = Rules::new(file.rule, file.default, &lists());
        }
    }

    #[test]
    fn arbitrary_values_never_panic(
        key in "(reverse-path|from|recipient|recipient-list|subject-tag|subject-pattern|sensitivity|label|size-at-least|attachment-name|attachment-type|text-pattern|client|login|listener)",
        value in "[ -&(-~äß]{0,30}|[a.*@<>/0-9:]{0,12}",
        then in "('relay'|'portal'|'hold'|'refuse'|\\{ refuse = \\{ text = '[a-z ]{0,5}' \\} \\})",
    ) {
        let text = format!("[[rule]]\nname = \"r\"\nwhen = {{ {key} = '{value}' }}\nthen = {then}\n");
        if let Ok(file) = toml::from_str::<File>(&text) {
            match Rules::new(file.rule, file.default, &lists()) {
                Ok(rules) => {
                    let judgement = rules.judge(&Case::new(HEAD).facts());
                    let step = &rules.explain(&Case::new(HEAD).facts())[0];
                    prop_assert_eq!(step.held == Held::Yes, judgement.reason.rule == "r");
                    prop_assert!(value.len() < 6 || !judgement.reason.sentence.contains(&value));
                }
                Err(error) => prop_assert!(!error.hint().is_empty() && !error.field.is_empty()),
            }
        }
    }

    #[test]
    fn judging_each_is_judging_one_by_one(locals in proptest::collection::vec("[ab]{1,2}", 1..6), encrypted in any::<bool>(), unsure in any::<bool>()) {
        let rules = rules("[[rule]]\nname = \"1\"\nwhen = { recipient = 'a*@web.example', encrypted = true }\nthen = \"hold\"\n[[rule]]\nname = \"2\"\nwhen = { not = { recipient = 'b@web.example' } }\nthen = \"portal\"\n");
        let mut case = Case::new(HEAD);
        case.deep = if unsure { Known::Unanswerable("x".into()) } else { Known::Yes(Deep { encrypted, ..Deep::default() }) };
        let all: Vec<Address> = locals.iter().map(|l| Address::parse(&format!("{l}@web.example")).unwrap()).collect();
        let each = rules.judge_each(&case.facts(), &all);
        for (recipient, judgement) in all.iter().zip(each) {
            prop_assert_eq!(rules.judge(&Facts { recipient, ..case.facts() }), judgement);
        }
    }
}

/// "Relay everything that is not tagged": a mistyped tag must not be relayed.
#[test]
fn a_slip_is_one_also_within_not() {
    let judged = |text: &str, subject: &str| {
        let case = Case::new(&format!("Subject: {subject}\n\n"));
        rules(text).judge(&case.facts()).treatment
    };
    let but_tagged = r#"
        [[rule]]
        name = "all but"
        when = { not = { subject-tag = "[vertraulich]" } }
        then = "relay"
        [[rule]]
        name = "rest"
        when = { recipient = "*" }
        then = "portal"
    "#;
    for subject in ["[vertraulich] x", "[vertrauich] x", "(vertraulich) x"] {
        assert_eq!(judged(but_tagged, subject), Treatment::Portal, "{subject}");
    }
    assert!(matches!(judged(but_tagged, "Hallo"), Treatment::Relay { .. }));

    let but_open = r#"
        [[rule]]
        name = "all but"
        when = { not = { subject-tag = "[offener brief]" } }
        then = "portal"
    "#;
    assert_eq!(judged(but_open, "[offner brief] x"), Treatment::Portal);
    assert!(matches!(judged(but_open, "[Offener Brief] x"), Treatment::Relay { .. }));
    let twice = but_open.replace("not = {", "not = { not = { not = {").replace("} }\n", "} } } }\n");
    assert_eq!(judged(&twice, "[offner brief] x"), Treatment::Portal);

    let off = but_tagged.replacen("then = \"relay\"", "then = \"relay\"\n near = \"off\"", 1);
    assert!(matches!(judged(&off, "[vertrauich] x"), Treatment::Relay { .. }));
    let hold = but_tagged.replacen("then = \"relay\"", "then = \"relay\"\n near = \"hold\"", 1);
    assert!(matches!(judged(&hold, "[vertrauich] x"), Treatment::Hold { .. }));
    assert_eq!(judged(&hold, "[vertraulich] x"), Treatment::Portal);
}

#[test]
fn what_is_almost_refused_goes_into_the_portal() {
    let rules = rules(
        "[[rule]]\nname = \"never by mail\"\nwhen = { subject-tag = \"[streng geheim]\" }\nthen = \"refuse\"\n",
    );
    let treatment =
        |subject: &str| rules.judge(&Case::new(&format!("Subject: {subject}\n\n")).facts()).treatment;
    assert!(matches!(treatment("[streng geheim] x"), Treatment::Refuse(_)));
    assert_eq!(treatment("[streng gehiem] x"), Treatment::Portal);
}

#[test]
fn markings_are_read_as_they_are_meant() {
    let rules = rules(
        r#"
        [[rule]]
        name = "sensitivity"
        when = { sensitivity = "company-confidential" }
        then = "portal"
        [[rule]]
        name = "class"
        when = { header = { name = "X-Class", equals = "vertraulich" } }
        then = "portal"
        [[rule]]
        name = "label"
        when = { label = "Streng Vertraulich" }
        then = "portal"
        [[rule]]
        name = "pattern"
        when = { subject-pattern = "(?i)versicherungsnummer" }
        then = "portal"
        "#,
    );
    for field in [
        "Sensitivity: (hoch) company-confidential",
        "Sensitivity: (a (b) \\) c) \"Company Confidential\" (d); x=y",
        "Sensitivity: (company-confidential)",
        "X-Class: \"vertraulich\"",
        "X-Class: Vertraulich (hoch); a=b",
        "X-Class: [vertraulich]",
        "msip_labels: MSIP_Label_1_Enabled=true; MSIP_Label_1_Name=Streng Vertraulch;",
        "Subject: V\u{435}rsich\u{435}rungsnumm\u{435}r 7",
        "Subject: Ver\u{ad}sicherungsnummer 7",
    ] {
        let case = Case::new(&format!("{field}\n\n"));
        assert_eq!(rules.judge(&case.facts()).treatment, Treatment::Portal, "{field}");
    }
    for field in ["Sensitivity: normal", "X-Class: intern", "X-Class: öffentlich", "Subject: Versicherung"] {
        let case = Case::new(&format!("{field}\n\n"));
        assert!(matches!(rules.judge(&case.facts()).treatment, Treatment::Relay { .. }), "{field}");
    }
}

#[test]
fn what_nobody_can_read_is_never_a_no() {
    // Bytes without an ASCII letter, in an unknown charset.
    let unread = Case::new("From: a@insurer.example\nSubject: =?x-klingon?B?umWFmaOZgaSTiYOIu0s=?=\n\n");
    for when in ["subject-tag = '[vertraulich]'", "subject-pattern = 'vertraulich'"] {
        assert!(held(when, &unread) == Held::Unknown, "{when}: {:?}", held(when, &unread));
    }
    let wide =
        Case::new("From: a@insurer.example\nSubject: =?utf-16?B?AFsAdgBlAHIAdAByAGEAdQBsAGkAYwBoAF0=?=\n\n");
    assert_eq!(held("subject-tag = '[vertraulich]'", &wide), Held::Yes);
    for word in ["=?cp65000?Q?+AFs-vertraulich+AF0-?=", "=?cp037?B?uqWFmaOZgaSTiYOIuw==?="] {
        let old = Case::new(&format!("From: a@insurer.example\nSubject: {word}\n\n"));
        assert_eq!(held("subject-tag = '[vertraulich]'", &old), Held::Yes);
    }
    assert_eq!(held("from = 'insurer.example'", &Case::new("Subject: x\n\n")), Held::Unknown);
}
