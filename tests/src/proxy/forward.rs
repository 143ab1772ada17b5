//! Threads that forward a proxy's connections.

use super::Connection;
use super::state::{Link, Shared};
use crate::wire::{self, Opening, UntilReady};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Accepts connections until the proxy is closed.
pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.lock().closed {
            return;
        }
        let shared = Arc::clone(shared);
        // If the server is down, the client's connection ends.
        thread::spawn(move || serve(client, &shared));
    }
}

fn serve(client: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.server))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let link = Link {
        client: client.try_clone()?,
        server: server.try_clone()?,
        session: None,
        until_ready: UntilReady::default(),
        ready: false,
        is_answered: false,
        fault: None,
    };
    let index = {
        let mut state = shared.lock();
        state.links.push(link);
        state.links.len() - 1
    };
    let outcome = forward(&client, &server, index, shared);
    shared.cut(index);
    outcome
}

fn forward(
    client: &TcpStream,
    server: &TcpStream,
    index: usize,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    open(client, server, index, shared)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = pump(server, |bytes| {
                shared.on_answer(index, bytes)?;
                send(client, bytes)
            });
            shared.cut(index);
        });
        let outcome = pump(client, |bytes| {
            shared.on_request(index, bytes)?;
            send(server, bytes)
        });
        shared.cut(index);
        outcome
    })
}

/// Forwards the opening of a session, which may begin with requests for encryption.
fn open(
    mut client: &TcpStream,
    mut server: &TcpStream,
    index: usize,
    shared: &Shared,
) -> io::Result<()> {
    loop {
        let mut bytes = Vec::new();
        let (opening, length) = loop {
            if let Some(found) = wire::opening(&bytes) {
                break found;
            }
            let mut piece = [0; 1024];
            let length = client.read(&mut piece)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&piece[..length]);
        };
        debug_assert_eq!(
            length,
            bytes.len(),
            "a client waits after its opening packet"
        );
        let mut state = shared.while_frozen(shared.lock());
        if let Opening::Session(parameters) = &opening {
            state.links[index].session = Some(session(parameters, length));
        }
        drop(state);
        send(server, &bytes)?;
        if opening != Opening::Encryption {
            return Ok(());
        }
        let mut answer = [0];
        server.read_exact(&mut answer)?;
        send(client, &answer)?;
        if answer != *b"N" {
            return Ok(()); // The proxy cannot read encrypted data.
        }
    }
}

fn session(parameters: &[(String, String)], length: usize) -> Connection {
    let value = |name: &str| {
        let found = parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let user = value("user").unwrap_or_default();
    Connection {
        database: value("database").unwrap_or_else(|| user.clone()),
        application_name: value("application_name").unwrap_or_default(),
        user,
        sent: length as u64,
        open: true,
        ..Connection::default()
    }
}

fn send(mut to: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)
}

fn pump(mut from: &TcpStream, mut forward: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        forward(&buffer[..length])?;
    }
}
