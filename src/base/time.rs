//! Moments, and the three ways in which AWS writes them. The clock is not here: time is a parameter.

pub use jiff::Timestamp;
use jiff::{civil, fmt::strtime, tz::TimeZone};

/// `20130524T000000Z`, the form of `X-Amz-Date`.
pub fn amz_date(at: Timestamp) -> String {
    joined(at, "", "")
}

/// Year, month and day, `T`, and the time of day, with these between them, for years from 0 on. Each request has several.
fn joined(at: Timestamp, dash: &str, colon: &str) -> String {
    let moment = TimeZone::UTC.to_datetime(at);
    let year = moment.year();
    let mut out = String::with_capacity(20);
    for (number, before) in [
        (year.div_euclid(100), ""),
        (year.rem_euclid(100), ""),
        (moment.month().into(), dash),
        (moment.day().into(), dash),
        (moment.hour().into(), "T"),
        (moment.minute().into(), colon),
        (moment.second().into(), colon),
    ] {
        out.push_str(before);
        for digit in [number.div_euclid(10), number.rem_euclid(10)] {
            out.push(u8::try_from(digit).map_or('-', |digit| char::from(b'0' + digit)));
        }
    }
    out.push('Z');
    out
}

/// Reads `20130524T000000Z`; `None` for any other form.
pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
    let [y @ .., b'T', h1, h2, m1, m2, s1, s2, b'Z'] = bytes else { return None };
    let digits = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0i16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0')))
    };
    let [y1, y2, y3, y4, o1, o2, d1, d2] = *y;
    let date = civil::Date::new(
        digits(&[y1, y2, y3, y4])?,
        i8::try_from(digits(&[o1, o2])?).ok()?,
        i8::try_from(digits(&[d1, d2])?).ok()?,
    )
    .ok()?;
    let time = civil::Time::new(
        i8::try_from(digits(&[*h1, *h2])?).ok()?,
        i8::try_from(digits(&[*m1, *m2])?).ok()?,
        i8::try_from(digits(&[*s1, *s2])?).ok()?,
        0,
    )
    .ok()?;
    TimeZone::UTC.to_ambiguous_timestamp(date.to_datetime(time)).unambiguous().ok()
}

/// `2013-05-24T00:00:00Z`, the form of IAM, STS and CloudTrail.
pub fn iso8601(at: Timestamp) -> String {
    joined(at, "-", ":")
}

/// `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110's IMF-fixdate).
pub fn http_date(at: Timestamp) -> String {
    strtime::format("%a, %d %b %Y %H:%M:%S GMT", at).unwrap_or_default()
}

/// `Jan 1, 2026, 4:07:39 PM`, the form of moments among CloudTrail's `responseElements`.
pub fn spoken(at: Timestamp) -> String {
    strtime::format("%b %-d, %Y, %-I:%M:%S %p", at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_signature_is_read_in_its_one_form() {
        let cases = [
            ("20130524T000000Z", Some("2013-05-24T00:00:00Z")),
            ("20240229T235959Z", Some("2024-02-29T23:59:59Z")),
            ("20230229T000000Z", None),
            ("20130524T240000Z", None),
            ("20130524T00000Z", None),
            ("2013-05-24T00:00", None),
            ("+0130524T000000Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let at = parse_amz_date(text);
            assert_eq!(at.map(iso8601).as_deref(), expected, "{text}");
            if let Some(at) = at {
                assert_eq!(amz_date(at), text);
            }
        }
    }

    #[test]
    fn moments_are_written_as_by_the_library() {
        let (first, last) = ("0000-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::MAX);
        let step = (last.as_second() - first.as_second()) / 100_000;
        for second in (first.as_second()..=last.as_second()).step_by(usize::try_from(step).unwrap()) {
            let at = Timestamp::from_second(second).unwrap();
            assert_eq!(Ok(amz_date(at)), strtime::format("%Y%m%dT%H%M%SZ", at).map_err(|error| error.to_string()));
            assert_eq!(Ok(iso8601(at)), strtime::format("%Y-%m-%dT%H:%M:%SZ", at).map_err(|error| error.to_string()));
        }
    }

    #[test]
    fn http_dates_are_imf_fixdates() {
        assert_eq!(parse_amz_date("20130524T000000Z").map(http_date).as_deref(), Some("Fri, 24 May 2013 00:00:00 GMT"));
    }
}
