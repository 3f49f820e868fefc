//! The cases under `fixtures/cases`: that the simulated ones are what their generator writes.

use std::path::Path;
use std::process::Command;

#[test]
fn generated_cases_are_what_the_generator_writes() {
    let generator = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/generate/generate.py");
    let output = match Command::new("python3").arg("-B").arg(&generator).arg("--check").output() {
        Ok(output) => output,
        Err(problem) if std::env::var("CI").as_deref() != Ok("true") => {
            println!("skipped: python3 does not start ({problem})");
            return;
        }
        Err(problem) => panic!("python3 does not start: {problem}"),
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} --check says:\n{told}", generator.display());
}
