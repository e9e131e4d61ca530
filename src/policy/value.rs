//! The values that conditions compare: numbers, dates, booleans, networks, texts without case.
//! Source: IAM user guide, "IAM JSON policy elements: condition operators".

use core::net::IpAddr;

/// Numbers are compared in billionths.
const ONE: i128 = 1_000_000_000;

/// The last second of the year 9999. Numbers beyond it are milliseconds when they stand for a date.
const SECONDS_MAX: i128 = 253_402_300_799;

/// An integer or a decimal, in billionths; `None` for anything else, for numbers beyond 10^28 and for fractions finer
/// than a billionth.
pub fn number(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || whole.len() > 28 || fraction.len() > 9 {
        return None;
    }
    let value = digits_of(whole)?.checked_mul(ONE)?.checked_add(billionths(fraction)?)?;
    Some(if negative { -value } else { value })
}

/// The digits after a point, at most nine, in billionths.
fn billionths(fraction: &str) -> Option<i128> {
    let missing = 9_usize.checked_sub(fraction.len())?;
    Some(digits_of(fraction)? * 10_i128.pow(u32::try_from(missing).ok()?))
}

/// At most 28 digits; none are 0.
fn digits_of(text: &str) -> Option<i128> {
    let all_digits = text.len() <= 28 && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.bytes().fold(0, |number, digit| number * 10 + i128::from(digit - b'0')))
}

/// A moment in nanoseconds since 1970: ISO 8601 in the W3C's profile (`2024`, `2024-01`, `2024-01-31`,
/// `2024-01-31T08:00:00.5+02:00`) or seconds since 1970. As AWS does, it takes `t` for `T`, one digit for two, and years
/// of up to nine digits; a time without a zone is UTC.
pub fn date(text: &str) -> Option<i128> {
    let text = text.trim();
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_year && !text.contains(['-', 't', 'T']) {
        let value = digits_of(text).filter(|_| !text.is_empty())?;
        return Some(value * if value > SECONDS_MAX { ONE / 1_000 } else { ONE });
    }
    let (day, time) = text.split_once(['t', 'T']).unwrap_or((text, ""));
    Some(days(day)? * 86_400 * ONE + nanoseconds_of_day(time)?)
}

/// Days from 1970-01-01 to the first day that `2024`, `2024-01` or `2024-01-31` names.
fn days(text: &str) -> Option<i128> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = rest.split('-');
    let year = parts.next().filter(|year| !year.is_empty() && year.len() <= 9).and_then(digits_of)? * sign;
    let mut two_digits = |most| parts.next().map_or(Some(1), |text| field(text, most).filter(|&value| value > 0));
    let (month, day) = (two_digits(12)?, two_digits(31)?);
    if parts.next().is_some() || day > days_in_month(year, month) {
        return None;
    }
    // Years begin in March here, so that the day that leap years add is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468)
}

fn days_in_month(year: i128, month: i128) -> i128 {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 => 28 + i128::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `08`, `08:00`, `08:00:00`, `08:00:00.5`, each with a zone or without. May be negative, or beyond a day, by its zone.
fn nanoseconds_of_day(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let (time, zone) = match text.find(['z', 'Z', '+', '-']) {
        Some(at) => text.split_at_checked(at)?,
        None => (text, ""),
    };
    let (time, fraction) = time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
    let mut parts = time.split(':');
    let mut part = |most| parts.next().map_or(Some(0), |text| field(text, most));
    let (hours, minutes, seconds) = (part(23)?, part(59)?, part(59)?);
    if parts.next().is_some() || fraction.is_some_and(str::is_empty) {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60 + seconds - zone_seconds(zone)?;
    Some(seconds * ONE + billionths(fraction.unwrap_or(""))?)
}

/// `Z`, `+02`, `+02:00`, or nothing.
fn zone_seconds(zone: &str) -> Option<i128> {
    let (sign, offset) = match zone.split_at_checked(1) {
        None => return Some(0),
        Some(("z" | "Z", "")) => return Some(0),
        Some(("+", offset)) => (1, offset),
        Some(("-", offset)) => (-1, offset),
        Some(_) => return None,
    };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    Some(sign * (field(hours, 23)? * 60 + field(minutes, 59)?) * 60)
}

/// One or two digits.
fn field(text: &str, most: i128) -> Option<i128> {
    digits_of(text).filter(|&value| matches!(text.len(), 1 | 2) && value <= most)
}

/// `true` or `false`, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// An address. One of IPv4 that is written as IPv6 (`::ffff:10.0.0.1`) is the address of IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The bits that count, and the mask that leaves them.
    V4(u32, u32),
    /// The same of IPv6.
    V6(u128, u128),
}

impl Network {
    /// `203.0.113.0/24`, `2001:db8::/32`, or an address alone.
    pub fn new(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(digits) if digits.len() <= 3 => {
                u32::try_from(digits_of(digits)?).ok().filter(|_| !digits.is_empty())?
            }
            Some(_) => return None,
            None => most,
        };
        let ignored = most.checked_sub(length)?;
        // A network of IPv4 addresses that are written as IPv6 is a network of IPv4.
        Some(match (address, address.to_canonical()) {
            (_, IpAddr::V4(address)) if ignored <= 32 => {
                let mask = u32::MAX.checked_shl(ignored).unwrap_or(0);
                Network::V4(address.to_bits() & mask, mask)
            }
            (IpAddr::V6(address), _) => {
                let mask = u128::MAX.checked_shl(ignored).unwrap_or(0);
                Network::V6(address.to_bits() & mask, mask)
            }
            (IpAddr::V4(_), _) => return None,
        })
    }

    /// Whether an address lies in it. Addresses of one kind lie in no network of the other.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Network::V4(bits, mask), IpAddr::V4(address)) => address.to_bits() & mask == bits,
            (Network::V6(bits, mask), IpAddr::V6(address)) => address.to_bits() & mask == bits,
            _ => false,
        }
    }
}

/// Texts without regard to case: character by character, as AWS compares them, so that `ß` is not `ss`.
pub fn eq_ignore_case(one: &str, other: &str) -> bool {
    one.chars().map(fold).eq(other.chars().map(fold))
}

fn fold(character: char) -> char {
    single(single(character, char::to_uppercase), char::to_lowercase)
}

/// A change of case, if it leaves one character.
fn single<I: Iterator<Item = char>>(character: char, change: impl Fn(char) -> I) -> char {
    let mut changed = change(character);
    match (changed.next(), changed.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dates_are_those_of_the_calendar(seconds in -60_000_000_000_i64..250_000_000_000, nanos in 0..1_000_000_000_i64) {
            let at = crate::base::Timestamp::new(seconds, 0).unwrap();
            let whole = i128::from(seconds) * ONE;
            prop_assert_eq!(date(&at.to_string()), Some(whole), "{}", at);
            let day = at.to_string().chars().take(10).collect::<String>();
            prop_assume!(seconds > 0);
            prop_assert_eq!(date(&day), Some(whole - whole.rem_euclid(86_400 * ONE)), "{}", day);
            let fine = format!("{}.{nanos:09}+00:00", at.to_string().trim_end_matches('Z'));
            prop_assert_eq!(date(&fine), Some(whole + i128::from(nanos)), "{}", fine);
        }

        #[test]
        fn nothing_panics(text in "[-+0-9tTzZ:.]{0,40}", any in any::<String>()) {
            for text in [text, any] {
                let _ = (date(&text), number(&text), Network::new(&text), boolean(&text));
            }
        }
    }

    #[test]
    fn what_is_no_date() {
        let cases = [
            "",
            "T",
            "-",
            "x",
            "0.5",
            "2024-13",
            "2024-00",
            "2024-001",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-01-01-01",
            "+2024-01",
            "9999999999-01",
            "1e3",
            "0.5",
            "20240101T000000Z",
            "2024-01-01T24:00",
            "2024-01-01T00:60",
            "2024-01-01T00:00:60",
            "2024-01-01T0:0:0:0",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00 Z",
            "2024-01-01T00:00:00+1",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+24:00",
        ];
        for text in cases {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_exact() {
        let cases = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("1", Some(ONE)),
            ("-1.5", Some(-ONE - ONE / 2)),
            (".5", Some(ONE / 2)),
            ("5.", Some(5 * ONE)),
            (" 7 ", Some(7 * ONE)),
            ("0.000000001", Some(1)),
            ("0.0000000001", None),
            ("1e3", None),
            ("+1", None),
            ("--1", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1.2.3", None),
            ("0x10", None),
            ("١", None),
            ("9999999999999999999999999999", Some((10_i128.pow(28) - 1) * ONE)),
            ("10000000000000000000000000000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
