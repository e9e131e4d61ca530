//! Which statements can be about an action on a resource, found without asking each.
//!
//! Statements are found by what they name of actions (an action, a pattern of one service, anything else) and, under
//! that, by what the last part of their resources begins with. So a decision looks at few statements, however many there
//! are: those whose action fits and whose resources begin as the resource does.

use std::collections::BTreeMap;

use super::{
    compiled::Statement,
    decide::Action,
    pattern::Glob,
    start::{Sought, Start},
};

/// The policy, and the statement in it.
pub(super) type Place = (u32, u32);

/// Statements of one effect.
#[derive(Debug)]
pub(super) struct Index {
    /// By an action without wildcards: `s3:getobject`.
    named: Sorted<Places>,
    /// By a service: its patterns of names.
    patterns: Sorted<Box<[(Glob, Places)]>>,
    /// Those of all services, and of `NotAction`.
    others: Places,
}

/// Statements, by what their resources begin with.
#[derive(Debug)]
struct Places(Sorted<Prefix>);

#[derive(Debug)]
struct Prefix {
    /// The longest other prefix that this one begins with.
    parent: Option<u32>,
    /// In order.
    places: Box<[Place]>,
}

/// Found by a text.
#[derive(Debug)]
struct Sorted<T> {
    /// The numbers of the texts, which are close together where only they are looked at.
    starts: Box<[Start]>,
    found: Box<[(Box<str>, T)]>,
}

/// More resources in a statement are found by what they all begin with.
const PREFIXES_MAX: usize = 8;

impl Index {
    /// Puts statements together, given in the order of their places.
    pub(super) fn new<'a>(statements: impl Iterator<Item = (Place, &'a Statement)>) -> Self {
        let mut named: BTreeMap<String, Unsorted> = BTreeMap::new();
        let mut patterns: BTreeMap<&str, Vec<(Glob, Unsorted)>> = BTreeMap::new();
        let mut others = Unsorted::default();
        for (place, statement) in statements {
            let prefixes = shortest(statement.resource_prefixes());
            let add = |places: &mut Unsorted| places.add(&prefixes, place);
            let Some(actions) = statement.actions() else {
                add(&mut others);
                continue;
            };
            for (service, name) in actions {
                match name {
                    Glob::Exact(name) => add(named.entry(format!("{service}:{name}")).or_default()),
                    name => {
                        let known = patterns.entry(service).or_default();
                        match known.iter_mut().find(|(glob, _)| glob == name) {
                            Some((_, places)) => add(places),
                            None => {
                                let mut places = Unsorted::default();
                                add(&mut places);
                                known.push((name.clone(), places));
                            }
                        }
                    }
                }
            }
        }
        let globs = |globs: Vec<(Glob, Unsorted)>| globs.into_iter().map(|(glob, it)| (glob, it.sort())).collect();
        Self {
            named: Sorted::new(named.into_iter().map(|(name, places)| (name.into(), places.sort()))),
            patterns: Sorted::new(patterns.into_iter().map(|(service, it)| (service.into(), globs(it)))),
            others: others.sort(),
        }
    }

    /// The first statement that fits, of those that can. `fits` is told whether the action is known to.
    pub(super) fn first(
        &self,
        action: &Action<'_>,
        resource: Sought<'_>,
        fits: impl Fn(Place, bool) -> bool,
    ) -> Option<Place> {
        let mut first = None;
        let mut look = |places: &Places, is_known| {
            places.each(resource, |places| {
                let earlier = places.iter().take_while(|&&place| first.is_none_or(|first| place < first));
                first = earlier.copied().find(|&place| fits(place, is_known)).or(first);
            });
        };
        if let Some(places) = self.named.get(action.whole) {
            look(places, true);
        }
        for (glob, places) in self.patterns.get(action.service).into_iter().flatten() {
            if glob.matches(action.name.text) {
                look(places, true);
            }
        }
        look(&self.others, false);
        first
    }
}

impl Places {
    /// Shows the places of all prefixes that a text begins with.
    ///
    /// In order, nothing stands between a text and the longest of its prefixes but what begins with that prefix too. So
    /// they are the prefix before the text's own place, and its parents.
    fn each(&self, sought: Sought<'_>, mut show: impl FnMut(&[Place])) {
        let mut next = self.0.until(sought);
        while let Some((text, prefix)) = next {
            if sought.text.starts_with(&**text) {
                show(&prefix.places);
            }
            next = prefix.parent.and_then(|at| self.0.found.get(at as usize));
        }
    }
}

impl<T> Sorted<T> {
    /// Given in order.
    fn new(texts: impl Iterator<Item = (Box<str>, T)>) -> Self {
        let found: Box<[_]> = texts.collect();
        Self { starts: found.iter().map(|(text, _)| Start::of(text)).collect(), found }
    }

    fn get(&self, sought: Sought<'_>) -> Option<&T> {
        self.until(sought).filter(|(text, _)| **text == *sought.text).map(|(_, found)| found)
    }

    /// The last text that does not come after another one.
    fn until(&self, sought: Sought<'_>) -> Option<&(Box<str>, T)> {
        let end = self.starts.partition_point(|start| *start <= sought.start);
        let last = self.found.get(end.checked_sub(1)?)?;
        if self.starts.get(end - 1) != Some(&sought.start) || *last.0 == *sought.text {
            return Some(last);
        }
        // Of several texts with the same number the rest tells.
        let end = self.found.get(..end)?.partition_point(|(text, _)| **text <= *sought.text);
        self.found.get(end.checked_sub(1)?)
    }
}

/// Places by prefix, while they are collected.
#[derive(Default)]
struct Unsorted(BTreeMap<Box<str>, Vec<Place>>);

impl Unsorted {
    fn add(&mut self, prefixes: &[&str], place: Place) {
        for prefix in prefixes {
            match self.0.get_mut(*prefix) {
                Some(places) if places.last() == Some(&place) => {}
                Some(places) => places.push(place),
                None => drop(self.0.insert((*prefix).into(), vec![place])),
            }
        }
    }

    fn sort(self) -> Places {
        let mut open: Vec<(u32, Box<str>)> = Vec::new();
        let prefixes = (0u32..).zip(self.0).map(|(at, (text, places))| {
            // What this text does not begin with, no later one does.
            while open.pop_if(|(_, before)| !text.starts_with(&**before)).is_some() {}
            let parent = open.last().map(|(at, _)| *at);
            open.push((at, text.clone()));
            (text, Prefix { parent, places: places.into() })
        });
        Places(Sorted::new(prefixes))
    }
}

/// Texts such that each of the given ones begins with one of them: few, and none begins with another.
fn shortest<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup_by(|text, before| text.starts_with(*before));
    match texts.as_slice() {
        [first, .., last] if texts.len() > PREFIXES_MAX => {
            // In order, what the first and the last begin with all do.
            let same = first.char_indices().zip(last.chars()).find(|((_, one), other)| one != other);
            let end = same.map_or(first.len(), |((at, _), _)| at);
            vec![first.get(..end).unwrap_or_default()]
        }
        _ => texts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn the_prefixes_of_a_text_are_found(prefixes in vec("[ab/é]{0,4}", 0..12), text in "[ab/é]{0,6}") {
            let mut places = Unsorted::default();
            for (at, prefix) in (0..).zip(&prefixes) {
                places.add(&[prefix], (at, 0));
            }
            let mut found: Vec<Place> = Vec::new();
            places.sort().each(Sought::new(&text), |places| found.extend(places));
            found.sort_unstable();
            let expected = (0..).zip(&prefixes).filter(|(_, prefix)| text.starts_with(&***prefix)).map(|(at, _)| (at, 0));
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }

        #[test]
        fn what_texts_begin_with_is_kept(texts in vec("[ab/é]{0,4}", 1..20)) {
            let kept = shortest(texts.iter().map(String::as_str));
            prop_assert!(kept.len() <= PREFIXES_MAX);
            for text in &texts {
                prop_assert!(kept.iter().any(|prefix| text.starts_with(prefix)), "{:?} {:?}", texts, kept);
            }
        }
    }
}
