//! Whose signatures are trusted in letters from an address, and whose never: cached, and read again when a row of a partner has
//! changed. Knows no letter and no chain.

use std::collections::HashMap;
use std::sync::Arc;

use sealpost_mail::Address;
use sealpost_seal::TrustedKey;
use sealpost_store::PartnerMark;
use tokio::sync::Mutex;

use crate::distrust::{self, OutOfUse};
use crate::error::PartnerError;
use crate::partner_rows::Book;

/// Maximum cached addresses: outsiders choose the addresses of their letters.
const MAX_ADDRESSES: usize = 1024;

/// What was last read, and from which rows.
#[derive(Debug, Default)]
pub struct KnownSigners(Mutex<Option<LastRead>>);

#[derive(Debug)]
struct LastRead {
    marks: Vec<PartnerMark>,
    out_of_use: Arc<OutOfUse>,
    trusted: HashMap<Address, Trusted>,
}

/// See [`Book::trusted_for`].
pub type Trusted = Option<Arc<Vec<TrustedKey>>>;

/// The known keys of those who may have signed a letter.
#[derive(Clone, Debug)]
pub struct Signers {
    /// Trusted keys; `None`: the address belongs to no partner in use.
    pub trusted: Trusted,
    /// Distrusted keys, whatever vouches for them.
    pub out_of_use: Arc<OutOfUse>,
}

impl KnownSigners {
    /// The current signers for a letter from this address. Compares the tags of all seals, and opens them only after a change.
    pub async fn now(&self, book: &Book<'_>, from: Option<&Address>) -> Result<Signers, PartnerError> {
        let (marks, out_of_use) = {
            // Held while reading: of many letters that arrive after a change, only one reads the rows.
            let mut last = self.0.lock().await;
            // Before the rows: a change in between is seen with the next letter.
            let marks = book.store.partner_marks().await?;
            match last.as_ref() {
                Some(read) if read.marks == marks => {
                    let known = match from {
                        None => Some(None),
                        Some(from) => read.trusted.get(from).cloned(),
                    };
                    let out_of_use = Arc::clone(&read.out_of_use);
                    if let Some(trusted) = known {
                        return Ok(Signers { trusted, out_of_use });
                    }
                    (marks, out_of_use)
                }
                Some(_) | None => {
                    let out_of_use = Arc::new(distrust::read(book).await?);
                    let (kept, trusted) = (Arc::clone(&out_of_use), HashMap::new());
                    *last = Some(LastRead { marks: marks.clone(), out_of_use: kept, trusted });
                    (marks, out_of_use)
                }
            }
        };
        let Some(from) = from else { return Ok(Signers { trusted: None, out_of_use }) };
        // Letters from other addresses need not wait for this one.
        let trusted = book.trusted_for(from).await?.map(Arc::new);
        let mut last = self.0.lock().await;
        if let Some(read) = last.as_mut().filter(|read| read.marks == marks) {
            if read.trusted.len() >= MAX_ADDRESSES {
                read.trusted.clear();
            }
            read.trusted.insert(from.clone(), trusted.clone());
        }
        Ok(Signers { trusted, out_of_use })
    }
}
