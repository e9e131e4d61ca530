//! What a session token says.

use data_encoding::BASE64;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::base::SecretKey;

/// How many bytes of a token the policies, tags and identity provider's facts of a session may take, packed: what
/// `PackedPolicySize` is the percentage of.
pub const PACKED_BYTES_MAX: usize = 1_000;

/// More than any packed part unpacks to: fifty tags of the longest kind, and the longest policy, in UTF-8.
const UNPACKED_BYTES_MAX: usize = 128 * 1024;

/// Below this nothing is gained by compressing.
const WORTH_COMPRESSING: usize = 64;

/// How hard to compress: the most.
const LEVEL: u8 = 9;

/// The random bytes of a secret access key, of which its forty characters are made.
#[derive(Serialize, Deserialize)]
pub struct SecretBytes(pub Zeroizing<[u8; 30]>);

impl SecretBytes {
    /// The secret access key.
    pub fn key(&self) -> SecretKey {
        SecretKey::new(BASE64.encode(&*self.0))
    }
}

/// All that is known of a session. Moments are in seconds since 1970.
#[derive(Serialize, Deserialize)]
pub struct Claims {
    /// The number of the account whose principal the session is.
    pub account: u64,
    /// The secret access key.
    pub secret: SecretBytes,
    /// When it was issued: `aws:TokenIssueTime`.
    pub issued: i64,
    /// From when on it is not good any more.
    pub expires: i64,
    /// Who acts.
    pub holder: Holder,
    /// What it rests on: the long-term key that was first, and the sessions since, in order.
    pub chain: Vec<Link>,
    /// When a device proved that its holder was there.
    pub mfa: Option<i64>,
    /// `aws:SourceIdentity`.
    pub source_identity: Option<String>,
    /// The ARN of the identity provider that vouched: `aws:FederatedProvider`.
    pub provider: Option<String>,
    /// The number of the account that acts for the holder, by a delegation request.
    pub delegate: Option<u64>,
    /// What is packed.
    #[serde(skip)]
    pub packed: Packed,
}

/// What of a session may be long.
#[derive(Debug, Default, PartialEq, Eq, Clone, Serialize, Deserialize)]
pub struct Packed {
    /// Session policies; `None` for no restriction.
    pub policies: Option<SessionPolicies>,
    /// Session tags.
    pub tags: Vec<SessionTag>,
    /// What the identity provider said that later conditions may ask for: keys in lower case with their values.
    pub facts: Vec<(String, Vec<String>)>,
}

/// Who acts in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// Root, by `GetSessionToken` or `AssumeRoot`.
    Root,
    /// A user, by its unique id.
    User(String),
    /// Whoever took a role.
    Role {
        /// The role's unique id.
        id: String,
        /// The session's name.
        session: String,
    },
    /// A federated user.
    Federated {
        /// The unique id of the user that had the credentials made; `None` for root.
        user: Option<String>,
        /// The federated user's name.
        name: String,
    },
}

/// One of the credentials that a session rests on. If it is taken away, the session ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// A long-term access key.
    Key {
        /// Its id.
        id: String,
        /// Tells its secret from any other that the id ever had.
        generation: u64,
    },
    /// The access key id of an earlier session.
    Session(String),
}

/// What restricts a session beyond its holder's own policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicies {
    /// The document that was passed.
    pub inline: Option<String>,
    /// The unique ids of the managed policies that were passed: what they say now counts.
    pub managed: Vec<String>,
}

/// A session tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether sessions made from this one inherit it.
    pub transitive: bool,
}

/// The parts of a token before they are sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    fixed: Vec<u8>,
    is_compressed: bool,
    packed: Vec<u8>,
}

impl Packed {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn write(&self) -> Option<(bool, Vec<u8>)> {
        if self.is_empty() {
            return Some((false, Vec::new()));
        }
        let plain = postcard::to_allocvec(self).ok()?;
        if plain.len() >= WORTH_COMPRESSING {
            let compressed = compress_to_vec(&plain, LEVEL);
            if compressed.len() < plain.len() {
                return Some((true, compressed));
            }
        }
        Some((false, plain))
    }
}

impl Claims {
    /// As bytes, with how many of them are packed ones; `None` if they cannot be written.
    pub(super) fn write(&self) -> Option<(Zeroizing<Vec<u8>>, usize)> {
        let (is_compressed, packed) = self.packed.write()?;
        let length = packed.len();
        let written = Written { fixed: postcard::to_allocvec(self).ok()?, is_compressed, packed };
        let bytes = Zeroizing::new(postcard::to_allocvec(&written).ok()?);
        drop(Zeroizing::new(written.fixed));
        Some((bytes, length))
    }

    /// Reads what [`Claims::write`] wrote; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let Written { fixed, is_compressed, packed } = whole(bytes)?;
        let mut claims: Self = whole(&Zeroizing::new(fixed))?;
        claims.packed = match (packed.is_empty(), is_compressed) {
            (true, _) => Packed::default(),
            (false, false) => whole(&packed)?,
            (false, true) => whole(&decompress_to_vec_with_limit(&packed, UNPACKED_BYTES_MAX).ok()?)?,
        };
        Some(claims)
    }
}

/// Nothing may follow.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (read, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(read)
}
