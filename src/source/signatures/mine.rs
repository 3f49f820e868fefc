//! Templates of lines: which of their words are always the same, and which are names of things.
//!
//! Numbers and the like are masked already; what is left that differs are unmasked names: hosts, tables, files. As in Drain (He,
//! Zhu, Zheng and Lyu 2017) lines go down a tree of fixed depth, by their number of words and their first word, to a leaf of
//! groups, and join the most similar group. Three things are not as in Drain, because a *new* line must not vanish:
//!
//! - **Any order gives the same templates.** Drain reads a stream, so that its templates depend on which line, and which arm, came
//!   first. Here the lines of both arms are counted before, and go down the tree by their counts and then by their text.
//! - **Few are no variable.** Drain stars every position at which two lines differ: `connection pool created` would take in `connection
//!   pool exhausted`. Here a position is starred only if its group has more than [`MANY`] different words there; until then each line is a
//!   template of its own. A vocabulary has few words (`created`, `exhausted`), names of things are many.
//! - **A bound loses nothing.** Of more than [`MOST`] templates the rarest are put together by their first words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More different words in one place are names of things.
const MANY: usize = 8;
/// The most templates.
const MOST: usize = 2_000;
/// The most groups that a leaf of the tree has.
const CHILDREN: usize = 256;
/// The share of words that are alike in lines of one group.
const ALIKE: f64 = 0.6;
/// The most beginnings by which rare templates are put together.
const BEGINNINGS: usize = 200;
/// So many first words are such a beginning.
const FIRST: usize = 2;

/// The template of what is too much to tell apart.
pub const OTHER: &str = "(other lines)";

/// Lines that are alike, by their places among all.
struct Group {
    words: Vec<u32>,
    lines: Vec<usize>,
}

/// The template of each line; `lines` are different from each other, and each has a count.
pub fn templates(lines: &[(&str, u64)]) -> Vec<String> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_unstable_by(|a, b| lines[*b].1.cmp(&lines[*a].1).then(lines[*a].0.cmp(lines[*b].0)));
    // numbers of words in the same order, so that they do not depend on that of the lines either
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut words: Vec<Vec<u32>> = vec![Vec::new(); lines.len()];
    for at in &order {
        let number = |word| {
            let next = known.len() as u32;
            *known.entry(word).or_insert(next)
        };
        words[*at] = lines[*at].0.split(' ').map(number).collect();
    }
    let mut leaves: HashMap<(usize, u32), Vec<Group>> = HashMap::new();
    for at in order {
        let own = &words[at];
        let first = own.first().copied().filter(|_| !lines[at].0.starts_with('<')).unwrap_or(u32::MAX);
        let leaf = leaves.entry((own.len(), first)).or_default();
        // the first of equals, which has more lines
        let similar = leaf.iter().enumerate().map(|(place, group)| (alike(&group.words, own), place));
        let best = similar.max_by_key(|(same, place)| (*same, std::cmp::Reverse(*place)));
        match best.filter(|(same, _)| *same as f64 >= ALIKE * own.len() as f64 || leaf.len() >= CHILDREN) {
            Some((_, place)) => leaf[place].lines.push(at),
            None => leaf.push(Group { words: own.clone(), lines: vec![at] }),
        }
    }
    let mut found: Vec<String> = lines.iter().map(|(line, _)| (*line).to_owned()).collect();
    for leaf in leaves.values() {
        let patterns: Vec<Pattern> = leaf.iter().flat_map(|group| patterns(group, &words)).collect();
        for at in leaf.iter().flat_map(|group| &group.lines) {
            // the one with the most words that are always the same, and of equals the first
            let fits = patterns
                .iter()
                .filter(|pattern| pattern.iter().zip(&words[*at]).all(|(p, w)| p.is_none_or(|p| p == *w)));
            let best = fits.max_by_key(|pattern| (pattern.iter().flatten().count(), std::cmp::Reverse(*pattern)));
            if let Some(pattern) = best {
                let word = |(word, known): (&str, &Option<u32>)| if known.is_none() { "<*>" } else { word }.to_owned();
                found[*at] = lines[*at].0.split(' ').zip(pattern).map(word).collect::<Vec<_>>().join(" ");
            }
        }
    }
    bounded(found, lines)
}

/// The words of lines that are always the same; nothing where they are names of things.
type Pattern = Vec<Option<u32>>;

/// The patterns of a group: what its lines say but for the places with many different words.
fn patterns(group: &Group, words: &[Vec<u32>]) -> BTreeSet<Pattern> {
    let starred: Vec<bool> = match group.lines.len() > MANY {
        true => (0..group.words.len()).map(|place| is_of_many(group, words, place)).collect(),
        false => return BTreeSet::new(),
    };
    if !starred.contains(&true) {
        return BTreeSet::new();
    }
    let pattern =
        |at: &usize| words[*at].iter().zip(&starred).map(|(word, starred)| (!starred).then_some(*word)).collect();
    let mut lines: BTreeMap<Pattern, usize> = BTreeMap::new();
    group.lines.iter().for_each(|at| *lines.entry(pattern(at)).or_default() += 1);
    // what only few lines say is said of no things in general
    lines.into_iter().filter(|(_, number)| *number > MANY).map(|(pattern, _)| pattern).collect()
}

/// How many words are alike in the same place.
fn alike(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).filter(|(a, b)| a == b).count()
}

/// Whether the lines of a group have many different words in a place.
fn is_of_many(group: &Group, words: &[Vec<u32>], place: usize) -> bool {
    let mut seen: Vec<u32> = Vec::with_capacity(MANY + 1);
    for at in &group.lines {
        let Some(word) = words[*at].get(place).filter(|word| !seen.contains(word)) else { continue };
        seen.push(*word);
        if seen.len() > MANY {
            return true;
        }
    }
    false
}

/// The most frequent templates; others by their beginnings.
fn bounded(found: Vec<String>, lines: &[(&str, u64)]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (text, (_, count)) in found.iter().zip(lines) {
        *counts.entry(text).or_default() += count;
    }
    if counts.len() <= MOST {
        return found;
    }
    let most = MOST - BEGINNINGS - 1;
    let kept: BTreeMap<&str, u64> = busiest(&counts, most);
    let mut beginnings: BTreeMap<String, u64> = BTreeMap::new();
    for (text, count) in counts.iter().filter(|(text, _)| !kept.contains_key(*text)) {
        *beginnings.entry(beginning(text)).or_default() += count;
    }
    let borrowed = beginnings.iter().map(|(text, count)| (text.as_str(), *count)).collect();
    let begun = busiest(&borrowed, BEGINNINGS);
    let template = |text: &String| match kept.contains_key(text.as_str()) {
        true => text.clone(),
        false => Some(beginning(text)).filter(|text| begun.contains_key(text.as_str())).unwrap_or(OTHER.to_owned()),
    };
    found.iter().map(template).collect()
}

/// The first words of a line, for what is put together by them.
pub fn beginning(line: &str) -> String {
    let first: Vec<&str> = line.split(' ').take(FIRST).collect();
    format!("{} …", first.join(" "))
}

fn busiest<'t>(counts: &BTreeMap<&'t str, u64>, most: usize) -> BTreeMap<&'t str, u64> {
    let mut all: Vec<(&str, u64)> = counts.iter().map(|(text, count)| (*text, *count)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.truncate(most);
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mined(lines: &[(&str, u64)]) -> Vec<String> {
        let mut found = templates(lines);
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn names_of_things_are_variables_and_vocabularies_are_not() {
        let tables = ["ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "jon"];
        let mut lines: Vec<String> =
            tables.iter().map(|name| format!("cannot lock the table {name} in time")).collect();
        lines.push("connection pool created after <n> ms".into());
        lines.push("connection pool exhausted after <n> ms".into());
        lines.push("cannot lock the table ada at all".into());
        let lines: Vec<(&str, u64)> = lines.iter().map(|line| (line.as_str(), 5)).collect();
        assert_eq!(
            mined(&lines),
            [
                "cannot lock the table <*> in time",
                "cannot lock the table ada at all",
                "connection pool created after <n> ms",
                "connection pool exhausted after <n> ms"
            ]
        );
        let mut turned = lines.clone();
        turned.reverse();
        assert_eq!(mined(&turned), mined(&lines));
    }

    #[test]
    fn a_bound_loses_nothing() {
        let lines: Vec<String> = (0..9_000).map(|n| format!("w{} x{n}{}", n % 2_500, " y".repeat(n % 40))).collect();
        let mut counted: Vec<(&str, u64)> = lines.iter().map(|line| (line.as_str(), 1)).collect();
        counted.push(("often written", 1_000));
        let found = templates(&counted);
        assert_eq!(found.len(), counted.len());
        assert!(mined(&counted).len() <= MOST);
        assert!(found.iter().any(|text| text == "often written") && found.iter().any(|text| text == OTHER));
    }
}
