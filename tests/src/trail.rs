//! The audit trail as an operator exports it, and what one of its rows must say.
//!
//! Must never know: what the scenario did.

use serde_json::Value;

use crate::Gateway;
use crate::process::poll;

/// All rows, oldest first.
#[must_use]
pub fn rows(gateway: &Gateway) -> Vec<Value> {
    let out = gateway.said(&["audit", "export"]);
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Those with this action.
#[must_use]
pub fn of(gateway: &Gateway, action: &str) -> Vec<Value> {
    rows(gateway).into_iter().filter(|row| row["action"] == action).collect()
}

/// The fields of a row apart from its action.
#[derive(Clone, Copy, Debug)]
pub struct TrailRow<'a> {
    /// Who: of an operator without the number.
    pub actor: &'a str,
    /// To what.
    pub object: &'a str,
    /// The mailbox; empty: none.
    pub mailbox: &'a str,
    /// From where; empty: from nowhere.
    pub network: &'a str,
    /// With which outcome.
    pub outcome: &'a str,
    /// Contained in the row's detail.
    pub detail: &'a str,
}

/// What operators have done to this.
#[must_use]
pub fn by_operator(object: &str) -> TrailRow<'_> {
    TrailRow { actor: "operator", object, mailbox: "", network: "", outcome: "done", detail: "" }
}

/// Waits for exactly one row with this action, and sees that it says this. Nothing in it is anybody's word: neither an address nor
/// one of these.
pub fn one(gateway: &Gateway, action: &str, said: TrailRow<'_>, words: &[&str]) {
    let row = poll(&format!("{action} in the trail"), || {
        let mut rows = of(gateway, action);
        assert!(rows.len() < 2, "{action}: {rows:#?}");
        rows.pop()
    });
    is(&row, said, words);
}

/// That this row says it.
pub fn is(row: &Value, said: TrailRow<'_>, words: &[&str]) {
    let TrailRow { actor, object, mailbox, network, outcome, detail } = said;
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    let who = text("actor");
    let who = who.split_once(':').map_or(who.as_str(), |(kind, _number)| kind);
    assert_eq!(
        (who, text("object").as_str(), text("mailbox").as_str(), text("network").as_str()),
        (actor, object, mailbox, network),
        "{row}"
    );
    assert_eq!(text("outcome"), outcome, "{row}");
    assert!(text("detail").contains(detail), "{detail}: {row}");
    let all = row.to_string();
    for word in words.iter().chain(&["@"]) {
        // Such a word occurs by chance in one of a few hundred numbers and proofs.
        assert!(
            word.len() > 6 || !word.bytes().all(|b| b.is_ascii_hexdigit()),
            "{word} is a number like any"
        );
        assert!(!all.contains(word), "{word} is in {row}");
    }
}
