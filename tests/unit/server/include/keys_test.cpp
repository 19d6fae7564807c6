// Signatures of cookies, and the keys that make them.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <prefork/keys.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/config/config_support.h"
#include "tests/unit/server/include/made_request.h"

namespace prefork {
namespace {

using namespace std::chrono_literals;
using testing_include::MadeRequest;

const Keys::Clock::time_point kSigningTime(std::chrono::seconds(1'800'000'000));
const std::string kFirstKey = "the first of the keys, 32 bytes.";
const std::string kSecondKey = "the second of the keys, 33 bytes.";

std::string hex_digits_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4U]);
    text.push_back(kDigits[static_cast<unsigned char>(byte) & 15U]);
  }
  return text;
}

TEST(HmacSha256, IsThatOfRfc4231) {
  std::string counted;
  for (char byte = 1; byte <= 25; ++byte) {
    counted.push_back(byte);
  }
  const std::string long_key(131, '\xAA');
  EXPECT_EQ(hex_digits_of(detail::hmac_sha256(std::string(20, '\x0B'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_digits_of(detail::hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_digits_of(detail::hmac_sha256(std::string(20, '\xAA'), std::string(50, '\xDD'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex_digits_of(detail::hmac_sha256(counted, std::string(50, '\xCD'))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hex_digits_of(detail::hmac_sha256(
                long_key, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(
      hex_digits_of(detail::hmac_sha256(
          long_key,
          "This is a test using a larger than block-size key and a larger than block-size data. "
          "The key needs to be hashed before being used by the HMAC algorithm.")),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(Base64Url, IsThatOfRfc4648WithoutPadding) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"},
  };
  for (const auto& [plain, text] : pairs) {
    EXPECT_EQ(detail::base64url(plain), text);
    EXPECT_EQ(detail::from_base64url(text), plain);
  }
  for (const char* wrong : {"Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Z+8", "Z/8", "Zm 9"}) {
    EXPECT_EQ(detail::from_base64url(wrong), std::nullopt) << wrong;
  }
}

// The text is what all who have the key know, whichever release they run.
TEST(SignedText, HasTheFormThatWasPublished) {
  const Keys keys({kFirstKey});
  const std::string text = keys.sign("cart", "7 tea", kSigningTime + 1h);
  EXPECT_EQ(text.substr(0, text.rfind('.')), "v1.NyB0ZWE.1800003600");
  EXPECT_EQ(text, "v1.NyB0ZWE.1800003600.P4vlOhkXTEnpVZAID-AcgfOWcvaParWAY_OYjlNpDNw");
}

TEST(SignedText, IsKnownAgainUntilItExpires) {
  const Keys keys({kFirstKey});
  const std::string value("any bytes: \0\r\n;\xFF", 16);
  const std::string text = keys.sign("a", value, kSigningTime + 10s);
  EXPECT_EQ(keys.verify("a", text, kSigningTime), value);
  EXPECT_EQ(keys.verify("a", text, kSigningTime + 9'999ms), value);
  EXPECT_EQ(keys.verify("a", text, kSigningTime + 10s), std::nullopt);
  EXPECT_EQ(keys.verify("a", keys.sign("a", "", kSigningTime + 10s), kSigningTime), "");
  EXPECT_EQ(keys.verify("a", keys.sign("a", "x", Keys::Clock::time_point(-10s)), kSigningTime),
            std::nullopt);
}

TEST(SignedText, IsOfOneNameAndOneKey) {
  const std::string text = Keys({kFirstKey}).sign("a", "value", kSigningTime + 1h);
  EXPECT_EQ(Keys({kFirstKey}).verify("b", text, kSigningTime), std::nullopt);
  EXPECT_EQ(Keys({kFirstKey}).verify("", text, kSigningTime), std::nullopt);
  EXPECT_EQ(Keys({kSecondKey}).verify("a", text, kSigningTime), std::nullopt);
}

TEST(SignedText, IsNotKnownWhenAnyBitOfItIsAnother) {
  const Keys keys({kFirstKey});
  const std::string text = keys.sign("name", "value", kSigningTime + 1h);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string other = text;
      other[i] = static_cast<char>(static_cast<unsigned char>(other[i]) ^ (1U << bit));
      EXPECT_EQ(keys.verify("name", other, kSigningTime), std::nullopt) << i << " " << bit;
    }
    EXPECT_EQ(keys.verify("name", text.substr(0, i), kSigningTime), std::nullopt) << i;
    EXPECT_EQ(keys.verify("name", text.substr(i + 1), kSigningTime), std::nullopt) << i;
    EXPECT_EQ(keys.verify("name", text.substr(0, i) + "." + text.substr(i), kSigningTime),
              std::nullopt);
  }
  EXPECT_EQ(keys.verify("name", text + "A", kSigningTime), std::nullopt);
  for (const char* nonsense : {"", ".", "v1.", "v1..", "v1...", "v2.a.1.b"}) {
    EXPECT_EQ(keys.verify("name", nonsense, kSigningTime), std::nullopt) << nonsense;
  }
}

// What is signed is not only true, but what sign() writes.
TEST(SignedText, MovesNoBytesBetweenItsNameAndItsValue) {
  const Keys keys({kFirstKey});
  const std::string text = keys.sign("ab", "c", kSigningTime + 1h);
  EXPECT_EQ(keys.verify("a", text, kSigningTime), std::nullopt);
  EXPECT_EQ(keys.verify("abv1.", text.substr(3), kSigningTime), std::nullopt);
}

TEST(Keys, AreChangedOneAfterTheOther) {
  const std::string old = Keys({kFirstKey}).sign("a", "old", kSigningTime + 1h);
  const Keys both({kSecondKey, kFirstKey});
  EXPECT_EQ(both.verify("a", old, kSigningTime), "old");
  const std::string text = both.sign("a", "new", kSigningTime + 1h);
  EXPECT_EQ(Keys({kSecondKey}).verify("a", text, kSigningTime), "new");
  EXPECT_EQ(Keys({kFirstKey}).verify("a", text, kSigningTime), std::nullopt);
}

TEST(Keys, SignCookiesAndFindThemAmongOthersOfTheName) {
  const Keys keys({kFirstKey});
  const Cookie cookie = keys.sign({.name = "cart", .value = "7 tea", .max_age = 1h}, kSigningTime);
  EXPECT_EQ(cookie_text(cookie), "cart=" + keys.sign("cart", "7 tea", kSigningTime + 1h) +
                                     "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
  const MadeRequest made({{"Cookie", "cart=forged; cart=" + cookie.value + "; other=x"}});
  EXPECT_EQ(keys.verify(made.get(), "cart", kSigningTime), "7 tea");
  EXPECT_EQ(keys.verify(made.get(), "cart", kSigningTime + 1h), std::nullopt);
  EXPECT_EQ(keys.verify(made.get(), "other", kSigningTime), std::nullopt);
  EXPECT_EQ(keys.verify(made.get(), "none", kSigningTime), std::nullopt);
  try {
    static_cast<void>(keys.sign({.name = "a"}));
    FAIL() << "it was signed";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "cookie 'a': one that is signed needs a max_age");
  }
}

std::string problem_of_keys(const std::vector<std::string>& keys) {
  try {
    const Keys made(keys);
    return "none";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Keys, AreLongEnoughAndNotTooMany) {
  EXPECT_EQ(problem_of_keys({kFirstKey}), "none");
  EXPECT_EQ(problem_of_keys({}), "keys: there are 0; 1 to 16 are expected");
  EXPECT_EQ(problem_of_keys(std::vector<std::string>(17, kFirstKey)),
            "keys: there are 17; 1 to 16 are expected");
  EXPECT_EQ(problem_of_keys({kFirstKey, std::string(31, 'x')}),
            "keys: number 2 has 31 bytes; at least 32 are expected (openssl rand -hex 32)");
}

class KeysFile : public testing::Test {
 protected:
  std::string problem(const std::string& content, ::mode_t mode = 0600) const {
    const std::string path = write(content, mode);
    try {
      static_cast<void>(Keys::from_file(path));
      return "none";
    } catch (const std::exception& error) {
      std::string what = error.what();
      const std::size_t at = what.find(path);
      return at == std::string::npos ? what : what.replace(at, path.size(), "FILE");
    }
  }
  std::string write(const std::string& content, ::mode_t mode = 0600) const {
    const std::string path = folder_.write("keys", content);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  const config::TemporaryFolder folder_;
};

TEST_F(KeysFile, HasAKeyInEachLine) {
  const Keys keys = Keys::from_file(write("# new\r\n" + kSecondKey + "\r\n\n# old\n" + kFirstKey));
  EXPECT_EQ(Keys({kSecondKey}).verify("a", keys.sign("a", "x", kSigningTime + 1h), kSigningTime),
            "x");
  EXPECT_EQ(keys.verify("a", Keys({kFirstKey}).sign("a", "x", kSigningTime + 1h), kSigningTime),
            "x");
}

TEST_F(KeysFile, OrOneOfAnyBytes) {
  const std::string raw = "\x01\n# \xFF" + std::string(28, '\0');
  const Keys keys = Keys::from_file(write(raw));
  EXPECT_EQ(Keys({raw}).verify("a", keys.sign("a", "x", kSigningTime + 1h), kSigningTime), "x");
}

TEST_F(KeysFile, IsRefusedWithTheReason) {
  EXPECT_EQ(problem(kFirstKey, 0640), "none");
  EXPECT_EQ(problem(kFirstKey, 0644), "keys: everybody may read or change 'FILE': chmod 600 it");
  EXPECT_EQ(problem(kFirstKey, 0602), "keys: everybody may read or change 'FILE': chmod 600 it");
  EXPECT_EQ(problem(""), "keys: there is none in 'FILE'");
  EXPECT_EQ(problem("# nothing\n\n"), "keys: there is none in 'FILE'");
  EXPECT_EQ(problem("# short\nabc\n"),
            "keys: line 2 of 'FILE' has 3 bytes; at least 32 are expected (openssl rand -hex 32)");
  EXPECT_EQ(problem(std::string(31, '\xFF')),
            "keys: number 1 has 31 bytes; at least 32 are expected (openssl rand -hex 32)");
  EXPECT_EQ(problem(std::string(65'537, 'x')), "keys: 'FILE' has more than 65536 bytes");
  try {
    static_cast<void>(Keys::from_file("/no/such/file"));
    FAIL() << "it was read";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "keys: cannot open '/no/such/file': No such file or directory");
  }
  try {
    static_cast<void>(Keys::from_file(folder_.path().string()));
    FAIL() << "it was read";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(), "keys: '" + folder_.path().string() + "' is no file");
  }
}

}  // namespace
}  // namespace prefork
