//! The one layout of all notices, as text and as HTML. Escapes everything; knows no kinds of notice.
