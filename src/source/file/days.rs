//! Days with the year last: `11/29/2026 10:00:00 AM`, `29.11.2026 10:00`.
//!
//! Whether the month or the day comes first is read from the column itself: a 29 is no month. Where no day of the column is
//! larger than 12, nobody knows, and the column is refused. Points stand in countries only that write the day first.

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Day,
    Month,
}

/// A day in parts, and what follows it.
struct Day<'c> {
    first: u8,
    second: u8,
    year: &'c str,
    by: char,
    rest: &'c str,
}

impl Order {
    /// The order that the cells of a column prove, if they are written so.
    pub(super) fn of<'c, I: Iterator<Item = &'c str>>(cells: impl Fn() -> I) -> Option<Order> {
        parts(cells().find(|cell| !cell.is_empty())?)?;
        let mut proven = None;
        for day in cells().filter_map(parts) {
            let order = match (day.first > 12, day.second > 12, day.by) {
                (true, true, _) => return None,
                (true, false, _) | (_, false, '.') => Order::Day,
                (false, true, _) => Order::Month,
                (false, false, _) => continue,
            };
            if *proven.get_or_insert(order) != order {
                return None;
            }
        }
        proven
    }

    /// A cell with the year first and hours up to 24.
    pub(super) fn year_first(self, cell: &str) -> Option<String> {
        let Day { first, second, year, rest, .. } = parts(cell)?;
        let (day, month) = if self == Order::Day { (first, second) } else { (second, first) };
        let of_day = of_day(rest.trim_start_matches([',', ' ', 'T']))?;
        Some(format!("{year}-{month:02}-{day:02} {of_day}"))
    }
}

fn parts(cell: &str) -> Option<Day<'_>> {
    let by = cell.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '/' | '.' | '-'))?;
    let (first, rest) = cell.split_once(by)?;
    let (second, rest) = rest.split_once(by)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (year, rest) = rest.split_at(end);
    let number = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() <= 2);
    (year.len() == 4).then_some(())?;
    Some(Day { first: number(first)?, second: number(second)?, year, by, rest })
}

/// `10:00:00 PM` as `22:00:00`.
fn of_day(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let half =
        [("AM", 0), ("PM", 12)].into_iter().find_map(|(word, more)| Some((upper.strip_suffix(word)?.trim_end(), more)));
    let Some((clock, more)) = half else {
        return Some(if text.is_empty() { "00:00".to_owned() } else { text.to_owned() });
    };
    let (hour, rest) = clock.split_once(':')?;
    let hour = hour.parse::<u8>().ok().filter(|hour| (1..=12).contains(hour))?;
    Some(format!("{:02}:{rest}", hour % 12 + more))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str]) -> Option<Vec<Option<String>>> {
        let order = Order::of(|| cells.iter().copied())?;
        Some(cells.iter().map(|cell| order.year_first(cell)).collect())
    }

    #[test]
    fn a_column_proves_which_is_the_month() {
        let read_as = |texts: &[&str]| Some(texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>());
        assert_eq!(
            read(&["11/29/2026 10:00:00 AM", "12/1/2026 12:30 PM", "12/2/2026 12:00:01 am"]),
            read_as(&["2026-11-29 10:00:00", "2026-12-01 12:30", "2026-12-02 00:00:01"])
        );
        assert_eq!(read(&["29/11/2026, 22:00"]), read_as(&["2026-11-29 22:00"]));
        assert_eq!(read(&["03.04.2026 10:00"]), read_as(&["2026-04-03 10:00"]));
        for cells in [
            &["03/04/2026 10:00"][..],
            &["29/11/2026", "11/29/2026"],
            &["2026-11-29"],
            &["29/29/2026"],
            &["10:00"],
            &[],
        ] {
            assert_eq!(read(cells), None, "{cells:?}");
        }
    }
}
