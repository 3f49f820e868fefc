//! README and the book promise; here they keep their word: their configurations plan and judge, their commands parse,
//! their exit codes are the constants, and their pictures are what the binary prints.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use clap::{CommandFactory, Parser};
use davy::cli::Cli;
use davy::command::Exit;
use davy::config::{self, Config, Options};
use davy::ingest::ingest;
use davy::judge::judge;
use davy::judge::verdict::Outcome;

use crate::book::pages;
use crate::world::root;

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// A fenced block, and the line before its fence.
struct Block {
    language: String,
    before: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut before) = (Vec::new(), String::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block { language: language.to_owned(), before: before.clone(), text: inside.join("\n") });
        }
        before = line.to_owned();
    }
    blocks
}

/// The YAML blocks that are configurations of davy begin with this line; the others belong to other tools.
const CONFIGURATION: &str = "# canary.yaml";

fn configurations() -> Vec<Config> {
    let of = |page: String| {
        let yaml = blocks(&text(&page)).into_iter().filter(|block| block.language == "yaml");
        let ours = yaml.filter(|block| block.text.starts_with(CONFIGURATION));
        let load = |block: Block| config::load(&block.text, &page).unwrap_or_else(|problems| panic!("{problems}"));
        ours.map(load).collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of).collect()
}

fn options<'a>(folder: &'a Path, phase: Option<&'a str>) -> Options<'a> {
    let now = "2026-05-19T10:02:00Z".parse().unwrap();
    Options { folder, now, set: &[], phase, from: None, to: None }
}

#[test]
fn its_configurations_plan_in_every_phase() {
    let configurations = configurations();
    assert!(configurations.len() >= 18, "{}", configurations.len());
    for config in &configurations {
        for phase in [None].into_iter().chain(config.phases().into_iter().map(Some)) {
            let set: Vec<(String, String)> = config.open().into_iter().map(|name| (name, "x".into())).collect();
            let options = Options { set: &set, ..options(Path::new("."), phase) };
            let plan = config.plan(&options).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(!plan.rules.criteria.is_empty());
        }
    }
}

#[test]
fn its_first_configuration_judges_the_case_it_is_taken_from() {
    let folder = root().join("fixtures/cases/redis-migration-5-redis-slow");
    let configurations = configurations();
    let plan = configurations[0].plan(&options(&folder, None)).unwrap();
    let verdict = judge(
        &plan.rules,
        &ingest(&plan.queries, &plan.time, &davy::source::Outside::quiet(davy::series::Timestamp::UNIX_EPOCH)).unwrap(),
    );
    assert_eq!(verdict.outcome, Outcome::Fail, "{}", verdict.summary);
    let findings = verdict.findings.iter().filter(|finding| finding.metric != "latency_p95");
    assert!(findings.map(|finding| finding.outcome).all(|outcome| outcome == Outcome::Pass));
}

/// What stands in code fences and between backticks and starts with `davy`, up to where the shell goes on.
fn commands(text: &str) -> Vec<String> {
    let fenced = blocks(text).into_iter().flat_map(|block| {
        let lines: Vec<String> = block.text.lines().map(str::to_owned).collect();
        lines
    });
    let inline = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned));
    let starts = |line: String| {
        let line = line.replace("cargo run --no-default-features -- ", "davy ");
        // An argument list in YAML.
        let line = if line.contains("[davy, ") { line.replace(['[', ']', ','], " ") } else { line };
        let begins = [" davy ", "'davy ", "; davy "].iter().filter_map(|start| line.find(start)).min();
        let rest =
            if line.starts_with("davy ") { Some(0) } else { begins.map(|at| line[at..].find("davy").unwrap() + at) };
        let rest = line[rest?..].to_owned();
        let end = ["||", " > ", "#", "'", " …"].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        Some(rest[..end].trim().to_owned())
    };
    let known: BTreeSet<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let looks_meant = |line: &String| {
        let second = line.split_whitespace().nth(1).unwrap_or_default();
        known.contains(second) || line.contains(" -")
    };
    fenced.chain(inline).filter_map(starts).filter(looks_meant).collect()
}

#[test]
fn its_commands_exist() {
    let mut seen = BTreeSet::new();
    let others = [
        "CONTRIBUTING.md",
        "fixtures/README.md",
        "fixtures/hooks/README.md",
        "fixtures/lambda/README.md",
        "reports/README.md",
    ];
    for file in pages().into_iter().chain(others.map(str::to_owned)) {
        for command in commands(&text(&file)) {
            let words: Vec<&str> = command.split_whitespace().collect();
            // `davy check` in a sentence names a subcommand; more words are a command to type.
            if words.len() == 2 {
                assert!(Cli::command().find_subcommand(words[1]).is_some(), "{file}: {command}");
            } else {
                Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{file}: `{command}`: {error}"));
            }
            seen.insert(words[1].to_owned());
        }
    }
    for subcommand in Cli::command().get_subcommands() {
        assert!(seen.contains(subcommand.get_name()), "no example of `davy {}`", subcommand.get_name());
    }
}

#[test]
fn its_flags_exist() {
    let mut flags = BTreeSet::new();
    let mut command = Cli::command();
    command.build();
    let below = command.get_subcommands().flat_map(|one| one.get_subcommands());
    for one in command.get_subcommands().chain(below).chain([&command]) {
        flags.extend(one.get_arguments().filter_map(|argument| argument.get_long()).map(|long| format!("--{long}")));
    }
    // Those of cargo.
    flags.extend(
        ["--no-default-features", "--features", "--release", "--open", "--no-deps", "--package", "--example"]
            .map(str::to_owned),
    );
    // Those of tools for benchmarks.
    let of_benchmarks =
        ["--export-json", "--benchmark_out=main/1.json", "--benchmark_repetitions=10", "--benchmark-json=main/1.json"];
    flags.extend(of_benchmarks.map(str::to_owned));
    flags.extend(["--benchmark-save-data", "--json-out-file", "--summary-export"].map(str::to_owned));
    let pages: Vec<String> = pages().iter().map(|page| text(page)).collect();
    let inline = pages.iter().flat_map(|page| page.lines()).flat_map(|line| line.split('`').skip(1).step_by(2));
    let named = inline.flat_map(str::split_whitespace).filter(|word| word.starts_with("--") && *word != "---");
    let unknown: Vec<&str> = named.filter(|word| !flags.contains(*word)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The codes in the first column of a table.
fn listed_codes(page: &str) -> BTreeSet<u8> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    cells.flat_map(|cell| cell.split(',')).filter_map(|code| code.trim().parse().ok()).collect()
}

#[test]
fn its_exit_codes_are_the_constants() {
    let source = text("src/command/exit.rs");
    let constant = |line: &str| {
        let (name, code) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        Some((name.to_owned(), code.parse::<u8>().ok()?))
    };
    let constants: Vec<(String, u8)> = source.lines().filter_map(constant).collect();
    assert!(constants.contains(&("Inconclusive".into(), Exit::Inconclusive as u8)));
    let mut expected: BTreeSet<u8> = constants.into_iter().map(|(_, code)| code).collect();
    // What the language itself exits with on a bug.
    expected.extend([70, 101]);
    assert_eq!(listed_codes(&text("docs/exit-codes.md")), expected);
    let readme = text("README.md");
    let short = listed_codes(readme.split("## Exit codes").nth(1).unwrap().split("\n## ").next().unwrap());
    assert!(short.len() >= 5 && short.is_subset(&expected), "{short:?}");
    for line in davy::cli::EXIT_CODES.lines().skip(1) {
        let listed = line.trim().split("  ").next().unwrap_or_default();
        for code in listed.split(", ") {
            assert!(expected.contains(&code.parse().unwrap()), "{line}");
        }
    }
}

/// A command with the address of a server that answers; nothing if it needs one, and davy was built without Prometheus.
fn with_server(command: &str) -> Option<String> {
    const USUAL: &str = "http://127.0.0.1:9090";
    if !command.contains(USUAL) {
        return Some(command.to_owned());
    }
    #[cfg(feature = "prometheus")]
    return Some(command.replace(USUAL, &super::importing::asked::prometheus(super::importing::asked::shop)));
    #[cfg(not(feature = "prometheus"))]
    None
}

#[test]
fn its_pictures_are_what_is_printed() {
    let blocks = pages().into_iter().flat_map(|page| blocks(&text(&page)));
    let pictures: Vec<Block> = blocks.filter(|block| block.before.starts_with("<!-- output: ")).collect();
    assert_eq!(pictures.len(), 17);
    for picture in pictures {
        let command = picture.before.trim_start_matches("<!-- output: davy ").trim_end_matches(" -->").to_owned();
        // a page names the usual port of Prometheus, and a server of the tests answers
        let Some(spoken) = with_server(&command) else { continue };
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(root()).env_remove("COLUMNS").args(spoken.split(' '));
        let output = davy.output().unwrap();
        // the pages say that these verdicts exit with 10
        let judges = ["judge", "replay", "watch"].iter().any(|judging| command.starts_with(judging));
        let exit = if judges { Exit::Fail } else { Exit::Pass };
        assert_eq!(output.status.code(), Some(exit as i32), "{command}");
        let mut rest = String::from_utf8(output.stdout).unwrap();
        for (place, part) in picture.text.split("\n⋮\n").enumerate() {
            let at =
                rest.find(&format!("{part}\n")).unwrap_or_else(|| panic!("`davy {command}` does not print\n{part}"));
            let whole_lines = at == 0 || (place > 0 && rest[..at].ends_with('\n'));
            assert!(whole_lines, "the picture has to begin where the output does");
            rest = rest[at + part.len() + 1..].to_owned();
        }
    }
}

#[test]
fn the_list_of_reports_is_complete_and_true() {
    let list = text("reports/README.md");
    for case in super::recordings::cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let verdict: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(case.join("verdict.json")).unwrap()).unwrap();
        let outcome = verdict["outcome"].as_str().unwrap();
        let row = list.lines().find(|line| line.starts_with(&format!("| [{name}]({name}.md) |")));
        let row = row.unwrap_or_else(|| panic!("reports/README.md does not list {name}"));
        assert!(row.contains(&format!("| {outcome} |")), "{name} is {outcome}: {row}");
    }
}
