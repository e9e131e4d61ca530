//! `COUNTERSIGN_*` variables stand over the file.

use countersign::{
    config::{Config, MasterKeySource, UpstreamKind},
    telemetry::log::Format,
};

use super::{SECRET, faults, load, minimal};

#[test]
fn a_variable_stands_over_its_key() {
    type Shows = fn(&Config) -> String;
    let cases: [(&str, &str, Shows, &str); 16] = [
        ("COUNTERSIGN_LISTEN", "[::]:9443", |config| config.listen.to_string(), "[::]:9443"),
        ("COUNTERSIGN_ADMIN_LISTEN", "127.0.0.1:1", |config| config.admin_listen.to_string(), "127.0.0.1:1"),
        ("COUNTERSIGN_DATA_DIR", "/srv/data", |config| config.data_dir.display().to_string(), "/srv/data"),
        ("COUNTERSIGN_ACCOUNT_ID", "000011112222", |config| config.account_id.unwrap().to_string(), "000011112222"),
        ("COUNTERSIGN_REGIONS", "[\"eu-a\", \"eu-b\"]", |config| config.regions.join(","), "eu-a,eu-b"),
        ("COUNTERSIGN_DOMAINS", "[\"s3.example.com\"]", |config| config.domains.join(","), "s3.example.com"),
        ("COUNTERSIGN_WORKERS", "3", |config| config.workers.to_string(), "3"),
        ("COUNTERSIGN_LIMITS__IDLE_SECONDS", "7", |config| config.limits.idle_time.as_secs().to_string(), "7"),
        ("COUNTERSIGN_AUDIT__SYNC", "true", |config| format!("{:?}", config.audit.durability), "Synced"),
        ("COUNTERSIGN_AUDIT__FILE_BYTES", "2097152", |config| config.audit.file_bytes.to_string(), "2097152"),
        ("COUNTERSIGN_LOG__LEVEL", "debug", |config| config.log_level.clone(), "debug"),
        ("COUNTERSIGN_LOG__FORMAT", "json", |config| (config.log_format == Format::Json).to_string(), "true"),
        ("COUNTERSIGN_TRUSTED_PROXIES", "[\"10.0.0.0/8\"]", |config| config.trusted_proxies.len().to_string(), "1"),
        (
            "COUNTERSIGN_MASTER_KEY__FILE",
            "/k",
            |config| (config.master_key == MasterKeySource::File("/k".into())).to_string(),
            "true",
        ),
        ("COUNTERSIGN_UPSTREAM__0__URL", "https://s3.test", |config| config.upstreams[0].url.port.to_string(), "443"),
        (
            "COUNTERSIGN_UPSTREAM__0__REGION",
            "garage",
            |config| match &config.upstreams[0].kind {
                UpstreamKind::S3 { region, .. } => region.clone(),
                UpstreamKind::Http { .. } => String::new(),
            },
            "garage",
        ),
    ];
    for (name, value, shows, expected) in cases {
        let config =
            load(&minimal("", ""), &[SECRET, (name, value)]).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        assert_eq!(shows(&config), expected, "{name}");
    }
}

#[test]
fn variables_alone_are_a_configuration() {
    let variables = [
        ("COUNTERSIGN_DATA_DIR", "/srv/data"),
        ("COUNTERSIGN_UPSTREAM__0__NAME", "store"),
        ("COUNTERSIGN_UPSTREAM__0__URL", "http://127.0.0.1:7480"),
        ("COUNTERSIGN_UPSTREAM__0__ACCESS_KEY_ID", "gateway"),
        ("COUNTERSIGN_UPSTREAM__0__SECRET_ACCESS_KEY_VARIABLE", "COUNTERSIGN_STORE_SECRET"),
        // Named above as the place of a secret, and so no key.
        ("COUNTERSIGN_STORE_SECRET", "hidden"),
        ("COUNTERSIGN_UPSTREAM__1__NAME", "orders"),
        ("COUNTERSIGN_UPSTREAM__1__KIND", "http"),
        ("COUNTERSIGN_UPSTREAM__1__URL", "http://127.0.0.1:8080"),
        ("COUNTERSIGN_UPSTREAM__1__API_ID", "orders"),
        ("COUNTERSIGN_UPSTREAM__1__HEADERS__AUTHORIZATION", "env:ORDERS_TOKEN"),
        ("ORDERS_TOKEN", "Bearer hidden"),
    ];
    let config = load("", &variables).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.upstreams.len(), 2);
    let UpstreamKind::Http { headers, .. } = &config.upstreams[1].kind else { panic!("the second is an API") };
    assert_eq!(headers["authorization"], "Bearer hidden");
}

#[test]
fn variables_of_other_purposes_are_left_alone() {
    let others = [
        SECRET,
        ("COUNTERSIGN_CONFIG", "/etc/countersign.toml"),
        ("COUNTERSIGN_ROOT_ACCESS_KEY_ID", "x"),
        ("COUNTERSIGN_ROOT_SECRET_ACCESS_KEY", "x"),
        ("PATH", "/bin"),
        ("COUNTERSIGN", "x"),
    ];
    assert_eq!(faults(&minimal("", ""), &others), Vec::<String>::new());
}

#[test]
fn a_fault_in_a_variable_names_the_variable() {
    let cases = [
        (
            ("COUNTERSIGN_WORKERS", "many"),
            "workers: is \"many\"; write a whole number of at least 0 (said by COUNTERSIGN_WORKERS)",
        ),
        (
            ("COUNTERSIGN_REGIONS", "us-east-1"),
            "regions: is \"us-east-1\"; write a list of texts in quotes, as [\"a\", \"b\"] (said by COUNTERSIGN_REGIONS)",
        ),
        (("COUNTERSIGN_LISEN", "x"), "COUNTERSIGN_LISEN: stands for no key; did you mean COUNTERSIGN_LISTEN?"),
        (
            ("COUNTERSIGN_LIMITS_IDLE_SECONDS", "5"),
            "COUNTERSIGN_LIMITS_IDLE_SECONDS: stands for no key; did you mean COUNTERSIGN_LIMITS__IDLE_SECONDS?",
        ),
        (
            ("COUNTERSIGN_UPSTREAM__01__URL", "http://a"),
            "COUNTERSIGN_UPSTREAM__01__URL: stands for no key; did you mean COUNTERSIGN_UPSTREAM__0__URL?",
        ),
    ];
    for (variable, expected) in cases {
        assert_eq!(faults(&minimal("", ""), &[SECRET, variable]), [expected]);
    }
}
