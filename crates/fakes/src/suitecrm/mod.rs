//! A small SuiteCRM: its SOAP service v4_1 over records in memory, as far as a connector asks for them. Requests that do
//! not fit its WSDL are refused as its SOAP server refuses them, and are kept to be looked at.

mod db;
mod methods;
mod sql;
mod wsdl;
mod xml;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;

pub use db::{Db, Module, Row};

use self::methods::Refusal;
use crate::faults::{self, Fault, Faults};

/// The user that it takes.
pub const USER: &str = "wang.fang";
/// That user's password.
pub const PASSWORD: &str = "the-password-of-the-fake";
/// Its MD5, taken by another program.
const PASSWORD_MD5: &str = "3efc9b20d226e43ef9ece6bf25652e87";
const XML: &str = "text/xml; charset=UTF-8";

/// A fake SuiteCRM; clones are the same one.
#[derive(Clone)]
pub struct FakeSuiteCrm {
    db: Arc<Mutex<Db>>,
    unfit: Arc<Mutex<Vec<String>>>,
    address: Arc<Mutex<String>>,
    /// What goes wrong next.
    pub faults: Faults,
}

impl Default for FakeSuiteCrm {
    /// One without records. Its clock stands until somebody moves it.
    fn default() -> Self {
        let faults = Faults::default();
        FakeSuiteCrm {
            db: Arc::new(Mutex::new(Db::new(faults.clone()))),
            unfit: Arc::default(),
            address: Arc::default(),
            faults,
        }
    }
}

impl FakeSuiteCrm {
    /// Its records and clock.
    pub fn db(&self) -> MutexGuard<'_, Db> {
        self.db.lock().expect("no test panics while it holds the records")
    }

    /// What was wrong with the requests that did not fit the WSDL.
    pub fn unfit(&self) -> Vec<String> {
        self.unfit.lock().expect("the list").clone()
    }

    /// Serves on a free port; gives the address.
    pub async fn serve(&self) -> String {
        let router = Router::new()
            .route("/service/v4_1/soap.php", get(describe).post(call))
            .with_state(self.clone());
        let address = faults::serve(router).await;
        address.clone_into(&mut self.address.lock().expect("the address"));
        address
    }

    fn answer(&self, fault: Option<&Fault>, status: u16, xml: &str) -> Response {
        let date = at(self.db().clock).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = HeaderMap::from_iter([(header::DATE, HeaderValue::from_str(&date).expect("a date"))]);
        let status = StatusCode::from_u16(status).expect("a status");
        faults::text(fault, status, headers, XML, xml)
    }

    fn fault(&self, fault: Option<&Fault>, code: &str, text: &str, detail: &str) -> Response {
        let body = format!(
            "<SOAP-ENV:Fault><faultcode xsi:type=\"xsd:string\">{code}</faultcode><faultactor \
             xsi:type=\"xsd:string\"></faultactor><faultstring xsi:type=\"xsd:string\">{}</faultstring><detail \
             xsi:type=\"xsd:string\">{}</detail></SOAP-ENV:Fault>",
            xml::escaped(text),
            xml::escaped(detail)
        );
        self.answer(fault, 500, &envelope(&body))
    }
}

async fn describe(State(fake): State<FakeSuiteCrm>, RawQuery(query): RawQuery) -> Response {
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    if query.as_deref() != Some("wsdl") {
        return "This service provides a WSDL".into_response();
    }
    let (lacking, elsewhere) = {
        let db = fake.db();
        (db.lacking.clone(), db.elsewhere.clone())
    };
    let own = format!("{}/service/v4_1/soap.php", fake.address.lock().expect("the address"));
    fake.answer(fault.as_ref(), 200, &wsdl::text(&elsewhere.unwrap_or(own), &lacking))
}

async fn call(State(fake): State<FakeSuiteCrm>, headers: HeaderMap, body: String) -> Response {
    let fault = fake.faults.take();
    if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
        return answer;
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let called = match kind.eq_ignore_ascii_case(XML) {
        true => xml::read(&body).and_then(|envelope| wsdl::call(&envelope)),
        false => Err(format!("the content type {kind}")),
    };
    let (operation, args) = match called {
        Ok(called) => called,
        Err(why) => {
            fake.unfit.lock().expect("the list").push(why.clone());
            return fake.fault(fault.as_ref(), "SOAP-ENV:Client", &why, "");
        }
    };
    if fault == Some(Fault::ErrorInOk) {
        let error = "<error xsi:type=\"tns:error_value\"><number>40</number><name>Access Denied</name><description>You do \
                     not have access</description></error>";
        return fake.answer(None, 200, &given(operation, error));
    }
    let done = fake.db().call(operation, &args, fault == Some(Fault::Deaf));
    match done {
        Ok(value) => fake.answer(fault.as_ref(), 200, &given(operation, &value)),
        Err(Refusal(number, text)) => {
            let (name, description) = text.split_once('\u{0}').unwrap_or((&text, ""));
            fake.fault(fault.as_ref(), number, name, description)
        }
    }
}

fn given(operation: &str, value: &str) -> String {
    envelope(&format!(
        "<ns1:{operation}Response xmlns:ns1=\"{}\"><return>{value}</return></ns1:{operation}Response>",
        wsdl::NAMESPACE
    ))
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope \
         SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:SOAP-ENC=\"http://schemas.xmlsoap.org/soap/encoding/\" xmlns:tns=\"{}\">\n<SOAP-ENV:Body>{body}</SOAP-ENV:Body>\
         </SOAP-ENV:Envelope>",
        wsdl::NAMESPACE
    )
}

/// Milliseconds since 1970 as SuiteCRM shows them.
fn text(millis: i64) -> String {
    at(millis).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).expect("a time")
}
