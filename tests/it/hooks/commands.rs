//! Hooks that are programs: what they are given, how they are stopped, what is said of them.

use std::fs;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use davy::report::Document;

use super::{Run, Workshop};

fn on_fail(command: &str) -> Workshop {
    Workshop::failing(&format!("hooks: {{ on_fail: {{ command: [{command}], deadline: 1s }} }}\n"))
}

/// Whether a process is still there, other than as a zombie.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn soon(what: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn it_gets_the_verdict_and_what_scripts_ask_first() {
    let shop = on_fail("./look.sh, '${version}', a b, '$$HOME', '*'");
    shop.script(
        "look.sh",
        "cat > stdin.json; cp \"$DAVY_VERDICT\" file.json; echo \"$DAVY_VERDICT\" > where; pwd > folder
printf '%s\\n' \"$@\" > arguments; env | grep ^DAVY_ | grep -v ^DAVY_VERDICT | LC_ALL=C sort > environment
echo to stdout; echo to stderr >&2; printf 'no end of line'",
    );
    let run = shop.run(&["judge", "--hooks", "--report", "json=report.json", "-v"], &[]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    let json = shop.read("report.json");
    assert_eq!((shop.read("stdin.json"), shop.read("file.json")), (json.clone(), json.clone()));
    assert!(!fs::exists(shop.read("where").trim()).unwrap(), "the file lives as long as the hook");
    assert_eq!(shop.read("folder").trim(), shop.path("").canonicalize().unwrap().to_str().unwrap());
    assert_eq!(shop.read("arguments"), "42\na b\n$HOME\n*\n");
    let summary = Document::read(&json).unwrap().summary;
    let environment = format!(
        "DAVY_MOMENT=on_fail\nDAVY_NAME=checkout\nDAVY_OUTCOME=fail\nDAVY_PHASE=\nDAVY_RECOMMENDATION=roll_back\n\
         DAVY_RECOMMENDATION_TO=baseline\nDAVY_SUMMARY={summary}\n"
    );
    assert_eq!(shop.read("environment"), environment);
    for line in ["look.sh: to stdout", "look.sh: to stderr", "look.sh: no end of line"] {
        assert!(run.stderr.lines().any(|told| told == line), "{}", run.stderr);
    }
    assert!(run.stdout.starts_with("FAIL") && !run.stdout.contains("to std"), "{}", run.stdout);
    assert!(run.stderr.contains("info: hook on_fail, ./look.sh: done in "), "{}", run.stderr);
}

#[test]
fn from_elsewhere_it_runs_in_the_folder_of_the_configuration() {
    let shop = on_fail("./look.sh");
    shop.script("look.sh", "pwd > folder");
    let other = tempfile::tempdir().unwrap();
    let relative = format!("../{}", shop.path("").file_name().unwrap().to_str().unwrap());
    for config in [shop.path("canary.yaml").to_str().unwrap(), &relative] {
        let output = shop.davy(&["judge", "--hooks", config]).current_dir(other.path().join(".")).output().unwrap();
        assert_eq!(output.status.code(), Some(10), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(shop.read("folder").trim(), shop.path("").canonicalize().unwrap().to_str().unwrap());
        fs::remove_file(shop.path("folder")).unwrap();
    }
}

#[test]
fn what_went_wrong_is_told_and_changes_nothing() {
    let warned = |run: Run| {
        let lines: Vec<String> = run.stderr.lines().filter(|l| l.starts_with("warning: ")).map(str::to_owned).collect();
        assert_eq!(lines.len(), 1, "{}", run.stderr);
        lines[0].clone()
    };
    let shop = on_fail("./bad.sh");
    shop.script("bad.sh", "exit 3");
    assert!(warned(shop.fails(&[])).starts_with("warning: hook on_fail, ./bad.sh: ended with exit code 3 ("));
    shop.script("bad.sh", "kill -9 $$");
    assert!(warned(shop.fails(&[])).contains("./bad.sh: ended by signal 9 ("));
    shop.write("bad.sh", "exit 0\n");
    assert!(warned(shop.fails(&[])).contains("is not a program: a script begins with `#!/bin/bash`"));
    shop.write("bad.sh", "#!/no/such/interpreter\n");
    assert!(warned(shop.fails(&[])).contains("what its first line names (`#!…`) is not there"));
    fs::set_permissions(shop.path("bad.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(warned(shop.fails(&[])).contains("may not be run: `chmod +x` makes it a program"));
    fs::remove_file(shop.path("bad.sh")).unwrap();
    let missing = warned(shop.fails(&[]));
    assert!(missing.contains("there is no /") && missing.contains("/bad.sh ("), "{missing}");
    let name = warned(on_fail("no-such-program-anywhere").fails(&[]));
    assert!(name.contains("there is no program `no-such-program-anywhere` on the PATH"), "{name}");
}

#[test]
fn the_others_run_after_one_that_fails() {
    let shop = Workshop::failing(
        "hooks: { on_fail: [{ command: [./none] }, { command: [\"false\"] }, { command: [./last.sh] }] }\n",
    );
    shop.script("last.sh", "touch last");
    let run = shop.fails(&[]);
    assert_eq!(run.stderr.lines().filter(|line| line.starts_with("warning: ")).count(), 2, "{}", run.stderr);
    assert!(shop.path("last").exists());
}

#[test]
fn the_deadline_ends_the_whole_group() {
    let shop = on_fail("./hang.sh");
    shop.script("hang.sh", "sleep 300 & echo $! > child; echo $$ > leader; echo begun; wait");
    let run = shop.run(&["judge", "--hooks"], &[]);
    assert_eq!(run.code, 10);
    assert!(run.stderr.contains("hang.sh: begun"), "{}", run.stderr);
    assert!(
        run.stderr.contains("warning: hook on_fail, ./hang.sh: stopped at its deadline of 1.0 s ("),
        "{}",
        run.stderr
    );
    assert!(run.took < Duration::from_secs(5), "{:?}", run.took);
    assert!(soon(|| !lives(&shop.read("child")) && !lives(&shop.read("leader"))));
}

#[test]
fn a_group_that_does_not_listen_is_killed() {
    let shop = on_fail("./deaf.sh");
    shop.script("deaf.sh", "trap '' TERM; (trap '' TERM; echo $BASHPID > child; while :; do sleep 1; done) & echo $$ > leader; while :; do sleep 1; done");
    let run = shop.run(&["judge", "--hooks"], &[]);
    assert_eq!(run.code, 10);
    assert!(run.stderr.contains("stopped at its deadline"), "{}", run.stderr);
    assert!((5..12).contains(&run.took.as_secs()), "{:?}", run.took);
    assert!(soon(|| !lives(&shop.read("child")) && !lives(&shop.read("leader"))));
}

#[test]
fn nobody_has_to_read_and_everybody_may_write() {
    // a verdict larger than a pipe, output larger than a pipe, at the same time
    let shop = Workshop::failing(
        "hooks: { on_fail: [{ command: [\"true\"] }, { command: [./closed.sh] }, { command: [./loud.sh] }] }\n",
    );
    let rows =
        |bad: u64| (0..20_000u64).map(move |s| format!("{},1000,{bad}\n", 1_772_366_400 + s * 60)).collect::<String>();
    shop.write("baseline.csv", &format!("ts,requests,errors\n{}", rows(10)));
    shop.write("canary.csv", &format!("ts,requests,errors\n{}", rows(60)));
    shop.script("closed.sh", "exec <&-; sleep 0.2");
    shop.script("loud.sh", "head -c 300000 /dev/zero | tr '\\0' x; echo; seq 1 20000; wc -c > size");
    let run = shop.run(&["judge", "--hooks", "--report", "json=report.json"], &[]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(!run.stderr.contains("warning:"), "{}", &run.stderr[..2_000.min(run.stderr.len())]);
    let json = shop.read("report.json");
    assert!(json.len() > 200_000, "{}", json.len());
    assert_eq!(shop.read("size").trim(), json.len().to_string());
    assert_eq!(run.stderr.matches('x').count(), 300_000);
    assert_eq!(run.stderr.lines().last(), Some("loud.sh: 20000"));
    assert!(!run.stdout.contains("xx"));
}

#[test]
fn what_it_leaves_behind_is_neither_waited_for_nor_killed() {
    let shop = on_fail("./daemon.sh");
    shop.script("daemon.sh", "sleep 60 & echo $! > child; echo started");
    let run = shop.run(&["judge", "--hooks"], &[]);
    assert_eq!(run.code, 10);
    assert!(run.stderr.contains("daemon.sh: started") && !run.stderr.contains("warning:"), "{}", run.stderr);
    assert!(run.took < Duration::from_secs(5), "{:?}", run.took);
    let child = shop.read("child");
    assert!(lives(&child));
    std::process::Command::new("kill").arg(child.trim()).status().unwrap();
}

#[test]
fn quiet_leaves_what_it_complains_of() {
    let shop = on_fail("./talk.sh");
    shop.script("talk.sh", "echo chatter; echo complaint >&2");
    assert_eq!(shop.run(&["judge", "--hooks", "-q"], &[]).stderr, "talk.sh: complaint\n");
    let json = shop.run(&["judge", "--hooks", "--log-format", "json"], &[]).stderr;
    assert!(json.contains(r#"{"level":"talk.sh","message":"complaint"}"#), "{json}");
}

#[test]
fn an_interrupt_stops_it_and_leaves_out_the_rest() {
    for signal in ["INT", "TERM"] {
        let shop = Workshop::failing("hooks: { on_fail: [{ command: [./hang.sh] }, { command: [./next.sh] }] }\n");
        shop.script(
            "hang.sh",
            "trap 'echo told to stop; exit 1' INT TERM; sleep 300 & echo $! > child; touch begun; wait",
        );
        shop.script("next.sh", "touch next");
        let mut davy = shop.davy(&["judge", "--hooks"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        assert!(soon(|| shop.path("begun").exists()));
        let kill = std::process::Command::new("kill").args([format!("-{signal}"), davy.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let mut stderr = String::new();
        davy.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(davy.wait().unwrap().code(), Some(10), "{stderr}");
        assert!(stderr.contains("hang.sh: told to stop"), "{stderr}");
        assert!(stderr.contains("./hang.sh: stopped, because davy was interrupted ("), "{stderr}");
        assert!(stderr.contains("warning: interrupted: 1 more hook is not run"), "{stderr}");
        assert!(!shop.path("next").exists());
        assert!(soon(|| !lives(&shop.read("child"))));
    }
}
