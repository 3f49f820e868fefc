//! Series and datasets whose columns fit each other, for those who make them from memory.

use crate::series::{Dataset, Flaw, Pair, Series, SignedDuration, Timestamp, Window};

fn sorted(time: &[Timestamp]) -> Result<(), Flaw> {
    match time.windows(2).position(|two| two[1] < two[0]) {
        Some(at) => Err(Flaw::Unsorted(at + 1)),
        None => Ok(()),
    }
}

fn long(column: &'static str, len: usize, time: &[Timestamp]) -> Result<(), Flaw> {
    if len == time.len() { Ok(()) } else { Err(Flaw::Length { column, len, times: time.len() }) }
}

fn finite(numbers: &[f64]) -> Result<(), Flaw> {
    numbers.iter().position(|number| !number.is_finite()).map_or(Ok(()), |at| Err(Flaw::NotANumber(at)))
}

impl Series {
    /// Trials per step and how many of them were bad. A step without a measurement is left out.
    ///
    /// ```
    /// use davy_judge::series::{Series, Timestamp};
    ///
    /// let minute: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    /// assert!(Series::counts(vec![minute], vec![1_000], vec![3]).is_ok());
    /// let more = Series::counts(vec![minute], vec![3], vec![1_000]).unwrap_err();
    /// assert_eq!(more.to_string(), "step 0 has more bad ones than trials: `bad` is a part of `total`");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(time: Vec<Timestamp>, total: Vec<u64>, bad: Vec<u64>) -> Result<Series, Flaw> {
        sorted(&time)?;
        long("total", total.len(), &time)?;
        long("bad", bad.len(), &time)?;
        match total.iter().zip(&bad).position(|(total, bad)| bad > total) {
            Some(at) => Err(Flaw::MoreBad(at)),
            None => Ok(Series::Counts { time, total, bad }),
        }
    }

    /// Occurrences per step, without trials and without exposure. A step in which nothing happened is a zero.
    pub fn events(time: Vec<Timestamp>, count: Vec<u64>) -> Result<Series, Flaw> {
        sorted(&time)?;
        long("count", count.len(), &time)?;
        Ok(Series::Events { time, count, exposure: None })
    }

    /// The same with what the occurrences are per, such as sessions.
    pub fn events_per(time: Vec<Timestamp>, count: Vec<u64>, exposure: Vec<f64>) -> Result<Series, Flaw> {
        sorted(&time)?;
        long("count", count.len(), &time)?;
        long("exposure", exposure.len(), &time)?;
        finite(&exposure)?;
        match exposure.iter().position(|exposure| *exposure < 0.0) {
            Some(at) => Err(Flaw::NotANumber(at)),
            None => Ok(Series::Events { time, count, exposure: Some(exposure) }),
        }
    }

    /// One value per request, such as its latency in milliseconds.
    pub fn values(time: Vec<Timestamp>, value: Vec<f64>) -> Result<Series, Flaw> {
        sorted(&time)?;
        long("value", value.len(), &time)?;
        finite(&value)?;
        Ok(Series::Values { time, value })
    }

    /// One number per step, computed elsewhere: a percentile from a monitoring system, CPU, memory.
    pub fn gauge(time: Vec<Timestamp>, value: Vec<f64>) -> Result<Series, Flaw> {
        sorted(&time)?;
        long("value", value.len(), &time)?;
        finite(&value)?;
        Ok(Series::Gauge { time, value, requests: None })
    }
}

impl Dataset {
    /// So many steps from a start, the same for both arms, without any metric yet.
    ///
    /// ```
    /// use davy_judge::series::{Dataset, Series, SignedDuration};
    ///
    /// let data = Dataset::steps("2026-03-01T12:00:00Z".parse()?, SignedDuration::from_mins(1), 60)?;
    /// let arm = |bad| Series::counts(data.times(), vec![1_000; 60], vec![bad; 60]);
    /// let data = data.clone().metric("errors", arm(10)?, arm(40)?)?;
    /// assert_eq!(data.metrics.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn steps(start: Timestamp, step: SignedDuration, steps: u32) -> Result<Dataset, Flaw> {
        let length = i32::try_from(steps).ok().and_then(|steps| step.checked_mul(steps)).ok_or(Flaw::NoTime)?;
        let end = start.checked_add(length).map_err(|_| Flaw::NoTime)?;
        if step <= SignedDuration::ZERO || steps == 0 {
            return Err(Flaw::NoTime);
        }
        let window = Window { start, end };
        Ok(Dataset::new(Pair { baseline: window, canary: window }, step))
    }

    /// When each step of the canary's window begins.
    pub fn times(&self) -> Vec<Timestamp> {
        let Window { start, end } = self.windows.canary;
        let mut times = Vec::new();
        let mut at = start;
        while at < end && self.step > SignedDuration::ZERO {
            times.push(at);
            let Ok(next) = at.checked_add(self.step) else { break };
            at = next;
        }
        times
    }

    /// Adds what was measured of a metric in each arm. Its origin in reports is "memory".
    pub fn metric(mut self, name: impl Into<String>, baseline: Series, canary: Series) -> Result<Dataset, Flaw> {
        let name = name.into();
        if std::mem::discriminant(&baseline) != std::mem::discriminant(&canary) {
            return Err(Flaw::Shapes(name));
        }
        self.origins.insert(name.clone(), "memory".to_owned());
        self.metrics.insert(name, Pair { baseline, canary });
        Ok(self)
    }
}
