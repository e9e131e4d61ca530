//! The token goes out once it can be delivered, and only then.

use std::time::Duration;

use super::scene::{Scene, TOPIC};
use crate::road::{
    gateway::{ALLOW_ALL, Setup},
    upstream::{Answer, Upstream},
};

#[test]
fn a_token_that_does_not_arrive_changes_nothing() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let id = scene.brought("ACCEPTED", "workflow-1", &boss);
    scene.notices(2);
    type Script = fn() -> Answer;
    let broken: [Script; 5] = [
        || Answer::error(500, "Broken"),
        || Answer::Whole(302, vec![("location", "http://127.0.0.1:1/".into())], vec![]),
        || Answer::error(404, "Nowhere"),
        || Answer::Reset,
        || Answer::Late(Duration::from_secs(20), Box::new(Answer::ok(""))),
    ];
    for script in broken {
        scene.hook.answer(move |_| script());
        let told = format!("could not be delivered to the notification channel {TOPIC}. The request is as it was.");
        let answer = scene.does(&boss, "SendDelegationToken", &id, 500, &told);
        assert_eq!(answer.element("Code"), "ServiceFailure");
        assert_eq!(scene.state(&id), "ACCEPTED");
    }
    scene.hook.answer(|_| Answer::ok(""));
    let before = scene.token();
    scene.does(&boss, "SendDelegationToken", &id, 200, "");
    assert_eq!(scene.state(&id), "FINALIZED");
    assert_ne!(scene.token(), before);
}

/// A channel that is configured no more, and one that never was: nothing goes anywhere else.
#[test]
fn without_its_channel_a_request_gets_no_token() {
    let scene = Scene::new();
    let boss = scene.gateway.user("boss", Some(ALLOW_ALL));
    let id = scene.brought("ACCEPTED", "workflow-1", &boss);
    scene.notices(2);
    let path = scene.templates.path().display();
    let elsewhere = Upstream::start();
    let table = format!(
        "[delegation]\nrequesters = {{ \"444455556666\" = \"Example CI\" }}\n\
         channels = {{ \"arn:aws:sns:us-east-1:444455556666:other\" = \"http://{}/\" }}\n\
         templates = {{ \"{}\" = \"{path}/read.json\" }}\n",
        elsewhere.address,
        super::scene::READ
    );
    scene.gateway.reload(&scene.upstream, &Setup { tables: &table, ..Setup::default() }).unwrap();
    scene.does(&boss, "SendDelegationToken", &id, 500, "could not be delivered");
    assert_eq!((scene.state(&id), elsewhere.requests().len()), ("ACCEPTED".into(), 0));
    // Decisions do not wait for news of them.
    scene.does(&boss, "RejectDelegationRequest", &id, 200, "");
    assert_eq!(scene.hook.requests().len(), 2);
}

#[test]
fn where_only_the_owner_may_release_the_token_nobody_else_does() {
    let scene = Scene::new();
    let (ann, boss) = (scene.gateway.user("ann", None), scene.gateway.user("boss", Some(ALLOW_ALL)));
    let id = scene.ask(&[("OnlySendByOwner", "true")]);
    scene.does(&ann, "AssociateDelegationRequest", &id, 200, "");
    scene.does(&boss, "AcceptDelegationRequest", &id, 200, "");
    for key in [&boss, &scene.gateway.root()] {
        scene.does(
            key,
            "SendDelegationToken",
            &id,
            403,
            "Only the owner of the delegation request can send its token.",
        );
    }
    assert_eq!(scene.state(&id), "ACCEPTED");
    scene.does(&ann, "SendDelegationToken", &id, 200, "");
    // Where it is not said so, whoever may, may.
    let other = scene.brought("ASSIGNED", "workflow-2", &ann_like(&scene));
    scene.does(&boss, "AcceptDelegationRequest", &other, 200, "");
    scene.does(&boss, "SendDelegationToken", &other, 200, "");
}

fn ann_like(scene: &Scene) -> crate::road::signer::Key {
    scene.gateway.user("carl", None)
}
