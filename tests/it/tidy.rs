//! The architecture as a test: who may import what, what nobody may do, how large a file may grow.
//!
//! The rules are data; a breach is printed with its file and line.

use std::fs;
use std::path::Path;

/// A layer (files whose path under `src` starts so) and what its source must not contain.
struct Border {
    layer: &'static str,
    forbidden: &'static [&'static str],
}

const IO: &[&str] = &["std::fs", "std::net", "std::io", "std::process", "tokio", "reqwest"];
const CLOCK: &[&str] = &["Timestamp::now", "SystemTime", "Instant::now", "Zoned::now"];
const CHANCE: &[&str] = &["rand::", "HashMap", "HashSet", "RandomState"];
const SPEECH: &[&str] = &["println!", "eprintln!", "print!(", "eprint!(", "dbg!", " log::", "tracing::"];
const SERDE: &[&str] = &["serde"];

const BORDERS: &[Border] = &[
    Border { layer: "aca", forbidden: &["crate::"] },
    Border { layer: "aca", forbidden: IO },
    Border { layer: "aca", forbidden: SERDE },
    Border { layer: "aca", forbidden: &["HashMap", "HashSet", "RandomState", "jiff"] },
    Border { layer: "stats", forbidden: IO },
    Border { layer: "stats", forbidden: SERDE },
    Border { layer: "stats", forbidden: CHANCE },
    Border { layer: "series.rs", forbidden: IO },
    Border {
        layer: "hooks.rs",
        forbidden: &[
            "crate::judge",
            "crate::stats",
            "crate::source",
            "crate::config",
            "crate::ingest",
            "crate::record",
            "crate::report",
            "crate::command",
        ],
    },
    Border { layer: "hooks.rs", forbidden: IO },
    Border { layer: "hooks.rs", forbidden: SERDE },
    Border { layer: "series.rs", forbidden: SERDE },
    Border { layer: "judge", forbidden: IO },
    Border { layer: "judge", forbidden: SERDE },
    Border { layer: "judge", forbidden: CHANCE },
    Border {
        layer: "source",
        forbidden: &[
            "crate::judge",
            "crate::stats",
            "crate::config",
            "crate::ingest",
            "crate::report",
            "crate::command",
        ],
    },
    Border {
        layer: "history",
        forbidden: &[
            "crate::source",
            "crate::ingest",
            "crate::config",
            "crate::record",
            "crate::report",
            "crate::command",
            "crate::calibrate",
            "crate::forecast",
        ],
    },
    Border {
        layer: "calibrate",
        forbidden: &[
            "crate::source",
            "crate::ingest",
            "crate::config",
            "crate::record",
            "crate::report",
            "crate::command",
            "crate::forecast",
        ],
    },
    Border {
        layer: "forecast",
        forbidden: &[
            "crate::source",
            "crate::ingest",
            "crate::config",
            "crate::record",
            "crate::report",
            "crate::command",
            "crate::calibrate",
        ],
    },
    Border { layer: "history", forbidden: IO },
    Border { layer: "calibrate", forbidden: IO },
    Border { layer: "forecast", forbidden: IO },
    Border { layer: "history", forbidden: SERDE },
    Border { layer: "calibrate", forbidden: SERDE },
    Border { layer: "forecast", forbidden: SERDE },
    Border { layer: "history", forbidden: CHANCE },
    Border { layer: "calibrate", forbidden: CHANCE },
    Border { layer: "forecast", forbidden: CHANCE },
    Border {
        layer: "cost",
        forbidden: &[
            "crate::judge",
            "crate::stats",
            "crate::source",
            "crate::ingest",
            "crate::config",
            "crate::record",
            "crate::report",
            "crate::command",
        ],
    },
    Border { layer: "cost", forbidden: IO },
    Border { layer: "cost", forbidden: SERDE },
    Border { layer: "cost", forbidden: CHANCE },
    Border {
        layer: "comparison",
        forbidden: &[
            "crate::source",
            "crate::ingest",
            "crate::config",
            "crate::record",
            "crate::report",
            "crate::command",
        ],
    },
    Border { layer: "comparison", forbidden: IO },
    Border { layer: "comparison", forbidden: SERDE },
    Border { layer: "comparison", forbidden: CHANCE },
    Border {
        layer: "import",
        forbidden: &[
            "crate::config",
            "crate::source",
            "crate::judge",
            "crate::ingest",
            "crate::record",
            "crate::report",
            "crate::command",
        ],
    },
    Border { layer: "import", forbidden: IO },
    Border { layer: "import", forbidden: CHANCE },
    Border { layer: "report", forbidden: &["crate::source", "crate::config", "crate::ingest", "crate::command"] },
    Border { layer: "report", forbidden: IO },
    Border { layer: "config", forbidden: &["crate::ingest", "crate::report", "crate::command", "std::net", "std::fs"] },
    Border { layer: "ingest", forbidden: &["crate::judge", "crate::report", "crate::command"] },
    Border { layer: "record", forbidden: &["crate::command", "crate::source"] },
    Border {
        layer: "output",
        forbidden: &[
            "crate::command",
            "crate::config",
            "crate::ingest",
            "crate::judge",
            "crate::report",
            "crate::source",
        ],
    },
];

/// Only these may print, read the clock or the environment, or end the process.
/// `output.rs` knows the descriptors, because `/dev/stdout` is a place to write to; `process.rs` and `web.rs` wait no longer than they may.
const RIM: &[&str] = &["command", "main.rs", "output.rs", "process.rs", "web.rs"];
const RIM_ONLY: &[&str] = &["std::env::var", "env::args", "process::exit", "stdout()", "stderr()"];

/// Nobody.
const NOWHERE: &[&str] = &["unsafe ", "anyhow", "todo!(", "unimplemented!(", "/work/", "/root/"];

const LINES_PER_FILE: usize = 520;
const LINES_PER_FUNCTION: usize = 90;

/// The crates with the folders of their sources. What `davy-judge` and `davy-stats` may import, the compiler knows.
pub const CRATES: [(&str, &str); 3] =
    [("davy", "src"), ("davy_judge", "crates/davy-judge/src"), ("davy_stats", "crates/davy-stats/src")];

/// The name of a file beside those of other crates, as if all stood in one: `judge/decide.rs`, `series.rs`, `stats/tail.rs`.
pub fn name_in_house(of: &str, file: &str) -> String {
    let room = file.split_once('/').map_or(file.trim_end_matches(".rs"), |(room, _)| room);
    match of {
        "davy_stats" => format!("stats/{file}"),
        "davy_judge" if !matches!(room, "series" | "localise" | "notation") => format!("judge/{file}"),
        _ => file.to_owned(),
    }
}

/// Every source file of every crate: its name in the house and its text.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (of, folder) in CRATES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let pattern = root.join("**/*.rs").to_string_lossy().into_owned();
        for path in glob::glob(&pattern).unwrap().map(|path| path.unwrap()) {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            files.push((name_in_house(of, &name), fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    assert!(files.len() > 400, "the source tree was not found");
    files
}

/// The lines of code: comments and the tests at a file's end do not count.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.enumerate().map(|(i, line)| (i + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn breaches(files: &[(String, String)], forbidden: &[&str], inside: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| inside(name)) {
        for (number, line) in code(text) {
            // the module of histogram logs ends as the crate `log` begins
            let line = line.replace("hlog::", "histograms::");
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{name}:{number}: `{word}` has no place here"));
            }
        }
    }
    found
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn layers_import_only_what_they_may() {
    let files = sources();
    let mut found = Vec::new();
    for border in BORDERS {
        let inside = |name: &str| {
            name == border.layer
                || name.starts_with(&format!("{}/", border.layer))
                || name == format!("{}.rs", border.layer)
        };
        assert!(files.iter().any(|(name, _)| inside(name)), "no file is in the layer {}", border.layer);
        found.extend(breaches(&files, border.forbidden, inside));
    }
    assert_none(found);
}

#[test]
fn only_the_rim_speaks_and_knows_the_time() {
    let files = sources();
    let inside = |name: &str| !RIM.iter().any(|rim| name.starts_with(rim));
    let mut found = breaches(&files, RIM_ONLY, inside);
    found.extend(breaches(&files, CLOCK, inside));
    found.extend(breaches(&files, SPEECH, inside));
    found.extend(breaches(&files, NOWHERE, |_| true));
    assert_none(found);
}

#[test]
fn every_file_says_why_it_exists_and_stays_readable() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//! ") {
            found.push(format!("{name}:1: begins without saying why it exists"));
        }
        let lines = code(&text).count();
        if lines > LINES_PER_FILE {
            found.push(format!("{name}: {lines} lines of code, more than {LINES_PER_FILE}"));
        }
        for vague in ["util", "common", "types", "helpers", "manager"] {
            if name.contains(vague) {
                found.push(format!("{name}: `{vague}` is not a noun of this project"));
            }
        }
        found.extend(long_functions(&name, &text));
    }
    assert_none(found);
}

/// Functions are found by indentation, which the formatter guarantees.
fn long_functions(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let starts = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn "];
        if open.is_none() && starts.iter().any(|start| line.trim_start().starts_with(start)) {
            open = Some((number, indent));
        } else if let Some((start, depth)) = open.filter(|(_, depth)| indent == *depth && line.trim() == "}") {
            if number - start > LINES_PER_FUNCTION {
                found.push(format!("{name}:{}: a function of {} lines", start + 1, number - start));
            }
            let _ = depth;
            open = None;
        }
    }
    found
}

#[test]
fn the_tests_of_this_file_can_fail() {
    let bad = vec![("judge/bad.rs".to_owned(), "use crate::config::Config;\n// use crate::config\n".to_owned())];
    assert_eq!(breaches(&bad, &["crate::config"], |_| true), ["judge/bad.rs:1: `crate::config` has no place here"]);
    let long = format!("fn long() {{\n{}}}\n", "    x();\n".repeat(LINES_PER_FUNCTION + 1));
    assert_eq!(long_functions("long.rs", &long).len(), 1);
}

/// The licences that go with this project's own, as `deny.toml` lists them.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "Unicode-3.0",
    "BlueOak-1.0.0",
    "Unlicense",
    "Zlib",
    "MIT-0",
    "0BSD",
];

#[test]
fn every_dependency_may_be_used_and_comes_from_one_registry() {
    let platform = "x86_64-unknown-linux-gnu";
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--filter-platform", platform, "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    let deny = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let deny: toml::Table = deny.parse().unwrap();
    let listed = deny["licenses"]["allow"].as_array().unwrap();
    assert_eq!(listed.iter().map(|l| l.as_str().unwrap()).collect::<Vec<_>>(), LICENCES);
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none stated");
        if !permitted(licence) {
            found.push(format!("{name}: licence {licence}"));
        }
        let source = package["source"].as_str();
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            found.push(format!("{name}: comes from {}", source.unwrap()));
        }
    }
    assert_none(found);
}

#[test]
fn there_is_one_provider_of_tls() {
    // `cargo metadata` lists crates that no feature asks for, `cargo tree` does not
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal,build", "--target", "x86_64-unknown-linux-gnu"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let is_used = |name: &str| tree.lines().any(|line| line.starts_with(&format!("{name} v")));
    assert!(is_used("rustls") && is_used("aws-lc-rs"), "the provider of TLS was not found: {tree}");
    let others = ["ring", "openssl-sys", "native-tls"].into_iter().filter(|name| is_used(name));
    assert_none(others.map(|name| format!("{name} is a second provider of TLS")).collect());
}

/// Whether an SPDX expression can be met: any side of an OR, every side of an AND.
fn permitted(licence: &str) -> bool {
    let licence = licence.replace('/', " OR ").replace(['(', ')'], "");
    licence.split(" AND ").all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}
