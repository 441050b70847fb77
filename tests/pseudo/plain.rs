//! Replaces plain letters, and finds remaining ones. Knows no language and no file.

/// Every plain letter replaced, except in braces.
pub(crate) fn replaced(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .map(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            // The wide forms begin at U+FF01 for `!`.
            let wide =
                if depth == 0 && c.is_ascii_alphabetic() { u32::from(c) + 0xFEE0 } else { u32::from(c) };
            char::from_u32(wide).unwrap()
        })
        .collect()
}

/// Attributes that are shown or read aloud.
const SAID: [&str; 6] =
    [" title=\"", " alt=\"", " aria-label=\"", " placeholder=\"", " aria-description=\"", " label=\""];
/// Attributes for scripts that are words for them and not for people.
const FOR_SCRIPTS: [&str; 9] = ["icon", "key", "line", "list", "look", "open", "pending", "progress", "rule"];

/// What a page shows or says, without what it never does.
pub(crate) fn shown(html: &str) -> String {
    let mut out = html.to_owned();
    for hidden in ["script", "style"] {
        let (open, close) = (format!("<{hidden}"), format!("</{hidden}>"));
        let mut kept = String::new();
        let mut rest = out.as_str();
        while let Some((before, after)) = rest.split_once(&open) {
            kept.push_str(before);
            rest = after.split_once(&close).map_or("", |(_, after)| after);
        }
        kept.push_str(rest);
        out = kept;
    }
    let mut said = String::new();
    for piece in out.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        for name in SAID {
            for value in tag.split(name).skip(1) {
                said.push_str(value.split('"').next().unwrap_or_default());
                said.push('\n');
            }
        }
        // Scripts display what is in attributes of their own.
        for attribute in tag.split(" data-").skip(1) {
            let (name, value) = attribute.split_once("=\"").unwrap_or((attribute, ""));
            // One without a value says nothing, and what follows is another's.
            if !name.contains(char::is_whitespace) && !FOR_SCRIPTS.contains(&name) {
                said.push_str(value.split('"').next().unwrap_or_default());
                said.push('\n');
            }
        }
        said.push_str(text);
        said.push('\n');
    }
    said
}

/// Words in plain letters that are not in `known`, which is removed from the text first.
pub(crate) fn plain_words(text: &str, known: &[&str]) -> Vec<String> {
    // Lines are broken where they are full.
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for known in known {
        text = text.replace(known, " ");
    }
    let mut found: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().filter(char::is_ascii_alphabetic).count() > 2)
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}
