// HTTP messages and what becomes of each: the bytes of the specification's rules and of the attacks
// that were made on servers who read them loosely. Used by the tests of the parser's decisions and
// by those that cut every message everywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prefork::http1::testing_parser {

inline constexpr int kAccepted = 200;
inline constexpr int kWaits = 100;

struct Message {
  int number;  // for finding it again; not consecutive
  std::string bytes;
  int code;  // kAccepted, kWaits for more bytes, or the status of the error
};

// String literals with NULs in them keep their length.
template <std::size_t kSize>
std::string bytes_of(const char (&literal)[kSize]) {
  return std::string(literal, kSize - 1);
}

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n";
inline const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\n";
inline const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

inline std::vector<Message> request_line_messages() {
  const std::string host = "\r\nHost: a\r\n\r\n";
  return {
      {1, "\r\n" + kGet + "\r\n", kAccepted},
      {2, "GET  / HTTP/1.1" + host, 400},
      {3, "GET / HTTP/1.1 " + host, 400},
      {4, " " + kGet + "\r\n", 400},
      {5, "GET\t/\tHTTP/1.1" + host, 400},
      {6, "GET /\r\n\r\n", 400},
      {7, "GET / HTTP/1.1\nHost: a\n\n", 400},
      {8, "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {9, "GET / http/1.1" + host, 400},
      {10, "GET / HTTP/1.10" + host, 400},
      {11, "GET / HTTP/2.0" + host, 505},
      {12, "GET / HTTP/1.2" + host, 505},
      {13, "GE(T / HTTP/1.1" + host, 400},
      {14, "get / HTTP/1.1" + host, 501},
      {15, "FOO / HTTP/1.1" + host, 501},
      {19, "GET /a" + bytes_of("\0") + "b HTTP/1.1" + host, 400},
      {20, "GET /caf\xC3\xA9 HTTP/1.1" + host, 400},
      {21, "GET /a b HTTP/1.1" + host, 400},
      {22, "GET /x#f HTTP/1.1" + host, 400},
      {23, "GET x HTTP/1.1" + host, 400},
      {24, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {25, bytes_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},
      {200, "GET  HTTP/1.1" + host, 400},
      {201, "GET /  HTTP/1.1" + host, 400},
      {202, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {203, "GET / HTTP/3.0" + host, 505},
      {204, "GET / HTTP/0.9" + host, 400},
      {205, "GET / HTTP/11" + host, 400},
      {206, "GET / HTTP/1" + host, 400},
      {207, "GET / HTTP/1." + host, 400},
      {208, "GET / HTTP/.1" + host, 400},
      {209, "GET / HTTP/+1.1" + host, 400},
      {210, "GET / HTTPS/1.1" + host, 400},
      {211, "GET / XTTP/1.1" + host, 400},
      {212, "GET / HTTP/12.1" + host, 400},
      {213, "GET / HTTP/1.1x" + host, 400},
      {214, "GETT / HTTP/1.1" + host, 501},
      {215, "GET", kWaits},
      {216, "", kWaits},
      {217, "\r\n\r\n", kWaits},
      {218, "\r", kWaits},
      {219, "\n" + kGet + "\r\n", 400},
      {220, "\r" + kGet + "\r\n", 400},
      {221, "\r\n\n" + kGet + "\r\n", 400},
      {222, "\r\n \r\n" + kGet + "\r\n", 400},
      {223, "GET / HTTP/1.1\r\nHost: a\r\n\r", kWaits},
      {224, "FO(T / HTTP/1.1" + host, 400},
      {225, "(GET / HTTP/1.1" + host, 400},
      {226, "GET\r\n\r\n", 400},
      {227, "GET /\x01 HTTP/1.1" + host, 400},
      {228, "GET /\x7F HTTP/1.1" + host, 400},
      {229, "PROPFIND / HTTP/1.1" + host, kAccepted},
      {230, "PUT / HTTP/1.1" + host, kAccepted},
      {231, "M-SEARCH * HTTP/1.1" + host, 400},
      {232, "PRI / HTTP/1.1" + host, 501},
      {233, "HEAD / HTTP/1.0" + host, kAccepted},
      {234, "\"GET / HTTP/1.1" + host, 400},
  };
}

inline std::vector<Message> target_and_host_messages() {
  const std::string host = " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string get = "GET / HTTP/1.1\r\n";
  return {
      {26, "GET http://a/" + host, kAccepted},
      {27, "GET http://b/" + host, kAccepted},
      {28, "OPTIONS *" + host, kAccepted},
      {29, "GET *" + host, 400},
      {30, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
      {31, "GET a:80" + host, 400},
      {32, "GET http:///x" + host, 400},
      {33, "GET http://u:p@a/" + host, 400},
      {34, "GET /%zz" + host, 400},
      {35, "GET /static/big.txt%00.html" + host, 400},
      {36, get + "\r\n", 400},
      {37, "GET / HTTP/1.0\r\n\r\n", kAccepted},
      {38, kGet + "Host: b\r\n\r\n", 400},
      {39, kGet + "Host: a\r\n\r\n", 400},
      {40, get + "Host:\r\n\r\n", 400},
      {41, get + "Host: a b\r\n\r\n", 400},
      {42, get + "Host: a/b\r\n\r\n", 400},
      {43, get + "Host: u@a\r\n\r\n", 400},
      {44, get + "Host: a:8x\r\n\r\n", 400},
      {45, get + "Host: [::1]:80\r\n\r\n", kAccepted},
      {46, get + "Host: [::1\r\n\r\n", 400},
      {47, get + "Host: a, b\r\n\r\n", 400},
      {149, "GET /../../etc/passwd" + host, 400},
      {150, "GET /static/..%2f..%2f..%2fetc/passwd" + host, 400},
      {151, "GET /%2e%2e/%2e%2e/etc/passwd" + host, 400},
      {152, "GET /static/%252e%252e/x" + host, kAccepted},
      {153, "GET /static/..\\..\\x" + host, 400},
      {240, get + "hOST: a\r\n\r\n", kAccepted},
      {241, get + "Host: \t a \t\r\n\r\n", kAccepted},
      {242, "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400},
      {243, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {244, get + "Hos: a\r\n\r\n", 400},
      {245, "OPTIONS http://a" + host, kAccepted},
      {246, "GET http://" + host, 400},
      {247, "GET ftp://a/" + host, 400},
      {248, "GET http://a:99999/" + host, 400},
      {249, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {250, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {251, "GET http://b/%41?x=%zz" + host, kAccepted},
  };
}

inline std::vector<Message> field_messages() {
  return {
      {48, kGet + "X : v\r\n\r\n", 400},
      {49, kGet + "X: v\r\n w\r\n\r\n", 400},
      {50, "GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", 400},
      {51, kGet + ": v\r\n\r\n", 400},
      {52, kGet + "novalue\r\n\r\n", 400},
      {53, kGet + "X(Y): v\r\n\r\n", 400},
      {54, kGet + "X\xC3\xAB: v\r\n\r\n", 400},
      {55, kGet + "X: a" + bytes_of("\0") + "b\r\n\r\n", 400},
      {56, kGet + "X: a\rb\r\n\r\n", 400},
      {57, kGet + "X: v\r\r\n\r\n", 400},
      {58,
       kGet + "X: a\x01"
              "b\r\n\r\n",
       400},
      {59, kGet + "X: \xFF\r\n\r\n", kAccepted},
      {60, kGet + "X:\t v \t\r\nY:\r\n\r\n", kAccepted},
      {64, kGet + "X: hal", kWaits},
      {125, kGet + "Expect: foo\r\n\r\n", 417},
      {126, kGet + "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n", kAccepted},
      {127,
       kGet + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
              "HTTP2-Settings: AAMAAABk\r\n\r\n",
       kAccepted},
      {260, kGet + "X: v\n\r\n", 400},
      {261, kGet + "X: v\r\n\n", 400},
      {262, kGet + "X: v\r\n\tw\r\n\r\n", 400},
      {263, kGet + "X:\r\n w\r\n\r\n", 400},
      {264, kGet + "X\t: v\r\n\r\n", 400},
      {265, kGet + "\r\n", kAccepted},
      {266, kGet + "X: v\r\n \r\n\r\n", 400},
      {267, kGet + "X: a:b: c\r\n\r\n", kAccepted},
      {268, kGet + "X: a\x7F\r\n\r\n", 400},
      {269, kGet + "Connection: foo, Close\r\n\r\n", kAccepted},
      {270, kGet + "Expect: 100-Continue\r\n\r\n", kAccepted},
      {271, kGet + "!#$%&'*+-.^_`|~: v\r\n\r\n", kAccepted},
  };
}

inline std::vector<Message> framing_messages() {
  const std::string both = "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
  return {
      {61, kPost + "Content_Length: 99\r\nContent-Length: 2\r\n\r\nhi", kAccepted},
      {65, kPost + "Content-Length: 5\r\n\r\nhello", kAccepted},
      {66, kPost + "Content-Length: +5\r\n\r\nhello", 400},
      {67, kPost + "Content-Length: -1\r\n\r\n", 400},
      {68, kPost + "Content-Length: 0x5\r\n\r\nhello", 400},
      {69, kPost + "Content-Length: 5z\r\n\r\nhello", 400},
      {70, kPost + "Content-Length:\r\n\r\n", 400},
      {71, kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400},
      {72, kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {73, kPost + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {74, kPost + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {75, kPost + "Content-Length: 010\r\n\r\n0123456789", kAccepted},
      {76, kPost + "\r\n", kAccepted},
      {77, kGet + "Content-Length: 33\r\n\r\nGET /x HTTP/1.1\r\nHost: smuggled\r\n", kAccepted},
      {78, kPost + "Content-Length: 9\r\n\r\nhal", kWaits},
      {79, kChunked + "5\r\nhello\r\n0\r\n\r\n", kAccepted},
      {80, kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 400},
      {81,
       kPost + "Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n0\r\n\r\n"
               "GET /x HTTP/1.1\r\nHost: smuggled\r\n\r\n",
       400},
      {82, kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {83, kPost + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {84, kPost + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello", 400},
      {85, kPost + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", 400},
      {86, kPost + "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", kAccepted},
      {87, kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {88, kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
       400},
      {89, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {90, kPost + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {91, kPost + "Transfer-Encoding: \x0B" + both.substr(19), 400},
      {92, kPost + "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {93, kPost + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {94,
       kPost + "Transfer-Encoding: chunked" + bytes_of("\0") +
           "\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       400},
      {280, kPost + "Content-Length: 5 5\r\n\r\nhello", 400},
      {281, kPost + "Content-Length: 5 \r\n\r\nhello", kAccepted},
      {282, kPost + "Content-Length: 0\r\n\r\n", kAccepted},
      {283, kPost + "Content-Length: 18446744073709551615\r\n\r\n", 413},
      {284, kPost + "Content-Length: 18446744073709551616\r\n\r\n", 400},
      {285, kPost + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400},
      {286, kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {287, kPost + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400},
      {288, kPost + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 501},
      {289, kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
      {290, kPost + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
      {291, kGet + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", kAccepted},
      {292,
       kPost + "Connection: Upgrade\r\nUpgrade: foo\r\n"
               "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       kAccepted},
      {293, kPost + "Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 3\r\n\r\nabc",
       kAccepted},
      {294,
       kPost + "Content-Length: \x0B"
               "5\r\n\r\nhello",
       400},
      {295, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", kAccepted},
      {296, kPost + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", kAccepted},
  };
}

inline std::vector<Message> chunk_messages() {
  const std::string hello = "\r\nhello\r\n0\r\n\r\n";
  return {
      {95, kChunked + "A\r\n0123456789\r\n00\r\n\r\n", kAccepted},
      {96, kChunked + "0x5" + hello, 400},
      {97, kChunked + "+5" + hello, 400},
      {98, kChunked + " 5" + hello, 400},
      {99, kChunked + "5 " + hello, 400},
      {100, kChunked + hello, 400},
      {101, kChunked + "FFFFFFFFFFFFFFFFF\r\nhello", 400},
      {102, kChunked + "5;a=b;c=\"x;y\"" + hello, kAccepted},
      {103, kChunked + "5;" + hello, 400},
      {104, kChunked + "5;a" + bytes_of("\0") + "b" + hello, 400},
      {105, kChunked + "5;a\rX" + hello, 400},
      {107, kChunked + "5\nhello\r\n0\r\n\r\n", 400},
      {108, kChunked + "5\r\nhello\n0\r\n\r\n", 400},
      {109, kChunked + "5\r\nhello!!\r\n0\r\n\r\n", 400},
      {110, kChunked + "0\r\nX-T: v\r\n\r\n", kAccepted},
      {111, kChunked + "0\r\nContent-Length: 50\r\nHost: evil\r\n\r\n", 400},
      {112, kChunked + "0\r\nX T\r\n\r\n", 400},
      {115, kChunked + "5\r\nhel", kWaits},
      {300, kChunked + "-5" + hello, 400},
      {301, kChunked + "1_0" + hello, 400},
      {302, kChunked + "a\r\n0123456789\r\n0\r\n\r\n", kAccepted},
      {303, kChunked + "0005\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", kAccepted},
      {304, kChunked + "0\r\n\r", kWaits},
      {305, kChunked + "0\r\n", kWaits},
      {306, kChunked + "0;a\r\n\r\n", kAccepted},
      {307, kChunked + "5\r\nhello0\r\n\r\n", 400},
      {308, kChunked + "5\r\r\nhello\r\n0\r\n\r\n", 400},
      {309, kChunked + "5\r\nhello\r\r\n0\r\n\r\n", 400},
      {310, kChunked + "0\n\n", 400},
      {311, kChunked + "0\r\nX: v\n\r\n", 400},
      {312, kChunked + "0\r\nX: v\r\n w\r\n\r\n", 400},
      {313, kChunked + "0\r\nHost: evil\r\nConnection: close\r\n\r\n", kAccepted},
      {314, kChunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {315, kChunked + "5;a\nb" + hello, 400},
      {316, kChunked + "G" + hello, 400},
      {317, kChunked + "5;a=\"x" + hello, 400},
      {318, kChunked + "5;=" + hello, 400},
      {319, kChunked + "5;a=" + hello, 400},
      {320, kChunked + "5;;a" + hello, 400},
      {321, kChunked + "5;a;;b" + hello, 400},
      {322, kChunked + "5;=b" + hello, 400},
      {323, kChunked + "5;a=\"\x7F\"" + hello, 400},
      {324, kChunked + "5;a=\"\";b" + hello, kAccepted},
      {325, kChunked + "7fffffffffffffff\r\nhello", 413},
  };
}

inline std::vector<Message> all_messages() {
  std::vector<Message> all;
  for (const auto& group : {request_line_messages(), target_and_host_messages(), field_messages(),
                            framing_messages(), chunk_messages()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace prefork::http1::testing_parser
