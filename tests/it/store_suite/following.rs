//! Transactions, and what a snapshot is made from.

use countersign::{
    base::{AccountId, Tag, Timestamp},
    store::{
        AccessKey, Account, EndedSession, IdentityKind, InlinePolicy, KeyOwner, LastUsed, Record, RoleDetails,
        Sequence, Store, Subject, UnitOfWork,
    },
};

use super::{
    Done, access_key, account, at, buckets::bucket, identity, key_id, owner, populate, read, secret, user, write,
};

pub fn what_is_not_committed_never_was(store: &dyn Store) {
    populate(store);
    let before = read(store, |work| work.latest());
    {
        let mut work = store.begin().unwrap();
        work.add_identity(&user("AIDA3", "eve")).unwrap();
        work.attach("AIDA3", "ANPA1").unwrap();
        assert!(work.identity_by_id("AIDA3").unwrap().is_some());
        // An account made anew after this must not meet the data key of the one that never was.
        work.add_account(&Account { id: AccountId::from_number(5), created: at(0), public_access_block: None })
            .unwrap();
        let key =
            AccessKey { account: AccountId::from_number(5), ..access_key("AKIAROOT000000000005", KeyOwner::Root) };
        work.add_access_key(&key, &secret("s")).unwrap();
        assert!(work.latest().unwrap() > before);
    }
    assert_eq!(read(store, |work| work.identity_by_id("AIDA3")), None);
    assert_eq!(read(store, |work| work.policy_by_id("ANPA1")).unwrap().attachments, 0);
    assert_eq!(read(store, |work| work.latest()), before);
    assert_eq!(read(store, |work| work.accounts()).len(), 1);
}

pub fn changes_tell_what_to_look_at(store: &dyn Store) {
    populate(store);
    let identity = |id: &str| Subject::Identity(id.into());
    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    let since = |sequence| read(store, |work| work.changes(sequence)).unwrap();
    let mut last = read(store, |work| work.latest());
    let mut step = |expected: &[Subject], act: &dyn Fn(&mut dyn UnitOfWork) -> Done| {
        write(store, act).unwrap();
        assert_eq!(since(last), expected);
        last = read(store, |work| work.latest());
        assert_eq!(since(last), []);
    };
    step(&[identity("AIDA1")], &|work| work.rename_identity("AIDA1", "anna", "/"));
    step(&[identity("AIDA1")], &|work| work.add_member("AGPA1", "AIDA1").map(drop));
    step(&[], &|work| work.add_member("AGPA1", "AIDA1").map(drop));
    step(&[identity("AGPA1"), identity("AIDA1")], &|work| {
        work.attach("AIDA1", "ANPA1")?;
        work.attach("AGPA1", "ANPA1")?;
        work.attach("AIDA1", "ANPA2").map(drop)
    });
    step(&[Subject::Policy("ANPA1".into())], &|work| work.add_policy_version("ANPA1", "{}", at(0), true).map(drop));
    step(&[], &|work| work.add_policy_version("ANPA1", "{}", at(0), false).map(drop));
    step(&[Subject::AccessKey(key.id.clone())], &|work| work.add_access_key(&key, &secret("s")));
    step(&[], &|work| {
        work.stamp_access_key(&key.id, &LastUsed { at: at(0), service: "s3".into(), region: "r".into() })
    });
    step(&[Subject::AccessKey(key.id.clone())], &|work| work.delete_access_key(&key.id));
    step(&[identity("AIDA2")], &|work| work.delete_identity("AIDA2"));
    assert!(!since(Sequence::default()).is_empty());
}

pub fn a_scan_hands_over_everything_once(store: &dyn Store) {
    populate(store);
    let inline = |name: &str| InlinePolicy { name: name.into(), document: "{}".into() };
    let tag = Tag::new("k", "v").unwrap();
    let details = RoleDetails { trust: "{}".into(), description: None, session_seconds_max: 3_600 };
    let ended = ended_session(at(9));
    write(store, |work| {
        work.put_tags("AIDA2", std::slice::from_ref(&tag))?;
        work.put_tags("ANPA1", std::slice::from_ref(&tag))?;
        work.put_inline_policy("AIDA1", &inline("b"))?;
        work.put_inline_policy("AIDA1", &inline("a"))?;
        work.put_inline_policy("AGPA1", &inline("c"))?;
        work.attach("AIDA2", "ANPA2")?;
        work.attach("AIDA2", "ANPA1")?;
        work.add_member("AGPA1", "AIDA2")?;
        work.add_policy_version("ANPA1", "{\"v\":2}", at(0), true)?;
        work.add_access_key(&access_key("AKIAROOT000000000001", KeyOwner::Root), &secret("r"))?;
        work.add_access_key(&access_key("AKIAUSER000000000001", owner("AIDA1")), &secret("u"))?;
        work.add_identity(&identity(IdentityKind::Role, "AROA0", "reader"))?;
        work.put_role("AROA0", &details)?;
        work.end_session(&ended)?;
        work.add_bucket(&bucket("photos"))
    })
    .unwrap();
    let (mut policies, mut holdings, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    let (mut accounts, mut buckets, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    read(store, |work| {
        work.scan(&mut |record| {
            match record {
                Record::Policy(policy, document) => policies.push((policy.id, document)),
                Record::Identity(holding) => holdings.push(holding),
                Record::AccessKey(open) => keys.push((open.key.id, open.secret.expose().to_owned())),
                Record::Account(account) => accounts.push(account.id),
                Record::Bucket(bucket) => buckets.push(bucket),
                Record::EndedSession(ended) => sessions.push(ended),
            }
            Ok(())
        })
    });
    assert_eq!((accounts, buckets, sessions), (vec![account()], vec![bucket("photos")], vec![ended]));
    policies.sort();
    keys.sort();
    assert_eq!(policies, [("ANPA1".into(), "{\"v\":2}".into()), ("ANPA2".into(), "{\"write\":1}".into())]);
    let expected = [("AKIAROOT000000000001", "r"), ("AKIAUSER000000000001", "u")];
    assert_eq!(keys, expected.map(|(id, secret)| (key_id(id), secret.to_owned())));
    assert_eq!(holdings.len(), 4);
    for holding in &holdings {
        let id = &holding.identity.id;
        assert_eq!(read(store, |work| work.holding(id)).as_ref(), Some(holding), "{id}");
        let lengths = [holding.tags.len(), holding.inline.len(), holding.attached.len(), holding.groups.len()];
        let expected = match &**id {
            "AIDA1" => [0, 2, 0, 0],
            "AIDA2" => [1, 0, 2, 1],
            "AROA0" => [0, 0, 0, 0],
            _ => [0, 1, 0, 0],
        };
        assert_eq!(lengths, expected, "{id}");
        assert_eq!(holding.role.as_ref(), (**id == *"AROA0").then_some(&details), "{id}");
    }
}

fn ended_session(until: Timestamp) -> EndedSession {
    EndedSession { key: key_id("ASIA0000000000000001"), account: account(), until }
}

pub fn an_ended_session_is_known_until_it_is_forgotten(store: &dyn Store) {
    populate(store);
    let ended = ended_session(at(9));
    let known = || read(store, |work| work.ended_session(&ended.key));
    let latest = || read(store, |work| work.latest());
    let told = |since| read(store, |work| work.changes(since)).unwrap();
    assert_eq!(known(), None);
    for until in [at(3), at(9)] {
        let before = latest();
        write(store, |work| work.end_session(&ended_session(until))).unwrap();
        assert_eq!(told(before), [Subject::Session(ended.key.clone())]);
    }
    assert_eq!(known(), Some(ended.clone()));
    let before = latest();
    assert_eq!(write(store, |work| work.forget_ended_sessions(at(8))).unwrap(), 0);
    assert_eq!((known(), told(before)), (Some(ended.clone()), vec![]));
    assert_eq!(write(store, |work| work.forget_ended_sessions(at(9))).unwrap(), 1);
    assert_eq!((known(), told(before)), (None, vec![Subject::Session(ended.key.clone())]));
}
