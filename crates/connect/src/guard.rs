//! Keeps connectors away from this machine and its private network.
//!
//! A host name is resolved by the guard itself and the connection is made to exactly the addresses it let pass, so a
//! name that changes its mind between check and use gains nothing.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Which addresses a connector may reach: the public ones, and hosts that were allowed by name.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allowed: Arc<BTreeSet<String>>,
}

/// Why an address may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not an absolute `http` or `https` address with a host.
    #[error("{0:?} is no web address: write it like https://crm.example.com")]
    NotAnAddress(String),
    /// A user name or password inside the address.
    #[error("the address holds a user name or password: leave them out")]
    Credentials,
    /// Plain HTTP to a host that was not allowed by name.
    #[error("{0} would be spoken to without encryption: use https, or allow the host by name")]
    Plain(String),
    /// A loopback, link-local, private or otherwise special address.
    #[error("{0} lies in a private network: allow the host by name if it is yours")]
    Private(String),
    /// The name has no address.
    #[error("{0} has no address")]
    Unknown(String),
}

impl Guard {
    /// Lets private addresses and plain HTTP pass for these hosts, written as in the URL: `crm.internal`, `127.0.0.1`.
    pub fn allowing(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let plain = |host: String| host.trim_matches(['[', ']', '.']).to_ascii_lowercase();
        Guard {
            allowed: Arc::new(hosts.into_iter().map(|h| plain(h.into())).collect()),
        }
    }

    /// Reads an address and refuses what can be refused without asking the network. Names are checked again, with
    /// their addresses, whenever a connection is made.
    pub fn parse(&self, address: &str) -> Result<Url, Denied> {
        let refuse = || Denied::NotAnAddress(address.chars().take(80).collect());
        let url = Url::parse(address.trim()).map_err(|_| refuse())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Denied::Credentials);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.is_empty() || !matches!(url.scheme(), "http" | "https") {
            return Err(refuse());
        }
        if self.allows(&host) {
            return Ok(url);
        }
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>()
            && !is_public(ip)
        {
            return Err(Denied::Private(host));
        }
        if url.scheme() == "http" {
            return Err(Denied::Plain(host));
        }
        Ok(url)
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']', '.']).to_ascii_lowercase();
        self.allowed.contains(&host)
    }

    /// The addresses of `host`, all of them fit to be reached; one that is not spoils the name.
    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, Denied> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|_| Denied::Unknown(host.to_owned()))?
            .collect();
        if found.is_empty() {
            return Err(Denied::Unknown(host.to_owned()));
        }
        if !self.allows(host) && found.iter().any(|a| !is_public(a.ip())) {
            return Err(Denied::Private(host.to_owned()));
        }
        Ok(found)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.addresses(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// True for addresses of the open internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // carrier NAT
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)); // benchmarks
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let v4 = |hi: u16, lo: u16| {
        let [a, b] = hi.to_be_bytes();
        let [c, d] = lo.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, hi, lo] => v4(hi, lo),
        [0x64, 0xff9b, 0, 0, 0, 0, hi, lo] => v4(hi, lo),
        [0x2002, hi, lo, ..] => v4(hi, lo),
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => false,
        // Only 2000::/3 is given out.
        _ => s[0] & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_in_any_clothes_are_known() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
        ] {
            assert!(!is_public(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(ip.parse().expect("an address")), "{ip}");
        }
    }

    #[test]
    fn addresses_are_refused_with_a_reason() {
        let guard = Guard::default();
        assert!(guard.parse("https://crm.example.com/base").is_ok());
        let refused = |a: &str| guard.parse(a).expect_err(a);
        assert!(matches!(refused("crm.example.com"), Denied::NotAnAddress(_)));
        assert!(matches!(refused("ftp://crm.example.com"), Denied::NotAnAddress(_)));
        assert!(matches!(refused("file:///etc/passwd"), Denied::NotAnAddress(_)));
        assert!(matches!(refused("https://u:p@crm.example.com"), Denied::Credentials));
        assert!(matches!(refused("http://crm.example.com"), Denied::Plain(_)));
        for a in [
            "https://127.0.0.1",
            "https://0x7f.1",
            "https://2130706433/",
            "https://[::1]:8000",
        ] {
            assert!(matches!(refused(a), Denied::Private(_)), "{a}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_its_addresses() {
        let guard = Guard::default();
        assert!(guard.parse("https://localhost").is_ok());
        assert!(matches!(guard.addresses("localhost").await, Err(Denied::Private(_))));
        let own = Guard::allowing(["LOCALHOST", "[::1]"]);
        assert!(own.parse("http://localhost:8000").is_ok());
        assert!(own.parse("http://[::1]:8000").is_ok());
        assert!(own.addresses("localhost").await.is_ok());
    }
}
