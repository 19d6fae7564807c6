#include "server/http/field_list.h"

#include <algorithm>

#include "config/base/text.h"

namespace prefork::http {

namespace {

bool has_name(const Field& field, std::string_view name) {
  return field.name.size() == name.size() &&
         std::equal(name.begin(), name.end(), field.name.begin(),
                    [](char a, char b) { return config::to_lower(a) == config::to_lower(b); });
}

}  // namespace

const char* field_problem(std::string_view name, std::string_view value) {
  if (!config::is_token(name)) {
    return "a field name that is no token";
  }
  if (!config::is_safe_field_value(value)) {
    return "a control character in a field value";
  }
  return nullptr;
}

FieldList::FieldList(std::initializer_list<Field> fields) {
  for (const Field& field : fields) {
    append(field.name, field.value);
  }
}

FieldList& FieldList::operator=(const FieldList& other) {
  if (this != &other) {
    clear();
    append(other);
  }
  return *this;
}

void FieldList::prepend(std::string_view name, std::string_view value) {
  write_line(replace(0, 0, line_bytes(name, value)), name, value);
}

void FieldList::set(std::string_view name, std::string_view value) {
  bool is_set = false;
  for (std::size_t at = 0; at < lines_.size();) {
    const Field field = *Iterator(lines_.data() + at, lines_.data() + lines_.size());
    std::size_t size = line_bytes(field.name, field.value);
    if (has_name(field, name)) {
      const std::size_t new_size = is_set ? 0 : line_bytes(name, value);
      char* const line = replace(at, size, new_size);
      if (!is_set) {
        write_line(line, name, value);
        is_set = true;
      }
      size = new_size;
    }
    at += size;
  }
  if (!is_set) {
    append(name, value);
  }
}

std::size_t FieldList::remove(std::string_view name) {
  std::size_t removed = 0;
  for (std::size_t at = 0; at < lines_.size();) {
    const Field field = *Iterator(lines_.data() + at, lines_.data() + lines_.size());
    const std::size_t size = line_bytes(field.name, field.value);
    if (has_name(field, name)) {
      replace(at, size, 0);
      ++removed;
    } else {
      at += size;
    }
  }
  return removed;
}

void FieldList::remove_first() {
  const Field first = *begin();
  lines_.consume(line_bytes(first.name, first.value));
}

char* FieldList::replace(std::size_t offset, std::size_t old_size, std::size_t size) {
  const std::size_t behind = lines_.size() - offset - old_size;
  if (size > old_size) {
    lines_.prepare(size - old_size);
  }
  char* const at = lines_.data() + offset;
  std::memmove(at + size, at + old_size, behind);
  if (size > old_size) {
    lines_.commit(size - old_size);
  } else {
    lines_.drop_back(old_size - size);
  }
  return at;
}

}  // namespace prefork::http
