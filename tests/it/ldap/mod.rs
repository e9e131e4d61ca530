//! People of a real directory, OpenLDAP's slapd, take roles.

mod alike;
mod away;
mod compared;
mod messages;
pub mod people;
mod reference;
pub mod slapd;
