//! What mail programs and gateways put before a subject: "Re:", "WG:", another party's tag. Knows no rule.

const REPLIES: [&str; 11] =
    ["re:", "aw:", "fwd:", "fw:", "wg:", "antw:", "antwort:", "tr:", "rif:", "sv:", "rv:"];

/// The subject with one prefix after the other removed, excluding itself; the last one is the subject proper.
pub(crate) fn without(subject: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(without_one(subject), |rest| without_one(rest))
}

/// Without all prefixes.
pub(crate) fn proper(subject: &str) -> &str {
    without(subject).last().unwrap_or(subject)
}

fn without_one(subject: &str) -> Option<&str> {
    let starts =
        |reply: &&str| subject.get(..reply.len()).is_some_and(|start| start.eq_ignore_ascii_case(reply));
    let reply = REPLIES.iter().find(|reply| starts(reply)).and_then(|reply| subject.get(reply.len()..));
    reply.or_else(|| subject.strip_prefix('[')?.split_once(']').map(|(_, rest)| rest)).map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_is_taken_away() {
        let all: Vec<&str> = without("AW: [EXTERN] Re:x").collect();
        assert_eq!(all, ["[EXTERN] Re:x", "Re:x", "x"]);
        assert_eq!(proper("Re: RE:  aw: x"), "x");
        assert_eq!(proper("Schaden: 7"), "Schaden: 7");
        assert_eq!(proper("ä"), "ä");
    }
}
