#include "tests/conformance/differential/rules.h"

#include <algorithm>
#include <array>

#include "config/base/text.h"
#include "tests/conformance/differential/well_formed.h"

namespace prefork::test {

namespace {

using std::string_view;

// One request on which the servers did not agree, and what each did there.
class Request {
 public:
  Request(const Comparison& comparison, const Parting& parting)
      : bytes_(
            string_view(comparison.bytes).substr(offset_of_request(comparison.bytes, parting.at))),
        head_(head_of(bytes_)),
        detail_(parting.ours == 'r' ? refusal_detail(comparison.ours) : std::string()) {}

  [[nodiscard]] string_view head() const { return head_; }
  // The request line with its CR.
  [[nodiscard]] string_view line() const {
    const std::size_t start = std::min(head_.find_first_not_of("\r\n"), head_.size());
    return head_.substr(start, head_.find('\n', start) - start);
  }
  [[nodiscard]] string_view fields() const {
    return head_.substr(static_cast<std::size_t>(line().end() - head_.begin()));
  }
  [[nodiscard]] string_view body() const { return bytes_.substr(head_.size()); }
  // Whether it is what prefork-server refused, with these words.
  [[nodiscard]] bool was_refused_for(string_view detail) const { return detail_ == detail; }

  // Whether a field of the head has that name and a value of which this is true.
  template <typename Predicate>
  [[nodiscard]] bool has_field(string_view name, Predicate predicate) const {
    return has_line([name, predicate](string_view line) {
      return config::equals_ignoring_case(name_of(line), name) && predicate(value_of(line));
    });
  }

  template <typename Predicate>
  [[nodiscard]] bool has_line(Predicate predicate) const {
    const std::vector<string_view> lines = lines_of(head_);
    return std::any_of(lines.begin(), lines.end(), predicate);
  }

 private:
  string_view bytes_;
  string_view head_;
  std::string detail_;
};

bool contains(string_view text, string_view what) { return text.find(what) != string_view::npos; }

// --- prefork-server refuses, nginx does not

// CR LF pairs and nothing else, up to 16 bytes.
bool blank_lines_before_request(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  string_view front = request.head().substr(0, request.head().find_first_not_of("\r\n"));
  const bool too_many = front.size() > 16;
  while (front.starts_with("\r\n")) {
    front.remove_prefix(2);
  }
  return request.was_refused_for("bad line end before the request line") &&
         (too_many || !front.empty());
}

bool request_line_grammar(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("malformed request line") && !is_request_line(request.line());
}

bool http_0_9(const Comparison&, const Parting& p) { return p.ours == 'r' && p.theirs == '9'; }

bool http_1_2(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("only HTTP/1.0 and HTTP/1.1 are spoken here") &&
         !contains(request.line(), " HTTP/1.0\r") && !contains(request.line(), " HTTP/1.1\r");
}

bool unknown_method(const Comparison& c, const Parting& p) {
  constexpr std::array<string_view, 9> kKnown{"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                              "DELETE", "OPTIONS", "TRACE", "CONNECT"};
  const Request request(c, p);
  const string_view method = request.line().substr(0, request.line().find(' '));
  return request.was_refused_for("unknown method") &&
         std::find(kKnown.begin(), kKnown.end(), method) == kKnown.end();
}

bool unknown_expectation(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("unknown expectation") &&
         request.has_field("expect", [](string_view value) {
           return !config::equals_ignoring_case(value, "100-continue");
         });
}

bool field_grammar(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  if (!request.was_refused_for("malformed header field") &&
      !request.was_refused_for("malformed request")) {
    return false;
  }
  return contains(request.fields(), "\n ") || contains(request.fields(), "\n\t") ||
         request.has_line([&request](string_view line) {
           return line.data() != request.line().data() && line != "\r" && !is_field_line(line);
         });
}

bool host_grammar(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("bad Host field") &&
         request.has_field("host", [](string_view value) {
           return value.empty() ||
                  value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") !=
                      string_view::npos;
         });
}

bool target_characters(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  const bool refused = request.was_refused_for("character not allowed in a target") ||
                       request.was_refused_for("malformed target");
  return refused && std::any_of(request.line().begin(), request.line().end(), [](char character) {
           return character == '#' || character == '\\' || character < ' ' || character > '~';
         });
}

bool escaped_control_character(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("control character in the target") &&
         contains(request.line(), "%");
}

bool target_form(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return (request.was_refused_for("target in no known form") ||
          request.was_refused_for("bad authority in the target")) &&
         !contains(request.line(), " /");
}

bool connect_target(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return request.was_refused_for("CONNECT needs host:port") &&
         request.line().starts_with("CONNECT ");
}

bool chunk_grammar(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  const bool refused = request.was_refused_for("malformed chunk") ||
                       request.was_refused_for("malformed request") ||
                       request.was_refused_for("malformed chunk extension");
  return refused && is_chunked(request.head()) && size_of_chunked(request.body()) == std::nullopt;
}

bool trailer_grammar(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  const bool refused = request.was_refused_for("malformed trailer field") ||
                       request.was_refused_for("malformed or contradictory Content-Length") ||
                       request.was_refused_for("malformed or contradictory Transfer-Encoding");
  return refused && is_chunked(request.head()) && size_of_chunked(request.body()) == std::nullopt;
}

// --- nginx refuses, prefork-server does not

bool tab_around_value(const Comparison& c, const Parting& p) {
  return p.ours == 'a' && p.theirs == 'r' && Request(c, p).has_line([](string_view line) {
    return contains(line, "\t") && !contains(value_of(line), "\t");
  });
}

bool long_field_line(const Comparison& c, const Parting& p) {
  return p.ours == 'a' && p.theirs == 'r' &&
         Request(c, p).has_line([](string_view line) { return line.size() > 8000; });
}

bool options_of_the_server(const Comparison& c, const Parting& p) {
  return p.ours == 'a' && p.theirs == 'r' && Request(c, p).line().starts_with("OPTIONS * ");
}

bool empty_label_in_host(const Comparison& c, const Parting& p) {
  const auto has_two_dots = [](string_view value) { return contains(value, ".."); };
  return p.ours == 'a' && p.theirs == 'r' && Request(c, p).has_field("host", has_two_dots);
}

bool slashes_are_not_merged(const Comparison& c, const Parting& p) {
  const string_view line = Request(c, p).line();
  return p.ours == 'a' && p.theirs == 'r' && contains(line, "..") &&
         (contains(line, "//") || contains(line, "%2f"));
}

bool expectations_twice(const Comparison& c, const Parting& p) {
  const std::vector<string_view> lines = lines_of(Request(c, p).head());
  return p.ours == 'a' && p.theirs == 'r' &&
         std::count_if(lines.begin(), lines.end(), [](string_view line) {
           return config::equals_ignoring_case(name_of(line), "expect");
         }) > 1;
}

// --- the connection

bool cut_short(const Comparison&, const Parting& p) { return p.ours == '-' && p.theirs == 'r'; }

bool trace_before_its_body(const Comparison& c, const Parting& p) {
  const bool body_is_bad =
      p.ours == '-' || (p.ours == 'r' && refusal_detail(c.ours) == "body over the limit");
  return body_is_bad && p.theirs == 'a' && c.theirs.answers[p.at].status == 405;
}

bool answer_without_a_length(const Comparison& c, const Parting& p) {
  return p.at > 0 && p.theirs == '-' &&
         !contains(c.theirs.answers[p.at - 1].head, "Content-Length:") &&
         contains(Request(c, {p.at - 1, 'a', 'a'}).line(), " HTTP/1.0\r");
}

bool refused_before_its_end(const Comparison&, const Parting& p) {
  return p.ours == 'r' && p.theirs == '-';
}

bool close_after_405(const Comparison& c, const Parting& p) {
  return p.at > 0 && p.theirs == '-' && c.theirs.answers[p.at - 1].status == 405;
}

bool option_that_resembles_close(const Comparison& c, const Parting& p) {
  if (p.at == 0 || p.theirs != '-') {
    return false;
  }
  const Request before(c, {p.at - 1, 'a', 'a'});
  return before.has_field("connection", [](string_view value) {
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(), config::to_lower);
    return contains(lower, "close") && !has_list_item(value, "close");
  });
}

bool close_among_options(const Comparison& c, const Parting& p) {
  if (p.at == 0 || p.ours != '-') {
    return false;
  }
  return Request(c, {p.at - 1, 'a', 'a'}).has_field("connection", [](string_view value) {
    return has_list_item(value, "close");
  });
}

bool expectation_refused(const Comparison& c, const Parting& p) {
  const Request request(c, p);
  return p.ours == 'a' && p.theirs == '-' && request.body().empty() &&
         request.has_field("expect", [](string_view value) {
           return config::equals_ignoring_case(value, "100-continue");
         });
}

constexpr std::array kRules{
    Rule{"blank-lines-before-request", blank_lines_before_request},
    Rule{"http-0.9", http_0_9},
    Rule{"request-line-grammar", request_line_grammar},
    Rule{"http-1.2", http_1_2},
    Rule{"unknown-method", unknown_method},
    Rule{"unknown-expectation", unknown_expectation},
    Rule{"field-grammar", field_grammar},
    Rule{"host-grammar", host_grammar},
    Rule{"target-characters", target_characters},
    Rule{"escaped-control-character", escaped_control_character},
    Rule{"target-form", target_form},
    Rule{"connect-target", connect_target},
    Rule{"chunk-grammar", chunk_grammar},
    Rule{"trailer-grammar", trailer_grammar},
    Rule{"tab-around-value", tab_around_value},
    Rule{"long-field-line", long_field_line},
    Rule{"options-of-the-server", options_of_the_server},
    Rule{"empty-label-in-host", empty_label_in_host},
    Rule{"slashes-are-not-merged", slashes_are_not_merged},
    Rule{"expectations-twice", expectations_twice},
    Rule{"cut-short", cut_short},
    Rule{"trace-before-its-body", trace_before_its_body},
    Rule{"answer-without-a-length", answer_without_a_length},
    Rule{"close-after-405", close_after_405},
    Rule{"option-that-resembles-close", option_that_resembles_close},
    Rule{"close-among-options", close_among_options},
    Rule{"expectation-refused", expectation_refused},
    Rule{"refused-before-its-end", refused_before_its_end},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

std::optional<Parting> parting_of(const Comparison& comparison) {
  const std::string ours = comparison.ours.shape();
  const std::string theirs = comparison.theirs.shape();
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    const Parting parting{i, i < ours.size() ? ours[i] : '-', i < theirs.size() ? theirs[i] : '-'};
    if (parting.ours != parting.theirs) {
      return parting;
    }
    if (i < comparison.ours.answers.size() && comparison.ours.answers[i].is_echo() &&
        comparison.ours.answers[i].body != comparison.theirs.answers[i].body) {
      return parting;
    }
  }
  return std::nullopt;
}

std::string refusal_detail(const Outcome& outcome) {
  const Answer* refusal = outcome.refusal();
  if (refusal == nullptr) {
    return {};
  }
  // "400 Bad Request: no Host field" and a line end.
  const std::size_t colon = refusal->body.find(": ");
  return colon == std::string::npos
             ? refusal->body
             : refusal->body.substr(colon + 2, refusal->body.size() - colon - 3);
}

}  // namespace prefork::test
