//! Account ids, access key ids, unique ids and request ids.
//!
//! Randomness is a parameter: whoever makes an id brings the random bytes.

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, BASE64};

/// A twelve-digit AWS account id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The account that stands for AWS itself, whose policies all accounts share. No deployment can have it.
    pub const AWS: AccountId = AccountId(*b"000000000297");

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number that the digits spell.
    pub fn number(self) -> u64 {
        self.0.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
    }

    /// The account with this number, of which the last twelve digits count.
    pub fn from_number(number: u64) -> Self {
        let mut digits = [b'0'; 12];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Self(digits)
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccountId;

    fn from_str(text: &str) -> Result<Self, NotAnAccountId> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| NotAnAccountId)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotAnAccountId) }
    }
}

/// The text is not twelve digits.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnAccountId;

impl fmt::Display for NotAnAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an account id is exactly twelve digits")
    }
}

impl std::error::Error for NotAnAccountId {}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of an access key: `AKIA...` (long term) or `ASIA...` (temporary); 16 to 128 word characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(Box<str>);

impl AccessKeyId {
    /// `None` unless the text is 16 to 128 characters of `[A-Za-z0-9_]` (the IAM model's `accessKeyIdType`).
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        fits.then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for AccessKeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a unique id is for; its first four letters.
/// Source: IAM user guide, "Understanding unique ID prefixes".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// `AKIA`: a long-term access key.
    AccessKey,
    /// `ASIA`: a temporary access key.
    TemporaryKey,
    /// `AIDA`: a user.
    User,
    /// `AGPA`: a group.
    Group,
    /// `AROA`: a role.
    Role,
    /// `ANPA`: a managed policy.
    Policy,
    /// `AIPA`: an instance profile.
    InstanceProfile,
    /// `ASCA`: a certificate.
    Certificate,
    /// `APKA`: a public key.
    PublicKey,
    /// `ACCA`: a credential for one service.
    ServiceCredential,
    /// `ABIA`: a bearer token for one service.
    BearerToken,
}

impl IdKind {
    /// The four letters.
    pub fn prefix(self) -> &'static str {
        match self {
            IdKind::AccessKey => "AKIA",
            IdKind::TemporaryKey => "ASIA",
            IdKind::User => "AIDA",
            IdKind::Group => "AGPA",
            IdKind::Role => "AROA",
            IdKind::Policy => "ANPA",
            IdKind::InstanceProfile => "AIPA",
            IdKind::Certificate => "ASCA",
            IdKind::PublicKey => "APKA",
            IdKind::ServiceCredential => "ACCA",
            IdKind::BearerToken => "ABIA",
        }
    }

    /// The length of the whole id: keys have 20 characters, the others 21.
    fn length(self) -> usize {
        match self {
            IdKind::AccessKey | IdKind::TemporaryKey => 20,
            _ => 21,
        }
    }
}

/// Makes a unique id that holds its account, as AWS's have since 2019, so that `GetAccessKeyInfo` can read it back:
/// the prefix, forty bits of `account / 2 + 2^39` in base 32, one character for the account's lowest bit, then randomness.
pub fn unique_id(kind: IdKind, account: AccountId, random: [u8; 8]) -> String {
    let number = account.number();
    let bits = (number / 2 + (1 << 39)).to_be_bytes();
    let mut id = String::with_capacity(kind.length());
    id.push_str(kind.prefix());
    id.push_str(&BASE32_NOPAD.encode(bits.get(3..).unwrap_or_default()));
    let mut tail = BASE32_NOPAD.encode(&random).into_bytes();
    if let Some(first) = tail.first_mut() {
        let low = random.first().copied().unwrap_or_default() & 15;
        *first = match (number % 2, low) {
            (0, low) => b'A' + low,
            (_, low) if low < 10 => b'Q' + low,
            (_, low) => b'2' + (low - 10),
        };
    }
    let rest = kind.length() - id.len();
    id.extend(tail.iter().take(rest).map(|&byte| byte as char));
    id
}

/// The account that [`unique_id`] wrote into an id; `None` for ids of another make.
pub fn account_of(id: &str) -> Option<AccountId> {
    let body = id.get(4..20)?;
    let bytes = BASE32_NOPAD.decode(body.get(..16)?.as_bytes()).ok()?;
    let high = bytes.iter().take(6).fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let number = (high & 0x7fff_ffff_ff80) >> 7;
    (number < 1_000_000_000_000).then(|| AccountId::from_number(number))
}

/// The id of one request, which the client sees and the record holds: a version 4 UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// An id from random bytes.
    pub fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid().into_bytes())
    }

    /// The form of S3's `x-amz-id-2`: opaque base 64.
    pub fn extended(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// The form of the Query protocol, of CloudTrail's ids and of our logs: lower-case, with hyphens.
    pub fn hyphenated(&self) -> uuid::fmt::Hyphenated {
        uuid::Uuid::from_bytes(self.0).hyphenated()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hyphenated().fmt(f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_twelve_digits() {
        for (text, fits) in
            [("123456789012", true), ("000000000000", true), ("12345678901", false), ("12345678901a", false)]
        {
            assert_eq!(text.parse::<AccountId>().is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn unique_ids_hold_their_account() {
        for account in ["000000000000", "123456789012", "999999999999", "000000000001"] {
            let account: AccountId = account.parse().unwrap();
            for random in [[0; 8], [255; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
                let id = unique_id(IdKind::AccessKey, account, random);
                assert_eq!(id.len(), 20);
                assert!(AccessKeyId::parse(&id).is_some());
                assert_eq!(account_of(&id), Some(account), "{id}");
                assert_eq!(unique_id(IdKind::User, account, random).len(), 21);
            }
        }
    }
}
