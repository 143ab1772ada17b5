use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::wire::{self, Opening, UntilReady};

/// A TCP proxy between programs and a server that counts *waits*: how often a program, having heard from the
/// server, speaks again and has to wait for the answer. Time over a long line is the number of waits times the
/// line's length, whatever the machine. Connecting and authenticating is not counted: it ends with the session's
/// first `ReadyForQuery`. Nor is saying goodbye, for which nobody waits.
///
/// It can also break the line, by the clock of the test ([`freeze`](Proxy::freeze), [`cut`](Proxy::cut)) or at
/// a certain wait ([`fail_at`](Proxy::fail_at)).
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// What is known of a session that went through the proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The database asked for.
    pub database: String,
    /// The role.
    pub user: String,
    /// The application name given when connecting.
    pub application_name: String,
    /// How often the client waited for an answer.
    pub waits: usize,
    /// Bytes from the client.
    pub sent: u64,
    /// Bytes from the server.
    pub received: u64,
    /// It has not ended yet.
    pub open: bool,
}

/// What goes wrong at a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before the server hears.
    LoseRequest,
    /// The connection is cut when the server has answered, before the client hears.
    LoseAnswer,
    /// The proxy freezes before the server hears.
    HoldRequest,
    /// The proxy freezes when the server has answered, before the client hears.
    HoldAnswer,
}

#[derive(Debug)]
struct Shared {
    server: u16,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    links: Vec<Link>,
    waits: usize,
    fault: Option<(usize, Fault)>,
    frozen: bool,
    closed: bool,
}

#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// `None` while it is not known, and for what is no session.
    session: Option<Connection>,
    until_ready: UntilReady,
    ready: bool,
    server_spoke: bool,
    /// What happens to the answer that comes next.
    fault: Option<Fault>,
}

/// Longer than any test waits for something that does happen.
const LIMIT: Duration = Duration::from_secs(60);

impl Proxy {
    /// Listens on a port of its own and hands connections on to the server's port on 127.0.0.1.
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
            move || accept(&listener, &shared)
        });
        Proxy {
            port,
            shared,
            accepting: Some(accepting),
        }
    }

    /// The port to connect to on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// libpq's `key=value` words for a connection through the proxy.
    pub fn conninfo(&self, database: &str, user: &str) -> String {
        format!(
            "host=127.0.0.1 port={} dbname={database} user={user}",
            self.port
        )
    }

    /// The waits of all sessions since the start or the last [`reset`](Proxy::reset).
    pub fn waits(&self) -> usize {
        self.shared.lock().waits
    }

    /// All sessions in the order of their coming, since the start or the last [`reset`](Proxy::reset) or still open then.
    pub fn connections(&self) -> Vec<Connection> {
        let state = self.shared.lock();
        state
            .links
            .iter()
            .filter_map(|link| link.session.clone())
            .collect()
    }

    /// Counts from zero again, forgets sessions that have ended, and plans no fault.
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
        // Threads know their link by its place in the list: emptied, not removed.
        for link in &mut state.links {
            link.session.take_if(|session| !session.open);
        }
    }

    /// Plans a fault for the wait of this number, counted from one over all sessions.
    pub fn fail_at(&self, wait: usize, fault: Fault) {
        self.shared.lock().fault = Some((wait, fault));
    }

    /// Hands nothing on, in either direction, until [`thaw`](Proxy::thaw).
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

    /// Whether it hands nothing on at present.
    pub fn is_frozen(&self) -> bool {
        self.shared.lock().frozen
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        self.shared.lock().frozen = false;
        self.shared.changed.notify_all();
    }

    /// Cuts all connections; what was held is lost. New connections are taken as before.
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn freeze(&self, state: &mut State) {
        state.frozen = true;
        self.changed.notify_all();
    }

    fn while_frozen<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, |state| state.frozen)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the client says; an error ends the connection.
    fn client_says(&self, place: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.while_frozen(self.lock());
        let link = &mut state.links[place];
        if let Some(session) = &mut link.session {
            session.sent += bytes.len() as u64;
        }
        if !(link.ready && link.server_spoke) || wire::is_terminate(bytes) {
            return Ok(());
        }
        link.server_spoke = false;
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
            Some((_, fault)) => state.links[place].fault = Some(fault),
            None => {}
        }
        Ok(())
    }

    /// Notes what the server says, before the client hears it.
    fn server_says(&self, place: usize, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.while_frozen(self.lock());
        let link = &mut state.links[place];
        match link.fault.take() {
            Some(Fault::LoseAnswer) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Fault::HoldAnswer) => {
                self.freeze(&mut state);
                state = self.while_frozen(state);
            }
            _ => {}
        }
        let link = &mut state.links[place];
        link.ready = link.until_ready.take(bytes);
        link.server_spoke = true;
        if let Some(session) = &mut link.session {
            session.received += bytes.len() as u64;
        }
        Ok(())
    }

    fn cut(&self, place: usize) {
        self.lock().links[place].cut();
    }
}

impl Link {
    fn cut(&mut self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
        if let Some(session) = &mut self.session {
            session.open = false;
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.lock().closed {
            return;
        }
        let shared = Arc::clone(shared);
        // A server that is down refuses by itself; the client sees its connection end.
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
        server_spoke: false,
        fault: None,
    };
    let place = {
        let mut state = shared.lock();
        state.links.push(link);
        state.links.len() - 1
    };
    let outcome = hand_on(&client, &server, place, shared);
    shared.cut(place);
    outcome
}

fn hand_on(
    client: &TcpStream,
    server: &TcpStream,
    place: usize,
    shared: &Arc<Shared>,
) -> io::Result<()> {
    open(client, server, place, shared)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = pump(server, |bytes| {
                shared.server_says(place, bytes)?;
                send(client, bytes)
            });
            shared.cut(place);
        });
        let outcome = pump(client, |bytes| {
            shared.client_says(place, bytes)?;
            send(server, bytes)
        });
        shared.cut(place);
        outcome
    })
}

/// Hands the opening of a session on, which may begin with questions for encryption.
fn open(
    mut client: &TcpStream,
    mut server: &TcpStream,
    place: usize,
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
            state.links[place].session = Some(session(parameters, length));
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
            return Ok(()); // What follows is not for the proxy to read.
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

fn pump(mut from: &TcpStream, mut hand_on: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        hand_on(&buffer[..length])?;
    }
}
