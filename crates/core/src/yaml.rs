//! What the reader of YAML says of a text that it cannot read, in both languages: where, what, and how to mend it.
//!
//! Its sentences are those of libyaml and of serde. One that is not known here stays as it is, behind the place.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::words::Text;

/// What is wrong with the grammar: what the reader says, and that in Chinese and in plain English.
const GRAMMAR: [(&str, &str, &str); 21] = [
    (
        "mapping values are not allowed in this context",
        "此处不能再有“键: 值”：请检查上一行的缩进和冒号，含冒号的文字请加引号",
        "a second `key: value` cannot stand here: look at the indentation and the colon before, and put text with a colon in quotes",
    ),
    (
        "did not find expected key",
        "此处应是与上面对齐的键：请检查缩进，以及引号和括号是否成对",
        "a key in line with those above is expected here: look at the indentation, and whether quotes and brackets are closed",
    ),
    (
        "did not find expected '-' indicator",
        "此处应是以“- ”开头、与上面对齐的列表项：请检查缩进",
        "an item that begins with `- ` in line with those above is expected here: look at the indentation",
    ),
    (
        "did not find expected node content",
        "此处缺少值：请补上，或删去多余的逗号或符号",
        "a value is missing here: write it, or take out the comma or sign too many",
    ),
    (
        "did not find expected ',' or ']'",
        "方括号内缺少逗号，或没有用 ] 结束",
        "a comma is missing between square brackets, or the ] that ends them",
    ),
    (
        "did not find expected ',' or '}'",
        "花括号内缺少逗号，或没有用 } 结束",
        "a comma is missing between braces, or the } that ends them",
    ),
    (
        "could not find expected ':'",
        "键之后缺少冒号：请写成“键: 值”，冒号后加空格",
        "a colon is missing after a key: write `key: value`, with a space after the colon",
    ),
    (
        "found a tab character",
        "缩进不能用制表符：请改用空格",
        "indent with spaces, not with tabs",
    ),
    (
        "found character that cannot start any token",
        "值不能以此字符开头（如 @、`、%、制表符）：请加引号，缩进请用空格",
        "a value cannot begin with this character (such as @, `, % or a tab): put it in quotes, and indent with spaces",
    ),
    (
        "found unexpected end of stream",
        "引号没有成对：请在文字后补上引号",
        "a quotation mark is not closed: put one after the text",
    ),
    (
        "found unexpected document indicator",
        "引号没有成对，或有多余的 --- 或 ...：请检查",
        "a quotation mark is not closed, or there is a --- or ... too many",
    ),
    (
        "block sequence entries are not allowed in this context",
        "此处不能有列表项：请把“- ”另起一行并缩进",
        "an item cannot stand here: put the `- ` on a line of its own, indented",
    ),
    (
        "mapping keys are not allowed in this context",
        "此处不能有键：请检查缩进",
        "a key cannot stand here: look at the indentation",
    ),
    (
        "found unknown escape character",
        "双引号内有不认识的反斜线转义：请改用单引号，或写两个反斜线",
        "a backslash between double quotes is not understood: use single quotes, or two backslashes",
    ),
    (
        "found undefined tag handle",
        "不认识这个以 ! 开头的标记",
        "the tag after ! is not known",
    ),
    (
        "did not find expected alphabetic or numeric character",
        "& 或 * 之后应是名称：作文字用时请加引号",
        "a name is expected after & or *: put it in quotes if it is text",
    ),
    (
        "unknown anchor",
        "* 之后的名称没有定义：作文字用时请加引号",
        "what follows * is defined nowhere: put it in quotes if it is text",
    ),
    (
        "control characters are not allowed",
        "含有看不见的控制字符：请删除后重新输入",
        "there is a control character, which cannot be seen: take it out",
    ),
    (
        "did not find expected <document start>",
        "文本之后还有别的内容：请检查缩进，只保留一份文本",
        "something follows the text: look at the indentation, and keep one text",
    ),
    (
        "deserializing from YAML containing more than one document",
        "有多份以 --- 分开的文本：只能保留一份",
        "there is more than one text, divided by ---: keep one",
    ),
    ("EOF while parsing a value", "文本是空的", "the text is empty"),
];

/// Reads a text. What is wrong with its grammar is said before what does not fit, since that may be wrong because of it.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_norway::Error> {
    serde_norway::from_str(text).map_err(|unfit| {
        let grammar = serde_norway::from_str::<IgnoredAny>(text).err();
        grammar.unwrap_or(unfit)
    })
}

/// What was wrong with a text, with its line and column from 1.
pub fn said(error: &serde_norway::Error) -> Text {
    let whole = error.to_string();
    // Places are told once, before the words.
    let message = whole.split(" at line ").next().unwrap_or(&whole);
    let known = GRAMMAR.iter().find(|(says, ..)| message.contains(says));
    let text = match known {
        Some((_, zh, en)) => Text::of(*zh, *en),
        None => Text::of(shape(message).unwrap_or_else(|| message.to_owned()), message),
    };
    match error.location() {
        Some(at) => Text::of(
            format!("第 {} 行第 {} 列：{}", at.line(), at.column(), text.zh),
            format!("line {}, column {}: {}", at.line(), at.column(), text.en),
        ),
        None => text,
    }
}

/// What does not fit, in Chinese, with the path before it; none where the sentence is not known.
fn shape(message: &str) -> Option<String> {
    const BEGINS: [&str; 8] = [
        "missing field ",
        "unknown field ",
        "unknown variant ",
        "duplicate field ",
        "duplicate entry with key ",
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
    ];
    let (at, begins) = BEGINS.iter().find_map(|b| Some((message.find(b)?, *b)))?;
    let path = message[..at].trim_end_matches(": ");
    let rest = &message[at + begins.len()..];
    let (what, expected) = match rest
        .split_once(", expected ")
        .or_else(|| rest.split_once(", there are "))
    {
        Some((what, expected)) => (what, Some(expected)),
        None => (rest, None),
    };
    let choice = expected.map(|e| {
        e.trim_start_matches("one of ")
            .replace(" or ", "、")
            .replace(", ", "、")
    });
    let or = |zh: &str| choice.as_ref().map(|c| format!("{zh}{c}")).unwrap_or_default();
    let text = match begins {
        "missing field " => format!("缺少 {what}"),
        "unknown field " => format!("不认识的键 {what}{}", or("，应为 ")),
        "unknown variant " => format!("不认识的值 {what}{}", or("，应为 ")),
        "duplicate field " | "duplicate entry with key " => format!("{what} 写了两次"),
        "invalid length " => format!("项数不对：有 {what} 项{}", or("，应为 ")),
        _ => {
            let should = expected.map(|e| format!("，应为{}", kind(e))).unwrap_or_default();
            format!("{} 不合适{should}", kind(what))
        }
    };
    Some(if path.is_empty() {
        text
    } else {
        format!("{path}：{text}")
    })
}

/// A kind of value as people call it, with the value itself behind it; what is not known stays.
fn kind(text: &str) -> String {
    const KINDS: [(&str, &str); 15] = [
        ("a sequence", "列表"),
        ("sequence", "列表"),
        ("a map", "“键: 值”"),
        ("map", "“键: 值”"),
        ("struct ", "“键: 值”"),
        ("a string", "文字"),
        ("string", "文字"),
        ("a boolean", " true 或 false"),
        ("boolean", "是否值"),
        ("floating point", "小数"),
        ("integer", "整数"),
        ("unit value", "空值"),
        ("unit", "空值"),
        ("u", "非负整数"),
        ("i", "整数"),
    ];
    let is = |code: &str| match code {
        "u" | "i" => text
            .strip_prefix(code)
            .is_some_and(|n| n.parse::<u8>().is_ok() || n == "size"),
        "struct " => text.starts_with(code),
        code => {
            let rest = text.strip_prefix(code);
            rest.is_some_and(|r| r.is_empty() || r.starts_with(' '))
        }
    };
    let Some((code, zh)) = KINDS.iter().find(|(code, _)| is(code)) else {
        return format!(" {text}");
    };
    let value = text[code.len()..].trim();
    if value.is_empty() || matches!(*code, "u" | "i" | "struct ") {
        (*zh).to_owned()
    } else {
        format!("{zh} {value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Flow, FlowError};

    fn of(text: &str) -> Text {
        match Flow::read(text) {
            Err(FlowError::Shape(error)) => said(&error),
            other => panic!("{text:?} is read: {other:?}"),
        }
    }

    const HEAD: &str = "id: f\nversion: 1\nname: { zh: 甲, en: A }\n";

    #[test]
    fn each_mistake_of_grammar_is_told_in_both_languages_where_it_is() {
        for (text, place, zh) in [
            ("id: a: b\n", "第 1 行第 6 列", "加引号"),
            ("id: f\n version: 1\n", "第 2 行", "缩进"),
            ("steps:\n  - id: a\n    id\n  - b\n", "第 ", "冒号"),
            ("id: [a, b\nversion: 1\n", "第 ", "] 结束"),
            ("id: { a: 1\nversion: 2 }\nx: y: z\n", "第 ", ""),
            ("id: \"f\nversion: 1\n", "第 ", "引号"),
            ("id: f\nsteps:\n\t- id: a\n", "第 3 行", "空格"),
            ("id: @f\n", "第 1 行第 5 列", "加引号"),
            ("id: *f\n", "第 1 行", "没有定义"),
            ("id: \"\\q\"\n", "第 1 行", "反斜线"),
            ("", "", "缺少 `id`"),
            ("--- 1\n--- 2\n", "", "只能保留一份"),
        ] {
            let told = of(text);
            assert!(told.zh.starts_with(place) && told.zh.contains(zh), "{text:?}: {told:?}");
            assert!(place.is_empty() || told.en.starts_with("line "), "{told:?}");
            assert!(!told.en.contains(" at line "), "the place stands once: {told:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_the_key() {
        for (text, zh) in [
            (HEAD.to_owned(), "缺少 `steps`"),
            (format!("{HEAD}steps: []\nstep: []\n"), "不认识的键 `step`，应为 `"),
            (format!("{HEAD}steps: 3\n"), "整数 `3` 不合适，应为列表"),
            (format!("{HEAD}id: g\nsteps: []\n"), "写了两次"),
            (
                format!("{HEAD}settings: {{ same_person: twice }}\nsteps: []\n"),
                "不认识的值 `twice`，应为 `",
            ),
        ] {
            let told = of(&text);
            assert!(told.zh.contains(zh), "{text:?}: {told:?}");
        }
    }

    #[test]
    fn what_is_not_known_keeps_the_words_of_the_reader() {
        let step = format!("{HEAD}steps: [{{ id: a, name: {{ zh: 甲, en: A }} }}]\n");
        let told = of(&step);
        assert!(told.zh.starts_with("第 ") && told.zh.contains("`who`"), "{told:?}");
    }
}
