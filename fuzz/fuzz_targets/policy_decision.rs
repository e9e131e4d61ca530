//! Policies and requests, valid ones, made from the input: the engine decides as the slow evaluator does, however its
//! policies are put together.
#![no_main]

#[path = "../../tests/it/policy/asked.rs"]
mod asked;
#[path = "../../tests/it/policy/cases.rs"]
mod cases;
#[path = "../../tests/it/policy/reference.rs"]
mod reference;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let case = cases::case_of(data);
    if let Err(difference) = cases::check(&case) {
        panic!("{difference}\n{}", case.policies.join("\n"));
    }
});
