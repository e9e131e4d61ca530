//! Randomness is a parameter: whoever needs random bytes is given a source of them.

/// A source of random bytes that an attacker cannot predict.
pub trait Random: Send + Sync {
    /// Fills the whole of `bytes`, or fails without a usable result.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The source of randomness failed; whatever needed it must not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl std::error::Error for NoRandomness {}
