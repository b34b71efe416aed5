//! Making things findable.

use std::collections::{BTreeSet, HashMap};

use super::grams;
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// Most things in a block: the more, the fewer rows a bigram takes, and the more texts are looked through for it.
const BLOCK: usize = 250;

/// A thing to find.
#[derive(Debug, Clone)]
pub struct Thing<'t> {
    /// Its id.
    pub id: String,
    /// What it is found by; nothing makes it unfindable.
    pub texts: Vec<&'t str>,
}

/// Makes a thing findable by `texts`, in place of what it was findable by.
pub async fn index(sql: &mut Sql, object: &str, id: &str, texts: &[&str]) -> Result<(), Error> {
    let texts = texts.to_vec();
    let id = id.to_owned();
    index_all(sql, object, &[Thing { id, texts }]).await
}

/// As [`index`], of many things, each of which comes once.
pub async fn index_all(sql: &mut Sql, object: &str, things: &[Thing<'_>]) -> Result<(), Error> {
    for some in things.chunks(BLOCK) {
        block(sql, object, some).await?;
    }
    Ok(())
}

async fn block(sql: &mut Sql, object: &str, things: &[Thing<'_>]) -> Result<(), Error> {
    let known = known(sql, things).await?;
    let new = i64::from_be_bytes(rand::random()) >> 1;
    let (mut texts, mut changes) = (Vec::new(), Vec::new());
    let mut pairs: BTreeSet<(i64, String)> = BTreeSet::new();
    for thing in things {
        let wanted: BTreeSet<String> = thing.texts.iter().flat_map(|t| grams(t)).collect();
        let text = joined(&wanted);
        match known.get(&thing.id) {
            Some((_, before)) if *before == text => {}
            // A thing stays in its block, where bigrams that nothing holds any more do no harm.
            Some((block, before)) => {
                let held: BTreeSet<&str> = before.split_whitespace().collect();
                let lacking = wanted.iter().filter(|g| !held.contains(g.as_str()));
                pairs.extend(lacking.map(|g| (*block, g.clone())));
                changes.push(args![&thing.id, text]);
            }
            None if wanted.is_empty() => {}
            None => {
                pairs.extend(wanted.into_iter().map(|g| (new, g)));
                texts.push(args![&thing.id, object, new, text]);
            }
        }
    }
    sql.insert_all("search_text", &["id", "object", "block", "grams"], texts, "")
        .await?;
    sql.update_all("search_text", &["grams"], &[], changes).await?;
    let rows: Vec<Vec<Value>> = pairs
        .into_iter()
        .map(|(block, gram)| args![gram, object, block])
        .collect();
    sql.insert_all(
        "search_gram",
        &["gram", "object", "block"],
        rows,
        "ON CONFLICT (gram, object, block) DO NOTHING",
    )
    .await?;
    Ok(())
}

/// Block and bigrams of those that are findable already.
async fn known(sql: &mut Sql, things: &[Thing<'_>]) -> Result<HashMap<String, (i64, String)>, Error> {
    let text = format!(
        "SELECT id, block, grams FROM search_text WHERE id {}",
        dialect::among(sql, 1)
    );
    let ids = dialect::texts(things.iter().map(|t| t.id.as_str()));
    let rows: Vec<(String, i64, String)> = sql.all_built(text, vec![ids]).await?;
    Ok(rows
        .into_iter()
        .map(|(id, block, grams)| (id, (block, grams)))
        .collect())
}

/// Each between spaces.
fn joined(grams: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for gram in grams {
        text.push(' ');
        text.push_str(gram);
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text
}
