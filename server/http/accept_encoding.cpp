#include "server/http/accept_encoding.h"

#include <algorithm>
#include <array>

#include "config/base/text.h"
#include "server/http/weight.h"

namespace prefork::http {
namespace {

struct Weights {
  bool field_present = false;
  std::array<Weight, kContentCodingCount> named;
  Weight others;  // "*"

  // How much the client wants it; 0 is a refusal.
  [[nodiscard]] Weight of(ContentCoding coding) const noexcept {
    const Weight own = named[static_cast<std::size_t>(coding)];
    return own ? own : others;
  }
};

void lower(Weight& present, unsigned weight) noexcept {
  present = present ? std::min(*present, weight) : weight;
}

// codings [ OWS ";" OWS "q=" qvalue ]
void read_member(std::string_view member, Weights& weights) noexcept {
  const bool has_weight = member.find(';') != std::string_view::npos;
  const std::string_view name = config::trim(config::take_until(member, ';'));
  Weight weight = 1000;
  if (has_weight) {
    const std::string_view parameter = config::trim(member);
    if (!config::equals_ignoring_case(parameter.substr(0, 2), "q=")) {
      return;
    }
    weight = parse_weight(parameter.substr(2));
  }
  if (!weight) {
    return;
  }
  if (name == "*") {
    lower(weights.others, *weight);
  } else if (config::equals_ignoring_case(name, "gzip") ||
             config::equals_ignoring_case(name, "x-gzip")) {
    lower(weights.named[static_cast<std::size_t>(ContentCoding::gzip)], *weight);
  } else {
    for (const auto coding : {ContentCoding::identity, ContentCoding::br, ContentCoding::zstd}) {
      if (config::equals_ignoring_case(name, coding_name(coding))) {
        lower(weights.named[static_cast<std::size_t>(coding)], *weight);
      }
    }
  }
}

Weights read_weights(FieldView fields) noexcept {
  Weights weights;
  if (!fields.has(KnownField::accept_encoding)) {
    return weights;
  }
  for (const Field& field : fields) {
    if (config::equals_ignoring_case(field.name, "accept-encoding")) {
      weights.field_present = true;
      std::string_view rest = field.value;
      while (!rest.empty()) {
        read_member(config::take_until(rest, ','), weights);
      }
    }
  }
  return weights;
}

}  // namespace

std::string_view coding_name(ContentCoding coding) noexcept {
  switch (coding) {
    case ContentCoding::gzip:
      return "gzip";
    case ContentCoding::br:
      return "br";
    case ContentCoding::zstd:
      return "zstd";
    case ContentCoding::identity:
      break;
  }
  return "identity";
}

std::optional<ContentCoding> choose_coding(FieldView fields,
                                           std::span<const ContentCoding> available) noexcept {
  const Weights weights = read_weights(fields);
  const auto identity = std::find(available.begin(), available.end(), ContentCoding::identity);
  const bool has_identity = identity != available.end();
  if (!weights.field_present && !has_identity && !available.empty()) {
    return available.front();  // without the field every coding is acceptable
  }

  std::optional<ContentCoding> best;
  unsigned best_weight = 0;
  for (const ContentCoding coding : available) {
    const unsigned weight = weights.of(coding).value_or(0);
    if (weight > best_weight) {
      best = coding;
      best_weight = weight;
    }
  }
  if (!best && has_identity && !weights.of(ContentCoding::identity)) {
    best = ContentCoding::identity;  // acceptable unless it is refused
  }
  return best;
}

}  // namespace prefork::http
