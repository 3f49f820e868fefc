//! Where davy writes: at the place that is meant, over nothing that is somebody's, and as the umask says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use crate::borders::{CONFIG, Shop, code, said};

fn shell(shop: &Shop, script: &str) -> Output {
    let davy = assert_cmd::cargo::cargo_bin("davy");
    let mut shell = Command::new("sh");
    shell.current_dir(shop.path("")).env("davy", davy).env("NO_COLOR", "1").stdin(Stdio::null());
    shell.args(["-c", script]).output().unwrap()
}

/// Whether a text is one verdict and nothing else.
fn is_verdict(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|verdict| verdict["outcome"] == "pass")
}

#[test]
fn a_report_on_standard_output_is_where_standard_output_goes() {
    let shop = Shop::new();
    let twice = "$davy judge -q --report json=/dev/stdout";
    let output = shell(&shop, &format!("{{ echo before; {twice}; echo after; }} > out.txt"));
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = shop.read("out.txt");
    assert!(text.starts_with("before\nPASS") && text.ends_with("}\nafter\n"), "{text}");
    assert!(is_verdict(&text[text.find('{').unwrap()..text.rfind('}').unwrap() + 1]), "{text}");
    assert!(
        !fs::metadata("/dev/stdout").unwrap().is_file() || fs::symlink_metadata("/dev/stdout").unwrap().is_symlink()
    );

    // appended to what is there, through a pipe, by another descriptor, by a link
    shop.write("out.txt", "kept\n");
    shell(&shop, &format!("{twice} >> out.txt"));
    assert!(shop.read("out.txt").starts_with("kept\nPASS"), "{}", shop.read("out.txt"));
    assert!(shop.read("out.txt").ends_with("}\n"));
    let piped = shell(&shop, &format!("{twice} | cat"));
    assert!(said(&piped).ends_with("}\n") && said(&piped).starts_with("PASS"), "{}", said(&piped));
    let third = shell(&shop, "$davy judge -q --report json=/dev/fd/3 3> third.json > /dev/null");
    assert!(is_verdict(&shop.read("third.json")), "{}", said(&third));
    symlink("/dev/stdout", shop.path("link")).unwrap();
    let linked = shell(&shop, "$davy judge -q --report json=link > linked.txt");
    assert!(shop.path("link").is_symlink() && shop.read("linked.txt").ends_with("}\n"), "{}", said(&linked));
}

#[test]
fn devices_pipes_and_links_stay_what_they_are() {
    let shop = Shop::new();
    fs::create_dir(shop.path("elsewhere")).unwrap();
    shop.write("elsewhere/report.json", "old");
    symlink("elsewhere/report.json", shop.path("report.json")).unwrap();
    symlink("elsewhere/new.json", shop.path("new.json")).unwrap();
    symlink("/dev/null", shop.path("nowhere.json")).unwrap();
    let reports = ["json=report.json", "json=new.json", "json=nowhere.json", "json=/dev/null"];
    for report in reports {
        let output = shop.run(&["judge", "--report", report]);
        assert_eq!(code(&output), 0, "{report}: {}", said(&output));
    }
    for link in ["report.json", "new.json", "nowhere.json"] {
        assert!(shop.path(link).is_symlink(), "{link} is no link any more");
    }
    assert!(is_verdict(&shop.read("elsewhere/report.json")));
    assert!(is_verdict(&shop.read("elsewhere/new.json")));
    let piped = shell(
        &shop,
        "mkfifo pipe; cat pipe > read & $davy judge -q --report json=pipe >/dev/null; wait; test -p pipe && cat read",
    );
    assert!(is_verdict(&String::from_utf8_lossy(&piped.stdout)), "{}", said(&piped));
}

#[test]
fn standard_output_as_root_is_not_replaced_by_a_file() {
    let shop = Shop::new();
    let inner = "mount -t tmpfs none /dev && ln -s /proc/self/fd /dev/fd && ln -s /proc/self/fd/1 /dev/stdout \
                 && $davy judge -q --report json=/dev/stdout > out.txt; test -L /dev/stdout && tail -n 1 out.txt";
    let output = shell(&shop, &format!("unshare --mount sh -c '{inner}'"));
    if said(&output).contains("unshare") || said(&output).contains("mount:") {
        return; // only root may try it
    }
    assert_eq!(said(&output), "}\n");
}

#[test]
fn a_recording_replaces_a_recording_alone() {
    let gate = |shop: &Shop| {
        shop.write("gate/canary.yaml", &format!("# by hand\n{}", CONFIG.replace("${arm}", "series/${arm}")));
        for arm in ["baseline", "canary"] {
            shop.write(&format!("gate/series/{arm}.csv"), &shop.read(&format!("{arm}.csv")));
        }
    };
    let shop = Shop::new();
    gate(&shop);
    assert_eq!(code(&shop.run(&["judge", "gate", "--report", "json=gate/verdict.json"])), 0);
    for way in
        [&["judge", "gate", "--record", "gate"][..], &["judge", "--record", "gate"], &["fetch", "--record", "gate"]]
    {
        let output = shop.run(way);
        assert!([2, 74].contains(&code(&output)), "{way:?}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{way:?} judged first: {}", said(&output));
    }
    assert!(shop.read("gate/canary.yaml").starts_with("# by hand") && shop.path("gate/series/canary.csv").is_file());
    // words in a comment or a text are no mark
    for (at, mark) in
        ["# \nrecording:\n", "name: |\n  a\nrecording: { version: 9 }\n", "x: \"\nrecording:\"\n"].iter().enumerate()
    {
        let folder = format!("false-{at}");
        shop.write(&format!("{folder}/canary.yaml"), mark);
        fs::create_dir(shop.path(&format!("{folder}/series"))).unwrap();
        assert_eq!(code(&shop.run(&["judge", "--record", &folder])), 74, "{mark}");
        assert_eq!(shop.read(&format!("{folder}/canary.yaml")), *mark);
    }
    // a recording is replaced, unless something else is in it
    for _ in 0..2 {
        assert_eq!(code(&shop.run(&["judge", "--record", "rec"])), 0);
    }
    for other in ["rec/notes.txt", "rec/series/notes.csv", "rec/series/deeper/errors.csv"] {
        shop.write(other, "mine");
        assert_eq!(code(&shop.run(&["judge", "--record", "rec"])), 74, "{other}");
        assert_eq!(shop.read(other), "mine");
        fs::remove_file(shop.path(other)).unwrap();
    }
}

#[test]
fn what_is_read_is_not_written() {
    let shop = Shop::new();
    assert_eq!(code(&shop.run(&["judge", "--record", "rec"])), 0);
    fs::hard_link(shop.path("canary.csv"), shop.path("hard.csv")).unwrap();
    symlink("canary.csv", shop.path("soft.csv")).unwrap();
    fs::create_dir(shop.path("sub")).unwrap();
    let before = shop.read("canary.csv");
    let two = ["--baseline", "baseline.csv", "--canary", "canary.csv"];
    let judge = |way: &[&str]| [&["judge"], way].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut ways: Vec<Vec<String>> = Vec::new();
    for output in ["canary.csv", "./sub/../canary.csv", "hard.csv", "soft.csv"] {
        let report = format!("json={output}");
        ways.push(judge(&["--report", &report]));
        ways.push(judge(&[&two[..], &["--report", &report]].concat()));
        ways.push(["compare", "--report", &report].map(str::to_owned).to_vec());
        ways.push(["sketch", "canary.csv", "--csv", output].map(str::to_owned).to_vec());
        ways.push(["sketch", "canary.csv", "-o", output].map(str::to_owned).to_vec());
    }
    ways.push(judge(&["--report", "json=canary.yaml"]));
    ways.push(judge(&["rec", "--report", "json=rec/series/errors.csv"]));
    ways.push(judge(&["rec", "--record", "rec"]));
    ways.push(["replay", "--check", "rec", "--report", "json=rec/verdict.json"].map(str::to_owned).to_vec());
    shop.write(
        "gate.test.yaml",
        "config: canary.yaml\ncases: [{ name: one, canary: { errors: 1x9 }, expect: fail }]\n",
    );
    ways.push(["test", "gate.test.yaml", "--report", "json=canary.yaml"].map(str::to_owned).to_vec());
    ways.push(["replay", "--check", "rec", "--report", "json=rec/series/errors.csv"].map(str::to_owned).to_vec());
    ways.push(["replay", "rec", "--with", "canary.yaml", "--report", "json=canary.yaml"].map(str::to_owned).to_vec());
    ways.push(["report", "rec/verdict.json", "--report", "html=rec/verdict.json"].map(str::to_owned).to_vec());
    ways.push(["fetch", "rec", "--record", "rec"].map(str::to_owned).to_vec());
    ways.push(judge(&["--record", "rec", "--report", "json=rec/report.json"]));
    let (verdict, series) = (shop.read("rec/verdict.json"), shop.read("rec/series/errors.csv"));
    for way in ways {
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let output = shop.run(&way);
        assert_eq!(code(&output), 2, "{way:?}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{way:?}: {}", said(&output));
        assert_eq!(shop.read("canary.csv"), before, "{way:?}");
        assert_eq!(shop.read("rec/verdict.json"), verdict, "{way:?}");
        assert_eq!(shop.read("rec/series/errors.csv"), series, "{way:?}");
        assert_eq!(shop.read("canary.yaml"), CONFIG, "{way:?}");
    }
    let same = shell(&shop, "$davy report - --report json=rec/verdict.json < rec/verdict.json");
    assert_eq!(code(&same), 2, "{}", said(&same));
    let same = shell(&shop, "$davy judge --report json=answer.txt > answer.txt");
    assert_eq!(code(&same), 2, "{}", said(&same));
}

#[test]
fn the_umask_holds_for_all_that_is_written() {
    let shop = Shop::new();
    let mode = |name: &str| fs::metadata(shop.path(name)).unwrap().permissions().mode() & 0o777;
    for (umask, folder, file) in [("077", 0o700, 0o600), ("027", 0o750, 0o640), ("002", 0o775, 0o664)] {
        let output =
            shell(&shop, &format!("umask {umask}; $davy judge -q --record r{umask} --report json=v{umask}.json"));
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert_eq!([mode(&format!("r{umask}")), mode(&format!("r{umask}/series"))], [folder; 2], "{umask}");
        let files = ["canary.yaml", "verdict.json", "series/errors.csv"].map(|name| format!("r{umask}/{name}"));
        for name in files.iter().chain([&format!("v{umask}.json")]) {
            assert_eq!(mode(name), file, "{umask}: {name}");
        }
    }
    // a file that is there keeps its own
    fs::set_permissions(shop.path("v002.json"), fs::Permissions::from_mode(0o604)).unwrap();
    assert_eq!(code(&shop.run(&["judge", "--report", "json=v002.json"])), 0);
    assert_eq!(mode("v002.json"), 0o604);
}

#[test]
fn drafts_of_killed_runs_are_removed_and_nothing_else() {
    let shop = Shop::new();
    let age = |name: &str, hours: u64| {
        let at = SystemTime::now() - Duration::from_secs(hours * 3600);
        fs::File::open(shop.path(name)).unwrap().set_modified(at).unwrap();
    };
    shop.write(".davy-recording-aB3xYz/series/errors.csv", "time,arm\n");
    shop.write(".davy-draft-aB3xYz", "{");
    let drafts = [".davy-recording-aB3xYz", ".davy-draft-aB3xYz"];
    // somebody's own, the only copy of a recording, a fresh draft, one in use
    shop.write(".davy-draft-notes.txt", "mine");
    shop.write(".davy-config", "mine");
    shop.write(".davy-recording-mine12/series.txt", "mine");
    shop.write(".davy-old-aB3xYz/gone/canary.yaml", "name: x\n");
    shop.write(".davy-draft-freshX", "{");
    shop.write(".davy-draft-inUse1", "{");
    let others =
        [".davy-draft-notes.txt", ".davy-config", ".davy-recording-mine12", ".davy-old-aB3xYz", ".davy-draft-inUse1"];
    drafts.iter().chain(&others).for_each(|name| age(name, 2));
    let held = fs::File::open(shop.path(".davy-draft-inUse1")).unwrap();
    held.lock().unwrap();
    assert_eq!(code(&shop.run(&["judge", "--record", "rec"])), 0);
    assert!(drafts.iter().all(|name| !shop.path(name).exists()), "a draft stays");
    assert!(others.iter().all(|name| shop.path(name).exists()), "something else was removed");
    assert!(shop.path(".davy-draft-freshX").exists());
    age(".davy-draft-freshX", 2);
    assert_eq!(code(&shop.run(&["judge", "--report", "json=v.json"])), 0);
    assert!(!shop.path(".davy-draft-freshX").exists());
}
