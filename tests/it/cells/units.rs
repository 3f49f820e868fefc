//! Half a second must never be taken for 50 milliseconds, whichever way a source says what its numbers are in.

use super::*;

fn wave(minute: u64) -> f64 {
    1.0 + 0.03 * (minute as f64 * 1.7).sin()
}

fn column(name: &str, level: f64) -> String {
    rows(&format!("ts,{name}"), |minute| format!(",{}", level * wave(minute)))
}

/// The verdict on columns of two names by a configuration without a unit, and what stands beside the name of the source.
fn named(source: &str, (baseline, canary): (&str, &str), files: (&str, &str)) -> Run {
    let folder = folder(&[("b.csv", files.0), ("c.csv", files.1)]);
    let text = config(&format!("path: \"${{v}}.csv\"{source}"), "gauge: { value: \"${name}\" }", "<= baseline + 10%")
        .replace("{ v: b }", &format!("{{ v: b, name: {baseline:?} }}"))
        .replace("{ v: c }", &format!("{{ v: c, name: {canary:?} }}"));
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    run(folder.path(), &["judge", "canary.yaml", "--format", "json"])
}

#[test]
fn every_spelling_of_a_unit_in_a_column_is_compared() {
    for (baseline, canary) in [
        ("p95 (ms)", "p95 (seconds)"),
        ("p95 (ms)", "p95 (sec)"),
        ("p95 [ms]", "p95 [s]"),
        ("p95(ms)", "p95( s )"),
        ("p95 (MS)", "p95 (S)"),
        ("p95Ms", "p95Seconds"),
        ("latency_ms_p95", "latency_seconds_p95"),
        ("latency-ms", "latency-seconds"),
        ("latency.ms", "latency.s"),
        ("p95 ms", "p95 s"),
        ("p95_ms", "p95_secs"),
        ("latency_nanoseconds", "latency_us"),
        ("heap_mb", "heap_bytes"),
        ("heap (MB)", "heap (MiB)"),
        ("heap_kB", "heapMiB"),
        ("cpu (%)", "cpu_ms"),
    ] {
        let run = named("", (baseline, canary), (&column(baseline, 50.0), &column(canary, 0.5)));
        assert_eq!(run.code, 65, "{baseline} {canary}: {}", run.said);
        assert!(run.said.contains("here and in "), "{}", run.said);
    }
}

#[test]
fn a_unit_of_one_arm_alone_is_nobodys_guess() {
    let (known, silent) = (column("p95_ms", 50.0), column("p95", 5.0));
    let run = named("", ("p95_ms", "p95"), (&known, &silent));
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("\"p95\", which has no stated unit here and is in ms in b.csv"), "{}", run.said);
    assert!(run.said.contains("Write `unit: ms` if both arms are in ms"), "{}", run.said);
    let run = two_files(&known, &silent);
    assert_eq!(run.code, 11, "{}", run.verdict["summary"]);
    assert!(run.verdict.to_string().contains("--unit p95=ms"), "{}", run.verdict["summary"]);
    let folder = folder(&[("b.csv", &known), ("c.csv", &silent)]);
    let files = ["judge", "--baseline", "b.csv", "--canary", "c.csv", "--format", "json", "--unit", "p95=ms"];
    assert_eq!(super::run(folder.path(), &files).code, 0);
}

#[test]
fn memory_in_any_unit_is_judged() {
    for name in [
        "memory (B)",
        "memory (kB)",
        "memory (KiB)",
        "memory (MiB)",
        "memory (GiB)",
        "memory (TB)",
        "memory (TiB)",
        "memory_MiB",
        "memory_kB",
        "mem_b",
        "memoryMiB",
        "memory_bytes",
    ] {
        let run = two_files(&column(name, 50.0), &column(name, 500.0));
        assert_eq!(run.code, 10, "{name}: {} {}", run.said, run.verdict["summary"]);
        let run = two_files(&column(name, 50.0), &column(name, 50.0));
        assert_eq!(run.code, 0, "{name}: {} {}", run.said, run.verdict["summary"]);
    }
    // variants are no sizes
    let arms = "ts,p95 (A),p95 (B)";
    let text = rows(arms, |minute| format!(",{},{}", 50.0 * wave(minute), 51.0 * wave(minute)));
    assert!(!two_files(&text, &text).said.contains("which is in"));
}

#[test]
fn a_long_file_says_its_units_too() {
    let long = |header: &str, name: &str, level: f64, unit: &str| {
        rows(header, |minute| format!(",{name},{}{unit}", level * wave(minute)))
    };
    let by_name = [long("ts,name,value", "p95_ms", 50.0, ""), long("ts,name,value", "p95_seconds", 0.5, "")];
    let source = ", long: { name: name, value: value }";
    let run = named(source, ("p95_ms", "p95_seconds"), (&by_name[0], &by_name[1]));
    assert_eq!(run.code, 65, "{}", run.said);
    let by_column = [long("ts,name,value,unit", "p95", 50.0, ",ms"), long("ts,name,value,unit", "p95", 0.5, ",s")];
    let run = named(source, ("p95", "p95"), (&by_column[0], &by_column[1]));
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("which is in s here and in ms in b.csv"), "{}", run.said);
    let run = named(source, ("p95", "p95"), (&by_column[0], &by_column[0]));
    assert_eq!(run.code, 0, "{}", run.said);
    let mixed = by_column[0].replacen(",ms\n", ",s\n", 1);
    let run = named(source, ("p95", "p95"), (&by_column[0], &mixed));
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("is in another unit than "), "{}", run.said);
    let of_value = [long("ts,name,value_ms", "p95", 50.0, ""), long("ts,name,value (s)", "p95", 0.5, "")];
    let source = ", long: { name: name, value: \"${name}\" }";
    let folder = folder(&[("b.csv", &of_value[0]), ("c.csv", &of_value[1])]);
    let text = config(&format!("path: \"${{v}}.csv\"{source}"), "gauge: { value: p95 }", "<= baseline + 10%")
        .replace("{ v: b }", "{ v: b, name: value_ms }")
        .replace("{ v: c }", "{ v: c, name: \"value (s)\" }");
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let run = super::run(folder.path(), &["judge", "canary.yaml", "--format", "json"]);
    assert_eq!(run.code, 65, "{}", run.said);
}

#[test]
fn a_unit_of_opentelemetry_is_never_taken_for_another() {
    let lines = |level: f64, unit: &str| -> String {
        let line = |minute: u64| {
            let time = (1_772_445_600 + minute * 60) * 1_000_000_000;
            let points = format!(r#"[{{"timeUnixNano":"{time}","asDouble":{}}}]"#, level * wave(minute));
            let metric = format!(r#"{{"name":"took","unit":"{unit}","gauge":{{"dataPoints":{points}}}}}"#);
            format!("{{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{metric}]}}]}}]}}\n")
        };
        (0..40).map(line).collect()
    };
    for (one, other, wanted) in [("ms", "s", 65), ("By", "MiBy", 65), ("ms", "ms", 0), ("1", "1", 0), ("ms", "1", 65)] {
        let canary = lines(50.0, other);
        let run = judged_as("ndjson", "gauge: { value: took }", "<= baseline + 10%", &lines(50.0, one), &canary);
        assert_eq!(run.code, wanted, "{one} {other}: {}", run.said);
    }
    let mixed = lines(50.0, "ms") + &lines(0.5, "s").replace("1772445", "1772455");
    let run = judged_as("ndjson", "gauge: { value: took }", "<= baseline + 10%", &mixed, &mixed);
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("is measured in \"ms\" and in \"s\""), "{}", run.said);
}

#[test]
fn every_unit_of_cloudwatch_is_compared() {
    for (one, other) in [
        ("Terabytes", "Gigabytes"),
        ("Kilobits", "Megabits"),
        ("Bytes/Second", "Megabytes/Second"),
        ("Percent", "Count"),
        ("Milliseconds", "None"),
    ] {
        let (baseline, canary) = (answer_of_cloudwatch(50.0, |_| one), answer_of_cloudwatch(0.5, |_| other));
        let run = judged_answers("", &baseline, &canary);
        assert_eq!(run.code, 65, "{one} {other}: {}", run.said);
    }
    let seconds = answer_of_cloudwatch(0.5, |_| "Seconds");
    assert_eq!(judged_answers("unit: \"%\"", &seconds, &seconds).code, 65);
    let nothing = answer_of_cloudwatch(50.0, |minute| if minute == 7 { "Seconds" } else { "None" });
    let run = judged_answers("", &nothing, &nothing);
    assert!(run.said.contains("--unit Seconds"), "{}", run.said);
    // the unit of both arms may be either, that of one arm is the same in the other
    let (sizes, binary) = (column("heap (GB)", 50.0), column("heap (GiB)", 50.0));
    let folder = folder(&[("b.csv", &sizes), ("c.csv", &binary)]);
    let text = config("path: \"${v}.csv\"", "gauge: { value: \"${name}\", unit: GB }", "<= baseline + 10%")
        .replace("{ v: b }", "{ v: b, name: heap (GB) }")
        .replace("{ v: c }", "{ v: c, name: heap (GiB) }");
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let run = super::run(folder.path(), &["judge", "canary.yaml", "--format", "json"]);
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("Write `unit: {baseline: GB, canary: GiB}`"), "{}", run.said);
}

#[test]
fn an_embedded_metric_has_one_unit() {
    let line = |minute: u64, latency: f64, units: &[&str]| {
        let metrics =
            units.iter().map(|unit| format!(r#"{{"Namespace":"n","Metrics":[{{"Name":"Latency","Unit":"{unit}"}}]}}"#));
        let time = 1_772_445_600_000 + minute * 60_000;
        let aws = format!(r#"{{"Timestamp":{time},"CloudWatchMetrics":[{}]}}"#, metrics.collect::<Vec<_>>().join(","));
        format!("{{\"_aws\":{aws},\"Latency\":{}}}\n", latency * wave(minute))
    };
    let twice: String = (0..40).map(|minute| line(minute, 50.0, &["Milliseconds", "Seconds"])).collect();
    let run = judged_as("ndjson", "gauge: { value: Latency }", "<= baseline + 10%", &twice, &twice);
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("is published in ms and in s"), "{}", run.said);
    let mixed = |minute: u64| match minute % 4 {
        0 => line(minute, 0.9, &["Seconds"]),
        _ => line(minute, 50.0, &["Milliseconds"]),
    };
    let mixed: String = (0..40).map(mixed).collect();
    let whole: String = (0..40).map(|minute| line(minute, 50.0, &["Milliseconds"])).collect();
    let run = judged_as("ndjson", "gauge: { value: Latency (ms), unit: ms }", "<= baseline + 10%", &whole, &mixed);
    assert_eq!(run.code, 65, "{}", run.said);
    assert!(run.said.contains("has the numbers of some rows alone"), "{}", run.said);
}
