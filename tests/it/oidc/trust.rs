//! Whose certificates are believed: those of authorities, and those that fit a thumbprint.

use countersign::federation::oidc::{Keys, Provider, Token};
use rustls_pki_types::CertificateDer;

use super::{
    mint::{ISSUER, RSA, claims, later, provider},
    web::{Authorities, Shown, Web, thumbprint},
};

/// The check that refuses when a server shows a chain, authorities are trusted and thumbprints are registered.
fn refused(shown: Shown, authorities: &[&CertificateDer<'static>], thumbprints: &[String]) -> &'static str {
    let web = Web::start(shown, &[RSA.jwk()]);
    let keys = Keys::new(web.settings(authorities));
    let provider = Provider { thumbprints: thumbprints.to_vec(), ..provider(ISSUER) };
    let outcome = keys.verify(&Token::read(&RSA.mint(&claims())).unwrap(), &provider, later(0));
    outcome.map_or_else(|refusal| refusal.check(), |_| "nothing")
}

#[test]
fn a_certificate_needs_an_authority_or_a_thumbprint() {
    let (ours, others) = (Authorities::new(), Authorities::new());
    let host = "idp.example.com";
    let of = |certificate: &CertificateDer<'_>| thumbprint(certificate);
    type Authority<'a> = &'a CertificateDer<'static>;
    type Case<'a> = (&'a str, Shown, Vec<Authority<'a>>, Vec<String>, &'a str);
    let cases: [Case<'_>; 13] = [
        ("nobody", ours.show(host), vec![], vec![], "provider's certificate"),
        ("its authority", ours.show(host), vec![&ours.root], vec![], "nothing"),
        ("another authority", ours.show(host), vec![&others.root], vec![], "provider's certificate"),
        (
            "its authority, for another host",
            ours.show("other.example.com"),
            vec![&ours.root],
            vec![],
            "provider's certificate",
        ),
        (
            "its authority, whatever the thumbprint",
            ours.show(host),
            vec![&ours.root],
            vec![of(&others.root)],
            "nothing",
        ),
        ("the top's thumbprint", ours.show(host), vec![], vec![of(&ours.root)], "nothing"),
        ("in capitals", ours.show(host), vec![], vec![of(&ours.root).to_uppercase()], "nothing"),
        ("that of the one between", ours.show(host), vec![], vec![of(&ours.between)], "nothing"),
        ("one of several", ours.show(host), vec![], vec![of(&others.root), of(&ours.root)], "nothing"),
        ("the thumbprint of another", ours.show(host), vec![], vec![of(&others.root)], "provider's certificate"),
        (
            "a thumbprint, for another host",
            ours.show("other.example.com"),
            vec![],
            vec![of(&ours.root)],
            "provider's certificate",
        ),
        ("no thumbprint at all", ours.show(host), vec![], vec!["0".repeat(40)], "provider's certificate"),
        ("another authority and a thumbprint", ours.show(host), vec![&others.root], vec![of(&ours.root)], "nothing"),
    ];
    for (name, shown, authorities, thumbprints, expected) in cases {
        assert_eq!(refused(shown, &authorities, &thumbprints), expected, "{name}");
    }
}

#[test]
fn a_chain_that_only_holds_the_certificate_of_a_thumbprint_is_not_signed_by_it() {
    let (ours, evil) = (Authorities::new(), Authorities::new());
    let thumbprints = [thumbprint(&ours.root), thumbprint(&ours.between)];
    for chain in [[&ours.between, &ours.root], [&ours.root, &ours.between], [&evil.between, &ours.root]] {
        let mut shown = evil.show("idp.example.com");
        shown.chain.truncate(1);
        shown.chain.extend(chain.into_iter().cloned());
        assert_eq!(refused(shown, &[], &thumbprints), "provider's certificate");
    }
}

#[test]
fn a_certificate_that_signs_itself_can_be_the_top() {
    let made = rcgen::generate_simple_self_signed(["idp.example.com".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let show = || Shown { chain: vec![certificate.clone()], key: key.clone().try_into().unwrap() };
    assert_eq!(refused(show(), &[], &[thumbprint(&certificate)]), "nothing");
    assert_eq!(refused(show(), &[], &[]), "provider's certificate");
}

#[test]
fn what_one_account_trusts_another_does_not() {
    let ours = Authorities::new();
    let web = Web::start(ours.show("idp.example.com"), &[RSA.jwk()]);
    let keys = Keys::new(web.settings(&[]));
    let token = Token::read(&RSA.mint(&claims())).unwrap();
    let trusting = Provider { thumbprints: vec![thumbprint(&ours.root)], ..provider(ISSUER) };
    assert!(keys.verify(&token, &trusting, later(0)).is_ok());
    let fault = keys.verify(&token, &provider(ISSUER), later(0)).unwrap_err().fault();
    let told = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
    assert_eq!((&*fault.code, &*fault.message), ("InvalidIdentityToken", told));
    assert!(keys.verify(&token, &trusting, later(0)).is_ok());
}
