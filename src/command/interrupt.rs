//! Ctrl-C and SIGTERM, for what takes long and has something to finish before it ends: the first is a wish, the second
//! ends davy at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// How often it is looked whether somebody wants an end.
const TICK: Duration = Duration::from_millis(20);

/// Whether somebody wants an end.
#[derive(Debug, Clone)]
pub(super) struct Interrupt {
    /// The signal that came, or 0.
    came: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens from now on. Where the system does not let it, an interrupt ends davy as usual.
    pub(super) fn listen() -> Interrupt {
        let (came, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // in this order: the signal that raises the flag does not find it raised
            let at_once = flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, again.clone());
            let value = usize::try_from(signal).unwrap_or_default();
            let told = at_once.and_then(|_| flag::register_usize(signal, came.clone(), value));
            let _ = told.and_then(|_| flag::register(signal, again.clone()));
        }
        Interrupt { came }
    }

    /// The signal that came.
    pub(super) fn signal(&self) -> Option<i32> {
        i32::try_from(self.came.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    /// Whether there was one.
    pub(super) fn is_wanted(&self) -> bool {
        self.signal().is_some()
    }

    /// Waits so long, or until a signal comes.
    pub(super) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_wanted() && Instant::now() < end {
            std::thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
        }
    }
}
