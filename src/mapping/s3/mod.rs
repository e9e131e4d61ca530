//! S3's REST API: from a request head to a [`Call`], with every decision that it needs.
//!
//! 1. [`recognise()`] finds bucket and key, picks the operation from [`TABLE`], keeps the parameters and headers that the
//!    operation takes and refuses those it does not know.
//! 2. [`Call::with_body`] (or [`Call::with_form`]) reads a body that decisions depend on. Until then such a call needs
//!    nothing, which the gateway refuses.
//! 3. The gateway decides on [`Operation::needs`](crate::base::Operation::needs).
//! 4. [`Call::upstream`] rebuilds the request from what was decided on.
//!
//! [`is_control`] tells requests of S3 Control, the API of an account's settings, which are signed as S3's are.

mod acl;
mod addressing;
mod body;
mod call;
mod check;
mod control;
mod control_routes;
mod copy_source;
mod delete;
mod facts;
mod fault;
mod form;
mod headers;
mod kept;
mod listing;
mod needs;
mod recognise;
mod response;
mod selector;
mod stored_tags;
mod table;
mod tags;
mod upstream;
mod xml;

pub use addressing::Addressing;
pub use call::Call;
pub use control::{ControlCall, ControlOp, ControlRefusal, is_control, recognise_control};
pub use kept::PUBLIC_ACCESS_BLOCK;
pub use listing::only_buckets;
pub use recognise::recognise;
pub use response::returns_to_client;
pub use stored_tags::{StoredTags, knows_object_tags, tagging_target};
pub use table::{Answer, Body, Level, NOT_SERVED, Op, Row, SUPERSEDED, TABLE, Verb};
pub use upstream::Style;
