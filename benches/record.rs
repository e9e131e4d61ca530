//! Writing the record of an S3 data event, and handing it to the spool.
// A bench that cannot be set up panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

use std::{net::IpAddr, sync::Arc};

use countersign::{
    audit::{
        Record, Spool, Urgency,
        record::{Additional, Category, Identity, Parameters, Resource, S3Parameters, TlsDetails},
        spool::SpoolConfig,
    },
    base::{AccessKeyId, Arn, Principal, RequestId, Timestamp, principal::User},
};
use divan::{Bencher, black_box};
use uuid::Uuid;

const ACCOUNT: &str = "111122223333";

fn main() {
    divan::main();
}

fn write_one(out: &mut Vec<u8>, principal: &Principal, access_key: &AccessKeyId) {
    let account = ACCOUNT.parse().ok();
    let further = [("versionId", "3HL4kqtJvjVBH40Nrjfkd"), ("x-amz-acl", "private")];
    let host = "s3.us-east-1.amazonaws.com";
    let cipher_suite = "TLS_AES_128_GCM_SHA256";
    let resources =
        [Resource::Object { bucket: "data", key: "photos/2026/a b.jpg" }, Resource::Bucket { bucket: "data", account }];
    Record {
        at: Timestamp::UNIX_EPOCH,
        identity: Identity::Verified { principal, access_key: Some(access_key), session: None },
        service: "s3",
        event_name: "GetObject",
        region: "us-east-1",
        source_ip: IpAddr::from([192, 0, 2, 7]),
        user_agent: Some(b"aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11"),
        error: None,
        parameters: Parameters::S3(S3Parameters {
            bucket: Some("data"),
            host,
            key: Some("photos/2026/a b.jpg"),
            further: &further,
        }),
        response: None,
        additional: Additional {
            signature_version: Some("SigV4"),
            cipher_suite: Some(cipher_suite),
            bytes_in: Some(0),
            authentication_method: Some("AuthHeader"),
            bytes_out: Some(1 << 20),
            ..Additional::default()
        },
        request_id: RequestId::from_random([7; 16]),
        event_id: Uuid::from_u128(7),
        read_only: true,
        resources: &resources,
        category: Category::Data,
        api_version: None,
        recipient: account,
        tls: Some(TlsDetails { version: "TLSv1.3", cipher_suite, host }),
    }
    .write(out);
}

fn caller() -> (Principal, AccessKeyId) {
    let user = User {
        account: ACCOUNT.parse().unwrap(),
        id: "AIDAEXAMPLEEXAMPLEAAA".into(),
        name: "ann".into(),
        arn: Arn::iam(ACCOUNT, "user/ann"),
    };
    (Principal::User(Arc::new(user)), AccessKeyId::parse("AKIAEXAMPLEEXAMPLE00").unwrap())
}

#[divan::bench]
fn s3_data_event(bencher: Bencher<'_, '_>) {
    let (principal, key) = caller();
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        write_one(&mut out, &principal, &key);
        black_box(out.len())
    });
}

#[divan::bench]
fn append_a_read(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    // The bench outruns any disk; with room for all lines, none is refused and each is copied.
    let config = SpoolConfig { backlog_bytes_max: 4 << 30, ..SpoolConfig::new(dir.path()) };
    let spool = Spool::open(config).unwrap();
    let (principal, key) = caller();
    let mut line = Vec::new();
    write_one(&mut line, &principal, &key);
    bencher.bench_local(|| black_box(spool.append(&line, Urgency::Soon)));
}
