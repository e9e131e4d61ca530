//! Floor 0: the words every other module speaks.
//!
//! Nothing here does I/O, reads a clock or draws randomness; nothing here names another module of the house.

pub mod arn;
pub mod condition;
pub mod fault;
pub mod head;
pub mod id;
pub mod name;
pub mod need;
pub mod principal;
pub mod random;
pub mod secret;
pub mod time;

pub use arn::Arn;
pub use fault::Fault;
pub use head::Head;
pub use id::{AccessKeyId, AccountId, RequestId};
pub use name::Tag;
pub use need::{Need, Operation};
pub use principal::Principal;
pub use random::Random;
pub use secret::SecretKey;
pub use time::Timestamp;
