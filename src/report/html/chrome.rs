//! What every page has around its content: the head with its policy, the style, and the way past the navigation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// The colours, and what is no picture.
pub(super) const STYLE: &str = include_str!("style.css");
/// How pictures are drawn, in a page and alone.
pub(super) const PICTURES: &str = include_str!("pictures.css");

/// Nothing may be loaded, sent or run; the style below is the only thing that is allowed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How often a page that moves is loaded again where no script may run, in seconds.
const AGAIN: u32 = 10;

/// A whole page with its title and what stands in its body, which needs an element with the id `main`.
pub(in crate::report) fn shell(title: &str, body: &Markup) -> String {
    whole(title, POLICY, &html! {}, body)
}

/// The same of a page that moves by a script: the policy allows its text and nothing else, and it may ask this server alone.
pub(in crate::report) fn moving(title: &str, body: &Markup, script: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
    let policy = format!("{POLICY}; connect-src 'self'; script-src 'sha256-{digest}'");
    let head = html! {
        noscript { meta http-equiv="refresh" content=(AGAIN); }
        script { (PreEscaped(script)) }
    };
    whole(title, &policy, &head, body)
}

fn whole(title: &str, policy: &str, more: &Markup, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(PICTURES)) }
                (more)
            }
            body {
                a class="skip" href="#main" { "Skip to the findings" }
                (body)
            }
        }
    };
    format!("{}\n", page.into_string())
}
