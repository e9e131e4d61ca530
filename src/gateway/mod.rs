//! Floor 3: the road. Every request takes the same seven steps, one file each:
//! [`read`], [`authenticate`], [`describe`], [`authorize`], [`act`], [`respond`], [`record`].
//!
//! [`Gateway::answer`] is the road itself: it walks the steps in order and nothing else can. What the steps share is
//! the [`trail`]; what they hand on is typed. Backends are [`upstream`]s and the APIs of ours ([`backend`]).

pub mod act;
pub mod asking;
pub mod authenticate;
pub mod authorize;
pub mod backend;
pub mod body;
pub mod caller;
pub mod clock;
pub mod context;
pub mod describe;
pub mod issuer;
pub mod kept;
pub mod keys;
pub mod message;
pub mod organization;
pub mod own;
pub mod payload;
pub mod permit;
pub mod post_form;
pub mod protocol;
pub mod proxies;
pub mod read;
pub mod record;
pub mod reply;
pub mod respond;
mod road;
pub mod settings;
pub mod stored_tags;
pub mod trail;
pub mod upstream;

pub use road::{Gateway, Shared};
