#include "server/files/site.h"

#include <utility>

#include "server/files/listing.h"
#include "server/files/path.h"
#include "server/http/accept.h"

namespace prefork::files {

namespace {

constexpr std::string_view kRetryAfterSeconds = "1";

class StaticSite : public exchange::Application {
 public:
  StaticSite(StaticSettings settings, StaticCacheLimits limits)
      : files_(std::move(settings),
               std::make_shared<const http::MimeTypes>(http::MimeTypes::of_system()), limits),
        handler_([this](const http::Request& request, http::Response& response) {
          files_.respond(request, request.path_segments(), response);
        }) {}

  [[nodiscard]] exchange::RouteMatch route(const http::Request& request,
                                           exchange::RouteParameters&) const noexcept override {
    exchange::RouteMatch match;
    if (StaticFiles::can_answer(request.method)) {
      match.handler = &handler_;
    } else {
      match.status = request.method == http::Method::options ? 204 : 405;
      match.allow = StaticFiles::allowed_methods();
    }
    return match;
  }

 private:
  StaticFiles files_;
  const exchange::Handler handler_;
};

}  // namespace

http::MethodSet StaticFiles::allowed_methods() {
  http::MethodSet methods;
  for (const std::string_view name : {"GET", "HEAD", "OPTIONS"}) {
    methods.add(http::method_number(name));
  }
  return methods;
}

StaticFiles::StaticFiles(StaticSettings settings, std::shared_ptr<const http::MimeTypes> types,
                         StaticCacheLimits limits)
    : settings_(std::move(settings)), cache_(settings_, std::move(types), limits) {}

void StaticFiles::respond(const http::Request& request, std::string_view path,
                          http::Response& response) {
  if (const StaticResource* fresh = cache_.find_fresh(path)) [[likely]] {
    respond_with(*fresh, request, boundaries_, response);
    return;
  }
  if (path.empty()) {
    redirect_to_folder(request, path, response);
    return;
  }
  const std::string_view name = name_static_path(path, name_);
  if (name.empty()) {
    response.set_error(404, {});
    return;
  }
  const StaticCache::Found found = cache_.find(name);
  switch (found.kind) {
    case FileKind::file:
      respond_with(*found.resource, request, boundaries_, response);
      break;
    case FileKind::folder:
      redirect_to_folder(request, name, response);
      break;
    case FileKind::nothing:
      respond_without_file(request, name, response);
      break;
    case FileKind::forbidden:
      response.set_error(403, {});
      break;
    case FileKind::overload:
      response.set_error(503, "no room to open the file");
      response.add_field("Retry-After", kRetryAfterSeconds);
      break;
    case FileKind::failed:
      response.set_error(500, {});
      break;
  }
}

// The name has one slash in front, so the address cannot be taken for one of another host.
void StaticFiles::redirect_to_folder(const http::Request& request, std::string_view name,
                                     http::Response& response) const {
  std::string location;
  append_url_path(location, settings_.url_prefix);
  append_url_path(location, name);
  location.push_back('/');
  if (!request.query.empty()) {
    location.append("?").append(request.query);
  }
  response.set_status(301);
  response.add_field("Location", location);
}

void StaticFiles::respond_without_file(const http::Request& request, std::string_view name,
                                       http::Response& response) {
  if (settings_.listing && name.ends_with('/') && list(name, response)) {
    return;
  }
  if (settings_.spa && !has_extension(name) && http::accepts_type(request.fields, "text/html")) {
    const StaticCache::Found index = cache_.find("/");
    if (index.kind == FileKind::file) {
      respond_with(*index.resource, request, boundaries_, response);
      return;
    }
  }
  response.set_error(404, {});
}

bool StaticFiles::list(std::string_view name, http::Response& response) const {
  FoundFile folder = cache_.root().open(std::string(name.substr(1)));
  if (folder.kind != FileKind::folder) {
    return false;
  }
  std::string page = listing_page(cache_.root(), std::move(folder), name);
  if (page.empty()) {
    return false;
  }
  response.set_content_type("text/html; charset=utf-8");
  response.add_field("Cache-Control", "no-cache");
  response.set_body(std::move(page));
  return true;
}

std::unique_ptr<exchange::Application> make_static_site(StaticSettings settings,
                                                        StaticCacheLimits limits) {
  return std::make_unique<StaticSite>(std::move(settings), limits);
}

}  // namespace prefork::files
