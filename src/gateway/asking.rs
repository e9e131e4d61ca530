//! Step 4 for S3, where policies may ask for tags that only a store knows: those are looked up between two tries.

use std::sync::Arc;

use super::{
    authorize::{Verdict, allows, authorize},
    caller::Caller,
    context::Circumstances,
    permit::Permit,
    read::Received,
    settings::Settings,
    stored_tags::{AskedTags, Lookups},
};
use crate::{
    base::Fault,
    mapping::s3::Call,
    store::{MessageKey, snapshot::Snapshot},
};

/// A caller that asks for something of S3.
pub struct Asking<'a> {
    caller: &'a Caller,
    received: &'a Received,
    region: &'a str,
    settings: &'a Settings,
    lookups: Lookups<'a>,
    tags: AskedTags,
}

/// An allow, and what it was decided on.
pub struct Allowed {
    /// The proof.
    pub permit: Permit<Box<Call>>,
    /// What allowed it.
    pub verdict: Option<Verdict>,
    /// The identities and policies.
    pub snapshot: Arc<Snapshot>,
}

/// A denial, or why it could not come to a decision.
pub struct Refusal {
    /// What the client is told.
    pub fault: Fault,
    /// The decision.
    pub verdict: Option<Verdict>,
    /// The call, for the record.
    pub call: Box<Call>,
}

impl<'a> Asking<'a> {
    /// Puts it together.
    pub fn new(
        caller: &'a Caller,
        received: &'a Received,
        region: &'a str,
        settings: &'a Settings,
        lookups: Lookups<'a>,
    ) -> Self {
        Self { caller, received, region, settings, lookups, tags: AskedTags::default() }
    }

    /// Decides on a call. After tags were looked up, it is decided on the identities of that moment: what was revoked
    /// meanwhile counts. Each try looks up more, of which there is a limit, so this ends.
    pub async fn authorize(
        &self,
        mut call: Box<Call>,
        mut snapshot: Arc<Snapshot>,
        messages: &MessageKey,
        renew: impl Fn(&Arc<Snapshot>) -> Result<Arc<Snapshot>, Fault>,
    ) -> Result<Allowed, Box<Refusal>> {
        loop {
            let denied = match authorize(self.around(&snapshot), call, &snapshot) {
                Ok((permit, verdict)) => return Ok(Allowed { permit, verdict, snapshot }),
                Err((denied, back)) => {
                    call = back;
                    denied
                }
            };
            if !self.tags.is_waiting() {
                let (fault, verdict) = denied.refuse(messages);
                return Err(Box::new(Refusal { fault, verdict: Some(verdict), call }));
            }
            Box::pin(self.lookups.settle(&self.tags)).await;
            snapshot = match renew(&snapshot) {
                Ok(snapshot) => snapshot,
                Err(fault) => return Err(Box::new(Refusal { fault, verdict: None, call })),
            };
        }
    }

    /// Whether the caller may do something that the call does not ask for.
    pub async fn may(&self, action: &str, resource: &str, call: &Call, snapshot: &Snapshot) -> bool {
        loop {
            if allows(self.around(snapshot), call, 0, action, resource, snapshot).is_ok() {
                return true;
            }
            if !self.tags.is_waiting() {
                return false;
            }
            Box::pin(self.lookups.settle(&self.tags)).await;
        }
    }

    fn around<'b>(&'b self, snapshot: &'b Snapshot) -> Circumstances<'b> {
        let Self { caller, received, region, settings, .. } = self;
        let around = Circumstances::new(caller, received, region, settings.account, snapshot, &settings.organization);
        around.with_tags(&self.tags)
    }
}
