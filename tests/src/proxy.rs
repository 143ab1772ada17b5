mod forward;
mod state;

use state::Shared;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A TCP proxy between programs and a server that counts *waits*. A wait is a request that a program sends after an
/// answer of the server. Over a slow connection the time of a run is the number of waits times the latency. Connecting
/// and authenticating, up to the first `ReadyForQuery`, are not counted, and neither is `Terminate`, which has no answer.
///
/// The proxy can also break connections, either at once ([`freeze`](Proxy::freeze), [`cut`](Proxy::cut)) or at a
/// certain wait ([`fail_at`](Proxy::fail_at)).
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// A session through the proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Database of the session.
    pub database: String,
    /// Role of the session.
    pub user: String,
    /// Application name of the connection request.
    pub application_name: String,
    /// Number of waits.
    pub waits: usize,
    /// Bytes from the client.
    pub sent: u64,
    /// Bytes from the server.
    pub received: u64,
    /// True until the session has ended.
    pub open: bool,
}

/// Fault at a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before the server receives the request.
    LoseRequest,
    /// The connection is cut after the server has answered, before the client receives the answer.
    LoseAnswer,
    /// The proxy freezes before the server receives the request.
    HoldRequest,
    /// The proxy freezes after the server has answered, before the client receives the answer.
    HoldAnswer,
}

/// Time limit of a wait for a planned fault.
const LIMIT: Duration = Duration::from_secs(60);

impl Proxy {
    /// Starts a proxy that forwards connections to the server's port on 127.0.0.1.
    pub fn start(server: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            server,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || forward::accept(&listener, &shared)
        });
        Proxy {
            port,
            shared,
            accepting: Some(accepting),
        }
    }

    /// Returns the proxy's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns libpq's `key=value` words for a connection through the proxy.
    pub fn conninfo(&self, database: &str, user: &str) -> String {
        format!(
            "host=127.0.0.1 port={} dbname={database} user={user}",
            self.port
        )
    }

    /// Returns the waits of all sessions since the start or the last [`reset`](Proxy::reset).
    pub fn waits(&self) -> usize {
        self.shared.lock().waits
    }

    /// Returns the sessions that were open at the last [`reset`](Proxy::reset) or began later, in order of their start.
    pub fn connections(&self) -> Vec<Connection> {
        let state = self.shared.lock();
        state
            .links
            .iter()
            .filter_map(|link| link.session.clone())
            .collect()
    }

    /// Sets all counts to zero, removes sessions that have ended, and cancels a planned fault.
    pub fn reset(&self) {
        let mut state = self.shared.lock();
        state.waits = 0;
        state.fault = None;
        for session in state
            .links
            .iter_mut()
            .filter_map(|link| link.session.as_mut())
        {
            (session.waits, session.sent, session.received) = (0, 0, 0);
        }
        // Threads know their link by its index in the list, so the link is emptied, not removed.
        for link in &mut state.links {
            link.session.take_if(|session| !session.open);
        }
    }

    /// Plans a fault at the wait of this number, counted from one over all sessions.
    pub fn fail_at(&self, wait: usize, fault: Fault) {
        self.shared.lock().fault = Some((wait, fault));
    }

    /// Forwards nothing in either direction until [`thaw`](Proxy::thaw).
    pub fn freeze(&self) {
        self.shared.freeze(&mut self.shared.lock());
    }

    /// Waits until a planned fault has frozen the proxy.
    pub fn wait_until_frozen(&self) {
        let state = self.shared.lock();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, LIMIT, |state| !state.frozen)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            state.frozen,
            "the planned wait did not come; there were {}",
            state.waits
        );
    }

    /// Returns whether the proxy is frozen.
    pub fn is_frozen(&self) -> bool {
        self.shared.lock().frozen
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        self.shared.lock().frozen = false;
        self.shared.changed.notify_all();
    }

    /// Cuts all connections. Held data are lost. New connections are accepted.
    pub fn cut(&self) {
        let mut state = self.shared.lock();
        for link in &mut state.links {
            link.cut();
        }
        state.frozen = false;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.cut();
        // Wakes the thread that accepts, which then sees that the proxy is closed.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}
