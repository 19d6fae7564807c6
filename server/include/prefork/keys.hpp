// Signed cookies: what the server gives a browser to keep, and knows again. HMAC-SHA-256 (RFC 2104)
// by OpenSSL's libcrypto: link with -lcrypto, or with CMake the target prefork::session. app.hpp
// does not include this.
//
//   const prefork::Keys keys = prefork::Keys::from_file("keys");  // openssl rand -hex 32 > keys
//   response.set_cookie(keys.sign({.name = "cart", .value = "7 tea", .max_age = 24h}));
//   std::optional<std::string> cart = keys.verify(request, "cart");
//
// Signed is not secret: who has the browser can read it, and can send again what was valid before
// until that expires.
#pragma once

#include <prefork/cxx20.hpp>

#if !__has_include(<openssl/hmac.h>)
#error "signed cookies and sessions need OpenSSL's libcrypto: install libssl-dev (openssl-devel)"
#endif

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <prefork/cookie.hpp>
#include <prefork/request.hpp>

namespace prefork {
inline namespace v1 {

namespace detail {

// 32 bytes.
inline std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
             &size) == nullptr) {
    throw std::runtime_error("libcrypto has no HMAC-SHA-256");
  }
  return {reinterpret_cast<const char*>(mac.data()), size};
}

inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// RFC 4648 section 5, without padding.
inline std::string base64url(std::string_view bytes) {
  std::string text;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    held = (held << 8U | static_cast<unsigned char>(byte)) & 0xFFFFU;
    for (bits += 8; bits >= 6; bits -= 6) {
      text.push_back(kBase64Url[held >> (bits - 6) & 63U]);
    }
  }
  if (bits != 0) {
    text.push_back(kBase64Url[held << (6 - bits) & 63U]);
  }
  return text;
}

// Nothing: base64url() does not write that.
inline std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = kBase64Url.find(c);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    held = (held << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(held >> bits & 0xFFU));
    }
  }
  const bool is_rest_empty = bits < 6 && (held & ((1U << bits) - 1)) == 0;
  return is_rest_empty ? std::optional(std::move(bytes)) : std::nullopt;
}

// Secret texts, wiped at the end.
struct Secrets {
  explicit Secrets(std::vector<std::string> all) : texts(std::move(all)) {}
  ~Secrets() {
    for (std::string& text : texts) {
      ::OPENSSL_cleanse(text.data(), text.size());
    }
  }
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  std::vector<std::string> texts;
};

}  // namespace detail

// What cookies are signed with: the first key signs, all are tried. To change it, put a new one in
// front and reload the server; take the old one away when what it has signed has expired. Cheap to
// copy; any thread.
class Keys {
 public:
  using Clock = std::chrono::system_clock;
  static constexpr std::size_t kMinKeyBytes = 32;
  static constexpr std::size_t kMaxKeys = 16;
  static constexpr std::size_t kMaxFileBytes = 64 * 1024;
  static constexpr std::chrono::seconds kMaxAge = std::chrono::hours(24 * 400);  // as browsers

  // 1 to 16 keys of at least 32 bytes that nobody can guess. Throws std::invalid_argument.
  explicit Keys(std::vector<std::string> keys)
      : secrets_(std::make_shared<const detail::Secrets>(std::move(keys))) {
    if (secrets_->texts.empty() || secrets_->texts.size() > kMaxKeys) {
      throw std::invalid_argument("keys: there are " + std::to_string(secrets_->texts.size()) +
                                  "; 1 to 16 are expected");
    }
    for (std::size_t i = 0; i < secrets_->texts.size(); ++i) {
      if (secrets_->texts[i].size() < kMinKeyBytes) {
        throw std::invalid_argument("keys: number " + std::to_string(i + 1) + " has " +
                                    std::to_string(secrets_->texts[i].size()) +
                                    " bytes; at least 32 are expected (openssl rand -hex 32)");
      }
    }
  }

  // Of a file with one key in each line, taken as it stands there, without empty lines and those
  // that begin with #; or with one key of any bytes. It is read once, so at a reload of the server
  // anew. Others than its owner and group must have no rights to it. A relative path begins in the
  // working folder. Throws std::invalid_argument and std::system_error, which say why.
  static Keys from_file(const std::string& path);

  // The cookie with its value signed and encoded, so that it may have any bytes. It needs a
  // max_age: it is not taken any more afterwards. Throws std::invalid_argument.
  [[nodiscard]] Cookie sign(Cookie cookie, Clock::time_point now = Clock::now()) const {
    if (!cookie.max_age) {
      throw std::invalid_argument("cookie '" + cookie.name +
                                  "': one that is signed needs a max_age");
    }
    cookie.value = sign(cookie.name, cookie.value, now + std::min(*cookie.max_age, kMaxAge));
    return cookie;
  }
  // The value of a cookie that was signed. Nothing: the request brings none of that name, or none
  // that is signed by one of the keys and has not expired.
  [[nodiscard]] std::optional<std::string> verify(const Request& request, std::string_view name,
                                                  Clock::time_point now = Clock::now()) const {
    for (const std::string_view text : cookies(request, name)) {
      if (std::optional<std::string> value = verify(name, text, now)) {
        return value;
      }
    }
    return std::nullopt;
  }

  // For what is no cookie, such as a link in a mail: characters that may stand in a cookie and a
  // query. `name`: what it is for; it is signed, too, and so is when it expires.
  [[nodiscard]] std::string sign(std::string_view name, std::string_view value,
                                 Clock::time_point expires) const {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(expires.time_since_epoch());
    std::string text(kVersion);
    text.append(detail::base64url(value)).append(".").append(std::to_string(seconds.count()));
    const std::string mac = mac_of(secrets_->texts.front(), name, text);
    return text.append(".").append(mac);
  }
  [[nodiscard]] std::optional<std::string> verify(std::string_view name, std::string_view text,
                                                  Clock::time_point now = Clock::now()) const;

 private:
  // A later form of the text begins otherwise.
  static constexpr std::string_view kVersion = "v1.";

  static std::string mac_of(std::string_view key, std::string_view name, std::string_view text) {
    std::string all = "prefork signed text\n";
    all.append(std::to_string(name.size())).append(":").append(name).append(text);
    return detail::base64url(detail::hmac_sha256(key, all));
  }
  static Keys from_text(const std::string& path, std::string text);
  [[nodiscard]] bool is_signed(std::string_view name, std::string_view text,
                               std::string_view mac) const {
    return std::any_of(secrets_->texts.begin(), secrets_->texts.end(), [&](const auto& key) {
      const std::string expected = mac_of(key, name, text);
      return mac.size() == expected.size() &&
             ::CRYPTO_memcmp(mac.data(), expected.data(), mac.size()) == 0;
    });
  }

  std::shared_ptr<const detail::Secrets> secrets_;
};

inline std::optional<std::string> Keys::verify(std::string_view name, std::string_view text,
                                               Clock::time_point now) const {
  const std::size_t last = text.rfind('.');
  if (!text.starts_with(kVersion) || last < kVersion.size() ||
      !is_signed(name, text.substr(0, last), text.substr(last + 1))) {
    return std::nullopt;
  }
  // From here on it is what sign() wrote.
  text = text.substr(kVersion.size(), last - kVersion.size());
  const std::size_t dot = text.find('.');
  std::int64_t expires = 0;
  if (dot == std::string_view::npos ||
      std::from_chars(text.data() + dot + 1, text.data() + text.size(), expires).ec !=
          std::errc() ||
      std::chrono::seconds(expires) <=
          std::chrono::floor<std::chrono::seconds>(now.time_since_epoch())) {
    return std::nullopt;
  }
  return detail::from_base64url(text.substr(0, dot));
}

inline Keys Keys::from_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    throw std::system_error(errno, std::generic_category(), "keys: cannot open '" + path + "'");
  }
  struct ::stat status {};
  std::string text(kMaxFileBytes + 1, '\0');
  const bool is_known = ::fstat(fd, &status) == 0;
  const ::ssize_t got = ::read(fd, text.data(), text.size());
  const int reason = errno;
  ::close(fd);
  if (!is_known || !S_ISREG(status.st_mode)) {
    throw std::invalid_argument("keys: '" + path + "' is no file");
  }
  if (got < 0) {
    throw std::system_error(reason, std::generic_category(), "keys: cannot read '" + path + "'");
  }
  if ((status.st_mode & S_IRWXO) != 0) {
    throw std::invalid_argument("keys: everybody may read or change '" + path + "': chmod 600 it");
  }
  if (static_cast<std::size_t>(got) > kMaxFileBytes) {
    throw std::invalid_argument("keys: '" + path + "' has more than 65536 bytes");
  }
  text.resize(static_cast<std::size_t>(got));
  return from_text(path, std::move(text));
}

inline Keys Keys::from_text(const std::string& path, std::string text) {
  std::vector<std::string> keys;
  const bool is_text = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c < '\x7F') || c == '\t' || c == '\r' || c == '\n';
  });
  if (!is_text) {
    return Keys({std::move(text)});
  }
  const detail::Secrets whole({std::move(text)});
  std::size_t line_number = 0;
  for (std::string_view rest = whole.texts.front(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ++line_number;
    const std::string_view key = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    if (key.empty() || key.starts_with('#')) {
      continue;
    }
    if (key.size() < kMinKeyBytes) {
      throw std::invalid_argument("keys: line " + std::to_string(line_number) + " of '" + path +
                                  "' has " + std::to_string(key.size()) +
                                  " bytes; at least 32 are expected (openssl rand -hex 32)");
    }
    keys.emplace_back(key);
  }
  if (keys.empty()) {
    throw std::invalid_argument("keys: there is none in '" + path + "'");
  }
  return Keys(std::move(keys));
}

}  // namespace v1
}  // namespace prefork
