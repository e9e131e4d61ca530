//! Values as they stand in columns, both ways.

use super::Done;
use crate::{
    base::{AccessKeyId, AccountId, Timestamp},
    store::{IdentityKind, ItemKind, KeyStatus, StoreError},
};

/// A value of a column. Moments are microseconds since 1970; everything else is a number, a text or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) enum Value<'a> {
    /// None.
    Null,
    /// A number; 0 and 1 for truth.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// A row of a back end.
pub(in crate::store) trait Columns {
    /// The value in a column, counted from 0.
    fn value(&self, column: usize) -> Done<Value<'_>>;
}

/// A row of a query.
pub(in crate::store) struct Row<'a>(pub &'a dyn Columns);

impl Row<'_> {
    /// What a column holds. It is damage if that is not what this program writes.
    pub fn get<T: FromValue>(&self, column: usize) -> Done<T> {
        T::from_value(self.0.value(column)?).ok_or_else(|| unreadable(column))
    }

    /// The text in a column.
    pub fn text(&self, column: usize) -> Done<&str> {
        match self.0.value(column)? {
            Value::Text(text) => Ok(text),
            _ => Err(unreadable(column)),
        }
    }
}

/// The column does not hold what this program writes.
pub(in crate::store) fn unreadable(column: usize) -> StoreError {
    StoreError::damaged(format!("column {column} holds a value that is never written"))
}

/// What can be written into a column.
pub(in crate::store) trait ToValue {
    /// The value.
    fn to_value(&self) -> Value<'_>;
}

/// What can be read from a column.
pub(in crate::store) trait FromValue: Sized {
    /// The value's meaning; `None` if it has none.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// Numbers that fit a column.
macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl ToValue for $number {
            fn to_value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }
        }

        impl FromValue for $number {
            fn from_value(value: Value<'_>) -> Option<Self> {
                i64::from_value(value)?.try_into().ok()
            }
        }
    )*};
}
numbers!(u8, u32);

/// Whatever is kept as its text.
macro_rules! texts {
    ($($text:ty: $write:expr, $read:expr;)*) => {$(
        impl ToValue for $text {
            fn to_value(&self) -> Value<'_> {
                let write: fn(&$text) -> &str = $write;
                Value::Text(write(self))
            }
        }

        impl FromValue for $text {
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Text(text) => $read(text),
                    _ => None,
                }
            }
        }
    )*};
}
texts! {
    String: |it| it, |text: &str| Some(text.to_owned());
    Box<str>: |it| it, |text: &str| Some(text.into());
    AccountId: |it| it.as_str(), |text: &str| text.parse().ok();
    AccessKeyId: |it| it.as_str(), AccessKeyId::parse;
    KeyStatus: |it| it.as_str(), KeyStatus::parse;
    IdentityKind: |it| it.word(), |word: &str| IdentityKind::ALL.into_iter().find(|kind| kind.word() == word);
    ItemKind: |it| it.word(), |word: &str| ItemKind::ALL.into_iter().find(|kind| kind.word() == word);
}

impl ToValue for Timestamp {
    fn to_value(&self) -> Value<'_> {
        Value::Int(self.as_microsecond())
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Timestamp::from_microsecond(i64::from_value(value)?).ok()
    }
}
