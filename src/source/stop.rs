//! Whether somebody wants an end, for sources that have something to stop: a program, a call that takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use super::outside::Interrupt;

/// Listens for an interrupt as long as it lives.
#[derive(Debug)]
pub struct Stop<'a> {
    interrupt: &'a Interrupt,
    came: Arc<AtomicUsize>,
    ids: Vec<SigId>,
}

impl Stop<'_> {
    /// Listens from now on.
    pub fn listen(interrupt: &Interrupt) -> Stop<'_> {
        let came = Arc::new(AtomicUsize::new(0));
        let signals: &[i32] = if matches!(interrupt, Interrupt::Signals) { &[SIGINT, SIGTERM] } else { &[] };
        let register = |signal: &i32| {
            let number = usize::try_from(*signal).unwrap_or_default();
            flag::register_usize(*signal, came.clone(), number).ok()
        };
        Stop { interrupt, ids: signals.iter().filter_map(register).collect(), came }
    }

    /// The signal that came; that of an end if a flag was raised.
    pub fn signal(&self) -> Option<i32> {
        let came = i32::try_from(self.came.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0);
        came.or_else(|| self.interrupt.is_raised().then_some(SIGTERM))
    }

    /// Whether somebody wants an end.
    #[cfg(feature = "prometheus")]
    pub fn is_wanted(&self) -> bool {
        self.signal().is_some()
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.ids.drain(..).for_each(|id| {
            low_level::unregister(id);
        });
    }
}
