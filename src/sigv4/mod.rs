//! Floor 1: AWS Signature Version 4 and 4A, both ways. Pure: the time and the keys are parameters.
//!
//! - [`evidence`]: what a request says of its signature, and where.
//! - [`canonical`]: the canonical request and the string to sign.
//! - [`key`]: signing keys.
//! - [`v4a`]: the keys of SigV4A.
//! - [`mod@verify`]: the checks in AWS's order, and the signature itself.
//! - [`refusal`]: why a signature is refused, and AWS's words for it in each protocol.
//! - [`payload`]: bodies, proven as they pass: hashes, signed chunks, checksums, trailers.
//! - [`post_policy`]: the policy of a browser's upload.
//! - [`sign`]: signing requests of our own.
//!
//! Source: IAM user guide, "AWS Signature Version 4 for API requests"; S3 API reference, "Authenticating requests".

pub mod canonical;
pub mod evidence;
pub mod key;
pub mod payload;
pub mod post_policy;
pub mod refusal;
pub mod sign;
pub mod v4a;
pub mod verify;

pub use evidence::{Algorithm, Evidence, Form, Scope, Signed, read};
pub use key::SigningKey;
pub use refusal::{Dialect, Refusal};
pub use sign::Signer;
pub use v4a::VerifyingKey;
pub use verify::{Expectations, ProvingKey, check_scope, verify, verify_form};

pub use escape::BadEscape;

mod escape;
