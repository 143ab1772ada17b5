//! Sessions that write while patches are applied.

use crate::connect;
use patchgen_sandbox::{SUPERUSER, Server};
use postgres::{Client, NoTls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// Sessions that write to `big` and reconnect when the server ends, and one that keeps its transaction open.
pub(super) struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    holder: Option<Client>,
}

impl Writers {
    pub(super) fn start(server: &Arc<Server>) -> Writers {
        let mut holder = connect(server, "app");
        holder
            .batch_execute("BEGIN; UPDATE big SET b = b WHERE a = 1")
            .expect("the table exists");
        let stop = Arc::new(AtomicBool::new(false));
        let write = |from: i32| {
            let (server, stop) = (Arc::clone(server), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let conninfo = server.conninfo("app", SUPERUSER);
                    if let Ok(mut client) = Client::connect(&conninfo, NoTls) {
                        let write = format!("UPDATE big SET b = b WHERE a = {from}");
                        while !stop.load(Ordering::SeqCst) && client.batch_execute(&write).is_ok() {
                            sleep(Duration::from_millis(1));
                        }
                    }
                    sleep(Duration::from_millis(10));
                }
            })
        };
        let threads = vec![write(2), write(3)];
        Writers {
            stop,
            threads,
            holder: Some(holder),
        }
    }

    /// Ends the open transaction, so that index builds continue.
    pub(super) fn release(&mut self) {
        self.holder = None;
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
