//! The rule as an administrator writes it. Checks the shape only; [`crate::Rules::new`] checks the sense.

use std::fmt;
use std::marker::PhantomData;

use sealpost_mail::{Signing, Term, TlsFloor};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::shape_error::{ShapeError, TREATMENTS};
use crate::size::Size;

/// One `[[rule]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleSpec {
    /// Unique; stands in log and `explain`.
    pub name: String,
    /// All of these must hold.
    pub when: When,
    /// What happens then.
    pub then: TreatmentSpec,
    /// What happens to a letter that almost carries the tag, label or value: mistyped, in other brackets. Left out:
    /// into the portal where the rule protects (portal, domain, hold, refuse); where it relays, it does not decide
    /// about such a letter, whether it asks for the tag or, in `not`, for its absence.
    #[serde(default)]
    pub near: Option<Near>,
    /// How long a mailbox keeps such a letter, like `"30 days"`; left out: as all of them.
    #[serde(default)]
    pub keep: Option<Term>,
}

/// What happens to near misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Near {
    /// The recipient's mailbox.
    Portal,
    /// An operator looks at it.
    Hold,
    /// Nothing: only what is meant exactly counts.
    Off,
}

/// Conditions. Every one that is given must hold; a list inside one means *any of these*.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct When {
    /// MAIL FROM: address patterns; `<>` is the null reverse-path.
    #[serde(deserialize_with = "one_or_many")]
    pub reverse_path: Vec<String>,
    /// MAIL FROM stands in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub reverse_path_list: Vec<String>,
    /// The address in the From field: address patterns.
    #[serde(deserialize_with = "one_or_many")]
    pub from: Vec<String>,
    /// The address in the From field stands in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub from_list: Vec<String>,
    /// RCPT TO: address patterns.
    #[serde(deserialize_with = "one_or_many")]
    pub recipient: Vec<String>,
    /// RCPT TO stands in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub recipient_list: Vec<String>,
    /// The Subject contains this text, however it is typed. It is cut out if this rule decides.
    #[serde(deserialize_with = "one_or_many")]
    pub subject_tag: Vec<String>,
    /// The Subject matches this regular expression; `(?i)` in front ignores case. It is left as it is.
    #[serde(deserialize_with = "one_or_many")]
    pub subject_pattern: Vec<String>,
    /// A header field.
    #[serde(deserialize_with = "one_or_many")]
    pub header: Vec<HeaderSpec>,
    /// The Sensitivity field (RFC 4021): `personal`, `private`, `company-confidential`.
    #[serde(deserialize_with = "one_or_many")]
    pub sensitivity: Vec<String>,
    /// A sensitivity label in `msip_labels` that is switched on: its id or its name.
    #[serde(deserialize_with = "one_or_many")]
    pub label: Vec<String>,
    /// The whole letter has at least this size.
    pub size_at_least: Option<Size>,
    /// The whole letter has at most this size.
    pub size_at_most: Option<Size>,
    /// An attachment's name, with `*` and `?`, case-insensitive: `*.xlsx`.
    #[serde(deserialize_with = "one_or_many")]
    pub attachment_name: Vec<String>,
    /// An attachment's type, with `*`: `application/pdf`, `image/*`.
    #[serde(deserialize_with = "one_or_many")]
    pub attachment_type: Vec<String>,
    /// A decoded text part matches this regular expression.
    #[serde(deserialize_with = "one_or_many")]
    pub text_pattern: Vec<String>,
    /// The letter came encrypted already (S/MIME, OpenPGP), or did not.
    pub encrypted: Option<bool>,
    /// The letter came signed already, or did not.
    pub signed: Option<bool>,
    /// The letter answers one of the portal's, or does not.
    pub reply: Option<bool>,
    /// The letter answers one that came in encrypted from the world, or does not.
    pub reply_to_closed: Option<bool>,
    /// The gateway found a partner's signature on it that holds, covers it whole and is of the one in From, or did not.
    pub from_partner: Option<bool>,
    /// It came encrypted from the world and could not be opened, or nothing says that what was opened is what somebody closed;
    /// or it is any other letter.
    pub unopened: Option<bool>,
    /// The client's network: `192.0.2.0/24`, `2001:db8::/32`, or one address.
    #[serde(deserialize_with = "one_or_many")]
    pub client: Vec<String>,
    /// The login name of the client; `*` is any login.
    #[serde(deserialize_with = "one_or_many")]
    pub login: Vec<String>,
    /// The name of the listener the letter came in by.
    #[serde(deserialize_with = "one_or_many")]
    pub listener: Vec<String>,
    /// Holds when the conditions within do not all hold; of a list, each.
    #[serde(deserialize_with = "one_or_many")]
    pub not: Vec<When>,
}

/// A condition on a header field. With nothing but a name: the field is there.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeaderSpec {
    /// The field's name.
    pub name: String,
    /// `true`: the field is there; `false`: it is not.
    #[serde(default)]
    pub present: Option<bool>,
    /// A decoded value equals this, however it is typed.
    #[serde(default, deserialize_with = "one_or_many")]
    pub equals: Vec<String>,
    /// A decoded value matches this regular expression.
    #[serde(default, deserialize_with = "one_or_many")]
    pub pattern: Vec<String>,
}

/// `then` of a rule, and the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TreatmentSpec {
    /// `"relay"`, `{ relay = { tls = "none" | "encrypted" | "verified" } }`; the same with `sign`, which signs it, or with what
    /// happens where it cannot be signed: `["sign", "relay"]`.
    Relay {
        /// The least TLS.
        tls: TlsFloor,
        /// Whether it is signed.
        #[serde(skip)]
        sign: Signing,
    },
    /// `"portal"`.
    Portal,
    /// `"domain"`, `{ domain = { partner = "name" } }`, or with what happens otherwise: `["domain", "portal"]`.
    Domain {
        /// The partner's name; left out: whichever partner the recipient belongs to.
        partner: Option<String>,
        /// What happens where there is no usable key.
        otherwise: OtherwiseSpec,
    },
    /// `"refuse"` or `{ refuse = { text = "…" } }`.
    Refuse {
        /// What the sending server is told; plain ASCII.
        text: String,
    },
    /// `"hold"` or `{ hold = { tls = "none" | "encrypted" | "verified" } }`.
    Hold {
        /// The least TLS once it is released.
        tls: TlsFloor,
    },
}

/// The second of two treatments: what happens where the first, `domain`, cannot be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherwiseSpec {
    /// Nothing was written: refused, and the reason said.
    #[default]
    Refused,
    /// `"portal"`.
    Portal,
    /// `"hold"` or `{ hold = { tls = "…" } }`.
    Hold {
        /// The least TLS once it is released.
        tls: TlsFloor,
    },
    /// `{ refuse = { text = "…" } }`.
    Refuse {
        /// What the sending server is told; plain ASCII.
        text: String,
    },
}

/// Somebody wanted to look at a held letter first, so what releases it must not also send it in clear.
/// Not `Verified`: over mail exchangers that would prove nothing (DNS is unsigned) and stop most letters.
pub(crate) const HELD: TlsFloor = TlsFloor::Encrypted;

/// What is said where `refuse` has no text of its own.
pub(crate) const REFUSED: &str = "This message is not accepted here by policy";

impl<'de> Deserialize<'de> for TreatmentSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreatmentVisitor)
    }
}

struct TreatmentVisitor;

impl<'de> Visitor<'de> for TreatmentVisitor {
    type Value = TreatmentSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TREATMENTS)
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<TreatmentSpec, E> {
        match word {
            "relay" => Ok(TreatmentSpec::Relay { tls: TlsFloor::None, sign: Signing::Off }),
            "sign" => Ok(TreatmentSpec::Relay { tls: TlsFloor::None, sign: Signing::Required }),
            "portal" => Ok(TreatmentSpec::Portal),
            "hold" => Ok(TreatmentSpec::Hold { tls: HELD }),
            "refuse" => Ok(TreatmentSpec::Refuse { text: REFUSED.to_owned() }),
            "domain" => Ok(TreatmentSpec::Domain { partner: None, otherwise: OtherwiseSpec::Refused }),
            other => Err(E::custom(ShapeError::NoTreatment(other.to_owned()))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<TreatmentSpec, A::Error> {
        let mut written = Vec::new();
        while let Some(one) = list.next_element()? {
            written.push(one);
        }
        in_order(written)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TreatmentSpec, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Floor {
            tls: TlsFloor,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Domain {
            partner: String,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Refuse {
            text: String,
        }
        let Some(word) = map.next_key::<String>()? else {
            return Err(de::Error::custom(ShapeError::TreatmentMissing));
        };
        let treatment = match word.as_str() {
            "relay" => TreatmentSpec::Relay { tls: map.next_value::<Floor>()?.tls, sign: Signing::Off },
            "sign" => TreatmentSpec::Relay { tls: map.next_value::<Floor>()?.tls, sign: Signing::Required },
            "hold" => TreatmentSpec::Hold { tls: map.next_value::<Floor>()?.tls },
            "domain" => TreatmentSpec::Domain {
                partner: Some(map.next_value::<Domain>()?.partner),
                otherwise: OtherwiseSpec::Refused,
            },
            "refuse" => TreatmentSpec::Refuse { text: map.next_value::<Refuse>()?.text },
            "portal" => {
                return Err(de::Error::custom(ShapeError::PortalTakesNothing));
            }
            other => {
                return Err(de::Error::custom(ShapeError::NoTreatment(other.to_owned())));
            }
        };
        match map.next_key::<String>()? {
            None => Ok(treatment),
            Some(second) => Err(de::Error::custom(ShapeError::TwoTreatments(word, second))),
        }
    }
}

/// `["domain", "portal"]`: the second is what happens where the first cannot be. There is no third, because what may
/// stand second never fails.
fn in_order<E: de::Error>(written: Vec<TreatmentSpec>) -> Result<TreatmentSpec, E> {
    let mut written = written.into_iter();
    let (first, second) = (written.next(), written.next());
    if written.next().is_some() {
        return Err(E::custom(ShapeError::ThirdTreatment));
    }
    match (first, second) {
        (Some(TreatmentSpec::Domain { partner, .. }), Some(second)) => {
            let otherwise = match second {
                TreatmentSpec::Portal => OtherwiseSpec::Portal,
                TreatmentSpec::Hold { tls } => OtherwiseSpec::Hold { tls },
                TreatmentSpec::Refuse { text } => OtherwiseSpec::Refuse { text },
                TreatmentSpec::Relay { .. } => {
                    return Err(E::custom(ShapeError::WouldLeaveInClear));
                }
                TreatmentSpec::Domain { .. } => {
                    return Err(E::custom(ShapeError::DomainTwice));
                }
            };
            Ok(TreatmentSpec::Domain { partner, otherwise })
        }
        (
            Some(TreatmentSpec::Relay { tls, sign: Signing::Required }),
            Some(TreatmentSpec::Relay { tls: otherwise, sign: Signing::Off }),
        ) => Ok(TreatmentSpec::Relay { tls: tls.max(otherwise), sign: Signing::WhenPossible }),
        (Some(TreatmentSpec::Domain { partner, otherwise }), None) => {
            Ok(TreatmentSpec::Domain { partner, otherwise })
        }
        (Some(_), None | Some(_)) => Err(E::custom(ShapeError::OnlyDomainFails)),
        (None, _) => Err(E::custom(ShapeError::NoTreatmentInList)),
    }
}

/// One value or a list of them; never an empty list, which would match nothing and surely was a slip.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Many<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Many<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("one value or a list of values")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(de::value::StrDeserializer::new(text)).map(|one| vec![one])
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(de::value::MapAccessDeserializer::new(map)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut many = Vec::new();
            while let Some(one) = list.next_element()? {
                many.push(one);
            }
            if many.is_empty() {
                return Err(de::Error::custom(ShapeError::EmptyList));
            }
            Ok(many)
        }
    }

    deserializer.deserialize_any(Many(PhantomData))
}
