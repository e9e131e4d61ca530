//! The `countersign` program.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Request paths allocate small and often, on many threads: mimalloc keeps that cheap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    countersign::cli::main()
}
