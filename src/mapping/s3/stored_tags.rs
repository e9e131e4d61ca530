//! Tags that a store keeps of its objects and buckets: which decisions may ask for them, how they are asked for, and how
//! the answer is read.

use super::{
    call::Call,
    tags::{self, Tags},
    upstream::{self, Style},
    xml::Element,
};
use crate::base::Fault;

/// Actions whose decisions know `s3:ExistingObjectTag/<key>`. Writing and deleting an object are not among them, nor are
/// its locks (service authorization reference, "Actions, resources, and condition keys for Amazon S3").
const ON_TAGGED_OBJECTS: &[&str] = &[
    "s3:DeleteObjectAnnotation",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersionAnnotation",
    "s3:DeleteObjectVersionTagging",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectAnnotation",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionAnnotation",
    "s3:GetObjectVersionAttributes",
    "s3:GetObjectVersionTagging",
    "s3:ListObjectAnnotations",
    "s3:ListObjectVersionAnnotations",
    "s3:PutObjectAcl",
    "s3:PutObjectAnnotation",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionAcl",
    "s3:PutObjectVersionAnnotation",
    "s3:PutObjectVersionTagging",
    "s3:UpdateObjectEncryption",
];

/// Whether decisions on an action know `s3:ExistingObjectTag/<key>`.
pub fn knows_object_tags(action: &str) -> bool {
    ON_TAGGED_OBJECTS.contains(&action)
}

/// The tags of one object or bucket, as its store told them.
#[derive(Debug, Default)]
pub struct StoredTags(Tags);

impl StoredTags {
    /// Reads the answer to `GetObjectTagging` or `GetBucketTagging`.
    ///
    /// # Errors
    /// For anything that is not one set of tags whose keys differ without regard to case, as those of conditions do.
    pub fn read(document: &[u8]) -> Result<Self, Fault> {
        let document = Element::parse(document, "Tagging")?;
        let set = document.only("TagSet")?.ok_or_else(|| super::fault::malformed_xml("there is no tag set"))?;
        tags::of_element(set).map(Self)
    }

    /// The value of a tag, whose key is given in lower case.
    pub fn value(&self, name: &str) -> Option<&str> {
        tags::value(&self.0, name)
    }

    /// How many bytes they are.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

/// Path and query by which a store is asked for the tags of an object or of one version of it, or, with an empty key, of
/// a bucket.
pub fn tagging_target(style: Style, bucket: &str, key: &str, version: Option<&str>) -> String {
    let mut target = upstream::path(style, bucket, key);
    target.push_str("?tagging=");
    if let Some(version) = version {
        target.push_str("&versionId=");
        crate::mapping::uri::encode_query(version, &mut target);
    }
    target
}

impl Call {
    /// The keys of the objects that a call changes; an empty one stands for the bucket.
    pub fn changed_keys(&self) -> impl Iterator<Item = &str> {
        let several = self.keys_to_delete();
        let one = several.is_none().then(|| self.key());
        several.into_iter().flatten().chain(one).filter(|_| !self.row.is_read_only())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::s3::TABLE;

    #[test]
    fn every_action_is_one_that_an_operation_needs() {
        let needed: Vec<_> = TABLE.iter().flat_map(|row| row.actions.iter().chain(row.versioned)).collect();
        for action in ON_TAGGED_OBJECTS {
            assert!(needed.contains(&action), "{action}");
        }
        for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObjectRetention"] {
            assert!(!knows_object_tags(action), "{action}");
        }
    }

    #[test]
    fn a_store_is_asked_for_exactly_one_thing() {
        let cases = [
            (Style::Path, "a b/c?d", None, "/photos/a%20b/c%3Fd?tagging="),
            (Style::Path, "a", Some("v&1"), "/photos/a?tagging=&versionId=v%261"),
            (Style::Path, "", None, "/photos?tagging="),
            (Style::VirtualHost, "a", None, "/a?tagging="),
            (Style::VirtualHost, "", None, "/?tagging="),
        ];
        for (style, key, version, expected) in cases {
            assert_eq!(tagging_target(style, "photos", key, version), expected);
        }
    }

    #[test]
    fn only_a_clear_answer_is_read() {
        let set = |tags: &str| format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
        let tags = StoredTags::read(set("<Tag><Key>Team</Key><Value>A</Value></Tag>").as_bytes()).unwrap();
        assert_eq!((tags.value("team"), tags.value("other")), (Some("A"), None));
        assert_eq!(StoredTags::read(set("").as_bytes()).unwrap().bytes(), 0);
        for unclear in [
            "",
            "the object's own bytes",
            "<Tagging/>",
            "<Tagging><TagSet/><TagSet/></Tagging>",
            &set("<Tag><Value>A</Value></Tag>"),
            &set("<Tag><Key>a</Key></Tag><Tag><Key>A</Key></Tag>"),
        ] {
            assert!(StoredTags::read(unclear.as_bytes()).is_err(), "{unclear}");
        }
    }
}
