//! Why a CRM could not be read or written, in the reader's language: the kind of the error; what the CRM said of it stays as it is.

use super::words::W;

/// How [`outlay_connect::Error`] begins where it shows itself, and the key of the words for it. Stored texts are of this form.
const KINDS: [(&str, &str); 7] = [
    ("the CRM asks to come back later", "crm-said-busy"),
    ("the CRM cannot be reached: ", "crm-said-unreachable"),
    ("the CRM failed inside ", "crm-said-broke"),
    ("the CRM does not take the key: ", "crm-said-key"),
    ("the CRM refused ", "crm-said-refused"),
    ("the CRM answered in an unknown shape: ", "crm-said-shape"),
    ("the cursor is unusable: ", "crm-said-cursor"),
];

/// An error's text as this reader reads it.
pub fn crm_said(w: W, text: &str) -> String {
    if !w.zh() {
        return text.to_owned();
    }
    if text == "interrupted" {
        return w.t("crm-said-interrupted");
    }
    let kind = KINDS
        .iter()
        .find_map(|(begin, key)| Some((key, text.strip_prefix(begin)?)));
    match kind {
        Some((key, "")) => w.t(key),
        Some((key, detail)) => format!("{}{detail}", w.t(key)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use outlay_connect::Error;
    use outlay_core::words::Lang;

    use super::*;

    #[test]
    fn each_kind_of_error_is_told_in_chinese_with_what_the_crm_said() {
        let detail = || "detail".to_owned();
        let all = [
            (Error::Retry { after: None }, "CRM 要求稍后再来"),
            (Error::Unreachable(detail()), "连接不上 CRM：detail"),
            (Error::Failed { status: 502 }, "CRM 内部出错：(HTTP 502)"),
            (Error::Auth(detail()), "CRM 不接受密钥：detail"),
            (
                Error::Refused {
                    status: 422,
                    text: detail(),
                },
                "CRM 拒绝：(HTTP 422): detail",
            ),
            (Error::Broken(detail()), "CRM 的回答无法理解：detail"),
            (Error::Cursor(detail()), "读取位置不可用：detail"),
            (Error::Setup(detail()), "detail"),
        ];
        for (error, told) in all {
            assert_eq!(crm_said(W(Lang::Zh), &error.to_string()), told);
            assert_eq!(crm_said(W(Lang::En), &error.to_string()), error.to_string());
        }
    }
}
