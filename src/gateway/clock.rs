//! The one place where the road learns the time and draws randomness.

use aws_lc_rs::rand;

use crate::base::{RequestId, Timestamp};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the road; everything else gets the time as a parameter"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The id of a new request. Without randomness ids would repeat, so a broken generator ends in zeros and an error log.
pub fn request_id() -> RequestId {
    let mut random = [0; 16];
    if rand::fill(&mut random).is_err() {
        tracing::error!("the system gives no randomness");
    }
    RequestId::from_random(random)
}
