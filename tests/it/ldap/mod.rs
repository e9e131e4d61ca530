//! People of a real directory, OpenLDAP's slapd, take roles.

mod alike;
mod away;
mod compared;
mod messages;
mod people;
mod reference;
mod slapd;
