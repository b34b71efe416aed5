//! What goes wrong with Tryton's Web Service, played with envelopes recorded from Tryton 8.2.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use outlay_connect::{
    Connector, Error, Guard, Mapping, Object,
    http::Limits,
    manifest,
    tryton::{Place, Tryton},
};

/// A session, and no more than its numbers.
const LOGIN: &str = "<array><data>\n<value><int>10</int></value>\n<value><string>TOKEN</string></value>\n<value><nil/></value></data></array>";
const NO_ROWS: &str = "<array><data>\n</data></array>";

fn result(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n</methodResponse>\n"
    )
}

fn fault(code: u8, text: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
         <value><int>{code}</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
         <value><string>{text}</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
    )
}

/// Logs everybody in, each time with another token, and otherwise gives these answers, one by one.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Crm>>);

#[derive(Default)]
struct Crm {
    answers: VecDeque<(u16, &'static str, String)>,
    logins: usize,
    calls: Vec<(String, String)>,
}

impl Fake {
    fn with(answers: impl IntoIterator<Item = (u16, &'static str, String)>) -> Fake {
        let crm = Crm {
            answers: answers.into_iter().collect(),
            ..Crm::default()
        };
        Fake(Arc::new(Mutex::new(crm)))
    }

    async fn connect(&self) -> Tryton {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/crm/rpc/", post(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let place = Place {
            xmlrpc: Some("王芳".into()),
            limits: Limits {
                total: Duration::from_secs(5),
                max_body: 1 << 20,
                ..Limits::default()
            },
            ..Place::new(format!("http://{address}"), "crm", "pass<word>")
        };
        Tryton::new(place, Mapping::new(), &Guard::allowing(["127.0.0.1"])).expect("a connector")
    }
}

async fn answer(State(fake): State<Fake>, headers: HeaderMap, body: String) -> Response {
    let mut crm = fake.0.lock().expect("the lock");
    let xml = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    if body.contains("<methodName>common.db.login</methodName>") {
        assert!(
            body.contains("<string>王芳</string>") && body.contains("<string>pass&lt;word&gt;</string>"),
            "{body}"
        );
        crm.logins += 1;
        let token = format!("token{}", crm.logins);
        return (xml, result(&LOGIN.replace("TOKEN", &token))).into_response();
    }
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    crm.calls.push((given.unwrap_or_default().to_owned(), body));
    let (status, kind, text) = crm.answers.pop_front().unwrap_or((200, "text/xml", result(NO_ROWS)));
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn first_error(status: u16, kind: &'static str, text: String) -> Error {
    let fake = Fake::with([(status, kind, text)]);
    let tryton = fake.connect().await;
    let error = tryton.pull(Object::Deal, None, 10).await.expect_err("a fault");
    for secret in ["pass<word>", "secret", "Traceback"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
    error
}

#[tokio::test]
async fn a_session_that_ended_is_followed_by_another() {
    let fake = Fake::with([(401, "text/plain", String::new())]);
    let tryton = fake.connect().await;
    let page = tryton.pull(Object::Deal, None, 10).await.expect("a page");
    assert!(page.done && page.records.is_empty());
    let crm = fake.0.lock().expect("the lock");
    assert_eq!(crm.logins, 2);
    let session = |n: u8| format!("Session {}", STANDARD.encode(format!("王芳:10:token{n}")));
    assert_eq!([&crm.calls[0].0, &crm.calls[1].0], [&session(1), &session(2)]);
    assert!(
        crm.calls[1]
            .1
            .contains("<methodName>model.sale.opportunity.search_read</methodName>")
    );
}

#[tokio::test]
async fn a_session_that_is_never_taken_ends_the_pull() {
    let fake = Fake::with(vec![(401, "text/plain", String::new()); 3]);
    let tryton = fake.connect().await;
    let error = tryton.pull(Object::Deal, None, 10).await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)), "{error}");
}

#[tokio::test]
async fn faults_are_told_in_words_and_the_inside_is_not_shown() {
    let refused = first_error(
        200,
        "text/xml",
        fault(1, "You are not allowed to read &quot;Sale Opportunity&quot;. - "),
    )
    .await;
    assert_eq!(
        refused,
        Error::Refused {
            status: 400,
            text: "You are not allowed to read \"Sale Opportunity\".".into()
        }
    );
    // The question that follows – whether the module lacks – finds that it does.
    let inside = first_error(200, "text/xml", fault(255, "'sale.opportunity' secret")).await;
    assert!(
        matches!(&inside, Error::Setup(t) if t.contains("lacks the module sale_opportunity")),
        "{inside}"
    );
    assert!(first_error(200, "text/xml", fault(4, "modified")).await.is_transient());
    let forbidden = first_error(403, "text/html", "<h1>Forbidden</h1> secret".into()).await;
    assert!(matches!(forbidden, Error::Refused { status: 403, .. }), "{forbidden}");
    assert!(first_error(429, "text/html", String::new()).await.is_transient());
}

#[tokio::test]
async fn broken_envelopes_are_called_by_their_name() {
    let says = |error: &Error, what: &str| matches!(error, Error::Broken(t) if t.contains(what));
    let page = first_error(200, "text/html", "<form>password</form>".into()).await;
    assert!(says(&page, "log-in page"), "{page}");
    let laughs = "<!DOCTYPE l [<!ENTITY a 'secret'>]><methodResponse/>";
    let laughs = first_error(200, "text/xml", laughs.into()).await;
    assert!(says(&laughs, "document type"), "{laughs}");
    let deep = first_error(200, "text/xml", result(&"<array><data><value>".repeat(9000))).await;
    assert!(says(&deep, "too deep"), "{deep}");
    let flood = first_error(200, "text/xml", " ".repeat(3 << 20)).await;
    assert!(says(&flood, "more than 1 MB"), "{flood}");
    let cut = first_error(200, "text/xml", result(NO_ROWS)[..60].into()).await;
    assert!(says(&cut, "ends or breaks"), "{cut}");
    let row = "<array><data><value><struct><member><name>id</name><value><int>1</int></value></member></struct></value></data></array>";
    let lacking = first_error(200, "text/xml", result(row)).await;
    assert!(says(&lacking, "last_modified_at"), "{lacking}");
}

#[test]
fn the_way_is_chosen_by_the_settings() {
    let open = |way: &str, login: &str| {
        let entered = [
            ("url", "http://127.0.0.1:1"),
            ("database", "crm"),
            ("key", "k"),
            ("way", way),
            ("login", login),
        ];
        let settings = entered.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        manifest::open("tryton", &settings, &Mapping::new(), &Guard::allowing(["127.0.0.1"])).map(drop)
    };
    assert_eq!(open("", ""), Ok(()));
    assert_eq!(open("xmlrpc", "outlay"), Ok(()));
    assert!(matches!(open("xmlrpc", ""), Err(Error::Setup(t)) if t.contains("login")));
    assert!(matches!(open("soap", ""), Err(Error::Setup(t)) if t.contains("way")));
}
