//! Accounts, users, groups, memberships, tags.

use countersign::{
    base::{AccountId, Tag},
    store::{Account, ErrorKind, Identity, IdentityKind, InlinePolicy, KeyStatus, Page, Store, UnitOfWork},
};

use super::{
    Done, access_key, account, at, group, key_id, names, owner, policy, populate, read, refusal, secret, user, write,
};

pub fn accounts_are_made_once(store: &dyn Store) {
    let made = Account { id: account(), created: at(5), public_access_block: None };
    let other = Account { id: AccountId::from_number(1), created: at(6), public_access_block: None };
    write(store, |work| work.add_account(&made)).unwrap();
    write(store, |work| work.add_account(&other)).unwrap();
    assert_eq!(refusal(store, |work| work.add_account(&made)), Some(ErrorKind::Exists));
    assert_eq!(read(store, |work| work.account(account())), Some(made.clone()));
    assert_eq!(read(store, |work| work.account(AccountId::from_number(2))), None);
    assert_eq!(read(store, |work| work.accounts()), [other, made]);
}

pub fn names_are_unique_without_regard_to_case(store: &dyn Store) {
    populate(store);
    for name in ["ann", "ANN", "Ann"] {
        assert_eq!(refusal(store, |work| work.add_identity(&user("AIDA3", name))), Some(ErrorKind::Exists), "{name}");
        let found = read(store, |work| work.identity(account(), IdentityKind::User, name));
        assert_eq!(found, Some(user("AIDA1", "Ann")), "{name}");
    }
    assert_eq!(refusal(store, |work| work.add_policy(&policy("ANPA3", "READ"), "{}")), Some(ErrorKind::Exists));
    assert_eq!(refusal(store, |work| work.add_identity(&user("AIDA1", "new"))), Some(ErrorKind::Exists));
    // Another kind and another account are other worlds.
    assert_eq!(refusal(store, |work| work.add_identity(&group("AGPA2", "ann"))), None);
    let elsewhere = AccountId::from_number(7);
    write(store, |work| {
        work.add_account(&Account { id: elsewhere, created: at(0), public_access_block: None })?;
        work.add_identity(&Identity { account: elsewhere, ..user("AIDA4", "ann") })
    })
    .unwrap();
    assert_eq!(read(store, |work| work.count_identities(elsewhere, IdentityKind::User)), 1);
    assert_eq!(read(store, |work| work.count_identities(account(), IdentityKind::User)), 2);
    assert_eq!(read(store, |work| work.count_policies(account())), 2);
}

pub fn a_renamed_identity_keeps_its_id(store: &dyn Store) {
    populate(store);
    assert_eq!(refusal(store, |work| work.rename_identity("AIDA1", "BOB", "/")), Some(ErrorKind::Exists));
    for (name, path, arn) in [
        ("ANN", "/", "arn:aws:iam::123456789012:user/ANN"),
        ("Anna", "/a/b/", "arn:aws:iam::123456789012:user/a/b/Anna"),
    ] {
        write(store, |work| work.rename_identity("AIDA1", name, path)).unwrap();
        let found = read(store, |work| work.identity_by_id("AIDA1")).unwrap();
        assert_eq!((&*found.name, &*found.path, found.arn().as_str()), (name, path, arn));
    }
    assert_eq!(read(store, |work| work.identity(account(), IdentityKind::User, "ann")), None);
}

pub fn listings_go_on_from_their_marker(store: &dyn Store) {
    write(store, |work| {
        work.add_account(&Account { id: account(), created: at(0), public_access_block: None })?;
        for (number, (name, path)) in
            [("d", "/"), ("B", "/x/"), ("a", "/x/"), ("C", "/x/y/"), ("e", "/xy/")].into_iter().enumerate()
        {
            work.add_identity(&Identity { path: path.into(), ..user(&format!("AIDA{number}"), name) })?;
        }
        Ok(())
    })
    .unwrap();
    let list = |after: Option<&str>, items_max, path_prefix| {
        let page = Page { after, items_max, path_prefix };
        let listing = read(store, |work| work.identities(account(), IdentityKind::User, page));
        (names(&listing.items).join(""), listing.next.map(String::from))
    };
    let cases = [
        (None, usize::MAX, "/", "aBCde", None),
        (None, 5, "/", "aBCde", None),
        (None, 2, "/", "aB", Some("b")),
        (Some("b"), 2, "/", "Cd", Some("d")),
        (Some("d"), 2, "/", "e", None),
        (Some("e"), 2, "/", "", None),
        (None, 9, "/x/", "aBC", None),
        (None, 9, "/x", "aBCe", None),
        (Some("a"), 1, "/x/", "B", Some("b")),
        (None, 9, "/X", "", None),
    ];
    for (after, items_max, prefix, expected, next) in cases {
        let expected = (expected.to_owned(), next.map(str::to_owned));
        assert_eq!(list(after, items_max, prefix), expected, "{after:?} {items_max} {prefix}");
    }
    // The item that the marker names may go; the listing goes on behind it.
    write(store, |work| work.delete_identity("AIDA1")).unwrap();
    assert_eq!(list(Some("b"), 1, "/"), ("C".to_owned(), Some("c".to_owned())));
}

pub fn an_identity_in_use_is_kept(store: &dyn Store) {
    populate(store);
    let delete = |id: &str| refusal(store, |work| work.delete_identity(id));
    write(store, |work| work.add_member("AGPA1", "AIDA1")).unwrap();
    assert_eq!([delete("AIDA1"), delete("AGPA1")], [Some(ErrorKind::InUse); 2]);
    write(store, |work| work.remove_member("AGPA1", "AIDA1")).unwrap();

    write(store, |work| work.attach("AIDA1", "ANPA1")).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.detach("AIDA1", "ANPA1")).unwrap();

    let inline = InlinePolicy { name: "p".into(), document: "{}".into() };
    write(store, |work| work.put_inline_policy("AIDA1", &inline)).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.delete_inline_policy("AIDA1", "p")).unwrap();

    let key = access_key("AKIAIOSFODNN7EXAMPLE", owner("AIDA1"));
    write(store, |work| work.add_access_key(&key, &secret("s"))).unwrap();
    assert_eq!(delete("AIDA1"), Some(ErrorKind::InUse));
    write(store, |work| work.delete_access_key(&key.id)).unwrap();

    let tag = Tag::new("team", "a").unwrap();
    write(store, |work| work.put_tags("AIDA1", &[tag])).unwrap();
    assert_eq!(delete("AIDA1"), None);
    assert_eq!(delete("AIDA1"), Some(ErrorKind::Missing));
    assert_eq!(read(store, |work| work.tags("AIDA1")), []);
    assert_eq!(delete("AGPA1"), None);
    let count = |kind| read(store, |work| work.count_identities(account(), kind));
    assert_eq!([count(IdentityKind::User), count(IdentityKind::Group)], [1, 0]);
}

pub fn members_and_groups_see_each_other(store: &dyn Store) {
    populate(store);
    write(store, |work| work.add_identity(&group("AGPA2", "Admins"))).unwrap();
    for (group, user, new) in
        [("AGPA1", "AIDA2", true), ("AGPA1", "AIDA1", true), ("AGPA1", "AIDA1", false), ("AGPA2", "AIDA1", true)]
    {
        assert_eq!(write(store, |work| work.add_member(group, user)), Ok(new), "{group} {user}");
    }
    assert_eq!(names(&read(store, |work| work.members("AGPA1", Page::ALL)).items), ["Ann", "bob"]);
    assert_eq!(names(&read(store, |work| work.groups_of("AIDA1", Page::ALL)).items), ["Admins", "staff"]);
    let first = read(store, |work| work.members("AGPA1", Page { items_max: 1, ..Page::ALL }));
    assert_eq!((names(&first.items), first.next.as_deref()), (vec!["Ann"], Some("ann")));
    assert_eq!(write(store, |work| work.remove_member("AGPA1", "AIDA1")), Ok(true));
    assert_eq!(write(store, |work| work.remove_member("AGPA1", "AIDA1")), Ok(false));
    assert_eq!(names(&read(store, |work| work.groups_of("AIDA1", Page::ALL)).items), ["Admins"]);
}

pub fn tags_replace_each_other_by_key(store: &dyn Store) {
    populate(store);
    let tag = |key: &str, value: &str| Tag::new(key, value).unwrap();
    for resource in ["AIDA1", "ANPA1"] {
        write(store, |work| work.put_tags(resource, &[tag("b", "1"), tag("É", "2")])).unwrap();
        write(store, |work| work.put_tags(resource, &[tag("é", "3"), tag("A", "")])).unwrap();
        assert_eq!(read(store, |work| work.tags(resource)), [tag("A", ""), tag("b", "1"), tag("é", "3")]);
        write(store, |work| work.delete_tags(resource, &["B", "É", "none"])).unwrap();
        assert_eq!(read(store, |work| work.tags(resource)), [tag("A", "")]);
    }
    assert_eq!(read(store, |work| work.tags("AIDA2")), []);
}

pub fn what_is_missing_is_refused_by_name(store: &dyn Store) {
    populate(store);
    let inline = InlinePolicy { name: "p".into(), document: "{}".into() };
    let gone = key_id("AKIAGONE000000000001");
    let stranger = Identity { account: AccountId::from_number(9), ..user("AIDA9", "x") };
    let key = access_key("AKIAGONE000000000001", owner("AIDA9"));
    type Act<'a> = Box<dyn Fn(&mut dyn UnitOfWork) -> Done + 'a>;
    let acts: [(&str, Act<'_>); 14] = [
        ("add to no account", Box::new(|work| work.add_identity(&stranger))),
        ("rename", Box::new(|work| work.rename_identity("AIDA9", "x", "/"))),
        ("delete", Box::new(|work| work.delete_identity("AIDA9"))),
        ("member", Box::new(|work| work.add_member("AGPA1", "AIDA9").map(drop))),
        ("group", Box::new(|work| work.add_member("AGPA9", "AIDA1").map(drop))),
        ("attach to", Box::new(|work| work.attach("AIDA9", "ANPA1").map(drop))),
        ("attach", Box::new(|work| work.attach("AIDA1", "ANPA9").map(drop))),
        ("inline", Box::new(|work| work.put_inline_policy("AIDA9", &inline))),
        ("tag", Box::new(|work| work.put_tags("AIDA9", &[]))),
        ("key", Box::new(|work| work.add_access_key(&key, &secret("s")))),
        ("status", Box::new(|work| work.set_access_key_status(&gone, KeyStatus::Active))),
        ("delete key", Box::new(|work| work.delete_access_key(&gone))),
        ("version", Box::new(|work| work.add_policy_version("ANPA9", "{}", at(0), true).map(drop))),
        ("delete policy", Box::new(|work| work.delete_policy("ANPA9"))),
    ];
    let before = read(store, |work| work.latest());
    for (what, act) in acts {
        assert_eq!(refusal(store, act), Some(ErrorKind::Missing), "{what}");
    }
    assert_eq!(read(store, |work| work.latest()), before);
}
