//! Bodies on the road. Everything streams; nothing here holds more than one frame beyond what hyper holds.

mod answer;
mod client;
mod drain;
mod idle;
mod spooled;
mod upload;

pub use answer::{AnswerBody, Ended, OnEnd};
pub use client::{ClientBody, ClientBodyError, Meter, Patience};
pub use drain::{TooLarge, buffer, drain};
pub use idle::IdleTimer;
pub use spooled::Spooled;
pub use upload::{Progress, UploadBody, Uploaded, incomplete_body, request_timeout};

/// What a body stream fails with. The text goes to the log; clients get a fault made elsewhere.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
