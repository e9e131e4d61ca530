//! SAML responses: what is accepted, every way to forge one that is known, and two other implementations' opinions.

mod attacks;
mod checks;
mod encrypted;
mod forms;
pub mod maker;
mod mutations;
mod mutations_sealed;
mod reader;
mod second_opinion;
