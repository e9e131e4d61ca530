//! Floor 2: temporary credentials. A session token holds all that is known of its session, sealed; no store keeps it.
//!
//! - [`claims`]: what a token says, and how it is written.
//! - [`Sessions`]: makes tokens and opens them.
//! - [`Session`]: an opened token. It proves who got it and what it was for. Whether all that it rests on is still there
//!   shows at each use, on the snapshot of the request ([`Session::acting`]).
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
