//! PDF files: objects written one after the other, with a table of where they stand.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::ofd::Text;

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("bytes");
    encoder.finish().expect("a stream")
}

pub fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let packed = deflated(data);
    raw_stream(&format!("{dict}/Filter/FlateDecode"), &packed)
}

pub fn raw_stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dict}/Length {}>>\nstream\n", data.len()).into_bytes();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\nendstream");
    out
}

/// A file of these objects, of which the first is the catalog.
pub fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", n + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let table = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    out.extend_from_slice(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n").as_bytes());
    out
}

/// How a file's font says which characters it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    /// A font of the system with codes in UCS-2, as many Chinese tools write it.
    Ucs2,
    /// Numbers of glyphs, and a map to Unicode beside them, as browsers and office programs write it.
    ToUnicode,
}

/// A page with texts, and perhaps an attached file.
pub fn page(texts: &[Text], font: Font, attached: Option<(&str, &[u8])>) -> Vec<u8> {
    page_of(texts, font, attached, stream)
}

/// As [`page`], with streams written by `stream`.
pub fn page_of(
    texts: &[Text],
    font: Font,
    attached: Option<(&str, &[u8])>,
    stream: fn(&str, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut glyphs: Vec<char> = Vec::new();
    let mut content = String::from("BT\n");
    for t in texts {
        let (x, y) = (t.x * 72.0 / 25.4, 842.0 - t.y * 72.0 / 25.4);
        let size = t.size * 72.0 / 25.4;
        content.push_str(&format!("/F1 {size:.3} Tf 1 0 0 1 {x:.3} {y:.3} Tm <"));
        for c in t.text.chars() {
            let code = match font {
                Font::Ucs2 => u32::from(c),
                Font::ToUnicode => {
                    let at = glyphs.iter().position(|g| *g == c).unwrap_or_else(|| {
                        glyphs.push(c);
                        glyphs.len() - 1
                    });
                    at as u32 + 1
                }
            };
            content.push_str(&format!("{code:04X}"));
        }
        content.push_str("> Tj\n");
    }
    content.push_str("ET");
    let widths = match font {
        // Characters 1 to 94 of Adobe-GB1 are the half-wide ones of ASCII.
        Font::Ucs2 => "1 95 500".to_owned(),
        Font::ToUnicode => {
            let narrow = glyphs.iter().enumerate().filter(|(_, c)| c.is_ascii());
            narrow.map(|(n, _)| format!("{0} {0} 500 ", n + 1)).collect()
        }
    };
    let (encoding, ordering, map) = match font {
        Font::Ucs2 => ("UniGB-UCS2-H", "GB1", String::new()),
        Font::ToUnicode => ("Identity-H", "Identity", "/ToUnicode 8 0 R".to_owned()),
    };
    let mut map_text = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange\n",
    );
    for (n, chunk) in glyphs.chunks(100).enumerate() {
        map_text.push_str(&format!("{} beginbfchar\n", chunk.len()));
        for (i, c) in chunk.iter().enumerate() {
            map_text.push_str(&format!("<{:04X}> <{:04X}>\n", n * 100 + i + 1, u32::from(*c)));
        }
        map_text.push_str("endbfchar\n");
    }
    map_text.push_str("endcmap CMapName currentdict /CMap defineresource pop end end");
    let names = if attached.is_some() {
        "/Names<</EmbeddedFiles<</Names[(a) 9 0 R]>>>>/AF[9 0 R]"
    } else {
        ""
    };
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{names}>>").into_bytes(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>".to_vec(),
        stream("", content.as_bytes()),
        format!("<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/{encoding}/DescendantFonts[6 0 R]{map}>>").into_bytes(),
        format!("<</Type/Font/Subtype/CIDFontType2/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>/DW 1000/W[{widths}]/FontDescriptor 7 0 R>>").into_bytes(),
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 80>>".to_vec(),
        stream("", map_text.as_bytes()),
    ];
    if let Some((name, bytes)) = attached {
        objects.push(
            format!("<</Type/Filespec/F({name})/UF({name})/EF<</F 10 0 R>>/AFRelationship/Alternative>>").into_bytes(),
        );
        objects.push(stream("/Type/EmbeddedFile/Subtype/text#2Fxml", bytes));
    }
    file(&objects)
}
