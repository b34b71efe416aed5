//! Sealed OFD files: a key of our own, a certificate as far as it is read, and a seal of GB/T 38540.

use sm2::dsa::signature::Signer;
use sm2::dsa::{Signature, SigningKey};
use sm3::{Digest, Sm3};

use crate::make::model;
use crate::make::ofd::{Kind, files, zip};

fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        short @ 0..=0x7f => out.push(short as u8),
        long => {
            out.push(0x82);
            out.extend((long as u16).to_be_bytes());
        }
    }
    out.extend(body);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(3, &[&[0], bytes].concat())
}

const SM2_WITH_SM3: [u8; 8] = [0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];

/// A certificate as far as it is read; nobody vouches for it.
fn certificate(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().as_affine().to_owned();
    let point = sm2::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&point, false);
    let name = |text: &str| {
        let pair = sequence(&[der(6, &[0x55, 4, 3]), der(0x0c, text.as_bytes())]);
        sequence(&[der(0x31, &pair)])
    };
    let algorithm = sequence(&[
        der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        der(6, &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d]),
    ]);
    let times = sequence(&[der(0x17, b"250101000000Z"), der(0x17, b"350101000000Z")]);
    let signed = sequence(&[
        der(0xa0, &der(2, &[2])),
        der(2, &[7]),
        sequence(&[der(6, &SM2_WITH_SM3)]),
        name("Example root"),
        times,
        name("某某税务局"),
        sequence(&[algorithm, bits(point.as_bytes())]),
    ]);
    sequence(&[signed, sequence(&[der(6, &SM2_WITH_SM3)]), bits(&[1])])
}

/// The files of an OFD invoice, sealed; the signature lists what `lists` says.
pub fn sealed(lists: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let m = model(3);
    let mut all: Vec<(String, Vec<u8>)> = files(&[(&m, 0.0)], Kind::AttachedDigital)
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    let root = all.iter_mut().find(|(name, _)| name == "OFD.xml").expect("a root");
    let text = String::from_utf8(root.1.clone()).expect("text");
    let end = text
        .rfind("</")
        .and_then(|end| text[..end].rfind("</"))
        .expect("the end of a body");
    let (before, after) = text.split_at(end);
    // Before the end of the body, with the prefix of the file.
    let prefix = if text.contains("</ofd:DocBody>") { "ofd:" } else { "" };
    root.1 = format!("{before}<{prefix}Signatures>Signs/list.xml</{prefix}Signatures>{after}").into_bytes();
    let key = sm2::SecretKey::from_slice(&[7; 32]).expect("a key");
    let key = SigningKey::new("1234567812345678", &key).expect("a key");
    let digests: String = all
        .iter()
        .filter(|(name, _)| lists(name))
        .map(|(name, bytes)| {
            let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, Sm3::digest(bytes));
            format!("<Reference FileRef=\"/{name}\"><CheckValue>{digest}</CheckValue></Reference>")
        })
        .collect();
    let description = format!(
        "<Signature><SignedInfo><References CheckMethod=\"1.2.156.10197.1.401\">{digests}</References></SignedInfo>\
         <SignedValue>/Signs/value.dat</SignedValue></Signature>"
    );
    let seal = sequence(&[sequence(&[der(0x16, b"ES"), der(2, &[4])])]);
    let to_sign = sequence(&[
        der(2, &[4]),
        seal,
        der(0x18, b"20260730120000Z"),
        bits(&Sm3::digest(description.as_bytes())),
        der(0x16, b"/Signs/one.xml"),
    ]);
    let signature: Signature = key.sign(&to_sign);
    let halves = signature.to_bytes();
    let number = |half: &[u8]| der(2, &[&[0], half].concat());
    let value = sequence(&[
        to_sign,
        der(4, &certificate(&key)),
        der(6, &SM2_WITH_SM3),
        bits(&sequence(&[number(&halves[..32]), number(&halves[32..])])),
    ]);
    all.push((
        "Signs/list.xml".to_owned(),
        b"<Signatures><Signature ID=\"1\" BaseLoc=\"one.xml\"/></Signatures>".to_vec(),
    ));
    all.push(("Signs/one.xml".to_owned(), description.into_bytes()));
    all.push(("Signs/value.dat".to_owned(), value));
    all
}

pub fn packed(all: &[(String, Vec<u8>)]) -> Vec<u8> {
    let all: Vec<(&str, &[u8])> = all.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    zip(&all)
}
