//! Floor 1: the policy language, compiled when written and decided in well under a microsecond. Pure.
//!
//! - [`document`]: JSON to the parts of a policy, with AWS's grammar.
//! - [`pattern`], [`resource`]: wildcards and ARNs.
//! - [`variable`]: `${aws:username}` and its relatives.
//! - [`condition`], [`operator`], [`value`]: condition blocks.
//! - [`truth`]: what becomes of values that cannot be compared.
//! - [`compiled`]: a compiled [`Policy`].
//! - [`set`]: [`PolicySet`], policies that are decided together; `index`: found by action and resource.
//! - [`decide`](mod@decide): the order of evaluation, and the words of a denial.
//! - [`validate`](mod@validate): what AWS refuses to save, with its messages; [`quota`]: how long policies may be.
//!
//! Source: IAM user guide, "Grammar of the IAM JSON policy language" and "Policy evaluation logic".

pub mod compiled;
pub mod condition;
pub mod decide;
pub mod document;
mod index;
pub mod operator;
pub mod pattern;
pub mod quota;
pub mod resource;
pub mod set;
pub mod truth;
pub mod validate;
pub mod value;
pub mod variable;

pub use compiled::Policy;
pub use decide::{Decision, DenyKind, Layers, Question, decide};
pub use set::{PolicySet, Source};
pub use validate::{validate, validate_managed};
