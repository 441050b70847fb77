//! The explanation of each rule, and what it must not reveal.

use super::*;

#[test]
fn an_explanation_names_every_rule_and_gives_nothing_away() {
    let rules = rules(
        r#"
        [[rule]]
        name = "a"
        when = { recipient = "eva@web.example", encrypted = true }
        then = "hold"
        [[rule]]
        name = "b"
        when = { subject-pattern = "Schaden 4711", from = "max@insurer.example", not = { recipient = "insurer.example" } }
        then = "portal"
        "#,
    );
    let steps = rules.explain(&Case::new(HEAD).facts());
    assert_eq!(steps[0].why, "The letter is not encrypted.");
    assert_eq!(
        steps[1].why,
        "The From address is one of those named and the subject matches the pattern and what stands in `not` (recipient) does not hold."
    );
    assert_eq!((steps[0].held, steps[1].held), (Held::No, Held::Yes));
    let said = format!("{steps:?} {:?}", rules.judge(&Case::new(HEAD).facts()).reason);
    for secret in ["4711", "eva", "max", "Schaden"] {
        assert!(!said.contains(secret), "{secret}");
    }
}
