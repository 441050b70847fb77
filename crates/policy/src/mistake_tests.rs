//! Every mistake an administrator can make in a rule, and the message for it.

use super::*;
use crate::When;

fn mistake(text: &str) -> RuleError {
    let file: File = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    Rules::new(file.rule, file.default, &lists()).unwrap_err()
}

fn mistake_in(when: &str) -> RuleError {
    mistake(&format!("[[rule]]\nname = \"r\"\nwhen = {{ {when} }}\nthen = \"portal\"\n"))
}

#[test]
fn every_mistake_names_rule_field_and_mend() {
    for (when, field) in [
        ("", "when"),
        ("not = {}", "not"),
        ("recipient = 'a b'", "recipient"),
        ("recipient = '<>'", "recipient"),
        ("from = ['ok.example', '@x']", "from"),
        ("reverse-path = ''", "reverse-path"),
        ("recipient-list = 'nobody'", "recipient-list"),
        ("from-list = ['partners', 'nobody']", "from-list"),
        ("reverse-path-list = 'nobody'", "reverse-path-list"),
        ("subject-tag = ''", "subject-tag"),
        ("subject-tag = ' [v]'", "subject-tag"),
        ("subject-pattern = '['", "subject-pattern"),
        ("subject-pattern = 'x*'", "subject-pattern"),
        ("text-pattern = '(x{1000}){1000}'", "text-pattern"),
        ("header = { name = 'X Y' }", "header"),
        ("header = { name = '' }", "header"),
        ("header = { name = 'X', pattern = '(' }", "header"),
        ("header = { name = 'X', equals = 'x', present = false }", "header"),
        ("sensitivity = 'secret'", "sensitivity"),
        ("label = ' x'", "label"),
        ("size-at-least = 2, size-at-most = 1", "size-at-most"),
        ("attachment-name = ''", "attachment-name"),
        ("attachment-type = 'pdf'", "attachment-type"),
        ("client = '192.0.2.0/33'", "client"),
        ("login = ''", "login"),
        ("listener = ' x'", "listener"),
    ] {
        let error = mistake_in(when);
        assert_eq!((error.rule.as_str(), error.field.as_str()), ("r", field), "{when}");
        assert!(!error.hint().is_empty() && !error.message.is_empty());
        assert!(error.to_string().starts_with(&format!("rule `r`, `{field}`: ")));
    }
    let rule = |name: &str| {
        format!("[[rule]]\nname = \"{name}\"\nwhen = {{ recipient = \"*\" }}\nthen = \"relay\"\n")
    };
    for name in ["", " x", "default", &"x".repeat(101)] {
        assert_eq!(mistake(&rule(name)).field, "name", "{name:?}");
    }
    assert_eq!(mistake(&[rule("x"), rule("x")].concat()).field, "name");
    for then in
        ["{ refuse = { text = '' } }", "{ refuse = { text = 'Größe' } }", "{ domain = { partner = '' } }"]
    {
        assert_eq!(mistake(&format!("default = {then}")).rule, "default", "{then}");
    }
    let bad_list = HashMap::from([("partners".to_owned(), "ok.example\nnot ok\n".to_owned())]);
    let error = Rules::new(Vec::new(), relay(), &bad_list).unwrap_err();
    assert!(error.rule == "partners" && error.message.contains("line 2"));
    let nested = (0..20).fold(When::default(), |inner, _| When { not: vec![inner], ..When::default() });
    let spec = RuleSpec { name: "deep".into(), when: nested, then: relay(), near: None, keep: None };
    assert_eq!(Rules::new(vec![spec], relay(), &HashMap::new()).unwrap_err().field, "not");
}

#[test]
fn what_is_misspelt_is_an_error_with_its_place() {
    let error = |text: &str| toml::from_str::<File>(text).err().map(|error| error.to_string()).unwrap();
    let rule =
        |when: &str, then: &str| format!("[[rule]]\nname = \"r\"\nwhen = {{ {when} }}\nthen = {then}\n");
    for (text, says) in [
        (rule("recipent = 'x'", "'relay'"), "recipent"),
        (rule("recipient = []", "'relay'"), "empty list"),
        (rule("recipient = 7", "'relay'"), "one value or a list"),
        (rule("size-at-least = '5 elephants'", "'relay'"), "20 MiB"),
        (rule("encrypted = 'yes'", "'relay'"), "boolean"),
        (rule("header = { nam = 'X' }", "'relay'"), "nam"),
        (rule("recipient = '*'", "'encrypt'"), "there is no treatment `encrypt`"),
        (rule("recipient = '*'", "['domain', 'relay']"), "would leave in clear"),
        (rule("recipient = '*'", "['relay', 'portal']"), "only `domain` and `sign` can fail"),
        (rule("recipient = '*'", "['domain', 'portal', 'hold']"), "never be used"),
        (rule("recipient = '*'", "['domain', 'domain']"), "twice"),
        (rule("recipient = '*'", "{ relay = { tls = 'always' } }"), "always"),
        (rule("recipient = '*'", "{ relay = { tsl = 'none' } }"), "tsl"),
        (rule("recipient = '*'", "{ portal = {} }"), "takes nothing"),
        (rule("recipient = '*'", "{ relay = { tls = 'none' }, refuse = { text = 'x' } }"), "cannot both"),
        (rule("recipient = '*'", "{}"), "a treatment is missing"),
        ("[[rule]]\nname = \"r\"\nthen = \"relay\"\n".to_owned(), "when"),
    ] {
        let error = error(&text);
        assert!(error.contains(says), "{text}\n{error}");
        assert!(error.contains("line"), "{error}");
    }
}
