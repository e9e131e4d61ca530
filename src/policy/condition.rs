//! A condition block: every operator and every key has to hold.

use super::{
    document::Version,
    operator::{BadTest, Test},
    truth::Truth,
};
use crate::base::condition::Context;

/// One key under one operator.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The key, in lower case, as contexts are asked for it.
    pub key: Box<str>,
    /// The key as it was written.
    pub written: Box<str>,
    /// The test.
    pub test: Test,
}

impl Condition {
    /// Compiles one.
    pub fn new(operator: &str, key: &str, values: &[String], version: Version) -> Result<Self, BadTest> {
        let test = Test::new(operator, values, version)?;
        Ok(Self { key: key.to_lowercase().into(), written: key.into(), test })
    }

    /// Whether it holds.
    pub fn holds(&self, context: &dyn Context) -> Truth {
        self.test.holds(&context.value(&self.key), context)
    }
}
