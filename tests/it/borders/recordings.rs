//! A recording reads the plain files of its folder.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use super::{Shop, code, said};

const SECRET: &str = "hunter2";

/// A recording that is somebody else's, with its parts to be replaced.
fn recorded() -> Shop {
    let shop = Shop::new();
    assert_eq!(code(&shop.run(&["judge", "--record", "rec"])), 0);
    shop.write("secret.csv", &format!("{SECRET},{SECRET}\n{SECRET},1\n"));
    shop
}

/// Everything that reads a recording refuses it, and quotes nothing of what it names.
fn refuses(shop: &Shop, why: &str) {
    let ways: [&[&str]; 9] = [
        &["replay", "rec"],
        &["replay", "--check", "rec"],
        &["replay", "--accept", "rec"],
        &["judge", "rec"],
        &["judge", "rec/canary.yaml"],
        &["check", "rec"],
        &["compare", "rec"],
        &["fetch", "rec"],
        &["plan", "rec"],
    ];
    for way in ways {
        let output = shop.davy().env("DAVY_TEST_SECRET", SECRET).args(way).output().unwrap();
        assert_eq!(code(&output), 65, "{why}, {way:?}: {}", said(&output));
        assert!(!said(&output).contains(SECRET), "{why}, {way:?}: {}", said(&output));
    }
}

#[test]
fn a_recording_is_judged_as_it_was() {
    let shop = recorded();
    for way in [&["replay", "--check", "rec"][..], &["judge", "rec"], &["check", "rec"], &["compare", "rec"]] {
        let output = shop.run(way);
        assert_eq!(code(&output), 0, "{way:?}: {}", said(&output));
    }
    // also from inside, where the folder has no name
    let inside = shop.davy().current_dir(shop.path("rec")).args(["replay", "--check", "."]).output().unwrap();
    assert_eq!(code(&inside), 0, "{}", said(&inside));
    let inside = shop.davy().current_dir(shop.path("rec")).args(["judge", "canary.yaml"]).output().unwrap();
    assert_eq!(code(&inside), 0, "{}", said(&inside));
}

#[test]
fn a_recording_reads_nothing_outside_of_its_folder() {
    let absolute = recorded().path("secret.csv").display().to_string();
    let elsewhere = ["../secret.csv", "series/../../secret.csv", "/proc/self/environ", "/dev/zero", &absolute];
    for path in elsewhere {
        let shop = recorded();
        let config = shop.read("rec/canary.yaml").replace("series/${metric}.csv", path);
        shop.write("rec/canary.yaml", &config);
        refuses(&shop, path);
    }
    // a name that is put together from parts
    let shop = recorded();
    let config = shop.read("rec/canary.yaml").replace("series/${metric}.csv", "${none:-..}/secret.csv");
    shop.write("rec/canary.yaml", &config);
    refuses(&shop, "a default");
}

#[test]
fn no_link_leads_out_of_a_recording() {
    let series = recorded();
    fs::remove_file(series.path("rec/series/errors.csv")).unwrap();
    symlink(series.path("secret.csv"), series.path("rec/series/errors.csv")).unwrap();
    refuses(&series, "a linked file");

    let folder = recorded();
    fs::rename(folder.path("rec/series"), folder.path("elsewhere")).unwrap();
    symlink(folder.path("elsewhere"), folder.path("rec/series")).unwrap();
    refuses(&folder, "a linked folder");

    let pipe = recorded();
    fs::remove_file(pipe.path("rec/series/errors.csv")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(pipe.path("rec/series/errors.csv")).status().unwrap();
    assert!(made.success());
    refuses(&pipe, "a pipe");
}

#[test]
fn what_is_replayed_stays_in_its_folder_without_the_mark_too() {
    let shop = recorded();
    let config = shop.read("rec/canary.yaml").replace("series/${metric}.csv", "../secret.csv");
    let unmarked: String =
        config.lines().filter(|line| !line.starts_with("recording:")).fold(String::new(), |a, b| a + b + "\n");
    shop.write("rec/canary.yaml", &unmarked);
    let output = shop.run(&["replay", "rec"]);
    assert_eq!(code(&output), 65, "{}", said(&output));
    assert!(!said(&output).contains(SECRET), "{}", said(&output));
    // a configuration of one's own names what it likes
    let output = shop.run(&["judge", "rec"]);
    assert!(said(&output).contains("secret.csv"), "{}", said(&output));
}

#[test]
fn the_configuration_and_the_verdict_of_a_recording_are_plain_files() {
    for name in ["canary.yaml", "verdict.json"] {
        let shop = recorded();
        let target = shop.path("mine.txt");
        fs::write(&target, format!("{SECRET}: {SECRET}\n")).unwrap();
        fs::remove_file(shop.path("rec").join(name)).unwrap();
        symlink(&target, shop.path("rec").join(name)).unwrap();
        for way in ["--check", "--accept"] {
            let output = shop.run(&["replay", way, "rec"]);
            assert_eq!(code(&output), 65, "{name} {way}: {}", said(&output));
            assert!(!said(&output).contains(SECRET), "{}", said(&output));
            assert_eq!(fs::read_to_string(&target).unwrap(), format!("{SECRET}: {SECRET}\n"), "{name} {way}");
        }
    }
}

#[test]
fn a_recording_asks_no_service_and_runs_no_hook() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let shop = recorded();
    let config = shop.read("rec/canary.yaml");
    let source = format!("{{ cloudwatch: {{ region: us-east-1, endpoint_url: \"http://{address}\", deadline: 2s }} }}");
    let asking = config
        .replace("{ file: { path: \"series/${metric}.csv\" } }", &source)
        .replace("bad: bad", "bad: AWS/Lambda Errors")
        .replace("total: total", "total: AWS/Lambda Invocations");
    assert!(asking.contains("cloudwatch") && asking.contains("Invocations"), "{asking}");
    shop.write("rec/canary.yaml", &asking);
    refuses(&shop, "a service");
    let called = listener.accept().map(|(mut stream, _)| stream.read(&mut [0; 64]));
    assert!(called.is_err(), "somebody was asked");

    for hooks in [
        "hooks: { on_pass: { command: [touch, ran] } }",
        "phases: [ { name: a, hooks: { on_pass: { command: [touch, ran] } } } ]",
    ] {
        shop.write("rec/canary.yaml", &format!("{config}{hooks}\n"));
        refuses(&shop, "a hook");
        let output = shop.run(&["judge", "rec", "--hooks"]);
        assert_eq!(code(&output), 65, "{}", said(&output));
        assert!(!shop.path("ran").exists() && !shop.path("rec/ran").exists());
    }
}

#[test]
fn a_history_that_is_a_recording_is_held_to_the_same() {
    let shop = recorded();
    fs::remove_file(shop.path("rec/series/errors.csv")).unwrap();
    symlink(shop.path("secret.csv"), shop.path("rec/series/errors.csv")).unwrap();
    let output = shop.run(&["calibrate", "canary.yaml", "--history", "rec"]);
    assert!(!said(&output).contains(SECRET), "{}", said(&output));
    assert_ne!(code(&output), 0);
}
