//! How much memory a hundred thousand distinct managed policies take once they are compiled, and how long one takes.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::{fs, time::Instant};

use countersign::store::snapshot::policies::Compiled;

const POLICIES: usize = 100_000;

/// About 1 KB: four statements with conditions and a variable, no two of them alike.
fn document(at: usize) -> String {
    let statement = |part: usize| {
        format!(
            r#"{{"Sid":"S{part}","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],
                "Resource":"arn:aws:s3:::bucket-{at}-{part}/${{aws:username}}/*",
                "Condition":{{"StringEquals":{{"aws:PrincipalTag/team":"team-{at}"}}}}}}"#
        )
    };
    let statements = (0..4).map(statement).collect::<Vec<_>>().join(",");
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// What the process has in memory, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

fn main() {
    let (before, mut characters, mut compiling) = (resident(), 0, std::time::Duration::ZERO);
    let mut all = Vec::with_capacity(POLICIES);
    for at in 0..POLICIES {
        let text = document(at);
        characters += text.len();
        let began = Instant::now();
        all.push(Compiled::of([(format!("arn:aws:iam::111122223333:policy/p{at}"), &*text)].into_iter()));
        compiling += began.elapsed();
    }
    let taken = resident() - before;
    assert!(all.iter().all(|policy| policy.set().is_ok()));
    println!(
        "{POLICIES} policies of {} characters: {} MiB, {} bytes and {:.1} us each",
        characters / POLICIES,
        taken >> 20,
        taken / POLICIES,
        compiling.as_secs_f64() * 1e6 / POLICIES as f64
    );
}
