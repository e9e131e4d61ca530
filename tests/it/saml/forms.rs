//! What is accepted, and what is read from it.

use countersign::{
    base::Tag,
    federation::saml::{Reuse, Settings, Used, claim, is_list, verify},
};
use data_encoding::BASE64;

use super::maker::{
    ISSUER, Idp, NOW, PROVIDER, RECIPIENT, ROLE, assertion, at, attributes, moment, provider, response, settings,
};

/// Signed in each way, and written in each.
#[test]
fn sound_responses_are_accepted() {
    let (rsa, ecdsa) = (Idp::rsa(), Idp::ecdsa());
    let plain = assertion(at(NOW));
    let around = response(at(NOW), &plain);
    let signed = response(at(NOW), &rsa.sign(&plain));
    let long = |info: String| info.replace("#rsa-sha256", "#rsa-sha512");
    let listing = |info: String| {
        let (start, end) = info.rsplit_once("xml-exc-c14n#\">").unwrap();
        let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                    PrefixList=\"#default xs\"></ec:InclusiveNamespaces>";
        format!("{start}xml-exc-c14n#\">{list}{end}")
    };
    let scoped = plain.replacen("xmlns:saml=", "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:xs=", 1);
    let scoped = scoped.replacen(
        "xmlns:xs=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
        "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"",
        1,
    );
    let once = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let cases = [
        ("the assertion signed", &rsa, signed.clone()),
        ("the response signed", &rsa, rsa.sign(&around)),
        ("both signed", &rsa, rsa.sign(&signed)),
        ("by an ECDSA key", &ecdsa, response(at(NOW), &ecdsa.sign(&plain))),
        ("with SHA-512", &rsa, response(at(NOW), &rsa.sign_as(&plain, long))),
        ("with a list of prefixes", &rsa, response(at(NOW), &rsa.sign_as(&scoped, listing))),
        ("with a declaration", &rsa, format!("<?xml version=\"1.0\" encoding=\"utf-8\" standalone='no'?>\n{signed}\n")),
        ("with a byte order mark", &rsa, format!("\u{feff}{signed}")),
        ("empty elements", &rsa, signed.replace("></saml:SubjectConfirmationData>", "/>")),
        ("other quotes", &rsa, once(&signed, "SessionIndex=\"_s1\"", "SessionIndex = '_s1'\n")),
        (
            "attributes in another order",
            &rsa,
            once(&signed, " ID=\"_a1\"", "").replacen("<saml:Assertion", "<saml:Assertion ID=\"_a1\"", 1),
        ),
        ("numbers for characters", &rsa, once(&signed, "alice@", "&#97;lice&#x40;")),
        (
            "namespaces further out",
            &rsa,
            once(
                &signed,
                "<samlp:Response",
                "<samlp:Response xmlns:x=\"urn:x\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
            )
            .replacen(
                "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
                "<saml:Assertion",
                1,
            ),
        ),
        ("base 64 in lines", &rsa, once(&signed, "<ds:SignatureValue>", "<ds:SignatureValue>\n  ")),
        (
            "no issuer and no destination of the response",
            &rsa,
            once(
                &signed,
                &format!("<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{ISSUER}</saml:Issuer>"),
                "",
            )
            .replace(&format!(" Destination=\"{RECIPIENT}\""), ""),
        ),
        (
            "a recipient of its own",
            &rsa,
            response(at(NOW), &rsa.sign(&plain.replace(RECIPIENT, &format!("{RECIPIENT}/acs/SAMLPEXAMPLE")))),
        ),
    ];
    for (what, idp, text) in cases {
        let read = idp.verify(&text, at(NOW)).map(|it| it.asserted.subject);
        assert_eq!(read.as_deref(), Ok("alice@example.com"), "{what}: {text}");
    }
}

/// What the fuzz target begins with: a response of a key that is gone.
#[test]
fn the_kept_response_is_sound() {
    let text = include_str!("../data/saml-response.xml");
    let certificate = text.split_once("<ds:X509Certificate>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let read =
        verify(&BASE64.encode(text.as_bytes()), ROLE, &provider(&[certificate], &[]), &settings(), at(NOW)).unwrap();
    assert_eq!(read.asserted.subject, "alice@example.com");
}

/// Where the provider has several certificates, any of their keys may sign.
#[test]
fn any_key_of_the_metadata_signs() {
    let (old, new, other) = (Idp::ecdsa(), Idp::rsa(), Idp::rsa());
    let certificates = [old.certificate.clone(), new.certificate.clone()];
    let is_taken = |idp: &Idp| {
        let text = BASE64.encode(response(at(NOW), &idp.sign(&assertion(at(NOW)))).as_bytes());
        verify(&text, ROLE, &provider(&certificates, &[]), &settings(), at(NOW)).is_ok()
    };
    assert_eq!([&old, &new, &other].map(is_taken), [true, true, false]);
}

/// The names of attributes are those of AWS's table; its example of a name qualifier is computed as it says.
#[test]
fn an_assertion_is_read_whole() {
    let idp = Idp::rsa();
    let name = |name: &str| format!("https://aws.amazon.com/SAML/Attributes/{name}");
    let roles =
        [format!("{PROVIDER},{ROLE}"), format!("arn:aws:iam::123456789012:role/x/writer , {PROVIDER}"), "x".to_owned()];
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    let statements = attributes(&[
        (&name("Role"), &roles),
        (&name("RoleSessionName"), &["alice@example.com"]),
        (&name("SessionDuration"), &["1800"]),
        (&name("SourceIdentity"), &["alice"]),
        (&name("PrincipalTag:Team"), &["a b"]),
        (&name("PrincipalTag:Empty"), &[""]),
        (&name("TransitiveTagKeys"), &["team"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["staff", "member", "staff"]),
        ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", &["staff"]),
        ("urn:oid:2.5.4.3", &["Alice"]),
        ("0.9.2342.19200300100.1.3", &["alice@example.com"]),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", &["alice@example.com"]),
        ("2.5.4.4", &["&lt;A&amp;B&gt;"]),
        ("urn:other", &["x", "y"]),
    ]);
    let plain = assertion(at(NOW));
    let (start, _) = plain.split_once("<saml:AttributeStatement>").unwrap();
    let plain = format!("{start}{statements}</saml:Assertion>").replace(
        "SessionIndex=\"_s1\"",
        &format!("SessionIndex=\"_s1\" SessionNotOnOrAfter=\"{}\"", moment(at(NOW), 600)),
    );
    let read = idp.verify(&response(at(NOW), &idp.sign(&plain)), at(NOW)).unwrap();
    let expected: Vec<(&str, &[&str])> = vec![
        ("saml:aud", &[RECIPIENT]),
        ("saml:doc", &["123456789012/idp"]),
        ("saml:iss", &[ISSUER]),
        ("saml:namequalifier", &["Pjc9gGkda9/ukv4NQrZwyZ1OVas="]),
        ("saml:sub", &["alice@example.com"]),
        ("saml:sub_type", &["persistent"]),
        ("saml:cn", &["Alice"]),
        ("saml:edupersonaffiliation", &["staff", "member"]),
        ("saml:edupersonprimaryaffiliation", &["staff"]),
        ("saml:mail", &["alice@example.com"]),
        ("saml:surname", &["<A&B>"]),
    ];
    let facts: Vec<(&str, Vec<&str>)> = read
        .asserted
        .facts
        .iter()
        .map(|(key, values)| (key.as_str(), values.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(facts, expected.into_iter().map(|(key, values)| (key, values.to_vec())).collect::<Vec<_>>());
    let tags = [Tag::new("Empty", "").unwrap(), Tag::new("Team", "a b").unwrap()];
    assert_eq!(read.asserted.tags, tags);
    assert_eq!(read.asserted.transitive_tag_keys, ["team"]);
    assert_eq!(read.asserted.source_identity.as_deref(), Some("alice"));
    assert_eq!((&*read.asserted.issuer, &*read.asserted.audience), (ISSUER, RECIPIENT));
    assert_eq!(read.asserted.expires, at(NOW + 290));
    assert_eq!((&*read.session_name, read.session_seconds), ("alice@example.com", Some(1800)));
    assert_eq!((read.session_until, &*read.subject_type), (Some(at(NOW + 600)), "persistent"));
    // `printf %s "$ISSUER" 123456789012 /idp | openssl sha1 -binary | base64`
    assert_eq!(read.name_qualifier, "Pjc9gGkda9/ukv4NQrZwyZ1OVas=");
    assert_eq!(
        ["saml:cn", "saml:mail", "saml:sub", "saml:edupersonaffiliation"].map(is_list),
        [true, false, false, true]
    );
}

/// The role that is asked for has to be named, with the provider that is asked.
#[test]
fn roles_are_named_with_their_provider() {
    let idp = Idp::rsa();
    let text = BASE64.encode(response(at(NOW), &idp.sign(&assertion(at(NOW)))).as_bytes());
    let certificates = [idp.certificate.clone()];
    let is_taken = |role: &str, name: &str, account: &str| {
        let mut provider = provider(&certificates, &[]);
        (provider.name, provider.account) = (name, account.parse().unwrap());
        verify(&text, role, &provider, &settings(), at(NOW)).is_ok()
    };
    let cases = [
        (ROLE, "idp", "123456789012", true),
        ("arn:aws:iam::123456789012:role/Reader", "idp", "123456789012", false),
        ("arn:aws:iam::123456789012:role/writer", "idp", "123456789012", false),
        (ROLE, "other", "123456789012", false),
        (ROLE, "idp", "210987654321", false),
        ("", "idp", "123456789012", false),
    ];
    for (role, name, account, expected) in cases {
        assert_eq!(is_taken(role, name, account), expected, "{role} {name} {account}");
    }
}

#[test]
fn an_assertion_is_used_as_often_as_the_operator_says() {
    let idp = Idp::rsa();
    let plain = assertion(at(NOW));
    let once =
        plain.replace("</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:OneTimeUse></saml:OneTimeUse>");
    let read = |text: &str| idp.verify(&response(at(NOW), &idp.sign(text)), at(NOW)).unwrap();
    let (plain, once) = (read(&plain), read(&once));
    assert_eq!((plain.once, once.once), (false, true));
    let cases = [
        ("for other roles", Reuse::OtherRoles, &plain, [true, false, true]),
        ("once", Reuse::Never, &plain, [true, false, false]),
        ("always", Reuse::Always, &plain, [true, true, true]),
        ("once, says the provider", Reuse::OtherRoles, &once, [true, false, false]),
        ("once, says the provider, always, says the operator", Reuse::Always, &once, [true, false, false]),
    ];
    for (what, reuse, assertion, expected) in cases {
        let used = Used::default();
        let settings = Settings { reuse, ..settings() };
        let taken = [ROLE, ROLE, "another"].map(|role| claim(&used, assertion, role, &settings, at(NOW)).is_ok());
        assert_eq!(taken, expected, "{what}");
    }
}
