//! Buckets and what is kept from the public.

use countersign::store::{Bucket, ErrorKind, PublicAccessBlock, Store, Subject, UnitOfWork};

use super::{Done, account, at, populate, read, write};

pub fn bucket(name: &str) -> Bucket {
    Bucket { name: name.into(), account: account(), created: at(1), policy: None, public_access_block: None }
}

pub fn a_bucket_has_one_owner_and_settings_of_its_own(store: &dyn Store) {
    populate(store);
    let block = PublicAccessBlock { block_public_policy: true, ..PublicAccessBlock::default() };
    write(store, |work| work.add_bucket(&bucket("photos"))).unwrap();
    let again = write(store, |work| work.add_bucket(&bucket("photos")));
    assert_eq!(again.map_err(|error| error.kind), Err(ErrorKind::Exists));
    write(store, |work| {
        work.put_bucket_policy("photos", Some(" {} "))?;
        work.put_public_access_block("photos", Some(block))
    })
    .unwrap();
    let expected = Bucket { policy: Some(" {} ".into()), public_access_block: Some(block), ..bucket("photos") };
    assert_eq!(read(store, |work| work.bucket("photos")), Some(expected));
    write(store, |work| work.put_bucket_policy("photos", None)).unwrap();
    write(store, |work| work.put_public_access_block("photos", None)).unwrap();
    assert_eq!(read(store, |work| work.bucket("photos")), Some(bucket("photos")));
    assert_eq!(read(store, |work| work.bucket("Photos")), None);
    let refused = write(store, |work| work.put_bucket_policy("none", None));
    assert_eq!(refused.map_err(|error| error.kind), Err(ErrorKind::Missing));
    assert_eq!(write(store, |work| work.delete_bucket("photos")), Ok(true));
    assert_eq!(write(store, |work| work.delete_bucket("photos")), Ok(false));
    assert_eq!(read(store, |work| work.bucket("photos")), None);
}

pub fn changes_to_buckets_and_accounts_are_told(store: &dyn Store) {
    populate(store);
    let mut last = read(store, |work| work.latest());
    let mut step = |expected: &[Subject], act: &dyn Fn(&mut dyn UnitOfWork) -> Done| {
        write(store, act).unwrap();
        assert_eq!(read(store, |work| work.changes(last)).unwrap(), expected);
        last = read(store, |work| work.latest());
    };
    let photos = [Subject::Bucket("photos".into())];
    step(&photos, &|work| work.add_bucket(&bucket("photos")));
    step(&photos, &|work| work.put_bucket_policy("photos", Some("{}")));
    step(&photos, &|work| work.put_public_access_block("photos", Some(PublicAccessBlock::from_bits(15))));
    step(&photos, &|work| work.delete_bucket("photos").map(drop));
    step(&[], &|work| work.delete_bucket("photos").map(drop));
    let block = PublicAccessBlock::from_bits(8);
    step(&[Subject::Account(account())], &|work| work.put_account_public_access_block(account(), Some(block)));
    assert_eq!(read(store, |work| work.account(account())).unwrap().public_access_block, Some(block));
    for bits in 0..16 {
        assert_eq!(PublicAccessBlock::from_bits(bits).bits(), bits);
    }
}
