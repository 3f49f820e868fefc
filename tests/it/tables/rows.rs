//! A log as it is found: decimals, times that are missing, another version, cells that are empty, words in capitals.

use std::fmt::Write;

/// `SELECT` of a column's type, for engines that are told.
pub const COLUMNS: &str =
    "at timestamptz, ms bigint, version text, route text, status int, took double precision, cache text, flag text";

/// So many requests within an hour and ten minutes, the same each time.
pub fn csv(rows: u64) -> String {
    let mut text = String::from("at,ms,version,route,status,took,cache,flag\n");
    let mut state = 0x5eed_u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let of = |from: &[&'static str], number: u64| from[(number % from.len() as u64) as usize];
    for row in 0..rows {
        let ms = 1_772_366_400_000 - 300_000 + row * 4_200_000 / rows;
        let at = jiff::Timestamp::from_millisecond(ms as i64).unwrap();
        let at = if row % 20_011 == 7 { String::new() } else { format!("{at:.3}") };
        let ms = if at.is_empty() { String::new() } else { ms.to_string() };
        let version = match next() % 50_000 {
            0 => "",
            1..4_000 => "43",
            4_000..30_000 => "41",
            _ => "42",
        };
        let route = of(&["/", "/search", "/checkout", "/check_out", "/a_i/x", "/abi/x", "/health"], next());
        let status = match next() % 1_000 {
            0..8 => "503",
            8..10 => "500",
            10..40 => "404",
            40..60 => "410",
            60..62 => "0",
            _ => "200",
        };
        let status = if row % 30_011 == 11 { "42" } else { status };
        let took = took(next(), next());
        let cache = of(&["Hit", "Miss", " Miss ", "Bypass", "", "miss"], next());
        let flag = of(&["true", "True", "false", "", "TRUE"], next());
        writeln!(text, "{at},{ms},{version},{route},{status},{took},{cache},{flag}").unwrap();
    }
    text
}

/// Milliseconds from a nanosecond to more than a day; a few are missing.
fn took(number: u64, more: u64) -> String {
    match number % 1_000 {
        0..3 => String::new(),
        3 => "0".to_owned(),
        4 => format!("0.{:06}", more % 1_000_000),
        5 => format!("{}", more % 200_000_000),
        _ => {
            let doublings = 12 + (number >> 10) % 6;
            format!("{}.{:03}", (more >> 20) % (1 << doublings >> 3), more % 1_000)
        }
    }
}
