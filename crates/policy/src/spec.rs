//! Rules as administrators write them. Checks the shape only; [`crate::Rules::new`] checks the meaning.

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
    /// Unique; used in the log and in `explain`.
    pub name: String,
    /// All of these must hold.
    pub when: When,
    /// What happens then.
    pub then: TreatmentSpec,
    /// How to treat a letter that almost has the tag, label or value: mistyped, in other brackets. Left out: into the portal if the
    /// rule protects (portal, domain, hold, refuse); if it relays, it does not decide about such a letter, whether it requires the
    /// tag or, in `not`, its absence.
    #[serde(default)]
    pub near: Option<Near>,
    /// How long a mailbox keeps such a letter, like `"30 days"`; left out: the general term.
    #[serde(default)]
    pub keep: Option<Term>,
}

/// The treatment of near misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Near {
    /// The recipient's mailbox.
    Portal,
    /// Held for an operator.
    Hold,
    /// None: only exact matches count.
    Off,
}

/// Conditions. All given ones must hold; a list means *any of these*.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct When {
    /// MAIL FROM: address patterns; `<>` is the null reverse-path.
    #[serde(deserialize_with = "one_or_many")]
    pub reverse_path: Vec<String>,
    /// MAIL FROM is in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub reverse_path_list: Vec<String>,
    /// The address in the From field: address patterns.
    #[serde(deserialize_with = "one_or_many")]
    pub from: Vec<String>,
    /// The address in the From field is in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub from_list: Vec<String>,
    /// RCPT TO: address patterns.
    #[serde(deserialize_with = "one_or_many")]
    pub recipient: Vec<String>,
    /// RCPT TO is in one of these lists.
    #[serde(deserialize_with = "one_or_many")]
    pub recipient_list: Vec<String>,
    /// The Subject contains this text, however it is typed. It is removed if this rule decides.
    #[serde(deserialize_with = "one_or_many")]
    pub subject_tag: Vec<String>,
    /// The Subject matches this regular expression; the prefix `(?i)` ignores case. The Subject is not changed.
    #[serde(deserialize_with = "one_or_many")]
    pub subject_pattern: Vec<String>,
    /// A header field.
    #[serde(deserialize_with = "one_or_many")]
    pub header: Vec<HeaderSpec>,
    /// The Sensitivity field (RFC 4021): `personal`, `private`, `company-confidential`.
    #[serde(deserialize_with = "one_or_many")]
    pub sensitivity: Vec<String>,
    /// An enabled sensitivity label in `msip_labels`: its id or its name.
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
    /// The letter arrived encrypted (S/MIME, OpenPGP), or did not.
    pub encrypted: Option<bool>,
    /// The letter arrived signed, or did not.
    pub signed: Option<bool>,
    /// The letter replies to one of the portal's, or does not.
    pub reply: Option<bool>,
    /// The letter replies to one that arrived encrypted from outside, or does not.
    pub reply_to_closed: Option<bool>,
    /// The gateway verified a partner's signature that covers the whole letter and belongs to the address in From, or did not.
    pub from_partner: Option<bool>,
    /// It arrived encrypted from outside and could not be decrypted, or without proof that it was not modified; or it is any other
    /// letter.
    pub unopened: Option<bool>,
    /// The client's network: `192.0.2.0/24`, `2001:db8::/32`, or one address.
    #[serde(deserialize_with = "one_or_many")]
    pub client: Vec<String>,
    /// The login name of the client; `*` is any login.
    #[serde(deserialize_with = "one_or_many")]
    pub login: Vec<String>,
    /// The name of the listener the letter arrived at.
    #[serde(deserialize_with = "one_or_many")]
    pub listener: Vec<String>,
    /// Holds unless all of the inner conditions hold; each group of a list must.
    #[serde(deserialize_with = "one_or_many")]
    pub not: Vec<When>,
}

/// A condition on a header field. With a name only: the field is present.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeaderSpec {
    /// The field's name.
    pub name: String,
    /// `true`: the field is present; `false`: it is absent.
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
    /// `"relay"`, `{ relay = { tls = "none" | "encrypted" | "verified" } }`; the same with `sign`, which signs it, or with an
    /// alternative if it cannot be signed: `["sign", "relay"]`.
    Relay {
        /// The minimum TLS.
        tls: TlsFloor,
        /// Whether it is signed.
        #[serde(skip)]
        sign: Signing,
    },
    /// `"portal"`.
    Portal,
    /// `"domain"`, `{ domain = { partner = "name" } }`, or with an alternative: `["domain", "portal"]`.
    Domain {
        /// The partner's name; left out: the partner that the recipient belongs to.
        partner: Option<String>,
        /// The alternative if there is no usable key.
        otherwise: OtherwiseSpec,
    },
    /// `"refuse"` or `{ refuse = { text = "…" } }`.
    Refuse {
        /// The text of the reply to the sending server; ASCII.
        text: String,
    },
    /// `"hold"` or `{ hold = { tls = "none" | "encrypted" | "verified" } }`.
    Hold {
        /// The minimum TLS once it is released.
        tls: TlsFloor,
    },
}

/// The second of two treatments: the alternative if the first, `domain`, is impossible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherwiseSpec {
    /// None given: refused with the reason.
    #[default]
    Refused,
    /// `"portal"`.
    Portal,
    /// `"hold"` or `{ hold = { tls = "…" } }`.
    Hold {
        /// The minimum TLS once it is released.
        tls: TlsFloor,
    },
    /// `{ refuse = { text = "…" } }`.
    Refuse {
        /// The text of the reply to the sending server; ASCII.
        text: String,
    },
}

/// A letter held for inspection must not be sent in clear when it is released. Not `Verified`: with mail exchangers that would
/// prove nothing (DNS is unsigned) and stop most letters.
pub(crate) const HELD: TlsFloor = TlsFloor::Encrypted;

/// The reply if `refuse` has no text of its own.
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

/// `["domain", "portal"]`: the second is the alternative if the first is impossible. There is no third, because a permitted second
/// one never fails.
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

/// One value or a list of them; never an empty list, which would match nothing and is surely a mistake.
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
