//! Web identity tokens: what is believed, and where the keys come from.

mod altered;
mod claims;
pub mod mint;
mod provider;
mod refused;
mod trust;
mod waiting;
pub mod web;
