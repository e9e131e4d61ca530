//! Web identity tokens: what is believed, and where the keys come from.

mod altered;
mod claims;
mod mint;
mod provider;
mod refused;
mod trust;
mod waiting;
mod web;
