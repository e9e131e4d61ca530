//! Signatures: what is ambiguous, AWS's own cases, other signers as oracles, refusals word for word, bodies.

mod ambiguous;
mod chunked;
mod forms;
mod request;
mod suite;
mod vectors;
