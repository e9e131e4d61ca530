//! People of a real directory, OpenLDAP's slapd, take roles.

mod away;
mod people;
mod slapd;
