//! What a list will show of a letter. Every letter has a listing: for one that cannot be parsed completely,
//! the parts found until then, and if not even the head can be parsed, its raw fields. Knows no mailbox.

use sealpost_mail::{Head, Letter, Mailbox, Parsed, Summary};

use crate::thread::bare_id;

/// The listing of a whole letter.
pub(crate) fn of(bytes: &[u8], head: &Head) -> Summary {
    match Letter::parse_some(bytes) {
        Ok((letter, parsed)) => {
            match parsed {
                Parsed::Whole => {}
                Parsed::Partly => {
                    tracing::info!("a letter is too complex to be parsed completely; deposited as it is");
                }
            }
            letter.summary()
        }
        Err(error) => {
            tracing::info!(%error, "a letter cannot be parsed; deposited as it is");
            bare(bytes.len(), head)
        }
    }
}

/// From, subject and Message-ID, unparsed.
fn bare(size: usize, head: &Head) -> Summary {
    let from = head.from_address().ok().flatten();
    let ids = |name| head.first(name).map(|id| bare_id(id.trim()).to_owned()).filter(|id| !id.is_empty());
    Summary {
        from: from
            .map(|from| Mailbox { name: None, address: Some(from.to_path()), group: None })
            .into_iter()
            .collect(),
        to: Vec::new(),
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: head.subject(),
        date: None,
        message_id: ids("Message-ID"),
        in_reply_to: ids("In-Reply-To").into_iter().collect(),
        references: Vec::new(),
        attachments: Vec::new(),
        size: size as u64,
        preview: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_a_listing() {
        let fields = "From: Erika <erika@insurer.example>\r\nSubject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?=\r\nMessage-ID: <a@b.example>\r\n";
        let list = |letter: &str| {
            let head =
                Head::new(letter.as_bytes()[..Head::split(letter.as_bytes()).unwrap()].to_vec()).unwrap();
            of(letter.as_bytes(), &head)
        };
        let parts = "\r\n--b\r\nContent-Type: text/plain\r\n\r\nText\r\n".repeat(5000);
        let wide =
            list(&format!("{fields}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"));
        assert_eq!(wide.subject.as_deref(), Some("Größe"));
        assert_eq!(wide.from[0].name.as_deref(), Some("Erika"));
        let lines = "X-Padding: x\r\n".repeat(15_000);
        let long = list(&format!("{fields}{lines}\r\nText\r\n"));
        assert_eq!(
            (long.subject.as_deref(), long.message_id.as_deref()),
            (Some("Größe"), Some("a@b.example"))
        );
        assert_eq!(long.from[0].address.as_deref(), Some("erika@insurer.example"));
        assert_eq!(list("\r\nNo field at all\r\n").subject, None);
    }
}
