//! Work away from Python's lock: on a thread of its own, while the calling thread answers Ctrl-C.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use pyo3::{PyErr, Python};

use crate::errors::{Error, Result, fault};

/// How often the calling thread asks Python for signals.
const TICK: Duration = Duration::from_millis(50);

/// How long an interrupted call waits for its work, so that small work leaves nothing behind.
const PATIENCE: Duration = Duration::from_millis(500);

/// Stack of a thread that works; the main thread of a program has half as much.
const STACK: usize = 16 << 20;

/// Reports an event of the work to the calling thread; false when the work should stop.
pub type Report<E> = Box<dyn Fn(E) -> bool + Send>;

enum Message<E, T> {
    Event(E),
    Done(Result<T>),
}

/// Does work on `n_jobs` threads (`None`: as many as RAYON_NUM_THREADS says, or as there are cores)
/// without Python's lock. `show` gets the events of the work on the calling thread, which also answers
/// signals: Ctrl-C raises at once. The work is then asked to stop, which it does at its next event;
/// until then it goes on in the background, and its result is dropped. A panic is an error.
pub fn run<T, E>(
    py: Python<'_>,
    n_jobs: Option<usize>,
    work: impl FnOnce(Report<E>) -> Result<T> + Send + 'static,
    mut show: impl FnMut(Python<'_>, E) -> Result<(), PyErr>,
) -> Result<T>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let (sender, mut receiver) = channel();
    let (events, asked) = (sender.clone(), stop.clone());
    let report: Report<E> =
        Box::new(move |event| events.send(Message::Event(event)).is_ok() && !asked.load(SeqCst));
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| on_threads(n_jobs, || work(report))));
        // Nobody listens to work that was given up.
        let _ = sender.send(Message::Done(outcome.unwrap_or_else(|panic| Err(fault(panic)))));
    };
    let thread = Builder::new().name("morula".into()).stack_size(STACK).spawn(body);
    thread.map_err(|e| Error::Value(format!("cannot start a thread: {e}")))?;
    loop {
        let message;
        (receiver, message) = py.detach(move || {
            let message = receiver.recv_timeout(TICK);
            (receiver, message)
        });
        let raised = match message {
            Ok(Message::Done(result)) => return result,
            Ok(Message::Event(event)) => show(py, event),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::Fault("the work ended without a result".into()));
            }
        };
        if let Err(exception) = raised.and_then(|()| py.check_signals()) {
            stop.store(true, SeqCst);
            py.detach(move || wait(&receiver));
            return Err(exception.into());
        }
    }
}

/// [`run`] for work without events.
pub fn quietly<T: Send + 'static>(
    py: Python<'_>,
    n_jobs: Option<usize>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    run(py, n_jobs, |_: Report<()>| work(), |_, ()| Ok(()))
}

/// Waits for the end of work that was asked to stop, but not long.
fn wait<E, T>(messages: &Receiver<Message<E, T>>) {
    while let Ok(Message::Event(_)) = messages.recv_timeout(PATIENCE) {}
}

fn on_threads<T: Send>(
    n_jobs: Option<usize>,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let Some(n_jobs) = n_jobs else { return work() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_jobs).stack_size(STACK).build();
    pool.map_err(|e| Error::Value(format!("cannot start {n_jobs} threads: {e}")))?.install(work)
}
