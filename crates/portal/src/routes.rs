//! The one table of routes: what is not in it does not exist. The app is built from it, and a test walks it.

use std::sync::Arc;

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
use crate::http::origin::FormProofs;
use crate::language_page;
use crate::letters::bulk;
use crate::letters::export;
use crate::letters::folders;
use crate::letters::inbox;
use crate::middleware;
use crate::published::{directory, files, page, security};
use crate::reading::html_frame;
use crate::reading::message;
use crate::reading::part;
use crate::state::Site;
use crate::static_pages;
use crate::writing::drafts_page;
use crate::writing::upload_page;
use crate::writing::{begin_draft, editor};

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// GET and HEAD: has no side effects that matter.
    Read,
    /// POST: its handler takes a `Protected` form.
    Act,
}

/// Who may open a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everybody may.
    Anyone,
    /// A newcomer with an initial password, to choose their own.
    Newcomer,
    /// A logged-in owner, for their own mailbox.
    Owner,
}

/// One line of the table.
pub(crate) struct Row {
    /// Its name in the access log.
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) verb: Verb,
    pub(crate) right: Right,
    handler: fn(Route) -> Route,
}

/// The rows of the table: verb, right, path, the name in the access log, handler.
macro_rules! routes {
    ($($verb:ident $right:ident $path:literal $name:literal => $($handler:ident)::+;)*) => {
        &[$(Row {
            name: $name,
            path: $path,
            verb: Verb::$verb,
            right: Right::$right,
            handler: |route| route.to($($handler)::+),
        }),*]
    };
}

/// All routes. Lines with the same path are adjacent.
pub(crate) const TABLE: &[Row] = routes! {
    Read Anyone   "/"                                          "login"               => login::form;
    Act  Anyone   "/login"                                     "login"               => login::submit;
    Act  Owner    "/logout"                                    "logout"              => login::leave;
    Read Anyone   "/a/{token}"                                 "activate"            => activate::form;
    Act  Anyone   "/a/{token}"                                 "activate"            => activate::submit;
    Read Newcomer "/first"                                     "first"               => first_login::form;
    Act  Newcomer "/first"                                     "first"               => first_login::submit;
    Read Anyone   "/forgot"                                    "forgot"              => forgot::form;
    Act  Anyone   "/forgot"                                    "forgot"              => forgot::submit;
    Read Anyone   "/r/{token}"                                 "reset"               => reset::form;
    Act  Anyone   "/r/{token}"                                 "reset"               => reset::submit;
    Read Anyone   "/d/{token}"                                 "deletion"            => deletion_link::form;
    Act  Anyone   "/d/{token}"                                 "deletion"            => deletion_link::submit;
    Read Owner    "/inbox"                                     "inbox"               => inbox::inbox;
    Read Owner    "/sent"                                      "sent"                => inbox::sent;
    Read Owner    "/trash"                                     "trash"               => inbox::trash;
    Read Owner    "/folder/{id}"                               "folder"              => inbox::own;
    Read Owner    "/folders"                                   "folders"             => folders::list;
    Act  Owner    "/folders"                                   "folders"             => folders::act;
    Read Owner    "/drafts"                                    "drafts"              => drafts_page::list;
    Act  Owner    "/write"                                     "write"               => begin_draft::begin;
    Read Owner    "/w/{id}"                                    "draft"               => editor::show;
    Act  Owner    "/w/{id}"                                    "draft"               => editor::act;
    Act  Owner    "/w/{id}/u"                                  "upload"              => upload_page::announce;
    Act  Owner    "/w/{id}/u/{part}"                           "upload.piece"        => upload_page::piece;
    Read Owner    "/search"                                    "search"              => inbox::search_form;
    Act  Owner    "/search"                                    "search"              => inbox::search;
    Act  Owner    "/letters"                                   "letters"             => bulk::act;
    Read Owner    "/export"                                    "export"              => export::everything;
    Act  Owner    "/export/zip"                                "export.zip"          => export::archive;
    Read Owner    "/export/progress/{part}"                    "export.progress"     => export::progress;
    Read Owner    "/m/{id}"                                    "message"             => message::show;
    Read Owner    "/m/{id}/html"                               "message.html"        => html_frame::of_letter;
    Read Owner    "/m/{id}/inline/{part}"                      "message.inline"      => part::inline;
    Read Owner    "/m/{id}/part/{part}"                        "message.part"        => part::part;
    Read Owner    "/m/{id}/files"                              "message.files"       => part::files;
    Read Owner    "/m/{id}/view/{part}"                        "message.view"        => part::view;
    Read Owner    "/m/{id}/inside/{part}"                      "message.inside"      => part::inside;
    Read Owner    "/m/{id}/inside/{part}/html"                 "message.inside.html" => html_frame::of_inner_letter;
    Read Owner    "/m/{id}/eml"                                "message.eml"         => message::eml;
    Read Owner    "/m/{id}/msg"                                "message.msg"         => export::msg;
    Read Owner    "/m/{id}/pdf"                                "message.pdf"         => export::pdf;
    Read Owner    "/account"                                   "account"             => account::show_account;
    Act  Owner    "/account"                                   "account"             => account::save;
    Read Owner    "/account/password"                          "account.password"    => credentials::password_form;
    Act  Owner    "/account/password"                          "account.password"    => credentials::change_password;
    Read Owner    "/account/question"                          "account.question"    => credentials::question_form;
    Act  Owner    "/account/question"                          "account.question"    => credentials::change_question;
    Act  Owner    "/account/leave"                             "account.leave"       => account::leave_everywhere;
    Read Owner    "/account/delete"                            "account.delete"      => account::delete_form;
    Act  Owner    "/account/delete"                            "account.delete"      => account::delete;
    Read Owner    "/alive"                                     "alive"               => session_timeout::alive;
    Act  Anyone   "/a/{token}/renew"                           "renew"               => renew::submit;
    Read Anyone   "/support"                                   "support"             => support_request::form;
    Act  Anyone   "/support"                                   "support"             => support_request::submit;
    Act  Anyone   "/language"                                  "language"            => language_page::choose;
    Read Anyone   "/accessibility"                             "accessibility"       => static_pages::accessibility;
    Read Anyone   "/partner"                                   "partner"             => page::show;
    Read Anyone   "/partner/{file}"                            "partner.file"        => files::file;
    Read Anyone   "/.well-known/openpgpkey/policy"             "wkd.policy"          => directory::direct_policy;
    Read Anyone   "/.well-known/openpgpkey/hu/{file}"          "wkd"                 => directory::direct;
    Read Anyone   "/.well-known/openpgpkey/{domain}/policy"    "wkd.policy"          => directory::advanced_policy;
    Read Anyone   "/.well-known/openpgpkey/{domain}/hu/{file}" "wkd"                 => directory::advanced;
    Read Anyone   "/.well-known/security.txt"                  "security.txt"        => security::text;
    Read Anyone   "/static/{file}"                             "static"              => static_pages::file;
    Read Anyone   "/robots.txt"                                "robots"              => static_pages::robots;
    Read Anyone   "/ready"                                     "ready"               => static_pages::ready;
    Read Anyone   "/favicon.ico"                               "icon"                => static_pages::icon;
};

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
    let proofs = FormProofs { origin: site.origin.clone(), random: Arc::clone(&site.random) };
    let proofs = web::Data::new(proofs);
    App::new()
        .app_data(proofs)
        .app_data(site)
        .configure(|config| {
            for rows in TABLE.chunk_by(|a, b| a.path == b.path) {
                config.service(resource(rows));
            }
        })
        .default_service(web::to(middleware::nothing_here))
        .wrap(from_fn(middleware::outermost))
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
        Right::Anyone => route.wrap(from_fn(middleware::in_own_language)),
        Right::Newcomer => route.wrap(from_fn(middleware::newcomers_only)),
        Right::Owner => route.wrap(from_fn(middleware::owners_only)),
    }
}
