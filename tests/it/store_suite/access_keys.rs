//! Access keys and their secrets.

use countersign::{
    base::AccountId,
    store::{AccessKey, ErrorKind, KeyOwner, KeyStatus, LastUsed, Store},
};

use super::{access_key, account, at, key_id, owner, populate, read, refusal, secret, write};

pub fn access_keys_belong_to_root_or_a_user(store: &dyn Store) {
    populate(store);
    let root = access_key("AKIAROOT000000000001", KeyOwner::Root);
    let first = access_key("AKIAUSER000000000002", owner("AIDA1"));
    let second = AccessKey { created: at(1), ..access_key("AKIAUSER000000000001", owner("AIDA1")) };
    write(store, |work| {
        work.add_access_key(&second, &secret("2"))?;
        work.add_access_key(&first, &secret("1"))?;
        work.add_access_key(&root, &secret("r"))
    })
    .unwrap();
    assert_eq!(refusal(store, |work| work.add_access_key(&root, &secret("x"))), Some(ErrorKind::Exists));
    assert_eq!(read(store, |work| work.access_keys(account(), &KeyOwner::Root)), std::slice::from_ref(&root));
    assert_eq!(read(store, |work| work.access_keys(account(), &owner("AIDA1"))), [first.clone(), second.clone()]);
    assert_eq!(read(store, |work| work.access_keys(account(), &owner("AIDA2"))), []);
    assert_eq!(read(store, |work| work.access_keys(AccountId::from_number(1), &owner("AIDA1"))), []);

    write(store, |work| work.set_access_key_status(&first.id, KeyStatus::Inactive)).unwrap();
    assert_eq!(read(store, |work| work.access_key(&first.id)).unwrap().status, KeyStatus::Inactive);
    write(store, |work| work.delete_access_key(&first.id)).unwrap();
    assert_eq!(read(store, |work| work.access_key(&first.id)), None);
    assert_eq!(read(store, |work| work.access_key(&second.id)), Some(second));
}

pub fn a_stamp_of_an_earlier_use_is_passed_over(store: &dyn Store) {
    populate(store);
    let key = access_key("AKIAROOT000000000001", KeyOwner::Root);
    write(store, |work| work.add_access_key(&key, &secret("r"))).unwrap();
    let used = |second, service: &str| LastUsed { at: at(second), service: service.into(), region: "us-east-1".into() };
    for (stamp, expected) in
        [(used(10, "s3"), used(10, "s3")), (used(9, "iam"), used(10, "s3")), (used(11, "iam"), used(11, "iam"))]
    {
        write(store, |work| work.stamp_access_key(&key.id, &stamp)).unwrap();
        assert_eq!(read(store, |work| work.access_key(&key.id)).unwrap().last_used, Some(expected));
    }
    let gone = key_id("AKIAGONE000000000001");
    assert_eq!(refusal(store, |work| work.stamp_access_key(&gone, &used(1, "s3"))), None);
}

pub fn a_secret_opens_with_its_generation(store: &dyn Store) {
    populate(store);
    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    let mut generations = Vec::new();
    for text in ["first secret", "second secret"] {
        write(store, |work| work.add_access_key(&key, &secret(text))).unwrap();
        let open = read(store, |work| work.open_access_key(&key.id)).unwrap();
        assert_eq!((open.secret.expose(), &open.key), (text, &key));
        write(store, |work| work.set_access_key_status(&key.id, KeyStatus::Inactive)).unwrap();
        assert_eq!(read(store, |work| work.open_access_key(&key.id)).unwrap().generation, open.generation);
        generations.push(open.generation);
        write(store, |work| work.delete_access_key(&key.id)).unwrap();
        assert!(read(store, |work| work.open_access_key(&key.id)).is_none());
    }
    assert_ne!(generations[0], generations[1]);
}
