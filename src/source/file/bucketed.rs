//! A question to a sheet whose rows are sums of an answer in the format `buckets`.
//!
//! Such a row has the latencies of many requests as a histogram. So a metric that asks for the latency of each request is asked
//! for histograms, and what else there is of a row are counts.

use super::answer::Answer;
use super::buckets::{Buckets, LATENCY, MOST_UNREAD, UNMEASURED, UNREAD};
use super::sheet::Sheet;
use crate::series::{Arm, Remark, Series};
use crate::source::error::{Error, listed};
use crate::source::{ArmColumn, Ask, Missing};

/// What a unit of the histograms, a nanosecond, is in milliseconds.
const SCALE: f64 = 1e-6;
/// The share of an arm's requests that may lack a latency, as of a log.
const MOST_UNMEASURED: f64 = 0.01;

impl Sheet {
    /// The points of one arm, from the sums of all groups or of each by itself.
    pub(super) fn ask_of_buckets(
        &self,
        buckets: &Buckets,
        arm: Arm,
        by: Option<&ArmColumn>,
        ask: &Ask,
        groups_by: Option<&str>,
    ) -> Result<Answer, Error> {
        let question = question(ask)?;
        let mut answer = match groups_by {
            Some(column) => self.by_group(buckets, column)?.ask_rows(arm, by, None, &question, groups_by)?,
            None => self.ask_rows(arm, by, None, &question, None)?,
        };
        answer.notes.extend(self.unread(buckets, arm, by)?);
        if matches!(ask, Ask::Values { .. }) {
            answer.notes.extend(self.unmeasured(arm, by)?);
        }
        Ok(answer)
    }

    /// What the verdict says of rows that could not be read. Those that do not say their arm may be all of this one.
    fn unread(&self, buckets: &Buckets, arm: Arm, by: Option<&ArmColumn>) -> Result<Option<Remark>, Error> {
        let all: u64 = buckets.unread.values().sum();
        if all == 0 {
            return Ok(None);
        }
        let rows = self.arm(arm, by)?;
        let own = buckets.rows.iter().filter(|row| rows.is_of(&row.arm)).map(|row| row.requests);
        let unread = buckets.unread.iter().filter(|(name, _)| name.is_empty() || rows.is_of(name));
        let unread: u64 = unread.map(|(_, rows)| rows).sum();
        let whole = own.fold(unread, u64::saturating_add);
        if unread as f64 > MOST_UNREAD * whole as f64 {
            let text = format!("{unread} of {whole} rows of the log may be the {}'s and have {UNREAD}", arm.name());
            return Ok(Some(Remark::incomplete(text)));
        }
        let rows = if all == 1 { "row of the log has" } else { "rows of the log have" };
        Ok(Some(Remark::note(format!("{all} {rows} {UNREAD}"))))
    }

    /// What the verdict says of an arm of whose requests too many have no latency.
    fn unmeasured(&self, arm: Arm, by: Option<&ArmColumn>) -> Result<Option<Remark>, Error> {
        let counts = Ask::Counts {
            total: Some("requests".into()),
            bad: Some(UNMEASURED.into()),
            good: None,
            missing: Missing::Gap,
            instance: None,
            counter: Some(false),
        };
        let Series::Counts { total, bad, .. } = self.ask_rows(arm, by, None, &counts, None)?.series else {
            return Ok(None);
        };
        let [all, without] = [total, bad].map(|counts| counts.into_iter().fold(0, u64::saturating_add));
        let few = without as f64 <= MOST_UNMEASURED * all as f64;
        let text = || format!("{without} of {all} requests of the {} have no latency", arm.name());
        Ok((!few).then(|| Remark::incomplete(text())))
    }
}

/// The question that sums answer.
fn question(ask: &Ask) -> Result<Ask, Error> {
    match ask {
        Ask::Values { value, factor, .. } if value == LATENCY => match *factor == 1.0 {
            true => Ok(Ask::Histograms { column: LATENCY.to_owned(), factor: SCALE }),
            false => Err(Error::unreadable("has latencies in milliseconds").hint("Write `unit: ms`.")),
        },
        Ask::Counts { .. } | Ask::Events { .. } => Ok(ask.clone().per_step()),
        other => {
            let asked = listed(other.names());
            let hint = "Metrics of it are `rate: { bad: errors, total: requests }` and `values: { value: latency, unit: ms }`.";
            Err(Error::unreadable(format!("has requests, errors and latencies, and not {asked}")).hint(hint))
        }
    }
}
