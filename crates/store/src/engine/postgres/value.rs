//! Converts parameters and rows between the engine interface and the wire. Knows no statement.

use std::borrow::Cow;
use std::error::Error;

use bytes::{Bytes, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::failure::Failure;
use crate::error::StoreError;
use crate::statement::{Row, Value};

/// A parameter.
#[derive(Debug)]
pub(super) enum Param<'a> {
    Value(&'a Value),
    Texts(&'a [String]),
    Ints(Cow<'a, [i64]>),
    Tags(Vec<&'a [u8]>),
    Column(Column<'a>),
}

/// The values of one column in several rows.
#[derive(Debug)]
pub(super) enum Column<'a> {
    Texts(Vec<Option<&'a str>>),
    Ints(Vec<Option<i64>>),
    Blobs(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    /// `None`: no value determines the type, or two contradict each other.
    pub(super) fn of(values: impl Iterator<Item = &'a Value> + Clone) -> Option<Self> {
        let first = values.clone().find(|value| !matches!(value, Value::Null))?;
        match first {
            Value::Null => None,
            Value::Text(_) => values.map(text).collect::<Option<_>>().map(Self::Texts),
            Value::Int(_) => values.map(int).collect::<Option<_>>().map(Self::Ints),
            Value::Blob(_) => values.map(blob).collect::<Option<_>>().map(Self::Blobs),
        }
    }
}

fn text(value: &Value) -> Option<Option<&str>> {
    match value {
        Value::Null => Some(None),
        Value::Text(text) => Some(Some(text)),
        Value::Int(_) | Value::Blob(_) => None,
    }
}

fn int(value: &Value) -> Option<Option<i64>> {
    match value {
        Value::Null => Some(None),
        Value::Int(number) => Some(Some(*number)),
        Value::Text(_) | Value::Blob(_) => None,
    }
}

fn blob(value: &Value) -> Option<Option<&[u8]>> {
    match value {
        Value::Null => Some(None),
        Value::Blob(bytes) => Some(Some(bytes)),
        Value::Text(_) | Value::Int(_) => None,
    }
}

impl Param<'_> {
    /// The type is given, not inferred by the server: beside `sum()` it would take a number for a `numeric`.
    /// Only a column of NULLs has no type.
    pub(super) fn typ(&self) -> Type {
        match self {
            Self::Value(Value::Null) => Type::UNKNOWN,
            Self::Value(Value::Int(_)) => Type::INT8,
            Self::Value(Value::Text(_)) => Type::TEXT,
            Self::Value(Value::Blob(_)) => Type::BYTEA,
            Self::Texts(_) | Self::Column(Column::Texts(_)) => Type::TEXT_ARRAY,
            Self::Ints(_) | Self::Column(Column::Ints(_)) => Type::INT8_ARRAY,
            Self::Tags(_) | Self::Column(Column::Blobs(_)) => Type::BYTEA_ARRAY,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, typ: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Value(Value::Null) => Ok(IsNull::Yes),
            Self::Value(Value::Int(number)) => number.to_sql(typ, out),
            Self::Value(Value::Text(text)) => text.as_str().to_sql(typ, out),
            Self::Value(Value::Blob(bytes)) => bytes.as_ref().to_sql(typ, out),
            Self::Texts(texts) => texts.to_sql(typ, out),
            Self::Ints(numbers) => numbers.as_ref().to_sql(typ, out),
            Self::Tags(tags) => tags.to_sql(typ, out),
            Self::Column(Column::Texts(texts)) => texts.to_sql(typ, out),
            Self::Column(Column::Ints(numbers)) => numbers.to_sql(typ, out),
            Self::Column(Column::Blobs(blobs)) => blobs.to_sql(typ, out),
        }
    }

    fn accepts(_typ: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A row of the engine interface.
pub(super) fn row(from: &tokio_postgres::Row) -> Result<Row, Failure> {
    let mut values = Vec::with_capacity(from.len());
    for (at, column) in from.columns().iter().enumerate() {
        let typ = column.type_();
        values.push(if *typ == Type::INT8 {
            from.try_get::<_, Option<i64>>(at)?.map_or(Value::Null, Value::Int)
        } else if *typ == Type::INT4 {
            from.try_get::<_, Option<i32>>(at)?.map_or(Value::Null, |number| Value::Int(i64::from(number)))
        } else if *typ == Type::BOOL {
            from.try_get::<_, Option<bool>>(at)?.map_or(Value::Null, |yes| Value::Int(i64::from(yes)))
        } else if *typ == Type::BYTEA {
            from.try_get::<_, Option<&[u8]>>(at)?
                .map_or(Value::Null, |bytes| Value::Blob(Bytes::copy_from_slice(bytes)))
        } else if *typ == Type::TEXT {
            from.try_get::<_, Option<String>>(at)?.map_or(Value::Null, Value::Text)
        } else {
            return Err(Failure::Store(StoreError::Damaged { what: "a column of a type that we use" }));
        });
    }
    Ok(Row::new(values))
}
