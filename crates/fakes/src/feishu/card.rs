//! What a card may be, as far as the documentation of 卡片 JSON 2.0 says it of the parts that are used.

use std::collections::BTreeSet;

use serde_json::Value;

/// The card in the text of a message, if it is one.
pub(super) fn read(content: &Value) -> Option<Value> {
    let text = content.as_str().filter(|t| t.len() <= 30 * 1024)?;
    let card: Value = serde_json::from_str(text).ok()?;
    check(&card).ok().map(|()| card)
}

/// What is wrong with a card.
pub(super) fn check(card: &Value) -> Result<(), String> {
    if card["schema"] != "2.0" || card["config"]["update_multi"] != true {
        return Err("no shared card of 2.0".into());
    }
    text(&card["header"]["title"])?;
    let mut names = BTreeSet::new();
    for element in card["body"]["elements"].as_array().ok_or("no elements")? {
        part(element, false, &mut names)?;
    }
    Ok(())
}

fn text(value: &Value) -> Result<(), String> {
    let sound = value["tag"] == "plain_text" && value["content"].as_str().is_some_and(|t| !t.is_empty());
    sound.then_some(()).ok_or_else(|| format!("no text: {value}"))
}

fn part(value: &Value, in_form: bool, names: &mut BTreeSet<String>) -> Result<(), String> {
    let mut name = || match value["name"].as_str() {
        Some(name) if names.insert(name.to_owned()) => Ok(()),
        _ => Err(format!("a name that is missing or not the only one: {value}")),
    };
    match value["tag"].as_str().unwrap_or_default() {
        "div" => text(&value["text"]),
        "hr" => Ok(()),
        "input" if in_form => name().and_then(|()| text(&value["placeholder"])),
        "button" => {
            text(&value["text"])?;
            if in_form {
                name()?;
            }
            let submits = value["form_action_type"] == "submit";
            match value["behaviors"][0]["type"].as_str() {
                Some("callback") if submits == in_form && value["behaviors"][0]["value"].is_object() => Ok(()),
                Some("open_url") if value["behaviors"][0]["default_url"].is_string() => Ok(()),
                _ => Err(format!("a button that does nothing: {value}")),
            }
        }
        // A form stands at the root alone.
        "form" if !in_form => {
            name()?;
            let elements = value["elements"].as_array().ok_or("an empty form")?.clone();
            elements.iter().try_for_each(|element| part(element, true, names))
        }
        other => Err(format!("{other} has no place here")),
    }
}
