//! Floor 3: the road. Every request takes the same seven steps, one file each:
//! read, authenticate, describe, authorize, act, respond, record.

pub mod backend;
pub mod caller;
pub mod permit;
