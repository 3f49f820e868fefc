//! Ready-made metrics: every pack plans with the least and with all that it can be told, and asks for what AWS publishes.

use davy::config::packs::{PACKS, Pack};
use davy::series::Arm;
use davy::source::aws::Measure;
use davy::source::{Ask, Missing, Query, Source};

use super::config::planned;

/// A configuration that uses a pack and asks for every metric of it.
fn using(pack: &Pack, told: &str) -> String {
    let criteria = pack.metrics().into_iter().map(|(name, _)| {
        // whatever shape it has, one of these is a bound for it
        let bound = match name {
            "errors" | "client_errors" | "throttles" | "balancer_errors" => "<= 1%",
            "cache_hits" => ">= 80%",
            "engine_cpu" | "memory" => "<= 80%",
            "concurrency" | "unhealthy_hosts" | "connections" => "<= 3",
            "requests" | "invocations" | "evictions" | "connection_errors" | "read_capacity" | "write_capacity" => {
                "<= 100/min"
            }
            _ => "<= 500ms",
        };
        format!("  - {{ metric: {name}, pass: \"{bound}\" }}\n")
    });
    format!(
        "name: pack\nwindow: {{ last: 1h, step: 1m }}\nsources: {{ aws: {{ cloudwatch: {{ region: us-east-1 }} }} }}\n\
         arms: {{ baseline: {{ version: 41 }}, canary: {{ version: 42 }} }}\n\
         use:\n  - {}: {{ {told} }}\ncriteria:\n{}",
        pack.name,
        criteria.collect::<String>()
    )
}

fn dimensions(query: &Query) -> Vec<String> {
    let Source::CloudWatch(asked) = &query.source else { panic!("{query:?}") };
    let mut all: Vec<String> = asked
        .columns
        .iter()
        .map(|column| match &column.measure {
            Measure::Statistic(of) => {
                of.dimensions.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ")
            }
            Measure::Expression { .. } => panic!("{column:?}"),
        })
        .collect();
    all.dedup();
    all
}

#[test]
fn every_pack_plans_with_the_least_and_with_all_it_can_be_told() {
    for pack in PACKS.iter().filter(|pack| pack.name.starts_with("aws/")) {
        assert!(pack.metrics().len() >= 7, "{}", pack.name);
        assert!(pack.metrics().iter().all(|(_, about)| !about.is_empty()), "{}", pack.name);
        for required_only in [true, false] {
            let told = pack.parameters.iter().filter(|p| p.required || !required_only);
            let told: Vec<String> = told.map(|p| format!("{}: its-{}", p.name, p.name)).collect();
            let plan = planned(&using(pack, &told.join(", ")));
            assert_eq!(plan.queries.len(), 2 * pack.metrics().len(), "{}", pack.name);
            for query in &plan.queries {
                assert_eq!(dimensions(query).len(), 1, "one set of dimensions for all columns: {query:?}");
                assert!(!dimensions(query)[0].contains("${"), "{query:?}");
            }
        }
    }
}

#[test]
fn every_pack_of_prometheus_selects_by_what_it_is_told() {
    let packs: Vec<&Pack> = PACKS.iter().filter(|pack| pack.name.starts_with("prometheus/")).collect();
    assert_eq!(packs.len(), 10);
    for pack in packs {
        assert!(pack.metrics().iter().all(|(_, about)| !about.is_empty()), "{}", pack.name);
        let matchers = "match: 'job=\"api\",version=\"${version}\"'";
        let criteria = pack.metrics().into_iter().map(|(name, _)| {
            let bound = match name {
                "errors" | "client_errors" => "pass: \"<= 1%\"",
                "requests" | "restarts" => "pass: \"<= 100/min\"",
                "latency" => "statistic: p95, pass: \"<= 500ms\"",
                _ => "pass: \"<= baseline + 10%\"",
            };
            format!("  - {{ metric: {name}, {bound} }}\n")
        });
        let criteria: String = criteria.collect();
        let text = format!(
            "name: pack\nwindow: {{ last: 1h, step: 1m }}\n\
             sources: {{ prom: {{ prometheus: {{ url: \"http://127.0.0.1:9090\" }} }} }}\n\
             arms: {{ baseline: {{ version: 41 }}, canary: {{ version: 42 }} }}\n\
             use:\n  - {}: {{ {matchers} }}\ncriteria:\n{criteria}",
            pack.name
        );
        let plan = planned(&text);
        assert_eq!(plan.queries.len(), 2 * pack.metrics().len(), "{}", pack.name);
        for query in &plan.queries {
            let asked = query.source.question().unwrap();
            let version = if query.arm == Arm::Canary { "42" } else { "41" };
            assert!(asked.contains(&format!("version=\"{version}\"")) && !asked.contains("${"), "{asked}");
        }
    }
}

#[test]
fn a_pack_of_prometheus_can_be_told_its_names() {
    let text = "name: pack\nwindow: { last: 1h, step: 1m }\n\
                sources: { prom: { prometheus: { url: \"http://127.0.0.1:9090\" } } }\n\
                use:\n  - prometheus/http-server: { match: 'job=\"api\"', requests: rpc_total, code: status }\n\
                criteria:\n  - { metric: errors, pass: \"<= 1%\" }\n";
    let asked = planned(text).queries[0].source.question().unwrap();
    assert_eq!(asked, r#"rpc_total{job="api"}; rpc_total{job="api",status=~"5.."}"#);
}

#[test]
fn a_function_is_asked_for_by_the_dimensions_that_lambda_publishes() {
    let pack = PACKS.iter().find(|pack| pack.name == "aws/lambda").unwrap();
    let asked = |told: &str| {
        let plan = planned(&using(pack, told));
        [dimensions(&plan.queries[0])[0].clone(), dimensions(&plan.queries[1])[0].clone()]
    };
    let both = |text: &str| [text.to_owned(), text.to_owned()];
    assert_eq!(asked("function: f"), both("FunctionName=f"));
    assert_eq!(asked("function: f, alias: live"), both("FunctionName=f Resource=f:live"));
    assert_eq!(
        asked("function: f, alias: live, version: \"${version}\""),
        ["41", "42"].map(|v| format!("FunctionName=f Resource=f:live ExecutedVersion={v}"))
    );
    assert_eq!(
        asked("function: f, version: \"${version}\""),
        ["41", "42"].map(|v| format!("FunctionName=f Resource=f:{v}"))
    );
}

#[test]
fn what_aws_does_not_publish_as_zero_is_zero_and_percentiles_bring_their_requests() {
    let pack = |name: &str| PACKS.iter().find(|pack| pack.name == name).unwrap();
    let plan = planned(&using(pack("aws/lambda"), "function: f"));
    let of = |metric: &str| plan.queries.iter().find(|query| query.metric == metric).unwrap();
    assert!(matches!(of("errors").ask, Ask::Counts { missing: Missing::Zero, .. }), "{:?}", of("errors"));
    let Ask::Gauge { requests, .. } = &of("duration_p95").ask else { panic!() };
    assert_eq!(requests.as_deref(), Some("AWS/Lambda Duration SampleCount"));
    let Ask::Gauge { requests, .. } = &of("duration_max").ask else { panic!() };
    assert_eq!(*requests, None);

    let plan = planned(&using(pack("aws/alb"), "load_balancer: app/a/1, target_group: targetgroup/b/2"));
    let of = |metric: &str| plan.queries.iter().find(|query| query.metric == metric).unwrap();
    assert_eq!(dimensions(of("balancer_errors")), ["LoadBalancer=app/a/1"]);
    assert_eq!(dimensions(of("errors")), ["LoadBalancer=app/a/1 TargetGroup=targetgroup/b/2"]);
    assert!(matches!(of("connection_errors").ask, Ask::Events { missing: Missing::Zero, .. }));

    let plan = planned(&using(pack("aws/cloudfront"), "distribution: E1"));
    let Source::CloudWatch(asked) = &plan.queries[0].source else { panic!() };
    let part = asked.columns.iter().find_map(|column| column.part_of.as_ref()).unwrap();
    assert_eq!((part.total.as_str(), part.factor), ("AWS/CloudFront Requests Sum", 0.01));
}

#[test]
fn two_of_a_kind_get_a_prefix() {
    let text = "name: two\nwindow: { last: 1h }\nsources: { aws: { cloudwatch: { region: us-east-1 } } }\n\
                use:\n  - aws/lambda: { function: a }\n  - aws/lambda: { function: b, as: b }\n\
                criteria:\n  - { metric: errors, pass: \"<= 1%\" }\n  - { metric: b_errors, pass: \"<= 1%\" }\n";
    let plan = planned(text);
    assert_eq!(dimensions(&plan.queries[0]), ["FunctionName=a"]);
    assert_eq!(dimensions(&plan.queries[2]), ["FunctionName=b"]);
}
