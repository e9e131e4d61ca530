//! Delegation requests: one account asks, another decides, a token goes out.

pub mod declared;
mod exchange;
mod inputs;
mod scene;
mod sending;
mod states;
mod story;
