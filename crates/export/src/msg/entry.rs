//! A person in Outlook's terms: one-off entry identifier, search key, displayed name. Knows no letter.

use sealpost_mail::Mailbox;

use super::property::utf16;

/// The provider that marks a one-off identifier (MS-OXCDATA §2.2.5.1).
const ONE_OFF: [u8; 16] =
    [0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02];
/// UTF-16 strings, MIME preferred, no rich text detection.
const ONE_OFF_FLAGS: u16 = 0x9001;

/// A mailbox as Outlook requires it: with both name and address.
pub(super) struct Person<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
}

impl<'a> Person<'a> {
    pub(super) fn of(mailbox: &'a Mailbox) -> Self {
        let address = mailbox.address.as_deref().unwrap_or_default();
        Self { name: mailbox.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(address), address }
    }

    /// MS-OXCDATA §2.2.5.1.
    pub(super) fn entry_id(&self) -> Vec<u8> {
        let mut id = vec![0; 4];
        id.extend(ONE_OFF);
        id.extend(0_u16.to_le_bytes());
        id.extend(ONE_OFF_FLAGS.to_le_bytes());
        for text in [self.name, "SMTP", self.address] {
            id.extend(utf16(text));
            id.extend([0, 0]);
        }
        id
    }

    /// MS-OXOABK §2.2.3.4: type and address in upper case, ended by NUL.
    pub(super) fn search_key(&self) -> Vec<u8> {
        let mut key = b"SMTP:".to_vec();
        key.extend(self.address.to_uppercase().bytes());
        key.push(0);
        key
    }
}

/// The displayed name of each; the first of a group has the group's name before it, as an address field writes it
/// (RFC 5322 §3.4).
pub(super) fn names(mailboxes: &[Mailbox]) -> impl Iterator<Item = String> {
    let mut before = None;
    mailboxes.iter().map(move |mailbox| {
        let group = mailbox.group.as_deref().filter(|group| before != Some(*group));
        before = mailbox.group.as_deref();
        let name = Person::of(mailbox).name;
        group.map_or_else(|| name.to_owned(), |group| format!("{group}: {name}"))
    })
}

/// The displayed names of all, as in DisplayTo and DisplayCc.
pub(super) fn shown(mailboxes: &[Mailbox]) -> String {
    names(mailboxes).collect::<Vec<_>>().join("; ")
}

/// MS-OXCDATA §2.3.3: a list of entry identifiers, each padded to four bytes.
pub(super) fn entry_list(mailboxes: &[Mailbox]) -> Vec<u8> {
    let mut entries = Vec::new();
    for id in mailboxes.iter().map(|mailbox| Person::of(mailbox).entry_id()) {
        entries.extend(u32::try_from(id.len()).unwrap_or(0).to_le_bytes());
        entries.extend(&id);
        entries.extend(vec![0; id.len().next_multiple_of(4) - id.len()]);
    }
    let mut list = u32::try_from(mailboxes.len()).unwrap_or(0).to_le_bytes().to_vec();
    list.extend(u32::try_from(entries.len()).unwrap_or(0).to_le_bytes());
    list.extend(entries);
    list
}
