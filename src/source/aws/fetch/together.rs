//! Many futures at the same time on one thread, without a task for each: they may borrow, and dropping the whole drops
//! every one.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// Something that is under way, or what came of it.
enum State<'f, T> {
    Going(Pin<Box<dyn Future<Output = T> + 'f>>),
    Done(T),
}

/// Waits for all of them; what came of each, in their order.
pub(super) async fn together<'f, F: Future + 'f>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut states: Vec<State<F::Output>> = futures.into_iter().map(|one| State::Going(Box::pin(one))).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for state in &mut states {
            let State::Going(future) = state else { continue };
            match future.as_mut().poll(context) {
                Poll::Ready(done) => *state = State::Done(done),
                Poll::Pending => waiting = true,
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let done = states.into_iter().filter_map(|state| match state {
        State::Done(done) => Some(done),
        State::Going(_) => None,
    });
    done.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::together;

    #[test]
    fn all_run_at_the_same_time_and_keep_their_order() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let meet = tokio::sync::Barrier::new(3);
        let one = async |number: u64| {
            tokio::time::sleep(Duration::from_millis(30 - 10 * number)).await;
            meet.wait().await;
            number
        };
        let all = async { tokio::time::timeout(Duration::from_secs(5), together((0..3).map(one))).await };
        assert_eq!(runtime.block_on(all).unwrap(), [0, 1, 2]);
        assert_eq!(runtime.block_on(together(std::iter::empty::<std::future::Ready<u8>>())), [0_u8; 0]);
    }
}
