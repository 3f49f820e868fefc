//! Whose account is asked: profiles, roles, and that nothing of them is kept or shown.

use std::path::Path;

use serde_json::{Value, json};

use super::davy;
use super::scripted::Scripted;

/// What STS answers, in the words of its documentation.
const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROA:davy</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/read-metrics/davy</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>assumed-secret</SecretAccessKey><SessionToken>assumed-token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"#;
const REFUSED: &str = r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>User: arn:aws:iam::111122223333:user/ci is not authorized to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>"#;

fn points() -> Value {
    let result = |id: &str| json!({ "Id": id, "Label": id, "Timestamps": [], "Values": [], "StatusCode": "Complete" });
    json!([{ "body": { "MetricDataResults": [result("q0"), result("q1")] } }])
}

fn config(folder: &Path, url: &str, access: &str) {
    let text = format!(
        "name: accounts\nwindow: {{ from: 2026-05-19T09:00:00Z, to: 2026-05-19T10:00:00Z, step: 5m }}\n\
         sources: {{ aws: {{ cloudwatch: {{ region: us-east-1, endpoint_url: \"{url}\", deadline: 5s, {access} }} }} }}\n\
         use: [ {{ aws/lambda: {{ function: f }} }} ]\ncriteria: [ {{ metric: errors, pass: \"<= 1%\" }} ]\n"
    );
    std::fs::write(folder.join("canary.yaml"), text).unwrap();
}

fn fetch(folder: &Path) -> std::process::Output {
    let arguments = ["fetch", "canary.yaml", "-v", "--record", "kept", "--now", "2026-05-19T10:02:00Z"];
    davy(folder).args(arguments).output().unwrap()
}

/// Everything that a run left behind or said.
fn traces(folder: &Path, output: &std::process::Output) -> String {
    let mut all = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    for file in ["kept/canary.yaml", "kept/series/errors.csv"] {
        all.push_str(&std::fs::read_to_string(folder.join(file)).unwrap());
    }
    all
}

#[test]
fn a_role_is_assumed_first_and_nothing_secret_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(&json!({ "": [{ "raw": ASSUMED }], "GetMetricData": points() }));
    config(
        folder.path(),
        &server.url,
        "assume_role: { arn: \"arn:aws:iam::123456789012:role/read-metrics\", external_id: outside }",
    );
    let output = fetch(folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = server.asked();
    let form = asked[0].body.as_str().unwrap();
    for part in ["Action=AssumeRole", "role%2Fread-metrics", "ExternalId=outside", "RoleSessionName=davy"] {
        assert!(form.contains(part), "{form}");
    }
    assert_eq!(asked[0].key.as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
    let keys: Vec<Option<&str>> = asked[1..].iter().map(|asked| asked.key.as_deref()).collect();
    assert_eq!(keys, [Some("ASIAASSUMED")]);
    let traces = traces(folder.path(), &output);
    for secret in ["wJalrXUtnFEMI", "assumed-secret", "assumed-token", "ASIAASSUMED", "AKIAIOSFODNN7EXAMPLE", "outside"]
    {
        assert!(!traces.contains(secret), "{secret} in {traces}");
    }
    let kept = std::fs::read_to_string(folder.path().join("kept/canary.yaml")).unwrap();
    assert!(!kept.contains("arn:") && !kept.contains("127.0.0.1"), "{kept}");
}

#[test]
fn a_role_that_may_not_be_assumed_is_told_with_the_missing_permission() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(&json!({ "": [{ "status": 403, "raw": REFUSED }], "GetMetricData": points() }));
    config(folder.path(), &server.url, "assume_role: { arn: \"arn:aws:iam::123456789012:role/read-metrics\" }");
    let output = fetch(folder.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{told}");
    assert!(told.contains("sts:AssumeRole") && told.contains("role/read-metrics"), "{told}");
    assert_eq!(server.calls("GetMetricData"), 0);
}

#[test]
fn a_profile_that_is_named_goes_before_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    let credentials = "[production]\naws_access_key_id = AKIAPRODUCTION\naws_secret_access_key = production-secret\n";
    std::fs::write(folder.path().join(".aws/credentials"), credentials).unwrap();
    let server = Scripted::answering(&json!({ "GetMetricData": points() }));
    config(folder.path(), &server.url, "profile: production");
    let output = fetch(folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(server.asked()[0].key.as_deref(), Some("AKIAPRODUCTION"));
    assert!(!traces(folder.path(), &output).contains("production-secret"));

    config(folder.path(), &server.url, "profile: produktion");
    let output = fetch(folder.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{told}");
    assert!(told.contains("produktion"), "{told}");
    assert_eq!(server.calls("GetMetricData"), 1, "nobody else's credentials are used");
}
