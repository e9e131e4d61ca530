//! # Countersign
//!
//! AWS IAM, STS and CloudTrail for what you run yourself. One program stands in front of S3-compatible stores and
//! internal HTTP APIs, verifies every request's signature, decides it against IAM policies, forwards it re-signed or
//! refuses it, and writes a CloudTrail record of it. The APIs that manage all this are served by the same program.
//!
//! ## The life of a request
//!
//! Whatever comes in takes the same road, [`gateway`], in this order, with a typed result at each step:
//!
//! | step | file | takes | gives |
//! |---|---|---|---|
//! | read | `gateway/read.rs` | bytes that hyper has parsed | [`gateway::read::Received`]: a head that means one thing |
//! | authenticate | `gateway/authenticate.rs` | the head, the snapshot | [`gateway::caller::Caller`]: who signed |
//! | describe | `gateway/describe.rs` | the head, bodies that decide | an [`base::Operation`]: what it needs to be allowed |
//! | authorize | `gateway/authorize.rs` | caller, operation, policies | [`gateway::permit::Permit`]: proof of an allow |
//! | act | `gateway/act.rs` | the permit, the body | a [`gateway::reply::Reply`] from an upstream or an API of ours |
//! | respond | `gateway/respond.rs` | reply or fault | bytes in the protocol's own shape |
//! | record | `gateway/record.rs` | everything that is known | one line in CloudTrail's schema |
//!
//! `Caller` and `Permit` are witnesses: only the step that proves them can make them, and the next step demands them.
//! Forwarding without a permit does not compile.
//!
//! ## Floors
//!
//! A module names only what stands below it; `tests/tidy.rs` holds the house to that.
//!
//! | floor | modules | may not name |
//! |---|---|---|
//! | 0 words | [`base`] | anything else of the house |
//! | 1 engines, pure | [`sigv4`], [`policy`], [`mapping`] | each other; a runtime, I/O, the clock, randomness |
//! | 2 state and edges | [`store`], [`session`], [`federation`], [`audit`], [`telemetry`] | floor 3 and up |
//! | 3 the road | [`gateway`] | [`api`], [`config`], the concrete stores |
//! | 4 what stands on the road | [`api`]: IAM and STS, backends of our own | [`config`], [`server`], the concrete stores |
//! | 5 assembly | [`config`], [`server`], [`cli`] | |
//!
//! ## What is absent
//!
//! - No way to an upstream or to an API of ours around [`gateway::permit::Permit`]: it has no public constructor, is not
//!   `Clone`, and acting consumes it.
//! - No part of a client's request is copied to an upstream: the target and the headers are rebuilt from the typed
//!   operation, and what the operation does not know is refused.
//! - No database is read on the data path: a request is decided on one immutable [`store::snapshot`].
//! - No store is asked before a decision, but for the tags that a policy comes to ask for ([`gateway::stored_tags`]): of 16
//!   objects and buckets for one request at most. Its answer is believed for five seconds, or until a change of the object
//!   or the bucket passes through here. An unclear answer denies.
//! - No bucket policy and no public access block reaches a store: they are kept here and hold in front of any.
//! - No store is written for temporary credentials: their sealed token says everything ([`session`]), and whatever it
//!   rests on is looked at again at each use.
//! - No object is read without a signature at the host of the token issuers ([`gateway::issuer`]): whoever may write a public
//!   object cannot write an issuer's keys.
//! - No lock is held over an await.
//! - No delegate gets past its session policies, whoever grants what it asks for; no exchange token is kept, but its digest,
//!   and none counts before its delivery is known.
//! - No secret has `Debug` or `Display`; `expose` is the only way to its text.
//! - No clock below floor 2, and one clock on the road: time is a parameter.
//! - Nothing is taken from a SAML response that its provider's signature does not cover ([`federation::saml`]).
//! - No last byte of an upload leaves before the whole body is proven.
//! - No request without a record: step 7 runs for allowed, denied, malformed and broken ones.
#![forbid(unsafe_code)]

pub mod api;
pub mod audit;
pub mod base;
pub mod cli;
pub mod config;
pub mod federation;
pub mod gateway;
pub mod mapping;
pub mod policy;
pub mod server;
pub mod session;
pub mod sigv4;
pub mod store;
pub mod telemetry;
