//! Unit tests of a gate: `davy test` and `expect`, as the documentation shows them.

use super::shell::{Shell, root};

/// The example of the documentation, with what it is said to print.
fn documented() -> (String, String) {
    let text = std::fs::read_to_string(root().join("docs/testing-a-gate.md")).unwrap();
    let block = |language: &str| {
        let rest = text.split_once(&format!("```{language}\n")).unwrap().1;
        rest.split_once("```").unwrap().0.to_owned()
    };
    (block("yaml"), block("text"))
}

#[test]
fn the_documented_example_prints_what_it_is_said_to_print() {
    let shell = Shell::new();
    let (example, printed) = documented();
    shell.write("checkout.test.yaml", &example);
    let ran = shell
        .expect(1, &["test", "checkout.test.yaml", "--report", "junit=cases.xml", "--report", "markdown=cases.md"]);
    assert_eq!(ran.out, printed);
    let junit = shell.read("cases.xml");
    assert!(junit.contains("tests=\"4\" skipped=\"0\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(shell.read("cases.md").starts_with("## 4 cases: 3 ok, 1 fails"), "{}", shell.read("cases.md"));
    let json: serde_json::Value =
        serde_json::from_str(&shell.expect(1, &["test", "checkout.test.yaml", "--format", "json"]).out).unwrap();
    assert_eq!(json["members"][0]["state"], "flips");
    // the margin that the failing case asks for makes all of them right
    shell.write("checkout.test.yaml", &example.replace("+ 0.5pp", "+ 1pp"));
    shell.expect(0, &["test", "checkout.test.yaml"]).says(&["4 cases: 4 ok"]);
}

const GATE: &str = r#"
name: shop
sources: { aws: { cloudwatch: { region: us-east-1 } }, files: { file: { path: "${arm}.csv" } } }
window: { last: 1h, step: 5m }
metrics:
  errors: { source: files, rate: { bad: errors, total: requests } }
  hits: { source: files, rate: { good: hits, total: lookups } }
  restarts: { source: files, events: { count: restarts } }
  slow: { source: files, values: { value: took_s, unit: s } }
  cpu: { source: files, gauge: { value: cpu, unit: "%" } }
phases:
  - name: 5%
    criteria:
      - { metric: errors, pass: "<= 2%" }
      - { metric: hits, pass: ">= baseline - 2pp" }
      - { metric: restarts, pass: "== 0" }
      - { metric: restarts, pass: "<= 1/min" }
      - { metric: slow, statistic: p95, pass: "<= 300ms" }
      - { metric: cpu, pass: "<= baseline + 10pp" }
  - name: 50%
    criteria: [{ metric: errors, pass: "<= 1%" }]
"#;

#[test]
fn every_shape_has_numbers_whatever_source_production_asks() {
    let shell = Shell::new();
    shell.write("canary.yaml", GATE);
    shell.write(
        "tests/gate.yaml",
        r#"
config: ../canary.yaml
cases:
  - name: all is well
    baseline: { hits: "80~2x24", lookups: "100x24", cpu: "40~1x24" }
    canary:
      errors.bad: "9~3x24"
      errors.total: "1000x24"
      hits.good: "81~2x24"
      lookups: "100x24"
      restarts: "0x24"
      took_s: "0.1~20%x2400"
      cpu.value: "41~1x24"
    expect: { outcome: pass, criteria: { slow: { effect: "120ms .. 145ms" }, cpu: { effect: "-1pp .. 3pp" }, "errors <= 2%": { effect: ".. 1%" }, "restarts == 0": { effect: "0 .. 0" }, "restarts <= 1/min": { effect: "0/h .. 2/h" } } }
  - name: another phase
    phase: 50%
    canary: { errors: "30~3x24", requests: "1000x24" }
    expect: { outcome: fail, criteria: { errors: { outcome: fail, reason: beyond_bound, effect: "2% .. 4%" } } }
"#,
    );
    shell.expect(0, &["test", "tests/gate.yaml"]).says(&["2 cases: 2 ok"]);
}

#[test]
fn what_is_not_as_expected_is_said_with_what_was_found() {
    let shell = Shell::new();
    let (example, _) = documented();
    let wrong = example
        .replace("effect: \"20% .. 80%\"", "effect: \"1% .. 2%\", reason: undecided")
        .replace("        errors: pass\n", "        erors: pass\n");
    shell.write("a.yaml", &wrong);
    let ran = shell.expect(1, &["test", "a.yaml"]);
    let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "expected an effect of 1% .. 2%, found +",
        "expected the reason undecided, found beyond_bound",
        "`erors` is not judged",
    ] {
        assert!(flat.contains(words), "{words}: {}", ran.out);
    }
    // a number of another unit, or of none, says nothing of an effect
    for other in [".. 99", ".. 99 errors", ".. 99ms"] {
        let wrong = example.replace("        errors: pass\n", &format!("        errors: {{ effect: \"{other}\" }}\n"));
        shell.write("a.yaml", &wrong);
        let ran = shell.expect(1, &["test", "a.yaml"]);
        let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(&format!("expected an effect of {other}, whose unit is not that of the effect")),
            "{flat}"
        );
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80 || line.starts_with("fails")), "{}", ran.out);
}

#[test]
fn a_mistake_in_a_case_never_tests_nothing() {
    let shell = Shell::new();
    let (example, _) = documented();
    for (right, wrong, code, says) in [
        (
            "canary: { errors: \"4~2x60\"",
            "canary: { erors: \"4~2x60\"",
            65,
            "the canary has no `errors`, which the metric `errors` reads",
        ),
        (
            "p95: \"180~3%x60\" }\n    expect: pass\n  - name: a canary that gets",
            "p95: \"180~3%x60\", p99: \"1\" }\n    expect: pass\n  - name: a canary that gets",
            65,
            "the canary has `p99`, which no criterion reads",
        ),
        ("\"180+3~3%x60\"", "\"180+3~3%y60\"", 65, "is not a number with its repetition"),
        ("\"9~2x60\"", "\"-9x60\"", 65, "counts are 0 and more"),
        ("\"9~2x60\"", "\"2000x60\"", 65, "a part is never more than all"),
        ("expect: [inconclusive, fail]", "expect: [inconclusive, fails]", 78, "`fails` is not an outcome"),
        ("    expect: [inconclusive, fail]\n", "", 78, "a case needs the key `expect`"),
        ("effect: \"20% .. 80%\"", "effect: \"20%\"", 78, "is not a range"),
        ("effect: \"20% .. 80%\"", "effect: \"1s .. 900ms\"", 78, "write `900ms .. 1s`"),
        ("effect: \"20% .. 80%\"", "effect: \"-1pp .. -2pp\"", 78, "write `-2pp .. -1pp`"),
        ("\"180+3~3%x60\"", "\"1 2x18446744073709551615\"", 65, "shorten it"),
        ("expect: [inconclusive, fail]", "expect: []", 78, "this expects nothing"),
        ("expect: [inconclusive, fail]", "expect: {}", 78, "this expects nothing"),
        ("expect: [inconclusive, fail]", "expect: { outcome: [] }", 78, "this expects nothing"),
        ("expect: [inconclusive, fail]", "expect: { criteria: {} }", 78, "this expects nothing"),
        ("expect: [inconclusive, fail]", "expect: { criteria: { errors: {} } }", 78, "this expects nothing"),
        ("cases:", "tests:", 78, "write `cases:`"),
        ("<= baseline + 10%", "<= baseline + 10", 78, "10"),
    ] {
        assert!(example.contains(right), "{right}");
        shell.write("a.yaml", &example.replace(right, wrong));
        shell.expect(code, &["test", "a.yaml"]).says(&[says]);
    }
    shell.write("a.yaml", &format!("{}cases: []\n", example.split_once("cases:").unwrap().0));
    shell.expect(78, &["test", "a.yaml"]).says(&["there are no cases"]);
    shell.write("a.yaml", "config: nowhere.yaml\ncases: [{ name: one, canary: { errors: 1x9 }, expect: fail }]\n");
    shell.write("b.yaml", &example.replace("+ 0.5pp", "+ 1pp"));
    let both = shell.expect(78, &["test", "a.yaml", "b.yaml"]);
    both.says(&["nowhere.yaml", "broken   a.yaml", "5 cases: 4 ok, 1 could not be judged"]);
    shell.expect(2, &["test", "b.yaml", "--format", "csv"]).says(&["a suite has no form as csv"]);
}
