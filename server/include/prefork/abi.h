/* The interface between prefork-server and an application: plain C, so that any compiler, standard
 * library or language with C symbols can be on the other side. C++ authors use <prefork/app.hpp>,
 * which lies on top of it.
 *
 * An application is a shared object (ELF, built with -fPIC -shared) that exports two symbols:
 *
 *   PREFORK_EXPORT const uint32_t prefork_abi_version = PREFORK_ABI_VERSION;
 *   PREFORK_EXPORT int prefork_load(const prefork_api* api, prefork_app* app);
 *
 * prefork_load registers routes and hooks and returns 0, or anything else after api->fail(). It is
 * called in every worker after the fork, or with --preload once in the process that forks them (the
 * fork server): it must not start threads then, since a fork copies only the one that calls it.
 *
 * Rules. No exception may leave a function of the application (the server would abort). Texts are
 * not terminated by NUL unless said otherwise. What a function of the server is given, it copies;
 * what it gives, belongs to it and ends as said. Structures begin with their own size: a newer
 * server may give a longer one, so members are only ever added at the end, and one that lies beyond
 * `size` must not be read. A change that breaks an application gets a new PREFORK_ABI_VERSION.
 */
#ifndef PREFORK_ABI_H
#define PREFORK_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PREFORK_ABI_VERSION 1u
#define PREFORK_EXPORT __attribute__((visibility("default")))

typedef struct prefork_app prefork_app;           /* what prefork_load fills */
typedef struct prefork_response prefork_response; /* an answer that is being made */
typedef struct prefork_stream prefork_stream;     /* content on its way, see below */
typedef struct prefork_call prefork_call;         /* a request's life, see below */
typedef struct prefork_result prefork_result;     /* a task's result that is being made */
typedef struct prefork_job prefork_job;           /* a task that was submitted */
typedef struct prefork_interim prefork_interim;   /* who hears of a request before its answer */
typedef struct prefork_wait prefork_wait;         /* what the event loop waits for, see below */

typedef struct prefork_text {
  const char* data;
  size_t size;
} prefork_text;

typedef struct prefork_field {
  prefork_text name;
  prefork_text value;
} prefork_field;

/* The span of a request in its trace (W3C Trace Context), with --trace. Texts are lower-case
 * hexadecimal and live as long as the request. */
typedef struct prefork_trace {
  size_t size;
  prefork_text trace_id;    /* 32 characters */
  prefork_text span_id;     /* 16; of this request here */
  prefork_text parent_id;   /* 16, of who called; empty: nobody said */
  prefork_text traceparent; /* to be sent with requests to others */
  prefork_text tracestate;  /* likewise, where it is not empty */
  int is_sampled;           /* the caller, or this server, records the trace */
} prefork_trace;

/* For the application: what it keeps with a request, from the first function that sees it to the
 * last. Empty at first; by the thread that has the request. When the request ends, the server calls
 * destroy(data), where that is not NULL, on the thread that ended it. */
typedef struct prefork_state {
  void* data;
  void (*destroy)(void* data);
} prefork_state;

/* A request, to be read by one thread. Lives until its handler returns; that of a deferred handler
 * until the answer is sent or dropped, and longer as long as somebody holds it (api->hold). */
typedef struct prefork_request {
  size_t size;
  uint64_t id;         /* counts the worker's requests */
  int version_minor;   /* HTTP/1.0 or HTTP/1.1 */
  prefork_text method; /* as sent: "GET" */
  prefork_text target; /* as sent */
  prefork_text path;   /* decoded once, without dot segments; "%2F" is a slash here, but divides no
                          parameter from the next */
  prefork_text query;  /* as sent, without the question mark */
  prefork_text host;
  prefork_text scheme;    /* "http" or "https" */
  prefork_text root_path; /* --root-path; may be empty */
  prefork_text client;    /* "192.0.2.7:4711", "[2001:db8::1]:4711" or "unix" */
  prefork_text body;      /* empty where the handler streams it */
  const prefork_field* fields;
  size_t field_count;
  const prefork_field* parameters; /* of the route's pattern, by name */
  size_t parameter_count;
  prefork_stream* content;    /* where the handler streams the body; else NULL */
  prefork_call* call;         /* for api->hold, release and is_abandoned; NULL on the event loop */
  const prefork_trace* trace; /* NULL: --trace off */
  prefork_state* state;       /* one slot for each request */
  prefork_interim* interim;   /* for api->send_early_hints; NULL: HTTP/1.0, which has none */
  prefork_app* app;           /* whose handler it is for */
} prefork_request;

/* Which process and which part of the service this is. */
typedef struct prefork_worker {
  size_t size;
  uint32_t slot;       /* 0 to workers - 1, stable over restarts */
  uint32_t workers;    /* how many there are */
  uint32_t generation; /* 1, and one more with every reload */
  uint32_t restarts;   /* of this slot so far */
  int32_t pid;
} prefork_worker;

/* Where a handler runs. */
typedef enum prefork_run_on {
  PREFORK_POOL = 0,    /* on a thread of the worker's pool: it may block; several run at once */
  PREFORK_LOOP = 1,    /* on the event loop: it must not block, all connections wait for it */
  PREFORK_DEFERRED = 2 /* called on the event loop; the answer is completed later, by any thread */
} prefork_run_on;

/* Makes the answer. For PREFORK_DEFERRED: keeps `response` and calls api->complete later. */
typedef void (*prefork_handler)(void* user_data, const prefork_request* request,
                                prefork_response* response);

/* Of the requests that wait for a thread of the pool. */
typedef enum prefork_priority {
  PREFORK_NORMAL = 0,
  PREFORK_HIGH = 1,
  PREFORK_LOW = 2
} prefork_priority;

typedef struct prefork_route {
  size_t size;
  prefork_text method;  /* "GET" (answers HEAD too), "POST", ... */
  prefork_text pattern; /* "/", "/items/{id}", "/files/{path...}" */
  prefork_run_on run_on;
  prefork_handler handler;
  void* user_data;
  int streams_body;    /* with PREFORK_POOL or PREFORK_DEFERRED: the handler reads
                          prefork_request.content */
  uint64_t body_limit; /* bytes, beyond: 413; 0: --limit-body */
  prefork_text pool;   /* with PREFORK_POOL: the class (--pool) whose threads run it; empty, or a
                          class that there is not: the default one */
  prefork_priority priority;
} prefork_route;

/* A folder of files below a prefix of the paths. What a route answers is not looked for there. */
typedef struct prefork_mount {
  size_t size;
  prefork_text prefix;        /* "/assets" */
  prefork_text folder;        /* relative: to where the server was started */
  prefork_text index;         /* the file that answers for its folder; empty: "index.html" */
  prefork_text cache_control; /* of every file; empty: none */
  int listing;                /* a folder without an index lists its files */
  int spa;                    /* paths that name no file get the index of `folder` */
} prefork_mount;

/* What stands around the answers that the server makes for an application: files of its mounted
 * folders, 404, 405, OPTIONS. Each may be NULL. They run on the event loop for a path below a
 * mounted folder, else on the pool. What handlers answer is not shown to them: they see to
 * themselves. */
typedef struct prefork_around {
  size_t size;
  /* Before anything is looked for. Not 0: it has made the answer itself. */
  int (*before)(void* user_data, const prefork_request* request, prefork_response* response);
  /* Sees the answer, whoever made it, and may change it. */
  void (*after)(void* user_data, const prefork_request* request, prefork_response* response);
} prefork_around;

/* What the operator has set for the application: a key of [app] in the configuration file, or --set
 * KEY=VALUE. Texts live as long as the application. */
typedef struct prefork_setting {
  size_t size; /* set by who asks */
  prefork_text key;
  prefork_text value;
  prefork_text origin; /* "command line", "/etc/shop.toml:12" */
} prefork_setting;

/* An error, as problem details say it (RFC 9457). Texts are UTF-8. */
typedef struct prefork_problem {
  size_t size;
  int status;                   /* 400 to 599 */
  prefork_text detail;          /* of this occurrence, for people; may be empty */
  prefork_text type;            /* a URI reference; empty: "about:blank" */
  prefork_text title;           /* of the type; empty: the phrase of the status */
  const prefork_field* members; /* more members; each value is JSON, and not looked at */
  size_t member_count;
} prefork_problem;

/* Makes the page of an error: `response` has its status and fields, and no content. */
typedef void (*prefork_error_handler)(void* user_data, const prefork_request* request,
                                      const prefork_problem* problem, prefork_response* response);

/* The application's own page of an error that the server makes or api->set_error asks for: a text
 * or a function. A text goes to who accepts its type, also where the server refuses by itself (408,
 * 413, 431, 503, 504). A function is called where a request is answered for the application: what
 * its handlers say, paths without a route, its folders; on the thread that answers. It goes before
 * a text. */
typedef struct prefork_error_page {
  size_t size;
  int status;                    /* 400 to 599 */
  prefork_text content_type;     /* "text/html; charset=utf-8" */
  prefork_text body;             /* at most 64 KiB */
  prefork_error_handler handler; /* NULL: the text */
  void* user_data;
} prefork_error_page;

/* A number that the workers share: each has its own part, /stats shows the parts and their sum. */
typedef enum prefork_number_kind {
  PREFORK_COUNTER = 1, /* only grows; keeps what ended workers counted */
  PREFORK_GAUGE = 2    /* a present state, ends with its worker */
} prefork_number_kind;

/* A thing that the workers share, in memory of the server: it is there once, whatever the number of
 * workers, outlives them and every reload, and ends with the server. A process that is killed at
 * any instruction leaves nothing locked and nothing half-written in it; what it owned is the next
 * one's, who is told (PREFORK_OWNER_DIED). */
typedef enum prefork_thing_kind {
  PREFORK_ATOMIC = 1,     /* a number that is changed in one step */
  PREFORK_EVENT = 2,      /* has happened or has not */
  PREFORK_SEMAPHORE = 3,  /* count: units, 1 to 256 */
  PREFORK_MUTEX = 4,      /* one owner */
  PREFORK_RW_LOCK = 5,    /* many readers (128 at once) or one writer */
  PREFORK_ONCE = 6,       /* done by one, while the server runs */
  PREFORK_BARRIER = 7,    /* count: parties that wait for each other, 1 to 256 */
  PREFORK_RATE_LIMIT = 8, /* count: burst, 1 to 1000000; interval_ns: between two, at most a day */
  PREFORK_QUEUE = 9,      /* count: pieces; bytes: the longest piece; 1 to 65536 each */
  PREFORK_MAP = 10,       /* count: keys there is room for at least, 1 to 65536 */
  PREFORK_TOPIC = 11 /* count: last pieces that are kept; bytes: the longest; 1 to 65536 each */
} prefork_thing_kind;

/* What of count, bytes and interval_ns is not said above, is 0. */
typedef struct prefork_thing {
  size_t size;
  prefork_thing_kind kind;
  prefork_text name; /* [a-zA-Z_][a-zA-Z0-9_.:-]*, at most 47 bytes */
  uint32_t count;
  uint32_t bytes;
  uint64_t interval_ns;
} prefork_thing;

/* Gets what was published in a topic, in each worker, from its start on: on a thread that does
 * nothing else, one piece at a time, in their order. `lost`: pieces before it that this worker has
 * missed, since it was slower than the topic is long. `piece` ends with the call. */
typedef void (*prefork_topic_handler)(void* user_data, prefork_text piece, uint64_t lost);
/* A task is run by a process of its own kind (--task-workers), apart from the workers: it may keep
 * a processor busy for as long as it likes, and if it crashes, it ends that process alone. There
 * the application is loaded as in a worker, but its hooks are not called, and it has no numbers;
 * things that workers share are there. Called on a thread of its own, one task at a time. Without
 * a result it is done with an empty one. */
typedef void (*prefork_task_handler)(void* user_data, prefork_text argument,
                                     prefork_result* result);

typedef struct prefork_task {
  size_t size;
  prefork_text name; /* [a-zA-Z0-9_.:/-]+, at most 47 bytes */
  prefork_task_handler handler;
  void* user_data;
} prefork_task;

/* How a job ended. */
typedef enum prefork_job_end {
  PREFORK_JOB_DONE = 1,
  PREFORK_JOB_FAILED = 2,    /* its handler says so, or its result is too long */
  PREFORK_JOB_CRASHED = 3,   /* its process ended within it */
  PREFORK_JOB_TIMED_OUT = 4, /* its deadline has passed */
  PREFORK_JOB_CANCELLED = 5,
  PREFORK_JOB_REFUSED = 6, /* it was not begun: no room, too long, poisoned, unknown */
  PREFORK_JOB_DROPPED = 7  /* it was not begun: the server stops */
} prefork_job_end;

typedef struct prefork_task_order {
  size_t size;
  prefork_text task;
  prefork_text argument;     /* at most --limit-task bytes */
  uint64_t timeout_ns;       /* from submission to its end; 0: --timeout-task */
  prefork_priority priority; /* which of those that wait goes first */
  uint32_t retries;          /* so often it is run again after its process died in it */
  int outlives_worker;       /* it is run though its worker has ended before */
  /* May be NULL. Called once when it has ended: on a thread of the worker that does nothing else,
   * or before submit_task returns if it was refused. `bytes` is the result of one that is done,
   * else the reason; it ends with the call. */
  void (*done)(void* user_data, prefork_job_end end, prefork_text bytes);
  void* user_data;
} prefork_task_order;

typedef enum prefork_status {
  PREFORK_OK = 0,
  PREFORK_END = 1,   /* of the content */
  PREFORK_GONE = 2,  /* nobody is at the other end any more */
  PREFORK_FULL = 3,  /* not now: the client is slower */
  PREFORK_WRONG = 4, /* an argument, or not in this state */
  /* Of things that workers share. */
  PREFORK_OWNER_DIED = 5, /* as PREFORK_OK; who owned it before has died with it */
  PREFORK_TIMEOUT = 6,    /* not within that time */
  PREFORK_REFUSED = 7,    /* would wait, and this is the event loop; the log says where */
  PREFORK_CHANGED = 8     /* it is not what was expected */
} prefork_status;

/* Called by the event loop of a worker, where it must not block; one at a time, and never from
 * within another function of the application. */
typedef void (*prefork_function)(void* user_data);
/* The same at the end of a wait, once, unless it was cancelled: PREFORK_OK, what was waited for is
 * there; PREFORK_GONE, it will not come. The wait is gone then. */
typedef void (*prefork_waited)(void* user_data, prefork_status how);

/* A function that runs on the pool: it may block. It finds the room that requests find there, or
 * is refused as they are. */
typedef struct prefork_work {
  size_t size;
  prefork_text pool; /* as of a route */
  prefork_priority priority;
  prefork_function run;
  /* Once, on the event loop; may be NULL. PREFORK_OK: it has run. Else it has not, and will not:
   * PREFORK_FULL, no room or no thread in time; PREFORK_GONE, the worker stops. */
  prefork_waited done;
  void* user_data;
} prefork_work;

/* Hooks of a worker's life, each may be NULL. `user_data` is that of api->set_hooks. */
typedef struct prefork_hooks {
  size_t size;
  /* Before the worker accepts anything. Not 0: the worker could not start; see api->fail_start. */
  int (*worker_start)(void* user_data, const prefork_worker* worker);
  /* The worker takes no new connections any more; on the event loop. */
  void (*drain)(void* user_data, const prefork_worker* worker);
  /* The last handler has returned. Then `unload`, and the process ends as by exit(3): destructors
     of static objects and atexit handlers of the application run. Neither happens in a worker that
     crashes, is killed or could not start. */
  void (*worker_stop)(void* user_data, const prefork_worker* worker);
  /* This worker has become the leader: there is never more than one, and there is another within a
   * second after it ended or drained (its drain hook returns before). On the event loop. */
  void (*lead)(void* user_data, const prefork_worker* worker);
  /* With --preload, in the fork server: no worker of this generation is left, nothing else will be
   * called. */
  void (*unload)(void* user_data);
} prefork_hooks;

/* The functions of the server. */
typedef struct prefork_api {
  size_t size;
  uint32_t version; /* PREFORK_ABI_VERSION of the server */

  /* --- in prefork_load only --- */
  /* PREFORK_WRONG with a bad method or pattern, or one that exists; api->fail has then been called
   * with the reason. */
  prefork_status (*add_route)(prefork_app* app, const prefork_route* route);
  /* What answers a path that no route has, instead of the server's 404; method and pattern of the
   * route are not looked at. Not deferred. */
  prefork_status (*set_not_found)(prefork_app* app, const prefork_route* route);
  /* Once; what is set again takes the place of what was. `hooks` is copied, `user_data` lives as
   * long as the application. */
  void (*set_hooks)(prefork_app* app, const prefork_hooks* hooks, void* user_data);
  /* PREFORK_WRONG, and api->fail with the reason: a bad prefix, or a folder that cannot be read. */
  prefork_status (*mount_folder)(prefork_app* app, const prefork_mount* mount);
  /* `name`: [a-zA-Z_][a-zA-Z0-9_]*, at most 47 bytes; at most 32 numbers. What *number becomes is
   * for the functions below. PREFORK_WRONG, and api->fail with the reason. */
  prefork_status (*declare_number)(prefork_app* app, prefork_number_kind kind, prefork_text name,
                                   uint32_t* number);
  /* Why the application cannot be loaded, or a worker not be started (in worker_start): one line
   * for people. Of several the last counts. */
  void (*fail)(prefork_app* app, prefork_text message);
  /* --- any thread, any time --- */
  /* One line in the server's log: 0 debug, 1 info, 2 warning, 3 error. */
  void (*log)(prefork_app* app, int level, prefork_text line);
  /* Adds to this worker's part; a counter takes nothing negative. PREFORK_WRONG: no such number, or
   * not in a worker. */
  prefork_status (*add_number)(prefork_app* app, uint32_t number, int64_t amount);
  /* Sets this worker's part. Gauges only. PREFORK_WRONG: as above, or a counter. */
  prefork_status (*set_number)(prefork_app* app, uint32_t number, int64_t value);
  /* The sum over all workers, and with a counter over those that have ended. 0: no such number, or
   * not in a worker. */
  int64_t (*sum_number)(prefork_app* app, uint32_t number);
  /* 1: this worker is the leader; 0: it is not, or this is no worker. */
  int (*is_leader)(prefork_app* app);

  /* --- an answer, by one thread at a time --- */
  /* 200 to 599; without it 200. Any other makes the answer a 500, with a line in the log. */
  void (*set_status)(prefork_response* response, int status);
  /* RFC 9110 section 5. A name that is no token, a control character but a tab in the value, or a
   * field that the server sets itself (Content-Length, Transfer-Encoding, Connection, Keep-Alive,
   * Proxy-Connection, Date, Server) makes the answer a 500, with a line in the log; so does a
   * second one of those with one value: Content-Type, Content-Range, Content-Location, ETag,
   * Location, Last-Modified, Retry-After, Expires. */
  void (*add_field)(prefork_response* response, prefork_text name, prefork_text value);
  /* Content-Length follows from what was appended. */
  void (*append_body)(prefork_response* response, prefork_text bytes);
  /* The content of a regular file and nothing else, sent without being read into memory; see
   * send_file. `path` ends with NUL.
   * PREFORK_WRONG: cannot be opened (errno says why). */
  prefork_status (*set_file)(prefork_response* response, const char* path);
  /* The handler failed: 500, with a line in the log. Forgets everything set before. */
  void (*set_failed)(prefork_response* response, prefork_text what);
  /* Connection: close (RFC 9112 section 9.6) goes with the answer. */
  void (*close_connection)(prefork_response* response);

  /* Sends the head; the content follows through the stream. `size`: its length, or
   * UINT64_MAX: not known. On the pool and for deferred answers; NULL elsewhere. Ends with the
   * handler, or with complete(). */
  prefork_stream* (*start_stream)(prefork_response* response, uint64_t size);
  /* Waits for room (pool threads and others that may block), then copies all of the bytes.
   * PREFORK_GONE: the client left. On the event loop it never waits: PREFORK_FULL takes nothing. */
  prefork_status (*write)(prefork_stream* stream, prefork_text bytes);
  /* Never waits: PREFORK_FULL takes nothing. */
  prefork_status (*try_write)(prefork_stream* stream, prefork_text bytes);
  /* Waits for content of the request. PREFORK_OK with *got > 0, PREFORK_END, or PREFORK_GONE. */
  prefork_status (*read)(prefork_stream* stream, char* room, size_t size, size_t* got);

  /* A deferred answer is finished, once, by any thread; `response` is gone then. */
  void (*complete)(prefork_response* response);

  /* --- what older servers do not have: look at `size` --- */
  /* In prefork_load only: what was noted by api->fail last, by the server or the application. Ends
   * with the next call. */
  prefork_text (*get_failure)(prefork_app* app);
  /* In prefork_load only. `around` is copied, `user_data` lives as long as the application. */
  prefork_status (*set_around)(prefork_app* app, const prefork_around* around, void* user_data);
  /* An answer as it is so far, by the one who may change it; what they give ends with the next
   * change. The fields in their order, from 0; PREFORK_END: there are no more. The body is empty
   * where the content is a file. */
  int (*get_status)(const prefork_response* response);
  prefork_status (*get_field)(const prefork_response* response, size_t index, prefork_field* field);
  prefork_text (*get_body)(const prefork_response* response);
  void (*clear_fields)(prefork_response* response);
  /* Body, file and all other content. */
  void (*clear_body)(prefork_response* response);
  /* The handler failed, and the answer says so by itself: counted and logged, but sent as it is. */
  void (*report_failure)(prefork_response* response, prefork_text what);
  /* Any thread. The request of a deferred handler lives until each hold was released. Others cannot
   * be held: PREFORK_WRONG. */
  prefork_status (*hold)(prefork_call* call);
  void (*release)(prefork_call* call);
  /* Any thread. 1: nobody waits for the answer any more, as far as is known: the client has closed
   * or lost its connection, or the time was up. */
  int (*is_abandoned)(const prefork_call* call);
  /* The same for content on its way to the client. */
  int (*is_gone)(const prefork_stream* stream);
  /* A file as a mounted folder shows it: validators, conditions, ranges, compressed neighbours, the
   * type of its name where no Content-Type is set; 404 where there is none, 403 where it may not be
   * read. After status and fields: with a status but 200, or a validator of the application's own,
   * it is sent whole. `path` ends with NUL. PREFORK_WRONG: the file system is broken. */
  prefork_status (*send_file)(prefork_response* response, const char* path);

  /* Things that workers share. In prefork_load only: what *thing becomes is for the functions
   * below. PREFORK_WRONG, and api->fail with the reason: not the name or the sizes of one, or
   * declared twice. At most 256, and 64 MiB together; a worker that finds that there is no room, or
   * another thing of that name from before a reload, does not start, and the reload is given up. */
  prefork_status (*declare_thing)(prefork_app* app, const prefork_thing* spec, uint32_t* thing);
  /* Any thread from here on. PREFORK_WRONG: another kind of thing, or not in a worker; of what is
   * given back: this process does not have it. Timeouts in ns; UINT64_MAX: for ever; 0: does not
   * wait. On the event loop others than 0 are PREFORK_REFUSED. */
  prefork_status (*get_atomic)(prefork_app* app, uint32_t thing, int64_t* value);
  prefork_status (*set_atomic)(prefork_app* app, uint32_t thing, int64_t value);
  /* What it is then; it wraps around. */
  prefork_status (*add_atomic)(prefork_app* app, uint32_t thing, int64_t amount, int64_t* then);
  /* PREFORK_CHANGED: it is *expected now, and was not replaced. */
  prefork_status (*replace_atomic)(prefork_app* app, uint32_t thing, int64_t* expected,
                                   int64_t value);
  /* Not 0: set, which releases all who wait; 0: cleared. */
  prefork_status (*set_event)(prefork_app* app, uint32_t thing, int is_set);
  prefork_status (*wait_event)(prefork_app* app, uint32_t thing, uint64_t timeout_ns);
  /* Not recursive, not fair; any thread of the process may unlock. PREFORK_OWNER_DIED: it is
   * locked, and what it protects may be half changed. */
  prefork_status (*lock_mutex)(prefork_app* app, uint32_t thing, uint64_t timeout_ns);
  prefork_status (*unlock_mutex)(prefork_app* app, uint32_t thing);
  /* *unit: which one, from 0, to be given back. */
  prefork_status (*acquire_unit)(prefork_app* app, uint32_t thing, uint64_t timeout_ns,
                                 uint32_t* unit);
  prefork_status (*release_unit)(prefork_app* app, uint32_t thing, uint32_t unit);
  /* A writer that waits keeps new readers out. PREFORK_OWNER_DIED: a writer died, and no writer has
   * had it since. */
  prefork_status (*lock_read)(prefork_app* app, uint32_t thing, uint64_t timeout_ns,
                              uint32_t* reader);
  prefork_status (*unlock_read)(prefork_app* app, uint32_t thing, uint32_t reader);
  prefork_status (*lock_write)(prefork_app* app, uint32_t thing, uint64_t timeout_ns);
  prefork_status (*unlock_write)(prefork_app* app, uint32_t thing);
  /* PREFORK_END: it is done. Else it is the caller's turn, who ends it; PREFORK_OWNER_DIED: who was
   * at it has died and may have done a part. */
  prefork_status (*begin_once)(prefork_app* app, uint32_t thing, uint64_t timeout_ns);
  /* 0: it has failed, and is the next one's turn. */
  prefork_status (*end_once)(prefork_app* app, uint32_t thing, int is_done);
  /* PREFORK_TIMEOUT: this one does not count any more. */
  prefork_status (*wait_barrier)(prefork_app* app, uint32_t thing, uint64_t timeout_ns);
  /* PREFORK_FULL: *wait_ns says when to ask again; UINT64_MAX: it is more than the burst. */
  prefork_status (*take_rate)(prefork_app* app, uint32_t thing, uint64_t units, uint64_t* wait_ns);
  /* PREFORK_TIMEOUT: full, or, also with a timeout of 0, another process stands still within a
   * push. PREFORK_WRONG: the piece is too long. */
  prefork_status (*push_queue)(prefork_app* app, uint32_t thing, prefork_text piece,
                               uint64_t timeout_ns);
  /* PREFORK_WRONG: the room is smaller than the longest piece. A piece is delivered at most once.
   */
  prefork_status (*pop_queue)(prefork_app* app, uint32_t thing, char* room, size_t size,
                              size_t* got, uint64_t timeout_ns);
  /* Keys of at most 64 bytes, values of at most 256: `room` has 256. PREFORK_END: no such key.
   * Every change has a version of its own, never 0. */
  prefork_status (*get_map)(prefork_app* app, uint32_t thing, prefork_text key, char* room,
                            size_t* got, uint64_t* version);
  /* `expected`: the version to be replaced; 0: the key must be new; UINT64_MAX: whatever there is.
   * PREFORK_CHANGED: it is not that one. PREFORK_FULL: no room for a new key. PREFORK_TIMEOUT:
   * another process stands still within a change. */
  prefork_status (*put_map)(prefork_app* app, uint32_t thing, prefork_text key, prefork_text value,
                            uint64_t expected);
  prefork_status (*erase_map)(prefork_app* app, uint32_t thing, prefork_text key,
                              uint64_t expected);
  /* A number that is larger with each new leader, for those to whom the leader gives orders: they
   * refuse one that is smaller than they have seen. 0: this worker is not the leader. */
  uint64_t (*leader_token)(prefork_app* app);
  /* Waits for nobody but another publisher's copy, at most 2 ms: PREFORK_TIMEOUT then.
   * PREFORK_WRONG: the piece is too long. */
  prefork_status (*publish_topic)(prefork_app* app, uint32_t thing, prefork_text piece);
  /* In prefork_load. */
  prefork_status (*subscribe_topic)(prefork_app* app, uint32_t thing, prefork_topic_handler handler,
                                    void* user_data);

  /* --- tasks --- */
  /* In prefork_load only. At most 64. PREFORK_WRONG, and api->fail with the reason. */
  prefork_status (*add_task)(prefork_app* app, const prefork_task* task);
  /* In a task: the result, which is copied; or that it failed, and why. The last counts. */
  void (*set_result)(prefork_result* result, prefork_text bytes);
  void (*set_result_failed)(prefork_result* result, prefork_text what);
  /* Any thread of a worker; never waits. *job: to be released; `job` may be NULL. What cannot be
   * done has ended at once (PREFORK_JOB_REFUSED). PREFORK_WRONG: no such order. */
  prefork_status (*submit_task)(prefork_app* app, const prefork_task_order* order,
                                prefork_job** job);
  /* PREFORK_OK: it has ended. PREFORK_TIMEOUT; PREFORK_REFUSED on the event loop and within
   * `done`. */
  prefork_status (*wait_job)(prefork_job* job, uint64_t timeout_ns);
  /* PREFORK_TIMEOUT: it has not ended. `bytes` as for `done`; it ends with the job's release. */
  prefork_status (*get_job)(prefork_job* job, prefork_job_end* end, prefork_text* bytes);
  /* One that waits is not run; of one that runs the result is dropped. */
  void (*cancel_job)(prefork_job* job);
  /* A job that goes on is not cancelled by it. */
  void (*release_job)(prefork_job* job);

  /* Any thread, as long as the request lives. What goes with its span to the collector (--trace
   * otlp): at most 8, names of 1 to 64 bytes, values of at most 128; a known name gets another
   * value. Of many long ones those that find no room in the span are left out there. PREFORK_FULL:
   * there are 8. PREFORK_WRONG: too long, or without a name. */
  prefork_status (*set_attribute)(const prefork_trace* trace, prefork_text name,
                                  prefork_text value);

  /* --- histograms --- */
  /* In prefork_load. `name` as of a number, and none of those; `steps`: 1 to 20, finite, each
   * larger than the one before; copied. At most 16 histograms. What *histogram becomes is for the
   * function below. PREFORK_WRONG, and api->fail with the reason. */
  prefork_status (*declare_histogram)(prefork_app* app, prefork_text name, const double* steps,
                                      size_t count, uint32_t* histogram);
  /* Any thread of a worker. Counts `value` in this worker's part, for the first step that is not
   * below it. PREFORK_WRONG: no such histogram, or not in a worker. */
  prefork_status (*observe)(prefork_app* app, uint32_t histogram, double value);

  /* --- settings --- */
  /* Any thread, any time. They are the same as long as the application lives; a reload loads it
   * with those of then. PREFORK_END: there is none of that key. */
  prefork_status (*get_setting)(prefork_app* app, prefork_text key, prefork_setting* setting);

  /* --- errors --- */
  /* In prefork_load. At most 64, of one status and type the last counts. PREFORK_WRONG, and
   * api->fail with the reason. */
  prefork_status (*set_error_page)(prefork_app* app, const prefork_error_page* page);
  /* Makes the answer the page of an error, in place of all that was set before: the application's
   * own, or as the client prefers it problem details, HTML or text. It can be read, and added to.
   * After report_failure it may say more (--reload). PREFORK_WRONG: not the status of an error. */
  prefork_status (*set_error)(prefork_response* response, const prefork_problem* problem);

  /* --- more of answers --- */
  /* After status, fields and content, and before start_stream. Where the request is GET or HEAD and
   * the status 200, its conditions (RFC 9110 section 13) are held against the ETag and
   * Last-Modified of the answer, which may become a 304 or a 412. `hashes_body`: not 0: a body
   * without an ETag gets one. */
  void (*validate)(prefork_response* response, int hashes_body);
  /* 103 (RFC 8297), at once; `interim` of the request, until it is answered. What is said later is
   * dropped. PREFORK_WRONG: no field, one that the server sets itself, more than 32, or more than 8
   * KiB of them. */
  prefork_status (*send_early_hints)(prefork_interim* interim, const prefork_field* fields,
                                     size_t count);
  /* A field behind the content (RFC 9110 section 6.5), before the stream ends; left out where the
   * answer is not chunked. PREFORK_WRONG: not one that may come there. PREFORK_FULL: more than 8
   * KiB of them. PREFORK_GONE: the client left. */
  prefork_status (*add_trailer)(prefork_stream* stream, prefork_text name, prefork_text value);

  /* --- the event loop of a worker ---
   * It is there from worker_start to worker_stop. In the end, after the last handler has returned
   * and before worker_stop: what was posted is called, each wait that is left is told PREFORK_GONE,
   * and nothing is called any more. A worker that leaves a stuck handler behind, crashes or is
   * killed does nothing of the kind. */
  /* Any thread: has `function` called. PREFORK_FULL: 65,536 wait. PREFORK_GONE: the worker has
   * stopped. PREFORK_WRONG: this is no worker. */
  prefork_status (*post)(prefork_app* app, prefork_function function, void* user_data);
  /* 1: the calling thread is the loop's. */
  int (*is_loop_thread)(const prefork_app* app);
  /* The loop's thread only, but for wait_gone, and so is cancel_wait. NULL: it cannot be waited for
   * here; errno says why (EPERM: the wrong thread, or no worker; ESHUTDOWN: the worker stops). */
  /* So many nanoseconds at least. */
  prefork_wait* (*wait_time)(prefork_app* app, uint64_t ns, prefork_waited waited, void* user_data);
  /* Until `fd` can be read from, or written to, without waiting, or is broken. Each direction of a
   * descriptor is waited for once at a time (EEXIST), and never where it is always ready (EPERM: a
   * file). To be cancelled before `fd` is closed. */
  prefork_wait* (*wait_fd)(prefork_app* app, int fd, int for_writing, prefork_waited waited,
                           void* user_data);
  /* Any thread, while the request lives. PREFORK_GONE: nobody waits for its answer any more, as
   * is_abandoned says; PREFORK_OK: it was answered. */
  prefork_wait* (*wait_gone)(prefork_call* call, prefork_waited waited, void* user_data);
  /* Before the stream has ended. PREFORK_OK: it is worth another try_write (128 KiB will find room)
   * or try_read, or there is nobody at the other end. */
  prefork_wait* (*wait_stream)(prefork_app* app, prefork_stream* stream, prefork_waited waited,
                               void* user_data);
  /* Likewise, of content on its way to the client. PREFORK_GONE: nobody takes it any more. */
  prefork_wait* (*wait_stream_gone)(prefork_app* app, prefork_stream* stream, prefork_waited waited,
                                    void* user_data);
  /* Until the topic has a piece of that number, counted from 0. */
  prefork_wait* (*wait_topic)(prefork_app* app, uint32_t thing, uint64_t number,
                              prefork_waited waited, void* user_data);
  /* It has not been told: `waited` is not called. */
  void (*cancel_wait)(prefork_wait* wait);
  /* Any thread. PREFORK_OK: work->done will be called. Else nothing is: PREFORK_FULL,
   * PREFORK_GONE (the worker has stopped), PREFORK_WRONG. */
  prefork_status (*submit_work)(prefork_app* app, const prefork_work* work);
  /* As read, but never waits: PREFORK_FULL, there is nothing at present (see wait_stream). For
   * deferred handlers that stream the body, for which read on the loop is PREFORK_REFUSED. */
  prefork_status (*try_read)(prefork_stream* stream, char* room, size_t size, size_t* got);
  /* In a handler of PREFORK_LOOP or PREFORK_POOL, which has made the head and returns now: the rest
   * is left to `later`, which is called once, on the event loop, as a handler of PREFORK_DEFERRED
   * is, and completes the answer. Its `response` is NULL where there is no room for one more
   * (--limit-concurrency): that was answered with 503. The request's texts are the server's own
   * copy. PREFORK_WRONG: another handler. */
  prefork_status (*respond_later)(prefork_response* response, prefork_handler later,
                                  void* user_data);
  /* Instead of complete: nobody waits for the answer, and there is none. */
  void (*give_up)(prefork_response* response);
  /* Any thread of a worker. Copies the piece of number *next, or the oldest that there is after it;
   * *next becomes the number behind it, *lost how many were left out. PREFORK_END: there is none
   * yet; *next is never beyond that. PREFORK_WRONG: the room is smaller than the longest piece. */
  prefork_status (*read_topic)(prefork_app* app, uint32_t thing, uint64_t* next, char* room,
                               size_t size, size_t* got, uint64_t* lost);
} prefork_api;

/* Whether the server that gave `api` has this function. */
#define PREFORK_HAS(api, function) \
  ((api)->size >= offsetof(prefork_api, function) + sizeof((api)->function))

typedef int (*prefork_load_function)(const prefork_api* api, prefork_app* app);

#ifdef __cplusplus
}
#endif

#endif /* PREFORK_ABI_H */
