#include "tests/conformance/differential/mutations.h"

namespace prefork::test {

namespace {

std::string other_line_end(Random& random) {
  return random.pick({"\n", "\r", "\r\r\n", "\n\r", "\r\n ", "\r\n\t", "", "\r\n\r\n", " \r\n",
                      "\0\r\n"sv, "\v\r\n", "\r\n\n"});
}

std::string other_space(Random& random) {
  return random.pick({"  ", "\t", "", " \t", "\v", "\f", "\xa0", "\r", "\0"sv, " \r\n "});
}

void mutate_request_line(Draft& draft, Random& random) {
  switch (random.below(6)) {
    case 0:
      draft.method = random.pick({"OPTIONS", "TRACE", "CONNECT", "FOO", "get", "GE T", "GE(T", "",
                                  "PRI", "M-SEARCH", "G\0T"sv, "POST", "HEAD", "\"GET\"", "GET_",
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"});
      break;
    case 1:
      draft.target = random.pick(
          {"*",       "http://a/", "http://b/", "http:///",    "http://u:p@a/", "https://a/",
           "a:80",    "/a b",      "/%zz",      "/a%00b",      "/%2e%2e/x",     "/../x",
           "/a/../",  "/a/./b",    "//",        "/x#f",        "/caf\xc3\xa9",  "/\x01",
           "\\",      "/a\\b",     "",          "?x",          "http://a?x",    "HTTP://A/",
           "/%0d%0a", "/\x7f",     "ftp://a/",  "http://a:b/", "/\0"sv,         "/%",
           "/a%2",    "a",         "/?%zz",     "http://",     "http://a",      "/%2f..%2f.."});
      break;
    case 2:
      draft.version =
          random.pick({"HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1.10",
                       "http/1.1", "HTTP/1,1", "HTTP/11", "", "HTTP/01.1", "HTTP/1.", "HTP/1.1",
                       "HTTP/1.1x", "HTTP /1.1", "HTTP/1 .1", "HTTP/1.1 HTTP/1.1", "HTTP/+1.1"});
      break;
    case 3:
      draft.first_space = other_space(random);
      break;
    case 4:
      draft.second_space = other_space(random);
      break;
    default:
      draft.line_end = other_line_end(random);
      break;
  }
}

void mutate_host(Draft& draft, Random& random) {
  Line* host = draft.find("Host");
  if (host == nullptr || random.one_in(4)) {
    draft.lines.push_back({"Host", ": ", random.pick({"a", "b", ""})});
    return;
  }
  if (random.one_in(5)) {
    draft.lines.erase(draft.lines.begin() + (host - draft.lines.data()));
    return;
  }
  host->value =
      random.pick({"",       "a b",     "a/b",      "u@a",      "a:8x",      "[::1", "[::1]:80",
                   "a, b",   "a:99999", "a\0b"sv,   "\xc3\xab", "a:",        ":80",  "a..b",
                   ".a",     "a.",      "*",        "a_b",      "-",         "%61",  "%zz",
                   "a#b",    "a?b",     "[v1.x:y]", "[]",       "[1.2.3.4]", "a\tb", "..",
                   "[::1]x", "a:80:80", "a\\b",     "<a>",      "\"a\""});
}

std::string other_length(Random& random, std::size_t size) {
  const std::string n = std::to_string(size);
  switch (random.below(20)) {
    case 0:
      return std::to_string(size + 1);
    case 1:
      return size == 0 ? "1" : std::to_string(size - 1);
    case 2:
      return "18446744073709551616";
    case 3:
      return std::to_string(size) + "," + n;
    case 4:
      return n + ", " + n;
    case 5:
      return "0" + n;
    case 6:
      return n +
             random.pick({" ", "\t", "\v", "\f", ";", ".0", "z", "\0"sv, " 1", "e0", "_", "\r"});
    case 7:
      return random.pick(
                 {"+", "-", "0x", "\v", "\f", "\0"sv, "\"", "\t", "  ", "00000000000000000"}) +
             n;
    case 8:
      return random.pick({"", " ", "0", "-0", "+0", "1048577", "99999999999", "9223372036854775808",
                          "18446744073709551615", "\xb2", "0,", ",", "four"});
    case 9:
      return "18446744073709551616" + n;
    default:
      return n;
  }
}

std::string other_coding(Random& random) {
  return random.pick({"Chunked",
                      "CHUNKED",
                      "chunked ",
                      "chunked\t",
                      "\vchunked",
                      "\fchunked",
                      "chunked\v",
                      "chunked, chunked",
                      "gzip",
                      "gzip, chunked",
                      "identity",
                      "chunked, identity",
                      "xchunked",
                      "chunkedx",
                      "chunked;q=1",
                      "\"chunked\"",
                      "",
                      ",chunked",
                      "chunked,",
                      "cow",
                      "chunk",
                      "chunked\0"sv,
                      "\tchunked",
                      "chunked, gzip",
                      "identity, chunked",
                      "chu\tnked",
                      "chunked chunked",
                      "'chunked'",
                      "\r\n chunked",
                      "chunked\r\n ",
                      "chunked\xff",
                      "chunked;"});
}

std::string other_framing_name(Random& random) {
  return random.pick({"Transfer-Encoding", "Transfer_Encoding", "Transfer-Encoding ",
                      " Transfer-Encoding", "transfer-encoding", "Transfer-Encoding\t",
                      "Transfer\0-Encoding"sv, "Transfer Encoding", "Content-Length",
                      "Content_Length", "Content-Length ", "\tContent-Length", "content-length",
                      "Content-Length\0"sv, "X\nTransfer-Encoding", "X\rContent-Length",
                      "X: y\nContent-Length", "\vContent-Length", "Content-Length\v"});
}

void mutate_framing(Draft& draft, Random& random) {
  Line* length = draft.find("Content-Length");
  Line* coding = draft.find("Transfer-Encoding");
  switch (random.below(6)) {
    case 0:
      draft.lines.push_back({"Content-Length", ": ", other_length(random, draft.body.size())});
      break;
    case 1:
      draft.lines.push_back(
          {"Transfer-Encoding", ": ", random.one_in(2) ? "chunked" : other_coding(random)});
      break;
    case 2:
    case 3:
      if (length != nullptr) {
        length->value = other_length(random, draft.body.size());
      } else if (coding != nullptr) {
        coding->value = other_coding(random);
      } else {
        draft.lines.push_back({"Content-Length", ": ", other_length(random, 0)});
      }
      break;
    case 4:
      if (Line* line = length != nullptr ? length : coding) {
        line->name = other_framing_name(random);
      }
      break;
    default: {
      const std::string name = other_framing_name(random);
      const bool codes = name.find('T') != std::string::npos || name[0] == 't';
      const Line line{name, random.pick({": ", ":", ":\t", ":  ", ":\v", ":\r\n "}),
                      codes ? other_coding(random) : other_length(random, draft.body.size())};
      draft.lines.insert(
          draft.lines.begin() + static_cast<std::ptrdiff_t>(random.below(draft.lines.size() + 1)),
          line);
      break;
    }
  }
}

void mutate_line(Line& line, Random& random) {
  switch (random.below(4)) {
    case 0:
      line.name =
          random.pick({"X(Y)", "X\xc3\xab", "", "X Y", " X", "X\0Y"sv, "X_Y", "X-Test", "{X}",
                       "X/Y", "X\tY", "\"X\"", "Host", "X;", "X@Y", "\x7f", "Expect"});
      break;
    case 1:
      line.colon = random.pick({":", ":\t", ":  ", " : ", "", "=", " :", "\t:", "::", ":\r\n "});
      break;
    case 2:
      line.value += random.pick({"\0"sv, "\x01", "\r", "\n", "\x7f", "\xff", "\t", "\v", "\f",
                                 "\r\n folded", "\r\n\tfolded", "\r\n", "\n folded", "a\rb", "\b"});
      break;
    default:
      line.end = other_line_end(random);
      break;
  }
}

void mutate_chunk(Chunk& chunk, Random& random) {
  const std::size_t size = chunk.data.size();
  switch (random.below(7)) {
    case 0:
      chunk.size =
          random.pick({"0", "00", "0x", "+", "-", " ", "\t", "\v", "0X", "0000000000000000",
                       "00000000000000000000000000000000000", "\0"sv, "1", "\r\n", "\n"}) +
          hexadecimal(size);
      break;
    case 1:
      chunk.size += random.pick({" ", "\t", "\v", "\r", "g", "h", "x", "\0"sv, ".", ",", "_", "0",
                                 "  ", "\xff", " 1", "\f"});
      break;
    case 2:
      chunk.size =
          random.pick({"", "FFFFFFFFFFFFFFFF", "ffffffffffffffff0", "7fffffffffffffff",
                       "8000000000000000", "10000000000000000", "100000001", "A", "a", "-1", "0"});
      break;
    case 3:
      chunk.size = hexadecimal(random.one_in(2) || size == 0 ? size + 1 : size - 1);
      break;
    case 4:
      chunk.extension = random.pick(
          {";a=b",        ";a",     "; a = \"b\"", ";\xff",         " ;a", ";a=\"\n\"",
           ";\n",         ";",      ";;",          ";a=b;c",        ";=",  ";a=\"\r\n\"",
           ";a b",        ";\0"sv,  ";a=\r",       ";a\n0\r\n\r\n", " a",  ";a=\"x",
           ";a=\"\\\"\"", "\t;a=b", ";a=b "});
      break;
    case 5:
      chunk.size_end = other_line_end(random);
      break;
    default:
      chunk.data_end = random.pick({"\n", "\r", "", "XX", "\r\r\n", "\r\n\r\n", " \r\n", "\n\n",
                                    "\n\r", "\r\nX", "X\r\n", "\r\n "});
      break;
  }
}

void mutate_others(Draft& draft, Random& random) {
  switch (random.below(9)) {
    case 0:
      draft.before =
          random.pick({"\r\n", "\n", "\r", "\r\n\r\n", " ", "\n\n", "\0"sv, "\t",
                       "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", "\r\n ", "\xef\xbb\xbf"});
      break;
    case 1:
      draft.head_end =
          random.pick({"\n", "\r", "", "\r\r\n", "\n\r\n", " \r\n", "\n\n", "\r\n\r\n"});
      break;
    case 2:
      draft.lines.push_back({"Connection", ": ",
                             random.pick({"close", "keep-alive", "Close", "x, close", "close, x",
                                          "closed", "upgrade", "keep-alive, close", "", ",close",
                                          "close;x", "Content-Length", "Transfer-Encoding"})});
      break;
    case 3:
      draft.lines.push_back(
          {"Expect", ": ", random.pick({"100-continue", "100-Continue", "x", ""})});
      break;
    case 4:
      draft.lines.push_back({"Upgrade", ": ", random.pick({"h2c", "websocket", "HTTP/2.0"})});
      draft.lines.push_back({"Connection", ": ", random.pick({"Upgrade", "upgrade, close"})});
      break;
    case 5:
      draft.lines.push_back(draft.lines.empty() ? Line{"X", ": ", "y"}
                                                : draft.lines[random.below(draft.lines.size())]);
      break;
    case 6:
      draft.trailers.push_back(
          {random.pick({"Content-Length", "Host", "X Y", "Transfer-Encoding", "X", ""}), ": ",
           random.pick({"1", "chunked", "\0"sv, "\n", "\r\n x", "y"})});
      break;
    case 7:
      if (draft.body.empty()) {
        draft.body = random.pick({"\r\n", "\n", "x", "0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", " "});
      } else {
        draft.body.pop_back();
      }
      break;
    default:
      draft.lines.push_back({"X-Long", ": ", std::string(random.one_in(2) ? 7000 : 9000, 'x')});
      break;
  }
}

}  // namespace

void mutate(Draft& draft, Random& random) {
  switch (random.below(10)) {
    case 0:
    case 1:
      mutate_request_line(draft, random);
      break;
    case 2:
      mutate_host(draft, random);
      break;
    case 3:
    case 4:
    case 5:
      mutate_framing(draft, random);
      break;
    case 6:
      if (!draft.lines.empty()) {
        mutate_line(draft.lines[random.below(draft.lines.size())], random);
      }
      break;
    case 7:
    case 8:
      if (draft.chunked) {
        mutate_chunk(draft.chunks[random.below(draft.chunks.size())], random);
        break;
      }
      [[fallthrough]];
    default:
      mutate_others(draft, random);
      break;
  }
}

void mutate_bytes(std::string& bytes, Random& random) {
  if (bytes.empty()) {
    return;
  }
  const std::size_t at = random.below(bytes.size());
  switch (random.below(5)) {
    case 0:
      bytes[at] = static_cast<char>(random.below(256));
      break;
    case 1:
      bytes.insert(
          at, random.pick({"\r", "\n", "\0"sv, " ", "\t", ":", ",", ";", "0", "\r\n", "\x80"}));
      break;
    case 2:
      bytes.erase(at, 1 + random.below(3));
      break;
    case 3: {
      const std::string piece = bytes.substr(at, 1 + random.below(20));
      bytes.insert(random.below(bytes.size()), piece);
      break;
    }
    default:
      bytes.resize(at);
      break;
  }
}

}  // namespace prefork::test
