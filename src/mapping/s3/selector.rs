//! The query parameters and headers that select an operation, as a set of bits.

/// The parameters that take part in selecting. A name's place is its bit; the headers stand at the end.
const NAMES: &[&str] = &[
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "annotation",
    "annotationName",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "id",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "max-directory-buckets",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "select-type",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
    "hdr:x-amz-copy-source",
    "hdr:x-amz-object-attributes",
    "hdr:x-amz-rename-source",
    "hdr:x-amz-request-route",
];

/// Marks the headers among the names.
const HEADER: &str = "hdr:";

/// Parameters whose value matters; the others select by their presence alone.
const WITH_VALUE: Selectors =
    Selectors::parse("annotationName&id&list-type&max-directory-buckets&partNumber&select-type&uploadId");

/// A set of selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selectors(u64);

impl Selectors {
    /// `partNumber`, which selects with `uploadId` and is a plain parameter of reads.
    pub(super) const PART_NUMBER: Self = Self::parse("partNumber");

    /// The set that a row of the table names: `partNumber&uploadId hdr:x-amz-copy-source`. A name that is not in the
    /// list above does not compile.
    #[expect(clippy::indexing_slicing, clippy::panic, reason = "evaluated when the table is compiled, never on input")]
    pub const fn parse(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut set, mut start) = (0, 0);
        while start < bytes.len() {
            let mut end = start;
            while end < bytes.len() && bytes[end] != b'&' && bytes[end] != b' ' {
                end += 1;
            }
            let mut index = 0;
            while !is_at(bytes, start, end, NAMES[index].as_bytes()) {
                index += 1;
                if index == NAMES.len() {
                    panic!("a row names an unknown selector");
                }
            }
            set |= 1 << index;
            start = end + 1;
        }
        Self(set)
    }

    /// The set of one query parameter; empty if it does not select.
    pub(super) fn of_parameter(name: &str) -> Self {
        match NAMES.iter().position(|known| *known == name) {
            Some(index) if !name.starts_with(HEADER) => Self(1 << index),
            _ => Self::default(),
        }
    }

    /// The set of one header, named in lower case; empty if it does not select.
    pub(super) fn of_header(name: &str) -> Self {
        const COPY: Selectors = Selectors::parse("hdr:x-amz-copy-source");
        const ATTRIBUTES: Selectors = Selectors::parse("hdr:x-amz-object-attributes");
        const RENAME: Selectors = Selectors::parse("hdr:x-amz-rename-source");
        match name {
            "x-amz-copy-source" => COPY,
            "x-amz-object-attributes" => ATTRIBUTES,
            "x-amz-rename-source" => RENAME,
            _ => Self::default(),
        }
    }

    /// Whether all of `other` is in this set.
    pub(super) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other.
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in the set.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The query parameters of the set that select by presence.
    pub(super) fn flags(self) -> impl Iterator<Item = &'static str> {
        let set = self.without(WITH_VALUE);
        NAMES
            .iter()
            .enumerate()
            .filter(move |(index, _)| set.0 >> index & 1 == 1)
            .map(|(_, name)| *name)
            .filter(|name| !name.starts_with(HEADER))
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated when the table is compiled, never on input")]
const fn is_at(text: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if text[start + at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_spells_a_set() {
        let part = Selectors::parse("partNumber&uploadId hdr:x-amz-copy-source");
        assert!(part.contains(Selectors::PART_NUMBER));
        assert_eq!(part.flags().count(), 0);
        assert!(part.without(part).is_empty());
        assert_eq!(Selectors::parse("select&select-type").flags().collect::<Vec<_>>(), ["select"]);
        assert!(Selectors::of_parameter("nothing").is_empty());
        assert!(Selectors::of_parameter("hdr:x-amz-copy-source").is_empty());
        assert_eq!(Selectors::of_parameter("acl"), Selectors::parse("acl"));
        assert!(NAMES.len() <= 64);
    }
}
