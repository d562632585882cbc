//! What a page says to draw, drawn.

use super::picture::{Colours, Layers, Picture, is_reasonable};
use super::{Drawn, shapes};
use crate::guard::Deadline;
use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::kurbo::{Affine, BezPath, Rect, Shape as _};
use hayro_interpret::pattern::{Pattern, ShadingPattern, TilingPattern};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, FillRule, Image, ImageDrawProps, MaskType, Paint,
    SoftMask, StrokeProps,
};
use keyhaven_secret::SecretBytes;
use std::panic;
use std::rc::Rc;
use tiny_skia::{Color, FilterQuality, Mask, Path, Pixmap, PixmapPaint, Shader, Transform};

/// Layers above each other, each as large as the page; what would be one more is drawn without it.
const LAYERS: usize = 6;
/// Clips above each other that something is drawn under; pages have a few, each as large as the page.
const CLIPS: usize = 48;
/// Copies of a pattern's cell in one shape.
const TILES: f64 = 4_096.0;
/// Patterns and masks within each other.
const DEPTH: usize = 4;
/// Places at which the colours of a shading are reckoned.
const SAMPLES: f64 = 250_000.0;
/// Pixels of all pictures that are handed out.
const PICTURES: u64 = 64 << 20;
/// Parts of shapes up to which a page is plain: a QR code has more.
const PLAIN: usize = 150;
/// The most pixels of a picture that become one.
const STEP: f64 = 64.0;

pub(super) struct Canvas {
    /// The page, and what waits to be put on it.
    layers: Vec<Pixmap>,
    groups: Vec<Option<Group>>,
    clips: Vec<Clip>,
    deadline: Deadline,
    wanted: bool,
    pictures: Vec<Picture>,
    handed_out: u64,
    /// Parts of shapes so far.
    marks: usize,
    whole: bool,
    /// How deep in patterns and masks.
    depth: usize,
}

/// How a layer is put on the one below.
struct Group {
    opacity: f32,
    mask: Option<Mask>,
    blend: BlendMode,
}

enum Clip {
    /// Nothing is cut off.
    Open,
    /// Everything is.
    Shut,
    /// What lies outside of the path, built when something is drawn.
    Path(Path, tiny_skia::FillRule, Option<Rc<Mask>>),
}

impl Canvas {
    pub fn new(width: u32, height: u32, wanted: bool, deadline: Deadline) -> Option<Self> {
        Some(Self {
            layers: vec![Pixmap::new(width, height)?],
            groups: Vec::new(),
            clips: Vec::new(),
            deadline,
            wanted,
            pictures: Vec::new(),
            handed_out: 0,
            marks: 0,
            whole: true,
            depth: 0,
        })
    }

    /// Paper, and what shows of it.
    pub fn begin(&mut self, paper: &Rect) {
        self.layers[0].fill(Color::WHITE);
        <Self as Device<'_>>::push_clip_rect(self, paper);
    }

    /// The page, with what was on the way to it when the drawing did not end by itself.
    pub fn finish(mut self, ended: bool) -> Option<Drawn> {
        while !self.groups.is_empty() {
            self.put_down();
        }
        let page = self.layers.pop()?;
        let (width, height) = (page.width(), page.height());
        let mut rgba = page.take();
        rgba.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        Some(Drawn {
            width,
            height,
            rgba: SecretBytes::new(rgba),
            plain: ended && self.whole && self.marks <= PLAIN && self.pictures.is_empty(),
            pictures: self.pictures,
            whole: self.whole && ended,
        })
    }

    fn stop_if_late(&self) {
        if self.deadline.passed() {
            // Straight to `catching`, past the panic hook.
            panic::resume_unwind(Box::new(()));
        }
    }

    fn size(&self) -> (u32, u32) {
        (self.layers[0].width(), self.layers[0].height())
    }

    fn top(&mut self) -> Option<&mut Pixmap> {
        self.layers.last_mut()
    }

    /// What cuts off what is drawn now; `None` where nothing of it is seen.
    fn clip(&mut self) -> Option<Option<Rc<Mask>>> {
        let (width, height) = self.size();
        let mut above: Option<Rc<Mask>> = None;
        let mut built = 0;
        for clip in &mut self.clips {
            match clip {
                Clip::Open => {}
                Clip::Shut => return None,
                Clip::Path(path, rule, mask) => {
                    built += 1;
                    if mask.is_none() {
                        if built > CLIPS {
                            self.whole = false;
                            return None;
                        }
                        let mut new = match &above {
                            Some(above) => above.as_ref().clone(),
                            None => Mask::new(width, height)?,
                        };
                        match above {
                            Some(_) => new.intersect_path(path, *rule, true, Transform::identity()),
                            None => new.fill_path(path, *rule, true, Transform::identity()),
                        }
                        *mask = Some(Rc::new(new));
                    }
                    above = mask.clone();
                }
            }
        }
        Some(above)
    }

    fn push_clip(&mut self, path: Option<Path>, rule: FillRule) {
        let clip = path.map_or(Clip::Shut, |path| Clip::Path(path, shapes::rule(rule), None));
        self.clips.push(clip);
    }

    fn fill<'a>(&mut self, path: &Path, rule: FillRule, by: Transform, props: &DrawProps<'a>, line: bool) {
        match &props.paint {
            Paint::Color(colour) => {
                let Some(clip) = self.clip() else { return };
                let [red, green, blue, alpha] = colour.to_rgba().to_rgba8();
                let paint = tiny_skia::Paint {
                    shader: Shader::SolidColor(Color::from_rgba8(red, green, blue, alpha)),
                    blend_mode: shapes::blend(props.blend_mode),
                    ..tiny_skia::Paint::default()
                };
                if let Some(top) = self.top() {
                    top.fill_path(path, &paint, shapes::rule(rule), by, clip.as_deref());
                }
            }
            Paint::Pattern(pattern) => {
                let Some(path) = path.clone().transform(by) else { return };
                let bounds = path.bounds();
                let (width, height) = self.size();
                let page = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
                let area = Rect::new(
                    f64::from(bounds.left()),
                    f64::from(bounds.top()),
                    f64::from(bounds.right()),
                    f64::from(bounds.bottom()),
                )
                .intersect(page);
                if area.width() <= 0.0 || area.height() <= 0.0 || self.depth >= DEPTH {
                    return;
                }
                self.depth += 1;
                self.push_clip(Some(path), rule);
                match pattern.as_ref() {
                    Pattern::Shading(shading) => self.shade(shading, area),
                    Pattern::Tiling(tiling) => self.tile(tiling, area, line),
                }
                self.clips.pop();
                self.depth -= 1;
            }
        }
    }

    fn line<'a>(&mut self, path: &Path, line: &StrokeProps, by: Transform, props: &DrawProps<'a>) {
        let scale = by.sx.hypot(by.ky).max(by.sy.hypot(by.kx));
        let stroke = shapes::stroke(line, scale);
        let dashed = stroke.dash.as_ref().and_then(|dash| path.dash(dash, scale));
        let path = dashed.as_ref().unwrap_or(path);
        if let Some(outline) = path.stroke(&stroke, scale) {
            self.fill(&outline, FillRule::NonZero, by, props, true);
        }
    }

    /// Draws with the soft mask of `props`, where it has one.
    fn masked<'a>(&mut self, props: &mut DrawProps<'a>, draw: impl FnOnce(&mut Self, &DrawProps<'a>)) {
        match props.soft_mask.take() {
            None => draw(self, props),
            mask => {
                let blend = std::mem::take(&mut props.blend_mode);
                self.push_transparency_group(1.0, mask, blend);
                draw(self, props);
                self.put_down();
            }
        }
    }

    fn shape<'a>(&mut self, path: &Path, by: Transform, props: &DrawProps<'a>, mode: &DrawMode) {
        match mode {
            DrawMode::Fill(rule) => self.fill(path, *rule, by, props, false),
            DrawMode::Stroke(line) => self.line(path, line, by, props),
            DrawMode::FillAndStroke(rule, line) => {
                self.fill(path, *rule, by, props, false);
                self.line(path, line, by, props);
            }
            DrawMode::Invisible => {}
        }
    }

    fn shade(&mut self, shading: &ShadingPattern, area: Rect) {
        let cut = shading.shading.clip_path.as_ref();
        if let Some(cut) = cut {
            self.push_clip(shapes::path(cut), FillRule::NonZero);
        }
        let scale = (SAMPLES / area.area().max(1.0)).sqrt().min(1.0) as f32;
        let mut pixels = Vec::new();
        let (deadline, mut count) = (self.deadline, 0u32);
        let (width, height, place) = shading.encode().sample_texture(area, scale, |sample| {
            count = count.wrapping_add(1);
            if count % 4_096 == 0 && deadline.passed() {
                panic::resume_unwind(Box::new(()));
            }
            let [red, green, blue, alpha] = sample.map(|part| part.clamp(0.0, 1.0));
            pixels.extend([red * alpha, green * alpha, blue * alpha, alpha].map(|part| (part * 255.0) as u8));
        });
        let size = tiny_skia::IntSize::from_wh(width, height);
        if let Some(texture) = size.and_then(|size| Pixmap::from_vec(pixels, size)) {
            self.put(&texture, place, 1.0, BlendMode::Normal, FilterQuality::Bilinear);
        }
        if cut.is_some() {
            self.clips.pop();
        }
    }

    fn tile(&mut self, tiling: &TilingPattern<'_>, area: Rect, line: bool) {
        let area = tiling.matrix.inverse().transform_rect_bbox(area);
        let (x_step, y_step) = (f64::from(tiling.x_step).abs(), f64::from(tiling.y_step).abs());
        let cells = |low: f64, high: f64, step: f64| (low / step).floor()..=(high / step).ceil();
        let across = cells(area.x0 - tiling.bbox.x1, area.x1 - tiling.bbox.x0, x_step);
        let down = cells(area.y0 - tiling.bbox.y1, area.y1 - tiling.bbox.y0, y_step);
        let count = |range: &std::ops::RangeInclusive<f64>| range.end() - range.start() + 1.0;
        let all = count(&across) * count(&down);
        // A list of no numbers is larger than nothing, too.
        if !(all > 0.0 && all <= TILES) {
            self.whole = false;
            return;
        }
        for j in *down.start() as i64..=*down.end() as i64 {
            for i in *across.start() as i64..=*across.end() as i64 {
                self.stop_if_late();
                let shift = Affine::translate((i as f64 * x_step, j as f64 * y_step));
                tiling.interpret(self, tiling.matrix * shift, line);
            }
        }
    }

    fn put(
        &mut self,
        pixels: &Pixmap,
        place: Affine,
        opacity: f32,
        blend: BlendMode,
        quality: FilterQuality,
    ) {
        let Some(clip) = self.clip() else { return };
        let paint = PixmapPaint { opacity, blend_mode: shapes::blend(blend), quality };
        if let Some(top) = self.top() {
            top.draw_pixmap(0, 0, pixels.as_ref(), &paint, shapes::transform(place), clip.as_deref());
        }
    }

    /// A decoded picture, put where it belongs; one that has more pixels than are drawn is averaged.
    fn put_picture(
        &mut self,
        layers: &Layers<'_>,
        factors: (f32, f32),
        even: bool,
        opacity: f32,
        place: Affine,
    ) {
        let place = place * Affine::scale_non_uniform(f64::from(factors.0), f64::from(factors.1));
        let [a, b, c, d, _, _] = place.as_coeffs();
        let scale = a.hypot(b).max(c.hypot(d));
        let step = if scale > 0.0 { (1.0 / scale).floor().clamp(1.0, STEP) } else { STEP };
        let pixels = u64::from(layers.width) * u64::from(layers.height);
        if self.wanted && scale < 0.75 && self.handed_out + pixels <= PICTURES {
            self.handed_out += pixels;
            self.pictures.push(layers.own_size());
        }
        self.stop_if_late();
        let Some(pixels) = layers.pixmap(step as u32) else { return };
        let quality = if even || scale < 1.0 { FilterQuality::Bilinear } else { FilterQuality::Nearest };
        self.put(&pixels, place * Affine::scale(step), opacity, BlendMode::Normal, quality);
    }

    fn soft_mask<'a>(&mut self, mask: &SoftMask<'a>) -> Option<Mask> {
        let (width, height) = self.size();
        let mut other = Self::new(width, height, false, self.deadline)?;
        other.depth = self.depth + 1;
        let kind = match mask.mask_type() {
            MaskType::Alpha => tiny_skia::MaskType::Alpha,
            MaskType::Luminosity => {
                let [red, green, blue, alpha] = mask.background_color().to_rgba().to_rgba8();
                other.layers[0].fill(Color::from_rgba8(red, green, blue, alpha));
                tiny_skia::MaskType::Luminance
            }
        };
        mask.interpret(&mut other);
        self.whole &= other.whole;
        Some(Mask::from_pixmap(other.layers.first()?.as_ref(), kind))
    }

    /// Puts the uppermost group on what is below.
    fn put_down(&mut self) {
        let Some(Some(group)) = self.groups.pop() else { return };
        if self.layers.len() < 2 {
            return;
        }
        let Some(mut layer) = self.layers.pop() else { return };
        if let Some(mask) = &group.mask {
            layer.apply_mask(mask);
        }
        let paint = PixmapPaint {
            opacity: group.opacity,
            blend_mode: shapes::blend(group.blend),
            quality: FilterQuality::Nearest,
        };
        if let Some(top) = self.top() {
            // What is on the layer was cut off already.
            top.draw_pixmap(0, 0, layer.as_ref(), &paint, Transform::identity(), None);
        }
    }
}

impl<'a> Device<'a> for Canvas {
    fn draw_path(&mut self, path: &BezPath, mut props: DrawProps<'a>, mode: &DrawMode) {
        self.stop_if_late();
        self.marks = self.marks.saturating_add(path.elements().len());
        let by = shapes::transform(props.transform);
        let Some(path) = shapes::path(path) else { return };
        self.masked(&mut props, |canvas, props| canvas.shape(&path, by, props, mode));
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.stop_if_late();
        self.push_clip(shapes::path(&clip.path), clip.fill);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.stop_if_late();
        let (width, height) = self.size();
        if rect.contains_rect(Rect::new(0.0, 0.0, f64::from(width), f64::from(height))) {
            return self.clips.push(Clip::Open);
        }
        self.push_clip(shapes::path(&rect.to_path(0.1)), FillRule::NonZero);
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend: BlendMode) {
        self.stop_if_late();
        let plain = opacity >= 0.999 && mask.is_none() && blend == BlendMode::Normal;
        let (width, height) = self.size();
        if plain || self.layers.len() >= LAYERS || self.depth >= DEPTH {
            self.whole &= plain;
            return self.groups.push(None);
        }
        let mask = mask.and_then(|mask| self.soft_mask(&mask));
        let layer = Pixmap::new(width, height);
        self.groups.push(layer.is_some().then_some(Group { opacity, mask, blend }));
        self.layers.extend(layer);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, mut props: DrawProps<'a>, mode: &DrawMode) {
        if matches!(mode, DrawMode::Invisible) {
            return;
        }
        self.masked(&mut props, |canvas, props| {
            for glyph in run.glyphs() {
                canvas.stop_if_late();
                match &**glyph {
                    Glyph::Outline(outline) => {
                        // Codes are also written with blocks (U+2580 to U+259F).
                        canvas.marks = canvas.marks.saturating_add(usize::from(is_block(glyph)));
                        let Some(path) = shapes::path(&outline.outline()) else { continue };
                        let by = shapes::transform(props.transform * glyph.transform());
                        canvas.shape(&path, by, props, mode);
                    }
                    Glyph::Type3(glyph_of_its_own) => {
                        canvas.marks = canvas.marks.saturating_add(1);
                        glyph_of_its_own.interpret(canvas, props.transform, glyph.transform(), &props.paint);
                    }
                }
            }
        });
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.stop_if_late();
        self.marks = self.marks.saturating_add(PLAIN + 1);
        let stream = match &image {
            Image::Stencil(stencil) => stencil.stream(),
            Image::Raster(raster) => raster.stream(),
        };
        if !is_reasonable(stream, image.width(), image.height()) {
            self.whole = false;
            return;
        }
        let place = props.transform;
        match image {
            Image::Raster(raster) => raster.with_rgba(
                |colours, alpha| {
                    let (width, height) = (colours.width(), colours.height());
                    let (factors, even) = (colours.scale_factors(), colours.interpolate());
                    let layers =
                        Layers { width, height, colours: Colours::Own(&colours), alpha: alpha.as_ref() };
                    self.put_picture(&layers, factors, even, 1.0, place);
                },
                None,
            ),
            Image::Stencil(stencil) => stencil.with_stencil(
                |mask, paint| {
                    let [red, green, blue, alpha] = match paint {
                        Paint::Color(colour) => colour.to_rgba().to_rgba8(),
                        Paint::Pattern(_) => [0, 0, 0, 255],
                    };
                    let (width, height) = (mask.width, mask.height);
                    let colours = Colours::One([red, green, blue]);
                    let layers = Layers { width, height, colours, alpha: Some(&mask) };
                    let (factors, even) = (mask.scale_factors, mask.interpolate);
                    self.put_picture(&layers, factors, even, f32::from(alpha) / 255.0, place);
                },
                None,
            ),
        }
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {
        self.put_down();
    }
}

fn is_block(glyph: &Glyph<'_>) -> bool {
    use hayro_interpret::hayro_cmap::BfString;
    let c = match glyph.as_unicode() {
        Some(BfString::Char(c)) => Some(c),
        Some(BfString::String(text)) => text.chars().next(),
        None => None,
    };
    c.is_some_and(|c| ('\u{2580}'..='\u{259F}').contains(&c))
}
