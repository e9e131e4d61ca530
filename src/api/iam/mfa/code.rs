//! The codes of virtual MFA devices: TOTP (RFC 6238) with HMAC-SHA-1, six digits and steps of thirty seconds.

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// The length of a time step.
const STEP_SECONDS: i64 = 30;
/// How many steps a code may be off. RFC 6238, 5.2 recommends one.
const DRIFT_STEPS: i64 = 1;
/// How many steps two codes in a row may be off where they set the clock of a device: twenty minutes.
const CLOCK_STEPS: i64 = 40;
/// So many wrong codes within [`WRONG_SECONDS`], and no code of the device is looked at until they have passed
/// (RFC 4226, 7.3): a guesser has 720 tries a day at a million codes of which three are right.
const WRONG_MAX: u32 = 5;
/// How long wrong codes are remembered.
const WRONG_SECONDS: i64 = 600;

/// What the store keeps of a device beside its name and its seed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Device {
    /// When it was enabled, in seconds since 1970; nothing for a device that is nobody's.
    pub(super) enabled: Option<i64>,
    /// The step of the last code that was right: neither it nor an earlier one is right again. Outlives the assignment.
    used: Option<i64>,
    /// How many steps the device's clock is ahead of ours.
    drift: i64,
    /// How many codes were wrong since `wrong_since`.
    wrong: u32,
    /// In seconds since 1970.
    wrong_since: i64,
}

impl Device {
    /// Whether a code is right now. A right one is right once.
    pub(super) fn accepts(&mut self, seed: &[u8], code: &str, now: Timestamp) -> bool {
        let present = step_of(now).saturating_add(self.drift);
        let steps = near(present, DRIFT_STEPS);
        self.judge(now, steps, |step| is_code(seed, code, step), 0)
    }

    /// Whether two different codes follow each other and are not too far from now. If so, the device's clock is set by
    /// them.
    pub(super) fn synchronizes(&mut self, seed: &[u8], codes: [&str; 2], now: Timestamp) -> bool {
        let present = step_of(now);
        let [one, two] = codes;
        let follow = |step| is_code(seed, one, step) & is_code(seed, two, step.saturating_add(1));
        let right = self.judge(now, near(present, CLOCK_STEPS), |step| one != two && follow(step), 1);
        if let (true, Some(used)) = (right, self.used) {
            let drift = used - present;
            self.drift = if drift.abs() <= DRIFT_STEPS { 0 } else { drift };
        }
        right
    }

    /// Whether one of the steps is right, given that wrong ones have not been too many; `further` is the number of steps
    /// that are used up beside it.
    fn judge(
        &mut self,
        now: Timestamp,
        steps: impl Iterator<Item = i64>,
        is_right: impl Fn(i64) -> bool,
        further: i64,
    ) -> bool {
        let now = now.as_second();
        if now.saturating_sub(self.wrong_since) >= WRONG_SECONDS {
            self.wrong = 0;
        }
        if self.wrong >= WRONG_MAX {
            return false;
        }
        let unused = |step: &i64| self.used.is_none_or(|used| *step > used);
        match steps.filter(unused).find(|step| is_right(*step)) {
            Some(step) => {
                (self.used, self.wrong) = (Some(step.saturating_add(further)), 0);
                true
            }
            None => {
                if self.wrong == 0 {
                    self.wrong_since = now;
                }
                self.wrong += 1;
                false
            }
        }
    }
}

/// A step and those around it, the nearest first.
fn near(step: i64, most: i64) -> impl Iterator<Item = i64> {
    (0..=most).flat_map(move |off| [step.saturating_sub(off), step.saturating_add(off)])
}

fn step_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_SECONDS)
}

fn is_code(seed: &[u8], code: &str, step: i64) -> bool {
    verify_slices_are_equal(code_at(seed, step).as_bytes(), code.as_bytes()).is_ok()
}

/// The code of a step (RFC 4226, 5.3).
fn code_at(seed: &[u8], step: i64) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed), &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last().copied().unwrap_or_default() & 15);
    let word = tag.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_be_bytes(*word));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";
    const NOON: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The code of the step that is so many steps from noon.
    fn code(step: i64) -> String {
        code_at(SEED, NOON / STEP_SECONDS + step)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (second, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SEED, step_of(at(second))), expected, "{second}");
        }
    }

    #[test]
    fn a_code_is_right_near_its_time_and_once() {
        let mut device = Device::default();
        for (second, step, expected) in [
            (NOON, -2, false),
            (NOON, 2, false),
            (NOON, -1, true),
            (NOON, -1, false),
            (NOON, 0, true),
            (NOON + 10, 0, false),
            (NOON + 10, -1, false),
            (NOON + 10, 1, true),
            (NOON + 30, 1, false),
        ] {
            let accepted = device.accepts(SEED, &code(step), at(second));
            assert_eq!(accepted, expected, "{second} {step}");
        }
    }

    #[test]
    fn after_some_wrong_codes_no_code_is_looked_at_for_a_while() {
        let mut device = Device::default();
        for second in 0..i64::from(WRONG_MAX) {
            assert!(!device.accepts(SEED, "000000", at(NOON + second)));
        }
        let last = NOON + WRONG_SECONDS - 1;
        for second in [NOON + 10, last] {
            let step = (second - NOON) / STEP_SECONDS;
            assert!(!device.clone().accepts(SEED, &code(step), at(second)), "{second}");
            assert!(!device.clone().synchronizes(SEED, [&code(step), &code(step + 1)], at(second)), "{second}");
        }
        assert!(device.accepts(SEED, &code(WRONG_SECONDS / STEP_SECONDS), at(last + 1)));
        assert_eq!(device.wrong, 0);
    }

    #[test]
    fn two_codes_in_a_row_set_the_clock() {
        for (codes, expected) in [
            ([0, 1], Some(0)),
            ([-1, 0], Some(0)),
            ([20, 21], Some(21)),
            ([-40, -39], Some(-39)),
            ([-41, -40], None),
            ([41, 42], None),
            ([0, 0], None),
            ([1, 0], None),
            ([0, 2], None),
        ] {
            let mut device = Device::default();
            let [one, two] = codes.map(code);
            let right = device.synchronizes(SEED, [&one, &two], at(NOON));
            assert_eq!(right.then_some(device.drift), expected, "{codes:?}");
            // Neither of them opens anything afterwards, the next one does.
            assert!(!right || !device.accepts(SEED, &one, at(NOON)), "{codes:?}");
            assert!(!right || !device.accepts(SEED, &two, at(NOON)), "{codes:?}");
            assert!(!right || device.accepts(SEED, &code(codes[1] + 1), at(NOON + STEP_SECONDS)), "{codes:?}");
        }
    }
}
