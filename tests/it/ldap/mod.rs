//! People of a real directory, OpenLDAP's slapd, take roles.

mod away;
pub mod people;
pub mod slapd;
