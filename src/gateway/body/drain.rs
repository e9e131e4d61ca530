//! Bodies that are read whole, within a limit, and bodies that nobody wants.

use std::{pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::timeout;

/// A body had more bytes than its limit.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Reads a body whole. The outer error is the stream's own, the inner one the limit's.
/// A body of one frame is passed on without a copy.
pub async fn buffer<B>(body: B, bytes_max: usize) -> Result<Result<Bytes, TooLarge>, B::Error>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > bytes_max {
            return Ok(Err(TooLarge));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(Ok(if rest.is_empty() { first } else { rest.freeze() }))
}

/// Reads and drops what a refused client still sends, so that it gets to read the refusal instead of a reset
/// connection; at most `bytes_max` and for at most `time_max`.
pub async fn drain<B>(body: B, bytes_max: usize, time_max: Duration)
where
    B: Body<Data = Bytes>,
{
    let reading = async {
        let mut body = pin!(body);
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > bytes_max {
                break;
            }
        }
    };
    let _ = timeout(time_max, reading).await;
}

#[cfg(test)]
mod tests {
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn buffering_keeps_the_bytes_and_the_limit() {
        for (frames, limit, expected) in [
            (vec!["abc"], 3, Ok("abc")),
            (vec!["abc", "def", "g"], 7, Ok("abcdefg")),
            (vec!["abc", "def"], 5, Err(TooLarge)),
            (vec![], 0, Ok("")),
        ] {
            let stream = frames.into_iter().map(|text| Ok::<_, ()>(Frame::data(Bytes::from_static(text.as_bytes()))));
            let body = StreamBody::new(futures_util::stream::iter(stream));
            assert_eq!(buffer(body, limit).await, Ok(expected.map(|text: &str| Bytes::from(text.to_owned()))));
        }
    }

    #[tokio::test]
    async fn draining_ends_at_its_limit() {
        drain(Full::new(Bytes::from_static(b"abc")), 1, Duration::from_secs(1)).await;
    }
}
