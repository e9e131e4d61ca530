//! `operations`: the list of what is offered is the table that calls are dispatched by.

use countersign::api::{coverage::coverage, iam, sts};

use super::run;

#[test]
fn every_operation_is_listed_once_with_its_reason() {
    let (plain, markdown) = (run(&["operations"], &[]), run(&["operations", "--markdown"], &[]));
    assert_eq!((plain.code, markdown.code), (Some(0), Some(0)));
    for operation in coverage() {
        let access = if operation.read_only { "read" } else { "write" };
        let offered = match (operation.missing, operation.extension) {
            (Some(reason), None) => format!("no: {reason}"),
            (None, Some(key)) => format!("extension, off unless {key} is configured"),
            (None, None) => "yes".to_owned(),
            (Some(_), Some(_)) => panic!("{operation:?}"),
        };
        let named = |line: &&str| line.split_whitespace().next() == Some(operation.name);
        let lines: Vec<&str> = plain.out.lines().filter(named).collect();
        let words: Vec<String> =
            lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(words, [format!("{} {access} {offered}", operation.name)]);
        let row = format!("\n| `{}` | {access} | {offered} |\n", operation.name);
        assert_eq!(markdown.out.matches(&row).count(), 1, "{row}");
    }
    let all = iam::OFFERED.len() + iam::NOT_OFFERED.len();
    assert!(plain.out.contains(&format!("IAM: {} of {all} operations\n", iam::OFFERED.len())), "{}", plain.out);
    let (offered, all) = (sts::OFFERED.len(), sts::OFFERED.len() + sts::NOT_OFFERED.len());
    assert!(plain.out.contains(&format!("STS: {offered} of {all} operations, and 2 extensions\n")), "{}", plain.out);
    let missing = run(&["operations", "--missing"], &[]).out;
    assert_eq!(missing.matches(" no: ").count(), iam::NOT_OFFERED.len() + sts::NOT_OFFERED.len());
    assert!(!missing.contains(" yes\n") && !missing.contains("extension,"), "{missing}");
    let extensions = coverage().into_iter().filter_map(|operation| Some((operation.name, operation.extension?)));
    let expected =
        [("AssumeRoleWithCertificate", "client_certificates.role"), ("AssumeRoleWithLDAPIdentity", "ldap.url")];
    assert_eq!(extensions.collect::<Vec<_>>(), expected);
}
