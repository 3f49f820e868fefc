//! Shares become counts.

#![allow(clippy::unwrap_used)]

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn made(shares: &[(i64, f64)], totals: &[(i64, f64)], factor: f64) -> Result<Series, Error> {
    let of = |points: &[(i64, f64)]| points.iter().map(|(second, value)| (at(*second), *value)).collect();
    let mut series = Series { points: of(shares), notes: vec![] };
    let part = PartOf { total: "Requests".into(), factor };
    counted(&mut series, &part, &of(totals)).map(|()| series)
}

#[test]
fn percentages_become_the_nearest_counts_where_both_are_there() {
    let series = made(&[(0, 3.3333), (60, 0.0), (120, 5.0)], &[(0, 301.0), (60, 10.0)], 0.01).unwrap();
    assert_eq!(series.points.into_iter().collect::<Vec<_>>(), [(at(0), 10.0), (at(60), 0.0)]);
    assert_eq!(series.notes, ["counts are shares of Requests rounded to whole numbers"]);
}

#[test]
fn averages_have_to_be_of_zeros_and_ones() {
    let series = made(&[(0, 1.0 / 3.0)], &[(0, 900.0)], 1.0).unwrap();
    assert_eq!(series.points[&at(0)], 300.0);
    assert_eq!(series.notes, Vec::<String>::new());
    let error = made(&[(0, 0.5)], &[(0, 3.0)], 1.0).unwrap_err().to_string();
    assert!(error.contains("not an average of zeros and ones"), "{error}");
}
