//! S3 requests whose body takes part in the decision: configurations, multi-object deletes, forms.

use bytes::Bytes;
use countersign::{
    base::{Fault, Operation as _},
    mapping::s3::{Answer, Op, Style},
};
use http::Method;

use super::mapping::{Sent, fact, needs, request, with_body};

#[test]
fn documents_add_needs() {
    let lock: &[(&str, &str)] = &[
        ("x-amz-bucket-object-lock-enabled", "true"),
        ("x-amz-object-ownership", "ObjectWriter"),
        ("x-amz-acl", "public-read"),
    ];
    let tagged = "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint>\
                  <Tags><Tag><Key>Team</Key><Value>a</Value></Tag></Tags></CreateBucketConfiguration>";
    let cases: &[(&str, Sent, &str, &[&str])] = &[
        ("PUT /photos", &[], "", &["CreateBucket photos"]),
        ("PUT /photos", &[("x-amz-acl", "private")], "", &["CreateBucket photos"]),
        (
            "PUT /photos",
            lock,
            "",
            &[
                "CreateBucket photos",
                "PutBucketAcl photos",
                "PutBucketObjectLockConfiguration photos",
                "PutBucketVersioning photos",
                "PutBucketOwnershipControls photos",
            ],
        ),
        ("PUT /photos", &[], tagged, &["CreateBucket photos", "TagResource photos"]),
        (
            "PUT /photos?logging",
            &[],
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
            &["PutBucketLogging photos", "PutObject logs/*"],
        ),
        (
            "PUT /photos?replication",
            &[],
            "<ReplicationConfiguration><Role>arn:aws:iam::1:role/r</Role><Rule><Destination>\
             <Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule></ReplicationConfiguration>",
            &["PutReplicationConfiguration photos", "iam:PassRole arn:aws:iam::1:role/r", "PutObject copy/*"],
        ),
        (
            "PUT /photos/a?retention",
            &[("x-amz-bypass-governance-retention", "True")],
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-01-11T00:00:00Z</RetainUntilDate></Retention>",
            &["PutObjectRetention photos/a", "BypassGovernanceRetention photos/a"],
        ),
    ];
    for (line, sent, body, expected) in cases {
        assert_eq!(needs(&with_body(line, sent, body).unwrap()), *expected, "{line}");
    }
    let call = with_body("PUT /photos", &[], tagged).unwrap();
    assert_eq!(fact(&call, 0, "s3:locationconstraint").as_deref(), Some("eu"));
    assert_eq!(fact(&call, 1, "aws:requesttag/team").as_deref(), Some("a"));
    assert_eq!(call.upstream_body().unwrap(), tagged);
}

#[test]
fn keys_are_deleted_one_by_one() {
    let body = "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                <Object><Key>a</Key></Object><Object><Key>b c</Key><VersionId>v</VersionId></Object>\
                <Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>";
    let sent = [("content-md5", "of-the-clients-bytes"), ("x-amz-checksum-crc32", "AAAAAA==")];
    let mut call = with_body("POST /photos?delete", &sent, body).unwrap();
    assert_eq!(needs(&call), ["DeleteObject photos/a", "DeleteObjectVersion photos/b c", "DeleteObject photos/a"]);
    assert_eq!(call.needs().iter().map(|need| need.item).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    assert_eq!(fact(&call, 1, "s3:versionid").as_deref(), Some("v"));
    assert_eq!(fact(&call, 0, "s3:versionid"), None);
    assert!(!call.answers_per_key());
    assert_eq!(call.answer(), Answer::PerKey);
    call.refuse_item(1, "denied");
    assert!(call.answers_per_key());
    let sent = String::from_utf8(call.upstream_body().unwrap().to_vec()).unwrap();
    assert!(!sent.contains("b c") && sent.matches("<Key>a</Key>").count() == 2 && sent.contains("<Quiet>true</Quiet>"));
    let headers = call.upstream(Style::Path).headers;
    assert!(!headers.contains_key("x-amz-checksum-crc32") && headers["content-md5"] != "of-the-clients-bytes");
    let answer = call.merge_delete_result(Some(b"<DeleteResult/>")).unwrap();
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(answer.contains(
        "<Error><Key>b c</Key><VersionId>v</VersionId><Code>AccessDenied</Code><Message>denied</Message></Error>"
    ));
    assert_eq!(call.merge_delete_result(Some(b"oops")).unwrap_err().status, 500);

    let bypass = [("x-amz-bypass-governance-retention", "true")];
    let call = with_body("POST /photos?delete", &bypass, "<Delete><Object><Key>a</Key></Object></Delete>").unwrap();
    assert_eq!(needs(&call), ["DeleteObject photos/a", "BypassGovernanceRetention photos/a"]);
    assert!(call.needs().iter().all(|need| need.item == Some(0)));
}

#[test]
fn documents_that_are_not_clear_are_refused() {
    let cases = [
        ("PUT /photos/a?tagging", "<Tagging/>", "MalformedXML"),
        ("PUT /photos/a?tagging", "<Tagging><TagSet/><TagSet/></Tagging>", "MalformedXML"),
        ("PUT /photos/a?tagging", "", "MalformedXML"),
        ("PUT /photos/a?legal-hold", "<LegalHold><Status>MAYBE</Status></LegalHold>", "MalformedXML"),
        ("PUT /photos/a?retention", "<Retention><Mode>GOVERNANCE</Mode></Retention>", "MalformedXML"),
        ("PUT /photos/a?retention", "<Retention><EventHold>ON</EventHold></Retention>", "NotImplemented"),
        (
            "POST /photos/a?restore",
            "<RestoreRequest><OutputLocation><S3/></OutputLocation></RestoreRequest>",
            "NotImplemented",
        ),
        (
            "PUT /photos",
            "<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>",
            "NotImplemented",
        ),
        (
            "PUT /photos?logging",
            "<BucketLoggingStatus><LoggingEnabled><TargetBucket>*</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
            "InvalidBucketName",
        ),
        (
            "PUT /photos?replication",
            "<ReplicationConfiguration><Role>arn:aws:iam::1:user/u</Role></ReplicationConfiguration>",
            "MalformedXML",
        ),
        ("PUT /photos", "<!DOCTYPE a><CreateBucketConfiguration/>", "MalformedXML"),
    ];
    for (line, body, code) in cases {
        assert_eq!(with_body(line, &[], body).map(|call| call.op()).unwrap_err().code, code, "{line} {body}");
    }
    assert!(request("GET /photos/a", &[]).unwrap().with_body(&Bytes::new()).is_err());
}

#[test]
fn a_form_becomes_a_put() {
    let sent = [("content-type", "multipart/form-data; boundary=x"), ("x-amz-acl", "ignored")];
    let form = |fields: &[(&str, &str)]| {
        let mut call = request("POST /photos", &sent)?;
        assert!(call.needs().is_empty());
        call.with_form(fields)?;
        Ok::<_, Fault>(call)
    };
    let tagging = "<Tagging><TagSet><Tag><Key>t</Key><Value>1 2</Value></Tag></TagSet></Tagging>";
    let call = form(&[
        ("Key", "up/a b"),
        ("acl", "public-read"),
        ("tagging", tagging),
        ("Content-Type", "image/png"),
        ("X-Amz-Signature", "s"),
        ("policy", "p"),
        ("x-amz-meta-who", "me"),
    ])
    .unwrap();
    let resource = "photos/up/a b";
    let expected = ["PutObject", "PutObjectAcl", "PutObjectTagging"].map(|action| format!("{action} {resource}"));
    assert_eq!((call.op(), needs(&call)), (Op::PostObject, expected.to_vec()));
    let upstream = call.upstream(Style::Path);
    assert_eq!((upstream.method, upstream.path.as_str()), (Method::PUT, "/photos/up/a%20b"));
    assert_eq!(upstream.headers["x-amz-tagging"], "t=1%202");
    assert_eq!(upstream.headers["content-type"], "image/png");
    assert_eq!(upstream.headers["x-amz-acl"], "public-read");
    assert_eq!(upstream.headers.len(), 4);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "InvalidArgument"),
        (&[("key", "a"), ("Key", "b")], "InvalidArgument"),
        (&[("key", "a"), ("acl", "x"), ("x-amz-acl", "y")], "InvalidArgument"),
        (&[("key", "../a")], "InvalidURI"),
        (&[("key", "a"), ("bucket", "other")], "InvalidArgument"),
        (&[("key", "a"), ("x-amz-copy-source", "other/b")], "NotImplemented"),
        (&[("key", "a"), ("authorization", "x")], "NotImplemented"),
    ];
    for (fields, code) in cases {
        assert_eq!(form(fields).map(|call| call.op()).unwrap_err().code, *code, "{fields:?}");
    }
}
