//! Finding by any two characters: one table of bigrams, so that two hanzi are enough on both databases.

mod pages;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use pages::Api;

use crate::app::App;
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// The bigrams of a text, folded to lower case; single characters stand for words of one.
fn grams(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        let chars: Vec<char> = word.chars().collect();
        match chars.as_slice() {
            [] => {}
            [one] => {
                all.insert(one.to_string());
            }
            many => all.extend(many.windows(2).map(|w| w.iter().collect::<String>())),
        }
    }
    all
}

/// Makes a thing findable by `texts`, replacing what it was findable by.
pub async fn index(sql: &mut Sql, object: &str, id: &str, texts: &[&str]) -> Result<(), Error> {
    sql.run(
        "DELETE FROM search_gram WHERE object = $1 AND id = $2",
        args![object, id],
    )
    .await?;
    let all: Vec<String> = texts
        .iter()
        .flat_map(|t| grams(t))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    for part in all.chunks(150) {
        let text = format!(
            "INSERT INTO search_gram (gram, object, id) VALUES {}",
            dialect::rows(part.len(), 3)
        );
        let values: Vec<Value> = part.iter().flat_map(|g| args![g, object, id]).collect();
        sql.run_built(text, values).await?;
    }
    Ok(())
}

/// Ids of `object` that contain every bigram of `words`, newest ids first, at most `limit`.
pub async fn find(sql: &mut Sql, object: &str, words: &str, limit: u32) -> Result<Vec<String>, Error> {
    let wanted: Vec<String> = grams(words).into_iter().take(20).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT id FROM search_gram WHERE object = $1 AND gram IN ({}) GROUP BY id HAVING COUNT(*) = $2 ORDER BY id DESC LIMIT $3",
        dialect::list(4, wanted.len())
    );
    let mut values = args![object, wanted.len(), limit];
    values.extend(wanted.iter().map(Value::from));
    let rows: Vec<(String,)> = sql.all_built(text, values).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The ids of `object` that contain every bigram of `words`, as a query to stand after `IN`, with its values, the
/// first of which is `$first`; none if there are no words.
pub fn matching(object: &str, words: &str, first: usize) -> Option<(String, Vec<Value>)> {
    let wanted: Vec<String> = grams(words).into_iter().take(20).collect();
    if wanted.is_empty() {
        return None;
    }
    let text = format!(
        "(SELECT id FROM search_gram WHERE object = ${first} AND gram IN ({}) GROUP BY id HAVING COUNT(*) = ${})",
        dialect::list(first + 2, wanted.len()),
        first + 1
    );
    let mut values = args![object, wanted.len()];
    values.extend(wanted.iter().map(Value::from));
    Some((text, values))
}

/// What the palette finds.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/search", get(pages::fragment))
        .route("/api/v1/search", get(pages::data))
}
