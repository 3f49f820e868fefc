//! A drawing as a file of its own, with the light colours of the page: not every program that shows pictures knows variables.

use maud::Markup;

use super::chrome::{PICTURES, STYLE};

const FONT: &str = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; background: #ffffff;";

/// The file's text.
pub(super) fn alone(drawing: &Markup) -> String {
    // the first rule of the page's style names its colours
    let light = STYLE.split_once('}').map(|(root, _)| root).unwrap_or_default();
    let colours = light.split(';').filter_map(|rule| rule.split_once("--")?.1.split_once(':'));
    let style = colours.fold(PICTURES.to_owned(), |style, (name, colour)| {
        style.replace(&format!("var(--{})", name.trim()), colour.trim())
    });
    let view = drawing.0.split_once("viewBox=\"").and_then(|(_, rest)| rest.split_once('"'));
    let mut sides = view.map(|(view, _)| view.split(' ').skip(2)).into_iter().flatten();
    let (wide, high) = (sides.next().unwrap_or("1"), sides.next().unwrap_or("1"));
    let head = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\"");
    let style = format!("><style>svg {{ {FONT} }}\n{style}</style>");
    format!("{}\n", drawing.0.replacen("<svg", &head, 1).replacen('>', &style, 1))
}
