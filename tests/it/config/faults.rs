//! What is wrong, key by key, in the words that say what to write instead; and all of it at once.

use std::fs;

use super::{SECRET, faults, load, minimal};

/// A configuration with one fault, and what is said of it.
struct Case {
    above: &'static str,
    below: &'static str,
    said: &'static str,
}

const fn above(above: &'static str, said: &'static str) -> Case {
    Case { above, below: "", said }
}

const fn below(below: &'static str, said: &'static str) -> Case {
    Case { above: "", below, said }
}

#[test]
fn each_fault_is_said_with_its_key_and_what_to_write() {
    let cases = [
        // Names.
        above("lisen = \"x\"", "lisen: is no key; did you mean listen?"),
        above("idle_seconds = 5", "idle_seconds: is no key; did you mean limits.idle_seconds?"),
        above("colour_of_the_bicycle_shed = 1", "colour_of_the_bicycle_shed: is no key; leave it out"),
        above("limits = 5", "limits: is a table; write [limits] and its keys below"),
        above("[limits]\nidle_secs = 5", "limits.idle_secs: is no key; did you mean limits.idle_seconds?"),
        below(
            "secret_access_key = \"hunter2\"",
            "upstream.0.secret_access_key: is no key; did you mean upstream.0.secret_access_key_file?",
        ),
        below("listen = \"127.0.0.1:1\"", "upstream.0.listen: is no key; did you mean listen?"),
        // Types.
        above("listen = 9000", "listen: is 9000; write a text in quotes"),
        above("workers = \"4\"", "workers: is \"4\"; write a whole number of at least 0"),
        above("workers = -1", "workers: is -1; write a whole number of at least 0"),
        above("workers = 1.5", "workers: is 1.5; write a whole number of at least 0"),
        above(
            "regions = \"us-east-1\"",
            "regions: is \"us-east-1\"; write a list of texts in quotes, as [\"a\", \"b\"]",
        ),
        above("regions = [1]", "regions: is [1]; write a list of texts in quotes, as [\"a\", \"b\"]"),
        above("[audit]\nsync = \"yes\"", "audit.sync: is \"yes\"; write true or false"),
        below("name2 = 5", "upstream.0.name2: is no key; did you mean upstream.0.name?"),
        // Values.
        above(
            "listen = \"localhost\"",
            "listen: is \"localhost\"; write an IP address and a port, as \"0.0.0.0:9000\" or \"[::]:9000\"",
        ),
        above("admin_listen = \"127.0.0.1:9000\"", "admin_listen: is the address of listen too; write another port"),
        above("admin_listen = \"0.0.0.0:9000\"", "admin_listen: is the address of listen too; write another port"),
        above("account_id = \"123\"", "account_id: is \"123\"; write twelve digits"),
        above("regions = []", "regions: needs at least one name in lower case; write for example [\"us-east-1\"]"),
        above(
            "[saml]\naudiences = []",
            "saml.audiences: needs at least one URI; write for example [\"urn:amazon:webservices\"]",
        ),
        above(
            "[saml]\naudiences = [\"urn:x\", \"\"]",
            "saml.audiences: needs at least one URI; write for example [\"urn:amazon:webservices\"]",
        ),
        above(
            "[saml]\nrecipients = [\"here\"]",
            "saml.recipients: needs at least one URI; write for example [\"https://signin.aws.amazon.com/saml\"]",
        ),
        above("[saml]\nreuse = \"once\"", "saml.reuse: is \"once\"; write \"never\", \"other-roles\" or \"always\""),
        above(
            "regions = [\"US\"]",
            "regions: needs at least one name in lower case; write for example [\"us-east-1\"]",
        ),
        above(
            "domains = [\"s3.example.com:9000\"]",
            "domains: `s3.example.com:9000` is no domain; write a name in lower case without port, as \"s3.example.com\"",
        ),
        above("workers = 5000", "workers: is 5000; write at most 1024, or 0 for one for each core"),
        above(
            "trusted_proxies = [\"10.0.0.0/33\"]",
            "trusted_proxies: `10.0.0.0/33` is no network; write for example \"10.0.0.0/8\"",
        ),
        above("[limits]\nidle_seconds = 0", "limits.idle_seconds: is 0; write a number of at least 1"),
        above("[limits]\nhead_bytes = 100", "limits.head_bytes: is 100; write at least 8192"),
        above("[audit]\nfile_bytes = 100", "audit.file_bytes: is 100; write at least 1048576"),
        above("[organization]\nid = \"mine\"", "organization.id: is \"mine\"; write a name as \"o-exampleorgid\""),
        above(
            "[organization]\npath = \"o-exampleorgid\"",
            "organization.path: is \"o-exampleorgid\"; write a path as \"o-exampleorgid/r-ab12/ou-ab12-11111111/\"",
        ),
        above(
            "[organization]\nservice_control = [\"scp.json\"]",
            "organization.service_control: `scp.json` is no absolute path, and would mean another file wherever the program is started; begin it with a /",
        ),
        above(
            "[organization]\nresource_control = [\"/a\", \"/a\", \"/a\", \"/a\", \"/a\", \"/a\", \"/a\", \"/a\"]",
            "organization.resource_control: has 8 levels; write at most 7, from the root to the account",
        ),
        above(
            "[sts]\nissuer_url = \"http://sts.example.com\"",
            "sts.issuer_url: is \"http://sts.example.com\"; write https and a name in lower case, without / at the end, as \"https://sts.example.com\"",
        ),
        above(
            "domains = [\"example.com\"]\n[sts]\nissuer_url = \"https://sts.example.com/t\"",
            "sts.issuer_url: has the host sts.example.com, where domains has buckets; take a host of its own",
        ),
        above("[quotas]\nusers = 0", "quotas.users: is 0; write a number of at least 1"),
        above("[quotas]\ngroups_per_user = 101", "quotas.groups_per_user: is 101; write at most 100"),
        above("[quotas]\nuser = 1", "quotas.user: is no key; did you mean quotas.users?"),
        above("[log]\nformat = \"xml\"", "log.format: is \"xml\"; write \"text\" or \"json\""),
        // Secrets and keys.
        above(
            "[master_key]\nvariable = \"MASTER\"",
            "master_key.variable: names a variable that does not hold a master key; put 32 random bytes in hexadecimal or base 64 there",
        ),
        above(
            "[store]\nurl_file = \"/none\"\nurl_variable = \"URL\"",
            "store.url_variable: is given together with store.url_file; write only one of them",
        ),
        above(
            "[store]\nurl_variable = \"STORE_SECRET_ACCESS_KEY\"",
            "store.url_variable: names a place that holds no URL of PostgreSQL; put postgresql://user:password@host/name there",
        ),
        above("[store]\npoll_milliseconds = 0", "store.poll_milliseconds: is 0; write a number of at least 1"),
        below(
            "secret_access_key_file = \"/s\"",
            "upstream.0.secret_access_key_variable: is given together with secret_access_key_file; write only one of them",
        ),
        // Paths.
        above(
            "[master_key]\nfile = \"master.key\"",
            "master_key.file: is no absolute path, and would mean another file wherever the program is started; begin it with a /",
        ),
        below(
            "ca_file = \"ca.pem\"",
            "upstream.0.ca_file: is no absolute path, and would mean another file wherever the program is started; begin it with a /",
        ),
        // Upstreams.
        below("kind = \"ftp\"", "upstream.0.kind: is \"ftp\"; write \"s3\" or \"http\""),
        below("api_id = \"x\"", "upstream.0.api_id: means nothing for an upstream of kind \"s3\"; leave it out"),
        below("addressing = \"host\"", "upstream.0.addressing: is \"host\"; write \"path\" or \"virtual-host\""),
        below("buckets = []", "upstream.0.buckets: names no bucket; write for example [\"*\"] or [\"logs-*\"]"),
        below(
            "buckets = [\"a*b\"]",
            "upstream.0.buckets: `a*b` is no pattern; write a bucket's name; a * may stand at its end",
        ),
        below("region = \"us/east\"", "upstream.0.region: is \"us/east\"; write a name as \"us-east-1\""),
        below("connect_seconds = 0", "upstream.0.connect_seconds: is 0; write a number of at least 1"),
    ];
    for Case { above, below, said } in cases {
        assert_eq!(faults(&minimal(above, below), &[SECRET]), [said], "{above}{below}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let cases = [
        ("", "data_dir: is missing; write for example data_dir = \"/var/lib/countersign\""),
        ("", "upstream: there is none; write [[upstream]] with name, url and credentials"),
        (
            "[upstream]\nname = \"x\"",
            "upstream.name: does not stand in a list; write [[upstream]] in two pairs of brackets, once for each backend",
        ),
        (
            "upstream = 5",
            "upstream: does not stand in a list; write [[upstream]] in two pairs of brackets, once for each backend",
        ),
        (
            "upstream = [5]",
            "upstream: does not stand in a list; write [[upstream]] in two pairs of brackets, once for each backend",
        ),
        ("[[upstream]]", "upstream.0.name: is missing; write for example name = \"store\""),
        ("[[upstream]]", "upstream.0.url: is missing; write for example url = \"http://127.0.0.1:7480\""),
        ("[[upstream]]", "upstream.0.access_key_id: is missing; write for example access_key_id = \"gateway\""),
        (
            "[[upstream]]",
            "upstream.0.secret_access_key_file: is missing; write the path of a file that holds the secret access key",
        ),
        ("[[upstream]]\nkind = \"http\"", "upstream.0.api_id: is missing; write for example api_id = \"orders\""),
        ("data_dir = \"\"", "data_dir: is missing; write for example data_dir = \"/var/lib/countersign\""),
        (
            "data_dir = \"data\"",
            "data_dir: is no absolute path, and would mean another file wherever the program is started; begin it with a /",
        ),
    ];
    for (text, said) in cases {
        let found = faults(text, &[]);
        assert_eq!(found.iter().filter(|fault| *fault == said).count(), 1, "{text}: {found:#?}");
    }
    let unset = "upstream.0.secret_access_key_variable: names the variable STORE_SECRET_ACCESS_KEY, which is not set; set it, or name another";
    assert_eq!(faults(&minimal("", ""), &[]), [unset]);
}

#[test]
fn a_url_is_a_scheme_a_host_and_a_port() {
    let minimal = |url: &str| minimal("", "").replace("http://127.0.0.1:7480", url);
    for url in ["http://store", "https://store:1", "http://[::1]:9", "http://127.0.0.1:7480/", "http://a_b.example:80"]
    {
        assert_eq!(faults(&minimal(url), &[SECRET]), Vec::<String>::new(), "{url}");
    }
    for url in [
        "store",
        "ftp://store",
        "http://",
        "http://store/path",
        "http://store?x",
        "http://store:0",
        "http://store:99999",
        "http://store:",
    ] {
        let said = format!("upstream.0.url: is {url:?}; write http://host:port or https://host:port");
        assert_eq!(faults(&minimal(url), &[SECRET]), [said], "{url}");
    }
    let said = "upstream.0.url: is no plain URL; write http://host:port or https://host:port";
    assert_eq!(faults(&minimal("http://ann:hunter2@store"), &[SECRET]), [said]);
    for url in ["http://127.0.0.1:9000", "http://localhost:9000"] {
        let said = "upstream.0.url: is our own address of listen; write the backend's";
        assert_eq!(faults(&minimal(url), &[SECRET]), [said], "{url}");
    }
}

#[test]
fn upstreams_do_not_hide_each_other() {
    let store = |name: &str, buckets: &str| {
        let keys = "access_key_id = \"k\"\nsecret_access_key_variable = \"STORE_SECRET_ACCESS_KEY\"";
        format!("[[upstream]]\nname = \"{name}\"\nurl = \"http://store\"\n{keys}\nbuckets = {buckets}\n")
    };
    let api = |name: &str, more: &str| {
        format!("[[upstream]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"http://api\"\napi_id = \"{name}\"\n{more}\n")
    };
    let hidden =
        "is never asked for, because `a` stands before it and serves that too; write the narrower upstream first";
    let cases = [
        (store("a", "[\"logs-*\"]") + &store("b", "[\"*\"]"), None),
        (store("a", "[\"logs\"]") + &store("b", "[\"logs-*\", \"log*\"]"), None),
        (store("a", "[\"*\"]") + &store("b", "[\"logs\"]"), Some(format!("upstream.1.buckets: {hidden}"))),
        (store("a", "[\"logs\"]") + &store("b", "[\"data\", \"logs\"]"), Some(format!("upstream.1.buckets: {hidden}"))),
        (
            store("a", "[\"a\"]") + &store("a", "[\"b\"]"),
            Some("upstream.1.name: `a` is the name of another upstream too; write another".into()),
        ),
        (api("a", "base_path = \"/a\"") + &api("b", "base_path = \"/b\""), None),
        (api("a", "base_path = \"/a/b\"") + &api("b", "base_path = \"/a\""), None),
        (api("a", "base_path = \"/a\"") + &api("b", "base_path = \"/ab\""), None),
        (api("a", "host = \"x\"") + &api("b", "host = \"y\""), None),
        (api("a", "host = \"x\"") + &api("b", ""), None),
        (api("a", "") + &api("b", "host = \"x\""), Some(format!("upstream.1.base_path: {hidden}"))),
        (
            api("a", "base_path = \"/a\"") + &api("b", "base_path = \"/a/b\""),
            Some(format!("upstream.1.base_path: {hidden}")),
        ),
        (api("a", "") + &store("b", "[\"*\"]"), None),
    ];
    for (upstreams, said) in cases {
        let text = format!("data_dir = \"/data\"\n{upstreams}");
        assert_eq!(faults(&text, &[SECRET]), Vec::from_iter(said), "{upstreams}");
    }
}

#[test]
fn an_internal_api_s_keys_are_checked() {
    let api = |more: &str| {
        format!("data_dir = \"/data\"\n[[upstream]]\nname = \"a\"\nkind = \"http\"\nurl = \"http://api\"\n{more}\n")
    };
    let cases = [
        ("api_id = \"a b\"", "upstream.0.api_id: is \"a b\"; write letters, digits, - and _"),
        ("api_id = \"a\"\nstage = \"\"", "upstream.0.stage: is \"\"; write letters, digits, - and _"),
        (
            "api_id = \"a\"\nbase_path = \"orders\"",
            "upstream.0.base_path: is \"orders\"; write a path as \"/orders\", or nothing",
        ),
        (
            "api_id = \"a\"\nbase_path = \"/a/../b\"",
            "upstream.0.base_path: is \"/a/../b\"; write a path as \"/orders\", or nothing",
        ),
        (
            "api_id = \"a\"\nhost = \"x:80\"",
            "upstream.0.host: is no host; write a name without scheme and port, as \"orders.example.com\"",
        ),
        (
            "api_id = \"a\"\nbuckets = [\"*\"]",
            "upstream.0.buckets: means nothing for an upstream of kind \"http\"; leave it out",
        ),
        (
            "api_id = \"a\"\nheaders = { authorization = \"Bearer hunter2\" }",
            "upstream.0.headers.authorization: has no source; write \"file:PATH\" or \"env:NAME\"",
        ),
        (
            "api_id = \"a\"\nheaders = { authorization = 5 }",
            "upstream.0.headers.authorization: has no source; write \"file:PATH\" or \"env:NAME\"",
        ),
        ("api_id = \"a\"\nheaders = \"x\"", "upstream.0.headers: is \"x\"; write a table of texts"),
        (
            "api_id = \"a\"\nheaders = { x-countersign-user = \"env:X\" }",
            "upstream.0.headers.x-countersign-user: is set by Countersign itself, as all that begins with x-countersign-; take another name",
        ),
        (
            "api_id = \"a\"\nheaders = { \"a b\" = \"env:X\" }",
            "upstream.0.headers.a b: is no header name; write letters, digits and hyphens",
        ),
        (
            "api_id = \"a\"\nheaders = { a = \"env:Y\" }",
            "upstream.0.headers.a: names the variable Y, which is not set; set it, or name another",
        ),
        (
            "api_id = \"a\"\nheaders = { a = \"env:X\", A = \"env:X\" }",
            "upstream.0.headers.a: is given twice, for case does not count in names of headers; write it once",
        ),
        (
            "api_id = \"a\"\nheaders = { a = \"env:NEWLINE\" }",
            "upstream.0.headers.a: holds bytes that no header may have",
        ),
    ];
    for (more, said) in cases {
        assert_eq!(faults(&api(more), &[("X", "x"), ("NEWLINE", "a\nb")]), [said], "{more}");
    }
}

#[test]
fn files_are_read_as_the_server_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(path("chain"), made.cert.pem()).unwrap();
    fs::write(path("key"), made.signing_key.serialize_pem()).unwrap();
    fs::write(path("other"), other.signing_key.serialize_pem()).unwrap();
    fs::write(path("empty"), "").unwrap();
    let tls = |lines: &[(&str, &str)]| {
        let lines = lines.iter().map(|(key, name)| format!("{key} = {:?}\n", path(name)));
        faults(&minimal(&format!("[tls]\n{}", lines.collect::<String>()), ""), &[SECRET])
    };
    assert_eq!(tls(&[("certificate", "chain"), ("key", "key"), ("client_ca", "chain")]), Vec::<String>::new());
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Lines<'_>, &[&str]); 7] = [
        (
            &[("certificate", "chain")],
            &["tls.key: is missing, but tls.certificate is there; write the path of a PEM file"],
        ),
        (&[("key", "key")], &["tls.certificate: is missing, but tls.key is there; write the path of a PEM file"]),
        (
            &[("client_ca", "chain")],
            &["tls.certificate: is missing, but tls.client_ca is there; write the path of a PEM file"],
        ),
        (
            &[("certificate", "none"), ("key", "key")],
            &["tls.certificate: DIR/none: I/O error: No such file or directory (os error 2)"],
        ),
        (
            &[("certificate", "empty"), ("key", "empty")],
            &["tls.certificate: DIR/empty: holds no certificate", "tls.key: DIR/empty: no items found"],
        ),
        (
            &[("certificate", "chain"), ("key", "other")],
            &["tls.key: DIR/other: keys may not be consistent: KeyMismatch"],
        ),
        (
            &[("certificate", "key"), ("key", "chain")],
            &["tls.certificate: DIR/key: holds no certificate", "tls.key: DIR/chain: no items found"],
        ),
    ];
    for (lines, said) in cases {
        let found: Vec<String> = tls(lines).iter().map(|fault| fault.replace(&path(""), "DIR/")).collect();
        assert_eq!(found, said, "{lines:?}");
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let places = ["secret_access_key", "secret_access_key_file", "secret_access_key_variable"];
    for place in places {
        let text = minimal("", "")
            .replace("secret_access_key_variable = \"STORE_SECRET_ACCESS_KEY\"", &format!("{place} = \"{secret}\""));
        let said = faults(&text, &[]).join("\n");
        assert!(said.contains(place) && !said.contains("bPxRfiCY"), "{said}");
    }
}

#[test]
fn all_faults_are_said_at_once() {
    let text = "listen = 1\nadmin_listen = \"x\"\nregions = []\nlisen = 2\ndata_dir = \"d\"\n[limits]\nidle_seconds = 0\n\
                [[upstream]]\nurl = \"x\"\n[[upstream]]\nkind = \"http\"\nname = \"a b\"\n";
    let keys: Vec<String> = load(text, &[]).err().unwrap().0.into_iter().map(|fault| fault.key).collect();
    let expected = [
        "lisen",
        "data_dir",
        "listen",
        "admin_listen",
        "regions",
        "limits.idle_seconds",
        "upstream.0.name",
        "upstream.0.url",
        "upstream.0.access_key_id",
        "upstream.0.secret_access_key_file",
        "upstream.1.name",
        "upstream.1.url",
        "upstream.1.api_id",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn what_is_no_toml_is_the_only_fault() {
    for text in ["listen = ", "listen = \"a\"\nlisten = \"b\"", "[limits\n"] {
        let found = load(text, &[]).err().unwrap();
        assert_eq!(found.0.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), ["(file)"], "{text}");
    }
}
