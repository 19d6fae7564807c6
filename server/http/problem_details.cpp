#include "server/http/problem_details.h"

#include "server/http/status.h"
#include "server/include/prefork/quote.hpp"

namespace prefork::http {

namespace {

constexpr std::string_view kPageHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>)";
constexpr std::string_view kStyle = R"(</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h1 span { opacity: .6; font-weight: normal; }
p { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: .25rem solid #c33; padding: .25rem 0 .25rem 1rem; }
footer { border-top: 1px solid #8886; margin-top: 2rem; padding-top: .5rem; opacity: .7; font-size: .875rem; }
</style>
</head>
<body>
<h1><span>)";
constexpr std::string_view kPageEnd = "</body>\n</html>\n";

void append_member(std::string& json, std::string_view name, std::string_view value) {
  json.append(json.size() == 1 ? "" : ",").append(json_text(name)).append(":").append(value);
}

}  // namespace

std::string ProblemDetails::shown_title() const {
  if (!title.empty()) {
    return title;
  }
  const std::string_view phrase = reason_phrase(status);
  return phrase.empty() ? "Status " + std::to_string(status) : std::string(phrase);
}

std::string to_text(const ProblemDetails& problem) {
  std::string text = std::to_string(problem.status);
  text.append(" ").append(reason_phrase(problem.status));
  if (!problem.detail.empty()) {
    text.append(": ").append(problem.detail);
  }
  return text.append("\n");
}

std::string to_json(const ProblemDetails& problem) {
  std::string json = "{";
  append_member(json, "type", json_text(problem.type.empty() ? "about:blank" : problem.type));
  append_member(json, "title", json_text(problem.shown_title()));
  append_member(json, "status", std::to_string(problem.status));
  if (!problem.detail.empty()) {
    append_member(json, "detail", json_text(problem.detail));
  }
  for (const auto& [name, value] : problem.members) {
    append_member(json, name, value);
  }
  if (!problem.failure.empty()) {
    append_member(json, "exception", json_text(problem.failure));
  }
  if (!problem.route.empty()) {
    append_member(json, "route", json_text(problem.route));
  }
  return json.append("}\n");
}

std::string to_html(const ProblemDetails& problem) {
  const std::string status = std::to_string(problem.status);
  const std::string title = html_text(problem.shown_title());
  std::string html(kPageHead);
  html.append(status).append(" ").append(title).append(kStyle);
  html.append(status).append("</span> ").append(title).append("</h1>\n");
  if (!problem.detail.empty()) {
    html.append("<p>").append(html_text(problem.detail)).append("</p>\n");
  }
  if (!problem.failure.empty()) {
    html.append("<pre>").append(html_text(problem.failure)).append("</pre>\n");
  }
  if (!problem.route.empty()) {
    html.append("<footer>In ").append(html_text(problem.route));
    html.append(". You see this because the server runs with --reload.</footer>\n");
  }
  return html.append(kPageEnd);
}

}  // namespace prefork::http
