//! Results of benchmarks: whoever wrote them, the same samples get the same answer. A single run passes nothing, and a run among
//! several is one number.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::answer;

/// Milliseconds of the samples of one run, and of its number.
fn samples(run: u64, slower: f64) -> Vec<f64> {
    let noise = |at: u64| {
        let mixed = (run * 1_000 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as f64 / (1u64 << 24) as f64 - 0.5
    };
    (0..12).map(|at| 100.0 * slower * (1.0 + 0.02 * noise(at) + 0.02 * noise(999))).collect()
}

fn each<T>(samples: &[f64], written: impl Fn(f64) -> T) -> Vec<T> {
    samples.iter().map(|sample| written(*sample)).collect()
}

/// How a tool writes the samples of one run of the benchmark `fib`.
type Written = (&'static str, fn(&[f64]) -> String);

const TOOLS: [Written; 9] = [
    ("hyperfine.json", |all| {
        let times = each(all, |ms| ms / 1e3);
        json!({ "results": [{ "command": "fib", "mean": 0.1, "times": times, "exit_codes": vec![0; all.len()] }] })
            .to_string()
    }),
    ("pytest.json", |all| {
        let data = each(all, |ms| ms / 1e3);
        let stats = json!({ "min": 0.1, "mean": 0.1, "rounds": all.len(), "data": data });
        json!({ "machine_info": { "node": "n" }, "benchmarks": [{ "name": "fib", "fullname": "fib", "stats": stats }] })
            .to_string()
    }),
    ("google.json", |all| {
        let one = |ms: f64| json!({ "name": "fib", "run_name": "fib", "run_type": "iteration", "real_time": ms * 1e3, "cpu_time": 1.0, "time_unit": "us" });
        let mean = json!({ "name": "fib_mean", "run_name": "fib", "run_type": "aggregate", "aggregate_name": "mean", "real_time": 9e9, "time_unit": "us" });
        let mut benchmarks = each(all, one);
        benchmarks.push(mean);
        json!({ "context": { "library_build_type": "release" }, "benchmarks": benchmarks }).to_string()
    }),
    ("jmh.json", |all| {
        let metric = json!({ "score": 0.01, "scoreUnit": "ops/ms", "rawData": [each(all, |ms| 1.0 / ms)] });
        json!([{ "jmhVersion": "1.37", "benchmark": "fib", "mode": "thrpt", "forks": 1, "primaryMetric": metric }])
            .to_string()
    }),
    ("dotnet.json", |all| {
        let one = |ms: f64| json!({ "IterationMode": "Workload", "IterationStage": "Result", "LaunchIndex": 1, "Operations": 8, "Nanoseconds": ms * 8e6 });
        let mut measured = vec![
            json!({ "IterationMode": "Workload", "IterationStage": "Warmup", "LaunchIndex": 1, "Operations": 1, "Nanoseconds": 9e9 }),
        ];
        measured.extend(each(all, one));
        json!({
            "Title": "T", "HostEnvironmentInfo": { "BenchmarkDotNetCaption": "BenchmarkDotNet" },
            "Benchmarks": [{ "FullName": "fib", "Statistics": { "Mean": 1.0 }, "Measurements": measured }]
        })
        .to_string()
    }),
    ("julia.json", |all| {
        let trial =
            json!(["Trial", { "times": each(all, |ms| ms * 1e6), "gctimes": [], "params": ["Parameters", {}] }]);
        let group = json!(["BenchmarkGroup", { "data": { "fib": trial }, "tags": [] }]);
        json!([{ "Julia": "1.10.0", "BenchmarkTools": "1.0.0" }, [group]]).to_string()
    }),
    ("go.txt", |all| {
        let line = |ms: f64| format!("fib-2 \t 10\t {} ns/op\t 12.5 MB/s\n", ms * 1e6);
        let lines: String = each(all, line).iter().map(|line| format!("Benchmark{line}")).collect();
        format!("goos: linux\npkg: example.com/x\nthe test says something\n{lines}PASS\nok  \texample.com/x\t1.2s\n")
    }),
    ("go.json", |all| {
        let event = |text: String| json!({ "Action": "output", "Package": "p", "Output": text }).to_string() + "\n";
        let lines = each(all, |ms| event("Benchmarkfib-2 \t".into()) + &event(format!(" 10\t {} ns/op\n", ms * 1e6)));
        event("goos: linux\n".into()) + &lines.concat() + &event("PASS\n".into())
    }),
    ("libtest.txt", |all| {
        let thousands = |ns: u64| format!("{},{:03},{:03}", ns / 1_000_000, ns / 1_000 % 1_000, ns % 1_000);
        let line = |ms: f64| format!("test fib ... bench: {} ns/iter (+/- 1,200)\n", thousands((ms * 1e6) as u64));
        format!("running 1 test\n{}\n", each(all, line).concat())
    }),
];

/// What `davy judge` finds: its exit code, its answer as JSON, and what it says.
fn judged(baseline: &Path, canary: &Path) -> (i32, Value, String) {
    let (baseline, canary) = (baseline.display().to_string(), canary.display().to_string());
    let (code, found, said) = answer(Path::new("."), &["judge", &baseline, &canary, "--format", "json"]);
    let said = format!("{said}{found}");
    (code, serde_json::from_str(&found).unwrap_or_default(), said)
}

#[test]
fn every_tool_is_read_to_the_same_answer() {
    let folder = TempDir::new().unwrap();
    for (name, write) in TOOLS {
        let at = |arm: &str, run: u64| folder.path().join(name).join(arm).join(format!("{run}-{name}"));
        for (arm, slower) in [("old", 1.0), ("same", 1.001), ("slow", 1.3)] {
            for run in 0..6 {
                let path = at(arm, run);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, write(&samples(run + (slower * 7.0) as u64 * 10, slower))).unwrap();
            }
        }
        let arm = |arm: &str| folder.path().join(name).join(arm);
        // a single run: what is slower fails, and what is not does not pass
        let (code, found, said) = judged(&at("old", 0), &at("slow", 1));
        assert_eq!((code, found["outcome"].as_str()), (10, Some("fail")), "{name}: {said}");
        let (code, found, said) = judged(&at("old", 0), &at("same", 1));
        assert_eq!((code, found["findings"][0]["reason"].as_str()), (11, Some("incomplete_data")), "{name}: {said}");
        assert!(said.contains("Give 5 runs and more of each arm"), "{name}: {said}");
        // several runs: a run is one number
        let (code, found, said) = judged(&arm("old"), &arm("same"));
        assert_eq!(code, 0, "{name}: {said}");
        let evidence = &found["findings"][0]["evidence"];
        assert_eq!(evidence["n"], json!({ "baseline": 6, "canary": 6 }), "{name}: {said}");
        let level = evidence["estimate"]["baseline"].as_f64().unwrap();
        assert!((97.0..103.0).contains(&level) && evidence["unit"] == "ms", "{name}: {level} {said}");
        assert_eq!(judged(&arm("old"), &arm("slow")).0, 10, "{name}");
        // by a pattern
        assert_eq!(judged(&arm("old").join("[0-9]-*"), &arm("same")).0, 0, "{name}");
    }
}

/// What Catch2 prints of one run, with a name that takes two lines.
fn catch2(run: u64, slower: f64, end: &str) -> String {
    let mean = samples(run, slower)[0];
    format!(
        "Randomness seeded to: 1\n\nbenchmark name                       samples       iterations    est run time\n\
         {0:49}mean          low mean      high mean\n{0:49}std dev       low std dev   high std dev\n{1}\n\
         Fibonacci of a rather long\nname 20{0:40}100             2     8.3712 ms \n\
         {0:40}{mean:.3} ms     {mean:.3} ms     {mean:.3} ms \n{0:40}3.256 us      2.163 us      5.353 us \n{0:49}\n\
         sum{0:40}100            20       7.48 ms \n\
         {0:40}3.789 us      3.734 us      3.888 us \n{0:40} 362 ns        234 ns        539 ns \n{0:49}\n{end}",
        "",
        "-".repeat(79)
    )
}

#[test]
fn catch2_is_read_with_its_long_names_and_its_failures() {
    let folder = TempDir::new().unwrap();
    let end = "===\ntest cases: 2 | 2 passed\n";
    for (arm, slower, end) in [
        ("old", 1.0, end),
        ("same", 1.001, end),
        ("slow", 1.3, end),
        ("failed", 1.0, "===\ntest cases: 2 | 1 passed | 1 failed\n"),
        ("cut", 1.0, ""),
    ] {
        fs::create_dir_all(folder.path().join(arm)).unwrap();
        for run in 0..6 {
            let text = catch2(run + (slower * 7.0) as u64 * 10 + u64::from(arm != "old") * 100, slower, end);
            fs::write(folder.path().join(arm).join(format!("{run}.txt")), text).unwrap();
        }
    }
    for (arm, wanted) in [("same", 0), ("slow", 10), ("failed", 11), ("cut", 11)] {
        let (code, verdict, said) = judged(&folder.path().join("old"), &folder.path().join(arm));
        assert_eq!(code, wanted, "{arm}: {said}");
        let metrics: Vec<&str> =
            verdict["findings"].as_array().unwrap().iter().map(|f| f["metric"].as_str().unwrap()).collect();
        assert_eq!(metrics, ["Fibonacci_of_a_rather_long_name_20", "sum"], "{said}");
    }
}

#[test]
fn forks_are_runs() {
    let folder = TempDir::new().unwrap();
    let jmh = |arm: &str, slower: f64| {
        let forks: Vec<Vec<f64>> = (0..5).map(|fork| samples(fork + 70, slower)).collect();
        let metric = json!({ "score": 100.0, "scoreUnit": "ms/op", "rawData": forks });
        let path = folder.path().join(arm);
        let one = json!({ "jmhVersion": "1.37", "benchmark": "a.b", "params": { "n": "10" }, "primaryMetric": metric });
        fs::write(&path, json!([one]).to_string()).unwrap();
        path
    };
    let (code, found, said) = judged(&jmh("old.json", 1.0), &jmh("new.json", 1.001));
    assert_eq!(code, 0, "{said}");
    assert_eq!(found["findings"][0]["evidence"]["n"], json!({ "baseline": 5, "canary": 5 }), "{said}");
    assert_eq!(found["findings"][0]["metric"], "a.b_n_10", "{said}");
}

#[test]
fn criterion_is_read_from_its_folder() {
    let folder = TempDir::new().unwrap();
    let target = |arm: &str, slower: f64| {
        for run in 0..5 {
            let at = folder.path().join(arm).join(run.to_string()).join("group/parse");
            for (of, times) in [("new", slower), ("base", 9.0)] {
                fs::create_dir_all(at.join(of)).unwrap();
                let times: Vec<f64> = samples(run + 40, times).iter().map(|ms| ms * 3e6).collect();
                let sample = json!({ "sampling_mode": "Linear", "iters": vec![3.0; times.len()], "times": times });
                fs::write(at.join(of).join("sample.json"), sample.to_string()).unwrap();
                fs::write(at.join(of).join("benchmark.json"), json!({ "full_id": "group/parse" }).to_string()).unwrap();
            }
        }
        folder.path().join(arm)
    };
    let (code, found, said) = judged(&target("main", 1.0), &target("branch", 1.001));
    assert_eq!((code, found["findings"][0]["metric"].as_str()), (0, Some("group_parse")), "{said}");
}

#[test]
fn what_failed_passes_nothing() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    for (name, broken, why) in [
        (
            "hyperfine",
            (|run| {
                let times: Vec<f64> = samples(run, 1.0).iter().map(|ms| ms / 1e3).collect();
                let codes: Vec<u8> = (0..12).map(|at| u8::from(at == 3)).collect();
                json!({ "results": [{ "command": "fib", "mean": 0.1, "times": times, "exit_codes": codes }] })
                    .to_string()
            }) as fn(u64) -> String,
            "`fib` failed 1 of 12 times",
        ),
        ("go", |run| TOOLS[6].1(&samples(run, 1.0)) + "--- FAIL: TestX (0.00s)\n", "a test of it failed"),
        (
            "ycsb",
            |run| {
                format!(
                    "YCSB Client 0.17\n[OVERALL], RunTime(ms), 80.0\n[READ], Operations, 100\n[READ], AverageLatency(us), {}\n\
                     [READ], 95thPercentileLatency(us), 22735\n[READ], Return=OK, 90\n[READ], Return=ERROR, 10\n",
                    700_000 + run
                )
            },
            "10 operations READ returned ERROR",
        ),
        (
            "pgbench",
            |run| {
                format!(
                    "transaction type: <builtin: TPC-B (sort of)>\nnumber of transactions actually processed: 7/10\n\
                     number of failed transactions: 3 (30.000%)\nlatency average = 11.{run} ms\n"
                )
            },
            "3 transactions failed",
        ),
        (
            "sysbench",
            |run| {
                format!(
                    "sysbench 1.0.20\n\n    ignored errors:  4  (0.03 per sec.)\n\nLatency (ms):\n         avg:   16.{run}\n         95th percentile:   20.1\n"
                )
            },
            "it counts 4 ignored errors",
        ),
    ] {
        let arm = |arm: &str, from: u64| {
            (from..from + 6).for_each(|run| {
                fs::create_dir_all(folder.path().join(name).join(arm)).unwrap();
                write(&format!("{name}/{arm}/{run}.txt"), broken(run));
            });
            folder.path().join(name).join(arm)
        };
        let (code, _, said) = judged(&arm("old", 0), &arm("new", 6));
        assert!(code == 11 && said.contains(why), "{name}: {code} {said}");
    }
}

#[test]
fn a_number_of_its_own_is_listed_and_judged_where_it_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let at = |arm: &str, run: u64| folder.path().join(arm).join(format!("{run}.txt"));
    for (arm, hits) in [("old", 0.9), ("new", 0.6)] {
        fs::create_dir_all(folder.path().join(arm)).unwrap();
        for run in 0..6 {
            let took = samples(run + (hits * 100.0) as u64, 1.0)[0] * 1e6;
            let text = format!(
                "goos: linux\npkg: shop\nBenchmarkServe-2 \t 100\t {took:.0} ns/op\t {:.4} hits/op\t 12 MB/s\nPASS\nok shop 1.2s\n",
                hits + 0.001 * run as f64
            );
            fs::write(at(arm, run), text).unwrap();
        }
    }
    let (code, verdict, said) = judged(&folder.path().join("old"), &folder.path().join("new"));
    assert_eq!(code, 0, "{said}");
    let not_judged = verdict["not_judged"].to_string();
    assert!(not_judged.contains("BenchmarkServe-2 hits/op") && not_judged.contains("own number"), "{said}");
    assert!(!said.contains("MB/s"), "{said}");
    let text = "name: t\narms: { baseline: { v: old }, canary: { v: new } }\nsources: { d: { file: { path: \"${v}\" } } }\n\
                metrics: { hits: { gauge: { value: \"BenchmarkServe-2 hits/op\" } } }\n\
                criteria: [ { metric: hits, pass: \">= baseline - 10%\" } ]\n";
    fs::write(folder.path().join("canary.yaml"), text).unwrap();
    let (code, found, said) = answer(folder.path(), &["judge", "canary.yaml"]);
    assert_eq!(code, 10, "{said}{found}");
}

#[test]
fn counters_and_allocations_are_read_beside_the_times() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: String| {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    };
    let google = |run: u64| {
        let one = json!({ "name": "fib", "run_name": "fib", "run_type": "iteration", "iterations": 9, "threads": 1,
            "real_time": samples(run, 1.0)[0], "cpu_time": 1.0, "time_unit": "ms", "items_per_second": 4.0, "misses": 7.0 });
        json!({ "context": { "library_build_type": "release" }, "benchmarks": [one] }).to_string()
    };
    let jmh = |run: u64, bytes: f64| {
        let metric = |unit: &str, data: f64| json!({ "score": data, "scoreUnit": unit, "rawData": [[data]] });
        let second = json!({ "·gc.alloc.rate.norm": metric("B/op", bytes), "·gc.count": metric("counts", 3.0) });
        json!([{ "jmhVersion": "1.37", "benchmark": "fib", "mode": "avgt", "forks": 1,
            "primaryMetric": metric("ms/op", samples(run, 1.0)[0]), "secondaryMetrics": second }])
        .to_string()
    };
    for run in 0..6 {
        write(&format!("old/{run}.json"), google(run));
        write(&format!("new/{run}.json"), google(run + 50));
        write(&format!("lean/{run}.json"), jmh(run, 1000.0 + run as f64));
        write(&format!("fat/{run}.json"), jmh(run + 50, 1500.0 + run as f64));
    }
    let (code, verdict, said) = judged(&folder.path().join("old"), &folder.path().join("new"));
    assert_eq!(code, 0, "{said}");
    assert_eq!(verdict["not_judged"].as_array().unwrap().len(), 1, "{said}");
    assert!(verdict["not_judged"].to_string().contains("fib misses"), "{said}");
    let (code, verdict, said) = judged(&folder.path().join("lean"), &folder.path().join("fat"));
    assert_eq!(code, 10, "{said}");
    let failed = verdict["findings"].as_array().unwrap().iter().filter(|finding| finding["outcome"] == "fail");
    assert_eq!(failed.map(|finding| finding["metric"].as_str().unwrap()).collect::<Vec<_>>(), ["fib_memory"], "{said}");
}

#[test]
fn several_reports_are_several_runs() {
    let folder = TempDir::new().unwrap();
    let arm = |arm: &str, slower: f64, bad: u64| {
        for run in 0..6 {
            let p95 = samples(run, slower)[0] * 3.0;
            let duration = json!({ "avg": 100.0, "med": 90.0, "p(95)": p95 });
            let metrics = json!({
                "http_reqs": { "count": 20_000, "rate": 100.0 },
                "http_req_failed": { "passes": bad + run % 2, "fails": 20_000 - bad - run % 2, "value": 0.01 },
                "http_req_duration": duration,
            });
            fs::create_dir_all(folder.path().join(arm)).unwrap();
            fs::write(folder.path().join(arm).join(format!("{run}.json")), json!({ "metrics": metrics }).to_string())
                .unwrap();
        }
        folder.path().join(arm)
    };
    let old = arm("old", 1.0, 200);
    let (code, found, said) = judged(&old, &arm("same", 1.002, 201));
    assert_eq!((code, found["findings"].as_array().map(Vec::len)), (0, Some(3)), "{said}");
    assert_eq!(judged(&old, &arm("slow", 1.4, 201)).0, 10);
    assert_eq!(judged(&old, &arm("bad", 1.0, 900)).0, 10);
}

#[test]
fn a_folder_that_holds_anything_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), text).unwrap();
    };
    let run = |run: u64| TOOLS[0].1(&samples(run, 1.0));
    for (folder, file, text) in [
        ("good", "1.json", run(1)),
        ("good", "2.json", run(2)),
        ("copy", "1.json", run(3)),
        ("copy", "2.json", run(3)),
        ("mixed", "1.json", run(4)),
        ("mixed", "2.csv", "time,p95_ms\n2026-11-29T10:00:00Z,1\n".into()),
        ("cut", "1.json", run(5)[..90].to_owned()),
        ("none", "1.txt", "goos: linux\nPASS\n".into()),
        ("k6", "1.json", r#"{"metrics": {"http_reqs": {"count": 9}, "http_req_duration": {"med": 4}}}"#.into()),
        ("jmeter", "1.csv", "Label,# Samples,Median,Error %\nHome,100,5,0.00%\n".into()),
    ] {
        write(&format!("{folder}/{file}"), &text);
    }
    for (name, why) in [
        ("copy", "2.json holds the same results as"),
        ("mixed", "is not the result of a run"),
        ("cut", "cut/1.json: is an export of hyperfine, and cannot be read as one"),
        ("none", "is an output of `go test -bench` without any result"),
        ("k6", "k6/1.json: is a summary of k6 without usable \"http_req_failed\""),
        ("jmeter", "jmeter/1.csv: does not end with the row `TOTAL`"),
        ("absent", "does not exist"),
        ("good/*.txt", "matches no file"),
    ] {
        let (code, _, said) = judged(&at("good"), &at(name));
        assert!((code == 65 || code == 69) && said.contains(why), "{name}: {code} {said}");
    }
}

#[test]
fn a_recording_of_a_single_run_passes_nothing_either() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, run: u64| {
        let path = folder.path().join(name);
        fs::write(&path, TOOLS[0].1(&samples(run, 1.0))).unwrap();
        path.display().to_string()
    };
    let recording = folder.path().join("recording").display().to_string();
    let (old, new) = (file("old.json", 1), file("new.json", 2));
    assert_eq!(answer(folder.path(), &["judge", &old, &new, "--record", &recording]).0, 11);
    let (code, said, _) = answer(folder.path(), &["replay", &recording]);
    assert!(code == 11 && said.contains("single run"), "{said}");
}

#[test]
fn too_few_runs_ask_for_runs() {
    let folder = TempDir::new().unwrap();
    for (arm, from) in [("old", 0), ("new", 3)] {
        for run in from..from + 3 {
            fs::create_dir_all(folder.path().join(arm)).unwrap();
            fs::write(folder.path().join(arm).join(format!("{run}.json")), TOOLS[0].1(&samples(run, 1.0))).unwrap();
        }
    }
    let (old, new) = (folder.path().join("old").display().to_string(), folder.path().join("new").display().to_string());
    let (code, said, _) = answer(folder.path(), &["judge", &old, &new]);
    assert!(code == 11 && said.contains("2 more runs of each arm"), "{said}");
    assert!(said.contains("3 steps without dates") && !said.contains("199"), "{said}");
}

#[test]
fn transactions_of_pgbench_are_requests() {
    let folder = TempDir::new().unwrap();
    let log = |name: &str, seed: u64, slower: f64, failing: u64| {
        let lines: String = (0..60_000_u64)
            .map(|at| {
                let noise =
                    (at.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / (1u64 << 24) as f64;
                let took = match failing > 0 && at % failing == 0 {
                    true => "serialization".to_owned(),
                    false => format!("{:.0}", 3_000.0 * slower * (0.7 + 0.6 * noise)),
                };
                format!("{} {at} {took} 0 {} {}\n", at % 4, 1_796_032_800 + at / 100, at % 100 * 10_000)
            })
            .collect();
        fs::write(folder.path().join(name), lines).unwrap();
        folder.path().join(name)
    };
    let old = log("old.1", 0, 1.0, 200);
    let (code, _, said) = judged(&old, &log("same.1", 7, 1.0, 200));
    assert_eq!(code, 0, "{said}");
    let (code, found, said) = judged(&old, &log("slow.1", 7, 1.4, 200));
    assert_eq!((code, found["findings"][1]["outcome"].as_str()), (10, Some("fail")), "{said}");
    let (code, found, said) = judged(&old, &log("bad.1", 7, 1.0, 20));
    assert_eq!((code, found["findings"][0]["outcome"].as_str()), (10, Some("fail")), "{said}");
    // no transaction failed, and none is known to
    assert_eq!(judged(&log("well.1", 7, 1.0, 0), &log("fine.1", 70, 1.0, 0)).0, 0);
}

#[test]
fn what_is_not_whole_or_not_the_same_passes_nothing() {
    let folder = TempDir::new().unwrap();
    let arm = |name: &str, text: &dyn Fn(u64) -> String| {
        for run in 0..6 {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(format!("{run}.txt")), text(run)).unwrap();
        }
        folder.path().join(name)
    };
    let go = |run: u64, end: &str| {
        let took = 100_000.0 + run as f64;
        format!("goos: linux\npkg: x\nBenchmarkA-2 \t 10\t {took} ns/op\nBenchmarkB-2 \t 10\t {took} ns/op\n{end}")
    };
    let whole = "PASS\nok  \tx\t1.2s\n";
    let old = arm("old", &|run| go(run, whole));
    assert_eq!(judged(&old, &arm("same", &|run| go(run + 9, whole))).0, 0);
    let cut = |run: u64| go(run + 9, "");
    let half = |run: u64| go(run + 9, "BenchmarkC-2 \t 10\t 90 ns");
    let logs = |run: u64| go(run + 9, &format!("BenchmarkC-2 \t says something\n  10\t 5 ns/op\n{whole}"));
    let lacks = |run: u64| match run {
        3 => go(run, whole).replace("BenchmarkB", "BenchmarkA"),
        _ => go(run + 9, whole),
    };
    type Broken<'a> = (&'a str, &'a dyn Fn(u64) -> String, &'a str);
    let broken: [Broken; 4] = [
        ("cut", &cut, "ends without `PASS` or `ok`"),
        ("half", &half, "began, and its line has no result"),
        ("logs", &logs, "began, and its line has no result"),
        ("lacks", &lacks, "only 5 of 6 runs have"),
    ];
    for (name, text, why) in broken {
        let (code, _, said) = judged(&old, &arm(name, text));
        assert!(code == 11 && said.contains(why), "{name}: {code} {said}");
    }
    // the same rounded number twice is no copy
    let rounded = |arm: u64| {
        move |run: u64| format!("goos: linux\npkg: x\nBenchmarkA-2 \t {arm}{run}1\t 250.{} ns/op\n{whole}", run / 2)
    };
    assert_eq!(judged(&arm("r1", &rounded(1)), &arm("r2", &rounded(2))).0, 0);

    // parameters that stand in no command, and modes, are benchmarks of their own
    let hyperfine = |run: u64, slow: f64| {
        let noise = 1.0 + run as f64 * 1e-3;
        let one = |threads: &str, seconds: f64| {
            let times = [seconds * noise];
            json!({ "command": "./a", "mean": times[0], "times": times, "parameters": { "threads": threads } })
        };
        json!({ "results": [one("1", 0.005 * slow), one("2", 1.0)] }).to_string()
    };
    let (old, slow) = (arm("h1", &|run| hyperfine(run, 1.0)), arm("h2", &|run| hyperfine(run + 7, 2.0)));
    let (code, found, said) = judged(&old, &slow);
    assert_eq!((code, found["findings"].as_array().map(Vec::len)), (10, Some(2)), "{said}");
    let jmh = |run: u64, slow: f64| {
        let one = |mode: &str, unit: &str, score: f64| {
            let raw = [[score * (1.0 + run as f64 * 1e-3)]];
            let metric = json!({ "score": score, "scoreUnit": unit, "rawData": raw });
            json!({ "jmhVersion": "1.37", "benchmark": "m", "mode": mode, "primaryMetric": metric })
        };
        json!([one("avgt", "ms/op", 5.0 * slow), one("thrpt", "ops/ms", 0.2)]).to_string()
    };
    let (old, slow) = (arm("j1", &|run| jmh(run, 1.0)), arm("j2", &|run| jmh(run + 7, 1.4)));
    let (code, found, said) = judged(&old, &slow);
    assert_eq!((code, found["findings"].as_array().map(Vec::len)), (10, Some(2)), "{said}");
}
