//! The values that metric labels may take. Each label is closed, so that every series is registered before the first request.

/// A closed set of label values.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// All values, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// The value as Prometheus shows it.
    fn value(self) -> &'static str;

    /// Its place in [`Label::ALL`].
    fn index(self) -> usize;
}

/// One label: its Rust name, its metric name, its values with their text and meaning.
macro_rules! label {
    ($(#[$about:meta])* $name:ident = $label:literal { $($(#[$meaning:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$meaning])* $variant,)+ }

        impl Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn value(self) -> &'static str {
                match self { $(Self::$variant => $value,)+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label! {
    /// The service that a request was for.
    Service = "service" {
        /// S3.
        S3 = "s3",
        /// IAM.
        Iam = "iam",
        /// STS.
        Sts = "sts",
        /// Internal HTTP APIs.
        ExecuteApi = "execute-api",
        /// Anything else, or not known.
        Other = "other",
    }
}

impl Service {
    /// The service of a signing name.
    pub fn of(signing_name: &str) -> Self {
        Self::ALL.iter().copied().find(|service| service.value() == signing_name).unwrap_or(Service::Other)
    }
}

label! {
    /// How a request ended.
    Outcome = "outcome" {
        /// Carried out.
        Success = "success",
        /// Refused by a policy's decision.
        Denied = "denied",
        /// The caller could not be authenticated.
        Unauthenticated = "unauthenticated",
        /// Another fault of the client: malformed, not found, a failed precondition.
        ClientError = "client_error",
        /// A fault of ours or of the upstream.
        ServerError = "server_error",
        /// The client or the upstream went away while bytes were passing.
        Aborted = "aborted",
    }
}

label! {
    /// Why a caller could not be authenticated.
    AuthFailure = "reason" {
        /// No credentials where some are needed.
        Missing = "missing",
        /// The signature or its scope cannot be read, or is ambiguous.
        Malformed = "malformed",
        /// Signature version 2, or another algorithm that is not offered.
        Unsupported = "unsupported",
        /// No such access key.
        UnknownKey = "unknown_key",
        /// The access key is not active.
        InactiveKey = "inactive_key",
        /// The signature is wrong.
        Mismatch = "mismatch",
        /// The request is too old or from the future.
        Skewed = "skewed",
        /// A presigned request, form or session is past its time.
        Expired = "expired",
        /// The session token is not valid.
        Token = "token",
        /// The body does not match what was signed.
        Body = "body",
        /// A reason without a word of its own.
        Other = "other",
    }
}

label! {
    /// Which kind of policy denied.
    Denial = "kind" {
        /// A statement that denies.
        Explicit = "explicit",
        /// No statement that allows.
        Implicit = "implicit",
        /// The request could not be mapped to actions.
        Unmapped = "unmapped",
        /// The decision could not be made: an unreadable policy, a missing role.
        Error = "error",
    }
}

label! {
    /// What went wrong with an upstream.
    UpstreamFailure = "reason" {
        /// No connection.
        Connect = "connect",
        /// No answer in time.
        Timeout = "timeout",
        /// The connection broke.
        Broken = "broken",
        /// The answer is not HTTP, or breaks the upstream's contract.
        Protocol = "protocol",
        /// The answer is a 5xx.
        Status = "status",
    }
}

label! {
    /// Why a record was lost.
    Loss = "reason" {
        /// The backlog was full.
        Full = "full",
        /// The spool was closed.
        Closed = "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<L: Label + PartialEq + std::fmt::Debug>() {
        for (at, &value) in L::ALL.iter().enumerate() {
            assert_eq!(value.index(), at, "{value:?}");
            assert_eq!(L::ALL.iter().filter(|other| other.value() == value.value()).count(), 1, "{value:?}");
        }
    }

    #[test]
    fn values_are_in_order_and_unique() {
        check::<Service>();
        check::<Outcome>();
        check::<AuthFailure>();
        check::<Denial>();
        check::<UpstreamFailure>();
        check::<Loss>();
    }

    #[test]
    fn a_service_is_found_by_its_signing_name() {
        for (name, expected) in
            [("s3", Service::S3), ("execute-api", Service::ExecuteApi), ("ec2", Service::Other), ("", Service::Other)]
        {
            assert_eq!(Service::of(name), expected, "{name}");
        }
    }
}
