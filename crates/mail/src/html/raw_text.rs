//! Which elements contain no markup. Knows no page.

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TokenSinkResult};

/// Elements whose content is not markup (HTML §13.2.6.2 ff.). Authors mean `<title/>` and the like as empty;
/// browsers read it as unclosed and show an empty page.
pub(super) fn next_state(tag: &Tag) -> TokenSinkResult<()> {
    match &*tag.name {
        _ if tag.self_closing => TokenSinkResult::Continue,
        "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}
