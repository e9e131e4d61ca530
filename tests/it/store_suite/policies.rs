//! Managed and inline policies.

use countersign::{
    base::Arn,
    store::{ErrorKind, IdentityKind, InlinePolicy, ManagedPolicy, Page, PolicyUse, Store},
};

use super::{account, at, names, policy, populate, read, refusal, write};

pub fn policies_are_found_by_their_arn_to_the_letter(store: &dyn Store) {
    populate(store);
    let made = ManagedPolicy { path: "/a/b/".into(), description: Some("why".into()), ..policy("ANPA3", "Deep") };
    write(store, |work| work.add_policy(&made, " {\"x\": 1}\n")).unwrap();
    let cases = [
        ("arn:aws:iam::123456789012:policy/a/b/Deep", true),
        ("arn:aws:iam::123456789012:policy/a/b/deep", false),
        ("arn:aws:iam::123456789012:policy/Deep", false),
        ("arn:aws:iam::123456789012:user/a/b/Deep", false),
        ("arn:aws:iam::000000000001:policy/a/b/Deep", false),
        ("arn:aws:iam::aws:policy/a/b/Deep", false),
        ("arn:aws:iam::123456789012:Deep", false),
    ];
    for (arn, found) in cases {
        let expected = found.then(|| made.clone());
        assert_eq!(read(store, |work| work.policy(&Arn::parse(arn).unwrap())), expected, "{arn}");
    }
    let version = read(store, |work| work.policy_version("ANPA3", 1)).unwrap();
    assert_eq!((&*version.document, version.is_default), (" {\"x\": 1}\n", true));
}

pub fn version_numbers_are_never_used_again(store: &dyn Store) {
    populate(store);
    let add = |document: &str, second, default| {
        write(store, |work| work.add_policy_version("ANPA1", document, at(second), default))
    };
    assert_eq!(add("{\"v\":2}", 2, true), Ok(2));
    assert_eq!(add("{\"v\":3}", 3, false), Ok(3));
    let found = read(store, |work| work.policy_by_id("ANPA1")).unwrap();
    assert_eq!((found.default_version, found.updated), (2, at(3)));
    let default = |number| refusal(store, |work| work.set_default_version("ANPA1", number));
    let delete = |number| refusal(store, |work| work.delete_policy_version("ANPA1", number));
    assert_eq!(delete(2), Some(ErrorKind::InUse));
    assert_eq!([delete(3), delete(3), default(3)], [None, Some(ErrorKind::Missing), Some(ErrorKind::Missing)]);
    assert_eq!(add("{\"v\":4}", 4, false), Ok(4));
    assert_eq!([default(4), delete(2)], [None, None]);
    let versions = read(store, |work| work.policy_versions("ANPA1"));
    let seen: Vec<_> = versions.iter().map(|it| (it.number, &*it.document, it.is_default)).collect();
    assert_eq!(seen, [(1, "{\"read\":1}", false), (4, "{\"v\":4}", true)]);
}

pub fn a_policy_in_use_is_kept(store: &dyn Store) {
    populate(store);
    let delete = || refusal(store, |work| work.delete_policy("ANPA1"));
    write(store, |work| work.attach("AGPA1", "ANPA1")).unwrap();
    assert_eq!(delete(), Some(ErrorKind::InUse));
    write(store, |work| work.detach("AGPA1", "ANPA1")).unwrap();
    write(store, |work| work.add_policy_version("ANPA1", "{}", at(1), true)).unwrap();
    assert_eq!(delete(), Some(ErrorKind::InUse));
    assert_eq!(read(store, |work| work.policy_versions("ANPA1")).len(), 2);
    write(store, |work| work.delete_policy_version("ANPA1", 1)).unwrap();
    assert_eq!([delete(), delete()], [None, Some(ErrorKind::Missing)]);
    assert_eq!(read(store, |work| work.count_policies(account())), 1);
    // The name is free again, the id is not the old one.
    assert_eq!(refusal(store, |work| work.add_policy(&policy("ANPA9", "read"), "{}")), None);
}

pub fn attachments_are_counted_and_listed_from_both_ends(store: &dyn Store) {
    populate(store);
    for (identity, policy, new) in
        [("AIDA1", "ANPA2", true), ("AIDA1", "ANPA1", true), ("AIDA1", "ANPA1", false), ("AGPA1", "ANPA1", true)]
    {
        assert_eq!(write(store, |work| work.attach(identity, policy)), Ok(new), "{identity} {policy}");
    }
    let attached = read(store, |work| work.attached_policies("AIDA1", Page::ALL)).items;
    let seen: Vec<_> = attached.iter().map(|it| (&*it.name, it.attachments)).collect();
    assert_eq!(seen, [("Read", 2), ("Write", 1)]);
    for (kind, expected) in [(IdentityKind::User, "Ann"), (IdentityKind::Group, "staff")] {
        assert_eq!(names(&read(store, |work| work.attached_identities("ANPA1", kind, Page::ALL)).items), [expected]);
    }
    assert_eq!(write(store, |work| work.detach("AIDA1", "ANPA2")), Ok(true));
    assert_eq!(write(store, |work| work.detach("AIDA1", "ANPA2")), Ok(false));
    let uses =
        [(PolicyUse::Attached, vec!["Read"]), (PolicyUse::Any, vec!["Read", "Write"]), (PolicyUse::Boundary, vec![])];
    for (used, expected) in uses {
        let listing = read(store, |work| work.policies(account(), used, Page::ALL));
        assert_eq!(listing.items.iter().map(|it| &*it.name).collect::<Vec<_>>(), expected);
    }
}

pub fn a_user_has_one_boundary_at_most(store: &dyn Store) {
    populate(store);
    let put = |policy: Option<&str>| write(store, |work| work.put_boundary("AIDA1", policy));
    let bounds = |id: &str| read(store, |work| work.policy_by_id(id)).unwrap().boundaries;
    assert_eq!(put(None), Ok(false));
    assert_eq!(put(Some("ANPA1")), Ok(false));
    assert_eq!((put(Some("ANPA2")), bounds("ANPA1"), bounds("ANPA2")), (Ok(true), 0, 1));
    assert_eq!(read(store, |work| work.boundary("AIDA1")).unwrap().name, policy("ANPA2", "Write").name);
    assert_eq!(
        names(&read(store, |work| work.bounded_identities("ANPA2", IdentityKind::User, Page::ALL)).items),
        ["Ann"]
    );
    let listed = read(store, |work| work.policies(account(), PolicyUse::Boundary, Page::ALL));
    assert_eq!(listed.items.iter().map(|it| &*it.name).collect::<Vec<_>>(), ["Write"]);
    assert_eq!(read(store, |work| work.holding("AIDA1")).unwrap().boundary.as_deref(), Some("ANPA2"));
    assert_eq!(refusal(store, |work| work.delete_policy("ANPA2")), Some(ErrorKind::InUse));
    assert!(refusal(store, |work| work.put_boundary("AIDA1", Some("ANPA9")).map(drop)).is_some());
    assert_eq!((put(None), bounds("ANPA2")), (Ok(true), 0));
    // Whoever is deleted bounds nothing any more.
    put(Some("ANPA2")).unwrap();
    write(store, |work| {
        work.add_identity(&crate::store_suite::identity(IdentityKind::User, "AIDA7", "Eve"))?;
        work.put_boundary("AIDA7", Some("ANPA2"))
    })
    .unwrap();
    write(store, |work| work.delete_identity("AIDA7")).unwrap();
    assert_eq!(bounds("ANPA2"), 1);
}

pub fn inline_policies_replace_each_other_by_name(store: &dyn Store) {
    populate(store);
    let put = |name: &str, document: &str| {
        let policy = InlinePolicy { name: name.into(), document: document.into() };
        write(store, |work| work.put_inline_policy("AGPA1", &policy)).unwrap();
    };
    put("b", "1");
    put("A", "2");
    put("a", " 3 ");
    let all = read(store, |work| work.inline_policies("AGPA1"));
    assert_eq!(all.iter().map(|it| (&*it.name, &*it.document)).collect::<Vec<_>>(), [("a", " 3 "), ("b", "1")]);
    assert_eq!(&*read(store, |work| work.inline_policy("AGPA1", "B")).unwrap().name, "b");
    assert_eq!(read(store, |work| work.inline_policy("AIDA1", "b")), None);
    assert_eq!(write(store, |work| work.delete_inline_policy("AGPA1", "B")), Ok(true));
    assert_eq!(write(store, |work| work.delete_inline_policy("AGPA1", "b")), Ok(false));
}
