//! The policies that AWS manages: all can be read and used, and those in use follow the program's data.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use countersign::{
    base::{AccountId, Arn, Tag, name::fold},
    policy::{Kind, Policy},
    store::{
        Account, Directory, Identity, IdentityKind, MasterKey, Page, PolicyUse, SqliteStore, StoreError, SystemRandom,
        aws_managed,
    },
};

use crate::store_suite::{account, at, user};

fn open(dir: &Path) -> Directory {
    let store = SqliteStore::open(dir, MasterKey::parse(&"01".repeat(32)).unwrap(), Arc::new(SystemRandom));
    Directory::open(Box::new(store.unwrap())).unwrap()
}

fn arn(name: &str) -> Arn {
    Arn::parse(&format!("arn:aws:iam::aws:policy/{name}")).unwrap()
}

#[test]
fn every_policy_can_be_found_read_and_used() {
    let all = aws_managed::all();
    assert_eq!(all.len(), 1582);
    assert!(all.is_sorted_by_key(|policy| fold(&policy.name)));
    let ids: BTreeSet<String> = all.iter().map(|policy| aws_managed::id(&policy.arn())).collect();
    assert_eq!(ids.len(), all.len());
    assert!(ids.iter().all(|id| id.len() == 21 && id.starts_with("ANPA")));
    for policy in all {
        assert_eq!(aws_managed::find(&policy.arn()), Some(policy));
        assert!(policy.created <= policy.updated && policy.version > 0, "{policy:?}");
        let document = policy.document().unwrap();
        Policy::compile_as(&document, Kind::OfAws).unwrap_or_else(|error| panic!("{}: {error}", policy.name));
    }
    for (name, version, bytes) in [("AdministratorAccess", 1, 85), ("ReadOnlyAccess", 190, 94_907)] {
        let policy = aws_managed::find(&arn(name)).unwrap();
        assert_eq!((policy.version, policy.document().unwrap().len()), (version, bytes), "{name}");
    }
    let billing = aws_managed::find(&arn("job-function/Billing")).unwrap();
    assert_eq!((&*billing.path, billing.version), ("/job-function/", 30));
    for unknown in ["Billing", "administratoraccess", "AdministratorAccess/", "job-function/AdministratorAccess"] {
        assert_eq!(aws_managed::find(&arn(unknown)), None, "{unknown}");
    }
}

/// What a program with other data left in the store.
#[test]
fn a_newer_version_of_a_policy_in_use_is_put_in_force_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let directory = open(dir.path());
    directory.ensure_account(account(), None, at(0)).unwrap();
    let known = aws_managed::find(&arn("AmazonS3ReadOnlyAccess")).unwrap();
    let stored = |version: u32, document: &str| {
        let written = directory.write(|work| {
            let row = aws_managed::take(known, at(0), work)?;
            let old = work.policy_by_id(&row.id)?.unwrap().default_version;
            work.add_policy_version(&row.id, document, at(1), true)?;
            work.delete_policy_version(&row.id, old)?;
            work.put_tags(&row.id, &[Tag::new("aws:version", &version.to_string()).unwrap()])
        });
        written.unwrap();
    };
    let in_force = || {
        let read = directory.read::<_, StoreError>(|work| {
            let policy = aws_managed::known(&known.arn(), work)?.unwrap();
            let version = aws_managed::version(&policy, work)?.unwrap();
            assert_eq!(work.policy_versions(&policy.id)?.len(), 1);
            Ok((policy.default_version, version.number, version.document))
        });
        read.unwrap()
    };
    const OTHER: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let ours = known.document().unwrap();
    assert_eq!(aws_managed::renew(&directory).unwrap(), 0, "none is in use");
    stored(known.version - 1, OTHER);
    assert_eq!(in_force(), (2, 2, OTHER.into()));
    assert_eq!(aws_managed::renew(&directory).unwrap(), 1);
    assert_eq!(in_force(), (known.version, known.version, ours));
    assert_eq!(aws_managed::renew(&directory).unwrap(), 0, "nothing is done twice");
    stored(known.version + 1, OTHER);
    assert_eq!(aws_managed::renew(&directory).unwrap(), 0, "an older program does not take back what a newer one did");
    assert_eq!(in_force(), (4, 4, OTHER.into()));
}

#[test]
fn an_account_sees_its_own_use_alone() {
    let dir = tempfile::tempdir().unwrap();
    let directory = open(dir.path());
    let other: AccountId = "210987654321".parse().unwrap();
    let known = aws_managed::find(&arn("AmazonS3ReadOnlyAccess")).unwrap();
    let used = |account: AccountId| {
        let read = directory.read::<_, StoreError>(|work| {
            let policy = aws_managed::known(&known.arn(), work)?.unwrap();
            let policy = aws_managed::counted(policy, account, work)?;
            let lists = [PolicyUse::Attached, PolicyUse::Boundary].map(|used| aws_managed::in_use(account, used, work));
            let lists = lists.map(|list| list.map(|list| list.len()));
            let [attached, bounded] = lists;
            Ok((policy.attachments, policy.boundaries, attached?, bounded?))
        });
        read.unwrap()
    };
    let attach = |account: AccountId, names: &[&str]| {
        let written = directory.write(|work| {
            if work.account(account)?.is_none() {
                work.add_account(&Account { id: account, created: at(0), public_access_block: None })?;
            }
            let row = aws_managed::take(known, at(0), work)?;
            for name in names {
                let id = format!("AIDA{account}{name}");
                work.add_identity(&Identity { account, ..user(&id, name) })?;
                work.attach(&id, &row.id)?;
            }
            work.put_boundary(&format!("AIDA{account}{}", names[0]), Some(&row.id)).map(drop)
        });
        written.unwrap();
    };
    attach(account(), &["ann", "bob"]);
    assert_eq!(used(account()), (2, 1, 1, 1));
    attach(other, &["cid", "dan", "eve"]);
    assert_eq!((used(account()), used(other)), ((2, 1, 1, 1), (3, 1, 1, 1)));
    assert_eq!(used("111111111111".parse().unwrap()), (0, 0, 0, 0));
    let page = |after, items_max| Page { after, items_max, path_prefix: "/" };
    let id = aws_managed::id(&known.arn());
    let list = |page| {
        let listing = directory.read(|work| {
            aws_managed::in_account(other, page, |page| work.attached_identities(&id, IdentityKind::User, page))
        });
        let listing = listing.unwrap();
        (listing.items.iter().map(|user| user.name.to_string()).collect::<Vec<_>>(), listing.next)
    };
    assert_eq!(list(page(None, 2)), (vec!["cid".to_owned(), "dan".to_owned()], Some("dan".into())));
    assert_eq!(list(page(Some("dan"), 2)), (vec!["eve".to_owned()], None));
    assert_eq!(
        directory.read(|work| work.count_policies(account())).unwrap(),
        0,
        "they are no policies of the account"
    );
}
