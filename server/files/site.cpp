#include "server/files/site.h"

#include <utility>

#include "server/files/listing.h"
#include "server/files/path.h"
#include "server/http/accept.h"

namespace prefork::files {

namespace {

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
      match.is_file = true;
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
    const Representation& chosen = choose_representation(*fresh, request.fields);
    if (is_current(*chosen.file)) [[likely]] {
      respond_with(*fresh, chosen, request, boundaries_, response);
      return;
    }
    cache_.expire(path);
  }
  const Target target = find(request, path);
  if (target.kind == FileKind::folder) {
    if (!target.name.ends_with('/')) {
      redirect_to_folder(request, target.name, response);
    } else if (!list(target.name, response)) {
      respond_without(FileKind::nothing, response);
    }
  } else if (target.kind == FileKind::file) {
    const Representation& chosen = choose_representation(*target.resource, request.fields);
    respond_with(*target.resource, chosen, request, boundaries_, response);
  } else {
    respond_without(target.kind, response);
  }
}

bool StaticFiles::has(const http::Request& request, std::string_view path) {
  return cache_.find_fresh(path) != nullptr || find(request, path).kind != FileKind::nothing;
}

StaticFiles::Target StaticFiles::find(const http::Request& request, std::string_view path) {
  if (path.empty()) {
    return {FileKind::folder, nullptr, path};
  }
  const std::string_view name = name_static_path(path, name_);
  if (!name.empty()) {
    const StaticCache::Found found = cache_.find(name);
    if (found.kind != FileKind::nothing) {
      return {found.kind, found.resource, name};
    }
    if (settings_.listing && name.ends_with('/') &&
        cache_.root().open(std::string(name.substr(1))).kind == FileKind::folder) {
      return {FileKind::folder, nullptr, name};
    }
  }
  // A part with an encoded slash in it names no file, but perhaps something of the application's.
  const bool may_be_of_application =
      !name.empty() || path.find(http::kEncodedSlash) != std::string_view::npos;
  if (settings_.spa && may_be_of_application && can_answer(request.method) &&
      !has_extension(path) && http::accepts_type(request.fields, "text/html")) {
    const StaticCache::Found index = cache_.find("/");
    if (index.kind == FileKind::file) {
      return {FileKind::file, index.resource, name};
    }
  }
  return {};
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
