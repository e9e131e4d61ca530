//! `apply`, `import` and `export`: accounts as files.

use std::{fs, path::Path};

use serde_json::Value;

use super::{ROOT, Running, Said, run, text};

const ACCOUNT: (&str, &str) = ("COUNTERSIGN_ACCOUNT_ID", "123456789012");
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;

/// A whole account, with a file beside it.
const WHOLE: &str = r#"
[[policy]]
name = "read"
path = "/x/"
description = "what may <&> be read"
document = "read.json"
tags = { team = "a" }

[[policy]]
name = "two"
versions = ["read.json", '''{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}''']
default_version = 1

[[group]]
name = "staff"
policies = ["read"]
inline.own = "read.json"

[[user]]
name = "ann"
path = "/team/"
groups = ["staff"]
policies = ["two"]
boundary = "read"
tags = { team = "a", "k v" = "ä b" }
inline.own = "read.json"

[[role]]
name = "nightly"
description = "runs at night"
max_session_seconds = 7200
policies = ["two"]
boundary = "read"
tags = { team = "b" }
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}'''
"#;

/// A data folder that nobody serves, and files to apply to it.
struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(folder.path("read.json"), READ).unwrap();
        folder.init("data");
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn init(&self, data: &str) {
        assert_eq!(run(&["init", "--data-dir", text(&self.path(data))], &[ACCOUNT, ROOT[0], ROOT[1]]).code, Some(0));
    }

    fn apply(&self, file: &str, more: &[&str]) -> Said {
        let path = self.path("iam.toml");
        fs::write(&path, file).unwrap();
        let data = self.path("data");
        run(&[&["apply", "-f", text(&path), "--data-dir", text(&data)], more].concat(), &[])
    }

    fn export(&self, data: &str, more: &[&str]) -> String {
        let said = run(&[&["export", "--data-dir", text(&self.path(data))], more].concat(), &[]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    }
}

/// The lines of a plan.
fn lines(said: &Said) -> Vec<String> {
    said.out.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

#[test]
fn an_account_becomes_as_described_and_stays_so() {
    let folder = Folder::new();
    let shown = folder.apply(WHOLE, &[]);
    assert_eq!(shown.code, Some(3), "{}{}", shown.out, shown.err);
    assert!(shown.out.ends_with("Nothing was changed; --yes carries it out without asking.\n"), "{}", shown.out);
    assert!(folder.export("data", &["--toml"]).lines().count() == 1, "it was changed");
    let done = folder.apply(WHOLE, &["--yes"]);
    assert_eq!((done.code, lines(&done)), (Some(0), lines(&shown)), "{}", done.err);
    let read = "policy arn:aws:iam::123456789012:policy/x/read";
    for line in [
        "+ policy read",
        "+ policy two with 2 versions",
        "+ user ann",
        "+ role nightly",
        "+ user ann: group staff",
        &format!("+ group staff: {read}"),
    ] {
        assert!(lines(&done).iter().any(|known| known == line), "{line}: {:?}", lines(&done));
    }
    for file in [WHOLE, &folder.export("data", &["--toml"])] {
        let again = folder.apply(file, &["--prune"]);
        assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
        assert_eq!(again.out, "Nothing to do: account 123456789012 is as described.\n");
    }
    // Each change is a line, and what is carried out is what was shown.
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#;
    let second = "default_version = 1";
    for (from, to, expected) in [
        ("path = \"/team/\"", "path = \"/\"", &["~ user ann: path /team/ becomes /"][..]),
        ("groups = [\"staff\"]", "", &["- user ann: group staff"]),
        ("{ team = \"b\" }", "{ team = \"c\", new = \"d\" }", &["~ role nightly: tags new, team"]),
        ("{ team = \"a\" }", "{}", &["- policy read: tags team"]),
        (
            "max_session_seconds = 7200",
            "max_session_seconds = 3600",
            &["~ role nightly: description or length of sessions"],
        ),
        (second, "default_version = 2", &["~ policy two: version v2 in force"]),
        ("document = \"read.json\"", &format!("document = '''{deny}'''"), &["~ policy read: new version, in force"]),
        (
            "inline.own = \"read.json\"\n\n[[user]]",
            "inline.other = \"read.json\"\n\n[[user]]",
            &["- group staff: inline policy own", "+ group staff: inline policy other"],
        ),
        ("\"AWS\":\"123456789012\"", "\"AWS\":\"*\"", &["~ role nightly: trust policy"]),
        (
            "boundary = \"read\"\ntags = { team = \"b\" }",
            "boundary = \"two\"\ntags = { team = \"b\" }",
            &["~ role nightly: boundary arn:aws:iam::123456789012:policy/two"],
        ),
        (
            "boundary = \"read\"\ntags = { team = \"a\"",
            "tags = { team = \"a\"",
            &["- user ann: boundary arn:aws:iam::123456789012:policy/x/read"],
        ),
    ] {
        let changed = WHOLE.replacen(from, to, 1);
        assert_ne!(changed, WHOLE, "{from}");
        for (file, code) in [(changed.as_str(), 0), (changed.as_str(), 0), (WHOLE, 0)] {
            let said = folder.apply(file, &["--yes"]);
            assert_eq!(said.code, Some(code), "{from}: {}{}", said.out, said.err);
            if file == changed && !said.out.starts_with("Nothing to do") {
                assert_eq!(lines(&said), expected, "{from}");
            }
        }
    }
}

#[test]
fn roles_may_trust_each_other_and_themselves() {
    let folder = Folder::new();
    let role = |name: &str, trusts: &str| {
        let trust = TRUST.replace("123456789012\"}", &format!("arn:aws:iam::123456789012:role/{trusts}\"}}"));
        format!("[[role]]\nname = \"{name}\"\ntrust = '''{trust}'''\n")
    };
    let file = role("a", "b") + &role("b", "a") + &role("c", "c");
    let said = folder.apply(&file, &["--yes"]);
    let waiting = ["a", "b", "c"].map(|name| format!("~ role {name}: trust policy"));
    let made = ["a", "b", "c"].map(|name| format!("+ role {name}"));
    assert_eq!(lines(&said), [&made[..], &waiting[..]].concat(), "{}", said.err);
    assert!(folder.apply(&file, &[]).out.starts_with("Nothing to do"));
}

#[test]
fn what_is_not_described_goes_only_if_that_is_said() {
    let folder = Folder::new();
    assert_eq!(folder.apply(WHOLE, &["--yes"]).code, Some(0));
    let bob = "[[user]]\nname = \"bob\"\n";
    assert_eq!(lines(&folder.apply(bob, &["--yes"])), ["+ user bob"]);
    let said = folder.apply(bob, &["--prune", "--yes"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(lines(&said), ["- user ann", "- role nightly", "- group staff", "- policy read", "- policy two"]);
    assert_eq!(folder.export("data", &["--toml"]), format!("# For: countersign apply -f iam.toml\n\n{bob}"));
    // What is still needed is not deleted, and nothing is changed.
    assert_eq!(folder.apply(WHOLE, &["--yes"]).code, Some(0));
    let needs = format!("{bob}policies = [\"read\"]\ngroups = [\"staff\"]\n");
    let said = folder.apply(&needs, &["--prune", "--yes"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    for part in ["has 2 faults; nothing was changed", "no group `staff`; describe it", "--prune would delete it"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
}

#[test]
fn what_is_exported_is_imported_alike() {
    let folder = Folder::new();
    assert_eq!(folder.apply(WHOLE, &["--yes"]).code, Some(0));
    let first = folder.export("data", &[]);
    let file = folder.path("account.json");
    // Pages are merged, wherever they are; documents may be escaped as the API has them.
    let mut pages: Vec<Value> = vec![serde_json::from_str(&first).unwrap(); 2];
    pages[0]["UserDetailList"] = serde_json::json!([]);
    pages[1].as_object_mut().unwrap().retain(|name, _| name == "UserDetailList");
    let document = &mut pages[1]["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"];
    let escaped =
        percent_encoding::utf8_percent_encode(&document.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string();
    *document = escaped.into();
    fs::write(&file, format!("{}\n{}", pages[0], pages[1])).unwrap();
    folder.init("other");
    let import = |more: &[&str]| {
        let data = folder.path("other");
        run(&[&["import", text(&file), "--data-dir", text(&data)], more].concat(), &[])
    };
    assert_eq!(import(&[]).code, Some(3));
    let done = import(&["--yes"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert_eq!(import(&["--prune"]).out, "Nothing to do: account 123456789012 is as described.\n");
    let second = folder.export("other", &[]);
    assert_ne!(first, second);
    assert_eq!(timeless(&first), timeless(&second));
    fs::write(&file, r#"{"UserDetailList": [{"UserName": "x"}]}"#).unwrap();
    let said = import(&[]);
    assert!(said.code == Some(1) && said.err.contains("account.json: missing field `Path` at line 1"), "{}", said.err);
}

/// What was exported without ids and dates.
fn timeless(text: &str) -> Value {
    fn forget(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| {
                    !name.ends_with("Date") && !["UserId", "GroupId", "RoleId", "PolicyId"].contains(&&**name)
                });
                members.values_mut().for_each(forget);
            }
            Value::Array(members) => members.iter_mut().for_each(forget),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap();
    forget(&mut value);
    value
}

#[test]
fn every_fault_is_told_with_its_line() {
    let folder = Folder::new();
    let said = folder.apply(
        r#"users = 3
[[user]]
nmae = "x"
name = "a b"
groups = "x"
inline.p = "nofile.json"
inline.q = '{"Version":"2012-10-17","Statement":{"Effect":"Alow","Action":"s3:*","Resource":"*"}}'
[[role]]
name = "r"
max_session_seconds = 60
tags = { a = 1 }
[[policy]]
name = "p"
[[policy]]
name = "P"
document = '{}'
tags = { "aws:x" = "y" }
"#,
        &["--yes"],
    );
    assert_eq!(said.code, Some(1));
    let faults: Vec<&str> = said.err.lines().collect();
    let expected = [
        "iam.toml has 13 faults; nothing was changed:",
        "line 1: there is no `users`; write one of [[policy]], [[group]], [[user]], [[role]], [[instance_profile]]",
        "line 2: user `a b`: groups is no list of texts; write [\"...\", \"...\"]",
        "line 2: user `a b`: inline.p names the file `nofile.json`, which cannot be read",
        "line 2: user `a b`: name: ValidationError: 1 validation error detected: Value 'a b' at 'userName' failed",
        "line 2: user `a b`: inline.q: MalformedPolicyDocument: ",
        "line 3: there is no key `nmae` here; write one of name, path, groups",
        "line 8: role `r`: trust is missing",
        "line 8: role `r`: tags is no table of texts",
        "line 8: role `r`: max_session_seconds is out of range; write 3600 to 43200",
        "line 12: policy `p`: document or versions has to be there, and only one of them",
        "line 14: policy `P`: tags: InvalidInput: Error: Tag keys cannot start with 'aws:'",
        "line 14: policy `P`: document: MalformedPolicyDocument: ",
        "line 14: policy `P`: name is the name of another one too",
    ];
    for expected in expected {
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}\n{}", said.err);
    }
    assert_eq!(faults.len(), expected.len(), "{}", said.err);
}

#[test]
fn a_running_server_is_called_and_its_folder_left_alone() {
    let folder = Folder::new();
    let data = folder.path("data");
    let demo = Running::demo(&data, &[]);
    let endpoint = demo.shown("AWS_ENDPOINT_URL=http://");
    let endpoint = format!("http://{endpoint}");
    let locked = folder.apply(WHOLE, &["--yes"]);
    assert!(locked.code == Some(1) && locked.err.contains("call that: --endpoint URL"), "{}", locked.err);
    let file = folder.path("iam.toml");
    let root = [("AWS_ACCESS_KEY_ID", ROOT[0].1), ("AWS_SECRET_ACCESS_KEY", ROOT[1].1)];
    let on = |verb: &[&str], variables: &[(&str, &str)]| run(&[verb, &["--endpoint", &endpoint]].concat(), variables);
    let apply = ["apply", "-f", text(&file), "--yes"];
    for (variables, holds) in [
        (&[][..], "AWS_ACCESS_KEY_ID is not set; who calls http://"),
        (&[root[0], ("AWS_SECRET_ACCESS_KEY", "wrong")], "SignatureDoesNotMatch"),
    ] {
        let said = on(&apply, variables);
        assert!(said.code == Some(1) && said.err.contains(holds), "{holds}: {}", said.err);
    }
    let done = on(&apply, &root);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let by_variable = [root[0], root[1], ("AWS_ENDPOINT_URL", endpoint.as_str())];
    let again = run(&["apply", "-f", text(&file)], &by_variable);
    assert_eq!(again.out, "Nothing to do: account 123456789012 is as described.\n", "{}", again.err);
    assert!(on(&["export"], &root).out.contains("\"UserName\": \"ann\""));
    // What was done is on record, as whose doing it was.
    let records = records(&data);
    let made = records.iter().find(|record| record["eventName"] == "CreateUser").unwrap();
    assert_eq!(made["userIdentity"]["type"], "Root");
    assert_eq!(demo.end().code, Some(0));
}

fn records(data: &Path) -> Vec<Value> {
    let files = fs::read_dir(data.join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let texts: String = files.map(|path| fs::read_to_string(path).unwrap()).collect();
    texts.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
