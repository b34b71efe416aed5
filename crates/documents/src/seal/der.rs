//! The few shapes of DER (X.690) that electronic seals are made of, read within bounds and without copying.

/// One value: its tag, what it holds, and all of its bytes, head and all.
#[derive(Clone, Copy)]
pub(crate) struct Value<'b> {
    pub(crate) tag: u8,
    pub(crate) body: &'b [u8],
    pub(crate) whole: &'b [u8],
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const IA5: u8 = 0x16;
pub(crate) const SET: u8 = 0x31;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The first value of some bytes, and what follows it.
pub(crate) fn first(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = match length {
        short @ 0..=0x7f => (usize::from(short), 2),
        long @ 0x81..=0x84 => {
            let count = usize::from(long & 0x7f);
            let digits = bytes.get(2..2 + count)?;
            let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (length, 2 + count)
        }
        _ => return None,
    };
    let end = head.checked_add(length)?;
    let value = Value {
        tag,
        body: bytes.get(head..end)?,
        whole: &bytes[..end],
    };
    Some((value, &bytes[end..]))
}

impl<'b> Value<'b> {
    /// The values inside; what can't be followed ends them.
    pub(crate) fn inside(self) -> Vec<Value<'b>> {
        let mut rest = self.body;
        let mut values = Vec::new();
        while let Some((value, after)) = first(rest).filter(|_| values.len() < 256) {
            values.push(value);
            rest = after;
        }
        values
    }

    /// The bytes of a bit string that ends at a whole byte, or of octets.
    pub(crate) fn octets(self) -> Option<&'b [u8]> {
        match self.tag {
            OCTETS => Some(self.body),
            BIT_STRING => self.body.strip_prefix(&[0]),
            _ => None,
        }
    }

    /// An object identifier with dots.
    pub(crate) fn oid(self) -> Option<String> {
        if self.tag != OID {
            return None;
        }
        let mut numbers: Vec<u64> = Vec::new();
        let mut number = 0_u64;
        for byte in self.body.iter().take(64) {
            number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                numbers.push(number);
                number = 0;
            }
        }
        let (lead, rest) = numbers.split_first()?;
        let top = (lead / 40).min(2);
        let mut text = format!("{top}.{}", lead - top * 40);
        for number in rest {
            text.push_str(&format!(".{number}"));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_fit_what_is_there() {
        let (value, rest) = first(&[0x30, 3, 2, 1, 5, 9]).expect("a sequence");
        assert_eq!((value.tag, rest), (SEQUENCE, &[9][..]));
        assert_eq!(value.inside()[0].body, [5]);
        for bad in [
            &[0x30, 4, 2, 1, 5][..],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x80],
            &[0x30],
        ] {
            assert!(first(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn object_identifiers_are_read() {
        let sm2_with_sm3 = [6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];
        let (value, _) = first(&sm2_with_sm3).expect("an identifier");
        assert_eq!(value.oid().as_deref(), Some("1.2.156.10197.1.501"));
    }
}
