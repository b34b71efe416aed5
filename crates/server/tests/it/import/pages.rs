//! The pages: templates, a look, the import, the rejected rows to be mended.

use reqwest::multipart::{Form, Part};

use super::{export, take};
use crate::world::{Answer, Client, on_both};

async fn upload(client: &Client, kind: &str, name: &str, file: &str) -> Answer {
    let part = Part::bytes(file.as_bytes().to_vec()).file_name(name.to_owned());
    let form = Form::new().text("kind", kind.to_owned()).part("file", part);
    let request = client.http.post(format!("{}/settings/import", client.base));
    client.send(request.multipart(form)).await
}

#[test]
fn a_file_is_looked_at_imported_and_its_rejected_rows_mended() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let start = ange.get("/settings/import?kind=people").await.expect(200).text;
        assert!(
            start.contains("<option value=\"people\" selected>人员</option>"),
            "{start}"
        );
        assert!(
            start.contains("/settings/export/people?format=csv&amp;empty=true"),
            "{start}"
        );
        let template = ange.get("/settings/export/people?empty=true").await.expect(200);
        assert_eq!(
            template.text.trim_start_matches('\u{feff}'),
            "工号,姓名,邮箱,语言,在职\r\n"
        );
        assert_eq!(
            template.headers["content-disposition"],
            "attachment; filename=\"people.csv\""
        );
        let table = "工号,姓名,邮箱,备注\nN-1,<b>甲</b>,a@example.com,\nN-2,乙,nowhere,=1+1\n";
        let sent = upload(&ange, "people", "C:\\tables\\<i>人员.csv", table)
            .await
            .expect(303);
        let at = sent.headers["location"].to_str().expect("an address").to_owned();
        let page = ange.get(&at).await.expect(200).text;
        for words in ["&lt;i&gt;人员.csv", "导入 1 行", "未识别的列：备注", "nowhere", "邮箱"] {
            assert!(
                page.contains(&words.replace("&lt;", "&#60;").replace("&gt;", "&#62;")),
                "{words}: {page}"
            );
        }
        assert!(!page.contains("<i>人员"), "{page}");
        let people = String::from_utf8(export(&ange, "people", "csv").await).expect("UTF-8");
        assert!(!people.contains("N-1"), "a look changes nothing");
        ange.form(&at, &[]).await.expect(303);
        let page = ange.get(&at).await.expect(200).text;
        assert!(page.contains("导入完成") && !page.contains("导入 1 行"), "{page}");
        ange.form(&at, &[]).await.expect(409);
        let rejected = ange.get(&format!("{at}/rejected")).await.expect(200).text;
        assert_eq!(
            rejected,
            "工号,姓名,邮箱,备注,原因与改法\r\nN-2,乙,nowhere,'=1+1,邮箱: 不是邮箱地址，请写成 name@example.com\r\n"
        );
        let mended = rejected.replace("nowhere", "b@example.com");
        let report = take(&ange, "people", mended).await;
        assert_eq!(
            (&report["create"], &report["refused"]),
            (&1.into(), &0.into()),
            "{report:#}"
        );
        let failed = upload(&ange, "people", "x.csv", "工号\n1\n").await.expect(422);
        assert!(failed.text.contains("邮箱"), "{}", failed.text);
        let audit = world.as_("audit").await.get("/api/v1/audit").await.expect(200).text;
        assert!(audit.contains("import:people"), "{audit}");
    });
}

#[test]
fn salesops_sees_records_alone() {
    on_both(|world| async move {
        let page = world.as_("ops").await.get("/settings/import").await.expect(200).text;
        assert!(
            page.contains("value=\"accounts\"") && !page.contains("value=\"people\""),
            "{page}"
        );
        let home = world.as_("wang").await.get("/settings").await;
        assert!(!home.text.contains("/settings/import"));
    });
}
