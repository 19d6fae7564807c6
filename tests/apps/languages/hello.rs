// An application in Rust: the part of <prefork/abi.h> that it uses, written down by hand, and a
// few lines that make handlers of closures. No crate, no cargo.
//
//   rustc --edition 2021 --crate-type cdylib -C opt-level=2 hello.rs -o libhello.so
//   prefork-server ./libhello.so
//   curl localhost:8000/hello/you
//
// A panic must not leave a function that the server calls: each goes through catch_unwind, and
// becomes a 500 with a line in the log.

mod abi {
    // Structures as in C, member by member and in the same order; see <prefork/abi.h>. Of
    // prefork_api and prefork_request the beginning is enough: members are only ever added at the
    // end, and `size` says how many a server has.
    use std::os::raw::{c_char, c_int, c_void};

    #[repr(C)]
    pub struct App {
        _opaque: [u8; 0],
    }
    #[repr(C)]
    pub struct Response {
        _opaque: [u8; 0],
    }
    #[repr(C)]
    pub struct Stream {
        _opaque: [u8; 0],
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Text {
        pub data: *const c_char,
        pub size: usize,
    }
    #[repr(C)]
    pub struct Field {
        pub name: Text,
        pub value: Text,
    }
    #[repr(C)]
    pub struct Request {
        pub size: usize,
        pub id: u64,
        pub version_minor: c_int,
        pub method: Text,
        pub target: Text,
        pub path: Text,
        pub query: Text,
        pub host: Text,
        pub scheme: Text,
        pub root_path: Text,
        pub client: Text,
        pub body: Text,
        pub fields: *const Field,
        pub field_count: usize,
        pub parameters: *const Field,
        pub parameter_count: usize,
        pub content: *mut Stream,
    }
    #[repr(C)]
    pub struct Worker {
        pub size: usize,
        pub slot: u32,
        pub workers: u32,
        pub generation: u32,
        pub restarts: u32,
        pub pid: i32,
    }
    pub const POOL: c_int = 0;
    pub const LOOP: c_int = 1;
    pub const OK: c_int = 0;
    pub const COUNTER: c_int = 1;

    pub type Handler = unsafe extern "C" fn(*mut c_void, *const Request, *mut Response);
    #[repr(C)]
    pub struct Route {
        pub size: usize,
        pub method: Text,
        pub pattern: Text,
        pub run_on: c_int,
        pub handler: Handler,
        pub user_data: *mut c_void,
        pub streams_body: c_int,
        pub body_limit: u64,
        pub pool: Text,
        pub priority: c_int,
    }
    #[repr(C)]
    pub struct Hooks {
        pub size: usize,
        pub worker_start: Option<unsafe extern "C" fn(*mut c_void, *const Worker) -> c_int>,
        pub drain: Option<unsafe extern "C" fn(*mut c_void, *const Worker)>,
        pub worker_stop: Option<unsafe extern "C" fn(*mut c_void, *const Worker)>,
        pub lead: Option<unsafe extern "C" fn(*mut c_void, *const Worker)>,
        pub unload: Option<unsafe extern "C" fn(*mut c_void)>,
    }
    // Functions that are not called here are places of the right size.
    type Unused = *const c_void;
    #[repr(C)]
    pub struct Api {
        pub size: usize,
        pub version: u32,
        pub add_route: unsafe extern "C" fn(*mut App, *const Route) -> c_int,
        pub set_not_found: Unused,
        pub set_hooks: unsafe extern "C" fn(*mut App, *const Hooks, *mut c_void),
        pub mount_folder: Unused,
        pub declare_number: unsafe extern "C" fn(*mut App, c_int, Text, *mut u32) -> c_int,
        pub fail: unsafe extern "C" fn(*mut App, Text),
        pub log: unsafe extern "C" fn(*mut App, c_int, Text),
        pub add_number: unsafe extern "C" fn(*mut App, u32, i64) -> c_int,
        pub set_number: Unused,
        pub sum_number: unsafe extern "C" fn(*mut App, u32) -> i64,
        pub is_leader: Unused,
        pub set_status: Unused,
        pub add_field: unsafe extern "C" fn(*mut Response, Text, Text),
        pub append_body: unsafe extern "C" fn(*mut Response, Text),
        pub set_file: Unused,
        pub set_failed: unsafe extern "C" fn(*mut Response, Text),
        pub close_connection: Unused,
        pub start_stream: unsafe extern "C" fn(*mut Response, u64) -> *mut Stream,
        pub write: unsafe extern "C" fn(*mut Stream, Text) -> c_int,
    }
}

use std::any::Any;
use std::os::raw::{c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};

fn text(string: &str) -> abi::Text {
    abi::Text { data: string.as_ptr().cast(), size: string.len() }
}

// Ends with what it was taken from. Paths and fields are bytes: whatever is not UTF-8 is replaced.
fn string(text: &abi::Text) -> String {
    if text.size == 0 {
        return String::new(); // `data` may be null
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.size) };
    String::from_utf8_lossy(bytes).into_owned()
}

fn reason(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().unwrap_or(&"a panic").to_string(),
    }
}

// The server as handlers use it. Its functions may be called by any thread.
#[derive(Clone, Copy)]
struct Server {
    api: *const abi::Api,
    app: *mut abi::App,
}
unsafe impl Send for Server {}
unsafe impl Sync for Server {}

impl Server {
    fn api(&self) -> &abi::Api {
        unsafe { &*self.api }
    }
    fn log(&self, line: &str) {
        unsafe { (self.api().log)(self.app, 1, text(line)) }
    }
}

// One request and its answer, until the handler returns.
struct Exchange<'a> {
    api: &'a abi::Api,
    request: &'a abi::Request,
    response: *mut abi::Response,
}

impl Exchange<'_> {
    fn parameter(&self, index: usize) -> String {
        assert!(index < self.request.parameter_count);
        string(unsafe { &(*self.request.parameters.add(index)).value })
    }
    fn respond(&self, body: &str) {
        unsafe {
            (self.api.add_field)(self.response, text("Content-Type"), text("text/plain"));
            (self.api.append_body)(self.response, text(body));
        }
    }
    fn stream(&self, pieces: &[&str]) {
        unsafe {
            let stream = (self.api.start_stream)(self.response, u64::MAX);
            for piece in pieces {
                if (self.api.write)(stream, text(piece)) != abi::OK {
                    return; // the client has left
                }
            }
        }
    }
}

type Function = Box<dyn Fn(&Exchange) + Send + Sync>;

// What the server calls with: it lives as long as the application.
struct Route {
    server: Server,
    function: Function,
}

unsafe extern "C" fn handle(
    user_data: *mut c_void,
    request: *const abi::Request,
    response: *mut abi::Response,
) {
    let route = &*user_data.cast::<Route>();
    let api = route.server.api();
    let exchange = Exchange { api, request: &*request, response };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (route.function)(&exchange))) {
        (api.set_failed)(response, text(&reason(panic)));
    }
}

struct Application {
    server: Server,
    routes: Vec<Box<Route>>,
}

impl Application {
    // False: refused, and the server knows why.
    fn get(
        &mut self,
        pattern: &str,
        run_on: c_int,
        function: impl Fn(&Exchange) + Send + Sync + 'static,
    ) -> bool {
        let server = self.server;
        let mut owned = Box::new(Route { server, function: Box::new(function) });
        let route = abi::Route {
            size: std::mem::size_of::<abi::Route>(),
            method: text("GET"),
            pattern: text(pattern),
            run_on,
            handler: handle,
            user_data: (&mut *owned as *mut Route).cast(),
            streams_body: 0,
            body_limit: 0,
            pool: text(""),
            priority: 0,
        };
        self.routes.push(owned);
        unsafe { (server.api().add_route)(server.app, &route) == abi::OK }
    }
}

unsafe extern "C" fn start(user_data: *mut c_void, worker: *const abi::Worker) -> c_int {
    let application = &*user_data.cast::<Application>();
    let slot = (*worker).slot;
    application.server.log(&format!("the application in Rust starts in worker {slot}"));
    0
}

unsafe extern "C" fn unload(user_data: *mut c_void) {
    drop(Box::from_raw(user_data.cast::<Application>()));
}

fn define(application: &mut Application) -> bool {
    let server = application.server;
    let mut visits = 0;
    let declared = unsafe {
        (server.api().declare_number)(server.app, abi::COUNTER, text("visits"), &mut visits)
    };
    declared == abi::OK
        && application.get("/", abi::LOOP, |exchange| exchange.respond("Hello from Rust\n"))
        && application.get("/hello/{name}", abi::POOL, |exchange| {
            exchange.respond(&format!("Hello, {}!\n", exchange.parameter(0)))
        })
        && application.get("/visits", abi::POOL, move |exchange| {
            let sum = unsafe {
                (server.api().add_number)(server.app, visits, 1);
                (server.api().sum_number)(server.app, visits)
            };
            exchange.respond(&format!("{sum}\n"))
        })
        && application.get("/fails", abi::POOL, |_| panic!("out of tea"))
        && application.get("/stream", abi::POOL, |exchange| exchange.stream(&["piece\n"; 3]))
}

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static prefork_abi_version: u32 = 1;

#[no_mangle]
pub unsafe extern "C" fn prefork_load(api: *const abi::Api, app: *mut abi::App) -> c_int {
    let loaded = catch_unwind(|| {
        let server = Server { api, app };
        let mut application = Box::new(Application { server, routes: Vec::new() });
        if !define(&mut application) {
            return 1;
        }
        let hooks = abi::Hooks {
            size: std::mem::size_of::<abi::Hooks>(),
            worker_start: Some(start),
            drain: None,
            worker_stop: None,
            lead: None,
            unload: Some(unload),
        };
        ((*api).set_hooks)(app, &hooks, Box::into_raw(application).cast());
        0
    });
    loaded.unwrap_or_else(|panic| {
        ((*api).fail)(app, text(&reason(panic)));
        1
    })
}
