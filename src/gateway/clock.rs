//! The one place where the road learns the time and draws randomness.

use aws_lc_rs::rand;
use uuid::{Builder, Uuid};

use crate::base::{RequestId, Timestamp};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the road; everything else gets the time as a parameter"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The id of a new request.
pub fn request_id() -> RequestId {
    RequestId::from_random(random())
}

/// The id of a new record.
pub fn event_id() -> Uuid {
    Builder::from_random_bytes(random()).into_uuid()
}

/// From a generator of our own thread, which asks the system now and then only. Without randomness ids would repeat, so a
/// broken generator ends in zeros and an error log.
fn random() -> [u8; 16] {
    let mut random = [0; 16];
    if rand::fill(&mut random).is_err() {
        tracing::error!("the system gives no randomness");
    }
    random
}
