//! A picture as PNG, for slides and mails that show no SVG: twice as large as drawn, on white, with one embedded font.
//!
//! No font of the machine is looked for, so that a picture has the same bytes everywhere. What the font has no sign for is left out of
//! the picture; SVG has it.

use std::sync::Arc;

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::Failure;

/// DejaVu Sans 2.37, reduced to Latin, Greek, Cyrillic and signs. Its licence is beside it.
const FONT: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");
const FAMILY: &str = "DejaVu Sans";

/// How many pixels a unit of the drawing has.
const SCALE: f32 = 2.0;

/// What draws pictures.
pub(super) struct Raster(Options<'static>);

impl Raster {
    /// With its font.
    ///
    /// # Errors
    ///
    /// Only of a build without the feature.
    pub(super) fn new() -> Result<Raster, Failure> {
        let mut fonts = Database::new();
        fonts.load_font_data(FONT.to_vec());
        fonts.set_serif_family(FAMILY);
        fonts.set_sans_serif_family(FAMILY);
        fonts.set_monospace_family(FAMILY);
        Ok(Raster(Options { font_family: FAMILY.into(), fontdb: Arc::new(fonts), ..Options::default() }))
    }

    /// A drawing as the bytes of a PNG.
    ///
    /// # Errors
    ///
    /// It cannot be drawn.
    pub(super) fn png(&self, svg: &str) -> Result<Vec<u8>, Failure> {
        let failed = |why: String| {
            Failure::Unusable(format!("a picture cannot be drawn as PNG: {why}. Write `--report svg=DIR`"))
        };
        let tree = Tree::from_str(svg, &self.0).map_err(|error| failed(error.to_string()))?;
        let (wide, high) = ((tree.size().width() * SCALE).ceil() as u32, (tree.size().height() * SCALE).ceil() as u32);
        let mut canvas = Pixmap::new(wide, high).ok_or_else(|| failed(format!("it has {wide} by {high} pixels")))?;
        canvas.fill(Color::WHITE);
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut canvas.as_mut());
        canvas.encode_png().map_err(|error| failed(error.to_string()))
    }
}
