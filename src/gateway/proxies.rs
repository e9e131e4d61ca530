//! Who may say where a request came from: only proxies that the configuration names.

use std::net::IpAddr;

use http::HeaderMap;

/// Networks whose `X-Forwarded-For` is believed. Empty: the peer's address counts, whatever headers say.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<Network>);

/// An address range: `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The first address.
    pub address: IpAddr,
    /// How many leading bits count: up to 32 for IPv4, 128 for IPv6.
    pub prefix_bits: u8,
}

impl Proxies {
    /// Believes these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// The client's address: from the right, the first address in `X-Forwarded-For` that is not one of our proxies.
    /// An entry that is not an address ends the walk, because what stands left of it was not written by a proxy of ours.
    pub fn source_ip(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.0.is_empty() {
            return peer;
        }
        let mut source = peer;
        let lines = headers.get_all("x-forwarded-for").iter().collect::<Vec<_>>();
        let entries = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for entry in entries {
            if !self.holds(source) {
                break;
            }
            let Ok(address) = entry.trim().parse() else { break };
            source = address;
        }
        source
    }

    /// Whether an address is one of theirs.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }
}

impl Network {
    /// Whether an address lies in the range. IPv4 never lies in an IPv6 range.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_bits.min(32))).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix_bits.min(128))).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_proxies_are_believed() {
        let network = |text: &str, prefix_bits| Network { address: text.parse().unwrap(), prefix_bits };
        let proxies = Proxies::new(vec![network("10.0.0.0", 8), network("fd00::", 8)]);
        let cases = [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
            ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
            ("fd00::1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let source = proxies.source_ip(peer.parse().unwrap(), &headers);
            assert_eq!(source, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
            assert_eq!(Proxies::default().source_ip(peer.parse().unwrap(), &headers).to_string(), peer);
        }
    }
}
