//! Tables as a spreadsheet (`OpenDocument`, ODF 1.3 part 3): a sheet for each, with numbers as numbers.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use zip::{CompressionMethod, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use super::tables::{FigureCell, FigureTable};
use crate::text::html_text::escaped;

/// Its media type.
pub const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";

/// A sheet's name is no longer, characters: that is what other programs take.
const LONGEST_NAME: usize = 31;

/// The file of these tables.
///
/// # Errors
///
/// Where it cannot be packed.
pub fn ods(tables: &[FigureTable]) -> ZipResult<Vec<u8>> {
    // The first entry tells what the file is, and is not compressed (ODF 1.3 part 2 section 3.3); small files need none.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in
        [("mimetype", ODS.to_owned()), ("META-INF/manifest.xml", manifest()), ("content.xml", content(tables))]
    {
        archive.start_file(name, options)?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn manifest() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.3\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" manifest:media-type=\"{ODS}\"/>\
         <manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/></manifest:manifest>"
    )
}

fn content(tables: &[FigureTable]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" office:version=\"1.3\"><office:body>\
         <office:spreadsheet>"
        .to_owned();
    for table in tables {
        // Marks that other programs forbid in a sheet's name.
        let name: String =
            table.title.chars().filter(|letter| !"[]*?:/\\'".contains(*letter)).take(LONGEST_NAME).collect();
        let _ = write!(xml, "<table:table table:name=\"{}\">", escaped(&name));
        let head: Vec<FigureCell> =
            table.columns.iter().map(|column| FigureCell::Text(column.label.to_owned())).collect();
        for cells in std::iter::once(&head).chain(&table.rows) {
            xml.push_str("<table:table-row>");
            for cell in cells {
                push_cell(&mut xml, cell);
            }
            xml.push_str("</table:table-row>");
        }
        xml.push_str("</table:table>");
    }
    xml.push_str("</office:spreadsheet></office:body></office:document-content>");
    xml
}

fn push_cell(xml: &mut String, cell: &FigureCell) {
    let shown = escaped(&cell.shown());
    let value = match cell {
        FigureCell::Text(_) | FigureCell::Percent { value: None, .. } => "office:value-type=\"string\"".to_owned(),
        FigureCell::Count(count) => format!("office:value-type=\"float\" office:value=\"{count}\""),
        FigureCell::Percent { value: Some(value), .. } => {
            format!("office:value-type=\"percentage\" office:value=\"{}\"", value / 100.0)
        }
        FigureCell::Time(seconds) => {
            let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!("office:value-type=\"time\" office:time-value=\"PT{hours:02}H{minutes:02}M{rest:02}S\"")
        }
    };
    let _ = write!(xml, "<table:table-cell {value}><text:p>{shown}</text:p></table:table-cell>");
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use zip::ZipArchive;

    use super::{ODS, ods};
    use crate::figures::{FigureCell, FigureColumn, FigureTable};

    #[test]
    fn what_no_xml_has_is_left_out() {
        let table = FigureTable {
            id: "circonscriptions",
            title: "A\u{ffff}B",
            says: String::new(),
            columns: vec![FigureColumn { key: "name", label: "N\u{1}om" }],
            rows: vec![vec![FigureCell::Text("Dijon\u{fffe} \u{0}Nord".to_owned())]],
            chart: None,
        };
        let content = super::content(&[table]);
        for part in ["table:name=\"AB\"", "<text:p>Nom</text:p>", "<text:p>Dijon Nord</text:p>"] {
            assert!(content.contains(part), "{part} in {content}");
        }
    }

    #[test]
    fn a_spreadsheet_has_a_sheet_for_each_table() {
        let table = FigureTable {
            id: "delays",
            title: "Délais : <tous>",
            says: String::new(),
            columns: vec![FigureColumn { key: "name", label: "Nom" }, FigureColumn { key: "value", label: "Valeur" }],
            rows: vec![
                vec![FigureCell::Text("A & B".to_owned()), FigureCell::Count(12)],
                vec![FigureCell::Time(5400), FigureCell::Percent { value: Some(25.0), is_change: false }],
            ],
            chart: None,
        };
        let mut archive = ZipArchive::new(Cursor::new(ods(&[table]).unwrap())).unwrap();
        assert_eq!(archive.by_index(0).unwrap().name().unwrap(), "mimetype", "the first entry tells what it is");
        let mut read = |name: &str| {
            let mut text = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read("mimetype"), ODS);
        let content = read("content.xml");
        for part in [
            "<table:table table:name=\"Délais  &lt;tous&gt;\">",
            "<text:p>A &amp; B</text:p>",
            "office:value-type=\"float\" office:value=\"12\"",
            "office:time-value=\"PT01H30M00S\"",
            "office:value-type=\"percentage\" office:value=\"0.25\"",
        ] {
            assert!(content.contains(part), "{part} in {content}");
        }
    }
}
