//! Uploads by form whose delivery breaks.

use super::{
    client::Request,
    gateway::{ALLOW_ALL, Gateway, Setup},
    upstream::Upstream,
};

#[test]
fn a_form_that_stops_arriving_is_given_up() {
    let upstream = Upstream::start();
    let gateway = Gateway::start_with(&upstream, &Setup { keys: &[("LIMITS__IDLE_SECONDS", "1")], ..Setup::default() });
    gateway.user("ann", Some(ALLOW_ALL));
    let beginnings = [
        "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na",
        "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n--x\r\nContent-Disp",
    ];
    for beginning in beginnings {
        let request = Request::new("POST", "/photos")
            .header("content-type", "multipart/form-data; boundary=x")
            .header("content-length", "5000");
        let mut wire = gateway.wire();
        wire.write(&gateway.addressed(request).head());
        wire.write(beginning.as_bytes());
        let answer = wire.response("POST");
        assert_eq!(answer.refusal(), (400, "RequestTimeout".to_owned()), "{beginning}");
        assert_eq!(gateway.record(&answer)["errorCode"], "RequestTimeout");
    }
    assert_eq!(upstream.traffic(), (0, 0));
}
