//! Why a file was refused, in words for its owner and as a code for other languages.

use std::fmt;

use outlay_core::{Currency, MoneyError};

/// A refusal. `Display` is an English sentence that says what to do; [`ReadError::code`] and [`ReadError::args`] let a
/// reader in another language be told the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// No bytes.
    Empty,
    /// More bytes than [`crate::Limits::max_bytes`].
    TooLarge {
        /// Bytes allowed.
        limit: usize,
        /// Bytes given.
        found: usize,
    },
    /// A kind of file that is not read (yet).
    Unsupported(FileKind),
    /// XML, but of no invoice format that is read; with the name of its root element.
    UnknownXml {
        /// Local name of the root element.
        root: String,
    },
    /// Bytes that are not text in the declared encoding, or an encoding that is not read.
    Encoding {
        /// The encoding, as declared or tried.
        name: String,
    },
    /// A document type declaration: the door to entity bombs and to files outside, which no e-invoice needs.
    Doctype,
    /// A reference to an entity other than the five of XML.
    Entity {
        /// Name of the entity.
        name: String,
    },
    /// A NUL or another character that XML forbids.
    Control {
        /// Code point.
        code_point: u32,
    },
    /// The file ends in the middle.
    Truncated,
    /// Not well-formed XML.
    NotWellFormed {
        /// Line on which the parser stopped, from 1.
        line: usize,
        /// What the parser met.
        reason: String,
    },
    /// Beyond one of the [`crate::Limits`].
    TooComplex {
        /// What there is too much of.
        what: Excess,
        /// How much is allowed.
        limit: usize,
    },
    /// More than one invoice in one file.
    Several {
        /// How many.
        found: usize,
    },
    /// A field that stands twice with different values, so that nobody can say which holds.
    Ambiguous {
        /// Name of the field as in the file.
        field: String,
    },
    /// A field whose text is not what the field must hold.
    Field {
        /// Name of the field as in the file.
        field: String,
        /// Its text, cut to 40 characters.
        text: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// An invoice format, but neither number nor amount in it.
    NoInvoice,
    /// A file that opens only with a password.
    Encrypted,
    /// A file of this kind that can't be opened.
    Damaged {
        /// What it claims to be.
        kind: FileKind,
    },
    /// A file that holds or shows no invoice and no receipt.
    NothingInside {
        /// How many files or pages were looked at.
        seen: usize,
    },
}

/// Kinds of files told apart by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FileKind {
    Pdf,
    Zip,
    Image,
    Html,
    Svg,
    Json,
    Office,
    Ofd,
    Mail,
    /// RAR, 7-Zip and the like.
    Archive,
    /// A picture that moves.
    Animation,
    /// A photo as HEIC, for which there is no reader here.
    Heic,
    Other,
}

/// What a file has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Excess {
    Depth,
    Elements,
    Attributes,
    Namespaces,
    NameLength,
    Lines,
    Unpacked,
    Entries,
    Nesting,
    Pages,
    Operations,
    Glyphs,
    Papers,
    Pixels,
    Side,
    Scans,
    /// Pixels touched while a page is drawn.
    Painted,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not plain digits with a point, as in `1e5`, `NaN` or `1,000.00`.
    NotAnAmount,
    /// More decimals than the currency has.
    Decimals {
        /// The currency.
        currency: Currency,
        /// Decimals it has.
        allowed: u32,
    },
    /// Beyond what can be reckoned with.
    OutOfRange,
    /// Not a day of the calendar.
    NotADate,
    /// Not an ISO 4217 code.
    NotACurrency,
    /// An amount in another currency than the invoice.
    OtherCurrency {
        /// The invoice's currency.
        expected: Currency,
    },
    /// Not a rate such as `0.06`, `6%`, `免税`, `不征税` or `***`.
    NotARate,
    /// Neither 20 digits, nor 8.
    NotANumber,
    /// Neither 10 nor 12 digits.
    NotACode,
    /// Not digits with a point.
    NotAQuantity,
    /// Longer than [`crate::Limits::max_text`].
    TooLong,
}

impl Problem {
    /// The problem behind a refused amount.
    pub(crate) fn of_money(error: &MoneyError) -> Problem {
        match error {
            MoneyError::Decimals { currency, allowed, .. } => Problem::Decimals {
                currency: *currency,
                allowed: *allowed,
            },
            MoneyError::TooLarge => Problem::OutOfRange,
            MoneyError::Currency(_) => Problem::NotACurrency,
            MoneyError::NotANumber(_) | MoneyError::Mixed(..) => Problem::NotAnAmount,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Problem::NotAnAmount => "document.field.amount",
            Problem::Decimals { .. } => "document.field.decimals",
            Problem::OutOfRange => "document.field.range",
            Problem::NotADate => "document.field.date",
            Problem::NotACurrency => "document.field.currency",
            Problem::OtherCurrency { .. } => "document.field.other-currency",
            Problem::NotARate => "document.field.rate",
            Problem::NotANumber => "document.field.number",
            Problem::NotACode => "document.field.code",
            Problem::NotAQuantity => "document.field.quantity",
            Problem::TooLong => "document.field.long",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NotAnAmount => f.write_str("is not an amount: it needs digits with a point, like 1234.50"),
            Problem::Decimals { currency, allowed } => {
                write!(f, "has too many decimals: {currency} has {allowed}")
            }
            Problem::OutOfRange => f.write_str("is too large to be an amount"),
            Problem::NotADate => f.write_str("is not a date: it needs a day that exists, like 2026-03-31"),
            Problem::NotACurrency => f.write_str("is not a currency: it needs three letters, like CNY"),
            Problem::OtherCurrency { expected } => {
                write!(f, "is in another currency than the invoice, which is in {expected}")
            }
            Problem::NotARate => f.write_str("is not a tax rate: it needs a form like 0.06, 6%, 免税 or ***"),
            Problem::NotANumber => {
                f.write_str("is not an invoice number: it has 20 digits, or 8 beside an invoice code")
            }
            Problem::NotACode => f.write_str("is not an invoice code: it has 10 or 12 digits"),
            Problem::NotAQuantity => f.write_str("is not a quantity: it needs digits with a point, like 2.5"),
            Problem::TooLong => f.write_str("is too long for this field"),
        }
    }
}

/// What may be uploaded today, as the end of a refusal.
const ACCEPTED: &str = "Upload the invoice itself: its XML (数电票, UBL or CII, FatturaPA), OFD or PDF, a photo (JPEG, PNG or WebP), or a ZIP or mail with it";

impl ReadError {
    /// A stable, dotted code.
    pub fn code(&self) -> &'static str {
        match self {
            ReadError::Empty => "document.empty",
            ReadError::TooLarge { .. } => "document.too-large",
            ReadError::Unsupported(kind) => match kind {
                FileKind::Pdf => "document.unsupported.pdf",
                FileKind::Zip => "document.unsupported.zip",
                FileKind::Image => "document.unsupported.image",
                FileKind::Html => "document.unsupported.html",
                FileKind::Svg => "document.unsupported.svg",
                FileKind::Json => "document.unsupported.json",
                FileKind::Office => "document.unsupported.office",
                FileKind::Ofd => "document.unsupported.ofd",
                FileKind::Mail => "document.unsupported.mail",
                FileKind::Archive => "document.unsupported.archive",
                FileKind::Animation => "document.unsupported.animation",
                FileKind::Heic => "document.unsupported.heic",
                FileKind::Other => "document.unsupported.other",
            },
            ReadError::UnknownXml { .. } => "document.unknown-xml",
            ReadError::Encoding { .. } => "document.encoding",
            ReadError::Doctype => "document.doctype",
            ReadError::Entity { .. } => "document.entity",
            ReadError::Control { .. } => "document.control",
            ReadError::Truncated => "document.truncated",
            ReadError::NotWellFormed { .. } => "document.not-well-formed",
            ReadError::TooComplex { .. } => "document.too-complex",
            ReadError::Several { .. } => "document.several",
            ReadError::Ambiguous { .. } => "document.ambiguous",
            ReadError::Field { problem, .. } => problem.code(),
            ReadError::NoInvoice => "document.no-invoice",
            ReadError::Encrypted => "document.encrypted",
            ReadError::Damaged { .. } => "document.damaged",
            ReadError::NothingInside { .. } => "document.nothing-inside",
        }
    }

    /// Whether the file was made to harm, rather than damaged or of another kind.
    pub(crate) fn is_attack(&self) -> bool {
        matches!(
            self,
            ReadError::Doctype | ReadError::Entity { .. } | ReadError::TooComplex { .. } | ReadError::TooLarge { .. }
        )
    }

    /// Named values for the words in another language, in a fixed order.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            ReadError::TooLarge { limit, found } => {
                vec![("limit", limit.to_string()), ("found", found.to_string())]
            }
            ReadError::UnknownXml { root } => vec![("root", root.clone())],
            ReadError::Encoding { name } | ReadError::Entity { name } => {
                vec![("name", name.clone())]
            }
            ReadError::Control { code_point } => vec![("code", format!("U+{code_point:04X}"))],
            ReadError::NotWellFormed { line, reason } => {
                vec![("line", line.to_string()), ("reason", reason.clone())]
            }
            ReadError::TooComplex { what, limit } => {
                vec![("what", what.to_string()), ("limit", limit.to_string())]
            }
            ReadError::Several { found } => vec![("found", found.to_string())],
            ReadError::Ambiguous { field } => vec![("field", field.clone())],
            ReadError::Field { field, text, problem } => {
                let mut args = vec![("field", field.clone()), ("text", text.clone())];
                match problem {
                    Problem::Decimals { currency, allowed } => {
                        args.push(("currency", currency.to_string()));
                        args.push(("allowed", allowed.to_string()));
                    }
                    Problem::OtherCurrency { expected } => {
                        args.push(("currency", expected.to_string()));
                    }
                    _ => {}
                }
                args
            }
            ReadError::Empty
            | ReadError::Unsupported(_)
            | ReadError::Doctype
            | ReadError::Truncated
            | ReadError::NoInvoice
            | ReadError::Encrypted => Vec::new(),
            ReadError::Damaged { kind } => vec![("kind", kind.to_string())],
            ReadError::NothingInside { seen } => vec![("seen", seen.to_string())],
        }
    }

    /// The field at fault, where the refusal is about one.
    pub fn field(&self) -> Option<&str> {
        match self {
            ReadError::Field { field, .. } | ReadError::Ambiguous { field } => Some(field),
            _ => None,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Empty => write!(f, "The file is empty. {ACCEPTED}"),
            ReadError::TooLarge { limit, found } => write!(
                f,
                "The file has {found} bytes, more than the {limit} that are read. Upload the invoice alone, without attachments"
            ),
            ReadError::Unsupported(FileKind::Heic) => f.write_str(
                "HEIC photos are not read. Send the photo as JPEG: on an iPhone choose Settings, Camera, Formats, Most Compatible, \
                 on other phones switch off HEIF or high efficiency in the camera's settings",
            ),
            ReadError::Unsupported(kind) => write!(f, "{kind} not read. {ACCEPTED}"),
            ReadError::UnknownXml { root } => {
                write!(f, "<{root}> is no invoice format that is read. {ACCEPTED}")
            }
            ReadError::Encoding { name } => write!(
                f,
                "The text is not valid {name}. Save the file as UTF-8 or GB18030, or download it again from the issuer"
            ),
            ReadError::Doctype => f.write_str(
                "The file holds a document type declaration (<!DOCTYPE>), which is refused as unsafe. Download the invoice again from the issuer",
            ),
            ReadError::Entity { name } => write!(
                f,
                "The file refers to the entity &{name};, which is not defined in XML. Download the invoice again from the issuer"
            ),
            ReadError::Control { code_point } => write!(
                f,
                "The file holds the character U+{code_point:04X}, which XML forbids. Download the invoice again from the issuer"
            ),
            ReadError::Truncated => f.write_str(
                "The file ends in the middle. Download the invoice again from the issuer",
            ),
            ReadError::NotWellFormed { line, reason } => write!(
                f,
                "The file is damaged at line {line} ({reason}). Download the invoice again from the issuer"
            ),
            ReadError::TooComplex { what, limit } => {
                write!(f, "The file has more than {limit} {what}, so it is refused as unsafe")
            }
            ReadError::Several { found } => write!(
                f,
                "The file holds {found} invoices. Upload each in a file of its own"
            ),
            ReadError::Ambiguous { field } => write!(
                f,
                "{field} stands in the file more than once with different values. Ask the issuer for a correct file"
            ),
            ReadError::Field {
                field,
                text,
                problem,
            } => write!(f, "{field}: {text:?} {problem}. Ask the issuer for a correct file"),
            ReadError::NoInvoice => write!(
                f,
                "The file has the shape of an invoice, but neither number nor amount. {ACCEPTED}"
            ),
            ReadError::Encrypted => f.write_str(
                "The file is locked with a password. Save it without one, or ask the issuer for an open file",
            ),
            ReadError::Damaged { kind } => write!(
                f,
                "{kind} opened here, but this one is damaged. Download the invoice again from the issuer"
            ),
            ReadError::NothingInside { seen } => write!(
                f,
                "No invoice was found in the {seen} files or pages of this file. {ACCEPTED}"
            ),
        }
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Pdf => "PDF files are",
            FileKind::Zip => "OFD and other ZIP files are",
            FileKind::Image => "Pictures other than JPEG, PNG and WebP are",
            FileKind::Html => "Web pages are",
            FileKind::Svg => "SVG drawings are",
            FileKind::Json => "JSON files are",
            FileKind::Office => "Old Office files are",
            FileKind::Ofd => "OFD files are",
            FileKind::Mail => "Mails are",
            FileKind::Archive => "Archives other than ZIP are",
            FileKind::Animation => "Moving pictures are",
            FileKind::Heic => "HEIC photos are",
            FileKind::Other => "Files of this kind are",
        })
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Excess::Depth => "levels of elements",
            Excess::Elements => "elements",
            Excess::Attributes => "attributes at one element",
            Excess::Namespaces => "namespaces",
            Excess::NameLength => "bytes in one name",
            Excess::Lines => "invoice lines",
            Excess::Unpacked => "bytes when unpacked",
            Excess::Entries => "files inside",
            Excess::Nesting => "levels of files inside each other",
            Excess::Pages => "pages",
            Excess::Operations => "drawing steps",
            Excess::Glyphs => "characters on its pages",
            Excess::Papers => "invoices",
            Excess::Pixels => "pixels in one picture",
            Excess::Side => "pixels on one side of a picture",
            Excess::Scans => "passes in one picture",
            Excess::Painted => "pixels to be painted on one page",
        })
    }
}
