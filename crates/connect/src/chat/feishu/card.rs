//! A card as 飞书 takes it: 卡片 JSON 2.0. Texts are plain, so that nobody's title becomes markup.

use serde_json::{Value, json};

use crate::chat::{Act, Ask, Card, Tone};

/// Most signs of one text; a card may have 30 KB in all.
const MOST: usize = 300;

fn plain(text: &str) -> Value {
    let cut: String = text.chars().take(MOST).collect();
    json!({ "tag": "plain_text", "content": cut })
}

/// The card.
pub(super) fn json(card: &Card) -> Value {
    let template = match card.tone {
        Tone::Asks => "blue",
        Tone::Good => "green",
        Tone::Bad => "red",
        Tone::Warn => "orange",
        Tone::Over => "grey",
    };
    let mut elements: Vec<Value> = card
        .facts
        .iter()
        .map(|(word, value)| json!({ "tag": "div", "text": plain(&format!("{word}  {value}")) }))
        .collect();
    if let Some(note) = &card.note {
        elements.push(json!({ "tag": "hr" }));
        elements.push(json!({ "tag": "div", "text": plain(note) }));
    }
    elements.extend(card.ask.as_ref().map(form));
    let (words, url) = &card.open;
    elements.push(json!({
        "tag": "button",
        "type": "default",
        "text": plain(words),
        "behaviors": [{ "type": "open_url", "default_url": url }],
    }));
    json!({
        "schema": "2.0",
        // A card that changes is a shared one; one that asks somebody is not passed on.
        "config": { "update_multi": true, "enable_forward": false, "summary": { "content": plain(&card.title)["content"] } },
        "header": { "title": plain(&card.title), "template": template },
        "body": { "elements": elements },
    })
}

fn form(ask: &Ask) -> Value {
    let button = |act: Act, words: &str, look: &str| {
        json!({
            "tag": "button",
            "name": act.code(),
            "type": look,
            "text": plain(words),
            "form_action_type": "submit",
            "behaviors": [{ "type": "callback", "value": { "act": act.code(), "task": ask.task, "hash": ask.hash } }],
        })
    };
    json!({
        "tag": "form",
        "name": "decide",
        "elements": [
            { "tag": "input", "name": "reason", "placeholder": plain(&ask.reason), "max_length": 500, "width": "fill" },
            button(Act::Approve, &ask.approve, "primary"),
            button(Act::Reject, &ask.reject, "danger"),
        ],
    })
}
