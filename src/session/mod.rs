//! Floor 2: temporary credentials. A session token holds all that is known of its session, sealed; no store keeps it.
//!
//! - [`claims`]: what a token says, and how it is written.
//! - [`Sessions`]: makes tokens and opens them.
//! - [`Session`]: an opened token. It proves who got it and what it was for. Whether all that it rests on is still there
//!   shows at each use, on the snapshot of the request ([`Session::acting`]).
//!
//! A session of a role rests on the role, and on the credentials that it was taken with, if there were any. Whatever limits
//! the role limits it at each use: its policies, its boundary, the organization's policies; session policies narrow it
//! besides. Where an identity provider vouched there were none: who may take the role was decided once, and a trust policy,
//! a provider or a key that is taken away afterwards lets in nobody new. Sessions that are to end with it are ended by name,
//! by a denial of older `aws:TokenIssueTime`, or with the role.
//!
//! ## The form of a token
//!
//! `1, period (4), nonce (12), ciphertext, tag (16)` in base64url, numbers big-endian; AES-256-GCM, with the access key id
//! that the token belongs to as associated data. The key is an HMAC of the period, which is a day, under a root that is
//! derived from the master key. So keys change daily without anybody's doing, each node has all of them, and those of
//! former days open until the last token of the day has ended.

pub mod claims;
mod live;
mod sessions;

pub use self::{
    claims::{Claims, Holder, Link, SecretBytes, SessionPolicies, SessionTag},
    live::{Ended, Restriction, Session},
    sessions::{Issued, NotIssued, Sessions, Unopened},
};
