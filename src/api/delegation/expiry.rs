//! Requests whose time is over.

use super::{
    Delegation,
    notice::Notice,
    request::{ASKED, Request, State},
};
use crate::{
    base::{Random, RequestId, Timestamp},
    store::{Directory, ItemKind, Page, StoreError},
};

/// Lets requests whose time is over be so in the store too, and tells whoever asked, unless they had come to their end.
/// Blocks on the store; notices go out on the runtime that it is called on. Returns how many there were.
pub fn expire(
    directory: &Directory,
    settings: &Delegation,
    random: &dyn Random,
    at: Timestamp,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for account in settings.requesters.keys() {
        let page = Page { path_prefix: ASKED, ..Page::ALL };
        let items = directory.read(|work| work.items(*account, ItemKind::DelegationRequest, page))?.items;
        for item in items {
            let request = Request::read(item)?;
            if !is_over(&request, at) {
                continue;
            }
            let Some((request, before)) = directory.write(|work| {
                // Another node may have come first.
                let now = Request::find(work, request.id())?.filter(|now| is_over(now, at));
                let Some(mut now) = now else { return Ok::<_, StoreError>(None) };
                let before = now.details.state;
                now.details.state = State::Expired;
                now.details.updated = at.as_second();
                now.keep(work)?;
                Ok(Some((now, before)))
            })?
            else {
                continue;
            };
            count += 1;
            if !matches!(before, State::Finalized | State::Rejected) {
                tell(settings, &request, random, at)?;
            }
        }
    }
    Ok(count)
}

fn is_over(request: &Request, at: Timestamp) -> bool {
    request.details.state != State::Expired && request.details.state_at(at) == State::Expired
}

fn tell(settings: &Delegation, request: &Request, random: &dyn Random, at: Timestamp) -> Result<(), StoreError> {
    let mut id = [0; 16];
    random.fill(&mut id)?;
    match Notice::of(settings, request, None, RequestId::from_random(id), at) {
        Ok(notice) => notice.deliver_later(),
        Err(error) => tracing::warn!(request = request.id(), %error, "no notice of a delegation request"),
    }
    Ok(())
}
