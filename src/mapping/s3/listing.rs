//! The listing of buckets, of which a caller sees those of its account.

use bytes::Bytes;

use super::xml::Element;
use crate::base::Fault;

/// A store's answer to `ListBuckets` without the buckets that are not to be shown.
///
/// # Errors
/// `InternalError` if it is no such answer.
pub fn only_buckets(answer: &[u8], is_shown: impl Fn(&str) -> bool) -> Result<Bytes, Fault> {
    let mut listing = Element::parse(answer, "ListAllMyBucketsResult").map_err(|fault| {
        let message = "We encountered an internal error. Please try again.";
        Fault::new(500, "InternalError", message).because(fault.detail.unwrap_or_default())
    })?;
    for buckets in listing.children.iter_mut().filter(|child| child.name == "Buckets") {
        buckets.children.retain(|bucket| bucket.child_text("Name").is_some_and(&is_shown));
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    listing.write(&mut out);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_others_are_left_out() {
        let bucket = |name: &str| format!("<Bucket><Name>{name}</Name><CreationDate>d</CreationDate></Bucket>");
        let answer = |buckets: &[&str]| {
            let buckets: String = buckets.iter().map(|name| bucket(name)).collect();
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult xmlns=\"u\"><Owner><ID>o</ID></Owner>\
                 <Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
            )
        };
        let seen = only_buckets(answer(&["mine", "theirs", "mine-too"]).as_bytes(), |name| name.starts_with("mine"));
        assert_eq!(seen.unwrap(), answer(&["mine", "mine-too"]));
        assert!(only_buckets(b"<Error/>", |_| true).is_err());
    }
}
