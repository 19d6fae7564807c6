// Forms: multipart/form-data (RFC 7578), with files, and application/x-www-form-urlencoded; in
// handlers that get the content in memory, and in those that stream it (prefork::upload), where a
// form of any size takes constant memory. app.hpp does not include this.
//
//   app.post("/photos", prefork::upload(1 << 30), [](const prefork::Request& request) {
//     const prefork::Form form = prefork::read_form(request, {.file_limit = 100 << 20});
//     const prefork::FormFile& photo = form.need_file("photo");  // else a 400
//     photo.save_to("photos/" + photo.filename());
//     return prefork::text(form.value("title", "untitled"));
//   });
//
// What a client sends wrong is an Error: 400, with what and where; 413 for what is beyond a limit;
// 415 for what is no form. In a streaming handler the content is there once: the second call finds
// none. One thread at a time.
#pragma once

#include <prefork/cxx20.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefork/error.hpp>
#include <prefork/form_content.hpp>
#include <prefork/form_file.hpp>
#include <prefork/multipart.hpp>
#include <prefork/request.hpp>
#include <prefork/values.hpp>

namespace prefork {
inline namespace v1 {

// What of a form is taken; beyond a limit it is refused with 413. In bytes where nothing else is
// said.
struct FormLimits {
  std::size_t fields = 1'000;           // how many
  std::size_t files = 100;              // how many
  std::size_t field_limit = 1 << 20;    // of a value
  std::size_t fields_total = 16 << 20;  // names and values of all fields, which are in memory
  std::uint64_t file_limit = UINT64_MAX;
  std::uint64_t total = UINT64_MAX;  // of the content; the limit of the route is a limit anyway
  std::size_t head_limit = 8 << 10;  // of the header section of a part
  std::size_t memory_per_file = 64 << 10;  // a larger one goes into a temporary file
  std::string folder{};                    // of temporary files; empty: that of TMPDIR, or /tmp
};

struct FormField {
  std::string name;
  std::string value;
};

// What came with a form. Owns all of it, temporary files too; movable.
class Form {
 public:
  // The first value of that name, case counts. Nothing: there is none. Views end with the form.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const {
    for (const FormField& field : fields_) {
      if (field.name == name) {
        return field.value;
      }
    }
    return std::nullopt;
  }
  // As Request::form<T>: read as a T. Throws Error(400) for a value that is none.
  template <typename T>
  [[nodiscard]] std::optional<T> value(std::string_view name) const {
    return detail::value_of_client<T>(std::optional<std::string>(value(name)), "form", name);
  }
  template <typename T>
  [[nodiscard]] T value(std::string_view name, T otherwise) const {
    return value<T>(name).value_or(std::move(otherwise));
  }
  [[nodiscard]] std::string value(std::string_view name, const char* otherwise) const {
    return std::string(value(name).value_or(otherwise));
  }
  // What a handler cannot do without, which may be empty: throws Error(400) where it is missing.
  [[nodiscard]] std::string_view need(std::string_view name) const {
    const std::optional<std::string_view> found = value(name);
    return found ? *found : throw refusal(name, "missing");
  }
  // The same of a type, as value<T>() reads it.
  template <typename T>
  [[nodiscard]] T need(std::string_view name) const {
    std::optional<T> found = value<T>(name);
    return found ? *std::move(found) : throw refusal(name, "missing");
  }
  [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const {
    std::vector<std::string_view> all;
    for (const FormField& field : fields_) {
      if (field.name == name) {
        all.emplace_back(field.value);
      }
    }
    return all;
  }
  // The first file of that name. Null: there is none, or the client has chosen none.
  [[nodiscard]] const FormFile* file(std::string_view name) const {
    for (const FormFile& file : files_) {
      if (file.name() == name) {
        return &file;
      }
    }
    return nullptr;
  }
  // Throws Error(400) where there is none.
  [[nodiscard]] const FormFile& need_file(std::string_view name) const {
    const FormFile* const found = file(name);
    return found != nullptr ? *found : throw refusal(name, "a file is missing");
  }

  // In the order they came.
  [[nodiscard]] std::span<const FormField> fields() const { return fields_; }
  [[nodiscard]] std::span<const FormFile> files() const { return files_; }

  // For read_form().
  void add(FormField field) { fields_.push_back(std::move(field)); }
  void add(FormFile file) { files_.push_back(std::move(file)); }

 private:
  // Says it as a value that is no T.
  static Error refusal(std::string_view name, const char* what) {
    return Error(400, "form '" + std::string(name) + "': " + what);
  }

  std::vector<FormField> fields_;
  std::vector<FormFile> files_;
};

namespace detail {

// The parts of a form, one after the other.
class PartReader {
 public:
  using Event = MultipartParser::Event;

  // `request` and `limits` outlive it.
  PartReader(const Request& request, std::string_view boundary, const FormLimits& limits)
      : content_(request, limits.total), parser_(boundary, limits.head_limit), limits_(limits) {}

  // Null: there is no other. What was not read of the last one is skipped.
  const PartHead* next_part() {
    while (is_in_part_) {
      next_data();
    }
    if (next_event() == Event::end) {
      while (next_event() != Event::end) {
      }
      return nullptr;
    }
    is_in_part_ = true;
    part_size_ = 0;
    count_part();
    return &parser_.head();
  }

  // More of its content; until the next call. Empty: at its end.
  std::string_view next_data() {
    if (!is_in_part_) {
      return {};
    }
    if (next_event() == Event::part_end) {
      is_in_part_ = false;
      return {};
    }
    part_size_ += parser_.data().size();
    const bool is_file = parser_.head().filename.has_value();
    const std::uint64_t limit = is_file ? limits_.file_limit : limits_.field_limit;
    if (part_size_ > limit) {
      throw Error(413, more_than(limit, is_file ? "bytes of a file" : "bytes of a field"));
    }
    return parser_.data();
  }

 private:
  // At the end of the content: the form has ended, too.
  Event next_event() {
    for (;;) {
      const Event event = parser_.next();
      if (event != Event::more) {
        return event;
      }
      const std::string_view piece = content_.next();
      if (piece.empty()) {
        parser_.finish();
        return Event::end;
      }
      parser_.feed(piece);
    }
  }
  void count_part() {
    const bool is_file = parser_.head().filename.has_value();
    if (is_file && ++files_ > limits_.files) {
      throw Error(413, more_than(limits_.files, "files in a form"));
    }
    if (!is_file && ++fields_ > limits_.fields) {
      throw Error(413, more_than(limits_.fields, "fields in a form"));
    }
  }

  FormContent content_;
  MultipartParser parser_;
  const FormLimits& limits_;
  bool is_in_part_ = false;
  std::uint64_t part_size_ = 0;
  std::size_t fields_ = 0;
  std::size_t files_ = 0;
};

// Counts what is kept of fields.
class FieldsTotal {
 public:
  explicit FieldsTotal(std::size_t limit) : limit_(limit) {}

  void add(std::size_t bytes) {
    sum_ += bytes;
    if (sum_ > limit_) {
      throw Error(413, more_than(limit_, "bytes of fields in a form"));
    }
  }

 private:
  const std::size_t limit_;
  std::size_t sum_ = 0;
};

inline Form read_urlencoded(const Request& request, const FormLimits& limits) {
  FormContent content(request, limits.total);
  FieldsTotal total(limits.fields_total);
  std::string text;
  for (std::string_view piece = content.next(); !piece.empty(); piece = content.next()) {
    total.add(piece.size());
    text.append(piece);
  }
  Form form;
  std::size_t count = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) {
      continue;
    }
    if (++count > limits.fields) {
      throw Error(413, more_than(limits.fields, "fields in a form"));
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (value.size() > limits.field_limit) {
      throw Error(413, more_than(limits.field_limit, "bytes of a field"));
    }
    form.add(FormField{decoded(pair.substr(0, equals)), std::move(value)});
  }
  return form;
}

inline std::string_view media_type_of(const Request& request) {
  const std::string_view type = request.header("content-type").value_or("");
  return trimmed(type.substr(0, type.find(';')));
}

inline std::string boundary_of(const Request& request) {
  if (!same_ignoring_case(media_type_of(request), "multipart/form-data")) {
    throw Error(415, "the content is no form: multipart/form-data is expected");
  }
  std::optional<std::string> boundary = boundary_of(request.header("content-type").value_or(""));
  if (!boundary) {
    throw Error(400, "the Content-Type of a form names no boundary (RFC 2046 section 5.1.1)");
  }
  return *std::move(boundary);
}

}  // namespace detail

// One part of a form while it arrives; lives as long as the call of the function that was given to
// read_parts.
class Part {
 public:
  // For the layer below. Both outlive it.
  Part(detail::PartReader& reader, const detail::PartHead& head) : reader_(reader), head_(head) {}

  [[nodiscard]] const std::string& name() const { return head_.name; }
  // Whether it has the name of a file, which may be empty: then the client has chosen none.
  [[nodiscard]] bool is_file() const { return head_.filename.has_value(); }
  // As in FormFile; of a part that is no file empty.
  [[nodiscard]] std::string filename() const {
    return is_file() ? safe_filename(*head_.filename) : std::string();
  }
  [[nodiscard]] std::string_view raw_filename() const {
    return is_file() ? std::string_view(*head_.filename) : std::string_view();
  }
  // May be empty.
  [[nodiscard]] const std::string& content_type() const { return head_.content_type; }

  // More of its content, without a copy, until the next call. Empty: at its end. This and the
  // following throw what read_form throws.
  std::string_view next() { return rest_.empty() ? reader_.next_data() : std::exchange(rest_, {}); }
  // Puts 1 to room.size() bytes of it into `room`, which must not be empty. 0: at its end.
  std::size_t read(std::span<char> room) {
    rest_ = next();
    const std::size_t size = rest_.copy(room.data(), room.size());
    rest_.remove_prefix(size);
    return size;
  }
  // All that is left of it: of a field, at most FormLimits::field_limit; of a file, at most
  // `limit`.
  std::string text(std::size_t limit = 1 << 20) {
    std::string all;
    for (std::string_view more = next(); !more.empty(); more = next()) {
      all.append(more);
      if (is_file() && all.size() > limit) {
        throw Error(413, detail::more_than(limit, "bytes of a file"));
      }
    }
    return all;
  }

 private:
  detail::PartReader& reader_;
  const detail::PartHead& head_;
  std::string_view rest_;
};

// For those who pass files on elsewhere: calls `function` with one part of a multipart/form-data
// after the other, in their order; what it does not read is skipped. What it throws is thrown.
inline void read_parts(const Request& request, const std::function<void(Part&)>& function,
                       const FormLimits& limits = {}) {
  detail::PartReader reader(request, detail::boundary_of(request), limits);
  while (const detail::PartHead* const head = reader.next_part()) {
    Part part(reader, *head);
    function(part);
  }
}

// Reads a form to its end. Throws Error(507) where there is no room for a file, std::system_error
// where temporary files cannot be used, and what Request::read throws.
inline Form read_form(const Request& request, const FormLimits& limits = {}) {
  const std::string_view type = detail::media_type_of(request);
  if (detail::same_ignoring_case(type, "application/x-www-form-urlencoded")) {
    return detail::read_urlencoded(request, limits);
  }
  if (!detail::same_ignoring_case(type, "multipart/form-data")) {
    throw Error(415,
                "the content is no form: multipart/form-data or application/x-www-form-urlencoded"
                " is expected");
  }
  Form form;
  detail::FieldsTotal total(limits.fields_total);
  detail::PartReader reader(request, detail::boundary_of(request), limits);
  while (const detail::PartHead* const next = reader.next_part()) {
    detail::PartHead head = *next;
    if (!head.filename) {
      FormField field{std::move(head.name), {}};
      total.add(field.name.size());
      for (auto more = reader.next_data(); !more.empty(); more = reader.next_data()) {
        total.add(more.size());
        field.value.append(more);
      }
      form.add(std::move(field));
      continue;
    }
    detail::Spool content(limits.memory_per_file, limits.folder);
    for (auto more = reader.next_data(); !more.empty(); more = reader.next_data()) {
      content.append(more);
    }
    if (!head.filename->empty() || content.size() != 0) {  // else the client has chosen none
      form.add(FormFile(std::move(head), std::move(content)));
    }
  }
  return form;
}

}  // namespace v1
}  // namespace prefork
