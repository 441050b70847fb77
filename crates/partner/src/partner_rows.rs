//! Partners and their keys in rows: sealed under a key that only the roles have that encrypt letters or manage
//! partners, with id, partner and state bound, so that a forged row cannot be opened and is ignored.

use sealpost_mail::{Address, Random, Timestamp};
use sealpost_seal::{Method, Profile, SpeaksFor, TrustedKey};
use sealpost_store::{AuditRow, Changed, PartnerKeyRow, PartnerKeyState, PartnerRow, Store};
use sealpost_vault::{KeyringKey, Label, TagKey};
use serde::{Deserialize, Serialize};

use crate::domain_or_address::DomainOrAddress;
use crate::error::PartnerError;

/// Whether a partner is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is in use.
    Active,
    /// Its signatures are trusted, but nothing is encrypted for it until it has replied to a test letter, or an
    /// operator decides so.
    Waiting,
    /// It is not, until an operator decides otherwise.
    Suspended,
}

/// Whom a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// For everybody at the partner's domains: its gateway decrypts.
    Company,
    /// For the addresses it names: their owners decrypt.
    Named,
}

/// How a key got here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// Imported by an operator.
    #[default]
    Operator,
    /// It came with a letter that it had signed.
    Harvested,
    /// An operator found it only on key servers or in directories, where anybody may upload keys.
    KeyServer,
}

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its id.
    pub id: String,
    /// The operator's name for it.
    pub name: String,
    /// Its domains and addresses.
    pub places: Vec<DomainOrAddress>,
    /// Whether it is in use.
    pub standing: Standing,
    /// Which method is preferred if both are possible.
    pub prefers: Option<Method>,
    /// The algorithms; its keys' announced capabilities strengthen them.
    pub profile: Profile,
    /// When it last replied to a test letter.
    pub answered: Option<Timestamp>,
}

/// A key of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerKey {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: PartnerKeyState,
    /// Whom it is for.
    pub reach: Reach,
    /// The key itself with its content.
    pub key: sealpost_seal::PartnerKey,
    /// Its origin: a file's name, an address.
    pub source: String,
    /// How it got here.
    pub provenance: Provenance,
    /// For a key that was not compared: the domains and addresses whose signed zones vouch for it, and no others,
    /// whatever it names by now. Empty: an operator has trusted it, for its whole reach.
    pub vouched_for: Vec<DomainOrAddress>,
    /// When it was added.
    pub since: Timestamp,
}

impl PartnerKey {
    /// Whether it is for this address of the partner: a domain or address added later is not covered by a key that only
    /// zones of others vouch for.
    #[must_use]
    pub fn reaches(&self, partner: &Partner, address: &Address) -> bool {
        match self.reach {
            Reach::Company => partner.covers(address) && self.speaks_for(address),
            Reach::Named => self.key.facts().names(address) && self.speaks_for(address),
        }
    }

    fn speaks_for(&self, address: &Address) -> bool {
        self.vouched_for.is_empty() || self.vouched_for.iter().any(|place| place.covers(address))
    }
}

/// A partner with its keys.
#[derive(Clone, Debug)]
pub struct PartnerWithKeys {
    /// The partner.
    pub partner: Partner,
    /// All of its keys, whatever their state.
    pub keys: Vec<PartnerKey>,
    /// Number of further rows that failed authentication.
    pub unreadable: usize,
}

#[derive(Serialize, Deserialize)]
struct PartnerRecord {
    name: String,
    places: Vec<DomainOrAddress>,
    standing: Standing,
    #[serde(default)]
    prefers: Option<Method>,
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    answered: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord {
    reach: Reach,
    key: sealpost_seal::PartnerKey,
    source: String,
    #[serde(default)]
    provenance: Provenance,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vouched_for: Vec<DomainOrAddress>,
    since: Timestamp,
}

/// Reads and writes partners.
#[derive(Clone, Copy)]
pub struct Book<'a> {
    /// Where they are kept.
    pub store: &'a Store,
    /// What seals them.
    pub keyring: &'a KeyringKey,
    /// What finds them.
    pub tags: &'a TagKey,
}

impl Partner {
    /// Whether this address belongs to it.
    #[must_use]
    pub fn covers(&self, address: &Address) -> bool {
        self.places.iter().any(|place| place.covers(address))
    }
}

impl Book<'_> {
    /// The partner that an address belongs to, with its keys.
    pub async fn of(&self, address: &Address) -> Result<Option<PartnerWithKeys>, PartnerError> {
        Ok(self.row_of(address).await?.map(|(_, found)| found))
    }

    /// The same with the raw row, to be changed if it is as it was read.
    pub(crate) async fn row_of(
        &self,
        address: &Address,
    ) -> Result<Option<(PartnerRow, PartnerWithKeys)>, PartnerError> {
        for place in DomainOrAddress::of(address) {
            if let Some(row) = self.store.partner_at(&place.tag(self.tags)).await? {
                let partner = self.open(&row)?;
                // The row that leads here is a hash that anybody could have put there.
                if !partner.covers(address) {
                    return Err(PartnerError::Moved { what: "partner", id: row.id });
                }
                let found = self.with_keys(partner).await?;
                return Ok(Some((row, found)));
            }
        }
        Ok(None)
    }

    /// The partner of that name, with its keys.
    pub async fn named(&self, name: &str) -> Result<Option<PartnerWithKeys>, PartnerError> {
        match self.store.partner_named(&self.name_tag(name)).await? {
            None => Ok(None),
            Some(row) => {
                let partner = self.open(&row)?;
                if !partner.name.eq_ignore_ascii_case(name) {
                    return Err(PartnerError::Moved { what: "partner", id: row.id });
                }
                self.with_keys(partner).await.map(Some)
            }
        }
    }

    /// The keys whose signatures are trusted in letters from this address; `None`: it belongs to no partner in use.
    pub async fn trusted_for(&self, from: &Address) -> Result<Option<Vec<TrustedKey>>, PartnerError> {
        let Some(PartnerWithKeys { partner, keys, unreadable }) = self.of(from).await? else {
            return Ok(None);
        };
        match partner.standing {
            Standing::Suspended => return Ok(None),
            Standing::Active | Standing::Waiting => {}
        }
        // An unreadable one may have been revoked, and may be any of these in another certificate.
        if unreadable > 0 {
            return Ok(Some(Vec::new()));
        }
        let trusted = keys.into_iter().filter(|key| match key.state {
            PartnerKeyState::Trusted => key.speaks_for(from),
            PartnerKeyState::Offered
            | PartnerKeyState::Suspended
            | PartnerKeyState::Expired
            | PartnerKeyState::Revoked => false,
        });
        let trusted = trusted.map(|key| TrustedKey {
            speaks_for: match key.reach {
                Reach::Company => SpeaksFor::Domain(from.domain().clone()),
                Reach::Named => SpeaksFor::ItsAddresses,
            },
            key: key.key,
        });
        Ok(Some(trusted.collect()))
    }

    /// Every partner with its keys, by name. One whose row is not ours does not hide the others.
    pub async fn all(&self) -> Result<Vec<Result<PartnerWithKeys, PartnerError>>, PartnerError> {
        let mut all = Vec::new();
        for row in self.store.partners().await? {
            all.push(match self.open(&row) {
                Ok(partner) => self.with_keys(partner).await,
                Err(error) => Err(error),
            });
        }
        all.sort_by_key(|found| {
            found.as_ref().map_or_else(|_| String::new(), |found| found.partner.name.clone())
        });
        Ok(all)
    }

    /// Adds a partner with its keys.
    pub async fn add(
        &self,
        partner: &Partner,
        keys: &[PartnerKey],
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let places: Vec<[u8; 32]> = partner.places.iter().map(|place| place.tag(self.tags)).collect();
        let keys = self.key_rows(&partner.id, keys, now, random)?;
        let row = self.row(partner, now, random)?;
        done(self.store.add_partner(&row, &places, &keys, noted).await?)
    }

    /// Stores a changed partner, with additional keys.
    pub async fn change(
        &self,
        partner: &Partner,
        more_keys: &[PartnerKey],
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let former = self.store.partner_named(&self.name_tag(&partner.name)).await?;
        let former = former.ok_or(PartnerError::Overtaken)?;
        let before = self.open(&former)?;
        let new = partner.places.iter().filter(|place| !before.places.contains(place));
        let places: Vec<[u8; 32]> = new.map(|place| place.tag(self.tags)).collect();
        let keys = self.key_rows(&partner.id, more_keys, now, random)?;
        let row = self.row(partner, now, random)?;
        done(self.store.change_partner(&former, &row, &places, &keys, noted).await?)
    }

    /// Takes a step in a key's life.
    pub async fn step(
        &self,
        partner: &Partner,
        key: &PartnerKey,
        to: PartnerKeyState,
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let rows = self.store.partner_keys(&partner.id).await?;
        let former = rows.into_iter().find(|row| row.id == key.id).ok_or(PartnerError::Overtaken)?;
        if former.state != key.state {
            return Err(PartnerError::Overtaken);
        }
        let vouched_for = match (key.state, to) {
            // The operator who trusts it has compared it.
            (PartnerKeyState::Offered | PartnerKeyState::Suspended, PartnerKeyState::Trusted) => Vec::new(),
            (_, PartnerKeyState::Trusted)
            | (
                _,
                PartnerKeyState::Offered
                | PartnerKeyState::Suspended
                | PartnerKeyState::Expired
                | PartnerKeyState::Revoked,
            ) => key.vouched_for.clone(),
        };
        let changed = PartnerKey { state: to, vouched_for, ..key.clone() };
        let row = self.key_row(&partner.id, &changed, now, random)?;
        done(self.store.change_partner_key(&former, &row, noted).await?)
    }

    /// Updates a key that its holder has changed; its state is unchanged.
    pub async fn renew(
        &self,
        partner: &Partner,
        key: &PartnerKey,
        renewed: sealpost_seal::PartnerKey,
        noted: AuditRow,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), PartnerError> {
        let changed = PartnerKey { key: renewed, ..key.clone() };
        self.step(partner, &changed, key.state, noted, now, random).await
    }

    /// Removes a partner with its keys.
    pub async fn remove(&self, partner: &Partner, noted: AuditRow) -> Result<(), PartnerError> {
        done(self.store.remove_partner(&partner.id, noted).await?)
    }

    pub(crate) fn name_tag(&self, name: &str) -> [u8; 32] {
        self.tags.partner_tag("name", &name.to_ascii_lowercase())
    }

    pub(crate) fn open(&self, row: &PartnerRow) -> Result<Partner, PartnerError> {
        let id = || row.id.clone();
        let plain = self
            .keyring
            .open(Label::Partner, &row.id, &row.sealed)
            .map_err(|source| PartnerError::Forged { what: "partner", id: id(), source })?;
        let record: PartnerRecord = serde_json::from_slice(plain.expose())
            .map_err(|source| PartnerError::Record { what: "partner", id: id(), source })?;
        let PartnerRecord { name, places, standing, prefers, profile, answered } = record;
        Ok(Partner { id: id(), name, places, standing, prefers, profile, answered })
    }

    pub(crate) fn row(
        &self,
        partner: &Partner,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<PartnerRow, PartnerError> {
        let record = PartnerRecord {
            name: partner.name.clone(),
            places: partner.places.clone(),
            standing: partner.standing,
            prefers: partner.prefers,
            profile: partner.profile,
            answered: partner.answered,
        };
        let plain = serde_json::to_vec(&record).map_err(|source| PartnerError::Record {
            what: "partner",
            id: partner.id.clone(),
            source,
        })?;
        Ok(PartnerRow {
            id: partner.id.clone(),
            tag: self.name_tag(&partner.name),
            sealed: self.keyring.seal(Label::Partner, &partner.id, &plain, random),
            changed_at: now,
        })
    }

    pub(crate) async fn with_keys(&self, partner: Partner) -> Result<PartnerWithKeys, PartnerError> {
        let (mut keys, mut unreadable) = (Vec::new(), 0);
        for row in self.store.partner_keys(&partner.id).await? {
            match self.open_key(&row) {
                Ok(key) => keys.push(key),
                // It is ignored, without affecting the others.
                Err(error) => {
                    unreadable += 1;
                    tracing::error!(partner.id = %partner.id, %error, "a partner's key is not used")
                }
            }
        }
        Ok(PartnerWithKeys { partner, keys, unreadable })
    }

    pub(crate) fn open_key(&self, row: &PartnerKeyRow) -> Result<PartnerKey, PartnerError> {
        let id = || row.id.clone();
        let plain = self
            .keyring
            .open(Label::PartnerKey, &bound(&row.id, &row.partner_id, row.state), &row.sealed)
            .map_err(|source| PartnerError::Forged { what: "partner's key", id: id(), source })?;
        let record: KeyRecord = serde_json::from_slice(plain.expose())
            .map_err(|source| PartnerError::Record { what: "partner's key", id: id(), source })?;
        let KeyRecord { reach, key, source, provenance, vouched_for, since } = record;
        Ok(PartnerKey { id: id(), state: row.state, reach, key, source, provenance, vouched_for, since })
    }

    pub(crate) fn key_row(
        &self,
        partner_id: &str,
        key: &PartnerKey,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<PartnerKeyRow, PartnerError> {
        let record = KeyRecord {
            reach: key.reach,
            key: key.key.clone(),
            source: key.source.clone(),
            provenance: key.provenance,
            vouched_for: key.vouched_for.clone(),
            since: key.since,
        };
        let plain = serde_json::to_vec(&record).map_err(|source| PartnerError::Record {
            what: "partner's key",
            id: key.id.clone(),
            source,
        })?;
        Ok(PartnerKeyRow {
            id: key.id.clone(),
            partner_id: partner_id.to_owned(),
            state: key.state,
            sealed: self.keyring.seal(
                Label::PartnerKey,
                &bound(&key.id, partner_id, key.state),
                &plain,
                random,
            ),
            changed_at: now,
        })
    }

    fn key_rows(
        &self,
        partner_id: &str,
        keys: &[PartnerKey],
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Vec<PartnerKeyRow>, PartnerError> {
        keys.iter().map(|key| self.key_row(partner_id, key, now, random)).collect()
    }
}

/// What a key's seal is bound to: moved to another partner or state, it cannot be opened.
fn bound(id: &str, partner_id: &str, state: PartnerKeyState) -> String {
    format!("{id} {partner_id} {}", state.as_str())
}

pub(crate) fn done(changed: Changed) -> Result<(), PartnerError> {
    match changed {
        Changed::Yes => Ok(()),
        Changed::Overtaken => Err(PartnerError::Overtaken),
    }
}
