//! Suites of recordings: found below a folder, judged at once, held to what was recorded or expected, and compared.

use super::shell::{Shell, of_arm, root};

/// Three recordings of one gate in a folder: a slow canary and two healthy ones.
fn three() -> Shell {
    let shell = Shell::new();
    for (name, ms) in [("slow", 130.0), ("fine", 101.0), ("good", 100.5)] {
        shell.write("old.csv", &of_arm(10, 100.0));
        shell.write("new.csv", &of_arm(11, ms));
        shell.run(&["judge", "old.csv", "new.csv", "--record", &format!("runs/today/{name}"), "--name", name]);
    }
    shell.expect(0, &["init", "old.csv", "new.csv", "--name", "slow", "-o", "canary.yaml"]);
    shell
}

#[test]
fn a_folder_of_recordings_ends_with_one_line() {
    let shell = three();
    let ran = shell.expect(0, &["replay", "--check", "runs"]);
    assert_eq!(ran.out.lines().last(), Some("3 recordings: 3 same"));
    assert!(ran.out.starts_with("same     runs/today/slow  FAIL\n"), "the worst stands first: {}", ran.out);
    shell.expect(0, &["replay", "--check", "runs/today/fine", "runs/today/good"]).says(&["2 recordings: 2 same"]);
    shell.write("empty/a.txt", "");
    shell
        .expect(78, &["replay", "--check", "empty"])
        .says(&["neither it nor a folder below it is a recording: a recording has a canary.yaml"]);
}

#[test]
fn other_limits_are_tried_on_what_was_recorded() {
    let shell = three();
    let wide = shell.read("canary.yaml").replace("+ 10%", "+ 40%");
    shell.write("wide.yaml", &wide);
    let ran = shell.expect(1, &["replay", "--with", "wide.yaml", "runs"]);
    ran.says(&[
        "flips    runs/today/slow  fail → pass",
        "3 recordings: 1 flips (1 fail → pass), 2 with other numbers or reasons",
    ]);
    // an edited limit is an edited limit, and no criterion that came and one that went
    let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("the bound was <= baseline + 10 % when recorded and is <= baseline + 40 % now"), "{flat}");
    assert!(!flat.contains("is not judged now"), "{flat}");
    // the recordings are as they were
    shell.expect(0, &["replay", "--check", "--strict", "runs"]);
    shell.write("other.yaml", &wide.replace("errors:", "faults:").replace("metric: errors", "metric: faults"));
    shell.expect(78, &["replay", "--with", "other.yaml", "runs"]).says(&["there is no metric `faults`"]);
    shell.write("phased.yaml", &format!("{wide}phases: [{{ name: one }}]\n"));
    shell.expect(1, &["replay", "--with", "phased.yaml", "runs"]).says(&["1 fail → pass"]);
}

#[test]
fn numbers_that_differ_are_told_and_fail_only_what_is_strict() {
    let shell = three();
    let path = "runs/today/good/series/latency_p95.csv";
    let text = shell.read(path);
    let line = text.lines().find(|line| line.contains(",canary,")).unwrap();
    let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
    cells[2] = (cells[2].parse::<f64>().unwrap() * 1.001).to_string();
    let other = cells.join(",");
    shell.write(path, &text.replacen(line, &other, 1));
    let ran = shell.expect(0, &["replay", "--check", "runs"]);
    ran.says(&["differs  runs/today/good", "3 recordings: 2 same, 1 with other numbers or reasons"]);
    assert!(!ran.out.contains("000000"), "digits are readable: {}", ran.out);
    // the file says what the exit code says
    for (strict, code, failures) in [(&[][..], 0, "failures=\"0\""), (&["--strict"], 1, "failures=\"1\"")] {
        shell.expect(code, &[&["replay", "--check", "runs", "--report", "junit=s.xml"], strict].concat());
        assert!(shell.read("s.xml").contains(failures), "{}", shell.read("s.xml"));
    }
}

#[test]
fn a_recording_that_cannot_be_judged_names_what_is_missing_and_hides_no_other() {
    let shell = three();
    std::fs::remove_file(shell.path("runs/today/fine/series/errors.csv")).unwrap();
    let reports = ["--report", "junit=s.xml", "--report", "json=s.json", "--report", "markdown=s.md"];
    let ran = shell.expect(69, &[&["replay", "--check", "runs"][..], &reports].concat());
    ran.says(&["broken   runs/today/fine", "3 recordings: 2 same, 1 could not be judged"]);
    assert!(ran.told.contains("runs/today/fine: series/errors.csv"), "{}", ran.told);
    let junit = shell.read("s.xml");
    assert!(junit.contains("tests=\"3\" skipped=\"0\" failures=\"0\" errors=\"1\""), "{junit}");
    let json: serde_json::Value = serde_json::from_str(&shell.read("s.json")).unwrap();
    assert_eq!(
        (json["members"][0]["state"].as_str(), json["members"][1]["state"].as_str()),
        (Some("broken"), Some("same"))
    );
    assert!(shell.read("s.md").contains("| runs/today/fine | broken |"), "{}", shell.read("s.md"));
}

#[test]
fn no_recording_below_a_folder_is_left_out() {
    let shell = three();
    // however deep it lies
    let deep = shell.path("runs/a/b/c/d/e/f/g/h");
    std::fs::create_dir_all(deep.parent().unwrap()).unwrap();
    std::fs::rename(shell.path("runs/today/fine"), &deep).unwrap();
    shell.expect(0, &["replay", "--check", "runs"]).says(&["same     runs/a/b/c/d/e/f/g/h", "3 recordings: 3 same"]);
    // a link to one that is found is fine, and one that leads elsewhere could hide one
    std::os::unix::fs::symlink("today/good", shell.path("runs/latest")).unwrap();
    shell.expect(0, &["replay", "--check", "runs"]).says(&["3 recordings: 3 same"]);
    for (from, link) in [("runs/today/good", "elsewhere"), ("runs/a", "runs/.hidden")] {
        std::fs::rename(shell.path(from), shell.path(link)).unwrap();
        std::os::unix::fs::symlink(shell.path(link), shell.path("runs/linked")).unwrap();
        let ran = shell.expect(65, &["replay", "--check", "runs"]);
        assert!(ran.told.contains("the link leads out of runs"), "{}", ran.told);
        std::fs::remove_file(shell.path("runs/linked")).unwrap();
        std::fs::rename(shell.path(link), shell.path(from)).unwrap();
    }
    // a recording that lost its configuration is one that cannot be judged
    std::fs::remove_file(shell.path("runs/today/good/canary.yaml")).unwrap();
    let ran = shell.expect(78, &["replay", "--check", "runs"]);
    ran.says(&["broken   runs/today/good", "3 recordings: 2 same, 1 could not be judged"]);
    // a folder that cannot be read: its path is longer than any may be
    let script = "cd runs && for i in $(seq 20); do mkdir $0 && cd $0 || exit 1; done";
    let made =
        std::process::Command::new("bash").args(["-c", script, &"x".repeat(250)]).current_dir(shell.path("")).status();
    assert!(made.unwrap().success());
    let ran = shell.expect(69, &["replay", "--check", "runs"]);
    assert!(ran.told.contains("cannot read runs/xxx"), "{}", ran.told);
}

#[test]
fn an_expectation_holds_beside_the_recorded_verdict() {
    let shell = three();
    let path = "runs/today/slow/canary.yaml";
    let text = shell.read(path);
    shell.write(
        path,
        &format!("{text}expect: {{ outcome: fail, criteria: {{ latency_p95: {{ effect: \"25% .. 35%\" }} }} }}\n"),
    );
    shell.expect(0, &["replay", "--check", "runs"]);
    // what is recorded again keeps it
    shell.run(&["judge", "runs/today/slow", "--record", "again"]);
    assert!(shell.read("again/canary.yaml").contains("expect: { outcome: fail"), "{}", shell.read("again/canary.yaml"));
    shell.write(path, &format!("{text}expect: pass\n"));
    let ran = shell.expect(1, &["replay", "--check", "runs"]);
    ran.says(&[
        "flips    runs/today/slow  FAIL",
        "the verdict: expected PASS, found FAIL",
        "1 flips (1 not as expected)",
    ]);
}

#[test]
fn two_verdicts_are_compared_by_what_they_judge() {
    let shell = three();
    shell.run(&["report", "runs/today/slow/verdict.json", "--format", "json", "--report", "json=slow.json"]);
    shell.expect(0, &["diff", "slow.json", "runs/today/slow"]).says(&["same  FAIL"]);
    let ran = shell.expect(1, &["diff", "runs/today/fine", "slow.json"]);
    assert!(
        ran.out.starts_with(
            "A  PASS  runs/today/fine\nB  FAIL  slow.json\n\nthe verdict was PASS in A and is FAIL in B\n"
        ),
        "{}",
        ran.out
    );
    ran.says(&["`latency_p95 <= baseline + 10%` was PASS in A and is FAIL in B"]);
    shell.expect(69, &["diff", "nowhere.json", "slow.json"]).says(&["nowhere.json"]);
    shell.expect(65, &["diff", "canary.yaml", "slow.json"]).says(&["canary.yaml"]);
}

#[test]
fn slices_and_later_steps_are_compared_too() {
    let shell = Shell::new();
    let case = root().join("fixtures/cases/shop-slices-50-search-slow-in-eu/verdict.json");
    let mut verdict: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(case).unwrap()).unwrap();
    shell.write("a.json", &verdict.to_string());
    verdict["localised"][2]["named"] = serde_json::json!([]);
    verdict["mixes"][0]["answer"] = "differs".into();
    let latency =
        verdict["findings"].as_array_mut().unwrap().iter_mut().find(|one| !one["evidence"]["since"].is_null());
    let since = &mut latency.unwrap()["evidence"]["since"];
    since["at"] = "2026-11-20T09:20:00Z".into();
    since["effect"]["estimate"] = 1.9.into();
    shell.write("b.json", &verdict.to_string());
    shell.expect(0, &["diff", "a.json", "a.json"]).says(&["same"]);
    shell.expect(1, &["diff", "a.json", "b.json"]).says(&[
        "what is worse was GET /search, eu-west-1 in A and is no slice in B",
        "does not differ in A and differs and decides nothing in B",
        "the beginning of what is worse was 2026-11-20T09:13:00Z in A and is 2026-11-20T09:20:00Z in B",
        "the effect since that step was ",
    ]);
}

#[test]
fn a_recording_that_was_cut_inside_its_last_number_is_refused() {
    let shell = three();
    let path = "runs/today/fine/series/errors.csv";
    let text = shell.read(path);
    shell.write(path, &text[..text.len() - 2]);
    let ran = shell.expect(65, &["judge", "runs/today/fine"]);
    ran.says(&["series/errors.csv: its last line has no end, so this recording is cut", "Copy the recording again"]);
    shell.expect(65, &["replay", "--check", "runs"]).says(&["broken   runs/today/fine"]);
}

#[test]
fn all_cases_of_this_repository_are_one_suite() {
    let shell = Shell::new();
    let cases = root().join("fixtures/cases");
    let ran = shell.expect(0, &["replay", "--check", "--strict", cases.to_str().unwrap()]);
    let last = ran.out.lines().last().unwrap();
    assert!(last.contains(" recordings: ") && last.ends_with(" same"), "{last}");
}

#[test]
fn every_gate_of_a_folder_is_a_line_and_what_is_wrong_with_one_stops_no_other() {
    let shell = three();
    shell.write("gates/deep/typo.yaml", "criterai: []\n");
    shell.write(
        "gates/errors.yml",
        &shell.read("canary.yaml").replace("old.csv", "../old.csv").replace("new.csv", "../new.csv"),
    );
    std::fs::rename(shell.path("runs/today"), shell.path("gates/runs")).unwrap();
    for jobs in ["1", "3"] {
        let ran = shell.expect(78, &["judge", "--all", "gates", "--jobs", jobs]);
        ran.says(&["5 gates: 3 pass, 0 warn, 0 inconclusive, 1 fail, 1 could not be judged"]);
        let lines = ran.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let of: std::collections::BTreeMap<String, serde_json::Value> =
            lines.map(|line| (line["gate"].as_str().unwrap().to_owned(), line)).collect();
        let exits: Vec<(&str, u64)> = of.iter().map(|(gate, line)| (&**gate, line["exit"].as_u64().unwrap())).collect();
        let wanted = [("deep/typo.yaml", 78), ("errors.yml", 0), ("runs/fine", 0), ("runs/good", 0), ("runs/slow", 10)];
        assert_eq!(exits, wanted, "{}", ran.out);
        assert!(of["deep/typo.yaml"]["error"].as_str().unwrap().contains("criterai"), "{}", ran.out);
        let slow = &of["runs/slow"];
        assert_eq!((&slow["outcome"], &slow["name"]), (&"fail".into(), &"slow".into()), "{slow}");
        assert!(slow["findings"][0]["sentence"].as_str().unwrap().contains("136 ms against 105 ms"), "{slow}");
        assert_eq!(of["runs/fine"]["findings"], serde_json::json!([]), "{}", ran.out);
    }
    // data beside a gate is none, and a configuration in JSON is one even if it is wrong
    shell.write("gates/rows.json", "[{\"time\": \"2026-03-01T12:00:00Z\", \"errors\": 1}]");
    shell.write("gates/wrong.json", "{\"criteria\": []}");
    let ran = shell.expect(78, &["judge", "--all", "gates"]);
    ran.says(&["6 gates: 3 pass", "2 could not be judged", "rows.json: left out, since this JSON is data"]);
    std::fs::remove_file(shell.path("gates/wrong.json")).unwrap();
    // a gate may have gates below it, and is no file of its own
    shell.write("gates/runs/slow/prod/canary.yaml", "criterai: []\n");
    shell.write("gates/UPPER.YAML", "criterai: []\n");
    let ran = shell.expect(78, &["judge", "--all", "gates"]);
    ran.says(&["7 gates: 3 pass, 0 warn, 0 inconclusive, 1 fail, 3 could not be judged"]);
    let ran = shell.expect(0, &["judge", "--all", "gates/runs/fine"]);
    assert!(ran.out.starts_with("{\"gate\":\".\""), "{}", ran.out);
    std::os::unix::fs::symlink("/nonexistent/gates", shell.path("gates/later")).unwrap();
    shell.expect(65, &["judge", "--all", "gates"]).says(&["a link that leads to no file is not followed"]);
    shell.write("none/readme.txt", "");
    shell
        .expect(78, &["judge", "--all", "none"])
        .says(&["no configuration is below it: a gate is a file that ends in .yaml"]);
    shell.expect(2, &["judge", "--all", "gates", "--record", "x"]).says(&["cannot be used with"]);
    shell.expect(2, &["judge", "--jobs", "2"]).says(&["--all"]);
}
