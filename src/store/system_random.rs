//! The system's randomness, for whoever assembles the program.

use aws_lc_rs::rand;

use crate::base::{Random, random::NoRandomness};

/// Random bytes from the operating system, through the cryptographic library's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        rand::fill(bytes).map_err(|_| NoRandomness)
    }
}
