//! Listings by pages: `MaxItems`, `Marker`, `IsTruncated`.

use data_encoding::BASE64URL_NOPAD;

use super::texts::{MARKER, PATH_PREFIX};
use crate::{
    api::query::{Input, Node, input::validation_error},
    base::Fault,
    store::{Listing, Page},
};

/// The part of a listing that a call asks for.
pub(super) struct Asked {
    after: Option<String>,
    items_max: usize,
    path_prefix: String,
}

impl Asked {
    /// `MaxItems` and `Marker`.
    pub(super) fn of(input: &mut Input<'_>) -> Result<Self, Fault> {
        let items_max = input.number("MaxItems", 1..=1000).unwrap_or(100);
        let after = match input.optional("Marker", &MARKER) {
            None => None,
            Some(marker) => {
                let text = BASE64URL_NOPAD.decode(marker.as_bytes()).ok().and_then(|text| String::from_utf8(text).ok());
                Some(text.ok_or_else(|| validation_error(format!("Invalid Marker: {marker}")))?)
            }
        };
        Ok(Self { after, items_max, path_prefix: "/".to_owned() })
    }

    /// `MaxItems`, `Marker` and `PathPrefix`.
    pub(super) fn below_path(input: &mut Input<'_>) -> Result<Self, Fault> {
        let path_prefix = input.optional("PathPrefix", &PATH_PREFIX).unwrap_or_else(|| "/".to_owned());
        Ok(Self { path_prefix, ..Self::of(input)? })
    }

    /// The path below which everything is listed.
    pub(super) fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// For the store.
    pub(super) fn page(&self) -> Page<'_> {
        Page { after: self.after.as_deref(), items_max: self.items_max(), path_prefix: &self.path_prefix }
    }

    /// A page of what is held whole; `key` orders it and is unique.
    pub(super) fn cut<T>(&self, all: impl IntoIterator<Item = T>, key: impl Fn(&T) -> String) -> Listing<T> {
        let after = |item: &T| self.after.as_ref().is_none_or(|after| key(item) > *after);
        let mut rest = all.into_iter().filter(after);
        let items: Vec<T> = rest.by_ref().take(self.items_max()).collect();
        let next = rest.next().and_then(|_| items.last().map(|last| key(last).into()));
        Listing { items, next }
    }

    /// Whether it goes on from an earlier answer.
    pub(super) fn is_continued(&self) -> bool {
        self.after.is_some()
    }

    /// Of several listings that are shown one after the other, each with its kind before its markers: where the one of
    /// this kind goes on.
    pub(super) fn after_kind(&self, kind: &str) -> Option<&str> {
        self.after.as_deref()?.strip_prefix(kind)?.strip_prefix(':')
    }

    /// The most items of one answer.
    pub(super) fn items_max(&self) -> usize {
        self.items_max.max(1)
    }
}

/// Several listings that are shown one after the other as if they were one: a marker begins with the word of its listing.
pub(super) struct Parts<'a> {
    asked: &'a Asked,
    room: usize,
    begun: bool,
    next: Option<Box<str>>,
}

impl<'a> Parts<'a> {
    /// Nothing listed yet.
    pub(super) fn of(asked: &'a Asked) -> Self {
        Self { asked, room: asked.items_max(), begun: asked.after.is_none(), next: None }
    }

    /// What the answer shows of the next listing, which is read only if it is wanted and there is room.
    pub(super) fn next<T, E>(
        &mut self,
        word: &str,
        is_wanted: bool,
        read: impl FnOnce(Page<'_>) -> Result<Listing<T>, E>,
    ) -> Result<Vec<T>, E> {
        let goes_on = self.asked.after.as_deref().and_then(|after| after.strip_prefix(word)?.strip_prefix(':'));
        if self.next.is_some() || !self.begun && goes_on.is_none() {
            return Ok(Vec::new());
        }
        let after = goes_on.filter(|after| !self.begun && !after.is_empty());
        self.begun = true;
        if !is_wanted {
            return Ok(Vec::new());
        }
        // Where there is no room left, one more tells whether there is more.
        let listing = read(Page { after, items_max: self.room.max(1), ..self.asked.page() })?;
        if self.room == 0 {
            let is_more = !listing.items.is_empty() || listing.next.is_some();
            self.next = is_more.then(|| format!("{word}:").into());
            return Ok(Vec::new());
        }
        self.next = listing.next.map(|next| format!("{word}:{next}").into());
        self.room = self.room.saturating_sub(listing.items.len());
        Ok(listing.items)
    }

    /// The marker to go on from.
    pub(super) fn end(self) -> Option<Box<str>> {
        self.next
    }
}

/// A page of a listing, as the client sees it.
pub(super) fn paged<T>(name: &'static str, listing: Listing<T>, node: impl Fn(&T) -> Node) -> Node {
    let items = listing.items.iter().map(node).collect();
    Node::Struct(vec![(name, Node::List(items)), truncated(&listing.next), marker(listing.next)])
}

/// `IsTruncated`.
pub(super) fn truncated(next: &Option<Box<str>>) -> (&'static str, Node) {
    ("IsTruncated", Node::Bool(next.is_some()))
}

/// `Marker`, if there is more.
pub(super) fn marker(next: Option<Box<str>>) -> (&'static str, Node) {
    ("Marker", Node::maybe(next.map(|next| BASE64URL_NOPAD.encode(next.as_bytes()))))
}
