//! Whether somebody wants an end, for sources that have something to stop: a program, a call that takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

/// Listens for Ctrl-C and SIGTERM as long as it lives.
#[derive(Debug)]
pub struct Stop {
    came: Arc<AtomicUsize>,
    ids: Vec<SigId>,
}

impl Stop {
    /// Listens from now on; to nothing if it is not possible.
    pub fn listen(possible: bool) -> Stop {
        let came = Arc::new(AtomicUsize::new(0));
        let signals: &[i32] = if possible { &[SIGINT, SIGTERM] } else { &[] };
        let register = |signal: &i32| {
            let number = usize::try_from(*signal).unwrap_or_default();
            flag::register_usize(*signal, came.clone(), number).ok()
        };
        Stop { ids: signals.iter().filter_map(register).collect(), came }
    }

    /// The signal that came.
    pub fn signal(&self) -> Option<i32> {
        i32::try_from(self.came.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    /// Whether one came.
    #[cfg(feature = "prometheus")]
    pub fn is_wanted(&self) -> bool {
        self.signal().is_some()
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.ids.drain(..).for_each(|id| {
            low_level::unregister(id);
        });
    }
}
