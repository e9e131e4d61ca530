//! The search for a pattern that takes long: every word of up to four of `a`, `b`, `?` and `*`, repeated to a thousand
//! characters, with what may stand around it, against every text of repeated words of up to three of `a` and `b`, as long
//! as a key of S3 may be. Prints the slowest, and how its time grows with the length of both.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::{hint::black_box, time::Instant};

use countersign::policy::pattern::Glob;

const PATTERN: usize = 1_000;
const TEXT: usize = 1_024;
const AROUND: [(&str, &str); 5] = [("", ""), ("*", ""), ("*", "b*"), ("*", "c"), ("*", "?c*")];

/// Every word of at most so many of these letters.
fn words(letters: &[&str], length_max: usize) -> Vec<String> {
    let (mut all, mut last) = (Vec::new(), vec![String::new()]);
    for _ in 0..length_max {
        last = last.iter().flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn repeated(word: &str, length: usize) -> String {
    word.repeat(length / word.len() + 1).chars().take(length).collect()
}

/// Microseconds, the least of a few tries.
fn took(pattern: &str, text: &str) -> f64 {
    let glob = Glob::new(pattern);
    let mut least = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        black_box(glob.matches(black_box(text)));
        least = least.min(began.elapsed().as_secs_f64() * 1e6);
    }
    least
}

fn main() {
    let texts: Vec<String> = words(&["a", "b"], 3).iter().map(|word| repeated(word, TEXT)).collect();
    let (mut pairs, mut slowest) = (0, (0.0, String::new(), ("", ""), 0));
    for word in words(&["a", "b", "?", "*"], 4) {
        for (before, after) in AROUND {
            let pattern = format!("{before}{}{after}", repeated(&word, PATTERN));
            for (at, text) in texts.iter().enumerate() {
                pairs += 1;
                let time = took(&pattern, text);
                if time > slowest.0 {
                    slowest = (time, word.clone(), (before, after), at);
                }
            }
        }
    }
    let (time, word, (before, after), at) = slowest;
    let text: String = texts[at].chars().take(6).collect();
    println!("slowest of {pairs}: {time:.1} us, {before}({word}...){after} on {text}...");
    for times in [1, 2, 4, 8] {
        let pattern = format!("{before}{}{after}", repeated(&word, PATTERN * times));
        println!("{times} times as long: {:.1} us", took(&pattern, &repeated(&texts[at], TEXT * times)));
    }
}
