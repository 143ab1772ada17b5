use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Error;

/// First port of the range. The range is below the ports that operating systems use for outgoing connections, so that
/// no client can occupy a server's port while the server is down.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A TCP port on 127.0.0.1 that no other sandbox uses while this value exists.
///
/// The *UDP* port of the same number is the token: only one process can bind it, and the kernel releases it when the
/// process ends. The TCP port stays free for PostgreSQL to bind.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _token: UdpSocket,
}

impl Port {
    /// Reserves a free port, a different one at each call.
    pub(crate) fn any() -> Result<Port, Error> {
        let start = seed() % u32::from(COUNT);
        (0..u32::from(COUNT))
            .find_map(|step| {
                let offset = (start + step) % u32::from(COUNT);
                Port::exactly(FIRST + u16::try_from(offset).ok()?).ok()
            })
            .ok_or_else(|| Error::new("no port is free on 127.0.0.1"))
    }

    /// Reserves this port if it is free.
    pub(crate) fn exactly(number: u16) -> io::Result<Port> {
        let token = UdpSocket::bind((Ipv4Addr::LOCALHOST, number))?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number))?;
        Ok(Port {
            number,
            _token: token,
        })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// Returns a number that differs between processes and calls, so that they seldom try the same port.
fn seed() -> u32 {
    let nanoseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.subsec_nanos());
    (nanoseconds / 1_000) ^ process::id().wrapping_mul(2_654_435_761)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_reserved_once() {
        let port = Port::any().unwrap();
        assert!(Port::exactly(port.number()).is_err());
        assert_ne!(Port::any().unwrap().number(), port.number());
    }

    #[test]
    fn a_port_with_a_listener_is_not_reserved() {
        let port = Port::any().unwrap();
        let number = port.number();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
        drop(port);
        assert!(Port::exactly(number).is_err());
    }
}
