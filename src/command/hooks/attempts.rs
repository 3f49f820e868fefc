//! Attempts of a call that acts on the world: again after a pause where that may help, until somebody wants an end.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::super::console::Console;
use super::super::interrupt::Interrupt;
use super::occasion::{Occasion, TICK, spoken};
use crate::web::Trouble;

/// The first wait before another attempt; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait, whatever a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why an attempt did not succeed, and when the server wants to be asked again.
pub(super) struct Refused {
    pub(super) trouble: Trouble,
    pub(super) after: Option<Duration>,
}

impl Refused {
    pub(super) fn for_good(why: impl Into<String>) -> Refused {
        Refused { trouble: Trouble { why: why.into(), may_pass: false, said: Vec::new() }, after: None }
    }
}

/// Attempts until it is taken, or until there is no use in trying. `called` is what people may see of the call.
pub(super) fn run<F: Fn() -> Result<(), Refused> + Send + Sync + 'static>(
    console: &Console,
    occasion: &Occasion,
    called: &str,
    retries: usize,
    attempt: F,
    interrupt: &Interrupt,
) -> Result<(), String> {
    let attempt = Arc::new(attempt);
    let (mut wait, mut number) = (FIRST_WAIT, 1);
    loop {
        let refused = match once(&attempt, interrupt) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let attempts = if number == 1 { String::new() } else { format!(", at the last of {number} attempts") };
        if !refused.trouble.may_pass || number > retries {
            return Err(format!("{}{attempts}", refused.trouble.why));
        }
        let pause = refused.after.unwrap_or(wait).min(LONGEST_WAIT);
        let (key, why) = (occasion.key, refused.trouble.why);
        console.detail(&format!("hook {key}, {called}: {why}; again in {}", spoken(pause)));
        interrupt.wait(pause);
        if interrupt.signal().is_some() {
            return Err("given up, because davy was interrupted".into());
        }
        wait = wait.saturating_mul(2);
        number += 1;
    }
}

/// One attempt. The client cannot be interrupted, so it works beside and is left alone when somebody wants to stop.
fn once<F: Fn() -> Result<(), Refused> + Send + Sync + 'static>(
    attempt: &Arc<F>,
    interrupt: &Interrupt,
) -> Result<(), Refused> {
    let (to, answer) = sync_channel(1);
    let beside = Arc::clone(attempt);
    std::thread::spawn(move || to.send(beside()));
    loop {
        match answer.recv_timeout(TICK) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) if interrupt.signal().is_none() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Refused::for_good("given up, because davy was interrupted")),
            Err(RecvTimeoutError::Disconnected) => return Err(Refused::for_good("the attempt broke off")),
        }
    }
}
