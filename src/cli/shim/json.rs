//! `tsm_json_error`, `tsm_json_success`: messages as JSON.

use serde_json::{Map, Value, json};

use super::{Context, Words, answer, given};
use crate::error::Result;

/// `MESSAGE [CODE] [DETAILS]`
pub(super) fn error(mut words: Words, cx: &mut Context) -> Result<u8> {
    let message = words.shift().unwrap_or_default();
    let mut error = Map::from_iter([
        ("message".to_owned(), message.into()),
        ("code".to_owned(), given(&mut words).map_or_else(|| 1.into(), |code| read(&code))),
    ]);
    error.extend(given(&mut words).map(|details| ("details".to_owned(), details.into())));
    answer(Some(format_args!("{:#}", json!({ "success": false, "error": error }))), cx)
}

/// `MESSAGE [JSON]`
pub(super) fn success(mut words: Words, cx: &mut Context) -> Result<u8> {
    let message = words.shift().unwrap_or_default();
    let data = given(&mut words).map_or_else(|| json!({}), |data| read(&data));
    answer(Some(format_args!("{:#}", json!({ "success": true, "message": message, "data": data }))), cx)
}

/// What is no JSON is text.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}
