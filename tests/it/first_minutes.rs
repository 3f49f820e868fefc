//! The first five minutes: files without a configuration, wrong calls that say what to type, a demonstration and a doctor.

use super::shell::{Shell, of_arm, table};

fn two() -> Shell {
    let shell = Shell::new();
    shell.write("old.csv", &of_arm(10, 100.0));
    shell.write("new.csv", &of_arm(11, 130.0));
    shell
}

#[test]
fn two_files_are_judged_as_every_diff_takes_them() {
    let shell = two();
    let short = shell.expect(10, &["judge", "old.csv", "new.csv", "--format", "json"]);
    let long = shell.expect(10, &["judge", "--baseline", "old.csv", "--canary", "new.csv", "--format", "json"]);
    assert_eq!(short.out, long.out);
    shell.expect(0, &["compare", "old.csv", "new.csv"]).says(&["COMPARE  new"]);
    shell.expect(0, &["init", "old.csv", "new.csv"]).says(&["baseline: { file: \"old.csv\" }"]);
}

#[test]
fn wrong_calls_say_what_to_type() {
    let shell = two();
    shell.write("canary.yaml", "name: a\n");
    for (arguments, code, words) in [
        (&["old.csv", "new.csv"][..], 2, "write `davy judge old.csv new.csv`"),
        (&["judge", "new.csv"], 2, "`davy judge OLD new.csv`"),
        (&["judge", "new.csv"], 2, "`davy judge --data new.csv`"),
        (&["judge", "canary.yaml", "new.csv"], 2, "write `davy judge canary.yaml`"),
        (&["judge", "canary.yaml", "--margin", "errors=20%"], 2, "`davy judge OLD NEW --margin …`"),
        (&["judge", "--margin", "errors"], 2, "errors=20%"),
        (&["judge", "--margin", "errors"], 2, "latency:p99=30%"),
        (&["judge", "old.csv", "new.csv", "--margin", "errors=much"], 2, "is not a margin"),
        (&["judge", "old.csv", "new.csv", "--margin", "erors=20%"], 65, "There is errors, latency_p95"),
        (&["judge", "old.csv", "new.csv", "--unit", "p95=parsec"], 2, "write one of ns, us, ms"),
        (&["judge", "old.csv", "new.csv", "--unit", "p95=s"], 65, "The columns are: requests, errors, p95_ms"),
        (
            &["judge", "old.csv", "new.csv", "--unit", "p95_ms=s"],
            65,
            "`--unit` gives \"p95_ms\" the unit s, but its name says ms",
        ),
        (&["judge", "old.csv", "new.csv", "--by", "route"], 65, "there is not a column \"route\""),
        (&["judge", "old.csv", "new.csv", "--where", "a = 1"], 65, "only rows of a log of requests"),
        (&["judge", "old.csv", "new.csv", "--arm", "a=b,c"], 2, "leave it out"),
        (&["judge", "--data", "old.csv", "--arm", "version"], 2, "version=41,42"),
        (&["init"], 2, "`davy init BASELINE CANARY`"),
    ] {
        let ran = shell.expect(code, arguments);
        assert!(ran.told.contains(words) && ran.out.is_empty(), "{arguments:?}: {}{}", ran.out, ran.told);
    }
    std::fs::remove_file(shell.path("canary.yaml")).unwrap();
    shell.expect(78, &["judge"]).says(&["`davy judge OLD NEW`", "`davy demo`"]);
}

#[test]
fn margins_steps_and_names_are_said_without_a_configuration() {
    let shell = two();
    let wide = shell.expect(0, &["judge", "old.csv", "new.csv", "--margin", "latency_p95=50%", "--name", "shop"]);
    wide.says(&["PASS  shop", "PASS  latency_p95 <= baseline + 50%"]);
    shell.expect(10, &["judge", "old.csv", "new.csv", "--margin", "latency_p95=10ms"]).says(&["+ 10ms"]);
    let init = shell.expect(0, &["init", "old.csv", "new.csv", "--margin", "errors=0.3pp", "--step", "5m"]);
    init.says(&["pass: \"<= baseline + 0.3pp\"", "window: { step: 5m }"]);
}

#[test]
fn each_value_of_a_column_is_judged_by_itself() {
    let shell = Shell::new();
    shell.write("old.csv", &table("route", &[("/cart", 10, 100.0), ("/search", 10, 100.0)]).replace(",p95_ms", ",cpu"));
    shell.write("new.csv", &table("route", &[("/cart", 40, 100.0), ("/search", 10, 100.0)]).replace(",p95_ms", ",cpu"));
    let ran = shell.expect(10, &["judge", "old.csv", "new.csv", "--by", "route"]);
    ran.says(&["FAIL  errors <= baseline + max(50%, 0.1pp) [/cart]", "[/search]", "leave out"]);
}

#[test]
fn a_log_is_judged_route_by_route_and_without_some_rows() {
    let shell = Shell::new();
    let log = |cart_ms: u64| {
        let mut text = "time,route,status,took\n".to_owned();
        for i in 0..4_000u64 {
            let uneven = i.wrapping_mul(2_654_435_761) % 97;
            let (route, ms) = [("/cart", cart_ms), ("/search", 80), ("/health", 1)][(i % 3) as usize];
            text += &format!(
                "{},{route},{},{}\n",
                1_795_262_400 + i * 3_600 / 4_000,
                if uneven == 3 { 503 } else { 200 },
                ms + uneven % ms.max(2)
            );
        }
        text
    };
    shell.write("old.csv", &log(60));
    shell.write("new.csv", &log(140));
    shell.expect(65, &["judge", "old.csv", "new.csv", "--margin", "latency=20%"]).says(&["There is errors"]);
    shell
        .expect(65, &["judge", "old.csv", "new.csv", "--unit", "took=ms", "--unit", "status=s"])
        .says(&["--unit is given twice"]);
    let arguments = [
        "judge",
        "old.csv",
        "new.csv",
        "--unit",
        "took=ms",
        "--by",
        "route",
        "--where",
        "route != \"/health\"",
        "--format",
        "json",
    ];
    let ran = shell.expect(10, &arguments);
    ran.says(&["latency_by_route p95 <= baseline + 10% [/cart]", "[/search]"]);
    assert!(!ran.out.contains("[/health]"), "{}", ran.out);
    let wide = [&arguments[..], &["--margin", "latency=300%", "--margin", "latency:p99=400%"]].concat();
    shell
        .expect(11, &wide)
        .says(&["latency_by_route p95 <= baseline + 300% [/cart]", "latency p99 <= baseline + 400%"]);
}

#[test]
fn whose_a_row_is_is_known_or_asked_and_never_guessed() {
    let shell = Shell::new();
    for (column, old, new) in
        [("variant", "control", "treatment"), ("group", "stable", "canary"), ("version", "old", "new")]
    {
        shell.write("known.csv", &table(column, &[(old, 10, 100.0), (new, 10, 130.0)]));
        shell.expect(10, &["judge", "--data", "known.csv"]).says(&["FAIL  latency_p95"]);
    }
    for (column, old, new) in [("group", "a", "b"), ("version", "41", "42"), ("image", "web:1", "web:2")] {
        shell.write("asked.csv", &table(column, &[(old, 10, 100.0), (new, 10, 130.0)]));
        let asked = shell.expect(65, &["judge", "--data", "asked.csv"]);
        asked.says(&[&format!("`--arm {column}={old},{new}`"), &format!("`--arm {column}={new},{old}`")]);
        let arm = format!("{column}={old},{new}");
        let judged = shell.expect(10, &["judge", "--data", "asked.csv", "--arm", &arm]);
        judged.says(&["FAIL  latency_p95", "60 steps of 1 min"]);
        let turned = format!("{column}={new},{old}");
        shell.expect(0, &["judge", "--data", "asked.csv", "--arm", &turned]);
    }
    shell.expect(2, &["judge", "--data", "asked.csv", "--arm", "image=web:1,web:3"]).says(&["It has web:1, web:2"]);
    shell.expect(2, &["judge", "--data", "asked.csv", "--arm", "tag=1,2"]).says(&["The columns are: image, requests"]);
}

#[test]
fn the_demonstration_needs_nothing_and_is_the_same_everywhere() {
    let shell = Shell::new();
    let ran = shell.expect(10, &["demo"]);
    assert!(
        ran.out.starts_with("FAIL  new\n1 of 2 criteria fails. latency_p95 <= baseline + 10%: 227 ms"),
        "{}",
        ran.out
    );
    ran.says(&["davy judge davy-demo/old.csv davy-demo/new.csv", "it exits with 10"]);
    let again = shell.expect(10, &["demo"]);
    assert_eq!(again.out, ran.out);
    assert!(shell.read("davy-demo/new.csv").starts_with("time,requests,errors,p95_ms\n2026-03-01T12:00:00Z,"));
    shell.write("davy-demo/old.csv", "mine");
    shell.expect(74, &["demo"]).says(&["left as it is"]);
    assert_eq!(shell.read("davy-demo/old.csv"), "mine");
    shell.expect(10, &["demo", "elsewhere/deep"]);
}

#[test]
fn the_doctor_says_what_is_there_and_never_a_secret() {
    let shell = Shell::new();
    let set = [("AWS_ACCESS_KEY_ID", "AKIA-canary"), ("HOME", "/nowhere"), ("AWS_REGION", "eu-north-1")];
    let ran = shell.run_with(&["doctor"], &set);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.told);
    ran.says(&["version           0.1.0", "set AWS_SECRET_ACCESS_KEY as well", "AWS_REGION", "not in this folder"]);
    assert!(!ran.out.contains("AKIA") && !ran.out.contains("eu-north-1"), "{}", ran.out);
    shell.write("canary.yaml", "name: a\n");
    shell.expect(78, &["doctor"]).says(&["broken   canary.yaml", "`davy check`"]);
}

#[test]
fn a_check_opens_the_files_that_are_named() {
    let shell = two();
    shell.expect(0, &["init", "old.csv", "new.csv", "-o", "canary.yaml"]);
    let plain = shell.expect(0, &["check"]);
    assert_eq!(plain.out.lines().count(), 1);
    let opened = shell.expect(0, &["check", "--data"]);
    opened.says(&["errors       60 baseline, 60 canary  2026-03-01T12:00:00Z to 2026-03-01T12:59:00Z", "latency_p95"]);
    shell.write("new.csv", "time,requests,errors,p95_ms\n");
    shell.expect(0, &["check", "--data"]).says(&["errors has no point of the canary in new.csv"]);
    std::fs::remove_file(shell.path("new.csv")).unwrap();
    shell.expect(0, &["check"]);
    shell.expect(69, &["check", "--data"]).says(&["new.csv"]);
}

#[test]
fn help_has_groups_and_never_combines_what_excludes_each_other() {
    let shell = Shell::new();
    let help = shell.expect(0, &["judge", "--help"]);
    for heading in ["Data without a configuration:", "Time and phase:", "Output:", "Exit code:", "Examples:"] {
        assert!(help.out.contains(heading), "{heading}: {}", help.out);
    }
    let usage = shell.expect(2, &["judge", "--baseline", "b.csv"]);
    usage.says(&["davy judge [OPTIONS] BASELINE CANARY"]);
    assert!(!usage.told.contains("--baseline <FILE> --canary <FILE> [CONFIG"), "{}", usage.told);
}
