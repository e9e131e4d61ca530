//! `simulate`: verdicts in words, and an exit status that scripts can use.

use std::{fs, path::PathBuf};

use super::{run, text};

const READ: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
    {
      "Sid": "FromHome",
      "Effect": "Deny",
      "Action": "*",
      "Resource": "arn:aws:s3:::secret/*",
      "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    }
  ]
}"#;
const FOR_BOB: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"999999999999"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}"#;

#[test]
fn verdicts_are_told_in_words_and_as_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, document: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, document).unwrap();
        path
    };
    let read = file("read.json", READ);
    let nothing = file("nothing.json", &READ.replace("s3:Get*", "sqs:*"));
    let bucket = file("bucket.json", FOR_BOB);
    let bad = file("bad.json", "{}");
    let (read, nothing, bucket, bad) = (text(&read), text(&nothing), text(&bucket), text(&bad));
    let on_a = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::a/k"];
    let on_secret = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::secret/k"];
    let bob = ["--caller", "arn:aws:iam::999999999999:user/bob"];
    let said = |parts: &[&[&str]], code: i32, holds: &[&str]| {
        let arguments = [&["simulate"][..], &parts.concat()].concat();
        let said = run(&arguments, &[]);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.out, said.err);
        for part in holds {
            assert!(
                said.out.contains(part) || said.err.contains(part),
                "{arguments:?}: {part}\n{}{}",
                said.out,
                said.err
            );
        }
    };
    said(
        &[&["--policy", read], &on_a],
        0,
        &[
            "ALLOWED s3:GetObject on arn:aws:s3:::a/k: by the identity-based policy\n  identity-based policy    allows\n    Allow statement 0 Read, ",
            "read.json, lines 3-4\n",
        ],
    );
    said(
        &[&["--policy", read], &on_secret],
        3,
        &[
            "DENIED  ",
            "with an explicit deny in an identity-based policy",
            "statement 1 FromHome",
            "not told, but asked for: aws:SourceIp",
        ],
    );
    said(&[&["--policy", read, "--context", "aws:SourceIp=192.0.2.7"], &on_secret], 0, &["ALLOWED"]);
    said(&[&["--policy", nothing], &on_a], 3, &["because no identity-based policy allows the s3:GetObject action"]);
    said(
        &[&["--policy", read, "--boundary", nothing], &on_a],
        3,
        &["because no permissions boundary allows", "permissions boundary     does not speak of it"],
    );
    said(
        &[&["--policy", read, "--service-control", read, "--service-control", nothing], &on_a],
        3,
        &["because no service control policy allows"],
    );
    said(&[&["--policy", read, "--session-policy", nothing], &on_a], 3, &["because no session policy allows"]);
    said(
        &[&["--policy", read, "--resource-owner", "111122223333"], &bob, &on_a],
        3,
        &["because no resource-based policy allows"],
    );
    said(
        &[&["--policy", read, "--resource-owner", "111122223333", "--resource-policy", bucket], &bob, &on_a],
        0,
        &["ALLOWED"],
    );
    said(
        &[&["--policy", read], &on_a, &["--resource", "arn:aws:s3:::secret/k"]],
        3,
        &["ALLOWED s3:GetObject on arn:aws:s3:::a/k", "DENIED  s3:GetObject on arn:aws:s3:::secret/k"],
    );
    // All faults at once.
    said(
        &[&["--policy", bad, "--policy", "nowhere.json", "--caller", "ann", "--context", "x", "--action", "s3:*"]],
        1,
        &[
            "bad.json: ",
            "nowhere.json: ",
            "--caller ann: no ARN",
            "--context x: write KEY=VALUE",
            "--action s3:*: write one action",
        ],
    );
}
