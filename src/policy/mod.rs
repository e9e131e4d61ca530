//! Floor 1: the policy language, compiled when written and decided in well under a microsecond. Pure.
//!
//! - [`document`]: JSON to the parts of a policy, with AWS's grammar.
//! - [`pattern`], [`resource`]: wildcards and ARNs.
//! - [`variable`]: `${aws:username}` and its relatives.
//! - [`condition`], [`operator`], [`value`]: condition blocks.
//! - [`truth`]: what becomes of values that cannot be compared.
//! - [`principal`]: whom a resource-based policy names, and in which words; [`public`]: what S3 calls public.
//! - [`compiled`]: a compiled [`Policy`]; [`bound`]: one that names principals, as it is kept.
//! - [`set`]: [`PolicySet`], policies that are decided together; `index` and [`start`]: found by action and resource.
//! - [`decide`](mod@decide): the order of evaluation, and the words of a denial.
//! - [`explain`](mod@explain): the same decision with everything that took part in it;
//!   [`simulate`]: with policies and facts that are told.
//! - [`validate`](mod@validate): what AWS refuses to save, with its messages; [`quota`]: how long policies may be.
//!
//! Source: IAM user guide, "Grammar of the IAM JSON policy language" and "Policy evaluation logic".

pub mod bound;
pub mod compiled;
pub mod condition;
pub mod decide;
pub mod document;
pub mod explain;
mod index;
pub mod operator;
pub mod pattern;
pub mod principal;
pub mod public;
pub mod quota;
pub mod resource;
pub mod s3_actions;
pub mod set;
pub mod simulate;
pub mod start;
pub mod truth;
pub mod validate;
pub mod value;
pub mod variable;

pub use bound::Bound;
pub use compiled::{Kind, Policy};
pub use decide::{AllowKind, Decision, DenyKind, Layer, Layers, Question, decide, decide_trust};
pub use explain::{Explanation, explain, explain_trust};
pub use principal::{Named, Party, PartyKind};
pub use set::{PolicySet, Source};
pub use validate::{validate, validate_managed};
