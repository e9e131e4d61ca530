//! Signatures: what is ambiguous, AWS's own cases, other signers as oracles, refusals word for word, bodies.

mod ambiguous;
mod botocore;
mod chunked;
mod forms;
mod refusal_rows;
mod refusals;
mod request;
mod sdk;
mod suite;
mod vectors;
