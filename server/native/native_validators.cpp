#include "server/native/native_validators.h"

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/text.h"
#include "server/files/content_hash.h"
#include "server/http/conditional.h"
#include "server/http/fixed_text.h"
#include "server/http/http_date.h"

namespace prefork::native {

namespace {

void add_etag_of_body(http::Response& response) {
  constexpr std::size_t kQuotes = 2;
  constexpr std::size_t kDigits = 16;
  http::FixedText<kQuotes + kDigits + 1 + kDigits> tag;
  tag.append("\"").append_number(files::hash_content(response.content()), 16);
  tag.append("-").append_number(response.content().size(), 16).append("\"");
  response.add_field("ETag", tag.view());
}

// What a 304 says is of the response; what only the content needs goes with the content (RFC 9110
// section 15.4.5).
void become_not_modified(http::Response& response) {
  std::vector<std::string> of_content;
  for (const http::Field& field : response.fields()) {
    if (config::equals_ignoring_case(field.name.substr(0, 8), "content-") &&
        !config::equals_ignoring_case(field.name, "content-location")) {
      of_content.emplace_back(field.name);
    }
  }
  for (const std::string& name : of_content) {
    response.remove_field(name);
  }
  response.set_status(304);
  response.clear_content();
}

}  // namespace

void validate(const http::Request& request, http::Response& response, bool hashes_body) {
  const bool is_read = request.method == http::Method::get || request.method == http::Method::head;
  if (!is_read || response.status() != 200) {
    return;
  }
  if (hashes_body && !response.has_long_body() && !response.fields().find("etag")) {
    add_etag_of_body(response);
  }
  const std::int64_t now = std::time(nullptr);
  http::Validators validators;
  // Both are views into what may change below, and are not looked at any more then.
  validators.etag = response.fields().find("etag").value_or("");
  if (const auto modified = response.fields().find("last-modified")) {
    validators.last_modified = http::parse_http_date(*modified, now);
  }
  switch (http::evaluate_conditions(request.method, request.fields, validators, now)) {
    case http::Precondition::proceed:
      break;
    case http::Precondition::not_modified:
      become_not_modified(response);
      break;
    case http::Precondition::failed:
      response.set_error(412, {});
      break;
  }
}

}  // namespace prefork::native
