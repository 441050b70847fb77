//! Partners, their keys, and our own keys for exchanging mail with them. Opaque: what a key is and whether it is
//! trusted is sealed; the store sees ids, states and times.

use sealpost_mail::Timestamp;

use crate::audit_row::AuditRow;
use crate::column_values::{ColumnWord as _, OwnKeyState, PartnerKeyState};
use crate::error::StoreError;
use crate::statement::{Batch, Outcome, Refusal, Row, Statement, sql};
use crate::store::Store;

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRow {
    /// Its id.
    pub id: String,
    /// Keyed hash of its name.
    pub tag: [u8; 32],
    /// All other facts, sealed.
    pub sealed: Vec<u8>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A partner's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerKeyRow {
    /// Its id.
    pub id: String,
    /// Id of its partner.
    pub partner_id: String,
    /// Its state; bound to the seal.
    pub state: PartnerKeyState,
    /// The key and its facts, sealed.
    pub sealed: Vec<u8>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A domain or an address that belongs to a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRow {
    /// Keyed hash of the domain or address.
    pub tag: [u8; 32],
    /// Id of its partner.
    pub partner_id: String,
}

/// A raw row; if it cannot be read, its id.
pub type AsItStands<T> = Result<T, String>;

/// All raw rows about partners, to be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnersAsTheyStand {
    /// Partners.
    pub partners: Vec<AsItStands<PartnerRow>>,
    /// Their keys, also of unknown partners.
    pub keys: Vec<AsItStands<PartnerKeyRow>>,
    /// Their domains and addresses, also of unknown partners.
    pub places: Vec<AsItStands<PlaceRow>>,
}

/// A key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKeyRow {
    /// Its id.
    pub id: String,
    /// Its state; bound to the seal of both parts.
    pub state: OwnKeyState,
    /// Certificate or public key and its facts, sealed.
    pub public_sealed: Vec<u8>,
    /// The private key, sealed.
    pub secret_sealed: Vec<u8>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// The public part of a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPublicRow {
    /// Its id.
    pub id: String,
    /// Its state; bound to the seal.
    pub state: OwnKeyState,
    /// Certificate or public key and its facts, sealed.
    pub public_sealed: Vec<u8>,
}

/// Changes whenever the public part of a key of ours changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKeyMark {
    id: String,
    state: OwnKeyState,
    /// The last bytes of a sealed value are its tag (formats.md): a new one for each sealing.
    tag: Vec<u8>,
}

/// Changes whenever a row of a partner or of one of its keys changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerMark {
    id: String,
    state: Option<String>,
    /// See [`OwnKeyMark`].
    tag: Vec<u8>,
}

/// Outcome of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    /// Done.
    Yes,
    /// Refused: the row is not as it was read, or the name, domain or address is taken.
    Overtaken,
}

impl Changed {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Kept(_) => Self::Yes,
            Outcome::Refused(_) => Self::Overtaken,
        }
    }
}

macro_rules! partner_columns {
    ($rest:literal) => {
        concat!("SELECT p.id, p.tag, p.sealed, p.changed_at FROM partners AS p ", $rest)
    };
}

fn partner_row(mut row: Row) -> Result<PartnerRow, StoreError> {
    Ok(PartnerRow { id: row.text()?, tag: row.hash()?, sealed: row.blob()?, changed_at: row.time()? })
}

fn key_row(mut row: Row) -> Result<PartnerKeyRow, StoreError> {
    Ok(PartnerKeyRow {
        id: row.text()?,
        partner_id: row.text()?,
        state: PartnerKeyState::parse(&row.text()?)?,
        sealed: row.blob()?,
        changed_at: row.time()?,
    })
}

fn place_row(mut row: Row) -> Result<PlaceRow, StoreError> {
    Ok(PlaceRow { tag: row.hash()?, partner_id: row.text()? })
}

pub(crate) fn as_they_stand<T>(
    rows: Vec<Row>,
    read: impl Fn(Row) -> Result<T, StoreError>,
) -> Vec<AsItStands<T>> {
    let one = |row: Row| {
        let id = row.first();
        read(row).map_err(|_unreadable| id.shown())
    };
    rows.into_iter().map(one).collect()
}

fn own_row(mut row: Row) -> Result<OwnKeyRow, StoreError> {
    Ok(OwnKeyRow {
        id: row.text()?,
        state: OwnKeyState::parse(&row.text()?)?,
        public_sealed: row.blob()?,
        secret_sealed: row.blob()?,
        changed_at: row.time()?,
    })
}

fn insert_key(row: &PartnerKeyRow) -> Statement {
    sql!(
        "INSERT INTO partner_keys (id, partner_id, state, sealed, changed_at)
         SELECT ?1, id, ?3, ?4, ?5 FROM partners WHERE id = ?2",
        row.id.as_str(),
        row.partner_id.as_str(),
        row.state.as_str(),
        row.sealed.clone(),
        row.changed_at
    )
    .or_refuse(Refusal::Overtaken)
}

fn add_places(batch: &mut Batch, partner_id: &str, places: &[[u8; 32]]) {
    for place in places {
        batch.add(
            sql!(
                "INSERT INTO partner_places (tag, partner_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                place,
                partner_id
            )
            .or_refuse(Refusal::Overtaken),
        );
    }
}

impl Store {
    /// All partners.
    pub async fn partners(&self) -> Result<Vec<PartnerRow>, StoreError> {
        let rows = self.read_rows(sql!(partner_columns!("ORDER BY p.id"))).await?;
        rows.into_iter().map(partner_row).collect()
    }

    /// The partner whose name has this tag.
    pub async fn partner_named(&self, tag: &[u8; 32]) -> Result<Option<PartnerRow>, StoreError> {
        let row = self.read_one(sql!(partner_columns!("WHERE p.tag = ?1"), tag)).await?;
        row.map(partner_row).transpose()
    }

    /// The partner that a domain or an address belongs to.
    pub async fn partner_at(&self, place: &[u8; 32]) -> Result<Option<PartnerRow>, StoreError> {
        let of = partner_columns!("JOIN partner_places AS at ON at.partner_id = p.id WHERE at.tag = ?1");
        let row = self.read_one(sql!(of, place)).await?;
        row.map(partner_row).transpose()
    }

    /// A partner's keys, oldest first.
    pub async fn partner_keys(&self, partner_id: &str) -> Result<Vec<PartnerKeyRow>, StoreError> {
        let keys = sql!(
            "SELECT id, partner_id, state, sealed, changed_at FROM partner_keys WHERE partner_id = ?1
             ORDER BY changed_at, id",
            partner_id
        );
        self.read_rows(keys).await?.into_iter().map(key_row).collect()
    }

    /// The keys of all partners, oldest first.
    pub async fn all_partner_keys(&self) -> Result<Vec<PartnerKeyRow>, StoreError> {
        let keys = sql!(
            "SELECT id, partner_id, state, sealed, changed_at FROM partner_keys ORDER BY changed_at, id"
        );
        self.read_rows(keys).await?.into_iter().map(key_row).collect()
    }

    /// All rows about partners; one that cannot be read does not hide others.
    pub async fn partners_as_they_stand(&self) -> Result<PartnersAsTheyStand, StoreError> {
        let questions = vec![
            sql!(partner_columns!("ORDER BY p.id")),
            sql!(
                "SELECT id, partner_id, state, sealed, changed_at FROM partner_keys ORDER BY changed_at, id"
            ),
            sql!("SELECT tag, partner_id FROM partner_places ORDER BY tag"),
        ];
        let mut answers = self.read(questions).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        Ok(PartnersAsTheyStand {
            partners: as_they_stand(next(), partner_row),
            keys: as_they_stand(next(), key_row),
            places: as_they_stand(next(), place_row),
        })
    }

    /// Small, and unchanged as long as all partners and their keys are unchanged.
    pub async fn partner_marks(&self) -> Result<Vec<PartnerMark>, StoreError> {
        let marks = sql!(
            "SELECT id, state, substr(sealed, length(sealed) - 15) FROM partner_keys
             UNION ALL SELECT id, NULL, substr(sealed, length(sealed) - 15) FROM partners
             ORDER BY 1"
        );
        let mark =
            |mut row: Row| Ok(PartnerMark { id: row.text()?, state: row.opt_text()?, tag: row.blob()? });
        self.read_rows(marks).await?.into_iter().map(mark).collect()
    }

    /// Adds a partner with its domains, addresses and keys.
    pub async fn add_partner(
        &self,
        partner: &PartnerRow,
        places: &[[u8; 32]],
        keys: &[PartnerKeyRow],
        audit: AuditRow,
    ) -> Result<Changed, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "INSERT INTO partners (id, tag, sealed, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                partner.id.as_str(),
                &partner.tag,
                partner.sealed.clone(),
                partner.changed_at
            )
            .or_refuse(Refusal::Overtaken),
        );
        add_places(&mut batch, &partner.id, places);
        keys.iter().for_each(|key| batch.add(insert_key(key)));
        audit.add_to(&mut batch);
        self.write(batch).await.map(|outcome| Changed::of(&outcome))
    }

    /// Changes a partner, adding domains, addresses and keys, if it is as it was read.
    pub async fn change_partner(
        &self,
        former: &PartnerRow,
        partner: &PartnerRow,
        more_places: &[[u8; 32]],
        more_keys: &[PartnerKeyRow],
        audit: AuditRow,
    ) -> Result<Changed, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "UPDATE partners SET sealed = ?3, changed_at = ?4 WHERE id = ?1 AND sealed = ?2",
                former.id.as_str(),
                former.sealed.clone(),
                partner.sealed.clone(),
                partner.changed_at
            )
            .or_refuse(Refusal::Overtaken),
        );
        add_places(&mut batch, &partner.id, more_places);
        more_keys.iter().for_each(|key| batch.add(insert_key(key)));
        audit.add_to(&mut batch);
        self.write(batch).await.map(|outcome| Changed::of(&outcome))
    }

    /// Changes a key if it is as it was read.
    pub async fn change_partner_key(
        &self,
        former: &PartnerKeyRow,
        key: &PartnerKeyRow,
        audit: AuditRow,
    ) -> Result<Changed, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "UPDATE partner_keys SET state = ?3, sealed = ?4, changed_at = ?5
                 WHERE id = ?1 AND sealed = ?2",
                former.id.as_str(),
                former.sealed.clone(),
                key.state.as_str(),
                key.sealed.clone(),
                key.changed_at
            )
            .or_refuse(Refusal::Overtaken),
        );
        audit.add_to(&mut batch);
        self.write(batch).await.map(|outcome| Changed::of(&outcome))
    }

    /// Removes a partner with its keys.
    pub async fn remove_partner(&self, partner_id: &str, audit: AuditRow) -> Result<Changed, StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!("DELETE FROM partner_places WHERE partner_id = ?1", partner_id));
        batch.add(sql!(
            "DELETE FROM key_warnings WHERE key_id IN (SELECT id FROM partner_keys WHERE partner_id = ?1)",
            partner_id
        ));
        batch.add(sql!(
            "DELETE FROM ocsp_answers WHERE key_id IN (SELECT id FROM partner_keys WHERE partner_id = ?1)",
            partner_id
        ));
        batch.add(sql!("DELETE FROM partner_keys WHERE partner_id = ?1", partner_id));
        batch.add(sql!("DELETE FROM partners WHERE id = ?1", partner_id).or_refuse(Refusal::Overtaken));
        audit.add_to(&mut batch);
        self.write(batch).await.map(|outcome| Changed::of(&outcome))
    }

    /// Our own keys, oldest first.
    pub async fn own_keys(&self) -> Result<Vec<OwnKeyRow>, StoreError> {
        let keys = sql!(
            "SELECT id, state, public_sealed, secret_sealed, changed_at FROM own_keys ORDER BY changed_at, id"
        );
        self.read_rows(keys).await?.into_iter().map(own_row).collect()
    }

    /// The public parts of our own keys, oldest first. Private parts are not even read.
    pub async fn own_public_keys(&self) -> Result<Vec<OwnPublicRow>, StoreError> {
        let keys = sql!("SELECT id, state, public_sealed FROM own_keys ORDER BY changed_at, id");
        let row = |mut row: Row| {
            Ok(OwnPublicRow {
                id: row.text()?,
                state: OwnKeyState::parse(&row.text()?)?,
                public_sealed: row.blob()?,
            })
        };
        self.read_rows(keys).await?.into_iter().map(row).collect()
    }

    /// Small, and unchanged as long as [`Self::own_public_keys`] are.
    pub async fn own_key_marks(&self) -> Result<Vec<OwnKeyMark>, StoreError> {
        let marks = sql!(
            "SELECT id, state, substr(public_sealed, length(public_sealed) - 15) FROM own_keys
             ORDER BY changed_at, id"
        );
        let mark = |mut row: Row| {
            Ok(OwnKeyMark { id: row.text()?, state: OwnKeyState::parse(&row.text()?)?, tag: row.blob()? })
        };
        self.read_rows(marks).await?.into_iter().map(mark).collect()
    }

    /// Adds a key of ours.
    pub async fn add_own_key(&self, key: &OwnKeyRow, audit: AuditRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.add(sql!(
            "INSERT INTO own_keys (id, state, public_sealed, secret_sealed, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            key.id.as_str(),
            key.state.as_str(),
            key.public_sealed.clone(),
            key.secret_sealed.clone(),
            key.changed_at
        ));
        audit.add_to(&mut batch);
        self.write(batch).await.map(drop)
    }

    /// Changes a key of ours if it is as it was read.
    pub async fn change_own_key(
        &self,
        former: &OwnKeyRow,
        key: &OwnKeyRow,
        audit: AuditRow,
    ) -> Result<Changed, StoreError> {
        let mut batch = Batch::default();
        batch.add(
            sql!(
                "UPDATE own_keys SET state = ?3, public_sealed = ?4, secret_sealed = ?5, changed_at = ?6
                 WHERE id = ?1 AND public_sealed = ?2",
                former.id.as_str(),
                former.public_sealed.clone(),
                key.state.as_str(),
                key.public_sealed.clone(),
                key.secret_sealed.clone(),
                key.changed_at
            )
            .or_refuse(Refusal::Overtaken),
        );
        audit.add_to(&mut batch);
        self.write(batch).await.map(|outcome| Changed::of(&outcome))
    }
}
