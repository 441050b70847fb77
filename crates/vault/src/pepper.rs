//! The pepper, without which no password can be tried on a stolen database, and what is still needed of former server
//! keys. Knows of wraps only the byte that names their key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::lookup::TagKey;
use crate::primitive::Key;

/// A secret of the server without which no password can be tried against a stolen database.
#[derive(Clone, Debug)]
pub struct Pepper {
    id: u8,
    key: Key,
    /// Of former server keys: they open, and seal nothing.
    earlier: Vec<(u8, Key)>,
}

impl Pepper {
    pub(crate) fn new(id: u8, key: Key) -> Self {
        Self { id, key, earlier: Vec::new() }
    }

    pub(crate) fn remember(&mut self, id: u8, earlier: Key) {
        self.earlier.push((id, earlier));
    }

    /// Whether a wrap was made under a former server key: its owner's next log-in should replace it.
    #[must_use]
    pub fn is_earlier(&self, wrap: &[u8]) -> bool {
        // The key id follows magic and version.
        wrap.get(5).is_some_and(|id| self.earlier.iter().any(|(earlier, _)| earlier == id))
    }

    /// The ids of former server keys that it has.
    pub fn earlier_ids(&self) -> impl Iterator<Item = u8> {
        self.earlier.iter().map(|(id, _)| *id)
    }

    /// Whether a wrap under a password, an answer or an initial password names this key or a former one.
    pub fn knows(&self, wrap: &[u8]) -> Result<(), VaultError> {
        // The key id follows magic and version.
        let id = wrap.get(5).copied().ok_or(VaultError::Damaged("wrap"))?;
        self.named(id, "wrap").map(drop)
    }

    /// The pepper that a wrap names.
    pub(crate) fn named(&self, id: u8, what: &'static str) -> Result<Self, VaultError> {
        if id == self.id {
            return Ok(Self::new(id, self.key.clone()));
        }
        let earlier = self.earlier.iter().find(|(earlier, _)| *earlier == id);
        let other = VaultError::OtherKey { what, found: id, present: self.id };
        earlier.map(|(id, key)| Self::new(*id, key.clone())).ok_or(other)
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// What a role's file contains of former server keys.
    pub(crate) fn earlier(&self, tags: &TagKey) -> Vec<Earlier> {
        let both = self.earlier.iter().zip(tags.earlier());
        both.map(|((id, pepper), tags)| Earlier {
            id: *id,
            pepper: pepper.clone(),
            tags: tags.clone(),
            audit: None,
        })
        .collect()
    }

    pub(crate) fn id(&self) -> u8 {
        self.id
    }

    /// `secret` (an Argon2 output or a token) mixed with the pepper.
    pub(crate) fn mix(&self, label: &str, secret: &Key) -> Key {
        Key::new(self.key.mac(label, secret.expose()))
    }
}

/// What is still needed of a former server key: wraps that only a mailbox's owner can replace, and tags of Message-IDs,
/// which is impossible.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    pub(crate) id: u8,
    pub(crate) pepper: Key,
    pub(crate) tags: Key,
    /// In the server key's own file: the roles do not verify the audit trail.
    pub(crate) audit: Option<Key>,
}

impl Earlier {
    const NAME: &str = "earlier";

    /// At most: name, id, three keys in base64.
    pub(crate) const LINE: usize = 7 + 4 + 45 + 45 + 45 + 1;

    /// `earlier:ID:PEPPER:TAGS`, in the server key's file with `:AUDIT` at the end.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let rest = line.trim().strip_prefix(Self::NAME)?.strip_prefix(':')?;
        let (id, keys) = rest.split_once(':')?;
        let (pepper, keys) = keys.split_once(':')?;
        let (tags, audit) = keys.split_once(':').map_or((keys, None), |(tags, audit)| (tags, Some(audit)));
        let key =
            |text: &str| STANDARD.decode(text).map(Zeroizing::new).ok().and_then(|b| Key::from_slice(&b));
        let audit = audit.map_or(Some(None), |audit| key(audit).map(Some))?;
        Some(Self { id: id.parse().ok()?, pepper: key(pepper)?, tags: key(tags)?, audit })
    }

    pub(crate) fn write(&self, text: &mut String) {
        text.push_str(Self::NAME);
        text.push(':');
        text.push_str(&self.id.to_string());
        for key in [Some(&self.pepper), Some(&self.tags), self.audit.as_ref()].into_iter().flatten() {
            text.push(':');
            STANDARD.encode_string(key.expose(), text);
        }
        text.push('\n');
    }

    pub(crate) fn remember(&self, tags: &mut TagKey, pepper: &mut Pepper) {
        tags.remember(self.tags.clone());
        pepper.remember(self.id, self.pepper.clone());
    }
}
