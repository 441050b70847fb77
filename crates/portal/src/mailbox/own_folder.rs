//! Names and ids of owners' folders. Knows no seal and no mailbox.

use sealpost_mail::folded;

use crate::links;

/// Longest name, in characters.
pub(crate) const MAX_NAME: usize = 40;

/// A folder's id; only made of a valid id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FolderId([u8; 32]);

impl FolderId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.as_bytes().try_into().ok().filter(|id: &[u8; 32]| id.iter().copied().all(is_hex)).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A folder as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct OwnFolder {
    pub(crate) id: FolderId,
    pub(crate) name: String,
}

impl OwnFolder {
    /// The URL of its page.
    pub(crate) fn path(&self) -> String {
        links::folder(self.id.as_str())
    }
}

/// Whether the name is already used, however it is spelled.
pub(crate) fn is_taken(
    name: &str,
    but: Option<FolderId>,
    folders: &[OwnFolder],
    reserved: &[String],
) -> bool {
    let wanted = folded(name);
    let others = folders.iter().filter(|folder| Some(folder.id) != but).map(|folder| &folder.name);
    others.chain(reserved).any(|other| folded(other) == wanted)
}

/// A name without control and bidirectional characters.
pub(crate) fn clean(text: &str) -> Option<String> {
    let is_good =
        |c: &char| !matches!(u32::from(*c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF);
    let kept: String = text.chars().filter(is_good).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(MAX_NAME).collect();
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_each_stands_for_one_folder() {
        assert_eq!(clean("  Kunden\u{202e} A–K \r\n "), Some("Kunden A–K".to_owned()));
        assert_eq!(clean("Müller & Söhne <Berlin>"), Some("Müller & Söhne <Berlin>".to_owned()));
        assert_eq!(clean(" \u{200b}\t "), None);
        assert_eq!(clean(&"ä".repeat(500)).map(|name| name.chars().count()), Some(MAX_NAME));

        let id = FolderId::parse(&"a".repeat(32)).unwrap();
        let folders = [OwnFolder { id, name: "Straße".to_owned() }];
        assert!(is_taken("STRASSE", None, &folders, &[]), "people read the same name");
        assert!(!is_taken("strasse", Some(id), &folders, &[]), "it is its own");
        assert!(is_taken("inbox", None, &folders, &["Inbox".to_owned()]));
        assert!(!is_taken("Haus", None, &folders, &[]));
    }

    #[test]
    fn what_cannot_be_an_id_is_no_folder() {
        for text in ["", "inbox", &"A".repeat(32), &"a".repeat(31), "../../../../../../../../../../etc"] {
            assert_eq!(FolderId::parse(text), None, "{text}");
        }
    }
}
