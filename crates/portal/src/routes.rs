//! The one table of routes: what is not in it does not exist. The app is built from it, and a test walks it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, Resource, Route, guard, web};

use crate::access::account;
use crate::access::activate;
use crate::access::credentials;
use crate::access::deletion_link;
use crate::access::first_login;
use crate::access::forgot;
use crate::access::login;
use crate::access::renew;
use crate::access::reset;
use crate::access::session_timeout;
use crate::access::support_request;
use crate::language_page;
use crate::letters::bulk;
use crate::letters::export;
use crate::letters::folders;
use crate::letters::inbox;
use crate::middleware;
use crate::published::{directory, files, page, security};
use crate::reading::message;
use crate::reading::part;
use crate::state::Site;
use crate::static_pages;
use crate::writing::drafts_page;
use crate::writing::editor;
use crate::writing::upload_page;

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// GET and HEAD: changes nothing that anyone would miss.
    Read,
    /// POST: its handler takes a `Protected` form.
    Act,
}

/// Who may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everybody.
    Anyone,
    /// Somebody with an initial password, to choose an own one.
    Newcomer,
    /// A signed-in owner, to the own mailbox.
    Owner,
}

/// One line of the table.
pub(crate) struct Row {
    /// What the access log says.
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) verb: Verb,
    pub(crate) right: Right,
    handler: fn(Route) -> Route,
}

/// All routes. Lines with the same path stand together.
pub(crate) const TABLE: &[Row] = &[
    Row { name: "login", path: "/", verb: Verb::Read, right: Right::Anyone, handler: |r| r.to(login::form) },
    Row {
        name: "login",
        path: "/login",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(login::submit),
    },
    Row {
        name: "logout",
        path: "/logout",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(login::leave),
    },
    Row {
        name: "activate",
        path: "/a/{token}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(activate::form),
    },
    Row {
        name: "activate",
        path: "/a/{token}",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(activate::submit),
    },
    Row {
        name: "first",
        path: "/first",
        verb: Verb::Read,
        right: Right::Newcomer,
        handler: |r| r.to(first_login::form),
    },
    Row {
        name: "first",
        path: "/first",
        verb: Verb::Act,
        right: Right::Newcomer,
        handler: |r| r.to(first_login::submit),
    },
    Row {
        name: "forgot",
        path: "/forgot",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(forgot::form),
    },
    Row {
        name: "forgot",
        path: "/forgot",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(forgot::submit),
    },
    Row {
        name: "reset",
        path: "/r/{token}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(reset::form),
    },
    Row {
        name: "reset",
        path: "/r/{token}",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(reset::submit),
    },
    Row {
        name: "deletion",
        path: "/d/{token}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(deletion_link::form),
    },
    Row {
        name: "deletion",
        path: "/d/{token}",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(deletion_link::submit),
    },
    Row {
        name: "inbox",
        path: "/inbox",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(inbox::inbox),
    },
    Row {
        name: "sent",
        path: "/sent",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(inbox::sent),
    },
    Row {
        name: "trash",
        path: "/trash",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(inbox::trash),
    },
    Row {
        name: "folder",
        path: "/folder/{id}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(inbox::own),
    },
    Row {
        name: "folders",
        path: "/folders",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(folders::list),
    },
    Row {
        name: "folders",
        path: "/folders",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(folders::act),
    },
    Row {
        name: "drafts",
        path: "/drafts",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(drafts_page::list),
    },
    Row {
        name: "write",
        path: "/write",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(editor::begin),
    },
    Row {
        name: "draft",
        path: "/w/{id}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(editor::show),
    },
    Row {
        name: "draft",
        path: "/w/{id}",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(editor::act),
    },
    Row {
        name: "upload",
        path: "/w/{id}/u",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(upload_page::announce),
    },
    Row {
        name: "upload.piece",
        path: "/w/{id}/u/{part}",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(upload_page::piece),
    },
    Row {
        name: "search",
        path: "/search",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(inbox::search),
    },
    Row {
        name: "letters",
        path: "/letters",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(bulk::act),
    },
    Row {
        name: "export",
        path: "/export",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(export::everything),
    },
    Row {
        name: "export.zip",
        path: "/export/zip",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(export::archive),
    },
    Row {
        name: "export.progress",
        path: "/export/progress/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(export::progress),
    },
    Row {
        name: "message",
        path: "/m/{id}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(message::show),
    },
    Row {
        name: "message.html",
        path: "/m/{id}/html",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(message::frame),
    },
    Row {
        name: "message.inline",
        path: "/m/{id}/inline/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::inline),
    },
    Row {
        name: "message.part",
        path: "/m/{id}/part/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::part),
    },
    Row {
        name: "message.files",
        path: "/m/{id}/files",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::files),
    },
    Row {
        name: "message.view",
        path: "/m/{id}/view/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::view),
    },
    Row {
        name: "message.inside",
        path: "/m/{id}/inside/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::inside),
    },
    Row {
        name: "message.inside.html",
        path: "/m/{id}/inside/{part}/html",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(part::inside_frame),
    },
    Row {
        name: "message.eml",
        path: "/m/{id}/eml",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(message::eml),
    },
    Row {
        name: "message.msg",
        path: "/m/{id}/msg",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(export::msg),
    },
    Row {
        name: "message.pdf",
        path: "/m/{id}/pdf",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(export::pdf),
    },
    Row {
        name: "account",
        path: "/account",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(account::show_account),
    },
    Row {
        name: "account",
        path: "/account",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(account::save),
    },
    Row {
        name: "account.password",
        path: "/account/password",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(credentials::password_form),
    },
    Row {
        name: "account.password",
        path: "/account/password",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(credentials::change_password),
    },
    Row {
        name: "account.question",
        path: "/account/question",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(credentials::question_form),
    },
    Row {
        name: "account.question",
        path: "/account/question",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(credentials::change_question),
    },
    Row {
        name: "account.leave",
        path: "/account/leave",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(account::leave_everywhere),
    },
    Row {
        name: "account.delete",
        path: "/account/delete",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(account::delete_form),
    },
    Row {
        name: "account.delete",
        path: "/account/delete",
        verb: Verb::Act,
        right: Right::Owner,
        handler: |r| r.to(account::delete),
    },
    Row {
        name: "alive",
        path: "/alive",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(session_timeout::alive),
    },
    Row {
        name: "renew",
        path: "/a/{token}/renew",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(renew::submit),
    },
    Row {
        name: "support",
        path: "/support",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(support_request::form),
    },
    Row {
        name: "support",
        path: "/support",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(support_request::submit),
    },
    Row {
        name: "language",
        path: "/language",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(language_page::choose),
    },
    Row {
        name: "accessibility",
        path: "/accessibility",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(static_pages::accessibility),
    },
    Row {
        name: "partner",
        path: "/partner",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(page::show),
    },
    Row {
        name: "partner.file",
        path: "/partner/{file}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(files::file),
    },
    Row {
        name: "wkd.policy",
        path: "/.well-known/openpgpkey/policy",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(directory::direct_policy),
    },
    Row {
        name: "wkd",
        path: "/.well-known/openpgpkey/hu/{file}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(directory::direct),
    },
    Row {
        name: "wkd.policy",
        path: "/.well-known/openpgpkey/{domain}/policy",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(directory::advanced_policy),
    },
    Row {
        name: "wkd",
        path: "/.well-known/openpgpkey/{domain}/hu/{file}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(directory::advanced),
    },
    Row {
        name: "security.txt",
        path: "/.well-known/security.txt",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(security::text),
    },
    Row {
        name: "static",
        path: "/static/{file}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(static_pages::file),
    },
    Row {
        name: "robots",
        path: "/robots.txt",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(static_pages::robots),
    },
    Row {
        name: "ready",
        path: "/ready",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(static_pages::ready),
    },
    Row {
        name: "icon",
        path: "/favicon.ico",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(static_pages::icon),
    },
];

/// The app of one worker.
pub(crate) fn app(
    site: web::Data<Site>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(site)
        .configure(|config| {
            for rows in TABLE.chunk_by(|a, b| a.path == b.path) {
                config.service(resource(rows));
            }
        })
        .default_service(web::to(middleware::nothing_here))
        .wrap(from_fn(middleware::front))
}

fn resource(rows: &[Row]) -> Resource {
    let path = rows.first().map_or("/", |row| row.path);
    let name = rows.first().map_or("-", |row| row.name);
    let resource = web::resource(path).name(name).default_service(web::to(middleware::nothing_here));
    rows.iter().fold(resource, |resource, row| resource.route(route(row)))
}

fn route(row: &Row) -> Route {
    let route = match row.verb {
        Verb::Read => Route::new().guard(guard::Any(guard::Get()).or(guard::Head())),
        Verb::Act => Route::new().guard(guard::Post()),
    };
    let route = (row.handler)(route);
    match row.right {
        Right::Anyone => route,
        Right::Newcomer => route.wrap(from_fn(middleware::newcomers_only)),
        Right::Owner => route.wrap(from_fn(middleware::owners_only)),
    }
}
