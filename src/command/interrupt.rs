//! Ctrl-C and SIGTERM, for what takes long and has something to write before it ends: the first is a wish, the second
//! ends davy at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// Whether somebody wants an end.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where the system does not let it, an interrupt ends davy as usual.
    pub(super) fn listen() -> Interrupt {
        let wanted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // in this order: the signal that raises the flag does not find it raised
            let at_once = flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, wanted.clone());
            let _ = at_once.and_then(|_| flag::register(signal, wanted.clone()));
        }
        Interrupt(wanted)
    }

    /// Whether there was one.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
