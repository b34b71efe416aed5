//! One note in the chatter of a record, found by its marker and updated in place.

use serde_json::{Value, json};

use super::{
    Odoo, value,
    write::{gone, or_gone},
};
use crate::connector::{Error, Target, Written};

/// Characters of a note.
const MAX_NOTE: usize = 20_000;

impl Odoo {
    pub(super) async fn write_note(
        &self,
        target: &Target,
        marker: &str,
        revision: u64,
        text: &str,
    ) -> Result<Written, Error> {
        check_marker(marker)?;
        if text.chars().count() > MAX_NOTE {
            return Err(Error::Setup(format!("a note has at most {MAX_NOTE} characters")));
        }
        let (model, id) = self.place_of(target)?;
        let args = json!({ "fields": ["id"] });
        let there = self.rpc.call(model, "read", Some(&[id]), args).await;
        if there.map_err(|e| or_gone(e, target))?.value.get(0).is_none() {
            return Err(gone(target));
        }
        let body = body(marker, revision, text);
        let written = |id: i64, changed| Written {
            external_id: id.to_string(),
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        let found = self.find_notes(model, id, marker).await?;
        // Two tries at once may have posted two: the oldest stays, and others of this marker would mislead.
        if let Some((note, held)) = found.first().copied() {
            for (extra, _) in &found[1..] {
                self.rpc
                    .call("mail.message", "unlink", Some(&[*extra]), json!({}))
                    .await?;
            }
            if held >= revision {
                return Ok(written(note, false));
            }
            let vals = json!({ "vals": { "body": body } });
            self.rpc.call("mail.message", "write", Some(&[note]), vals).await?;
            return Ok(written(note, true));
        }
        let args = json!({
            "body": body,
            "body_is_html": true,
            "message_type": "comment",
            "subtype_xmlid": "mail.mt_note",
            // Who writes costs does not want to follow each deal.
            "context": { "mail_create_nosubscribe": true, "mail_post_autofollow_author_skip": true },
        });
        let posted = self.rpc.call(model, "message_post", Some(&[id]), args).await;
        posted.map_err(|e| or_gone(e, target))?;
        match self.find_notes(model, id, marker).await?.first() {
            Some((note, _)) => Ok(written(*note, true)),
            None => Err(Error::Broken(
                "a note was posted and its marker did not stay: is the key's owner an internal user?".into(),
            )),
        }
    }

    /// Notes of this record that bear `marker`, oldest first, with their revisions.
    async fn find_notes(&self, model: &str, id: i64, marker: &str) -> Result<Vec<(i64, u64)>, Error> {
        let marked = format!("outlay:{marker}:");
        let args = json!({
            "domain": [["model", "=", model], ["res_id", "=", id], ["body", "ilike", marked]],
            "fields": ["body"],
            "order": "id",
        });
        let found = self.rpc.call("mail.message", "search_read", None, args).await?.value;
        let revision = |row: &Value| {
            let after = row["body"].as_str()?.split_once(&marked)?.1;
            let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
            Some((value::id(row)?, digits.parse().ok()?))
        };
        Ok(found.as_array().into_iter().flatten().filter_map(revision).collect())
    }
}

/// Fails if `marker` could not be found again as it is.
pub fn check_marker(marker: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match !marker.is_empty() && marker.len() <= 80 && marker.chars().all(plain) {
        true => Ok(()),
        false => Err(Error::Setup("a marker is 1 to 80 letters, digits, - or .".into())),
    }
}

/// The note as HTML. Its marker hides in an attribute, one of those that Odoo's sanitizer leaves in a message.
pub fn body(marker: &str, revision: u64, text: &str) -> String {
    let mut html = format!("<p data-oe-id=\"outlay:{marker}:{revision}\">");
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            html.push_str("<br>");
        }
        for c in line.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                c => html.push(c),
            }
        }
    }
    html.push_str("</p>");
    html
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_stays_text() {
        assert_eq!(
            super::body("cost.1", 3, "已支付 <b> & \"x\"\n第二行"),
            "<p data-oe-id=\"outlay:cost.1:3\">已支付 &lt;b&gt; &amp; &quot;x&quot;<br>第二行</p>"
        );
    }
}
