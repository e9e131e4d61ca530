//! Items and what roles have beside what every identity has.

use countersign::store::{ErrorKind, IdentityKind, Item, ItemKind, Page, RoleDetails, Store, UnitOfWork};

use super::{Done, account, at, identity, populate, read, refusal, user, write};

fn item(id: &str, name: &str, owner: Option<&str>) -> Item {
    Item {
        kind: ItemKind::MfaDevice,
        account: account(),
        id: id.into(),
        name: name.into(),
        path: "/".into(),
        owner: owner.map(Into::into),
        created: at(0),
        details: r#"{"a":1}"#.into(),
    }
}

pub fn items_belong_to_accounts_and_identities(store: &dyn Store) {
    populate(store);
    write(store, |work| {
        work.add_identity(&user("AIDA7", "Eve"))?;
        work.add_item(&item("M1", "Phone", Some("AIDA7")), None)?;
        work.add_item(&item("M2", "spare", None), None)
    })
    .unwrap();
    let again = refusal(store, |work| work.add_item(&item("M3", "PHONE", None), None));
    assert_eq!(again, Some(ErrorKind::Exists));
    let kind = ItemKind::MfaDevice;
    let found = read(store, |work| work.item(account(), kind, "phone")).unwrap();
    assert_eq!(found, item("M1", "Phone", Some("AIDA7")));
    assert_eq!(read(store, |work| work.item(account(), ItemKind::SshKey, "phone")), None);
    assert_eq!(read(store, |work| work.item_anywhere(kind, "PHONE")), Some(found.clone()));
    assert_eq!(read(store, |work| work.items_of("AIDA7", kind)), std::slice::from_ref(&found));
    assert_eq!(read(store, |work| work.count_items(account(), kind)), 2);
    let page = Page { items_max: 1, ..Page::ALL };
    let first = read(store, |work| work.items(account(), kind, page));
    let rest = read(store, |work| work.items(account(), kind, Page { after: first.next.as_deref(), ..Page::ALL }));
    assert_eq!((&*first.items[0].name, &*rest.items[0].name, rest.next), ("Phone", "spare", None));
    assert_eq!(refusal(store, |work| work.delete_identity("AIDA7")), Some(ErrorKind::InUse));
    let freed = Item { owner: None, name: "Old".into(), details: "{}".into(), ..found };
    write(store, |work| work.update_item(&freed)).unwrap();
    assert_eq!(read(store, |work| work.item_by_id("M1")), Some(freed));
    write(store, |work| {
        work.put_tags("M1", &[countersign::base::Tag { key: "k".into(), value: "v".into() }])?;
        work.delete_item("M1")?;
        work.delete_identity("AIDA7")
    })
    .unwrap();
    assert_eq!(read(store, |work| work.tags("M1")), []);
    assert_eq!(read(store, |work| work.count_items(account(), kind)), 1);
    assert_eq!(refusal(store, |work| work.delete_item("M1")), Some(ErrorKind::Missing));
    assert_eq!(refusal(store, |work| work.update_item(&item("M1", "x", None))), Some(ErrorKind::Missing));
}

pub fn the_secret_of_an_item_opens_for_it_alone(store: &dyn Store) {
    populate(store);
    write(store, |work| {
        work.add_item(&item("M1", "one", None), Some(b"seed"))?;
        work.add_item(&item("M2", "two", None), None)
    })
    .unwrap();
    let secret = |id: &str| read(store, |work| work.item_secret(id)).map(|secret| secret.to_vec());
    assert_eq!((secret("M1"), secret("M2"), secret("M3")), (Some(b"seed".to_vec()), None, None));
    write(store, |work| work.put_item_secret("M2", b"other")).unwrap();
    assert_eq!(secret("M2"), Some(b"other".to_vec()));
    assert_eq!(refusal(store, |work| work.put_item_secret("M3", b"")), Some(ErrorKind::Missing));
}

pub fn a_role_keeps_its_details_as_long_as_it_is(store: &dyn Store) {
    populate(store);
    let details = |text: &str| RoleDetails { trust: text.into(), description: None, session_seconds_max: 3_600 };
    let put = |work: &mut dyn UnitOfWork| -> Done {
        work.add_identity(&identity(IdentityKind::Role, "AROA0", "reader"))?;
        work.put_role("AROA0", &details("{}"))
    };
    write(store, put).unwrap();
    write(store, |work| work.put_role("AROA0", &details("[]"))).unwrap();
    assert_eq!(read(store, |work| work.role("AROA0")), Some(details("[]")));
    write(store, |work| work.delete_identity("AROA0")).unwrap();
    assert_eq!(read(store, |work| work.role("AROA0")), None);
}
