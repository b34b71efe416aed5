//! Finding by any two characters, so that two hanzi are enough on both databases.
//!
//! Things that came together are a block. A bigram is kept once for each block in which it occurs, and each thing has its
//! bigrams as one text: a bigram leads to the blocks, and the texts tell which things of them hold it.

mod index;
mod pages;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use index::{Thing, index, index_all};
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

/// Ids of `object` that contain every bigram of `words`, newest ids first, at most `limit`.
pub async fn find(sql: &mut Sql, object: &str, words: &str, limit: u32) -> Result<Vec<String>, Error> {
    let Some((ids, mut values)) = matching(object, words, 1) else {
        return Ok(Vec::new());
    };
    values.push(Value::from(limit));
    let text = format!("SELECT f.id FROM {ids} f ORDER BY f.id DESC LIMIT ${}", values.len());
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
    let places = first + 2..first + 2 + wanted.len();
    // A bigram is letters and digits alone, so nothing in it has a meaning for LIKE.
    let held: Vec<String> = places
        .map(|n| format!("t.grams LIKE '% ' || CAST(${n} AS TEXT) || ' %'"))
        .collect();
    let text = format!(
        "(SELECT t.id FROM search_text t WHERE t.object = ${first} AND t.block IN (SELECT g.block FROM search_gram g \
         WHERE g.object = ${first} AND g.gram IN ({}) GROUP BY g.block HAVING COUNT(*) = ${}) AND {})",
        dialect::list(first + 2, wanted.len()),
        first + 1,
        held.join(" AND ")
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
