// Which names count to a FileWatch: not those that tools leave behind and nobody serves. Stateless.
#pragma once

#include <string>
#include <string_view>

namespace prefork::master {

// `libshop.so` of `/srv/libshop.so`.
std::string_view last_name(std::string_view path);
std::string join_path(const std::string& folder, std::string_view name);

// Hidden ones (.git), and what builds and package managers fill.
bool is_noise_folder(std::string_view name);
// Hidden files, and what editors and compilers write on the way.
bool is_noise_file(std::string_view name);

}  // namespace prefork::master
