//! Floor 2: what is written down of every request.
//!
//! [`record`] is CloudTrail's record, one JSON line per request, denied and malformed ones too. [`spool`] is the local
//! append-only store that the lines go to first, before anything else reads them.

pub mod record;
pub mod spool;

pub use record::Record;
pub use spool::{Receipt, Spool, Urgency};
