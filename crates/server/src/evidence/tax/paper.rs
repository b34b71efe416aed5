//! The kind of a Chinese document by the title that is printed on it. The reader of invoices does not keep it, since it
//! says nothing of what was bought; the rules of input VAT ask for it.

use std::collections::BTreeSet;

use outlay_core::tax::Paper;
use outlay_documents::Limits;

/// Titles without spaces and with narrow brackets, and what they mean.
const TITLES: [(&str, Paper); 8] = [
    ("增值税专用发票", Paper::Special),
    ("增值税电子专用发票", Paper::Special),
    ("电子发票(普通发票)", Paper::Ordinary),
    ("增值税电子普通发票", Paper::Ordinary),
    ("增值税普通发票", Paper::Ordinary),
    // The label of an ordinary invoice in the XML with English tags.
    (">普通发票<", Paper::Ordinary),
    ("电子发票(铁路电子客票)", Paper::RailETicket),
    ("电子发票(航空运输电子客票行程单)", Paper::AirETicket),
];

/// The kind that the one title in a file of XML or PDF names. None where there is no title or several differ, and of OFD
/// and pictures, whose titles are not looked for.
pub fn of_file(media_type: &str, bytes: &[u8]) -> Option<Paper> {
    match media_type {
        "application/xml" => of_text(std::str::from_utf8(bytes).ok()?),
        "application/pdf" => {
            let quick = Limits {
                max_pictures: 0,
                ..Limits::default()
            };
            of_text(&outlay_documents::page_texts(bytes, &quick).ok()?.join("\n"))
        }
        _ => None,
    }
}

fn of_text(text: &str) -> Option<Paper> {
    let narrow = |c: char| match c {
        '（' => '(',
        '）' => ')',
        other => other,
    };
    let folded: String = text.chars().filter(|c| !c.is_whitespace()).map(narrow).collect();
    let found = TITLES.iter().filter(|(title, _)| folded.contains(title));
    let kinds: BTreeSet<Paper> = found.map(|(_, paper)| *paper).collect();
    kinds.first().copied().filter(|_| kinds.len() == 1)
}

/// The word in the table.
pub fn code(paper: Paper) -> &'static str {
    match paper {
        Paper::Special => "special",
        Paper::Ordinary => "ordinary",
        Paper::RailETicket => "rail_e_ticket",
        Paper::AirETicket => "air_e_ticket",
        Paper::RailTicket => "rail_ticket",
        Paper::AirItinerary => "air_itinerary",
        Paper::OtherTicket => "other_ticket",
        Paper::Invoice => "invoice",
    }
}

/// Reads that word.
pub fn parse(word: &str) -> Option<Paper> {
    TITLES.iter().map(|(_, paper)| *paper).find(|p| code(*p) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_tells_and_two_of_them_do_not() {
        for (text, paper) in [
            ("电子发票（增值税专用发票） 发票号码", Some(Paper::Special)),
            ("电 子 发 票 （ 普 通 发 票 ）", Some(Paper::Ordinary)),
            ("<LabelName>普通发票</LabelName>", Some(Paper::Ordinary)),
            ("电子发票（铁路电子客票）", Some(Paper::RailETicket)),
            ("电子发票(航空运输电子客票行程单)", Some(Paper::AirETicket)),
            ("*铁路旅客运输*铁路电子客票", None),
            ("电子发票（普通发票）电子发票（增值税专用发票）", None),
            ("", None),
        ] {
            assert_eq!(of_text(text), paper, "{text}");
        }
        assert_eq!(of_file("image/png", "电子发票（普通发票）".as_bytes()), None);
        for (_, paper) in TITLES {
            assert_eq!(parse(code(paper)), Some(paper));
        }
    }
}
