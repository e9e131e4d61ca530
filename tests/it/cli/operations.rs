//! `operations`: the list of what is offered is the table that calls are dispatched by.

use countersign::api::{coverage::coverage, iam, sts};

use super::run;

#[test]
fn every_operation_is_listed_once_with_its_reason() {
    let (plain, markdown) = (run(&["operations"], &[]), run(&["operations", "--markdown"], &[]));
    assert_eq!((plain.code, markdown.code), (Some(0), Some(0)));
    for operation in coverage() {
        let access = if operation.read_only { "read" } else { "write" };
        let offered = operation.missing.map_or("yes".to_owned(), |reason| format!("no: {reason}"));
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
    let missing = run(&["operations", "--missing"], &[]).out;
    assert_eq!(missing.matches(" no: ").count(), iam::NOT_OFFERED.len() + sts::NOT_OFFERED.len());
    assert!(!missing.contains(" yes\n"));
}
