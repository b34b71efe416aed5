//! Whether all is there that a full service needs.

use super::{Fxiaoke, manifest, source, write};
use crate::{
    canonical::Object,
    connector::{Error, Ready},
};

impl Fxiaoke {
    pub(super) async fn readiness(&self) -> Result<Ready, Error> {
        let mut warnings = Vec::new();
        // The first question tells whether the keys are taken; what follows is about single objects.
        self.fields("AccountObj").await?;
        for object in manifest().objects.iter().map(|o| o.object) {
            for name in source::names(object, self.project.as_deref()) {
                match self.query(object, name, &[], "_id", 1).await {
                    Ok(_) => {}
                    Err(Error::Auth(text) | Error::Refused { text, .. }) => {
                        warnings.push(format!(
                            "this user may not read 纷享销客's {name}, or it is not there: {object} is not complete ({text})"
                        ));
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                if matches!(object, Object::Account | Object::Deal) {
                    let lacking = self.lacking(name).await?;
                    if !lacking.is_empty() {
                        warnings.push(write::advice(name, &lacking));
                    }
                }
            }
        }
        if !self.probe().await? {
            warnings.push(
                "纷享销客 does not find 销售记录 by their content: no note is written with a deal or a customer, the cost \
                 figures are"
                    .into(),
            );
        }
        Ok(Ready { warnings })
    }
}
