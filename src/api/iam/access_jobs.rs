//! Jobs that tell who accessed what: begun by one call, asked for by another.

use serde::{Deserialize, Serialize};

use super::{last_accessed, organizations_report, target::no_such, users::random};
use crate::{
    api::query::{Scene, Text},
    base::{Fault, RequestId},
    store::{Item, ItemKind, Page, StoreError, UnitOfWork},
};

/// How long a job can be asked for, in seconds: seven days, as with AWS.
const SECONDS_KEPT: i64 = 7 * 24 * 60 * 60;
/// The most jobs that an account keeps; the oldest make room.
const JOBS_MAX: usize = 1000;

/// The id of a job.
pub(super) const JOB_ID: Text = Text { length: 36..=36, pattern: "", fits: |_| true };

/// What a job is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "job", content = "question")]
pub(super) enum Job {
    /// `GenerateServiceLastAccessedDetails`.
    ServiceLastAccessed(last_accessed::Question),
    /// `GenerateOrganizationsAccessReport`.
    OrganizationsAccess(organizations_report::Question),
}

/// Keeps a job and returns its id.
pub(super) fn begin(scene: &Scene<'_>, job: Job) -> Result<String, Fault> {
    let id = RequestId::from_random(random(scene)?).to_string();
    let details = serde_json::to_string(&job).map_err(|error| StoreError::damaged(error.to_string()))?;
    let item = Item {
        kind: ItemKind::Job,
        account: scene.account(),
        id: id.as_str().into(),
        name: id.as_str().into(),
        path: "/".into(),
        owner: None,
        created: scene.caller.at(),
        details: details.into(),
    };
    scene.world.directory.write(|work| {
        make_room(scene, work)?;
        Ok::<_, Fault>(work.add_item(&item, None)?)
    })?;
    Ok(id)
}

/// A job of the account. A job of another kind is as good as absent.
pub(super) fn find(scene: &Scene<'_>, id: &str) -> Result<Option<(Item, Job)>, Fault> {
    let item = scene.world.directory.read(|work| work.item(scene.account(), ItemKind::Job, id))?;
    let item = item.filter(|item| !is_old(scene, item));
    Ok(item.and_then(|item| serde_json::from_str(&item.details).ok().map(|job| (item, job))))
}

/// `NoSuchEntity` for a job.
pub(super) fn unknown(id: &str) -> Fault {
    no_such(format!("The job with id {id} cannot be found."))
}

fn is_old(scene: &Scene<'_>, item: &Item) -> bool {
    scene.caller.at().as_second() - item.created.as_second() > SECONDS_KEPT
}

/// Takes away what is too old, and the oldest if there are too many.
fn make_room(scene: &Scene<'_>, work: &mut dyn UnitOfWork) -> Result<(), Fault> {
    let mut jobs = work.items(scene.account(), ItemKind::Job, Page::ALL)?.items;
    jobs.retain(|item| serde_json::from_str::<Job>(&item.details).is_ok());
    jobs.sort_by_key(|item| item.created);
    let surplus = (jobs.len() + 1).saturating_sub(JOBS_MAX);
    for (at, item) in jobs.iter().enumerate() {
        if at < surplus || is_old(scene, item) {
            work.delete_item(&item.id)?;
        }
    }
    Ok(())
}
