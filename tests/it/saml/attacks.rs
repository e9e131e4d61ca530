//! Known attacks on signatures in XML and on SAML. Sources: Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be"
//! (2012), the eight ways to wrap a signature; CVE-2018-0489 and its like (comments in names); OWASP, "SAML Security Cheat
//! Sheet".

use countersign::federation::saml::{Flaw, Refusal, Unproven};
use data_encoding::BASE64;

use super::maker::{Idp, NOW, assertion, at, response};

/// What is wrong, the response, and which check has to see it.
type Row = (&'static str, String, Refusal);

#[track_caller]
fn refused(idp: &Idp, rows: Vec<Row>) {
    for (what, text, expected) in rows {
        assert_eq!(idp.verify(&text, at(NOW)).map(|it| it.asserted.subject), Err(expected), "{what}: {text}");
    }
}

/// The same assertion for somebody else, under another id.
fn evil(assertion: &str) -> String {
    assertion.replace("alice@example.com", "root@example.com").replace("ID=\"_a1\"", "ID=\"_evil\"")
}

fn signature_of(signed: &str) -> String {
    let from = signed.find("<ds:Signature ").unwrap();
    let to = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    signed[from..to].to_owned()
}

fn behind_issuer(text: &str, more: &str) -> String {
    text.replacen("</saml:Issuer>", &format!("</saml:Issuer>{more}"), 1)
}

/// The eight wrappings. In each the signature is sound, and what it covers is still there, but elsewhere.
#[test]
fn signatures_are_not_wrapped() {
    let idp = Idp::rsa();
    let plain = assertion(at(NOW));
    let signed = idp.sign(&plain);
    let signature = signature_of(&signed);
    let around = |assertions: &str| response(at(NOW), assertions);
    let whole = idp.sign(&response(at(NOW), &plain));
    let evil_response = whole.replace("ID=\"_r1\"", "ID=\"_other\"").replace(&plain, &evil(&plain));
    let whole_signature = signature_of(&whole);
    let original = whole.replace(&whole_signature, "");
    let object =
        |inner: &str| signature.replace("</ds:Signature>", &format!("<ds:Object>{inner}</ds:Object></ds:Signature>"));
    let place = |part| Refusal::Signature(part, Unproven::Place);
    assert!(idp.verify(&around(&signed), at(NOW)).is_ok() && idp.verify(&whole, at(NOW)).is_ok());
    refused(
        &idp,
        vec![
            (
                "1: the signed response in the signature of another",
                evil_response.replace("</ds:Signature>", &format!("<ds:Object>{original}</ds:Object></ds:Signature>")),
                Refusal::Response("Response"),
            ),
            (
                "2: the signed response beside its signature",
                behind_issuer(&evil_response.replace(&whole_signature, ""), &format!("{original}{whole_signature}")),
                Refusal::Response("Response"),
            ),
            (
                "3: a forged assertion before the signed one",
                around(&format!("{}{signed}", evil(&plain))),
                Refusal::Assertions,
            ),
            ("3b: behind it", around(&format!("{signed}{}", evil(&plain))), Refusal::Assertions),
            (
                "4: the signed assertion in a forged one",
                around(&evil(&plain).replace("</saml:Assertion>", &format!("{signed}</saml:Assertion>"))),
                Refusal::Assertions,
            ),
            (
                "5: the signature in a forged assertion, the assertion behind",
                around(&format!("{}{plain}", behind_issuer(&evil(&plain), &signature))),
                Refusal::Assertions,
            ),
            (
                "6: the signed assertion in the signature of a forged one",
                around(&behind_issuer(
                    &evil(&plain),
                    &signature.replace("</ds:Signature>", &format!("{plain}</ds:Signature>")),
                )),
                Refusal::Assertions,
            ),
            (
                "7: a forged assertion in an extension",
                around(&signed).replace(
                    "<samlp:Status>",
                    &format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", evil(&plain)),
                ),
                Refusal::Assertions,
            ),
            (
                "7b: the signed assertion in an extension",
                around(&evil(&plain))
                    .replace("<samlp:Status>", &format!("<samlp:Extensions>{signed}</samlp:Extensions><samlp:Status>")),
                Refusal::Assertions,
            ),
            (
                "8: the signed assertion in an object of the signature",
                around(&behind_issuer(&evil(&plain), &object(&plain))),
                Refusal::Assertions,
            ),
            (
                "a forged assertion under a sound signature of another element",
                around(&behind_issuer(&evil(&plain), &signature)),
                Refusal::Signature("assertion", Unproven::Reference),
            ),
            (
                "the same with the id of the signed one",
                around(&behind_issuer(&evil(&plain).replace("_evil", "_a1"), &signature)),
                Refusal::Signature("assertion", Unproven::Digest),
            ),
            (
                "the signature below something else",
                around(&plain).replace("<samlp:Status>", &format!("<samlp:Status>{signature}")),
                place("response"),
            ),
            (
                "the signature at the end",
                around(&plain.replace("</saml:Assertion>", &format!("{signature}</saml:Assertion>"))),
                place("assertion"),
            ),
            ("two signatures", around(&behind_issuer(&signed, &signature)), place("assertion")),
            (
                "the assertion's signature on the response",
                behind_issuer(&around(&plain), &signature),
                Refusal::Signature("response", Unproven::Reference),
            ),
            (
                "two elements of one id",
                around(&signed).replace("<samlp:Status>", "<samlp:Status ID=\"_a1\">"),
                Refusal::Xml(Flaw::Id),
            ),
            (
                "the same by another name",
                around(&signed).replace("<samlp:Status>", "<samlp:Status Id=\"_a1\">"),
                Refusal::Xml(Flaw::Id),
            ),
            (
                "an id of XML's own",
                around(&signed).replace("<samlp:Status>", "<samlp:Status xml:id=\"x\">"),
                Refusal::Xml(Flaw::Id),
            ),
        ],
    );
}

/// Signed by the provider, but not in SAML's one form.
#[test]
fn signatures_of_other_forms_are_not_believed() {
    let idp = Idp::rsa();
    let signed = |from: &str, to: &str| {
        response(
            at(NOW),
            &idp.sign_as(&assertion(at(NOW)), |info| {
                assert!(info.contains(from), "{from}");
                info.replacen(from, to, 1)
            }),
        )
    };
    let not = |why| Refusal::Signature("assertion", why);
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let sha = "http://www.w3.org/2001/04/xmlenc#sha256";
    let transform = |name: &str| format!("<ds:Transform Algorithm=\"{name}\"></ds:Transform>");
    let reference = "</ds:Reference>";
    refused(
        &idp,
        vec![
            ("no URI", signed(" URI=\"#_a1\"", ""), not(Unproven::Reference)),
            ("an empty URI", signed("#_a1", ""), not(Unproven::Reference)),
            ("another id", signed("#_a1", "#_r1"), not(Unproven::Reference)),
            ("a path", signed("#_a1", "#xpointer(/)"), not(Unproven::Reference)),
            ("an id in XPointer", signed("#_a1", "#xpointer(id('_a1'))"), not(Unproven::Reference)),
            ("a place elsewhere", signed("#_a1", "https://idp.example.com/#_a1"), not(Unproven::Reference)),
            (
                "two references",
                signed(reference, &format!("{reference}<ds:Reference URI=\"#_a1\"></ds:Reference>")),
                not(Unproven::Form),
            ),
            ("a MAC", signed(rsa, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), not(Unproven::Method)),
            ("SHA-1", signed(rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"), not(Unproven::Method)),
            (
                "another method of the same key",
                signed(rsa, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"),
                not(Unproven::Key),
            ),
            (
                "the method of another key",
                signed(rsa, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
                not(Unproven::Key),
            ),
            (
                "a parameter of the method",
                signed("</ds:SignatureMethod>", "<ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>"),
                not(Unproven::Method),
            ),
            ("a digest by SHA-1", signed(sha, "http://www.w3.org/2000/09/xmldsig#sha1"), not(Unproven::DigestMethod)),
            (
                "inclusive canonicalization",
                signed(exclusive, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
                not(Unproven::Canonicalization),
            ),
            (
                "canonicalization with comments",
                signed(exclusive, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
                not(Unproven::Canonicalization),
            ),
            ("a transform less", signed(&transform(enveloped), ""), not(Unproven::Transforms)),
            ("the other transform less", signed(&transform(exclusive), ""), not(Unproven::Transforms)),
            (
                "no transform",
                signed(&format!("<ds:Transforms>{}{}</ds:Transforms>", transform(enveloped), transform(exclusive)), ""),
                not(Unproven::Form),
            ),
            (
                "transforms in the other order",
                signed(
                    &format!("{}{}", transform(enveloped), transform(exclusive)),
                    &format!("{}{}", transform(exclusive), transform(enveloped)),
                ),
                not(Unproven::Transforms),
            ),
            (
                "a transform more",
                signed(
                    "</ds:Transforms>",
                    &format!("{}</ds:Transforms>", transform("http://www.w3.org/TR/1999/REC-xslt-19991116")),
                ),
                not(Unproven::Transforms),
            ),
            ("XSLT", signed(enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"), not(Unproven::Transforms)),
            ("XPath", signed(enveloped, "http://www.w3.org/TR/1999/REC-xpath-19991116"), not(Unproven::Transforms)),
            ("base 64", signed(enveloped, "http://www.w3.org/2000/09/xmldsig#base64"), not(Unproven::Transforms)),
            ("a digest that is none", signed("<ds:DigestValue>", "<ds:DigestValue>?"), not(Unproven::Form)),
        ],
    );
}

/// Altered after it was signed, or signed by somebody else.
#[test]
fn what_the_provider_did_not_sign_is_not_believed() {
    let (idp, other, ecdsa) = (Idp::rsa(), Idp::rsa(), Idp::ecdsa());
    let plain = assertion(at(NOW));
    let sound = response(at(NOW), &idp.sign(&plain));
    let both = idp.sign(&sound);
    let not = |why| Refusal::Signature("assertion", why);
    let edit = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    let (_, key_info) = sound.split_once("<ds:KeyInfo>").unwrap();
    let key_info = format!("<ds:KeyInfo>{}", key_info.split_once("</ds:Signature>").unwrap().0);
    let value = sound.split_once("<ds:SignatureValue>").unwrap().1.split_once('<').unwrap().0.to_owned();
    refused(
        &idp,
        vec![
            ("nothing is signed", response(at(NOW), &plain), Refusal::Unsigned),
            ("another name", edit("alice@example.com", "root@example.com"), not(Unproven::Digest)),
            ("another method, not signed", edit("rsa-sha256", "rsa-sha512"), not(Unproven::Key)),
            ("another digest, not signed", edit("<ds:DigestValue>", "<ds:DigestValue>AAAA"), not(Unproven::Key)),
            ("no value", edit(&value, ""), not(Unproven::Key)),
            ("half a value", edit(&value, &value[..172]), not(Unproven::Key)),
            ("an object", edit("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object></ds:Object>"), not(Unproven::Form)),
            (
                "the parts in another order",
                edit("<ds:SignedInfo>", "<ds:KeyInfo></ds:KeyInfo><ds:SignedInfo>"),
                not(Unproven::Form),
            ),
            (
                "a signature of another namespace",
                edit("xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "xmlns:ds=\"urn:other\""),
                Refusal::Unsigned,
            ),
            (
                "by another key, which the signature brings along",
                response(at(NOW), &other.sign(&plain)),
                not(Unproven::Key),
            ),
            ("by a key of another kind", response(at(NOW), &ecdsa.sign(&plain)), not(Unproven::Key)),
            (
                "the response by another key, the assertion sound",
                other.sign(&sound),
                Refusal::Signature("response", Unproven::Key),
            ),
            (
                "the assertion by another key, the response sound",
                idp.sign(&response(at(NOW), &other.sign(&plain))),
                not(Unproven::Key),
            ),
            (
                "both signed, and the status altered",
                both.replace("Destination=", "Consent=\"urn:x\" Destination="),
                Refusal::Signature("response", Unproven::Digest),
            ),
        ],
    );
    // What a signature says of its key has no say: not even its absence.
    assert!(idp.verify(&edit(&key_info, ""), at(NOW)).is_ok());
    assert!(idp.verify(&both, at(NOW)).is_ok());
}

/// XML that two readers could take in two ways. The signatures are sound: all this is in texts that they do not cover, or in
/// what canonical forms leave out.
#[test]
fn what_canonical_forms_leave_out_is_refused() {
    let idp = Idp::rsa();
    let sound = response(at(NOW), &idp.sign(&assertion(at(NOW))));
    let edit = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        sound.replacen(from, to, 1)
    };
    let (name, role) = ("alice@example.com", "role/reader");
    let deep = format!("{}{}", "<x>".repeat(40), "</x>".repeat(40));
    let wide: String = (0..40).map(|at| format!(" a{at}=\"\"")).collect();
    refused(
        &idp,
        vec![
            ("a comment in the name", edit(name, "alice@example.com<!---->.evil.example"), Refusal::Xml(Flaw::Comment)),
            ("a comment in an attribute", edit(role, "role/<!-- -->reader"), Refusal::Xml(Flaw::Comment)),
            ("a comment outside", format!("<!-- x -->{sound}"), Refusal::Xml(Flaw::Comment)),
            ("CDATA in the name", edit(name, "<![CDATA[alice@example.com]]>"), Refusal::Xml(Flaw::CharacterData)),
            ("an instruction in the name", edit(name, "alice@example.com<?x?>.evil"), Refusal::Xml(Flaw::Instruction)),
            ("a style sheet", format!("<?xml-stylesheet href=\"x\"?>{sound}"), Refusal::Xml(Flaw::Instruction)),
            (
                "a declaration in the middle",
                edit(name, "<?xml version=\"1.0\"?>alice"),
                Refusal::Xml(Flaw::Instruction),
            ),
            ("a document type", format!("<!DOCTYPE x [<!ENTITY e \"x\">]>{sound}"), Refusal::Xml(Flaw::DocumentType)),
            (
                "an external subset",
                format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{sound}"),
                Refusal::Xml(Flaw::DocumentType),
            ),
            ("an entity", edit(name, "&name;"), Refusal::Xml(Flaw::Entity)),
            ("an entity in an attribute", edit("Version=\"2.0\"", "Version=\"&v;\""), Refusal::Xml(Flaw::Entity)),
            (
                "UTF-16, so it says",
                format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{sound}"),
                Refusal::Xml(Flaw::Syntax),
            ),
            ("XML 1.1", format!("<?xml version=\"1.1\"?>{sound}"), Refusal::Xml(Flaw::Syntax)),
            ("two roots", format!("{sound}{sound}"), Refusal::Xml(Flaw::Syntax)),
            ("text behind", format!("{sound}x"), Refusal::Xml(Flaw::Syntax)),
            ("cut off", sound[..sound.len() - 1].to_owned(), Refusal::Xml(Flaw::Syntax)),
            (
                "an attribute twice",
                edit("Version=\"2.0\"", "Version=\"2.0\" Version=\"2.0\""),
                Refusal::Xml(Flaw::Syntax),
            ),
            ("attributes without space", edit(" Version=", "Version="), Refusal::Xml(Flaw::Syntax)),
            ("an attribute without quotes", edit("Version=\"2.0\"", "Version=2.0"), Refusal::Xml(Flaw::Syntax)),
            ("an attribute with a tag", edit("Version=\"2.0\"", "Version=\"<\""), Refusal::Xml(Flaw::Syntax)),
            ("an end that does not fit", edit("</saml:Issuer>", "</saml:issuer>"), Refusal::Xml(Flaw::Syntax)),
            (
                "a prefix without namespace",
                edit("<samlp:Status>", "<x:Status>").replace("</samlp:Status>", "</x:Status>"),
                Refusal::Xml(Flaw::Namespace),
            ),
            (
                "a relative namespace",
                edit("<samlp:Status>", "<samlp:Status xmlns:x=\"y\">"),
                Refusal::Xml(Flaw::Namespace),
            ),
            (
                "no namespace for a prefix",
                edit("<samlp:Status>", "<samlp:Status xmlns:x=\"\">"),
                Refusal::Xml(Flaw::Namespace),
            ),
            ("too deep", edit("<samlp:Status>", &format!("<samlp:Status>{deep}")), Refusal::Xml(Flaw::TooMuch)),
            (
                "too many attributes",
                edit("<samlp:Status>", &format!("<samlp:Status{wide}>")),
                Refusal::Xml(Flaw::TooMuch),
            ),
            (
                "too many elements",
                edit("<samlp:Status>", &format!("<samlp:Status>{}", "<x/>".repeat(2_000))),
                Refusal::Xml(Flaw::TooMuch),
            ),
            ("a control character", edit(name, "alice\u{1}"), Refusal::Xml(Flaw::Syntax)),
            ("a character that is none", edit(name, "&#xFFFF;"), Refusal::Xml(Flaw::Syntax)),
            ("the end of a section", edit(name, "]]>"), Refusal::Xml(Flaw::Syntax)),
            (
                "another protocol",
                sound.replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
                Refusal::Response("Response"),
            ),
            ("another version", edit("Version=\"2.0\"", "Version=\"1.1\""), Refusal::Response("Response")),
            ("no XML", "alice".to_owned(), Refusal::Xml(Flaw::Syntax)),
            ("nothing", String::new(), Refusal::Xml(Flaw::Syntax)),
        ],
    );
}

#[test]
fn what_is_no_base_64_is_refused() {
    let idp = Idp::rsa();
    let text = BASE64.encode(response(at(NOW), &idp.sign(&assertion(at(NOW)))).as_bytes());
    let lines: String =
        text.as_bytes().chunks(76).map(|line| format!("{}\r\n", str::from_utf8(line).unwrap())).collect();
    assert!(idp.verify_text(&lines, at(NOW)).is_ok());
    let long = BASE64.encode(&[b' '; 80_000]);
    let cut = &text[..text.len() - 5];
    let halved = &text[..text.len() / 4 / 2 * 4];
    let unreadable = BASE64.encode(b"\xff\xfe");
    let cases = [
        ("another alphabet", "____", Refusal::Base64),
        ("cut off", cut, Refusal::Base64),
        ("cut in half", halved, Refusal::Xml(Flaw::Syntax)),
        ("too long", &long, Refusal::Base64),
        ("no UTF-8", &unreadable, Refusal::Xml(Flaw::Syntax)),
        ("nothing", "", Refusal::Xml(Flaw::Syntax)),
    ];
    for (what, text, expected) in cases {
        assert_eq!(idp.verify_text(text, at(NOW)).map(|_| ()), Err(expected), "{what}");
    }
}
