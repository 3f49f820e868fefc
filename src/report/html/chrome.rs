//! What every page has around its content: the head with its policy, the style, and the way past the navigation.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The colours, and what is no picture.
pub(super) const STYLE: &str = include_str!("style.css");
/// How pictures are drawn, in a page and alone.
pub(super) const PICTURES: &str = include_str!("pictures.css");

/// Nothing may be loaded, sent or run; the style below is the only thing that is allowed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

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
                style { (PreEscaped(STYLE)) (PreEscaped(PICTURES)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the findings" }
                (body)
            }
        }
    };
    format!("{}\n", page.into_string())
}
