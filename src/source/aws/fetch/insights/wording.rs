//! What the text of a query says about its answer: after how many rows it stops by itself, and whether two answers for
//! the halves of a window are the answer for the whole.
//!
//! Events can be asked for in any two halves. Counts of a period are whole only in the half that has the whole period; what
//! was aggregated without one, or compares rows with each other, is never the sum of its halves. In doubt it is not.

use crate::series::{SignedDuration, Timestamp, Window};

/// What a query's own text does to its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wording {
    /// The rows after which its own `limit` stops.
    pub limit: Option<u64>,
    /// Where its window may be cut.
    pub cuts: Cuts,
}

/// Where a window may be cut without another answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cuts {
    /// At any second.
    Anywhere,
    /// Between periods of so many seconds.
    Between(i64),
    /// Nowhere, because of this.
    Never(String),
}

/// Commands that look at one row at a time.
const BY_ROW: &[&str] = &["fields", "filter", "parse", "display", "sort", "limit", "unmask", "filterindex"];

impl Wording {
    /// Reads a query.
    pub fn of(query: &str) -> Wording {
        let commands = commands(query);
        let (mut limit, mut cuts) = (None, Cuts::Anywhere);
        for command in &commands {
            let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "limit" => {
                    let rows = rest.trim().parse().ok();
                    limit = [limit, rows].into_iter().flatten().min();
                }
                "stats" => {
                    limit = None;
                    cuts = match cuts {
                        Cuts::Anywhere => of_stats(rest),
                        Cuts::Between(_) => Cuts::Never("aggregates what is aggregated already".to_owned()),
                        never => never,
                    };
                }
                name if BY_ROW.contains(&name) => {}
                name => cuts = Cuts::Never(format!("uses `{name}`, which looks at rows together")),
            }
        }
        Wording { limit, cuts }
    }

    /// Two halves of a window, cut as near to its middle as the query allows.
    pub fn halves(&self, window: Window) -> Option<(Window, Window)> {
        let unit = match self.cuts {
            Cuts::Never(_) => return None,
            Cuts::Between(period) => period,
            Cuts::Anywhere if window.duration() > SignedDuration::from_mins(2) => 60,
            Cuts::Anywhere => 1,
        };
        let (start, end) = (window.start.as_second(), window.end.as_second());
        let middle = start + (end - start) / 2;
        let below = middle.div_euclid(unit) * unit;
        let cut = [below, below + unit].into_iter().find(|cut| start < *cut && *cut < end)?;
        let cut = Timestamp::from_second(cut).ok()?;
        Some((Window { start: window.start, end: cut }, Window { start: cut, end: window.end }))
    }
}

/// `count(*) as n by bin(5m), host`: cut between the periods, when there are any and all are the same.
fn of_stats(rest: &str) -> Cuts {
    let lower = rest.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let by = words.iter().rposition(|word| *word == "by").map(|at| words[at + 1..].join(" ")).unwrap_or_default();
    let periods: Vec<Option<i64>> = by.match_indices("bin(").map(|(at, _)| period(&by[at + 4..])).collect();
    match periods.as_slice() {
        [] => Cuts::Never("aggregates without `by bin(…)`".to_owned()),
        [Some(first), rest @ ..] if rest.iter().all(|other| *other == Some(*first)) => Cuts::Between(*first),
        _ => Cuts::Never("has periods that are not whole seconds, minutes, hours or days, or differ".to_owned()),
    }
}

/// `5m)…` in seconds; parts of a second that a second is made of are one second.
fn period(text: &str) -> Option<i64> {
    let inside = text.split(')').next()?.trim();
    let digits = inside.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = inside.split_at(digits);
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match unit.trim() {
        "ms" | "msec" | "millisecond" | "milliseconds" => {
            return (1000 % number == 0).then_some(1).or((number % 1000 == 0).then_some(number / 1000));
        }
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hr" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds)
}

/// The commands between the pipes, without comments. Pipes within quotes and regular expressions are none.
fn commands(query: &str) -> Vec<String> {
    let (mut commands, mut command) = (Vec::new(), String::new());
    let mut chars = query.chars();
    while let Some(next) = chars.next() {
        match next {
            '|' => commands.push(std::mem::take(&mut command)),
            '#' => {
                chars.by_ref().find(|c| *c == '\n');
                command.push('\n');
            }
            '"' | '\'' | '`' => quoted(next, &mut chars, &mut command),
            '/' if begins_pattern(&command) => quoted(next, &mut chars, &mut command),
            other => command.push(other),
        }
    }
    commands.push(command);
    let trimmed = commands.iter().map(|command| command.trim());
    trimmed.filter(|command| !command.is_empty()).map(str::to_owned).collect()
}

/// Takes what is quoted, and leaves nothing of it that could be read as a word.
fn quoted(mark: char, chars: &mut std::str::Chars, command: &mut String) {
    while let Some(next) = chars.next() {
        match next {
            '\\' => {
                chars.next();
            }
            next if next == mark => break,
            _ => {}
        }
    }
    command.push_str("\"\"");
}

/// Whether a slash after this begins a regular expression: elsewhere it divides.
fn begins_pattern(before: &str) -> bool {
    let before = before.trim().to_ascii_lowercase();
    before.ends_with("like") || before.ends_with("=~") || before.starts_with("parse ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn never(query: &str) -> String {
        match Wording::of(query).cuts {
            Cuts::Never(why) => why,
            cuts => panic!("{query}: {cuts:?}"),
        }
    }

    fn between(query: &str) -> i64 {
        match Wording::of(query).cuts {
            Cuts::Between(period) => period,
            cuts => panic!("{query}: {cuts:?}"),
        }
    }

    #[test]
    fn the_own_limit_is_the_last_word_on_rows() {
        let limit = |query| Wording::of(query).limit;
        assert_eq!(limit("fields @timestamp | limit 50"), Some(50));
        assert_eq!(limit("fields @timestamp | LIMIT 50 | limit 20"), Some(20));
        assert_eq!(limit("fields @timestamp | limit 50 | stats count(*) by bin(1m)"), None);
        assert_eq!(limit("filter @message like /x | limit 5/ | fields @timestamp"), None);
        assert_eq!(limit("filter a = '| limit 5' | fields @timestamp\n# | limit 7\n| sort a"), None);
        assert_eq!(limit("filter a = \"it\\\"s | limit 5\""), None);
    }

    #[test]
    fn events_are_cut_anywhere_and_periods_between_them() {
        assert_eq!(Wording::of("fields @timestamp, a / b | filter a like /x|y/").cuts, Cuts::Anywhere);
        assert_eq!(Wording::of("parse @message /(?<a>x|y)/ | filter a =~ /b|c/").cuts, Cuts::Anywhere);
        assert_eq!(between("filter a = 1 | stats sum(miss) as m, count(*) as n by bin(5m)"), 300);
        assert_eq!(between("stats count(*) by BIN( 1 hour ), host | sort host"), 3600);
        assert_eq!(between("stats count(*) by bin(250ms)"), 1);
        assert_eq!(between("stats count(*) by bin(2000ms)"), 2);
    }

    #[test]
    fn what_is_not_the_sum_of_its_halves_is_not_cut() {
        assert!(never("stats count(*) as n, max(@timestamp) as time by host").contains("without `by bin"));
        assert!(never("stats count_distinct(bin(1m)) as n").contains("without `by bin"));
        assert!(never("stats count(*) by bin(1m), bin(5m)").contains("differ"));
        assert!(never("stats count(*) by bin(1w)").contains("not whole"));
        assert!(never("stats count(*) by bin(300ms)").contains("not whole"));
        assert!(never("stats count(*) as n by bin(1m) | stats max(n) by bin(5m)").contains("already"));
        assert!(never("fields a | dedup a").contains("`dedup`"));
        // a slash that only looks like a pattern: what follows the pipe is no known command, so it is not cut
        assert!(never("fields a | filter b = / x|y /").contains("looks at rows together"));
    }

    fn window(start: i64, end: i64) -> Window {
        Window { start: Timestamp::from_second(start).unwrap(), end: Timestamp::from_second(end).unwrap() }
    }

    #[test]
    fn halves_meet_where_the_query_allows() {
        let cut = |query: &str, start, end| {
            Wording::of(query).halves(window(start, end)).map(|(one, two)| {
                assert_eq!((one.start.as_second(), two.end.as_second()), (start, end));
                assert_eq!(one.end, two.start);
                one.end.as_second()
            })
        };
        let events = "fields @timestamp";
        assert_eq!(cut(events, 0, 3600), Some(1800));
        assert_eq!(cut(events, 30, 330), Some(180));
        assert_eq!(cut(events, 0, 120), Some(60));
        assert_eq!(cut(events, 0, 3), Some(1));
        assert_eq!(cut(events, 7, 8), None);
        let periods = "stats count(*) by bin(5m)";
        assert_eq!(cut(periods, 0, 1500), Some(600));
        assert_eq!(cut(periods, 60, 420), Some(300));
        assert_eq!(cut(periods, 0, 300), None);
        assert_eq!(cut("stats count(*) by host", 0, 3600), None);
    }
}
