//! Verifies all rows about partners: whether each can be opened, is under its own tag, and belongs to an existing partner; whether
//! each domain and address leads to the partner it belongs to. Changes nothing, and reports ids only.

use std::collections::{BTreeMap, BTreeSet};

use sealpost_mail::hex;
use sealpost_store::{PartnerRow, PlaceRow, Store};
use thiserror::Error;

use crate::error::PartnerError;
use crate::ocsp_answers::{KIND, OcspAnswers};
use crate::partner_rows::Partner;
use crate::rotate::PartnerSeals;

/// Why a row fails.
#[derive(Debug, Error)]
pub enum Unproven {
    /// It cannot be opened, or is under a wrong tag.
    #[error("{0}")]
    Row(#[from] PartnerError),
    /// Its columns are invalid.
    #[error("it cannot be read: it was not written by this gateway")]
    Unreadable,
    /// There is no such partner.
    #[error("it belongs to partner {0}, which is not there")]
    NoPartner(String),
    /// The partner that it leads to does not have it.
    #[error("it leads to partner {0}, which does not answer for it")]
    OthersPlace(String),
    /// No row leads to the partner.
    #[error("nothing leads to it: letters there are treated as if they were to no partner")]
    NoPlace,
    /// Its proof is wrong or missing.
    #[error(
        "it was not written by this gateway; the job ocsp removes it, and asks again where the key is in use"
    )]
    Answer,
}

/// Name of a row, and why it fails.
pub type ProvenRow = (String, Option<Unproven>);

impl<'a> PartnerSeals<'a> {
    /// Every row: its kind and id, and why it fails.
    ///
    /// # Errors
    /// The store failed.
    pub async fn prove(self, store: &'a Store) -> Result<Vec<ProvenRow>, PartnerError> {
        let (book, own) = (self.book(store), self.own(store));
        let found = store.partners_as_they_stand().await?;
        let (mut proven, mut partners) = (Vec::new(), BTreeMap::new());
        for row in found.partners {
            match row {
                Ok(row) => {
                    let partner = self.partner(store, &row);
                    let what = format!("partner {}", row.id);
                    partners.insert(row.id, partner.as_ref().ok().cloned());
                    proven.push((what, partner.err().map(Unproven::Row)));
                }
                Err(id) => {
                    proven.push((format!("partner {id}"), Some(Unproven::Unreadable)));
                    partners.insert(id, None);
                }
            }
        }
        for row in found.keys {
            let (id, error) = match row {
                Ok(row) => {
                    let error = match (book.open_key(&row), partners.contains_key(&row.partner_id)) {
                        (Err(error), _) => Some(Unproven::Row(error)),
                        (Ok(_), false) => Some(Unproven::NoPartner(row.partner_id)),
                        (Ok(_), true) => None,
                    };
                    (row.id, error)
                }
                Err(id) => (id, Some(Unproven::Unreadable)),
            };
            proven.push((format!("partner's key {id}"), error));
        }
        self.places(&partners, found.places, &mut proven);
        for (key_id, answer) in (OcspAnswers { store, tags: self.tags }).read().await? {
            proven.push((format!("{KIND} {key_id}"), answer.is_none().then_some(Unproven::Answer)));
        }
        for row in store.own_keys().await? {
            proven.push((format!("key of our own {}", row.id), own.open(&row).err().map(Unproven::Row)));
        }
        for row in store.originals().await? {
            let error = self.originals(store).opened(&row).err();
            proven.push((format!("kept letter {}", row.id), error.map(Unproven::Row)));
        }
        Ok(proven)
    }

    /// A partner whose row is under its own tag.
    fn partner(self, store: &Store, row: &PartnerRow) -> Result<Partner, PartnerError> {
        let book = self.book(store);
        let partner = book.open(row)?;
        match book.name_tag(&partner.name) == row.tag {
            true => Ok(partner),
            false => Err(PartnerError::Moved { what: "partner", id: row.id.clone() }),
        }
    }

    /// Each domain or address leads to its partner, and every one of a partner's has a row. If a partner's row fails, those are
    /// unknown: its row is reported.
    fn places(
        self,
        partners: &BTreeMap<String, Option<Partner>>,
        found: Vec<Result<PlaceRow, String>>,
        proven: &mut Vec<ProvenRow>,
    ) {
        let tags = |partner: &Partner| -> BTreeSet<[u8; 32]> {
            partner.places.iter().map(|place| place.tag(self.tags)).collect()
        };
        let wanted: BTreeMap<&String, BTreeSet<[u8; 32]>> =
            partners.iter().filter_map(|(id, partner)| Some((id, tags(partner.as_ref()?)))).collect();
        let mut led = BTreeSet::new();
        for place in found {
            let (id, error) = match place {
                Ok(PlaceRow { tag, partner_id }) => {
                    let error = match (wanted.get(&partner_id), partners.contains_key(&partner_id)) {
                        (Some(wanted), _) if wanted.contains(&tag) => {
                            led.insert((partner_id, tag));
                            None
                        }
                        (Some(_), _) => Some(Unproven::OthersPlace(partner_id)),
                        (None, true) => None,
                        (None, false) => Some(Unproven::NoPartner(partner_id)),
                    };
                    (named(&tag), error)
                }
                Err(id) => (id, Some(Unproven::Unreadable)),
            };
            proven.push((format!("domain or address {id}"), error));
        }
        for (partner_id, wanted) in wanted {
            for tag in wanted {
                if !led.contains(&(partner_id.clone(), tag)) {
                    let what = format!("domain or address {} of partner {partner_id}", named(&tag));
                    proven.push((what, Some(Unproven::NoPlace)));
                }
            }
        }
    }
}

/// The prefix of a tag, as a name for rows without an id.
fn named(tag: &[u8; 32]) -> String {
    hex(tag.get(..8).unwrap_or(tag))
}
