//! The state that the threads of a proxy share.

use super::{Connection, Fault};
use crate::wire::{self, UntilReady};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// State of a proxy, and the port of its server.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) server: u16,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

/// Connections of a proxy, and what happens to them.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) links: Vec<Link>,
    pub(super) waits: usize,
    /// Planned fault, with the number of its wait.
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) frozen: bool,
    pub(super) closed: bool,
}

/// A client's connection and the server's that belongs to it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
    /// `None` before the opening packet, and for a connection that is no session.
    pub(super) session: Option<Connection>,
    pub(super) until_ready: UntilReady,
    /// True after the first `ReadyForQuery`.
    pub(super) ready: bool,
    /// True if the server has sent anything since the last request.
    pub(super) is_answered: bool,
    /// Fault of the next answer.
    pub(super) fault: Option<Fault>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn freeze(&self, state: &mut State) {
        state.frozen = true;
        self.changed.notify_all();
    }

    /// Waits until the proxy is not frozen.
    pub(super) fn while_frozen<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, |state| state.frozen)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles bytes of the client before they are forwarded. An error ends the connection.
    pub(super) fn on_request(&self, index: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.while_frozen(self.lock());
        let link = &mut state.links[index];
        if let Some(session) = &mut link.session {
            session.sent += bytes.len() as u64;
        }
        if !(link.ready && link.is_answered) || wire::is_terminate(bytes) {
            return Ok(());
        }
        link.is_answered = false;
        if let Some(session) = &mut link.session {
            session.waits += 1;
        }
        state.waits += 1;
        let waits = state.waits;
        match state.fault.take_if(|(at, _)| *at == waits) {
            Some((_, Fault::LoseRequest)) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some((_, Fault::HoldRequest)) => {
                self.freeze(&mut state);
                drop(self.while_frozen(state));
            }
            Some((_, fault)) => state.links[index].fault = Some(fault),
            None => {}
        }
        Ok(())
    }

    /// Handles bytes of the server before they are forwarded. An error ends the connection.
    pub(super) fn on_answer(&self, index: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.while_frozen(self.lock());
        let link = &mut state.links[index];
        match link.fault.take() {
            Some(Fault::LoseAnswer) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Fault::HoldAnswer) => {
                self.freeze(&mut state);
                state = self.while_frozen(state);
            }
            _ => {}
        }
        let link = &mut state.links[index];
        link.ready = link.until_ready.push(bytes);
        link.is_answered = true;
        if let Some(session) = &mut link.session {
            session.received += bytes.len() as u64;
        }
        Ok(())
    }

    pub(super) fn cut(&self, index: usize) {
        self.lock().links[index].cut();
    }
}

impl Link {
    pub(super) fn cut(&mut self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
        if let Some(session) = &mut self.session {
            session.open = false;
        }
    }
}
