//! Ways of `strftime` to write an instant: they must say the day and the time of the day.

use jiff::Timestamp;
use jiff::fmt::strtime::{BrokenDownTime, format};
use jiff::tz::TimeZone;

/// The instant of a text that is written so, in a zone if it does not say its own.
pub(in crate::source::requests) fn instant(form: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let parts = BrokenDownTime::parse(form, text).ok()?;
    if parts.offset().is_some() || parts.timestamp().is_some() {
        return parts.to_timestamp().ok();
    }
    zone.to_ambiguous_timestamp(parts.to_datetime().ok()?).unambiguous().ok()
}

/// A way of writing that names an instant, or the problem and the hint.
pub(super) fn checked(form: &str) -> Result<String, (String, &'static str)> {
    const HINT: &str = "write it as `strftime` does: `%Y-%m-%d %H:%M:%S`";
    let form = &form.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S").replace("%R", "%H:%M");
    let some: Timestamp = Timestamp::from_second(1_796_043_785).unwrap_or_default();
    let wrong = |_| (format!("`{form}` is not a way to write a time"), HINT);
    let written = format(form, &some.to_zoned(TimeZone::UTC)).map_err(wrong)?;
    match instant(form, &written, &TimeZone::UTC) {
        Some(read) if read == some => Ok(form.to_owned()),
        _ => Err((format!("`{form}` does not say a day and the time of the day to the second"), HINT)),
    }
}
