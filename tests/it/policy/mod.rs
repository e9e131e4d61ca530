//! The policy engine: golden cases, save-time validation, and the comparison with a slow evaluator.

mod agrees;
mod asked;
mod cases;
mod delegates;
mod evaluation;
mod golden;
mod order;
mod reference;
mod validate;
mod validate_resource;

use asked::{Facts, outcome};
use reference::Fact;
