//! What every page has around its content: the head with its policy, the style, and the way past the navigation.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded, sent or run; the style below is the only thing that is allowed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A drawing as a file of its own, with the light colours of the page: not every program that shows pictures knows variables.
pub(super) fn alone(drawing: &Markup) -> String {
    let light = STYLE.split_once('}').map(|(root, _)| root).unwrap_or_default();
    let colours = light.split(';').filter_map(|rule| rule.split_once("--")?.1.split_once(':'));
    let rules =
        STYLE.lines().filter(|line| PICTURES.iter().any(|part| line.starts_with(part))).collect::<Vec<_>>().join("\n");
    let style =
        colours.fold(rules, |rules, (name, colour)| rules.replace(&format!("var(--{})", name.trim()), colour.trim()));
    let size = drawing
        .0
        .split_once("viewBox=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("0 0 1 1", |(size, _)| size);
    let mut sides = size.split(' ').skip(2);
    let (wide, high) = (sides.next().unwrap_or("1"), sides.next().unwrap_or("1"));
    let head = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\"");
    let body =
        drawing.0.replacen("<svg", &head, 1).replacen('>', &format!("><style>svg {{ {FONT} }}\n{style}</style>"), 1);
    format!("{body}\n")
}

const FONT: &str = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; background: #ffffff;";

/// How the lines of the style begin that pictures need.
const PICTURES: [&str; 32] = [
    "svg text",
    "svg .start",
    "svg .halo",
    "svg .quiet",
    "path,",
    ".good",
    ".rule",
    ".grid",
    ".none",
    ".bound",
    ".limit",
    ".bar",
    ".thin",
    ".tip",
    ".dot ",
    ".unjudged",
    ".look",
    ".since",
    ".clear",
    ".baseline",
    ".canary",
    ".failing",
    ".passing",
    ".dots",
    ".cost-",
    ".reach",
    ".arrow",
    ".point",
    ".worse",
    ".better",
    ".other",
    ".open ",
];

/// A whole page with its title and what stands in its body, which needs an element with the id `main`.
pub(in crate::report) fn shell(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the findings" }
                (body)
            }
        }
    };
    format!("{}\n", page.into_string())
}
