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
 * called in every worker after the fork, or once in the master before it (--preload): it must not
 * start threads then, since a fork copies only the one that calls it.
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

typedef struct prefork_text {
  const char* data;
  size_t size;
} prefork_text;

typedef struct prefork_field {
  prefork_text name;
  prefork_text value;
} prefork_field;

/* A request, to be read by one thread. Lives until its handler returns; that of a deferred handler
 * until the answer is sent or dropped. */
typedef struct prefork_request {
  size_t size;
  uint64_t id;         /* counts the worker's requests */
  int version_minor;   /* HTTP/1.0 or HTTP/1.1 */
  prefork_text method; /* as sent: "GET" */
  prefork_text target; /* as sent */
  prefork_text path;   /* decoded once, without dot segments */
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
  prefork_stream* content; /* where the handler streams the body; else NULL */
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

typedef struct prefork_route {
  size_t size;
  prefork_text method;  /* "GET" (answers HEAD too), "POST", ... */
  prefork_text pattern; /* "/", "/items/{id}", "/files/{path...}" */
  prefork_run_on run_on;
  prefork_handler handler;
  void* user_data;
  int streams_body;    /* with PREFORK_POOL: the handler reads prefork_request.content */
  uint64_t body_limit; /* bytes, beyond: 413; 0: --limit-body */
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

/* A number that the workers share: each has its own part, /stats shows the parts and their sum. */
typedef enum prefork_number_kind {
  PREFORK_COUNTER = 1, /* only grows; keeps what ended workers counted */
  PREFORK_GAUGE = 2    /* a present state, ends with its worker */
} prefork_number_kind;

/* Hooks of a worker's life, each may be NULL. `user_data` is that of api->set_hooks. */
typedef struct prefork_hooks {
  size_t size;
  /* Before the worker accepts anything. Not 0: the worker could not start; see api->fail_start. */
  int (*worker_start)(void* user_data, const prefork_worker* worker);
  /* The worker takes no new connections any more; on the event loop. */
  void (*drain)(void* user_data, const prefork_worker* worker);
  /* The last handler has returned. */
  void (*worker_stop)(void* user_data, const prefork_worker* worker);
  /* This worker has become the leader: there is never more than one, and there is another within a
   * second after it ended or drained (its drain hook returns before). On the event loop. */
  void (*lead)(void* user_data, const prefork_worker* worker);
  /* With --preload, in the master: no worker of this generation is left, nothing else will be
   * called. */
  void (*unload)(void* user_data);
} prefork_hooks;

typedef enum prefork_status {
  PREFORK_OK = 0,
  PREFORK_END = 1,  /* of the content */
  PREFORK_GONE = 2, /* nobody is at the other end any more */
  PREFORK_FULL = 3, /* not now: the client is slower */
  PREFORK_WRONG = 4 /* an argument, or not in this state */
} prefork_status;

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
  void (*set_hooks)(prefork_app* app, const prefork_hooks* hooks, void* user_data);
  /* PREFORK_WRONG, and api->fail with the reason: a bad prefix, or a folder that cannot be read. */
  prefork_status (*mount_folder)(prefork_app* app, const prefork_mount* mount);
  /* `name`: [a-zA-Z_][a-zA-Z0-9_]*, at most 47 bytes; at most 32 numbers. What *number becomes is
   * for the functions below. PREFORK_WRONG, and api->fail with the reason. */
  prefork_status (*declare_number)(prefork_app* app, prefork_number_kind kind, prefork_text name,
                                   uint32_t* number);
  /* Why the application cannot be loaded, or a worker not be started (in worker_start): one line
   * for people. */
  void (*fail)(prefork_app* app, prefork_text message);
  /* --- any thread, any time --- */
  /* One line in the server's log: 0 debug, 1 info, 2 warning, 3 error. */
  void (*log)(prefork_app* app, int level, prefork_text line);
  /* Adds to this worker's part; a counter takes nothing negative. PREFORK_WRONG: no such number, or
   * not in a worker. */
  prefork_status (*add_number)(prefork_app* app, uint32_t number, int64_t amount);
  /* Gauges only. */
  prefork_status (*set_number)(prefork_app* app, uint32_t number, int64_t value);
  /* The sum over all workers, and with a counter over those that have ended. */
  int64_t (*sum_number)(prefork_app* app, uint32_t number);
  /* Whether this worker is the leader. */
  int (*is_leader)(prefork_app* app);

  /* --- an answer, by one thread at a time --- */
  void (*set_status)(prefork_response* response, int status);
  void (*add_field)(prefork_response* response, prefork_text name, prefork_text value);
  void (*append_body)(prefork_response* response, prefork_text bytes);
  /* The content of a regular file, sent without being read into memory. `path` ends with NUL.
   * PREFORK_WRONG: cannot be opened (errno says why). */
  prefork_status (*set_file)(prefork_response* response, const char* path);
  /* The handler failed: 500, with a line in the log. Forgets everything set before. */
  void (*set_failed)(prefork_response* response, prefork_text what);
  void (*close_connection)(prefork_response* response);

  /* Sends the head; the content follows through the stream. `size`: its length, or
   * UINT64_MAX: not known. On the pool and for deferred answers; NULL elsewhere. Ends with the
   * handler, or with complete(). */
  prefork_stream* (*start_stream)(prefork_response* response, uint64_t size);
  /* Waits for room (pool threads and others that may block). PREFORK_GONE: the client left. */
  prefork_status (*write)(prefork_stream* stream, prefork_text bytes);
  /* Never waits: PREFORK_FULL takes nothing. */
  prefork_status (*try_write)(prefork_stream* stream, prefork_text bytes);
  /* Waits for content of the request. PREFORK_OK with *got > 0, PREFORK_END, or PREFORK_GONE. */
  prefork_status (*read)(prefork_stream* stream, char* room, size_t size, size_t* got);

  /* A deferred answer is finished, once, by any thread; `response` is gone then. */
  void (*complete)(prefork_response* response);
} prefork_api;

typedef int (*prefork_load_function)(const prefork_api* api, prefork_app* app);

#ifdef __cplusplus
}
#endif

#endif /* PREFORK_ABI_H */
