#include "server/native/native_file.h"

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "server/files/resource.h"
#include "server/files/resource_response.h"

namespace prefork::native {

namespace {

const http::MimeTypes& mime_types() {
  static const http::MimeTypes kTypes = http::MimeTypes::of_system();
  return kTypes;
}

bool has(const http::Response& response, std::string_view lower_name) {
  return response.fields().find(lower_name).has_value();
}

std::string in_lower_case(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), config::to_lower);
  return lower;
}

// Nothing of what was meant for the file goes with it.
void replace_by_error(http::Response& error, http::Response& response) {
  const bool wants_close = response.wants_close();
  response.set_error(error.status(), error.error()->detail);
  for (const http::Field& field : error.fields()) {
    if (!config::equals_ignoring_case(field.name, "content-type")) {
      response.add_field(field.name, field.value);
    }
  }
  if (wants_close) {
    response.close_connection();
  }
}

void take_over(http::Response& made, http::Response& response) {
  if (made.status() != 200) {
    response.set_status(made.status());
  }
  // It has been taken into account, and may be that of several parts now.
  response.remove_field("Content-Type");
  for (const http::Field& field : made.fields()) {
    const std::string name = in_lower_case(field.name);
    if (name == "vary" || !has(response, name)) {
      response.add_field(field.name, field.value);
    }
  }
  if (made.has_long_body()) {
    for (http::BodyPiece& piece : made.take_pieces()) {
      response.add_piece(std::move(piece));
    }
  } else {
    response.set_body(std::move(made.body()));
  }
}

}  // namespace

bool respond_with_file(const http::Request& request, const std::string& path,
                       http::Response& response) {
  files::LoadedResource loaded = files::load_file(path, mime_types(), std::time(nullptr));
  http::Response made;
  if (loaded.kind == files::FileKind::failed) {
    return false;
  }
  if (loaded.kind != files::FileKind::file) {
    files::respond_without(loaded.kind, made);
    replace_by_error(made, response);
    return true;
  }
  const std::string type(response.fields().find("content-type").value_or(""));
  if (!type.empty()) {
    loaded.resource.type = type;
  }
  http::Request asked = request;
  if (response.status() != 200 || has(response, "etag") || has(response, "last-modified")) {
    asked.fields = {};
  }
  const files::Representation& chosen =
      has(response, "content-encoding")
          ? loaded.resource.plain()
          : files::choose_representation(loaded.resource, asked.fields);
  thread_local files::MultipartBoundaries boundaries;
  files::respond_with(loaded.resource, chosen, asked, boundaries, made);
  if (made.status() >= 400) {
    replace_by_error(made, response);
  } else {
    take_over(made, response);
  }
  return true;
}

}  // namespace prefork::native
