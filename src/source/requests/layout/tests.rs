//! Layouts in every language: what their fields are called and hold, and which ones are refused.

use super::super::unit::TimeUnit;
use super::*;
use proptest::prelude::*;

fn names(text: &str) -> Vec<(String, Holds)> {
    Layout::parse(text).unwrap().fields().map(|field| (field.name.clone(), field.holds.clone())).collect()
}

#[test]
fn each_language_names_the_same_fields() {
    let nginx = "$remote_addr - $remote_user [$time_local] \"$request\" ${status} $body_bytes_sent \"$http_user_agent\" $request_time";
    let found = names(nginx);
    assert_eq!(found[2], ("time_local".into(), Holds::Time));
    assert_eq!(found[4], ("status".into(), Holds::Whole));
    assert_eq!(found[7], ("request_time".into(), Holds::Took(TimeUnit::Seconds)));
    let apache = "%h %l %u %t \"%r\" %>s %b \"%{User-Agent}i\" %{ms}T %D";
    let found = names(apache);
    assert_eq!(found[3], ("time_local".into(), Holds::Time));
    assert_eq!(found[7], ("http_user_agent".into(), Holds::Text));
    assert_eq!(found[8], ("request_time_ms".into(), Holds::Took(TimeUnit::Milliseconds)));
    assert_eq!(found[9], ("request_time_us".into(), Holds::Took(TimeUnit::Microseconds)));
    let envoy = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION%";
    let found = names(envoy);
    assert_eq!(found[1].0, "method");
    assert_eq!(found[2].0, "path");
    assert_eq!(found[6], ("duration".into(), Holds::Took(TimeUnit::Milliseconds)));
    let pattern = "{time} [{`the level`}] status={status:int} took={latency:ms} {_} {{{x}}}";
    let found = names(pattern);
    assert_eq!(found[0], ("time".into(), Holds::Time));
    assert_eq!(found[1].0, "the level");
    assert_eq!(found[3], ("latency".into(), Holds::Took(TimeUnit::Milliseconds)));
    assert_eq!(found[4].0, "x");
}

#[test]
fn a_time_in_parts_is_one_field() {
    let found = names("%h %{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t %>s");
    assert_eq!(found[1], ("time".into(), Holds::Formed("%Y-%m-%d %H:%M:%S.%3f %z".into())));
    assert_eq!(found[2].0, "status");
    let at = strftime::instant("%d.%m.%Y %H:%M:%S", "29.11.2026 10:00:00", &jiff::tz::TimeZone::UTC).unwrap();
    assert_eq!(at.to_string(), "2026-11-29T10:00:00Z");
}

#[test]
fn a_layout_that_splits_no_line_is_refused_with_its_place() {
    for (text, at, problem) in [
        ("status took", 0, "the layout has no field"),
        ("{time}{status:int}", 6, "nothing stands between `time` and `status`"),
        ("{time} {a} {a}", 11, "two fields are called `a`"),
        ("{time} {took:hours}", 7, "`hours` is not a kind of field"),
        ("{time} {took", 7, "`{` has no end"),
        ("{time} took}", 11, "`}` ends no field"),
        ("{time:time(%H:%M)} {x}", 0, "`%H:%M` does not say a day and the time of the day to the second"),
        ("$status $1", 8, "`$` begins no variable"),
        (
            "$status $http_user_agent $request_time",
            8,
            "`http_user_agent` has spaces in it, and so it does not end at a space",
        ),
        ("%h %>s %y", 7, "Apache has no directive `%y`"),
        ("%h %{h}T", 3, "`%{h}T` is in no unit"),
        ("%ci:%cp [%tr] %ST", 0, "this is HAProxy's `log-format`, which davy does not read"),
        ("%START_TIME(%H)% %RESPONSE_CODE%", 0, "`%H` does not say a day and the time of the day to the second"),
    ] {
        let found = Layout::parse(text).unwrap_err();
        assert_eq!((found.at, found.problem.as_str()), (at, problem), "{text}");
        assert!(!found.hint.is_empty());
    }
}

/// A layout is copied with what is around it, and its mistake is still at a character of what somebody wrote.
#[test]
fn a_mistake_is_at_a_character_of_the_text() {
    let pieces = [
        "log_format m '",
        "LogFormat \"",
        "é",
        "$status",
        "${",
        "%>s",
        "%",
        "{time}",
        "{",
        "'",
        "\"",
        "\\n",
        " ",
        "%START_TIME%",
        ";",
    ];
    let text = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8);
    proptest!(|(parts in text)| {
        let text = parts.concat();
        if let Err(mistake) = Layout::parse(&text) {
            prop_assert!(text.is_char_boundary(mistake.at), "{} {:?}", text, mistake);
        }
    });
}
