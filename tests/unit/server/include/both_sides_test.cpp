// The public headers and those of the inside in one file, each with its own Request and Response:
// what is compiled here is the test.
#include <gtest/gtest.h>

#include <prefork/abi.h>
#include <prefork/app.hpp>
#include <prefork/around.hpp>
#include <prefork/content_disposition.hpp>
#include <prefork/cookie.hpp>
#include <prefork/cors.hpp>
#include <prefork/cxx20.hpp>
#include <prefork/error.hpp>
#include <prefork/error_pages.hpp>
#include <prefork/folder.hpp>
#include <prefork/form.hpp>
#include <prefork/function.hpp>
#include <prefork/group.hpp>
#include <prefork/handler.hpp>
#include <prefork/hooks.hpp>
#include <prefork/http_date.hpp>
#include <prefork/json.hpp>
#include <prefork/locks.hpp>
#include <prefork/log.hpp>
#include <prefork/metrics.hpp>
#include <prefork/place.hpp>
#include <prefork/quote.hpp>
#include <prefork/request.hpp>
#include <prefork/responder.hpp>
#include <prefork/response.hpp>
#include <prefork/route.hpp>
#include <prefork/route_list.hpp>
#include <prefork/route_plan.hpp>
#include <prefork/route_table.hpp>
#include <prefork/run_on.hpp>
#include <prefork/security_headers.hpp>
#include <prefork/settings.hpp>
#include <prefork/sharing.hpp>
#include <prefork/state.hpp>
#include <prefork/stores.hpp>
#include <prefork/tasks.hpp>
#include <prefork/topics.hpp>
#include <prefork/trace.hpp>
#include <prefork/values.hpp>
#include <prefork/worker.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "server/exchange/application.h"
#include "server/http/field_list.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/routing/router.h"

namespace prefork {
namespace {

TEST(BothSides, EachHasItsOwnRequestResponseAndField) {
  static_assert(!std::is_same_v<Request, http::Request>);
  static_assert(!std::is_same_v<Response, http::Response>);
  static_assert(!std::is_same_v<Field, http::Field>);
  static_assert(!std::is_same_v<App::Handler, exchange::Handler>);

  const std::array<http::Field, 1> fields = {{{"X-Name", "value"}}};
  http::Request inside;
  inside.fields = fields;

  const prefork_field native_field = {{"X-Name", 6}, {"value", 5}};
  prefork_request native{};
  native.size = sizeof native;
  native.fields = &native_field;
  native.field_count = 1;
  const prefork_api api{};
  const prefork::Request outside(api, native);

  EXPECT_EQ(outside.header("x-name"), inside.fields.find("x-name"));
  const prefork::Response answer = text("hello");
  http::Response response;
  response.set_status(answer.status());
  response.set_body(answer.body());
  EXPECT_EQ(response.content(), "hello");
}

// What was built against this header runs on a server that knows no traces, and the other way
// round: it does not read beyond what either side has.
TEST(BothSides, ARequestOfAnOlderServerHasNoTrace) {
  prefork_trace trace{};
  trace.size = sizeof trace;
  prefork_request native{};
  native.trace = &trace;
  prefork_api api{};
  api.size = sizeof api;
  native.size = sizeof native;
  EXPECT_TRUE(prefork::Request(api, native).trace());
  native.size = offsetof(prefork_request, trace);
  EXPECT_FALSE(prefork::Request(api, native).trace());
  native.size = sizeof native;
  api.size = offsetof(prefork_api, set_attribute);
  const prefork::Trace none = prefork::Request(api, native).trace();
  EXPECT_FALSE(none);
  EXPECT_EQ(none.traceparent(), "");
  EXPECT_FALSE(none.is_sampled());
  EXPECT_FALSE(none.attribute("a", "b"));
}

}  // namespace
}  // namespace prefork
