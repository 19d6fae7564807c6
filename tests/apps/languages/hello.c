/* An application in C: the interface as it is, without a layer on top of it.
 *
 *   cc -std=c11 -fPIC -shared -fvisibility=hidden hello.c -o libhello.so
 *   prefork-server ./libhello.so
 *   curl localhost:8000/hello/you
 */
#include <prefork/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

PREFORK_EXPORT const uint32_t prefork_abi_version = PREFORK_ABI_VERSION;

/* What handlers need: one for each worker, made by prefork_load, given back by `unload`. */
typedef struct shop {
  const prefork_api* api; /* lives as long as the process */
  prefork_app* app;
  uint32_t visits; /* a counter of all workers */
} shop;

static prefork_text text(const char* string) {
  const prefork_text whole = {string, strlen(string)};
  return whole;
}

static void respond(const shop* self, prefork_response* response, const char* body) {
  self->api->add_field(response, text("Content-Type"), text("text/plain; charset=utf-8"));
  self->api->append_body(response, text(body));
}

/* On the event loop: it never blocks. */
static void greet(void* user_data, const prefork_request* request, prefork_response* response) {
  (void)request;
  respond(user_data, response, "Hello from C\n");
}

/* On the pool, by several threads at once, as all that follow. Texts are not ended by NUL. */
static void greet_by_name(void* user_data, const prefork_request* request,
                          prefork_response* response) {
  const prefork_text name = request->parameters[0].value;
  char line[256];
  snprintf(line, sizeof line, "Hello, %.*s!\n", (int)(name.size < 200 ? name.size : 200), name.data);
  respond(user_data, response, line);
}

static void count_visit(void* user_data, const prefork_request* request,
                        prefork_response* response) {
  const shop* const self = user_data;
  char line[32];
  (void)request;
  self->api->add_number(self->app, self->visits, 1);
  snprintf(line, sizeof line, "%lld\n", (long long)self->api->sum_number(self->app, self->visits));
  respond(self, response, line);
}

/* What went wrong is for the log; the client gets a 500. */
static void fail(void* user_data, const prefork_request* request, prefork_response* response) {
  const shop* const self = user_data;
  (void)request;
  self->api->set_failed(response, text("out of tea"));
}

static void stream(void* user_data, const prefork_request* request, prefork_response* response) {
  const shop* const self = user_data;
  prefork_stream* content = NULL;
  int i = 0;
  (void)request;
  self->api->add_field(response, text("Content-Type"), text("text/plain"));
  content = self->api->start_stream(response, UINT64_MAX);
  while (i < 3 && self->api->write(content, text("piece\n")) == PREFORK_OK) {
    ++i;
  }
}

static int start(void* user_data, const prefork_worker* worker) {
  const shop* const self = user_data;
  char line[64];
  snprintf(line, sizeof line, "the application in C starts in worker %u", (unsigned)worker->slot);
  self->api->log(self->app, 1, text(line));
  return 0;
}

static void unload(void* user_data) { free(user_data); }

static prefork_status add(shop* self, const char* pattern, prefork_run_on run_on,
                          prefork_handler handler) {
  prefork_route route;
  memset(&route, 0, sizeof route);
  route.size = sizeof route;
  route.method = text("GET");
  route.pattern = text(pattern);
  route.run_on = run_on;
  route.handler = handler;
  route.user_data = self;
  return self->api->add_route(self->app, &route);
}

/* Everything is declared here. After a refusal the server knows the reason. */
PREFORK_EXPORT int prefork_load(const prefork_api* api, prefork_app* app) {
  prefork_hooks hooks;
  shop* const self = malloc(sizeof *self);
  if (self == NULL) {
    api->fail(app, text("no memory"));
    return 1;
  }
  self->api = api;
  self->app = app;
  if (add(self, "/", PREFORK_LOOP, greet) != PREFORK_OK ||
      add(self, "/hello/{name}", PREFORK_POOL, greet_by_name) != PREFORK_OK ||
      add(self, "/visits", PREFORK_POOL, count_visit) != PREFORK_OK ||
      add(self, "/fails", PREFORK_POOL, fail) != PREFORK_OK ||
      add(self, "/stream", PREFORK_POOL, stream) != PREFORK_OK ||
      api->declare_number(app, PREFORK_COUNTER, text("visits"), &self->visits) != PREFORK_OK) {
    free(self);
    return 1;
  }
  memset(&hooks, 0, sizeof hooks);
  hooks.size = sizeof hooks;
  hooks.worker_start = start;
  hooks.unload = unload;
  api->set_hooks(app, &hooks, self);
  return 0;
}
