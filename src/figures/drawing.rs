//! A chart as SVG, in two tones that a page's style gives its own colours: none of it needs a script or a font.

use plotters::{
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Color as _, IntoDrawingArea as _, IntoFont as _, IntoSegmentedCoord as _, RGBColor, Rectangle,
        SVGBackend, SegmentValue, TRANSPARENT, TextStyle,
    },
};

use super::tables::{FigureChart, grouped};
use crate::text::html_text::escaped;

/// The colours that a page's style replaces, each for what it is: the numbers, those before, words, lines.
const NOW: RGBColor = RGBColor(0x1D, 0x4F, 0x91);
const BEFORE: RGBColor = RGBColor(0x8F, 0xA6, 0xC4);
const TEXT: RGBColor = RGBColor(0x1B, 0x24, 0x30);
const LINE: RGBColor = RGBColor(0xD3, 0xDA, 0xE3);

const WIDTH: u32 = 640;
const HEIGHT: u32 = 260;
/// A line of a chart whose marks are names.
const LINE_HEIGHT: u32 = 30;
/// The room of labels.
const BELOW: u32 = 34;
const NUMBERS: u32 = 52;
const NAMES: u32 = 210;
/// A longer name is cut, characters.
const LONGEST: usize = 30;
/// How many letters of labels stand below a course.
const MOST_LETTERS: usize = 72;
/// Pixels around the drawing.
const MARGIN: u32 = 6;

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

impl FigureChart {
    /// The picture, said to be of `title`; `None` where there is nothing to draw.
    pub fn svg(&self, title: &str) -> Option<String> {
        let most = self.marks.iter().map(|(_, now, before)| (*now).max(before.unwrap_or_default())).max()?;
        if most == 0 {
            return None;
        }
        let mut svg = String::new();
        let drawn = if self.is_course { self.columns(&mut svg, most) } else { self.bars(&mut svg, most) };
        if let Err(error) = drawn {
            tracing::error!(%error, "a chart cannot be drawn");
            return None;
        }
        let head = format!("<svg class=\"chart\" role=\"img\" aria-label=\"{}\" ", escaped(title));
        Some(svg.replacen("<svg ", &head, 1))
    }

    fn columns(&self, svg: &mut String, most: u32) -> Drawn {
        let count = self.marks.len();
        let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(MARGIN)
            .x_label_area_size(BELOW)
            .y_label_area_size(NUMBERS)
            .build_cartesian_2d((0..count).into_segmented(), 0..above(most))?;
        let longest = self.marks.iter().map(|(label, ..)| label.chars().count().min(LONGEST)).max().unwrap_or(1);
        let every = count.div_ceil((MOST_LETTERS / longest.max(1)).max(1));
        let label = |place: &SegmentValue<usize>| match place {
            SegmentValue::CenterOf(place) if place.is_multiple_of(every) => self.label(*place),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(LINE)
            .light_line_style(TRANSPARENT)
            .axis_style(LINE)
            .x_labels(count)
            .x_label_formatter(&label)
            .y_labels(5)
            .y_label_formatter(&|number| grouped(*number))
            .label_style(words())
            .draw()?;
        chart.draw_series(self.rectangles(
            self.band(WIDTH - 2 * MARGIN - NUMBERS),
            |place, number| {
                let [left, right] = [place, place + 1].map(SegmentValue::Exact);
                [(left, 0), (right, number)]
            },
            |before, after| (0, 0, before, after),
        ))?;
        area.present()
    }

    fn bars(&self, svg: &mut String, most: u32) -> Drawn {
        let count = self.marks.len();
        let height = LINE_HEIGHT * u32::try_from(count).unwrap_or(u32::MAX / LINE_HEIGHT) + BELOW + 2 * MARGIN;
        let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(MARGIN)
            .x_label_area_size(BELOW)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(0..above(most), (0..count).into_segmented())?;
        // The first one stands on top.
        let label = |place: &SegmentValue<usize>| match place {
            SegmentValue::CenterOf(place) if *place < count => self.label(count - 1 - place),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .bold_line_style(LINE)
            .light_line_style(TRANSPARENT)
            .axis_style(LINE)
            .x_labels(5)
            .x_label_formatter(&|number| grouped(*number))
            .y_labels(count)
            .y_label_formatter(&label)
            .label_style(words())
            .draw()?;
        chart.draw_series(self.rectangles(
            self.band(height - BELOW - 2 * MARGIN),
            |place, number| {
                let [low, high] = [count - 1 - place, count - place].map(SegmentValue::Exact);
                [(0, low), (number, high)]
            },
            |before, after| (before, after, 0, 0),
        ))?;
        area.present()
    }

    /// How wide the place of a mark is, of so many pixels: an axis of segments has one more than it is given.
    fn band(&self, pixels: u32) -> u32 {
        u32::try_from(self.marks.len()).map_or(0, |count| pixels / (count + 1))
    }

    fn label(&self, place: usize) -> String {
        let Some((label, ..)) = self.marks.get(place) else { return String::new() };
        if label.chars().count() <= LONGEST {
            return label.clone();
        }
        label.chars().take(LONGEST - 1).chain(['…']).collect()
    }

    /// A rectangle for each number, two beside each other where there is one before, within so many pixels.
    fn rectangles<Coordinate>(
        &self,
        wide: u32,
        at: impl Fn(usize, u32) -> [Coordinate; 2],
        margin: impl Fn(u32, u32) -> (u32, u32, u32, u32),
    ) -> Vec<Rectangle<Coordinate>> {
        let is_paired = self.is_paired();
        let (half, edge) = (wide / 2, wide / 8);
        let mut all = Vec::new();
        let mut add = |place: usize, number: u32, colour: RGBColor, (before, after): (u32, u32)| {
            let mut rectangle = Rectangle::new(at(place, number), colour.filled());
            let (top, bottom, left, right) = margin(before, after);
            rectangle.set_margin(top, bottom, left, right);
            all.push(rectangle);
        };
        for (place, (_, now, before)) in self.marks.iter().enumerate() {
            add(place, *now, NOW, (edge, if is_paired { half } else { edge }));
            if let Some(before) = before {
                add(place, *before, BEFORE, (half, edge));
            }
        }
        all
    }
}

/// The end of an axis, a little above the largest number.
fn above(most: u32) -> u32 {
    most + most / 10 + 1
}

fn words() -> TextStyle<'static> {
    ("sans-serif", 14).into_font().color(&TEXT)
}

#[cfg(test)]
mod tests {
    use super::super::tables::FigureChart;

    #[test]
    fn a_chart_is_one_picture_of_its_numbers() {
        for is_course in [true, false] {
            let marks = vec![("LSU".to_owned(), 40, Some(20)), ("<script>&".to_owned(), 10, Some(0))];
            let svg = FigureChart { is_course, marks }.svg("Par \"application\"").unwrap();
            assert!(
                svg.starts_with("<svg class=\"chart\" role=\"img\" aria-label=\"Par &quot;application&quot;\" "),
                "{svg}"
            );
            assert_eq!(svg.matches("fill=\"#1D4F91\"").count(), 2, "{svg}");
            assert_eq!(svg.matches("fill=\"#8FA6C4\"").count(), 2, "{svg}");
            assert!(svg.contains("LSU") && !svg.contains("<script>") && !svg.contains("style="), "{svg}");
        }
    }

    /// However few or many there are: no part of a picture is less than nothing.
    #[test]
    fn each_part_has_a_size() {
        for (count, is_course, before) in (1..=60).flat_map(|count| {
            [(true, Some(1)), (true, None), (false, Some(1)), (false, None)].map(|(course, it)| (count, course, it))
        }) {
            let marks = (0..count).map(|place| (format!("École {place}"), place, before)).collect();
            let svg = FigureChart { is_course, marks }.svg("Par école").unwrap_or_default();
            assert!(!svg.contains("=\"-"), "{count} {is_course} {before:?}: {svg}");
        }
    }

    #[test]
    fn nothing_is_no_picture() {
        let of = |marks| FigureChart { is_course: true, marks }.svg("Rien");
        assert_eq!((of(vec![]), of(vec![("LSU".to_owned(), 0, Some(0))])), (None, None));
    }
}
