#include "server/files/resource_response.h"

#include <array>
#include <ctime>
#include <random>
#include <span>
#include <utility>

#include "server/http/accept_encoding.h"
#include "server/http/byte_ranges.h"
#include "server/http/conditional.h"

namespace prefork::files {

namespace {

constexpr std::string_view kRetryAfterSeconds = "1";

// Which fields have to be looked at closely: most requests have none of them.
struct FieldsPresent {
  bool conditions = false;
  bool range = false;
};

FieldsPresent look_over(http::FieldView fields) {
  using http::KnownField;
  return {fields.has(KnownField::if_match) || fields.has(KnownField::if_none_match) ||
              fields.has(KnownField::if_modified_since) ||
              fields.has(KnownField::if_unmodified_since),
          fields.has(KnownField::range)};
}

// The descriptor as a part of its file's ownership.
std::shared_ptr<const ipc::OwnedFd> shared_fd(const std::shared_ptr<const StoredFile>& file) {
  return {file, &file->fd};
}

std::string_view slice(const StoredFile& file, const http::ByteRange& range) {
  return std::string_view(file.content)
      .substr(static_cast<std::size_t>(range.first), static_cast<std::size_t>(range.size()));
}

void send_whole(const Representation& chosen, http::Response& response) {
  const StoredFile& file = *chosen.file;
  if (file.is_in_memory) {
    response.set_static_body(file.content);
  } else {
    response.add_piece({{}, shared_fd(chosen.file), 0, file.identity.size});
  }
}

void send_part(const Representation& chosen, const http::ByteRange& range,
               http::Response& response) {
  const StoredFile& file = *chosen.file;
  response.add_field("Content-Range", http::content_range_text(range, file.identity.size).view());
  if (file.is_in_memory) {
    response.set_static_body(slice(file, range));
  } else {
    response.add_piece({{}, shared_fd(chosen.file), range.first, range.size()});
  }
}

void send_parts(const Representation& chosen, std::span<const http::ByteRange> ranges,
                const http::Multipart& multipart, http::Response& response) {
  response.add_field("Content-Type",
                     "multipart/byteranges; boundary=" + std::string(multipart.boundary));
  std::string text;
  for (const http::ByteRange& range : ranges) {
    http::append_part_head(text, multipart, range, &range == ranges.data());
    if (chosen.file->is_in_memory) {
      text.append(slice(*chosen.file, range));
    } else {
      response.add_piece(
          {std::exchange(text, {}), shared_fd(chosen.file), range.first, range.size()});
    }
  }
  http::append_multipart_end(text, multipart);
  if (chosen.file->is_in_memory) {
    response.set_body(std::move(text));
  } else {
    response.add_piece({std::move(text), nullptr, 0, 0});
  }
}

// True when it has answered; false: the whole file is to be sent.
bool respond_partially(const Representation& chosen, std::string_view type,
                       const http::Request& request, const http::Validators& validators,
                       MultipartBoundaries& boundaries, http::Response& response) {
  const std::uint64_t size = chosen.file->identity.size;
  if (!http::if_range_holds(request.fields, validators, std::time(nullptr))) {
    return false;
  }
  const http::RangeSelection selection = http::select_ranges(request.method, request.fields, size);
  if (selection.kind == http::RangeKind::whole) {
    return false;
  }
  if (selection.kind == http::RangeKind::unsatisfiable) {
    response.set_error(416, {});
    response.add_field("Content-Range", http::unsatisfied_range_text(size).view());
    return true;
  }
  response.set_status(206);
  response.add_fields(chosen.validators);
  response.add_fields(chosen.content);
  if (selection.count == 1) {
    response.set_content_type(type);
    send_part(chosen, selection.ranges().front(), response);
  } else {
    send_parts(chosen, selection.ranges(), {boundaries.next(), type, size}, response);
  }
  return true;
}

}  // namespace

MultipartBoundaries::MultipartBoundaries() {
  std::random_device source;
  for (int i = 0; i < 4; ++i) {
    http::FixedText<8> digits;
    digits.append_number(source(), 16);
    random_.append(digits.view());
  }
}

std::string_view MultipartBoundaries::next() {
  text_ = random_ + "-" + std::to_string(++count_);
  return text_;
}

const Representation& choose_representation(const StaticResource& resource,
                                            http::FieldView fields) {
  if (resource.representations.size() == 1) [[likely]] {
    return resource.plain();
  }
  std::array<http::ContentCoding, http::kContentCodingCount> available{};
  std::size_t count = 0;
  for (const Representation& representation : resource.representations) {
    available[count++] = representation.coding;
  }
  const auto coding = http::choose_coding(fields, std::span(available).first(count));
  for (const Representation& representation : resource.representations) {
    if (representation.coding == coding) {
      return representation;
    }
  }
  return resource.plain();
}

bool is_current(const StoredFile& file) {
  return file.is_in_memory || is_still(file.fd.get(), file.identity);
}

void respond_with(const StaticResource& resource, const Representation& chosen,
                  const http::Request& request, MultipartBoundaries& boundaries,
                  http::Response& response) {
  const FieldsPresent present = look_over(request.fields);
  const http::Validators validators{chosen.etag.view(), chosen.last_modified, true};
  if (present.conditions) {
    switch (
        http::evaluate_conditions(request.method, request.fields, validators, std::time(nullptr))) {
      case http::Precondition::proceed:
        break;
      case http::Precondition::not_modified:
        response.set_status(304);
        response.add_fields(chosen.validators);
        return;
      case http::Precondition::failed:
        response.set_error(412, {});
        return;
    }
  }
  if (present.range &&
      respond_partially(chosen, resource.type, request, validators, boundaries, response)) {
    return;
  }
  response.set_content_type(resource.type);
  response.add_fields(chosen.validators);
  response.add_fields(chosen.content);
  send_whole(chosen, response);
}

void respond_without(FileKind kind, http::Response& response) {
  switch (kind) {
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
    default:
      response.set_error(404, {});
      break;
  }
}

}  // namespace prefork::files
