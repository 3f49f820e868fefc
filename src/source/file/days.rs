//! Days as people and spreadsheets write them: `11/29/2026 10:00:00 AM`, `29.11.2026 10:00`, `Nov 29, 2026 @ 10:00:00`.
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

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `21/Nov/2026:10:00:00 +0100`, `2026/11/21 10:00:00`, `Nov 21, 2026 @ 10:00:00` and `2026-11-21 10:00:00 PM` as RFC 3339 has
/// them: those that say themselves what the month is.
pub(super) fn usual(cell: &str) -> Option<String> {
    let half = cell.ends_with(['m', 'M']);
    // nearly all times begin so
    if cell.len() < 10 || cell.as_bytes()[4] == b'-' && !half {
        return None;
    }
    if let Some((year, rest)) = cell.split_once('/').filter(|(year, _)| year.len() == 4) {
        let (month, rest) = rest.split_once('/')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (day, rest) = rest.split_at(end);
        return Some(format!("{year}-{month:0>2}-{day:0>2} {}", of_day(rest.trim_start_matches([' ', 'T']))?));
    }
    if half && cell.as_bytes()[4] == b'-' && cell.is_char_boundary(10) {
        return Some(format!("{} {}", &cell[..10], of_day(cell[10..].trim_start_matches([' ', 'T', ',']))?));
    }
    if let Some((day, rest)) = cell.split_once('/') {
        let (month, rest) = rest.split_once('/')?;
        let (year, rest) = rest.split_once(':')?;
        let (time, offset) = rest.split_once(' ').unwrap_or((rest, ""));
        return Some(format!("{year}-{:02}-{day}T{time}{offset}", month_named(month).filter(|_| month.len() == 3)?));
    }
    if cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.as_bytes()[..10].contains(&b' ') {
        return None;
    }
    in_words(cell)
}

/// The number of a month by its name, in whole or cut to three letters.
pub(super) fn month_named(word: &str) -> Option<usize> {
    let start = word.get(..3)?.to_ascii_lowercase();
    word.bytes().all(|byte| byte.is_ascii_alphabetic()).then_some(())?;
    MONTHS.iter().position(|month| *month == start).map(|at| at + 1)
}

/// `Sun, 29 Nov 2026 10:00:00 GMT`, `Sun Nov 29 10:00:00 2026`, `Nov 29, 2026 @ 10:00:00.000`.
fn in_words(cell: &str) -> Option<String> {
    let words = cell.split([' ', ',', '@']).filter(|word| !word.is_empty());
    let (mut month, mut day, mut year, mut time, mut half, mut zone) = (None, None, None, None, "", "");
    for word in words {
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        match word {
            _ if digits && word.len() == 4 && year.is_none() => year = Some(word),
            _ if digits && word.len() <= 2 && day.is_none() => day = Some(word),
            _ if word.contains(':') && time.is_none() => time = Some(word),
            "AM" | "PM" | "am" | "pm" => half = word,
            "UTC" | "GMT" | "Z" => zone = "Z",
            _ if word.starts_with(['+', '-']) && word.len() == 5 => zone = word,
            _ if month_named(word).is_some() && month.is_none() => month = month_named(word),
            "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun" => {}
            _ => return None,
        }
    }
    let of_day = of_day(format!("{} {half}", time?).trim_end())?;
    Some(format!("{}-{:02}-{:0>2} {of_day}{zone}", year?, month?, day?))
}

/// Days since the end of 1899 that a spreadsheet may mean, from 2000 to 2100.
const EXCEL: std::ops::Range<f64> = 36_526.0..73_050.0;
/// How many days a column of such numbers reaches over at most. Seconds of a clock would pass by sooner.
const MOST_DAYS: f64 = 62.0;

/// Whether all cells of a column of times are the days of a spreadsheet, some with a part of a day.
pub(super) fn are_of_excel<'c>(cells: impl Iterator<Item = &'c str>) -> bool {
    let (mut least, mut most, mut parted) = (f64::MAX, f64::MIN, false);
    for cell in cells {
        let decimals = cell.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let plain = cell.len() > 4 && cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let Some(number) = cell.parse::<f64>().ok().filter(|number| plain && EXCEL.contains(number)) else {
            return false;
        };
        (least, most, parted) = (least.min(number), most.max(number), parted || decimals >= 4);
    }
    parted && most - least <= MOST_DAYS
}

/// Such a day, to the second.
pub(super) fn of_excel(cell: &str) -> Option<String> {
    let seconds = ((cell.parse::<f64>().ok()? - 25_569.0) * 86_400.0).round();
    let time = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S").to_string())
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
    fn a_month_with_a_name_is_known() {
        for text in [
            "29/Nov/2026:10:00:00 +0100",
            "2026/11/29 10:00:00",
            "Nov 29, 2026 @ 10:00:00.000",
            "Sun, 29 Nov 2026 10:00:00 GMT",
            "Sun Nov 29 10:00:00 2026",
            "29 November 2026 10:00:00",
            "2026-11-29 10:00:00 AM",
        ] {
            assert!(
                usual(text).is_some_and(|text| text.starts_with("2026-11-29") && text[11..].starts_with("10:00:00")),
                "{text}"
            );
        }
        for text in
            ["2026-11-29T10:00:00Z", "11/29/2026 10:00", "10:00:00", "1795946400", "Total requests", "Nov 29 10:00:00"]
        {
            assert_eq!(usual(text), None, "{text}");
        }
    }

    #[test]
    fn days_of_a_spreadsheet_are_told_by_their_size_and_their_parts() {
        assert!(are_of_excel(["46355.41666667", "46355.4173611"].into_iter()));
        assert_eq!(of_excel("46355.41667").as_deref(), Some("2026-11-29 10:00:00"));
        for cells in
            [&["46355", "46356"][..], &["46355.41667", "49955.41667"], &["1795946400.1234"], &["12.5000"], &["x"], &[]]
        {
            assert!(!are_of_excel(cells.iter().copied()), "{cells:?}");
        }
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
