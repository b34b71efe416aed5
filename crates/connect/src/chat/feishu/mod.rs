//! 飞书 (Feishu, and Lark outside China): cards by the bot of an application that the company made itself.
//!
//! Sources: 飞书开放平台 – 自建应用获取 tenant_access_token, 发送消息, 更新已发送的消息卡片, 通过手机号或邮箱获取用户 ID, 卡片回传交互
//! (`card.action.trigger`), 卡片 JSON 2.0 结构, 表单容器, 将回调发送至开发者服务器, 频控策略; and the official SDKs `larksuite/oapi-sdk-go`
//! and `oapi-sdk-python`. A callback is answered within three seconds and is not sent again by the chat.

mod api;
mod card;
mod hook;

use async_trait::async_trait;
use serde_json::{Value, json};

use self::api::{Api, Said};
use super::{Card, Chat, Contact, Delivery, Kind, Toast};
use crate::{
    connector::{Error, Hook},
    guard::Guard,
    http::{Http, Limits},
    manifest::Settings,
};

/// What there is to say of it.
pub const KIND: Kind = Kind {
    code: "feishu",
    url: "https://open.feishu.cn",
    settings: &["app_id"],
    secrets: &["app_secret", "encrypt_key", "verification_token"],
};

/// The message was recalled, is more than 14 days old, or is gone.
const UNCHANGEABLE: [i64; 3] = [230_011, 230_031, 230_110];

/// A way to 飞书.
pub struct Feishu {
    api: Api,
    keys: hook::Keys,
}

impl Feishu {
    /// Takes `url`, `app_id`, `app_secret`, `encrypt_key` and `verification_token`.
    pub fn new(settings: &Settings, guard: &Guard) -> Result<Feishu, Error> {
        let of = |key: &str| {
            let value = settings.get(key).map(|v| v.trim()).filter(|v| !v.is_empty());
            value
                .map(str::to_owned)
                .ok_or_else(|| Error::Setup(format!("{key} is missing")))
        };
        let url = of("url").unwrap_or_else(|_| KIND.url.to_owned());
        let url = guard.parse(&url).map_err(|e| Error::Setup(e.to_string()))?;
        let limits = Limits {
            total: std::time::Duration::from_secs(30),
            max_body: 1 << 20,
            ..Limits::default()
        };
        let app = (of("app_id")?, of("app_secret")?);
        Ok(Feishu {
            keys: hook::Keys {
                app: app.0.clone(),
                encrypt: of("encrypt_key")?,
                token: of("verification_token")?,
            },
            api: Api::new(Http::new(guard, limits)?, url, app),
        })
    }
}

#[async_trait]
impl Chat for Feishu {
    async fn find(&self, who: &Contact<'_>) -> Result<Option<String>, Error> {
        let body = match who.mobile {
            Some(mobile) => json!({ "mobiles": [mobile], "include_resigned": false }),
            None => json!({ "emails": [who.email], "include_resigned": false }),
        };
        let path = "open-apis/contact/v3/users/batch_get_id";
        let data = self.api.post(path, &[("user_id_type", "open_id")], &body).await?;
        // Who is unknown comes without an id.
        let found = data["user_list"].as_array().into_iter().flatten();
        let mut ids = found
            .filter_map(|user| user["user_id"].as_str())
            .filter(|id| !id.is_empty());
        Ok(ids.next().map(str::to_owned))
    }

    async fn send(&self, account: &str, card: &Card, key: &str) -> Result<String, Error> {
        let body = json!({
            "receive_id": account,
            "msg_type": "interactive",
            "content": card::json(card).to_string(),
            "uuid": api::short(key),
        });
        let path = "open-apis/im/v1/messages";
        let data = self.api.post(path, &[("receive_id_type", "open_id")], &body).await?;
        let id = data["message_id"].as_str().filter(|id| !id.is_empty());
        id.map(str::to_owned)
            .ok_or_else(|| Error::Broken("a message without message_id".into()))
    }

    async fn update(&self, message: &str, card: &Card) -> Result<bool, Error> {
        let body = json!({ "content": card::json(card).to_string() });
        match self
            .api
            .patch(&format!("open-apis/im/v1/messages/{message}"), &body)
            .await?
        {
            Said::Data(_) => Ok(true),
            Said::No(code, _) if UNCHANGEABLE.contains(&code) => Ok(false),
            Said::No(code, text) => Err(api::error(code, &text)),
        }
    }

    fn receive(&self, hook: &Hook<'_>) -> Result<Delivery, Error> {
        self.keys.receive(hook)
    }

    fn answer(&self, toast: &Toast, card: Option<&Card>) -> Value {
        let kind = if toast.done { "success" } else { "warning" };
        let mut answer = json!({ "toast": { "type": kind, "content": toast.text } });
        if let Some(card) = card {
            answer["card"] = json!({ "type": "raw", "data": card::json(card) });
        }
        answer
    }

    async fn check(&self) -> Result<(), Error> {
        self.api.token().await.map(|_| ())
    }
}
