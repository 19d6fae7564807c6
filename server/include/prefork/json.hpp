// JSON (RFC 8259) as values, for authors who have nlohmann-json; <prefork/app.hpp> does not include
// this.
//
//   struct Order { std::string item; int count = 0; };
//   NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, item, count)
//
//   app.post("/orders", [](const prefork::Request& request) {
//     const Order order = request.json<Order>();
//     return prefork::json({{"id", store(order.item)}}, 201);
//   });
//
// Reading. request.json() is the content as nlohmann::json, request.json<Order>() as whatever has a
// from_json(const nlohmann::json&, Order&). Each is an Error, which needs no code of the handler's:
//   400  it does not parse, with line and column; it is nested deeper than kMaxJsonDepth; a number
//        is too large for a double; a member that from_json wants is missing or of another type, by
//        its name
//   415  Content-Type names something else than JSON (application/json, or +json). A request
//        without the field is taken at its word, as curl and many scripts send it; so this alone
//        does not keep out what a page of another origin sends
// An Error that from_json throws itself, Error(400, "count: 0") for instance, reaches the client as
// it is. What the library throws elsewhere is a 500 as in any function: request.json().at("item")
// of a document without an item is one, where at("item") in from_json is a 400.
//
// How long it may be says --limit-body, or the limit of the route (413). The handler must have the
// content: where it streams it (prefork::upload) this is a 500 with a line in the log. The library
// makes any number, and true and false, into the type of number that from_json asks for: an int
// becomes 1 of 1.5 and of 4294967297. Where that matters, ask is_number_integer() and for an
// std::int64_t.
//
// Writing. json(value) takes an nlohmann::json, or whatever has a to_json, as the content of a
// response; json_text(value) gives the same text, for topics, events and queues:
// news.publish(json_text({{"id", 7}})). Bytes that are no UTF-8 become U+FFFD.
#pragma once

#include <prefork/cxx20.hpp>

#if !__has_include(<nlohmann/json.hpp>)
#error \
    "<prefork/json.hpp> needs nlohmann-json 3 (nlohmann-json3-dev): <nlohmann/json.hpp> is not found"
#endif

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefork/error.hpp>
#include <prefork/quote.hpp>
#include <prefork/request.hpp>
#include <prefork/response.hpp>

namespace prefork {
inline namespace v1 {

// Arrays and objects in each other. Whoever walks through a value needs as much of the stack.
inline constexpr std::size_t kMaxJsonDepth = 128;

namespace detail {

// "line 3, column 7"; both from 1, columns in bytes.
inline std::string json_place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// Before it is parsed: what is too deep costs one look at it.
inline void check_json_depth(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      at += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) {
        throw Error(400, "the JSON is nested deeper than " + std::to_string(kMaxJsonDepth) +
                             " levels at " + json_place(text, at));
      }
    } else if (c == ']' || c == '}') {
      depth -= depth == 0 ? 0 : 1;
    }
  }
}

// application/json, application/problem+json; parameters say nothing (RFC 8259 section 11).
inline bool is_json_type(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  constexpr std::string_view kSuffix = "+json";
  return same_ignoring_case(type, "application/json") ||
         (type.size() > kSuffix.size() &&
          same_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix));
}

inline nlohmann::json parse_json(const Request& request) {
  if (request.native().content != nullptr) {
    throw std::logic_error("json() in a handler that streams the content; read() gives it");
  }
  const auto type = request.header("content-type");
  if (type && !is_json_type(*type)) {
    throw Error(415, "the content has to be JSON (Content-Type: application/json)");
  }
  const std::string_view text = request.body();
  check_json_depth(text);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t offset = error.byte == 0 ? 0 : error.byte - 1;
    throw Error(400, text.empty() ? "the content is empty, and has to be JSON"
                                  : "the content is no JSON at " + json_place(text, offset));
  } catch (const nlohmann::json::out_of_range&) {  // of 1e400, for instance
    throw Error(400, "the JSON has a number that is too large for a double");
  }
}

// Which member it was that from_json() did not want, found by leaving out one after the other: the
// library says so of one that is missing, but not of one that has another type.
template <typename Value>
class WrongMember {
 public:
  // Of larger documents nothing is said: each try costs as much as the conversion.
  static constexpr std::size_t kMaxMembers = 64;
  static constexpr std::size_t kMaxBytes = 64 * 1024;

  explicit WrongMember(nlohmann::json document)
      : document_(std::move(document)), complaint_(complaint()) {}

  // "customer.name"; empty: it cannot be said.
  std::string path() {
    std::string path;
    for (nlohmann::json* at = &document_; at->is_object() && at->size() <= kMaxMembers;) {
      const std::string name = wrong_in(*at);
      if (name.empty()) {
        break;
      }
      path.append(path.empty() ? "" : ".").append(name);
      at = &(*at)[name];
    }
    return path;
  }

 private:
  // Empty: none.
  std::string complaint() const {
    try {
      document_.template get<Value>();
      return {};
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  std::string complaint_without(nlohmann::json& object, const std::vector<std::string>& names) {
    nlohmann::json removed = nlohmann::json::object();
    for (const std::string& name : names) {
      removed[name] = std::move(object[name]);
      object.erase(name);
    }
    std::string complaint = this->complaint();
    for (const std::string& name : names) {
      object[name] = std::move(removed[name]);
    }
    return complaint;
  }
  static bool names(const std::string& complaint, const std::string& name) {
    return complaint.find("'" + name + "'") != std::string::npos;
  }
  // Without a member that does not matter the complaint stays. Of two that matter the one that is
  // looked at later is the wrong one: without both the complaint is about the other.
  std::string wrong_in(nlohmann::json& object) {
    std::vector<std::string> all;
    for (const auto& item : object.items()) {
      all.push_back(item.key());
    }
    std::string wrong;
    for (const std::string& name : all) {
      if (complaint_without(object, {name}) == complaint_) {
        continue;
      }
      if (wrong.empty() || names(complaint_without(object, {wrong, name}), wrong)) {
        wrong = name;
      }
    }
    return wrong;
  }

  nlohmann::json document_;
  const std::string complaint_;
};

// What the library says, without its own name and number.
inline std::string json_complaint(const std::exception& error) {
  const std::string_view what = error.what();
  const std::size_t end = what.find("] ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

template <typename Value>
Value convert_json(nlohmann::json document, std::size_t size) {
  try {
    return document.template get<Value>();
  } catch (const nlohmann::json::out_of_range& error) {
    throw Error(400, json_complaint(error));  // "key 'item' not found"
  } catch (const nlohmann::json::exception& error) {
    constexpr int kNoObject = 304;  // the library names its own function
    if (error.id == kNoObject && !document.is_object()) {
      throw Error(400,
                  std::string("the content has to be a JSON object, not ") + document.type_name());
    }
    std::string where;
    if (size <= WrongMember<Value>::kMaxBytes) {
      where = WrongMember<Value>(std::move(document)).path();
    }
    throw Error(400, where.empty() ? json_complaint(error)
                                   : "member '" + where + "': " + json_complaint(error));
  }
}

template <typename Value>
struct JsonContent<Value, void> {
  static auto of(const Request& request) {
    if constexpr (std::is_same_v<Value, AnyJson>) {
      return parse_json(request);
    } else {
      static_assert(
          requires(const nlohmann::json& json) { json.template get<Value>(); },
          "request.json<T>() needs from_json(const nlohmann::json&, T&) beside T, and a "
          "T that can be made without arguments");
      return convert_json<Value>(parse_json(request), request.body().size());
    }
  }
};

// Not what is JSON already: texts.
template <typename Value>
concept JsonValue = std::same_as<Value, nlohmann::json> ||
    std::same_as<Value, nlohmann::ordered_json> ||
    (!std::convertible_to<const Value&, std::string_view> &&
     std::constructible_from<nlohmann::json, const Value&>);

template <typename Json>
std::string dumped_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace detail

// `value` as a text, on one line. In braces it is an nlohmann::json: json_text({{"id", 7}}). What
// is a text itself becomes a JSON string, see quote.hpp.
template <typename Value = nlohmann::json>
requires detail::JsonValue<Value> std::string json_text(const Value& value) {
  if constexpr (std::same_as<Value, nlohmann::ordered_json>) {
    return detail::dumped_json(value);
  } else {
    return detail::dumped_json(nlohmann::json(value));
  }
}

// The same as the content of a response. What is a text itself is JSON already.
template <typename Value = nlohmann::json>
requires detail::JsonValue<Value> Response json(const Value& value, int status = 200) {
  return json(json_text(value), status);
}

}  // namespace v1
}  // namespace prefork
