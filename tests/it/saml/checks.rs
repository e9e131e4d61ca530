//! What a sound signature does not make right: another issuer, audience, recipient or time, and claims that do not fit.

use countersign::federation::saml::{Refusal, verify};
use data_encoding::BASE64;

use super::maker::{ISSUER, Idp, NOW, RECIPIENT, assertion, at, attributes, moment, provider, response, settings};

/// What is edited in the assertion before it is signed, and which check has to see it; AWS's code for that.
type Row<'a> = (&'a str, &'a str, String, Refusal, &'a str);

#[track_caller]
fn edited(rows: Vec<Row<'_>>) {
    let idp = Idp::rsa();
    for (what, from, to, expected, code) in rows {
        let plain = assertion(at(NOW));
        assert!(plain.contains(from), "{what}: {from}");
        let signed = idp.sign(&plain.replacen(from, &to, 1));
        let refusal = idp.verify(&response(at(NOW), &signed), at(NOW)).map(|it| it.asserted).unwrap_err();
        let fault = refusal.fault();
        assert_eq!((&refusal, &*fault.code), (&expected, code), "{what}");
        assert!(fault.detail.is_some_and(|detail| detail.starts_with("SAML: ")), "{what}");
    }
}

const INVALID: &str = "InvalidIdentityToken";
const EXPIRED: &str = "ExpiredTokenException";
const DENIED: &str = "AccessDenied";

#[test]
fn times_are_checked() {
    let of = |seconds| moment(at(NOW), seconds);
    let issued = |seconds| format!("IssueInstant=\"{}\"", of(seconds));
    let (from, until) = (format!("NotBefore=\"{}\"", of(-10)), format!("NotOnOrAfter=\"{}\"", of(290)));
    let data = format!("{until} Recipient");
    let conditions = format!("{from} {until}");
    let session = "SessionIndex=\"_s1\"";
    let expired = |what| Refusal::Expired(what);
    let mut rows = vec![
        ("issued long ago", issued(-10), issued(-301), Refusal::Stale, EXPIRED),
        ("issued five minutes ago", issued(-10), issued(-300), Refusal::Stale, EXPIRED),
        ("issued in two minutes", issued(-10), issued(120), Refusal::Early("IssueInstant"), INVALID),
        ("never issued", format!(" {}", issued(-10)), String::new(), Refusal::Form("IssueInstant"), INVALID),
        (
            "issued in local time",
            issued(-10),
            issued(-10).replace('Z', "+00:00"),
            Refusal::Form("IssueInstant"),
            INVALID,
        ),
        ("issued at no time", issued(-10), "IssueInstant=\"now\"".to_owned(), Refusal::Form("IssueInstant"), INVALID),
        (
            "the subject's time is over",
            data.clone(),
            data.replace(&of(290), &of(0)),
            expired("SubjectConfirmationData"),
            EXPIRED,
        ),
        (
            "the subject has all the time",
            data.clone(),
            "Recipient".to_owned(),
            Refusal::Confirmation("NotOnOrAfter"),
            INVALID,
        ),
        (
            "the subject comes later",
            data.clone(),
            format!("NotBefore=\"{}\" {data}", of(61)),
            Refusal::Early("SubjectConfirmationData"),
            INVALID,
        ),
        (
            "the conditions' time is over",
            conditions.clone(),
            conditions.replace(&of(290), &of(-1)),
            expired("Conditions"),
            EXPIRED,
        ),
        (
            "the conditions hold later",
            conditions.clone(),
            conditions.replace(&of(-10), &of(61)),
            Refusal::Early("Conditions"),
            INVALID,
        ),
        (
            "the conditions never hold",
            conditions.clone(),
            conditions.replace(&of(-10), &of(290)),
            Refusal::Early("Conditions"),
            INVALID,
        ),
        (
            "the session is over",
            session.to_owned(),
            format!("{session} SessionNotOnOrAfter=\"{}\"", of(0)),
            expired("SessionNotOnOrAfter"),
            EXPIRED,
        ),
        (
            "the session is over at no time",
            session.to_owned(),
            format!("{session} SessionNotOnOrAfter=\"x\""),
            Refusal::Form("SessionNotOnOrAfter"),
            INVALID,
        ),
        (
            "authenticated later",
            format!("AuthnInstant=\"{}\"", of(-10)),
            format!("AuthnInstant=\"{}\"", of(61)),
            Refusal::Early("AuthnInstant"),
            INVALID,
        ),
    ];
    edited(rows.drain(..).map(|(what, from, to, refusal, code)| (what, &*from.leak(), to, refusal, code)).collect());
}

/// Time passes: the last moment at which an assertion is taken, and the first at which it is not.
#[test]
fn an_assertion_expires() {
    let idp = Idp::rsa();
    let text = response(at(NOW), &idp.sign(&assertion(at(NOW))));
    let cases = [
        (-70, true), // The provider's clock may be a minute ahead.
        (-71, false),
        (289, true),
        (290, false),
    ];
    for (seconds, expected) in cases {
        assert_eq!(idp.verify(&text, at(NOW + seconds)).is_ok(), expected, "{seconds}");
    }
    let long = assertion(at(NOW)).replace(&moment(at(NOW), 290), &moment(at(NOW), 86_400));
    let text = response(at(NOW), &idp.sign(&long));
    assert_eq!([289, 290].map(|seconds| idp.verify(&text, at(NOW + seconds)).is_ok()), [true, false]);
}

#[test]
fn addressees_are_checked() {
    let audience = "<saml:Audience>urn:amazon:webservices</saml:Audience>";
    let restriction = format!("<saml:AudienceRestriction>{audience}</saml:AudienceRestriction>");
    let other = restriction.replace("amazon", "other");
    let recipient = format!(" Recipient=\"{RECIPIENT}\"");
    let confirmation = "<saml:SubjectConfirmation Method";
    let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    let name =
        "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice@example.com</saml:NameID>";
    edited(vec![
        ("another issuer", ISSUER, "https://idp.example.com/".to_owned(), Refusal::Issuer, INVALID),
        ("the issuer in other case", ISSUER, ISSUER.to_uppercase(), Refusal::Issuer, INVALID),
        ("another audience", &restriction, other.clone(), Refusal::Audience, INVALID),
        ("no audience", &restriction, String::new(), Refusal::Audience, INVALID),
        ("an empty restriction", audience, String::new(), Refusal::Audience, INVALID),
        (
            "a second restriction that is not met",
            &restriction,
            format!("{restriction}{other}"),
            Refusal::Audience,
            INVALID,
        ),
        (
            "an audience with more in it",
            audience,
            audience.replace("webservices", "webservices.evil"),
            Refusal::Audience,
            INVALID,
        ),
        (
            "a condition that is not known",
            &restriction,
            format!("{restriction}<saml:Condition></saml:Condition>"),
            Refusal::Condition,
            INVALID,
        ),
        (
            "another recipient",
            &recipient,
            " Recipient=\"https://signin.aws.amazon.com/saml/\"".to_owned(),
            Refusal::Recipient,
            INVALID,
        ),
        (
            "the recipient of another provider",
            &recipient,
            recipient.replace("/saml", "/saml/acs/SAMLPOTHER"),
            Refusal::Recipient,
            INVALID,
        ),
        ("no recipient", &recipient, String::new(), Refusal::Confirmation("Recipient"), INVALID),
        (
            "another confirmation",
            bearer,
            bearer.replace("bearer", "holder-of-key"),
            Refusal::Confirmation("Method"),
            INVALID,
        ),
        (
            "two confirmations",
            confirmation,
            format!("<saml:SubjectConfirmation Method=\"{bearer}\"></saml:SubjectConfirmation>{confirmation}"),
            Refusal::Confirmation("exactly one SubjectConfirmation"),
            INVALID,
        ),
        ("no name", name, String::new(), Refusal::Subject, DENIED),
        ("an empty name", "alice@example.com", String::new(), Refusal::Subject, DENIED),
        ("space around the name", "alice@example.com", " alice@example.com".to_owned(), Refusal::Subject, DENIED),
        (
            "an element in the name",
            "alice@example.com",
            "alice@example.com<saml:Advice></saml:Advice>".to_owned(),
            Refusal::Subject,
            DENIED,
        ),
        (
            "two subjects",
            "</saml:Subject>",
            "</saml:Subject><saml:Subject></saml:Subject>".to_owned(),
            Refusal::Subject,
            DENIED,
        ),
        ("two names", name, format!("{name}{name}"), Refusal::Confirmation("exactly one SubjectConfirmation"), INVALID),
        ("another version", "Version=\"2.0\"", "Version=\"1.1\"".to_owned(), Refusal::Form("Assertion"), INVALID),
        (
            "no authentication",
            "<saml:AttributeStatement>",
            "<saml:AuthnStatement></saml:AuthnStatement><saml:AttributeStatement>".to_owned(),
            Refusal::Form("AuthnStatement"),
            INVALID,
        ),
    ]);
}

#[test]
fn claims_have_to_fit() {
    let name = |name: &str| format!("https://aws.amazon.com/SAML/Attributes/{name}");
    let attribute = |name: &str, values: &[&str]| {
        let statement = attributes(&[(name, values)]);
        statement.replace("<saml:AttributeStatement>", "").replace("</saml:AttributeStatement>", "")
    };
    let session = attribute(&name("RoleSessionName"), &["alice"]);
    let with = |more: &str| format!("{session}{more}");
    let own = |key: &str, values: &[&str]| with(&attribute(&name(key), values));
    let long = "a".repeat(65);
    let fifty_one: String = (0..51).map(|at| attribute(&name(&format!("PrincipalTag:k{at}")), &[""])).collect();
    let ambiguous = Refusal::Ambiguous("saml:mail");
    let mail = |name: &str, value: &str| attribute(name, &[value]);
    edited(vec![
        ("no session name", &session, String::new(), Refusal::NoSessionName, INVALID),
        ("two session names", &session, own("RoleSessionName", &["bob"]), Refusal::SessionName, INVALID),
        ("a short session name", ">alice<", ">a<".to_owned(), Refusal::SessionName, INVALID),
        ("a long session name", ">alice<", format!(">{long}<"), Refusal::SessionName, INVALID),
        ("a session name with space", ">alice<", ">alice b<".to_owned(), Refusal::SessionName, INVALID),
        ("no roles", &name("Role\""), "urn:other\"".to_owned(), Refusal::Role, DENIED),
        ("a role with another provider", "saml-provider/idp<", "saml-provider/idp2<".to_owned(), Refusal::Role, DENIED),
        ("a role alone", ",arn:aws:iam::123456789012:saml-provider/idp<", "<".to_owned(), Refusal::Role, DENIED),
        ("a duration that is too short", &session, own("SessionDuration", &["899"]), Refusal::SessionDuration, INVALID),
        (
            "a duration that is too long",
            &session,
            own("SessionDuration", &["43201"]),
            Refusal::SessionDuration,
            INVALID,
        ),
        ("a duration that is none", &session, own("SessionDuration", &["+900"]), Refusal::SessionDuration, INVALID),
        ("a source identity with space", &session, own("SourceIdentity", &["a b"]), Refusal::SourceIdentity, INVALID),
        ("a tag of AWS's", &session, own("PrincipalTag:aws:x", &["a"]), Refusal::Tags, INVALID),
        ("a tag without a key", &session, own("PrincipalTag:", &["a"]), Refusal::Tags, INVALID),
        ("a tag with two values", &session, own("PrincipalTag:k", &["a", "b"]), Refusal::Tags, INVALID),
        (
            "a tag twice, in other case",
            &session,
            own("PrincipalTag:k", &["a"]) + &attribute(&name("PrincipalTag:K"), &["a"]),
            Refusal::Tags,
            INVALID,
        ),
        ("too many tags", &session, with(&fifty_one), Refusal::Tags, INVALID),
        ("a transitive key without a tag", &session, own("TransitiveTagKeys", &["k"]), Refusal::Tags, INVALID),
        (
            "two addresses",
            &session,
            with(&attribute("0.9.2342.19200300100.1.3", &["a", "b"])),
            ambiguous.clone(),
            INVALID,
        ),
        (
            "two addresses from two attributes",
            &session,
            with(
                &(mail("0.9.2342.19200300100.1.3", "a")
                    + &mail("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "b")),
            ),
            ambiguous,
            INVALID,
        ),
        (
            "an attribute without a name",
            " Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.1\"",
            String::new(),
            Refusal::Form("Attribute"),
            INVALID,
        ),
        (
            "an encrypted attribute",
            "<saml:AttributeStatement>",
            "<saml:AttributeStatement><saml:EncryptedAttribute></saml:EncryptedAttribute>".to_owned(),
            Refusal::Form("Attribute"),
            INVALID,
        ),
        (
            "an element in a value",
            ">staff<",
            "><saml:Advice></saml:Advice><".to_owned(),
            Refusal::Form("AttributeValue"),
            INVALID,
        ),
    ]);
}

/// The response around a signed assertion is not signed: it can only refuse.
#[test]
fn the_envelope_is_checked() {
    let idp = Idp::rsa();
    let sound = response(at(NOW), &idp.sign(&assertion(at(NOW))));
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let failed = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let issuer = format!("<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{ISSUER}</saml:Issuer>");
    let (from, cut) = (sound.find("<saml:Assertion ").unwrap(), sound.find("</samlp:Response>").unwrap());
    let empty = format!("{}{}", &sound[..from], &sound[cut..]);
    let key_info = &sound[sound.find("<ds:KeyInfo>").unwrap()..sound.find("</ds:Signature>").unwrap()];
    let issued = format!("IssueInstant=\"{}\"", moment(at(NOW), -10));
    let edit = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    let cases = [
        ("the provider failed", edit(success, failed), Refusal::Status(failed.to_owned()), "IDPRejectedClaim"),
        (
            "no status",
            edit("<samlp:StatusCode", "<samlp:StatusDetail").replace("</samlp:StatusCode", "</samlp:StatusDetail"),
            Refusal::Response("StatusCode"),
            INVALID,
        ),
        ("another destination", edit(RECIPIENT, "https://evil.example/"), Refusal::Destination, INVALID),
        ("another issuer", edit(&issuer, &issuer.replace("idp.", "evil.")), Refusal::Issuer, INVALID),
        ("two issuers", edit(&issuer, &format!("{issuer}{issuer}")), Refusal::Issuer, INVALID),
        ("no id", edit(" ID=\"_r1\"", ""), Refusal::Response("ID"), INVALID),
        ("an id that is none", edit("_r1", "1 r"), Refusal::Response("ID"), INVALID),
        (
            "from the future",
            edit(&issued, &issued.replace(&moment(at(NOW), -10), &moment(at(NOW), 61))),
            Refusal::Early("IssueInstant"),
            INVALID,
        ),
        (
            "the response issued long ago",
            edit(&issued, &issued.replace(&moment(at(NOW), -10), &moment(at(NOW), -300))),
            Refusal::Stale,
            EXPIRED,
        ),
        ("a key without anything", edit(key_info, "<ds:KeyInfo></ds:KeyInfo>"), Refusal::Schema("s:KeyInfo"), INVALID),
        ("no assertion", empty, Refusal::Assertions, INVALID),
    ];
    for (what, text, expected, code) in cases {
        let refusal = idp.verify(&text, at(NOW)).map(|it| it.asserted).unwrap_err();
        assert_eq!((&refusal, &*refusal.fault().code), (&expected, code), "{what}");
    }
}

#[test]
fn metadata_expires() {
    let idp = Idp::rsa();
    let text = BASE64.encode(response(at(NOW), &idp.sign(&assertion(at(NOW)))).as_bytes());
    let certificates = [idp.certificate.clone()];
    let until = |moment| {
        let mut provider = provider(&certificates, &[]);
        provider.valid_until = at(moment);
        verify(&text, super::maker::ROLE, &provider, &settings(), at(NOW)).map(|_| ())
    };
    assert_eq!([until(NOW + 1), until(NOW)], [Ok(()), Err(Refusal::MetadataExpired)]);
}
