// The page at / of the admin listener, made from the files in dashboard/ by CMake
// (deploy/cmake/EmbedPage.cmake). Constant data.
#pragma once

#include <string>
#include <string_view>

namespace prefork::observer {

// One document with its style and its script, and nothing of the server in it: that it asks for.
extern const std::string_view kPage;
// Its Content-Security-Policy, which names these two by their hashes.
extern const std::string_view kPagePolicy;

// The document where a token has to be sent (it asks people for it first), or need not be.
std::string make_page(bool needs_token);

}  // namespace prefork::observer
