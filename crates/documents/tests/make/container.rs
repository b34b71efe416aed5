//! Files around files.

use super::ofd::zip;

/// Base64 in lines, as mails carry it.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for (n, chunk) in bytes.chunks(3).enumerate() {
        if n > 0 && n % 19 == 0 {
            out.push_str("\r\n");
        }
        let word = (u32::from(chunk[0]) << 16)
            | (u32::from(*chunk.get(1).unwrap_or(&0)) << 8)
            | u32::from(*chunk.get(2).unwrap_or(&0));
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(char::from(ALPHABET[(word >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// A mail that carries files.
pub fn mail(files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut out = String::from(
        "Received: from mail.example.com\r\nFrom: =?UTF-8?B?5byA56Wo5pa5?= <bill@example.com>\r\nTo: a@example.com\r\nSubject: invoice\r\nDate: Fri, 27 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C4=FA=BA=C3\r\n",
    );
    for (name, kind, bytes) in files {
        out.push_str(&format!(
            "--b1\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}\r\n",
            base64(bytes)
        ));
    }
    out.push_str("--b1--\r\n");
    out.into_bytes()
}

/// How a file comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrap {
    Bare,
    Zip,
    Mail,
    ZipInMail,
}

pub const WRAPS: [Wrap; 4] = [Wrap::Bare, Wrap::Zip, Wrap::Mail, Wrap::ZipInMail];

pub fn wrap(bytes: Vec<u8>, ending: &str, how: Wrap) -> Vec<u8> {
    let name = format!("invoice.{ending}");
    let kind = match ending {
        "xml" => "text/xml; charset=utf-8",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
    match how {
        Wrap::Bare => bytes,
        Wrap::Zip => zip(&[("readme/", b""), (&format!("2026/{name}"), &bytes)]),
        Wrap::Mail => mail(&[(&name, kind, &bytes)]),
        Wrap::ZipInMail => mail(&[("all.zip", "application/zip", &zip(&[(&name, &bytes)]))]),
    }
}
