//! The one table of routes: what is not in it does not exist. The app is built from it, and a test walks it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, Error, Resource, Route, guard, web};

use crate::front;
use crate::pages::{activate, inbox, info, language, login, message};
use crate::site::Site;

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
        name: "inbox",
        path: "/inbox",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(inbox::list),
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
        handler: |r| r.to(message::inline),
    },
    Row {
        name: "message.part",
        path: "/m/{id}/part/{part}",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(message::part),
    },
    Row {
        name: "message.eml",
        path: "/m/{id}/eml",
        verb: Verb::Read,
        right: Right::Owner,
        handler: |r| r.to(message::eml),
    },
    Row {
        name: "language",
        path: "/language",
        verb: Verb::Act,
        right: Right::Anyone,
        handler: |r| r.to(language::choose),
    },
    Row {
        name: "accessibility",
        path: "/accessibility",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(info::accessibility),
    },
    Row {
        name: "static",
        path: "/static/{file}",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(info::file).wrap(Compress::default()),
    },
    Row {
        name: "robots",
        path: "/robots.txt",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(info::robots),
    },
    Row {
        name: "icon",
        path: "/favicon.ico",
        verb: Verb::Read,
        right: Right::Anyone,
        handler: |r| r.to(info::icon),
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
        .default_service(web::to(front::nothing_here))
        .wrap(from_fn(front::front))
}

fn resource(rows: &[Row]) -> Resource {
    let path = rows.first().map_or("/", |row| row.path);
    let name = rows.first().map_or("-", |row| row.name);
    let resource = web::resource(path).name(name).default_service(web::to(front::nothing_here));
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
        Right::Owner => route.wrap(from_fn(front::owners_only)),
    }
}
