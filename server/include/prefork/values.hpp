// Texts as values: of paths, queries, forms and settings. What is read is the whole text or
// nothing: no white space around it, no `+` in front, no digits of another base. A duration of
// std::chrono is a whole number with its unit, as the server's own options take it: "250ms", "60s",
// "5m", "1h"; nothing is rounded, so 250ms are no std::chrono::seconds.
//
//   enum class Color { red, green };
//   bool from_text(std::string_view text, Color& color);  // false: it is none
//
// in the type's namespace makes a type of the application's own one of them.
#pragma once

#include <prefork/cxx20.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <locale>
#include <optional>
#include <ratio>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <prefork/error.hpp>
#include <prefork/function.hpp>

namespace prefork {
inline namespace v1 {

// A name and its value, decoded.
struct Pair {
  std::string name;
  std::string value;
};

// Of a query or a form that has more, what is asked for behind them throws Error(400).
inline constexpr std::size_t kMaxPairs = 1000;

namespace detail {

template <typename T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                      !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                      !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <typename T>
concept OwnValue = requires(std::string_view text, T& value) {
  { from_text(text, value) } -> std::convertible_to<bool>;
};

template <typename T>
inline constexpr bool kIsDuration = false;
template <typename Rep, typename Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

template <typename T>
concept Duration = kIsDuration<T> && !OwnValue<T>;

template <typename T>
inline constexpr bool kIsValue =
    WholeNumber<T> || std::floating_point<T> || Duration<T> || std::same_as<T, bool> ||
    std::same_as<T, std::string> || std::same_as<T, std::string_view> || OwnValue<T>;

template <WholeNumber T>
bool read_value(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && behind == end;
}

// Finite, in decimal.
template <std::floating_point T>
bool read_value(std::string_view text, T& value) {
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos ||
      text.front() == '+') {
    return false;
  }
#if defined(__cpp_lib_to_chars)
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && behind == end && std::isfinite(value);
#else
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  return (stream >> value) && stream.peek() == std::istringstream::traits_type::eof() &&
         std::isfinite(value);
#endif
}

inline bool read_value(std::string_view text, bool& value) {
  value = text == "true" || text == "1" || text == "on" || text == "yes";
  return value || text == "false" || text == "0" || text == "off" || text == "no";
}

inline bool read_value(std::string_view text, std::string& value) {
  value = text;
  return true;
}

inline bool read_value(std::string_view text, std::string_view& value) {
  value = text;
  return true;
}

// In milliseconds; nothing: it is none, or has more of them than fit.
inline std::optional<std::int64_t> read_duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const char* const end = text.data() + text.size();
  std::int64_t number = 0;
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  const std::string_view name(behind, static_cast<std::size_t>(end - behind));
  for (const Unit& unit : kUnits) {
    if (error == std::errc() && name == unit.name && text.front() != '-' &&
        number <= std::numeric_limits<std::int64_t>::max() / unit.ms) {
      return number * unit.ms;
    }
  }
  return std::nullopt;
}

template <Duration T>
bool read_value(std::string_view text, T& value) {
  using Rep = typename T::rep;
  using Scale = std::ratio_divide<std::milli, typename T::period>;
  const std::optional<std::int64_t> ms = read_duration_ms(text);
  if (!ms) {
    return false;
  }
  if constexpr (std::floating_point<Rep>) {
    value = std::chrono::milliseconds(*ms);
    return true;
  } else {
    const std::int64_t count = *ms / Scale::den;
    if (*ms % Scale::den != 0 || count > std::numeric_limits<std::int64_t>::max() / Scale::num ||
        !std::in_range<Rep>(count * Scale::num)) {
      return false;
    }
    value = T(static_cast<Rep>(count * Scale::num));
    return true;
  }
}

template <OwnValue T>
bool read_value(std::string_view text, T& value) {
  return from_text(text, value);
}

// What a value has to be, for people.
template <typename T>
std::string describe_value() {
  if constexpr (WholeNumber<T>) {
    return "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
           std::to_string(std::numeric_limits<T>::max());
  } else if constexpr (std::floating_point<T>) {
    return "a number";
  } else if constexpr (Duration<T>) {
    std::string examples;
    for (const char* const example : {"250ms", "60s", "5m", "24h"}) {
      if (T value{}; read_value(example, value)) {
        examples.append(examples.empty() ? "" : ", ").append(example);
      }
    }
    return "a whole number with a unit that fits, such as " + examples;
  } else if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else {
    return "one of the values that are known";
  }
}

inline int hex(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char l = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// application/x-www-form-urlencoded: `+` is a space; an escape that is none stays as it is.
inline std::string decoded(std::string_view encoded) {
  std::string result;
  result.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+') {
      result.push_back(' ');
    } else if (encoded[i] == '%' && i + 2 < encoded.size() && hex(encoded[i + 1]) >= 0 &&
               hex(encoded[i + 2]) >= 0) {
      result.push_back(static_cast<char>(hex(encoded[i + 1]) * 16 + hex(encoded[i + 2])));
      i += 2;
    } else {
      result.push_back(encoded[i]);
    }
  }
  return result;
}

// Calls visit(name, value), both as sent, for each pair of "a=1&b=2", until it returns false.
template <typename Visit>
void for_each_pair(std::string_view form, Visit visit) {
  for (std::size_t count = 0; !form.empty(); ++count) {
    if (count == kMaxPairs) {
      throw Error(400, "more than " + std::to_string(kMaxPairs) + " values");
    }
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(pair.size() < form.size() ? pair.size() + 1 : form.size());
    if (pair.empty()) {
      continue;
    }
    const std::string_view name = pair.substr(0, pair.find('='));
    const std::string_view value =
        name.size() == pair.size() ? std::string_view{} : pair.substr(name.size() + 1);
    if (!visit(name, value)) {
      return;
    }
  }
}

// Decodes only where there is something to decode.
inline bool is_encoded_form_of(std::string_view encoded, std::string_view text) {
  return encoded.find_first_of("%+") == std::string_view::npos ? encoded == text
                                                               : decoded(encoded) == text;
}

// The first value of `name`.
inline std::optional<std::string> form_value(std::string_view form, std::string_view name) {
  std::optional<std::string> found;
  for_each_pair(form, [&](std::string_view known, std::string_view value) {
    if (is_encoded_form_of(known, name)) {
      found = decoded(value);
    }
    return !found;
  });
  return found;
}

// All values of `name`, in their order.
inline std::vector<std::string> form_values(std::string_view form, std::string_view name) {
  std::vector<std::string> found;
  for_each_pair(form, [&](std::string_view known, std::string_view value) {
    if (is_encoded_form_of(known, name)) {
      found.push_back(decoded(value));
    }
    return true;
  });
  return found;
}

inline std::vector<Pair> form_pairs(std::string_view form) {
  std::vector<Pair> pairs;
  for_each_pair(form, [&](std::string_view name, std::string_view value) {
    pairs.push_back({decoded(name), decoded(value)});
    return true;
  });
  return pairs;
}

// A text as a value; nothing: there is none. Calls refuse(what it has to be), which throws, where
// it is none.
template <typename T, typename Refuse>
std::optional<T> typed_value(const std::optional<std::string>& text, Refuse refuse) {
  if constexpr (!kIsValue<T>) {
    static_assert(kNever<T>,
                  "a typed value is a whole or floating number, bool, std::string, a duration of "
                  "std::chrono, or a type that has `bool from_text(std::string_view, T&)` in its "
                  "namespace");
  } else if constexpr (std::same_as<T, std::string_view>) {
    static_assert(kNever<T>,
                  "values of queries, forms and settings are copies: take std::string instead of "
                  "std::string_view");
  } else {
    if (!text) {
      return std::nullopt;
    }
    T value{};
    if (!read_value(*text, value)) {
      refuse(describe_value<T>());
    }
    return value;
  }
  return std::nullopt;
}

// `what` is where the value is: "query", "form".
template <typename T>
std::optional<T> value_of_client(const std::optional<std::string>& text, const char* what,
                                 std::string_view name) {
  return typed_value<T>(text, [&](const std::string& wanted) {
    throw Error(400, std::string(what) + " '" + std::string(name) + "': not " + wanted);
  });
}

}  // namespace detail
}  // namespace v1
}  // namespace prefork
